//! When each transaction of a load is due: stretches of time, each at a constant rate.
//!
//! What is due does not depend on how fast earlier ones were answered (an open loop), and latency counts from here: a chain that is
//! slow for a second is charged for all that was due in it.

use std::time::Duration;

const NANOS: u128 = 1_000_000_000;

/// A time at a constant rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Transactions a second.
    pub per_second: u32,
    /// How long.
    pub time: Duration,
}

impl Stretch {
    /// How many are due in it.
    fn count(&self) -> u64 {
        let count = u128::from(self.per_second) * self.time.as_nanos() / NANOS;
        u64::try_from(count).unwrap_or(u64::MAX)
    }
}

/// Stretches one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    stretches: Vec<Stretch>,
}

impl Schedule {
    /// These stretches, one after the other.
    #[must_use]
    pub fn new(stretches: &[Stretch]) -> Self {
        Self {
            stretches: stretches.to_vec(),
        }
    }

    /// How many are due in all.
    #[must_use]
    pub fn total(&self) -> u64 {
        let counts = self.stretches.iter().map(Stretch::count);
        counts.fold(0, u64::saturating_add)
    }

    /// When the last stretch ends.
    #[must_use]
    pub fn end(&self) -> Duration {
        self.stretches.iter().map(|one| one.time).sum()
    }

    /// The highest rate.
    #[must_use]
    pub fn peak(&self) -> u32 {
        let rates = self.stretches.iter().map(|one| one.per_second);
        rates.max().unwrap_or(0)
    }

    /// When transaction `number` is due, the first one being 0; `None` behind the last one.
    #[must_use]
    pub fn due(&self, number: u64) -> Option<Duration> {
        let (mut number, mut begin) = (number, Duration::ZERO);
        for stretch in &self.stretches {
            let count = stretch.count();
            if number < count {
                let nanos = u128::from(number) * NANOS / u128::from(stretch.per_second.max(1));
                return Some(begin + Duration::from_nanos(u64::try_from(nanos).ok()?));
            }
            number -= count;
            begin += stretch.time;
        }
        None
    }
}
