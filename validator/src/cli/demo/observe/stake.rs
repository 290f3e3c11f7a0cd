//! What was seen of stake.

use serde::{Deserialize, Serialize};

use super::{Moved, RefusedSeen, Set};

/// One set, by all who hold it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SetSeen {
    /// The epoch whose set it is.
    pub epoch: u64,
    /// A height of that epoch.
    pub height: u64,
    /// By CometBFT at that height.
    pub engine: Set,
    /// By the child.
    pub child: Set,
    /// Its commitment, computed from the members that the child names.
    pub computed: String,
    /// Its commitment in the checkpoint that root accepted.
    pub on_root: String,
}

/// A position, as the child tells it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PositionSeen {
    /// Its number.
    pub number: u64,
    /// The account that owns it.
    pub owner: String,
    /// What it holds.
    pub held: String,
    /// What it backs, the older leg first.
    pub legs: Vec<LegSeen>,
}

/// The epochs in which a position backs an operator.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LegSeen {
    /// The operator.
    pub operator: String,
    /// The first epoch.
    pub first: u64,
    /// The last one, when it has ended.
    pub last: Option<u64>,
}

/// A delegation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Delegation {
    /// Who delegates.
    pub owner: String,
    /// To whom.
    pub operator: String,
    /// How much.
    pub amount: String,
    /// The epoch in which it stood in a block.
    pub epoch: u64,
    /// Number of the position that the node foretold before anybody signed.
    pub foretold: u64,
    /// What the owner paid on the child, with the fee.
    pub paid: Moved,
    /// The position.
    pub position: PositionSeen,
}

/// A validator that came later.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Newcomer {
    /// Number of its node.
    pub node: usize,
    /// Its operator.
    pub operator: String,
    /// Number of its registration, by root.
    pub registration: u64,
    /// Its consensus key and checkpoint key by the Registry on root.
    pub keys_on_root: String,
    /// Its consensus key and checkpoint key by the child.
    pub keys_on_child: String,
    /// Its consensus key.
    pub consensus_key: String,
    /// The position that its bond made.
    pub position: u64,
    /// The power that its bond gives.
    pub power: u64,
    /// The set before it.
    pub before: SetSeen,
    /// The first set with it.
    pub set: SetSeen,
    /// The first checkpoint that a set with it signs: that of the epoch before.
    pub first_due: u64,
    /// Whether its share over that one is known, to the other nodes or by root's record.
    pub shared: bool,
    /// The checkpoint whose certificate has its share.
    pub signed: Option<u64>,
}

/// Rewards, and a redelegation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Earned {
    /// What a claim would have paid just before.
    pub rewards: String,
    /// What it paid, on the balance of an account that nobody else pays.
    pub paid: Moved,
    /// The epoch of the redelegation.
    pub epoch: u64,
    /// Who is backed then.
    pub to: String,
    /// What was moved.
    pub amount: String,
    /// Stake of who is backed then.
    pub stake: Moved,
    /// The position that was made of a part.
    pub position: PositionSeen,
}

/// A position that ends.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Undelegation {
    /// The epoch in which it was ended.
    pub epoch: u64,
    /// Its last epoch.
    pub last: u64,
    /// What a claim got at once.
    pub early: RefusedSeen,
    /// The position when it was ended.
    pub position: PositionSeen,
    /// Epochs that had matured when it was paid.
    pub matured: u64,
    /// What was paid, on the balance of an account that nobody else pays.
    pub paid: Moved,
    /// Whether the position is gone.
    pub gone: bool,
}

/// A validator that was absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Jailed {
    /// Its consensus key.
    pub consensus_key: String,
    /// The epoch in which it was stopped.
    pub stopped: u64,
    /// The first epoch in which it may return, by the child.
    pub until: u64,
    /// What a return before that got.
    pub early: RefusedSeen,
    /// A set without it.
    pub without: SetSeen,
    /// The epoch in which it returned.
    pub returned: u64,
    /// A set with it again.
    pub set: SetSeen,
    /// Blocks of that epoch in which its vote stands.
    pub present: u32,
}

/// A key that signed two votes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DoubleVote {
    /// The consensus key.
    pub consensus_key: String,
    /// Height of both votes.
    pub height: u64,
    /// Whether the key stood in the set then.
    pub is_member: bool,
    /// Hash of the evidence by CometBFT.
    pub evidence: String,
    /// Whether the child said before that the registration signs no more.
    pub tombstoned_before: bool,
    /// Whether it says so after.
    pub tombstoned: bool,
    /// The seat that the child says it has.
    pub seat: Option<u32>,
    /// The first set without it.
    pub set: SetSeen,
}
