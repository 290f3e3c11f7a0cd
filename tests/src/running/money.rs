//! Deposits, transfers and withdrawals of people who have money on both chains.

use std::sync::Arc;

use alloy_primitives::{Address, FixedBytes, U256};
use alloy_sol_types::{SolCall, SolEvent};
use plasmid::client::signer::{KeyKind, Signer};
use plasmid::ledger::transaction::{Body, Header};
use plasmid::ledger::{Account, Transaction};
use plasmid::localnet::found;
use plasmid_bridge::abi::{IInbox, IVault};
use plasmid_bridge::client::rpc::{Call, Receipt};
use plasmid_bridge::client::wallet::{FeePolicy, Key, Sent, Wallet};
use plasmid_proto::ledger::v1::{
    FollowRequest, GetAccountRequest, Stage, SubmitRequest, follow_request,
};

use super::Running;

/// The native coin.
pub const NATIVE: [u8; 20] = [0; 20];
/// A fee that covers every transaction here.
const FEE: u128 = 1_000_000_000_000_000;

/// Somebody with accounts on both chains.
pub struct Person {
    /// On the child.
    pub account: Account,
    /// Signs for the child.
    pub signer: Signer,
    /// On root.
    pub wallet: Wallet,
}

/// One of the people that the genesis gives money to.
///
/// # Panics
/// When nobody has that name.
pub async fn person(running: &Running, name: &str) -> Person {
    let known = found::people()
        .into_iter()
        .find(|person| person.name == name)
        .expect("the name of one of the people");
    let signer = Signer::new(known.kind, &known.secret).expect("a key");
    let key = Key::from_bytes(&known.secret).expect("a key");
    let policy = FeePolicy {
        poll: std::time::Duration::from_millis(100),
        ..FeePolicy::default()
    };
    let wallet = Wallet::open(Arc::clone(&running.rpc), key, 31_337, policy)
        .await
        .expect("root answers");
    Person {
        account: signer.account(),
        signer,
        wallet,
    }
}

/// What a validator's operator signs with on the child.
///
/// # Panics
/// When there is no such validator.
#[must_use]
pub fn operator(number: usize) -> Signer {
    Signer::new(KeyKind::Secp256k1, &found::operator_secret(number)).expect("a key")
}

impl Running {
    /// The call that deposits the native coin.
    ///
    /// # Panics
    /// When root does not answer.
    pub async fn deposit_call(&self, from: &Person, to: &Account, amount: u128) -> Call {
        let quote = IVault::quoteCall { native: amount };
        let value: U256 = self.view().read(self.vault, quote).await;
        let call = IVault::depositNativeCall {
            amount,
            recipient: IVault::Account {
                kind: to.kind,
                id: FixedBytes(to.id),
            },
            refund: from.wallet.address(),
        };
        Call {
            value,
            ..Call::to(self.vault, call.abi_encode())
        }
    }

    /// Hands in a deposit; it stands in no block yet.
    ///
    /// # Panics
    /// When root refuses it.
    pub async fn send_deposit(&self, from: &Person, to: &Account, amount: u128) -> Sent {
        let call = self.deposit_call(from, to, amount).await;
        from.wallet.send(call).await.expect("the deposit is taken")
    }

    /// Deposits, and waits for the block; gives the message's index.
    ///
    /// # Panics
    /// When root refuses it.
    pub async fn deposit(&self, from: &Person, to: &Account, amount: u128) -> u64 {
        let sent = self.send_deposit(from, to, amount).await;
        let receipt = from.wallet.wait(sent).await.expect("the deposit is mined");
        message_index(&receipt)
    }

    /// Waits until node `node` has consumed message `index`.
    ///
    /// # Panics
    /// When it takes too long.
    pub async fn consumed(&mut self, node: usize, index: u64) {
        let what = format!("node {node} consumed message {index}");
        self.until(&what, |view| async move {
            let status = view.try_status(node).await?;
            (status.inbox_cursor >= index).then_some(())
        })
        .await;
    }

    /// Withdraws the native coin through `node`; gives the withdrawal's number.
    ///
    /// # Panics
    /// When the node refuses it.
    pub async fn withdraw(&self, node: usize, from: &Person, to: Address, amount: u128) -> u64 {
        let view = self.view();
        let request = GetAccountRequest {
            account: from.account.to_string(),
        };
        let account = view.accounts(node).get_account(request).await;
        let header = Header {
            sender: from.account,
            lane: 0,
            sequence: account.expect("the account").into_inner().next_sequence,
            fee: FEE,
            fee_payer: Account::from_bytes(&[0; 21]),
            valid_until: u64::MAX,
            memo: [0; 32],
        };
        let body = Body::Withdraw {
            recipient: to.into_array(),
            token: NATIVE,
            amount,
        };
        let signed: Transaction = from.signer.sign(header, body, &self.domain);
        let request = SubmitRequest {
            transaction: signed.encode(),
            replace: false,
        };
        let taken = view.transactions(node).submit(request).await;
        let taken = taken.expect("the node answers").into_inner();
        assert_eq!(taken.code, 0, "{}", taken.log);
        let request = FollowRequest {
            id: Some(follow_request::Id::Hash(taken.hash)),
        };
        let stream = view.transactions(node).follow(request).await;
        let mut stream = stream.expect("the node answers").into_inner();
        while let Some(message) = stream.message().await.expect("the stream") {
            let status = message.status.expect("a status");
            if status.stage >= Stage::Included as i32 {
                let number = status.data.try_into().expect("a number");
                return u64::from_be_bytes(number);
            }
        }
        panic!("the withdrawal left the mempool without a block");
    }
}

/// The index of the message that a receipt tells of.
///
/// # Panics
/// When it tells of none.
#[must_use]
pub fn message_index(receipt: &Receipt) -> u64 {
    receipt
        .logs
        .iter()
        .find_map(|log| {
            IInbox::MessageSent::decode_raw_log(log.topics.iter().copied(), &log.data).ok()
        })
        .expect("a message")
        .index
}
