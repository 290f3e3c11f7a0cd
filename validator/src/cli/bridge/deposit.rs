//! `plasmid bridge deposit`: money from root to the child.

use alloy_primitives::{Address, B256, FixedBytes, U256};
use alloy_sol_types::SolCall;
use clap::Args;
use plasmid_bridge::{
    abi::{IToken, IVault},
    client::{
        reason,
        rpc::{At, Call, RpcError},
        wallet::{Wallet, WalletError},
    },
    proof::inbox::{Body, Deposit},
};
use serde_json::json;

use super::{LOST, NATIVE_DECIMALS, Price, beside, message::SentMessage, read, wallet};
use crate::{
    cli::{
        CliError, amount,
        connect::{self, Connection},
        init::SecondRoot,
        keys::KeyOptions,
        output::{self, Output},
        tx,
    },
    ledger::{Account, address, leaf::NATIVE},
};

/// What goes in, from whom, to whom. It has no `Debug`: an endpoint may hold a provider's key.
#[derive(Args)]
pub struct DepositCommand {
    /// Name of the key that pays.
    #[arg(long)]
    from: String,
    /// Decimal number of coins (1.5), or base units (1500base).
    #[arg(long)]
    amount: String,
    /// The address on root of an ERC-20 token; others are refused. Without it the native coin is deposited.
    #[arg(long)]
    token: Option<String>,
    /// Native coin that goes along with a token, for fees on the child.
    #[arg(long, requires = "token")]
    native: Option<String>,
    /// Who gets it on the child [default: the sender's account].
    #[arg(long)]
    to: Option<String>,
    /// Address on root that gets it back if the child cannot credit it [default: the sender's].
    #[arg(long, value_parser = address::parse)]
    refund: Option<Address>,
    #[command(flatten)]
    price: Price,
    #[command(flatten)]
    second: SecondRoot,
}

/// A call of the Vault.
struct Prepared {
    data: Vec<u8>,
    value: U256,
    units: u128,
}

/// Runs `plasmid bridge deposit`.
///
/// # Errors
/// What root or the node refused, or why the child gave the money back.
pub async fn run(
    command: &DepositCommand,
    connection: &Connection,
    keys: &KeyOptions,
    output: Output,
) -> Result<(), CliError> {
    let mut approvals = Approvals::default();
    let done = deposit(command, connection, keys, &mut approvals, output).await;
    done.map_err(|error| approvals.after(error))
}

