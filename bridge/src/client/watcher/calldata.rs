//! Certificates in the calldata of transactions to RootChain, also of those that failed: whoever carries a second certified checkpoint to root shows it
//! to everybody. Each is checked against the set that root committed to before it takes any room, so what is invented hides nothing; where that set is
//! not known yet, the number of the block is kept, and the block is read again when it is.
//!
//! Calls that another contract makes are not seen. After a long stop
//! the newest blocks are read, and the others are said to be left out. With a second endpoint of root, the calldata of both are read.

use std::collections::BTreeSet;

use alloy_primitives::Bytes;
use alloy_sol_types::SolCall;

use super::second::About;
use super::{
    At, ChildSource, DoubleStatement, IRootChain, ROOT, RootMoment, Rpc, RpcError, WatchNotice,
    Watcher,
};
use crate::abi::signer_bitmap;
use crate::proof::checkpoint::certificate;
use crate::proof::checkpoint::{Certificate, Checkpoint};
use crate::relay::acceptance::Acceptance;
use crate::relay::seen::Block;
use crate::relay::watch::statement::TwoCertificates;

/// Blocks that are read in one look, at most.
const MAX_BLOCKS: usize = 16;
/// Certificates of one look behind which no further block is read: each takes a few milliseconds.
const MAX_CHECKED: usize = 256;
/// Epochs behind the last accepted one of which blocks are kept to be read again.
const AHEAD: u64 = 64;
/// Blocks that are kept to be read again, at most; no further one is read then.
const MAX_LATER: usize = 65_536;
/// Blocks behind the newest one that are read, at most.
const MAX_BEHIND: u64 = 4_096;
/// Blocks behind the newest one from which a watcher begins.
const FIRST_BEHIND: u64 = 256;

/// What became of a submission that was read.
enum Submitted {
    /// It need not be read again.
    Over,
    /// It cannot be checked before the set of those who sign the checkpoint of this epoch is known.
    Later(u64),
    /// There is no room for what it shows.
    Full,
}

