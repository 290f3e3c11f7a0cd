//! What the commands show, and validators that move between machines.

use std::fs;

use alloy_primitives::B256;
use plasmid_bridge::proof::{bls::SecretKey, deployment};

use super::*;
use crate::{
    chain::genesis::{Genesis, Operator, RootAnchor, file::File},
    cli::output::Format,
    ledger::Parameters,
    node::keystore::{self, Cost, KeyKind},
};

/// The genesis of one operator with this checkpoint key.
fn genesis(key: &SecretKey) -> File {
    let registry = [0xcc; 20];
    let consensus = ed25519_zebra::SigningKey::from([3; 32]);
    let genesis = Genesis {
        parameters: Parameters {
            registry: registry.into(),
            ..Parameters::local()
        },
        operators: vec![Operator {
            operator: [1; 20],
            registration: 1,
            consensus_key: ed25519_zebra::VerificationKey::from(&consensus).into(),
            checkpoint_key: key.public_key(),
            stake: 1_000_000_000_000_000_000,
            opening: Default::default(),
            profile: None,
        }],
        balances: Vec::new(),
        delegations: Vec::new(),
    };
    let root = RootAnchor {
        root_chain: deployment::root_chain(&registry),
        parent_block_hash: B256::repeat_byte(0xdd),
        time: 1_700_000_000,
    };
    File::new(&genesis, &root).expect("a genesis")
}

#[test]
fn what_a_sign_state_says_is_shown_under_its_names() {
    let digest = B256::repeat_byte(3);
    let summary = |newest| Summary {
        identity: SignStateIdentity {
            deployment: [1; 20],
            key: [2; 96],
        },
        floor: 4,
        count: 5,
        newest,
    };
    for newest in [None, Some((6, digest))] {
        let expected = json!({
            "deployment_id": "01".repeat(20), "checkpoint_key": "02".repeat(96), "refused_below": 4, "signed": 5,
            "newest_signed": newest.map(|_| 6), "newest_digest": newest.map(|_| digest.to_string()),
            "last_vote_height": newest.map(|_| 7), "last_vote_round": newest.map(|_| 1), "last_vote_step": newest.map(|_| 3),
        });
        let last_vote = newest.map(|_| LastVote {
            height: 7,
            round: 1,
            step: 3,
        });
        assert_eq!(shown(&summary(newest), last_vote), expected);
    }
}

#[test]
fn a_new_sign_state_is_of_the_key_in_the_file_and_not_of_the_one_that_it_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = Home::new(folder.path());
    let key = SecretKey::from_entropy(&[7; 32]).expect("a key");
    let other = SecretKey::from_entropy(&[8; 32]).expect("a key");
    home.write_genesis(&genesis(&key)).expect("written");
    let password = folder.path().join("password");
    fs::write(&password, "word").expect("written");
    let keys = KeyOptions {
        keys: None,
        password_file: Some(password),
    };
    let path = home.checkpoint_key_path();
    let secret = key.to_bytes().into();
    let made = keystore::create(&path, KeyKind::Bls12381, &secret, "word", Cost::Light);
    made.expect("a key file");
    let text = fs::read_to_string(&path).expect("it is there");
    let file: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let compressed = hex::encode(key.compressed_public_key());
    for (stated, opens) in [
        (String::new(), true),
        (compressed, true),
        (hex::encode(key.public_key()), true),
        (hex::encode(other.public_key()), false),
    ] {
        let mut file = file.clone();
        file["pubkey"] = stated.as_str().into();
        fs::write(&path, file.to_string()).expect("written");
        let found = own(&home, &keys).ok().map(|found| found.key);
        assert_eq!(found, opens.then(|| key.public_key()), "{stated}");
    }
}

fn own(home: &Home, keys: &KeyOptions) -> Result<SignStateIdentity, CliError> {
    identity(&super::genesis(home)?, home, keys)
}

/// A validator's folder with this checkpoint key and consensus key.
fn validator(key: &SecretKey, seed: u8) -> (tempfile::TempDir, Home, KeyOptions) {
    let folder = tempfile::tempdir().expect("a folder");
    let home = Home::new(folder.path());
    home.write_genesis(&genesis(key)).expect("written");
    let password = folder.path().join("password");
    fs::write(&password, "word").expect("written");
    let secret = key.to_bytes().into();
    let path = home.checkpoint_key_path();
    let made = keystore::create(&path, KeyKind::Bls12381, &secret, "word", Cost::Light);
    made.expect("a key file");
    let consensus = home.engine().ensure_consensus_key(&[seed; 32]);
    consensus.expect("a consensus key");
    let keys = KeyOptions {
        keys: None,
        password_file: Some(password),
    };
    (folder, home, keys)
}

