//! What is open, event after event, and events that are none.

use alloy_primitives::B256;

use super::room::MAX_KEPT;
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
    log(&fixture::challenged(target, ASKER, U256::from(5), 77))
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
        book.hear(&asked(target), 64, ToldBy::First)
            .expect("it is one");
    }
    assert!(book.open().map(|(target, _)| *target).eq({
        let mut all = targets();
        all.sort();
        all
    }));
    let [_, second, third, _] = targets().map(IDataChallenges::Target::from);
    let answered = fixture::answered(targets()[0], Address::ZERO, U256::ZERO);
    let answered = log(&answered);
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
        book.hear(&one, 64, ToldBy::First).expect("it is one");
    }
    assert!(book.of(&targets()[0]).is_none());
    let answers = book.answers();
    let answers: Vec<_> = answers
        .map(|(target, told)| (*target, told.of(ToldBy::First)))
        .collect();
    assert_eq!(answers, [(targets()[0], Some(9))]);
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
    book.hear(&strange, 64, ToldBy::First)
        .expect_err("another topic");
    let mut short = asked(targets()[0]);
    short.data = short.data.slice(..32);
    book.hear(&short, 64, ToldBy::First)
        .expect_err("too few words");
    let wrong = log(&IDataChallenges::Challenged {
        epoch: 1,
        challenger: ASKER,
        kind: 2,
        place: 1,
        number: 0,
        price: U256::ZERO,
        deadline: 0,
    });
    let said = book
        .hear(&wrong, 64, ToldBy::First)
        .expect_err("a leaf in a block");
    assert!(said.contains("kind 2 in place 1"), "{said}");
    assert_eq!(book.open().count(), 0);
}

fn at(block: u64, log: Log) -> Log {
    Log { block, ..log }
}

fn answered(target: DataTarget) -> Log {
    log(&fixture::answered(target, ASKER, U256::from(2)))
}

/// Whatever blocks are replaced, the book says what it would say had it never heard of them.
#[test]
fn a_reorganisation_takes_back_what_stood_in_the_blocks_that_are_gone() {
    let [first, second, third, _] = targets();
    let withheld = log(&IDataChallenges::Withheld {
        epoch: 3,
        kind: 2,
        place: 0,
        number: 2,
    });
    let events = [
        at(10, asked(first)),
        at(12, asked(third)),
        at(14, answered(first)),
        at(16, asked(second)),
        at(18, withheld),
        at(20, answered(second)),
    ];
    let heard = |until: u64| {
        let mut book = ChallengeBook::default();
        for one in events.iter().filter(|one| one.block <= until) {
            book.hear(one, 64, ToldBy::First).expect("it is one");
        }
        book
    };
    let shown = |book: &ChallengeBook| {
        let open: Vec<_> = book
            .open()
            .map(|(target, one)| (*target, one.clone()))
            .collect();
        let answers: Vec<_> = book
            .answers()
            .map(|(target, block)| (*target, block))
            .collect();
        (open, answers)
    };
    for back in 9..=20 {
        let mut book = heard(20);
        book.rewind(back);
        assert_eq!(shown(&book), shown(&heard(back)), "{back}");
        for one in events.iter().filter(|one| one.block > back) {
            book.hear(one, 64, ToldBy::First).expect("it is one");
        }
        assert_eq!(shown(&book), shown(&heard(20)), "{back}");
    }
    // What cannot come back is forgotten, and what is open never is.
    let mut book = heard(20);
    book.forget(20, 4);
    book.rewind(0);
    assert_eq!(shown(&book), (Vec::new(), Vec::new()));
    let mut book = heard(18);
    book.forget(18, 3);
    assert_eq!(shown(&book), shown(&heard(18)));
}

