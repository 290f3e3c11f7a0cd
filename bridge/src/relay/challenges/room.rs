//! What room challenges take by whose word: what one of two endpoints invents takes none of what the other one tells.

use super::{ChallengeBook, DataTarget, Tellers, ToldBlocks, ToldBy};

/// Challenges that are kept, at most: the price of a backlog that long is above what there is. Whatever is beyond has the latest deadlines of those that the same endpoints tell.
pub(super) const MAX_KEPT: usize = 1 << 16;
/// How many give way at a time where there are more: what is invented costs no search each.
const GIVE_WAY: usize = MAX_KEPT / 16;

impl ChallengeBook {
    /// How many found no room by now, each time that these are twice as many.
    pub const fn left_out(&mut self) -> Option<u64> {
        self.left_out.news()
    }

    /// Who tells of a question: both, one of two, or the other one. What one of them invents takes no room of what the other one tells.
    #[must_use]
    pub fn tellers(&self, target: &DataTarget) -> Tellers {
        let asked = self.kept.get(target).map(|one| one.asked);
        asked.map_or(Tellers::Both, |asked| asked.tellers())
    }

    /// One of the questions up to this block that the second endpoint tells and the first one does not, with their number by now, each time that these are twice as many.
    pub fn untold(&mut self, block: u64) -> Option<(DataTarget, u64)> {
        let mut found = None;
        for (target, one) in &mut self.kept {
            let is_untold = one.asked.of(ToldBy::First).is_none();
            if is_untold && one.asked.last() <= Some(block) && !one.is_said {
                one.is_said = true;
                self.untold.add(1);
                found = found.or(Some(*target));
            }
        }
        found.zip(self.untold.news())
    }

    /// Of what the same endpoints tell as most of it, what is closed gives way, and then who has the latest deadline: what one endpoint invents takes no room of what the other one tells.
    pub(super) fn bound(&mut self) {
        if self.kept.len() <= MAX_KEPT {
            return;
        }
        let all = self.kept.values().map(|one| one.asked.tellers());
        let most = Tellers::most(all);
        let most = self
            .kept
            .iter()
            .filter(|(_, one)| one.asked.tellers() == most);
        let mut last: Vec<(bool, u64, DataTarget)> = most
            .map(|(target, one)| (!self.is_open(one), one.challenge.deadline, *target))
            .collect();
        last.sort_unstable();
        for (is_closed, _, target) in last.into_iter().rev().take(GIVE_WAY) {
            self.kept.remove(&target);
            self.left_out.add((!is_closed).into());
        }
    }

    pub(super) fn bound_answers(&mut self) {
        if self.answers.len() <= MAX_KEPT {
            return;
        }
        let all = self.answers.values().map(ToldBlocks::tellers);
        let most = Tellers::most(all);
        let mut left = GIVE_WAY;
        self.answers.retain(|_, told| {
            let gives_way = left > 0 && told.tellers() == most;
            left = left.saturating_sub(gives_way.into());
            !gives_way
        });
    }
}
