//! `plasmid bridge assign`, `offer`, `buy` and `offered`: a withdrawal changes hands before it is paid (DESIGN section 10).
//!
//! ```text
//! recipient ──assign──▶ somebody else, for nothing
//!           ──offer──▶ for sale ──buy (the price goes to the seller at once)──▶ the buyer, who waits for finality and bears a void
//! ```
//! What is sold is never a node's word: its leaf is proven under a checkpoint, and root says that it accepted this one, whose the withdrawal is and
//! for how much.

mod shown;

use alloy_primitives::{Address, U256};
use alloy_sol_types::SolCall;
use clap::Args;
use plasmid_bridge::{abi::IExits, client::rpc::Call};
use serde_json::Value;

use self::shown::SaleShown;
use super::NATIVE_DECIMALS;
use crate::{
    cli::{
        CliError, amount,
        connect::Connection,
        exit::{ExitDesk, carrier::Carrier},
        init::SecondRoot,
        keys::KeyOptions,
        output::Output,
        proof::ProofOption,
    },
    ledger::address,
};

/// To whom a withdrawal goes.
#[derive(Args)]
pub struct AssignCommand {
    #[command(flatten)]
    which: ProofOption,
    /// The address on root that claims and exits of it pay from now on.
    #[arg(long, value_name = "ADDRESS", value_parser = address::parse)]
    to: Address,
    #[command(flatten)]
    carrier: Carrier,
}

/// For how much a withdrawal is sold.
#[derive(Args)]
pub struct OfferCommand {
    #[command(flatten)]
    which: ProofOption,
    /// Coins that a buyer pays for it: a decimal number (1.5), or base units (1500base). 0 takes an offer back.
    #[arg(long)]
    price: String,
    /// For how many seconds of root's clock it can be bought [default: a day, or until the checkpoint can be final, if that comes sooner].
    #[arg(long)]
    for_secs: Option<u64>,
    #[command(flatten)]
    carrier: Carrier,
}

/// What a buyer agrees to.
#[derive(Args)]
pub struct BuyCommand {
    #[command(flatten)]
    which: ProofOption,
    /// Coins that you pay for it: a decimal number (1.5), or base units (1500base). When the price is another one, nothing is paid.
    #[arg(long)]
    price: String,
    /// The address on root that it is paid to later [default: that of the key that pays].
    #[arg(long, value_name = "ADDRESS", value_parser = address::parse)]
    to: Option<Address>,
    #[command(flatten)]
    carrier: Carrier,
}

/// Which withdrawal is looked at.
#[derive(Args)]
pub struct OfferedCommand {
    #[command(flatten)]
    which: ProofOption,
    #[command(flatten)]
    second: SecondRoot,
}

/// Runs `plasmid bridge offered`.
///
/// # Errors
/// What does not hold, or why root could not be asked.
pub async fn offered(
    command: &OfferedCommand,
    connection: &Connection,
    output: Output,
) -> Result<(), CliError> {
    let place = ExitDesk::reading(connection, &command.second).await?;
    let shown = SaleShown::find(&command.which, &place, connection, output).await?;
    output.object(&shown.object());
    output.say(&shown.sentence());
    if shown.is_for_sale() {
        output.next(&format!(
            "plasmid bridge buy {} --price {} --from KEY{}",
            command.which,
            amount::show(shown.owned.price, NATIVE_DECIMALS),
            command.second
        ));
    }
    Ok(())
}

/// Runs `plasmid bridge assign`.
///
/// # Errors
/// Whose the withdrawal is, or what root refused.
pub async fn assign(
    command: &AssignCommand,
    connection: &Connection,
    keys: &KeyOptions,
    output: Output,
) -> Result<(), CliError> {
    let (place, wallet) = ExitDesk::sending(connection, keys, &command.carrier).await?;
    let shown = SaleShown::find(&command.which, &place, connection, output).await?;
    shown.require_owner(wallet.address())?;
    let to = command.to;
    refuse_lost(&place, to, &shown)?;
    let (number, recipient) = (shown.number(), shown.recipient());
    let call = IExits::assignCall {
        number,
        recipient,
        to,
    };
    let ends = match shown.owned.price {
        0 => "",
        _ => ", and your offer ends",
    };
    let what = format!(
        "this gives {} to {to} for nothing: whoever claims it, and every exit, pays {to} from now on, and you cannot take it back{ends}. {}",
        shown.what(),
        shown.risk()
    );
    let mut object = shown.object();
    object["to"] = to.to_string().into();
    let call = Call::to(place.contracts.exits, call.abi_encode());
    let sent = command
        .carrier
        .carry_call(&wallet, call, &what, &mut object, output);
    if sent.await? {
        changed(&mut object, to);
        output.object(&object);
        output.next(&look_again(&command.which, &command.carrier));
    }
    Ok(())
}

