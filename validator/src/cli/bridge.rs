//! `plasmid bridge`: money and messages between root and child.
//!
//! Calls to root are made here from the user's own words, never signed as a node hands them over: a node that lies about the
//! calldata could take the money.

mod claim;
mod deposit;
mod force;
mod fund_rewards;
mod message;
mod register;
mod sale;
mod top_up;

use alloy_primitives::{Address, U256};
use alloy_sol_types::SolCall;
use clap::{Args, Subcommand};
use plasmid_bridge::client::{
    endpoints::Endpoints,
    rpc::{At, Call},
    wallet::{Key, Wallet},
};

pub use self::{
    force::{forced_header, root_sender_bytes},
    message::message_index,
};
use super::{
    CliError,
    connect::{Connection, Deployment},
    fees,
    init::{SecondRoot, second_endpoint},
    keys::KeyOptions,
    output::{self, Output},
    proof,
    tx::{self, Make, Signing, WithdrawalOptions},
};

/// Money and messages between root and child. It has no `Debug`: an endpoint may hold a provider's key.
#[derive(Subcommand)]
#[expect(
    missing_docs,
    reason = "what several commands share says what it is where it stands"
)]
pub enum BridgeCommand {
    /// Sends money from root to the child.
    Deposit(deposit::DepositCommand),
    /// Takes money off the child; the same as `plasmid tx withdraw`.
    Withdraw {
        #[command(flatten)]
        withdrawal: WithdrawalOptions,
        #[command(flatten)]
        authority: Signing,
    },
    /// Claims withdrawals on root. Anybody may send this transaction; the money goes to the recipients that the withdrawals name, or to whom they were assigned or sold.
    Claim(claim::ClaimCommand),
    /// Gives a withdrawal to somebody else for nothing: whoever claims it, and every exit of it, pays that address. Only the key that it is paid to now can do that (`--from`), at any time until it is paid, also in exit mode.
    Assign(sale::AssignCommand),
    /// Offers a withdrawal for a price in the native coin, so that its owner has coins before its checkpoint is final. Only the key that it is paid to now can do that (`--from`), and anybody can buy it. A newer offer takes the place of an older one.
    Offer(sale::OfferCommand),
    /// Buys a withdrawal that is offered. The key of `--from` pays the price, and the seller has it at once; you are paid by the ordinary claim once the checkpoint is final. If a proof of fraud makes that checkpoint void before, the withdrawal is worth nothing and the price is not given back: buy what a node of yours, or `plasmid watch`, has checked.
    Buy(sale::BuyCommand),
    /// Shows what a withdrawal pays and to whom, what it costs where it is offered, and whether its checkpoint is final or can still become void.
    Offered(sale::OfferedCommand),
    /// Sends a transaction through the inbox on root, without the help of any validator. The signed bytes are valid for ever and cost no fee on the child, and anybody who has them can submit them. To send the transaction again, submit the same bytes; to cancel it, use its sequence for another transaction. Up to twice the price of the message is sent along, within `--max-price`, and the Inbox gives back what it does not take.
    #[command(subcommand)]
    Force(force::ForceCommand),
    /// Registers a validator in a network that was created, or changes an operator's keys. It makes the keys if the folder has none, and sends the bounty bond and the price of the message that tells the child. Up to twice that price is sent along, within `--max-price`, and the Registry gives back what it does not take. Nobody can take a bond back yet.
    Register(register::RegisterCommand),
    /// Adds coin to the bounty bond of a registration, which may be your own or another operator's. Nobody can take a bond back yet.
    TopUp(top_up::TopUpCommand),
    /// Gives coin to the reward pool of the child, by a message through the inbox. At the end of each epoch a part of the pool goes to the validators and to those who delegate to them. It is a gift: nobody can take it back. Up to twice the price of the message is sent along, within `--max-price`, and the Vault gives back what it does not take.
    FundRewards(fund_rewards::FundRewardsCommand),
    /// Fetches the proof of an account, a token balance, a record or a withdrawal at a checkpoint.
    Prove(proof::ProveCommand),
    /// Verifies a proof file: the leaf against the state root, and the state root against RootChain.
    Verify(proof::VerifyCommand),
}

/// The most wei that the inbox may ask for a message unless the user allows more: a hundredth of a coin.
const MAX_PRICE: u128 = 10_000_000_000_000_000;

/// What an endpoint of root that lies can do to whoever sends coin along.
const LOST: &str = "if it lies, what you send goes to an address where nobody can take it back";

/// Decimals of the native coin.
pub const NATIVE_DECIMALS: u32 = 18;

/// What may be paid for a message to the child.
#[derive(Clone, Copy, Debug, Args)]
pub struct Price {
    /// The highest price, in wei, that you pay to the Inbox contract for the message. The contract sets the price, doubles it with each `inbox_doubling_secs` of backlog (half a day by default), and burns what it takes. If it asks for more than this, nothing is sent.
    #[arg(long, default_value_t = MAX_PRICE)]
    max_price: u128,
}

