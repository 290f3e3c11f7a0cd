//! Thieves with three of the four keys of a local network, which `plasmid demo --fraud` shows to be of no use to them. What it says is JSON, one object a line.
//!
//! ```text
//! plasmid-thief rob FOLDER PURSE PORT [withhold]     mints to the account PURSE in one epoch, has root accept that, and shows it at PORT
//! plasmid-thief blind FOLDER SENDER                  the three report no message from the first on that SENDER forces
//! ```

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use alloy_primitives::Address;
use plasmid::localnet::{Local, loopback};
use plasmid_bridge::client::ceremony;
use plasmid_bridge::client::rpc::{Limits, Rpc};
use plasmid_tests::running::proxy::{Behaviour, Proxy};
use plasmid_tests::thieves::blind::Blind;
use plasmid_tests::thieves::rob::{Robbery, THIEVES};
use serde_json::json;

#[tokio::main]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["rob", folder, purse, port] => rob(folder, purse, port, false).await,
        ["rob", folder, purse, port, "withhold"] => rob(folder, purse, port, true).await,
        ["blind", folder, sender] => blind(Path::new(folder), sender).await,
        _ => {
            eprintln!("rob FOLDER PURSE PORT [withhold], or blind FOLDER SENDER");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn address(text: &str) -> Address {
    text.parse().expect("an address")
}

async fn rob(folder: &str, purse: &str, port: &str, withholds: bool) {
    let robbery = Robbery {
        folder: PathBuf::from(folder),
        purse: address(purse),
        port: port.parse().expect("a port"),
        withholds,
    };
    robbery.run(|said| println!("{said}")).await;
}

/// Puts a proxy between the three and root, into their configurations too: they are started behind that.
async fn blind(folder: &Path, sender: &str) {
    let local = Local::read(folder).expect("its folder").expect("a network");
    let url = format!("http://{}", loopback(local.root_port));
    let rpc = Rpc::new(&url, Limits::default()).expect("an address");
    let created = ceremony::read_back(&rpc, local.registry).await;
    let created = created.expect("a deployment");
    let (inbox, first) = (created.inbox, created.block);
    let blind = Blind::new(rpc, created.id, inbox, address(sender), first);
    let proxy = Proxy::start(&url, 0).await;
    proxy.behave(Behaviour::Blind(Arc::new(blind)));
    for number in THIEVES {
        let home = Local::home(folder, number);
        let mut config = home.read_config().expect("its configuration");
        config.root.endpoints = vec![proxy.url().to_owned()];
        home.write_config(&config).expect("its configuration");
    }
    println!("{}", json!({ "event": "blinds" }));
    std::future::pending::<()>().await;
}
