//! A state as a file: a node that goes on from one is the node that it was, and no file of a stranger's makes another state.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use alloy_primitives::{B256, keccak256};
use plasmid::chain::tree::Tree;
use plasmid::ledger::Slot;
use plasmid::ledger::transaction::{Body, StakeBody};
use plasmid::node::config::Home;
use plasmid::node::state_file;
use plasmid::store::image::{self, Heading, ImageError};
use plasmid_bridge::proof::inbox::Body as Message;
use plasmid_staking::{Key, Line, LineId, Position, Value};
use plasmid_tests::harness::network::{TERMS, WITH_TERMS, profile};
use plasmid_tests::harness::people::{FEE, People};
use plasmid_tests::harness::{Network, Plan};

/// Who is frozen and cut.
const CUT: u8 = 3;
/// Bytes in front of the parameters, and up to the end of the block's commitment.
const BEFORE_PARAMETERS: usize = 8 + 4 + 20 + 32 + 4;
const AFTER_BLOCK: usize = BEFORE_PARAMETERS + 417 + 180;

/// A network at height 40, of epochs of 16 blocks, where stake was ended and cut in epoch 1.
fn staked() -> Network {
    let mut network = Network::quiet();
    network.run(18);
    network.inbox.push(Message::Freeze {
        operator: [CUT + 0x10; 20],
        registration: u64::from(CUT) + 1,
        epoch: 1,
    });
    network.inbox.push(Message::Settlement {
        operator: [CUT + 0x10; 20],
        registration: u64::from(CUT) + 1,
        epoch: 1,
        fraction: 50_000_000,
    });
    let positions: Vec<u64> = owned(&network, 0);
    let body = Body::Stake(StakeBody::Undelegate {
        position: positions[0],
        amount: 1 << 39,
    });
    let ended = network.people.sign(0, 0, FEE, u64::MAX, body);
    for node in &mut network.nodes {
        assert_eq!(node.offer(&ended), 0, "it is taken");
    }
    network.run(22);
    network
}

/// The numbers of somebody's positions.
fn owned(network: &Network, person: u8) -> Vec<u64> {
    let owner = People::account(person).bytes();
    let state = network.nodes[0].app().state();
    (1..20)
        .filter(|number| {
            let slot = Slot::from(Key::Position(*number));
            let leaf = state.tree.get(&slot.key());
            leaf.is_some_and(|(_, _, value)| {
                Position::decode(value).expect("a position").owner == owner
            })
        })
        .collect()
}

/// The state of a node that is down from here on.
fn exported(network: &mut Network, node: usize, epoch: Option<u64>) -> (Heading, Vec<u8>) {
    network.nodes[node].flush();
    network.nodes[node].crash();
    network.nodes[node].export(&network.file, epoch)
}

fn digest(header: &Heading) -> B256 {
    header.checkpoint().expect("one at least").digest()
}

fn refused(bytes: &[u8]) -> String {
    image::read(bytes).err().expect("it is refused").to_string()
}

/// This file with a checksum that fits.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let end = bytes.len() - 32;
    let checksum = keccak256(&bytes[..end]);
    bytes[end..].copy_from_slice(checksum.as_slice());
    bytes
}

#[test]
fn a_node_that_imports_a_state_replays_to_the_same_blocks_and_goes_on() {
    for epoch in [None, Some(1), Some(0)] {
        let mut network = staked();
        let before = network.nodes[0].app().state().tree.root();
        let (header, bytes) = exported(&mut network, 3, epoch);
        assert_eq!(header.block.height, (epoch.unwrap_or(1) + 1) * 16);
        let (read, tree) = image::read(&*bytes).expect("it reads");
        assert_eq!(read, header);
        let there = network.nodes[0].app().state();
        let past = there.tree.at(epoch.unwrap_or(1)).expect("it is kept");
        assert_eq!((tree.root(), tree.count()), (past.root(), past.count()));
        drop(there);
        if epoch != Some(0) {
            has_staking_state(&tree);
        }
        // What is exported from what was imported is the same file.
        network.nodes[3].import(&bytes);
        let (_, again) = network.nodes[3].export(&network.file, None);
        assert!(again == bytes, "the second export differs from the first");

        network.nodes[3].restart(&network.file, &network.chain);
        assert_eq!(network.nodes[3].app().state().tree.root(), before);
        // With a vote and a turn as a proposer, and across another crash.
        network.run(3);
        network.nodes[3].flush();
        network.nodes[3].crash();
        network.nodes[3].restart(&network.file, &network.chain);
        network.run(3);
        let roots: Vec<B256> = network
            .nodes
            .iter()
            .map(|node| node.app().state().tree.root())
            .collect();
        assert!(roots.iter().all(|root| *root == roots[0]), "{roots:?}");
    }
}

