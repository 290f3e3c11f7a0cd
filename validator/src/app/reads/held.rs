//! The state that a read of stake is of: the tip, or the end of an epoch. The rules themselves can be tried on either; nothing that they
//! write is kept.

use std::collections::BTreeMap;

use alloy_primitives::B256;
use plasmid_staking::{Effect, Input, Leaf, Position, epoch_of, rules::restake::AllowRestake};

use super::{
    Past, ReadError, Reader,
    height::{OneTip, of_one_height},
    on_tree_and_height,
};
use crate::{
    chain::tree::Tree,
    ledger::{
        Error, Leaves, Parameters, Slot, Value,
        leaves::{LeafFault, read},
        stake,
    },
};

/// Leaves after which a look ends its page: what one look reads while the state is held stays near this, whoever asks for what.
pub(super) const MAX_LEAVES: usize = 4_096;

/// The state that a page shows.
pub(super) enum At<'a> {
    /// The newest.
    Tip(&'a OneTip<'a>),
    /// The state of a height that ended an epoch.
    Past(Box<Past<'a>>, u64),
}

/// Makes a page of one state: of the tip for height zero, else of the state after the last block of an epoch. What is not of that state
/// is read by `prepare`.
///
/// # Errors
/// [`ReadError::Invalid`] for a height that ends no epoch, [`ReadError::NotFound`] for one whose state is not kept,
/// [`ReadError::Unsupported`] for a past height through the engine; what the two say.
pub(super) fn page<P, T>(
    source: &Reader<'_>,
    height: u64,
    prepare: impl Fn() -> Result<P, ReadError>,
    read: impl Fn(&At<'_>, P) -> Result<T, ReadError>,
) -> Result<T, ReadError> {
    if height == 0 {
        return of_one_height(source, prepare, |tip, prepared| {
            read(&At::Tip(tip), prepared)
        });
    }
    if source.is_of_engine() {
        // Its questions are answered one after another, and who asks for a proof would wait for the list.
        return Err(ReadError::Unsupported(
            "a list at a past height has no query path: ask this node's gRPC for it".into(),
        ));
    }
    let at = At::past(source, height)?;
    read(&at, prepare()?)
}

/// Reads from the tip in one look; `read` gets the height too.
///
/// # Errors
/// What `read` says, and [`ReadError::Unavailable`] when nobody waits for this read any more.
pub(super) fn at_tip<T>(
    source: &Reader<'_>,
    read: impl FnOnce(&mut Held<'_>, u64) -> Result<T, ReadError>,
) -> Result<T, ReadError> {
    on_tree_and_height(source, |tree, height| {
        read(&mut Held::of(Base::Tip(tree)), height)
    })?
}

impl<'a> At<'a> {
    fn past(source: &'a Reader<'_>, height: u64) -> Result<Self, ReadError> {
        let blocks = u64::from(source.facts().parameters.epoch_blocks).max(1);
        let epochs = height / blocks;
        if !height.is_multiple_of(blocks) {
            let (before, behind) = (epochs.saturating_mul(blocks), epochs.saturating_add(1));
            let behind = behind.saturating_mul(blocks);
            return Err(ReadError::Invalid(format!(
                "height {height} ends no epoch, and no other states are kept: ask for {before} or {behind}, or for the tip with zero"
            )));
        }
        let past = Past::of(source, epochs.saturating_sub(1));
        let past = past.map_err(|error| error.because(&format!("height {height}")))?;
        Ok(Self::Past(Box::new(past), height))
    }

    /// Reads from it, in one look where it is the tip; `read` gets the height too.
    ///
    /// # Errors
    /// As [`OneTip::look`].
    pub fn read<T>(
        &self,
        read: impl FnOnce(&mut Held<'_>, u64) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        match self {
            Self::Tip(tip) => tip.look(|tree, height| read(&mut Held::of(Base::Tip(tree)), height)),
            Self::Past(past, height) => {
                let get = |key: &B256| Ok(past.get(key)?.map(|leaf| leaf.value));
                read(&mut Held::of(Base::Past(&get, past.count())), *height)
            }
        }
    }

    /// As [`OneTip::at_once`].
    pub const fn at_once(&self, short: usize, most: usize) -> usize {
        match self {
            Self::Tip(tip) => tip.at_once(short, most),
            Self::Past(..) => short,
        }
    }

    /// As [`OneTip::begin_anew`]; a past state is never another one.
    pub fn begin_anew(&self) -> ReadError {
        match self {
            Self::Tip(tip) => tip.begin_anew(),
            Self::Past(_, height) => {
                ReadError::Internal(format!("the state of height {height} is of another epoch"))
            }
        }
    }
}

/// The epoch of the block after this height.
pub(super) fn next_epoch(parameters: &Parameters, height: u64) -> u64 {
    epoch_of(height.saturating_add(1), parameters.epoch_blocks).unwrap_or(0)
}

/// Reads a leaf's value.
type Get<'a> = &'a dyn Fn(&B256) -> Result<Option<Vec<u8>>, ReadError>;

enum Base<'a> {
    Tip(&'a Tree),
    /// With how many leaves there were.
    Past(Get<'a>, u32),
}

/// Leaves of one state. Each is read from it once.
pub(super) struct Held<'a> {
    base: Base<'a>,
    known: BTreeMap<Slot, Option<Vec<u8>>>,
    written: BTreeMap<Slot, Vec<u8>>,
}

impl<'a> Held<'a> {
    fn of(base: Base<'a>) -> Self {
        Self {
            base,
            known: BTreeMap::new(),
            written: BTreeMap::new(),
        }
    }

    #[cfg(test)]
    pub fn tip(tree: &'a Tree) -> Self {
        Self::of(Base::Tip(tree))
    }

    /// Whether the page should end, because of the number of leaves that were read.
    pub fn is_spent(&self) -> bool {
        self.known.len() >= MAX_LEAVES
    }

    /// The tree, when this is the tip.
    pub const fn tree(&self) -> Option<&'a Tree> {
        match self.base {
            Base::Tip(tree) => Some(tree),
            Base::Past(..) => None,
        }
    }

    /// The value at a slot.
    ///
    /// # Errors
    /// [`ReadError`], here and below, when the state cannot be read.
    pub fn value<T: Value>(&mut self, slot: &Slot) -> Result<Option<T>, ReadError> {
        read(self, slot).map_err(unread)
    }

    /// A leaf of staking.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn leaf<T: Leaf>(&mut self, name: T::Name) -> Result<Option<T>, ReadError> {
        self.value(&Slot::from(T::key(name)))
    }

    /// A leaf of staking to which another one refers.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn stands<T: Leaf>(&mut self, name: T::Name) -> Result<T, ReadError> {
        let held = self.leaf(name)?;
        let missing = || ReadError::Internal(format!("the leaf of {} is missing", T::key(name)));
        held.ok_or_else(missing)
    }

    /// The position as a transaction finds it: a first leg that is over is folded into the base, of which amounts are named. Where a cut waits,
    /// no transaction but the one that applies it finds anything.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn found_by_rules(
        &mut self,
        parameters: &Parameters,
        epoch: u64,
        number: u64,
        position: &Position,
    ) -> Result<Position, ReadError> {
        let nothing = Input::AllowRestake(AllowRestake {
            owner: position.owner,
            position: number,
            allowed: position.restake,
        });
        let found = match stake::apply_at(self, parameters, epoch, &nothing) {
            Ok(_) => self.stands(number),
            Err(Error::Reject(_)) => Ok(position.clone()),
            Err(Error::Fault(fault)) => Err(unread(fault)),
        };
        self.written.clear();
        found
    }

    /// What an input would do, or why it would be refused. Nothing of it stays.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn attempt(
        &mut self,
        parameters: &Parameters,
        epoch: u64,
        input: &Input,
    ) -> Result<Attempt, ReadError> {
        let tried = stake::apply_at(self, parameters, epoch, input);
        self.written.clear();
        match tried {
            Ok(effects) => Ok(Attempt::Applied(effects)),
            Err(Error::Reject(reject)) => Ok(Attempt::Refused(reject.to_string())),
            Err(Error::Fault(fault)) => Err(unread(fault)),
        }
    }
}

