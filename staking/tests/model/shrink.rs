//! Shrinking: the fewest operations of a run that still fail.

use std::fmt::Write;

use crate::Failure;
use crate::run::{Op, Run};

/// Why the operations fail, and how many of them it took.
fn fails(failure: &Failure, ops: &[Op]) -> Option<(usize, String)> {
    let mut run = match Run::new(&failure.start, failure.fault) {
        Ok(run) => run,
        Err(why) => return Some((0, why)),
    };
    let each = ops.iter().enumerate();
    each.into_iter()
        .find_map(|(place, op)| Some((place + 1, run.step(op).err()?)))
}

/// Takes operations away, in pieces that get smaller, while the rest still fails.
pub fn shrunk(failure: &Failure) -> Failure {
    let (mut ops, mut why) = (failure.ops.clone(), failure.why.clone());
    let mut piece = ops.len() / 2;
    while piece > 0 {
        let (mut place, before) = (0, ops.len());
        while place < ops.len() {
            let mut fewer = ops.clone();
            fewer.drain(place..ops.len().min(place + piece));
            match fails(failure, &fewer) {
                Some((count, reason)) => {
                    fewer.truncate(count);
                    (ops, why) = (fewer, reason);
                }
                None => place += piece,
            }
        }
        // What stands before a piece that went may go now as well.
        piece = if piece == 1 && ops.len() < before {
            1
        } else {
            piece / 2
        };
    }
    Failure {
        start: failure.start.clone(),
        fault: failure.fault,
        ops,
        why,
    }
}

/// A failure as it is printed: why, with what it began, and the operations.
pub fn shown(failure: &Failure) -> String {
    let mut text = format!("{}\n{:?}\n", failure.why, failure.start);
    for op in &failure.ops {
        let _ = writeln!(text, "{op:?}");
    }
    text
}

/// Whether all the operations are needed: it fails at the last of them, and without any one of them no more.
pub fn is_least(failure: &Failure) -> bool {
    let all = fails(failure, &failure.ops).is_some_and(|(count, _)| count == failure.ops.len());
    all && (0..failure.ops.len()).all(|place| {
        let mut fewer = failure.ops.clone();
        fewer.remove(place);
        fails(failure, &fewer).is_none()
    })
}