fn carry(home: &tempfile::TempDir, file: &std::path::Path) -> Carry {
    Carry {
        file: file.to_owned(),
        at: SignStateFolder {
            home: home.path().to_owned(),
        },
    }
}

const VOTES: [LastVote; 3] = [
    LastVote {
        height: 7,
        round: 0,
        step: 3,
    },
    LastVote {
        height: 8,
        round: 1,
        step: 2,
    },
    LastVote {
        height: 8,
        round: 2,
        step: 1,
    },
];

#[test]
fn a_validator_moves_with_both_sign_states_and_neither_is_ever_lowered() {
    let key = SecretKey::from_entropy(&[7; 32]).expect("a key");
    let output = Output::new(Format::Json);
    let (old, old_home, old_keys) = validator(&key, 3);
    let (new, new_home, new_keys) = validator(&key, 3);
    let file = old.path().join("carried.json");
    // There is nothing to export yet.
    assert!(export(&carry(&old, &file), output).is_err());
    let identity = own(&old_home, &old_keys).expect("an identity");
    let path = old_home.sign_state_path();
    let mut state = SignState::create(&path, identity, 2).expect("a sign state");
    state.record(5, B256::repeat_byte(5), 0).expect("signed");
    assert!(
        export(&carry(&old, &file), output).is_err(),
        "the node runs"
    );
    drop(state);
    let engine = old_home.engine();
    engine.raise_last_signed(VOTES[1]).expect("written");
    let before = SignState::summary(&path).expect("a sign state");
    export(&carry(&old, &file), output).expect("exported");
    let says = |home: &Home| {
        let summary = SignState::summary(&home.sign_state_path()).expect("a sign state");
        let last = home.engine().last_signed().expect("readable");
        (summary, last)
    };
    import(&carry(&new, &file), &new_keys, output).expect("imported");
    assert_eq!(says(&new_home), (before, Some(VOTES[1])));
    // The new one goes on, and the old file lowers nothing.
    let engine = new_home.engine();
    engine.raise_last_signed(VOTES[2]).expect("written");
    engine.raise_last_signed(VOTES[0]).expect("nothing to do");
    let mut state = SignState::open_any(&new_home.sign_state_path()).expect("it opens");
    state.record(6, B256::repeat_byte(6), 0).expect("signed");
    let busy = import(&carry(&new, &file), &new_keys, output);
    assert!(busy.is_err(), "the node runs");
    drop(state);
    let before = says(&new_home);
    import(&carry(&new, &file), &new_keys, output).expect("imported again");
    assert_eq!(says(&new_home), before);
    assert_eq!(before.1, Some(VOTES[2]));
    // Another validator's folder takes nothing.
    for (other, seed) in [(&key, 4), (&SecretKey::from_entropy(&[8; 32]).unwrap(), 3)] {
        let (folder, home, keys) = validator(other, seed);
        let refused = import(&carry(&folder, &file), &keys, output);
        let said = refused.expect_err("another key").to_string();
        assert!(said.contains("of another"), "{said}");
        assert!(!home.sign_state_path().exists());
    }
}

#[test]
fn nothing_is_exported_or_imported_while_cometbft_runs() {
    let key = SecretKey::from_entropy(&[7; 32]).expect("a key");
    let output = Output::new(Format::Json);
    for database in ["state.db", "blockstore.db"] {
        let (folder, home, keys) = validator(&key, 3);
        let file = folder.path().join("carried.json");
        let identity = own(&home, &keys).expect("an identity");
        drop(SignState::create(&home.sign_state_path(), identity, 2).expect("a sign state"));
        export(&carry(&folder, &file), output).expect("exported");
        import(&carry(&folder, &file), &keys, output).expect("imported");
        // As goleveldb does it; the command has made the files where there were none.
        let lock = home.engine().folder().join("data").join(database);
        let lock = fs::File::open(lock.join("LOCK")).expect("it is there");
        lock.lock().expect("locked");
        let another = folder.path().join("another.json");
        for refused in [
            export(&carry(&folder, &another), output),
            import(&carry(&folder, &file), &keys, output),
        ] {
            let said = refused.expect_err("it runs").to_string();
            assert!(said.contains("CometBFT runs"), "{said}");
        }
        assert!(home.sign_state_path().exists() && !another.exists());
        drop(lock);
        import(&carry(&folder, &file), &keys, output).expect("imported");
    }
}

