//! What the steps of a founding print.

use alloy_primitives::{Address, B256};
use serde_json::{Value, json};

use super::super::DECIMALS;
use crate::cli::amount;

/// What `init register` did: the public keys, and what was sent with them, in wei.
pub(super) struct Registered<'a> {
    pub(super) operator: Address,
    pub(super) consensus_key: &'a [u8],
    pub(super) checkpoint_key: &'a [u8],
    pub(super) node_id: &'a str,
    pub(super) sent: u128,
    pub(super) transaction: B256,
}

impl Registered<'_> {
    pub(super) fn shown(&self) -> Value {
        json!({
            "operator": self.operator.to_string(),
            "consensus_key": hex::encode(self.consensus_key),
            "checkpoint_key": hex::encode(self.checkpoint_key),
            "node_id": self.node_id,
            "sent": amount::show(self.sent, DECIMALS),
            "transaction": self.transaction.to_string(),
        })
    }
}

/// What `init agree` agreed to; without a transaction, where the same agreement stood already.
pub(super) struct Consent {
    pub(super) operator: Address,
    pub(super) agreement: B256,
    pub(super) genesis_state_root: B256,
    pub(super) sum: u128,
    pub(super) first_set: B256,
    pub(super) transaction: Option<String>,
}

impl Consent {
    pub(super) fn shown(&self) -> Value {
        json!({
            "operator": self.operator.to_string(),
            "agreement": self.agreement.to_string(),
            "genesis_state_root": self.genesis_state_root.to_string(),
            "sum": amount::show(self.sum, DECIMALS),
            "first_set": self.first_set.to_string(),
            "transaction": self.transaction,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_step_did_is_shown_under_its_names() {
        let operator = Address::repeat_byte(1);
        let hash = |number| B256::repeat_byte(number);
        let registered = Registered {
            operator,
            consensus_key: &[2; 2],
            checkpoint_key: &[3; 2],
            node_id: "id",
            sent: 1_500_000_000_000_000_000,
            transaction: hash(4),
        };
        let expected = json!({
            "operator": operator.to_string(), "consensus_key": "0202", "checkpoint_key": "0303", "node_id": "id", "sent": "1.5",
            "transaction": hash(4).to_string(),
        });
        assert_eq!(registered.shown(), expected);
        for transaction in [None, Some("0x07".to_owned())] {
            let consent = Consent {
                operator,
                agreement: hash(4),
                genesis_state_root: hash(5),
                sum: 2_500_000_000_000_000_000,
                first_set: hash(6),
                transaction: transaction.clone(),
            };
            let expected = json!({
                "operator": operator.to_string(), "agreement": hash(4).to_string(), "genesis_state_root": hash(5).to_string(),
                "sum": "2.5", "first_set": hash(6).to_string(), "transaction": transaction,
            });
            assert_eq!(consent.shown(), expected);
        }
    }
}
