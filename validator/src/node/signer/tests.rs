//! Which checkpoints of root this key stands under, and which keys belong together.

use std::collections::BTreeMap;

use alloy_primitives::U256;
use plasmid_bridge::proof::checkpoint::Checkpoint;
use plasmid_bridge::relay::acceptance::Acceptance;
use plasmid_bridge::relay::seen::{Anchor, Block};
use plasmid_staking::{Key as StakeKey, Registration};

use super::*;
use crate::chain::{
    epoch::set::set_at,
    fixture::{self, World},
    overlay::Overlay,
};
use crate::ledger::leaves::write;
use crate::node::{comet::CometError, sign_state::Permit};

fn member(seat: u16) -> Member {
    let byte = u8::try_from(seat).expect("small");
    Member {
        at_risk: true,
        seat,
        operator: [byte; 20],
        registration: u64::from(seat) + 1,
        consensus_key: [byte; 32],
        checkpoint_key: [byte; 96],
        power: 10,
    }
}

/// Accepted checkpoints from epoch 0 on: who signed each, and which set signs the one after.
fn accepted(rows: &[(u8, B256)]) -> BTreeMap<u64, Acceptance> {
    let record = |(epoch, (bits, next_set)): (u64, &(u8, B256))| {
        let mut checkpoint = Checkpoint::decode(&[1; 224]).expect("any bytes are a checkpoint");
        (checkpoint.epoch, checkpoint.next_set) = (epoch, *next_set);
        let mut signers = [0; 64];
        signers[0] = *bits;
        let record = Acceptance {
            signers,
            ..fixture::accepted(checkpoint)
        };
        (epoch, record)
    };
    (0..).zip(rows).map(record).collect()
}

#[test]
fn what_this_key_has_signed_is_read_from_the_bits_on_root() {
    let set = B256::repeat_byte(5);
    let rows = accepted(&[(0b0011, set), (0b0111, set), (0b0011, set)]);
    let newest = |number| newest_signed(&rows, number, Some(set));
    assert_eq!(newest(Some(0)), ShownOfKey::Signed(2));
    assert_eq!(newest(Some(2)), ShownOfKey::Signed(1));
    assert_eq!(newest(Some(3)), ShownOfKey::Nothing);
    assert_eq!(newest(None), ShownOfKey::Nothing, "no member's key");
    // Of a set that is not known here, any key may have been a member: that is said, and a newer checkpoint does not hide that it has signed an
    // elder one.
    let rows = accepted(&[
        (0b0011, set),
        (0b0011, B256::ZERO),
        (0b0011, set),
        (0b0011, set),
    ]);
    assert_eq!(
        newest_signed(&rows, Some(3), Some(set)),
        ShownOfKey::Unknown(2)
    );
    assert_eq!(
        newest_signed(&rows, Some(0), Some(set)),
        ShownOfKey::Signed(3)
    );
    assert_eq!(
        newest_signed(&rows, None, Some(set)),
        ShownOfKey::Unknown(2)
    );
    let mut rows = accepted(&[(0b0011, set), (0b0011, set)]);
    rows.remove(&0);
    assert_eq!(
        newest_signed(&rows, Some(3), Some(set)),
        ShownOfKey::Unknown(1)
    );
}

/// Of a node that has lost everything and whose chain began long ago.
const REACH: Reach = Reach {
    epochs: 0,
    time: 0,
    epoch_secs: 64,
};

/// What root shows once this many checkpoints are accepted, of which it shows the newest with these bits.
fn view(accepted: u64, bits: &[u8], set: B256) -> View {
    let rows: Vec<_> = bits.iter().map(|bits| (*bits, set)).collect();
    let first = accepted - bits.len() as u64;
    let shown = self::accepted(&rows).into_iter();
    let anchor = Anchor {
        index: 0,
        link: B256::ZERO,
        root_height: 0,
    };
    View {
        finalized: Some(Block {
            number: 9,
            hash: B256::repeat_byte(9),
            parent: B256::repeat_byte(8),
            time: 9,
        }),
        anchor,
        entries: Vec::new(),
        acceptances: shown.map(|(epoch, row)| (first + epoch, row)).collect(),
        accepted,
        end: Default::default(),
        healthy: true,
        stale_at: u64::MAX,
        standings: Vec::new(),
    }
}