async fn deposit(
    command: &DepositCommand,
    connection: &Connection,
    keys: &KeyOptions,
    approvals: &mut Approvals,
    output: Output,
) -> Result<(), CliError> {
    let status = connection.status().await?;
    let deployment = connection.deployment(&status).await?;
    let chain_id = deployment.domain.root_chain_id;
    let wallet = wallet(connection, keys, &command.from, chain_id).await?;
    let recipient = match command.to.as_deref() {
        Some(text) => keys.account(text)?,
        None => Account::ethereum(wallet.address().into_array()),
    };
    let refund = command.refund.unwrap_or_else(|| wallet.address());
    let token = command.token.as_deref().map(token_address).transpose()?;
    let paid = token.map_or(NATIVE, Address::into_array);
    if recipient.kind == Account::ETHEREUM {
        deployment.refuse_lost("the recipient", recipient.id, paid)?;
    }
    deployment.refuse_lost("the refund address", refund.into_array(), paid)?;
    deployment
        .require_final(wallet.rpc(), status.root_height)
        .await?;
    deployment.refuse_closing(wallet.rpc()).await?;
    let contracts = (&deployment, connection.registry()?);
    beside(
        &command.second,
        &wallet,
        contracts,
        status.root_height,
        LOST,
    )
    .await?;
    let progress = output.progress("depositing on root");
    let way = Way {
        connection,
        wallet: &wallet,
        vault: deployment.vault,
    };
    let prepared = way
        .prepare(command, token, &recipient, refund, approvals)
        .await?;
    let receipt = wallet
        .execute(Call {
            from: None,
            to: Some(deployment.vault),
            value: prepared.value,
            data: prepared.data.into(),
        })
        .await?;
    let after = |error: CliError| error.after_root(&receipt.hash);
    let sent = SentMessage::of(deployment.inbox, &receipt.logs).map_err(after)?;
    let wanted = Deposit {
        token: paid,
        recipient: recipient.bytes(),
        refund: refund.into_array(),
        depositor: wallet.address().into_array(),
        ..sent.deposit().map_err(after)?
    };
    sent.require(status.inbox_cursor, |body| {
        matches!(body, Body::Deposit(deposit) if *deposit == wanted && deposit.amount <= prepared.units)
    })
    .map_err(after)?;
    let arrived = wanted;
    progress.set_message("waiting for the child to credit it");
    let outcome = sent.outcome(connection).await;
    progress.finish_and_clear();
    let mut object = json!({
        "root_transaction": receipt.hash.to_string(), "root_block": receipt.block, "message": sent.index, "hash": sent.hash(),
        "recipient": recipient.to_string(), "asked": prepared.units.to_string(), "amount": arrived.amount.to_string(),
        "native": arrived.native.to_string(), "value": prepared.value.to_string(), "consumed": false,
    });
    if let Ok(outcome) = &outcome {
        outcome.add_to(&mut object);
    }
    output.object(&object);
    if arrived.amount != prepared.units {
        output.say(&format!(
            "{} base units were sent and {} arrived: the token keeps a part of every transfer",
            prepared.units, arrived.amount
        ));
    }
    let outcome = outcome.map_err(after)?;
    if outcome.code != 0 {
        let numbers: Vec<_> = outcome.withdrawals.iter().map(u64::to_string).collect();
        let back = match numbers.is_empty() {
            true => String::new(),
            false => format!(
                "; {refund} gets it back: `plasmid bridge claim {} --from {}`",
                numbers.join(" "),
                command.from
            ),
        };
        return Err(CliError::new(format!(
            "the child did not credit the deposit: {} (code {}){back}",
            outcome.log, outcome.code
        )));
    }
    output.next(&format!(
        "plasmid tx transfer --from {} --to ACCOUNT --amount AMOUNT",
        command.from
    ));
    Ok(())
}

/// What a deposit goes through: a node, an account on root, and the Vault.
struct Way<'a> {
    connection: &'a Connection,
    wallet: &'a Wallet,
    vault: Address,
}

impl Way<'_> {
    /// The call, after a token's approval was given.
    async fn prepare(
        &self,
        command: &DepositCommand,
        token: Option<Address>,
        recipient: &Account,
        refund: Address,
        approvals: &mut Approvals,
    ) -> Result<Prepared, CliError> {
        let recipient = IVault::Account {
            kind: recipient.kind,
            id: FixedBytes(recipient.id),
        };
        let (wallet, vault) = (self.wallet, self.vault);
        let Some(token) = token else {
            let units = amount::parse(&command.amount, NATIVE_DECIMALS)?;
            let call = IVault::depositNativeCall {
                amount: units,
                recipient,
                refund,
            };
            return Ok(Prepared {
                data: call.abi_encode(),
                value: value(command.price, wallet, vault, units).await?,
                units,
            });
        };
        let left = allowance(wallet, token, vault).await?;
        let units = self.units(&command.amount, token).await?;
        let native = command.native.as_deref();
        let native = native.map_or(Ok(0), |text| amount::parse(text, NATIVE_DECIMALS))?;
        let value = value(command.price, wallet, vault, native).await?;
        approvals
            .give(wallet, token, vault, left, U256::from(units))
            .await?;
        let call = IVault::depositTokenCall {
            token,
            amount: units,
            native,
            recipient,
            refund,
        };
        Ok(Prepared {
            data: call.abi_encode(),
            value,
            units,
        })
    }

    /// The base units of a token that an amount is. Where the child does not know the token yet, root alone says its decimals, and a person
    /// sees what they make of the amount before anything is sent.
    async fn units(&self, text: &str, token: Address) -> Result<u128, CliError> {
        if text.ends_with("base") {
            return amount::parse(text, 0);
        }
        let decimals = tx::decimals(self.connection, token.into_array()).await?;
        let units = amount::parse(text, decimals.places)?;
        if !decimals.is_confirmed {
            output::note(&format!(
                "the child does not know token {token} yet, and root alone says that it has {} decimals: {text} coins are {units} base units",
                decimals.places
            ));
        }
        Ok(units)
    }
}

