//! What a plan must hold, so that no stake is locked for a network that the contracts would refuse.

use alloy_primitives::Address;
use plasmid_bridge::relay::config::Config as FollowConfig;

use super::{MAX_SLOTS, Plan, VERSION};
use crate::{
    chain::genesis::check_money,
    ledger::{OwnContracts, leaf::NATIVE},
    node::founding::FoundingError,
};

/// The most operators that the Registry lists.
const MAX_OPERATORS: usize = 128;

impl Plan {
    /// Checks all that can be known before anything stands on root.
    ///
    /// # Errors
    /// [`FoundingError::Plan`], [`FoundingError::Parameters`] or [`FoundingError::Genesis`] with the value that was wrong.
    pub fn check(&self) -> Result<(), FoundingError> {
        let refuse = |why: String| Err(FoundingError::Plan(why));
        if self.version != VERSION {
            return refuse(format!(
                "version is {}, this program reads {VERSION}",
                self.version
            ));
        }
        if self.operators.is_empty() || self.operators.len() > MAX_OPERATORS {
            let count = self.operators.len();
            return refuse(format!(
                "operators: {count} are listed, 1 to {MAX_OPERATORS} can be"
            ));
        }
        let seats = self.parameters.seats;
        if self.operators.len() > usize::from(seats) {
            let count = self.operators.len();
            return refuse(format!(
                "operators: {count} are listed, and parameters.seats is {seats}"
            ));
        }
        if self.operators.contains(&Address::ZERO) {
            return refuse("operators: the zero address is listed".into());
        }
        let mut seen = self.operators.clone();
        seen.sort();
        if let Some(pair) = seen.windows(2).find(|pair| pair[0] == pair[1]) {
            return refuse(format!("operators: {} is listed twice", pair[0]));
        }
        if !self.parameters.registry.is_zero() {
            return refuse(
                "parameters.registry follows from the plan; leave it out of the file".into(),
            );
        }
        // What the contracts would refuse is refused here, before any stake is locked for it.
        const DAY: u64 = 86_400;
        let given = &self.parameters;
        for (name, found, least, most) in [
            ("bond_wei", self.bond_wei, 3, 1 << 96),
            ("lock_secs", self.lock_secs.into(), 60, 365 * DAY as u128),
            ("inbox_price_wei", self.inbox_price_wei, 1, 1 << 96),
            (
                "inbox_doubling_secs",
                self.inbox_doubling_secs.into(),
                1,
                365 * DAY as u128,
            ),
            (
                "shortest_epoch_secs",
                self.shortest_epoch_secs.into(),
                1,
                u64::MAX.into(),
            ),
            (
                "parameters.inbox_delay_secs",
                given.inbox_delay_secs.into(),
                1,
                365 * DAY as u128,
            ),
            (
                "parameters.inbox_interval_ms",
                given.inbox_interval_ms.into(),
                1,
                1_000 * DAY as u128,
            ),
            (
                "parameters.challenge_secs",
                given.challenge_secs.into(),
                1,
                3_650 * DAY as u128,
            ),
            (
                "parameters.evidence_secs",
                given.evidence_secs.into(),
                1,
                3_650 * DAY as u128,
            ),
            (
                "parameters.unbonding_secs",
                given.unbonding_secs.into(),
                1,
                3_650 * DAY as u128,
            ),
            (
                "parameters.exit_timeout_secs",
                given.exit_timeout_secs.into(),
                1,
                3_650 * DAY as u128,
            ),
            (
                "parameters.grace_secs",
                given.grace_secs.into(),
                1,
                3_650 * DAY as u128,
            ),
            (
                "parameters.epoch_max_secs",
                given.epoch_max_secs.into(),
                1,
                3_650 * DAY as u128,
            ),
            // A bond covers three.
            (
                "parameters.reporter_reward",
                given.reporter_reward,
                1,
                self.bond_wei / 3,
            ),
        ] {
            if !(least..=most).contains(&found) {
                return refuse(format!("{name} is {found}; it must be {least} to {most}"));
            }
        }
        self.check_kept()?;
        self.parameters.validate()?;
        let longest = self.parameters.epoch_max_secs;
        if self.shortest_epoch_secs > longest {
            let shortest = self.shortest_epoch_secs;
            return refuse(format!(
                "shortest_epoch_secs is {shortest}, the longest epoch is epoch_max_secs {longest}"
            ));
        }
        let (shortest, blocks) = (self.shortest_epoch_secs, self.parameters.epoch_time_ms());
        if shortest.saturating_mul(1_000) > blocks {
            return refuse(format!(
                "shortest_epoch_secs is {shortest}, and epoch_blocks × block_time_ms is {blocks} ms: an epoch can be shorter"
            ));
        }
        self.check_rings()?;
        self.check_terms()?;
        // The Registry is known when there are artifacts: `check_contracts` is for that.
        self.check_contracts(self.parameters.registry)
    }

    /// Checks that the plan gives nothing to the contracts of the deployment that this Registry makes, not what is nobody's after an exit either.
    ///
    /// # Errors
    /// [`FoundingError::Genesis`] names the balance or delegation, [`FoundingError::Plan`] the residue.
    pub fn check_contracts(&self, registry: Address) -> Result<(), FoundingError> {
        let contracts = OwnContracts::of_registry(&registry.into_array());
        let residue = self.parameters.residue;
        let is_own = contracts.unusable(&residue.into_array(), &NATIVE).is_some();
        if is_own && !residue.is_zero() {
            return Err(FoundingError::Plan(format!(
                "parameters.residue is {residue}, a contract of this deployment, which cannot be paid: name an account of people, or zero"
            )));
        }
        let is_operator = |operator: &[u8; 20]| self.operators.contains(&operator.into());
        check_money(
            &self.balances()?,
            &self.delegations()?,
            &contracts,
            is_operator,
        )?;
        Ok(())
    }

    /// A node forgets what was final for a whole window, and proves claims under the newest that is final.
    fn check_kept(&self) -> Result<(), FoundingError> {
        let secs = self.parameters.challenge_secs;
        let spanned = self.epochs(secs.saturating_mul(2));
        let most = u64::from(FollowConfig::KEPT_CHECKPOINTS);
        if spanned > most {
            return Err(FoundingError::Plan(format!(
                "parameters.challenge_secs is {secs}; at a shortest epoch of {} s two such windows span {spanned} checkpoints, and a node keeps the last {most}: make the window shorter or epochs longer",
                self.shortest_epoch_secs
            )));
        }
        Ok(())
    }

    fn check_rings(&self) -> Result<(), FoundingError> {
        let (slots, least) = (u64::from(self.record_slots), self.min_slots());
        if slots < least || slots > MAX_SLOTS || slots % 2 != 0 {
            return Err(FoundingError::Plan(format!(
                "record_slots is {slots}; at a shortest epoch of {} s it must be even and {least} to {MAX_SLOTS}",
                self.shortest_epoch_secs
            )));
        }
        let (ring, least) = (u64::from(self.parameters.ring), self.min_ring());
        if ring < least {
            return Err(FoundingError::Plan(format!(
                "parameters.ring is {ring}; with {slots} record slots and a shortest epoch of {} s it must be at least {least}",
                self.shortest_epoch_secs
            )));
        }
        Ok(())
    }
}
