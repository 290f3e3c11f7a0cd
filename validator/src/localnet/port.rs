//! TCP ports on loopback: finding free ones, and saying which one is taken.
//!
//! A port is chosen long before a process listens on it, and nobody listens there while that process is down. So that no other process of this
//! program chooses it meanwhile, ports are chosen in blocks, and whoever chooses from a block holds the UDP port of the block's number until its end.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What this process has of the ports.
#[derive(Debug)]
struct Blocks {
    /// The blocks of ports that it holds, by their first port.
    held: BTreeMap<u16, UdpSocket>,
    /// What is left of the block that it chooses from: none is handed out twice, because the system may offer one again before it is bound.
    rest: Range<u16>,
}

static BLOCKS: Mutex<Blocks> = Mutex::new(Blocks {
    held: BTreeMap::new(),
    rest: 0..0,
});

fn blocks() -> MutexGuard<'static, Blocks> {
    BLOCKS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A port that something else listens on.
#[derive(Debug, thiserror::Error)]
#[error(
    "port {port}, wanted for {purpose}, is taken ({source}): end the process that listens there, or choose another port"
)]
pub struct PortTaken {
    /// The port.
    pub port: u16,
    /// What wanted it.
    pub purpose: String,
    /// What the system said.
    pub source: io::Error,
}

/// Where ports are chosen: below those that systems hand to outgoing connections (from 32768 on Linux, from 49152 elsewhere), which
/// would otherwise sit on a stopped node's port when it comes back.
const CHOICE: Range<u16> = 10_000..32_000;

/// Ports of a block.
const BLOCK: u16 = 50;

impl Blocks {
    /// Holds the block that begins with this port, if no other process does. What else the system refuses is no other process's block.
    fn hold(&mut self, first: u16) -> io::Result<bool> {
        match UdpSocket::bind((Ipv4Addr::LOCALHOST, first)) {
            Ok(socket) => {
                self.held.insert(first, socket);
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Goes on with a port that was chosen before: while this process runs, no other one chooses from its block, unless one does so already.
    fn keep(&mut self, port: u16) -> io::Result<()> {
        if !CHOICE.contains(&port) {
            return Ok(());
        }
        let first = port - (port - CHOICE.start) % BLOCK;
        if !self.held.contains_key(&first) {
            self.hold(first)?;
        }
        Ok(())
    }

    /// Chooses from another block from now on; says whether there is one.
    fn go_on(&mut self) -> io::Result<bool> {
        let count = (CHOICE.end - CHOICE.start) / BLOCK;
        let begin = rand::random_range(0..count);
        for place in 0..count {
            let number = (begin + place) % count;
            let first = CHOICE.start + number * BLOCK;
            if !self.held.contains_key(&first) && self.hold(first)? {
                self.rest = first..first + BLOCK;
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// A loopback port that is free now, and that no process of this program has chosen that still runs. Another program may still take it before it is
/// bound.
pub fn free() -> io::Result<u16> {
    let mut blocks = blocks();
    loop {
        if let Some(port) = blocks.rest.next() {
            if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
                return Ok(port);
            }
        } else if !blocks.go_on()? {
            let (first, last) = (CHOICE.start, CHOICE.end - 1);
            let why = format!("all ports from {first} to {last} are chosen by others");
            return Err(io::Error::new(io::ErrorKind::AddrInUse, why));
        }
    }
}

/// How long a process that was just killed may take until the system has closed its sockets, and how often that is looked at.
const CLOSING: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(50);

/// Checks that `port` can be bound on loopback, for `purpose` in the words of an error, and keeps others from choosing it. Waits a moment for a process that is
/// ending: it is gone from the list of processes before its sockets are closed. Blocks the thread.
pub fn require_free(port: u16, purpose: &str) -> Result<(), PortTaken> {
    let began = Instant::now();
    loop {
        let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
        match bound.and_then(|_| blocks().keep(port)) {
            Ok(()) => return Ok(()),
            Err(source) if began.elapsed() >= CLOSING => {
                return Err(PortTaken {
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
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn free_ports_differ_and_a_taken_one_is_named_with_its_purpose() {
        let ports: BTreeSet<_> = (0..120).map(|_| free().unwrap()).collect();
        assert_eq!(ports.len(), 120);
        assert!(ports.iter().all(|port| CHOICE.contains(port)));

        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let error = require_free(port, "the first node's RPC").unwrap_err();
        let text = error.to_string();
        assert!(text.contains(&port.to_string()) && text.contains("the first node's RPC"));
        drop(listener);
        require_free(port, "anything").unwrap();
    }

    #[test]
    fn two_processes_never_choose_from_the_same_block() {
        let empty = || Blocks {
            held: BTreeMap::new(),
            rest: 0..0,
        };
        let (mut one, mut other) = (empty(), empty());
        assert!(one.go_on().unwrap() && other.go_on().unwrap());
        assert_ne!(one.rest, other.rest);
        let first = one.rest.start;
        other.keep(first + BLOCK - 1).unwrap();
        assert!(!other.held.contains_key(&first) && other.held.len() == 1);
        // A port that was chosen before a start is kept in the same way, with its whole block.
        let mut resumed = empty();
        let mut ports = (CHOICE.start + 7..CHOICE.end).step_by(BLOCK.into());
        let kept = ports.find(|port| {
            resumed.keep(*port).unwrap();
            !resumed.held.is_empty()
        });
        let first = kept.expect("a block that nobody holds") - 7;
        assert!(resumed.held.contains_key(&first));
        assert!(!one.hold(first).unwrap() && !other.hold(first).unwrap());
        // What is no choice of ours is nobody's.
        resumed.keep(CHOICE.end).unwrap();
        assert_eq!(resumed.held.len(), 1);
    }
}
