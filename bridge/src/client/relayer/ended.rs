//! When a relayer has nothing to do any more.

use crate::abi::IRootChain;

/// Why a relayer has nothing to do any more: exit mode has begun or a checkpoint is void, and root accepts no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ended {
    /// Exit mode has begun.
    #[error("exit mode began at root time {exit_at}: root accepts no checkpoint any more")]
    Exit {
        /// Since when, by root's clock in seconds.
        exit_at: u64,
    },
    /// A proof of fraud stands against a checkpoint, or nobody showed its data.
    #[error(
        "a proof of fraud stands against checkpoint {from}, or nobody showed its data: it and all behind it are void, and root accepts no checkpoint any more"
    )]
    Void {
        /// The first one that is void.
        from: u64,
    },
}

impl Ended {
    /// What RootChain's head says of it at root time `now`.
    pub(super) fn of(head: &IRootChain::Head, now: u64) -> Option<Self> {
        let (from, exit_at) = (head.standing, head.exitAt);
        match from < head.accepted {
            true => Some(Self::Void { from }),
            false => (exit_at != 0 && now >= exit_at).then_some(Self::Exit { exit_at }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relayer_ends_when_exit_mode_begins_or_a_checkpoint_is_void_and_not_while_it_is_closing() {
        let head = |accepted, standing, exit_at| IRootChain::Head {
            accepted,
            tau: 1,
            lastBlockTime: 1,
            inboxCursor: 0,
            freeAt: 0,
            finalized: 2,
            exitAt: exit_at,
            standing,
        };
        assert_eq!(Ended::of(&head(5, 5, 0), u64::MAX), None, "it goes on");
        assert_eq!(Ended::of(&head(5, 5, 100), 99), None, "it is closing");
        let exit = Ended::of(&head(5, 5, 100), 100).expect("exit mode");
        assert_eq!(exit, Ended::Exit { exit_at: 100 });
        // The deployment was closing when the proof came: root refuses a submission before exit mode begins.
        for now in [1, 99, 100] {
            let void = Ended::of(&head(5, 3, 100), now).expect("void");
            assert_eq!(void, Ended::Void { from: 3 });
            assert!(void.to_string().contains("checkpoint 3"), "{void}");
        }
        // The first checkpoint of all.
        assert_eq!(
            Ended::of(&head(1, 0, 100), 1),
            Some(Ended::Void { from: 0 })
        );
    }
}
