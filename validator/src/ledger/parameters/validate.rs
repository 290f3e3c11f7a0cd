//! What parameters must hold, each refusal with both numbers.

use plasmid_staking::MAX_AMOUNT;

use super::Parameters;

mod challenges;

/// Chain ids of local networks, anvil's and geth's. Only there may the published development keys be used. Until the whole court
/// stand, a deployment anywhere else would let two thirds of the power take the escrow.
pub const LOCAL_ROOT_CHAINS: [u64; 2] = [31_337, 1_337];

/// CometBFT takes no larger block.
const ENGINE_BLOCK_BYTES: u64 = 104_857_600;

/// Evidence may fill at most 16 KiB of a block.
const MAX_EVIDENCE_BYTES: u64 = 16_384;

/// Paid messages are due at most a day apart, as in the Inbox contract.
const MAX_INTERVAL_MS: u128 = 86_400_000;

/// A relayer makes a submission from a root block that is 15 minutes old at most when it is mined, as in the RootChain contract: some
/// blocks must come meanwhile.
const MAX_ROOT_BLOCK_SECS: u128 = 60;

/// A validator that waits less misses the precommits of others; nobody waits longer for a block than a minute.
const MIN_BLOCK_TIME_MS: u128 = 10;
const MAX_BLOCK_TIME_MS: u128 = 60_000;

/// Transactions of users that a block has room for besides all that its proposer must put into it. With fewer, those in the mempool that bid
/// most would wait for long: they evict others because they are paid soon.
pub const MIN_USERS: u64 = 64;
/// For each of them, a block has room for this number of bytes.
pub const MIN_USER_BYTES: u64 = 512;

/// No fee may be so large that a minimum fee could leave 128 bits: 2^64 × 2^33 leaves × 8 a transaction is 2^100.
const MAX_FEE: u128 = 1 << 64;

/// The last τ may be 15 minutes older than its acceptance, and the checkpoint of the longest epoch has as long to come, as in the RootChain
/// contract.
const LATE_SECS: u128 = 1_800;

/// A hundred years, in seconds.
const CENTURY: u128 = 3_155_760_000;

/// A hundred years of the fastest blocks. CometBFT counts in 63 bits.
const CENTURY_BLOCKS: u128 = CENTURY * 1_000 / MIN_BLOCK_TIME_MS;

/// No root block holds so much gas.
const MAX_GAS: u128 = 1 << 32;

/// Fractions are of 10^9.
const WHOLE: u128 = plasmid_staking::WHOLE as u128;

/// The largest bounty bond, as in the Registry contract.
const MAX_BOND: u128 = 1 << 96;

/// Why parameters are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParametersError {
    /// A value out of its bounds.
    #[error("{name} is {found}; it must be {least} to {most}")]
    Bounds {
        /// Name of the parameter.
        name: &'static str,
        /// The value that was given.
        found: u128,
        /// The smallest value that is allowed.
        least: u128,
        /// The largest value that is allowed.
        most: u128,
    },
    /// Two values that do not fit together.
    #[error("{name} is {found}; it must be at least {least}, which is {why}")]
    TooSmall {
        /// Name of the parameter.
        name: &'static str,
        /// The value that was given.
        found: u128,
        /// The smallest value that the other parameters allow.
        least: u128,
        /// The rule that demands it.
        why: &'static str,
    },
    /// Not a local root chain.
    #[error(
        "root chain id {found}: until the whole court stands, deployments are on 31337 and 1337 only"
    )]
    RootChain {
        /// The chain id that was given.
        found: u64,
    },
}

impl Parameters {
    /// Refuses what cannot run or cannot be safe.
    pub fn validate(&self) -> Result<(), ParametersError> {
        if !LOCAL_ROOT_CHAINS.contains(&self.root_chain_id) {
            return Err(ParametersError::RootChain {
                found: self.root_chain_id,
            });
        }
        self.validate_sizes()?;
        self.validate_fees()?;
        self.validate_windows()?;
        self.validate_ring()?;
        self.validate_block_time()?;
        self.validate_stake()?;
        self.validate_challenges()?;
        self.validate_court()?;
        self.validate_block()
    }

