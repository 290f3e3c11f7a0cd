//! ABCI types to the chain's and back. No rule lives here; what cannot be said in the chain's words is a fault of the engine.

use alloy_primitives::B256;
use plasmid_staking::Update;
use tendermint_proto::google::protobuf::Timestamp;
use tendermint_proto::v0_38::abci::{
    self, CommitInfo, Event as AbciEvent, EventAttribute, ExecTxResult, ValidatorUpdate,
};
use tendermint_proto::v0_38::crypto::{PublicKey, public_key};

use crate::chain::evidence::Misbehavior;
use crate::chain::tally::{CommitVote, Flag};
use crate::engine::abci::Fault;
use crate::ledger::{Code, Event, Receipt};

/// A height, which the engine counts from 1.
pub(super) fn height(height: i64) -> Result<u64, Fault> {
    u64::try_from(height).map_err(|_| Fault::new(format!("the engine names height {height}")))
}

/// Nanoseconds since 1970.
pub(super) fn time(time: Option<&Timestamp>) -> Result<u64, Fault> {
    let time = time.ok_or_else(|| Fault::new("the engine names no time"))?;
    let refuse = || {
        Fault::new(format!(
            "the engine names the time {}.{}",
            time.seconds, time.nanos
        ))
    };
    let seconds = u64::try_from(time.seconds).map_err(|_| refuse())?;
    let nanos = u64::try_from(time.nanos).map_err(|_| refuse())?;
    seconds
        .checked_mul(1_000_000_000)
        .and_then(|whole| whole.checked_add(nanos))
        .ok_or_else(refuse)
}

/// An address of 20 bytes.
pub(super) fn address(bytes: &[u8]) -> Result<[u8; 20], Fault> {
    let wrong = |_| {
        Fault::new(format!(
            "the engine names an address of {} bytes",
            bytes.len()
        ))
    };
    bytes.try_into().map_err(wrong)
}

/// A hash of 32 bytes.
pub(super) fn hash(bytes: &[u8]) -> Result<B256, Fault> {
    let wrong = |_| Fault::new(format!("the engine names a hash of {} bytes", bytes.len()));
    B256::try_from(bytes).map_err(wrong)
}

/// A flag of the last commit: 1 absent, 2 commit, 3 nil.
pub(super) fn flag(flag: i32) -> Result<Flag, Fault> {
    match flag {
        1 => Ok(Flag::Absent),
        2 => Ok(Flag::Commit),
        3 => Ok(Flag::Nil),
        other => Err(Fault::new(format!("the engine flags a vote {other}"))),
    }
}

/// The round and the entries of a last commit; none at the first height.
pub(super) fn commit(commit: Option<&CommitInfo>) -> Result<(u32, Vec<CommitVote>), Fault> {
    let Some(commit) = commit else {
        return Ok((0, Vec::new()));
    };
    let votes = commit.votes.iter().map(|vote| {
        let validator = vote.validator.as_ref();
        Ok(CommitVote {
            address: address(validator.map_or(&[], |validator| &validator.address))?,
            flag: flag(vote.block_id_flag)?,
        })
    });
    Ok((round(commit.round)?, votes.collect::<Result<_, Fault>>()?))
}

/// A round.
pub(super) fn round(round: i32) -> Result<u32, Fault> {
    u32::try_from(round).map_err(|_| Fault::new(format!("the engine names round {round}")))
}

/// Misbehavior in the request's order.
pub(super) fn misbehavior(list: &[abci::Misbehavior]) -> Result<Vec<Misbehavior>, Fault> {
    let convert = |one: &abci::Misbehavior| {
        let validator = one.validator.clone().unwrap_or_default();
        let time = one.time.unwrap_or_default();
        Ok(Misbehavior {
            kind: u8::try_from(one.r#type).map_err(Fault::new)?,
            address: address(&validator.address)?,
            height: height(one.height)?,
            seconds: time.seconds,
            nanos: u32::try_from(time.nanos).map_err(Fault::new)?,
            power: validator.power,
            total_power: one.total_voting_power,
        })
    };
    list.iter().map(convert).collect()
}

/// What came of one transaction.
pub(super) fn result(receipt: &Receipt) -> ExecTxResult {
    let gas = i64::from(receipt.leaves_made);
    ExecTxResult {
        code: receipt.code.number(),
        data: receipt.data.clone().into(),
        log: receipt
            .reason
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        info: String::new(),
        gas_wanted: gas,
        gas_used: gas,
        events: receipt.events.iter().map(event).collect(),
        codespace: Code::SPACE.to_owned(),
    }
}

/// What happened, for those who search.
pub(super) fn event(event: &Event) -> AbciEvent {
    let attributes = event.attributes().into_iter();
    AbciEvent {
        r#type: event.name().to_owned(),
        attributes: attributes
            .map(|attribute| EventAttribute {
                key: attribute.key.to_owned(),
                value: attribute.value,
                index: attribute.indexed,
            })
            .collect(),
    }
}

/// What the engine is told about a validator.
pub(super) fn update(update: &Update) -> Result<ValidatorUpdate, Fault> {
    Ok(ValidatorUpdate {
        pub_key: Some(PublicKey {
            sum: Some(public_key::Sum::Ed25519(update.consensus_key.to_vec())),
        }),
        power: i64::try_from(update.power).map_err(Fault::new)?,
    })
}
