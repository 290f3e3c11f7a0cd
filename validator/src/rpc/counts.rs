//! How many reads were asked for, and how many failed by the node's own fault.

use std::sync::atomic::{AtomicU64, Ordering};

use tonic::{Code, Status};

/// Counted since the node started.
#[derive(Debug, Default)]
pub struct Counts {
    asked: AtomicU64,
    failed: AtomicU64,
}

impl Counts {
    /// All reads.
    pub fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }

    /// Reads that were refused for want of room, took too long or met a fault. A question that has no answer is not one of them.
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Counts a read and gives its outcome back.
    pub(super) fn count<T>(&self, outcome: Result<T, Status>) -> Result<T, Status> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let code = outcome.as_ref().err().map(Status::code);
        if let Some(
            Code::ResourceExhausted | Code::DeadlineExceeded | Code::Internal | Code::Unavailable,
        ) = code
        {
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_without_an_answer_is_no_failure() {
        let counts = Counts::default();
        assert!(counts.count(Ok(1)).is_ok());
        assert!(
            counts
                .count::<()>(Err(Status::not_found("no block 7")))
                .is_err()
        );
        assert!(counts.count::<()>(Err(Status::internal("broken"))).is_err());
        assert_eq!((counts.asked(), counts.failed()), (3, 1));
    }
}
