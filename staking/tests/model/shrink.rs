//! Shrinking: the fewest operations of a run that still fail.

use std::fmt::Write;

use crate::Failure;
use crate::run::{Op, Run, Start};

/// Why the operations fail, and how many of them it took.
fn fails(start: &Start, ops: &[Op]) -> Option<(usize, String)> {
    let mut run = match Run::new(start, None) {
        Ok(run) => run,
        Err(why) => return Some((0, why)),
    };
    let each = ops.iter().enumerate();
    each.into_iter()
        .find_map(|(place, op)| Some((place + 1, run.step(op).err()?)))
}

/// Takes operations away, in pieces that get smaller, while the rest still fails.
pub fn shrunk(failure: &Failure) -> String {
    let (mut ops, mut why) = (failure.ops.clone(), failure.why.clone());
    let mut piece = ops.len() / 2;
    while piece > 0 {
        let mut place = 0;
        while place < ops.len() {
            let mut fewer = ops.clone();
            fewer.drain(place..ops.len().min(place + piece));
            match fails(&failure.start, &fewer) {
                Some((count, reason)) => {
                    fewer.truncate(count);
                    (ops, why) = (fewer, reason);
                }
                None => place += piece,
            }
        }
        piece /= 2;
    }
    let mut text = format!("{why}\n{:?}\n", failure.start);
    for op in &ops {
        let _ = writeln!(text, "{op:?}");
    }
    text
}
