//! Protobuf and text to domain and back: the only conversions of the crate.

use alloy_primitives::{Address, B256};
use plasmid_bridge::proof::commitment::BlockCommitment;
use plasmid_proto::{
    bridge::v1 as bridge,
    chain::v1::{GetBlockResponse, Parameter},
    ledger::v1 as ledger,
};
use plasmid_staking::Member;
use sha2::{Digest, Sha256};

use crate::ledger::{Account, Parameters, address, parameters::FinalityRule};

/// A text that names nothing, with the text and the reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} {text:?}: {why}")]
pub struct Unreadable {
    what: &'static str,
    text: String,
    why: String,
}

impl Unreadable {
    fn new(what: &'static str, text: &str, why: impl ToString) -> Self {
        Self {
            what,
            text: shown(text).to_owned(),
            why: why.to_string(),
        }
    }
}

/// As much of a stranger's text as an error repeats.
pub fn shown(text: &str) -> &str {
    let end = text.char_indices().nth(80).map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or_default()
}

/// An account in text form.
///
/// # Errors
/// [`Unreadable`] with what is wrong.
pub fn account(text: &str) -> Result<Account, Unreadable> {
    text.parse::<Account>()
        .map_err(|error| Unreadable::new("account", text, error))
}

/// An address on root in text form.
///
/// # Errors
/// [`Unreadable`] with what is wrong.
pub fn address_bytes(text: &str) -> Result<[u8; 20], Unreadable> {
    address::parse(text)
        .map(Address::into_array)
        .map_err(|error| Unreadable::new("address", text, error))
}

/// 32 bytes.
pub fn word(bytes: &[u8]) -> Option<B256> {
    B256::try_from(bytes).ok()
}

/// A block's commitment, as a node tells it; `None` where a part of it has another length.
pub fn commitment(told: &GetBlockResponse) -> Option<BlockCommitment> {
    Some(BlockCommitment {
        rules: told.rules,
        height: told.height,
        time: told.time,
        block_hash: word(&told.block_hash)?,
        witness_hash: word(&told.witness_hash)?,
        before: word(&told.state_root_before)?,
        after: word(&told.state_root_after)?,
        segments_root: word(&told.segments_root)?,
    })
}

/// `0x` hex with the checksum of EIP-55.
pub fn address_text(bytes: &[u8; 20]) -> String {
    Address::from(*bytes).to_string()
}

/// CometBFT's name of a consensus key: the first 20 bytes of its SHA-256.
pub fn consensus_address(key: &[u8; 32]) -> [u8; 20] {
    let hash: [u8; 32] = Sha256::digest(key).into();
    let mut address = [0; 20];
    address.copy_from_slice(&hash[..20]);
    address
}

/// CometBFT's name of a transaction: the SHA-256 of its bytes.
pub fn engine_hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// A member of a set by its number.
pub fn member(member: &Member, number: u32) -> bridge::Member {
    bridge::Member {
        number,
        seat: u32::from(member.marked_seat()),
        operator: member.operator.to_vec(),
        registration: member.registration,
        consensus_key: member.consensus_key.to_vec(),
        checkpoint_key: member.checkpoint_key.to_vec(),
        power: member.power,
    }
}

/// An event as the engine has it.
pub fn event(event: tendermint_proto::v0_38::abci::Event) -> ledger::Event {
    let attributes = event.attributes.into_iter();
    ledger::Event {
        name: event.r#type,
        attributes: attributes
            .map(|attribute| ledger::Attribute {
                key: attribute.key,
                value: attribute.value,
            })
            .collect(),
    }
}

