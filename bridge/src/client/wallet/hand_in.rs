//! Signing a transaction and handing it to the node.

use alloy_consensus::{SignableTransaction, TxEip1559};
use alloy_primitives::{B256, Bytes, TxKind, U256};
use tokio::time::sleep;

use super::refusal::Refusal;
use super::{Fees, Sent, Wallet, WalletError};
use crate::client::reason;
use crate::client::rpc::{Call, RpcError};

/// How often the same bytes are handed in while the node does not answer.
const ATTEMPTS: u32 = 5;
/// What go-ethereum and reth let a transaction cost unless they are told otherwise, in wei: offering twice the base fee must not pass it.
pub(super) const NODE_CAP: u128 = 1_000_000_000_000_000_000;

impl Wallet {
    fn signed(&self, call: &Call, nonce: u64, gas: u64, fees: Fees) -> (Vec<u8>, B256) {
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

    /// Signs what `sent` calls with its nonce at these fees and hands it in. The hash stands among `sent`'s before its bytes leave, whatever
    /// the node answers; an error names all of them.
    pub(super) async fn offer(&self, sent: &mut Sent, fees: Fees) -> Result<(), WalletError> {
        let before = sent.hashes.clone();
        let offered = self.offer_at(sent, fees).await;
        offered.map_err(|error| error.behind(&before))
    }

    async fn offer_at(&self, sent: &mut Sent, fees: Fees) -> Result<(), WalletError> {
        let (nonce, gas) = (sent.nonce, sent.gas);
        let fees = fees.within(NODE_CAP, gas);
        self.check(fees, gas)?;
        let most = U256::from(fees.max).saturating_mul(U256::from(gas));
        if self.rpc.balance(self.address()).await? < most.saturating_add(sent.call.value) {
            return Err(WalletError::InsufficientFunds(self.address()));
        }
        let (raw, hash) = self.signed(&sent.call, nonce, gas, fees);
        if !sent.hashes.contains(&hash) {
            sent.hashes.push(hash);
        }
        if let Some(tell) = self.tell {
            tell(hash, nonce);
        }
        self.hand_in(&raw, hash, sent).await?;
        tracing::debug!(%hash, nonce, gas, max_fee = fees.max, "handed in");
        sent.fees = fees;
        Ok(())
    }

    /// Hands the bytes in until the node has them; repeats are harmless, since the bytes are the same. An error means that no bytes left, or
    /// that the node had them and says that it did not take them. Where that is not known, it is as if they were handed in.
    async fn hand_in(&self, raw: &[u8], hash: B256, sent: &Sent) -> Result<(), WalletError> {
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
                    self.judge(&message, data, hash, sent).await
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
        sent: &Sent,
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
        let signed = sent.hashes.as_slice().into();
        Err(match (refusal, reverts) {
            (Refusal::NonceUsed, _) => self.nonce_taken(sent),
            (Refusal::Underpriced, _) => WalletError::Underpriced {
                signed,
                nonce: sent.nonce,
            },
            (Refusal::OverNodeCap, _) => WalletError::OverNodeCap { signed, said },
            (Refusal::WouldRevert, Some(data)) => WalletError::NotTaken {
                signed,
                said: reason::sentence(&data),
            },
            _ => WalletError::NotTaken { signed, said },
        })
    }

    pub(super) fn nonce_taken(&self, sent: &Sent) -> WalletError {
        WalletError::NonceTaken {
            signed: sent.hashes.as_slice().into(),
            address: self.address(),
            nonce: sent.nonce,
        }
    }
}
