//! What is done on an assumption.

use super::*;

#[test]
fn what_is_done_on_an_assumption_panics_only_when_it_is_asked_for() {
    let (verdict, outcome) =
        both_assumed(|| Err::<(), _>("refused"), || panic!("on what is refused"));
    let outcome: Assumed<u8> = outcome;
    assert_eq!(verdict, Err("refused"));
    drop(outcome);
    let (verdict, outcome) = both_assumed(|| 1, || 2);
    assert_eq!((verdict, outcome.outcome()), (1, 2));
    let ((), outcome) = both_assumed(|| (), || -> u8 { panic!("seen") });
    let seen = catch_unwind(AssertUnwindSafe(|| outcome.outcome())).expect_err("it panics");
    assert_eq!(seen.downcast_ref(), Some(&"seen"));
}
