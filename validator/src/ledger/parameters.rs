//! The deployment's parameters: immutable, the value of a leaf of the genesis state (PROTOCOL section 9).
//!
//! [`Parameters::validate`](Parameters::validate) refuses what cannot run or cannot be safe, with both numbers of what disagrees; `init`,
//! `start` and genesis all call it.

use alloy_primitives::Address;
use plasmid_bridge::proof::bytes::Reader;
use serde::{Deserialize, Serialize};

use super::address;
use super::leaf::{LeafError, Value};
use super::slot::width;

pub mod decimal;
mod presets;

#[cfg(test)]
mod tests;
mod validate;

pub use validate::{
    LOCAL_ROOT_CHAINS, MIN_USER_BYTES, MIN_USERS, ParametersError, transaction_bytes, worst_case,
};

/// How a node knows that a root block is final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FinalityRule {
    /// The root node's `finalized` tag.
    Tag,
    /// A number of blocks deep.
    Depth,
}

/// Everything that is fixed at genesis. Windows are seconds, amounts the smallest unit of the native coin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// Version of the rules; 1.
    pub rules: u32,
    /// Chain id of the root chain.
    pub root_chain_id: u64,
    /// K: blocks of an epoch.
    pub epoch_blocks: u32,
    /// N: seats.
    pub seats: u16,
    /// M: messages and bare hashes of a block at most.
    pub inbox_batch: u16,
    /// Epochs whose leaves are kept.
    pub ring: u32,
    /// Stake for one unit of power.
    #[serde(with = "decimal")]
    pub unit: u128,
    /// Fee of every transaction.
    #[serde(with = "decimal")]
    pub base_fee: u128,
    /// Fee of every byte.
    #[serde(with = "decimal")]
    pub byte_fee: u128,
    /// Price of a leaf in an empty state.
    #[serde(with = "decimal")]
    pub leaf_fee: u128,
    /// Leaves after which the price has risen by another `leaf_fee`.
    pub leaf_step: u32,
    /// Price of a leaf from 2^32 − 2^30 leaves on.
    #[serde(with = "decimal")]
    pub flat_leaf_fee: u128,
    /// Gas of bringing a checkpoint.
    pub relay_fixed_gas: u64,
    /// Gas more for every absent signer.
    pub relay_absent_gas: u64,
    /// Fee units for one wei of root gas.
    #[serde(with = "decimal")]
    pub fee_per_wei: u128,
    /// Share of an epoch's fees that its relayer gets at most, of 10,000.
    pub relay_share_bps: u16,
    /// How long the named relayer alone is paid.
    pub relay_window_secs: u64,
    /// How finality of root blocks is known.
    pub finality_rule: FinalityRule,
    /// How many blocks must stand on a root block until it is final, if the rule is `depth`.
    pub finality_depth: u32,
    /// W: how long after its acceptance a checkpoint becomes final at the earliest: C in which its data can be challenged, A, P.
    pub challenge_secs: u64,
    /// E: how long after root accepted the checkpoint of the next epoch an offence can be reported. It sizes the rings and bounds U from below too.
    pub evidence_secs: u64,
    /// U: how long stake that was undelegated stays at risk, in seconds from root's acceptance of its last epoch's checkpoint. It sizes the rings and
    /// bounds CometBFT's evidence age from below too.
    pub unbonding_secs: u64,
    /// D: a message is due this long after it arrived.
    pub inbox_delay_secs: u64,
    /// T: how long root may accept no checkpoint, or a due message may stay unconsumed, until anyone can close the deployment.
    pub exit_timeout_secs: u64,
    /// How long checkpoints are still accepted while the deployment is closing; exit mode begins behind it.
    pub grace_secs: u64,
    /// R: root blocks from commitment to reveal.
    pub reveal_blocks: u32,
    /// Slowest time of a root block.
    pub root_block_secs: u64,
    /// Longest epoch.
    pub epoch_max_secs: u64,
    /// The shortest time between the due times of two messages that users pay for.
    pub inbox_interval_ms: u64,
    /// CometBFT's limit of a block.
    pub max_block_bytes: u64,
    /// Transactions of a block at most.
    pub max_block_transactions: u32,
    /// CometBFT's limit of evidence in a block.
    pub max_evidence_bytes: u32,
    /// CometBFT's evidence age in blocks.
    pub evidence_age_blocks: u64,
    /// CometBFT's evidence age in seconds.
    pub evidence_age_secs: u64,
    /// How long every validator waits after a block before it begins the next one, in milliseconds. No block comes faster than this
    /// while more than a third of the power keeps it.
    pub block_time_ms: u32,
    /// The least stake of a seat, and of a founder.
    #[serde(with = "decimal")]
    pub min_seat: u128,
    /// The least stake that is redelegated, and that a stranger restakes.
    #[serde(with = "decimal")]
    pub min_redelegation: u128,
    /// What the reward pool releases each epoch, of 10^9.
    pub drip: u32,
    /// A line whose votes stand in less than the counted blocks of an epoch divided by this number is jailed; with 0, nobody is.
    pub jail_divisor: u16,
    /// Epochs in jail.
    pub jail_epochs: u32,
    /// The greatest commission of a new line, of 10,000.
    pub max_commission_bps: u16,
    /// The greatest change of the commission of a new line, of 10,000.
    pub commission_step_bps: u16,
    /// A: how long a challenged piece of data can be answered at least.
    pub answer_secs: u64,
    /// P: how long a fault can be proven in data that was answered on the last day.
    pub prove_secs: u64,
    /// The time between the deadlines of two answers.
    pub answer_slot_secs: u64,
    /// The least that a challenger pays in.
    #[serde(with = "decimal")]
    pub challenge_floor: u128,
    /// What each signer of a checkpoint that a proof voids is cut by, of 10^9.
    pub flat_cut: u32,
    /// The least cut of an offence, of 10^9.
    pub min_cut: u32,
    /// What one offence costs the culprit's bond, in wei: half of it is paid to the reporter, half is burned.
    #[serde(with = "decimal")]
    pub reporter_reward: u128,
    /// Where on root what belongs to nobody goes after an exit; zero where nobody is to have it.
    #[serde(with = "address::text")]
    pub residue: Address,
    /// The Registry on root; the deployment's other contracts follow from it. Zero in a plan, which it follows from.
    #[serde(default, skip_serializing_if = "is_unnamed", with = "address::text")]
    pub registry: Address,
}

