//! Vectors of the court: sign bytes of votes, commitments of reports, cuts, and who is in two certificates.

use serde_json::{Value, json};

use super::{ROOT_CHAIN_ID, address, deployment, hex, word};
use crate::proof::{
    checkpoint::certificate::{self, BITMAP_BYTES, both},
    court::{Offence, commitment, cut},
    vote::{Ballot, VoteStep, VotedBlock},
};

fn block(number: u32, parts: u32) -> Option<VotedBlock> {
    Some(VotedBlock {
        hash: word("block", number).into(),
        parts,
        parts_hash: word("parts", number).into(),
    })
}

pub(super) fn vote_cases() -> Value {
    let vote = |step, height, round, block, secs, nanos| Ballot {
        step,
        height,
        round,
        block,
        secs,
        nanos,
    };
    use VoteStep::{Precommit, Prevote};
    let last = u64::MAX >> 1;
    let votes = [
        vote(Prevote, 1, 0, None, 0, 0),
        vote(Precommit, 300, 2, block(0, 1), 1_700_000_000, 123_456_789),
        vote(Precommit, 301, 0, block(1, 127), -62_135_596_800, 0),
        vote(Prevote, 302, 1, block(2, 128), -1, 999_999_999),
        vote(
            Prevote,
            last,
            u32::MAX >> 1,
            block(3, u32::MAX),
            i64::MIN,
            1,
        ),
        vote(Precommit, last, 0, None, i64::MAX, 127),
    ];
    let id = address("deployment", 0);
    let each = votes.iter().map(|vote| {
        let block = vote.block;
        json!({
            "kind": vote.step as u8, "height": vote.height.to_string(), "round": vote.round,
            "hash": hex(block.map_or([0; 32], |block| block.hash)), "total": block.map_or(0, |block| block.parts),
            "partsHash": hex(block.map_or([0; 32], |block| block.parts_hash)),
            "secsBits": vote.secs.cast_unsigned().to_string(), "nanos": vote.nanos,
            "signBytes": hex(vote.sign_bytes(&deployment::chain_id(&id))),
        })
    });
    json!({ "deployment": hex(id), "cases": each.collect::<Vec<_>>() })
}

pub(super) fn report_case() -> Value {
    let (court, beneficiary) = (address("court", 0), address("reporter", 0));
    let (evidence, salt) = (word("evidence", 0), word("salt", 0));
    let made = commitment(ROOT_CHAIN_ID, &court, &evidence, &beneficiary, &salt);
    json!({
        "rootChainId": ROOT_CHAIN_ID, "court": hex(court), "evidence": hex(evidence), "beneficiary": hex(beneficiary),
        "salt": hex(salt), "commitment": hex(made),
    })
}

/// Offences of five operators in seven epochs, and the cut of each epoch.
pub(super) fn cut_cases() -> Value {
    let case = |number: u32, shares: u32| {
        let offence = |at: u32| Offence {
            operator: address("operator", at % 5),
            epoch: u64::from((at * at + number) % 7),
            share: 1 + (at * 7_919 + number) % shares,
        };
        let mut offences: Vec<Offence> = Vec::new();
        for one in (0..4 + number).map(offence) {
            let known =
                |other: &Offence| (other.operator, other.epoch) == (one.operator, one.epoch);
            if !offences.iter().any(known) {
                offences.push(one);
            }
        }
        let each = offences.iter().map(
            |one| json!({ "operator": hex(one.operator), "epoch": one.epoch, "share": one.share }),
        );
        let convicted: &[u64] = match number {
            12 => &[6],
            13 => &[0, 3],
            _ => &[],
        };
        let cuts: Vec<u64> = (0..8)
            .map(|epoch| cut(&offences, convicted, epoch, 1_000_000))
            .collect();
        json!({
            "offences": each.collect::<Vec<_>>(), "convicted": convicted, "least": 1_000_000, "cuts": cuts,
        })
    };
    let cases = [
        (0, 1_000),
        (3, 50_000),
        (6, 90_000_000),
        (9, 400_000_000),
        (12, 30_000_000),
        (13, 3_000_000),
    ];
    json!(cases.map(|(number, shares)| case(number, shares)))
}

/// Bitmaps of two certificates, and the numbers that both have.
pub(super) fn overlap_cases() -> Value {
    let bitmap = |numbers: &mut dyn Iterator<Item = usize>| {
        let mut bitmap = [0; BITMAP_BYTES];
        numbers.for_each(|number| certificate::insert(&mut bitmap, number));
        bitmap
    };
    let cases = [
        (bitmap(&mut (0..4)), bitmap(&mut (1..9))),
        (
            bitmap(&mut (0..512).step_by(3)),
            bitmap(&mut (0..512).step_by(7)),
        ),
        (bitmap(&mut (200..300)), bitmap(&mut (255..258))),
        (bitmap(&mut (0..512)), bitmap(&mut [0, 511].into_iter())),
        (bitmap(&mut (0..256)), bitmap(&mut (256..512))),
    ];
    json!(cases.map(|(first, second)| {
        let both = both(&first, &second);
        let numbers = (0..512).filter(|number| certificate::has(&both, *number));
        json!({
            "first": hex(first), "second": hex(second), "both": hex(both), "numbers": numbers.collect::<Vec<_>>(),
        })
    }))
}
