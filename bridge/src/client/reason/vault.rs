//! The Vault's errors.

use crate::abi::IVault::IVaultErrors as E;

pub(super) fn sentence(error: E) -> String {
    match error {
        E::AmountOutOfRange(e) => format!(
            "the amount is {}; a deposit, or a gift to the reward pool, has at least 1 and at most 2^96 of the smallest unit",
            e.amount
        ),
        E::EscrowLimit(e) => format!(
            "the Vault would hold {} of token {}, and holds 2^112 of one token at most; deposit less",
            e.held, e.token
        ),
        E::RecipientKind(e) => format!(
            "the recipient is an account of kind {}; the child chain knows kind 0 (Ethereum) and 1 (Ed25519)",
            e.kind
        ),
        E::RecipientZero(_) => "the recipient is nobody; name an account on the child chain".to_owned(),
        E::RefundZero(_) => {
            "the refund address is zero; name an address on root that can claim the money if the child cannot credit it".to_owned()
        }
        E::AccountUnusable(e) => format!(
            "{} is a contract of this deployment, or the token itself: nobody could ever use or claim what it gets; name another account",
            e.account
        ),
        E::ValueTooLow(e) => super::too_low(e.needed, e.value),
        E::ExcessNotTaken(e) => super::excess(e.sender, e.excess),
        E::NoToken(e) => format!("there is no token contract at {}; check its address", e.token),
        E::NoAllowance(e) => super::no_allowance(e.token),
        E::NothingArrived(e) => format!(
            "token {} was asked to move {} and moved nothing; check balance and allowance, or whether it blocks the Vault",
            e.token, e.amount
        ),
        E::PaidOtherThan(e) => format!(
            "token {} was asked to pay {}, and the Vault's balance fell by {}: nothing was paid, and it can still be paid; try again when the \
             token behaves",
            e.token, e.amount, e.fell
        ),
        E::Reentered(_) => "the Vault was called in the middle of another call to it".to_owned(),
        E::OnlyItself(e) => format!("only the Vault calls this, and {} did", e.sender),
        E::OnlyRegistry(e) => format!("only the Registry calls this, and {} did", e.sender),
        E::OnlyExits(e) => format!("only Exits calls this, and {} did", e.sender),
        E::AlreadyRefunded(e) => format!("what message {} brought was paid back already", e.message),
        E::AlreadyClaimed(e) => super::already_paid(e.index),
        E::IndexBeyondCount(e) => super::index_beyond(e.index, e.count),
        E::StateRootMismatch(e) => super::root_mismatch(e.expected, e.computed),
        E::EscrowExceeded(e) => format!(
            "the Vault holds {} of token {} for the child chain, and {} were claimed",
            e.held, e.token, e.amount
        ),
        E::NotTaken(e) => format!(
            "{} did not take {} wei: nothing was paid, and it can still be paid; try again when it can receive",
            e.recipient, e.amount
        ),
        E::NothingToClaim(_) => "no withdrawal was named; name at least one".to_owned(),
        E::GasTooLow(e) => super::gas_too_low(e.needed, e.left),
    }
}