/// The wei that go along with `native` coins of a deposit: they and the price of its message, which root names.
async fn value(
    price: Price,
    wallet: &Wallet,
    vault: Address,
    native: u128,
) -> Result<U256, CliError> {
    let value = read(wallet, vault, IVault::quoteCall { native }).await?;
    let own = U256::from(native);
    let asked = value.checked_sub(own).ok_or_else(|| {
        CliError::new(format!(
            "root asks {value} wei for a deposit of {native}, which is too little: nothing was sent"
        ))
    })?;
    price.check(asked)?;
    Ok(value)
}

/// What the Vault may still take of a token by earlier approvals. The Vault asks the same, and refuses a token that answers otherwise than
/// an ERC-20 does: a person is told that before anything is approved, because an approval of an ERC-721 gives a token away.
async fn allowance(wallet: &Wallet, token: Address, spender: Address) -> Result<U256, CliError> {
    let owner = wallet.address();
    let call = IToken::allowanceCall { owner, spender }.abi_encode();
    let none = || format!("nothing was sent: {}", reason::no_allowance(token));
    match wallet.rpc().call(&Call::to(token, call), At::Latest).await {
        Ok(word) if word.len() == 32 => Ok(U256::from_be_slice(&word)),
        Ok(other) => Err(CliError::new(format!(
            "{} ({} bytes were answered)",
            none(),
            other.len()
        ))),
        Err(error @ RpcError::Refused { .. }) => {
            Err(CliError::new(format!("{} ({error})", none())))
        }
        Err(error) => Err(error.into()),
    }
}

/// The token that a text names on root.
fn token_address(text: &str) -> Result<Address, CliError> {
    if text.trim().is_empty() {
        return Err(CliError::new(
            "--token is empty: name the token's address on root, or leave --token out for the native coin",
        ));
    }
    Ok(Address::from(connect::address(text)?))
}

/// Approvals that are mined: they stay, whatever becomes of the deposit.
#[derive(Default)]
struct Approvals(Vec<B256>);

impl Approvals {
    /// Lets the Vault take `value`. What an earlier deposit `left` is used when it is enough. Otherwise it is replaced by way of zero,
    /// because some tokens change an allowance only to or from zero, or directly, because others refuse zero.
    async fn give(
        &mut self,
        wallet: &Wallet,
        token: Address,
        spender: Address,
        left: U256,
        value: U256,
    ) -> Result<(), CliError> {
        if left >= value {
            return Ok(());
        }
        let approve = |value| Call::to(token, IToken::approveCall { spender, value }.abi_encode());
        let zero = match left.is_zero() {
            true => None,
            false => match self.send(wallet, approve(U256::ZERO)).await {
                Err(error @ (WalletError::WouldRevert(_) | WalletError::Reverted { .. })) => {
                    Some(error)
                }
                outcome => outcome.map(|()| None)?,
            },
        };
        match (self.send(wallet, approve(value)).await, zero) {
            (Ok(()), _) => Ok(()),
            (Err(error), None) => Err(error.into()),
            (Err(error), Some(zero)) => Err(CliError::new(format!(
                "the vault may still take {left} base units of this token, and the token refuses to set that to zero ({zero}) and to \
                 {value} ({error}): deposit {left} base units first, which needs no new allowance"
            ))),
        }
    }

    async fn send(&mut self, wallet: &Wallet, call: Call) -> Result<(), WalletError> {
        self.0.push(wallet.execute(call).await?.hash);
        Ok(())
    }

    /// An error that came after them.
    fn after(&self, error: CliError) -> CliError {
        if self.0.is_empty() {
            return error;
        }
        let hashes: Vec<_> = self.0.iter().map(B256::to_string).collect();
        error.and(&format!(
            "; these approvals of the token are mined before it, and what the Vault may take by them stays: {}",
            hashes.join(", ")
        ))
    }
}
