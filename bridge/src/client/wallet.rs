//! An account on the root chain that sends transactions and sees them through.
//!
//! ```text
//!   call ─ estimate ─ price ─ sign ─ submit ─ wait ──────────► receipt
//!                       ▲                      │ stuck
//!                       └── same nonce, fees + 12.5% or more ◄┘
//! ```
//! A nonce is used by one intent only: a replacement carries the same call, and whichever of them is mined is the outcome. A submission
//! whose outcome is unknown is repeated with the same bytes, which cannot pay twice. From the moment when bytes may have left, no answer of the
//! node ends the work without the hashes of all that was signed and whether the same may be sent again: [`WalletError`] says both.

mod error;
mod fees;
mod hand_in;
mod key;
mod refusal;
mod wait;

pub use error::{Hashes, WalletError};
pub use fees::{FeePolicy, Fees, Options};
pub use key::{Key, KeyError};

use std::sync::Arc;

use alloy_primitives::{Address, B256, U256};
use tokio::sync::Mutex;

use refusal::Refusal;

use super::reason;
use super::rpc::{At, Call, Receipt, Rpc, RpcError};
use crate::relay::seen::Which;

/// Gas that one transaction may have (EIP-7825).
pub const GAS_CAP: u64 = 1 << 24;
/// The minimum of gas over an estimate. Every 32nd message writes a slot more than the others (22,100 gas), and messages that come between
/// estimate and block decide which one that is; a quarter of a deposit's 80,000 is less.
pub const HEADROOM: u64 = 30_000;

/// Attempts to outbid a transaction that the node holds and whose fees are not known.
const MAX_BIDS: usize = 24;

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
    /// All hashes that were signed for the nonce, newest last: those that it replaced too, and those that the node said it did not take.
    pub hashes: Vec<B256>,
}

