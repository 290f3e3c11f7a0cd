//! What was seen of thieves, and of those who left because of them.

use serde::{Deserialize, Serialize};

use super::Moved;

/// All of it; a step that did not run is absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FraudSeen {
    /// Step 1: thieves mint.
    pub minted: Option<ForgedSeen>,
    /// Step 2.
    pub voided: Option<VoidSeen>,
    /// Step 3.
    pub left: Option<LeftSeen>,
    /// Step 4: thieves mint, and keep the block back.
    pub withheld: Option<ForgedSeen>,
    /// Step 5.
    pub expired: Option<VoidSeen>,
    /// Step 6.
    pub left_withheld: Option<LeftSeen>,
    /// Step 7: thieves do not take what somebody forces.
    pub censored: Option<CensoredSeen>,
    /// Step 8.
    pub closed: Option<ClosedSeen>,
    /// Step 9.
    pub left_censored: Option<LeftSeen>,
}

impl FraudSeen {
    /// Whether nothing of it was seen.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// A forged checkpoint that root accepted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ForgedSeen {
    /// Its epoch.
    pub epoch: u64,
    /// Place of the block in its epoch, by the thieves' own word.
    pub block: u64,
    /// Number of the segment in the block, by the same.
    pub segment: u32,
    /// Digest in RootChain's event.
    pub digest_on_root: String,
    /// Digest of the checkpoint of that epoch by the honest validator.
    pub digest_of_honest: String,
    /// Power of those who signed it.
    pub signed_power: u64,
    /// Power of the set.
    pub total_power: u64,
    /// Whether the honest validator is among them.
    pub honest_signed: bool,
    /// What the thieves' account has in the true state and in the forged one.
    pub purse: Moved,
    /// What the Vault holds of the native coin.
    pub escrow: String,
}

/// A checkpoint that is void.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct VoidSeen {
    /// The epoch from which on checkpoints are void, by RootChain.
    pub void_from: u64,
    /// Root's time at which exit mode began.
    pub exit_at: u64,
    /// Root's time of the acceptance.
    pub accepted_at: u64,
    /// The window W in seconds.
    pub window_secs: u64,
    /// The rule that the watcher said is broken; empty where it could not know.
    pub rule: String,
    /// Blocks and segments that the watcher asked root for.
    pub asked: Vec<(u64, u64)>,
    /// Root's time until which the first of them could be answered.
    pub deadline: u64,
    /// Whether somebody answered.
    pub answered: bool,
    /// Transactions of the watcher's account on root.
    pub transactions: Moved,
    /// Wei that DataChallenges holds behind all that.
    pub held: String,
}

/// An account whose forced transaction is not taken.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CensoredSeen {
    /// Index of the message.
    pub message: u64,
    /// Root's time in milliseconds at which it is due.
    pub due_ms: u64,
    /// The cursor of the last checkpoint that root accepted.
    pub cursor: u64,
    /// The root time that this checkpoint shows of the inbox, in seconds.
    pub tau: u64,
    /// Checkpoints that root accepted up to the message.
    pub before: u64,
    /// Checkpoints that root accepted up to now.
    pub accepted: u64,
}

/// A deployment that was closed because of an overdue message.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClosedSeen {
    /// Index of the message by which it was closed.
    pub message: u64,
    /// Root's time at which this one was due.
    pub due: u64,
    /// T in seconds.
    pub timeout_secs: u64,
    /// Root's time when that was sent.
    pub sent_at: u64,
    /// The root time that the last checkpoint shows before that.
    pub tau: u64,
    /// Checkpoints that root accepted from the message on.
    pub accepted: u64,
    /// Root's time at which exit mode began.
    pub exit_at: u64,
}

/// People who left.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LeftSeen {
    /// Checkpoints up to the base, by Exits.
    pub base: u64,
    /// Balances on root of people, with what they had on the child as what is expected.
    pub paid: Vec<Moved>,
    /// What the thieves' account got, on networks where they have one.
    pub purse: Option<Moved>,
    /// The sums, asset by asset.
    pub escrow: Vec<EscrowSeen>,
    /// Leaves that nobody was paid for because nobody knows whose they are.
    pub unknown: usize,
    /// Leaves and refunds that were paid when all was paid already.
    pub twice: usize,
}

/// What the Vault holds of an asset.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EscrowSeen {
    /// The token.
    pub token: String,
    /// Before anybody left.
    pub before: String,
    /// When all had left.
    pub after: String,
    /// What was paid, leaf by leaf and refund by refund.
    pub paid: Vec<String>,
    /// What stakes and pools hold in the base.
    pub stakes_and_pools: String,
}
