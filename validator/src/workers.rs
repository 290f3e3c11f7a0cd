//! A bounded pool of threads for reads, apart from the threads that serve consensus.
//!
//! ```text
//! run(whose, job) ──► [ a queue for each who asks, of bounded length in all ] ──► a fixed number of threads, which serve them in turn ──► Running
//!    └─ Full when no place is left                                                   └─ a job whose Running was dropped is told to stop, or never begins
//! ```
//! An asker that hands in many jobs waits behind its own jobs, and a limited number of them run at once. When all places are taken, the last
//! job of the longest queue makes way for an asker that has fewer.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::sync::oneshot;

/// By how much the threads give way to those that serve consensus when there are more than cores.
#[cfg(target_os = "linux")]
const BEHIND_CONSENSUS: i32 = 5;

/// A job that waits: it is told whether it has lost its place.
struct Job {
    run: Box<dyn FnOnce(Turn) + Send>,
    cancelled: Arc<AtomicBool>,
}

/// What becomes of a job.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Run,
    MakeWay,
}

/// Threads that take jobs in turn from those who asked. They end when this is dropped and nothing waits.
pub struct Workers {
    shared: Arc<Shared>,
}

struct Shared {
    /// Jobs of one asker that run at once.
    at_once: usize,
    in_all: usize,
    per_asker: usize,
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    queues: BTreeMap<IpAddr, VecDeque<Job>>,
    /// Who is served next, and after whom.
    turns: VecDeque<IpAddr>,
    /// Jobs that run, by who asked.
    running: BTreeMap<IpAddr, usize>,
    count: usize,
    ends: bool,
}

/// Why a job was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Full {
    /// As many wait as may wait.
    #[error("this node has too many reads waiting: ask again in a second, or ask another node")]
    InAll,
    /// As many of one asker wait as may wait.
    #[error("too many reads of your address wait: ask for less at once")]
    PerAsker,
}

/// Why a job has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Lost {
    /// It panicked, or the pool is gone.
    #[error("the read did not end: see this node's log")]
    Broken,
    /// It lost its place to somebody who asks for less.
    #[error("this node has too many reads waiting, most of them yours: ask for less at once")]
    MadeWay,
}

/// A job under way: a future of its answer. Dropped, it tells the job to stop.
#[derive(Debug)]
pub struct Running<T> {
    answer: oneshot::Receiver<Result<T, Lost>>,
    cancelled: Arc<AtomicBool>,
}

