//! The sign state against crashes, damage, and a second process.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use alloy_primitives::keccak256;

use super::*;

const IDENTITY: SignStateIdentity = SignStateIdentity {
    deployment: [1; 20],
    key: [2; 96],
};

fn digest(byte: u8) -> B256 {
    B256::repeat_byte(byte)
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn is_equivocation(result: Result<Permit, SignStateError>) -> bool {
    matches!(result, Err(SignStateError::Equivocation { .. }))
}

#[test]
fn a_second_digest_is_refused_for_ever_and_the_first_one_may_be_signed_again() {
    let folder = folder();
    let path = folder.path().join("sign_state");
    let mut state = SignState::create(&path, IDENTITY, 0).unwrap();
    assert_eq!(state.record(7, digest(1), 0).unwrap(), Permit::First);
    assert_eq!(state.record(7, digest(1), 0).unwrap(), Permit::Again);
    assert!(is_equivocation(state.record(7, digest(2), 0)));
    for _ in 0..3 {
        drop(state);
        state = SignState::open(&path, IDENTITY).unwrap();
        assert_eq!(state.signed(7), Some(digest(1)));
        assert_eq!(state.record(7, digest(1), 0).unwrap(), Permit::Again);
        assert!(is_equivocation(state.record(7, digest(2), 0)));
    }
    // Late shares: an older epoch that was never signed is open.
    assert_eq!(state.record(3, digest(9), 0).unwrap(), Permit::First);
    assert_eq!(state.newest(), Some(7));
}

#[test]
fn what_is_recorded_is_on_disk_before_the_call_returns() {
    let folder = folder();
    let path = folder.path().join("sign_state");
    let mut state = SignState::create(&path, IDENTITY, 0).unwrap();
    for epoch in 0..20 {
        state.record(epoch, digest(epoch as u8), 0).unwrap();
        // What a process that was killed now would leave behind.
        let left = decode(&fs::read(&path).unwrap()).unwrap();
        assert_eq!(left.signed.get(&epoch), Some(&digest(epoch as u8)));
    }
}

#[test]
fn a_kill_at_any_byte_before_the_rename_leaves_the_old_state() {
    let folder = folder();
    let path = folder.path().join("sign_state");
    let mut state = SignState::create(&path, IDENTITY, 0).unwrap();
    state.record(1, digest(1), 0).unwrap();
    let mut next = state.content.clone();
    next.signed.insert(2, digest(2));
    let bytes = encode(&next);
    drop(state);
    for length in 0..=bytes.len() {
        fs::write(beside(&path, ".new"), &bytes[..length]).unwrap();
        let mut state = SignState::open(&path, IDENTITY).unwrap();
        assert_eq!(state.signed(1), Some(digest(1)));
        assert_eq!(state.signed(2), None, "the share never left");
        if length % 40 == 0 {
            // Another digest is as good as the one that never left.
            let mut copy = state.content.clone();
            state.record(3, digest(3), 0).unwrap();
            copy.signed.insert(3, digest(3));
            assert_eq!(state.content, copy);
            write(
                &path,
                &Content {
                    signed: BTreeMap::from([(1, digest(1))]),
                    ..copy
                },
            )
            .unwrap();
        }
    }
}

#[test]
fn every_flipped_byte_and_every_truncation_is_noticed_and_the_error_says_what_to_do() {
    let folder = folder();
    let path = folder.path().join("sign_state");
    let mut state = SignState::create(&path, IDENTITY, 0).unwrap();
    state.record(1, digest(1), 0).unwrap();
    drop(state);
    let whole = fs::read(&path).unwrap();
    let refused = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        // A child that another test forks holds the lock until it has begun its program.
        loop {
            match SignState::open(&path, IDENTITY) {
                Err(SignStateError::Locked(_)) => std::thread::yield_now(),
                Err(error @ SignStateError::Damaged { .. }) => {
                    assert!(error.to_string().contains("Do not delete it"));
                    break;
                }
                other => panic!("{other:?}"),
            }
        }
    };
    for place in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[place] ^= 1 << (place % 8);
        refused(&bytes);
        refused(&whole[..place]);
    }
    let longer = [whole.as_slice(), &[0]].concat();
    refused(&longer);
    refused(&vec![0; FILE_LIMIT as usize + 10]);
    fs::write(&path, &whole).unwrap();
    SignState::open(&path, IDENTITY).unwrap();
}