#[test]
fn what_is_not_in_the_folder_is_neither_exported_nor_imported() {
    let key = SecretKey::from_entropy(&[7; 32]).expect("a key");
    let output = Output::new(Format::Json);
    let (folder, home, keys) = validator(&key, 3);
    let file = folder.path().join("carried.json");
    let identity = own(&home, &keys).expect("an identity");
    drop(SignState::create(&home.sign_state_path(), identity, 2).expect("a sign state"));
    export(&carry(&folder, &file), output).expect("exported");
    import(&carry(&folder, &file), &keys, output).expect("imported");
    let another = folder.path().join("another.json");
    let refused = |words: &str| {
        for refused in [
            export(&carry(&folder, &another), output),
            import(&carry(&folder, &file), &keys, output),
        ] {
            let said = refused.expect_err(words).to_string();
            assert!(said.contains(words), "{said}");
            assert!(
                said.contains("cannot be exported or imported here"),
                "{said}"
            );
        }
        assert!(home.sign_state_path().exists() && !another.exists());
    };
    let config = home.engine().config_path();
    for (line, words) in [
        (
            "priv_validator_laddr = \"tcp://127.0.0.1:1\"",
            "remote signer",
        ),
        ("db_dir = \"/elsewhere\"", "db_dir"),
        ("db_backend = \"rocksdb\"", "db_backend"),
        (
            "priv_validator_state_file = \"s.json\"",
            "priv_validator_state_file",
        ),
        ("priv_validator_key_file = 7", "priv_validator_key_file"),
    ] {
        fs::write(&config, line).expect("written");
        refused(words);
    }
    fs::write(&config, "db_dir = \"data\"").expect("written");
    fs::rename(
        home.engine().consensus_key_path(),
        folder.path().join("away"),
    )
    .expect("moved");
    refused("--engine-elsewhere");
}

#[test]
fn an_exported_sign_state_signs_nothing_until_it_is_imported_again() {
    let key = SecretKey::from_entropy(&[7; 32]).expect("a key");
    let output = Output::new(Format::Json);
    let (folder, home, keys) = validator(&key, 3);
    let engine = home.engine();
    let file = folder.path().join("carried.json");
    let (path, identity) = (
        home.sign_state_path(),
        own(&home, &keys).expect("an identity"),
    );
    let mut state = SignState::create(&path, identity, 2).expect("a sign state");
    state.record(5, B256::repeat_byte(5), 0).expect("signed");
    drop(state);
    engine.raise_last_signed(VOTES[1]).expect("written");
    // Where the file cannot be written, nothing signs any more either, and the same command goes on.
    let nowhere = folder.path().join("nowhere/carried.json");
    let said = export(&carry(&folder, &nowhere), output).expect_err("no folder");
    assert!(said.to_string().contains("export again"), "{said}");
    let moved = |said: String| assert!(said.contains("exported to another machine"), "{said}");
    let is_retired = || {
        assert!(!path.exists() && !engine.sign_state_path().exists());
        let opened = SignState::open_any(&path).map(drop);
        moved(opened.expect_err("it was moved").to_string());
        let made = SignState::create(&path, identity, 9).map(drop);
        moved(made.expect_err("it was moved").to_string());
        let summary = SignState::summary(&path);
        moved(summary.expect_err("it was moved").to_string());
        let engines = engine.ensure_consensus_key(&[3; 32]);
        moved(engines.expect_err("it was moved").to_string());
    };
    is_retired();
    export(&carry(&folder, &file), output).expect("exported");
    is_retired();
    let said = export(&carry(&folder, &file), output).expect_err("the file is there");
    assert!(said.to_string().contains("already"), "{said}");
    let second = folder.path().join("second.json");
    export(&carry(&folder, &second), output).expect("exported again");
    assert_eq!(
        fs::read(&second).expect("read"),
        fs::read(&file).expect("read")
    );
    // An older one that somebody puts back by hand signs nothing either, and lowers nothing of what is imported.
    let mut old = SignState::create(&folder.path().join("old"), identity, 0).expect("made");
    old.record(4, B256::repeat_byte(4), 0).expect("signed");
    drop(old);
    fs::copy(folder.path().join("old"), &path).expect("put back");
    let votes = r#"{ "height": "1", "round": 0, "step": 1 }"#;
    fs::write(engine.sign_state_path(), votes).expect("put back");
    let beside = |said: String| assert!(said.contains("beside"), "{said}");
    let opened = SignState::open(&path, identity).map(drop);
    beside(opened.expect_err("there are two").to_string());
    let engines = engine.ensure_consensus_key(&[3; 32]);
    beside(engines.expect_err("there are two").to_string());
    // A file of another time lowers nothing of what this machine signed before it was exported.
    fs::remove_file(&second).expect("removed");
    let empty = SignState::create(&folder.path().join("empty"), identity, 0).expect("made");
    let older = Carried::of(&empty, engine.consensus_key().expect("a key"), VOTES[0]);
    older.write_new(&second).expect("written");
    import(&carry(&folder, &second), &keys, output).expect("imported");
    let summary = SignState::summary(&path).expect("it is back");
    assert_eq!((summary.floor, summary.count), (2, 2));
    assert_eq!(engine.last_signed().expect("read"), Some(VOTES[1]));
    assert!(!engine.exported_path().exists());
    let opened = SignState::open_any(&path).expect("it signs again");
    assert_eq!(opened.signed(5), Some(B256::repeat_byte(5)));
}

