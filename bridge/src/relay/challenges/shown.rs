//! Answers as DataChallenges shows them to everybody, whoever gave them and by whatever way: the call, as Solidity encodes it. And what it paid back.

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::SolEvent;

use super::DataTarget;
use crate::abi::IDataChallenges;
use crate::relay::seen::Log;

/// The topics of the events that show answers about a checkpoint.
#[must_use]
pub fn shown_topics(epoch: u64) -> [B256; 2] {
    let epoch = B256::from(U256::from(epoch));
    [IDataChallenges::Shown::SIGNATURE_HASH, epoch]
}

/// The call that answers a target, where one of these events shows it. Who reads it verifies it: events are the endpoint's word.
#[must_use]
pub fn shown_in(logs: &[Log], target: DataTarget) -> Option<Bytes> {
    let shown = logs.iter().filter_map(|log| {
        let topics = log.topics.iter().copied();
        IDataChallenges::Shown::decode_raw_log_validate(topics, &log.data).ok()
    });
    let mut calls = shown.filter_map(|event| {
        let words = (event.epoch, event.kind, event.place, event.number);
        (DataTarget::told(words) == Some(target)).then_some(event.call)
    });
    calls.next()
}

/// The topics of the events that tell what was paid back of a checkpoint.
#[must_use]
pub fn paid_back_topics(epoch: u64) -> [B256; 2] {
    let epoch = B256::from(U256::from(epoch));
    [IDataChallenges::PaidBack::SIGNATURE_HASH, epoch]
}

/// Whether one of these events tells that this question was paid back to whoever asked it.
#[must_use]
pub fn is_paid_back_in(logs: &[Log], target: DataTarget, challenger: Address) -> bool {
    logs.iter().any(|log| {
        let topics = log.topics.iter().copied();
        let event = IDataChallenges::PaidBack::decode_raw_log_validate(topics, &log.data);
        event.is_ok_and(|event| {
            let words = (event.epoch, event.kind, event.place, event.number);
            DataTarget::told(words) == Some(target) && event.challenger == challenger
        })
    })
}
