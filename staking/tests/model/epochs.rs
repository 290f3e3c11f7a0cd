//! What ends an epoch, and what makes it mature: the driver does what the boundary and the inbox do.

use plasmid_staking::{
    Effect, Input,
    rules::{copy::Copy, mature::Mature, reward::Reward, roll::Roll},
};

use crate::faults::Fault;
use crate::run::{Made, Outcome, Run};

impl Run {
    pub fn mature(&mut self, later: u64) -> Result<Outcome, String> {
        self.now += later;
        let next = self.model.matured + 1;
        let ring = u64::from(self.rules.ring);
        // The newest epoch that has ended in the place of the ring where the next epoch's record stands.
        let ended = (0..self.model.epoch).rev();
        let epoch = ended.into_iter().find(|epoch| epoch % ring == next % ring);
        let epoch = epoch.unwrap_or(0);
        let accepted = usize::try_from(epoch)
            .ok()
            .and_then(|place| self.accepted.get(place));
        let (mut seen, accepted, arrival) = (epoch, accepted.copied().unwrap_or(0), self.now);
        if self.fault == Some(Fault::MaturedByOwnCheckpoint) && epoch + 1 == next {
            seen = next;
        }
        let input = Input::Mature(Mature {
            epoch: seen,
            accepted,
            arrival,
        });
        let (_, engine) = self.engine(&input)?.parts();
        let model = self.model.mature(epoch, accepted, arrival);
        if engine.is_none() != model.is_some() {
            return Err(format!(
                "{input:?}: the engine {engine:?}, the model {model:?}"
            ));
        }
        if model.is_none() {
            return Ok(Outcome::Refused);
        }
        self.overwritten += u64::from(epoch > next);
        let own = usize::try_from(next)
            .ok()
            .and_then(|place| self.accepted.get(place));
        match own {
            Some(own) if own + self.rules.unbonding_secs <= arrival => Ok(Outcome::Accepted),
            _ => Err(format!("epoch {} has matured too early", next - 1)),
        }
    }

    pub fn boundary(&mut self, fees: u128, votes: &[u16], counted: u16) -> Result<Outcome, String> {
        let epoch = self.model.epoch;
        self.outside -= fees;
        let mut released = self.model.release(fees);
        if self.fault == Some(Fault::ReleaseForgotten) {
            self.outside += fees;
            released = fees;
        } else {
            let effects = self.engine(&Input::Release(fees))?;
            let expected = vec![Effect::Released { amount: released }];
            if effects != Made::Effects(expected) {
                return Err(format!("released {effects:?}, the model {released}"));
            }
        }
        let rolled_first = self.fault == Some(Fault::RolledBeforeRewards);
        let mut total = if rolled_first {
            self.roll_engine(epoch + 2)?
        } else {
            0
        };
        for step in self.votes(votes).chunks(8) {
            let reward = Reward {
                votes: step.to_vec(),
                counted,
                released,
                total_power: self.totals[&epoch],
            };
            self.engine(&Input::Reward(reward))?.accepted("a reward")?;
        }
        for (seat, votes) in votes.iter().enumerate() {
            self.model.reward(seat, *votes, counted, released);
        }
        if !rolled_first {
            total = self.roll_engine(epoch + 2)?;
        }
        self.model.roll(epoch + 2);
        if self.model.power(epoch + 2) == 0 {
            self.model.copy(epoch + 2);
            total = self.each(|first, count, total| {
                let epoch = epoch + 2;
                Input::Copy(Copy {
                    epoch,
                    first,
                    count,
                    total,
                })
            })?;
        }
        self.totals.insert(epoch + 2, total);
        self.model.epoch += 1;
        for held in epoch..=epoch + 2 {
            self.set(held)?;
        }
        Ok(Outcome::Accepted)
    }

    /// Votes with their seats, as the driver gives them.
    fn votes(&self, votes: &[u16]) -> Vec<(u16, u16)> {
        let mut given: Vec<(u16, u16)> = (0u16..).zip(votes.iter().copied()).collect();
        match self.fault {
            Some(Fault::VotesOfAnotherSeat) => {
                let count = given.len();
                for (place, votes) in votes.iter().enumerate() {
                    given[(place + 1) % count].1 = *votes;
                }
            }
            Some(Fault::LastRewardsForgotten) => {
                given.pop();
            }
            _ => {}
        }
        given
    }

    pub fn roll(&mut self, epoch: u64) -> Result<u64, String> {
        let total = self.roll_engine(epoch)?;
        self.model.roll(epoch);
        Ok(total)
    }

    fn roll_engine(&mut self, epoch: u64) -> Result<u64, String> {
        self.each(|first, count, total| {
            Input::Roll(Roll {
                epoch,
                first,
                count,
                total,
            })
        })
    }

    /// Goes through all seats in steps of 16; the total power.
    fn each(&mut self, input: impl Fn(u16, u16, u64) -> Input) -> Result<u64, String> {
        let (mut first, mut total) = (0, 0);
        while first < self.rules.seats {
            let count = (self.rules.seats - first).min(16);
            let done = self.engine(&input(first, count, total))?;
            let effects = done.accepted("a step")?;
            match effects.last() {
                Some(Effect::Rolled { next, total: sum }) => (first, total) = (*next, *sum),
                other => return Err(format!("a step ends with {other:?}")),
            }
        }
        Ok(total)
    }
}
