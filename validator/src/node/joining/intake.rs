//! What the engine's state sync brings, compared with root's word, and written once it is whole.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use alloy_primitives::B256;
use plasmid_bridge::proof::checkpoint::Checkpoint;
use tendermint_proto::v0_38::abci::{
    RequestApplySnapshotChunk, RequestOfferSnapshot, ResponseApplySnapshotChunk,
    ResponseOfferSnapshot, response_apply_snapshot_chunk::Result as Applied,
    response_offer_snapshot::Result as Offered,
};

use crate::{
    engine::abci::{Fault, Outcome},
    ledger::Parameters,
    node::{accepted::AcceptedError, config::Home, state_file},
    store::{
        Identity,
        image::taking::{OfferError, SnapshotOffer, Taking, ended_by},
    },
};

/// How long root is not asked again of an epoch that it has not accepted: anybody can offer any number of such ones.
const ASKED_AGAIN: Duration = Duration::from_secs(10);

/// How many parts that lie are told one by one. CometBFT takes parts from whoever was left too, so one stranger can push any number of them.
const TOLD_LIES: u32 = 50;

/// Root's word on the checkpoint of an epoch, which may take its time.
pub type RootWord = Box<dyn Fn(u64) -> Result<Checkpoint, AcceptedError> + Send>;

/// Takes in one state after the other until one is whole.
pub struct StateIntake {
    home: Home,
    whose: (Identity, Parameters),
    word: RootWord,
    /// What root said; it never says anything else of an epoch.
    known: BTreeMap<u64, Checkpoint>,
    /// An epoch that root had not accepted, nor any later one, and since when that is known.
    unaccepted: Option<(u64, Instant)>,
    asked_again: Duration,
    taking: Option<Taking>,
    /// Parts that were refused.
    lies: u32,
    is_done: bool,
}

impl StateIntake {
    /// Takes states of a chain into the folder of a node, whose store nobody has opened. `word` tells what root accepted.
    pub fn new(home: Home, whose: (Identity, Parameters), word: RootWord) -> Self {
        Self {
            home,
            whose,
            word,
            known: BTreeMap::new(),
            unaccepted: None,
            asked_again: ASKED_AGAIN,
            taking: None,
            lies: 0,
            is_done: false,
        }
    }

    /// Whether the folder has a state that was taken in.
    pub fn is_done(&self) -> bool {
        self.is_done
    }

    /// A state that others offer. The engine's light client has verified its app hash.
    ///
    /// # Errors
    /// [`Fault`] for a request that no engine makes.
    pub fn offer(&mut self, request: RequestOfferSnapshot) -> Outcome<ResponseOfferSnapshot> {
        self.taking = None;
        let shown = request
            .snapshot
            .ok_or_else(|| Fault::new("an offer of no snapshot"))?;
        let app_hash = B256::try_from(request.app_hash.as_ref())
            .map_err(|_| Fault::new("the app hash of an offer has not 32 bytes"))?;
        let offer = SnapshotOffer {
            height: shown.height,
            format: shown.format,
            parts: shown.chunks,
            digest: shown.hash.into(),
            shown: shown.metadata.into(),
        };
        let result = match self.begin(&offer, app_hash) {
            Ok(taking) => {
                let (height, parts) = (offer.height, offer.parts);
                tracing::info!(height, parts, "root has accepted this state: it is taken");
                self.taking = Some(taking);
                Offered::Accept
            }
            Err(Unoffered::Refused(error)) => {
                tracing::warn!(height = offer.height, %error, "a state that others offer is refused");
                refusal(&error)
            }
            Err(error) => {
                tracing::warn!(height = offer.height, %error, "a state that others offer is not taken");
                Offered::Reject
            }
        };
        Ok(ResponseOfferSnapshot {
            result: result.into(),
        })
    }

    fn begin(&mut self, offer: &SnapshotOffer, app_hash: B256) -> Result<Taking, Unoffered> {
        let epoch = ended_by(offer.height, self.whose.1.epoch_blocks)?;
        let accepted = match self.known.get(&epoch) {
            Some(known) => *known,
            None => self.ask(epoch)?,
        };
        Ok(Taking::begin(offer, self.whose, &accepted, app_hash)?)
    }

