//! `plasmid bridge`: money and messages between root and child.
//!
//! Calls to root are made here from the user's own words, never signed as a node hands them over: a node that lies about the
//! calldata could take the money.

use std::time::Duration;

use alloy_primitives::{Address, FixedBytes, U256};
use alloy_sol_types::{SolCall, SolEvent};
use clap::{Args, Subcommand};
use plasmid_bridge::{
    abi::{IInbox, IToken, IVault},
    client::{
        rpc::{At, Call},
        wallet::{Key, Policy, Wallet},
    },
    relay::seen::Log,
};
use plasmid_proto::bridge::v1::{GetWithdrawalRequest, PrepareClaimRequest, WithdrawalStage};
use serde_json::json;

use super::{
    CliError, amount,
    connect::{self, Connection},
    keys::KeyOptions,
    output::Output,
    proof,
    tx::{self, Money, Signing},
};
use crate::{
    ledger::{
        Account,
        transaction::{Body, Header},
    },
    node::{keystore::KeyKind, signer::Signer},
};

/// How often, and how many times, the child's cursor is looked at: two minutes.
const CONSUMED_POLL: Duration = Duration::from_millis(250);
const CONSUMED_POLLS: u32 = 480;

/// Money and messages between root and child.
#[derive(Debug, Subcommand)]
pub enum BridgeCommand {
    /// Sends money from root to the child.
    Deposit {
        /// Who gets it on the child [default: the sender's account].
        #[arg(long)]
        to: Option<String>,
        /// Native coin that goes along with a token, for fees on the child.
        #[arg(long)]
        native: Option<String>,
        #[command(flatten)]
        deposit: Deposit,
    },
    /// Takes money off the child; the same as `plasmid tx withdraw`.
    Withdraw {
        /// Who is paid on root.
        #[arg(long)]
        to: Option<String>,
        #[command(flatten)]
        money: Money,
        #[command(flatten)]
        signing: Signing,
    },
    /// Claims withdrawals on root. Anyone may carry them; the money goes to their recipients.
    Claim {
        /// Their numbers.
        #[arg(required = true)]
        numbers: Vec<u64>,
        /// Name of the key that pays for the gas.
        #[arg(long)]
        from: String,
        /// Does not wait until they can be claimed.
        #[arg(long)]
        no_wait: bool,
    },
    /// Sends a transfer through the inbox on root, with no validator's help.
    Force {
        /// Who is paid on the child.
        #[arg(long)]
        to: String,
        /// Acts as the sending address itself (scheme `root-sender`), as a contract wallet does, without a signature.
        #[arg(long)]
        root_sender: bool,
        /// Key that pays for the call on root [default: the signing key].
        #[arg(long)]
        carrier: Option<String>,
        #[command(flatten)]
        deposit: Deposit,
    },
    /// Fetches the proof of an account, a token balance or a withdrawal at a checkpoint.
    Prove(proof::ProveCommand),
    /// Verifies a proof file: the leaf against the state root, and the state root against RootChain.
    Verify(proof::VerifyCommand),
}

/// What goes in, and who pays.
#[derive(Clone, Debug, Args)]
pub struct Deposit {
    /// Name of the key.
    #[arg(long)]
    from: String,
    /// Decimal number of coins (1.5), or base units (1500base).
    #[arg(long)]
    amount: String,
    /// Address of the token on root; the native coin when absent.
    #[arg(long)]
    token: Option<String>,
}

/// Runs `plasmid bridge …`.
///
/// # Errors
/// What root or the node refused.
pub async fn run(
    command: BridgeCommand,
    connection: &Connection,
    keys: &KeyOptions,
    output: Output,
) -> Result<(), CliError> {
    match command {
        BridgeCommand::Deposit {
            to,
            native,
            deposit,
        } => {
            make_deposit(
                connection,
                keys,
                output,
                to.as_deref(),
                native.as_deref(),
                &deposit,
            )
            .await
        }
        BridgeCommand::Withdraw { to, money, signing } => {
            tx::withdraw(connection, keys, output, to.as_deref(), &money, &signing).await
        }
        BridgeCommand::Claim {
            numbers,
            from,
            no_wait,
        } => claim(connection, keys, output, &numbers, &from, !no_wait).await,
        BridgeCommand::Force {
            to,
            root_sender,
            carrier,
            deposit,
        } => {
            let carrier = carrier.unwrap_or_else(|| deposit.from.clone());
            force(
                connection,
                keys,
                output,
                &Forced {
                    to,
                    root_sender,
                    carrier,
                    deposit,
                },
            )
            .await
        }
        BridgeCommand::Prove(command) => proof::prove(command, connection, output).await,
        BridgeCommand::Verify(command) => proof::verify(&command, connection, output).await,
    }
}

struct Forced {
    to: String,
    root_sender: bool,
    carrier: String,
    deposit: Deposit,
}

