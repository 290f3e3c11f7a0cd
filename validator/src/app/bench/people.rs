//! Accounts among which a measurement transfers, and the state in which it begins.

use alloy_primitives::{B256, keccak256};
use plasmid_bridge::proof::{bls, deployment};
use rayon::prelude::*;

use super::{BenchError, Sign};
use crate::{
    chain::{
        genesis::{
            Genesis, Operator, RootAnchor,
            file::{File, Loaded},
        },
        tree::Change,
    },
    ledger::{Account, Parameters, Slot, Value, leaf::AccountLeaf},
};

/// Balance of each account: pays for every transfer of a measurement.
const BALANCE: u128 = 1 << 80;
/// The seed of the only validator's keys; it signs nothing here.
const VALIDATOR: [u8; 32] = [7; 32];

/// Accounts: those that send have keys, the others' ids are hashes, as keys' are.
pub(super) struct People<'a> {
    pub(super) senders: Vec<([u8; 32], Account)>,
    others: Vec<Account>,
    pub(super) sign: Sign<'a>,
}

impl<'a> People<'a> {
    pub(super) fn new(accounts: u32, senders: u32, sign: Sign<'a>) -> Self {
        let seed = |number: u32| {
            keccak256([b"plasmid bench".as_slice(), &number.to_be_bytes()].concat()).0
        };
        let with_key = (0..senders).into_par_iter().map(|number| {
            let seed = seed(number);
            let public: [u8; 32] =
                ed25519_zebra::VerificationKey::from(&ed25519_zebra::SigningKey::from(seed)).into();
            (seed, Account::ed25519(&public))
        });
        let others = (senders..accounts).map(|number| {
            let hash = seed(number);
            let mut id = [0; 20];
            id.copy_from_slice(&hash[..20]);
            Account { kind: 1, id }
        });
        Self {
            senders: with_key.collect(),
            others: others.collect(),
            sign,
        }
    }

    pub(super) fn accounts(&self) -> impl Iterator<Item = Account> {
        let senders = self.senders.iter().map(|(_, account)| *account);
        senders.chain(self.others.iter().copied())
    }

    /// The accounts' leaves: they are more than a genesis can list.
    pub(super) fn leaves(&self) -> Vec<Change> {
        let leaf = AccountLeaf {
            balance: BALANCE,
            ..AccountLeaf::default()
        };
        let slots = self.accounts().map(Slot::Account);
        slots.map(|slot| change(&slot, &leaf)).collect()
    }

    /// Somebody to pay: any account, all over the tree.
    pub(super) fn recipient(&self, number: usize) -> Account {
        let hash = keccak256((number as u64).to_be_bytes());
        let picked = u64::from_be_bytes(hash[..8].try_into().unwrap_or_default());
        let all = self.senders.len() + self.others.len();
        let place = usize::try_from(picked).unwrap_or(0) % all;
        match place.checked_sub(self.senders.len()) {
            Some(other) => self.others[other],
            None => self.senders[place].1,
        }
    }
}

/// The Registry of a deployment that exists nowhere.
const REGISTRY: [u8; 20] = [2; 20];

/// One leaf as a change of a tree.
pub(super) fn change<T: Value>(slot: &Slot, value: &T) -> Change {
    let (key, kind, value) = (slot.key(), slot.kind(), value.encode());
    Change { key, kind, value }
}

/// The keys of an operator, made of a seed; they sign nothing here.
pub(super) fn operator(
    operator: [u8; 20],
    seed: &[u8; 32],
    registration: u64,
    stake: u128,
) -> Result<Operator, BenchError> {
    let consensus = ed25519_zebra::SigningKey::from(*seed);
    let checkpoint = bls::SecretKey::from_entropy(seed)
        .map_err(|_| BenchError::Key("no checkpoint key"))?
        .public_key();
    Ok(Operator {
        operator,
        registration,
        consensus_key: ed25519_zebra::VerificationKey::from(&consensus).into(),
        checkpoint_key: checkpoint,
        stake,
        opening: Default::default(),
        profile: None,
    })
}

/// The genesis of these accounts and one validator.
pub(super) fn genesis(people: &People<'_>, transfers: u32) -> Result<Loaded, BenchError> {
    let parameters = Parameters::local();
    let validator = operator([1; 20], &VALIDATOR, 1, parameters.unit)?;
    let mut loaded = load(parameters, transfers, vec![validator])?;
    extend(&mut loaded, &people.leaves())?;
    Ok(loaded)
}

/// A genesis with blocks of many transactions and nobody but its operators.
pub(super) fn load(
    parameters: Parameters,
    transactions: u32,
    operators: Vec<Operator>,
) -> Result<Loaded, BenchError> {
    let genesis = Genesis {
        parameters: Parameters {
            max_block_transactions: transactions.saturating_add(4_000),
            max_block_bytes: 100 << 20,
            registry: REGISTRY.into(),
            ..parameters
        },
        operators,
        balances: Vec::new(),
        delegations: Vec::new(),
    };
    let root = RootAnchor {
        root_chain: deployment::root_chain(&REGISTRY),
        parent_block_hash: B256::repeat_byte(3),
        time: 1_700_000_000,
    };
    Ok(File::new(&genesis, &root)?.load()?)
}

/// Puts more into the first state than its genesis says.
pub(super) fn extend(loaded: &mut Loaded, leaves: &[Change]) -> Result<(), BenchError> {
    for some in leaves.chunks(100_000) {
        loaded.built.tree.apply(some)?;
    }
    Ok(())
}
