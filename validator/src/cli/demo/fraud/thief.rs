//! The program of the thieves, `plasmid-thief`: it belongs to the tests, and nothing of it is in this program.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::{
    cli::{CliError, demo::people::until},
    localnet::{process::Child, run::Network},
    node::tools::project,
};

/// Its name.
const NAME: &str = "plasmid-thief";

/// Finds it beside this program, or builds it there from a checkout, as the tests are built.
///
/// # Errors
/// What to do where it can be neither found nor built.
pub fn ensure(say: impl FnOnce(&str)) -> Result<PathBuf, CliError> {
    let own = std::env::current_exe()?;
    let thief = own.with_file_name(NAME);
    if thief.is_file() {
        return Ok(thief);
    }
    let by_hand = "build it with `cargo build --release --locked --workspace --bin plasmid-thief` in a checkout of Plasmid, and put it there";
    let missing = |why: &str| {
        CliError::new(format!(
            "the thieves' program {} is missing, and {why}: {by_hand}",
            thief.display()
        ))
    };
    let target = own.parent().filter(|folder| folder.ends_with("release"));
    let target = target.and_then(Path::parent);
    let target = target
        .ok_or_else(|| missing("it is built beside a program of the profile release alone"))?;
    let checkout = project();
    if !checkout.join("tests/src/bin/plasmid-thief.rs").is_file() {
        return Err(missing("there is no checkout to build it from"));
    }
    say("building the thieves' program");
    let mut cargo = Command::new("cargo");
    cargo.current_dir(&checkout);
    cargo.args([
        "build",
        "--release",
        "--locked",
        "--workspace",
        "--bin",
        NAME,
    ]);
    cargo.arg("--target-dir").arg(target);
    let built = tokio::task::block_in_place(|| cargo.output());
    let built = built.map_err(|error| missing(&format!("cargo does not start ({error})")))?;
    match built.status.success() && thief.is_file() {
        true => Ok(thief),
        false => Err(missing(&format!(
            "cargo does not build it ({})",
            String::from_utf8_lossy(&built.stderr).trim()
        ))),
    }
}

/// Thieves at work. Dropped, they are killed.
pub struct ThievesAtWork(Child);

impl ThievesAtWork {
    /// Starts them on a network.
    ///
    /// # Errors
    /// Why the system does not.
    pub fn start(program: &Path, network: &Network, words: &[&str]) -> Result<Self, CliError> {
        let mut command = Command::new(program);
        let (verb, rest) = words.split_first().unwrap_or((&"", &[]));
        command.arg(verb).arg(&network.folder).args(rest);
        let log = network.folder.join("thief.log");
        Ok(Self(Child::spawn("plasmid-thief", command, &log)?))
    }

    /// Waits until they say that something happened; gives what they say of it.
    ///
    /// # Errors
    /// The end of their log, where they end before that.
    pub async fn said(&mut self, event: &str) -> Result<Value, CliError> {
        until(&format!("the thieves say {event:?}"), async || {
            self.0.check()?;
            Ok(events(self.0.log(), event)?.into_iter().next())
        })
        .await
    }
}

/// What a program said of an event in its log, one object a line.
///
/// # Errors
/// When the log cannot be read.
pub fn events(log: &Path, event: &str) -> Result<Vec<Value>, CliError> {
    let text = fs::read_to_string(log)?;
    let rows = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    Ok(rows.filter(|row: &Value| row["event"] == event).collect())
}
