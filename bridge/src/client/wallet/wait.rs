//! Seeing a transaction through, whatever the node says meanwhile.

use alloy_primitives::B256;
use tokio::time::{Instant, sleep};

use super::{Sent, Wallet, WalletError};
use crate::client::reason;
use crate::client::rpc::{At, Call, Receipt, RpcError};

impl Wallet {
    /// Waits until the transaction or one that replaced it stands in a block, replacing it when it is stuck.
    ///
    /// Whatever the node answers meanwhile, the transaction is on its way: it is waited for until a receipt, another transaction with its
    /// nonce, or the end of the policy's patience.
    pub async fn wait(&self, mut sent: Sent) -> Result<Receipt, WalletError> {
        let start = Instant::now();
        let (mut replaced, mut used_since) = (start, None);
        loop {
            let trouble = match self.look(&sent.hashes).await {
                Ok(Some(receipt)) => return self.outcome(&sent, receipt).await,
                Ok(None) => None,
                Err(error) => {
                    tracing::warn!(hash = %sent.hash(), %error, "no receipt yet");
                    Some(error.to_string())
                }
            };
            used_since = match used_since {
                _ if trouble.is_some() || !self.is_nonce_used(&sent).await => None,
                None => Some(Instant::now()),
                // A receipt may come a while after its block, and a node that holds receipts back may still name the transaction.
                Some(since) if since.elapsed() > self.policy.stuck => {
                    if self.is_unknown(&sent).await {
                        self.resync().await;
                        return Err(self.nonce_taken(&sent));
                    }
                    Some(since)
                }
                since => since,
            };
            if start.elapsed() > self.policy.give_up {
                self.resync().await;
                return Err(WalletError::Lost {
                    signed: sent.hashes.as_slice().into(),
                    nonce: sent.nonce,
                    waited: start.elapsed(),
                    trouble,
                });
            }
            if replaced.elapsed() > self.policy.stuck && used_since.is_none() {
                replaced = Instant::now();
                self.try_replace(&mut sent).await;
            }
            sleep(self.policy.poll).await;
        }
    }

    async fn try_replace(&self, sent: &mut Sent) {
        match self.replace(sent).await {
            Ok(()) => tracing::info!(nonce = sent.nonce, hash = %sent.hash(), "replaced by fee"),
            Err(error) => tracing::warn!(nonce = sent.nonce, %error, "not replaced"),
        }
    }

    /// Whether a transaction with its nonce is mined.
    async fn is_nonce_used(&self, sent: &Sent) -> bool {
        let mined = self.rpc.nonce(self.address(), At::Latest).await;
        mined.is_ok_and(|mined| mined > sent.nonce)
    }

    /// Whether the node says that it knows none of the transactions sent for this nonce.
    async fn is_unknown(&self, sent: &Sent) -> bool {
        for hash in &sent.hashes {
            if !matches!(self.rpc.transaction_is_known(*hash).await, Ok(false)) {
                return false;
            }
        }
        true
    }

    /// Looks once for a receipt of any of these transactions, which are all that were signed for a nonce.
    pub async fn look(&self, signed: &[B256]) -> Result<Option<Receipt>, RpcError> {
        let mut trouble = None;
        for hash in signed {
            match self.rpc.receipt(*hash).await {
                Ok(Some(receipt)) => return Ok(Some(receipt)),
                Ok(None) => {}
                Err(error) => trouble = Some(error),
            }
        }
        trouble.map_or(Ok(None), Err)
    }

    async fn outcome(&self, sent: &Sent, receipt: Receipt) -> Result<Receipt, WalletError> {
        if receipt.succeeded {
            return Ok(receipt);
        }
        let call = Call {
            from: Some(self.address()),
            ..sent.call.clone()
        };
        let reason = match self.rpc.call(&call, At::Hash(receipt.block_hash)).await {
            Err(RpcError::Refused {
                data: Some(data), ..
            }) => reason::sentence(&data),
            _ if receipt.gas_used >= sent.gas => "it ran out of gas".to_owned(),
            _ => "the node does not say why".to_owned(),
        };
        Err(WalletError::Reverted {
            signed: sent.hashes.as_slice().into(),
            hash: receipt.hash,
            block: receipt.block,
            reason,
        })
    }
}
