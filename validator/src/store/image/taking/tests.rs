//! States that are offered and sent by those who lie.

use super::*;
use crate::store::image::fixture::GivenState;
use crate::store::image::part::PART_LEAVES;

fn begin(given: &GivenState, offer: &SnapshotOffer) -> Result<Taking, OfferError> {
    Taking::begin(offer, given.whose(), &given.checkpoint, given.app_hash())
}

#[test]
fn a_state_is_whole_once_all_its_parts_were_taken_in_their_order() {
    let given = GivenState::new(PART_LEAVES + 5, 1);
    let mut taking = begin(&given, &given.offer()).unwrap();
    assert!(matches!(
        taking.take(1, &given.part(1)),
        Err(TakeError::Early(1))
    ));
    for number in 0..3 {
        assert!(!taking.is_whole());
        taking.take(number, &given.part(number)).unwrap();
        // The engine may hand in once more what it has handed in.
        taking.take(number, &[]).unwrap();
    }
    assert!(taking.is_whole());
    assert!(matches!(taking.take(3, &[]), Err(TakeError::Part(_))));
    let (heading, tree) = taking.whole().unwrap();
    assert_eq!(heading, given.heading);
    assert_eq!(
        (tree.root(), tree.count()),
        (given.tree.root(), PART_LEAVES + 5)
    );
}

#[test]
fn a_state_that_lacks_a_part_is_not_whole() {
    let given = GivenState::new(60, 1);
    let mut taking = begin(&given, &given.offer()).unwrap();
    taking.take(0, &given.part(0)).unwrap();
    assert!(matches!(taking.whole(), Err(TakeError::Early(2))));
}

#[test]
fn an_offer_that_is_not_of_the_accepted_checkpoint_is_refused_in_each_field() {
    let given = GivenState::new(60, 1);
    let honest = given.offer();
    assert!(begin(&given, &honest).is_ok());
    let refused = |change: &dyn Fn(&mut SnapshotOffer)| {
        let mut offer = honest.clone();
        change(&mut offer);
        begin(&given, &offer).err().expect("it is refused")
    };
    let error = refused(&|offer| offer.format = 2);
    assert!(matches!(error, OfferError::Format(2)), "{error}");
    for height in [0, 63, 65, 128, u64::MAX] {
        let error = refused(&|offer| offer.height = height);
        assert!(matches!(error, OfferError::Height { .. }), "{error}");
    }
    for parts in [0, 1, 3, u32::MAX] {
        let error = refused(&|offer| offer.parts = parts);
        assert!(matches!(error, OfferError::Parts { .. }), "{error}");
    }
    for digest in [vec![], vec![1; 32], honest.digest[..31].to_vec()] {
        let error = refused(&|offer| offer.digest = digest.clone());
        assert!(matches!(error, OfferError::Digest { .. }), "{error}");
    }
    let mut longer = honest.digest.clone();
    longer.insert(0, b'1');
    for digest in [longer, [vec![2; 1 << 20], honest.digest.clone()].concat()] {
        let error = refused(&|offer| offer.digest = digest.clone());
        assert!(error.to_string().len() < 300, "{error}");
        assert!(matches!(error, OfferError::Parts { .. }), "{error}");
    }
    let error = refused(&|offer| offer.shown.clear());
    assert!(matches!(error, OfferError::Shown(_)), "{error}");
    for shown in [vec![1; 1 << 20], [&honest.shown[..], &[0]].concat()] {
        let error = refused(&|offer| offer.shown = shown.clone());
        assert!(matches!(error, OfferError::Digest { .. }), "{error}");
    }
    let error = refused(&|offer| offer.shown[7] ^= 1);
    assert!(matches!(error, OfferError::Count(_)), "{error}");
    let other = given.tree.prove(3).unwrap().encode();
    let error = refused(&|offer| offer.shown = other.clone());
    assert!(matches!(error, OfferError::Leaf(3)), "{error}");
}

#[test]
fn an_offer_is_the_same_wherever_its_borders_stand() {
    let given = GivenState::new(9 * PART_LEAVES + 1, 1);
    let honest = given.offer();
    let row = [honest.digest.clone(), honest.shown.clone()].concat();
    for border in [0, 1, 31, 32, 33, row.len()] {
        let (digest, shown) = row.split_at(border);
        let mut offer = honest.clone();
        (offer.digest, offer.shown) = (digest.to_vec(), shown.to_vec());
        assert!(begin(&given, &offer).is_ok(), "{border}");
    }
    // The last digit of eleven parts stands in front of the digest.
    let mut offer = honest.clone();
    assert_eq!(offer.parts, 11);
    offer.parts = 1;
    offer.digest.insert(0, b'1');
    let error = begin(&given, &offer).err().expect("it is refused");
    let moved = OfferError::Moved {
        found: 1,
        expected: 11,
    };
    assert_eq!(error, moved);
}

/// What is false in a state, and how it becomes so.
type NamedLie = (&'static str, fn(&mut GivenState));

#[test]
fn a_first_part_of_another_chain_state_or_block_is_a_lie() {
    let given = GivenState::new(60, 1);
    let lies: [NamedLie; 4] = [
        ("deployment", |lie| {
            lie.heading.identity.deployment = [8; 20];
            lie.heading.checkpoints[0].deployment = [8; 20];
        }),
        ("genesis", |lie| {
            lie.heading.identity.genesis_root = Hash::ZERO;
        }),
        ("parameters", |lie| lie.heading.parameters.base_fee += 1),
        ("checkpoint", |lie| {
            lie.heading.checkpoints[0].inbox_cursor += 1;
        }),
    ];
    for (what, change) in lies {
        let mut lie = GivenState::new(60, 1);
        change(&mut lie);
        let mut taking = begin(&given, &given.offer()).unwrap();
        let error = taking.take(0, &lie.part(0)).expect_err(what);
        assert!(error.is_lie(), "{what}: {error}");
        // The honest one is taken after it.
        taking.take(0, &given.part(0)).unwrap();
        taking.take(1, &given.part(1)).unwrap();
        assert!(taking.whole().is_ok());
    }
    // The light client verified another block.
    let wrong = Taking::begin(&given.offer(), given.whose(), &given.checkpoint, Hash::ZERO);
    let error = wrong.unwrap().take(0, &given.part(0)).expect_err("another");
    assert!(matches!(error, TakeError::OtherState("another block")));
}

#[test]
fn a_part_that_lies_is_refused_and_leaves_nothing_behind() {
    let given = GivenState::new(PART_LEAVES + 5, 1);
    let stranger = GivenState::new(PART_LEAVES + 5, 2);
    let mut taking = begin(&given, &given.offer()).unwrap();
    for number in 0..3 {
        for lie in [stranger.part(number), given.part((number + 1) % 3), vec![]] {
            let error = taking.take(number, &lie).expect_err("a lie");
            assert!(error.is_lie(), "part {number}: {error}");
        }
        taking.take(number, &given.part(number)).unwrap();
    }
    assert_eq!(taking.whole().unwrap().1.root(), given.tree.root());
}
