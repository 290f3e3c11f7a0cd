//! Why a share may not leave, or the file cannot be used, and what to do.

use std::io;
use std::path::PathBuf;

use alloy_primitives::B256;

/// Why a share may not leave, or the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SignStateError {
    /// Another digest was signed for that epoch: signing this one would be an offence.
    #[error(
        "checkpoint {epoch} was signed with digest {signed}, so {asked} is refused for ever: two digests for one epoch are an offence"
    )]
    Equivocation {
        /// The epoch.
        epoch: u64,
        /// What was signed.
        signed: B256,
        /// What was asked for.
        asked: B256,
    },
    /// The epoch is too old to know what was signed for it.
    #[error(
        "checkpoint {epoch} is below {floor}, and what was signed there is not known any more: this key never signs it (`plasmid sign-state show`). \
         If the floor was set on purpose, as after a restore, wait: the key signs again from epoch {floor} on, and its sign state has to stay \
         as it is until then. Only if no checkpoint near {floor} can have been signed yet was a wrong number typed, or did an endpoint of the \
         root chain lie when the state was made"
    )]
    BelowFloor {
        /// The epoch.
        epoch: u64,
        /// The lowest that can be signed.
        floor: u64,
    },
    /// Root has accepted too little of what was signed.
    #[error(
        "checkpoint {epoch} is not signed yet: the sign state holds {count} digests already, and it forgets only those of checkpoints that root \
         has accepted. See why root accepts none (`plasmid status`), and bring it the oldest ones with `plasmid relay`: then this one is signed, too"
    )]
    Full {
        /// The epoch.
        epoch: u64,
        /// How many digests there are.
        count: usize,
    },
    /// There is no file.
    #[error(
        "there is no sign state at {0}. If the file is elsewhere, or another copy of this node runs, use that one. If this key has never \
         signed in this deployment, or the file is lost for good, start once with --new-sign-state: what root has accepted is never signed again"
    )]
    Missing(PathBuf),
    /// It went to another machine.
    #[error(
        "this sign state was exported to another machine ({0}), so this key signs nothing here. To go on here, stop the node there, export there, \
         and take that file over with `plasmid sign-state import`"
    )]
    Exported(PathBuf),
    /// One was put beside the one that went to another machine.
    #[error(
        "a sign state stands at {path} beside {exported}, which was exported to another machine: somebody put it there, or an import was cut short. This key signs \
         nothing here until `plasmid sign-state import` has joined both with what the other machine exports"
    )]
    Beside {
        /// It.
        path: PathBuf,
        /// The other one.
        exported: PathBuf,
    },
    /// There is one already.
    #[error("there is a sign state at {0} already; it is never overwritten")]
    Exists(PathBuf),
    /// Another process holds it.
    #[error(
        "the sign state {0} is in use by another process; two nodes with one key would sign twice"
    )]
    Locked(PathBuf),
    /// The bytes are not as they were written.
    #[error(
        "the sign state {path} is damaged ({what}). Do not delete it: move it away, and make another one with `plasmid sign-state refuse-below EPOCH --new`, the epoch above all that this key can have signed"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The file belongs elsewhere.
    #[error(
        "the sign state {path} belongs to another {what}: it has {found}, and this node has {expected}"
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// The field that differs.
        what: &'static str,
        /// What the file says.
        found: String,
        /// What the node has.
        expected: String,
    },
    /// Reading or writing failed; nothing was signed.
    #[error("the sign state {path} cannot be {doing}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// Why not.
        source: io::Error,
    },
}
