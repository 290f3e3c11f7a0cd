//! The boundary counted: what its steps touch at the worst, and that nothing passing it changes its idle value.

use plasmid_staking::{Key, Line, Seat};

use crate::chain::epoch::boundary::{idle_boundary, step};
use crate::chain::epoch::{Moment, ends_epoch};
use crate::chain::fixture::World;
use crate::chain::overlay::Overlay;
use crate::chain::segments::MAX_SEGMENT_LEAVES;
use crate::chain::tree::Tree;
use crate::ledger::leaf::{BoundaryLeaf, FeePool, Participation};
use crate::ledger::leaves::{expect, write};
use crate::ledger::{Event, Parameters, Slot, ring_place};

/// Leaves that the steps of the boundary touch, from the first epoch until the ring has been used once and begins again. Each seat has
/// `votes` in each epoch, and each epoch has fees. Where lines have `moved`, the first eight have changed seats with others, so that no two
/// of them share a node of the minima.
fn touched_by_steps(seats: u16, votes: u16, moved: bool) -> Vec<Vec<usize>> {
    let world = World::with_operators(16, seats, seats);
    let mut overlay = Overlay::new(&world.tree);
    for seat in (0..8).filter(|_| moved) {
        exchange(&mut overlay, seat, 20 + 60 * seat);
    }
    let parameters: Parameters = expect(&mut overlay, &Slot::Parameters).expect("parameters");
    let mut epochs = Vec::new();
    for epoch in 0..20u64 {
        let moment = Moment {
            height: (epoch + 1) * 16,
            time: (epoch + 1) * 1_000_000_000,
        };
        let place = ring_place(epoch, parameters.ring);
        let present = Participation([votes; 512]);
        write(&mut overlay, &Slot::Participation { place }, &present).expect("votes");
        pay_fees(&mut overlay, epoch);
        let layer = overlay.take();
        overlay.keep(layer);
        let mut steps = Vec::new();
        loop {
            let last = step(&mut overlay, &moment).expect("the set stays").last;
            let layer = overlay.take();
            steps.push(layer.touched.len());
            overlay.keep(layer);
            if last {
                break;
            }
        }
        let leaf: BoundaryLeaf = expect(&mut overlay, &Slot::Boundary).expect("the boundary leaf");
        assert_eq!(leaf, idle_boundary(epoch + 3), "one idle value an epoch");
        drop(overlay.take());
        epochs.push(steps);
    }
    epochs
}

/// The lines of two seats, which hold as much as each other, change places.
fn exchange(overlay: &mut Overlay<'_, Tree>, one: u16, other: u16) {
    let held = [one, other]
        .map(|seat| -> Seat { expect(overlay, &Slot::from(Key::Seat(seat))).expect("a seat") });
    for (seat, held) in [other, one].into_iter().zip(held) {
        let slot = Slot::from(Key::Line(held.line));
        let line: Line = expect(overlay, &slot).expect("its line");
        write(overlay, &slot, &Line { seat, ..line }).expect("it is written");
        write(overlay, &Slot::from(Key::Seat(seat)), &held).expect("it is written");
    }
}

fn pay_fees(overlay: &mut Overlay<'_, Tree>, epoch: u64) {
    let fees = 1_000;
    let pool: FeePool = expect(overlay, &Slot::FeePool).expect("the fee pool");
    let pool = FeePool {
        amount: pool.amount + fees,
        epoch,
        epoch_fees: fees,
    };
    write(overlay, &Slot::FeePool, &pool).expect("fees");
}

/// A step that touched more would halt every node, and only at the end of an epoch.
#[test]
fn the_worst_step_of_a_boundary_stays_within_a_segment_for_every_number_of_seats() {
    for (seats, votes) in [1, 16, 17, 512].into_iter().flat_map(|n| [(n, 15), (n, 0)]) {
        let epochs = touched_by_steps(seats, votes, false);
        // Nobody is seated any more when nobody has voted: then the set before is copied.
        let passes = if votes == 0 { 2 } else { 1 };
        let steps = usize::from(seats.div_ceil(8) + passes * seats.div_ceil(16));
        assert!(
            epochs.iter().all(|epoch| epoch.len() == steps),
            "{seats} seats, {votes} votes: {:?}",
            epochs.iter().map(Vec::len).collect::<Vec<_>>()
        );
        let worst = epochs.iter().flatten().max().copied().unwrap_or(0);
        // Each of the first `ring` boundaries makes its leaves, each beside a low leaf; later ones overwrite them. In pass A each of 8 seats
        // has its member, line, two marks and seat, and up to 11 nodes of the minima change.
        let rolled = 3 * usize::from(seats.min(16)) + 11;
        let paid = 5 * usize::from(seats.min(8)) + 11 + 6;
        let most = rolled.max(paid);
        println!("{seats} seats, {votes} votes: {worst} leaves at the worst, {most} by count");
        assert!(
            worst <= most && most <= MAX_SEGMENT_LEAVES,
            "{seats} seats: {worst}"
        );
        assert!(
            worst > 2 * usize::from(seats.min(16)),
            "the first pass of the ring was counted"
        );
        let again = epochs.last().and_then(|steps| steps.iter().max()).copied();
        assert!(again.is_some_and(|again| again <= worst), "{seats} seats");
    }
}

