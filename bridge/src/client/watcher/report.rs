//! A report as the Court reads it: the evidence, the accused, the claim. Hints that spare the contract square roots are computed here.

use alloy_primitives::{B256, Bytes, U256, keccak256};
use alloy_sol_types::{SolCall, SolValue};
use plasmid_staking::Member;

use crate::abi::{ICourt, IRootChain, signer_bitmap, signer_words};
use crate::client::ceremony::x_coordinate;
use crate::proof::checkpoint::{Certificate, Checkpoint};
use crate::proof::vote::{self, Ballot, VoteStep, VotedBlock};
use crate::proof::{list, set};
use crate::relay::acceptance::Acceptance;
use crate::relay::members;
use crate::relay::watch::statement::{
    DoubleStatement, SignedBallot, TwoCertificates, TwoShares, TwoVotes,
};

/// Two statements in the Court's form.
#[derive(Clone, Debug)]
pub enum CourtEvidence {
    /// Two votes.
    Votes(Box<ICourt::DoubleVote>),
    /// Two checkpoints, each with a share.
    Shares(Box<ICourt::DoubleCheckpoint>),
    /// Two checkpoints, each with a certificate, of which the first may be root's own.
    Certificates(Box<ICourt::DoubleCertificate>),
}

impl CourtEvidence {
    /// The Court's form of statements that were checked against the set of these members; `None` when a point of a signature is on no curve, which no
    /// signature that verifies has.
    #[must_use]
    pub fn of(statement: &DoubleStatement, members: &[Member]) -> Option<Self> {
        Some(match statement {
            DoubleStatement::Votes(votes) => Self::Votes(Box::new(double_vote(votes)?)),
            DoubleStatement::Shares(shares) => {
                let [first, second] = shares.checkpoints.map(|one| (&one).into());
                let [one, two] = shares.shares;
                Self::Shares(Box::new(ICourt::DoubleCheckpoint {
                    first,
                    second,
                    firstShare: one.to_vec().into(),
                    secondShare: two.to_vec().into(),
                }))
            }
            DoubleStatement::Certificates(two) => {
                let [first, second] = two.checkpoints.map(|one| (&one).into());
                let given = match &two.first {
                    Some(first) => certificate(members, first)?,
                    None => ICourt::Certificate::default(),
                };
                Self::Certificates(Box::new(ICourt::DoubleCertificate {
                    first,
                    second,
                    firstCertificate: given,
                    secondCertificate: certificate(members, &two.second)?,
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
            Self::Certificates(two) => ("certificates", two.abi_encode().into()),
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
            "certificates" => ICourt::DoubleCertificate::abi_decode_validate(bytes)
                .ok()
                .map(|two| Self::Certificates(Box::new(two))),
            _ => None,
        }
    }

    /// What a commitment binds.
    #[must_use]
    pub fn hash(&self) -> B256 {
        keccak256(self.encode().1)
    }

    /// The checkpoint whose record it names instead of a certificate.
    #[must_use]
    pub fn named(&self, deployment: &[u8; 20]) -> Option<Checkpoint> {
        match self {
            Self::Certificates(two) if two.firstCertificate.signature.is_empty() => {
                Some(two.first.content(*deployment))
            }
            _ => None,
        }
    }

    /// Of two certificates: who signed the second one.
    #[must_use]
    pub fn second_signers(&self) -> Option<[u8; 64]> {
        match self {
            Self::Certificates(two) => Some(signer_bitmap(&two.secondCertificate.signers)),
            Self::Votes(_) | Self::Shares(_) => None,
        }
    }

    /// The statements that it was made of; `None` when a part has a wrong length, which no evidence has that was checked.
    #[must_use]
    pub fn statement(
        &self,
        accused: &ICourt::Accused,
        deployment: &[u8; 20],
    ) -> Option<DoubleStatement> {
        let contents = |one: &IRootChain::Checkpoint, two: &IRootChain::Checkpoint| {
            [one, two].map(|checkpoint| checkpoint.content(*deployment))
        };
        Some(match self {
            Self::Votes(votes) => DoubleStatement::Votes(Box::new(TwoVotes {
                voter: vote::address(&accused.member.consensusKey.0),
                first: ballot(votes, &votes.first)?,
                second: ballot(votes, &votes.second)?,
            })),
            Self::Shares(shares) => DoubleStatement::Shares(Box::new(TwoShares {
                number: accused.member.number,
                checkpoints: contents(&shares.first, &shares.second),
                shares: [
                    shares.firstShare.as_ref().try_into().ok()?,
                    shares.secondShare.as_ref().try_into().ok()?,
                ],
            })),
            Self::Certificates(two) => DoubleStatement::Certificates(Box::new(TwoCertificates {
                checkpoints: contents(&two.first, &two.second),
                first: match self.named(deployment) {
                    Some(_) => None,
                    None => Some(given(&two.firstCertificate)?),
                },
                second: given(&two.secondCertificate)?,
            })),
        })
    }

    /// The call that reveals it; `accepted` is what root kept of the checkpoint that it names.
    #[must_use]
    pub fn reveal(
        &self,
        accused: ICourt::Accused,
        accepted: ICourt::Kept,
        claim: ICourt::Claim,
    ) -> Vec<u8> {
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
            Self::Certificates(two) => ICourt::revealCertificatesCall {
                evidence: two.as_ref().clone(),
                accused,
                accepted,
                claim,
            }
            .abi_encode(),
        }
    }
}

/// A certificate in the Court's form, with the members who are absent from it.
fn certificate(members: &[Member], given: &Certificate) -> Option<ICourt::Certificate> {
    let absent = members::absent(members, &given.bitmap);
    let numbers: Vec<u32> = absent.iter().map(|member| member.number.into()).collect();
    Some(ICourt::Certificate {
        signers: signer_words(&given.bitmap),
        absentSiblings: members::siblings(members, &numbers).ok()?,
        absent,
        signature: given.signature.to_vec().into(),
    })
}

/// Members of a set, shown with one proof.
pub type ShownMembers = (Vec<IRootChain::SetMember>, Vec<B256>);

/// These members of a set, in ascending order; `None` when one of them is in no set.
#[must_use]
pub fn shown_members(members: &[Member], numbers: &[u16]) -> Option<ShownMembers> {
    let shown = numbers.iter().map(|number| {
        let member = members.get(usize::from(*number))?;
        Some(IRootChain::SetMember::of(*number, member))
    });
    let wide: Vec<u32> = numbers.iter().map(|number| u32::from(*number)).collect();
    Some((
        shown.collect::<Option<_>>()?,
        members::siblings(members, &wide).ok()?,
    ))
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
        first: shown_vote(&votes.first)?,
        second: shown_vote(&votes.second)?,
    })
}

/// The inverse of [`shown_vote`].
fn ballot(votes: &ICourt::DoubleVote, one: &ICourt::Vote) -> Option<SignedBallot> {
    let block = VotedBlock {
        hash: one.id.hash.0,
        parts: one.id.total,
        parts_hash: one.id.partsHash.0,
    };
    let signature = [one.r.0, one.s.0].concat();
    Some(SignedBallot {
        ballot: Ballot {
            step: match votes.kind {
                1 => VoteStep::Prevote,
                _ => VoteStep::Precommit,
            },
            height: votes.height,
            round: votes.round,
            block: (one.id.total > 0).then_some(block),
            secs: one.secs,
            nanos: one.nanos,
        },
        signature: signature.try_into().ok()?,
    })
}

/// The inverse of [`certificate`].
fn given(shown: &ICourt::Certificate) -> Option<Certificate> {
    Some(Certificate {
        bitmap: signer_bitmap(&shown.signers),
        signature: shown.signature.as_ref().try_into().ok()?,
    })
}

fn shown_vote(signed: &SignedBallot) -> Option<ICourt::Vote> {
    let block = signed.ballot.block;
    let (r, s) = signed.signature.split_first_chunk::<32>()?;
    Some(ICourt::Vote {
        id: block
            .map(|block| ICourt::BlockId {
                hash: block.hash.into(),
                total: block.parts,
                partsHash: block.parts_hash.into(),
            })
            .unwrap_or_default(),
        secs: signed.ballot.secs,
        nanos: signed.ballot.nanos,
        r: B256::from(*r),
        s: B256::from_slice(s),
        xR: x_coordinate(r)?,
    })
}

/// What root kept of a checkpoint, as its event showed it; zeros for none.
#[must_use]
pub fn kept(acceptance: Option<&Acceptance>) -> ICourt::Kept {
    acceptance
        .map(|accepted| ICourt::Kept {
            digest: accepted.digest,
            nextSet: accepted.checkpoint.next_set,
            acceptance: accepted.into(),
        })
        .unwrap_or_default()
}

/// A member of a set, shown under what root kept of the checkpoint that commits to the set (`source`; `None` for a set of the genesis). What closes
/// reports is filled in when the report is sent. `None` when there is no such member, or the set cannot be committed to.
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
        set: (&committed).into(),
        member: IRootChain::SetMember::of(number, member),
        siblings: list::prove(&leaves, u32::from(number))?,
        source: kept(source),
        closing: kept(None),
        xKey: x_coordinate(&member.consensus_key).unwrap_or(U256::ZERO),
    })
}
