//! Which votes a block carries, and the record and messages that follow from them.

use std::collections::BTreeMap;

use alloy_primitives::B256;
use plasmid_bridge::proof::inbox::{self, Message};
use plasmid_bridge::proof::vote;
use plasmid_staking::Member;

use super::{ExtendedVote, NodeView, Request};
use crate::chain::bitmap::Bitmap;
use crate::chain::error::{Error, Invalid};
use crate::chain::record::{CarriedVote, Executing, MESSAGE, Record, RecordWitness};
use crate::chain::tally::{Flag, Report, Voting, check_vote, participation, supported, tally};
use crate::ledger::Parameters;

/// The record and its messages.
pub(super) struct Input {
    pub(super) record: Record,
    pub(super) messages: Vec<(Vec<u8>, Message)>,
}

impl Input {
    pub(super) fn choose<E: std::error::Error + 'static>(
        request: &Request<'_>,
        voting: &Voting<'_>,
        parameters: &Parameters,
        known: &dyn NodeView,
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
    ) -> Result<Self, Invalid> {
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
    witness: RecordWitness,
    messages: Vec<(Vec<u8>, Message)>,
}

impl Choice {
    fn make<E: std::error::Error + 'static>(
        request: &Request<'_>,
        voting: &Voting<'_>,
        parameters: &Parameters,
        known: &dyn NodeView,
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
            witness: RecordWitness {
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
    known: &dyn NodeView,
) -> Result<Vec<Sound>, Error<E>> {
    let judge = Judge {
        voting,
        present: participation(voting)?,
        signed: plasmid_staking::epoch_of(voting.height, parameters.epoch_blocks)
            .and_then(|epoch| epoch.checked_sub(1)),
        known,
    };
    let members = voting.members.iter();
    let by_address: BTreeMap<[u8; 20], &Member> = members
        .map(|member| (vote::address(&member.consensus_key), member))
        .collect();
    let mut out: Vec<Sound> = request
        .votes
        .iter()
        .filter_map(|vote| judge.sound(by_address.get(&vote.vote.address)?, vote))
        .collect();
    out.sort_by_key(|vote| vote.carried.seat);
    Ok(out)
}

/// What one vote is judged by.
struct Judge<'a> {
    voting: &'a Voting<'a>,
    present: Bitmap,
    /// The epoch whose checkpoint these votes sign, if any.
    signed: Option<u64>,
    known: &'a dyn NodeView,
}

impl Judge<'_> {
    fn sound(&self, member: &Member, vote: &ExtendedVote<'_>) -> Option<Sound> {
        if vote.vote.flag != Flag::Commit {
            return None;
        }
        let carried = CarriedVote {
            seat: member.seat,
            extension: vote.extension.to_vec(),
            signature: vote.signature.try_into().ok()?,
        };
        let checked = check_vote(self.voting, &self.present, &carried).ok()?;
        if let Some(share) = checked.share
            && !self.known.share_verifies(member, self.signed?, &share)
        {
            return None;
        }
        Some(Sound {
            carried,
            sets_bit: checked.share.is_some(),
            report: checked.report,
        })
    }
}

/// The messages past the cursor as this node knows them, at most M, with their links.
struct Chain {
    links: Vec<(u64, B256)>,
    messages: Vec<(Vec<u8>, Message)>,
}

impl Chain {
    fn follow(voting: &Voting<'_>, known: &dyn NodeView) -> Self {
        let mut chain = Self {
            links: Vec::new(),
            messages: Vec::new(),
        };
        let mut at = (voting.cursor, voting.link);
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
            .binary_search(&(report.cursor, report.link))
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
