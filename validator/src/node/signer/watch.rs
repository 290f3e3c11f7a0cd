//! The keys of a node that runs, beside the sets of the tip. What was right at the start changes: an operator takes a seat, or registers
//! other keys.
//!
//! ```text
//! engine's status ─▶ consensus key ─┐
//! checkpoint key (or none) ─────────┼─▶ trouble, a sentence ─▶ log, `status`, metrics, health          at each tick
//! sets of the tip ──────────────────┘
//! ```
//! The node goes on: were it to stop, its engine would stop too, and a vote is worth more than none. Only a follower whose engine has a
//! member's key at its first answer ends, because that is the check of a start that could not be made before.

use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::Address;
use plasmid_bridge::proof::vote;
use plasmid_staking::{Key, Member, Signer as Registered};

use super::{KeyTerms, KeysError, members, remember_votes};
use crate::{
    app::{
        App,
        reads::{KeyState, Served},
    },
    chain::{committed, tree::Tree},
    engine::abci::Fault,
    ledger::Slot,
    node::{comet, config::Home, duty},
};

/// How often the engine is asked for its key, and the sets are looked at.
const TICK: Duration = Duration::from_secs(5);

/// What is watched.
pub struct KeyWatch {
    /// The engine, which is asked for its key.
    pub engine: comet::Client,
    /// Its files are not in this node's folder, so they were not checked at the start.
    pub engine_elsewhere: bool,
    /// The node's folder, whose files are named.
    pub home: Home,
    /// The chain.
    pub app: Arc<App>,
    /// Who is told.
    pub served: Arc<Served>,
    /// The checkpoint key that signs here.
    pub own: Option<[u8; 96]>,
    /// The nodes to which it hands its shares.
    pub others: Vec<duty::Other>,
}

impl KeyWatch {
    /// Looks for as long as the node runs.
    ///
    /// # Errors
    /// [`KeysError::NoKeyForEngine`] at the first answer of an engine whose files could not be checked; [`KeysError::NoSet`]; what
    /// [`KeyWatch::remember`] refuses.
    pub async fn run(self) -> KeysError {
        let watch = Arc::new(self);
        let mut consensus: Option<Vec<u8>> = None;
        loop {
            let answered = watch.engine.status().await.ok();
            let is_first = consensus.is_none() && answered.is_some();
            consensus = answered
                .map(|status| status.validator_info.pub_key.to_bytes())
                .or(consensus);
            // A look waits while a block holds the state, so it is not for the threads that serve.
            let (looks, key) = (Arc::clone(&watch), consensus.clone());
            let looked = tokio::task::spawn_blocking(move || {
                looks.remember()?;
                looks.look(key.as_deref())
            });
            match looked.await {
                Err(error) => return KeysError::State(Fault::new(error)),
                Ok(Err(error)) => return error,
                Ok(Ok(Some(error))) if is_first && watch.engine_elsewhere => return error,
                Ok(Ok(_)) => {}
            }
            tokio::time::sleep(TICK).await;
        }
    }

    /// One look beside an engine with this consensus key, if it has said which it has: tells what it finds, and gives the error that would
    /// have ended a start.
    ///
    /// # Errors
    /// [`KeysError::NoSet`], [`KeysError::State`]: this node is broken.
    pub fn look(&self, consensus: Option<&[u8]>) -> Result<Option<KeysError>, KeysError> {
        let state = self.app.state();
        let blocks = self.app.parameters().epoch_blocks;
        let sets = members(&state.tree, state.tip.height, blocks)?;
        let known = consensus.map_or(Ok(None), |key| registered(&state.tree, key));
        drop(state);
        let known = known.map_err(KeysError::State)?;
        let shares_stay = duty::shares_stay(self.own, &sets.concat(), &self.others);
        let missing = match (consensus, &self.own) {
            (Some(key), None) => self.unsigned(key, &sets),
            _ => None,
        };
        let other = self.own.as_ref().and_then(|own| {
            let [_, next] = &sets;
            other_keys(consensus?, own, known, next)
        });
        self.served.sign(KeyState {
            shares_stay,
            keys: missing.as_ref().map(ToString::to_string).or(other),
        });
        Ok(missing)
    }

