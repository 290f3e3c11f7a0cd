//! What became of a message: from its event on root to its result on the child.

use std::time::Duration;

use alloy_primitives::Address;
use alloy_sol_types::SolEvent;
use plasmid_bridge::{
    abi::IInbox,
    proof::inbox::{Body, Deposit, Message},
    relay::seen::Log,
};
use plasmid_proto::ledger::v1::{GetTransactionRequest, get_transaction_request};
use serde_json::{Value, json};

use crate::{
    chain::record::MESSAGE,
    cli::{CliError, connect::Connection, tx},
    plain,
    wire::engine_hash,
};

/// How often, and how many times, the child's cursor is looked at: two minutes.
const POLL: Duration = Duration::from_millis(250);
const POLLS: u32 = 480;

/// A message that stands in the inbox.
pub struct SentMessage {
    pub index: u64,
    /// The engine's hash of its transaction on the child.
    hash: [u8; 32],
    message: Vec<u8>,
}

/// What the child made of a message.
pub struct MessageOutcome {
    /// Its result code; zero: it did what it says.
    pub code: u32,
    /// Why it did not.
    pub log: String,
    /// The withdrawals that it made, by number.
    pub withdrawals: Vec<u64>,
}

impl MessageOutcome {
    /// Adds itself to an object that is printed.
    pub fn add_to(&self, object: &mut Value) {
        object["consumed"] = true.into();
        object["code"] = self.code.into();
        object["log"] = self.log.clone().into();
        if !self.withdrawals.is_empty() {
            object["withdrawals"] = json!(self.withdrawals);
        }
    }
}

impl SentMessage {
    /// The message that `inbox` took in a transaction with these events.
    pub fn of(inbox: Address, logs: &[Log]) -> Result<Self, CliError> {
        let event = sent(inbox, logs)?;
        let transaction = [&[MESSAGE], event.message.as_ref()].concat();
        Ok(Self {
            index: event.index,
            hash: engine_hash(&transaction),
            message: event.message.to_vec(),
        })
    }

    /// Refuses the event of another message than the one that was sent: `is_wanted` judges what it says, and the child had consumed `cursor`
    /// messages before it was sent.
    ///
    /// # Errors
    /// When a root node names an older message, or one that says something else.
    pub fn require(
        &self,
        cursor: u64,
        is_wanted: impl FnOnce(&Body) -> bool,
    ) -> Result<(), CliError> {
        let said = Message::decode(&self.message).map(|message| message.body);
        match said {
            Ok(body) if self.index > cursor && is_wanted(&body) => Ok(()),
            _ => Err(CliError::new(format!(
                "the root node names message {} as the one that was sent, and that is another one: look at the transaction through another \
                 root node before you repeat anything",
                self.index
            ))),
        }
    }

    /// What the message deposits, as root counted it.
    pub fn deposit(&self) -> Result<Deposit, CliError> {
        let wrong = |why: String| {
            CliError::new(format!(
                "message {} in the inbox is not a deposit ({why})",
                self.index
            ))
        };
        match Message::decode(&self.message) {
            Ok(message) => match message.body {
                Body::Deposit(deposit) => Ok(deposit),
                other => Err(wrong(format!("it is of kind {}", other.kind()))),
            },
            Err(error) => Err(wrong(error.to_string())),
        }
    }

    /// Waits until the child has consumed it, and asks what it did.
    pub async fn outcome(&self, connection: &Connection) -> Result<MessageOutcome, CliError> {
        self.wait(connection).await?;
        let request = GetTransactionRequest {
            id: Some(get_transaction_request::Id::Hash(self.hash.to_vec())),
        };
        let mut client = connection.transactions().await?;
        let answer = client.get_transaction(request).await?.into_inner();
        let status = tx::status_of(answer)?;
        if status.hash != self.hash {
            let told = hex::encode(&status.hash);
            return Err(CliError::other_than_asked("transaction", self.hash(), told));
        }
        Ok(MessageOutcome {
            code: status.code,
            withdrawals: tx::withdrawals(&status),
            log: plain::words(&status.log),
        })
    }

    async fn wait(&self, connection: &Connection) -> Result<(), CliError> {
        let index = self.index;
        let mut cursor = 0;
        for _ in 0..POLLS {
            cursor = connection.status().await?.inbox_cursor;
            if cursor >= index {
                return Ok(());
            }
            tokio::time::sleep(POLL).await;
        }
        Err(CliError::new(format!(
            "message {index} stands in the inbox on root and the child is at {cursor}: nothing is lost, it will be consumed; \
             `plasmid status` shows the cursor, `plasmid query tx {}` then shows what came of it",
            hex::encode(self.hash)
        )))
    }

    /// The engine's hash in hex.
    pub fn hash(&self) -> String {
        hex::encode(self.hash)
    }
}

/// The event of the last message that `inbox` took; another contract's events are not looked at. A token that is deposited may send
/// messages of its own while it is called, and the Vault sends the deposit's after that.
fn sent(inbox: Address, logs: &[Log]) -> Result<IInbox::MessageSent, CliError> {
    let own = logs.iter().rev().filter(|log| log.address == inbox);
    own.filter_map(|log| {
        IInbox::MessageSent::decode_raw_log(log.topics.iter().copied(), &log.data).ok()
    })
    .next()
    .ok_or_else(|| CliError::new("the transaction on root sent no message to the inbox"))
}

/// The index of the message that `inbox` took in a transaction with these events.
///
/// # Errors
/// When it took none.
pub fn message_index(inbox: Address, logs: &[Log]) -> Result<u64, CliError> {
    sent(inbox, logs).map(|sent| sent.index)
}
