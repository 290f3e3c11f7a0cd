//! Errors of the libraries that several contracts share.

use crate::abi::ILibraries::ILibrariesErrors as E;

pub(super) fn sentence(error: E) -> String {
    match error {
        E::UnsupportedRootChain(e) => format!(
            "the contracts refuse root chain {}: until the whole court stands, they are deployed on 31337 and 1337 only",
            e.chainId
        ),
        E::WrongLength(e) => format!(
            "a key or signature has {} bytes, and must have {}",
            e.given, e.expected
        ),
        E::IdentityPoint(_) => {
            "a key or signature is the identity point, which nobody may use".to_owned()
        }
        E::PrecompileFailed(e) => format!(
            "precompile {} refused its input: a key or signature is not a point of the curve, or the root chain lacks it",
            e.precompile
        ),
        E::NoLeaves(_) => "the proof names no leaf".to_owned(),
        E::LengthMismatch(e) => format!(
            "the proof has {} indices and {} leaves, and must have as many of each",
            e.indices, e.leaves
        ),
        E::NotAscending(e) => format!(
            "leaf {} stands behind leaf {}; the leaves of a proof ascend",
            e.index, e.previous
        ),
        E::WrongSiblings(e) => format!(
            "the proof has {} siblings, and {} are needed; make it anew",
            e.given, e.needed
        ),
        E::IndexBeyondCount(e) => {
            format!("number {} was named, and there are {}", e.index, e.count)
        }
        E::TooManyMembers(e) => format!("the set has {} members; at most 512 can be", e.count),
        E::AbsentOutOfOrder(e) => format!(
            "the absent members do not ascend: number {} at place {}",
            e.number, e.place
        ),
        E::SignersMismatch(e) => format!(
            "the certificate's bits and its absent members do not add up: {} signers were expected, and {} given",
            e.expected, e.given
        ),
        E::MembersRootMismatch(e) => format!(
            "the absent members lead to the set {}, and the checkpoint is signed by {}",
            e.computed, e.expected
        ),
        E::BadHint(e) => format!(
            "the hint {} shows nothing about its bytes, or is not needed; make the proof anew",
            e.hint
        ),
        E::NotATransaction(_) => {
            "there is no transaction in this place that users could sign".to_owned()
        }
        E::TokenCallFailed(e) => format!(
            "token {} refused the transfer, or has no balances; check balance, allowance and whether it blocks an account",
            e.token
        ),
    }
}
