//! What a relayer has signed, by nonce. Each offer has a hash of its own, and whichever of them is mined is the payment, also one that the
//! node said it did not take.

use std::collections::BTreeMap;

use alloy_primitives::B256;

use crate::client::wallet::{Fees, Sent, Wallet, WalletError};
use crate::relay::outbox::Notice;

/// Nonces that are remembered, at most. The lowest is forgotten first: another process may have used it.
const MAX_NONCES: usize = 16;
/// Transactions of one nonce that are remembered, at most, the newest ones. Each offers an eighth more than the one before: this number leads from
/// one gwei to a thousand.
const MAX_OF_NONCE: usize = 64;

/// All that was signed and whose receipt is not known.
#[derive(Debug, Default)]
pub(super) struct Signed(BTreeMap<u64, Bids>);

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Errand {
    /// It carries this checkpoint.
    Carry(u64),
    /// It makes this checkpoint final, with all before it.
    Finalize(u64),
}

/// What was signed for one nonce.
#[derive(Debug, Default)]
struct Bids {
    /// What was offered last.
    fees: Option<Fees>,
    /// Transactions, each with what it was signed for, oldest first.
    transactions: Vec<(B256, Errand)>,
}

impl Signed {
    /// What was offered last for a nonce, if something was.
    pub fn fees(&self, nonce: u64) -> Option<Fees> {
        self.0.get(&nonce)?.fees
    }

    /// Remembers what was signed for an errand with a nonce, whatever the node said to it.
    pub fn add(&mut self, errand: Errand, nonce: u64, bid: &Result<Sent, WalletError>) {
        let hashes = match bid {
            Ok(sent) => &sent.hashes,
            Err(error) => error.hashes(),
        };
        if hashes.is_empty() {
            return;
        }
        while self.0.len() >= MAX_NONCES && !self.0.contains_key(&nonce) {
            self.0.pop_first();
        }
        let bids = self.0.entry(nonce).or_default();
        bids.fees = bid.as_ref().ok().map(|sent| sent.fees).or(bids.fees);
        bids.transactions.retain(|(hash, _)| !hashes.contains(hash));
        let new = hashes.iter().map(|hash| (*hash, errand));
        bids.transactions.extend(new);
        let before = bids.transactions.len().saturating_sub(MAX_OF_NONCE);
        bids.transactions.drain(..before);
    }