    fn validate_sizes(&self) -> Result<(), ParametersError> {
        bounds("rules", self.rules.into(), 1, 1)?;
        bounds("epoch_blocks (K)", self.epoch_blocks.into(), 16, 65_535)?;
        bounds("seats (N)", self.seats.into(), 1, 512)?;
        bounds("inbox_batch (M)", self.inbox_batch.into(), 1, 4_096)?;
        let interval = wide(self.inbox_interval_ms);
        bounds("inbox_interval_ms", interval, 1, MAX_INTERVAL_MS)?;
        bounds("unit", self.unit, plasmid_staking::MIN_UNIT, u128::MAX)?;
        bounds("reveal_blocks (R)", self.reveal_blocks.into(), 2, 256)?;
        bounds("finality_depth", self.finality_depth.into(), 1, 100_000)
    }

    fn validate_fees(&self) -> Result<(), ParametersError> {
        bounds("base_fee", self.base_fee, 1, MAX_FEE)?;
        bounds("byte_fee", self.byte_fee, 0, MAX_FEE)?;
        bounds("leaf_fee", self.leaf_fee, 1, MAX_FEE)?;
        bounds("leaf_step", self.leaf_step.into(), 1, u32::MAX.into())?;
        bounds("flat_leaf_fee", self.flat_leaf_fee, 1, MAX_FEE)?;
        bounds("relay_fixed_gas", wide(self.relay_fixed_gas), 0, MAX_GAS)?;
        bounds("relay_absent_gas", wide(self.relay_absent_gas), 0, MAX_GAS)?;
        bounds("fee_per_wei", self.fee_per_wei, 0, MAX_FEE)?;
        bounds("relay_share_bps", self.relay_share_bps.into(), 0, 10_000)
    }

    fn validate_windows(&self) -> Result<(), ParametersError> {
        let (challenge, evidence) = (wide(self.challenge_secs), wide(self.evidence_secs));
        for (name, window) in self.windows() {
            bounds(name, wide(window), 1, CENTURY)?;
        }
        let root_block = wide(self.root_block_secs);
        bounds("root_block_secs", root_block, 1, MAX_ROOT_BLOCK_SECS)?;
        let reveals = reveal_secs(self);
        at_least(
            "evidence_secs (E)",
            evidence,
            challenge.saturating_add(wide(self.inbox_delay_secs)),
            "challenge_secs (W) + inbox_delay_secs (D)",
        )?;
        at_least(
            "unbonding_secs (U)",
            wide(self.unbonding_secs),
            evidence.saturating_add(reveals),
            "evidence_secs (E) + 2 × reveal_blocks (R) × root_block_secs",
        )?;
        at_least(
            "exit_timeout_secs (T)",
            wide(self.exit_timeout_secs),
            wide(self.epoch_max_secs).saturating_add(LATE_SECS),
            "epoch_max_secs + 1800 s: a checkpoint that comes in time is at most that much younger than the one before it",
        )?;
        at_least(
            "evidence_age_secs",
            wide(self.evidence_age_secs),
            wide(self.unbonding_secs),
            "unbonding_secs (U)",
        )?;
        let blocks = wide(self.unbonding_secs).saturating_mul(self.epoch_blocks.into());
        at_least(
            "evidence_age_blocks",
            wide(self.evidence_age_blocks),
            blocks.div_ceil(wide(self.epoch_max_secs)),
            "the blocks of unbonding_secs (U) when epochs are the longest",
        )?;
        let blocks = wide(self.evidence_age_blocks);
        bounds("evidence_age_blocks", blocks, 1, CENTURY_BLOCKS)
    }

