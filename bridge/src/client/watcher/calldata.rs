//! Certificates in the calldata of transactions to RootChain, also of those that failed: whoever carries a second certified checkpoint to root shows it
//! to everybody.
//!
//! Calls that another contract makes are not seen. After a long stop the newest blocks are read, and the others are said to be left out.

use alloy_primitives::Bytes;
use alloy_sol_types::SolCall;

use super::{ChildSource, DoubleStatement, IRootChain, ROOT, Rpc, RpcError, WatchNotice, Watcher};
use crate::abi::signer_bitmap;
use crate::proof::checkpoint::Certificate;
use crate::relay::seen::Block;
use crate::relay::watch::statement::TwoCertificates;

/// Blocks that are read in one look, at most.
const MAX_BLOCKS: usize = 16;
/// Blocks behind the newest one that are read, at most.
const MAX_BEHIND: u64 = 4_096;
/// Blocks behind the newest one from which a watcher begins.
const FIRST_BEHIND: u64 = 256;

impl<C: ChildSource> Watcher<C> {
    pub(super) async fn read_calldata(
        &mut self,
        rpc: &Rpc,
        latest: &Block,
        say: &mut impl FnMut(&WatchNotice),
    ) -> Result<(), RpcError> {
        let rewound = self.records.rewound().unwrap_or(u64::MAX);
        let read = self.kept.calldata.min(rewound).min(latest.number);
        let made = self.created.block.saturating_sub(1);
        let first = latest.number.saturating_sub(match self.kept.calldata {
            0 => FIRST_BEHIND,
            _ => MAX_BEHIND,
        });
        if read != 0 && read < first {
            let (from, to) = (read.saturating_add(1), first);
            let place = rpc.place();
            say(&WatchNotice::Blind { place, from, to });
        }
        self.kept.calldata = read.max(first).max(made);
        for _ in 0..MAX_BLOCKS {
            if self.kept.calldata >= latest.number {
                break;
            }
            let number = self.kept.calldata.saturating_add(1);
            let told = format!("calldata {}", rpc.place());
            match rpc.calldata(number, self.contracts.root_chain).await {
                Ok(inputs) => {
                    self.told.remove(&told);
                    for input in inputs {
                        self.read_submission(&input);
                    }
                }
                // An endpoint that gives none is named once and not for each block.
                Err(RpcError::TooLarge(_) | RpcError::Malformed(_)) => {
                    if self.told.insert(told) {
                        let (place, from, to) = (rpc.place(), number, number);
                        say(&WatchNotice::Blind { place, from, to });
                    }
                }
                Err(error) => return Err(error),
            }
            self.kept.calldata = number;
        }
        Ok(())
    }

    fn read_submission(&mut self, input: &Bytes) {
        let Ok(call) = IRootChain::submitCall::abi_decode_validate(input) else {
            return;
        };
        let submission = call.submission;
        let Ok(signature) = submission.signature.as_ref().try_into() else {
            return;
        };
        let checkpoint = submission.checkpoint.content(self.created.id);
        let certificate = Certificate {
            bitmap: signer_bitmap(&submission.signers),
            signature,
        };
        let accepted = self.records.acceptance(checkpoint.epoch);
        if let Some(accepted) = accepted
            && accepted.digest != checkpoint.digest()
        {
            let statement = DoubleStatement::Certificates(Box::new(TwoCertificates {
                checkpoints: [accepted.checkpoint, checkpoint],
                first: None,
                second: certificate,
            }));
            let place = self.place(ROOT);
            self.accuse(&place, statement);
        } else if self.window.contains(&checkpoint.epoch) {
            self.book.add_certificate(ROOT, checkpoint, certificate);
        }
    }
}
