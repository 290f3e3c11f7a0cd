//! PrepareProposal and ProcessProposal.

use std::sync::Arc;

use alloy_primitives::B256;
use plasmid_staking::Member;
use tendermint_proto::v0_38::abci::{
    ExtendedCommitInfo, RequestPrepareProposal, RequestProcessProposal, ResponsePrepareProposal,
    ResponseProcessProposal, response_process_proposal::ProposalStatus,
};

use super::expect_next;
use crate::app::pool::Feed;
use crate::app::state::State;
use crate::app::verdicts::Verdicts;
use crate::app::{App, Judged, convert, lock};
use crate::chain::error::{Error, Invalid};
use crate::chain::execute::{Block, Checker, Executed, execute};
use crate::chain::propose::{Candidates, ExtendedVote, NodeView, Request, propose};
use crate::chain::tally::CommitVote;
use crate::engine::abci::{Fault, Outcome};

/// Proposals of one height that are remembered with their outcome.
const REMEMBERED: usize = 4;

/// What a block came to on this node's state.
pub(in crate::app) enum Judgement {
    /// It breaks no rule; this is what it does.
    Valid(Box<Executed>),
    /// The rule that it breaks.
    Invalid(Invalid),
}

impl App {
    pub(in crate::app) fn on_prepare_proposal(
        &self,
        request: &RequestPrepareProposal,
    ) -> Outcome<ResponsePrepareProposal> {
        // Only the pool's: the engine's list may hold what the pool has given up since it was asked about it.
        let admits = |body: &_| self.check_end(body).is_ok();
        self.build(request, &mut Feed::new(&self.pool, admits))
    }

    /// Builds a block from these candidates.
    pub(in crate::app) fn build(
        &self,
        request: &RequestPrepareProposal,
        candidates: &mut dyn Candidates,
    ) -> Outcome<ResponsePrepareProposal> {
        let state = self.state();
        let height = convert::height(request.height)?;
        expect_next(&state, height)?;
        let (round, votes) = extended(request.local_last_commit.as_ref())?;
        self.saw_late(&votes);
        let misbehavior = convert::misbehavior(&request.misbehavior)?;
        let asked = Request {
            height,
            time: convert::time(request.time.as_ref())?,
            proposer: convert::address(&request.proposer_address)?,
            round,
            votes: &votes,
            misbehavior: &misbehavior,
            max_bytes: u64::try_from(request.max_tx_bytes).map_err(Fault::new)?,
        };
        let known = KnownHere {
            app: self,
            state: &state,
        };
        let transactions = propose(&state.tree, &self.deployment, &asked, &known, candidates)
            .map_err(Fault::new)?;
        Ok(ResponsePrepareProposal {
            txs: transactions.into_iter().map(Into::into).collect(),
        })
    }

    pub(in crate::app) fn on_process_proposal(
        &self,
        request: &RequestProcessProposal,
    ) -> Outcome<ResponseProcessProposal> {
        let height = convert::height(request.height)?;
        let hash = convert::hash(&request.hash)?;
        let (round, votes) = convert::commit(request.proposed_last_commit.as_ref())?;
        let misbehavior = convert::misbehavior(&request.misbehavior)?;
        let transactions: Vec<&[u8]> = request.txs.iter().map(AsRef::as_ref).collect();
        let block = Block {
            height,
            time: convert::time(request.time.as_ref())?,
            proposer: convert::address(&request.proposer_address)?,
            round,
            votes: &votes,
            misbehavior: &misbehavior,
            transactions: &transactions,
        };
        let verdicts = Verdicts { pool: &self.pool };
        let status = match self.judge_block(&block, &verdicts)? {
            Judgement::Valid(executed) => {
                self.remember(height, hash, *executed);
                ProposalStatus::Accept
            }
            Judgement::Invalid(why) => {
                tracing::warn!(height, block = %hash, %why, "proposal refused");
                ProposalStatus::Reject
            }
        };
        Ok(ResponseProcessProposal {
            status: status.into(),
        })
    }

    /// Executes a block on the state at the tip and judges it.
    ///
    /// # Errors
    /// [`Fault`] when this node cannot judge any block.
    pub(in crate::app) fn judge_block(
        &self,
        block: &Block<'_>,
        checker: &dyn Checker,
    ) -> Result<Judgement, Fault> {
        let state = self.state();
        expect_next(&state, block.height)?;
        match execute(&state.tree, &self.deployment, block, checker) {
            Ok(executed) => Ok(Judgement::Valid(Box::new(executed))),
            Err(Error::Invalid(why)) => Ok(Judgement::Invalid(why)),
            Err(Error::Fault(fault)) => Err(Fault::new(fault)),
        }
    }

    /// The outcome of a proposal that was judged before.
    pub(super) fn recall(&self, height: u64, hash: &B256) -> Option<Arc<Executed>> {
        let judged = lock(&self.judged);
        let found = judged
            .iter()
            .find(|one| one.height == height && one.hash == *hash);
        found.map(|one| Arc::clone(&one.executed))
    }

    fn remember(&self, height: u64, hash: B256, executed: Executed) {
        let mut judged = lock(&self.judged);
        judged.retain(|one| one.height == height && one.hash != hash);
        if judged.len() >= REMEMBERED {
            judged.remove(0);
        }
        judged.push(Judged {
            height,
            hash,
            executed: Arc::new(executed),
        });
    }
}

/// The round and the entries of the local last commit with their extensions.
fn extended(commit: Option<&ExtendedCommitInfo>) -> Result<(u32, Vec<ExtendedVote<'_>>), Fault> {
    let Some(commit) = commit else {
        return Ok((0, Vec::new()));
    };
    let votes = commit.votes.iter().map(|vote| {
        let validator = vote.validator.as_ref();
        Ok(ExtendedVote {
            vote: CommitVote {
                address: convert::address(validator.map_or(&[], |validator| &validator.address))?,
                flag: convert::flag(vote.block_id_flag)?,
            },
            extension: &vote.vote_extension,
            signature: &vote.extension_signature,
        })
    });
    Ok((
        convert::round(commit.round)?,
        votes.collect::<Result<_, Fault>>()?,
    ))
}

/// What this node knows when it proposes.
struct KnownHere<'a> {
    app: &'a App,
    state: &'a State,
}

impl NodeView for KnownHere<'_> {
    fn message(&self, index: u64) -> Option<Vec<u8>> {
        self.app.surroundings.outlook.message(index)
    }

    fn share_verifies(&self, member: &Member, epoch: u64, share: &[u8; 192]) -> bool {
        let Some(checkpoint) = self.state.checkpoints.get(&epoch) else {
            return false;
        };
        let height = self.state.next_height();
        let verdicts = &self.app.shares;
        verdicts.verifies_at(height, member, checkpoint, share)
    }
}
