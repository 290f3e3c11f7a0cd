//! `plasmid bridge prove` and `verify`: one leaf of the state at a checkpoint, and how anybody checks it.
//!
//! ```text
//! claim (an account, a token balance, a withdrawal) ─▶ key ─▶ leaf ─▶ state root ─▶ checkpoint ─▶ digest that RootChain accepted
//! ```
//! The file holds every step but the last; that one is root's own word, so `verify` asks it of a root chain that the caller trusts.

use std::{fs, path::PathBuf};

use alloy_primitives::{Address, B256};
use clap::Args;
use plasmid_bridge::{
    abi,
    client::whole,
    proof::{checkpoint::Checkpoint, tree},
    relay::{acceptance::Acceptance, seen::Finality},
};
use plasmid_proto::bridge::v1::{GetProofRequest, LeafProof};
use serde_json::{Value, json};

use super::{
    CliError,
    connect::{self, Bridge, Connection},
    output::Output,
};
use crate::{ledger::address, node::accepted::accepted_by};

mod claim;
mod withdrawal;

use claim::{Claim, ClaimNames};
pub(super) use withdrawal::{ProofOption, ProvenWithdrawal};

/// The largest proof file that is read, in bytes.
const MAX_FILE: u64 = 64 * 1024;
/// Options of `bridge prove`.
#[derive(Debug, Args)]
pub struct ProveCommand {
    /// An account.
    #[arg(long, conflicts_with = "withdrawal")]
    account: Option<String>,
    /// With an account: its balance of this token (address).
    #[arg(long, requires = "account")]
    token: Option<String>,
    /// With an account: what it recorded under this topic.
    #[arg(long, requires = "account", conflicts_with = "token")]
    topic: Option<String>,
    /// A withdrawal's number.
    #[arg(long)]
    withdrawal: Option<u64>,
    /// Epoch of the checkpoint at which the leaf is proven [default: the newest checkpoint that root accepted].
    #[arg(long)]
    epoch: Option<u64>,
    /// Where to write the proof.
    #[arg(long, default_value = "proof.json")]
    file: PathBuf,
}

/// Options of `bridge verify`.
#[derive(Debug, Args)]
pub struct VerifyCommand {
    /// The file.
    #[arg(default_value = "proof.json")]
    file: PathBuf,
    /// The state root to verify against, hex, from a source that you trust; root is not asked then.
    #[arg(long)]
    state_root: Option<String>,
    /// RootChain's address [default: the local network's].
    #[arg(long, value_parser = address::parse)]
    root_chain: Option<Address>,
}

/// Runs `plasmid bridge prove`.
///
/// # Errors
/// What the node does not have, or the file that could not be written.
pub async fn prove(
    command: ProveCommand,
    connection: &Connection,
    output: Output,
) -> Result<(), CliError> {
    let claim = Claim::new(ClaimNames {
        account: command.account.as_deref(),
        token: command.token.as_deref(),
        topic: command.topic.as_deref(),
        withdrawal: command.withdrawal,
    })?;
    let (text, read) = ask(connection, &claim, command.epoch).await?;
    let epoch = read.checkpoint.epoch;
    let text = format!("{text:#}\n");
    whole::replace(&command.file, text.as_bytes(), whole::READABLE)?;
    output.object(&json!({
        "file": command.file,
        "present": read.present,
        "epoch": epoch,
        "state_root": hex::encode(read.checkpoint.state_root),
    }));
    output.next(&format!("plasmid bridge verify {}", command.file.display()));
    Ok(())
}

