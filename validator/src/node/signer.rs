//! The keys that a node should have, checked against the sets before anything is signed; and the checkpoint key with its sign state.
//!
//! CometBFT makes another consensus key without a word where its file is gone, and a member without its checkpoint key votes and signs no
//! checkpoint: either is found here, before the node answers anyone.

use std::convert::Infallible;
use std::sync::{Mutex, PoisonError};

use alloy_primitives::{Address, B256, hex};
use ed25519_dalek::SigningKey;
use plasmid_bridge::proof::{bls, set};
use plasmid_bridge::relay::inbox::View;
use plasmid_staking::{Member, epoch_of};

use super::{
    comet,
    config::Home,
    development,
    keystore::{self, KeyKind, Password, Secret},
    sign_state::{SignState, SignStateError, SignStateIdentity},
};
use crate::{
    app::ports::{Signer, Unsigned},
    chain::{
        committed::{leaf, parameters},
        epoch::set::set_at,
        error::ExecutionFault,
        genesis::file::Loaded as Genesis,
        tree::Tree,
    },
    ledger::{Slot, leaf::EpochRecord, ring_place},
};

mod error;
mod older;
mod reach;
mod replaced;
mod shown;
mod watch;

pub use error::KeysError;
pub use older::OlderCopy;
pub use reach::Reach;
use replaced::was_ours;
use shown::{ShownOfKey, newest_signed};
pub use watch::KeyWatch;

/// What the checks need.
#[derive(Clone, Copy, Debug)]
pub struct KeyTerms<'a> {
    /// The password of the checkpoint key.
    pub password: Option<&'a Password>,
    /// CometBFT runs with files that are not in this node's folder: they are not checked.
    pub engine_elsewhere: bool,
}

/// Checks the node's keys, and opens the checkpoint key; `None` for a node that only follows.
///
/// # Errors
/// [`KeysError`], which says what is missing or wrong and what to do.
pub fn open(
    terms: KeyTerms<'_>,
    home: &Home,
    genesis: &Genesis,
    tree: &Tree,
    height: u64,
) -> Result<Option<CheckpointKey>, KeysError> {
    let root_chain_id = genesis.genesis.parameters.root_chain_id;
    let members = members(tree, height, genesis.genesis.parameters.epoch_blocks)?.concat();
    let consensus = match terms.engine_elsewhere {
        true => None,
        false => consensus_key(home, root_chain_id)?,
    };
    let path = home.checkpoint_key_path();
    if !path.exists() {
        if !terms.engine_elsewhere && home.engine().has_remote_signer()? {
            return Err(KeysError::NoKeyBesideRemote(path));
        }
        check_follower(home, consensus.as_ref(), &members)?;
        remember_votes(terms, home, &genesis.deployment.domain.deployment)?;
        tracing::info!("no checkpoint key: this node follows and signs nothing");
        return Ok(None);
    }
    let password = terms.password.ok_or(KeysError::NoPassword)?;
    let secret = keystore::open_kind(&path, KeyKind::Bls12381, password)?;
    development::refuse_published("the checkpoint key", &secret, root_chain_id)?;
    let key = bls::SecretKey::from_bytes(&secret).map_err(|_| KeysError::BadKey(path.clone()))?;
    if !terms.engine_elsewhere {
        let ours = (consensus.as_ref(), &key.public_key());
        check_validator(home, ours, &members, |member| {
            was_ours(tree, member, ours.1)
        })?;
    }
    remember_votes(terms, home, &genesis.deployment.domain.deployment)?;
    let identity = SignStateIdentity {
        deployment: genesis.deployment.domain.deployment,
        key: key.public_key(),
    };
    Ok(Some(CheckpointKey { key, identity }))
}

/// The checkpoint key, before its sign state is open.
pub struct CheckpointKey {
    key: bls::SecretKey,
    identity: SignStateIdentity,
}

impl CheckpointKey {
    /// Opens the sign state that is there. It may be an older copy, which lacks what was signed since: of the checkpoints that root has
    /// accepted, as this node's own state says, it signs none any more that does not stand in the file. Nothing is lost by that, because root
    /// needs no signature of them.
    ///
    /// # Errors
    /// [`SignStateError`], which says what to do; [`KeysError::NoRecord`].
    pub fn open_state(
        &self,
        home: &Home,
        tree: &Tree,
        height: u64,
    ) -> Result<SignState, KeysError> {
        let mut state = SignState::open(&home.sign_state_path(), self.identity)?;
        state.refuse_below(accepted(tree, height)?)?;
        Ok(state)
    }

