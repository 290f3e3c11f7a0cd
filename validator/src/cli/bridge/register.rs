//! `plasmid bridge register`: an operator's keys and bounty bond, once the network is created.
//!
//! The bond is the user's own word; root names the price of the message, within `--max-price`. No node is needed: a registration is made on
//! root, and only `--wait` asks one what the child made of the message.

use std::path::PathBuf;

use alloy_primitives::U256;
use clap::Args;
use plasmid_bridge::{
    abi::{IInbox, IRegistry},
    client::{
        ceremony::OperatorKeys,
        registration,
        rpc::Call,
        wallet::{Fees, Wallet},
    },
};
use serde_json::{Value, json};

use super::{
    LOST, NATIVE_DECIMALS, Price, beside,
    message::{MessageOutcome, SentMessage},
    on_final_root, read,
};
use crate::{
    cli::{
        CliError, amount,
        connect::{Connection, Deployment},
        init::{SecondRoot, secrets},
        keys::KeyOptions,
        output::{self, Output},
    },
    node::config::Home,
};

/// Who registers with what. It has no `Debug`: an endpoint may hold a provider's key.
#[derive(Args)]
pub struct RegisterCommand {
    /// The validator's folder. Its consensus key is made in CometBFT's own file, its checkpoint key in an encrypted one. An operator that changes its keys names a new folder, into which it may copy one of the two keys of its newest registration, which stays; the other is made there. A key that was replaced never comes back.
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
    #[command(flatten)]
    second: SecondRoot,
    /// Makes the keys, prints what would be registered and paid, and sends nothing.
    #[arg(long)]
    dry_run: bool,
    /// Sends it without asking.
    #[arg(long)]
    yes: bool,
    /// Waits until the child has consumed the message that tells it of the registration, and tells what came of it.
    #[arg(long)]
    wait: bool,
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
    deployment.refuse_closing(wallet.rpc()).await?;
    let chain_id = deployment.domain.root_chain_id;
    let registry = connection.registry()?;
    beside(&command.second, &wallet, (&deployment, registry), 0, LOST).await?;
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
    let change = one.change(command, connection).await?;
    let price = read(&wallet, deployment.inbox, IInbox::priceCall {}).await?;
    let room = command.price.with_room(command.price.check(price)?);
    let value = U256::from(bond).saturating_add(room);
    let call = registration::call(&wallet, registry, &pair, bond, value).await?;
    let limits = one.limits(command, &call).await?;
    let mut object = one.object((price, value), limits, &node_id);
    output.tell(&one.sentence((price, value), limits));
    if let Some(note) = change.note() {
        output.tell(note);
    }
    let Some(limits) = limits.filter(|_| !command.dry_run) else {
        output.object(&object);
        output.next("the same command without --dry-run");
        return Ok(());
    };
    output.ask("register it?", command.yes)?;
    let progress = output.progress("registering on root");
    let done = registration::register(&wallet, registry, &pair, call, limits).await;
    progress.finish_and_clear();
    let (number, receipt) = done?;
    object["registration"] = number.into();
    object["root_transaction"] = receipt.hash.to_string().into();
    object["root_block"] = receipt.block.into();
    let after = |error: CliError| error.after_root(&receipt.hash);
    let sent = SentMessage::of(deployment.inbox, &receipt.logs).map_err(after)?;
    object["message"] = sent.index.into();
    object["hash"] = sent.hash().into();
    if command.wait {
        let progress = output.progress("waiting for the child to take it");
        let outcome = sent.outcome(connection).await;
        progress.finish_and_clear();
        if let Ok(outcome) = &outcome {
            outcome.add_to(&mut object);
        }
        output.object(&object);
        judge(outcome.map_err(after)?, number).map_err(after)?;
    } else {
        output.object(&object);
    }
    output.say("keep the folder's keys: whoever loses them registers others, with another bond");
    output.next(&change.next(command, &sent));
    Ok(())
}

