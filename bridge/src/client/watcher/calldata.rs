//! Certificates in the calldata of transactions to RootChain, also of those that failed: whoever carries a second certified checkpoint to root shows it
//! to everybody. Each is checked against the set that root committed to before it takes any room, so what is invented hides nothing; where that set is
//! not known yet, reading waits for it.
//!
//! Calls that another contract makes are not seen, nor checkpoints behind the next one that root can accept, whose sets nobody knows. After a long stop
//! the newest blocks are read, and the others are said to be left out. With a second endpoint of root, the calldata of both are read.

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
use crate::relay::seen::Block;
use crate::relay::watch::statement::TwoCertificates;

/// Blocks that are read in one look, at most.
const MAX_BLOCKS: usize = 16;
/// Certificates of one look behind which no further block is read: each takes a few milliseconds.
const MAX_CHECKED: usize = 256;
/// Blocks behind the newest one that are read, at most.
const MAX_BEHIND: u64 = 4_096;
/// Blocks behind the newest one from which a watcher begins.
const FIRST_BEHIND: u64 = 256;

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
        if read == latest.number || !self.both_say(rpc, latest, &About::Head, say).await {
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
            if self.kept.calldata >= latest.number || checked >= MAX_CHECKED {
                break;
            }
            let number = self.kept.calldata.saturating_add(1);
            let second = self.second.clone();
            for endpoint in [Some(rpc), second.as_deref()].into_iter().flatten() {
                for input in self.inputs(endpoint, number, say).await? {
                    checked = checked.saturating_add(1);
                    let at = At::Hash(latest.hash);
                    if !self.read_submission(rpc, at, &input, now, say).await? {
                        return Ok(());
                    }
                }
            }
            self.kept.calldata = number;
        }
        Ok(())
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

    /// Gives whether it need not be read again.
    async fn read_submission(
        &mut self,
        rpc: &Rpc,
        at: At,
        input: &Bytes,
        now: &RootMoment,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<bool, RpcError> {
        let Some((checkpoint, given)) = self.submission(input) else {
            return Ok(true);
        };
        let (epoch, digest) = (checkpoint.epoch, checkpoint.digest());
        let place = self.place(ROOT);
        if epoch > self.accepted {
            let reason =
                "root has not accepted the checkpoint before it, so nobody knows who may sign it";
            self.ignore(place, epoch, reason, say);
            return Ok(true);
        }
        let accepted = self.records.acceptance(epoch).cloned();
        let signing = epoch.saturating_add(1);
        if accepted
            .as_ref()
            .is_some_and(|accepted| accepted.digest == digest)
        {
            return Ok(true);
        }
        if self.is_closed(signing, now) {
            self.ignore(
                place,
                epoch,
                "reports of those who signed it are closed",
                say,
            );
            return Ok(true);
        }
        if (epoch < self.accepted && accepted.is_none())
            || !self.find_set(rpc, at, signing, say).await?
        {
            return Ok(false);
        }
        let members = self.sets.get(&signing).map_or(&[][..], Vec::as_slice);
        if certificate::verify(members, &digest, &given).is_err() {
            return Ok(true);
        }
        if let Some(accepted) = accepted {
            let statement = DoubleStatement::Certificates(Box::new(TwoCertificates {
                checkpoints: [accepted.checkpoint, checkpoint],
                first: None,
                second: given,
            }));
            return Ok(self.accuse(&place, statement).is_over());
        }
        if !self.book.add_certificate(ROOT, checkpoint, given) {
            self.ignore(
                place,
                epoch,
                "more certificates of it stand on root than are kept",
                say,
            );
        }
        Ok(true)
    }
}
