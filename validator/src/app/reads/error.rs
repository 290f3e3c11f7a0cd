//! Why a read has no answer.

use crate::app::unread::Unread;
use crate::store::StoreError;
use crate::wire::Unreadable;

/// Why a read has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The question is malformed; asking it again does not help.
    #[error("{0}")]
    Invalid(String),
    /// This node does not know this kind of question.
    #[error("{0}")]
    Unsupported(String),
    /// There is no such thing, or not yet.
    #[error("{0}")]
    NotFound(String),
    /// It cannot be done now; asking again later helps.
    #[error("{0}")]
    Unavailable(String),
    /// This node is broken.
    #[error("{0}")]
    Internal(String),
}

impl ReadError {
    /// This error, which then names what was asked for.
    #[must_use]
    pub fn because(self, what: &str) -> Self {
        let say = |why: String| format!("{what}: {why}");
        match self {
            Self::Invalid(why) => Self::Invalid(say(why)),
            Self::Unsupported(why) => Self::Unsupported(say(why)),
            Self::NotFound(why) => Self::NotFound(say(why)),
            Self::Unavailable(why) => Self::Unavailable(say(why)),
            Self::Internal(why) => Self::Internal(say(why)),
        }
    }
}

impl From<Unread> for ReadError {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::Passing(why) => Self::Unavailable(why),
            Unread::Fault(fault) => Self::Internal(fault.0),
        }
    }
}

impl From<StoreError> for ReadError {
    fn from(error: StoreError) -> Self {
        Unread::from(error).into()
    }
}

impl From<Unreadable> for ReadError {
    fn from(error: Unreadable) -> Self {
        Self::Invalid(error.to_string())
    }
}
