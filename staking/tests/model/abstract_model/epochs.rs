//! The end of an epoch, and when one has matured.

use super::{Done, Member, Model, WHOLE, ensure, share_down};

impl Model {
    /// What the members of the ending epoch share: its fees, and a drip of what the pool had before.
    pub fn release(&mut self, fees: u128) -> u128 {
        let drip = share_down(self.pool, u128::from(self.terms.drip), WHOLE);
        self.pool += fees;
        fees + drip
    }

    pub fn fund(&mut self, amount: u128) -> Done {
        self.pool += amount;
        ensure(amount > 0)
    }

    pub fn power(&self, epoch: u64) -> u64 {
        let members = self.sets[&epoch].iter().flatten();
        members.map(|member| member.power).sum()
    }

    /// Pays the line at a seat of the ending epoch's set for its votes, or jails it.
    pub fn reward(&mut self, seat: usize, votes: u16, counted: u16, released: u128) -> Done {
        let (epoch, total) = (self.epoch, u128::from(self.power(self.epoch)));
        let member = self.sets.get_mut(&epoch)?[seat].as_mut()?;
        let line = self.lines.get_mut(&member.line)?;
        ensure(!line.frozen())?;
        let (votes, counted) = (u32::from(votes), u32::from(counted));
        if 2 * votes >= counted && member.stake > 0 {
            let reward = share_down(released, u128::from(member.power), total);
            let commission = share_down(reward, u128::from(member.commission), 10_000);
            self.pool -= reward;
            self.owed += reward;
            line.owed += commission;
            member.paid = reward - commission;
        }
        if votes * u32::from(self.terms.jail_divisor) < counted {
            line.jailed = epoch + 1 + u64::from(self.terms.jail_epochs);
            line.absent = true;
        }
        Some(())
    }

    fn member(&self, seat: usize) -> Option<Member> {
        let (line, stake) = (self.seats[seat]?, self.weight(seat));
        let power = u64::try_from(stake / self.terms.unit).expect("power fits");
        let registration = self.newest(line.0)?.0.1;
        let mut member = Member::default();
        (member.line, member.power, member.stake) = (line, power, stake);
        (member.registration, member.commission) = (registration, self.lines[&line].commission);
        Some(member).filter(|_| power > 0)
    }

    /// The set of an epoch is what seats hold now.
    pub fn roll(&mut self, epoch: u64) {
        let set = (0..self.seats.len()).map(|one| self.member(one)).collect();
        self.sets.insert(epoch, set);
    }

    /// The set of an epoch is that of the epoch before, with nothing at stake.
    pub fn copy(&mut self, epoch: u64) {
        let mut set = self.sets[&(epoch - 1)].clone();
        let members = set.iter_mut().flatten();
        members.for_each(|member| (member.stake, member.paid) = (0, 0));
        self.sets.insert(epoch, set);
    }

    /// One more epoch has matured, when root accepted a checkpoint of a later one long enough before this message came.
    pub fn mature(&mut self, epoch: u64, accepted: u64, arrival: u64) -> Done {
        let over = accepted != 0 && accepted + self.terms.unbonding <= arrival;
        ensure(epoch > self.matured && over)?;
        self.matured += 1;
        Some(())
    }
}
