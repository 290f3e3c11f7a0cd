//! What concerns stake is found from every place on: before it is folded, after, after reopening, and in a store that an older version left.

use super::*;
use crate::store::keys::{META_CHAIN, Table};
use crate::store::{seal, state};
use tendermint_proto::v0_38::abci::{Event, EventAttribute};

/// At every third height the transactions with these indices concern stake; `step` lists 7, 14 and 21.
const STAKED: [u32; 2] = [7, 21];
/// At every sixth height the block itself tells something too, behind its 22 transactions.
const OF_BLOCK: [u32; 2] = [22, 23];

fn record(seed: u64, tree: &mut Tree, before: Option<&BlockCommitment>) -> Record {
    let mut record = step(seed, tree, before);
    let staked = record.height().is_multiple_of(3);
    let result = |index: u32| {
        let name = match staked && STAKED.contains(&index) {
            true => "opened",
            false => "transfer",
        };
        let event = Event {
            r#type: name.to_owned(),
            ..Event::default()
        };
        ExecTxResult {
            data: index.to_be_bytes().to_vec().into(),
            events: vec![event],
            ..ExecTxResult::default()
        }
    };
    let told = |index: u32| Event {
        r#type: "rewarded".to_owned(),
        attributes: vec![EventAttribute {
            key: "line".to_owned(),
            value: index.to_string(),
            index: false,
        }],
    };
    let of_block = OF_BLOCK.map(told).to_vec();
    record.response = ResponseFinalizeBlock {
        events: match record.height().is_multiple_of(6) {
            true => of_block,
            false => Vec::new(),
        },
        tx_results: (0..22).map(result).collect(),
        ..ResponseFinalizeBlock::default()
    }
    .encode_to_vec();
    record
}

fn grown(disk: &Memory, seed: u64, last: u64) -> Books<Memory> {
    let (books, _) = Books::open(disk.clone(), identity(), Pace::Commit).unwrap();
    let (mut tree, mut tip) = (Tree::new(), None);
    for _ in 0..=last {
        let record = record(seed, &mut tree, tip.as_ref());
        tip = Some(record.block);
        books.commit(Arc::new(record)).unwrap();
    }
    books
}

/// Pages of `most` from a place on give all that lies behind it, once and in order.
fn told(books: &Books<Memory>, from: (u64, u32), last: u64, most: usize) -> Vec<(u64, u32)> {
    let (mut all, mut next) = (Vec::new(), from);
    loop {
        let page = books.staked(next, last, most).unwrap();
        assert!(page.len() <= most);
        let Some(end) = page.last() else {
            return all;
        };
        next = (end.height, end.index + 1);
        for one in &page {
            let result = ExecTxResult::decode(one.result.as_slice()).unwrap();
            if OF_BLOCK.contains(&one.index) {
                let [event] = &result.events[..] else {
                    panic!("one event a result");
                };
                assert_eq!(event.attributes[0].value, one.index.to_string());
                assert_eq!((one.hash, one.digest), (Hash::ZERO, Hash::ZERO));
                continue;
            }
            assert_eq!(&result.data[..], &one.index.to_be_bytes()[..]);
        }
        all.extend(page.iter().map(|one| (one.height, one.index)));
    }
}

fn expected(from: (u64, u32), last: u64) -> Vec<(u64, u32)> {
    let all = (0..=last).step_by(3).flat_map(|height| {
        let behind = OF_BLOCK.iter().filter(move |_| height.is_multiple_of(6));
        let indices = STAKED.iter().chain(behind);
        indices.map(move |index| (height, *index))
    });
    all.filter(|place| *place >= from).collect()
}

fn is_whole(books: &Books<Memory>, last: u64) {
    for from in [
        (0, 0),
        (0, 8),
        (3, 7),
        (3, 22),
        (6, 22),
        (6, 23),
        (4, 0),
        (last - 1, 0),
        (last, 8),
        (last + 1, 0),
    ] {
        for most in [1, 3, 1_000] {
            assert_eq!(
                told(books, from, last, most),
                expected(from, last),
                "{from:?} by {most}"
            );
        }
    }
    // Nothing is told behind the last height that is asked for.
    assert_eq!(told(books, (0, 0), 9, 4), expected((0, 0), 9));
}

#[test]
fn what_concerns_stake_is_found_folded_or_not_and_after_reopening() {
    let (disk, seed) = (Memory::new(), seed("staked"));
    let books = grown(&disk, seed, 150);
    is_whole(&books, 150);
    drop(books);
    let (books, _) = Books::open(disk, identity(), Pace::Commit).unwrap();
    is_whole(&books, 150);
}

#[test]
fn a_store_of_the_version_before_gets_the_table_when_it_is_opened() {
    let (disk, seed) = (Memory::new(), seed("older"));
    drop(grown(&disk, seed, 150));
    let rows: Vec<Vec<u8>> = {
        let mut rows = Vec::new();
        disk.scan(Table::Stake, &[], &[0xff; 9], &mut |key, _| {
            rows.push(key.to_vec());
            Ok(())
        })
        .unwrap();
        rows
    };
    assert!(rows.len() > 20, "some heights are folded");
    let gone = rows.into_iter().map(|key| (key, None)).collect();
    disk.write(Table::Stake, gone).unwrap();
    let body = state::encode_chain(VERSION - 1, identity());
    let sealed = seal::seal(Table::Meta, &META_CHAIN, &body);
    disk.write(Table::Meta, vec![(META_CHAIN.to_vec(), Some(sealed))])
        .unwrap();
    for _ in 0..2 {
        let (books, _) = Books::open(disk.clone(), identity(), Pace::Commit).unwrap();
        is_whole(&books, 150);
    }
    let note = disk.get(Table::Meta, &META_CHAIN).unwrap().unwrap();
    let now = seal::seal(
        Table::Meta,
        &META_CHAIN,
        &state::encode_chain(VERSION, identity()),
    );
    assert_eq!(note, now, "the version before refuses it from now on");
}
