//! CometBFT's `genesis.json`: chain id, time, consensus parameters and the first validator set.

use serde::{Deserialize, Serialize};
use tendermint::{PublicKey, Time, account};
use tendermint_proto::serializers::from_str;

use super::CometError;

/// Longest chain id (`types/genesis.go`).
const CHAIN_ID_BYTES: usize = 50;
/// Largest block (`types/params.go`).
const BLOCK_BYTES: u64 = 100 << 20;
/// Largest sum of powers (`types/validator_set.go`).
const TOTAL_POWER: u64 = (i64::MAX as u64) / 8;

/// What a genesis is made of, in plain values.
#[derive(Clone, Debug)]
pub struct GenesisParts {
    /// Unix seconds.
    pub time_secs: u64,
    pub chain_id: String,
    pub max_block_bytes: u64,
    pub max_evidence_bytes: u64,
    pub evidence_age_blocks: u64,
    pub evidence_age_secs: u64,
    pub validators: Vec<ValidatorPart>,
    /// Empty when InitChain gives it.
    pub app_hash: Vec<u8>,
    /// Given to InitChain as it stands; null for nothing.
    pub app_state: serde_json::Value,
}

/// One validator of the first set.
#[derive(Clone, Debug)]
pub struct ValidatorPart {
    /// Ed25519.
    pub key: [u8; 32],
    pub power: u64,
    pub name: String,
}

/// `genesis.json`, its height 1 and vote extensions on from there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Genesis {
    pub genesis_time: Time,
    pub chain_id: String,
    #[serde(with = "from_str")]
    pub initial_height: i64,
    pub consensus_params: Params,
    pub validators: Vec<Validator>,
    /// Hex, upper case.
    pub app_hash: String,
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub app_state: serde_json::Value,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Params {
    pub block: BlockLimits,
    pub evidence: Evidence,
    pub validator: Keys,
    pub version: Version,
    pub abci: Abci,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockLimits {
    #[serde(with = "from_str")]
    pub max_bytes: u64,
    #[serde(with = "from_str")]
    pub max_gas: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    #[serde(with = "from_str")]
    pub max_age_num_blocks: u64,
    /// Nanoseconds.
    #[serde(with = "from_str")]
    pub max_age_duration: u64,
    #[serde(with = "from_str")]
    pub max_bytes: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keys {
    pub pub_key_types: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    #[serde(with = "from_str")]
    pub app: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Abci {
    #[serde(with = "from_str")]
    pub vote_extensions_enable_height: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validator {
    pub address: account::Id,
    pub pub_key: PublicKey,
    #[serde(with = "from_str")]
    pub power: u64,
    pub name: String,
}

impl Genesis {
    /// A genesis of these parts, checked as CometBFT checks it.
    pub fn new(parts: GenesisParts) -> Result<Self, CometError> {
        let refuse = |said: &str| CometError::Genesis(said.to_owned());
        let seconds = i64::try_from(parts.time_secs).map_err(|_| refuse("time overflows"))?;
        let genesis_time =
            Time::from_unix_timestamp(seconds, 0).map_err(|_| refuse("time overflows"))?;
        let age = parts.evidence_age_secs.checked_mul(1_000_000_000);
        let validators = parts.validators.iter().map(validator);
        Self::checked(Self {
            genesis_time,
            chain_id: parts.chain_id,
            initial_height: 1,
            consensus_params: Params {
                block: BlockLimits {
                    max_bytes: parts.max_block_bytes,
                    max_gas: -1,
                },
                evidence: Evidence {
                    max_age_num_blocks: parts.evidence_age_blocks,
                    max_age_duration: age.ok_or_else(|| refuse("the evidence age overflows"))?,
                    max_bytes: parts.max_evidence_bytes,
                },
                validator: Keys {
                    pub_key_types: vec!["ed25519".to_owned()],
                },
                version: Version { app: 0 },
                abci: Abci {
                    vote_extensions_enable_height: 1,
                },
            },
            validators: validators.collect::<Result<_, _>>()?,
            app_hash: hex::encode_upper(parts.app_hash),
            app_state: parts.app_state,
        })
    }

    /// Gives `genesis` back if CometBFT and this chain take it.
    pub(super) fn checked(genesis: Self) -> Result<Self, CometError> {
        let refuse = |said: String| Err(CometError::Genesis(said));
        let Params {
            block,
            evidence,
            abci,
            ..
        } = &genesis.consensus_params;
        let chain_id = genesis.chain_id.len();
        if chain_id == 0 || chain_id > CHAIN_ID_BYTES {
            return refuse(format!(
                "chain id of {chain_id} bytes, 1 to {CHAIN_ID_BYTES} are allowed"
            ));
        }
        if genesis.initial_height != 1 || abci.vote_extensions_enable_height != 1 {
            return refuse("blocks and vote extensions begin at height 1".to_owned());
        }
        let max_bytes = block.max_bytes;
        if max_bytes == 0 || max_bytes > BLOCK_BYTES {
            return refuse(format!(
                "blocks of {max_bytes} bytes, 1 to {BLOCK_BYTES} are allowed"
            ));
        }
        if evidence.max_bytes > max_bytes {
            let bytes = evidence.max_bytes;
            return refuse(format!(
                "{bytes} bytes of evidence do not fit a block of {max_bytes}"
            ));
        }
        let in_range = |value: u64| value > 0 && i64::try_from(value).is_ok();
        if !in_range(evidence.max_age_num_blocks) || !in_range(evidence.max_age_duration) {
            return refuse("the evidence age is zero or overflows".to_owned());
        }
        if hex::decode(&genesis.app_hash).is_err() {
            return refuse("the app hash is not hexadecimal".to_owned());
        }
        genesis.check_validators()?;
        Ok(genesis)
    }

    fn check_validators(&self) -> Result<(), CometError> {
        let refuse = |said: String| Err(CometError::Genesis(said));
        if self.validators.is_empty() {
            return refuse("no validators".to_owned());
        }
        let mut seen = std::collections::BTreeSet::new();
        let mut total = 0u64;
        for validator in &self.validators {
            let Validator { address, power, .. } = validator;
            if *address != account::Id::from(validator.pub_key) {
                return refuse(format!("validator {address} has another key's address"));
            }
            if !seen.insert(address.as_bytes().to_vec()) {
                return refuse(format!("validator {address} stands twice"));
            }
            if *power == 0 {
                return refuse(format!("validator {address} has no power"));
            }
            total = total.saturating_add(*power);
        }
        if total > TOTAL_POWER {
            return refuse(format!(
                "a total power of {total}, at most {TOTAL_POWER} is allowed"
            ));
        }
        Ok(())
    }

    pub(super) fn to_text(&self) -> Result<String, CometError> {
        serde_json::to_string_pretty(self).map_err(|error| CometError::Genesis(error.to_string()))
    }
}

fn validator(part: &ValidatorPart) -> Result<Validator, CometError> {
    let key = hex::encode(part.key);
    let pub_key = PublicKey::from_raw_ed25519(&part.key)
        .ok_or_else(|| CometError::Genesis(format!("{key} is not an Ed25519 key")))?;
    Ok(Validator {
        address: pub_key.into(),
        pub_key,
        power: part.power,
        name: part.name.clone(),
    })
}