/// `data/last_vote.json` beside a move: the other machine goes on, and CometBFT's file from a backup is neither started with nor exported, nor is it
/// made up by an import of what was exported before it was lost.
#[test]
fn an_older_copy_of_the_engines_sign_state_is_neither_exported_nor_imported() {
    let key = SecretKey::from_entropy(&[7; 32]).expect("a key");
    let output = Output::new(Format::Json);
    let [old, new] = [(); 2].map(|()| validator(&key, 3));
    let files = ["first.json", "second.json", "third.json"].map(|name| old.0.path().join(name));
    let seen = |home: &Home| {
        let genesis = super::genesis(home).expect("a genesis");
        let deployment = genesis.deployment.domain.deployment;
        let engine = home.engine();
        engine.remember_last_signed(&home.last_vote_path(), &deployment)
    };
    let older = |said: String| assert!(said.contains("older copy of itself"), "{said}");
    let identity = own(&old.1, &old.2).expect("an identity");
    drop(SignState::create(&old.1.sign_state_path(), identity, 0).expect("a sign state"));
    old.1.engine().raise_last_signed(VOTES[1]).expect("written");
    seen(&old.1).expect("the old machine runs");
    export(&carry(&old.0, &files[0]), output).expect("exported");
    import(&carry(&new.0, &files[0]), &new.2, output).expect("imported");
    let engine = new.1.engine();
    let backup = fs::read(engine.sign_state_path()).expect("a backup");
    engine.raise_last_signed(VOTES[2]).expect("written");
    seen(&new.1).expect("the new machine runs");

    fs::write(engine.sign_state_path(), &backup).expect("restored");
    older(seen(&new.1).expect_err("a start").to_string());
    let refused = export(&carry(&new.0, &files[1]), output);
    older(refused.expect_err("an export").to_string());
    assert!(!files[1].exists() && !engine.exported_path().exists());
    assert!(new.1.sign_state_path().exists());
    fs::remove_file(engine.sign_state_path()).expect("lost");
    let refused = import(&carry(&new.0, &files[0]), &new.2, output);
    older(refused.expect_err("an import").to_string());
    older(seen(&new.1).expect_err("a start").to_string());

    // What the message says to do; and the machine of before takes all over, though what it saw itself is less.
    let after = LastVote {
        height: VOTES[2].height + 10,
        round: 0,
        step: 3,
    };
    engine.raise_last_signed(after).expect("written");
    seen(&new.1).expect("it starts");
    export(&carry(&new.0, &files[2]), output).expect("exported");
    import(&carry(&old.0, &files[2]), &old.2, output).expect("imported");
    seen(&old.1).expect("it starts");
    let last = old.1.engine().last_signed().expect("readable");
    assert_eq!(last, Some(after));
}

#[test]
fn a_floor_or_an_epoch_that_cannot_be_yet_is_not_imported() {
    let key = SecretKey::from_entropy(&[7; 32]).expect("a key");
    let output = Output::new(Format::Json);
    let (folder, home, keys) = validator(&key, 3);
    let identity = own(&home, &keys).expect("an identity");
    let consensus = home.engine().consensus_key().expect("a key");
    for (number, (floor, signed, allowed)) in [
        (u64::MAX, None, false),
        (1 << 40, None, false),
        (0, Some(1 << 40), false),
        (1_000, Some(1_000), true),
    ]
    .into_iter()
    .enumerate()
    {
        let path = folder.path().join(format!("state-{number}"));
        let mut state = SignState::create(&path, identity, floor).expect("made");
        if let Some(epoch) = signed {
            state.record(epoch, B256::ZERO, 0).expect("signed");
        }
        let file = folder.path().join(format!("file-{number}"));
        let carried = Carried::of(&state, consensus, VOTES[0]);
        carried.write_new(&file).expect("written");
        let imported = import(&carry(&folder, &file), &keys, output);
        assert_eq!(imported.is_ok(), allowed, "{floor} {signed:?}");
        assert_eq!(home.sign_state_path().exists(), allowed);
        if let Err(said) = imported {
            assert!(said.to_string().contains("can have begun"), "{said}");
        }
    }
}

