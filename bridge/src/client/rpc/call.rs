//! What is called, in which state, within which limits.

use std::time::Duration;

use alloy_primitives::{Address, B256, Bytes, U256};
use serde_json::{Map, Value, json};

/// How long, how large and how often.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// To establish a connection.
    pub connect: Duration,
    /// From the request to the last byte of its answer.
    pub request: Duration,
    /// Bytes of an answer's body.
    pub answer_bytes: usize,
    /// Attempts of a read, the first one included.
    pub attempts: u32,
    /// Before the second attempt; doubled before each further one.
    pub backoff: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            request: Duration::from_secs(20),
            answer_bytes: 16 << 20,
            attempts: 4,
            backoff: Duration::from_millis(250),
        }
    }
}

/// A call to a contract, or a transaction in the making.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// Who calls; none: the zero address.
    pub from: Option<Address>,
    /// Whom; none: a deployment.
    pub to: Option<Address>,
    /// Wei sent along.
    pub value: U256,
    /// Calldata, or the code that makes the contract.
    pub data: Bytes,
}

impl Call {
    /// A call without value.
    pub fn to(to: Address, data: impl Into<Bytes>) -> Self {
        Self {
            to: Some(to),
            data: data.into(),
            ..Self::default()
        }
    }

    /// The contract that it asks, if it asks it as nobody and sends nothing along.
    pub(super) fn asks_plainly(&self) -> Option<Address> {
        self.to
            .filter(|_| self.from.is_none() && self.value.is_zero())
    }

    pub(super) fn object(&self) -> Value {
        let mut object = Map::new();
        if let Some(from) = self.from {
            object.insert("from".into(), json!(from));
        }
        if let Some(to) = self.to {
            object.insert("to".into(), json!(to));
        }
        if !self.value.is_zero() {
            object.insert("value".into(), json!(format!("{:#x}", self.value)));
        }
        object.insert("data".into(), json!(self.data));
        Value::Object(object)
    }
}

/// A state to read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// The newest block.
    Latest,
    /// The newest block and what waits in the node's pool.
    Pending,
    /// The block of this hash, which must be canonical.
    Hash(B256),
}

impl At {
    pub(super) fn value(self) -> Value {
        match self {
            Self::Latest => json!("latest"),
            Self::Pending => json!("pending"),
            Self::Hash(hash) => json!({ "blockHash": hash, "requireCanonical": true }),
        }
    }
}
