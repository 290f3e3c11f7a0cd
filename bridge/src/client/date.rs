//! The date of this machine, which may step in either direction at any time. It is compared with the times of root's blocks, so that a person hears
//! when one of the two is wrong. Nothing waits by it: what waits counts by [`super::follower::now_ms`].

use std::time::{SystemTime, UNIX_EPOCH};

/// How many seconds the date may lie behind the time of root's newest block. Clocks that are kept right differ by less.
pub const MAX_BEHIND: u64 = 60;

/// How many seconds the time of root's newest block may lie ahead of the date where a person's word is to hold until a time that is counted from it:
/// one endpoint could say a time far ahead, and the word would hold as much longer.
pub const MAX_AHEAD: u64 = 900;

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

/// A time of root's clock, `secs` seconds after `now`, until which a person's word holds. `None` where `now` lies too far ahead of `date`.
#[must_use]
pub fn until(date: u64, now: u64, secs: u64) -> Option<u64> {
    match now.saturating_sub(date) > MAX_AHEAD {
        true => None,
        false => Some(now.saturating_add(secs)),
    }
}

/// A time in seconds since 1970 as a date in words, such as `2026-11-30 23:05:09 UTC`.
#[must_use]
pub fn words(secs: u64) -> String {
    const DAY: u64 = 86_400;
    // Days since the first of March of the year 0, in cycles of 400 years: a leap day is the last day of its year then.
    let days = secs / DAY + 719_468;
    let (cycle, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = match month < 10 {
        true => (400 * cycle + year, month + 3),
        false => (400 * cycle + year + 1, month - 9),
    };
    let (hour, minute, second) = (secs % DAY / 3_600, secs % 3_600 / 60, secs % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
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

    #[test]
    fn no_word_holds_until_a_time_that_is_counted_from_one_far_ahead() {
        assert_eq!(until(1_000, 1_900, 60), Some(1_960));
        assert_eq!(until(1_000, 1_901, 60), None);
        assert_eq!(until(5_000, 1_000, 60), Some(1_060));
        assert_eq!(until(u64::MAX, u64::MAX, 60), Some(u64::MAX));
        assert_eq!(until(0, u64::MAX, 0), None);
    }

    #[test]
    fn a_time_is_a_date_in_words_in_leap_years_and_out_of_them() {
        for (secs, said) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_399, "2000-02-28 23:59:59 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"),
            (951_868_800, "2000-03-01 00:00:00 UTC"),
            (1_709_164_799, "2024-02-28 23:59:59 UTC"),
            (1_709_164_800, "2024-02-29 00:00:00 UTC"),
            (1_735_689_599, "2024-12-31 23:59:59 UTC"),
            (1_796_079_909, "2026-11-30 23:05:09 UTC"),
            (4_107_542_399, "2100-02-28 23:59:59 UTC"),
            (4_107_542_400, "2100-03-01 00:00:00 UTC"),
        ] {
            assert_eq!(words(secs), said);
        }
        assert!(words(u64::MAX).ends_with(" UTC"));
    }
}