impl Price {
    /// The price, unless it is too large.
    ///
    /// # Errors
    /// Names both.
    fn check(self, price: U256) -> Result<U256, CliError> {
        if price <= U256::from(self.max_price) {
            return Ok(price);
        }
        Err(CliError::new(format!(
            "the Inbox on root asks {price} wei for the message, and --max-price is {}: nothing was sent; wait until the inbox has caught up, or name a higher --max-price",
            self.max_price
        )))
    }

    /// A price with room for one doubling before the call is mined, within the limit: the contract gives back what it does not take.
    fn with_room(self, price: U256) -> U256 {
        let doubled = price.saturating_mul(U256::from(2));
        doubled.min(U256::from(self.max_price)).max(price)
    }
}

/// Runs `plasmid bridge …`. `own` is where the user's own keys are: a validator's are never the local network's.
///
/// # Errors
/// What root or the node refused.
pub async fn run(
    command: BridgeCommand,
    connection: &Connection,
    keys: &KeyOptions,
    own: &KeyOptions,
    output: Output,
) -> Result<(), CliError> {
    match command {
        BridgeCommand::Deposit(command) => deposit::run(&command, connection, keys, output).await,
        BridgeCommand::Withdraw {
            withdrawal,
            authority,
        } => {
            let make = Make::Withdraw {
                withdrawal,
                authority,
            };
            tx::send(&make, connection, keys, output).await
        }
        BridgeCommand::Claim(command) => claim::run(&command, connection, keys, output).await,
        BridgeCommand::Assign(command) => sale::assign(&command, connection, keys, output).await,
        BridgeCommand::Offer(command) => sale::offer(&command, connection, keys, output).await,
        BridgeCommand::Buy(command) => sale::buy(&command, connection, keys, output).await,
        BridgeCommand::Offered(command) => sale::offered(&command, connection, output).await,
        BridgeCommand::Force(command) => force::run(&command, connection, keys, output).await,
        BridgeCommand::Register(command) => {
            register::run(&command, connection, keys, own, output).await
        }
        BridgeCommand::TopUp(command) => top_up::run(&command, connection, keys, output).await,
        BridgeCommand::FundRewards(command) => {
            fund_rewards::run(&command, connection, keys, output).await
        }
        BridgeCommand::Prove(command) => proof::prove(command, connection, output).await,
        BridgeCommand::Verify(command) => proof::verify(&command, connection, output).await,
    }
}

/// The deployment, and a wallet on root for the key called `name`, once the deployment's contracts are final there. What is done on root alone
/// needs no node that answers.
pub async fn on_final_root(
    connection: &Connection,
    keys: &KeyOptions,
    name: &str,
) -> Result<(Deployment, Wallet), CliError> {
    let (deployment, seen) = match connection.status().await {
        Ok(status) => (connection.deployment(&status).await?, status.root_height),
        Err(_) => (connection.deployment_alone().await?, 0),
    };
    let chain_id = deployment.domain.root_chain_id;
    let wallet = wallet(connection, keys, name, chain_id).await?;
    deployment.require_final(wallet.rpc(), seen).await?;
    Ok((deployment, wallet))
}

/// Asks a second endpoint of root what decides where coin goes: the chain, and the deployment's contracts with their code, byte for byte, in a
/// final block. Without one a person is told what depends on the only one, `risk`, unless it is on this machine.
async fn beside(
    second: &SecondRoot,
    wallet: &Wallet,
    (deployment, registry): (&Deployment, Address),
    seen: u64,
    risk: &str,
) -> Result<(), CliError> {
    let Some(second) = second_endpoint(wallet.rpc(), second.second_root.as_deref(), risk)? else {
        return Ok(());
    };
    let endpoints = Endpoints::new(wallet.rpc(), Some(&second));
    endpoints.chain_id().await?;
    let contracts = [registry, deployment.vault, deployment.inbox];
    endpoints.require_code(&contracts).await?;
    deployment.require_final(&second, seen).await
}

/// A wallet on root for the key called `name`.
pub async fn wallet(
    connection: &Connection,
    keys: &KeyOptions,
    name: &str,
    chain_id: u64,
) -> Result<Wallet, CliError> {
    let secret = keys.root_secret(name)?;
    let key = Key::from_bytes(&secret).map_err(|error| CliError::new(error.to_string()))?;
    let policy = fees::once(connection.max_root_fee.as_deref())?;
    let wallet = Wallet::open(connection.root()?, key, chain_id, policy).await?;
    Ok(wallet.telling(|hash, nonce| {
        output::note(&format!(
            "handing in root transaction {hash} (nonce {nonce})"
        ));
    }))
}

async fn read<C: SolCall>(wallet: &Wallet, to: Address, call: C) -> Result<C::Return, CliError> {
    let data = wallet
        .rpc()
        .call(&Call::to(to, call.abi_encode()), At::Latest)
        .await?;
    C::abi_decode_returns(&data)
        .map_err(|error| CliError::new(format!("root answered what cannot be read: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forced_transaction_has_room_for_one_doubling_of_the_price_within_the_limit() {
        let price = Price { max_price: 100 };
        for (asked, sent) in [(1, 2), (50, 100), (51, 100), (100, 100)] {
            assert_eq!(price.with_room(U256::from(asked)), U256::from(sent));
        }
    }
}
