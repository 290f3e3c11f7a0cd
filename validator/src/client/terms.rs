//! With what a transaction is signed, and for how long its signature holds: until a height, so a node that names a wrong tip would decide it.

use super::{ClientError, signer::Signer};
use crate::ledger::{
    Domain, Transaction,
    check::has_forced_form,
    transaction::{Body, Header},
};

/// How far the time of a checkpoint's last block may lie ahead of root's: RootChain takes no other.
const AHEAD_SECS: u64 = 15 * 60;

/// What a transaction is signed with, where the application wants something else than the usual.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The fee; `None` for what the node quotes.
    pub fee: Option<u128>,
    /// The most that a quoted fee may be.
    pub max_fee: u128,
    /// The sequence; `None` for the account's next one at which nothing waits.
    pub sequence: Option<u64>,
    /// Last height at which it may stand in a block; `None` for `valid_for` blocks after the one that the node says is its newest.
    pub valid_until: Option<u64>,
    /// Blocks from the tip after which it expires.
    pub valid_for: u64,
    /// The highest block that is believed to be the node's newest. With no limit the node decides for how long the signature holds:
    /// [`AcceptedHead::highest_tip`] gives one that follows from root, and what was signed says it in its header.
    pub max_tip: u64,
    /// Free bytes.
    pub memo: [u8; 32],
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            fee: None,
            max_fee: 10_000_000_000_000_000,
            sequence: None,
            valid_until: None,
            valid_for: 5_000,
            max_tip: u64::MAX,
            memo: [0; 32],
        }
    }
}

impl Terms {
    /// The last height at which it may stand in a block, with a node that says that block `tip` is its newest.
    ///
    /// # Errors
    /// [`ClientError::TooHigh`].
    pub fn valid_until(&self, tip: u64) -> Result<u64, ClientError> {
        if let Some(height) = self.valid_until {
            return Ok(height);
        }
        // What follows from a tip is never "for ever".
        let most = self
            .max_tip
            .min((u64::MAX - 1).saturating_sub(self.valid_for));
        match tip <= most {
            true => Ok(tip.saturating_add(self.valid_for)),
            false => Err(ClientError::TooHigh { tip, most }),
        }
    }
}

/// Signs for the mempool, and never what could be forced.
///
/// # Errors
/// [`ClientError::Forcible`].
pub fn sign_for_mempool(
    signer: &Signer,
    header: Header,
    body: Body,
    domain: &Domain,
) -> Result<Transaction, ClientError> {
    match has_forced_form(&header) {
        true => Err(ClientError::Forcible),
        false => Ok(signer.sign(header, body, domain)),
    }
}

/// What RootChain says of the checkpoints that it has accepted, and of epochs.
#[derive(Clone, Copy, Debug)]
pub struct AcceptedHead {
    /// How many checkpoints it has accepted: `accepted` of its head.
    pub checkpoints: u64,
    /// Time of the last block that they cover, in Unix seconds: `lastBlockTime` of its head.
    pub last_block_time: u64,
    /// Blocks of an epoch: `epochBlocks` of its parameters.
    pub epoch_blocks: u32,
    /// The shortest time that an epoch can take: `epochMinSecs` of its parameters.
    pub epoch_min_secs: u64,
}

impl AcceptedHead {
    /// The highest block that the chain can have at `now`, in Unix seconds: those of the epochs that root has accepted, and behind them as
    /// many epochs as fit into the time since, each as short as the deployment allows. It may be hours of blocks too high, and is too
    /// low only where `now` is more than a quarter of an hour behind.
    #[must_use]
    pub fn highest_tip(&self, now: u64) -> u64 {
        let (known, since) = (self.checkpoints, self.last_block_time);
        let epochs = max_epochs(known, since, now, self.epoch_min_secs);
        epochs.saturating_mul(self.epoch_blocks.into())
    }
}

/// The most epochs that can have begun at `now`, where `known` of them were over at the time `since` of a block, both in Unix seconds: as many
/// as fit into the time between, each as short as can be, and the one that runs.
#[must_use]
pub fn max_epochs(known: u64, since: u64, now: u64, epoch_min_secs: u64) -> u64 {
    let passed = now.saturating_add(AHEAD_SECS).saturating_sub(since);
    let whole = passed / epoch_min_secs.max(1);
    known.saturating_add(whole).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::signer::{KeyKind, Secret};
    use crate::ledger::Account;

    #[test]
    fn a_node_does_not_decide_for_how_long_a_signature_holds() {
        let terms = Terms::default();
        assert_eq!(terms.valid_until(7).unwrap(), 5_007);
        for tip in [u64::MAX, u64::MAX - 1, u64::MAX - 5_000] {
            let error = terms.valid_until(tip).unwrap_err();
            assert!(matches!(error, ClientError::TooHigh { .. }), "{error}");
        }
        assert_eq!(terms.valid_until(u64::MAX - 5_001).unwrap(), u64::MAX - 1);
        let limited = Terms {
            max_tip: 100,
            ..Terms::default()
        };
        assert_eq!(limited.valid_until(100).unwrap(), 5_100);
        let error = limited.valid_until(101).unwrap_err();
        assert!(
            matches!(
                error,
                ClientError::TooHigh {
                    tip: 101,
                    most: 100
                }
            ),
            "{error}"
        );
        let named = Terms {
            valid_until: Some(9),
            ..limited
        };
        assert_eq!(named.valid_until(u64::MAX).unwrap(), 9);
    }

    #[test]
    fn nothing_that_could_be_forced_is_signed_for_the_mempool() {
        let signer = Signer::new(KeyKind::Ed25519, &Secret::new([1; 32])).unwrap();
        let domain = Domain {
            root_chain_id: 31_337,
            root_chain: [1; 20],
            deployment: [2; 20],
        };
        for (fee, valid_until, signed) in [
            (0, u64::MAX, false),
            (1, u64::MAX, true),
            (0, u64::MAX - 1, true),
        ] {
            let header = Header {
                sender: signer.account(),
                lane: 0,
                sequence: 0,
                fee,
                fee_payer: Account::NONE,
                valid_until,
                memo: [0; 32],
            };
            let body = Body::SetPayout { payout: [7; 20] };
            let outcome = sign_for_mempool(&signer, header, body, &domain);
            assert_eq!(outcome.is_ok(), signed, "{fee} {valid_until}");
        }
    }

    #[test]
    fn the_highest_block_follows_from_what_root_accepted_and_the_time_since() {
        let accepted = |checkpoints, last_block_time, epoch_blocks, epoch_min_secs| AcceptedHead {
            checkpoints,
            last_block_time,
            epoch_blocks,
            epoch_min_secs,
        };
        let now = 1_000_000;
        for (checkpoints, ago, blocks, least, most) in [
            (0, 0, 64, 1_000, 64),
            (10, 0, 64, 1_000, 11 * 64),
            (10, 100, 64, 1_000, 12 * 64),
            (10, 9_100, 64, 1_000, 21 * 64),
            (10, 0, 7_200, 720, 12 * 7_200),
            (u64::MAX, 0, 64, 1, u64::MAX),
        ] {
            let found = accepted(checkpoints, now - ago, blocks, least).highest_tip(now);
            assert_eq!(found, most, "{checkpoints} {ago}");
        }
        // A clock that is behind, and an endpoint that says nonsense.
        let found = accepted(3, now + 10_000, 64, 0).highest_tip(now);
        assert_eq!(found, 4 * 64);
    }
}