/// A node's proof, in the form of a file and read. What a node says is checked before anybody is told that it is a proof.
async fn ask(
    connection: &Connection,
    claim: &Claim,
    epoch: Option<u64>,
) -> Result<(Value, Proof), CliError> {
    let request = GetProofRequest {
        epoch,
        leaf: Some(claim.leaf()),
    };
    let client = connection.bridge().await?;
    let ask = |mut client: Bridge, request| async move { client.get_proof(request).await };
    let answer = connect::patiently(client, request, ask).await?;
    let proof = answer
        .proof
        .ok_or_else(|| CliError::new("the node answered without a proof"))?;
    let checkpoint = answer
        .checkpoint
        .ok_or_else(|| CliError::new("the node answered without a checkpoint"))?;
    let text = to_json(claim, &proof, &checkpoint.encoded);
    let read = Proof::read(&text)?;
    read.check()?;
    let found = read.checkpoint.epoch;
    match epoch {
        Some(asked) if asked != found => Err(CliError::other_than_asked(
            "the checkpoint of epoch",
            asked,
            found,
        )),
        _ => Ok((text, read)),
    }
}

fn to_json(claim: &Claim, proof: &LeafProof, checkpoint: &[u8]) -> Value {
    json!({
        "of": claim.json(),
        "checkpoint": hex::encode(checkpoint),
        "present": proof.present,
        "index": proof.index,
        "leaf_key": hex::encode(&proof.leaf_key),
        "next_key": hex::encode(&proof.next_key),
        "kind": proof.kind,
        "value": hex::encode(&proof.value),
        "siblings": proof.siblings.iter().map(hex::encode).collect::<Vec<_>>(),
        "leaf_count": proof.leaf_count,
    })
}

/// A file's content, read but not yet checked.
struct Proof {
    claim: Claim,
    checkpoint: Checkpoint,
    present: bool,
    value: Vec<u8>,
    inclusion: tree::Inclusion,
}

impl Proof {
    fn read(file: &Value) -> Result<Self, CliError> {
        let of = &file["of"];
        let claim = Claim::new(ClaimNames {
            account: of["account"].as_str(),
            token: of["token"].as_str(),
            topic: of["topic"].as_str(),
            withdrawal: of["withdrawal"].as_u64(),
        })?;
        let bytes = hex_bytes(file, "checkpoint")?;
        let checkpoint = Checkpoint::decode(&bytes)
            .map_err(|error| CliError::new(format!("checkpoint: {error}")))?;
        let present = file["present"]
            .as_bool()
            .ok_or_else(|| CliError::new("present is neither true nor false"))?;
        let value = hex_bytes(file, "value")?;
        Ok(Self {
            inclusion: inclusion(file, &value)?,
            claim,
            checkpoint,
            present,
            value,
        })
    }

    /// That the leaf of the claim's key is in the checkpoint's state, or that no leaf has it; gives what it says.
    fn check(&self) -> Result<Value, CliError> {
        self.check_against(&self.checkpoint.state_root)
    }

    fn check_against(&self, state_root: &B256) -> Result<Value, CliError> {
        let not = |why: String| CliError::new(format!("the proof does not hold: {why}"));
        let key = self.claim.slot().key();
        if !self.present {
            return tree::verify_absence(&key, &self.inclusion, state_root)
                .map(|()| Value::Null)
                .map_err(|error| not(error.to_string()));
        }
        if self.inclusion.key != key {
            return Err(not(format!(
                "it shows the leaf of key {}, and the claim's is {key}",
                self.inclusion.key
            )));
        }
        self.inclusion
            .verify(state_root)
            .map_err(|error| not(error.to_string()))?;
        self.claim.words(&self.value)
    }
}

/// Runs `plasmid bridge verify`.
///
/// # Errors
/// What does not hold, or why root could not be asked.
pub async fn verify(
    command: &VerifyCommand,
    connection: &Connection,
    output: Output,
) -> Result<(), CliError> {
    let proof = Proof::read(&read_file(&command.file)?)?;
    let epoch = proof.checkpoint.epoch;
    let (said, checked) = match &command.state_root {
        Some(text) => {
            let root: B256 = text.parse().map_err(|error| {
                CliError::new(format!("{text:?} is not 32 bytes in hex: {error}"))
            })?;
            (
                proof.check_against(&root)?,
                "the state root that you gave".to_owned(),
            )
        }
        None => {
            let said = proof.check()?;
            let progress = output.progress("asking root for the checkpoint");
            let accepted = accepted(command.root_chain, connection, epoch).await;
            progress.finish_and_clear();
            (said, compare(&proof.checkpoint, &accepted?)?)
        }
    };
    output.object(&verified(&proof, &said, &checked));
    Ok(())
}

