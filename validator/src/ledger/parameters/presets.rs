//! Parameters that networks start from.

use alloy_primitives::Address;

use super::{FinalityRule, Parameters};

impl Parameters {
    /// A local network: four blocks a second, epochs of 64 blocks, windows of seconds. Nothing here protects value: a
    /// challenger has seconds, and nobody is jailed, because nodes of a local network are stopped and started all the time (the demo's
    /// network jails, which it shows).
    ///
    /// T is thirty days, so that a network that was stopped over a night, or a holiday, is not in exit mode when it comes back. The ring
    /// covers the windows at an epoch of two seconds; a plan sizes it by its own block time.
    pub const fn local() -> Self {
        Self {
            rules: 1,
            root_chain_id: 31_337,
            epoch_blocks: 64,
            seats: 16,
            inbox_batch: 64,
            ring: 512,
            unit: 10_000_000_000_000_000,
            base_fee: 1_000_000_000_000,
            byte_fee: 1_000_000_000,
            leaf_fee: 10_000_000_000_000,
            leaf_step: 1_048_576,
            flat_leaf_fee: 100_000_000_000_000,
            relay_fixed_gas: 275_000,
            relay_absent_gas: 9_000,
            fee_per_wei: 1,
            relay_share_bps: 5_000,
            relay_window_secs: 60,
            finality_rule: FinalityRule::Tag,
            finality_depth: 64,
            challenge_secs: 4,
            evidence_secs: 10,
            unbonding_secs: 30,
            inbox_delay_secs: 5,
            exit_timeout_secs: 2_592_000,
            grace_secs: 60,
            reveal_blocks: 8,
            root_block_secs: 1,
            epoch_max_secs: 120,
            inbox_interval_ms: 100,
            max_block_bytes: 4_194_304,
            max_block_transactions: 4_000,
            max_evidence_bytes: 16_384,
            evidence_age_blocks: 2_000,
            evidence_age_secs: 600,
            block_time_ms: 250,
            min_seat: 10_000_000_000_000_000,
            min_redelegation: 1_000_000_000_000_000,
            drip: 100_000,
            jail_divisor: 0,
            jail_epochs: 2,
            max_commission_bps: 10_000,
            commission_step_bps: 100,
            answer_secs: 1,
            prove_secs: 1,
            answer_slot_secs: 1,
            challenge_floor: 10_000_000_000_000_000,
            flat_cut: 50_000_000,
            min_cut: 1_000_000,
            reporter_reward: 100_000_000_000_000_000,
            residue: Address::ZERO,
            registry: Address::ZERO,
        }
    }

    /// A local network that goes as fast as four nodes on one machine can without missing votes: for the demonstration and tests.
    pub const fn fast() -> Self {
        Self {
            block_time_ms: 20,
            ..Self::local()
        }
    }

    /// A network of several machines: a block a second, epochs of 7,200 blocks, windows of days (DESIGN sections 7, 9 and 10). The
    /// ring is for a shortest epoch of 720 s, ten blocks a second.
    pub const fn network() -> Self {
        const DAY: u64 = 86_400;
        Self {
            epoch_blocks: 7_200,
            seats: 128,
            inbox_batch: 40,
            ring: 5_532,
            relay_window_secs: 600,
            challenge_secs: 5 * DAY,
            evidence_secs: 8 * DAY,
            unbonding_secs: 14 * DAY,
            inbox_delay_secs: 3 * DAY,
            exit_timeout_secs: 7 * DAY,
            grace_secs: 3 * DAY,
            reveal_blocks: 256,
            root_block_secs: 60,
            epoch_max_secs: DAY / 2,
            inbox_interval_ms: 500,
            evidence_age_blocks: 14 * DAY,
            evidence_age_secs: 14 * DAY,
            block_time_ms: 1_000,
            min_seat: 1_000_000_000_000_000_000,
            jail_divisor: 16,
            jail_epochs: 4,
            answer_secs: DAY,
            prove_secs: DAY,
            answer_slot_secs: 60,
            ..Self::local()
        }
    }
}
