//! PrepareProposal: which votes, messages and transactions a block carries.
//!
//! ```text
//! votes with extensions ──► those that keep the rules, whose share verifies ──► tally over our own view of the inbox
//!        └─ the cursor moves: reports that count, and new shares         └─ it does not: new shares only
//! record │ messages │ misbehavior │ candidates in their order, each tried on the state, dropped when it does not apply
//! ```
//! It shares tally and run with execution, so what it gives every honest node accepts.

use alloy_primitives::B256;
use plasmid_bridge::proof::inbox;
use plasmid_bridge::proof::inbox::Message;
use plasmid_staking::Member;

use super::error::{Error, Fault};
use super::evidence::{self, Misbehavior};
use super::execute::{Deployment, VoteState, context};
use super::extension::Extension;
use super::overlay::Reads;
use super::record::{CarriedVote, Executing, MESSAGE, Record, Witness};
use super::run::{Refused, Run};
use super::sets::parameters;
use super::tally::{CommitVote, Flag, Report, Voting, check_vote, participation, supported, tally};
use super::transition::Moment;
use crate::ledger::{CheckedTransaction, Parameters};

/// One entry of the local last commit.
#[derive(Clone, Copy, Debug)]
pub struct ExtendedVote<'a> {
    /// The voter's consensus address, and what it did.
    pub vote: CommitVote,
    /// Its extension; late ones come unverified.
    pub extension: &'a [u8],
    /// The engine's signature over it.
    pub signature: &'a [u8],
}

/// What the engine asks for.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The block's height.
    pub height: u64,
    /// Its time, nanoseconds.
    pub time: u64,
    /// Our consensus address.
    pub proposer: [u8; 20],
    /// The round of the last commit.
    pub round: u32,
    /// The last commit with extensions.
    pub votes: &'a [ExtendedVote<'a>],
    /// Misbehavior that the block must carry.
    pub misbehavior: &'a [Misbehavior],
    /// Bytes that all transactions may take, as the engine counts them.
    pub max_bytes: u64,
}

/// What this node knows besides its state.
pub trait Known {
    /// The bytes of an inbox message that root has finalized, as this node saw it.
    fn message(&self, index: u64) -> Option<Vec<u8>>;

    /// Whether a member's share over the checkpoint of `epoch` verifies.
    fn share_verifies(&self, member: &Member, epoch: u64, share: &[u8; 192]) -> bool;
}

/// A candidate: canonical bytes and their verdict.
pub type Candidate<'a> = (&'a [u8], &'a CheckedTransaction);

/// Builds a block.
///
/// # Errors
/// [`Error::Invalid`] when the request itself cannot be the base of any valid block, [`Error::Fault`] when the node is broken.
pub fn propose<'c, R: Reads>(
    reads: &R,
    deployment: &Deployment,
    request: &Request<'_>,
    known: &dyn Known,
    candidates: impl Iterator<Item = Candidate<'c>>,
) -> Result<Vec<Vec<u8>>, Error<R::Error>> {
    let parameters = parameters(reads)?;
    let state = VoteState::read(reads, request.height, &parameters)?;
    let commit: Vec<CommitVote> = request.votes.iter().map(|vote| vote.vote).collect();
    let voting = state.voting(deployment, request.round, &commit, &parameters);
    let input = Input::choose(request, &voting, &parameters, known)?;
    let moment = Moment {
        height: request.height,
        time: request.time,
    };
    let context = context(deployment, request.height, &parameters);
    let mut block = Builder {
        run: Run::new(reads, moment, context),
        transactions: Vec::new(),
        left: request.max_bytes,
    };
    block.fixed(request, &input)?;
    block.users(candidates, parameters.max_block_transactions)?;
    Ok(block.transactions)
}

/// The record and its messages.
struct Input {
    record: Record,
    messages: Vec<(Vec<u8>, Message)>,
}

