//! The keys of a node's folder, made where there are none; published ones are refused on every root chain that is not local.

use std::fs;

use plasmid_bridge::{
    client::{ceremony::OperatorKeys, whole},
    proof::bls,
};
use zeroize::Zeroizing;

use crate::{
    cli::{CliError, keys::KeyOptions},
    node::{
        comet,
        config::Home,
        development,
        founding::FoundingError,
        keystore::{self, Cost, KeyKind, Secret},
    },
};

/// The validator's keys in this folder, made where there are none; and its node id.
pub(in crate::cli) fn validator(
    home: &Home,
    keys: &KeyOptions,
    root_chain_id: u64,
) -> Result<(OperatorKeys, String), CliError> {
    let path = home.checkpoint_key_path();
    let checkpoint: Secret = if path.exists() {
        let password = keys.password("the checkpoint key", false)?;
        keystore::open_kind(&path, KeyKind::Bls12381, &password)?
    } else {
        let entropy = Zeroizing::new(rand::random::<[u8; 32]>());
        let key = bls::SecretKey::from_entropy(&entropy)
            .map_err(|_| CliError::new("the system's randomness gave no key: try again"))?;
        let secret = key.to_bytes().into();
        let password = keys.password("the checkpoint key", true)?;
        keystore::create(&path, KeyKind::Bls12381, &secret, &password, Cost::Standard)?;
        secret
    };
    let engine = home.engine();
    let consensus = if engine.consensus_key_path().exists() {
        comet::keys::read_consensus_key(&engine.consensus_key_path())
    } else {
        let seed = Zeroizing::new(rand::random::<[u8; 32]>());
        engine.ensure_consensus_key(&seed).map(|_| seed)
    };
    let consensus = consensus.map(Secret::from).map_err(FoundingError::from)?;
    for (what, secret) in [
        ("the checkpoint key", &checkpoint),
        ("the consensus key", &consensus),
    ] {
        development::refuse_published(what, secret, root_chain_id).map_err(FoundingError::from)?;
    }
    let key = bls::SecretKey::from_bytes(&checkpoint)
        .map_err(|_| CliError::new(format!("{} holds no key of the curve", path.display())))?;
    let node_id = node(home, root_chain_id)?;
    // Stake is about to depend on them, and an earlier run may have been cut short before their folder was synced.
    let kept = [
        path,
        engine.consensus_key_path(),
        engine.sign_state_path(),
        engine.node_key_path(),
    ];
    for path in kept.iter().filter(|path| path.exists()) {
        whole::settle(path).map_err(|error| {
            CliError::new(format!("{} cannot be synced: {error}", path.display()))
        })?;
    }
    Ok((OperatorKeys::new(&consensus, key), node_id))
}

/// The id of the node in this folder, whose key is made when there is none.
pub(super) fn node(home: &Home, root_chain_id: u64) -> Result<String, CliError> {
    let engine = home.engine();
    let path = engine.node_key_path();
    let seed = if path.exists() {
        comet::keys::read_node_key(&path)
    } else {
        Ok(Zeroizing::new(rand::random::<[u8; 32]>()))
    };
    let seed = seed.map(Secret::from).map_err(FoundingError::from)?;
    development::refuse_published("the node key", &seed, root_chain_id)
        .map_err(FoundingError::from)?;
    Ok(engine.ensure_node_key(&seed).map_err(FoundingError::from)?)
}

/// CometBFT wants its data folder and, without a key of its own, makes one: a node that only follows signs nothing that counts.
pub(super) fn ensure_data_folder(home: &Home) -> Result<(), CliError> {
    Ok(fs::create_dir_all(home.engine().folder().join("data"))?)
}
