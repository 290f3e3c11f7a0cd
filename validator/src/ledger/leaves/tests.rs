//! The overlay writes all or nothing, in the order of first writes; the memory adapter counts.

use super::*;
use crate::ledger::leaf::{Burned, FeePool, WithdrawalCounter};

#[test]
fn an_overlay_that_is_dropped_wrote_nothing() {
    let mut memory = Memory::new();
    write(&mut memory, &Slot::Burned, &Burned { amount: 1 }).unwrap();
    let mut overlay = HeldWrites::new(&mut memory);
    write(&mut overlay, &Slot::Burned, &Burned { amount: 2 }).unwrap();
    write(&mut overlay, &Slot::FeePool, &FeePool::default()).unwrap();
    assert_eq!(
        expect::<Burned, _>(&mut overlay, &Slot::Burned),
        Ok(Burned { amount: 2 })
    );
    assert_eq!(
        (overlay.made(), overlay.count(), overlay.count_before()),
        (1, 3, 2)
    );
    drop(overlay);
    assert_eq!(
        expect::<Burned, _>(&mut memory, &Slot::Burned),
        Ok(Burned { amount: 1 })
    );
    assert_eq!(read::<FeePool, _>(&mut memory, &Slot::FeePool), Ok(None));
    assert_eq!(memory.count(), 2);
}

#[test]
fn an_overlay_commits_in_the_order_of_first_writes_and_each_slot_once() {
    let mut memory = Memory::new();
    let mut overlay = HeldWrites::new(&mut memory);
    let counter = Slot::WithdrawalCounter;
    read::<Burned, _>(&mut overlay, &Slot::Burned).unwrap();
    write(&mut overlay, &counter, &WithdrawalCounter { next: 1 }).unwrap();
    write(&mut overlay, &Slot::Burned, &Burned { amount: 1 }).unwrap();
    write(&mut overlay, &Slot::FeePool, &FeePool::default()).unwrap();
    write(&mut overlay, &counter, &WithdrawalCounter { next: 2 }).unwrap();
    assert_eq!(overlay.made(), 3);
    overlay.commit().unwrap();
    assert_eq!(memory.order(), [counter, Slot::Burned, Slot::FeePool]);
    assert_eq!(
        expect(&mut memory, &counter),
        Ok(WithdrawalCounter { next: 2 })
    );
}

#[test]
fn overlays_nest() {
    let mut memory = Memory::new();
    let mut outer = HeldWrites::new(&mut memory);
    write(&mut outer, &Slot::Burned, &Burned { amount: 1 }).unwrap();
    let mut inner = HeldWrites::new(&mut outer);
    write(&mut inner, &Slot::FeePool, &FeePool::default()).unwrap();
    drop(inner);
    let mut inner = HeldWrites::new(&mut outer);
    write(&mut inner, &Slot::Burned, &Burned { amount: 7 }).unwrap();
    inner.commit().unwrap();
    assert_eq!(outer.made(), 1);
    outer.commit().unwrap();
    assert_eq!(memory.order(), [Slot::Burned]);
    assert_eq!(expect(&mut memory, &Slot::Burned), Ok(Burned { amount: 7 }));
}

#[test]
fn a_leaf_that_does_not_decode_or_is_missing_is_a_fault() {
    let mut memory = Memory::new();
    memory.write(&Slot::Burned, vec![0; 15]).unwrap();
    let corrupt = expect::<Burned, _>(&mut memory, &Slot::Burned).unwrap_err();
    assert!(
        matches!(
            corrupt,
            LeafFault::Corrupt {
                slot: Slot::Burned,
                ..
            }
        ),
        "{corrupt}"
    );
    let missing = expect::<FeePool, _>(&mut memory, &Slot::FeePool).unwrap_err();
    assert_eq!(
        missing,
        LeafFault::Missing {
            slot: Slot::FeePool
        }
    );
}

#[test]
fn the_memory_adapter_tells_what_was_touched() {
    let mut memory = Memory::with_count(10);
    write(&mut memory, &Slot::Burned, &Burned::default()).unwrap();
    memory.read(&Slot::FeePool).unwrap();
    let touched: Vec<Slot> = memory.take_touched().into_iter().collect();
    assert_eq!(touched, [Slot::FeePool, Slot::Burned]);
    assert!(memory.take_touched().is_empty());
    assert_eq!(memory.count(), 11);
}
