//! A segment in other words: what its record, its block, its bytes or its witness could say instead.

use super::*;
use crate::chain::segments::transactions;

/// How a case was changed, and the case.
pub type Altered = (&'static str, CourtCase);

/// Another witness of the same state: it leads to the root before, and holds fewer leaves, more, other places for new ones, or a hash where a value was.
pub fn shown_otherwise(
    case: &CourtCase,
    state: &SparseState,
    numbers: &mut Numbers,
) -> Option<Altered> {
    let witness = Witness::decode(&case.proof.witness, width_of_kind).ok()?;
    let mut keys: Vec<B256> = witness.leaves.iter().map(|leaf| leaf.key).collect();
    let mut appends = witness.appends;
    match numbers.below(4) {
        0 => drop(keys.remove(numbers.below(keys.len()))),
        1 => {
            let rest = state.keys().filter(|key| !keys.contains(key));
            let rest: Vec<B256> = rest.copied().collect();
            keys.push(*rest.get(numbers.below(rest.len()))?);
        }
        2 => appends += 1 + numbers.below(2) as u32,
        _ => appends = appends.checked_sub(1)?,
    }
    let room = u32::MAX - witness.count >= appends;
    if keys.is_empty() || !room {
        return None;
    }
    let mut case = case.clone();
    case.proof.witness = state.witness(&keys, appends).encode();
    Some(("another witness of the state before", case))
}

/// Another record of the segment, another block or another deployment.
pub fn claimed_otherwise(case: &CourtCase, numbers: &mut Numbers) -> Altered {
    let mut case = case.clone();
    let way = match numbers.below(9) {
        0 => {
            case.kind = numbers.below(8) as u8;
            "another kind"
        }
        1 => {
            case.kind = 6 + numbers.below(250) as u8;
            "no kind"
        }
        2 => {
            let counts = [0, 1, 33, u32::MAX, case.count + 1, case.count.max(1) - 1];
            case.count = *numbers.pick(&counts);
            "another count"
        }
        3 => {
            case.moment.height = 0;
            "height 0"
        }
        4 => {
            let heights = [1, 193, 257, case.moment.height + 1, u64::MAX];
            case.moment.height = *numbers.pick(&heights);
            "another block or epoch"
        }
        5 => {
            case.moment.time ^= 1 << numbers.below(64);
            "another time"
        }
        6 => {
            match numbers.below(3) {
                0 => case.domain.root_chain_id ^= 1,
                1 => case.domain.root_chain[3] ^= 1,
                _ => case.domain.deployment[7] ^= 1,
            }
            "another deployment"
        }
        7 => {
            case.before.0[numbers.below(32)] ^= 1 << numbers.below(8);
            "another root before"
        }
        _ => {
            case.after.0[numbers.below(32)] ^= 1 << numbers.below(8);
            "another root after"
        }
    };
    (way, case)
}

/// Other bytes, with the witness of what they were.
pub fn written_otherwise(case: &CourtCase, numbers: &mut Numbers) -> Altered {
    let mut case = case.clone();
    let length = case.bytes.len();
    let all = transactions(&case.bytes).map(|all| all.iter().map(|one| one.to_vec()).collect());
    let mut all: Vec<Vec<u8>> = all.unwrap_or_default();
    let number = all.len();
    let way = match numbers.below(8) {
        0 if length > 0 => {
            case.bytes.truncate(numbers.below(length));
            "bytes cut"
        }
        1 => {
            case.bytes.extend(vec![0; 1 + numbers.below(9)]);
            "bytes more"
        }
        2 if number > 1 => {
            all.swap(numbers.below(number), numbers.below(number));
            "transactions in another order"
        }
        3 if number > 0 && number < 32 => {
            let again = all[numbers.below(number)].clone();
            all.insert(numbers.below(number), again);
            "a transaction twice"
        }
        4 if number > 1 => {
            all.remove(numbers.below(number));
            "a transaction less"
        }
        _ if length > 0 => {
            for _ in 0..1 + numbers.below(3) {
                case.bytes[numbers.below(length)] ^= 1 << numbers.below(8);
            }
            "bits flipped"
        }
        _ => {
            case.bytes.push(1);
            "a byte where none was"
        }
    };
    if way.contains("transaction") {
        (case.count, case.bytes) = (all.len() as u32, bytes_of(&all));
        // What hints belong to the others says the segment itself.
        if numbers.below(4) > 0 {
            case.proof.hints = case.judged().hints();
        }
    }
    (way, case)
}