/// A proof that holds: what its leaf says, and against what it was checked.
fn verified(proof: &Proof, leaf: &Value, checked: &str) -> Value {
    json!({
        "holds": true,
        "of": proof.claim.json(),
        "present": proof.present,
        "leaf": leaf,
        "epoch": proof.checkpoint.epoch,
        "state_root": proof.checkpoint.state_root.to_string(),
        "checked_against": checked,
    })
}

/// That root accepted this very checkpoint.
fn compare(claimed: &Checkpoint, accepted: &Acceptance) -> Result<String, CliError> {
    let digest = claimed.digest();
    if digest != accepted.digest {
        return Err(CliError::new(format!(
            "the proof does not hold: root accepted digest {} for epoch {}, and the file's checkpoint has {digest}",
            accepted.digest, accepted.epoch
        )));
    }
    Ok(format!(
        "RootChain, which accepted it in root block {}",
        accepted.block
    ))
}

/// The acceptance of an epoch, searched from root's newest block backwards.
async fn accepted(
    root_chain: Option<Address>,
    connection: &Connection,
    epoch: u64,
) -> Result<Acceptance, CliError> {
    let address = match (root_chain, connection.registry()) {
        (Some(address), _) => address,
        (None, Ok(registry)) => {
            let [_, _, root_chain] = abi::created_by(registry);
            root_chain
        }
        (None, Err(_)) => {
            let hint = "name the deployment's Registry with --registry and a root chain with --root, or a state root that you trust with --state-root";
            return Err(CliError::new(hint));
        }
    };
    let rpc = connection.root()?;
    Ok(accepted_by(&rpc, address, epoch, Finality::Depth(0)).await?)
}

fn read_file(path: &PathBuf) -> Result<Value, CliError> {
    use std::io::Read;
    let named = |error: std::io::Error| CliError::new(format!("{}: {error}", path.display()));
    let mut text = String::new();
    let file = fs::File::open(path).map_err(named)?;
    file.take(MAX_FILE)
        .read_to_string(&mut text)
        .map_err(named)?;
    serde_json::from_str(&text)
        .map_err(|error| CliError::new(format!("{} is not a proof file: {error}", path.display())))
}

fn inclusion(file: &Value, value: &[u8]) -> Result<tree::Inclusion, CliError> {
    let number = |name: &str| {
        file[name]
            .as_u64()
            .and_then(|n| u32::try_from(n).ok())
            .ok_or_else(|| CliError::new(format!("{name} is not a number below 2^32")))
    };
    let words = file["siblings"].as_array().into_iter().flatten();
    let siblings = words
        .map(|word| bytes32(word, "siblings"))
        .collect::<Result<Vec<B256>, _>>()?;
    let count = siblings.len();
    let siblings = siblings
        .try_into()
        .map_err(|_| CliError::new(format!("a proof has 32 siblings, this one {count}")))?;
    let kind = u8::try_from(number("kind")?).map_err(|_| CliError::new("kind is not a byte"))?;
    Ok(tree::Inclusion {
        index: number("index")?,
        key: bytes32(&file["leaf_key"], "leaf_key")?,
        next: bytes32(&file["next_key"], "next_key")?,
        value_hash: tree::value_hash(kind, value),
        siblings,
        count: number("leaf_count")?,
    })
}

fn hex_bytes(file: &Value, name: &str) -> Result<Vec<u8>, CliError> {
    hex::decode(file[name].as_str().unwrap_or_default())
        .map_err(|error| CliError::new(format!("{name}: {error}")))
}

fn bytes32(value: &Value, name: &str) -> Result<B256, CliError> {
    let text = value.as_str().unwrap_or_default();
    text.parse()
        .map_err(|error| CliError::new(format!("{name}: {text:?} is not 32 bytes in hex: {error}")))
}

#[cfg(test)]
mod tests;