/// What the child made of the message.
fn judge(outcome: MessageOutcome, number: u64) -> Result<(), CliError> {
    match outcome.code {
        0 => Ok(()),
        code => Err(CliError::new(format!(
            "root has registration {number} and its bond, and the child did not take it: {} (code {code})",
            outcome.log
        ))),
    }
}

/// Which keys a registration changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    /// The operator has none yet.
    First,
    /// Both keys of the newest registration are replaced.
    Both,
    /// The checkpoint key stays.
    ConsensusKey,
    /// The consensus key stays.
    CheckpointKey,
}

impl Change {
    /// `None` where nothing changes.
    fn of(
        newest: Option<&IRegistry::Member>,
        consensus: &[u8; 32],
        checkpoint: &[u8; 96],
    ) -> Option<Self> {
        let Some(newest) = newest else {
            return Some(Self::First);
        };
        let keeps = (
            newest.consensusKey == *consensus,
            newest.checkpointKey[..] == *checkpoint,
        );
        match keeps {
            (true, true) => None,
            (false, false) => Some(Self::Both),
            (false, true) => Some(Self::ConsensusKey),
            (true, false) => Some(Self::CheckpointKey),
        }
    }

    /// What an operator that keeps a key is told before it is asked.
    const fn note(self) -> Option<&'static str> {
        match self {
            Self::First | Self::Both => None,
            Self::ConsensusKey | Self::CheckpointKey => Some(
                "one key of the newest registration stays. Only a line that is open lets it stay: where the Court has frozen the line, the operator has \
                 retired it, or a consensus key that stays is tombstoned, the child refuses the registration, and its bond is spent for nothing",
            ),
        }
    }

    /// What to type next.
    fn next(self, command: &RegisterCommand, sent: &SentMessage) -> String {
        let home = command.home.display();
        let steps = match self {
            Self::First => format!(
                "plasmid init join --home {home} for the validator's node, and then plasmid tx stake bond --from {}",
                command.from
            ),
            Self::Both => format!(
                "plasmid init join --home {home} for a second node, which validates with the new keys from the second epoch on behind the one in which \
                 the child takes this. Bond and delegations stay. Leave the old node running until the new one validates, and until root has accepted \
                 every checkpoint of the epochs before (`plasmid status`)"
            ),
            Self::ConsensusKey => format!(
                "leave the node running. The new consensus key validates from the second epoch on behind the one in which the child takes this: when that \
                 epoch begins, stop CometBFT and plasmid, replace the node's cometbft/config/priv_validator_key.json by that of {home}, keep \
                 everything else, and start both. Bond and delegations stay"
            ),
            Self::CheckpointKey => format!(
                "leave the node running. The new checkpoint key signs from the second epoch on behind the one in which the child takes this: when root \
                 has accepted every checkpoint that a set before that epoch signs (`plasmid status`), stop CometBFT and plasmid, replace the node's \
                 keys/checkpoint.json by that of {home}, move its data/sign_state away, and start plasmid with --new-sign-state, and CometBFT. Bond and \
                 delegations stay"
            ),
        };
        match command.wait {
            true => steps,
            false => format!(
                "plasmid query tx {} (what the child made of it, when its inbox cursor in `plasmid status` has come to message {}). Then: {steps}",
                sent.hash(),
                sent.index
            ),
        }
    }
}

/// A registration that is about to be sent.
struct Registering<'a> {
    wallet: &'a Wallet,
    deployment: &'a Deployment,
    pair: &'a OperatorKeys,
    bond: u128,
}