/// Runs `plasmid bridge offer`.
///
/// # Errors
/// Whose the withdrawal is, or what root refused.
pub async fn offer(
    command: &OfferCommand,
    connection: &Connection,
    keys: &KeyOptions,
    output: Output,
) -> Result<(), CliError> {
    let price = amount::parse(&command.price, NATIVE_DECIMALS)?;
    let (place, wallet) = ExitDesk::sending(connection, keys, &command.carrier).await?;
    let shown = SaleShown::find(&command.which, &place, connection, output).await?;
    shown.require_owner(wallet.address())?;
    let (number, recipient) = (shown.number(), shown.recipient());
    let deadline = match price {
        0 => 0,
        _ => {
            let secs = command.for_secs.unwrap_or_else(|| shown.usual_secs());
            place.until(shown.now, secs)?
        }
    };
    let what = match price {
        0 => format!("this takes back the offer of {}", shown.what()),
        price => format!(
            "this offers {} for {} coins, until {}: whoever pays that has the withdrawal from then on, and you have the coins at once. {}",
            shown.what(),
            amount::show(price, NATIVE_DECIMALS),
            shown::at(deadline),
            shown.sold_until(deadline)
        ),
    };
    let mut object = shown.object();
    object["price"] = price.to_string().into();
    object["deadline"] = (deadline != 0).then_some(deadline).into();
    let call = IExits::offerCall {
        number,
        recipient,
        price,
        deadline,
    };
    let call = Call::to(place.contracts.exits, call.abi_encode());
    let sent = command
        .carrier
        .carry_call(&wallet, call, &what, &mut object, output);
    if sent.await? {
        object["for_sale"] = (price != 0).into();
        output.object(&object);
        output.next(&look_again(&command.which, &command.carrier));
    }
    Ok(())
}

/// Runs `plasmid bridge buy`.
///
/// # Errors
/// Why it is not sold for this price, or what root refused.
pub async fn buy(
    command: &BuyCommand,
    connection: &Connection,
    keys: &KeyOptions,
    output: Output,
) -> Result<(), CliError> {
    let price = amount::parse(&command.price, NATIVE_DECIMALS)?;
    let (place, wallet) = ExitDesk::sending(connection, keys, &command.carrier).await?;
    let shown = SaleShown::find(&command.which, &place, connection, output).await?;
    let to = command.to.unwrap_or(wallet.address());
    refuse_lost(&place, to, &shown)?;
    shown.require_sale(wallet.address(), price)?;
    let seller = shown.owned.payee;
    let what = format!(
        "this buys {} from {seller} for {} coins, which {seller} has at once; whoever claims it pays {to}. {}",
        shown.what(),
        amount::show(price, NATIVE_DECIMALS),
        shown.risk()
    );
    let mut object = shown.object();
    object["to"] = to.to_string().into();
    object["seller"] = seller.to_string().into();
    object["agreed_price"] = price.to_string().into();
    let call = Call {
        value: U256::from(price),
        ..Call::to(place.contracts.exits, shown.buying(to).abi_encode())
    };
    let sent = command
        .carrier
        .carry_call(&wallet, call, &what, &mut object, output);
    if sent.await? {
        changed(&mut object, to);
        output.object(&object);
        output.next(&format!(
            "plasmid bridge claim {} --from {}{} (it waits until the checkpoint is final)",
            shown.number(),
            command.carrier.from,
            command.carrier.second
        ));
    }
    Ok(())
}

/// Whose it is behind the call, which ended its offer.
fn changed(object: &mut Value, to: Address) {
    object["payee"] = to.to_string().into();
    object["price"] = "0".into();
    object["deadline"] = Value::Null;
    object["for_sale"] = false.into();
}

/// What shows the withdrawal again.
fn look_again(which: &ProofOption, carrier: &Carrier) -> String {
    format!("plasmid bridge offered {which}{}", carrier.second)
}

/// Money would be lost at an address that nobody can use.
fn refuse_lost(place: &ExitDesk, to: Address, shown: &SaleShown) -> Result<(), CliError> {
    let token = shown.token().into_array();
    let (deployment, to) = (&place.deployment, to.into_array());
    deployment.refuse_lost("the address", to, token)
}

#[cfg(test)]
mod tests;
