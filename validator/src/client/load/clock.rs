//! Hands each transaction to its lane when it is due, and never waits for an answer.
//!
//! When everything was due, it goes on until nothing is underway and no sender has left a gap: what was refused, though its node took others of
//! that sender that come behind it, would keep these out of every block, and their node would give them up in the end. The load itself would have
//! lost what was acknowledged.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::Receiver,
    },
    time::{Duration, Instant},
};

use tokio::sync::mpsc::Sender;

use super::{
    Schedule, Supply,
    book::Book,
    lanes::{Item, Return, Underway},
};
/// How late this machine may hand one out before that is counted.
pub const MAX_LATE: Duration = Duration::from_millis(100);
/// The clock sleeps at least so long, so that it uses little of the machine: one is handed out so much later at most.
const TICK: Duration = Duration::from_millis(1);
/// The pause before what was refused is handed in again behind the end of the schedule.
const PAUSE: Duration = Duration::from_millis(100);

/// How this machine held the rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateHeld {
    /// Transactions that were due.
    pub scheduled: u64,
    /// How many of these this machine came to more than [`MAX_LATE`] after they were due.
    pub late: u64,
    /// The most by which it was late.
    pub latest: Duration,
}

/// The clock of a load.
pub(super) struct Clock {
    pub schedule: Schedule,
    pub supply: Box<dyn Supply>,
    pub queues: Vec<Sender<Item>>,
    pub returns: Receiver<Return>,
    pub underway: Underway,
    pub book: Arc<Book>,
    pub start: Instant,
    pub stop: Arc<AtomicBool>,
}

impl Clock {
    /// Runs until everything was due and no gap is left. Its queues close with it.
    pub fn run(mut self) -> RateHeld {
        let mut held = RateHeld::default();
        while let Some(due) = self.schedule.due(held.scheduled) {
            if self.stop.load(Ordering::Relaxed) {
                break;
            }
            let early = due.saturating_sub(self.start.elapsed());
            if !early.is_zero() {
                std::thread::sleep(early.max(TICK));
            }
            self.take_back();
            let late = self.start.elapsed().saturating_sub(due);
            held.latest = held.latest.max(late);
            held.late += u64::from(late > MAX_LATE);
            if let Err((kind, words)) = self.hand_out(held.scheduled, due) {
                self.book.failed(self.start.elapsed(), kind, words);
            }
            held.scheduled += 1;
        }
        self.close_gaps();
        held
    }

    fn take_back(&mut self) {
        while let Ok(Return {
            ticket,
            bytes,
            after,
        }) = self.returns.try_recv()
        {
            self.supply.back(ticket, bytes, after);
        }
    }

    /// Hands in again what lies before others of its sender, until nothing does.
    fn close_gaps(&mut self) {
        let end = self.schedule.end();
        while !self.stop.load(Ordering::Relaxed) {
            // What is no more underway has come back before.
            let is_over = self.underway.load(Ordering::SeqCst) == 0;
            self.take_back();
            let mut is_closed = true;
            for (lane, queue) in self.queues.iter().enumerate() {
                while let Ok(place) = queue.try_reserve()
                    && let Some(gap) = self.supply.gap(lane)
                {
                    is_closed = false;
                    let item = Item::of(gap);
                    self.book.begun_late(item.hash, end);
                    self.underway.fetch_add(1, Ordering::SeqCst);
                    place.send(item);
                }
            }
            if is_over && is_closed {
                break;
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Hands out the one of this number; an error is the kind and the words of why it is not.
    fn hand_out(&mut self, number: u64, due: Duration) -> Result<(), (&'static str, &'static str)> {
        let lanes = self.queues.len() as u64;
        let lane = number.checked_rem(lanes).unwrap_or(0) as usize;
        let queue = self
            .queues
            .get(lane)
            .ok_or(("no_lane", "the load has no lane"))?;
        if self.book.is_full() {
            return Err((
                "in_flight_full",
                "a million transactions are in flight, and no more are kept in memory",
            ));
        }
        let place = queue.try_reserve().map_err(|_| {
            let words = "the endpoint has not taken what was due in the second before, so this one was not handed in";
            ("lane_full", words)
        })?;
        let next = self.supply.next(lane).ok_or((
            "no_sender",
            "no sender of the lane could send: all of them have stopped, or this machine signs too slowly",
        ))?;
        let item = Item::of(next);
        self.book.begun(item.hash, due);
        self.underway.fetch_add(1, Ordering::SeqCst);
        place.send(item);
        Ok(())
    }
}
