//! The published development keys: everybody has them, so they guard nothing and are refused outside local networks.
//!
//! Ethereum accounts are the ten that anvil prints (mnemonic `test test test test test test test test test test test junk`).
//! Keys of other curves are H("plasmid development key" ‖ purpose ‖ number). They are kept here and not in `localnet`, which uses
//! them, because every node has to know them to refuse them.

use alloy_primitives::{hex, keccak256};

use super::keystore::{KeyKind, Secret};
use crate::{client::signer::Signer, ledger::parameters::LOCAL_ROOT_CHAINS};

/// How many accounts anvil funds.
pub const ANVIL_ACCOUNTS: usize = 10;

const ANVIL_SECRETS: [[u8; 32]; ANVIL_ACCOUNTS] = [
    hex!("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"),
    hex!("59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"),
    hex!("5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a"),
    hex!("7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6"),
    hex!("47e179ec197488593b187f80a00eb0da91f1b9d0b13f8733639f19c30a34926a"),
    hex!("8b3a350cf5c34c9194ca85829a2df0ec3153be0318b5e2d3348e872092edffba"),
    hex!("92db14e403b83dfe3df233f83dfa3a0d7096f21ca9b0d6d6b8d88b2b4ec1564e"),
    hex!("4bbbf85ce3377467afe5d46f804f221813b2bb87f24d81f60f1fcdbf7cbf4356"),
    hex!("dbda1821b80551c9d65939329250298aa3472ba22feea921c0cf5d620ea67b97"),
    hex!("2a871d0798f97d79848a013d4936a73bf4cc922c825d33c1cf7073dff6d409c6"),
];

/// The secret of anvil's account `number`, when it has one of that number.
pub fn anvil_secret(number: usize) -> Option<Secret> {
    ANVIL_SECRETS.get(number).map(|secret| Secret::new(*secret))
}

/// The development secret of this purpose and number.
pub fn secret(purpose: &str, number: u32) -> Secret {
    let preimage = [
        b"plasmid development key".as_slice(),
        purpose.as_bytes(),
        &number.to_be_bytes(),
    ]
    .concat();
    Secret::new(keccak256(preimage).0)
}

/// Purposes of [`secret`] and how many numbers of each are published.
pub const PURPOSES: [(&str, u32); 4] = [
    ("consensus", 128),
    ("checkpoint", 128),
    ("account", 128),
    ("node", 128),
];

/// Whether everybody has this secret.
pub fn is_published(candidate: &Secret) -> bool {
    ANVIL_SECRETS.iter().any(|known| known == &**candidate)
        || PURPOSES.iter().any(|(purpose, count)| {
            (0..*count).any(|number| *secret(purpose, number) == **candidate)
        })
}

/// Why a key may not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{what} is a published development key: anybody can sign with it. It is accepted on root chain ids 31337 and 1337 only, and this one is {root_chain_id}. Make one with `plasmid keys new`"
)]
pub struct Published {
    /// Which key.
    pub what: String,
    /// The root chain.
    pub root_chain_id: u64,
}

/// Refuses a published key on every root chain that is not local.
///
/// # Errors
/// [`Published`].
pub fn refuse_published(
    what: &str,
    candidate: &Secret,
    root_chain_id: u64,
) -> Result<(), Published> {
    if LOCAL_ROOT_CHAINS.contains(&root_chain_id) || !is_published(candidate) {
        return Ok(());
    }
    Err(Published {
        what: what.to_owned(),
        root_chain_id,
    })
}

/// The signer of anvil's account `number`.
pub fn anvil_signer(number: usize) -> Option<Signer> {
    anvil_secret(number).and_then(|secret| Signer::new(KeyKind::Secp256k1, &secret).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_accounts_are_those_that_anvil_prints() {
        let names: Vec<String> = (0..ANVIL_ACCOUNTS)
            .map(|number| {
                anvil_signer(number)
                    .expect("an account")
                    .account()
                    .to_string()
            })
            .collect();
        assert_eq!(names[0], "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
        assert_eq!(names[9], "0xa0Ee7A142d267C1f36714E4a8F75612F20a79720");
        assert!(anvil_signer(ANVIL_ACCOUNTS).is_none());
    }

    #[test]
    fn published_keys_pass_on_local_networks_only() {
        for known in [
            secret("consensus", 3),
            secret("checkpoint", 127),
            anvil_secret(4).expect("an account"),
        ] {
            assert!(is_published(&known));
            assert!(refuse_published("the key", &known, 31_337).is_ok());
            assert!(refuse_published("the key", &known, 1_337).is_ok());
            assert_eq!(
                refuse_published("the key", &known, 1)
                    .expect_err("refused")
                    .root_chain_id,
                1
            );
        }
        let own = Secret::new([0x5a; 32]);
        assert!(refuse_published("the key", &own, 1).is_ok());
    }
}
