//! The checks of `--fraud`: three times thieves, and those who leave.

use super::{Check, Verdict, seen, unmove};
use crate::cli::demo::observe::{
    CensoredSeen, ClosedSeen, ForgedSeen, LeftSeen, Observations, VoidSeen,
};
use verdicts::{
    asked, behind_deadline, by_execution, censored, closed_by, forged, in_time, not_by_silence,
    once, paid, paid_back, power, sum, sums, thieves, transactions, void,
};

mod verdicts;

const fn check(
    step: u8,
    name: &'static str,
    verify: fn(&Observations) -> Verdict,
    sabotage: fn(&mut Observations),
) -> Check {
    Check {
        step,
        name,
        verify,
        sabotage,
    }
}

/// All of them, in the order of the steps.
pub const CHECKS: [Check; 25] = [
    check(
        1,
        "minted-is-forged",
        |o| forged(minted(o)?),
        |o| alter_forged(&mut o.fraud.minted),
    ),
    check(
        1,
        "minted-power",
        |o| power(minted(o)?),
        |o| weaken(&mut o.fraud.minted),
    ),
    check(
        1,
        "minted-sum",
        |o| sum(minted(o)?),
        |o| unmove(&mut o.fraud.minted.get_or_insert_default().purse),
    ),
    check(
        2,
        "void-is-the-forged-one",
        |o| void(minted(o)?, voided(o)?),
        |o| o.fraud.voided.get_or_insert_default().void_from += 1,
    ),
    check(
        2,
        "void-by-execution",
        |o| by_execution(voided(o)?),
        |o| o.fraud.voided.get_or_insert_default().rule = "L4".into(),
    ),
    check(
        2,
        "void-in-time",
        |o| in_time(voided(o)?),
        |o| late(&mut o.fraud.voided),
    ),
    check(
        2,
        "void-costs-one",
        |o| transactions(voided(o)?),
        |o| unmove(&mut o.fraud.voided.get_or_insert_default().transactions),
    ),
    check(
        3,
        "left-with-all",
        |o| paid(left(o)?, 6),
        |o| unmove(&mut o.fraud.left.get_or_insert_default().paid[1]),
    ),
    check(
        3,
        "left-thieves",
        |o| thieves(left(o)?, minted(o)?),
        |o| o.fraud.left.get_or_insert_default().purse = o.fraud.minted.clone().map(|it| it.purse),
    ),
    check(
        3,
        "left-sums",
        |o| sums(left(o)?, 2),
        |o| overpay(&mut o.fraud.left),
    ),
    check(
        3,
        "left-once",
        |o| once(left(o)?),
        |o| o.fraud.left.get_or_insert_default().twice = 1,
    ),
    check(
        4,
        "withheld-is-forged",
        |o| forged(withheld(o)?),
        |o| alter_forged(&mut o.fraud.withheld),
    ),
    check(
        4,
        "withheld-power",
        |o| power(withheld(o)?),
        |o| weaken(&mut o.fraud.withheld),
    ),
    check(
        5,
        "expired-is-the-forged-one",
        |o| void(withheld(o)?, expired(o)?),
        |o| o.fraud.expired.get_or_insert_default().exit_at = 0,
    ),
    check(
        5,
        "expired-was-asked-for",
        |o| asked(withheld(o)?, expired(o)?),
        |o| o.fraud.expired.get_or_insert_default().answered = true,
    ),
    check(
        5,
        "expired-behind-the-deadline",
        |o| behind_deadline(expired(o)?),
        |o| o.fraud.expired.get_or_insert_default().deadline = u64::MAX,
    ),
    check(
        5,
        "expired-pays-back",
        |o| paid_back(expired(o)?),
        |o| o.fraud.expired.get_or_insert_default().held = "1".into(),
    ),
    check(
        6,
        "left-withheld-with-all",
        |o| paid(left_withheld(o)?, 3),
        |o| unmove(&mut o.fraud.left_withheld.get_or_insert_default().paid[0]),
    ),
    check(
        6,
        "left-withheld-thieves",
        |o| thieves(left_withheld(o)?, withheld(o)?),
        |o| o.fraud.left_withheld.get_or_insert_default().purse = None,
    ),
    check(
        6,
        "left-withheld-sums",
        |o| sums(left_withheld(o)?, 1),
        |o| overpay(&mut o.fraud.left_withheld),
    ),
    check(
        7,
        "censored-is-not-taken",
        |o| censored(seen(o.fraud.censored.as_ref(), "the censorship")?),
        |o| silence(&mut o.fraud.censored),
    ),
    check(
        8,
        "closed-by-the-message",
        |o| {
            closed_by(
                seen(o.fraud.censored.as_ref(), "the censorship")?,
                closed(o)?,
            )
        },
        |o| o.fraud.closed.get_or_insert_default().message += 1,
    ),
    check(
        8,
        "closed-though-checkpoints-came",
        |o| not_by_silence(closed(o)?),
        |o| o.fraud.closed.get_or_insert_default().tau = 1,
    ),
    check(
        9,
        "left-censored-with-all",
        |o| paid(left_censored(o)?, 3),
        |o| unmove(&mut o.fraud.left_censored.get_or_insert_default().paid[2]),
    ),
    check(
        9,
        "left-censored-sums",
        |o| sums(left_censored(o)?, 1),
        |o| overpay(&mut o.fraud.left_censored),
    ),
];

