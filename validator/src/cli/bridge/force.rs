//! `plasmid bridge force`: transactions through the inbox on root, with no validator's help.
//!
//! A node is asked for the next sequence and for what came of it. Where none answers, `--sequence` does without the first, and
//! the Registry and the root chain have to be named. The bytes are judged here before root's price is paid for them.

mod held;
#[cfg(test)]
mod tests;

use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::SolCall;
use clap::{Args, Subcommand};
use plasmid_bridge::{
    abi::IInbox,
    client::{
        rpc::{Call, Receipt},
        wallet::{Wallet, WalletError},
    },
    proof::inbox::Body as MessageBody,
};
use serde_json::json;

use self::held::HeldForced;
use super::{
    LOST, Price, beside,
    message::{MessageOutcome, SentMessage},
    read, wallet,
};
use crate::{
    cli::{
        CliError,
        connect::{Connection, Deployment},
        init::SecondRoot,
        keys::{KeyOptions, Turn},
        output::{self, Output},
        tx::{
            self, Make,
            tip::{Passed, RootView},
        },
    },
    ledger::{
        Account, Transaction,
        check::judge_forced,
        transaction::{Authentication, Body, Header, StakeBody},
    },
};

/// What is sent through the inbox. It has no `Debug`: an endpoint may hold a provider's key.
#[derive(Subcommand)]
pub enum ForceCommand {
    #[command(flatten)]
    Make(Make<ForceSender>),
    /// Submits bytes that were signed before: elsewhere with `--dry-run`, or by a command that did not end well. The same bytes cannot take effect twice.
    Submit {
        /// The bytes in hex.
        bytes: String,
        /// Name of the key that pays for the call on root.
        #[arg(long)]
        carrier: String,
        #[command(flatten)]
        price: Price,
        #[command(flatten)]
        second: SecondRoot,
    },
}

/// Who acts, and who pays on root. It has no `Debug`: an endpoint may hold a provider's key.
#[derive(Args)]
pub struct ForceSender {
    /// Name of the key that signs.
    #[arg(long)]
    from: String,
    /// Acts as the address of this key itself (scheme `root-sender`), as a contract wallet does, without a signature.
    #[arg(long)]
    root_sender: bool,
    /// Name of the key that pays for the call on root [default: the signing key].
    #[arg(long, conflicts_with = "root_sender")]
    carrier: Option<String>,
    /// Sequence [default: the account's next one behind the transactions that wait in the node: this one has its effect only after all of
    /// them. Where validators keep those out of blocks, name the account's own sequence (`plasmid query account`): this one then has its
    /// effect, and the one that waits at that sequence never does].
    #[arg(long, conflicts_with = "root_sender")]
    sequence: Option<u64>,
    #[command(flatten)]
    price: Price,
    #[command(flatten)]
    second: SecondRoot,
    /// Prints the bytes instead of sending them.
    #[arg(long)]
    dry_run: bool,
}

/// Runs `plasmid bridge force …`.
///
/// # Errors
/// Why the bytes could have no effect, what root refused, or why they had none on the child.
pub async fn run(
    command: &ForceCommand,
    connection: &Connection,
    keys: &KeyOptions,
    output: Output,
) -> Result<(), CliError> {
    let status = connection.status().await;
    let deployment = match &status {
        Ok(status) => connection.deployment(status).await?,
        Err(_) => connection.deployment_alone().await?,
    };
    let (bytes, carrier, price, second, sending) = match command {
        ForceCommand::Submit {
            bytes,
            carrier,
            price,
            second,
        } => (tx::signed_bytes(bytes)?, carrier, price, second, None),
        ForceCommand::Make(make) => {
            let sending = make.authority();
            let carrier = sending.carrier.as_ref().unwrap_or(&sending.from);
            let (bytes, turn) = bytes_of(make, connection, keys, &deployment).await?;
            let (price, second) = (&sending.price, &sending.second);
            (bytes, carrier, price, second, Some((sending, turn)))
        }
    };
    let transaction = judge_forced(&bytes, &deployment.domain, &deployment.contracts)
        .map_err(|reject| CliError::new(format!("it would have no effect: {reject}")))?;
    if sending.as_ref().is_some_and(|(sending, _)| sending.dry_run) {
        let digest = transaction.digest(&deployment.domain);
        output.object(&json!({ "bytes": hex::encode(&bytes), "digest": digest.to_string() }));
        output.next("plasmid bridge force submit BYTES --carrier KEY");
        return Ok(());
    }
    let wallet = wallet(connection, keys, carrier, deployment.domain.root_chain_id).await?;
    deployment.refuse_closing(wallet.rpc()).await?;
    let contracts = (&deployment, connection.registry()?);
    let seen = status.as_ref().map_or(0, |status| status.root_height);
    beside(second, &wallet, contracts, seen, LOST).await?;
    let sender = transaction.header.sender;
    let own = Account::ethereum(wallet.address().into_array());
    if transaction.authentication == Authentication::RootSender && sender != own {
        return Err(CliError::new(format!(
            "a root-sender transaction acts for whoever sends it: this one names {sender}, and {carrier} is {own}"
        )));
    }
    let node = status.is_ok().then_some(connection);
    // The turn at the signer's key, where that is known, lasts until the child has consumed it or is no longer waited for.
    let turn = match sending {
        Some((_, turn)) => turn,
        None => signers_turn(keys, carrier, &transaction, own).await?,
    };
    let beside = turn.as_ref().map(|turn| turn.held(&deployment.domain));
    let held = HeldForced::new(&transaction, &bytes, &deployment.domain, beside);
    let way = Way {
        node,
        wallet: &wallet,
        inbox: deployment.inbox,
        price: *price,
        cursor: status.as_ref().map_or(0, |status| status.inbox_cursor),
    };
    way.send(&held, bytes, output).await?;
    output.next(&format!("plasmid query account {sender}"));
    Ok(())
}