/// The commission, its bounds and the description that the genesis gave an operator stand in the leaves.
fn has_terms(tree: &Tree) {
    let id = LineId {
        operator: [WITH_TERMS + 0x10; 20],
        line: u64::from(WITH_TERMS) + 1,
    };
    let value = |key: Key| {
        let leaf = tree.get(&Slot::from(key).key());
        let (_, _, value) = leaf.unwrap_or_else(|| panic!("{key:?} is not there"));
        value.to_vec()
    };
    let line = Line::decode(&value(Key::Line(id))).expect("a line");
    let found = (
        line.commission,
        Some(line.max_commission),
        Some(line.commission_step),
    );
    let expected = (
        TERMS.commission,
        TERMS.max_commission,
        TERMS.commission_step,
    );
    assert_eq!(found, expected);
    assert_eq!(value(Key::Description(id.operator)), profile().bytes());
}

#[test]
fn what_an_operator_begins_with_stands_in_the_first_block_and_behind_an_export_and_an_import() {
    let mut network = Network::quiet();
    network.run(1);
    has_terms(&network.nodes[0].app().state().tree);
    network.run(16);
    let (_, bytes) = exported(&mut network, 3, None);
    let (_, tree) = image::read(&*bytes).expect("it reads");
    has_terms(&tree);
    network.nodes[3].import(&bytes);
    network.nodes[3].restart(&network.file, &network.chain);
    has_terms(&network.nodes[3].app().state().tree);
}

/// Positions, one of which has ended, and the fractions of a cut.
fn has_staking_state(tree: &Tree) {
    let positions: Vec<Position> = tree
        .iter()
        .filter(|leaf| leaf.kind == Position::KIND)
        .map(|leaf| Position::decode(leaf.value).expect("a position"))
        .collect();
    assert_eq!(positions.len(), 4 + 4 + 1);
    let ended = positions.iter().filter(|one| one.legs[0].last != u64::MAX);
    assert_eq!(ended.count(), 1, "{positions:?}");
    let is_cut = |kind| kind == plasmid_staking::CutNode::KIND;
    assert!(tree.iter().any(|leaf| is_cut(leaf.kind)), "nothing was cut");
}

#[test]
fn the_end_of_an_epoch_can_be_proven_where_it_was_imported() {
    let mut network = staked();
    let (header, bytes) = exported(&mut network, 3, Some(1));
    let checkpoint = header.checkpoint().expect("two epochs have ended");
    assert_eq!(
        (checkpoint.epoch, checkpoint.state_root),
        (1, header.block.after)
    );
    network.nodes[3].import(&bytes);
    network.nodes[3].restart(&network.file, &network.chain);
    let state = network.nodes[3].app().state();
    let past = state.tree.at(1).expect("epoch 1 is kept");
    assert_eq!(past.root(), checkpoint.state_root);
    let proof = past.prove(1).expect("the parameters");
    assert!(proof.verify(&checkpoint.state_root).is_ok());
    assert!(state.tree.at(0).is_err(), "no earlier one came along");
}

