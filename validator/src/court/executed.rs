//! The blocks of an accepted checkpoint executed again, one after the other, from a state that root vouches for.

use super::{BrokenRule, Finding, Hearing};
use crate::chain::epoch::Moment;
use crate::chain::opened::{OpenedSegment, OpenedSegments};
use crate::chain::replay::{FalseSegment, Unreplayed, replay_segment};
use crate::chain::transitions::JudgedSegment;
use crate::chain::tree::Tree;

/// What came of executing a block again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replayed {
    /// The state stands behind it now.
    Sound,
    /// The first segment that is not what its record says. Nothing behind it can be executed.
    False(Box<Finding>),
    /// Bytes of one of its segments are not shown. Nothing was executed, and the state stands where it stood.
    Missing,
    /// The state does not come to its end, because something that links it is broken: nothing behind it can be executed either.
    Unlinked,
    /// The state cannot be carried on, though the rules allow it: this program is broken.
    Broken(String),
}

impl Hearing<'_> {
    /// Executes block `number`, of which these are all segments, on the state before it. Of a block that is not sound the state is of no use, but where bytes are missing.
    #[must_use]
    pub fn replay_block(
        &self,
        number: u32,
        segments: &OpenedSegments,
        state: &mut Tree,
    ) -> Replayed {
        let Some(block) = self.epoch.block(number) else {
            return Replayed::Unlinked;
        };
        let is_missing = |one: &OpenedSegment| one.bytes.is_none() && !one.has_bytes();
        if segments.segments.iter().any(is_missing) {
            return Replayed::Missing;
        }
        let moment = Moment {
            height: block.height,
            time: block.time,
        };
        for (segment, one) in (0u32..).zip(&segments.segments) {
            // It has more than a segment may have: that is judged by its record.
            let Some(bytes) = &one.bytes else {
                return Replayed::Unlinked;
            };
            let judged = JudgedSegment {
                kind: one.kind,
                count: one.count,
                bytes,
                moment,
                before: one.before,
                after: one.after,
                domain: &self.facts.domain,
            };
            match replay_segment(state, &judged) {
                Ok(()) => {}
                Err(Unreplayed::Elsewhere) => return Replayed::Unlinked,
                Err(Unreplayed::Broken(why)) => return Replayed::Broken(why),
                Err(Unreplayed::False(found)) => {
                    let found = self.false_segment(number, (segments, segment), found);
                    return Replayed::False(Box::new(found));
                }
            }
        }
        // No store keeps what changed in it.
        state.forget_changes();
        match state.root() == block.after {
            true => Replayed::Sound,
            false => Replayed::Unlinked,
        }
    }

    fn false_segment(
        &self,
        number: u32,
        (segments, segment): (&OpenedSegments, u32),
        found: FalseSegment,
    ) -> Finding {
        match found {
            FalseSegment::Provable(fraud, proof) => {
                let call = self.execution_call(number, segments, segment, &proof);
                self.finding(number, BrokenRule::Segment { segment, fraud }, call)
            }
            FalseSegment::Unprovable(undecided) => {
                let place = [segment.into(), number.into(), self.epoch.accepted.epoch];
                self.finding(number, BrokenRule::Unjudged { place, undecided }, None)
            }
        }
    }
}
