//! Coefficients of a batch, hashed from all that it verifies: who wants to cancel one bad signature against another would
//! have to know the coefficients before the signatures that they are hashed from (Fiat and Shamir's argument).

use std::convert::Infallible;

use alloy_primitives::B256;
use rand_core::{TryCryptoRng, TryRng};
use sha2::{Digest, Sha256};

/// What a batch consists of.
pub(crate) struct Transcript(Sha256);

impl Transcript {
    pub fn new() -> Self {
        Self(Sha256::new_with_prefix(b"plasmid ed25519 batch"))
    }

    pub fn absorb(&mut self, key: &[u8; 32], signature: &[u8; 64], digest: &B256) {
        self.0.update(key);
        self.0.update(signature);
        self.0.update(digest);
    }

    pub fn coefficients(self) -> Coefficients {
        Coefficients {
            seed: self.0.finalize().into(),
            counter: 0,
        }
    }
}

/// SHA-256 of the seed and a counter, block after block.
pub(crate) struct Coefficients {
    seed: [u8; 32],
    counter: u64,
}

impl Coefficients {
    fn block(&mut self) -> [u8; 32] {
        let block = Sha256::new()
            .chain_update(self.seed)
            .chain_update(self.counter.to_be_bytes());
        self.counter = self.counter.wrapping_add(1);
        block.finalize().into()
    }
}

impl TryRng for Coefficients {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_be_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_be_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for part in bytes.chunks_mut(32) {
            for (to, from) in part.iter_mut().zip(self.block()) {
                *to = from;
            }
        }
        Ok(())
    }
}

impl TryCryptoRng for Coefficients {}
