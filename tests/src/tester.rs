//! `tests/comet`: what tests need of the pinned CometBFT's own packages, beside an unmodified engine. Go builds it once.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use plasmid::node::tools::{GoProgram, Tools};
use plasmid_bridge::proof::vote::Ballot;
use serde_json::{Value, json};

const PROGRAM: GoProgram<'_> = GoProgram {
    name: "comet-tester",
    shown: "the tests' own peers of CometBFT",
    files: &[
        ("go.mod", include_str!("../comet/go.mod")),
        ("go.sum", include_str!("../comet/go.sum")),
        ("main.go", include_str!("../comet/main.go")),
        ("signer.go", include_str!("../comet/signer.go")),
        ("guard.go", include_str!("../comet/guard.go")),
        ("equivocator.go", include_str!("../comet/equivocator.go")),
    ],
    package: ".",
    tags: None,
};

/// The program; built on the first call. Blocks.
///
/// # Panics
/// When it cannot be built.
#[must_use]
pub fn program() -> PathBuf {
    let built = Tools::new(None).ensure_go(&PROGRAM);
    built.expect("Go builds tests/comet")
}

/// One of its commands on the key and the sign state of CometBFT in these files.
#[must_use]
pub fn command(name: &str, key: &Path, state: &Path) -> Command {
    let mut command = Command::new(program());
    command.arg(name).arg("--key").arg(key);
    command.arg("--state").arg(state);
    command
}

/// CometBFT's own guard of a consensus key, in a process. Dropped, it is killed, as in a crash: what it keeps stands in its file.
pub struct Guard {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// What is asked of the guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked<'a> {
    /// A proposal of the ballot's block; its step does not count.
    Proposal,
    /// A vote, and a precommit for a block with this extension.
    Vote(&'a [u8]),
}

/// What left the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signed {
    /// Over the vote or the proposal.
    pub signature: [u8; 64],
    /// Over the extension, of a precommit for a block.
    pub extension: Option<[u8; 64]>,
    /// The time that was signed, seconds and nanoseconds.
    pub time: (i64, u32),
}

impl Guard {
    /// Starts it on these files.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start(key: &Path, state: &Path) -> Self {
        let mut command = command("guard", key, state);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the guard starts");
        Self {
            requests: child.stdin.take().expect("standard input"),
            answers: BufReader::new(child.stdout.take().expect("standard output")),
            child,
        }
    }

    /// Asks for a signature; the error is CometBFT's own text.
    ///
    /// # Panics
    /// When it does not answer.
    pub fn sign(
        &mut self,
        asked: Asked<'_>,
        ballot: &Ballot,
        chain: &str,
    ) -> Result<Signed, String> {
        let (kind, extension) = match asked {
            Asked::Proposal => (32, [].as_slice()),
            Asked::Vote(extension) => (ballot.step as u8, extension),
        };
        let block = ballot.block.as_ref();
        let request = json!({
            "type": kind, "height": ballot.height, "round": ballot.round, "secs": ballot.secs, "nanos": ballot.nanos,
            "hash": block.map(|block| hex::encode(block.hash)).unwrap_or_default(),
            "parts": block.map_or(0, |block| block.parts),
            "parts_hash": block.map(|block| hex::encode(block.parts_hash)).unwrap_or_default(),
            "extension": hex::encode(extension), "chain": chain,
        });
        writeln!(self.requests, "{request}").expect("it reads");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("it answers");
        let answer: Value = serde_json::from_str(&line).expect("an answer");
        let text = |name: &str| answer[name].as_str().expect("a text").to_owned();
        let bytes = |name: &str| hex::decode(text(name)).expect("hex digits");
        let refused = text("refused");
        if !refused.is_empty() {
            return Err(refused);
        }
        Ok(Signed {
            signature: bytes("signature").try_into().expect("64 bytes"),
            extension: bytes("extension_signature").try_into().ok(),
            time: (
                answer["secs"].as_i64().expect("seconds"),
                answer["nanos"].as_u64().expect("nanoseconds") as u32,
            ),
        })
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
