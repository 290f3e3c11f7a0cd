//! What a watcher's folder takes, and gives again.

use super::*;

#[test]
fn what_could_not_be_read_again_is_not_written_and_the_file_before_it_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = || WatchFolder::open(folder.path(), &[7; 20], Address::ZERO);
    let (held, mut kept) = open().expect("it opens");
    kept.root_block = 5;
    held.save(&kept).expect("it is short");
    kept.root_block = 6;
    // Each byte of evidence is two digits.
    let evidence = vec![0; usize::try_from(MAX_FILE / 2).expect("it fits")];
    kept.cases.push(KeptCase {
        epoch: 1,
        operator: Address::ZERO,
        kind: "votes".into(),
        evidence: evidence.into(),
        accused: Bytes::new(),
        beneficiary: Address::ZERO,
        commits: 0,
        both: Bytes::new(),
    });
    let refused = held.save(&kept).expect_err("it is too long");
    assert!(matches!(refused, FolderError::TooLarge(_)), "{refused}");
    drop(held);
    let (_, again) = open().expect("it can be read");
    assert_eq!((again.root_block, again.cases.len()), (5, 0));
}
