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
        tx::{self, Make},
    },
    ledger::{
        Account, Transaction,
        check::judge_forced,
        transaction::{Authentication, Body, Header},
    },
};

/// What is sent through the inbox.
#[derive(Debug, Subcommand)]
pub enum ForceCommand {
    #[command(flatten)]
    Make(Make<Sending>),
    /// Submits bytes that were created and signed elsewhere with `--dry-run`.
    Submit {
        /// The bytes in hex.
        bytes: String,
        /// Name of the key that pays for the call on root.
        #[arg(long)]
        carrier: String,
    },
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
        ForceCommand::Submit { bytes, carrier } => (tx::signed_bytes(bytes)?, carrier, None),
        ForceCommand::Make(make) => {
            let sending = make.authority();
            let bytes = bytes_of(make, connection, keys, &deployment).await?;
            let carrier = sending.carrier.as_ref().unwrap_or(&sending.from);
            (bytes, carrier, Some(sending))
        }
    };
    let transaction = judge_forced(&bytes, &deployment.domain, &deployment.contracts)
        .map_err(|reject| CliError::new(format!("it would have no effect: {reject}")))?;
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
    make: &Make<Sending>,
    connection: &Connection,
    keys: &KeyOptions,
    deployment: &Deployment,
) -> Result<Vec<u8>, CliError> {
    let sending = make.authority();
    if sending.root_sender {
        let sender = keys.account(&sending.from)?;
        let body = make.body(connection, keys, deployment, sender).await?;
        return Ok(root_sender_bytes(sender.id, body));
    }
    let signer = keys.signer(&sending.from)?;
    let sender = signer.account();
    let body = make.body(connection, keys, deployment, sender).await?;
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
    let sent = Sent::of(inbox, &receipt.logs).map_err(|error| error.after_root(&receipt.hash))?;
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