    /// Makes a sign state where there is none. Its floor is the first checkpoint that root has not accepted yet, so it lies above every
    /// certificate in which this key's bit can be set. What root has accepted needs no signature any more: nothing is lost when it is refused,
    /// whether the key stood under it or not. It is no higher, because all that is not accepted yet needs signatures: a network whose members
    /// have all lost their files would stand still for ever. Nor is it higher than epochs can be over, because it never comes down: an
    /// endpoint that lies must not be able to keep this key from signing. The bits are read for the person alone, to whom they show that the
    /// key signed.
    ///
    /// # Errors
    /// [`KeysError::RootUnknown`] while root does not answer, [`KeysError::TooManyAccepted`].
    pub fn new_state(
        &self,
        home: &Home,
        genesis_set: &[Member],
        view: &View,
        reach: Reach,
    ) -> Result<SignState, KeysError> {
        if view.finalized.is_none() {
            return Err(KeysError::RootUnknown(home.sign_state_path()));
        }
        let (accepted, max) = (view.accepted, reach.max_accepted());
        if accepted > max {
            return Err(KeysError::TooManyAccepted {
                accepted,
                max,
                reach,
                sign_state: home.sign_state_path(),
            });
        }
        let commitment = set::commit(genesis_set).ok().map(|set| set.commitment);
        let is_ours = |member: &Member| member.checkpoint_key == self.identity.key;
        let number = genesis_set.iter().position(is_ours);
        let floor = view.accepted;
        match newest_signed(&view.acceptances, number, commitment) {
            ShownOfKey::Signed(epoch) => tracing::warn!(
                epoch,
                floor,
                "this key has signed in this deployment, as root shows: make sure that no other copy of this node signs with it"
            ),
            ShownOfKey::Unknown(epoch) => tracing::info!(
                epoch,
                floor,
                "a new sign state. Root does not show whether this key has signed before: its newest checkpoints were signed by a set that is not known here. If another node has had this key, make sure that it does not sign with it any more"
            ),
            ShownOfKey::Nothing => tracing::info!(
                floor,
                "a new sign state: none of the newest checkpoints on root shows a signature of this key"
            ),
        }
        Ok(SignState::create(
            &home.sign_state_path(),
            self.identity,
            floor,
        )?)
    }

    /// What signs by way of the sign state.
    #[must_use]
    pub fn signer(self, state: SignState) -> Box<dyn Signer> {
        Box::new(CheckpointSigner {
            key: self.key,
            state: Mutex::new(state),
            said: Mutex::default(),
        })
    }
}

/// How many checkpoints root has accepted, by the newest epoch whose record in the state says so: root accepts them in order.
fn accepted(tree: &Tree, height: u64) -> Result<u64, KeysError> {
    let unread = |error: ExecutionFault<Infallible>| KeysError::NoRecord(error.to_string());
    let parameters = parameters(tree).map_err(unread)?;
    let now = epoch_of(height.saturating_add(1), parameters.epoch_blocks).unwrap_or(0);
    for epoch in (now.saturating_sub(parameters.ring.into())..now).rev() {
        let place = ring_place(epoch, parameters.ring);
        let record: Option<EpochRecord> =
            leaf(tree, &Slot::EpochRecord { place }).map_err(unread)?;
        if record.is_some_and(|record| record.epoch == epoch && record.accepted != 0) {
            return Ok(epoch.saturating_add(1));
        }
    }
    Ok(0)
}

/// The sets of the epoch of the next block and of the one after.
fn members(tree: &Tree, height: u64, epoch_blocks: u32) -> Result<[Vec<Member>; 2], KeysError> {
    let epoch = epoch_of(height.saturating_add(1), epoch_blocks).unwrap_or(0);
    let set = |epoch: u64| {
        let first = epoch
            .saturating_mul(u64::from(epoch_blocks))
            .saturating_add(1);
        set_at(tree, first).map_err(|error| KeysError::NoSet {
            epoch,
            why: error.to_string(),
        })
    };
    Ok([set(epoch)?, set(epoch.saturating_add(1))?])
}

/// The public consensus key in CometBFT's file; `None` where there is no file and need not be. Also checks that the other files are
/// there without which CometBFT would begin with new ones.
fn consensus_key(home: &Home, root_chain_id: u64) -> Result<Option<[u8; 32]>, KeysError> {
    let engine = home.engine();
    if !engine.node_key_path().exists() {
        return Err(KeysError::NodeKeyGone(engine.node_key_path()));
    }
    let path = engine.consensus_key_path();
    if engine.has_remote_signer()? {
        return Ok(None);
    }
    // A key that is gone leaves its own sign state behind, or the checkpoint key beside it. They are looked for first: a CometBFT that
    // starts meanwhile writes a key, then its state.
    let was_there = engine.sign_state_path().exists() || home.checkpoint_key_path().exists();
    if !path.exists() {
        return match was_there {
            true => Err(KeysError::ConsensusKeyGone(path)),
            false => Ok(None),
        };
    }
    let seed = Secret::from(comet::keys::read_consensus_key(&path)?);
    development::refuse_published("the consensus key", &seed, root_chain_id)?;
    Ok(Some(
        SigningKey::from_bytes(&seed).verifying_key().to_bytes(),
    ))
}

