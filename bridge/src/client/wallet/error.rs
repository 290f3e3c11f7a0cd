//! Why a transaction did not do what it was sent for.

use std::{fmt, time::Duration};

use alloy_primitives::{Address, B256};

use crate::client::rpc::RpcError;

/// Said of a transaction whose bytes a node had. That it did not take them is its word alone.
const HELD: &str = "The node has the signed bytes and may still use them: look at each hash, at another node too, before you send the same again";

/// Every transaction that was signed for one nonce, oldest first. They make the same call, so whichever of them is mined is the whole of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hashes(Vec<B256>);

impl From<&[B256]> for Hashes {
    fn from(hashes: &[B256]) -> Self {
        Self(hashes.to_vec())
    }
}

impl fmt::Display for Hashes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<_> = self.0.iter().map(B256::to_string).collect();
        match texts.as_slice() {
            [one] => write!(f, "transaction {one}"),
            texts => write!(
                f,
                "transactions {} (they do the same with the same nonce: any of them may be mined, and that one is this very payment)",
                texts.join(", ")
            ),
        }
    }
}

/// Why a transaction did not do what it was sent for. Wherever bytes may have left, the text names their hash and says what to do before the
/// same is sent again.
#[derive(Debug, thiserror::Error)]
pub enum WalletError {
    /// The node could not be asked, and nothing was handed in.
    #[error(transparent)]
    Rpc(#[from] RpcError),
    /// It would revert, so it was not sent and nothing was paid.
    #[error("nothing was sent, because the contract would refuse it: {0}")]
    WouldRevert(String),
    /// It was mined and reverted.
    #[error(
        "transaction {hash} was refused in block {block}: {reason}. As long as that block stands, it had no effect but its cost: send the same again only when that block is final and the reason is gone{}",
        others(.signed, .hash)
    )]
    Reverted {
        /// All that were signed for its nonce.
        signed: Hashes,
        /// The transaction.
        hash: B256,
        /// The block that it stands in.
        block: u64,
        /// What the contract said.
        reason: String,
    },
    /// It needs more gas than a transaction may have.
    #[error("it needs {needed} gas, and a transaction may have at most {cap}; nothing was sent")]
    GasCap {
        /// Gas estimated.
        needed: u64,
        /// Gas allowed.
        cap: u64,
    },
    /// The root chain is dearer than the policy allows.
    #[error(
        "the root chain asks for {needed} wei per gas, and this account offers at most {max}; nothing was sent: wait until the root chain is cheaper{}",
        raise(.option)
    )]
    TooDear {
        /// Wei per gas needed.
        needed: u128,
        /// Wei per gas allowed.
        max: u128,
        /// The option that allows more, where there is one.
        option: Option<&'static str>,
    },
    /// Nothing less than a higher tip would be taken.
    #[error(
        "the node wants a tip of {needed} wei per gas, and this account offers at most {max}; nothing more was sent: wait for what was sent before{}",
        raise(.option)
    )]
    TipTooHigh {
        /// Wei per gas needed.
        needed: u128,
        /// Wei per gas allowed.
        max: u128,
        /// The option that allows more, where there is one.
        option: Option<&'static str>,
    },
    /// The transaction costs more than the policy allows for one.
    #[error(
        "the transaction may cost {needed} wei, and this account spends at most {max} on one; nothing was sent: wait until the root chain is cheaper{}",
        raise(.option)
    )]
    TooCostly {
        /// Wei needed at most.
        needed: u128,
        /// Wei allowed.
        max: u128,
        /// The option that allows more, where there is one.
        option: Option<&'static str>,
    },
    /// The account cannot pay.
    #[error(
        "account {0} cannot pay for value and gas; nothing was sent: send it coin on the root chain"
    )]
    InsufficientFunds(Address),
    /// The nonce is taken by a transaction that this wallet does not know, as the node says.
    #[error(
        "the node says that it does not know {signed}, and that another transaction used nonce {nonce} of account {address} (does another process use the same key?). {HELD}"
    )]
    NonceTaken {
        /// What was signed for the nonce.
        signed: Hashes,
        /// The account.
        address: Address,
        /// The nonce.
        nonce: u64,
    },
    /// A replacement offered too little.
    #[error(
        "the node did not take {signed}: it wants a higher fee for nonce {nonce}, or holds another transaction with it. {HELD}"
    )]
    Underpriced {
        /// What was signed for the nonce.
        signed: Hashes,
        /// The nonce.
        nonce: u64,
    },
    /// The node limits what a transaction may cost.
    #[error(
        "the node did not take {signed}: {said}; wait until the root chain is cheaper, or use a node that allows more. {HELD}"
    )]
    OverNodeCap {
        /// What was signed for the nonce.
        signed: Hashes,
        /// What the node said.
        said: String,
    },
    /// The node refused it when it was handed in, for another reason.
    #[error("the node did not take {signed}: {said}. {HELD}")]
    NotTaken {
        /// What was signed for the nonce.
        signed: Hashes,
        /// What the node said, or what that means.
        said: String,
    },
    /// The node is on another chain.
    #[error("the node is on root chain {seen}, and this account acts on root chain {expected}")]
    OtherChain {
        /// What was wanted.
        expected: u64,
        /// What the node says.
        seen: u64,
    },
    /// No receipt in time.
    #[error(
        "after {waited:?} no receipt is known of what was handed in, {signed}{}. It may still be mined: do not send it again before another transaction of the account has used nonce {nonce}; look at each hash meanwhile, at another node too",
        last_trouble(.trouble)
    )]
    Lost {
        /// What was signed for the nonce.
        signed: Hashes,
        /// Its nonce.
        nonce: u64,
        /// The time waited.
        waited: Duration,
        /// What the node said last instead of an answer.
        trouble: Option<String>,
    },
    /// Others were handed in for the same nonce, and one more was not.
    #[error(
        "no further offer was handed in ({source}). Before it, the node was handed {signed}. {HELD}"
    )]
    Earlier {
        /// What was signed for the nonce.
        signed: Hashes,
        /// Why one more was not handed in.
        source: Box<WalletError>,
    },
}