/// The turn at the key that signed bytes which are submitted again, where that key is on this machine; `own` is the carrier's account.
async fn signers_turn(
    keys: &KeyOptions,
    carrier: &str,
    transaction: &Transaction,
    own: Account,
) -> Result<Option<Turn>, CliError> {
    let sender = transaction.header.sender;
    if sender == own {
        return Ok(Some(keys.turn(carrier).await?));
    }
    match keys.stated_of(sender)? {
        Some(name) => Ok(Some(keys.turn(&name).await?)),
        None => {
            output::note(&format!(
                "no key file here says that it is of {sender}, so nothing is kept of its sequence: where its key is, sign nothing with it \
                 until the child has consumed this transaction"
            ));
            Ok(None)
        }
    }
}

/// The bytes of what the user asked for, and the turn at the key whose sequence they take.
async fn bytes_of(
    make: &Make<ForceSender>,
    connection: &Connection,
    keys: &KeyOptions,
    deployment: &Deployment,
) -> Result<(Vec<u8>, Option<Turn>), CliError> {
    let sending = make.authority();
    if sending.root_sender {
        let sender = keys.account(&sending.from)?;
        let body = make.body(connection, keys, deployment, sender).await?;
        tell(make, &body, sender);
        return Ok((root_sender_bytes(sender.id, body), None));
    }
    let signer = keys.signer(&sending.from)?;
    let sender = signer.account();
    let body = make.body(connection, keys, deployment, sender).await?;
    tell(make, &body, sender);
    let turn = keys.turn(&sending.from).await?;
    let sequence = match sending.sequence {
        Some(sequence) => sequence,
        None => {
            let forget = !sending.dry_run;
            behind_what_waits(connection, deployment, sender, &turn, forget).await?
        }
    };
    let header = forced_header(signer.account(), sequence);
    let signed = signer.sign(header, body, &deployment.domain);
    Ok((signed.encode(), Some(turn)))
}

/// Tells what is done with stake: whoever is backed, and on which terms, may follow from a node's word.
fn tell(make: &Make<ForceSender>, body: &Body, sender: Account) {
    if let (Make::Stake(stake), Body::Stake(body)) = (make, body) {
        output::note(&(stake.words(body, sender) + put_off(body)));
    }
}

/// What is said of an end that an operator can have refused: which block judges it, and that it is spent then.
const fn put_off(body: &StakeBody) -> &'static str {
    match body {
        StakeBody::Undelegate { .. } | StakeBody::Redelegate { .. } => {
            ". The block is the one that consumes this message, which a third of the power can put off; what is refused there has no effect, \
             and is paid for again when it is sent again"
        }
        _ => "",
    }
}

/// The account's next sequence behind what waits in the node and behind what went through the inbox before. What the key signed on this
/// machine for another node may be lost, and then everything behind it is without effect: who pays decides whether to go behind it.
async fn behind_what_waits(
    connection: &Connection,
    deployment: &Deployment,
    sender: Account,
    turn: &Turn,
    forget: bool,
) -> Result<u64, CliError> {
    let held = &turn.held(&deployment.domain);
    let account = tx::get_account(connection, sender).await;
    let account = account.map_err(|error| {
        CliError::new(format!(
            "{error}; without a node, name the account's next sequence with --sequence"
        ))
    })?;
    let own = account.sequence;
    let told = connection.status().await?.height;
    let root = RootView::read(connection, deployment).await;
    let passed = root.map_or_else(|_| Passed::default(), |root| root.passed(told));
    let forced = tx::on_its_way(connection, held, (sender, own), passed, forget).await?;
    let next = tx::behind(tx::next_of(&account)?, forced);
    let last = held.last(sender, passed.height)?;
    if let Some(last) = last.filter(|last| last.sequence >= next) {
        let (sequence, until) = (last.sequence, last.valid_until);
        let behind = sequence.saturating_add(1);
        return Err(CliError::new(format!(
            "{next} is the next sequence of {sender} as far as this node knows, and this key has signed sequence {sequence} here, which this \
             node does not hold and which may be in a block until {until}. Nothing was signed and nothing was paid: name the one that is \
             meant. --sequence {next} has its effect whether that one is lost or not, in the place of what was signed at {next} here; \
             --sequence {behind} comes behind all that was signed here, and has no effect, although its price is paid, if any of it is lost"
        )));
    }
    if next > own {
        output::note(&format!(
            "transactions of {sender} wait from sequence {own} on, so this one takes {next} and has its effect only after them; \
             `--sequence {own}` puts it in the place of the first"
        ));
    }
    Ok(next)
}