/// A wallet on root for the key called `name`.
pub async fn wallet(
    connection: &Connection,
    keys: &KeyOptions,
    name: &str,
    chain_id: u64,
) -> Result<Wallet, CliError> {
    let (about, secret) = keys.open(name)?;
    if about.kind != KeyKind::Secp256k1 {
        return Err(CliError::new(format!(
            "key {name} is {}; root chains take secp256k1 keys",
            about.kind.name()
        )));
    }
    let key = Key::from_bytes(&secret).map_err(|error| CliError::new(error.to_string()))?;
    Ok(Wallet::open(connection.root()?, key, chain_id, Policy::default()).await?)
}

async fn read<C: SolCall>(wallet: &Wallet, to: Address, call: C) -> Result<C::Return, CliError> {
    let data = wallet
        .rpc()
        .call(&Call::to(to, call.abi_encode()), At::Latest)
        .await?;
    C::abi_decode_returns(&data)
        .map_err(|error| CliError::new(format!("root answered what cannot be read: {error}")))
}

async fn make_deposit(
    connection: &Connection,
    keys: &KeyOptions,
    output: Output,
    to: Option<&str>,
    native: Option<&str>,
    deposit: &Deposit,
) -> Result<(), CliError> {
    let status = connection.status().await?;
    let wallet = wallet(connection, keys, &deposit.from, status.root_chain_id).await?;
    let vault = connection.deployment(&status)?.vault;
    let recipient = match to {
        Some(text) => tx::account(text, keys)?,
        None => Account {
            kind: 0,
            id: wallet.address().into_array(),
        },
    };
    let account = IVault::Account {
        kind: recipient.kind,
        id: FixedBytes(recipient.id),
    };
    let refund = wallet.address();
    let progress = output.progress("depositing on root");
    let (data, value, shown) = match &deposit.token {
        None => {
            let units = amount::parse(&deposit.amount, 18)?;
            let value = read(&wallet, vault, IVault::quoteCall { native: units }).await?;
            let call = IVault::depositNativeCall {
                amount: units,
                recipient: account,
                refund,
            };
            (call.abi_encode(), value, units)
        }
        Some(token) => {
            let token = Address::from(connect::address(token)?);
            let decimals = read(&wallet, token, IToken::decimalsCall {}).await?;
            let units = amount::parse(&deposit.amount, u32::from(decimals))?;
            let native = native.map_or(Ok(0), |text| amount::parse(text, 18))?;
            let value = read(&wallet, vault, IVault::quoteCall { native }).await?;
            let approve = IToken::approveCall {
                spender: vault,
                value: U256::from(units),
            };
            wallet
                .execute(Call::to(token, approve.abi_encode()))
                .await?;
            let call = IVault::depositTokenCall {
                token,
                amount: units,
                native,
                recipient: account,
                refund,
            };
            (call.abi_encode(), value, units)
        }
    };
    let receipt = wallet
        .execute(Call {
            from: None,
            to: Some(vault),
            value,
            data: data.into(),
        })
        .await?;
    let index = message_index(&receipt.logs)?;
    progress.set_message("waiting for the child to credit it");
    let consumed = wait_consumed(connection, index).await;
    progress.finish_and_clear();
    output.object(&json!({
        "root_transaction": receipt.hash.to_string(), "root_block": receipt.block, "message": index,
        "recipient": recipient.to_string(), "amount": shown.to_string(), "value": value.to_string(), "consumed": consumed.is_ok(),
    }));
    consumed?;
    output.say(&format!(
        "credited, unless the child had to refund it; `plasmid query balances {recipient}` shows"
    ));
    let from = &deposit.from;
    output.next(&format!(
        "plasmid tx transfer --from {from} --to ACCOUNT --amount AMOUNT"
    ));
    Ok(())
}

/// The index of the inbox message that a transaction on root sent.
pub fn message_index(logs: &[Log]) -> Result<u64, CliError> {
    logs.iter()
        .find_map(|log| {
            IInbox::MessageSent::decode_raw_log(log.topics.iter().copied(), &log.data).ok()
        })
        .map(|sent| sent.index)
        .ok_or_else(|| CliError::new("the transaction on root sent no message"))
}

/// Waits until the child has consumed message `index`.
async fn wait_consumed(connection: &Connection, index: u64) -> Result<(), CliError> {
    let mut cursor = 0;
    for _ in 0..CONSUMED_POLLS {
        cursor = connection.status().await?.inbox_cursor;
        if cursor >= index {
            return Ok(());
        }
        tokio::time::sleep(CONSUMED_POLL).await;
    }
    Err(CliError::new(format!(
        "message {index} stands in the inbox on root and the child is at {cursor}: nothing is lost, it will be consumed; `plasmid status` shows the cursor"
    )))
}

