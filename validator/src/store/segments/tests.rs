//! What is kept of segments is read as it was written, and is gone with its epoch.

use super::*;
use crate::store::Memory;
use alloy_primitives::B256;

fn segment(number: u32) -> OpenedSegment {
    OpenedSegment {
        kind: (number % 5) as u8 + 1,
        first: number,
        count: number + 1,
        length: number % 3,
        chunks_root: B256::repeat_byte(1),
        before: B256::repeat_byte(2),
        after: B256::from(alloy_primitives::U256::from(number)),
        bytes: None,
    }
}

fn block(epoch: u64) -> BlockSegments {
    let bytes = |one: &OpenedSegment| Arc::new(vec![9; one.length as usize]);
    let records: Vec<OpenedSegment> = (0..2_500).map(segment).collect();
    BlockSegments {
        epoch,
        bytes: records.iter().map(bytes).collect(),
        records,
    }
}

#[test]
fn segments_are_read_as_they_were_written_and_gone_with_their_epoch() {
    let disk = Sealed::new(Memory::new());
    for epoch in 0..9 {
        let block = block(epoch);
        block.write(&disk, 10 * epoch).unwrap();
        let records = read(&disk, epoch, 10 * epoch).unwrap();
        assert_eq!(records.as_ref(), Some(&block.records));
        for number in [0, 1, 2, 1_000, 2_499] {
            let bytes = read_bytes(&disk, (epoch, 10 * epoch), number).unwrap();
            let expected = block.bytes_of(number).filter(|bytes| !bytes.is_empty());
            assert_eq!(bytes.map(Arc::new), expected, "{number}");
        }
    }
    assert_eq!(read(&disk, 1, 11).unwrap(), None);
    let left = |disk: &Sealed<Memory>| {
        let kept = (0..9).filter(|epoch| read(disk, *epoch, 10 * epoch).unwrap().is_some());
        kept.collect::<Vec<u64>>()
    };
    forget(&disk, 0).unwrap();
    assert_eq!(left(&disk), (0..9).collect::<Vec<_>>());
    // What is too much for one step is given up at the next.
    forget(&disk, 6).unwrap();
    assert_eq!(left(&disk), [4, 5, 6, 7, 8]);
    forget(&disk, 7).unwrap();
    assert_eq!(left(&disk), [7, 8]);
}
