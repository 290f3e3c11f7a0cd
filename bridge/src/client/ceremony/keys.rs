//! An operator's two keys, and the proof that it holds them (PROTOCOL section 8).

use alloy_primitives::{Address, B256, Bytes, U256};
use ed25519_zebra::{SigningKey, VerificationKeyBytes};
use zeroize::Zeroizing;

use crate::abi::IRegistry;
use crate::proof::hint::x_coordinate;
use crate::proof::{bls, deployment};

/// A consensus key and a checkpoint key. The consensus key's seed is needed for the possession vote only.
pub struct OperatorKeys {
    seed: Zeroizing<[u8; 32]>,
    checkpoint: bls::SecretKey,
}

impl std::fmt::Debug for OperatorKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "OperatorKeys({})",
            alloy_primitives::hex::encode(self.consensus_key())
        )
    }
}

impl OperatorKeys {
    /// From the Ed25519 seed (RFC 8032) and the checkpoint key.
    pub fn new(seed: &[u8; 32], checkpoint: bls::SecretKey) -> Self {
        Self {
            seed: Zeroizing::new(*seed),
            checkpoint,
        }
    }

    /// The public consensus key.
    pub fn consensus_key(&self) -> [u8; 32] {
        VerificationKeyBytes::from(&SigningKey::from(*self.seed)).into()
    }

    /// The public checkpoint key.
    pub fn checkpoint_key(&self) -> [u8; 96] {
        self.checkpoint.public_key()
    }

    /// The checkpoint key itself.
    pub fn checkpoint(&self) -> &bls::SecretKey {
        &self.checkpoint
    }
}

/// The proof that `operator` holds both keys, for `register`, or `None` when a key encodes no point, which a real one never does.
pub fn proof_of_possession(
    keys: &OperatorKeys,
    root_chain_id: u64,
    registry: Address,
    operator: Address,
) -> Option<IRegistry::Possession> {
    let consensus_key = keys.consensus_key();
    let possession = deployment::possession(
        root_chain_id,
        &registry.into_array(),
        &operator.into_array(),
        &consensus_key,
        &keys.checkpoint_key(),
    );
    let vote = deployment::possession_vote(&possession);
    let signature: [u8; 64] = SigningKey::from(*keys.seed).sign(&vote).into();
    let (r, s) = signature.split_first_chunk::<32>()?;
    let x_key: U256 = x_coordinate(&consensus_key)?;
    Some(IRegistry::Possession {
        checkpointProof: Bytes::copy_from_slice(&keys.checkpoint.sign_possession(&possession)),
        r: B256::from(*r),
        s: B256::try_from(s).ok()?,
        xKey: x_key,
        xR: x_coordinate(r)?,
    })
}
