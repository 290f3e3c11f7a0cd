//! Steps 1, 2, 4 and 5: thieves mint, root accepts it, and the watcher makes it void, by a proof or because nobody shows the block.

use alloy_primitives::Address;
use plasmid_bridge::{abi::IVault, client::wallet::Key, relay::seen::Finality};
use plasmid_proto::bridge::v1::{
    GetCheckpointRequest, GetProofRequest, bridge_service_client::BridgeServiceClient,
    get_proof_request,
};
use serde_json::Value;
use tonic::transport::Channel;

use super::{
    Stolen,
    scene::{FraudScene, HONEST, purse},
    thief::events,
};
use crate::{
    cli::{
        CliError,
        demo::{
            observe::{ForgedSeen, VoidSeen},
            people::{NATIVE, operator, until},
            steps::{accepted::acceptance_event, money::moved},
        },
    },
    ledger::{Account, Slot, Value as _, leaf::AccountLeaf},
    localnet::{
        Local,
        found::{self, ETHER},
    },
    node::accepted::accepted_by,
};

/// What the thieves had before, in wei.
const HAD: u128 = ETHER / 10;

fn number(value: &Value) -> Result<u64, CliError> {
    value
        .as_u64()
        .ok_or_else(|| CliError::new(format!("{value} is not a number")))
}

fn amount(value: &Value) -> Result<u128, CliError> {
    let text = value.as_str().unwrap_or_default();
    text.parse()
        .map_err(|error| CliError::new(format!("{value}: {error}")))
}

/// The thieves' account: by root's rules it belongs to an address.
pub fn thieves_account() -> Account {
    Account::ethereum(purse().into_array())
}

/// The thieves deposit what they have, honestly, and root accepts a checkpoint behind all that was done before.
pub async fn prepare(scene: &FraudScene) -> Result<(), CliError> {
    let wallet = scene.wallet(&operator(0)?).await?;
    let world = &scene.world;
    let message = world
        .deposit_native(&wallet, &thieves_account(), HAD)
        .await?;
    world.consumed(message).await?;
    scene.accepted(world.now().await?.epoch).await
}

/// The thieves choose their epoch; what is done in `meanwhile` comes behind the last sound one. Gives what root accepted.
pub async fn rob(
    scene: &FraudScene,
    stolen: &mut Stolen,
    meanwhile: impl AsyncFnOnce() -> Result<(), CliError>,
) -> Result<ForgedSeen, CliError> {
    let world = &scene.world;
    let had = world.balance(&thieves_account(), &NATIVE).await?;
    let watcher = watcher()?;
    stolen.sent = scene.sent(watcher).await?;
    let thieves = stolen.begin(scene)?;
    thieves.said("chosen").await?;
    meanwhile().await?;
    let robbed = thieves.said("robbed").await?;
    let epoch = number(&robbed["epoch"])?;
    let request = GetCheckpointRequest { epoch };
    let honest = world.bridge().get_checkpoint(request).await?.into_inner();
    let honest = honest.checkpoint.unwrap_or_default();
    let event = acceptance_event(world, epoch).await?;
    let genesis = Local::home(&scene.network.folder, HONEST).read_genesis()?;
    let mut forged = ForgedSeen {
        epoch,
        block: number(&robbed["block"])?,
        segment: u32::try_from(number(&robbed["segment"])?)
            .map_err(|error| CliError::new(error.to_string()))?,
        digest_on_root: hex::encode(event.digest),
        digest_of_honest: hex::encode(honest.digest),
        escrow: escrow(scene, Address::ZERO).await?.to_string(),
        purse: moved(
            "the thieves' account, in the true state and in theirs",
            had,
            in_forged(scene, epoch).await?,
            amount(&robbed["minted"])?,
        ),
        ..ForgedSeen::default()
    };
    let honest = found::operator_keys(HONEST)?.checkpoint_key();
    for (number, member) in genesis.built.members.iter().enumerate() {
        forged.total_power += member.power;
        if event.has_signed(number) {
            forged.signed_power += member.power;
            forged.honest_signed |= member.checkpoint_key == honest;
        }
    }
    Ok(forged)
}

