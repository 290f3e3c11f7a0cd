//! The plan of a network: one TOML file, the same for every operator.
//!
//! The Registry's address commits to operators, bond, lock and salt; each operator's agreement to everything else: parameters,
//! balances, windows, rings. So two people whose files differ cannot found a network together, and none of them loses a stake by it.
//! Amounts are decimal text in wei, because TOML's integers have 64 bits.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use alloy_primitives::{Address, B256, U256};
use plasmid_bridge::{
    abi::{ICourt, IDataChallenges, IInbox, IRegistry, IRootChain},
    client::ceremony,
};
use serde::{Deserialize, Serialize};

use super::FoundingError;
use crate::{
    chain::genesis::{Backing, Built},
    ledger::{Account, Parameters, address, parameters::decimal},
    node::{keystore, toml_error},
};

mod check;
mod terms;

pub use terms::FounderTerms;

/// The form of the file.
const VERSION: u32 = 1;
/// The largest plan that is read, in bytes.
const MAX_FILE: u64 = 4 << 20;
/// RootChain's own limits of its ring.
const MIN_SLOTS: u64 = 8;
const MAX_SLOTS: u64 = 1 << 16;

/// What all operators of a network must have the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Format version of this file: 1.
    pub version: u32,
    /// Tells apart networks of the same operators on one root chain.
    pub salt: B256,
    /// The genesis operators' accounts on root, in the order of their seats.
    #[serde(with = "address::texts")]
    pub operators: Vec<Address>,
    /// Wei of bounty bond in what each operator sends.
    #[serde(with = "decimal")]
    pub bond_wei: u128,
    /// For how long an agreement locks an operator's stake, in seconds.
    pub lock_secs: u64,
    /// What a message through the inbox costs without backlog.
    #[serde(with = "decimal")]
    pub inbox_price_wei: u128,
    /// The backlog that doubles that price, in seconds.
    pub inbox_doubling_secs: u64,
    /// The shortest time in which this network can make an epoch, in seconds, at most its blocks times the block time; both rings are
    /// sized by it.
    pub shortest_epoch_secs: u64,
    /// Records in RootChain's ring.
    pub record_slots: u32,
    /// What the genesis state commits to.
    pub parameters: Parameters,
    /// Native coin that people have from the first block; whoever creates the contracts pays it in.
    #[serde(default)]
    pub balances: Vec<Balance>,
    /// Stake that people have behind operators from the first block; whoever creates the contracts pays it in too.
    #[serde(default)]
    pub delegations: Vec<Delegated>,
    /// What operators begin with: commission, its bounds, and a description. One that is not listed takes no commission, has the parameters'
    /// bounds, and says nothing of itself.
    #[serde(default)]
    pub terms: Vec<FounderTerms>,
}

/// Coin of an account at genesis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Balance {
    /// The account's text.
    pub account: String,
    /// How much.
    #[serde(with = "decimal")]
    pub wei: u128,
}

/// Stake behind an operator at genesis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delegated {
    /// The text of the account that owns it.
    pub owner: String,
    /// One of the plan's operators.
    #[serde(with = "address::text")]
    pub operator: Address,
    /// How much.
    #[serde(with = "decimal")]
    pub wei: u128,
}

impl Plan {
    /// A plan of these operators with rings of the right size and this project's choices for the rest.
    pub fn new(parameters: Parameters, shortest_epoch_secs: u64, operators: Vec<Address>) -> Self {
        let mut plan = Self {
            version: VERSION,
            salt: B256::ZERO,
            operators,
            bond_wei: 1_000_000_000_000_000_000,
            lock_secs: 86_400,
            inbox_price_wei: 1_000_000_000_000_000,
            inbox_doubling_secs: 43_200,
            shortest_epoch_secs,
            record_slots: 0,
            parameters,
            balances: Vec::new(),
            delegations: Vec::new(),
            terms: Vec::new(),
        };
        plan.size_rings();
        plan
    }

    /// Sizes both rings: RootChain's holds every window (DESIGN section 8), the child's exceeds it by what root may be late.
    pub fn size_rings(&mut self) {
        self.record_slots = u32::try_from(self.min_slots()).unwrap_or(u32::MAX);
        self.parameters.ring = u32::try_from(self.min_ring()).unwrap_or(u32::MAX);
    }

    /// (max(E, U) + min(T + grace, 10 × U) + 2R) / shortest epoch + 4, and twice what U alone needs in each half; even.
    fn min_slots(&self) -> u64 {
        let given = &self.parameters;
        let reveals = u64::from(given.reveal_blocks).saturating_mul(given.root_block_secs);
        let held = [
            given.evidence_secs.max(given.unbonding_secs),
            given.closing_secs(),
            reveals.saturating_mul(2),
        ];
        let whole = self.epochs(held.into_iter().fold(0, u64::saturating_add));
        let half = self.epochs(given.unbonding_secs);
        let slots = whole.max(half.saturating_mul(2)).max(MIN_SLOTS);
        slots.saturating_add(slots % 2)
    }

    fn min_ring(&self) -> u64 {
        let given = &self.parameters;
        let late = given.evidence_secs.saturating_add(given.closing_secs());
        u64::from(self.record_slots).saturating_add(self.epochs(late))
    }

    fn epochs(&self, secs: u64) -> u64 {
        secs.div_ceil(self.shortest_epoch_secs.max(1))
            .saturating_add(4)
    }