    fn windows(&self) -> [(&'static str, u64); 9] {
        [
            ("relay_window_secs", self.relay_window_secs),
            ("challenge_secs (W)", self.challenge_secs),
            ("evidence_secs (E)", self.evidence_secs),
            ("unbonding_secs (U)", self.unbonding_secs),
            ("inbox_delay_secs (D)", self.inbox_delay_secs),
            ("exit_timeout_secs (T)", self.exit_timeout_secs),
            ("grace_secs", self.grace_secs),
            ("epoch_max_secs", self.epoch_max_secs),
            ("evidence_age_secs", self.evidence_age_secs),
        ]
    }

    /// The ring must span every window even when epochs are the longest. Shorter epochs need more, and no parameter says
    /// how short an epoch can be: whoever picks the ring divides by the shortest one.
    fn validate_ring(&self) -> Result<(), ParametersError> {
        let held = wide(self.evidence_secs)
            .max(wide(self.unbonding_secs))
            .saturating_add(wide(self.closing_secs()))
            .saturating_add(reveal_secs(self));
        let least = held.div_ceil(wide(self.epoch_max_secs)).saturating_add(4);
        at_least(
            "ring",
            self.ring.into(),
            least,
            "(max(E, U) + min(T + grace, 10 × U) + 2 × R × root_block_secs) / epoch_max_secs + 4",
        )?;
        bounds("ring", self.ring.into(), 8, 65_536)?;
        let due = wide(self.epoch_max_secs)
            .saturating_mul(1_000)
            .div_ceil(wide(self.inbox_interval_ms).max(1));
        // A block consumes up to what the votes for the block before it report, at most M past the cursor that stood before that one: two
        // neighbours consume M together at most. Of three proposers one may be faulty, and its block consumes nothing.
        let consumed = u128::from(self.epoch_blocks).saturating_mul(self.inbox_batch.into()) / 3;
        at_least(
            "epoch_blocks (K) × inbox_batch (M) / 3",
            consumed,
            due.saturating_add(1),
            "more than the messages that fall due in the longest epoch (epoch_max_secs / inbox_interval_ms)",
        )
    }

    /// The blocks of an epoch must fit into the longest one, and take a second at least, because the shortest epoch is counted in
    /// whole seconds.
    fn validate_block_time(&self) -> Result<(), ParametersError> {
        bounds(
            "block_time_ms",
            self.block_time_ms.into(),
            MIN_BLOCK_TIME_MS,
            MAX_BLOCK_TIME_MS,
        )?;
        bounds(
            "epoch_blocks (K) × block_time_ms",
            self.epoch_time_ms().into(),
            1_000,
            wide(self.epoch_max_secs).saturating_mul(1_000),
        )
    }

    /// A seat without power would be named for the relay duty and could not carry it; a step above the maximum is none.
    fn validate_stake(&self) -> Result<(), ParametersError> {
        bounds("min_seat", self.min_seat, self.unit, MAX_AMOUNT)?;
        bounds("min_redelegation", self.min_redelegation, 1, MAX_AMOUNT)?;
        bounds("drip", self.drip.into(), 0, WHOLE)?;
        if self.jail_divisor != 0 {
            bounds("jail_divisor", self.jail_divisor.into(), 3, 1_000)?;
        }
        bounds("jail_epochs", self.jail_epochs.into(), 1, 1_000_000)?;
        let commission = self.max_commission_bps.into();
        bounds("max_commission_bps", commission, 0, 10_000)?;
        let step = self.commission_step_bps.into();
        bounds("commission_step_bps", step, 0, commission)
    }

    fn validate_court(&self) -> Result<(), ParametersError> {
        bounds("flat_cut", self.flat_cut.into(), 1, WHOLE)?;
        bounds("min_cut", self.min_cut.into(), 1, WHOLE)?;
        bounds("reporter_reward", self.reporter_reward, 1, MAX_BOND)
    }

    fn validate_block(&self) -> Result<(), ParametersError> {
        bounds(
            "max_evidence_bytes",
            self.max_evidence_bytes.into(),
            0,
            MAX_EVIDENCE_BYTES.into(),
        )?;
        let worst = worst_case(self);
        at_least(
            "max_block_bytes",
            wide(self.max_block_bytes),
            wide(worst.bytes),
            "the worst case: evidence, N votes with extensions, M messages and what 64 users need",
        )?;
        bounds(
            "max_block_bytes",
            wide(self.max_block_bytes),
            1,
            ENGINE_BLOCK_BYTES.into(),
        )?;
        at_least(
            "max_block_transactions",
            self.max_block_transactions.into(),
            wide(worst.transactions),
            "the worst case: the record, M messages, misbehavior and transactions of 64 users",
        )
    }
}

/// What a block needs when everything that its proposer must put into it is there, with room for users besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorstCase {
    /// Bytes by CometBFT's count.
    pub bytes: u64,
    /// Transactions.
    pub transactions: u64,
}

