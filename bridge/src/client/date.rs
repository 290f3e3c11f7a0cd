//! The date of this machine, which may step in either direction at any time. It is compared with the times of root's blocks, so that a person hears
//! when one of the two is wrong. Nothing waits by it: what waits counts by [`super::follower::now_ms`].

use std::time::{SystemTime, UNIX_EPOCH};

/// How many seconds the date may lie behind the time of root's newest block. Clocks that are kept right differ by less.
pub const MAX_BEHIND: u64 = 60;

/// The date, in seconds since 1970; zero where it lies before.
#[must_use]
pub fn secs() -> u64 {
    let date = SystemTime::now().duration_since(UNIX_EPOCH);
    date.map_or(0, |date| date.as_secs())
}

/// By how many seconds `date` lies behind the time of root's newest block, once these are more than [`MAX_BEHIND`].
#[must_use]
pub const fn behind(date: u64, newest: u64) -> Option<u64> {
    match newest.saturating_sub(date) {
        0..=MAX_BEHIND => None,
        secs => Some(secs),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_is_that_of_this_century_and_a_minute_behind_is_told() {
        assert!(secs() > 1_700_000_000, "{}", secs());
        assert_eq!(behind(1_000, 1_060), None);
        assert_eq!(behind(1_000, 1_061), Some(61));
        assert_eq!(behind(2_000, 1_061), None);
        assert_eq!(behind(0, u64::MAX), Some(u64::MAX));
    }
}
