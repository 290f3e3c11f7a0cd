//! What clients may read: the application, the root chain as it was last seen, and what does not change.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use alloy_primitives::B256;
use plasmid_bridge::{
    proof::{checkpoint::Checkpoint, commitment::BlockCommitment},
    relay::inbox::View,
};
use plasmid_staking::{Member, epoch_of};
use prost::Message;
use tendermint_proto::v0_38::abci::ExecTxResult;

use super::{
    Disk, Facts, Id, KeyState, Located, Look, Names, ReadError, Remembered, Simulated, Source,
    StakedPart, Tip, Trees, Trial, Vitals, Watch, shares::Shares,
};
use crate::{
    app::{App, Newest, pool::Departure, ports::Sight},
    chain::{
        extension::LateShare,
        opened::{OpenedSegment, ShownLeaf},
        tree::Tree,
    },
    ledger::Account,
    store::Included,
};

/// Blocks over which the block time is averaged.
const AVERAGED: u64 = 20;

/// A node's answers.
pub struct Served {
    app: Arc<App>,
    root: Arc<dyn Sight>,
    facts: Facts,
    remembered: Remembered,
    newest: Mutex<Newest>,
    watch: Mutex<Watch>,
    signing: Mutex<KeyState>,
}

impl Served {
    /// Answers from these.
    pub fn new(app: Arc<App>, root: Arc<dyn Sight>, facts: Facts) -> Self {
        let block_time = Duration::from_millis(facts.parameters.block_time_ms.into());
        Self {
            app,
            root,
            facts,
            remembered: Remembered::default(),
            newest: Mutex::default(),
            watch: Mutex::new(Watch::new(Instant::now(), block_time)),
            signing: Mutex::default(),
        }
    }

    /// Tells how this node signs, from now on.
    pub fn sign(&self, signing: KeyState) {
        *self.signing.lock().unwrap_or_else(PoisonError::into_inner) = signing;
    }

    /// Nanoseconds that a block has taken of late.
    fn block_time(&self, tip: &BlockCommitment) -> Option<u64> {
        let before = tip.height.checked_sub(AVERAGED)?;
        let block = self.app.store().block(before).ok()??;
        tip.time
            .checked_sub(block.time)
            .map(|nanos| nanos / AVERAGED)
    }
}

fn located(found: Included) -> Result<Located, ReadError> {
    Ok(Located {
        names: Names {
            hash: found.hash.0,
            digest: found.digest,
        },
        height: found.height,
        index: found.index,
        result: ExecTxResult::decode(found.result.as_slice()).map_err(internal)?,
    })
}

fn internal(error: impl std::fmt::Display) -> ReadError {
    ReadError::Internal(error.to_string())
}

impl Source for Served {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn tip(&self) -> Tip {
        let (block, work) = {
            let state = self.app.state();
            (state.tip, state.work)
        };
        Tip {
            height: block.height,
            time: block.time,
            app_hash: block.hash(),
            durable_height: self.app.store().durable_height().unwrap_or(0),
            block_time: self.block_time(&block),
            work,
        }
    }

    fn moment(&self) -> (u64, u64) {
        let root = self.root.view().finalized.map_or(0, |block| block.number);
        (self.app.height(), root)
    }

    fn with_tree(&self, visit: &mut dyn FnMut(&Tree, u64)) {
        let state = self.app.state();
        visit(&state.tree, state.tip.height);
    }

    fn disk(&self) -> &Disk {
        self.app.disk()
    }

    fn commitment(&self, height: u64) -> Result<Option<BlockCommitment>, ReadError> {
        let tip = self.app.state().tip;
        if height == tip.height {
            return Ok(Some(tip));
        }
        self.app.store().block(height).map_err(ReadError::from)
    }

    fn segments(&self, height: u64) -> Result<Option<Vec<OpenedSegment>>, ReadError> {
        let epoch = epoch_of(height, self.facts.parameters.epoch_blocks).unwrap_or_default();
        Ok(self.app.store().segments(epoch, height)?)
    }

    fn segment_bytes(&self, height: u64, number: u32) -> Result<Option<Vec<u8>>, ReadError> {
        let epoch = epoch_of(height, self.facts.parameters.epoch_blocks).unwrap_or_default();
        Ok(self.app.store().segment_bytes(epoch, height, number)?)
    }

