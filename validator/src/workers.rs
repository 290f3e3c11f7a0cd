//! A bounded pool of threads for reads, apart from the threads that serve consensus.
//!
//! ```text
//! run(job) ──► [ queue: a fixed number of jobs ] ──► a fixed number of threads ──► Running (a future of the answer)
//!    └─ Full when no place is left                        └─ a job whose Running was dropped is told to stop, or never begins
//! ```

use std::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::sync::oneshot;

/// By how much the threads give way to those that serve consensus when there are more than cores.
#[cfg(target_os = "linux")]
const BEHIND_CONSENSUS: i32 = 5;

type Job = Box<dyn FnOnce() + Send>;

/// Threads that take jobs from one queue. They end when this is dropped and the queue is empty.
#[derive(Debug)]
pub struct Workers {
    queue: SyncSender<Job>,
}

/// Why a job was not taken: as many wait as may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this node has too many reads waiting: ask again in a second, or ask another node")]
pub struct Full;

/// Why a job has no answer: it panicked, or the pool is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the read did not end: see this node's log")]
pub struct Lost;

/// A job under way: a future of its answer. Dropped, it tells the job to stop.
#[derive(Debug)]
pub struct Running<T> {
    answer: oneshot::Receiver<T>,
    cancelled: Arc<AtomicBool>,
}

impl Workers {
    /// Starts `threads` threads called `name`; `waiting` jobs may wait for them.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub fn start(name: &str, threads: usize, waiting: usize) -> io::Result<Self> {
        let (queue, jobs) = sync_channel::<Job>(waiting);
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..threads {
            let jobs = Arc::clone(&jobs);
            std::thread::Builder::new()
                .name(name.to_owned())
                .spawn(move || work(&jobs))?;
        }
        Ok(Self { queue })
    }

    /// Hands in a job, which gets a flag that is true once nobody waits for it any more.
    ///
    /// # Errors
    /// [`Full`].
    pub fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&AtomicBool) -> T + Send + 'static,
    ) -> Result<Running<T>, Full> {
        let (sender, answer) = oneshot::channel();
        let cancelled = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&cancelled);
        let job: Job = Box::new(move || {
            if !flag.load(Ordering::Relaxed) {
                // Who asked may be gone by now.
                let _ = sender.send(job(&flag));
            }
        });
        match self.queue.try_send(job) {
            Ok(()) => Ok(Running { answer, cancelled }),
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => Err(Full),
        }
    }
}

fn work(jobs: &Mutex<Receiver<Job>>) {
    // On Linux this is the priority of this thread alone; elsewhere it would be the whole process's.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::nice(BEHIND_CONSENSUS);
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        if catch_unwind(AssertUnwindSafe(job)).is_err() {
            tracing::error!("a read panicked; the node goes on");
        }
    }
}

impl<T> Future for Running<T> {
    type Output = Result<T, Lost>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.answer)
            .poll(context)
            .map(|answer| answer.map_err(|_| Lost))
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

    #[tokio::test]
    async fn jobs_beyond_the_queue_are_refused_and_the_others_are_all_answered() {
        let workers = Workers::start("test", 2, 3).unwrap();
        let (began, begun) = channel();
        let (open, gate) = channel::<()>();
        let gate = Arc::new(Mutex::new(gate));
        let job = |number: u32| {
            let (began, gate) = (began.clone(), Arc::clone(&gate));
            workers.run(move |_| {
                began.send(()).unwrap();
                gate.lock().unwrap().recv().unwrap();
                number
            })
        };
        let mut running = vec![job(0).unwrap(), job(1).unwrap()];
        (0..2).for_each(|_| begun.recv().unwrap());
        running.extend((2..5).map(|number| job(number).unwrap()));
        assert_eq!(job(5).unwrap_err(), Full);
        (0..5).for_each(|_| open.send(()).unwrap());
        for (number, running) in running.into_iter().enumerate() {
            assert_eq!(running.await, Ok(number as u32));
        }
    }

    #[tokio::test]
    async fn who_goes_away_stops_a_job_and_one_that_waits_never_begins() {
        let workers = Workers::start("test", 1, 2).unwrap();
        let (began, begun) = channel();
        let (ended, end) = channel();
        let long = workers.run(move |cancelled| {
            began.send(()).unwrap();
            while !cancelled.load(Ordering::Relaxed) {
                std::thread::yield_now();
            }
            ended.send(()).unwrap();
        });
        begun.recv().unwrap();
        let waiting = workers.run(|_| panic!("it must not begin")).unwrap();
        drop(waiting);
        drop(long);
        end.recv().unwrap();
        assert_eq!(workers.run(|_| 7).unwrap().await, Ok(7));
    }

    #[tokio::test]
    async fn a_job_that_panics_loses_its_answer_and_no_thread() {
        let workers = Workers::start("test", 1, 2).unwrap();
        let lost = workers.run(|_| panic!("as asked")).unwrap();
        assert_eq!(Result::<(), _>::Err(Lost), lost.await);
        assert_eq!(workers.run(|_| 7).unwrap().await, Ok(7));
    }
}