#[test]
fn a_file_with_a_right_checksum_and_wrong_lengths_or_version_is_refused() {
    let content = Content {
        identity: IDENTITY,
        floor: 0,
        signed: BTreeMap::from([(1, digest(1))]),
    };
    let body = {
        let bytes = encode(&content);
        bytes[..bytes.len() - 32].to_vec()
    };
    let sealed = |body: &[u8]| [body, keccak256(body).as_slice()].concat();
    decode(&sealed(&body)).unwrap();
    let mut version = body.clone();
    version[4] = 2;
    let mut magic = body.clone();
    magic[0] = b'X';
    let mut more = body.clone();
    more[HEADER_BYTES - 1] = 2;
    let mut huge = body.clone();
    huge[HEADER_BYTES - 4] = 0xff;
    let mut fewer = body.clone();
    fewer[HEADER_BYTES - 1] = 0;
    for wrong in [
        version,
        magic,
        more,
        huge,
        fewer,
        body[..50].to_vec(),
        Vec::new(),
    ] {
        assert!(decode(&sealed(&wrong)).is_err());
    }
}

#[test]
fn another_deployment_or_key_is_refused() {
    let folder = folder();
    let path = folder.path().join("sign_state");
    drop(SignState::create(&path, IDENTITY, 0).unwrap());
    let others = [
        SignStateIdentity {
            deployment: [9; 20],
            ..IDENTITY
        },
        SignStateIdentity {
            key: [9; 96],
            ..IDENTITY
        },
    ];
    for other in others {
        let error = SignState::open(&path, other).unwrap_err();
        assert!(matches!(error, SignStateError::Foreign { .. }), "{error}");
    }
}

#[test]
fn two_processes_cannot_share_it_and_the_lock_ends_with_its_holder() {
    let folder = folder();
    let path = folder.path().join("sign_state");
    let held = SignState::create(&path, IDENTITY, 0).unwrap();
    assert!(matches!(
        SignState::open(&path, IDENTITY),
        Err(SignStateError::Locked(_))
    ));
    drop(held);
    SignState::open(&path, IDENTITY).unwrap();
}

#[test]
fn a_missing_file_is_not_made_by_opening_and_an_existing_one_is_not_overwritten() {
    let folder = folder();
    let path = folder.path().join("sign_state");
    assert!(matches!(
        SignState::open(&path, IDENTITY),
        Err(SignStateError::Missing(_))
    ));
    drop(SignState::create(&path, IDENTITY, 0).unwrap());
    assert!(matches!(
        SignState::create(&path, IDENTITY, 0),
        Err(SignStateError::Exists(_))
    ));
}