impl Sent {
    fn new(call: Call, nonce: u64, gas: u64, fees: Fees) -> Self {
        Self {
            call,
            nonce,
            gas,
            fees,
            hashes: Vec::new(),
        }
    }

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
    policy: FeePolicy,
    tell: Option<Tell>,
    limit: Option<(u128, &'static str)>,
    next: Mutex<Option<u64>>,
}

/// Is told a transaction's hash and nonce.
pub type Tell = fn(B256, u64);

impl Wallet {
    /// A wallet on root chain `chain_id`; the node is asked whether it is on that chain.
    pub async fn open(
        rpc: Arc<Rpc>,
        key: Key,
        chain_id: u64,
        policy: FeePolicy,
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
            tell: None,
            limit: None,
            next: Mutex::new(None),
        })
    }

    /// This wallet, which then tells of every transaction that it signs before the bytes leave: whoever interrupts it knows what to look for.
    #[must_use]
    pub fn telling(self, tell: Tell) -> Self {
        Self {
            tell: Some(tell),
            ..self
        }
    }

    /// Bounds what one transaction costs beside its value, under the policy's own limit: by the wei that are left of a sum, and by the option that names it.
    pub const fn limit(&mut self, limit: Option<(u128, &'static str)>) {
        self.limit = limit;
    }

    /// Its address.
    pub fn address(&self) -> Address {
        self.key.address()
    }

    /// After how long a transaction without a receipt is replaced.
    pub const fn stuck(&self) -> std::time::Duration {
        self.policy.stuck
    }

    /// [`Key::keyed_hash`] of its key.
    pub fn keyed_hash(&self, bytes: &[u8]) -> B256 {
        self.key.keyed_hash(bytes)
    }

    /// The node that it uses.
    pub fn rpc(&self) -> &Arc<Rpc> {
        &self.rpc
    }

    /// Acts through another node of the same chain from now on. Gives the one before.
    pub const fn move_to(&mut self, rpc: Arc<Rpc>) -> Arc<Rpc> {
        std::mem::replace(&mut self.rpc, rpc)
    }

    /// What a transaction offers now: twice the base fee and a tip, within the policy.
    pub async fn fees(&self) -> Result<Fees, WalletError> {
        let head = self.rpc.header(Which::Latest).await?;
        let base = head
            .and_then(|seen| seen.base_fee)
            .ok_or_else(|| RpcError::Malformed("the newest block has no base fee".into()))?;
        let tip = self.rpc.suggested_tip().await?.unwrap_or(0);
        let max = self.policy.max_fee;
        let tip = tip
            .min(self.policy.max_tip)
            .max(self.policy.min_tip)
            .min(max);
        let needed = base.saturating_add(tip);
        if needed > max {
            return Err(self.too_dear(needed));
        }
        let max = base.saturating_mul(2).saturating_add(tip).min(max);
        Ok(Fees { max, tip })
    }

    /// Whether the policy allows these fees for this much gas. The tip is what is paid for certain, whatever root's fee is: a node that calls
    /// every offer too low must not raise it without end.
    pub fn check(&self, fees: Fees, gas: u64) -> Result<(), WalletError> {
        if fees.max > self.policy.max_fee {
            return Err(self.too_dear(fees.max));
        }
        let max = self.policy.max_offered_tip();
        if fees.tip > max {
            return Err(WalletError::TipTooHigh {
                needed: fees.tip,
                max,
                option: self.policy.options.and_then(|options| options.max_tip),
            });
        }
        let needed = fees.max.saturating_mul(u128::from(gas));
        let own = self.policy.max_cost;
        let named = self.policy.options.and_then(|options| options.max_cost);
        let limits = [
            own.map(|max| (max, named)),
            self.limit.map(|(max, name)| (max, Some(name))),
        ];
        let passed = limits.into_iter().flatten().find(|(max, _)| needed > *max);
        match passed {
            Some((max, option)) => Err(WalletError::TooCostly {
                needed,
                max,
                option,
            }),
            None => Ok(()),
        }
    }

    fn too_dear(&self, needed: u128) -> WalletError {
        WalletError::TooDear {
            needed,
            max: self.policy.max_fee,
            option: self.policy.options.map(|options| options.max_fee),
        }
    }

    /// Gas for a call: the node's estimate and a quarter more, at least [`HEADROOM`]. Says why when the call would revert.
    pub async fn gas(&self, call: &Call) -> Result<u64, WalletError> {
        let call = Call {
            from: Some(self.address()),
            ..call.clone()
        };
        let needed = match self.rpc.estimate_gas(&call).await {
            Ok(needed) => needed,
            Err(error) => return Err(self.not_estimated(error)),
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

    /// Gas and fees of a call that is sent now.
    pub async fn limits(&self, call: &Call) -> Result<(u64, Fees), WalletError> {
        let gas = self.gas(call).await?;
        Ok((gas, self.fees().await?))
    }

    /// The most wei that a transaction with these limits costs beside its value, and the most that one costs which replaces it, because root
    /// was slow to take it.
    pub fn max_cost(&self, (gas, fees): (u64, Fees)) -> [U256; 2] {
        let cost = |fee: u128| U256::from(fee).saturating_mul(U256::from(gas));
        let dearest = cost(self.policy.max_fee);
        let limits = [self.policy.max_cost, self.limit.map(|(max, _)| max)];
        let cap = limits.into_iter().flatten().min();
        [cost(fees.max), dearest.min(cap.map_or(dearest, U256::from))]
    }

    /// Sends a call with the account's next nonce.
    pub async fn send(&self, call: Call) -> Result<Sent, WalletError> {
        let (gas, fees) = self.limits(&call).await?;
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

    /// Sends a call with a given nonce, in place of whatever the node holds there. When it is unclear whether the node took it, it counts as
    /// sent: what became of it is seen by its hash.
    pub async fn send_at(
        &self,
        call: Call,
        nonce: u64,
        gas: u64,
        fees: Fees,
    ) -> Result<Sent, WalletError> {
        let mut sent = Sent::new(call, nonce, gas, fees);
        self.offer(&mut sent, fees).await?;
        Ok(sent)
    }

    /// Sends the same call again with higher fees; one of the two will be mined.
    pub async fn replace(&self, sent: &mut Sent) -> Result<(), WalletError> {
        let fees = sent.fees.bumped_up().at_least(self.fees().await?);
        self.offer(sent, fees).await
    }

    /// Sends a call with a given nonce for more than `last` offered, if this account offered something for it, and for an eighth more each
    /// time the node holds a transaction that offers more. Its word is no proof of that one, so the policy bounds what is offered.
    pub async fn bid(
        &self,
        call: Call,
        nonce: u64,
        last: Option<Fees>,
    ) -> Result<Sent, WalletError> {
        let gas = self.gas(&call).await?;
        let mut fees = self.fees().await?;
        if let Some(last) = last {
            fees = fees.at_least(last.bumped_up());
        }
        let mut sent = Sent::new(call, nonce, gas, fees);
        for _ in 1..MAX_BIDS {
            match self.offer(&mut sent, fees).await {
                Err(WalletError::Underpriced { .. }) => fees = fees.bumped_up(),
                done => return done.map(|()| sent),
            }
        }
        self.offer(&mut sent, fees).await?;
        Ok(sent)
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

    /// Why a call's gas cannot be told.
    fn not_estimated(&self, error: RpcError) -> WalletError {
        let RpcError::Refused { message, data, .. } = &error else {
            return error.into();
        };
        if let Some(data) = data.as_ref().filter(|data| !data.is_empty()) {
            return WalletError::WouldRevert(reason::sentence(data));
        }
        match Refusal::of(message) {
            Refusal::InsufficientFunds => WalletError::InsufficientFunds(self.address()),
            Refusal::WouldRevert => WalletError::WouldRevert(message.clone()),
            _ => error.into(),
        }
    }
}

/// Wei in one unit of the root chain's coin.
pub const ETHER: U256 = U256::from_limbs([1_000_000_000_000_000_000, 0, 0, 0]);

#[cfg(test)]
pub(crate) mod tests;
