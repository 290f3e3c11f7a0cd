//! InitChain: the engine's genesis must be ours, in every part that ours determines. Idempotent.

use std::sync::Arc;

use tendermint_proto::v0_38::abci::{RequestInitChain, ResponseInitChain};
use tendermint_proto::v0_38::crypto::public_key;
use tendermint_proto::v0_38::types::ConsensusParams;

use crate::app::{App, convert};
use crate::chain::genesis::file::File;
use crate::engine::abci::{Fault, Outcome};

impl App {
    pub(in crate::app) fn on_init_chain(
        &self,
        request: &RequestInitChain,
    ) -> Outcome<ResponseInitChain> {
        self.check_genesis(request)?;
        if self.surroundings.store.durable_height().is_none() {
            let record = self.state_mut().genesis_record();
            self.surroundings
                .store
                .commit(Arc::new(record))
                .map_err(Fault::new)?;
            self.surroundings.store.flush().map_err(Fault::new)?;
        }
        Ok(ResponseInitChain {
            consensus_params: None,
            validators: Vec::new(),
            app_hash: self.genesis.hash().to_vec().into(),
        })
    }

    fn check_genesis(&self, request: &RequestInitChain) -> Result<(), Fault> {
        let same = |what: &str, found: &dyn std::fmt::Display, expected: &dyn std::fmt::Display| {
            let (found, expected) = (found.to_string(), expected.to_string());
            match found == expected {
                true => Ok(()),
                false => Err(Fault::new(format!(
                    "the engine's genesis has {what} {found}; this node's has {expected}"
                ))),
            }
        };
        same("chain id", &request.chain_id, &self.deployment.chain_id)?;
        same("initial height", &request.initial_height, &1)?;
        same(
            "time",
            &convert::time(request.time.as_ref())?,
            &self.genesis.time,
        )?;
        self.check_validators(request)?;
        let params = request.consensus_params.clone().unwrap_or_default();
        for (what, found, expected) in self.consensus_params(&params) {
            same(what, &found, &expected)?;
        }
        self.check_app_state(&request.app_state_bytes)
    }

    /// What the parameters fix of the engine's: name, what the engine has, what it must have.
    fn consensus_params(&self, params: &ConsensusParams) -> [(&'static str, i64, i64); 5] {
        let own = &self.parameters;
        let wide = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let block = params.block.unwrap_or_default();
        let evidence = params.evidence.unwrap_or_default();
        let age = evidence.max_age_duration.unwrap_or_default().seconds;
        let extensions = params
            .abci
            .unwrap_or_default()
            .vote_extensions_enable_height;
        [
            (
                "block.max_bytes",
                block.max_bytes,
                wide(own.max_block_bytes),
            ),
            (
                "evidence.max_bytes",
                evidence.max_bytes,
                i64::from(own.max_evidence_bytes),
            ),
            (
                "evidence.max_age_num_blocks",
                evidence.max_age_num_blocks,
                wide(own.evidence_age_blocks),
            ),
            (
                "evidence.max_age_duration (seconds)",
                age,
                wide(own.evidence_age_secs),
            ),
            ("abci.vote_extensions_enable_height", extensions, 1),
        ]
    }

    fn check_validators(&self, request: &RequestInitChain) -> Result<(), Fault> {
        let mut found = Vec::new();
        for validator in &request.validators {
            let key = validator.pub_key.as_ref().and_then(|key| key.sum.as_ref());
            let Some(public_key::Sum::Ed25519(key)) = key else {
                return Err(Fault::new(
                    "the engine's genesis has a validator whose key is not Ed25519",
                ));
            };
            let key = convert::hash(key)?.0;
            found.push((key, u64::try_from(validator.power).map_err(Fault::new)?));
        }
        let mut expected = self.set.clone();
        found.sort_unstable();
        expected.sort_unstable();
        if found != expected {
            return Err(Fault::new(format!(
                "the engine's genesis has {} validators that are not the {} of this node's first set, with their keys and powers",
                found.len(),
                expected.len()
            )));
        }
        Ok(())
    }

    /// The engine carries our genesis file as app state: it must derive this node's deployment.
    fn check_app_state(&self, bytes: &[u8]) -> Result<(), Fault> {
        let wrong = |why: String| {
            Fault::new(format!(
                "the engine's genesis app state is not this node's genesis file: {why}"
            ))
        };
        let file: File = serde_json::from_slice(bytes).map_err(|error| wrong(error.to_string()))?;
        let loaded = file.load().map_err(|error| wrong(error.to_string()))?;
        if loaded.app_hash != self.genesis.hash()
            || loaded.deployment.chain_id != self.deployment.chain_id
        {
            return Err(wrong(format!("it derives {}", loaded.deployment.chain_id)));
        }
        Ok(())
    }
}
