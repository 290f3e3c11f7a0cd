//! The contracts of root in an EVM: what the committed builds of the segment judge and of the verifier answer.
//!
//! The EVM, revm, runs in a program beside this one (`tests/evm`), which Cargo builds once: revm turns on features of crates that the product
//! shares, and no build of the product has other ones than its tests.

use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use alloy_sol_types::{SolCall, SolInterface};
use plasmid_bridge::abi::ILibraries::ILibrariesErrors as OfLibrary;
use plasmid_bridge::abi::ISegmentJudge::{Claim, ISegmentJudgeErrors as OfJudge, judgeCall};
use plasmid_bridge::proof::deployment::VERIFIER;
use serde_json::Value as Json;

use super::*;
use crate::node::tools::Tools;

const FILES: [(&str, &str); 3] = [
    (
        "Cargo.toml",
        include_str!("../../../../../../tests/evm/Cargo.toml"),
    ),
    (
        "Cargo.lock",
        include_str!("../../../../../../tests/evm/Cargo.lock"),
    ),
    (
        "main.rs",
        include_str!("../../../../../../tests/evm/main.rs"),
    ),
];

const SEGMENT_JUDGE: &str =
    include_str!("../../../../../../bridge/contracts/artifacts/SegmentJudge.json");
const ED25519_VERIFIER: &str =
    include_str!("../../../../../../bridge/contracts/artifacts/Ed25519Verifier.json");

/// Where the judge stands.
const JUDGE: [u8; 20] = [0x5e; 20];

/// The program; built on the first call. Blocks.
pub fn program() -> PathBuf {
    let built = Tools::new(None).ensure_rust("evm", &FILES);
    built.expect("Cargo builds tests/evm")
}

/// An EVM in which the contracts stand.
pub struct Evm {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// What a call gave back.
pub struct Answered {
    pub gas: u64,
    pub answer: OfRoot,
}

/// What the contracts say.
pub enum OfRoot {
    Verdict(u16),
    Reverted(Reverted),
    /// What must not happen.
    Fault(String),
}

impl Evm {
    pub fn start(program: &Path) -> Self {
        let mut command = Command::new(program);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("the EVM starts");
        let input = process.stdin.take().expect("its input");
        let output = BufReader::new(process.stdout.take().expect("its output"));
        let mut evm = Self {
            process,
            input,
            output,
        };
        let contracts = [(JUDGE, SEGMENT_JUDGE), (VERIFIER, ED25519_VERIFIER)];
        evm.write(&[contracts.len() as u8]);
        for (at, artifact) in contracts {
            let artifact: Json = serde_json::from_str(artifact).expect("an artifact");
            let code = artifact["deployedBytecode"].as_str().expect("its code");
            evm.send(
                &at,
                &hex::decode(code.trim_start_matches("0x")).expect("hex"),
            );
        }
        evm
    }

    fn write(&mut self, bytes: &[u8]) {
        self.input.write_all(bytes).expect("the EVM reads");
    }

    fn send(&mut self, to: &[u8; 20], bytes: &[u8]) {
        let length = (bytes.len() as u32).to_be_bytes();
        self.write(&[to.as_slice(), &length, bytes].concat());
    }

    fn read<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.output.read_exact(&mut bytes).expect("the EVM answers");
        bytes
    }

    /// What the judge says to a case.
    pub fn judge(&mut self, case: &CourtCase) -> Answered {
        let claim = Claim {
            kind: case.kind,
            count: case.count,
            height: case.moment.height,
            time: case.moment.time,
            stateBefore: case.before,
            stateAfter: case.after,
            domain: case.domain.separator(),
            verifier: VERIFIER.into(),
        };
        let call = judgeCall {
            claim,
            segment: case.bytes.clone().into(),
            witness: case.proof.witness.clone().into(),
            hints: case.proof.hints.clone(),
        };
        self.send(&JUDGE, &call.abi_encode());
        let [outcome] = self.read();
        let gas = u64::from_be_bytes(self.read());
        let length = u32::from_be_bytes(self.read());
        let mut given = vec![0; length as usize];
        self.output.read_exact(&mut given).expect("the EVM answers");
        let answer = match outcome {
            0 => match judgeCall::abi_decode_returns(&given) {
                Ok(verdict) => OfRoot::Verdict(verdict),
                Err(error) => OfRoot::Fault(error.to_string()),
            },
            1 => Reverted::read(&given).map_or_else(OfRoot::Fault, OfRoot::Reverted),
            _ => OfRoot::Fault(String::from_utf8_lossy(&given).into_owned()),
        };
        Answered { gas, answer }
    }
}

impl Drop for Evm {
    fn drop(&mut self) {
        // It waits for nothing and holds nothing.
        let ended = self.process.kill().and_then(|()| self.process.wait());
        if let Err(error) = ended {
            eprintln!("the EVM does not end: {error}");
        }
    }
}

/// An error of the judge or of what it calls, and what PROTOCOL section 12 calls it.
#[derive(Clone, Copy)]
pub struct Reverted {
    pub name: &'static str,
    pub class: UndecidedSegment,
}

impl Reverted {
    /// Names of all that can be met. `NoLeaves` cannot: a leaf is asked for first.
    pub const ALL: [&str; 15] = [
        "HeightZero",
        "NoSuchKind",
        "CountZero",
        "NotJudged",
        "BadWitness",
        "NotTheStateBefore",
        "NotAscending",
        "WrongSiblings",
        "Undecided",
        "OnlyTheHash",
        "OtherAppends",
        "OtherHints",
        "BadHint",
        "OtherKind",
        "UnsoundState",
    ];

    fn read(given: &[u8]) -> Result<Self, String> {
        use UndecidedSegment as Class;
        let unknown = || format!("reverted with 0x{}", hex::encode(given));
        let (name, class) = match OfJudge::abi_decode(given) {
            Ok(OfJudge::HeightZero(_)) => ("HeightZero", Class::HeightZero),
            Ok(OfJudge::NoSuchKind(_)) => ("NoSuchKind", Class::Kind),
            Ok(OfJudge::CountZero(_)) => ("CountZero", Class::Kind),
            Ok(OfJudge::NotJudged(_)) => ("NotJudged", Class::NotJudged),
            Ok(OfJudge::BadWitness(_)) => ("BadWitness", Class::Witness),
            Ok(OfJudge::NotTheStateBefore(_)) => ("NotTheStateBefore", Class::Witness),
            Ok(OfJudge::Undecided(_)) => ("Undecided", Class::Undecided),
            Ok(OfJudge::OnlyTheHash(_)) => ("OnlyTheHash", Class::HashOnly),
            Ok(OfJudge::OtherAppends(_)) => ("OtherAppends", Class::Appends),
            Ok(OfJudge::OtherHints(_)) => ("OtherHints", Class::Hints),
            Ok(OfJudge::OtherKind(_)) => ("OtherKind", Class::Unsound),
            Ok(OfJudge::UnsoundState(_)) => ("UnsoundState", Class::Unsound),
            Err(_) => match OfLibrary::abi_decode(given) {
                Ok(OfLibrary::NotAscending(_)) => ("NotAscending", Class::Witness),
                Ok(OfLibrary::WrongSiblings(_)) => ("WrongSiblings", Class::Witness),
                Ok(OfLibrary::BadHint(_)) => ("BadHint", Class::Hints),
                Ok(_) | Err(_) => return Err(unknown()),
            },
        };
        Ok(Self { name, class })
    }
}
