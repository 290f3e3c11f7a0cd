//! In which block an event stands, as each of two endpoints tells it.

/// Who tells an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToldBy {
    /// The endpoint by whose answers is decided.
    First,
    /// The one that is compared with it.
    Second,
}

/// Who of two tells an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tellers {
    /// Both.
    Both,
    /// The first one alone.
    First,
    /// The second one alone.
    Second,
}

impl Tellers {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Both, Self::First, Self::Second];

    /// Who tells most of these.
    pub(super) fn most(all: impl Iterator<Item = Self> + Clone) -> Self {
        let count = |one: &Self| all.clone().filter(|other| other == one).count();
        let most = Self::ALL.into_iter().max_by_key(count);
        most.unwrap_or(Self::Both)
    }
}

/// How many there are of what an endpoint may invent: said again once there are twice as many, so that no log grows by it.
#[derive(Clone, Copy, Debug, Default)]
pub struct DoublingCount {
    count: u64,
    said: u64,
}

impl DoublingCount {
    /// More of them are found.
    pub const fn add(&mut self, more: u64) {
        self.count = self.count.saturating_add(more);
    }

    /// How many there are, if that is to be said.
    pub const fn news(&mut self) -> Option<u64> {
        if self.count == 0 || self.count < self.said.saturating_mul(2) {
            return None;
        }
        self.said = self.count;
        Some(self.count)
    }
}

/// The block of an event by the word of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ToldBlocks {
    first: Option<u64>,
    second: Option<u64>,
}

impl ToldBlocks {
    /// The block that this one tells.
    #[must_use]
    pub const fn of(&self, by: ToldBy) -> Option<u64> {
        match by {
            ToldBy::First => self.first,
            ToldBy::Second => self.second,
        }
    }

    /// The later one of both.
    #[must_use]
    pub fn last(&self) -> Option<u64> {
        self.first.max(self.second)
    }

    /// Whether anybody tells it, or both do.
    #[must_use]
    pub const fn is_told(&self, by_both: bool) -> bool {
        match by_both {
            true => self.first.is_some() && self.second.is_some(),
            false => self.first.is_some() || self.second.is_some(),
        }
    }

    /// Who tells it.
    #[must_use]
    pub const fn tellers(&self) -> Tellers {
        match (self.first, self.second) {
            (Some(_), None) => Tellers::First,
            (None, Some(_)) => Tellers::Second,
            _ => Tellers::Both,
        }
    }

    pub(super) const fn note(&mut self, by: ToldBy, block: u64) {
        match by {
            ToldBy::First => self.first = Some(block),
            ToldBy::Second => self.second = Some(block),
        }
    }

    /// Root has other blocks behind this one.
    pub(super) fn rewind(&mut self, block: u64) {
        self.first = self.first.filter(|at| *at <= block);
        self.second = self.second.filter(|at| *at <= block);
    }
}