impl<C: ChildSource> Watcher<C> {
    pub(super) async fn read_calldata(
        &mut self,
        rpc: &Rpc,
        latest: &Block,
        now: &RootMoment,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<(), RpcError> {
        let rewound = self.records.rewound().unwrap_or(u64::MAX);
        let read = self.kept.calldata.min(rewound);
        self.kept.calldata = read;
        // The position moves on only where both know the newest block.
        if read == latest.number {
            return self.read_again(rpc, latest, now, say).await;
        }
        if !self.both_say(rpc, latest, &About::Head, say).await {
            return Ok(());
        }
        let made = self.created.block.saturating_sub(1);
        let first = latest.number.saturating_sub(match read {
            0 => FIRST_BEHIND,
            _ => MAX_BEHIND,
        });
        if read != 0 && read < first {
            let (from, to) = (read.saturating_add(1), first);
            let place = rpc.place();
            say(&WatchNotice::Blind { place, from, to });
        }
        self.kept.calldata = read.min(latest.number).max(first).max(made);
        let mut checked = 0_usize;
        for _ in 0..MAX_BLOCKS {
            let later = self.kept.later.values().map(BTreeSet::len).sum::<usize>();
            let is_enough = checked >= MAX_CHECKED || later >= MAX_LATER;
            if self.kept.calldata >= latest.number || is_enough {
                break;
            }
            let number = self.kept.calldata.saturating_add(1);
            let Some(count) = self.read_block(rpc, latest, number, now, say).await? else {
                return Ok(());
            };
            checked = checked.saturating_add(count);
            self.kept.calldata = number;
        }
        self.read_again(rpc, latest, now, say).await
    }

    /// Reads the blocks again that show certificates of an epoch whose set is known by now.
    async fn read_again(
        &mut self,
        rpc: &Rpc,
        latest: &Block,
        now: &RootMoment,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<(), RpcError> {
        let epochs: Vec<u64> = self.kept.later.keys().copied().collect();
        let mut left = MAX_BLOCKS;
        for epoch in epochs {
            let signing = epoch.saturating_add(1);
            let at = At::Hash(latest.hash);
            let is_ready = epoch <= self.accepted
                && (self.is_closed(signing, now) || self.find_set(rpc, at, signing, say).await?);
            while is_ready && left > 0 {
                let blocks = self.kept.later.get(&epoch);
                let Some(number) = blocks.and_then(BTreeSet::first).copied() else {
                    self.kept.later.remove(&epoch);
                    break;
                };
                left = left.saturating_sub(1);
                // What still cannot be checked puts it back.
                if let Some(blocks) = self.kept.later.get_mut(&epoch) {
                    blocks.remove(&number);
                }
                let read = self.read_block(rpc, latest, number, now, say).await;
                if !matches!(read, Ok(Some(_))) {
                    self.kept.later.entry(epoch).or_default().insert(number);
                    return read.map(drop);
                }
            }
        }
        Ok(())
    }

    /// Reads a block at all endpoints of root. Gives how many submissions it has; none when there is no room for what they show.
    async fn read_block(
        &mut self,
        rpc: &Rpc,
        latest: &Block,
        number: u64,
        now: &RootMoment,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<Option<usize>, RpcError> {
        let second = self.second.clone();
        let mut count = 0_usize;
        for endpoint in [Some(rpc), second.as_deref()].into_iter().flatten() {
            for input in self.inputs(endpoint, number, say).await? {
                count = count.saturating_add(1);
                match self.read_submission(rpc, latest, &input, now, say).await? {
                    Submitted::Over => {}
                    Submitted::Later(epoch) => {
                        self.kept.later.entry(epoch).or_default().insert(number);
                    }
                    Submitted::Full => return Ok(None),
                }
            }
        }
        Ok(Some(count))
    }

    /// The inputs of a block's transactions to RootChain. An endpoint that gives none is named once and not for each block.
    async fn inputs(
        &mut self,
        endpoint: &Rpc,
        number: u64,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<Vec<Bytes>, RpcError> {
        let place = endpoint.place();
        let told = format!("calldata {place}");
        match endpoint.calldata(number, self.contracts.root_chain).await {
            Ok(inputs) => {
                self.told.remove(&told);
                Ok(inputs)
            }
            Err(RpcError::TooLarge(_) | RpcError::Malformed(_)) => {
                if self.told.insert(told) {
                    let (from, to) = (number, number);
                    say(&WatchNotice::Blind { place, from, to });
                }
                Ok(Vec::new())
            }
            Err(error) => Err(error),
        }
    }

    fn submission(&self, input: &Bytes) -> Option<(Checkpoint, Certificate)> {
        let call = IRootChain::submitCall::abi_decode_validate(input).ok()?;
        let submission = call.submission;
        let signature = submission.signature.as_ref().try_into().ok()?;
        let bitmap = signer_bitmap(&submission.signers);
        let checkpoint = submission.checkpoint.content(self.created.id);
        Some((checkpoint, Certificate { bitmap, signature }))
    }

    async fn read_submission(
        &mut self,
        rpc: &Rpc,
        latest: &Block,
        input: &Bytes,
        now: &RootMoment,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<Submitted, RpcError> {
        let Some((checkpoint, given)) = self.submission(input) else {
            return Ok(Submitted::Over);
        };
        let (epoch, digest) = (checkpoint.epoch, checkpoint.digest());
        let place = self.place(ROOT);
        if epoch >= self.accepted.saturating_add(AHEAD) {
            let reason =
                "root has not accepted the checkpoints before it, so nobody knows who may sign it";
            self.ignore(place, epoch, reason, say);
            return Ok(Submitted::Over);
        }
        let accepted = self.records.acceptance(epoch).cloned();
        let signing = epoch.saturating_add(1);
        let is_accepted = |accepted: &Acceptance| accepted.digest == digest;
        if accepted.as_ref().is_some_and(is_accepted) {
            return Ok(Submitted::Over);
        }
        let about = About::Epoch(signing);
        if self.is_closed(signing, now) {
            if !self.both_say(rpc, latest, &about, say).await {
                return Ok(Submitted::Later(epoch));
            }
            let reason = "reports of those who signed it are closed";
            self.ignore(place, epoch, reason, say);
            return Ok(Submitted::Over);
        }
        let at = At::Hash(latest.hash);
        let is_unread = epoch < self.accepted && accepted.is_none();
        if epoch > self.accepted || is_unread || !self.find_set(rpc, at, signing, say).await? {
            return Ok(Submitted::Later(epoch));
        }
        let members = self.members_of(signing);
        if certificate::verify(members, &digest, &given).is_err() {
            return Ok(match self.both_say(rpc, latest, &about, say).await {
                true => Submitted::Over,
                false => Submitted::Later(epoch),
            });
        }
        if let Some(accepted) = accepted {
            let statement = DoubleStatement::Certificates(Box::new(TwoCertificates {
                checkpoints: [accepted.checkpoint, checkpoint],
                first: None,
                second: given,
            }));
            return Ok(match self.accuse(&place, statement).is_over() {
                true => Submitted::Over,
                false => Submitted::Full,
            });
        }
        if !self.book.add_certificate(ROOT, checkpoint, given) {
            let reason = "more certificates of it stand on root than are kept";
            self.ignore(place, epoch, reason, say);
        }
        Ok(Submitted::Over)
    }
}
