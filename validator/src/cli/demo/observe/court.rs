//! What was seen of the Court.

use serde::{Deserialize, Serialize};

use super::{Moved, SetSeen};

/// A key that was judged.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct JudgedKey {
    /// The epoch of its two votes.
    pub epoch: u64,
    /// Its consensus key.
    pub consensus_key: String,
    /// The set of that epoch.
    pub set: SetSeen,
    /// What an offence costs the bond on root besides gas, in wei.
    pub cost: String,
    /// The least cut by the Court, of 10^9.
    pub min_cut: u32,
    /// Its share of the set's power by the Court, of 10^9.
    pub share: u32,
    /// What the Court cuts, of 10^9.
    pub fraction: u64,
    /// Transactions of the watcher's account on root.
    pub sent: u64,
    /// The reward, on the balance of an account on root that nobody else pays.
    pub reward: Moved,
    /// The bond on root.
    pub bond: Moved,
    /// Its own position, and a delegator's.
    pub positions: Vec<CutSeen>,
    /// The stake of its line.
    pub stake: Moved,
    /// Freezes of its line that are left.
    pub freezes: u32,
    /// Whether the child says that the registration signs no more.
    pub tombstoned: bool,
    /// A set after all that.
    pub later: SetSeen,
}

/// A position that was cut.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CutSeen {
    /// Its number.
    pub number: u64,
    /// What the child cuts of it, of 10^9.
    pub fraction: u32,
    /// What it holds; before the offence nothing was cut of it.
    pub held: Moved,
}

/// Two keys that signed a second checkpoint of an epoch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Collusion {
    /// The epoch of the offence, in which the checkpoint of the one before is signed.
    pub epoch: u64,
    /// The set of that epoch.
    pub set: SetSeen,
    /// What an offence costs a bond on root besides gas, in wei.
    pub cost: String,
    /// The least cut by the Court, of 10^9.
    pub min_cut: u32,
    /// Both of them.
    pub culprits: Vec<Culprit>,
    /// Both rewards, on the balance of an account on root that nobody else pays.
    pub reward: Moved,
    /// A set after all that.
    pub later: SetSeen,
}

/// One of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Culprit {
    /// Number of its node.
    pub node: usize,
    /// Number of its registration.
    pub registration: u64,
    /// Its consensus key.
    pub consensus_key: String,
    /// Its share of the set's power by the Court, of 10^9.
    pub share: u32,
    /// What the reporter was paid by the Court.
    pub paid: String,
    /// The bond on root.
    pub bond: Moved,
    /// What the Court cuts, of 10^9.
    pub fraction: u64,
    /// The position of its genesis stake.
    pub position: CutSeen,
    /// The stake of its line.
    pub stake: Moved,
    /// The seat that the child says it has.
    pub seat: Option<u32>,
}