/// Whatever the certificates on root show of this key: it stands under none that it could sign again, and signs all that root still lacks.
#[test]
fn a_new_sign_state_begins_with_the_first_checkpoint_that_root_has_not() {
    let key = bls::SecretKey::from_entropy(&[7; 32]).expect("a key");
    let other = bls::SecretKey::from_entropy(&[8; 32]).expect("a key");
    let members = [(0, &other), (1, &key)].map(|(seat, key)| Member {
        checkpoint_key: key.public_key(),
        ..member(seat)
    });
    let set = set::commit(&members).expect("a set").commitment;
    let identity = SignStateIdentity {
        deployment: [1; 20],
        key: key.public_key(),
    };
    let key = CheckpointKey { key, identity };
    let (ours, others) = (0b10, 0b01);
    for (accepted, bits) in [
        (0, vec![]),
        (9, vec![]),
        (9, vec![ours | others; 3]),
        (9, vec![ours, others, others]),
        (9, vec![others, others, ours]),
        (9, vec![others; 9]),
        (1, vec![ours]),
    ] {
        let (_folder, home) = home();
        let view = view(accepted, &bits, set);
        let mut state = key
            .new_state(&home, &members, &view, REACH)
            .expect("a new one");
        for (epoch, record) in &view.acceptances {
            let digest = record.digest;
            let refused = state.record(*epoch, digest, 0);
            assert!(
                matches!(refused, Err(SignStateError::BelowFloor { floor, .. }) if floor == accepted)
            );
        }
        let below = accepted.checked_sub(1);
        assert!(below.is_none_or(|epoch| state.record(epoch, B256::ZERO, 0).is_err()));
        let next = state.record(accepted, B256::repeat_byte(1), 0);
        assert_eq!(next.expect("root lacks it"), Permit::First);
        drop(state);
        let found = SignState::summary(&home.sign_state_path()).expect("it is there");
        assert_eq!((found.floor, found.identity), (accepted, identity));
    }
}

#[test]
fn while_root_does_not_answer_no_sign_state_is_made() {
    let key = bls::SecretKey::from_entropy(&[7; 32]).expect("a key");
    let identity = SignStateIdentity {
        deployment: [1; 20],
        key: key.public_key(),
    };
    let (_folder, home) = home();
    let unknown = View {
        finalized: None,
        ..view(0, &[], B256::ZERO)
    };
    let refused = CheckpointKey { key, identity }.new_state(&home, &[], &unknown, REACH);
    assert!(matches!(refused, Err(KeysError::RootUnknown(_))));
    assert!(!home.sign_state_path().exists());
}

/// An endpoint's word is no floor when no chain can have come that far: neither since this node's own block, nor since the genesis.
#[test]
fn what_cannot_be_accepted_yet_makes_no_sign_state_and_the_error_says_both_numbers() {
    let key = bls::SecretKey::from_entropy(&[7; 32]).expect("a key");
    let identity = SignStateIdentity {
        deployment: [1; 20],
        key: key.public_key(),
    };
    let key = CheckpointKey { key, identity };
    let now = std::time::SystemTime::now();
    let now = now.duration_since(std::time::UNIX_EPOCH).expect("a date");
    let (_folder, home) = home();
    for epochs in [0, 1_000] {
        let reach = Reach {
            epochs,
            time: now.as_secs() - 36_000,
            epoch_secs: 3_600,
        };
        // Ten epochs passed, and a quarter of an hour may be between two clocks.
        assert_eq!(reach.max_accepted_at(now.as_secs()), epochs + 11);
        for lie in [epochs + 12, u64::MAX] {
            let view = view(lie, &[], B256::ZERO);
            let refused = key.new_state(&home, &[], &view, reach);
            let said = refused.expect_err("it cannot be").to_string();
            assert!(said.contains(&format!("{lie} checkpoints")), "{said}");
            assert!(said.contains(&format!("at most {}", epochs + 11)), "{said}");
            assert!(said.contains("another endpoint"), "{said}");
            assert!(!home.sign_state_path().exists());
        }
    }
    let reach = Reach {
        epochs: 1_000,
        time: now.as_secs(),
        epoch_secs: 3_600,
    };
    let view = view(1_001, &[], B256::ZERO);
    key.new_state(&home, &[], &view, reach)
        .expect("it can be: one more was over a moment ago");
}

