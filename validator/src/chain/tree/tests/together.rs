//! Segments applied together come to what they come to one after the other, with any number of threads.

use super::*;

/// All that a tree has, past states included.
fn assert_same(mut one: Tree, mut other: Tree, epoch: u64) {
    assert_eq!(one.root(), other.root());
    assert_eq!(one.drain(), other.drain());
    for level in 0..=32 {
        for place in 0..one.count().checked_shr(level).unwrap_or(0) + 2 {
            let (level, place) = (level as usize, place);
            assert_eq!(one.node(level, place), other.node(level, place));
        }
    }
    // What is closed stands by place, in whatever order it came.
    let close = |tree: &mut Tree| {
        tree.mark(epoch).unwrap();
        let limit = PastLimit {
            epochs: 0,
            bytes: 0,
        };
        let layers = tree.excess(limit);
        let layers = layers.iter().map(|layer| {
            let entries = layer.entries(0);
            let entries = entries.map(|(level, place, entry)| (level, place, format!("{entry:?}")));
            (layer.mark(), entries.collect::<Vec<_>>())
        });
        layers.collect::<Vec<_>>()
    };
    assert_eq!(close(&mut one), close(&mut other));
}

#[test]
fn segments_applied_together_come_to_what_they_come_to_in_turn() {
    let mut rng = seeded("together");
    for threads in [1, 2, 8] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let pool = pool.build().unwrap();
        for round in 0..8 {
            let (mut turn, mut together) = (Tree::new(), Tree::new());
            let mut naive = Naive::new();
            let mut epoch = 0;
            for _ in 0..12 {
                let mut blocks = Vec::new();
                for _ in 0..rng.random_range(0..9) {
                    // Some write nothing, and one that is wide needs several pieces of work.
                    let most = if round == 0 { 600 } else { 12 };
                    let mut changes = segment(&mut rng, &naive, most);
                    changes.truncate(rng.random_range(0..=most));
                    naive.apply(&changes);
                    blocks.push(changes);
                }
                let segments: Vec<&[Change]> = blocks.iter().map(Vec::as_slice).collect();
                let expected: Vec<Hash> = segments
                    .iter()
                    .map(|changes| turn.apply(changes).unwrap())
                    .collect();
                let roots = pool.install(|| together.apply_all(&segments).unwrap());
                assert_eq!(roots, expected);
                assert_eq!(together.root(), turn.root());
                if rng.random_ratio(1, 3) {
                    turn.mark(epoch).unwrap();
                    together.mark(epoch).unwrap();
                    epoch += 1;
                }
            }
            assert_eq!(together.root(), naive.root());
            assert_same(turn, together, epoch);
        }
    }
}

#[test]
fn what_a_segment_may_not_do_is_refused_in_the_middle_of_many() {
    let change = |byte: u8, width: usize| Change {
        key: Hash::repeat_byte(byte),
        kind: 2,
        value: vec![byte; width],
    };
    let sound = [change(1, 16)];
    let wide = [change(2, 8), change(1, 17)];
    let twice = [change(3, 8), change(3, 8)];
    let mut tree = Tree::new();
    let refused = tree.apply_all(&[&sound, &wide]).unwrap_err();
    assert!(matches!(refused, TreeError::Width { given: 17, .. }));
    let mut tree = Tree::new();
    let refused = tree.apply_all(&[&sound, &twice]).unwrap_err();
    assert!(matches!(refused, TreeError::Repeated { .. }));
    let mut tree = Tree::new();
    let before = tree.root();
    assert!(tree.apply_all(&[]).unwrap().is_empty());
    assert_eq!(tree.root(), before);
}
