//! `plasmid bridge force`: transactions through the inbox on root, with no validator's help.
//!
//! A node is asked for the next sequence and for what came of it. Where none answers, `--sequence` does without the first, and
//! the Registry and the root chain have to be named. The bytes are judged here before root's price is paid for them.

use alloy_primitives::{Address, Bytes};
use alloy_sol_types::SolCall;
use clap::{Args, Subcommand};
use plasmid_bridge::{
    abi::IInbox,
    client::{rpc::Call, wallet::Wallet},
};
use serde_json::json;

use super::{
    message::{Outcome, Sent},
    read, wallet,
};
use crate::{
    cli::{
        CliError,
        connect::{Connection, Deployment},
        keys::KeyOptions,
        output::Output,
        tx::{self, Money, RecordArgs},
    },
    ledger::{
        Account, Transaction,
        check::judge_forced,
        transaction::{Authentication, Body, Header, MAX_FORCED_BYTES},
    },
    rpc::signer::Signer,
};

/// What is sent through the inbox.
#[derive(Debug, Subcommand)]
pub enum ForceCommand {
    #[command(flatten)]
    Make(Make),
    /// Carries bytes that were signed elsewhere, with `--dry-run`.
    Submit {
        /// The bytes in hex.
        bytes: String,
        /// Name of the key that pays for the call on root.
        #[arg(long)]
        carrier: String,
    },
}

/// Transactions that are made here.
#[derive(Debug, Subcommand)]
pub enum Make {
    /// Pays somebody on the child.
    Transfer {
        /// Who is paid: an account (0x… or plasmid1…) or the name of one of your keys.
        #[arg(long)]
        to: String,
        #[command(flatten)]
        money: Money,
        #[command(flatten)]
        sending: Sending,
    },
    /// Takes money off the child, to be claimed on root.
    Withdraw {
        /// Who is paid on root [default: the sender's own address, or the payout address of its account].
        #[arg(long)]
        to: Option<String>,
        #[command(flatten)]
        money: Money,
        #[command(flatten)]
        sending: Sending,
    },
    /// Names the address on root that an Ed25519 account is paid at.
    SetPayout {
        /// The address on root.
        payout: String,
        #[command(flatten)]
        sending: Sending,
    },
    /// Puts the hash of some data under a topic, provable on root. All of it has to fit 512 bytes.
    Record {
        #[command(flatten)]
        record: RecordArgs,
        #[command(flatten)]
        sending: Sending,
    },
}

impl Make {
    const fn sending(&self) -> &Sending {
        match self {
            Self::Transfer { sending, .. }
            | Self::Withdraw { sending, .. }
            | Self::SetPayout { sending, .. }
            | Self::Record { sending, .. } => sending,
        }
    }
}

/// Who acts, and who pays on root.
#[derive(Clone, Debug, Args)]
pub struct Sending {
    /// Name of the key that signs.
    #[arg(long)]
    from: String,
    /// Acts as the address of this key itself (scheme `root-sender`), as a contract wallet does, without a signature.
    #[arg(long)]
    root_sender: bool,
    /// Name of the key that pays for the call on root [default: the signing key].
    #[arg(long, conflicts_with = "root_sender")]
    carrier: Option<String>,
    /// Sequence [default: the account's next, which the node is asked for].
    #[arg(long, conflicts_with = "root_sender")]
    sequence: Option<u64>,
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
    let (bytes, carrier, sending) = match command {
        ForceCommand::Submit { bytes, carrier } => {
            let bytes = hex::decode(bytes.trim_start_matches("0x"))
                .map_err(|error| CliError::new(format!("{bytes:?} is not hex: {error}")))?;
            (bytes, carrier, None)
        }
        ForceCommand::Make(make) => {
            let sending = make.sending();
            let bytes = bytes_of(make, connection, keys, &deployment).await?;
            let carrier = sending.carrier.as_ref().unwrap_or(&sending.from);
            (bytes, carrier, Some(sending))
        }
    };
    let transaction = judge(&bytes, &deployment)?;
    if sending.is_some_and(|sending| sending.dry_run) {
        let digest = transaction.digest(&deployment.domain);
        output.object(&json!({ "bytes": hex::encode(&bytes), "digest": digest.to_string() }));
        output.next("plasmid bridge force submit BYTES --carrier KEY");
        return Ok(());
    }
    let wallet = wallet(connection, keys, carrier, deployment.domain.root_chain_id).await?;
    let sender = transaction.header.sender;
    let own = Account::ethereum(wallet.address().into_array());
    if transaction.authentication == Authentication::RootSender && sender != own {
        return Err(CliError::new(format!(
            "a root-sender transaction acts for whoever sends it: this one names {sender}, and {carrier} is {own}"
        )));
    }
    let node = status.is_ok().then_some(connection);
    send(node, &wallet, deployment.inbox, bytes, output).await?;
    output.next(&format!("plasmid query account {sender}"));
    Ok(())
}