/// An operator with two machines, who goes from one to the other by `export` and `import`, and takes a wrong, older file now and then: neither key ever
/// signs what contradicts what it signed on either machine.
#[test]
fn a_validator_of_two_machines_never_signs_two_things() {
    use std::collections::BTreeMap;

    use rand::{Rng, SeedableRng};

    let key = SecretKey::from_entropy(&[7; 32]).expect("a key");
    let output = Output::new(Format::Json);
    for seed in 0..8 {
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        let machines = [validator(&key, 3), validator(&key, 3)];
        let (mut active, mut was) = (0_usize, [true, false]);
        let mut files = Vec::new();
        let (_, home, keys) = &machines[active];
        let identity = own(home, keys).expect("an identity");
        drop(SignState::create(&home.sign_state_path(), identity, 0).expect("made"));
        let mut signed = BTreeMap::new();
        let (mut moves, mut last) = (0, VOTES[0]);
        for step in 0..120 {
            let (epoch, byte) = (random.random_range(0..40), random.random_range(0..3));
            for (number, (_, home, _)) in machines.iter().enumerate() {
                let open = || SignState::open(&home.sign_state_path(), identity);
                let mut state = open();
                // A process that another test starts has copies of our descriptors until it executes its program.
                while number == active && matches!(state, Err(SignStateError::Locked(_))) {
                    std::thread::yield_now();
                    state = open();
                }
                assert_eq!(state.is_ok(), number == active, "seed {seed}, step {step}");
                let engine = home.engine();
                let found = engine.last_signed().expect("read");
                let Ok(mut state) = state else {
                    assert!(found.is_none() || !was[number], "seed {seed}, step {step}");
                    continue;
                };
                assert!(
                    moves == 0 || found >= Some(last),
                    "seed {seed}, step {step}"
                );
                last.height += random.random_range(0..2);
                engine.raise_last_signed(last).expect("written");
                let digest = B256::repeat_byte(byte);
                if state.record(epoch, digest, 0).is_ok() {
                    let first = *signed.entry(epoch).or_insert(digest);
                    assert_eq!(first, digest, "seed {seed}, step {step}");
                }
            }
            if random.random_ratio(1, 6) {
                let (folder, ..) = &machines[active];
                let file = folder.path().join(format!("file-{step}"));
                export(&carry(folder, &file), output).expect("exported");
                files.push(file.clone());
                if random.random_bool(0.5) {
                    active = 1 - active;
                    was[active] = true;
                }
                let (folder, _, keys) = &machines[active];
                import(&carry(folder, &file), keys, output).expect("imported");
                moves += 1;
            }
            if let Some(older) = files.first().filter(|_| random.random_ratio(1, 10)) {
                let (folder, _, keys) = &machines[active];
                import(&carry(folder, older), keys, output).expect("it lowers nothing");
            }
        }
        assert!(moves > 3 && signed.len() > 5, "seed {seed}");
    }
}

#[test]
fn a_file_that_speaks_of_what_cannot_have_begun_is_refused_and_nothing_is_written() {
    let key = SecretKey::from_entropy(&[7; 32]).expect("a key");
    let output = Output::new(Format::Json);
    let far = 1 << 50;
    let near = LastVote {
        height: 8,
        round: 1,
        step: 2,
    };
    let sane = |floor, height| {
        let (old, old_home, old_keys) = validator(&key, 3);
        let (new, new_home, new_keys) = validator(&key, 3);
        let file = old.path().join("carried.json");
        let identity = own(&old_home, &old_keys).expect("an identity");
        let state = SignState::create(&old_home.sign_state_path(), identity, floor);
        drop(state.expect("a sign state"));
        let vote = LastVote { height, ..near };
        old_home.engine().raise_last_signed(vote).expect("written");
        export(&carry(&old, &file), output).expect("exported");
        let engine = new_home.engine();
        let before = engine.last_signed().expect("readable");
        let imported = import(&carry(&new, &file), &new_keys, output);
        let is_written = new_home.sign_state_path().exists()
            || engine.last_signed().expect("readable") != before;
        match imported {
            Ok(()) => is_written,
            Err(error) => {
                assert!(error.to_string().contains("can have begun"), "{error}");
                assert!(!is_written);
                false
            }
        }
    };
    assert!(sane(2, near.height));
    // A height does not vouch for an epoch.
    assert!(!sane(far, near.height));
    assert!(!sane(2, far));
    assert!(!sane(far, i64::MAX as u64));
}