/// What the thieves' account has in the state that they show.
async fn in_forged(scene: &FraudScene, epoch: u64) -> Result<u128, CliError> {
    let url = format!("http://127.0.0.1:{}", scene.port);
    let channel = Channel::from_shared(url).map_err(|error| CliError::new(error.to_string()))?;
    let mut thieves = BridgeServiceClient::new(channel.connect_lazy());
    let key = Slot::Account(thieves_account()).key();
    let request = GetProofRequest {
        epoch: Some(epoch),
        leaf: Some(get_proof_request::Leaf::Key(key.to_vec())),
    };
    let shown = thieves.get_proof(request).await?.into_inner().proof;
    let value = shown.unwrap_or_default().value;
    let leaf = AccountLeaf::decode(&value).map_err(|error| CliError::new(error.to_string()))?;
    Ok(leaf.balance)
}

/// What the Vault holds of an asset.
pub async fn escrow(scene: &FraudScene, token: Address) -> Result<u128, CliError> {
    let call = IVault::escrowCall { token };
    let held = scene.world.read(scene.contracts.vault, call).await?;
    u128::try_from(held).map_err(|error| CliError::new(error.to_string()))
}

fn watcher() -> Result<Address, CliError> {
    let key = Key::from_bytes(&found::watcher_secret());
    let key = key.map_err(|error| CliError::new(error.to_string()))?;
    Ok(key.address())
}

/// What the watcher said of a checkpoint.
struct Watched {
    broken: Vec<Value>,
    asked: Vec<Value>,
    answered: Vec<Value>,
    expired: Vec<Value>,
}

impl Watched {
    fn read(scene: &FraudScene, epoch: u64) -> Result<Self, CliError> {
        let log = scene.watcher_log();
        let about = |event: &str| -> Result<Vec<Value>, CliError> {
            let all = events(&log, event)?.into_iter();
            Ok(all
                .filter(|one| one["checkpoint"].as_u64() == Some(epoch))
                .collect())
        };
        Ok(Self {
            broken: about("broken")?,
            asked: about("asked")?,
            answered: about("answered")?,
            expired: about("expired")?,
        })
    }

    /// Transactions that all this takes: one proof, or each question with its refund, and the voids.
    fn transactions(&self) -> u128 {
        match self.asked.len() {
            0 => 1,
            asked => (2 * asked + self.expired.len()) as u128,
        }
    }
}

/// Waits until checkpoints are void, and all that was paid for questions has come back.
pub async fn void(scene: &FraudScene, stolen: &Stolen) -> Result<VoidSeen, CliError> {
    let head = until("a checkpoint is void", async || {
        let head = scene.head().await?;
        Ok((head.standing < head.accepted).then_some(head))
    })
    .await?;
    let epoch = head.standing;
    let (root_chain, newest) = (scene.contracts.root_chain, Finality::Depth(0));
    let accepted = accepted_by(&scene.world.rpc, root_chain, epoch, newest).await?;
    let watcher = watcher()?;
    let (held, said, sent) = until("nothing is held of what was asked for", async || {
        let challenges = scene.contracts.data_challenges;
        let held = scene.world.rpc.balance(challenges).await?;
        let (said, sent) = (Watched::read(scene, epoch)?, scene.sent(watcher).await?);
        let is_all = held.is_zero() && sent >= stolen.sent + said.transactions();
        Ok(is_all.then_some((held, said, sent)))
    })
    .await?;
    let place = |event: &Value| Some((event["block"].as_u64()?, event["segment"].as_u64()?));
    let rule = said.broken.first().and_then(|event| event["rule"].as_str());
    Ok(VoidSeen {
        void_from: epoch,
        exit_at: head.exitAt,
        accepted_at: accepted.time,
        window_secs: scene.parameters().await?.challengeSecs,
        rule: rule.unwrap_or_default().to_owned(),
        asked: said.asked.iter().filter_map(place).collect(),
        deadline: said
            .asked
            .iter()
            .filter_map(|event| event["deadline"].as_u64())
            .min()
            .unwrap_or_default(),
        answered: !said.answered.is_empty(),
        transactions: moved(
            "transactions of the watcher",
            stolen.sent,
            sent,
            said.transactions(),
        ),
        held: held.to_string(),
    })
}
