//! One file with both sign states, and whatever may be wrong with it.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use super::*;

const OWN: SignStateIdentity = SignStateIdentity {
    deployment: [1; 20],
    key: [2; 96],
};
const KEY: [u8; 32] = [3; 32];

fn digest(byte: u8) -> B256 {
    B256::repeat_byte(byte)
}

fn vote(height: u64) -> LastVote {
    LastVote {
        height,
        round: 1,
        step: 2,
    }
}

/// A sign state with these digests, in a folder of its own.
fn signed(floor: u64, digests: &[(u64, u8)]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sign_state");
    let mut state = SignState::create(&path, OWN, floor).unwrap();
    for (epoch, byte) in digests {
        state.record(*epoch, digest(*byte), 0).unwrap();
    }
    (folder, path)
}

fn carried(path: &Path) -> Carried {
    Carried::of(&SignState::open(path, OWN).unwrap(), KEY, vote(77))
}

fn content(path: &Path) -> (u64, Vec<(u64, B256)>) {
    let content = read(path).unwrap();
    (content.floor, content.signed.into_iter().collect())
}

#[test]
fn what_is_exported_is_imported_into_a_folder_that_has_none() {
    let (folder, path) = signed(4, &[(5, 5), (7, 7)]);
    let file = folder.path().join("carried.json");
    carried(&path).write_new(&file).unwrap();
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let again = carried(&path).write_new(&file);
    assert!(
        matches!(again, Err(CarriedError::File { .. })),
        "no file is replaced"
    );
    let found = Carried::read(&file).unwrap();
    assert_eq!((&found, found.last_vote()), (&carried(&path), vote(77)));
    found.check(OWN, KEY).unwrap();
    let other = folder.path().join("new/sign_state");
    found
        .take_over(&other, OWN, || Ok::<_, CarriedError>(()))
        .unwrap();
    assert_eq!(content(&other), content(&path));
    let mut state = SignState::open(&other, OWN).unwrap();
    let refused = state.record(7, digest(8), 0);
    assert!(matches!(refused, Err(SignStateError::Equivocation { .. })));
}

#[test]
fn of_two_the_higher_floor_and_all_digests_stay() {
    let (_one, high) = signed(6, &[(6, 6), (8, 8)]);
    let (_two, low) = signed(2, &[(3, 3), (8, 8)]);
    let all = vec![(3, digest(3)), (6, digest(6)), (8, digest(8))];
    let (from_high, from_low) = (carried(&high), carried(&low));
    for (own, other) in [(&high, &from_low), (&low, &from_high)] {
        for _ in 0..2 {
            other
                .take_over(own, OWN, || Ok::<_, CarriedError>(()))
                .unwrap();
            assert_eq!(content(own), (6, all.clone()));
        }
    }
}

