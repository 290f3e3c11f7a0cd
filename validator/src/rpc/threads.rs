//! Threads of their own for clients. They give way to those that serve consensus: whatever clients ask takes no core from a block.

use std::{future::Future, io};

use tokio::{
    runtime::{Builder, Runtime},
    task::JoinHandle,
};

use crate::workers;

/// The most threads that wait for clients and hand their requests on; reads have others.
const MAX_THREADS: usize = 8;

/// A runtime for all that clients begin. Dropped, it ends what runs on it, without waiting for it.
pub struct Threads(Option<Runtime>);

impl Threads {
    /// Starts as many threads as the machine has cores, two at least and eight at most.
    ///
    /// # Errors
    /// When the system has no threads.
    pub fn start() -> io::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let runtime = Builder::new_multi_thread()
            .worker_threads(cores.clamp(2, MAX_THREADS))
            .thread_name("grpc")
            .on_thread_start(workers::give_way)
            .enable_all()
            .build()?;
        Ok(Self(Some(runtime)))
    }

    /// Runs `task` on these threads, with all that it starts.
    pub fn run<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> Option<JoinHandle<T>> {
        self.0.as_ref().map(|runtime| runtime.spawn(task))
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// The nice value of the thread that asks: field 19 of its line, behind the name in parentheses.
    fn nice() -> i64 {
        let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
        let fields = stat.rsplit_once(')').unwrap().1;
        fields.split_whitespace().nth(16).unwrap().parse().unwrap()
    }

    #[tokio::test]
    async fn what_clients_begin_gives_way_to_what_consensus_runs_on() {
        let own = nice();
        let threads = Threads::start().unwrap();
        let begun = threads.run(async { (nice(), tokio::spawn(async { nice() }).await.unwrap()) });
        let (first, further) = begun.unwrap().await.unwrap();
        assert!(own < first && own < further, "{own} {first} {further}");
        assert_eq!(nice(), own);
    }
}
