//! `plasmid bridge register`: an operator's keys and bounty bond, once the network is created.
//!
//! The bond is the user's own word; root names the price of the message, within `--max-price`. No node is needed: a registration is made on
//! root.

use std::path::PathBuf;

use alloy_primitives::U256;
use clap::Args;
use plasmid_bridge::{
    abi::{IInbox, IRegistry},
    client::{ceremony::OperatorKeys, registration, wallet::Wallet},
};
use serde_json::{Value, json};

use super::{NATIVE_DECIMALS, Price, message::Sent, on_final_root, read};
use crate::{
    cli::{
        CliError, amount,
        connect::{Connection, Deployment},
        init::secrets,
        keys::KeyOptions,
        output::Output,
    },
    node::config::Home,
};

/// Who registers with what.
#[derive(Clone, Debug, Args)]
pub struct RegisterCommand {
    /// The validator's folder. Its consensus key is made in CometBFT's own file, its checkpoint key in an encrypted one. Keys that were registered once are refused for ever: an operator that changes its keys names a new folder.
    #[arg(long, env = "PLASMID_HOME")]
    home: PathBuf,
    /// The operator's key on root, which pays.
    #[arg(long)]
    from: String,
    /// Bounty bond in coins, at least what the Registry asks for. It is locked.
    #[arg(long, value_name = "AMOUNT")]
    bond: String,
    #[command(flatten)]
    price: Price,
    /// Makes the keys, prints what would be registered and paid, and sends nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Runs `plasmid bridge register`.
///
/// # Errors
/// What root refused, or why the keys cannot be made or used.
pub async fn run(
    command: &RegisterCommand,
    connection: &Connection,
    keys: &KeyOptions,
    own: &KeyOptions,
    output: Output,
) -> Result<(), CliError> {
    let (deployment, wallet) = on_final_root(connection, keys, &command.from).await?;
    let chain_id = deployment.domain.root_chain_id;
    let registry = connection.registry()?;
    let bond = amount::parse(&command.bond, NATIVE_DECIMALS)?;
    let least = read(&wallet, registry, IRegistry::bondCall {}).await?;
    if bond < least {
        return Err(CliError::new(format!(
            "the Registry asks for a bond of at least {} coins, and --bond is {}: nothing was sent",
            amount::show(least, NATIVE_DECIMALS),
            command.bond
        )));
    }
    let (pair, node_id) = secrets::validator(&Home::new(&command.home), own, chain_id)?;
    let one = Registering {
        wallet: &wallet,
        deployment: &deployment,
        pair: &pair,
        bond,
    };
    one.refuse_registered(command, connection).await?;
    let price = read(&wallet, deployment.inbox, IInbox::priceCall {}).await?;
    let room = command.price.with_room(command.price.check(price)?);
    let value = U256::from(bond).saturating_add(room);
    let mut object = one.object(price, value, &node_id);
    output.tell(&one.sentence(price, value));
    if command.dry_run {
        output.object(&object);
        output.next("the same command without --dry-run");
        return Ok(());
    }
    let progress = output.progress("registering on root");
    let done = registration::register(&wallet, registry, &pair, bond, value).await;
    progress.finish_and_clear();
    let (number, receipt) = done?;
    object["registration"] = number.into();
    object["root_transaction"] = receipt.hash.to_string().into();
    object["root_block"] = receipt.block.into();
    let sent = Sent::of(deployment.inbox, &receipt.logs)
        .map_err(|error| error.after_root(&receipt.hash))?;
    object["message"] = sent.index.into();
    object["hash"] = sent.hash().into();
    output.object(&object);
    output.say("keep the folder's keys: whoever loses them registers others, with another bond");
    output.next(&format!(
        "plasmid query tx {} (what the child made of it, when its inbox cursor in `plasmid status` has come to message {}), and \
         plasmid init join --home {} for the validator's node",
        sent.hash(),
        sent.index,
        command.home.display()
    ));
    Ok(())
}

/// A registration that is about to be sent.
struct Registering<'a> {
    wallet: &'a Wallet,
    deployment: &'a Deployment,
    pair: &'a OperatorKeys,
    bond: u128,
}

impl Registering<'_> {
    /// Refuses keys that are this operator's newest registration: a command that was interrupted has done its work, and is not paid twice.
    async fn refuse_registered(
        &self,
        command: &RegisterCommand,
        connection: &Connection,
    ) -> Result<(), CliError> {
        let operator = self.wallet.address();
        let registry = connection.registry()?;
        let newest = registration::newest(self.wallet.rpc(), registry, operator).await?;
        let own = self.pair.consensus_key();
        match newest.filter(|newest| newest.consensusKey.0 == own) {
            None => Ok(()),
            Some(newest) => Err(CliError::new(format!(
                "the keys in {} are registration {} of operator {operator} already: nothing was sent; to change keys, name a new folder \
                 with --home",
                command.home.display(),
                newest.registration
            ))),
        }
    }

    fn object(&self, price: U256, value: U256, node_id: &str) -> Value {
        json!({
            "operator": self.wallet.address().to_string(),
            "consensus_key": hex::encode(self.pair.consensus_key()),
            "checkpoint_key": hex::encode(self.pair.checkpoint_key()),
            "node_id": node_id,
            "root_chain": self.deployment.domain.root_chain_id,
            "bond": self.bond.to_string(),
            "price": price.to_string(),
            "sent": value.to_string(),
        })
    }

    fn sentence(&self, price: U256, value: U256) -> String {
        format!(
            "registering operator {} with consensus key {} and checkpoint key {} sends {value} wei, which is the most that it costs beside \
             root's fee: the bond of {} coins, which nobody can take back yet, and the price of the message, now {price} wei; what is over \
             returns",
            self.wallet.address(),
            hex::encode(self.pair.consensus_key()),
            hex::encode(self.pair.checkpoint_key()),
            amount::show(self.bond, NATIVE_DECIMALS)
        )
    }
}