impl WalletError {
    /// Whether it is about this one call, which nobody could send now: another call is none the worse for it.
    #[must_use]
    pub const fn is_of_call(&self) -> bool {
        matches!(
            self,
            Self::WouldRevert(_) | Self::GasCap { .. } | Self::Rpc(RpcError::Refused { .. })
        )
    }

    /// The transactions whose bytes may have left: all that were signed for the nonce, oldest first.
    #[must_use]
    pub fn hashes(&self) -> &[B256] {
        match self {
            Self::Reverted { signed, .. }
            | Self::NonceTaken { signed, .. }
            | Self::Underpriced { signed, .. }
            | Self::OverNodeCap { signed, .. }
            | Self::NotTaken { signed, .. }
            | Self::Lost { signed, .. }
            | Self::Earlier { signed, .. } => &signed.0,
            _ => &[],
        }
    }

    /// Whether the same can be sent again without being done twice, and without a look at its hashes before. A block that refused it may be
    /// replaced by one in which it takes effect, so one receipt is not enough.
    #[must_use]
    pub fn may_repeat(&self) -> bool {
        self.hashes().is_empty()
    }

    /// This error, which also names the transactions that were handed in for the nonce before, unless it names some already.
    pub(super) fn behind(self, signed: &[B256]) -> Self {
        if signed.is_empty() || !self.hashes().is_empty() {
            return self;
        }
        Self::Earlier {
            signed: signed.into(),
            source: Box::new(self),
        }
    }
}

/// The others that were signed for the nonce of one that is mined.
fn others(signed: &Hashes, mined: &B256) -> String {
    let others = signed.0.iter().filter(|hash| *hash != mined);
    let others: Vec<_> = others.map(B256::to_string).collect();
    match others.is_empty() {
        true => String::new(),
        false => format!(
            ", and none of these is mined, which were signed for the same nonce: {}",
            others.join(", ")
        ),
    }
}

fn raise(option: &Option<&'static str>) -> String {
    option.map_or_else(String::new, |option| {
        format!(", or allow more with {option}")
    })
}

fn last_trouble(trouble: &Option<String>) -> String {
    trouble
        .as_ref()
        .map_or_else(String::new, |said| format!(" (the node last: {said})"))
}
