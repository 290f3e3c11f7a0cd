//! An account on the root chain that sends transactions and sees them through.
//!
//! ```text
//!   call ─ estimate ─ price ─ sign ─ submit ─ wait ──────────► receipt
//!                       ▲                      │ stuck
//!                       └── same nonce, fees + 12.5% or more ◄┘
//! ```
//! A nonce is used by one intent only: a replacement carries the same call, and whichever of them is mined is the outcome. A submission
//! whose outcome is unknown is repeated with the same bytes, which cannot pay twice.

mod error;
mod fees;
mod key;

pub use error::WalletError;
pub use fees::{Fees, Policy};
pub use key::{Key, KeyError};

use std::sync::Arc;

use alloy_consensus::{SignableTransaction, TxEip1559};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

use super::reason;
use super::rpc::{At, Call, Receipt, Rpc, RpcError};
use crate::relay::seen::Which;

/// Gas that one transaction may have (EIP-7825).
pub const GAS_CAP: u64 = 1 << 24;
/// The least gas over an estimate. Every 32nd message writes a slot more than the others (22,100 gas), and messages that come between
/// estimate and block decide which one that is; a quarter of a deposit's 80,000 is less.
pub const HEADROOM: u64 = 30_000;

/// A transaction that was handed to the node.
#[derive(Clone, Debug)]
pub struct Sent {
    /// What it calls.
    pub call: Call,
    /// Its nonce.
    pub nonce: u64,
    /// Its gas limit.
    pub gas: u64,
    /// Its fees.
    pub fees: Fees,
    /// Its hash, and those of the ones that it replaced, newest last.
    pub hashes: Vec<B256>,
}

impl Sent {
    /// The hash of the newest one.
    pub fn hash(&self) -> B256 {
        self.hashes.last().copied().unwrap_or_default()
    }
}

/// An account and the node through which it acts.
#[derive(Debug)]
pub struct Wallet {
    rpc: Arc<Rpc>,
    key: Key,
    chain_id: u64,
    policy: Policy,
    next: Mutex<Option<u64>>,
}

impl Wallet {
    /// A wallet on root chain `chain_id`; the node is asked whether it is on that chain.
    pub async fn open(
        rpc: Arc<Rpc>,
        key: Key,
        chain_id: u64,
        policy: Policy,
    ) -> Result<Self, WalletError> {
        let seen = rpc.chain_id().await?;
        if seen != chain_id {
            return Err(WalletError::OtherChain {
                expected: chain_id,
                seen,
            });
        }
        Ok(Self {
            rpc,
            key,
            chain_id,
            policy,
            next: Mutex::new(None),
        })
    }

    /// Its address.
    pub fn address(&self) -> Address {
        self.key.address()
    }

    /// The node that it uses.
    pub fn rpc(&self) -> &Arc<Rpc> {
        &self.rpc
    }

    /// What a transaction offers now: twice the base fee and a tip, within the policy.
    pub async fn fees(&self) -> Result<Fees, WalletError> {
        let head = self.rpc.header(Which::Latest).await?;
        let base = head
            .and_then(|seen| seen.base_fee)
            .ok_or_else(|| RpcError::Malformed("the newest block has no base fee".into()))?;
        let tip = self.rpc.suggested_tip().await?.unwrap_or(0);
        let most = self.policy.most_fee;
        let tip = tip.max(self.policy.least_tip).min(most);
        let needed = base.saturating_add(tip);
        if needed > most {
            return Err(WalletError::TooDear { needed, most });
        }
        let max = base.saturating_mul(2).saturating_add(tip).min(most);
        Ok(Fees { max, tip })
    }

    /// Whether the policy allows these fees.
    pub fn check(&self, fees: Fees) -> Result<(), WalletError> {
        let (needed, most) = (fees.max, self.policy.most_fee);
        if needed > most {
            return Err(WalletError::TooDear { needed, most });
        }
        Ok(())
    }

    /// Gas for a call: the node's estimate and a quarter more, at least [`HEADROOM`]. Says why when the call would revert.
    pub async fn gas(&self, call: &Call) -> Result<u64, WalletError> {
        let call = Call {
            from: Some(self.address()),
            ..call.clone()
        };
        let needed = match self.rpc.estimate_gas(&call).await {
            Ok(needed) => needed,
            Err(error) => return Err(self.refused(error, 0)),
        };
        if needed > GAS_CAP {
            return Err(WalletError::GasCap {
                needed,
                cap: GAS_CAP,
            });
        }
        let headroom = (needed / 4).max(HEADROOM);
        Ok(needed.saturating_add(headroom).min(GAS_CAP))
    }

    /// Sends a call with the account's next nonce.
    pub async fn send(&self, call: Call) -> Result<Sent, WalletError> {
        let gas = self.gas(&call).await?;
        let fees = self.fees().await?;
        self.send_with(call, gas, fees).await
    }

    /// Sends a call with the account's next nonce and these limits, without asking whether it would revert.
    pub async fn send_with(&self, call: Call, gas: u64, fees: Fees) -> Result<Sent, WalletError> {
        let mut next = self.next.lock().await;
        let pending = self.rpc.nonce(self.address(), At::Pending).await?;
        let nonce = next.map_or(pending, |own| own.max(pending));
        let sent = self.send_at(call, nonce, gas, fees).await?;
        *next = Some(nonce.saturating_add(1));
        Ok(sent)
    }

