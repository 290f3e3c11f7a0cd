//! Laws of the tree of minima, against a scan of all seats.

use rand::Rng;

use super::*;
use crate::minima::{MinimaNode, Weight};

fn naive_weakest(stakes: &[u128]) -> Weight {
    let weights = (0u16..).zip(stakes).map(|(seat, stake)| Weight {
        stake: *stake,
        seat,
    });
    weights.min().unwrap()
}

#[test]
fn the_tree_of_minima_names_the_weakest_seat_that_a_scan_names() {
    let mut rng = rng(1);
    for seats in [1u16, 2, 15, 16, 17, 31, 33, 255, 256, 257, 300, 511, 512] {
        let rules = rules(seats);
        let mut leaves = MemoryLeaves::default();
        found(&mut leaves, &rules, &[]).unwrap();
        let mut stakes = vec![0; usize::from(seats)];
        for _ in 0..2 * seats {
            let seat = rng.random_range(0..seats);
            let stake = UNIT * rng.random_range(0..5) + rng.random_range(0..3);
            stakes[usize::from(seat)] = stake;
            let weight = Weight { stake, seat };
            let least = minima::update(&mut leaves, seats, weight).unwrap();
            assert_eq!(least, naive_weakest(&stakes), "{seats} seats");
            assert_eq!(minima::weakest(&mut leaves, seats).unwrap(), least);
        }
        for (level, nodes) in (0u8..).zip(minima::build(&stakes)) {
            for (index, node) in (0u16..).zip(nodes) {
                let held: Option<MinimaNode> = leaves.read((level, index)).unwrap();
                assert_eq!(held, Some(node), "{seats} seats, node {level} {index}");
            }
        }
    }
}

#[test]
fn the_levels_of_minima_have_one_node_for_sixteen_below_up_to_a_single_one() {
    for (seats, widths) in [
        (0u16, vec![]),
        (1, vec![1]),
        (16, vec![1]),
        (17, vec![2, 1]),
        (256, vec![16, 1]),
        (257, vec![17, 2, 1]),
        (512, vec![32, 2, 1]),
    ] {
        assert_eq!(minima::widths(seats), widths);
        let built = minima::build(&vec![0; usize::from(seats)]);
        assert_eq!(
            built
                .iter()
                .map(|level| level.len() as u16)
                .collect::<Vec<_>>(),
            widths
        );
    }
    assert_eq!(MinimaNode::default().weakest(), Weight::UNUSED);
}