#[test]
fn how_far_a_chain_can_be_follows_from_its_newest_block_and_the_shortest_epoch() {
    let parameters = crate::ledger::Parameters::network();
    for (height, epochs) in [(0, 0), (7_199, 0), (7_200, 1), (72_001, 10)] {
        let reach = Reach::of(height, 5, &parameters);
        let expected = Reach {
            epochs,
            time: 5,
            epoch_secs: 7_200,
        };
        assert_eq!(reach, expected);
    }
}

fn home() -> (tempfile::TempDir, Home) {
    let folder = tempfile::tempdir().expect("a folder");
    let home = Home::new(folder.path());
    (folder, home)
}

#[test]
fn both_keys_of_a_member_belong_together() {
    let (_folder, home) = home();
    let members = [member(1), member(2)];
    let state = home.engine().sign_state_path();
    let never = |_: &Member| Ok(false);
    let judged = check_validator(&home, (Some(&[1; 32]), &[1; 96]), &members, never);
    assert!(matches!(
        judged,
        Err(KeysError::Comet(CometError::NoSignState { .. }))
    ));
    std::fs::create_dir_all(state.parent().expect("a folder")).expect("a folder");
    std::fs::write(state, "{}").expect("written");
    let judge = |consensus: u8, checkpoint: u8| {
        let ours = (Some(&[consensus; 32]), &[checkpoint; 96]);
        check_validator(&home, ours, &members, never)
    };
    assert!(judge(1, 1).is_ok());
    assert!(judge(2, 2).is_ok());
    assert!(judge(9, 9).is_ok(), "no member, or not yet");
    assert!(matches!(
        judge(9, 2),
        Err(KeysError::OtherConsensusKey { seat: 2, .. })
    ));
    assert!(matches!(
        judge(2, 9),
        Err(KeysError::OtherCheckpointKey { seat: 2, .. })
    ));
    assert!(judge(1, 2).is_err());
    // New keys come with the second set: whoever restarts meanwhile has the old pair or the new one.
    let rotated = [
        member(1),
        Member {
            consensus_key: [3; 32],
            ..member(1)
        },
    ];
    for (consensus, allowed) in [(1, true), (3, true), (4, false)] {
        let ours = (Some(&[consensus; 32]), &[1; 96]);
        let judged = check_validator(&home, ours, &rotated, never);
        assert_eq!(judged.is_ok(), allowed, "consensus key {consensus}");
    }
    assert!(
        check_validator(&home, (None, &[1; 96]), &members, never).is_ok(),
        "a remote signer"
    );
}

/// Whoever changed the checkpoint key alone runs with the old one until root has what it signs, and may have to start again meanwhile.
#[test]
fn a_checkpoint_key_that_the_operator_has_replaced_is_taken_beside_the_members_consensus_key_alone()
{
    let world = World::new(16, 4);
    let genesis = set_at(&world.tree, 1).expect("the first set");
    let replaced = Registration {
        line: 1,
        tombstoned: false,
        consensus_key: genesis[0].consensus_key,
        checkpoint_key: [0x66; 96],
    };
    let seated = Member {
        registration: 40,
        checkpoint_key: [0x77; 96],
        ..genesis[0].clone()
    };
    let mut overlay = Overlay::new(&world.tree);
    let slot = Slot::from(StakeKey::Registration {
        operator: seated.operator,
        number: 23,
    });
    write(&mut overlay, &slot, &replaced).expect("it is written");
    let changes = overlay.take().changes;
    let mut tree = world.tree;
    tree.apply(&changes).expect("it fits the tree");
    let members = [seated.clone(), genesis[1].clone()];
    let (_folder, home) = home();
    let state = home.engine().sign_state_path();
    std::fs::create_dir_all(state.parent().expect("a folder")).expect("a folder");
    std::fs::write(state, "{}").expect("written");
    let judge = |consensus: &[u8; 32], checkpoint: &[u8; 96]| {
        check_validator(&home, (Some(consensus), checkpoint), &members, |member| {
            was_ours(&tree, member, checkpoint)
        })
    };
    let first = &genesis[0].checkpoint_key;
    for (checkpoint, taken) in [
        (&[0x77; 96], true),
        (&[0x66; 96], true),
        (first, true),
        (&genesis[2].checkpoint_key, false),
        (&[0x55; 96], false),
    ] {
        let judged = judge(&seated.consensus_key, checkpoint);
        let refused = matches!(judged, Err(KeysError::OtherCheckpointKey { .. }));
        assert_eq!((judged.is_ok(), refused), (taken, !taken));
    }
    // Beside another's consensus key it is refused as before.
    let judged = judge(&genesis[1].consensus_key, first);
    assert!(matches!(judged, Err(KeysError::OtherCheckpointKey { .. })));
}