/// The bytes of what the user asked for.
async fn bytes_of(
    make: &Make,
    connection: &Connection,
    keys: &KeyOptions,
    deployment: &Deployment,
) -> Result<Vec<u8>, CliError> {
    let sending = make.sending();
    let sender = tx::account(&sending.from, keys)?;
    let body = match make {
        Make::Transfer { to, money, .. } => tx::transfer(connection, keys, to, money).await?,
        Make::Withdraw { to, money, .. } => {
            tx::withdrawal(connection, to.as_deref(), sender, money).await?
        }
        Make::SetPayout { payout, .. } => tx::set_payout(payout)?,
        Make::Record { record, .. } => record.body()?,
    };
    if sending.root_sender {
        return Ok(root_sender_bytes(sender.id, body));
    }
    let (about, secret) = keys.open(&sending.from)?;
    let signer = Signer::new(about.kind, &secret)?;
    let sequence = match sending.sequence {
        Some(sequence) => sequence,
        None => {
            let account = tx::get_account(connection, sender).await;
            let unknown = |error| {
                CliError::new(format!(
                    "{error}; without a node, name the account's next sequence with --sequence"
                ))
            };
            account.map_err(unknown)?.sequence
        }
    };
    let header = forced_header(signer.account(), sequence);
    Ok(signer.sign(header, body, &deployment.domain).encode())
}

/// Refuses what could have no effect, before somebody pays for it.
fn judge(bytes: &[u8], deployment: &Deployment) -> Result<Transaction, CliError> {
    if bytes.len() > MAX_FORCED_BYTES {
        return Err(CliError::new(format!(
            "the inbox takes at most {MAX_FORCED_BYTES} bytes, and this transaction has {}",
            bytes.len()
        )));
    }
    judge_forced(bytes, &deployment.domain)
        .map_err(|reject| CliError::new(format!("it would have no effect: {reject}")))
}

/// Sends the bytes and, where a node answers, waits for what the child makes of them.
async fn send(
    node: Option<&Connection>,
    wallet: &Wallet,
    inbox: Address,
    bytes: Vec<u8>,
    output: Output,
) -> Result<(), CliError> {
    let progress = output.progress("sending through the inbox");
    let value = read(wallet, inbox, IInbox::priceCall {}).await?;
    let call = IInbox::forceCall {
        transaction: Bytes::from(bytes),
    };
    let receipt = wallet
        .execute(Call {
            value,
            ..Call::to(inbox, call.abi_encode())
        })
        .await?;
    let sent = Sent::of(inbox, &receipt.logs)?;
    let outcome = match node {
        Some(connection) => {
            progress.set_message("waiting for the child to consume it");
            Some(sent.outcome(connection).await)
        }
        None => None,
    };
    progress.finish_and_clear();
    let mut object = json!({
        "root_transaction": receipt.hash.to_string(), "root_block": receipt.block, "message": sent.index, "hash": sent.hash(),
        "price": value.to_string(), "consumed": false,
    });
    if let Some(Ok(outcome)) = &outcome {
        outcome.add_to(&mut object);
    }
    output.object(&object);
    match outcome.transpose()? {
        Some(Outcome { code, log, .. }) if code != 0 => Err(CliError::new(format!(
            "the child consumed it without effect: {log} (code {code})"
        ))),
        Some(_) => Ok(()),
        None => {
            output.say("it stands in the inbox on root; no node answers that could say when the child consumes it");
            Ok(())
        }
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
