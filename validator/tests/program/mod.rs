//! What tests of the built program share: its command, and stubs of servers, whose panics fail their tests.

use std::{
    collections::HashSet,
    net::{SocketAddr, TcpListener},
    panic,
    process::Command,
    sync::{Mutex, Once, PoisonError},
    thread::{self, ThreadId},
};

use tonic::transport::server::{Router, TcpIncoming};

/// A command of `plasmid` that takes no option from this process's environment.
pub fn plasmid(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plasmid"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PLASMID_")) {
        command.env_remove(name);
    }
    command.args(arguments);
    command
}

/// The threads that panicked.
static PANICKED: Mutex<Option<HashSet<ThreadId>>> = Mutex::new(None);

fn panicked<T>(with: impl FnOnce(&mut HashSet<ThreadId>) -> T) -> T {
    let mut held = PANICKED.lock().unwrap_or_else(PoisonError::into_inner);
    with(held.get_or_insert_default())
}

/// A server on a thread of its own, until the test process ends. When it is dropped, a panic of that thread fails the test.
pub struct Stub {
    pub address: SocketAddr,
    thread: ThreadId,
}

impl Stub {
    /// Runs `serve` with a free port of loopback.
    pub fn start(serve: impl FnOnce(TcpListener) + Send + 'static) -> Self {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let usual = panic::take_hook();
            panic::set_hook(Box::new(move |information| {
                panicked(|threads| threads.insert(thread::current().id()));
                usual(information);
            }));
        });
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let thread = thread::spawn(move || serve(listener)).thread().id();
        Self { address, thread }
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        let failed = panicked(|threads| threads.contains(&self.thread));
        assert!(
            !failed || thread::panicking(),
            "a stub panicked, as it said above"
        );
    }
}

/// Serves a stub of a node.
pub fn serve(router: Router) -> Stub {
    Stub::start(|listener| {
        // All on this thread, so that the panic of a handler is this thread's.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.expect("a runtime").block_on(async {
            listener.set_nonblocking(true).expect("a socket");
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            router
                .serve_with_incoming(TcpIncoming::from(listener))
                .await
                .expect("it serves");
        });
    })
}