/// What came of an input that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// It would do this.
    Applied(Vec<Effect>),
    /// The rules refuse it, for this reason.
    Refused(String),
}

impl Attempt {
    /// What it would do; nothing, where it is refused.
    pub fn effects(&self) -> &[Effect] {
        match self {
            Self::Applied(effects) => effects,
            Self::Refused(_) => &[],
        }
    }

    /// Why it is refused; nothing, where it would apply.
    pub fn refusal(self) -> String {
        match self {
            Self::Applied(_) => String::new(),
            Self::Refused(why) => why,
        }
    }
}

/// Why leaves could not be read.
pub(super) fn unread(fault: LeafFault<ReadError>) -> ReadError {
    match fault {
        LeafFault::Leaves(error) => error,
        fault => ReadError::Internal(fault.to_string()),
    }
}

impl Leaves for Held<'_> {
    type Error = ReadError;

    fn read(&mut self, slot: &Slot) -> Result<Option<Vec<u8>>, ReadError> {
        if let Some(written) = self.written.get(slot) {
            return Ok(Some(written.clone()));
        }
        if let Some(known) = self.known.get(slot) {
            return Ok(known.clone());
        }
        let key = slot.key();
        let found = match self.base {
            Base::Tip(tree) => tree.get(&key).map(|(_, _, value)| value.to_vec()),
            Base::Past(get, _) => get(&key)?,
        };
        self.known.insert(*slot, found.clone());
        Ok(found)
    }

    fn write(&mut self, slot: &Slot, value: Vec<u8>) -> Result<(), ReadError> {
        self.written.insert(*slot, value);
        Ok(())
    }

    fn count(&self) -> u32 {
        match self.base {
            Base::Tip(tree) => tree.count(),
            Base::Past(_, count) => count,
        }
    }
}
