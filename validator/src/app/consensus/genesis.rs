//! InitChain: the engine's genesis must be ours, in every part that ours determines. Idempotent.

use std::{fmt::Display, sync::Arc};

use tendermint_proto::v0_38::abci::{RequestInitChain, ResponseInitChain};
use tendermint_proto::v0_38::crypto::public_key;
use tendermint_proto::v0_38::types::ConsensusParams;

use crate::app::{App, convert};
use crate::chain::genesis::file::File;
use crate::engine::abci::{Fault, Outcome};

/// Blocks are bounded by bytes and transactions, not by gas.
const UNLIMITED_GAS: i64 = -1;
/// Consensus keys are of one kind.
const KEY_TYPE: &str = "ed25519";
/// The engine's genesis states no application version: the rules' version stands in every block commitment.
const GENESIS_APP_VERSION: u64 = 0;

fn same(whose: &str, (what, found, expected): (&str, String, String)) -> Outcome<()> {
    match found == expected {
        true => Ok(()),
        false => Err(Fault::new(format!(
            "{whose} has {what} {found}; this node's genesis has {expected}"
        ))),
    }
}

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
        let same = |what, found: &dyn Display, expected: &dyn Display| {
            let (found, expected) = (found.to_string(), expected.to_string());
            same("the engine's genesis", (what, found, expected))
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
        self.check_params("the engine's genesis", &params)?;
        self.check_app_state(&request.app_state_bytes)
    }

    /// Refuses consensus parameters, of `whose`, that are not those of this node's genesis.
    ///
    /// # Errors
    /// [`Fault`] with the first that differs.
    pub fn check_params(&self, whose: &str, params: &ConsensusParams) -> Outcome<()> {
        let rows = self.consensus_params(params);
        rows.into_iter().try_for_each(|row| same(whose, row))
    }

    /// Every consensus parameter that the engine has: name, what the engine's genesis says, what ours does. All of them decide which
    /// blocks and votes are valid, so a node that differs in one leaves the others at some height.
    fn consensus_params(&self, params: &ConsensusParams) -> [(&'static str, String, String); 8] {
        let own = &self.parameters;
        let block = params.block.unwrap_or_default();
        let evidence = params.evidence.unwrap_or_default();
        let age = evidence.max_age_duration.unwrap_or_default();
        let keys = params.validator.clone().unwrap_or_default().pub_key_types;
        let version = params.version.unwrap_or_default().app;
        let extensions = params
            .abci
            .unwrap_or_default()
            .vote_extensions_enable_height;
        let row = |what, found: &dyn ToString, expected: &dyn ToString| {
            (what, found.to_string(), expected.to_string())
        };
        [
            row("block.max_bytes", &block.max_bytes, &own.max_block_bytes),
            row("block.max_gas", &block.max_gas, &UNLIMITED_GAS),
            row(
                "evidence.max_bytes",
                &evidence.max_bytes,
                &own.max_evidence_bytes,
            ),
            row(
                "evidence.max_age_num_blocks",
                &evidence.max_age_num_blocks,
                &own.evidence_age_blocks,
            ),
            row(
                "evidence.max_age_duration (seconds, nanoseconds)",
                &format!("{}, {}", age.seconds, age.nanos),
                &format!("{}, 0", own.evidence_age_secs),
            ),
            row("validator.pub_key_types", &keys.join(", "), &KEY_TYPE),
            row("version.app", &version, &GENESIS_APP_VERSION),
            row("abci.vote_extensions_enable_height", &extensions, &1),
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
        let members = self.first_set.0.iter();
        let expected = members.map(|member| (member.consensus_key, member.power));
        let mut expected: Vec<_> = expected.collect();
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