const ENGINE: u64 = 11 + 626 + 94;
const ENGINE_SIGNATURE: u64 = 111;
/// Bytes that a block has for its transactions, whatever commit and evidence it carries beside them.
pub fn transaction_bytes(parameters: &Parameters) -> u64 {
    let signatures = u64::from(parameters.seats).saturating_mul(ENGINE_SIGNATURE);
    let others = signatures.saturating_add(parameters.max_evidence_bytes.into());
    let most = parameters.max_block_bytes;
    most.saturating_sub(ENGINE).saturating_sub(others)
}

/// The worst case of a block: CometBFT 0.38's own overhead (`types.MaxDataBytes`: 11 + 626 + 94 + 111 for each signature, of which 2 say that it stands in the commit and how long it is),
/// the record with N votes, M messages of the longest kind, evidence twice (its own bytes and ours: a misbehavior of 66 bytes stands for at least as many bytes of evidence), [`MIN_USERS`] transactions of users, 6 bytes of protobuf for each transaction.
pub fn worst_case(parameters: &Parameters) -> WorstCase {
    const RECORD: u64 = 1 + 164 + 2 + 2;
    const VOTE: u64 = 2 + 2 + 244 + 64;
    const MESSAGE: u64 = 1 + plasmid_bridge::proof::inbox::MAX_MESSAGE_BYTES as u64;
    const MISBEHAVIOR: u64 = 66;
    const FRAME: u64 = 6;
    const USERS: u64 = MIN_USERS * MIN_USER_BYTES;
    // The longest transaction of one user fits into that.
    const _: () = assert!(USERS >= crate::ledger::transaction::MAX_TRANSACTION_BYTES as u64);
    let evidence = u64::from(parameters.max_evidence_bytes);
    let misbehaviors = evidence / MISBEHAVIOR;
    let votes = u64::from(parameters.seats).saturating_mul(VOTE + ENGINE_SIGNATURE);
    let messages = u64::from(parameters.inbox_batch).saturating_mul(MESSAGE);
    let transactions = misbehaviors
        .saturating_add(parameters.inbox_batch.into())
        .saturating_add(1)
        .saturating_add(MIN_USERS);
    let bytes = [
        ENGINE,
        RECORD,
        votes,
        messages,
        evidence,
        evidence,
        USERS,
        transactions.saturating_mul(FRAME),
    ]
    .into_iter()
    .fold(0u64, u64::saturating_add);
    WorstCase {
        bytes,
        transactions,
    }
}

fn reveal_secs(parameters: &Parameters) -> u128 {
    u128::from(parameters.reveal_blocks)
        .saturating_mul(2)
        .saturating_mul(parameters.root_block_secs.into())
}

fn wide(number: u64) -> u128 {
    number.into()
}

fn bounds(name: &'static str, found: u128, least: u128, most: u128) -> Result<(), ParametersError> {
    match (least..=most).contains(&found) {
        true => Ok(()),
        false => Err(ParametersError::Bounds {
            name,
            found,
            least,
            most,
        }),
    }
}

fn at_least(
    name: &'static str,
    found: u128,
    least: u128,
    why: &'static str,
) -> Result<(), ParametersError> {
    match found >= least {
        true => Ok(()),
        false => Err(ParametersError::TooSmall {
            name,
            found,
            least,
            why,
        }),
    }
}