#[test]
fn a_file_that_is_cut_short_or_longer_or_changed_anywhere_is_refused() {
    let mut network = staked();
    let (header, bytes) = exported(&mut network, 3, None);
    for end in (0..bytes.len()).step_by(97).chain([bytes.len() - 1]) {
        let said = refused(&bytes[..end]);
        assert!(said.contains("cut short"), "{end}: {said}");
    }
    let mut long = bytes.clone();
    long.push(0);
    assert!(refused(&long).contains("behind its end"));
    for place in (0..bytes.len()).step_by(89) {
        let mut changed = bytes.clone();
        changed[place] ^= 0x10;
        refused(&changed);
        // Whoever changes a byte can make the checksum fit. Then the digest of the last checkpoint is another one, or the file is refused; what is
        // left is the rest of the block's commitment, whose hash is the app hash that the engine compares.
        if place >= AFTER_BLOCK && place + 32 < bytes.len() {
            match image::read(&*sealed(changed)) {
                Ok((read, _)) => assert_ne!(digest(&read), digest(&header), "{place}"),
                Err(error) => assert!(
                    !matches!(error, ImageError::Checksum { .. }),
                    "{place}: {error}"
                ),
            }
        }
    }
}

/// Where the leaves begin, and the bytes of each.
fn leaves(bytes: &[u8], header: &Heading) -> (usize, Vec<Vec<u8>>) {
    let start = AFTER_BLOCK + 2 + 224 * header.checkpoints.len();
    let (mut at, mut all) = (start + 4, Vec::new());
    while at < bytes.len() - 32 {
        let width = usize::from(u16::from_be_bytes([bytes[at + 1], bytes[at + 2]]));
        let end = at + 35 + width;
        all.push(bytes[at..end].to_vec());
        at = end;
    }
    (start, all)
}

/// The file with other leaves, and a checksum that fits.
fn with_leaves(bytes: &[u8], start: usize, leaves: &[Vec<u8>]) -> Vec<u8> {
    let mut made = bytes[..start].to_vec();
    made.extend((leaves.len() as u32).to_be_bytes());
    made.extend(leaves.concat());
    made.extend([0; 32]);
    sealed(made)
}

#[test]
fn leaves_that_are_missing_repeated_swapped_or_too_wide_are_refused() {
    let mut network = staked();
    let (header, bytes) = exported(&mut network, 3, None);
    let (start, good) = leaves(&bytes, &header);
    assert!(
        with_leaves(&bytes, start, &good) == bytes,
        "the leaves are cut as they stand"
    );
    let refuse = |edit: &dyn Fn(&mut Vec<Vec<u8>>)| {
        let mut edited = good.clone();
        edit(&mut edited);
        refused(&with_leaves(&bytes, start, &edited))
    };
    for (said, words) in [
        (refuse(&|all| drop(all.pop())), "lead to state root"),
        (refuse(&|all| drop(all.remove(7))), "lead to state root"),
        (refuse(&|all| all.swap(7, 8)), "lead to state root"),
        (refuse(&|all| all.insert(9, all[7].clone())), "leaf"),
        (refuse(&|all| all.push(all[7].clone())), "leaf"),
        (refuse(&|all| all[0][0] = 1), "sentinel"),
        (refuse(&|all| drop(all.remove(0))), "sentinel"),
        (refuse(&Vec::clear), "sentinel"),
        (refuse(&|all| all[7][3..35].fill(0)), "leaf"),
        (
            refuse(&|all| {
                all[7][1..3].copy_from_slice(&1_025u16.to_be_bytes());
                all[7].resize(35 + 1_025, 0);
            }),
            "1025 bytes; the widest has 1024",
        ),
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    // A count that no file of this size can have takes no memory: the file ends first, in its checksum or within what is read as a leaf.
    let mut many = bytes.clone();
    many[start..start + 4].fill(0xff);
    refused(&many);
}

#[test]
fn headers_whose_parts_do_not_fit_are_refused() {
    let mut network = staked();
    let (header, bytes) = exported(&mut network, 3, None);
    assert!(refused(b"PLSMSTOR, which is a store").contains("other bytes"));
    let mut later = bytes.clone();
    later[11] = 2;
    let error = image::read(&*later).err().expect("refused");
    assert!(matches!(error, ImageError::Format { found: 2 }), "{error}");
    let refuse = |edit: &dyn Fn(&mut Heading)| {
        let mut edited = header.clone();
        edit(&mut edited);
        edited.check().expect_err("refused").to_string()
    };
    for (said, words) in [
        (refuse(&|one| one.block.height += 1), "ends no epoch"),
        (refuse(&|one| one.block.height = 0), "ends no epoch"),
        (refuse(&|one| one.block.height += 16), "its checkpoints"),
        (refuse(&|one| one.block.after = B256::ZERO), "another state"),
        (
            refuse(&|one| one.block.time += 1_000_000_000),
            "its checkpoint says",
        ),
        (refuse(&|one| one.block.rules += 1), "made by rules"),
        (refuse(&|one| one.checkpoints.clear()), "its checkpoints"),
        (refuse(&|one| one.checkpoints.swap(0, 1)), "its checkpoints"),
        (
            refuse(&|one| one.checkpoints[0].relayer = [9; 20]),
            "does not follow",
        ),
        (
            refuse(&|one| one.checkpoints[1].state_root = B256::ZERO),
            "another state",
        ),
        (
            refuse(&|one| one.identity.deployment = [9; 20]),
            "another deployment",
        ),
        (
            refuse(&|one| one.parameters.epoch_blocks = 2),
            "its parameters",
        ),
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
}

/// All files of a folder with their bytes.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            match path.is_dir() {
                true => folders.push(path),
                false => drop(all.insert(path.clone(), fs::read(path).expect("a file"))),
            }
        }
    }
    all
}

