//! What a person is told of the root chain beside what becomes of checkpoints: how its node stands, how far a long scan has come, and that the date
//! of this machine lies behind root's newest block.

use std::time::Duration;

use tokio::time::Instant;

use super::{Notice, Relayer};
use crate::client::date;
use crate::relay::track::EndpointStanding;

/// How often a person is told how far a long scan of the root chain has come.
const TELL_INTERVAL: Duration = Duration::from_secs(5);

/// What a person was told of the root chain last.
#[derive(Debug)]
pub(super) struct Told {
    standing: EndpointStanding,
    reading: Instant,
    /// Whether it was told that the deployment is closing.
    pub(super) is_closing: bool,
    is_date_behind: bool,
}

impl Told {
    /// Nothing was told yet.
    pub(super) fn new() -> Self {
        Self {
            standing: EndpointStanding::Following,
            reading: Instant::now(),
            is_closing: false,
            is_date_behind: false,
        }
    }

    /// That the date lies behind the time of root's newest block, once until it no longer does. No block was seen where that time is zero.
    fn compare(&mut self, date: u64, newest: u64) -> Option<Notice> {
        let behind = date::behind(date, newest);
        let was_behind = std::mem::replace(&mut self.is_date_behind, behind.is_some());
        let secs = behind.filter(|_| !was_behind)?;
        Some(Notice::DateBehind { secs })
    }
}

impl Relayer {
    /// How the root chain's node stands, when that has changed, how far a long scan has come, and whether the date of this machine lies behind.
    pub(super) fn root_notices(&mut self) -> Vec<Notice> {
        let mut notices = Vec::new();
        let standing = self.follower.view().borrow().standings.first().cloned();
        if let Some(standing) = standing.filter(|standing| *standing != self.told.standing) {
            notices.push(Notice::Root(format!("the root chain's node: {standing}")));
            self.told.standing = standing;
        }
        let reading = *self.follower.reading().borrow();
        if let Some((reached, target)) = reading
            && self.told.reading.elapsed() >= TELL_INTERVAL
        {
            self.told.reading = Instant::now();
            notices.push(Notice::Reading { reached, target });
        }
        notices.extend(self.told.compare(date::secs(), self.time));
        notices
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_that_steps_back_is_told_once_until_it_is_right_again() {
        let mut told = Told::new();
        assert_eq!(told.compare(1_000, 0), None);
        assert_eq!(told.compare(1_000, 1_001), None);
        let behind = |secs| Some(Notice::DateBehind { secs });
        assert_eq!(told.compare(500, 1_002), behind(502));
        assert_eq!(told.compare(501, 1_003), None);
        assert_eq!(told.compare(1_004, 1_004), None);
        assert_eq!(told.compare(900, 1_005), behind(105));
    }
}
