//! The typed structs of what users do with stake: the fields of each kind, and their words.
//!
//! A list stands as the hash of its words, a text as the hash of its bytes without the zeros behind it (EIP-712).

use alloy_primitives::{Keccak256, keccak256};

use super::{Words, account_hash};
use crate::ledger::transaction::StakeBody;

/// Name and fields of the struct of a kind.
pub(super) const fn fields(kind: u8) -> (&'static str, &'static str) {
    match kind {
        0x10 => (
            "Delegate",
            "bytes20 operator,uint128 amount,uint64 line,uint16 maxCommission",
        ),
        0x11 => ("Undelegate", "uint64 position,uint128 amount"),
        0x12 => ("CancelUnbonding", "uint64 position"),
        0x13 => (
            "Redelegate",
            "uint64 position,uint128 amount,bytes20 to,uint64 line,uint16 maxCommission",
        ),
        0x14 => ("ClaimStake", "uint64 position,Account to"),
        0x15 => ("ClaimRewards", "Account to,uint64[] positions"),
        0x16 => ("ClaimCommission", "uint64 line,Account to"),
        0x17 => ("Restake", "uint64 position"),
        0x18 => ("AllowRestake", "uint64 position,bool allowed"),
        0x19 => ("ApplyCut", "uint64 position"),
        0x1a => ("Merge", "uint64 first,uint64 second"),
        0x1b => ("TakeSeat", ""),
        0x1c => ("Leave", ""),
        0x1d => ("Retire", ""),
        0x1e => ("Unjail", ""),
        0x1f => (
            "Edit",
            "uint16 commission,uint16 maxCommission,uint16 commissionStep,uint128 minSelfStake",
        ),
        _ => (
            "Describe",
            "string name,string website,string contact,string details",
        ),
    }
}

pub(super) fn put(words: &mut Words, body: &StakeBody) {
    match body {
        StakeBody::Delegate {
            operator,
            amount,
            line,
            max_commission,
        } => {
            words.left(operator);
            words.number(*amount);
            words.number(u128::from(*line));
            words.number(u128::from(*max_commission));
        }
        StakeBody::Undelegate { position, amount } => {
            words.number(u128::from(*position));
            words.number(*amount);
        }
        StakeBody::Redelegate {
            position,
            amount,
            to,
            line,
            max_commission,
        } => {
            words.number(u128::from(*position));
            words.number(*amount);
            words.left(to);
            words.number(u128::from(*line));
            words.number(u128::from(*max_commission));
        }
        StakeBody::ClaimStake {
            position: number,
            to,
        }
        | StakeBody::ClaimCommission { line: number, to } => {
            words.number(u128::from(*number));
            words.hash(&account_hash(to));
        }
        StakeBody::ClaimRewards { to, positions } => {
            let mut list = Words(Keccak256::new());
            for number in positions {
                list.number(u128::from(*number));
            }
            words.hash(&account_hash(to));
            words.hash(&list.finish());
        }
        StakeBody::CancelUnbonding { position }
        | StakeBody::Restake { position }
        | StakeBody::ApplyCut { position } => words.number(u128::from(*position)),
        StakeBody::AllowRestake { position, allowed } => {
            words.number(u128::from(*position));
            words.number(u128::from(*allowed));
        }
        StakeBody::Merge { first, second } => {
            words.number(u128::from(*first));
            words.number(u128::from(*second));
        }
        StakeBody::TakeSeat | StakeBody::Leave | StakeBody::Retire | StakeBody::Unjail => {}
        StakeBody::Edit { .. } => {
            let (rates, amount) = body.edited();
            for rate in rates {
                words.number(u128::from(rate));
            }
            words.number(amount);
        }
        StakeBody::Describe(profile) => {
            for text in profile.texts() {
                words.hash(&keccak256(text));
            }
        }
    }
}