fn home(folder: &Path, network: &Network) -> Home {
    let home = Home::new(folder);
    home.write_genesis(&network.file).expect("it is written");
    home
}

#[test]
fn an_import_makes_the_store_of_a_folder_or_leaves_the_folder_as_it_was() {
    let mut network = staked();
    let (_, bytes) = exported(&mut network, 3, None);
    let folder = tempfile::tempdir().expect("a folder");
    let (good, bad) = (folder.path().join("good"), folder.path().join("bad"));
    fs::write(&good, &bytes).expect("written");
    let (own, other) = (folder.path().join("own"), folder.path().join("other"));
    let own = home(&own, &network);
    let genesis = own.read_genesis().expect("it reads");
    let empty = state_file::export(&own, None, &bad).expect_err("no store");
    assert!(empty.to_string().contains("has never run"), "{empty}");

    // Whatever a file says, what is refused is refused before anything is written.
    let before = files(folder.path());
    let mut cut = bytes.clone();
    cut.truncate(bytes.len() - 1);
    for wrong in [cut, sealed([&bytes[..], &[0]].concat()), Vec::new()] {
        fs::write(&bad, wrong).expect("written");
        let refused = state_file::read(&genesis, &bad).err().expect("refused");
        assert!(
            refused.to_string().contains("nothing was imported"),
            "{refused}"
        );
        fs::remove_file(&bad).expect("removed");
    }
    assert!(files(folder.path()) == before);
    let stranger = Network::new(Plan {
        validators: 3,
        ..Plan::default()
    });
    let stranger = home(&other, &stranger);
    let another = stranger.read_genesis().expect("it reads");
    let refused = state_file::read(&another, &good).err().expect("refused");
    assert!(refused.to_string().contains("another chain's"), "{refused}");

    // A store that stands is not touched, one that a cut import left aside makes way.
    let aside = own.store_path().with_extension("import");
    fs::create_dir_all(&aside).expect("made");
    fs::write(aside.join("db"), "half of it").expect("written");
    let (header, tree) = state_file::read(&genesis, &good).expect("it reads");
    state_file::import(&own, &header, tree).expect("it is imported");
    assert!(!aside.exists());
    let again = folder.path().join("again");
    let same = state_file::export(&own, None, &again).expect("it is exported");
    assert_eq!(same.header, header);
    assert!(fs::read(&again).expect("a file") == bytes);
    let exists = state_file::export(&own, None, &again).expect_err("refused");
    assert!(exists.to_string().contains("exists"), "{exists}");
    let before = files(folder.path());
    let (header, tree) = state_file::read(&genesis, &good).expect("it reads");
    let exists = state_file::import(&own, &header, tree).expect_err("refused");
    assert!(exists.to_string().contains("move it away"), "{exists}");
    assert!(files(folder.path()) == before);
}
