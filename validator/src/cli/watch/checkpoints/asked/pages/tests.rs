//! A block whose segments have more bytes than are kept before they are compared.

use super::*;

const COUNT: usize = 40;
const BYTES: usize = 1_000;
/// Room for the bytes of seven of them.
const MAX_HELD: usize = 7_999;

fn segments() -> Vec<OpenedSegment> {
    let one = |number: usize| OpenedSegment {
        kind: 1,
        first: number as u32,
        count: 1,
        length: BYTES as u32,
        chunks_root: B256::repeat_byte(number as u8),
        before: B256::ZERO,
        after: B256::ZERO,
        bytes: Some(vec![number as u8; BYTES]),
    };
    (0..COUNT).map(one).collect()
}

/// Reads as one turn does, three a page, behind what is known. Gives what is kept, and how many pages were read.
fn turn(known: &[KnownSegment]) -> (Vec<OpenedSegment>, usize) {
    let skipped = known.iter().take_while(|one| one.has_bytes).count();
    let records = known.iter().take(skipped).map(|one| one.record.clone());
    let (mut all, mut pages): (Vec<_>, _) = (records.collect(), 0);
    while all.len() < COUNT {
        let page = segments().into_iter().skip(all.len()).take(3);
        take_page(&mut all, page.collect(), known, MAX_HELD);
        assert!(held(&all) <= MAX_HELD);
        pages += 1;
    }
    (all, pages)
}

#[test]
fn a_node_fills_no_memory_and_all_of_a_large_block_is_read_in_some_turns() {
    let mut whole = OpenedSegments::default();
    let (mut turns, mut pages) = (0, 0);
    while whole.shown() < COUNT {
        let known = known_segments(&whole);
        let (shown, read) = turn(&known);
        let shown = OpenedSegments {
            segments: shown,
            ..OpenedSegments::default()
        };
        let before = whole.shown();
        match whole.segments.is_empty() {
            true => whole = shown,
            false => whole.fill(shown),
        }
        assert_eq!(whole.shown(), COUNT.min(before + 7));
        (turns, pages) = (turns + 1, pages + read);
    }
    assert_eq!(whole.segments, segments());
    // The first turn reads all records, and each of the others what it has room for.
    assert_eq!((turns, pages), (6, 14 + 4 * 3 + 2));
}

#[test]
fn bytes_that_are_known_take_no_room() {
    let mut own = segments();
    for one in own.iter_mut().step_by(2) {
        one.bytes = None;
    }
    let known = known_segments(&OpenedSegments {
        segments: own,
        ..OpenedSegments::default()
    });
    let (shown, _) = turn(&known);
    let kept: Vec<u32> = shown
        .iter()
        .filter(|one| one.bytes.is_some())
        .map(|one| one.first)
        .collect();
    assert_eq!(kept, [0, 2, 4, 6, 8, 10, 12]);
}
