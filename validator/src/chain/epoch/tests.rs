//! The boundary counted: what its steps touch at the worst, and that nothing passing it changes its idle value.

use std::convert::Infallible;

use alloy_primitives::{B256, U256};
use plasmid_staking::{Key, Line, Seat, SeatState, minima};

use crate::chain::epoch::boundary::{idle_boundary, step};
use crate::chain::epoch::{Moment, ends_epoch};
use crate::chain::fixture::World;
use crate::chain::overlay::{Overlay, Reads};
use crate::chain::segments::MAX_SEGMENT_LEAVES;
use crate::chain::tree::Tree;
use crate::ledger::leaf::{BoundaryLeaf, FeePool, Participation, Pass};
use crate::ledger::leaves::{expect, write};
use crate::ledger::{Event, Parameters, Slot, ring_place};

/// A state in which a leaf stands right below each key that has none, and nothing else touches that leaf: so each leaf that a step makes,
/// or does not find, costs one more, and no two share it.
struct Apart<'a>(&'a Tree);

impl Reads for Apart<'_> {
    type Error = Infallible;

    fn value(&self, key: &B256) -> Result<Option<&[u8]>, Infallible> {
        self.0.value(key)
    }

    fn low(&self, key: &B256) -> Result<B256, Infallible> {
        let below = U256::from_be_bytes(key.0) - U256::from(1);
        Ok(below.into())
    }

    fn count(&self) -> u32 {
        Reads::count(self.0)
    }
}

/// What a boundary is counted on.
struct Build {
    seats: u16,
    operators: u16,
    /// In how many epochs, from the first one on, every seat votes; later none does.
    present: u64,
    /// Seats whose lines change places before the first epoch.
    moved: Vec<(u16, u16)>,
}

