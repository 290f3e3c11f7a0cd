//! TCP ports on loopback: finding free ones, and saying which one is taken.

use std::collections::BTreeSet;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Ports that this process has handed out: the system may offer one again before it is bound.
static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// A port that something else listens on.
#[derive(Debug, thiserror::Error)]
#[error(
    "port {port}, wanted for {purpose}, is taken: end the process that listens there, or choose another port"
)]
pub struct Taken {
    pub port: u16,
    pub purpose: String,
    pub source: io::Error,
}

/// Where ports are chosen: below those that systems hand to outgoing connections (from 32768 on Linux, from 49152 elsewhere), which
/// would otherwise sit on a stopped node's port when it comes back.
const CHOICE: Range<u16> = 10_000..32_000;

/// A loopback port that is free now and that this process has not handed out before. Another process may still take it
/// before it is bound.
pub fn free() -> io::Result<u16> {
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    let count = CHOICE.end - CHOICE.start;
    let first = rand::random_range(0..count);
    for place in 0..count {
        let port =
            CHOICE.start + (u32::from(first) + u32::from(place)).rem_euclid(count.into()) as u16;
        if !given.contains(&port) && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            given.insert(port);
            return Ok(port);
        }
    }
    Err(io::Error::new(
        io::ErrorKind::AddrInUse,
        format!("no port of {} to {} is free", CHOICE.start, CHOICE.end - 1),
    ))
}

/// How long a process that was just killed may take until the system has closed its sockets, and how often that is looked at.
const CLOSING: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(50);

/// Checks that `port` can be bound on loopback, for `purpose` in the words of an error. Waits a moment for a process that is
/// ending: it is gone from the list of processes before its sockets are closed. Blocks the thread.
pub fn require_free(port: u16, purpose: &str) -> Result<(), Taken> {
    let began = Instant::now();
    loop {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Ok(_) => return Ok(()),
            Err(source) if began.elapsed() >= CLOSING => {
                return Err(Taken {
                    port,
                    purpose: purpose.to_owned(),
                    source,
                });
            }
            Err(_) => std::thread::sleep(LOOK),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_ports_differ_and_a_taken_one_is_named_with_its_purpose() {
        let ports: BTreeSet<_> = (0..50).map(|_| free().unwrap()).collect();
        assert_eq!(ports.len(), 50);
        assert!(ports.iter().all(|port| CHOICE.contains(port)));

        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let error = require_free(port, "the first node's RPC").unwrap_err();
        let text = error.to_string();
        assert!(text.contains(&port.to_string()) && text.contains("the first node's RPC"));
        drop(listener);
        require_free(port, "anything").unwrap();
    }
}
