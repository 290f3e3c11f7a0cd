//! Why a contract refused, in a sentence for a person: what was wrong, with its values, and what to do.
//!
//! This is the only place that words the contracts' errors. Each file matches every error of one contract, so that one without a
//! sentence does not compile.

use alloy_primitives::{Address, B256, U256, hex};
use alloy_sol_types::{GenericContractError, PanicKind, SolInterface};

mod court;
mod data_challenges;
mod exits;
mod fraud_court;
mod inbox;
mod libraries;
mod registry;
mod root_chain;
mod segment_judge;
mod vault;

/// The longest text of a foreign contract that is shown, in characters.
const MAX_FOREIGN_CHARS: usize = 200;

/// What the bytes that a call reverted with mean; their hex when nobody here knows them.
pub fn sentence(data: &[u8]) -> String {
    one(data, root_chain::sentence)
        .or_else(|| one(data, registry::sentence))
        .or_else(|| one(data, vault::sentence))
        .or_else(|| one(data, inbox::sentence))
        .or_else(|| one(data, court::sentence))
        .or_else(|| one(data, exits::sentence))
        .or_else(|| one(data, fraud_court::sentence))
        .or_else(|| one(data, data_challenges::sentence))
        .or_else(|| one(data, segment_judge::sentence))
        .or_else(|| one(data, libraries::sentence))
        .or_else(|| one(data, generic))
        .unwrap_or_else(|| unknown(data))
}

fn one<E: SolInterface>(data: &[u8], word: impl Fn(E) -> String) -> Option<String> {
    E::abi_decode_validate(data).ok().map(word)
}

fn generic(error: GenericContractError) -> String {
    match error {
        GenericContractError::Revert(revert) => {
            format!("the contract says: {}", foreign(&revert.reason))
        }
        GenericContractError::Panic(panic) => match panic.kind() {
            Some(PanicKind::UnderOverflow) => {
                "a sum in the contract leaves its range: an amount is larger than what is there"
                    .to_owned()
            }
            Some(kind) => format!("the contract failed by itself: {}", kind.as_str()),
            None => format!("the contract failed by itself, with code {}", panic.code),
        },
    }
}

/// What a stranger's contract wrote: printable ASCII, and not too much of it.
fn foreign(text: &str) -> String {
    let shown = text.chars().take(MAX_FOREIGN_CHARS).map(|c| {
        if c.is_ascii_graphic() || c == ' ' {
            c
        } else {
            '?'
        }
    });
    format!("\"{}\"", shown.collect::<String>())
}

fn unknown(data: &[u8]) -> String {
    match data.len() {
        0 => "the contract refused without a reason".to_owned(),
        length => format!(
            "the contract refused with {length} bytes that are no error known here: 0x{}",
            hex::encode(data.get(..data.len().min(36)).unwrap_or_default())
        ),
    }
}

/// A parameter of a constructor that is out of its range; each contract has this error.
fn parameter(name: &str, value: U256) -> String {
    format!(
        "the contract does not take {} = {value}; correct it in the plan",
        foreign(name)
    )
}

/// A token that the Vault does not take, because it does not answer `allowance` with one word.
#[must_use]
pub fn no_allowance(token: Address) -> String {
    format!(
        "{token} does not say how much of it may be taken (`allowance`) in the way of an ERC-20 token, so the Vault does not take it: an \
         ERC-721, for example, could be deposited and never be paid out; check the token's address"
    )
}

/// What does not cover what a message carries and its price; Vault and Registry have this error.
fn too_low(needed: U256, value: U256) -> String {
    format!(
        "{value} wei were sent, and {needed} are needed for the amount and the inbox's price; the price may have risen, try again"
    )
}

/// A proof that names a leaf behind the last one; Vault and Exits have this error.
fn index_beyond(index: u32, count: u32) -> String {
    format!(
        "the state has {count} leaves, and the proof names leaf {index}, which does not exist; make the proof anew"
    )
}

/// A leaf that is paid; Vault and Exits have this error.
fn already_paid(index: u32) -> String {
    format!("leaf {index} was paid already")
}

/// A checkpoint that counts no more; RootChain and Exits have this error.
fn void(epoch: u64, standing: u64) -> String {
    format!(
        "checkpoint {epoch} is void, as is every one from epoch {standing} on, which was shown to break a rule or whose data nobody showed; `plasmid exit status` says how money leaves"
    )
}

/// A proof under another state; Vault and Exits have this error.
fn root_mismatch(expected: B256, computed: B256) -> String {
    format!(
        "the proof leads to the state root {computed}, and {expected} is needed; make the proof anew under the state that has it"
    )
}

/// Too little gas for the next payout; Vault and Exits have this error.
fn gas_too_low(needed: U256, left: U256) -> String {
    format!(
        "{left} gas was left, and the next payout may need {needed}; send more gas, or prove fewer leaves at once"
    )
}

/// What was sent over what is needed and cannot be given back; Inbox, Vault and Registry have this error.
fn excess(sender: Address, excess: U256) -> String {
    format!(
        "{excess} wei were sent too much, and {sender} does not take them back; send exactly what is needed"
    )
}

#[cfg(test)]
mod tests;
