//! What was tried without success, so that it is not tried at every look.

use std::collections::BTreeMap;

use super::{ReportStep, Subject};

/// After a contract's refusal, root blocks until the same is tried again; doubled at each further one, up to 64 times this.
const REFUSED_BLOCKS: u64 = 2;
/// After a step was not worth its gas, root blocks until that is looked at again.
const UNWORTHY_BLOCKS: u64 = 100;

/// What was tried without success, so that it is not tried at every look. It may be forgotten: that costs questions to root, and no gas.
#[derive(Debug, Default)]
pub struct Patience(BTreeMap<(Subject, ReportStep), Tried>);

#[derive(Debug)]
struct Tried {
    reason: String,
    times: u32,
    again_at: u64,
    unworthy: bool,
}

impl Patience {
    /// Whether this step is to be left alone in this block.
    #[must_use]
    pub fn holds(&self, subject: Subject, step: ReportStep, number: u64) -> bool {
        let tried = self.0.get(&(subject, step));
        tried.is_some_and(|tried| number < tried.again_at)
    }

    /// Whether this step is not worth its gas in this block.
    #[must_use]
    pub fn is_unworthy(&self, subject: Subject, number: u64) -> bool {
        let of = |(key, tried): (&(Subject, ReportStep), &Tried)| {
            key.0 == subject && tried.unworthy && number < tried.again_at
        };
        self.0.iter().any(of)
    }

    /// Root would refuse it. Gives whether the reason is news.
    pub fn refused(&mut self, key: (Subject, ReportStep), number: u64, reason: &str) -> bool {
        let before = self.0.get(&key);
        let times = before.map_or(0, |before| before.times.saturating_add(1).min(6));
        self.tried(key, number, reason, times)
    }

    /// A node of root did not take it, in words of its own: what it takes in the next minute nobody knows, so it rests no longer each time. Gives whether the
    /// reason is news.
    pub fn unanswered(&mut self, key: (Subject, ReportStep), number: u64, reason: &str) -> bool {
        self.tried(key, number, reason, 0)
    }

    fn tried(&mut self, key: (Subject, ReportStep), number: u64, reason: &str, times: u32) -> bool {
        let before = self.0.get(&key);
        let is_news = before.is_none_or(|before| before.reason != reason);
        let wait = REFUSED_BLOCKS.saturating_mul(1_u64.checked_shl(times).unwrap_or(1));
        let tried = Tried {
            reason: reason.to_owned(),
            times,
            again_at: number.saturating_add(wait),
            unworthy: false,
        };
        self.0.insert(key, tried);
        is_news
    }

    /// It costs more than it brings. Gives whether that is news.
    pub fn unworthy(&mut self, key: (Subject, ReportStep), number: u64) -> bool {
        let before = self.0.get(&key).is_some_and(|before| before.unworthy);
        let tried = Tried {
            reason: String::new(),
            times: 0,
            again_at: number.saturating_add(UNWORTHY_BLOCKS),
            unworthy: true,
        };
        self.0.insert(key, tried);
        !before
    }

    /// Forgets all about one.
    pub fn forget(&mut self, subject: Subject) {
        self.0.retain(|key, _| key.0 != subject);
    }
}
