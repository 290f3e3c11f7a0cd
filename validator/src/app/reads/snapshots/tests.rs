//! Which epochs' states are given out.

use super::*;
use crate::chain::tree::Change;

#[test]
fn a_checkpoint_is_accepted_once_a_message_of_root_has_said_so_of_its_epoch() {
    let ring = 512;
    let place = ring_place(2, ring);
    let slot = Slot::EpochRecord { place };
    let says = |epoch, accepted| {
        let record = EpochRecord {
            epoch,
            accepted,
            ..EpochRecord::default()
        };
        let mut tree = Tree::new();
        let change = Change {
            key: slot.key(),
            kind: slot.kind(),
            value: record.encode(),
        };
        tree.apply(&[change]).unwrap();
        is_accepted(&tree, 2, ring)
    };
    assert!(says(2, 9));
    assert!(!says(2, 0), "the epoch is over, and no message has said it");
    assert!(!says(2 + u64::from(ring), 9));
    assert!(!is_accepted(&Tree::new(), 2, ring));
}
