//! Signing a transaction and handing it to the node.

use alloy_consensus::{SignableTransaction, TxEip1559};
use alloy_primitives::{B256, Bytes, TxKind};
use tokio::time::sleep;

use super::refusal::Refusal;
use super::{Fees, Wallet, WalletError};
use crate::client::reason;
use crate::client::rpc::{Call, RpcError};

/// How often the same bytes are handed in while the node does not answer.
const ATTEMPTS: u32 = 5;

impl Wallet {
    pub(super) fn signed(&self, call: &Call, nonce: u64, gas: u64, fees: Fees) -> (Vec<u8>, B256) {
        let transaction = TxEip1559 {
            chain_id: self.chain_id,
            nonce,
            gas_limit: gas,
            max_fee_per_gas: fees.max,
            max_priority_fee_per_gas: fees.tip.min(fees.max),
            to: call.to.map_or(TxKind::Create, TxKind::Call),
            value: call.value,
            access_list: Default::default(),
            input: Bytes::clone(&call.data),
        };
        let signature = self.key.sign(&transaction.signature_hash());
        let signed = transaction.into_signed(signature);
        let mut raw = Vec::with_capacity(signed.eip2718_encoded_length());
        signed.eip2718_encode(&mut raw);
        (raw, *signed.hash())
    }

    /// Hands the bytes in until the node has them; repeats are harmless, since the bytes are the same. An error means that the node does not
    /// have them. Where that is not known, it is as if they were handed in.
    pub(super) async fn hand_in(
        &self,
        raw: &[u8],
        hash: B256,
        nonce: u64,
    ) -> Result<(), WalletError> {
        let mut wait = self.policy.poll;
        let mut may_have_left = false;
        for left in (0..ATTEMPTS).rev() {
            let error = match self.rpc.submit(raw).await {
                Ok(seen) => {
                    if seen != hash {
                        tracing::warn!(%hash, %seen, "the node names another hash");
                    }
                    return Ok(());
                }
                Err(error) => error,
            };
            may_have_left |= error.may_have_arrived();
            if error.is_transient() && left > 0 {
                sleep(wait).await;
                wait = wait.saturating_mul(2);
                continue;
            }
            return self.judge(error, hash, nonce, may_have_left).await;
        }
        Ok(())
    }

    /// What the node's last answer to a transaction means.
    async fn judge(
        &self,
        error: RpcError,
        hash: B256,
        nonce: u64,
        may_have_left: bool,
    ) -> Result<(), WalletError> {
        let RpcError::Refused { message, data, .. } = &error else {
            if may_have_left {
                tracing::warn!(%hash, %error, "it is not known whether the node took it");
                return Ok(());
            }
            return Err(error.into());
        };
        let said = Refusal::of(message);
        if said == Refusal::Known || may_have_left {
            return Ok(());
        }
        if said == Refusal::WouldRevert {
            let reason = data.as_ref().filter(|data| !data.is_empty());
            return Err(WalletError::WouldRevert(
                reason.map_or_else(|| message.clone(), |data| reason::sentence(data)),
            ));
        }
        // An earlier process may have handed in the very same bytes; what cannot be looked up is waited for.
        if !matches!(self.rpc.transaction_is_known(hash).await, Ok(false)) {
            return Ok(());
        }
        let said = message.clone();
        Err(match Refusal::of(message) {
            Refusal::NonceUsed => self.nonce_taken(hash, nonce),
            Refusal::Underpriced => WalletError::Underpriced { hash, nonce },
            Refusal::Poor => WalletError::Poor(self.address()),
            Refusal::OverNodeCap => WalletError::OverNodeCap { hash, said },
            _ => WalletError::NotTaken { hash, said },
        })
    }

    pub(super) fn nonce_taken(&self, hash: B256, nonce: u64) -> WalletError {
        WalletError::NonceTaken {
            hash,
            address: self.address(),
            nonce,
        }
    }
}