/// An endpoint that invents challenges without end takes no more room than is there, and none from those that are due first.
#[test]
fn who_invents_challenges_fills_no_memory_and_hides_none_that_is_due_before() {
    let mut book = ChallengeBook::default();
    book.hear(&asked(targets()[0]), 64, ToldBy::First)
        .expect("it is one");
    for number in 0..MAX_KEPT as u32 + 5 {
        let target = DataTarget::Leaf {
            epoch: 9,
            index: number,
        };
        let deadline = 1_000 + u64::from(number);
        let one = log(&fixture::challenged(target, ASKER, U256::ZERO, deadline));
        book.hear(&one, 64, ToldBy::First).expect("it is one");
    }
    // Some give way at a time.
    assert_eq!(book.open().count(), MAX_KEPT - 4_090);
    assert_eq!((book.left_out(), book.left_out()), (Some(4_096), None));
    assert!(book.of(&targets()[0]).is_some());
}

/// What one endpoint invents takes no room of what the other one or both tell, whatever its deadlines and epochs are, and is said no more often than it doubles.
#[test]
fn what_one_of_two_endpoints_invents_crowds_out_only_itself() {
    for (liar, honest) in [
        (ToldBy::Second, ToldBy::First),
        (ToldBy::First, ToldBy::Second),
    ] {
        let [alone, both, answer, answered_by_both] = targets();
        let mut book = ChallengeBook::default();
        book.hears_two(Some(0..10));
        for (log, by) in [
            (asked(alone), honest),
            (asked(both), honest),
            (asked(both), liar),
            (answered(answer), honest),
            (answered(answered_by_both), honest),
            (answered(answered_by_both), liar),
        ] {
            book.hear(&log, 64, by).expect("it is one");
        }
        for index in 0..2 * MAX_KEPT as u32 {
            let target = DataTarget::Leaf { epoch: 9, index };
            let one = log(&fixture::challenged(target, ASKER, U256::ZERO, 1));
            book.hear(&one, 64, liar).expect("it is one");
            book.hear(&answered(target), 64, liar).expect("it is one");
        }
        assert!(book.kept.len() <= MAX_KEPT && book.answers.len() <= MAX_KEPT);
        assert!(book.of(&alone).is_some() && book.of(&both).is_some());
        assert!(book.is_answered(&answer) && book.is_asked(&answered_by_both));
        let said = book.untold(9);
        let is_said = liar == ToldBy::Second;
        assert_eq!(said.is_some_and(|(_, count)| count > 60_000), is_said);
        assert_eq!(book.untold(9), None);
    }
}

/// What a second endpoint tells of checkpoints that are not accepted is refused, and asked for again; of those that are final no question is kept.
#[test]
fn of_a_second_endpoint_only_accepted_checkpoints_are_heard() {
    let of = |epoch| DataTarget::Leaf { epoch, index: 0 };
    let mut book = ChallengeBook::default();
    book.hears_two(Some(2..4));
    for event in [asked, answered] {
        for epoch in [4, 1_000_000_000_000, u64::MAX] {
            let said = book.hear(&event(of(epoch)), 64, ToldBy::Second);
            let said = said.expect_err("nobody can ask for it");
            assert!(said.contains("is not accepted"), "{said}");
        }
    }
    let told = book.hear(&asked(of(1)), 64, ToldBy::Second);
    assert_eq!(told.expect("it is one").target(), of(1));
    assert!(book.kept.is_empty() && book.answers.is_empty());
    book.hear(&asked(of(2)), 64, ToldBy::Second).expect("one");
    // What the first one tells of a final one is closed once both tell it.
    for log in [asked(of(1)), answered(of(1))] {
        for by in [ToldBy::First, ToldBy::Second] {
            book.hear(&log, 64, by).expect("it is one");
        }
    }
    assert!(book.open().map(|(target, _)| *target).eq([of(2)]));
}

/// A place behind the last block of an epoch makes no target, which root would refuse to say anything of.
#[test]
fn a_place_that_no_epoch_has_is_refused() {
    let mut book = ChallengeBook::default();
    let target = |block| DataTarget::Segment {
        epoch: 3,
        block,
        number: 0,
    };
    book.hear(&asked(target(63)), 64, ToldBy::First)
        .expect("the last one");
    let said = book
        .hear(&asked(target(64)), 64, ToldBy::First)
        .expect_err("one more");
    assert!(said.contains("block 64 of an epoch of 64"), "{said}");
    assert_eq!(book.open().count(), 1);
    assert!(book.asked_of(3).eq([(target(63), true)]));
    assert_eq!(book.asked_of(2).count(), 0);
}

