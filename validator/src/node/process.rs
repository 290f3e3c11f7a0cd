//! Processes that are bound to the life of this one: each in a process group of its own, which keeps the terminal's Ctrl-C away from it.
//!
//! The kernel kills a child when the *thread* that spawned it ends, so one thread that lives as long as the process spawns them all. An
//! operator's node starts none but the installers of tools; what a local network runs is in `localnet/process.rs`.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::{OnceLock, mpsc};
use std::time::Duration;

/// Spawns `command`, bound to the life of this process, from the thread that lives as long as it. Its timers may be late by `slack`.
pub(crate) fn spawn_bound(command: Command, slack: Duration) -> io::Result<std::process::Child> {
    struct Order {
        command: Command,
        slack: Duration,
        answer: mpsc::SyncSender<io::Result<std::process::Child>>,
    }
    static SPAWNER: OnceLock<mpsc::Sender<Order>> = OnceLock::new();

    let spawner = SPAWNER.get_or_init(|| {
        let (orders, incoming) = mpsc::channel::<Order>();
        std::thread::spawn(move || {
            for order in incoming {
                let child = spawn_here(order.command, order.slack);
                let _ = order.answer.send(child);
            }
        });
        orders
    });
    let gone = || io::Error::other("the thread that starts processes is gone");
    let (answer, child) = mpsc::sync_channel(1);
    spawner
        .send(Order {
            command,
            slack,
            answer,
        })
        .map_err(|_| gone())?;
    child.recv().map_err(|_| gone())?
}

#[expect(
    unsafe_code,
    reason = "a child that dies with us needs prctl between fork and exec"
)]
fn spawn_here(mut command: Command, slack: Duration) -> io::Result<std::process::Child> {
    let slack = libc::c_ulong::try_from(slack.as_nanos()).map_err(io::Error::other)?;
    let parent = i32::try_from(std::process::id()).map_err(io::Error::other)?;
    command.process_group(0);
    // SAFETY: the closure makes three system calls and allocates nothing, which is allowed between fork and exec.
    unsafe {
        command.pre_exec(move || {
            if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) != 0
                || libc::prctl(libc::PR_SET_TIMERSLACK, slack) != 0
            {
                return Err(io::Error::last_os_error());
            }
            // Our death between fork and prctl would go unnoticed.
            if libc::getppid() != parent {
                return Err(io::Error::from_raw_os_error(libc::ESRCH));
            }
            Ok(())
        });
    }
    command.spawn()
}
