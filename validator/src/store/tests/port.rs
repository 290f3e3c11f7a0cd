//! The port: order, reads before and after the disk, floors, identity, versions.

use super::*;
use crate::store::keys::{META_CHAIN, Table};
use crate::store::{seal, state};

fn open(disk: &Memory, pace: Pace) -> (Books<Memory>, Option<Loaded>) {
    Books::open(disk.clone(), identity(), pace).unwrap()
}

#[test]
fn a_new_store_holds_nothing_and_begins_with_the_genesis() {
    let (books, loaded) = open(&Memory::new(), Pace::Commit);
    assert!(loaded.is_none());
    assert_eq!(books.durable_height(), None);
    let mut tree = Tree::new();
    let genesis = step(1, &mut tree, None);
    let first = step(1, &mut tree, Some(&genesis.block));
    let refused = StoreError::Order {
        expected: 0,
        given: 1,
    };
    assert_eq!(books.commit(Arc::new(first.clone())), Err(refused));
    books.commit(Arc::new(genesis.clone())).unwrap();
    let refused = StoreError::Order {
        expected: 1,
        given: 0,
    };
    assert_eq!(books.commit(Arc::new(genesis)), Err(refused));
    let mut other = first.clone();
    other.block.after = Hash::ZERO;
    assert!(matches!(
        books.commit(Arc::new(other)),
        Err(StoreError::Root { height: 1, .. })
    ));
    books.commit(Arc::new(first)).unwrap();
    assert_eq!(books.durable_height(), Some(1));
}

#[test]
fn everything_of_a_height_can_be_read_at_once_and_after_folding_and_reopening() {
    let seed = seed("reads");
    for pace in [Pace::Flush, Pace::Commit, Pace::Thread] {
        let disk = Memory::new();
        let (books, _) = open(&disk, pace);
        grow(seed, &books, None, 12);
        reads(seed, &books, 12);
        assert_eq!(books.flush().unwrap(), Some(12));
        grow_on(seed, &books, 12, 150);
        reads(seed, &books, 150);
        assert_eq!(books.flush().unwrap(), Some(150));
        drop(books);
        let (books, loaded) = open(&disk, pace);
        agrees(seed, &loaded.unwrap(), 0);
        reads(seed, &books, 150);
    }
}

/// Goes on with a chain whose tree the caller has not kept.
fn grow_on(seed: u64, books: &Books<Memory>, from: u64, last: u64) {
    let Chain {
        blocks, mut tree, ..
    } = Chain::new(seed, from);
    let mut tip = blocks[from as usize];
    while tip.height < last {
        let record = step(seed, &mut tree, Some(&tip));
        tip = record.block;
        books.commit(Arc::new(record)).unwrap();
    }
}

fn reads(seed: u64, books: &Books<Memory>, last: u64) {
    let mut tree = Tree::new();
    let mut tip = None;
    let mut shares: std::collections::BTreeMap<u64, std::collections::BTreeMap<u16, Share>> =
        Default::default();
    for height in 0..=last {
        let record = step(seed, &mut tree, tip.as_ref());
        tip = Some(record.block);
        assert_eq!(books.block(height).unwrap(), Some(record.block));
        let answer = ResponseFinalizeBlock::decode(record.response.as_slice());
        for listed in &record.transactions {
            let result = answer
                .as_ref()
                .map(|answer| answer.tx_results[listed.index as usize].encode_to_vec());
            let expected = Included {
                height,
                index: listed.index,
                hash: listed.hash,
                digest: listed.digest,
                result: result.unwrap_or_default(),
            };
            for name in [listed.hash, listed.digest] {
                assert_eq!(books.transaction(&name).unwrap(), Some(expected.clone()));
            }
        }
        if let Some((epoch, contents)) = record.checkpoint {
            assert_eq!(books.checkpoint(epoch).unwrap(), Some(contents));
        }
        if height + 16 > last {
            assert_eq!(books.response(height).unwrap(), Some(record.response));
        }
        for share in record.shares {
            shares
                .entry(share.epoch)
                .or_default()
                .insert(share.member, share);
        }
    }
    for (epoch, shares) in shares {
        let shares: Vec<Share> = shares.into_values().collect();
        assert_eq!(books.shares(epoch).unwrap(), shares);
    }
    assert_eq!(books.block(last + 1).unwrap(), None);
    assert_eq!(books.response(last + 1).unwrap(), None);
    assert_eq!(books.checkpoint(last).unwrap(), None);
    assert_eq!(books.transaction(&Hash::ZERO).unwrap(), None);
}

#[test]
fn what_was_not_flushed_is_lost_and_nothing_else() {
    let seed = seed("behind");
    let disk = Memory::new();
    let (books, _) = open(&disk, Pace::Flush);
    grow(seed, &books, None, 7);
    assert_eq!(books.durable_height(), None);
    assert_eq!(books.flush().unwrap(), Some(7));
    grow_on(seed, &books, 7, 11);
    assert_eq!(books.durable_height(), Some(7));
    drop(books);
    let (_, loaded) = open(&disk, Pace::Flush);
    assert_eq!(loaded.as_ref().unwrap().height(), 7);
    agrees(seed, &loaded.unwrap(), 0);
}

