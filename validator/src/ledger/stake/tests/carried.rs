//! Which rules of staking a case of the vectors carries out, noted where they are carried out.

use std::cell::RefCell;
use std::collections::BTreeSet;

use plasmid_staking::Input;

/// The rules that a case carried out, by its name.
type Case = (String, BTreeSet<&'static str>);

thread_local! {
    static RULES: RefCell<BTreeSet<&'static str>> = const { RefCell::new(BTreeSet::new()) };
    static CASES: RefCell<Vec<Case>> = const { RefCell::new(Vec::new()) };
}

/// An input was carried out.
pub(crate) fn note(input: &Input) {
    RULES.with_borrow_mut(|rules| rules.insert(rule_of(input)));
}

/// What is carried out from here on is the next case's.
pub(crate) fn begin() {
    RULES.with_borrow_mut(BTreeSet::clear);
}

/// The case that began is over.
pub(crate) fn end(name: &str) {
    let rules = RULES.with_borrow_mut(std::mem::take);
    CASES.with_borrow_mut(|cases| cases.push((name.to_owned(), rules)));
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
