//! A report as the Court reads it: the evidence, the accused, the claim. Hints that spare the contract square roots are computed here.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::{SolCall, SolValue};
use plasmid_staking::Member;

use crate::abi::{ICourt, IRootChain};
use crate::client::ceremony::x_coordinate;
use crate::proof::checkpoint::Checkpoint;
use crate::proof::{list, set, vote::VoteStep};
use crate::relay::acceptance::Acceptance;
use crate::relay::watch::statement::{DoubleStatement, SignedBallot, TwoVotes};

/// Two statements in the Court's form.
#[derive(Clone, Debug)]
pub enum CourtEvidence {
    /// Two votes.
    Votes(Box<ICourt::DoubleVote>),
    /// Two checkpoints, each with a share.
    Shares(Box<ICourt::DoubleCheckpoint>),
}

impl CourtEvidence {
    /// The Court's form of statements that were checked; none when a point of a signature is on no curve, which no signature that verifies has.
    #[must_use]
    pub fn of(statement: &DoubleStatement) -> Option<Self> {
        Some(match statement {
            DoubleStatement::Votes(votes) => Self::Votes(Box::new(double_vote(votes)?)),
            DoubleStatement::Shares(shares) => {
                let [first, second] = shares.checkpoints.map(|one| checkpoint(&one));
                let [one, two] = shares.shares;
                Self::Shares(Box::new(ICourt::DoubleCheckpoint {
                    first,
                    second,
                    firstShare: one.to_vec().into(),
                    secondShare: two.to_vec().into(),
                }))
            }
        })
    }

    /// Its kind and its bytes, for a file.
    #[must_use]
    pub fn encode(&self) -> (&'static str, Bytes) {
        match self {
            Self::Votes(votes) => ("votes", votes.abi_encode().into()),
            Self::Shares(shares) => ("checkpoints", shares.abi_encode().into()),
        }
    }

    /// The inverse of [`CourtEvidence::encode`].
    #[must_use]
    pub fn decode(kind: &str, bytes: &[u8]) -> Option<Self> {
        match kind {
            "votes" => ICourt::DoubleVote::abi_decode_validate(bytes)
                .ok()
                .map(|votes| Self::Votes(Box::new(votes))),
            "checkpoints" => ICourt::DoubleCheckpoint::abi_decode_validate(bytes)
                .ok()
                .map(|shares| Self::Shares(Box::new(shares))),
            _ => None,
        }
    }

    /// What a commitment binds.
    #[must_use]
    pub fn hash(&self) -> B256 {
        keccak256(self.encode().1)
    }

    /// The call that reveals it.
    #[must_use]
    pub fn reveal(&self, accused: ICourt::Accused, claim: ICourt::Claim) -> Vec<u8> {
        match self {
            Self::Votes(votes) => ICourt::revealVotesCall {
                evidence: votes.as_ref().clone(),
                accused,
                claim,
            }
            .abi_encode(),
            Self::Shares(shares) => ICourt::revealCheckpointsCall {
                evidence: shares.as_ref().clone(),
                accused,
                claim,
            }
            .abi_encode(),
        }
    }
}

fn double_vote(votes: &TwoVotes) -> Option<ICourt::DoubleVote> {
    let ballot = &votes.first.ballot;
    Some(ICourt::DoubleVote {
        kind: match ballot.step {
            VoteStep::Prevote => 1,
            VoteStep::Precommit => 2,
        },
        height: ballot.height,
        round: ballot.round,
        first: vote(&votes.first)?,
        second: vote(&votes.second)?,
    })
}

fn vote(signed: &SignedBallot) -> Option<ICourt::Vote> {
    let block = signed.ballot.block;
    let (r, s) = signed.signature.split_first_chunk::<32>()?;
    Some(ICourt::Vote {
        id: block.map_or(
            ICourt::BlockId {
                hash: B256::ZERO,
                total: 0,
                partsHash: B256::ZERO,
            },
            |block| ICourt::BlockId {
                hash: block.hash.into(),
                total: block.parts,
                partsHash: block.parts_hash.into(),
            },
        ),
        secs: signed.ballot.secs,
        nanos: signed.ballot.nanos,
        r: B256::from(*r),
        s: B256::from_slice(s),
        xR: x_coordinate(r)?,
    })
}

fn checkpoint(one: &Checkpoint) -> IRootChain::Checkpoint {
    IRootChain::Checkpoint {
        epoch: one.epoch,
        lastBlockTime: one.last_block_time,
        blocksRoot: one.blocks_root,
        stateRoot: one.state_root,
        inboxCursor: one.inbox_cursor,
        inboxHash: one.inbox_link,
        nextSet: one.next_set,
        relayer: Address::from(one.relayer),
        previous: one.previous,
    }
}

/// What root kept of a checkpoint, as its event showed it; zeros for none.
#[must_use]
pub fn kept(acceptance: Option<&Acceptance>) -> ICourt::Kept {
    let word = |bytes: &[u8]| B256::try_from(bytes).unwrap_or_default();
    let none = Acceptance {
        epoch: 0,
        digest: B256::ZERO,
        carrier: Address::ZERO,
        checkpoint: Checkpoint {
            deployment: [0; 20],
            epoch: 0,
            last_block_time: 0,
            blocks_root: B256::ZERO,
            state_root: B256::ZERO,
            inbox_cursor: 0,
            inbox_link: B256::ZERO,
            next_set: B256::ZERO,
            relayer: [0; 20],
            previous: B256::ZERO,
        },
        signers: [0; 64],
        time: 0,
        block: 0,
        due_count: 0,
        tau: 0,
    };
    let acceptance = acceptance.unwrap_or(&none);
    let (low, high) = acceptance.signers.split_at(32);
    ICourt::Kept {
        digest: acceptance.digest,
        nextSet: acceptance.checkpoint.next_set,
        acceptance: IRootChain::Acceptance {
            signers: [word(low), word(high)],
            time: acceptance.time,
            blockNumber: acceptance.block,
            dueCount: acceptance.due_count,
        },
    }
}

/// A member of a set, shown under what root kept of the checkpoint that commits to the set: none for the sets of the genesis. What closes
/// reports is filled in when the report is sent. None when there is no such member, or the set cannot be committed to.
#[must_use]
pub fn accused(
    members: &[Member],
    place: usize,
    source: Option<&Acceptance>,
) -> Option<ICourt::Accused> {
    let committed = set::commit(members).ok()?;
    let member = members.get(place)?;
    let leaves: Vec<B256> = members.iter().map(set::member_leaf).collect();
    let number = u16::try_from(place).ok()?;
    Some(ICourt::Accused {
        set: IRootChain::Set {
            membersRoot: committed.members_root,
            count: committed.count,
            aggregateKey: committed.aggregate.to_vec().into(),
            totalPower: committed.total,
        },
        member: IRootChain::SetMember {
            number,
            seat: member.marked_seat(),
            operator: member.operator.into(),
            registration: member.registration,
            consensusKey: member.consensus_key.into(),
            checkpointKey: member.checkpoint_key.to_vec().into(),
            power: member.power,
        },
        siblings: list::prove(&leaves, u32::from(number))?,
        source: kept(source),
        closing: kept(None),
        xKey: x_coordinate(&member.consensus_key).unwrap_or(U256::ZERO),
    })
}
