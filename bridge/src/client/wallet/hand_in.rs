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

    /// Hands the bytes in until the node has them; repeats are harmless, since the bytes are the same. An error means that no bytes left, or
    /// that the node had them and says that it did not take them. Where that is not known, it is as if they were handed in.
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
            if error.is_transient() && left > 0 {
                may_have_left |= error.may_have_arrived();
                sleep(wait).await;
                wait = wait.saturating_mul(2);
                continue;
            }
            return match error {
                RpcError::Refused { message, data, .. } if !may_have_left => {
                    self.judge(&message, data, hash, nonce).await
                }
                error if may_have_left || error.may_have_arrived() => {
                    tracing::warn!(%hash, %error, "it is not known whether the node took it");
                    Ok(())
                }
                error => Err(error.into()),
            };
        }
        Ok(())
    }

    /// What a node's refusal of a transaction means.
    async fn judge(
        &self,
        message: &str,
        data: Option<Bytes>,
        hash: B256,
        nonce: u64,
    ) -> Result<(), WalletError> {
        let refusal = Refusal::of(message);
        // An earlier process may have handed in the very same bytes; what cannot be looked up is waited for.
        if refusal == Refusal::Known
            || !matches!(self.rpc.transaction_is_known(hash).await, Ok(false))
        {
            return Ok(());
        }
        let said = message.to_owned();
        let reverts = data.filter(|data| !data.is_empty());
        Err(match (refusal, reverts) {
            (Refusal::NonceUsed, _) => self.nonce_taken(hash, nonce),
            (Refusal::Underpriced, _) => WalletError::Underpriced { hash, nonce },
            (Refusal::OverNodeCap, _) => WalletError::OverNodeCap { hash, said },
            (Refusal::WouldRevert, Some(data)) => WalletError::NotTaken {
                hash,
                said: reason::sentence(&data),
            },
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