#[test]
fn shares_from_outside_are_kept_and_the_later_one_wins() {
    let disk = Memory::new();
    let share = |member, byte| Share {
        epoch: 3,
        member,
        bytes: vec![byte; 192],
    };
    for pace in [Pace::Flush, Pace::Thread] {
        let (books, _) = open(&disk, pace);
        books.keep_share(share(2, 1)).unwrap();
        books.keep_share(share(1, 1)).unwrap();
        books.keep_share(share(2, 5)).unwrap();
        assert_eq!(books.shares(3).unwrap(), [share(1, 1), share(2, 5)]);
        books.flush().unwrap();
        assert_eq!(books.shares(3).unwrap(), [share(1, 1), share(2, 5)]);
        assert!(books.shares(2).unwrap().is_empty());
    }
    assert_eq!(open(&disk, Pace::Commit).0.shares(3).unwrap().len(), 2);
}

#[test]
fn a_floor_drops_old_epochs_and_blocks_but_never_the_newest_mark() {
    let seed = seed("floor");
    let disk = Memory::new();
    let (books, _) = open(&disk, Pace::Commit);
    books.retain(Floor { epoch: 9, block: 9 }).unwrap();
    grow(seed, &books, None, 100);
    books
        .retain(Floor {
            epoch: 8,
            block: 31,
        })
        .unwrap();
    books.retain(Floor { epoch: 2, block: 2 }).unwrap();
    assert_eq!(books.block(30).unwrap(), None);
    assert!(books.block(31).unwrap().is_some());
    drop(books);
    let (books, loaded) = open(&disk, Pace::Commit);
    let loaded = loaded.unwrap();
    agrees(seed, &loaded, 8);
    assert_eq!(loaded.tree.marks().next().unwrap().epoch, 8);
    grow(seed, &books, Some(loaded), 163);
    let all = Floor {
        epoch: u64::MAX,
        block: u64::MAX,
    };
    books.retain(all).unwrap();
    drop(books);
    let (_, loaded) = open(&disk, Pace::Commit);
    agrees(seed, &loaded.unwrap(), 31);
}

#[test]
fn another_chain_or_version_is_refused_and_named() {
    let disk = Memory::new();
    drop(open(&disk, Pace::Commit));
    for (deployment, root) in [(8, 9), (7, 8)] {
        let given = Identity {
            deployment: [deployment; 20],
            genesis_root: Hash::repeat_byte(root),
        };
        let error = Books::open(disk.clone(), given, Pace::Commit)
            .err()
            .unwrap();
        assert!(matches!(&error, StoreError::OtherChain { stored, .. } if **stored == identity()));
        assert!(error.to_string().contains("memory"));
    }
    let mut body = state::encode_chain(VERSION + 1, identity());
    body.extend_from_slice(b"what a later version adds");
    let sealed = seal::seal(Table::Meta, &META_CHAIN, &body);
    disk.write(Table::Meta, vec![(META_CHAIN.to_vec(), Some(sealed))])
        .unwrap();
    let error = Books::open(disk, identity(), Pace::Commit).err().unwrap();
    let refused = StoreError::UnknownVersion {
        folder: "memory".into(),
        found: VERSION + 1,
        known: VERSION,
    };
    assert_eq!(error, refused);
}

#[test]
fn a_record_survives_its_encoding_and_no_shortened_one_decodes() {
    let seed = seed("encoding");
    let mut tree = Tree::new();
    let mut tip = None;
    for _ in 0..12 {
        let record = step(seed, &mut tree, tip.as_ref());
        tip = Some(record.block);
        let bytes = record.encode();
        assert_eq!(Record::decode(&bytes).unwrap(), record);
        for cut in (0..bytes.len()).step_by(7) {
            assert!(Record::decode(&bytes[..cut]).is_err());
        }
        assert!(Record::decode(&[bytes.as_slice(), &[0]].concat()).is_err());
    }
}

#[test]
fn a_count_of_four_billion_costs_nothing() {
    let record = step(1, &mut Tree::new(), None);
    let mut bytes = record.encode();
    let count = BlockCommitment::BYTES + 4;
    bytes[count..count + 4].fill(0xff);
    assert!(Record::decode(&bytes).is_err());
}

#[test]
fn the_last_16_answers_are_there_however_large_they_are() {
    let seed = seed("answers");
    let (books, _) = Books::open(Memory::new(), identity(), Pace::Commit).unwrap();
    let (mut tree, mut tip) = (Tree::new(), None);
    for height in 0..40u64 {
        let mut record = step(seed, &mut tree, tip.as_ref());
        tip = Some(record.block);
        record.response = vec![7; 9 << 20];
        books.commit(Arc::new(record)).unwrap();
        for kept in height.saturating_sub(15)..=height {
            assert!(
                books.response(kept).unwrap().is_some(),
                "{kept} of {height}"
            );
        }
    }
    assert!(
        books.response(0).unwrap().is_none(),
        "older ones are folded"
    );
}
