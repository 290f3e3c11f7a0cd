//! Why a transaction was not found sound: it is refused, which is an answer, or this node is broken, which is none.

use std::fmt::Display;

use crate::engine::abci::Fault;
use crate::ledger::{self, LeafFault, Reject};

/// Why a transaction was not found sound.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unsound {
    /// It is refused.
    #[error(transparent)]
    Reject(#[from] Reject),
    /// It could not be judged: this node is broken.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl<E> From<ledger::Error<E>> for Unsound
where
    LeafFault<E>: Display,
{
    fn from(error: ledger::Error<E>) -> Self {
        match error {
            ledger::Error::Reject(reject) => Self::Reject(reject),
            ledger::Error::Fault(fault) => Self::Fault(Fault::new(fault)),
        }
    }
}