/// In the first epoch all of a step's eight lines are absent, and each of them has a seat in another node of the minima: the step touches as
/// many leaves as can be, those of the rule of staking and those that the chain adds.
#[test]
fn the_worst_step_of_all_is_of_absent_members_whose_lines_have_moved() {
    let first = |moved| touched_by_steps(512, 0, moved)[0][0];
    let (kept, moved) = (first(false), first(true));
    // Each of eight seats has its member, line, two marks and seat; then eight nodes of the lowest level, two above, and the top; then
    // rewards, parameters, boundary, participation, set and the pool of fees.
    let most = 8 * 5 + 11 + 6;
    println!("{moved} leaves where lines have moved, {kept} where they have not, {most} by count");
    assert!(kept < moved && most <= MAX_SEGMENT_LEAVES);
    assert_eq!(moved, most, "the worst case is reached");
}

/// The events of one boundary after another of a full set in which every second seat voted in the first epoch, and nobody later.
fn told_by_boundaries(seats: u16, epochs: u64) -> Vec<Vec<Event>> {
    let world = World::with_operators(16, seats, seats);
    let mut overlay = Overlay::new(&world.tree);
    let parameters: Parameters = expect(&mut overlay, &Slot::Parameters).expect("parameters");
    let boundaries = (0..epochs).map(|epoch| {
        let place = ring_place(epoch, parameters.ring);
        let votes = |seat: usize| match epoch == 0 && seat.is_multiple_of(2) {
            true => 15,
            false => 0,
        };
        let present = Participation(std::array::from_fn(votes));
        write(&mut overlay, &Slot::Participation { place }, &present).expect("votes");
        pay_fees(&mut overlay, epoch);
        let moment = Moment {
            height: (epoch + 1) * 16,
            time: (epoch + 1) * 1_000_000_000,
        };
        let mut told = Vec::new();
        loop {
            let one = step(&mut overlay, &moment).expect("the set stays");
            let layer = overlay.take();
            overlay.keep(layer);
            told.extend(one.events);
            if one.last {
                return told;
            }
        }
    });
    boundaries.collect()
}

/// The bytes of the names and values of events.
fn bytes(events: &[Event]) -> usize {
    let attributes = |event: &Event| -> usize {
        let attributes = event.attributes();
        let lengths = attributes.iter().map(|one| one.key.len() + one.value.len());
        event.name().len() + lengths.sum::<usize>()
    };
    events.iter().map(attributes).sum()
}

#[test]
fn the_end_of_an_epoch_tells_who_was_paid_who_was_jailed_and_which_set_was_fixed_or_copied() {
    for seats in [1, 17, 512] {
        let told = told_by_boundaries(seats, 3);
        let voters = usize::from(seats.div_ceil(2));
        let absent = usize::from(seats) - voters;
        for (epoch, (events, [paid, jailed, copied])) in (0u64..).zip(told.iter().zip([
            [voters, absent, 0],
            [0, usize::from(seats), 1],
            // The set of epoch 2 was fixed by the first boundary.
            [0, voters, 1],
        ])) {
            let count = |name: &str| events.iter().filter(|event| event.name() == name).count();
            let found = ["rewarded", "jailed", "set_copied"].map(count);
            assert_eq!(
                found,
                [paid, jailed, copied],
                "{seats} seats, epoch {epoch}"
            );
            assert_eq!(count("set_fixed") + copied, 1);
            assert_eq!(events.len(), paid + jailed + 1, "nothing else is told");
            for event in events {
                let attributes = event.attributes();
                let of = |key: &str| attributes.iter().find(|one| one.key == key);
                let set = event.name().starts_with("set_");
                let expected = if set { epoch + 2 } else { epoch };
                assert_eq!(
                    of("epoch").map(|one| one.value.clone()),
                    Some(expected.to_string())
                );
                assert_eq!(of("operator").is_some(), !set, "whom it concerns");
            }
            println!(
                "{seats} seats, epoch {epoch}: {} bytes in {} events",
                bytes(events),
                events.len()
            );
        }
    }
}

#[test]
fn only_the_last_block_of_an_epoch_ends_it() {
    for (height, expected) in [(0, false), (15, false), (16, true), (17, false), (32, true)] {
        assert_eq!(ends_epoch(height, 16), expected, "{height}");
    }
    assert!(!ends_epoch(16, 0));
}