    /// Keeps how far the consensus key has signed, for the next start. Where that fails the node goes on, as it goes on with other keys.
    ///
    /// # Errors
    /// [`CometError::OlderVotes`](comet::CometError::OlderVotes): somebody put an older copy there, and the engine ends with the node.
    fn remember(&self) -> Result<(), KeysError> {
        let terms = KeyTerms {
            password: None,
            engine_elsewhere: self.engine_elsewhere,
        };
        match remember_votes(terms, &self.home, &self.app.deployment().domain.deployment) {
            Err(older @ KeysError::Comet(comet::CometError::OlderVotes { .. })) => Err(older),
            Err(error) => {
                tracing::error!(%error, "how far the consensus key has signed");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// The member that this node's engine votes for, while nothing here signs its checkpoints.
    fn unsigned(&self, consensus: &[u8], sets: &[Vec<Member>; 2]) -> Option<KeysError> {
        let mut members = sets.iter().flatten();
        let member = members.find(|member| member.consensus_key.as_slice() == consensus)?;
        Some(KeysError::NoKeyForEngine {
            engine: self.engine.url().to_owned(),
            operator: Address::from(member.operator),
            seat: member.seat,
            checkpoint: self.home.checkpoint_key_path(),
        })
    }
}

/// The newest registration with this consensus key.
fn registered(tree: &Tree, consensus: &[u8]) -> Result<Option<Registered>, Fault> {
    let Ok(key) = <[u8; 32]>::try_from(consensus) else {
        return Ok(None);
    };
    let slot = Slot::from(Key::Address(vote::address(&key)));
    committed::leaf(tree, &slot).map_err(Fault::new)
}

/// What a node must be told whose operator has a seat under other keys than its own, from the next epoch on at the latest.
fn other_keys(
    consensus: &[u8],
    own: &[u8; 96],
    known: Option<Registered>,
    next: &[Member],
) -> Option<String> {
    let is_ours = |member: &&Member| {
        let same = known.map(|known| known.operator == member.operator);
        same == Some(true) || member.checkpoint_key == *own
    };
    let member = next.iter().find(is_ours)?;
    // A node that was started with new keys before the sets have them.
    if known.is_some_and(|known| known.registration > member.registration) {
        return None;
    }
    let same = (
        member.consensus_key == consensus,
        member.checkpoint_key == *own,
    );
    let (runs, stands) = match same {
        (true, true) => return None,
        (false, true) => ("consensus key is not the one", "consensus key"),
        (true, false) => ("checkpoint key is not the one", "checkpoint key"),
        (false, false) => ("keys are not those", "keys"),
    };
    let (operator, seat) = (Address::from(member.operator), member.seat);
    let registration = member.registration;
    Some(format!(
        "this node's {runs} under which operator {operator} has seat {seat} from the next epoch on, by its registration {registration}: \
         a node with the registered {stands} must run then. Shares over checkpoints of the epochs before need this node's checkpoint key, so keep it, and its \
         sign state, until root has accepted them"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(seat: u16, consensus: u8, checkpoint: u8) -> Member {
        Member {
            at_risk: true,
            seat,
            operator: [0xaa; 20],
            registration: 7,
            consensus_key: [consensus; 32],
            checkpoint_key: [checkpoint; 96],
            power: 10,
        }
    }

    #[test]
    fn a_node_says_that_its_operator_registered_other_keys_and_which() {
        let known = |registration| {
            let operator = [0xaa; 20];
            Some(Registered {
                operator,
                registration,
            })
        };
        let say = |next: &[Member]| other_keys(&[1; 32], &[1; 96], known(6), next);
        assert_eq!(say(&[member(3, 1, 1)]), None);
        assert_eq!(say(&[]), None, "it has no seat");
        for (consensus, checkpoint, expected) in [
            (2, 2, "keys are not those"),
            (2, 1, "consensus key is not the one"),
            (1, 2, "checkpoint key is not the one"),
        ] {
            let said = say(&[member(3, consensus, checkpoint)]).expect("it is told");
            assert!(said.contains(expected), "{said}");
            assert!(
                said.contains("registration 7") && said.contains("seat 3"),
                "{said}"
            );
        }
        let mut stranger = member(4, 2, 2);
        stranger.operator = [0xbb; 20];
        assert_eq!(say(&[stranger]), None, "another operator's");
        // Keys that the sets do not have yet.
        let early = |known| other_keys(&[5; 32], &[5; 96], known, &[member(3, 1, 1)]);
        assert_eq!((early(None), early(known(8))), (None, None));
        assert!(early(known(6)).is_some());
        // An engine whose key nobody registered, beside a member's checkpoint key.
        let stray = other_keys(&[9; 32], &[1; 96], None, &[member(3, 1, 1)]);
        assert!(stray.is_some_and(|said| said.contains("consensus key is not the one")));
    }
}