/// What one of two endpoints leaves out or invents has no question forgotten, and none taken for asked.
#[test]
fn of_two_endpoints_one_opens_a_question_and_both_close_it() {
    let [target, other, ..] = targets();
    let paid_back = |target: DataTarget| {
        let named = IDataChallenges::Target::from(target);
        log(&IDataChallenges::PaidBack {
            epoch: 3,
            challenger: ASKER,
            kind: named.kind,
            place: named.place,
            number: named.number,
            amount: U256::from(5),
        })
    };
    for closes in [answered, paid_back] {
        for [liar, honest] in [
            [ToldBy::First, ToldBy::Second],
            [ToldBy::Second, ToldBy::First],
        ] {
            let mut book = ChallengeBook::default();
            book.hears_two(Some(0..9));
            book.hear(&asked(target), 64, honest).expect("it is one");
            assert!(book.of(&target).is_some() && book.explains(3));
            // The liar says that somebody asked for the other one, that this one is due at another time, and that it is closed.
            book.hear(&asked(other), 64, liar).expect("it is one");
            assert!(!book.is_asked(&target) && !book.is_asked(&other));
            assert_eq!(book.asked_of(3).count(), 0);
            for deadline in [5, 500] {
                let late = log(&fixture::challenged(target, ASKER, U256::from(5), deadline));
                book.hear(&late, 64, liar).expect("it is one");
            }
            assert_eq!(book.of(&target).map(|one| one.deadline), Some(5));
            assert!(book.is_asked(&target));
            book.hear(&closes(target), 64, liar).expect("it is one");
            book.forget(9, 3);
            assert!(book.of(&target).is_some());
            book.hear(&closes(target), 64, honest).expect("it is one");
            assert!(book.of(&target).is_none());
            book.rewind(8);
            assert_eq!(book.open().count(), 0);
        }
    }
    // Without a second one the first one's word is all there is.
    let mut book = ChallengeBook::default();
    book.hear(&asked(target), 64, ToldBy::First)
        .expect("it is one");
    assert!(book.is_asked(&target));
    book.hear(&answered(target), 64, ToldBy::First)
        .expect("it is one");
    assert!(book.of(&target).is_none() && book.explains(3) && !book.explains(2));
}

/// Only what the first endpoint keeps back is told of, once it has had time to tell it.
#[test]
fn what_the_first_endpoint_leaves_out_is_known() {
    let [first, second, ..] = targets();
    let mut book = ChallengeBook::default();
    book.hears_two(Some(0..9));
    for target in [first, second] {
        let told = at(10, asked(target));
        book.hear(&told, 64, ToldBy::Second).expect("it is one");
    }
    assert_eq!(book.untold(9), None);
    let told = at(10, asked(first));
    book.hear(&told, 64, ToldBy::First).expect("it is one");
    assert_eq!(book.untold(10), Some((second, 1)));
    assert_eq!(book.untold(10), None);
}

#[test]
fn what_was_paid_back_is_read_from_its_event_and_no_other() {
    let [first, second, ..] = targets();
    let paid_back = |target: DataTarget, challenger| {
        let named = IDataChallenges::Target::from(target);
        let event = IDataChallenges::PaidBack {
            epoch: 3,
            challenger,
            kind: named.kind,
            place: named.place,
            number: named.number,
            amount: U256::from(5),
        };
        log(&event)
    };
    let own = paid_back(first, ASKER);
    assert!(own.topics.starts_with(&paid_back_topics(3)));
    let others = [
        paid_back(second, ASKER),
        paid_back(first, Address::ZERO),
        answered(first),
    ];
    assert!(!is_paid_back_in(&others, first, ASKER));
    assert!(is_paid_back_in(&[others[0].clone(), own], first, ASKER));
}