/// Leaves that the steps of the boundary touch, from the first epoch until the ring has been used once and begins again, with the pass of
/// each. In each epoch there are fees, and every second line changes its seat with the next one's before the end.
fn touched_by_steps(build: &Build) -> Vec<Vec<(Pass, usize)>> {
    let world = World::with_operators(16, build.seats, build.operators);
    let apart = Apart(&world.tree);
    let mut overlay = Overlay::new(&apart);
    for (one, other) in &build.moved {
        exchange(&mut overlay, *one, *other);
    }
    let parameters: Parameters = expect(&mut overlay, &Slot::Parameters).expect("parameters");
    let mut epochs = Vec::new();
    for epoch in 0..20u64 {
        let moment = Moment {
            height: (epoch + 1) * 16,
            time: (epoch + 1) * 1_000_000_000,
        };
        let place = ring_place(epoch, parameters.ring);
        let votes = if epoch < build.present { 15 } else { 0 };
        let present = Participation([votes; 512]);
        write(&mut overlay, &Slot::Participation { place }, &present).expect("votes");
        pay_fees(&mut overlay, epoch);
        for seat in (0..build.seats - 1).step_by(2) {
            exchange(&mut overlay, seat, seat + 1);
        }
        let mut steps = Vec::new();
        loop {
            let running: BoundaryLeaf = expect(&mut overlay, &Slot::Boundary).expect("the leaf");
            let layer = overlay.take();
            overlay.keep(layer);
            let last = step(&mut overlay, &moment).expect("the set stays").last;
            let layer = overlay.take();
            steps.push((running.pass, layer.touched.len()));
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

/// The most that a step of a pass touches.
fn max_of(pass: Pass, epochs: &[Vec<(Pass, usize)>]) -> Option<usize> {
    let steps = epochs.iter().flatten().filter(|(of, _)| *of == pass);
    steps.map(|(_, touched)| *touched).max()
}

/// The lines of two seats, which hold as much as each other, change places; or one moves to a seat that was empty.
fn exchange<R: Reads>(overlay: &mut Overlay<'_, R>, one: u16, other: u16) {
    let held = [one, other]
        .map(|seat| -> Seat { expect(overlay, &Slot::from(Key::Seat(seat))).expect("a seat") });
    for (seat, held) in [other, one].into_iter().zip(held) {
        if held.state != SeatState::Empty {
            let slot = Slot::from(Key::Line(held.line));
            let line: Line = expect(overlay, &slot).expect("its line");
            write(overlay, &slot, &Line { seat, ..line }).expect("it is written");
        }
        write(overlay, &Slot::from(Key::Seat(seat)), &held).expect("it is written");
    }
}

fn pay_fees<R: Reads>(overlay: &mut Overlay<'_, R>, epoch: u64) {
    let fees = 1_000;
    let pool: FeePool = expect(overlay, &Slot::FeePool).expect("the fee pool");
    let pool = FeePool {
        amount: pool.amount + fees,
        epoch,
        epoch_fees: fees,
    };
    write(overlay, &Slot::FeePool, &pool).expect("fees");
}

/// Each of the seats of a step has, in pass A, where its line was absent: member, line, two marks and seat; in pass B its seat, and the
/// member, which is made; in pass C two members.
const OF_A_SEAT: [(Pass, usize, usize); 3] = [
    (Pass::Reward, 8, 5),
    (Pass::Roll, 16, 3),
    (Pass::Copy, 16, 2),
];

/// What a pass touches by count: of the step's seats, and besides. A: as many nodes of the minima as there are in the way of eight seats;
/// rewards, parameters, boundary, participation, set, and the pool of fees. B and C: parameters, boundary, the set before, and the record
/// that names who carries the checkpoint, which is made; the last step: the set, which is made, the ended record and the pool of fees.
fn by_count(pass: Pass, seats: u16) -> usize {
    let (_, step, each) = OF_A_SEAT
        .into_iter()
        .find(|(of, ..)| *of == pass)
        .expect("a pass");
    let whole = usize::from(seats).min(step);
    match pass {
        Pass::Reward => {
            let nodes = minima::widths(seats).into_iter();
            whole * each
                + nodes
                    .map(|nodes| usize::from(nodes).min(step))
                    .sum::<usize>()
                + 6
        }
        // Of 17 seats the last step has one, and the first all else. In a later round of the ring the record is not made, and what nobody was
        // paid of the old one goes from the pool of fees to the rewards: one leaf more, and no member is made. So that counts for pass C.
        _ => {
            let last = usize::from(seats - 1) % step + 1;
            let later = usize::from(pass == Pass::Copy);
            (whole * each + 5 + later).max(last * each + 9)
        }
    }
}

/// A step that touched more would halt every node, and only at the end of an epoch.
#[test]
fn the_worst_step_of_each_pass_is_reached_and_stays_within_a_segment_for_every_number_of_seats() {
    for seats in [1, 16, 17, 512] {
        // The lines of the first eight seats have moved, so that no two of them share a node of the minima where there are that many.
        let apart = match seats {
            512 => (0..8).map(|seat| (seat, 20 + 60 * seat)).collect(),
            17 => vec![(0, 16)],
            _ => Vec::new(),
        };
        // The members stand in the seats of the last step alone, so that it names who carries the checkpoint as well.
        let at_the_end: Vec<(u16, u16)> = match seats {
            512 => (0..16).map(|seat| (seat, 496 + seat)).collect(),
            _ => Vec::new(),
        };
        let absent = Build {
            seats,
            operators: seats,
            present: 0,
            moved: apart,
        };
        let few = Build {
            seats,
            operators: if seats == 512 { 16 } else { seats },
            present: u64::MAX,
            moved: at_the_end.clone(),
        };
        // Absent once they stand in the sets of their new seats.
        let few_absent = Build {
            present: 2,
            moved: at_the_end,
            ..few
        };
        let runs = [&absent, &few, &few_absent].map(touched_by_steps);
        for (pass, ..) in OF_A_SEAT {
            let worst = runs.iter().filter_map(|epochs| max_of(pass, epochs)).max();
            let most = by_count(pass, seats);
            println!("{seats} seats, {pass:?}: {worst:?} leaves at the worst, {most} by count");
            assert_eq!(worst, Some(most), "{seats} seats, {pass:?}");
            assert!(most <= MAX_SEGMENT_LEAVES, "{seats} seats, {pass:?}");
        }
        // Of those that do the same in every epoch.
        for epochs in &runs[..2] {
            let first = epochs
                .first()
                .and_then(|steps| steps.iter().map(|step| step.1).max());
            let again = epochs
                .last()
                .and_then(|steps| steps.iter().map(|step| step.1).max());
            assert!(
                again <= first,
                "{seats} seats: later rounds of the ring make nothing"
            );
        }
    }
}

#[test]
fn a_boundary_has_a_step_for_eight_seats_of_pass_a_and_for_sixteen_of_the_others() {
    for (seats, votes) in [1, 16, 17, 512]
        .into_iter()
        .flat_map(|n| [(n, u64::MAX), (n, 0)])
    {
        let epochs = touched_by_steps(&Build {
            seats,
            operators: seats,
            present: votes,
            moved: Vec::new(),
        });
        // Nobody is seated any more when nobody has voted: then the set before is copied.
        let passes = if votes == 0 { 2 } else { 1 };
        let steps = usize::from(seats.div_ceil(8) + passes * seats.div_ceil(16));
        let made: Vec<usize> = epochs.iter().map(Vec::len).collect();
        assert_eq!(
            made,
            vec![steps; epochs.len()],
            "{seats} seats, {votes} votes"
        );
    }
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
