//! Events of DataChallenges, as the book takes them.

use alloy_sol_types::SolEventInterface;

use super::{DataEvent, DataTarget};
use crate::abi::IDataChallenges;
use crate::relay::seen::Log;

pub(super) fn decode(log: &Log) -> Result<DataEvent, String> {
    use IDataChallenges::IDataChallengesEvents as Event;
    let event = Event::decode_raw_log(&log.topics, &log.data).map_err(|error| {
        format!(
            "event {} of block {} is none of DataChallenges: {error}",
            log.index, log.block
        )
    })?;
    Ok(match event {
        // It is asked for apart, where it is needed.
        Event::Shown(e) => {
            return Err(format!(
                "event {} of block {} is an answer of epoch {}, which nobody asked for",
                log.index, log.block, e.epoch
            ));
        }
        Event::Challenged(e) => DataEvent::Asked {
            target: told((e.epoch, e.kind, e.place, e.number), log)?,
            challenger: e.challenger,
            price: e.price,
            deadline: e.deadline,
        },
        Event::Answered(e) => DataEvent::Answered {
            target: told((e.epoch, e.kind, e.place, e.number), log)?,
            answerer: e.answerer,
            paid: e.paid,
        },
        Event::PaidBack(e) => DataEvent::PaidBack {
            target: told((e.epoch, e.kind, e.place, e.number), log)?,
            challenger: e.challenger,
            amount: e.amount,
        },
        Event::Withheld(e) => DataEvent::Withheld {
            target: told((e.epoch, e.kind, e.place, e.number), log)?,
        },
    })
}

fn told(words: (u64, u8, u32, u32), log: &Log) -> Result<DataTarget, String> {
    let (_, kind, place, _) = words;
    DataTarget::told(words).ok_or_else(|| {
        format!(
            "event {} of block {} names a challenge of kind {kind} in place {place}, which the contract does not take",
            log.index, log.block
        )
    })
}