#[test]
fn two_digests_of_one_epoch_are_an_error_that_imports_nothing() {
    let (_one, own) = signed(0, &[(5, 5), (9, 9)]);
    let (_two, other) = signed(8, &[(9, 1), (10, 1)]);
    let before = content(&own);
    let refused = carried(&other).take_over(&own, OWN, || Ok::<_, CarriedError>(()));
    let Err(CarriedError::Conflict { epoch: 9, .. }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(content(&own), before);
}

/// What comes before it is done when nothing contradicts; when that fails, a folder without a sign state still has none, and its node does not start.
#[test]
fn the_consensus_keys_part_comes_first() {
    let (_one, own) = signed(0, &[(5, 5)]);
    let (_two, other) = signed(0, &[(5, 6)]);
    let refused = carried(&other).take_over(&own, OWN, || -> Result<(), CarriedError> {
        panic!("nothing is done where a digest contradicts")
    });
    assert!(matches!(refused, Err(CarriedError::Conflict { .. })));
    let fresh = tempfile::tempdir().unwrap();
    let path = fresh.path().join("sign_state");
    let failed = || CarriedError::Damaged {
        path: "priv_validator_state.json".into(),
        what: "a full disk".to_owned(),
    };
    let refused = carried(&other).take_over(&path, OWN, || Err(failed()));
    assert!(matches!(refused, Err(CarriedError::Damaged { .. })));
    assert!(!path.exists());
}

/// CometBFT would not start with it, or never sign again, and the higher of two stays.
#[test]
fn a_last_vote_that_comet_bft_cannot_make_is_refused() {
    let (folder, path) = signed(0, &[(5, 5)]);
    for (number, change) in [
        LastVote {
            height: 1 << 63,
            ..vote(1)
        },
        LastVote {
            round: 1 << 31,
            ..vote(1)
        },
        LastVote { step: 4, ..vote(1) },
    ]
    .into_iter()
    .enumerate()
    {
        let file = folder.path().join(format!("export-{number}"));
        let state = SignState::open(&path, OWN).unwrap();
        Carried::of(&state, KEY, change).write_new(&file).unwrap();
        let read = Carried::read(&file);
        assert!(
            matches!(read, Err(CarriedError::Damaged { .. })),
            "{read:?}"
        );
    }
}

#[test]
fn another_network_another_key_and_a_node_that_runs_are_refused() {
    let (_folder, path) = signed(0, &[(5, 5)]);
    let found = carried(&path);
    for (what, identity, key) in [
        (
            "deployment",
            SignStateIdentity {
                deployment: [9; 20],
                ..OWN
            },
            KEY,
        ),
        (
            "checkpoint key",
            SignStateIdentity {
                key: [9; 96],
                ..OWN
            },
            KEY,
        ),
        ("consensus key", OWN, [9; 32]),
    ] {
        let said = found.check(identity, key).unwrap_err().to_string();
        assert!(said.contains(&format!("of another {what}")), "{said}");
    }
    // The file that is there may be of another network than the folder.
    let (_other, foreign) = signed(0, &[]);
    let of = Content {
        identity: SignStateIdentity {
            deployment: [9; 20],
            ..OWN
        },
        floor: 0,
        signed: BTreeMap::new(),
    };
    write(&foreign, &of).unwrap();
    let refused = found.take_over(&foreign, OWN, || Ok::<_, CarriedError>(()));
    assert!(matches!(refused, Err(CarriedError::Foreign { .. })));
    let runs = SignState::open(&path, OWN).unwrap();
    let refused = found.take_over(&path, OWN, || Ok::<_, CarriedError>(()));
    let Err(CarriedError::State(SignStateError::Locked(_))) = refused else {
        panic!("{refused:?}");
    };
    drop(runs);
    found
        .take_over(&path, OWN, || Ok::<_, CarriedError>(()))
        .unwrap();
}

#[test]
fn a_file_that_is_changed_cut_off_or_too_large_is_refused() {
    let (folder, path) = signed(4, &[(5, 5)]);
    let file = folder.path().join("carried.json");
    carried(&path).write_new(&file).unwrap();
    let text = fs::read_to_string(&file).unwrap();
    let unread = |text: &str| {
        fs::write(&file, text).unwrap();
        matches!(Carried::read(&file), Err(CarriedError::Damaged { .. }))
    };
    assert!(!unread(&text));
    for (old, new) in [
        ("\"height\": 77", "\"height\": 76"),
        ("\"round\": 1", "\"round\": 0"),
        ("\"refused_below\": 4", "\"refused_below\": 3"),
        ("\"5\": \"0x05", "\"5\": \"0x06"),
        ("\"5\": ", "\"6\": "),
        ("\"state\": {", "\"state\": { \"more\": 1,"),
        ("\"checksum\": \"0x", "\"checksum\": \"0xz"),
    ] {
        assert!(text.contains(old), "{old} is missing in {text}");
        assert!(unread(&text.replacen(old, new, 1)), "{new}");
    }
    for length in [0, 1, text.len() / 2, text.len() - 1] {
        assert!(unread(&text[..length]), "{length} bytes");
    }
    let large = File::create(&file).unwrap();
    large.set_len(MAX_BYTES + 1).unwrap();
    let said = Carried::read(&file).unwrap_err().to_string();
    assert!(said.contains("more than"), "{said}");
    let gone = Carried::read(&folder.path().join("none"));
    assert!(matches!(gone, Err(CarriedError::File { .. })));
}
