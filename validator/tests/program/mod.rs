//! What tests of the built program share: its command, and a stub of a node.

use std::{net::SocketAddr, process::Command, sync::mpsc, thread};

use tonic::transport::server::{Router, TcpIncoming};

/// A command of `plasmid` that takes no option from this process's environment.
pub fn plasmid(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plasmid"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PLASMID_")) {
        command.env_remove(name);
    }
    command.args(arguments);
    command
}

/// Serves a stub of a node on a free port of loopback; it ends with the test.
pub fn serve(router: Router) -> SocketAddr {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let incoming = TcpIncoming::bind(SocketAddr::from(([127, 0, 0, 1], 0)));
            let incoming = incoming.expect("a free port");
            let address = incoming.local_addr().expect("bound");
            sender.send(address).expect("the test waits");
            router
                .serve_with_incoming(incoming)
                .await
                .expect("it serves");
        });
    });
    receiver.recv().expect("the server starts")
}