/// How bytes come to the child: through the inbox on root, watched by a node where one answers.
struct Way<'a> {
    node: Option<&'a Connection>,
    wallet: &'a Wallet,
    inbox: Address,
    price: Price,
    /// How many messages the child had consumed before, as the node says; 0 where none answers.
    cursor: u64,
}

impl Way<'_> {
    /// Sends the bytes and, where a node answers, waits for what the child makes of them.
    async fn send(
        &self,
        held: &HeldForced,
        bytes: Vec<u8>,
        output: Output,
    ) -> Result<(), CliError> {
        let progress = output.progress("sending through the inbox");
        let price = read(self.wallet, self.inbox, IInbox::priceCall {}).await?;
        let value = self.price.with_room(self.price.check(price)?);
        let receipt = self.hand_in(held, bytes.clone(), value).await?;
        let after = |error: CliError| held.after(error.after_root(&receipt.hash));
        let sent = SentMessage::of(self.inbox, &receipt.logs).map_err(after)?;
        let is_this = |body: &MessageBody| matches!(body, MessageBody::Forced { transaction, .. } if transaction.as_slice() == bytes);
        sent.require(self.cursor, is_this).map_err(after)?;
        held.stands(sent.hash(), sent.index).map_err(after)?;
        let outcome = match self.node {
            Some(connection) => {
                progress.set_message("waiting for the child to consume it");
                Some(sent.outcome(connection).await)
            }
            None => None,
        };
        progress.finish_and_clear();
        let mut object = json!({
            "root_transaction": receipt.hash.to_string(), "root_block": receipt.block, "message": sent.index, "hash": sent.hash(),
            "price": price.to_string(), "sent": value.to_string(), "consumed": false,
        });
        if let Some(Ok(outcome)) = &outcome {
            outcome.add_to(&mut object);
        }
        output.object(&object);
        match outcome.transpose().map_err(after)? {
            Some(MessageOutcome { code, log, .. }) if code != 0 => {
                let said = format!("the child consumed it without effect: {log} (code {code})");
                Err(after(CliError::new(said)))
            }
            Some(_) => Ok(()),
            None => {
                output.say("it stands in the inbox on root; no node answers that could say when the child consumes it");
                Ok(())
            }
        }
    }

    /// Hands the bytes in with `value` wei. Gas is estimated with a filler of their length, at which the Inbox does not look either: an
    /// estimate with the bytes would give them away before they are named.
    async fn hand_in(
        &self,
        held: &HeldForced,
        bytes: Vec<u8>,
        value: U256,
    ) -> Result<Receipt, CliError> {
        let call = |transaction: Vec<u8>| {
            let force = IInbox::forceCall {
                transaction: Bytes::from(transaction),
            };
            Call {
                value,
                ..Call::to(self.inbox, force.abi_encode())
            }
        };
        // No byte costs more than one that is not zero.
        let gas = self.wallet.gas(&call(vec![0xff; bytes.len()])).await?;
        let fees = self.wallet.fees().await?;
        let before = held.leaves()?;
        let done = match self.wallet.send_with(call(bytes), gas, fees).await {
            Ok(sent) => self.wallet.wait(sent).await,
            Err(error) => Err(error),
        };
        done.map_err(|error: WalletError| {
            let has_left = !error.hashes().is_empty();
            let error = CliError::from(error);
            match has_left {
                true => held.after(error),
                false => held.stays(before, error),
            }
        })
    }
}

/// The header that forced transactions must have: no fee, and valid for ever.
pub fn forced_header(sender: Account, sequence: u64) -> Header {
    Header {
        sender,
        lane: 0,
        sequence,
        fee: 0,
        fee_payer: Account::from_bytes(&[0; 21]),
        valid_until: u64::MAX,
        memo: [0; 32],
    }
}

/// The bytes of a transaction that acts as `address` by its own call on root.
pub fn root_sender_bytes(address: [u8; 20], body: Body) -> Vec<u8> {
    Transaction {
        header: forced_header(Account::ethereum(address), 0),
        body,
        authentication: Authentication::RootSender,
        fee_payer_authentication: None,
    }
    .encode()
}