/// Every parameter by name, in the order of PROTOCOL section 9.
pub fn parameters(p: &Parameters) -> Vec<Parameter> {
    let rule = match p.finality_rule {
        FinalityRule::Tag => "tag",
        FinalityRule::Depth => "depth",
    };
    let list: [(&str, String); 51] = [
        ("rules", p.rules.to_string()),
        ("root_chain_id", p.root_chain_id.to_string()),
        ("epoch_blocks", p.epoch_blocks.to_string()),
        ("seats", p.seats.to_string()),
        ("inbox_batch", p.inbox_batch.to_string()),
        ("ring", p.ring.to_string()),
        ("unit", p.unit.to_string()),
        ("base_fee", p.base_fee.to_string()),
        ("byte_fee", p.byte_fee.to_string()),
        ("leaf_fee", p.leaf_fee.to_string()),
        ("leaf_step", p.leaf_step.to_string()),
        ("flat_leaf_fee", p.flat_leaf_fee.to_string()),
        ("relay_fixed_gas", p.relay_fixed_gas.to_string()),
        ("relay_absent_gas", p.relay_absent_gas.to_string()),
        ("fee_per_wei", p.fee_per_wei.to_string()),
        ("relay_share_bps", p.relay_share_bps.to_string()),
        ("relay_window_secs", p.relay_window_secs.to_string()),
        ("finality_rule", rule.to_owned()),
        ("finality_depth", p.finality_depth.to_string()),
        ("challenge_secs", p.challenge_secs.to_string()),
        ("evidence_secs", p.evidence_secs.to_string()),
        ("unbonding_secs", p.unbonding_secs.to_string()),
        ("inbox_delay_secs", p.inbox_delay_secs.to_string()),
        ("exit_timeout_secs", p.exit_timeout_secs.to_string()),
        ("grace_secs", p.grace_secs.to_string()),
        ("reveal_blocks", p.reveal_blocks.to_string()),
        ("root_block_secs", p.root_block_secs.to_string()),
        ("epoch_max_secs", p.epoch_max_secs.to_string()),
        ("inbox_interval_ms", p.inbox_interval_ms.to_string()),
        ("max_block_bytes", p.max_block_bytes.to_string()),
        (
            "max_block_transactions",
            p.max_block_transactions.to_string(),
        ),
        ("max_evidence_bytes", p.max_evidence_bytes.to_string()),
        ("evidence_age_blocks", p.evidence_age_blocks.to_string()),
        ("evidence_age_secs", p.evidence_age_secs.to_string()),
        ("block_time_ms", p.block_time_ms.to_string()),
        ("min_seat", p.min_seat.to_string()),
        ("min_redelegation", p.min_redelegation.to_string()),
        ("drip", p.drip.to_string()),
        ("jail_divisor", p.jail_divisor.to_string()),
        ("jail_epochs", p.jail_epochs.to_string()),
        ("max_commission_bps", p.max_commission_bps.to_string()),
        ("commission_step_bps", p.commission_step_bps.to_string()),
        ("answer_secs", p.answer_secs.to_string()),
        ("prove_secs", p.prove_secs.to_string()),
        ("answer_slot_secs", p.answer_slot_secs.to_string()),
        ("challenge_floor", p.challenge_floor.to_string()),
        ("flat_cut", p.flat_cut.to_string()),
        ("min_cut", p.min_cut.to_string()),
        ("reporter_reward", p.reporter_reward.to_string()),
        ("residue", p.residue.to_string()),
        ("registry", p.registry.to_string()),
    ];
    list.into_iter()
        .map(|(name, value)| Parameter {
            name: name.to_owned(),
            value,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_and_addresses_of_requests_have_a_right_checksum_or_none() {
        let right = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
        let wrong = right.replace("0x5aA", "0x5AA");
        for text in [right.to_owned(), right.to_lowercase()] {
            let bytes = address_bytes(&text).expect("an address");
            assert_eq!(account(&text), Ok(Account::ethereum(bytes)));
            assert_eq!(address_text(&bytes), right);
        }
        for error in [
            address_bytes(&wrong).map(drop).expect_err("refused"),
            account(&wrong).map(drop).expect_err("refused"),
        ] {
            assert!(error.to_string().contains("EIP-55"), "{error}");
        }
    }
}