impl Input {
    fn choose<E: std::error::Error + 'static>(
        request: &Request<'_>,
        voting: &Voting<'_>,
        parameters: &Parameters,
        known: &dyn Known,
    ) -> Result<Self, Error<E>> {
        let chosen = Choice::make(request, voting, parameters, known)?;
        match Self::assemble(request, voting, chosen) {
            Ok(input) => Ok(input),
            Err(_) => Ok(Self::assemble(request, voting, Choice::default())?),
        }
    }

    fn assemble(
        request: &Request<'_>,
        voting: &Voting<'_>,
        choice: Choice,
    ) -> Result<Self, super::error::Invalid> {
        let hashes: Vec<B256> = choice
            .messages
            .iter()
            .map(|(bytes, _)| inbox::message_hash(bytes.get(1..).unwrap_or_default()))
            .collect();
        let tally = tally(voting, &choice.witness, &hashes)?;
        let executing = Executing {
            height: request.height,
            time: request.time,
            proposer: request.proposer,
            participation: tally.participation,
            shares: tally.shares,
            cursor: tally.cursor,
            hash: tally.hash,
        };
        let witness = choice.witness;
        Ok(Self {
            record: Record { executing, witness },
            messages: choice.messages,
        })
    }
}

/// Which votes are carried, and what they bring.
#[derive(Default)]
struct Choice {
    witness: Witness,
    messages: Vec<(Vec<u8>, Message)>,
}

impl Choice {
    fn make<E: std::error::Error + 'static>(
        request: &Request<'_>,
        voting: &Voting<'_>,
        parameters: &Parameters,
        known: &dyn Known,
    ) -> Result<Self, Error<E>> {
        let sound = sound_votes(request, voting, parameters, known)?;
        let chain = Chain::follow(voting, known);
        let counting: Vec<Report> = sound
            .iter()
            .map(|vote| vote.report)
            .filter(|report| chain.holds(report))
            .collect();
        let moves = supported(voting.members, &counting);
        let highest = counting.iter().map(|report| report.cursor).max();
        let carried = sound
            .into_iter()
            .filter(|vote| vote.sets_bit || (moves.is_some() && chain.holds(&vote.report)))
            .map(|vote| vote.carried)
            .collect();
        let (messages, hashes) = match (moves, highest) {
            (Some(to), Some(highest)) => chain.cut(to, highest),
            _ => Default::default(),
        };
        Ok(Self {
            witness: Witness {
                votes: carried,
                hashes,
            },
            messages,
        })
    }
}

/// A vote that the rules allow in a block.
struct Sound {
    carried: CarriedVote,
    sets_bit: bool,
    report: Report,
}

/// Votes that keep every rule and whose share, where it would set a bit, verifies; ascending by seat.
fn sound_votes<E: std::error::Error + 'static>(
    request: &Request<'_>,
    voting: &Voting<'_>,
    parameters: &Parameters,
    known: &dyn Known,
) -> Result<Vec<Sound>, Error<E>> {
    let present = participation(voting)?;
    let epoch = plasmid_staking::epoch_of(voting.height, parameters.epoch_blocks);
    let by_address: std::collections::BTreeMap<[u8; 20], &Member> = voting
        .members
        .iter()
        .map(|member| {
            let address = plasmid_bridge::proof::vote::address(&member.consensus_key);
            (address, member)
        })
        .collect();
    let mut out: Vec<Sound> = Vec::new();
    for vote in request
        .votes
        .iter()
        .filter(|vote| vote.vote.flag == Flag::Commit)
    {
        let Some(member) = by_address.get(&vote.vote.address) else {
            continue;
        };
        let Ok(signature) = <[u8; 64]>::try_from(vote.signature) else {
            continue;
        };
        let carried = CarriedVote {
            seat: member.seat,
            extension: vote.extension.to_vec(),
            signature,
        };
        let Ok(checked) = check_vote(voting, &present, &carried) else {
            continue;
        };
        let share = Extension::decode(vote.extension)
            .ok()
            .and_then(|extension| extension.share);
        let verifies = |share: &[u8; 192]| {
            let signed = epoch.and_then(|epoch| epoch.checked_sub(1));
            signed.is_some_and(|epoch| known.share_verifies(member, epoch, share))
        };
        if checked.sets_bit && !share.as_ref().is_some_and(verifies) {
            continue;
        }
        out.push(Sound {
            carried,
            sets_bit: checked.sets_bit,
            report: checked.report,
        });
    }
    out.sort_by_key(|vote| vote.carried.seat);
    Ok(out)
}

/// The messages past the cursor as this node knows them, at most M, with their links.
struct Chain {
    links: Vec<(u64, B256)>,
    messages: Vec<(Vec<u8>, Message)>,
}

