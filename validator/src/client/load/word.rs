//! What a node says of the load's senders, and of transactions that it took.

use std::{collections::BTreeMap, sync::Arc};

use plasmid_proto::ledger::v1::{GetTransactionRequest, Stage, Status, get_transaction_request};
use tokio::task::JoinSet;

use super::super::Client;
use crate::ledger::{Code, Transaction};

/// Transactions that are asked about at most, and how many at once.
const MAX_ASKED: usize = 20_000;
const CALLS: usize = 32;

/// Where a transaction is that was acknowledged and stands in no block that was seen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LoadFate {
    /// In a block that was not looked at.
    InBlock,
    /// It waits for one.
    Waits,
    /// It waited, and the node says that it does no more: the name of the result code of why.
    Gone(String),
    /// The node could not say.
    Untold,
    /// The node does not know it: it was lost.
    Lost,
}

impl LoadFate {
    /// As it is counted.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::InBlock => "in_block".into(),
            Self::Waits => "waits".into(),
            Self::Gone(why) => format!("gone_{why}"),
            Self::Lost => LOST.into(),
            Self::Untold => "untold".into(),
        }
    }
}

/// The name of [`LoadFate::Lost`].
pub const LOST: &str = "lost";

/// A node that took transactions, as it is asked about them.
#[tonic::async_trait]
pub trait NodeWord: Send + Sync + 'static {
    /// The first sequence of this transaction's sender that neither stands in a block nor waits at the node.
    async fn next_sequence(&self, transaction: &[u8]) -> Option<u64>;

    /// Where a transaction is.
    async fn fate(&self, hash: [u8; 32]) -> LoadFate;
}

#[tonic::async_trait]
impl NodeWord for Client {
    async fn next_sequence(&self, transaction: &[u8]) -> Option<u64> {
        let sender = Transaction::decode(transaction).ok()?.header.sender;
        Self::next_sequence(self, &sender).await.ok()
    }

    async fn fate(&self, hash: [u8; 32]) -> LoadFate {
        let request = GetTransactionRequest {
            id: Some(get_transaction_request::Id::Hash(hash.to_vec())),
        };
        match self.transactions().get_transaction(request).await {
            Ok(answer) => fate_of(answer.into_inner().status),
            Err(status) if status.code() == tonic::Code::NotFound => LoadFate::Lost,
            Err(_) => LoadFate::Untold,
        }
    }
}

/// What a node's answer to `GetTransaction` says.
#[must_use]
pub fn fate_of(status: Option<Status>) -> LoadFate {
    let Some(status) = status else {
        return LoadFate::Untold;
    };
    match Stage::try_from(status.stage) {
        Ok(Stage::Pending) => LoadFate::Waits,
        Ok(Stage::Included | Stage::Checkpointed | Stage::Final) => LoadFate::InBlock,
        Ok(Stage::Unknown) => {
            let code = Code::from_number(status.code);
            LoadFate::Gone(code.map_or("other", Code::name).to_owned())
        }
        Ok(Stage::Unspecified) | Err(_) => LoadFate::Untold,
    }
}

/// Counts where these are. Of what several nodes say of one, what comes first in [`LoadFate`] counts: lost is what all have answered about, and none
/// knows.
pub(super) async fn fates(
    words: &[Arc<dyn NodeWord>],
    hashes: Vec<[u8; 32]>,
) -> BTreeMap<String, u64> {
    let mut counted = BTreeMap::new();
    let more = hashes.len().saturating_sub(MAX_ASKED) as u64;
    if more > 0 {
        counted.insert(LoadFate::Untold.name(), more);
    }
    let (mut hashes, mut open) = (hashes.into_iter().take(MAX_ASKED), JoinSet::new());
    loop {
        while open.len() < CALLS
            && let Some(hash) = hashes.next()
        {
            let words = words.to_vec();
            open.spawn(async move {
                let mut best = None;
                for word in words {
                    let fate = word.fate(hash).await;
                    best = best.filter(|best| *best <= fate).or(Some(fate));
                }
                best.unwrap_or(LoadFate::Untold)
            });
        }
        match open.join_next().await {
            Some(fate) => {
                let fate = fate.unwrap_or(LoadFate::Untold);
                *counted.entry(fate.name()).or_default() += 1;
            }
            None => return counted,
        }
    }
}
