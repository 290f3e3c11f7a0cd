//! What a run of the demo saw, and nothing else: checks read it, a file keeps it, sabotage alters it.
//!
//! Amounts are decimal strings of base units, hashes and keys hex.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

mod court;
mod fraud;
mod stake;

pub use court::{Collusion, Culprit, CutSeen, JudgedKey};
pub use fraud::{CensoredSeen, ClosedSeen, EscrowSeen, ForgedSeen, FraudSeen, LeftSeen, VoidSeen};
pub use stake::{
    Delegation, DoubleVote, Earned, Jailed, LegSeen, Newcomer, PositionSeen, SetSeen, Undelegation,
};

/// Consensus key and power of each member of a set, sorted.
pub type Set = Vec<(String, u64)>;

/// Everything that was seen, step by step; a step that did not run is absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Observations {
    /// Step 1.
    pub root: Option<RootSeen>,
    /// Step 2.
    pub validators: Option<Validators>,
    /// Step 3.
    pub deposits: Option<Deposits>,
    /// Step 4.
    pub transfers: Option<Transfers>,
    /// Step 5.
    pub checkpoint: Option<CheckpointSeen>,
    /// Step 6.
    pub withdrawal: Option<WithdrawalSeen>,
    /// Step 7.
    pub forced: Option<ForcedSeen>,
    /// Step 8.
    pub crashes: Option<Crashes>,
    /// Step 9.
    pub delegation: Option<Delegation>,
    /// Step 10.
    pub newcomer: Option<Newcomer>,
    /// Step 11.
    pub earned: Option<Earned>,
    /// Begun in step 11, paid in step 16.
    pub undelegation: Option<Undelegation>,
    /// Step 12.
    pub jailed: Option<Jailed>,
    /// Step 13.
    pub double_vote: Option<DoubleVote>,
    /// Begun in step 13, settled in step 15.
    pub judged: Option<JudgedKey>,
    /// Begun in step 14, settled in step 17.
    pub collusion: Option<Collusion>,
    /// Step 18.
    pub accounts: Option<Accounts>,
    /// What `--fraud` shows, in place of all others.
    #[serde(default, skip_serializing_if = "FraudSeen::is_none")]
    pub fraud: FraudSeen,
}

/// The deployment, as root says it and as the genesis computes it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RootSeen {
    /// Deployment id by RootChain.
    pub id_on_root: String,
    /// Deployment id by the genesis file.
    pub id_computed: String,
    /// Genesis state root by RootChain.
    pub state_root_on_root: String,
    /// Genesis state root recomputed from parameters, operators and balances.
    pub state_root_computed: String,
    /// Commitment of sets 0 and 1 by RootChain.
    pub set_on_root: String,
    /// Commitment of sets 0 and 1, recomputed from the members.
    pub set_computed: String,
    /// Operators of the genesis.
    pub operators: usize,
    /// Operators whose agreement root holds.
    pub agreed: usize,
    /// Escrow of the native coin in the Vault.
    pub escrow: String,
    /// Σ of stakes and balances of the genesis.
    pub sigma: String,
}

/// The validators under CometBFT.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Validators {
    /// Chain id that each node's engine serves.
    pub chain_ids: Vec<String>,
    /// Chain id of the deployment.
    pub chain_id: String,
    /// Height that each node had reached.
    pub heights: Vec<u64>,
    /// Each node's own app hash at one height.
    pub app_hashes: Vec<String>,
    /// The set by CometBFT.
    pub engine_set: Set,
    /// The set by the Registry on root.
    pub root_set: Set,
}

/// A change of one balance.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Moved {
    /// Whose, and of what.
    pub what: String,
    /// Before.
    pub before: String,
    /// After.
    pub after: String,
    /// The change that was asked for; it may be negative.
    pub expected: String,
}

/// Deposits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Deposits {
    /// Balances on the child.
    pub credited: Vec<Moved>,
    /// Deposited by the Vault and credited by the child, for each asset.
    pub totals: Vec<Total>,
}

/// One asset on both chains.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Total {
    /// The token.
    pub token: String,
    /// By the Vault.
    pub deposited: String,
    /// By the Vault.
    pub paid: String,
    /// By the child.
    pub credited: String,
    /// By the child.
    pub withdrawn: String,
    /// Σ of all claims on the child, by a scan of its leaves.
    pub claims: String,
}

/// Transfers and refusals.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Transfers {
    /// Balances on the child.
    pub moved: Vec<Moved>,
    /// What was refused.
    pub refused: Vec<RefusedSeen>,
}

/// A transaction that had to be refused.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RefusedSeen {
    /// What was wrong with it.
    pub what: String,
    /// The code that it got.
    pub code: u32,
    /// The code that it must get.
    pub expected: u32,
    /// What the node said.
    pub log: String,
}

/// A checkpoint on both chains.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CheckpointSeen {
    /// Its epoch.
    pub epoch: u64,
    /// Digest by the child.
    pub digest_on_child: String,
    /// Digest in RootChain's event.
    pub digest_on_root: String,
    /// Who carried it.
    pub carrier: String,
    /// The operators.
    pub operators: Vec<String>,
    /// Power that signed, of the total.
    pub signed_power: u64,
    /// Total power.
    pub total_power: u64,
    /// Gas of the submission.
    pub gas: u64,
}

/// A withdrawal claimed on root.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WithdrawalSeen {
    /// Its number.
    pub number: u64,
    /// Balance on root of the recipient, which pays for no gas.
    pub paid: Moved,
    /// Whether a second claim was refused, and the reason.
    pub second_claim: String,
    /// Whether the Vault marks its leaf as claimed.
    pub nullified: bool,
    /// Seconds between acceptance and claim.
    pub waited_secs: u64,
    /// The window in seconds.
    pub window_secs: u64,
}

/// Transactions forced through the inbox.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ForcedSeen {
    /// Balances on the child of those who were paid.
    pub moved: Vec<Moved>,
    /// Messages that the child had to consume.
    pub messages: Vec<u64>,
    /// The child's inbox cursor after that.
    pub cursor: u64,
    /// Inbox link at that cursor, by the child.
    pub link_on_child: String,
    /// Inbox link at that cursor, by the Inbox.
    pub link_on_root: String,
}

/// What a kill left.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Crashes {
    /// Kills, in order.
    pub kills: Vec<Kill>,
}

/// One kill and the return.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Kill {
    /// What was killed.
    pub what: String,
    /// Height of the others when it was killed.
    pub height_at_kill: u64,
    /// Height of the others when it was started again.
    pub height_at_return: u64,
    /// Height that it reached after.
    pub height_reached: u64,
    /// Its own app hash at that height.
    pub own_app_hash: String,
    /// Another node's at that height.
    pub other_app_hash: String,
}

/// The last comparison.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Accounts {
    /// Each node's own app hash at every height.
    pub app_hashes: BTreeMap<u64, Vec<String>>,
    /// Nodes that were asked.
    pub nodes: usize,
    /// The last height that was compared.
    pub height: u64,
    /// Every asset on both chains.
    pub totals: Vec<Total>,
    /// The set of the last height.
    pub set: SetSeen,
    /// What each node's process executed.
    pub work: Vec<WorkSeen>,
}

/// What a node's process executed up to a height.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WorkSeen {
    /// The first height.
    pub first: u64,
    /// The last height.
    pub height: u64,
    /// Segments of these blocks.
    pub segments: u64,
    /// Segments that were executed again from their witnesses alone; one that differs stops the node.
    pub reexecuted: u64,
}