async fn claim(
    connection: &Connection,
    keys: &KeyOptions,
    output: Output,
    numbers: &[u64],
    from: &str,
    wait: bool,
) -> Result<(), CliError> {
    let status = connection.status().await?;
    let wallet = wallet(connection, keys, from, status.root_chain_id).await?;
    let vault = connection.deployment(&status)?.vault;
    let progress = output.progress("waiting for a final checkpoint");
    for number in numbers {
        wait_claimable(connection, *number, wait, &progress).await?;
    }
    progress.set_message("claiming on root");
    let request = PrepareClaimRequest {
        withdrawals: numbers.to_vec(),
    };
    let prepared = connection
        .bridge()
        .await?
        .prepare_claim(request)
        .await?
        .into_inner();
    let call = prepared
        .call
        .ok_or_else(|| CliError::new("the node answered without a call"))?;
    // A claim pays only the recipients in its leaves and carries no value, so the node's calldata can take nothing.
    if Address::from(connect::address(&call.to)?) != vault
        || !["", "0"].contains(&call.value.as_str())
    {
        return Err(CliError::new(format!(
            "the node's call goes to {} with {} wei, not to the vault {}",
            call.to, call.value, vault
        )));
    }
    let receipt = wallet.execute(Call::to(vault, call.data)).await?;
    progress.finish_and_clear();
    let paid = paid(vault, &receipt.logs);
    output.object(&json!({
        "root_transaction": receipt.hash.to_string(), "root_block": receipt.block, "gas_used": receipt.gas_used,
        "epoch": prepared.epoch, "paid": paid,
    }));
    let unpaid: Vec<_> = numbers
        .iter()
        .filter(|number| !paid.contains(number))
        .collect();
    if !unpaid.is_empty() {
        return Err(CliError::new(format!(
            "withdrawals {unpaid:?} were not paid: claimed before, or their recipient does not take the money now; those stay claimable"
        )));
    }
    output.next("plasmid status");
    Ok(())
}

/// The withdrawals that the Vault paid in a transaction.
fn paid(vault: Address, logs: &[Log]) -> Vec<u64> {
    let own = logs.iter().filter(|log| log.address == vault);
    own.filter_map(|log| {
        IVault::Claimed::decode_raw_log(log.topics.iter().copied(), &log.data).ok()
    })
    .map(|claimed| claimed.number)
    .collect()
}

async fn wait_claimable(
    connection: &Connection,
    number: u64,
    wait: bool,
    progress: &indicatif::ProgressBar,
) -> Result<(), CliError> {
    loop {
        let mut client = connection.bridge().await?;
        let answer = client
            .get_withdrawal(GetWithdrawalRequest { number })
            .await?
            .into_inner();
        let withdrawal = answer
            .withdrawal
            .ok_or_else(|| CliError::new(format!("no withdrawal {number}")))?;
        if withdrawal.stage == WithdrawalStage::Claimable as i32 {
            return Ok(());
        }
        let left = withdrawal
            .seconds_to_claim
            .map_or_else(|| "some".to_owned(), |seconds| seconds.to_string());
        if !wait {
            return Err(CliError::new(format!(
                "withdrawal {number} cannot be claimed yet; about {left} seconds are left"
            )));
        }
        progress.set_message(format!(
            "withdrawal {number}: about {left} s until it can be claimed"
        ));
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

async fn force(
    connection: &Connection,
    keys: &KeyOptions,
    output: Output,
    forced: &Forced,
) -> Result<(), CliError> {
    let status = connection.status().await?;
    let deployment = connection.deployment(&status)?;
    let domain = deployment.domain;
    let money = Money {
        amount: forced.deposit.amount.clone(),
        token: forced.deposit.token.clone(),
    };
    let (token, units) = tx::resolve(connection, &money).await?;
    let body = Body::Transfer {
        to: tx::account(&forced.to, keys)?,
        token,
        amount: units,
    };
    let wallet = wallet(connection, keys, &forced.carrier, status.root_chain_id).await?;
    let bytes = if forced.root_sender {
        root_sender_bytes(wallet.address().into_array(), body)
    } else {
        let (about, secret) = keys.open(&forced.deposit.from)?;
        let signer = Signer::new(about.kind, &secret)?;
        let request = plasmid_proto::ledger::v1::GetAccountRequest {
            account: signer.account().to_string(),
        };
        let sequence = connection
            .accounts()
            .await?
            .get_account(request)
            .await?
            .into_inner()
            .sequence;
        signer
            .sign(forced_header(signer.account(), sequence), body, &domain)
            .encode()
    };
    let inbox = deployment.inbox;
    let value = read(&wallet, inbox, IInbox::priceCall {}).await?;
    let call = IInbox::forceCall {
        transaction: bytes.into(),
    };
    let progress = output.progress("sending through the inbox");
    let receipt = wallet
        .execute(Call {
            from: None,
            to: Some(inbox),
            value,
            data: call.abi_encode().into(),
        })
        .await?;
    let index = message_index(&receipt.logs)?;
    let consumed = wait_consumed(connection, index).await;
    progress.finish_and_clear();
    output.object(&json!({
        "root_transaction": receipt.hash.to_string(), "root_block": receipt.block, "message": index, "price": value.to_string(),
        "consumed": consumed.is_ok(),
    }));
    consumed?;
    output.say("consumed; a forced transaction that does not apply is a recorded no-op, so look at what it should have done");
    output.next(&format!("plasmid query balances {}", forced.to));
    Ok(())
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
    crate::ledger::Transaction {
        header: forced_header(
            Account {
                kind: 0,
                id: address,
            },
            0,
        ),
        body,
        authentication: crate::ledger::transaction::Authentication::RootSender,
        fee_payer_authentication: None,
    }
    .encode()
}
