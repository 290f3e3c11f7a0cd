//! A signed transaction on its way to a node. It is named by its own hash before its bytes leave, is handed in once, and whatever the
//! node says afterwards, no error ends the command without that name: a node that has the bytes can use them.

use plasmid_proto::ledger::v1::{FollowRequest, Stage, SubmitRequest, follow_request};
use serde_json::{Value, json};

use super::shown;
use crate::{
    cli::{
        CliError,
        connect::Connection,
        output::{self, Output},
    },
    ledger::{Domain, Transaction},
    plain,
    wire::engine_hash,
};

/// Why it is not known that a node took a transaction.
pub enum NotTaken {
    /// It refused it, or it was never asked.
    Refused(CliError),
    /// The answer is missing, and it may have it.
    Unclear(CliError),
}

impl From<NotTaken> for CliError {
    fn from(not_taken: NotTaken) -> Self {
        match not_taken {
            NotTaken::Refused(error) | NotTaken::Unclear(error) => error,
        }
    }
}

/// A signed transaction and its names.
pub struct Leaving {
    bytes: Vec<u8>,
    hash: [u8; 32],
    /// Its digest in hex; `None` where the deployment is not known.
    digest: Option<String>,
    sequence: u64,
    valid_until: u64,
}

impl Leaving {
    /// What was signed for the deployment of `domain`, where that is known.
    pub fn new(transaction: &Transaction, domain: Option<&Domain>) -> Self {
        let bytes = transaction.encode();
        Self {
            hash: engine_hash(&bytes),
            digest: domain.map(|domain| transaction.digest(domain).to_string()),
            sequence: transaction.header.sequence,
            valid_until: transaction.header.valid_until,
            bytes,
        }
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Hands the bytes in, once; they take another transaction's place only if `replace`.
    ///
    /// # Errors
    /// The node's refusal with its code, or why it is not known whether the node has them.
    pub async fn hand_in(&self, connection: &Connection, replace: bool) -> Result<(), NotTaken> {
        let client = connection.transactions().await;
        let mut client = client.map_err(NotTaken::Refused)?;
        let (name, until) = (self.name(), self.until());
        output::note(&format!("handing in {name}, which may take effect {until}"));
        let request = SubmitRequest {
            transaction: self.bytes.clone(),
            replace,
        };
        let answer = client.submit(request).await;
        let answer =
            answer.map_err(|status| NotTaken::Unclear(self.after(CliError::from(status))))?;
        match answer.into_inner() {
            answer if answer.code == 0 => Ok(()),
            answer => {
                let log = plain::words(&answer.log);
                let said = format!("the node refused: {log} (code {})", answer.code);
                Err(NotTaken::Refused(self.after(CliError::new(said))))
            }
        }
    }

    /// Tells what was handed in; with `wait`, follows it until it stands in a block.
    ///
    /// # Errors
    /// When the node does not say that it stands in one.
    pub async fn follow(
        &self,
        connection: &Connection,
        wait: bool,
        output: Output,
    ) -> Result<Value, CliError> {
        if !wait {
            let mut object = json!({ "hash": hex::encode(self.hash) });
            self.add_own(&mut object);
            object["stage"] = "pending".into();
            return Ok(object);
        }
        let progress = output.progress("waiting for the block");
        let outcome = self.included(connection).await;
        progress.finish_and_clear();
        outcome.map_err(|error| self.after(error))
    }

    async fn included(&self, connection: &Connection) -> Result<Value, CliError> {
        let request = FollowRequest {
            id: Some(follow_request::Id::Hash(self.hash.to_vec())),
        };
        let mut client = connection.transactions().await?;
        let mut stream = client.follow(request).await?.into_inner();
        while let Some(message) = stream.message().await? {
            let status = message.status;
            if let Some(status) = status.filter(|status| status.stage >= Stage::Included as i32) {
                let mut object = shown(&status);
                object["hash"] = hex::encode(self.hash).into();
                self.add_own(&mut object);
                return Ok(object);
            }
        }
        Err(CliError::new(
            "the node says that it stands in no block and waits no longer, because it expired or was replaced",
        ))
    }

    /// Adds what the bytes themselves say.
    fn add_own(&self, object: &mut Value) {
        object["valid_until"] = self.valid_until.into();
        if let Some(digest) = &self.digest {
            object["digest"] = digest.trim_start_matches("0x").into();
        }
    }

    fn name(&self) -> String {
        let digest = self.digest.as_ref();
        let digest = digest.map_or_else(String::new, |digest| format!("digest {digest}, "));
        format!(
            "transaction {} ({digest}sequence {})",
            hex::encode(self.hash),
            self.sequence
        )
    }

    fn until(&self) -> String {
        match self.valid_until {
            u64::MAX => "for ever".to_owned(),
            height => format!("until block {height}"),
        }
    }

    /// An error that came when the bytes had left, with what may still become of them.
    fn after(&self, error: CliError) -> CliError {
        let (name, hash, sequence) = (self.name(), hex::encode(self.hash), self.sequence);
        let until = self.until();
        CliError::new(format!(
            "{error}\n{name} has left this machine. Whatever the node says, it may still take effect, {until}: do not repeat the command \
             before you looked with `plasmid query tx {hash}`, at another node too\nto cancel it, sign another transaction in its place: \
             --sequence {sequence} --replace, with a --fee that is a tenth higher"
        ))
    }
}