impl Value for Parameters {
    const KIND: u8 = 0x01;
    const WIDTH: usize = width(Self::KIND);

    fn put(&self, bytes: &mut Vec<u8>) {
        self.put_economy(bytes);
        self.put_windows(bytes);
        self.put_limits(bytes);
        self.put_stake(bytes);
        self.put_court(bytes);
        bytes.extend(self.registry);
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, LeafError> {
        Ok(Self {
            rules: reader.u32()?,
            root_chain_id: reader.u64()?,
            epoch_blocks: reader.u32()?,
            seats: reader.u16()?,
            inbox_batch: reader.u16()?,
            ring: reader.u32()?,
            unit: reader.u128()?,
            base_fee: reader.u128()?,
            byte_fee: reader.u128()?,
            leaf_fee: reader.u128()?,
            leaf_step: reader.u32()?,
            flat_leaf_fee: reader.u128()?,
            relay_fixed_gas: reader.u64()?,
            relay_absent_gas: reader.u64()?,
            fee_per_wei: reader.u128()?,
            relay_share_bps: reader.u16()?,
            relay_window_secs: reader.u64()?,
            finality_rule: take_rule(reader)?,
            finality_depth: reader.u32()?,
            challenge_secs: reader.u64()?,
            evidence_secs: reader.u64()?,
            unbonding_secs: reader.u64()?,
            inbox_delay_secs: reader.u64()?,
            exit_timeout_secs: reader.u64()?,
            grace_secs: reader.u64()?,
            reveal_blocks: reader.u32()?,
            root_block_secs: reader.u64()?,
            epoch_max_secs: reader.u64()?,
            inbox_interval_ms: reader.u64()?,
            max_block_bytes: reader.u64()?,
            max_block_transactions: reader.u32()?,
            max_evidence_bytes: reader.u32()?,
            evidence_age_blocks: reader.u64()?,
            evidence_age_secs: reader.u64()?,
            block_time_ms: reader.u32()?,
            min_seat: reader.u128()?,
            min_redelegation: reader.u128()?,
            drip: reader.u32()?,
            jail_divisor: reader.u16()?,
            jail_epochs: reader.u32()?,
            max_commission_bps: reader.u16()?,
            commission_step_bps: reader.u16()?,
            answer_secs: reader.u64()?,
            prove_secs: reader.u64()?,
            answer_slot_secs: reader.u64()?,
            challenge_floor: reader.u128()?,
            flat_cut: reader.u32()?,
            min_cut: reader.u32()?,
            reporter_reward: reader.u128()?,
            residue: Address::from(reader.array::<20>()?),
            registry: Address::from(reader.array::<20>()?),
        })
    }
}

impl Parameters {
    /// How long root may take no checkpoint and the rings must still reach back, in seconds: T and grace, and where these are longer ten
    /// times U. Twin: RootChain's constructor.
    pub fn closing_secs(&self) -> u64 {
        let closing = self.exit_timeout_secs.saturating_add(self.grace_secs);
        closing.min(self.unbonding_secs.saturating_mul(10))
    }