    /// Sends a call with a given nonce, in place of whatever the node holds there.
    pub async fn send_at(
        &self,
        call: Call,
        nonce: u64,
        gas: u64,
        fees: Fees,
    ) -> Result<Sent, WalletError> {
        let (raw, hash) = self.signed(&call, nonce, gas, fees);
        self.hand_in(&raw, hash, nonce).await?;
        tracing::debug!(%hash, nonce, gas, max_fee = fees.max, "handed in");
        Ok(Sent {
            call,
            nonce,
            gas,
            fees,
            hashes: vec![hash],
        })
    }

    /// Sends the same call again with higher fees; one of the two will be mined.
    pub async fn replace(&self, sent: &mut Sent) -> Result<(), WalletError> {
        let fees = sent.fees.bumped_up().at_least(self.fees().await?);
        self.check(fees)?;
        let again = self
            .send_at(sent.call.clone(), sent.nonce, sent.gas, fees)
            .await?;
        sent.fees = fees;
        sent.hashes.extend(again.hashes);
        Ok(())
    }

    /// Waits until the transaction or one that replaced it stands in a block, replacing it when it is stuck.
    pub async fn wait(&self, mut sent: Sent) -> Result<Receipt, WalletError> {
        let start = Instant::now();
        let mut replaced = start;
        loop {
            match self.look(&sent).await {
                Ok(Some(receipt)) => return self.outcome(&sent, receipt).await,
                Ok(None) => {}
                // The transaction is on its way whether the node answers or not.
                Err(WalletError::Rpc(error)) if error.is_transient() => {
                    tracing::warn!(hash = %sent.hash(), %error, "no receipt yet");
                }
                Err(error) => return Err(error),
            }
            if start.elapsed() > self.policy.give_up {
                *self.next.lock().await = None;
                return Err(WalletError::Lost {
                    hash: sent.hash(),
                    waited: start.elapsed(),
                });
            }
            if replaced.elapsed() > self.policy.stuck {
                replaced = Instant::now();
                match self.replace(&mut sent).await {
                    Ok(()) => {
                        tracing::info!(nonce = sent.nonce, hash = %sent.hash(), "replaced by fee")
                    }
                    Err(error) => tracing::warn!(nonce = sent.nonce, %error, "not replaced"),
                }
            }
            sleep(self.policy.poll).await;
        }
    }

    /// Sends a call and waits for it.
    pub async fn execute(&self, call: Call) -> Result<Receipt, WalletError> {
        let sent = self.send(call).await?;
        self.wait(sent).await
    }

    /// Forgets the running nonce, so that the next transaction asks the node.
    pub async fn resync(&self) {
        *self.next.lock().await = None;
    }

    /// Looks once for a receipt of any of the transactions sent for this nonce.
    pub async fn look(&self, sent: &Sent) -> Result<Option<Receipt>, WalletError> {
        for hash in &sent.hashes {
            if let Some(receipt) = self.rpc.receipt(*hash).await? {
                return Ok(Some(receipt));
            }
        }
        Ok(None)
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
            hash: receipt.hash,
            block: receipt.block,
            reason,
        })
    }

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

    /// Hands the bytes in until the node has them; repeats are harmless, since the bytes are the same.
    async fn hand_in(&self, raw: &[u8], hash: B256, nonce: u64) -> Result<(), WalletError> {
        let mut wait = self.policy.poll;
        for left in (0..5_u32).rev() {
            match self.rpc.submit(raw).await {
                Ok(seen) if seen == hash => return Ok(()),
                Ok(seen) => {
                    return Err(RpcError::Malformed(format!("hash {seen} for {hash}")).into());
                }
                Err(error) if error.is_transient() && left > 0 => {
                    sleep(wait).await;
                    wait = wait.saturating_mul(2);
                }
                Err(RpcError::Refused { ref message, .. }) if already_known(message) => {
                    return Ok(());
                }
                Err(RpcError::Refused { ref message, .. }) if nonce_too_low(message) => {
                    return match self.rpc.receipt(hash).await? {
                        Some(_) => Ok(()),
                        None => Err(self.refused_nonce(nonce)),
                    };
                }
                Err(error) => return Err(self.refused(error, nonce)),
            }
        }
        Err(RpcError::Unreachable("no attempt was left".into()).into())
    }

    fn refused_nonce(&self, nonce: u64) -> WalletError {
        WalletError::NonceTaken {
            address: self.address(),
            nonce,
        }
    }

    fn refused(&self, error: RpcError, nonce: u64) -> WalletError {
        let RpcError::Refused { message, data, .. } = &error else {
            return error.into();
        };
        let lower = message.to_lowercase();
        if let Some(data) = data.as_ref().filter(|data| !data.is_empty()) {
            WalletError::WouldRevert(reason::sentence(data))
        } else if lower.contains("insufficient funds") {
            WalletError::Poor(self.address())
        } else if lower.contains("underpriced") {
            WalletError::Underpriced(nonce)
        } else if lower.contains("revert") {
            WalletError::WouldRevert(message.clone())
        } else {
            error.into()
        }
    }
}

fn already_known(message: &str) -> bool {
    let lower = message.to_lowercase();
    [
        "already known",
        "known transaction",
        "already imported",
        "alreadyknown",
    ]
    .iter()
    .any(|known| lower.contains(known))
}

fn nonce_too_low(message: &str) -> bool {
    message.to_lowercase().contains("nonce too low")
}

/// Wei in one unit of the root chain's coin.
pub const ETHER: U256 = U256::from_limbs([1_000_000_000_000_000_000, 0, 0, 0]);

#[cfg(test)]
mod tests;