impl Registering<'_> {
    /// What changes. Keys that are this operator's newest registration are refused: a command that was interrupted has done its work, and is
    /// not paid twice.
    async fn change(
        &self,
        command: &RegisterCommand,
        connection: &Connection,
    ) -> Result<Change, CliError> {
        let operator = self.wallet.address();
        let registry = connection.registry()?;
        let newest = registration::newest(self.wallet.rpc(), registry, operator).await?;
        let keys = (self.pair.consensus_key(), self.pair.checkpoint_key());
        Change::of(newest.as_ref(), &keys.0, &keys.1).ok_or_else(|| {
            CliError::new(format!(
                "the keys in {} are registration {} of operator {operator} already: nothing was sent; to change keys, name a new folder \
                 with --home, which may hold a copy of the one that stays",
                command.home.display(),
                newest.map_or(0, |newest| newest.registration)
            ))
        })
    }

    /// Gas and fees of root. A dry run does without them where root does not tell, because the account holds too little, for example.
    async fn limits(
        &self,
        command: &RegisterCommand,
        call: &Call,
    ) -> Result<Option<(u64, Fees)>, CliError> {
        match self.wallet.limits(call).await {
            Ok(limits) => Ok(Some(limits)),
            Err(error) if command.dry_run => {
                let error = CliError::from(error);
                output::note(&format!(
                    "root does not tell what its fee would be: {error}"
                ));
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn object(
        &self,
        (price, value): (U256, U256),
        limits: Option<(u64, Fees)>,
        node_id: &str,
    ) -> Value {
        let fee = limits.map(|limits| self.wallet.max_cost(limits));
        json!({
            "operator": self.wallet.address().to_string(),
            "consensus_key": hex::encode(self.pair.consensus_key()),
            "checkpoint_key": hex::encode(self.pair.checkpoint_key()),
            "node_id": node_id,
            "root_chain": self.deployment.domain.root_chain_id,
            "bond": self.bond.to_string(),
            "price": price.to_string(),
            "sent": value.to_string(),
            "root_fee": fee.map(|[fee, _]| fee.to_string()),
            "root_fee_if_slow": fee.map(|[_, most]| most.to_string()),
        })
    }

    fn sentence(&self, (price, value): (U256, U256), limits: Option<(u64, Fees)>) -> String {
        let fee = limits.map(|limits| {
            let [fee, most] = self.wallet.max_cost(limits);
            format!(
                " of at most {fee} wei for up to {} gas (at most {most} wei if root is so slow that a dearer transaction has to replace it)",
                limits.0
            )
        });
        format!(
            "this registers operator {} with consensus key {} and checkpoint key {}: a key that a later registration replaces never comes back. It sends {value} wei, \
             which is the most that it costs beside root's fee{}: the bond of {} coins, which nobody can take back yet, and the price of the \
             message that tells the child, now {price} wei, which is burned; what is over returns",
            self.wallet.address(),
            hex::encode(self.pair.consensus_key()),
            hex::encode(self.pair.checkpoint_key()),
            fee.unwrap_or_default(),
            amount::show(self.bond, NATIVE_DECIMALS)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_is_told_what_its_registration_changes() {
        let newest = IRegistry::Member {
            operator: [7; 20].into(),
            registration: 5,
            consensusKey: [1; 32].into(),
            checkpointKey: vec![1; 96].into(),
            stake: U256::ZERO,
            bond: U256::ONE,
        };
        let of =
            |consensus, checkpoint| Change::of(Some(&newest), &[consensus; 32], &[checkpoint; 96]);
        assert_eq!(Change::of(None, &[1; 32], &[1; 96]), Some(Change::First));
        assert_eq!(of(1, 1), None);
        assert_eq!(of(2, 2), Some(Change::Both));
        assert_eq!(of(2, 1), Some(Change::ConsensusKey));
        assert_eq!(of(1, 2), Some(Change::CheckpointKey));
        for change in [Change::First, Change::Both] {
            assert_eq!(change.note(), None);
        }
        for change in [Change::ConsensusKey, Change::CheckpointKey] {
            assert!(
                change
                    .note()
                    .is_some_and(|note| note.contains("spent for nothing"))
            );
        }
    }
}
