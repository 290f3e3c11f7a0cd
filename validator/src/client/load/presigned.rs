//! Transactions that are signed before they are due, by a thread of its own, as far ahead as a bound of memory allows.

use std::{
    collections::{BTreeMap, VecDeque},
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use super::{After, LoadError, Supply, Ticket};

/// Bytes that are signed ahead at most.
const MAX_AHEAD_BYTES: usize = 256 << 20;
/// How long the signing thread rests while enough is signed, and how often a progress is told.
const REST: Duration = Duration::from_millis(5);

/// Signs transaction `sequence` of a sender.
pub(super) type Sign = dyn Fn(u32, u64) -> Result<Vec<u8>, LoadError> + Send + Sync + 'static;

type Signed = VecDeque<Vec<u8>>;

/// What the signing thread and the load share: what is signed, of each sender in order.
struct SignedAhead {
    signed: Vec<Mutex<Signed>>,
    count: AtomicU64,
    stop: AtomicBool,
}

impl SignedAhead {
    fn of(&self, sender: usize) -> Option<MutexGuard<'_, Signed>> {
        let held = self.signed.get(sender)?;
        Some(held.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Signed transactions of many senders. Each sends its own in order, by one lane.
pub(super) struct Presigned {
    ahead: Arc<SignedAhead>,
    senders: Vec<Sending>,
    lanes: usize,
    /// For each lane, whose turn it is among its senders.
    turns: Vec<usize>,
    sign: Arc<Sign>,
}

#[derive(Default)]
struct Sending {
    next: u64,
    /// Transactions that were not taken, and are handed in again first.
    again: BTreeMap<u64, Vec<u8>>,
    is_stopped: bool,
}

impl Drop for Presigned {
    fn drop(&mut self) {
        self.ahead.stop.store(true, Ordering::Relaxed);
    }
}

impl Presigned {
    /// Signs `each` of every sender, the first one with the sequence in `first`; a transaction has at most `length` bytes. It waits until all are signed, or as
    /// many as fit in memory, and tells how many they are.
    pub async fn start(
        first: &[u64],
        each: u64,
        length: usize,
        lanes: usize,
        sign: Arc<Sign>,
        tell: &mut dyn FnMut(u64),
    ) -> Result<Self, LoadError> {
        let most = MAX_AHEAD_BYTES / length.max(1) / first.len().max(1);
        let most = u64::try_from(most.max(1)).unwrap_or(u64::MAX).min(each);
        let ahead = Arc::new(SignedAhead {
            signed: first.iter().map(|_| Mutex::default()).collect(),
            count: AtomicU64::new(0),
            stop: AtomicBool::new(false),
        });
        let senders = first.iter().map(|next| Sending {
            next: *next,
            ..Sending::default()
        });
        let presigned = Self {
            ahead: Arc::clone(&ahead),
            senders: senders.collect(),
            lanes: lanes.max(1),
            turns: vec![0; lanes],
            sign: Arc::clone(&sign),
        };
        let (first, wanted) = (first.to_vec(), most.saturating_mul(first.len() as u64));
        let signing = thread::Builder::new()
            .name("load-sign".into())
            .spawn(move || fill(&ahead, &first, each, most, &*sign))?;
        loop {
            let count = presigned.ahead.count.load(Ordering::Relaxed);
            tell(count);
            if count >= wanted {
                return Ok(presigned);
            }
            if signing.is_finished() {
                let ended = || io::Error::other("the one that signs has ended");
                return Err(signing
                    .join()
                    .map_err(|_| ended())?
                    .err()
                    .unwrap_or_else(|| ended().into()));
            }
            tokio::time::sleep(REST).await;
        }
    }

    /// The next one of a sender; `None` where it has stopped, or nothing of it is signed.
    fn next_of(&mut self, sender: usize) -> Option<(Ticket, Vec<u8>)> {
        let sending = self.senders.get_mut(sender)?;
        if sending.is_stopped {
            return None;
        }
        let ticket = |sequence| Ticket {
            sender: u32::try_from(sender).unwrap_or(u32::MAX),
            sequence,
        };
        if let Some((sequence, bytes)) = sending.again.pop_first() {
            return Some((ticket(sequence), bytes));
        }
        let bytes = self.ahead.of(sender)?.pop_front()?;
        let sequence = sending.next;
        sending.next += 1;
        Some((ticket(sequence), bytes))
    }
}

impl Supply for Presigned {
    fn next(&mut self, lane: usize) -> Option<(Ticket, Vec<u8>)> {
        let count = self.senders.len().saturating_sub(lane).div_ceil(self.lanes);
        for _ in 0..count {
            let turn = self.turns.get_mut(lane)?;
            let sender = lane + self.lanes * *turn;
            *turn = (*turn + 1) % count;
            if let Some(found) = self.next_of(sender) {
                return Some(found);
            }
        }
        None
    }

    fn back(&mut self, ticket: Ticket, bytes: Vec<u8>, after: After) {
        let Some(sending) = self.senders.get_mut(ticket.sender as usize) else {
            return;
        };
        match after {
            After::Again => {
                sending.again.insert(ticket.sequence, bytes);
            }
            After::Ahead(missing) => {
                sending.again.insert(ticket.sequence, bytes);
                // What was never handed out has its turn.
                if let Some(first) = missing.filter(|first| *first < sending.next)
                    && !sending.again.contains_key(&first)
                    && let Ok(bytes) = (self.sign)(ticket.sender, first)
                {
                    sending.again.insert(first, bytes);
                }
            }
            After::GoOn => {}
            After::Stop => sending.is_stopped = true,
        }
    }

    fn gap(&mut self, lane: usize) -> Option<(Ticket, Vec<u8>)> {
        let senders = (lane..self.senders.len()).step_by(self.lanes);
        for sender in senders {
            let sending = self.senders.get(sender)?;
            let Some((first, _)) = sending.again.first_key_value() else {
                continue;
            };
            // Where all from there on came back, nothing waits behind it.
            let behind = sending.next.saturating_sub(*first);
            if !sending.is_stopped && sending.again.len() as u64 != behind {
                return self.next_of(sender);
            }
        }
        None
    }
}

/// Signs in turn for all senders, `each` of every one, and never more than `most` ahead.
fn fill(
    ahead: &SignedAhead,
    first: &[u64],
    each: u64,
    most: u64,
    sign: &Sign,
) -> Result<(), LoadError> {
    let mut signed = vec![0u64; first.len()];
    while !ahead.stop.load(Ordering::Relaxed) {
        let mut is_idle = true;
        for ((sender, first), signed) in first.iter().enumerate().zip(&mut signed) {
            let held = ahead.of(sender).map_or(0, |held| held.len() as u64);
            if *signed >= each || held >= most {
                continue;
            }
            let number = u32::try_from(sender).unwrap_or(u32::MAX);
            let bytes = sign(number, first.saturating_add(*signed))?;
            if let Some(mut held) = ahead.of(sender) {
                held.push_back(bytes);
            }
            *signed += 1;
            ahead.count.fetch_add(1, Ordering::Relaxed);
            is_idle = false;
        }
        if signed.iter().all(|signed| *signed >= each) {
            break;
        }
        if is_idle {
            thread::sleep(REST);
        }
    }
    Ok(())
}
