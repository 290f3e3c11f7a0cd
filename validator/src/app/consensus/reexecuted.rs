//! What a node that was told to does with each block once more: its links, and its segments one by one from their witnesses, as strangers
//! and courts see them.

use plasmid_bridge::proof::commitment::BlockCommitment;

use crate::app::App;
use crate::chain::commit::Committed;
use crate::chain::execute::{ColdChecker, Executed};
use crate::chain::links::{check_links, with_lengths};
use crate::chain::reexecute::{SegmentInput, reexecute};
use crate::chain::transitions::JudgedSegment;
use crate::engine::abci::Fault;

impl App {
    /// Judges the block's links and executes every segment from its witness alone, when this node was told to; says how many.
    pub(super) fn reexecute(
        &self,
        before: &BlockCommitment,
        executed: &Executed,
        committed: &Committed,
    ) -> Result<u64, Fault> {
        if !self.surroundings.reexecute {
            return Ok(0);
        }
        let linked = with_lengths(&committed.segments, &executed.segments);
        let transactions = executed.transactions;
        check_links(
            before,
            &committed.block,
            &linked,
            transactions,
            &self.parameters,
        )
        .map_err(|error| Fault::new(format!("the block of height {}: {error}", executed.height)))?;
        let mut count = 0u64;
        let segments = executed.segments.iter().zip(&committed.segments);
        for ((segment, record), witness) in segments.zip(&committed.witnesses) {
            let input = SegmentInput::of(segment, executed.moment(), &self.deployment.domain);
            let after = reexecute(witness.clone(), &record.before, &input, &ColdChecker).map_err(
                |error| Fault::new(format!("a segment of height {}: {error}", executed.height)),
            )?;
            if after != record.after {
                return Err(Fault::new(format!(
                    "a {} segment of height {} gives {after} from its witness and {} in the tree",
                    segment.kind, executed.height, record.after
                )));
            }
            let (moment, domain) = (executed.moment(), &self.deployment.domain);
            let judged = JudgedSegment::of(segment, record, moment, domain);
            if let Some(why) = judged.objection(witness) {
                return Err(Fault::new(format!(
                    "a court judges a sound {} segment of height {} otherwise: {why}",
                    segment.kind, executed.height
                )));
            }
            count = count.saturating_add(1);
        }
        Ok(count)
    }
}