impl Workers {
    /// Starts `threads` threads called `name`, of which at most `at_once` serve one asker. The last argument limits the jobs that run or
    /// wait: in all, and of one asker.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub fn start(
        name: &str,
        (threads, at_once): (usize, usize),
        (in_all, per_asker): (usize, usize),
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            at_once,
            in_all,
            per_asker,
            waiting: Mutex::default(),
            changed: Condvar::new(),
        });
        let workers = Self {
            shared: Arc::clone(&shared),
        };
        for _ in 0..threads {
            let shared = Arc::clone(&shared);
            std::thread::Builder::new()
                .name(name.to_owned())
                .spawn(move || work(&shared))?;
        }
        Ok(workers)
    }

    /// Hands in a job, which gets a flag that is true once nobody waits for it any more.
    ///
    /// # Errors
    /// [`Full`].
    pub fn run<T: Send + 'static>(
        &self,
        whose: IpAddr,
        job: impl FnOnce(&AtomicBool) -> T + Send + 'static,
    ) -> Result<Running<T>, Full> {
        let (sender, answer) = oneshot::channel();
        let cancelled = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&cancelled);
        let run = Box::new(move |turn| {
            // Who asked may be gone by now.
            let _ = match turn {
                Turn::MakeWay => sender.send(Err(Lost::MadeWay)),
                Turn::Run if flag.load(Ordering::Relaxed) => return,
                Turn::Run => sender.send(Ok(job(&flag))),
            };
        });
        let job = Job {
            run,
            cancelled: Arc::clone(&cancelled),
        };
        let displaced = self.shared.add(whose, job)?;
        if let Some(displaced) = displaced {
            (displaced.run)(Turn::MakeWay);
        }
        Ok(Running { answer, cancelled })
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.shared.lock().ends = true;
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a job into its queue; gives the one that makes way for it, if one has to.
    fn add(&self, whose: IpAddr, job: Job) -> Result<Option<Job>, Full> {
        let mut waiting = self.lock();
        if waiting.length(whose) >= self.per_asker || waiting.count >= self.in_all {
            waiting.forget_cancelled();
        }
        if waiting.length(whose) >= self.per_asker {
            return Err(Full::PerAsker);
        }
        let displaced = match waiting.count >= self.in_all {
            true => Some(waiting.displace(whose).ok_or(Full::InAll)?),
            false => None,
        };
        waiting.push(whose, job);
        drop(waiting);
        self.changed.notify_one();
        Ok(displaced)
    }

    /// The next job, and whose it is; `None` when no more will come, or others end those that are left.
    fn next(&self) -> Option<(IpAddr, Job)> {
        let mut waiting = self.lock();
        loop {
            if let Some(next) = waiting.pop(self.at_once) {
                return Some(next);
            }
            if waiting.ends {
                return None;
            }
            let woken = self.changed.wait(waiting);
            waiting = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Waiting {
    /// A job of this asker has ended. The thread that ran it looks for another one, which may now be one of the same asker.
    fn end(&mut self, whose: IpAddr) {
        let left = self
            .running
            .get(&whose)
            .map_or(0, |running| running.saturating_sub(1));
        match left {
            0 => self.running.remove(&whose),
            left => self.running.insert(whose, left),
        };
    }

    fn length(&self, whose: IpAddr) -> usize {
        self.queues.get(&whose).map_or(0, VecDeque::len)
    }

    fn push(&mut self, whose: IpAddr, job: Job) {
        let queue = self.queues.entry(whose).or_default();
        if queue.is_empty() {
            self.turns.push_back(whose);
        }
        queue.push_back(job);
        self.count += 1;
    }

    /// The job whose asker has waited longest for a turn, among the askers that may have another job running.
    fn pop(&mut self, at_once: usize) -> Option<(IpAddr, Job)> {
        let running = |whose: &IpAddr| self.running.get(whose).copied().unwrap_or(0);
        let place = self
            .turns
            .iter()
            .position(|whose| running(whose) < at_once)?;
        let whose = self.turns.remove(place)?;
        let queue = self.queues.get_mut(&whose)?;
        let job = queue.pop_front()?;
        if queue.is_empty() {
            self.queues.remove(&whose);
        } else {
            self.turns.push_back(whose);
        }
        self.count -= 1;
        *self.running.entry(whose).or_default() += 1;
        Some((whose, job))
    }

    /// Forgets jobs that nobody waits for.
    fn forget_cancelled(&mut self) {
        for queue in self.queues.values_mut() {
            queue.retain(|job| !job.cancelled.load(Ordering::Relaxed));
        }
        self.tidy();
    }

    /// Takes the last job from the longest queue, if that is longer than the newcomer's will be.
    fn displace(&mut self, newcomer: IpAddr) -> Option<Job> {
        let own = self.length(newcomer);
        let longest = self.queues.values_mut().max_by_key(|queue| queue.len())?;
        if longest.len() < own.saturating_add(2) {
            return None;
        }
        let last = longest.pop_back();
        self.tidy();
        last
    }

    /// Drops empty queues and their turns, and counts again.
    fn tidy(&mut self) {
        self.queues.retain(|_, queue| !queue.is_empty());
        self.turns.retain(|whose| self.queues.contains_key(whose));
        self.count = self.queues.values().map(VecDeque::len).sum();
    }
}

/// Puts this thread behind those that serve consensus, where there are more threads to run than cores.
pub fn give_way() {
    // On Linux this is the priority of this thread alone; elsewhere it would be the whole process's.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::nice(BEHIND_CONSENSUS);
}

fn work(shared: &Shared) {
    give_way();
    while let Some((whose, job)) = shared.next() {
        if catch_unwind(AssertUnwindSafe(move || (job.run)(Turn::Run))).is_err() {
            tracing::error!("a read panicked; the node goes on");
        }
        shared.lock().end(whose);
    }
}

impl<T> Future for Running<T> {
    type Output = Result<T, Lost>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = Pin::new(&mut self.answer).poll(context);
        answer.map(|answer| answer.unwrap_or(Err(Lost::Broken)))
    }
}

impl<T> Drop for Running<T> {
    fn drop(&mut self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
