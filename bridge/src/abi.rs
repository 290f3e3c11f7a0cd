//! The contracts on the root chain as Rust sees them: calls, events, errors. Pure: it encodes and decodes, and asks nobody.
//!
//! What each function does and when it refuses stands in the natspec of `contracts/src/interfaces/*.sol`.
//!
//! ```text
//! Registry (by CREATE2) ──create, step by step──▶ Inbox (nonce 1), Vault (2), Court (3), Exits (4), FraudCourt (5), DataChallenges (6), RootChain (7)
//! ```

#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::disallowed_methods,
        clippy::disallowed_types,
        clippy::expect_used,
        clippy::float_arithmetic,
        clippy::panic,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

use alloy_primitives::{Address, B256, Bytes, address, keccak256};

use crate::proof::deployment;

mod interfaces;
mod shown;

pub use interfaces::{
    ICourt, IDataChallenges, IExits, IFraudCourt, IInbox, ILibraries, IRegistry, IRootChain,
    ISegmentJudge, IToken, IVault,
};
pub use shown::{signer_bitmap, signer_words};

/// The deployment proxy that stands at this address on every public chain and on anvil. It is called with a 32-byte salt and
/// creation code, and creates by CREATE2.
pub const DEPLOYMENT_PROXY: Address = address!("4e59b44847b379578588920cA78FbF26c0B4956C");

/// Calldata for [`DEPLOYMENT_PROXY`] that creates a contract, and the address where it will stand.
#[must_use]
pub fn deployment(salt: B256, creation_code: &[u8], arguments: &[u8]) -> (Bytes, Address) {
    let code = [creation_code, arguments].concat();
    let created = DEPLOYMENT_PROXY.create2(salt, keccak256(&code));
    ([salt.as_slice(), &code].concat().into(), created)
}

/// Inbox, Vault and RootChain of a Registry, before or after their creation.
#[must_use]
pub fn created_by(registry: Address) -> [Address; 3] {
    let [_, inbox, vault, .., root_chain] = deployment::contracts(&registry.into_array());
    [inbox, vault, root_chain].map(Address::from)
}

#[cfg(test)]
mod tests;
