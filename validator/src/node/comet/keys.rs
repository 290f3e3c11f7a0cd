//! CometBFT's key files: the consensus key and the node key, Ed25519, mode 0600, never overwritten.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde::{Deserialize, Serialize};
use tendermint::{PrivateKey, PublicKey, account, private_key::Ed25519};
use zeroize::Zeroizing;

use super::{CometError, create, exists, file_error, read};

/// `priv_validator_key.json`
#[derive(Serialize, Deserialize)]
struct ConsensusFile {
    address: account::Id,
    pub_key: PublicKey,
    priv_key: PrivateKey,
}

/// `node_key.json`
#[derive(Serialize, Deserialize)]
struct NodeFile {
    priv_key: PrivateKey,
}

/// Writes the consensus key of `seed`, or finds it there; gives its public key.
pub(super) fn ensure_consensus_key(path: &Path, seed: &[u8; 32]) -> Result<[u8; 32], CometError> {
    if exists(path)? {
        let found = read_consensus_key(path)?;
        return match *found == *seed {
            true => public(&private(path, seed)?),
            false => Err(CometError::OtherKey {
                path: path.to_owned(),
            }),
        };
    }
    let priv_key = private(path, seed)?;
    let public_key = public(&priv_key)?;
    let pub_key = priv_key.public_key();
    write(
        path,
        &ConsensusFile {
            address: pub_key.into(),
            pub_key,
            priv_key,
        },
    )?;
    Ok(public_key)
}

/// The seed of the consensus key in `priv_validator_key.json`, which must be for its owner only and agree with itself.
pub fn read_consensus_key(path: &Path) -> Result<Zeroizing<[u8; 32]>, CometError> {
    let file: ConsensusFile = parse(path)?;
    let agrees = file.pub_key == file.priv_key.public_key()
        && file.address == account::Id::from(file.pub_key);
    if !agrees {
        return Err(CometError::Malformed {
            path: path.to_owned(),
            cause: "address and public key are not those of the private key".to_owned(),
        });
    }
    seed(path, &file.priv_key)
}

/// The public key of the seed in `priv_validator_key.json`.
pub(super) fn read_public_consensus_key(path: &Path) -> Result<[u8; 32], CometError> {
    let seed = read_consensus_key(path)?;
    public(&private(path, &seed)?)
}

/// Writes the node key of `seed`, or finds it there; gives the node's id.
pub(super) fn ensure_node_key(path: &Path, seed: &[u8; 32]) -> Result<String, CometError> {
    if exists(path)? {
        let found = read_node_key(path)?;
        if *found != *seed {
            return Err(CometError::OtherKey {
                path: path.to_owned(),
            });
        }
    } else {
        let priv_key = private(path, seed)?;
        write(path, &NodeFile { priv_key })?;
    }
    node_id(seed)
}

/// The seed of the key in `node_key.json`.
pub fn read_node_key(path: &Path) -> Result<Zeroizing<[u8; 32]>, CometError> {
    let file: NodeFile = parse(path)?;
    seed(path, &file.priv_key)
}

/// A node's id: the address of its public key, in lower-case hex.
pub fn node_id(seed: &[u8; 32]) -> Result<String, CometError> {
    let key = private(Path::new("the node key"), seed)?;
    Ok(hex::encode(account::Id::from(key.public_key()).as_bytes()))
}

fn private(path: &Path, seed: &[u8; 32]) -> Result<PrivateKey, CometError> {
    Ed25519::try_from(seed.as_slice())
        .map(PrivateKey::Ed25519)
        .map_err(|error| malformed(path, error))
}

fn public(key: &PrivateKey) -> Result<[u8; 32], CometError> {
    let bytes = key.public_key().to_bytes();
    <[u8; 32]>::try_from(bytes).map_err(|_| malformed(Path::new("the key"), "not 32 bytes"))
}

fn seed(path: &Path, key: &PrivateKey) -> Result<Zeroizing<[u8; 32]>, CometError> {
    let bytes = key.ed25519_signing_key().map(Ed25519::as_bytes);
    bytes
        .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
        .map(Zeroizing::new)
        .ok_or_else(|| malformed(path, "not an Ed25519 key"))
}

fn malformed(path: &Path, cause: impl ToString) -> CometError {
    CometError::Malformed {
        path: path.to_owned(),
        cause: cause.to_string(),
    }
}

fn write(path: &Path, file: &impl Serialize) -> Result<(), CometError> {
    let text = serde_json::to_string_pretty(file).map(Zeroizing::new);
    create(
        path,
        text.map_err(|error| malformed(path, error))?.as_bytes(),
    )
}

fn parse<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, CometError> {
    let metadata = fs::metadata(path).map_err(file_error(path))?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(CometError::Exposed {
            path: path.to_owned(),
            mode,
        });
    }
    let text = Zeroizing::new(read(path)?);
    serde_json::from_str(&text).map_err(|error| malformed(path, error))
}
