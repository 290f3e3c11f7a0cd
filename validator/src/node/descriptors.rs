//! File descriptors: how many this process may have, and how many of them clients may take.
//!
//! ```text
//! limit of the process = RESERVED (store, engine, root chain, logs) + connections of clients
//! ```

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::rpc::{ConnectionLimits, MAX_ENDING};

/// Descriptors that clients never take: what consensus and the way to root need, many times over.
const RESERVED: usize = 256;
/// Connections of clients with fewer of which a node is of no use.
const MIN_CONNECTIONS: usize = 64;
/// What the limit is raised to at most.
const WANTED: u64 = 8_192;

/// A process that may not have enough descriptors for a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this process may have {limit} files and sockets open, and a node needs {needed}: raise the hard limit, with `ulimit -Hn {needed}` in the shell that starts it or with LimitNOFILE={needed} in its systemd unit"
)]
pub struct TooFew {
    /// The limit.
    pub limit: usize,
    /// The least that a node needs.
    pub needed: usize,
}

/// Raises the soft limit of this process as far as the hard one allows, and gives the connections that clients may have.
///
/// # Errors
/// [`TooFew`].
pub fn raise() -> Result<ConnectionLimits, TooFew> {
    let held = getrlimit(Resource::Nofile);
    let wanted = held.maximum.map_or(WANTED, |hard| hard.min(WANTED));
    if held.current.is_some_and(|soft| soft < wanted) {
        let raised = Rlimit {
            current: Some(wanted),
            maximum: held.maximum,
        };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::warn!(%error, wanted, "the limit of open files cannot be raised");
        }
    }
    let limit = getrlimit(Resource::Nofile).current;
    connections(limit.map_or(usize::MAX, |limit| {
        usize::try_from(limit).unwrap_or(usize::MAX)
    }))
}

/// The connections of clients under a limit of descriptors.
fn connections(limit: usize) -> Result<ConnectionLimits, TooFew> {
    let kept = RESERVED.saturating_add(MAX_ENDING);
    let needed = kept.saturating_add(MIN_CONNECTIONS);
    if limit < needed {
        return Err(TooFew { limit, needed });
    }
    let wanted = ConnectionLimits::default();
    let in_all = wanted.in_all.min(limit.saturating_sub(kept));
    if in_all < wanted.in_all {
        tracing::warn!(
            limit,
            in_all,
            "few files and sockets may be open: clients get fewer connections than usual; raise the hard limit of open files"
        );
    }
    Ok(ConnectionLimits {
        in_all,
        per_address: wanted.per_address.min(in_all / 4),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_get_what_is_left_and_a_limit_without_room_for_them_is_refused() {
        assert_eq!(connections(1 << 20), Ok(ConnectionLimits::default()));
        assert_eq!(connections(usize::MAX), Ok(ConnectionLimits::default()));
        let few = connections(400).unwrap();
        assert_eq!(few.in_all, 400 - RESERVED - MAX_ENDING);
        assert!(few.per_address < few.in_all);
        let needed = RESERVED + MAX_ENDING + MIN_CONNECTIONS;
        assert!(connections(needed).is_ok());
        let error = connections(needed - 1).unwrap_err();
        assert!(error.to_string().contains("LimitNOFILE"), "{error}");
    }

    #[test]
    fn the_limit_of_this_process_is_raised() {
        raise().unwrap();
        let limit = getrlimit(Resource::Nofile);
        let reached = limit.current >= Some(WANTED) || limit.current == limit.maximum;
        assert!(limit.current.is_none() || reached, "{limit:?}");
    }
}
