//! What is open, event after event, and events that are none.

use alloy_primitives::B256;

use super::*;

const ASKER: Address = Address::repeat_byte(7);

fn targets() -> [DataTarget; 4] {
    let segment = |block, number| DataTarget::Segment {
        epoch: 3,
        block,
        number,
    };
    let leaf = |index| DataTarget::Leaf { epoch: 3, index };
    [segment(5, 2), segment(2, 5), leaf(2), leaf(u32::MAX)]
}

fn log(event: &impl SolEvent) -> Log {
    let data = event.encode_log_data();
    Log {
        address: Address::ZERO,
        topics: data.topics().to_vec(),
        data: data.data.clone(),
        block: 9,
        index: 1,
    }
}

fn asked(target: DataTarget) -> Log {
    let IDataChallenges::Target {
        epoch,
        kind,
        place,
        number,
    } = target.into();
    log(&IDataChallenges::Challenged {
        epoch,
        challenger: ASKER,
        kind,
        place,
        number,
        price: U256::from(5),
        deadline: 77,
    })
}

#[test]
fn a_target_is_the_contract_s_and_comes_back() {
    for target in targets() {
        assert_eq!(DataTarget::of(&target.into()), Some(target));
        assert_eq!(target.epoch(), 3);
    }
    let named = targets().map(|target| target.to_string());
    assert_eq!(named[0], "segment 2 of block 5 of epoch 3");
    assert_eq!(named[2], "leaf 2 of the state at the end of epoch 3");
    for (kind, place) in [(0, 0), (3, 0), (255, 0), (2, 1)] {
        let told = IDataChallenges::Target {
            epoch: 0,
            kind,
            place,
            number: 0,
        };
        assert_eq!(DataTarget::of(&told), None);
    }
}

#[test]
fn what_is_answered_or_paid_back_is_forgotten_and_what_expired_waits_for_its_money() {
    let mut book = ChallengeBook::default();
    for target in targets() {
        book.hear(&asked(target)).expect("it is one");
    }
    assert!(book.open().map(|(target, _)| *target).eq({
        let mut all = targets();
        all.sort();
        all
    }));
    let [first, second, third, _] = targets().map(IDataChallenges::Target::from);
    let answered = log(&IDataChallenges::Answered {
        epoch: 3,
        answerer: Address::ZERO,
        kind: first.kind,
        place: first.place,
        number: first.number,
        paid: U256::ZERO,
    });
    let paid_back = log(&IDataChallenges::PaidBack {
        epoch: 3,
        challenger: ASKER,
        kind: second.kind,
        place: second.place,
        number: second.number,
        amount: U256::from(5),
    });
    let withheld = log(&IDataChallenges::Withheld {
        epoch: 3,
        kind: third.kind,
        place: third.place,
        number: third.number,
    });
    for one in [answered, paid_back, withheld] {
        book.hear(&one).expect("it is one");
    }
    let open: Vec<_> = book.open().collect();
    let expired: Vec<_> = open.iter().map(|(_, one)| one.is_expired).collect();
    assert_eq!(expired, [true, false]);
    assert_eq!(open[0].0, &targets()[2]);
    assert_eq!((open[0].1.challenger, open[0].1.deadline), (ASKER, 77));
}

#[test]
fn what_is_no_event_of_the_contract_is_refused() {
    let mut book = ChallengeBook::default();
    let mut strange = asked(targets()[0]);
    strange.topics[0] = B256::repeat_byte(1);
    book.hear(&strange).expect_err("another topic");
    let mut short = asked(targets()[0]);
    short.data = short.data.slice(..32);
    book.hear(&short).expect_err("too few words");
    let wrong = log(&IDataChallenges::Challenged {
        epoch: 1,
        challenger: ASKER,
        kind: 2,
        place: 1,
        number: 0,
        price: U256::ZERO,
        deadline: 0,
    });
    let said = book.hear(&wrong).expect_err("a leaf in a block");
    assert!(said.contains("kind 2 in place 1"), "{said}");
    assert_eq!(book.open().count(), 0);
}
