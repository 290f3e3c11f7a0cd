//! `plasmid exit name`: where an account is paid on root.

use alloy_primitives::{Address, B256};
use alloy_sol_types::SolCall;
use clap::Args;
use plasmid_bridge::{
    abi::IExits,
    client::{ceremony::x_coordinate, exits, rpc::Call},
};
use serde_json::json;

use super::{
    ExitDesk,
    carrier::{Carrier, Priced, add_receipt},
};
use crate::{
    cli::{CliError, connect::Connection, keys::KeyOptions, output::Output},
    ledger::{Account, address, leaf::NATIVE},
};

/// Gas of a naming by a key: half as much again as is measured.
const NAMING_GAS: u64 = 300_000;
/// For how long a naming by a key may be carried, in seconds of root's clock: as long as a root that is full may need.
const NAMING_SECS: u64 = 3_600;

/// Which account, where it is paid, and who carries it.
#[derive(Args)]
pub struct NameCommand {
    /// Name of the account's key. An Ed25519 key signs the word, and another key pays for the gas; a secp256k1 key says it itself, so it is `--from` too.
    #[arg(long, value_name = "KEY")]
    key: String,
    /// The address on root that is paid.
    #[arg(long, value_name = "ADDRESS", value_parser = address::parse)]
    payout: Address,
    #[command(flatten)]
    carrier: Carrier,
}

/// Runs `plasmid exit name`.
///
/// # Errors
/// What root refused, or why the key cannot say it.
pub async fn run(
    command: &NameCommand,
    connection: &Connection,
    keys: &KeyOptions,
    output: Output,
) -> Result<(), CliError> {
    let signer = keys.signer(&command.key)?;
    let account = signer.account();
    let payout = command.payout;
    let (place, wallet) = ExitDesk::sending(connection, keys, &command.carrier).await?;
    place
        .deployment
        .refuse_lost("the payout address", payout.into_array(), NATIVE)?;
    if account.kind == Account::ETHEREUM && account.id != wallet.address().into_array() {
        return Err(CliError::new(format!(
            "account {account} says it by a transaction of its own, and --from is {}: name the same key twice; nothing was sent",
            wallet.address()
        )));
    }
    let (before, nonce) = exits::named(
        place.endpoints(),
        &place.contracts,
        account.kind,
        account.id,
    )
    .await?;
    let mut object = json!({
        "account": account.to_string(),
        "payout": payout.to_string(),
        "before": before.map(|before| before.to_string()),
        "nonce": nonce,
    });
    let what = format!("this says that root pays what {account} leaves with to {payout}");
    let (exits, carrier) = (place.contracts.exits, &command.carrier);
    if account.kind == Account::ETHEREUM {
        let call = (exits, IExits::nameCall { payout }.abi_encode());
        if carrier
            .carry(&wallet, call, &what, &mut object, output)
            .await?
        {
            output.next("plasmid exit status");
        }
        return Ok(());
    }
    // Whoever sees the signature can send it, so root is not asked what it costs, and nothing is signed before the answer.
    let limits = (NAMING_GAS, wallet.fees().await?);
    let mut priced = Priced::none();
    priced.push(&wallet, Call::to(exits, Vec::new()), limits);
    if !carrier.agree(&what, &priced, &mut object, output)? {
        return Ok(());
    }
    // Root may name a nonce to come and keep the signature: it is of no use behind the deadline.
    let now = place.endpoints().time().await?;
    let deadline = place.until(now, NAMING_SECS)?;
    object["deadline"] = deadline.into();
    let times = (nonce, deadline);
    let signed = signer.sign_naming(&payout.into_array(), times, &place.deployment.domain);
    let (key, signature) =
        signed.ok_or_else(|| CliError::new("this key signs no naming: nothing was sent"))?;
    let call = Call::to(exits, by_key(&key, &signature, (payout, deadline))?);
    add_receipt(&mut object, &carrier.send(&wallet, (call, limits)).await?);
    output.object(&object);
    output.next("plasmid exit status");
    Ok(())
}

/// The call by which an Ed25519 key says it: the points of key and signature are shown by their x-coordinates.
fn by_key(
    key: &[u8; 32],
    signature: &[u8; 64],
    (payout, deadline): (Address, u64),
) -> Result<Vec<u8>, CliError> {
    let (r, s) = signature.split_at(32);
    let (r, s) = (B256::from_slice(r), B256::from_slice(s));
    let hints = x_coordinate(key).zip(x_coordinate(&r.0));
    let (x_key, x_r) = hints.ok_or_else(|| {
        CliError::new("the key or its signature encodes no point of the curve: nothing was sent")
    })?;
    let call = IExits::nameByKeyCall {
        key: B256::from(*key),
        payout,
        deadline,
        r,
        s,
        xKey: x_key,
        xR: x_r,
    };
    Ok(call.abi_encode())
}
