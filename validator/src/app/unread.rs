//! Why something that the store keeps was not read or kept: for now, or because this node is broken.

use crate::engine::abci::Fault;
use crate::store::StoreError;

/// Why something that the store keeps was not read or kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// A failure that may pass: another call may work later.
    #[error("{0}")]
    Passing(String),
    /// This node is broken.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<StoreError> for Unread {
    fn from(error: StoreError) -> Self {
        match error.is_passing() {
            true => Self::Passing(error.to_string()),
            false => Self::Fault(Fault::new(error)),
        }
    }
}

impl From<Unread> for Fault {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::Passing(why) => Self(why),
            Unread::Fault(fault) => fault,
        }
    }
}
