//! Whose turn it is to be judged. The oldest checkpoint is final first, so it comes first; and none waits for another one that is shown slowly for longer than a round.
//!
//! ```text
//! one turn: the oldest that its last turn did not suffice for, or that had none ─▶ one turn: the oldest that had none in this round ─▶ and so on, until all had one
//! ```

use std::collections::BTreeSet;

/// The order of turns.
#[derive(Debug, Default)]
pub(super) struct JudgeTurns {
    /// Epochs that had a turn in this round.
    had: BTreeSet<u64>,
    /// Epochs of this round whose turn did not suffice.
    unfinished: BTreeSet<u64>,
    /// Whether the last turn went to the oldest one.
    was_oldest: bool,
}

impl JudgeTurns {
    /// Which of these epochs is judged next; none where the round is over.
    pub(super) fn next(&mut self, waiting: &BTreeSet<u64>) -> Option<u64> {
        let mut fresh = waiting.difference(&self.had).copied();
        let Some(fresh) = fresh.next() else {
            *self = Self::default();
            return None;
        };
        let mut unfinished = waiting.intersection(&self.unfinished).copied();
        let oldest = unfinished.next().map_or(fresh, |one| one.min(fresh));
        self.was_oldest = !self.was_oldest;
        Some(match self.was_oldest {
            true => oldest,
            false => fresh,
        })
    }

    /// An epoch had its turn, and it did or did not suffice to judge what is shown of it.
    pub(super) fn note(&mut self, epoch: u64, has_sufficed: bool) {
        self.had.insert(epoch);
        match has_sufficed {
            true => self.unfinished.remove(&epoch),
            false => self.unfinished.insert(epoch),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The epochs in the order of their turns in one round, where each needs the number of turns in `needs`.
    fn round(turns: &mut JudgeTurns, needs: &mut [u32]) -> Vec<u64> {
        let mut order = Vec::new();
        loop {
            let waiting = (0..).zip(&*needs).filter(|(_, left)| **left > 0);
            let waiting: BTreeSet<u64> = waiting.map(|(epoch, _)| epoch).collect();
            let Some(epoch) = turns.next(&waiting) else {
                return order;
            };
            let left = &mut needs[epoch as usize];
            *left = left.saturating_sub(1);
            turns.note(epoch, *left == 0);
            order.push(epoch);
        }
    }

    #[test]
    fn the_oldest_is_done_first_and_each_has_a_turn_in_each_round() {
        let mut turns = JudgeTurns::default();
        assert_eq!(round(&mut turns, &mut [1; 4]), [0, 1, 2, 3]);
        assert_eq!(round(&mut turns, &mut [0, 0, 2, 1]), [2, 3]);
        // Of two turns one goes to the oldest that needs more.
        let mut needs = [3; 6];
        assert_eq!(
            round(&mut turns, &mut needs),
            [0, 1, 0, 2, 0, 3, 1, 4, 1, 5]
        );
        assert_eq!(needs, [0, 0, 2, 2, 2, 2]);
        // One that is shown without end takes half of the turns, and no more.
        let mut needs = [1_000, 1, 1, 1, 1];
        assert_eq!(round(&mut turns, &mut needs), [0, 1, 0, 2, 0, 3, 0, 4]);
    }

    #[test]
    fn what_its_turn_sufficed_for_or_what_nobody_shows_has_one_turn_a_round() {
        let mut turns = JudgeTurns::default();
        let waiting = BTreeSet::from([3, 4, 5]);
        let mut order = Vec::new();
        while let Some(epoch) = turns.next(&waiting) {
            turns.note(epoch, true);
            order.push(epoch);
        }
        assert_eq!(order, [3, 4, 5]);
        assert_eq!(turns.next(&waiting), Some(3), "a new round");
        assert_eq!(turns.next(&BTreeSet::new()), None);
    }
}