impl Chain {
    fn follow(voting: &Voting<'_>, known: &dyn Known) -> Self {
        let mut chain = Self {
            links: Vec::new(),
            messages: Vec::new(),
        };
        let mut at = (voting.cursor, voting.hash);
        for _ in 0..voting.batch {
            let index = at.0.saturating_add(1);
            let Some(message) = known.message(index) else {
                break;
            };
            let Ok(decoded) = Message::decode(&message) else {
                break;
            };
            if decoded.index != index {
                break;
            }
            at = (
                index,
                inbox::link(index, &at.1, &inbox::message_hash(&message)),
            );
            chain.links.push(at);
            let mut bytes = vec![MESSAGE];
            bytes.extend(message);
            chain.messages.push((bytes, decoded));
        }
        chain
    }

    fn holds(&self, report: &Report) -> bool {
        self.links
            .binary_search(&(report.cursor, report.hash))
            .is_ok()
    }

    /// Messages up to the supported cursor, and bare hashes from there up to the highest report.
    fn cut(self, supported: u64, highest: u64) -> (Vec<(Vec<u8>, Message)>, Vec<B256>) {
        let mut messages = Vec::new();
        let mut hashes = Vec::new();
        for ((index, _), (bytes, message)) in self.links.into_iter().zip(self.messages) {
            if index <= supported {
                messages.push((bytes, message));
            } else if index <= highest {
                hashes.push(message.hash());
            }
        }
        (messages, hashes)
    }
}

/// A block being filled.
struct Builder<'a, R> {
    run: Run<'a, R>,
    transactions: Vec<Vec<u8>>,
    left: u64,
}

impl<R: Reads> Builder<'_, R> {
    /// The record, messages and misbehavior: genesis makes sure that they always fit.
    fn fixed(&mut self, request: &Request<'_>, input: &Input) -> Result<(), Error<R::Error>> {
        self.run
            .record(&input.record.executing)
            .map_err(unexpected)?;
        self.push(input.record.encode());
        for (bytes, message) in &input.messages {
            self.run.message(bytes, message).map_err(unexpected)?;
            self.push(bytes.clone());
        }
        for misbehavior in evidence::distinct(request.misbehavior) {
            let bytes = misbehavior.encode(request.height);
            self.run.misbehavior(&bytes).map_err(unexpected)?;
            self.push(bytes);
        }
        Ok(())
    }

    fn users<'c>(
        &mut self,
        candidates: impl Iterator<Item = Candidate<'c>>,
        limit: u32,
    ) -> Result<(), Error<R::Error>> {
        for (bytes, transaction) in candidates {
            if self.run.transactions() >= limit {
                break;
            }
            if proto_bytes(bytes.len()) > self.left {
                continue;
            }
            match self.run.user(bytes, transaction) {
                Ok(()) => self.push(bytes.to_vec()),
                Err(Refused::Reject(_) | Refused::TooLarge(_)) => {}
                Err(Refused::Fault(fault)) => return Err(fault.into()),
            }
        }
        Ok(())
    }

    fn push(&mut self, bytes: Vec<u8>) {
        self.left = self.left.saturating_sub(proto_bytes(bytes.len()));
        self.transactions.push(bytes);
    }
}

/// Bytes of a transaction in the engine's count: a protobuf field of bytes (tag, varint length, content).
pub fn proto_bytes(length: usize) -> u64 {
    let length = u64::try_from(length).unwrap_or(u64::MAX);
    let bits = u64::from(64u32.saturating_sub(length.leading_zeros())).max(1);
    length.saturating_add(1).saturating_add(bits.div_ceil(7))
}

/// What a proposer makes itself always applies; that it does not is the node's fault.
fn unexpected<E: std::error::Error + 'static>(refused: Refused<E>) -> Error<E> {
    match refused {
        Refused::Fault(fault) => fault.into(),
        Refused::Reject(reject) => Fault::Proposal(reject.to_string()).into(),
        Refused::TooLarge(large) => Fault::Proposal(format!("{large:?}")).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_counted_as_protobuf_fields_are() {
        for (length, expected) in [
            (0, 2),
            (1, 3),
            (127, 129),
            (128, 131),
            (16_383, 16_386),
            (16_384, 16_388),
        ] {
            assert_eq!(proto_bytes(length), expected, "{length} bytes");
        }
    }
}
