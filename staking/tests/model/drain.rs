//! The end of every run: the court settles all that is open, all positions end, and when enough epochs have matured everybody is paid.

use num_bigint::BigUint;
use plasmid_staking::{
    Input,
    rules::{
        apply_cut::ApplyCut, claim_commission::ClaimCommission, claim_stake::ClaimStake,
        restake::AllowRestake, settle::Settle, undelegate::Undelegate,
    },
};

use crate::abstract_model::Position;
use crate::ask::{account, address, id_of};
use crate::run::{Op, Outcome, Run};

impl Run {
    /// Nothing sticks: no position, no commission, no epoch. Only what rounding leaves is still owed, and the rewards of what was burned.
    pub fn drain(&mut self) -> Result<Outcome, String> {
        self.thaw()?;
        // Who took a seat in this epoch may not give it back in it.
        let votes = vec![16; self.model.seats.len()];
        self.step(&Op::Boundary(0, votes, 16))?;
        for (number, position) in self.alive() {
            let (owner, position, allowed) = (account(position.owner), number, false);
            self.step(&Op::Input(Input::ApplyCut(ApplyCut { position })))?;
            // Folding a first interval changes the base that the next request names.
            self.must(Input::AllowRestake(AllowRestake {
                owner,
                position,
                allowed,
            }))?;
            let now = self.model.positions[usize::try_from(number).expect("a number")].as_ref();
            if let Some(one) = now.filter(|one| one.bonded()) {
                let amount = one.base;
                let input = Input::Undelegate(Undelegate {
                    owner,
                    position,
                    amount,
                });
                self.must(input)?;
            }
        }
        let last = self.model.epoch + 1;
        while self.model.matured <= last {
            let votes = vec![16; self.model.seats.len()];
            self.step(&Op::Boundary(0, votes, 16))?;
            while (self.accepted.len() as u64) < self.model.epoch {
                self.step(&Op::Accept(0))?;
            }
            self.step(&Op::Mature(self.rules.unbonding_secs))?;
            self.step(&Op::Mature(0))?;
            if self.model.epoch > 2 * (last + u64::from(self.rules.ring)) + 10 {
                return Err("epochs do not mature any more".into());
            }
        }
        for (position, held) in self.alive() {
            let (owner, to) = (account(held.owner), account(held.owner));
            self.must(Input::ClaimStake(ClaimStake {
                owner,
                position,
                to,
            }))?;
        }
        let lines: Vec<_> = self
            .model
            .lines
            .iter()
            .map(|(id, line)| (*id, line.owed))
            .collect();
        for (id, _) in lines.into_iter().filter(|(_, owed)| *owed > 0) {
            let (line, to) = (id_of(id), account(id.0));
            self.must(Input::ClaimCommission(ClaimCommission { line, to }))?;
        }
        self.left()
    }

    /// The court settles what it froze.
    fn thaw(&mut self) -> Result<(), String> {
        while let Some((operator, registration, epoch)) = self.offences.first().copied() {
            let (operator, fraction) = (address(operator), 1_000_000);
            self.must(Input::Settle(Settle {
                operator,
                registration,
                epoch,
                fraction,
            }))?;
        }
        while let Some(epoch) = self.model.freezes.open.first().copied() {
            self.must(Input::ReleaseEpoch(epoch))?;
        }
        Ok(())
    }

    fn must(&mut self, input: Input) -> Result<(), String> {
        match self.step(&Op::Input(input.clone()))? {
            Outcome::Accepted => Ok(()),
            other => Err(format!("{input:?} is {other:?} when all is settled")),
        }
    }

    fn alive(&self) -> Vec<(u64, Position)> {
        let all = (0u64..).zip(&self.model.positions);
        all.filter_map(|(number, one)| Some((number, one.clone()?)))
            .collect()
    }

    /// What is still owed to nobody: the rewards of stake that was burned before they were settled, and less than one unit for each time that
    /// a position was opened. It is never less than the former, so no claimer was given more than its part.
    fn left(&self) -> Result<Outcome, String> {
        let owed = self.model.owed;
        let (mut least, mut most) = (0, self.rounded);
        for (epoch, set) in &self.model.sets {
            for member in set.iter().flatten().filter(|member| member.paid > 0) {
                let backed = self
                    .settled
                    .get(&(member.line, *epoch))
                    .copied()
                    .unwrap_or(0);
                let burned = member.stake.checked_sub(backed);
                let burned =
                    burned.ok_or_else(|| format!("{backed} earned for {}", member.stake))?;
                if burned > self.burned {
                    return Err(format!("{burned} earned nothing in epoch {epoch}"));
                }
                let lost = BigUint::from(burned) * member.paid;
                let part = |sum: BigUint| u128::try_from(sum / member.stake).expect("a reward");
                least += part(lost.clone());
                most += part(lost + member.stake - 1u32);
            }
        }
        match (least..=most).contains(&owed) {
            true => Ok(Outcome::Skipped),
            false => Err(format!("{owed} are owed to nobody, not {least} to {most}")),
        }
    }
}
