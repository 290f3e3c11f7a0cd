//! Answers that stand on root: one there is one for everybody, also for whoever did not ask. Each is an event of its own (`Shown`) in the block in which `Answered` stands, and is handed to whoever
//! reads the child. What an endpoint does not give at this moment, or gives and is none, rests, alone, and is asked for again.

use alloy_primitives::Bytes;

use super::super::{ChildSource, Rpc, RpcError, WatchNotice, Watcher};
use super::DataNotice;
use crate::relay::challenges::{DataTarget, Tellers, ToldBy, shown_in, shown_topics};

/// The longest rest of an answer that an endpoint does not give, in root blocks.
const MAX_REST_BLOCKS: u64 = 64;

/// An answer on root. Root has taken it; it is verified again all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootAnswer {
    /// What it answers.
    pub target: DataTarget,
    /// The call.
    pub call: Bytes,
}

/// An answer that was asked for, and is asked for again: of the other endpoint, where there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RestingAnswer {
    /// The root block from which on it is asked for again.
    until: u64,
    /// How many blocks it rests next.
    rest: u64,
    /// Whom it is asked of then.
    next: ToldBy,
    /// Whether it was counted that an endpoint does not give it.
    is_hidden: bool,
}

impl RestingAnswer {
    const FIRST: Self = Self {
        until: 0,
        rest: 1,
        next: ToldBy::First,
        is_hidden: false,
    };

    fn asked(self, number: u64) -> Self {
        Self {
            until: number.saturating_add(self.rest),
            rest: self.rest.saturating_mul(2).min(MAX_REST_BLOCKS),
            next: match self.next {
                ToldBy::First => ToldBy::Second,
                ToldBy::Second => ToldBy::First,
            },
            is_hidden: self.is_hidden,
        }
    }
}

impl<C: ChildSource> Watcher<C> {
    /// Reads the next answer about a withheld checkpoint, if there is room for what it shows. Leaves are of use to whoever leaves and not to a judge, which has the whole state.
    pub(super) async fn read_answers(
        &mut self,
        rpc: &Rpc,
        number: u64,
        say: &mut impl FnMut(&WatchNotice),
    ) {
        let book = self.records.challenges();
        self.data.known.retain(|target| book.is_answered(target));
        self.data
            .resting
            .retain(|target, _| book.is_answered(target));
        let is_next = |target: &DataTarget| {
            let is_withheld = self.data.withheld.contains_key(&target.epoch());
            let resting = self.data.resting.get(target);
            let is_due = resting.is_none_or(|resting| resting.until <= number);
            let is_segment = matches!(target, DataTarget::Segment { .. });
            is_segment && is_withheld && is_due && !self.data.known.contains(target)
        };
        // What one endpoint invents keeps none back that the other one tells.
        let turns = Tellers::ALL.into_iter().cycle();
        let turns = turns.skip_while(|tellers| *tellers != self.data.last_read);
        let next = turns.skip(1).take(Tellers::ALL.len()).find_map(|tellers| {
            let mut answers = book.answers();
            answers.find(|(target, told)| told.tellers() == tellers && is_next(target))
        });
        let Some((target, told)) = next.map(|(target, told)| (*target, told)) else {
            return;
        };
        let Ok(room) = self.data.read.try_reserve() else {
            return;
        };
        self.data.last_read = told.tellers();
        let resting = self.data.resting.get(&target).copied();
        let resting = resting.unwrap_or(RestingAnswer::FIRST);
        self.data.resting.insert(target, resting.asked(number));
        let second = self
            .second
            .clone()
            .filter(|_| resting.next == ToldBy::Second);
        let Some(block) = told.of(resting.next).or(told.last()) else {
            return;
        };
        let (contract, topics) = (self.contracts.data_challenges, shown_topics(target.epoch()));
        let logs = match second {
            Some(second) => {
                let logs = second.logs_of(block, contract, &topics);
                self.silence.within(logs).await
            }
            None => rpc.logs_of(block, contract, &topics).await,
        };
        let is_told = !matches!(&logs, Err(error) if RpcError::is_transient(error));
        if let Some(call) = shown_in(&logs.unwrap_or_default(), target) {
            room.send(RootAnswer { target, call });
            self.data.known.insert(target);
            return;
        }
        drop(room);
        // Who does not answer at all is told of where that is known.
        let resting = self.data.resting.get_mut(&target);
        if let Some(resting) = resting.filter(|one| is_told && !one.is_hidden) {
            resting.is_hidden = true;
            self.data.hidden.add(1);
            if self.data.hidden.news().is_some() {
                say(&WatchNotice::Data(DataNotice::Hidden { target, block }));
            }
        }
    }

    /// What an endpoint gave as an answer is none: it is asked for again.
    pub(in crate::client::watcher) fn is_false_answer(
        &mut self,
        target: DataTarget,
        say: &mut impl FnMut(&WatchNotice),
    ) {
        let is_known = self.data.known.remove(&target);
        self.data.false_answers.add(is_known.into());
        if is_known && self.data.false_answers.news().is_some() {
            say(&WatchNotice::Data(DataNotice::FalseAnswer { target }));
        }
    }
}