fn minted(o: &Observations) -> Result<&ForgedSeen, String> {
    seen(o.fraud.minted.as_ref(), "the robbery")
}

fn voided(o: &Observations) -> Result<&VoidSeen, String> {
    seen(o.fraud.voided.as_ref(), "the void")
}

fn left(o: &Observations) -> Result<&LeftSeen, String> {
    seen(o.fraud.left.as_ref(), "the leaving")
}

fn withheld(o: &Observations) -> Result<&ForgedSeen, String> {
    seen(o.fraud.withheld.as_ref(), "the robbery")
}

fn expired(o: &Observations) -> Result<&VoidSeen, String> {
    seen(o.fraud.expired.as_ref(), "the void")
}

fn left_withheld(o: &Observations) -> Result<&LeftSeen, String> {
    seen(o.fraud.left_withheld.as_ref(), "the leaving")
}

fn closed(o: &Observations) -> Result<&ClosedSeen, String> {
    seen(o.fraud.closed.as_ref(), "the closing")
}

fn left_censored(o: &Observations) -> Result<&LeftSeen, String> {
    seen(o.fraud.left_censored.as_ref(), "the leaving")
}

fn alter_forged(forged: &mut Option<ForgedSeen>) {
    let forged = forged.get_or_insert_default();
    forged.digest_on_root = forged.digest_of_honest.clone();
}

fn weaken(forged: &mut Option<ForgedSeen>) {
    let forged = forged.get_or_insert_default();
    forged.signed_power = forged.total_power * 2 / 3;
}

fn late(void: &mut Option<VoidSeen>) {
    let void = void.get_or_insert_default();
    void.exit_at = void.accepted_at + void.window_secs + 1;
}

fn overpay(left: &mut Option<LeftSeen>) {
    let escrow = &mut left.get_or_insert_default().escrow[0];
    escrow.paid.push("1".into());
}

fn silence(censored: &mut Option<CensoredSeen>) {
    let censored = censored.get_or_insert_default();
    censored.accepted = censored.before;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::demo::observe::FraudSeen;

    #[test]
    fn what_was_not_seen_is_not_shown() {
        let nothing = Observations::default();
        for check in &CHECKS {
            let shown = (check.verify)(&nothing);
            assert!(shown.is_err(), "{}", check.name);
        }
        assert!(FraudSeen::default().is_none());
    }
}
