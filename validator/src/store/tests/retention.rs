//! Over many epochs the store grows by history alone: undo, marks and shares of what is given up are gone from the disk.

use super::*;
use crate::store::keys::Table;
use crate::store::sealed::Sealed;

fn keys(disk: &Memory, table: Table) -> usize {
    let sealed = Sealed::new(disk.clone());
    sealed.keys(table, &[], &[0xff; 33]).unwrap().len()
}

#[test]
fn what_is_given_up_leaves_the_disk_and_what_is_history_stays() {
    let seed = seed("retention");
    let disk = Memory::new();
    let (books, _) = Books::open(disk.clone(), identity(), Pace::Commit).unwrap();
    let (mut tree, mut tip, mut most) = (Tree::new(), None, 0);
    let (kept, epochs) = (3, 120);
    for height in 0..=EPOCH * epochs {
        let record = step(seed, &mut tree, tip.as_ref());
        tip = Some(record.block);
        books.commit(Arc::new(record)).unwrap();
        let ended = height / EPOCH;
        if height.is_multiple_of(EPOCH) && ended > kept {
            let epoch = ended - kept;
            tree.retain(epoch);
            books.retain(Floor { epoch, block: 0 }).unwrap();
            books.flush().unwrap();
        }
        if ended > 20 {
            most = most.max(keys(&disk, Table::Undo));
            assert!(keys(&disk, Table::Layer) as u64 <= kept + 1);
            assert!(keys(&disk, Table::Share) as u64 <= (kept + 2) * EPOCH);
        }
        if ended == 20 {
            most = keys(&disk, Table::Undo);
        }
    }
    println!("{most} entries of undo at most");
    // An epoch's undo is at most a few parts for each of its heights, and for those behind it.
    assert!(most as u64 <= (kept + 2) * EPOCH * 4, "{most}");
    assert_eq!(keys(&disk, Table::Block) as u64, EPOCH * epochs + 1);
    drop(books);
    let (books, loaded) = Books::open(disk.clone(), identity(), Pace::Commit).unwrap();
    agrees(seed, &loaded.unwrap(), epochs - kept);
    let folded = keys(&disk, Table::Transaction);
    assert!(folded > 3_000 && keys(&disk, Table::Result) * 2 == folded);
    for height in 0..=EPOCH * epochs {
        for index in 1..4 {
            let found = books.transaction(&digest(seed, height, index)).unwrap();
            let found = found.unwrap();
            assert_eq!((found.height, found.index), (height, index * 7));
            assert_eq!(found.hash, digest(seed, height, index + 100));
        }
    }
}