    fn genesis_parameters(&self) -> &ShownLeaf {
        self.app.genesis_parameters()
    }

    fn checkpoint(&self, epoch: u64) -> Result<Option<Checkpoint>, ReadError> {
        Ok(self.app.checkpoint(epoch)?)
    }

    fn signers(&self, trees: &dyn Trees, epoch: u64) -> Result<Option<Vec<Member>>, ReadError> {
        Ok(self.app.signers_by(trees, epoch)?)
    }

    fn shares(&self, epoch: u64) -> Result<Vec<(u16, [u8; 192])>, ReadError> {
        let shares = self.app.store().shares(epoch)?;
        Ok(shares
            .into_iter()
            .filter_map(|share| Some((share.member, share.bytes.try_into().ok()?)))
            .collect())
    }

    fn share_verifies(&self, member: &Member, checkpoint: &Checkpoint, share: &[u8; 192]) -> bool {
        self.app.share_verifies(member, checkpoint, share)
    }

    fn share_verdict(
        &self,
        member: &Member,
        checkpoint: &Checkpoint,
        share: &[u8; 192],
    ) -> Option<bool> {
        self.app.share_verdict(member, checkpoint, share)
    }

    fn imported(&self) -> Option<u64> {
        self.app.store().imported()
    }

    fn locate(&self, id: &Id) -> Result<Option<Located>, ReadError> {
        let key = match id {
            Id::Hash(hash) => B256::from(*hash),
            Id::Digest(digest) => *digest,
        };
        let Some(found) = self.app.included(&key)? else {
            return Ok(None);
        };
        located(found).map(Some)
    }

    fn staked(&self, from: (u64, u32), most: usize) -> Result<StakedPart, ReadError> {
        let part = self.app.staked(from, most, &self.newest)?;
        let found = part.found.into_iter().map(located);
        Ok(StakedPart {
            found: found.collect::<Result<_, _>>()?,
            next: part.next,
        })
    }

    fn waiting(&self, id: &Id) -> Option<Names> {
        let pool = self.app.pool();
        let pending = match id {
            Id::Hash(hash) => pool.get(hash),
            Id::Digest(digest) => pool.with_digest(digest),
        }?;
        Some(Names {
            hash: pending.offer.hash,
            digest: *pending.checked.digest(),
        })
    }

    fn departed(&self, id: &Id) -> Option<Departure> {
        let pool = self.app.pool();
        let hash = match id {
            Id::Hash(hash) => *hash,
            Id::Digest(digest) => pool.gone_with_digest(digest)?,
        };
        pool.why_gone(&hash)
    }

    fn pending(&self) -> usize {
        self.app.pool().len()
    }

    fn pool_percent(&self) -> u64 {
        self.app.pool().percent()
    }

    fn next_sequence(&self, account: &Account, state: u64) -> u64 {
        self.app.pool().next_sequence(account, state)
    }

    fn remembered(&self) -> &Remembered {
        &self.remembered
    }

    fn simulate(&self, bytes: &[u8], trial: Trial) -> Result<Simulated, ReadError> {
        self.app.simulate(bytes, trial).map_err(internal)
    }

    fn root(&self) -> Arc<View> {
        self.root.view()
    }

    fn vitals(&self) -> Vitals {
        let height = self.app.height();
        let failure = self.app.store().failure().map(|error| error.to_string());
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        let view = self.root.view();
        let root_time = view.finalized.map_or(0, |block| block.time);
        let newest = Duration::from_secs(root_time).max(self.app.time());
        let date = SystemTime::now().duration_since(UNIX_EPOCH);
        let look = Look {
            height,
            root: self.root.is_sound(),
            store: failure,
            dates: (date.unwrap_or_default(), newest),
        };
        let signing = self.signing.lock().unwrap_or_else(PoisonError::into_inner);
        Vitals {
            signing: signing.clone(),
            copied: self.app.copied(),
            end: (view.end, view.is_over()),
            ..watch.see(Instant::now(), look)
        }
    }
}

impl Shares for Served {
    fn keep(&self, share: &LateShare) -> Result<(), ReadError> {
        Ok(self.app.keep(share).map(|_| ())?)
    }
}
