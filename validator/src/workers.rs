//! A bounded pool of threads for reads, apart from the threads that serve consensus.
//!
//! ```text
//! run(whose, job) ──► [ a queue for each who asks, of bounded length in all ] ──► a fixed number of threads, which serve them in turn ──► Running
//!    └─ Full when no place is left                                                   └─ a job whose Running was dropped is told to stop, or never begins
//! ```
//! Who hands in many jobs waits behind his own. When all places are taken, the last job of the longest queue makes way for who has less.

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
    /// Starts `threads` threads called `name`. At most `in_all` jobs may wait for them, and at most `per_asker` jobs of one asker.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub fn start(
        name: &str,
        threads: usize,
        (in_all, per_asker): (usize, usize),
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared {
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

    /// The next job; none when no more will come.
    fn next(&self) -> Option<Job> {
        let mut waiting = self.lock();
        loop {
            if let Some(job) = waiting.pop() {
                return Some(job);
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

    /// The job whose asker waits longest for a turn.
    fn pop(&mut self) -> Option<Job> {
        let whose = self.turns.pop_front()?;
        let queue = self.queues.get_mut(&whose)?;
        let job = queue.pop_front();
        if queue.is_empty() {
            self.queues.remove(&whose);
        } else {
            self.turns.push_back(whose);
        }
        self.count -= usize::from(job.is_some());
        job
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

fn work(shared: &Shared) {
    // On Linux this is the priority of this thread alone; elsewhere it would be the whole process's.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::nice(BEHIND_CONSENSUS);
    while let Some(job) = shared.next() {
        if catch_unwind(AssertUnwindSafe(move || (job.run)(Turn::Run))).is_err() {
            tracing::error!("a read panicked; the node goes on");
        }
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
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    fn asker(last: u8) -> IpAddr {
        [127, 0, 0, last].into()
    }

    #[tokio::test]
    async fn jobs_beyond_the_queue_are_refused_and_the_others_are_all_answered() {
        let workers = Workers::start("test", 2, (3, 3)).unwrap();
        let (began, begun) = channel();
        let (open, gate) = channel::<()>();
        let gate = Arc::new(Mutex::new(gate));
        let job = |number: u32| {
            let (began, gate) = (began.clone(), Arc::clone(&gate));
            workers.run(asker(1), move |_| {
                began.send(()).unwrap();
                gate.lock().unwrap().recv().unwrap();
                number
            })
        };
        let mut running = vec![job(0).unwrap(), job(1).unwrap()];
        (0..2).for_each(|_| begun.recv().unwrap());
        running.extend((2..5).map(|number| job(number).unwrap()));
        assert_eq!(job(5).unwrap_err(), Full::PerAsker);
        (0..5).for_each(|_| open.send(()).unwrap());
        for (number, running) in running.into_iter().enumerate() {
            assert_eq!(running.await, Ok(number as u32));
        }
    }

    #[tokio::test]
    async fn who_goes_away_stops_a_job_and_one_that_waits_never_begins() {
        let workers = Workers::start("test", 1, (2, 2)).unwrap();
        let (began, begun) = channel();
        let (ended, end) = channel();
        let long = workers.run(asker(1), move |cancelled| {
            began.send(()).unwrap();
            while !cancelled.load(Ordering::Relaxed) {
                std::thread::yield_now();
            }
            ended.send(()).unwrap();
        });
        begun.recv().unwrap();
        let waiting = workers
            .run(asker(1), |_| panic!("it must not begin"))
            .unwrap();
        drop(waiting);
        drop(long);
        end.recv().unwrap();
        assert_eq!(workers.run(asker(1), |_| 7).unwrap().await, Ok(7));
    }

    #[tokio::test]
    async fn a_job_that_panics_loses_its_answer_and_no_thread() {
        let workers = Workers::start("test", 1, (2, 2)).unwrap();
        let lost = workers.run(asker(1), |_| panic!("as asked")).unwrap();
        assert_eq!(Result::<(), _>::Err(Lost::Broken), lost.await);
        assert_eq!(workers.run(asker(1), |_| 7).unwrap().await, Ok(7));
    }

    #[tokio::test]
    async fn askers_are_served_in_turn_and_the_longest_queue_makes_way_for_who_has_less() {
        let workers = Workers::start("test", 1, (6, 5)).unwrap();
        let (open, gate) = channel::<()>();
        let (began, begun) = channel();
        let first = workers.run(asker(9), move |_| {
            began.send(()).unwrap();
            gate.recv().unwrap();
        });
        begun.recv().unwrap();
        let served = Arc::new(Mutex::new(Vec::new()));
        let job = |last: u8, number: u32| {
            let served = Arc::clone(&served);
            workers.run(asker(last), move |_| {
                served.lock().unwrap().push((last, number))
            })
        };
        let mut of_one: Vec<_> = (0..5).map(|number| job(1, number).unwrap()).collect();
        assert_eq!(job(1, 5).unwrap_err(), Full::PerAsker);
        let mut of_others = vec![job(2, 0).unwrap(), job(3, 0).unwrap(), job(2, 1).unwrap()];
        assert_eq!(of_one.pop().unwrap().await, Err(Lost::MadeWay));
        assert_eq!(of_one.pop().unwrap().await, Err(Lost::MadeWay));
        assert_eq!(job(2, 2).unwrap_err(), Full::InAll);
        drop(of_one.pop());
        of_others.push(job(4, 0).unwrap());
        open.send(()).unwrap();
        first.unwrap().await.unwrap();
        for running in of_one.into_iter().chain(of_others) {
            running.await.unwrap();
        }
        let served = served.lock().unwrap();
        let expected = [(1, 0), (2, 0), (3, 0), (4, 0), (1, 1), (2, 1)];
        assert_eq!(served[..], expected);
    }
}