    fn ask(&mut self, epoch: u64) -> Result<Checkpoint, Unoffered> {
        if let Some((first, since)) = self.unaccepted
            && epoch >= first
            && since.elapsed() < self.asked_again
        {
            return Err(Unoffered::Unaccepted { epoch, first });
        }
        let said = (self.word)(epoch);
        if said.as_ref().is_err_and(AcceptedError::is_not_accepted) {
            self.unaccepted = Some((epoch, Instant::now()));
        }
        let said = said?;
        self.known.insert(epoch, said);
        Ok(said)
    }

    /// A part of the state that was taken last. When it is the last one, the state is written and durable before the answer.
    ///
    /// # Errors
    /// [`Fault`] when the state cannot be written.
    pub fn apply(
        &mut self,
        request: RequestApplySnapshotChunk,
    ) -> Outcome<ResponseApplySnapshotChunk> {
        let Some(taking) = &mut self.taking else {
            return Ok(only(Applied::RejectSnapshot));
        };
        let part = request.index;
        match taking.take(part, &request.chunk) {
            Ok(()) if taking.is_whole() => self.finish(),
            Ok(()) => Ok(only(Applied::Accept)),
            Err(error) if error.is_lie() => {
                let sender = request.sender;
                self.lies = self.lies.saturating_add(1);
                if self.lies <= TOLD_LIES {
                    tracing::warn!(part, sender, %error, "a part is refused, and its sender is left");
                }
                if self.lies == TOLD_LIES {
                    tracing::error!(
                        sender,
                        "{TOLD_LIES} parts were refused, and no further one is told of: CometBFT takes parts from those who were left too. Where nothing goes on, stop both, set \
                         pex to false and max_num_inbound_peers to 0 in [p2p] of CometBFT's config.toml, persistent_peers to nodes that you trust, and start both"
                    );
                }
                Ok(ResponseApplySnapshotChunk {
                    result: Applied::Retry.into(),
                    refetch_chunks: vec![part],
                    reject_senders: vec![sender],
                })
            }
            Err(error) => {
                tracing::error!(part, %error, "the state is given up");
                self.taking = None;
                Ok(only(Applied::RejectSnapshot))
            }
        }
    }

    fn finish(&mut self) -> Outcome<ResponseApplySnapshotChunk> {
        let whole = self.taking.take().map(Taking::whole);
        let (heading, tree) = match whole {
            Some(Ok(whole)) => whole,
            Some(Err(error)) => {
                tracing::error!(%error, "the state is given up");
                return Ok(only(Applied::RejectSnapshot));
            }
            None => return Ok(only(Applied::RejectSnapshot)),
        };
        let (height, leaves) = (heading.block.height, tree.count());
        state_file::take_over(&self.home, &heading, tree).map_err(Fault::new)?;
        self.is_done = true;
        tracing::info!(
            height,
            leaves,
            "the state of others was taken, as root accepted it"
        );
        Ok(only(Applied::Accept))
    }
}

/// Why nothing is taken of an offer.
#[derive(Debug, thiserror::Error)]
enum Unoffered {
    #[error(transparent)]
    Refused(#[from] OfferError),
    #[error(transparent)]
    Unknown(#[from] AcceptedError),
    #[error("it is of epoch {epoch}, and root had not accepted epoch {first} a moment ago")]
    Unaccepted { epoch: u64, first: u64 },
}

/// What the engine is told of an offer that is not what root accepted: whoever made it lied, unless it is only of another program. Of one that the engine takes
/// for the true one, those who sent the true one would be left too.
const fn refusal(error: &OfferError) -> Offered {
    match error {
        OfferError::Format(_) => Offered::RejectFormat,
        OfferError::Moved { .. } => Offered::Reject,
        _ => Offered::RejectSender,
    }
}

fn only(result: Applied) -> ResponseApplySnapshotChunk {
    ResponseApplySnapshotChunk {
        result: result.into(),
        ..ResponseApplySnapshotChunk::default()
    }
}

#[cfg(test)]
mod tests;