/// Whether a consensus key that is in this folder signs from here. A remote signer, and an engine elsewhere, have their own. Whoever registers such a key
/// later has signed with it by then, and may put back a copy from before: so it does not matter whether a checkpoint key stands beside it.
fn signs_from_here(terms: KeyTerms<'_>, home: &Home) -> Result<bool, KeysError> {
    let engine = home.engine();
    Ok(!terms.engine_elsewhere
        && engine.consensus_key_path().exists()
        && !engine.has_remote_signer()?)
}

/// Refuses CometBFT's sign state where it is older than it was, and keeps how far it is.
fn remember_votes(
    terms: KeyTerms<'_>,
    home: &Home,
    deployment: &[u8; 20],
) -> Result<(), KeysError> {
    if !signs_from_here(terms, home)? {
        return Ok(());
    }
    let record = home.last_vote_path();
    Ok(home.engine().remember_last_signed(&record, deployment)?)
}

/// A node without a checkpoint key must be no member's, and never have signed.
fn check_follower(
    home: &Home,
    consensus: Option<&[u8; 32]>,
    members: &[Member],
) -> Result<(), KeysError> {
    let is_ours = |member: &&Member| Some(&member.consensus_key) == consensus;
    if let Some(member) = members.iter().find(is_ours) {
        return Err(KeysError::NoCheckpointKey {
            consensus: home.engine().consensus_key_path(),
            operator: Address::from(member.operator),
            seat: member.seat,
            checkpoint: home.checkpoint_key_path(),
        });
    }
    if home.sign_state_path().exists() {
        return Err(KeysError::CheckpointKeyGone {
            sign_state: home.sign_state_path(),
            checkpoint: home.checkpoint_key_path(),
        });
    }
    Ok(())
}

/// Both keys of a member must be those that it registered: in one of the two sets, because new ones come with the second. A checkpoint key
/// that its operator has replaced is taken beside the member's consensus key (`was_ours`): root may still need its shares over checkpoints of
/// the sets before, it signs by its own sign state, and in no set from the new one on. It is said loudly, because nothing here signs for those.
fn check_validator(
    home: &Home,
    (consensus, checkpoint): (Option<&[u8; 32]>, &[u8; 96]),
    members: &[Member],
    was_ours: impl Fn(&Member) -> Result<bool, KeysError>,
) -> Result<(), KeysError> {
    let Some(consensus) = consensus else {
        return Ok(());
    };
    let engine = home.engine();
    engine.require_sign_state()?;
    let same = |member: &Member| {
        (
            member.consensus_key == *consensus,
            member.checkpoint_key == *checkpoint,
        )
    };
    if members.iter().any(|member| same(member) == (true, true)) {
        return Ok(());
    }
    for member in members {
        let operator = Address::from(member.operator);
        let same = same(member);
        if same == (false, true) {
            return Err(KeysError::OtherConsensusKey {
                path: home.engine().consensus_key_path(),
                found: hex::encode(consensus),
                expected: hex::encode(member.consensus_key),
                operator,
                seat: member.seat,
            });
        }
        if same == (true, false) && was_ours(member)? {
            tracing::error!(
                %operator,
                seat = member.seat,
                registration = member.registration,
                "the set names another checkpoint key: this node has one that its operator has replaced, and signs no checkpoint of the sets with the new \
                 registration. Keep it until root has accepted every checkpoint of the sets before, and then start with the new one"
            );
            return Ok(());
        }
        if same == (true, false) {
            return Err(KeysError::OtherCheckpointKey {
                path: home.checkpoint_key_path(),
                found: hex::encode(checkpoint),
                expected: hex::encode(member.checkpoint_key),
                operator,
                seat: member.seat,
            });
        }
    }
    Ok(())
}

/// The checkpoint key, which signs nothing that the sign state does not hold.
struct CheckpointSigner {
    key: bls::SecretKey,
    state: Mutex<SignState>,
    /// What was said last of a failure: it is said once, however often a share is asked for.
    said: Mutex<Option<String>>,
}

impl CheckpointSigner {
    fn say(&self, epoch: u64, failure: Option<&SignStateError>) {
        let failure = failure.map(ToString::to_string);
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if *said == failure {
            return;
        }
        match &failure {
            Some(error) => tracing::error!(epoch, %error, "no share was signed"),
            None => tracing::info!(epoch, "shares are signed again"),
        }
        *said = failure;
    }
}

impl Signer for CheckpointSigner {
    fn key(&self) -> [u8; 96] {
        self.key.public_key()
    }

    fn share(&self, epoch: u64, digest: &B256, accepted: u64) -> Result<[u8; 192], Unsigned> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = state.record(epoch, *digest, accepted);
        drop(state);
        self.say(epoch, outcome.as_ref().err());
        match outcome {
            Ok(_) => Ok(self.key.sign_checkpoint(digest)),
            Err(SignStateError::Io { .. } | SignStateError::Full { .. }) => Err(Unsigned::ForNow),
            Err(_) => Err(Unsigned::ForEver),
        }
    }
}

#[cfg(test)]
mod tests;