    /// The least time that the blocks of an epoch take, in milliseconds.
    pub fn epoch_time_ms(&self) -> u64 {
        u64::from(self.epoch_blocks).saturating_mul(self.block_time_ms.into())
    }

    fn put_economy(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.rules.to_be_bytes());
        bytes.extend(self.root_chain_id.to_be_bytes());
        bytes.extend(self.epoch_blocks.to_be_bytes());
        bytes.extend(self.seats.to_be_bytes());
        bytes.extend(self.inbox_batch.to_be_bytes());
        bytes.extend(self.ring.to_be_bytes());
        for amount in [self.unit, self.base_fee, self.byte_fee, self.leaf_fee] {
            bytes.extend(amount.to_be_bytes());
        }
        bytes.extend(self.leaf_step.to_be_bytes());
        bytes.extend(self.flat_leaf_fee.to_be_bytes());
        bytes.extend(self.relay_fixed_gas.to_be_bytes());
        bytes.extend(self.relay_absent_gas.to_be_bytes());
        bytes.extend(self.fee_per_wei.to_be_bytes());
        bytes.extend(self.relay_share_bps.to_be_bytes());
        bytes.extend(self.relay_window_secs.to_be_bytes());
    }

    fn put_windows(&self, bytes: &mut Vec<u8>) {
        bytes.push(match self.finality_rule {
            FinalityRule::Tag => 0,
            FinalityRule::Depth => 1,
        });
        bytes.extend(self.finality_depth.to_be_bytes());
        let windows = [
            self.challenge_secs,
            self.evidence_secs,
            self.unbonding_secs,
            self.inbox_delay_secs,
            self.exit_timeout_secs,
            self.grace_secs,
        ];
        bytes.extend(windows.iter().flat_map(|window| window.to_be_bytes()));
        bytes.extend(self.reveal_blocks.to_be_bytes());
    }

    fn put_limits(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.root_block_secs.to_be_bytes());
        bytes.extend(self.epoch_max_secs.to_be_bytes());
        bytes.extend(self.inbox_interval_ms.to_be_bytes());
        bytes.extend(self.max_block_bytes.to_be_bytes());
        bytes.extend(self.max_block_transactions.to_be_bytes());
        bytes.extend(self.max_evidence_bytes.to_be_bytes());
        bytes.extend(self.evidence_age_blocks.to_be_bytes());
        bytes.extend(self.evidence_age_secs.to_be_bytes());
        bytes.extend(self.block_time_ms.to_be_bytes());
    }

    fn put_stake(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.min_seat.to_be_bytes());
        bytes.extend(self.min_redelegation.to_be_bytes());
        bytes.extend(self.drip.to_be_bytes());
        bytes.extend(self.jail_divisor.to_be_bytes());
        bytes.extend(self.jail_epochs.to_be_bytes());
        bytes.extend(self.max_commission_bps.to_be_bytes());
        bytes.extend(self.commission_step_bps.to_be_bytes());
    }

    fn put_court(&self, bytes: &mut Vec<u8>) {
        for window in [self.answer_secs, self.prove_secs, self.answer_slot_secs] {
            bytes.extend(window.to_be_bytes());
        }
        bytes.extend(self.challenge_floor.to_be_bytes());
        bytes.extend(self.flat_cut.to_be_bytes());
        bytes.extend(self.min_cut.to_be_bytes());
        bytes.extend(self.reporter_reward.to_be_bytes());
        bytes.extend(self.residue);
    }
}

fn is_unnamed(registry: &Address) -> bool {
    registry.is_zero()
}

fn take_rule(reader: &mut Reader<'_>) -> Result<FinalityRule, LeafError> {
    match reader.u8()? {
        0 => Ok(FinalityRule::Tag),
        1 => Ok(FinalityRule::Depth),
        found => Err(plasmid_staking::refuse::<Parameters>(
            "finality rule",
            u64::from(found),
        )),
    }
}