#[test]
fn a_node_without_a_checkpoint_key_is_no_members_and_has_never_signed() {
    let (_folder, home) = home();
    let members = [member(1), member(2)];
    assert!(check_follower(&home, None, &members).is_ok());
    assert!(check_follower(&home, Some(&[9; 32]), &members).is_ok());
    let judged = check_follower(&home, Some(&[2; 32]), &members);
    assert!(matches!(
        judged,
        Err(KeysError::NoCheckpointKey { seat: 2, .. })
    ));
    let identity = SignStateIdentity {
        deployment: [1; 20],
        key: [2; 96],
    };
    drop(SignState::create(&home.sign_state_path(), identity, 0).expect("a new one"));
    let judged = check_follower(&home, Some(&[9; 32]), &members);
    assert!(matches!(judged, Err(KeysError::CheckpointKeyGone { .. })));
}

/// A state in which root has accepted the checkpoints of the first `accepted` epochs, and the last block of the epoch behind them stands.
fn state_with(accepted: u64) -> (Tree, u64) {
    let world = World::new(16, 4);
    let mut overlay = Overlay::new(&world.tree);
    for epoch in 0..accepted {
        let place = ring_place(epoch, 18);
        let record = EpochRecord {
            epoch,
            accepted: 77,
            ..EpochRecord::default()
        };
        write(&mut overlay, &Slot::EpochRecord { place }, &record).expect("it is written");
    }
    let changes = overlay.take().changes;
    let mut tree = world.tree;
    tree.apply(&changes).expect("it fits the tree");
    (tree, (accepted + 1) * 16)
}

/// The file comes back as it was after each epoch, while the node's state goes on: what was signed since and root has accepted is refused
/// under any other digest, and what stands in the file may be signed again as it was.
#[test]
fn an_older_sign_state_that_is_put_back_signs_nothing_else_that_root_has_accepted() {
    let (_folder, home) = home();
    let key = CheckpointKey {
        key: bls::SecretKey::from_entropy(&[7; 32]).expect("a key"),
        identity: SignStateIdentity {
            deployment: [1; 20],
            key: [2; 96],
        },
    };
    let path = home.sign_state_path();
    let digest = |epoch: u64| B256::from(U256::from(epoch + 1));
    let other = B256::repeat_byte(0xee);
    let mut state = SignState::create(&path, key.identity, 0).expect("a new one");
    let mut copies = vec![std::fs::read(&path).expect("it is there")];
    for epoch in 0..40 {
        state.record(epoch, digest(epoch), 0).expect("it is signed");
        copies.push(std::fs::read(&path).expect("it is there"));
    }
    drop(state);
    for accepted in [0, 1, 17, 39, 40] {
        let (tree, height) = state_with(accepted);
        for (kept, copy) in (0u64..).zip(&copies) {
            std::fs::write(&path, copy).expect("the older file is put back");
            let mut state = loop {
                match key.open_state(&home, &tree, height) {
                    // A process that another test starts has copies of our descriptors until it executes its program.
                    Err(KeysError::SignState(SignStateError::Locked(_))) => {
                        std::thread::yield_now();
                    }
                    opened => break opened.expect("it opens"),
                }
            };
            for epoch in 0..kept {
                assert_eq!(
                    state.record(epoch, digest(epoch), 0).expect("as it was"),
                    Permit::Again
                );
            }
            for epoch in 0..kept.max(accepted) {
                let said = state.record(epoch, other, 0).expect_err("another digest");
                let known = match epoch < kept {
                    true => matches!(said, SignStateError::Equivocation { .. }),
                    false => matches!(said, SignStateError::BelowFloor { .. }),
                };
                assert!(
                    known,
                    "{kept} kept, {accepted} accepted, epoch {epoch}: {said}"
                );
            }
        }
    }
}
