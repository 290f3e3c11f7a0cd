//! What was handed over and is not judged yet, within bounds. Nothing falls out of it: whoever hands over what finds no room is told so, and hands it
//! over again.

use std::collections::VecDeque;

use super::statement::DoubleStatement;
use crate::proof::checkpoint::certificate::BITMAP_BYTES;

/// Statements from one place that wait, at most: as many as a set can have members.
const MAX_WAITING: usize = BITMAP_BYTES * 8;

/// Something that was handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accusation {
    /// The place that handed it over.
    pub place: String,
    /// The two statements.
    pub statement: DoubleStatement,
    /// Whether it is an offence of its set, and waits for something else.
    pub is_checked: bool,
    /// Whether what it shows stands on root already, in a block that may be reorganised.
    pub is_shown: bool,
}

/// What became of a statement that was handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Intake {
    /// It waits now, or did before.
    Taken,
    /// What it shows is known.
    Known,
    /// There is no room for it: it is to be handed over again later.
    Full,
}

impl Intake {
    /// Whether it need not be handed over again.
    #[must_use]
    pub const fn is_over(self) -> bool {
        !matches!(self, Self::Full)
    }
}

/// Whom a statement accuses, as far as it can be told without a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Against {
    Voter([u8; 20]),
    Member(u16),
    Signers([Option<[u8; BITMAP_BYTES]>; 2]),
}

fn against(statement: &DoubleStatement) -> Against {
    match statement {
        DoubleStatement::Votes(votes) => Against::Voter(votes.voter),
        DoubleStatement::Shares(shares) => Against::Member(shares.number),
        DoubleStatement::Certificates(two) => {
            let first = two.first.map(|first| first.bitmap);
            Against::Signers([first, Some(two.second.bitmap)])
        }
    }
}

/// The docket: of each place, one statement against each in each epoch.
#[derive(Debug)]
pub struct Docket {
    epoch_blocks: u64,
    waiting: VecDeque<Accusation>,
}

impl Docket {
    /// Nothing waits yet.
    #[must_use]
    pub const fn new(epoch_blocks: u64) -> Self {
        Self {
            epoch_blocks,
            waiting: VecDeque::new(),
        }
    }

    /// Takes a statement over. What comes from one place keeps nothing out that comes from another.
    pub fn take(&mut self, place: &str, statement: DoubleStatement) -> Intake {
        let key = |one: &DoubleStatement| (one.epoch(self.epoch_blocks), against(one));
        let own = key(&statement);
        let mut of_place = 0_usize;
        for other in &self.waiting {
            if other.statement == statement {
                return Intake::Taken;
            }
            if other.place != place {
                continue;
            }
            of_place = of_place.saturating_add(1);
            if key(&other.statement) == own {
                // What is not checked may be invented: the other one may be true.
                return match other.is_checked {
                    true => Intake::Known,
                    false => Intake::Full,
                };
            }
        }
        if of_place >= MAX_WAITING {
            return Intake::Full;
        }
        self.waiting.push_back(Accusation {
            place: place.to_owned(),
            statement,
            is_checked: false,
            is_shown: false,
        });
        Intake::Taken
    }

    /// The one that has waited longest, which is to be judged or put back.
    pub fn pop(&mut self) -> Option<Accusation> {
        self.waiting.pop_front()
    }

    /// It waits on.
    pub fn put_back(&mut self, one: Accusation) {
        self.waiting.push_back(one);
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// All that wait.
    pub fn iter(&self) -> impl Iterator<Item = &Accusation> + '_ {
        self.waiting.iter()
    }
}

#[cfg(test)]
mod tests;