    /// The genesis balances, ascending by account.
    ///
    /// # Errors
    /// [`FoundingError::Plan`] names the account that cannot be read or stands twice.
    pub fn balances(&self) -> Result<Vec<(Account, u128)>, FoundingError> {
        let mut balances = Vec::with_capacity(self.balances.len());
        for balance in &self.balances {
            let account: Account = balance.account.parse().map_err(|error| {
                FoundingError::Plan(format!(
                    "balances: {text:?}: {error}",
                    text = balance.account
                ))
            })?;
            balances.push((account, balance.wei));
        }
        balances.sort();
        match balances.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            Some(pair) => Err(FoundingError::Plan(format!(
                "balances: {} is listed twice",
                pair[0].0
            ))),
            None => Ok(balances),
        }
    }

    /// The genesis delegations, ascending by owner and operator.
    ///
    /// # Errors
    /// [`FoundingError::Plan`] names the owner that cannot be read, or that has two behind one operator.
    pub fn delegations(&self) -> Result<Vec<Backing>, FoundingError> {
        let mut delegations = Vec::with_capacity(self.delegations.len());
        for one in &self.delegations {
            let text = &one.owner;
            let owner: Account = text
                .parse()
                .map_err(|error| FoundingError::Plan(format!("delegations: {text:?}: {error}")))?;
            delegations.push(Backing {
                owner,
                operator: one.operator.into_array(),
                amount: one.wei,
            });
        }
        delegations.sort();
        let key = |one: &Backing| (one.owner, one.operator);
        match delegations
            .windows(2)
            .find(|pair| key(&pair[0]) == key(&pair[1]))
        {
            Some(pair) => Err(FoundingError::Plan(format!(
                "delegations: {} is listed twice behind operator {}",
                pair[0].owner,
                Address::from(pair[0].operator)
            ))),
            None => Ok(delegations),
        }
    }

    /// What the Registry's address commits to.
    pub fn registry(&self) -> ceremony::RegistryPlan {
        ceremony::RegistryPlan {
            operators: self.operators.clone(),
            bond: self.bond_wei,
            lock_secs: self.lock_secs,
            salt: self.salt,
        }
    }

    /// The genesis on root that goes with this plan and the state that was built from it.
    pub fn arguments(&self, built: &Built) -> IRegistry::Genesis {
        let given = &self.parameters;
        let [_, set] = &built.sets;
        IRegistry::Genesis {
            stateRoot: built.root(),
            sigma: U256::from(built.sum),
            rootChain: IRootChain::Parameters {
                setCommitment: B256::from(set.commitment),
                unit: given.unit,
                challengeSecs: given.challenge_secs,
                evidenceSecs: given.evidence_secs,
                unbondingSecs: given.unbonding_secs,
                exitTimeoutSecs: given.exit_timeout_secs,
                graceSecs: given.grace_secs,
                rootBlockSecs: given.root_block_secs,
                epochMaxSecs: given.epoch_max_secs,
                epochMinSecs: self.shortest_epoch_secs,
                revealBlocks: given.reveal_blocks,
                epochBlocks: given.epoch_blocks,
                recordSlots: self.record_slots,
            },
            inbox: IInbox::Parameters {
                delaySecs: given.inbox_delay_secs,
                intervalMs: given.inbox_interval_ms,
                price: self.inbox_price_wei,
                doublingSecs: self.inbox_doubling_secs,
            },
            court: ICourt::Parameters {
                minCut: given.min_cut.into(),
                reward: given.reporter_reward,
            },
            challenges: IDataChallenges::Parameters {
                answerSecs: given.answer_secs,
                proveSecs: given.prove_secs,
                slotSecs: given.answer_slot_secs,
                floor: given.challenge_floor,
            },
        }
    }

    /// Reads and checks the plan at `path`.
    ///
    /// # Errors
    /// [`FoundingError`] names the file and what is wrong in it.
    pub fn read(path: &Path) -> Result<Self, FoundingError> {
        let io = |source| FoundingError::Io {
            path: path.to_owned(),
            source,
        };
        let mut text = String::new();
        let file = fs::File::open(path).map_err(io)?;
        file.take(MAX_FILE + 1)
            .read_to_string(&mut text)
            .map_err(io)?;
        if text.len() as u64 > MAX_FILE {
            return Err(FoundingError::Plan(format!(
                "{} is larger than {MAX_FILE} bytes",
                path.display()
            )));
        }
        let plan: Self = toml::from_str(&text).map_err(|error| FoundingError::Malformed {
            path: path.to_owned(),
            why: toml_error::told(&text, &error),
        })?;
        plan.check()?;
        Ok(plan)
    }

    /// Checks the plan and writes it to a new file.
    ///
    /// # Errors
    /// [`FoundingError::Keystore`] when the file is there already.
    pub fn write_new(&self, path: &Path) -> Result<(), FoundingError> {
        self.check()?;
        let text = toml::to_string(self).map_err(|error| FoundingError::Malformed {
            path: PathBuf::from(path),
            why: error.to_string(),
        })?;
        Ok(keystore::write_new(
            path,
            format!("{HEADER}{text}").as_bytes(),
        )?)
    }
}

const HEADER: &str = "\
# The plan of a Plasmid network. Every operator needs this file as it is: what the operators agree on follows from it.
# After a change of a window, of epoch_blocks or of shortest_epoch_secs, record_slots and parameters.ring may have to grow.

";

#[cfg(test)]
mod tests;
