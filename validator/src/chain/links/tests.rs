//! A real block's links, and each of them broken.

mod vectors;

use ed25519_zebra::VerificationKey;
use plasmid_bridge::proof::vote;

use super::*;
use crate::chain::commit::Committed;
use crate::chain::committed::parameters;
use crate::chain::evidence::Misbehavior;
use crate::chain::fixture::{ALICE, BOB, World, offence};

/// The last block of an epoch with segments of every kind, what it commits to, and the block before.
struct Scene {
    before: BlockCommitment,
    block: BlockCommitment,
    segments: Vec<(SegmentRecord, usize)>,
    transactions: u32,
    parameters: Parameters,
}

impl Scene {
    fn new() -> Self {
        let mut world = World::new(16, 20);
        let mut before = world.step().1.block;
        for _ in 1..31 {
            before = world.step().1.block;
        }
        world.deposit(5);
        world.misbehavior.push(offence());
        for sequence in 0..40 {
            world.transfer(ALICE, sequence, 1);
            world.transfer(BOB, sequence, 1);
        }
        Self::next(&mut world, before)
    }

    /// The next block of a chain, behind `before`.
    fn next(world: &mut World, before: BlockCommitment) -> Self {
        let (executed, committed) = world.step();
        let Committed {
            block, segments, ..
        } = committed;
        Self {
            before,
            block,
            segments: with_lengths(&segments, &executed.segments),
            transactions: executed.transactions,
            parameters: parameters(&world.tree).expect("the parameters leaf"),
        }
    }

    fn judge(&self) -> Result<(), LinkError> {
        let Self {
            before,
            block,
            segments,
            transactions,
            parameters,
        } = self;
        check_links(before, block, segments, *transactions, parameters)
    }
}

/// What a rule is called; its sentence begins so.
fn code(error: LinkError) -> String {
    let name = format!("L{}", error.rule());
    assert!(error.to_string().starts_with(&format!("{name}: ")));
    name
}

type Break = (&'static str, fn(&mut Scene));

/// What is broken, with the code of its rule.
const BREAKS: [Break; 24] = [
    ("L1", |scene| scene.block.rules += 1),
    ("L2", |scene| scene.block.height += 1),
    ("L2", |scene| scene.block.height -= 1),
    ("L3", |scene| scene.block.time = scene.before.time - 1),
    ("L4", |scene| scene.block.before[0] ^= 1),
    ("L6", |scene| scene.transactions = 0),
    ("L6", |scene| {
        scene.transactions = scene.parameters.max_block_transactions + 1
    }),
    ("L6", |scene| scene.segments.clear()),
    ("L6", |scene| {
        let more = vec![scene.segments[3]; scene.transactions as usize + 3];
        scene.segments.extend(more);
    }),
    ("L7", |scene| scene.segments[0].0.first = 1),
    ("L7", |scene| scene.segments[0].0.count = 2),
    ("L7", |scene| {
        scene.segments.remove(0);
    }),
    ("L8", |scene| scene.segments[1].0.kind = SegmentKind::Record),
    ("L8", |scene| {
        scene.segments[3].0.kind = SegmentKind::Messages
    }),
    ("L9", |scene| {
        scene.segments[2].0.kind = SegmentKind::Boundary
    }),
    ("L9", |scene| scene.segments[1].0.count = 0),
    ("L9", |scene| scene.segments[3].0.count = 33),
    ("L9", |scene| scene.segments[3].1 = 32_769),
    ("L9", |scene| {
        let last = scene.segments.len() - 1;
        scene.segments[last].1 = 1;
    }),
    ("L10", |scene| scene.segments[3].0.first += 1),
    ("L10", |scene| scene.transactions -= 1),
    ("L11", |scene| scene.segments[0].0.before[0] ^= 1),
    ("L11", |scene| scene.segments[2].0.after[0] ^= 1),
    ("L11", |scene| scene.block.after[0] ^= 1),
];

#[test]
fn a_block_keeps_every_link_and_each_broken_one_has_its_number() {
    let honest = Scene::new();
    assert_eq!(honest.judge(), Ok(()));
    let kinds: Vec<u8> = honest
        .segments
        .iter()
        .map(|(one, _)| one.kind as u8)
        .collect();
    assert!(
        kinds.len() > 6 && (1..=5).all(|kind| kinds.contains(&kind)),
        "{kinds:?}"
    );
    for (at, (number, edit)) in BREAKS.into_iter().enumerate() {
        let mut scene = Scene {
            segments: honest.segments.clone(),
            ..honest
        };
        edit(&mut scene);
        let broken = scene.judge().map_err(code);
        assert_eq!(broken, Err(number.to_owned()), "break {at}");
    }
}

/// Everybody's key has signed two votes: all seats are empty at the end of the epoch, so pass B finds nobody and pass C copies the set.
fn everybody_misbehaves(world: &World) -> Vec<Misbehavior> {
    let keys = world.keys.iter().map(VerificationKey::from);
    keys.map(|key| Misbehavior {
        address: vote::address(&key.into()),
        ..offence()
    })
    .collect()
}

/// The last block of an epoch with its record and nothing else: its other segments are the steps of the boundary, which are no
/// transactions. Counting them too low once stopped every node that checks its links.
#[test]
fn a_quiet_last_block_keeps_every_link_with_any_number_of_seats_and_when_nobody_is_left() {
    for (seats, steps, copied) in [(1, 2, 3), (16, 3, 4), (20, 5, 7), (512, 96, 128)] {
        for (steps, left) in [(steps, true), (copied, false)] {
            let mut world = World::new(16, seats);
            let mut before = world.step().1.block;
            if !left {
                world.misbehavior = everybody_misbehaves(&world);
            }
            for _ in 2..16 {
                before = world.step().1.block;
            }
            let scene = Scene::next(&mut world, before);
            let name = format!("{seats} seats, {steps} steps");
            assert_eq!(scene.judge(), Ok(()), "{name}");
            assert_eq!(scene.transactions, 1, "{name}: it is quiet");
            assert_eq!(scene.segments.len(), 1 + steps, "{name}");
            // With pass C it has as many segments as a block with one transaction can have.
            let mut more = scene;
            let last = more.segments.len() - 1;
            more.segments.push(more.segments[last]);
            let expected = if left { "L11" } else { "L6" };
            assert_eq!(more.judge().map_err(code), Err(expected.into()), "{name}");
        }
    }
}
