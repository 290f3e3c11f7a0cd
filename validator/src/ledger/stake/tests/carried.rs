//! Which rules of staking a case of the vectors carries out, and what they refuse, noted where that happens.

use std::cell::RefCell;
use std::collections::BTreeSet;

use plasmid_staking::{Error, Input, Reject};

/// The rules that a case carried out, by its name.
type Case = (String, BTreeSet<&'static str>);

thread_local! {
    static RULES: RefCell<BTreeSet<&'static str>> = const { RefCell::new(BTreeSet::new()) };
    static REFUSED: RefCell<Option<Reject>> = const { RefCell::new(None) };
    static REJECTS: RefCell<Vec<Reject>> = const { RefCell::new(Vec::new()) };
    static CASES: RefCell<Vec<Case>> = const { RefCell::new(Vec::new()) };
}

/// An input was carried out, or refused.
pub(crate) fn note<T, E>(input: &Input, outcome: &Result<T, Error<E>>) {
    match outcome {
        Ok(_) => RULES.with_borrow_mut(|rules| _ = rules.insert(rule_of(input))),
        Err(Error::Reject(reject)) => REFUSED.set(Some(reject.clone())),
        Err(_) => {}
    }
}

/// What is carried out from here on is the next case's.
pub(crate) fn begin() {
    RULES.with_borrow_mut(BTreeSet::clear);
    REFUSED.set(None);
}

/// The case that began is over; the name of the reject by which a rule of staking refused it, if one did.
pub(crate) fn end(name: &str) -> Option<String> {
    let rules = RULES.with_borrow_mut(std::mem::take);
    CASES.with_borrow_mut(|cases| cases.push((name.to_owned(), rules)));
    let reject = REFUSED.take()?;
    let name = variant(&reject);
    REJECTS.with_borrow_mut(|rejects| rejects.push(reject));
    Some(name)
}

/// Every reject that cases of this thread were refused by.
pub(crate) fn rejects() -> Vec<Reject> {
    REJECTS.with_borrow(Clone::clone)
}

/// The name of a reject's variant.
pub(crate) fn variant(reject: &Reject) -> String {
    let shown = format!("{reject:?}");
    let end = shown.find(|letter: char| !letter.is_alphanumeric());
    shown[..end.unwrap_or(shown.len())].to_owned()
}

/// Whether a case of this name that ran in this thread has carried out a rule.
pub(crate) fn is_carried_out(rule: &str, name: &str) -> bool {
    CASES.with_borrow(|cases| {
        let mut of_name = cases.iter().filter(|(known, _)| known == name);
        of_name.any(|(_, rules)| rules.contains(rule))
    })
}

/// The file of `staking/src/rules` that has the rule, and the rule where a file has several.
fn rule_of(input: &Input) -> &'static str {
    match input {
        Input::Delegate(_) => "delegate",
        Input::Undelegate(_) => "undelegate",
        Input::Cancel(_) => "cancel",
        Input::Redelegate(_) => "redelegate",
        Input::ClaimStake(_) => "claim_stake",
        Input::ClaimRewards(_) => "claim_rewards",
        Input::ClaimCommission(_) => "claim_commission",
        Input::Restake(_) => "restake",
        Input::AllowRestake(_) => "restake::allow",
        Input::ApplyCut(_) => "apply_cut",
        Input::Merge(_) => "merge",
        Input::TakeSeat(_) => "take_seat",
        Input::Leave(_) => "leave",
        Input::Retire(_) => "leave::retire",
        Input::Unjail(_) => "unjail",
        Input::Edit(_) => "edit",
        Input::Describe(_) => "edit::describe",
        Input::Register(_) => "register",
        Input::Freeze(_) => "freeze",
        Input::Settle(_) => "settle",
        Input::FreezeEpoch(_) => "epoch_freeze",
        Input::ReleaseEpoch(_) => "epoch_freeze::release",
        Input::Fund(_) => "fund",
        Input::Mature(_) => "mature",
        Input::Tombstone(_) => "tombstone",
        Input::Release(_) => "release",
        Input::Reward(_) => "reward",
        Input::Roll(_) => "roll",
        Input::Copy(_) => "copy",
    }
}
