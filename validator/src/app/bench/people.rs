//! Accounts among which a measurement transfers, and the genesis that they and one validator make.

use alloy_primitives::{B256, keccak256};
use plasmid_bridge::proof::{bls, deployment};
use rayon::prelude::*;
use tendermint_proto::{
    google::protobuf::{Duration, Timestamp},
    v0_38::{
        abci::{RequestInitChain, ValidatorUpdate},
        crypto::{PublicKey, public_key},
        types::{AbciParams, BlockParams, ConsensusParams, EvidenceParams, ValidatorParams},
    },
};

use super::{BenchError, Sign};
use crate::{
    chain::genesis::{
        Genesis, Operator, RootAnchor,
        file::{File, Loaded},
    },
    ledger::{Account, Parameters},
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

    fn balances(&self) -> Vec<(Account, u128)> {
        let senders = self.senders.iter().map(|(_, account)| *account);
        let mut all: Vec<_> = senders
            .chain(self.others.iter().copied())
            .map(|account| (account, BALANCE))
            .collect();
        all.sort();
        all
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

/// The genesis file of these accounts.
pub(super) fn genesis(people: &People<'_>, transfers: u32) -> Result<File, BenchError> {
    let consensus = ed25519_zebra::SigningKey::from(VALIDATOR);
    let consensus: [u8; 32] = ed25519_zebra::VerificationKey::from(&consensus).into();
    let checkpoint = bls::SecretKey::from_entropy(&VALIDATOR)
        .map_err(|_| BenchError::Key("no checkpoint key"))?
        .public_key();
    let parameters = Parameters {
        max_block_transactions: transfers.saturating_add(4_000),
        max_block_bytes: 100 << 20,
        registry: REGISTRY.into(),
        ..Parameters::local()
    };
    let genesis = Genesis {
        parameters,
        operators: vec![Operator {
            operator: [1; 20],
            registration: 1,
            consensus_key: consensus,
            checkpoint_key: checkpoint,
            stake: parameters.unit,
        }],
        balances: people.balances(),
        delegations: Vec::new(),
    };
    let root = RootAnchor {
        root_chain: deployment::root_chain(&REGISTRY),
        parent_block_hash: B256::repeat_byte(3),
        time: 1_700_000_000,
    };
    Ok(File::new(&genesis, &root)?)
}

/// The request that begins the chain.
pub(super) fn init_chain(file: &File, loaded: &Loaded) -> RequestInitChain {
    let parameters = &loaded.genesis.parameters;
    let wide = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let validators = loaded.built.members.iter().map(|member| ValidatorUpdate {
        pub_key: Some(PublicKey {
            sum: Some(public_key::Sum::Ed25519(member.consensus_key.to_vec())),
        }),
        power: wide(member.power),
    });
    RequestInitChain {
        time: Some(Timestamp {
            seconds: wide(loaded.root.time),
            nanos: 0,
        }),
        chain_id: loaded.deployment.chain_id.clone(),
        consensus_params: Some(ConsensusParams {
            block: Some(BlockParams {
                max_bytes: wide(parameters.max_block_bytes),
                max_gas: -1,
            }),
            evidence: Some(EvidenceParams {
                max_age_num_blocks: wide(parameters.evidence_age_blocks),
                max_age_duration: Some(Duration {
                    seconds: wide(parameters.evidence_age_secs),
                    nanos: 0,
                }),
                max_bytes: i64::from(parameters.max_evidence_bytes),
            }),
            validator: Some(ValidatorParams {
                pub_key_types: vec!["ed25519".to_owned()],
            }),
            version: None,
            abci: Some(AbciParams {
                vote_extensions_enable_height: 1,
            }),
        }),
        validators: validators.collect(),
        app_state_bytes: serde_json::to_vec(file).unwrap_or_default().into(),
        initial_height: 1,
    }
}