#[test]
fn nobody_else_can_read_it() {
    let folder = folder();
    let path = folder.path().join("sign_state");
    let mut state = SignState::create(&path, IDENTITY, 0).unwrap();
    state.record(1, digest(1), 0).unwrap();
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn what_is_below_the_floor_is_refused_also_after_a_restart() {
    let folder = folder();
    let path = folder.path().join("sign_state");
    let mut state = SignState::create(&path, IDENTITY, 0).unwrap();
    state.record(5, digest(5), 0).unwrap();
    state.refuse_below(100).unwrap();
    state.refuse_below(50).unwrap();
    drop(state);
    let mut state = SignState::open(&path, IDENTITY).unwrap();
    let below = state.record(99, digest(1), 0).unwrap_err();
    assert!(matches!(
        below,
        SignStateError::BelowFloor {
            epoch: 99,
            floor: 100
        }
    ));
    // The floor may stand there on purpose, so nothing is said that would take it away.
    let said = below.to_string();
    assert!(
        said.contains("wait") && said.contains("from epoch 100 on"),
        "{said}"
    );
    for advice in ["--new-sign-state", "move", "delete", "remove"] {
        assert!(!said.contains(advice), "{said}");
    }
    assert_eq!(state.record(5, digest(5), 0).unwrap(), Permit::Again);
    assert_eq!(state.record(100, digest(1), 0).unwrap(), Permit::First);
}

/// A state in which these epochs are signed.
fn holding(path: &Path, epochs: std::ops::Range<u64>) -> SignState {
    drop(SignState::create(path, IDENTITY, 0).unwrap());
    let full = Content {
        identity: IDENTITY,
        floor: 0,
        signed: epochs.map(|epoch| (epoch, digest(1))).collect(),
    };
    write(path, &full).unwrap();
    SignState::open(path, IDENTITY).unwrap()
}

#[test]
fn the_oldest_entries_that_root_has_accepted_give_way_and_stay_refused() {
    let folder = folder();
    let path = folder.path().join("sign_state");
    let kept = KEPT as u64;
    let mut state = holding(&path, 10..10 + kept);
    let all = 20 + kept;
    let older = state.record(3, digest(2), all);
    assert!(matches!(
        older,
        Err(SignStateError::BelowFloor { epoch: 3, floor: 4 })
    ));
    state.record(10 + kept, digest(1), all).unwrap();
    let dropped = state.record(10, digest(2), all);
    assert!(matches!(
        dropped,
        Err(SignStateError::BelowFloor {
            epoch: 10,
            floor: 11
        })
    ));
    assert_eq!(state.content.signed.len(), KEPT);
    assert!(fs::metadata(&path).unwrap().len() <= FILE_LIMIT);
}

/// With epochs of a minute root stands still for a week more than what is kept; and then goes on from where it stood.
#[test]
fn what_root_has_not_accepted_is_never_forgotten_however_long_it_stands() {
    let folder = folder();
    let path = folder.path().join("sign_state");
    let (stands, kept) = (1_000, KEPT as u64);
    let last = stands + kept + 10_080;
    let mut state = holding(&path, 0..last);
    // As it is after a start, before the child has consumed an acceptance, and while root stands.
    for (number, accepted) in [0, stands].into_iter().enumerate() {
        let epoch = last + number as u64;
        assert_eq!(
            state.record(epoch, digest(1), accepted).unwrap(),
            Permit::First
        );
        drop(state);
        state = SignState::open(&path, IDENTITY).unwrap();
        for wanted in [stands, stands + 1, epoch] {
            let again = state.record(wanted, digest(1), accepted).unwrap();
            assert_eq!(again, Permit::Again, "{wanted}");
            assert!(is_equivocation(state.record(wanted, digest(2), accepted)));
        }
    }
    // What lies below is dropped, and refused: another digest of it, too.
    let floor = state.content.floor;
    assert_eq!(floor, stands);
    assert!(matches!(
        state.record(floor - 1, digest(1), stands),
        Err(SignStateError::BelowFloor { .. })
    ));
    // Root goes on, and has all but the last ones at once.
    let newest = last + 2;
    state.record(newest, digest(1), newest - 5).unwrap();
    drop(state);
    let mut state = SignState::open(&path, IDENTITY).unwrap();
    assert_eq!(state.content.signed.len(), KEPT);
    assert_eq!(state.content.floor, newest + 1 - kept);
    let again = state.record(newest - 5, digest(1), newest - 5).unwrap();
    assert_eq!(again, Permit::Again);
}

/// A late epoch, which root waits for, is signed when no newer one is any more; and nothing is written that could not be read.
#[test]
fn a_state_that_is_full_waits_for_root_and_leaves_room_for_what_root_waits_for() {
    let folder = folder();
    let path = folder.path().join("sign_state");
    let first = 10;
    let end = first + MAX_AHEAD as u64;
    let mut state = holding(&path, first..end);
    let full = state.record(end, digest(1), first).unwrap_err();
    let said = full.to_string();
    assert!(
        matches!(full, SignStateError::Full { epoch, count } if epoch == end && count == MAX_AHEAD)
    );
    assert!(said.contains("plasmid relay"), "{said}");
    assert_eq!(state.signed(end), None);
    assert_eq!(state.record(3, digest(1), 0).unwrap(), Permit::First);
    drop(state);
    let mut state = SignState::open(&path, IDENTITY).unwrap();
    assert_eq!(state.record(3, digest(1), 0).unwrap(), Permit::Again);
    assert!(matches!(
        state.record(end, digest(2), first),
        Err(SignStateError::Full { .. })
    ));
    // Root has accepted one checkpoint more.
    assert_eq!(
        state.record(end, digest(2), first + 1).unwrap(),
        Permit::First
    );
    assert_eq!(state.content.signed.len(), MAX_AHEAD);
    // Nothing is signed at all beyond the limit of the file, which is read as it was written.
    drop(state);
    fs::remove_file(&path).unwrap();
    let mut state = holding(&path, first..first + MAX_DIGESTS as u64);
    assert_eq!(fs::metadata(&path).unwrap().len(), FILE_LIMIT);
    for epoch in [3, first + MAX_DIGESTS as u64] {
        let full = state.record(epoch, digest(1), 0);
        assert!(matches!(full, Err(SignStateError::Full { .. })), "{epoch}");
    }
}

#[test]
fn a_folder_that_cannot_be_written_refuses_the_share_and_changes_nothing() {
    let folder = folder();
    let path = folder.path().join("sign_state");
    let mut state = SignState::create(&path, IDENTITY, 0).unwrap();
    // A folder where the temporary file should be: it can be neither removed as a file nor written.
    fs::create_dir(beside(&path, ".new")).unwrap();
    assert!(matches!(
        state.record(1, digest(1), 0),
        Err(SignStateError::Io { .. })
    ));
    assert_eq!(state.signed(1), None);
    fs::remove_dir(beside(&path, ".new")).unwrap();
    assert_eq!(state.record(1, digest(2), 0).unwrap(), Permit::First);
}

#[test]
fn a_new_file_refuses_what_lies_below_its_floor_and_says_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data/sign_state");
    assert!(matches!(
        SignState::summary(&path),
        Err(SignStateError::Missing(_))
    ));
    assert!(matches!(
        SignState::open_any(&path),
        Err(SignStateError::Missing(_))
    ));
    let mut state = SignState::create(&path, IDENTITY, 7).unwrap();
    let digest = B256::repeat_byte(1);
    assert!(matches!(
        state.record(6, digest, 0),
        Err(SignStateError::BelowFloor { epoch: 6, floor: 7 })
    ));
    state.record(7, digest, 0).unwrap();
    state.record(9, digest, 0).unwrap();
    // It is read while it is open, and opened once it is not.
    let summary = SignState::summary(&path).unwrap();
    assert_eq!((summary.identity, summary.floor), (IDENTITY, 7));
    assert_eq!((summary.count, summary.newest), (2, Some((9, digest))));
    assert!(matches!(
        SignState::open_any(&path),
        Err(SignStateError::Locked(_))
    ));
    drop(state);
    let mut state = SignState::open_any(&path).unwrap();
    state.refuse_below(20).unwrap();
    // What stands in the file is signed again, and nothing else below.
    assert!(state.record(7, digest, 0).is_ok());
    assert!(state.record(8, digest, 0).is_err());
    assert_eq!(SignState::summary(&path).unwrap().floor, 20);
}