    /// The transactions that stand in a block; each is told once. No transaction of a nonce stands in a block before the account's `next` nonce is past it.
    pub async fn paid(&mut self, wallet: &Wallet, next: u64) -> Vec<Notice> {
        let (mut notices, mut done) = (Vec::new(), Vec::new());
        for (nonce, bids) in self.0.range(..next) {
            let hashes: Vec<B256> = bids.transactions.iter().map(|(hash, _)| *hash).collect();
            // Where the node does not say it now, the next look asks again.
            let Ok(Some(receipt)) = wallet.look(&hashes).await else {
                continue;
            };
            done.push(*nonce);
            let of = |(hash, _): &&(B256, Errand)| *hash == receipt.hash;
            let mined = bids.transactions.iter().find(of);
            let (hash, gas_used, gas_price) = (receipt.hash, receipt.gas_used, receipt.gas_price);
            let succeeded = receipt.succeeded;
            notices.extend(mined.map(|(_, errand)| match *errand {
                Errand::Carry(epoch) => Notice::Paid {
                    epoch,
                    hash,
                    gas_used,
                    gas_price,
                    succeeded,
                },
                Errand::Finalize(epoch) => Notice::PaidFinal {
                    epoch,
                    hash,
                    gas_used,
                    gas_price,
                    succeeded,
                },
            }));
        }
        self.0.retain(|nonce, _| !done.contains(nonce));
        notices
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use alloy_primitives::keccak256;
    use serde_json::json;

    use super::*;
    use crate::client::rpc::Call;
    use crate::client::wallet::tests::node::{Node, Said, wallet};

    /// A call that no other epoch makes.
    fn call(epoch: u64) -> Call {
        Call {
            data: epoch.to_be_bytes().to_vec().into(),
            ..Call::default()
        }
    }

    #[tokio::test]
    async fn whichever_of_all_that_was_signed_for_a_nonce_is_mined_is_found_and_said_once() {
        // The place of the one that is mined among all that are handed in, and the epoch that it is for. The node refuses the first two, and
        // keeps them as it keeps all others.
        for (place, epoch) in [(0, 4), (1, 4), (2, 4), (3, 5)] {
            let mined: Arc<Mutex<Option<B256>>> = Arc::default();
            let told = Arc::clone(&mined);
            let node =
                Node::start_asked(
                    move |request, nth| match request["method"].as_str().unwrap() {
                        "eth_sendRawTransaction" if nth < 2 => {
                            Said::Error("replacement transaction underpriced")
                        }
                        "eth_getTransactionByHash" => Said::Result("null".into()),
                        "eth_getTransactionReceipt"
                            if json!(*told.lock().unwrap()) != request["params"][0] =>
                        {
                            Said::Result("null".into())
                        }
                        _ => Said::Honest,
                    },
                )
                .await;
            let wallet = wallet(&node).await;
            let mut signed = Signed::default();
            let bid = wallet.bid(call(4), 7, None).await;
            assert_eq!(bid.as_ref().unwrap().hashes.len(), 3);
            signed.add(Errand::Carry(4), 7, &bid);
            let bid = wallet.bid(call(5), 7, signed.fees(7)).await;
            signed.add(Errand::Carry(5), 7, &bid);
            let raw = node.submitted_bytes();
            assert_eq!(raw.len(), 4);
            let hash = raw.get(place).map(keccak256).unwrap();
            *mined.lock().unwrap() = Some(hash);
            // The nonce is not used yet.
            assert_eq!(signed.paid(&wallet, 7).await, []);
            let paid = signed.paid(&wallet, 8).await;
            let [
                Notice::Paid {
                    epoch: of,
                    hash: found,
                    ..
                },
            ] = paid.as_slice()
            else {
                panic!("{place}: {paid:?}");
            };
            assert_eq!((*of, *found), (epoch, hash), "{place}");
            assert_eq!(signed.paid(&wallet, 8).await, []);
        }
    }

    #[tokio::test]
    async fn what_the_node_did_not_take_is_watched_and_the_number_is_bounded() {
        let node = Node::start(|method, _| match method {
            "eth_sendRawTransaction" => Said::Error("the moon is full"),
            "eth_getTransactionByHash" => Said::Result("null".into()),
            _ => Said::Honest,
        })
        .await;
        let wallet = wallet(&node).await;
        let mut signed = Signed::default();
        let bid = wallet.bid(call(1), 7, None).await;
        assert!(bid.is_err());
        signed.add(Errand::Carry(1), 7, &bid);
        assert_eq!(signed.paid(&wallet, 8).await.len(), 1);
        let fees = Fees { max: 1, tip: 1 };
        for nonce in 0..100 {
            for epoch in 0..100u64 {
                let sent = Sent {
                    call: Call::default(),
                    nonce,
                    gas: 1,
                    fees,
                    hashes: vec![keccak256(
                        [nonce.to_be_bytes(), epoch.to_be_bytes()].concat(),
                    )],
                };
                signed.add(Errand::Carry(epoch), nonce, &Ok(sent));
            }
        }
        assert_eq!(signed.0.len(), MAX_NONCES);
        assert!(signed.0.keys().all(|nonce| *nonce >= 84));
        for bids in signed.0.values() {
            assert_eq!(bids.transactions.len(), MAX_OF_NONCE);
            assert_eq!(
                bids.transactions.last().map(|(_, errand)| *errand),
                Some(Errand::Carry(99))
            );
        }
    }
}
