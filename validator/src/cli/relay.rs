//! `plasmid relay`: carries checkpoints from a node to the root chain, holding no validator's key.

use std::path::PathBuf;

use clap::Args;
use plasmid_bridge::{
    client::{
        ceremony,
        follower::Follower,
        position::PositionFile,
        relayer::{Relayer, Source},
        wallet::{Key, Policy as Spending, Wallet},
    },
    proof::checkpoint::Checkpoint,
    relay::{
        outbox::{Notice, Offer, Policy},
        seen::{Anchor, Finality},
    },
};
use plasmid_proto::bridge::v1::{
    GetSharesRequest, GetSharesResponse, Member as WireMember,
    bridge_service_client::BridgeServiceClient,
};
use plasmid_staking::Member;
use serde_json::json;
use tonic::transport::Channel;

use super::{
    CliError, amount,
    connect::{Connection, DEFAULT_FOLDER},
    keys::KeyOptions,
    output::Output,
};

/// The largest answer of the node that is read, in bytes: 512 members and shares.
const MAX_ANSWER_BYTES: usize = 1 << 20;
/// Decimals of a gwei and of a coin in wei.
const GWEI_DECIMALS: u32 = 9;
const COIN_DECIMALS: u32 = 18;
/// Bytes of a wrong value that are shown.
const SHOWN: usize = 32;

/// Options of the relayer.
#[derive(Debug, Args)]
pub struct RelayCommand {
    /// Name of the key that pays on root.
    #[arg(long)]
    from: String,
    /// Root blocks that must stand on an accepted checkpoint; the `finalized` tag decides when absent.
    #[arg(long)]
    depth: Option<u32>,
    /// Seconds after an epoch's end during which the relayer named in its checkpoint goes first; no other is paid for so soon.
    #[arg(long, default_value_t = Policy::default().patience_secs)]
    patience: u64,
    /// The most that is offered per gas, base fee and tip together, in gwei (1.5); while root is dearer, checkpoints wait.
    #[arg(long, value_name = "GWEI", default_value = "500")]
    max_fee: String,
    /// The most that the gas of one transaction may cost, in coins (0.05) [default: no limit but --max-fee].
    #[arg(long, value_name = "COINS")]
    max_cost: Option<String>,
    /// The largest tip per gas that is paid when the root node suggests one, in gwei; the child pays back up to 2.
    #[arg(long, value_name = "GWEI", default_value = "2")]
    max_tip: String,
    /// File that keeps how far the root chain was read, so that the next start goes on from there [default: `relay_position` in the local
    /// network's folder, where there is one].
    #[arg(long, value_name = "FILE")]
    position: Option<PathBuf>,
}

impl RelayCommand {
    fn spending(&self) -> Result<Spending, CliError> {
        let max_tip = amount::parse(&self.max_tip, GWEI_DECIMALS)?;
        let max_cost = self.max_cost.as_deref();
        Ok(Spending {
            max_fee: amount::parse(&self.max_fee, GWEI_DECIMALS)?,
            max_cost: max_cost
                .map(|text| amount::parse(text, COIN_DECIMALS))
                .transpose()?,
            max_tip,
            min_tip: Spending::default().min_tip.min(max_tip),
            options: Some(("--max-fee", "--max-cost")),
            ..Spending::default()
        })
    }

    fn position(&self, connection: &Connection, deployment: [u8; 20]) -> Option<PositionFile> {
        let local = || {
            let folder = connection.net.clone();
            let folder = folder.unwrap_or_else(|| PathBuf::from(DEFAULT_FOLDER));
            folder.is_dir().then(|| folder.join("relay_position"))
        };
        let path = self.position.clone().or_else(local)?;
        Some(PositionFile::open(&path, deployment))
    }
}

/// A node as the source of checkpoints and shares.
struct NodeSource(Channel);

impl Source for NodeSource {
    async fn offer(&self, epoch: u64) -> Result<Option<Offer>, String> {
        let mut client =
            BridgeServiceClient::new(self.0.clone()).max_decoding_message_size(MAX_ANSWER_BYTES);
        match client.get_shares(GetSharesRequest { epoch }).await {
            Ok(answer) => read_offer(answer.into_inner(), epoch).map(Some),
            Err(status) if status.code() == tonic::Code::NotFound => Ok(None),
            Err(status) => Err(status.message().to_owned()),
        }
    }
}

fn read_offer(answer: GetSharesResponse, epoch: u64) -> Result<Offer, String> {
    let encoded = answer
        .checkpoint
        .map(|checkpoint| checkpoint.encoded)
        .unwrap_or_default();
    let checkpoint = Checkpoint::decode(&encoded).map_err(|error| error.to_string())?;
    if checkpoint.epoch != epoch {
        return Err(format!(
            "the node answered with checkpoint {} for {epoch}",
            checkpoint.epoch
        ));
    }
    let members = answer
        .members
        .into_iter()
        .map(read_member)
        .collect::<Result<_, _>>()?;
    let shares = answer
        .shares
        .into_iter()
        .filter_map(|share| {
            Some((
                u16::try_from(share.member).ok()?,
                share.signature.try_into().ok()?,
            ))
        })
        .collect();
    Ok(Offer {
        checkpoint,
        members,
        shares,
    })
}

fn read_member(member: WireMember) -> Result<Member, String> {
    let seat = u16::try_from(member.seat)
        .map_err(|_| format!("a member's seat is {}, above {}", member.seat, u16::MAX))?;
    Ok(Member {
        seat,
        operator: fixed(seat, "operator", &member.operator)?,
        registration: member.registration,
        consensus_key: fixed(seat, "consensus key", &member.consensus_key)?,
        checkpoint_key: fixed(seat, "checkpoint key", &member.checkpoint_key)?,
        power: member.power,
    })
}

fn fixed<const N: usize>(seat: u16, field: &str, bytes: &[u8]) -> Result<[u8; N], String> {
    bytes.try_into().map_err(|_| {
        let length = bytes.len();
        let shown = hex::encode(bytes.get(..length.min(SHOWN)).unwrap_or_default());
        let more = if length > SHOWN { "…" } else { "" };
        format!(
            "the {field} of the member on seat {seat} has {length} bytes instead of {N}: 0x{shown}{more}"
        )
    })
}

/// Runs `plasmid relay` until Ctrl-C.
///
/// # Errors
/// When the root chain, the node or the key cannot be used at the start; later troubles are said and tried again.
pub async fn run(
    command: RelayCommand,
    connection: &Connection,
    keys: &KeyOptions,
    output: Output,
) -> Result<(), CliError> {
    let status = connection.status().await?;
    let (_, secret) = keys.open(&command.from)?;
    let key = Key::from_bytes(&secret).map_err(|error| CliError::new(error.to_string()))?;
    let rpc = connection.root()?;
    let wallet = Wallet::open(rpc.clone(), key, status.root_chain_id, command.spending()?).await?;
    let registry = connection.registry()?;
    let created = ceremony::read_back(&rpc, registry)
        .await
        .map_err(|error| CliError::new(error.to_string()))?;
    if created.id.as_slice() != status.deployment_id {
        return Err(CliError::new(format!(
            "the node serves deployment {}, and the Registry {registry} made {}",
            hex::encode(&status.deployment_id),
            hex::encode(created.id)
        )));
    }
    let finality = command.depth.map_or(Finality::Tag, Finality::Depth);
    let config = crate::node::start::follow(&created, finality);
    let position = command.position(connection, created.id);
    let endpoints = [connection.root_address()?];
    let follower = Follower::start(config, Anchor::GENESIS, position, &endpoints)?;
    let policy = Policy {
        patience_secs: command.patience,
        ..Policy::default()
    };
    let mut relayer =
        Relayer::open(wallet, follower, created.inbox, created.root_chain, policy).await?;
    let source = NodeSource(connection.channel().await?);
    output.say(&format!(
        "relaying checkpoints of {} to RootChain {}",
        status.chain_id, created.root_chain
    ));
    tokio::select! {
        () = relayer.run(&source, |notice| say(output, notice)) => Ok(()),
        () = crate::node::shutdown::requested() => Ok(()),
    }
}

/// One line a notice.
fn say(output: Output, notice: &Notice) {
    let (object, sentence) = match notice {
        Notice::Sent {
            epoch,
            nonce,
            hash,
            absent,
        } => (
            json!({ "event": "sent", "epoch": epoch, "nonce": nonce, "hash": hash.to_string(), "absent": absent }),
            format!("checkpoint {epoch}: sent as {hash}, {absent} signers absent"),
        ),
        Notice::Accepted { epoch, carrier } => (
            json!({ "event": "accepted", "epoch": epoch, "carrier": carrier.to_string() }),
            format!("checkpoint {epoch}: accepted, carried by {carrier}"),
        ),
        Notice::Paid {
            epoch,
            hash,
            gas_used,
            gas_price,
            succeeded,
        } => (
            json!({
                "event": "paid", "epoch": epoch, "hash": hash.to_string(), "gas_used": gas_used,
                "gas_price": gas_price.map(|price| price.to_string()), "succeeded": succeeded,
            }),
            format!(
                "checkpoint {epoch}: {gas_used} gas{}{}",
                gas_price.map_or_else(String::new, |price| format!(" at {price} wei")),
                if *succeeded {
                    ""
                } else {
                    ", but another relayer was faster"
                }
            ),
        ),
        Notice::Waiting { epoch, reason } => (
            json!({ "event": "waiting", "epoch": epoch, "reason": reason }),
            format!("checkpoint {epoch}: waiting, {reason}"),
        ),
        Notice::Stuck { nonce } => (
            json!({ "event": "stuck", "nonce": nonce }),
            format!("the transaction of nonce {nonce} is not mined: offering more"),
        ),
        Notice::ReadsAgain { index } => (
            json!({ "event": "reads_again", "message": index }),
            format!(
                "message {index} is needed and was let go of: the root chain is read again from the deployment's first block"
            ),
        ),
        Notice::Root(standing) => (
            json!({ "event": "root", "standing": standing }),
            standing.clone(),
        ),
        Notice::Reading { reached, target } => (
            json!({ "event": "reading", "reached": reached, "target": target }),
            format!("reading the root chain: block {reached} of {target}"),
        ),
        Notice::Trouble(reason) => (
            json!({ "event": "trouble", "reason": reason }),
            format!("trouble: {reason}; trying again"),
        ),
    };
    super::output::line(&if output.is_json() {
        object.to_string()
    } else {
        sentence
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member() -> WireMember {
        WireMember {
            number: 2,
            seat: 3,
            operator: vec![1; 20],
            registration: 4,
            consensus_key: vec![2; 32],
            checkpoint_key: vec![3; 96],
            power: 5,
        }
    }

    #[test]
    fn a_member_that_cannot_be_one_is_shown_with_the_value_that_is_wrong() {
        assert!(read_member(member()).is_ok());
        type Change = fn(&mut WireMember);
        let cases: [(Change, &str); 5] = [
            (
                |member| member.seat = 65_536,
                "a member's seat is 65536, above 65535",
            ),
            (
                |member| member.operator = vec![0xab; 2],
                "the operator of the member on seat 3 has 2 bytes instead of 20: 0xabab",
            ),
            (
                |member| member.operator.clear(),
                "the operator of the member on seat 3 has 0 bytes instead of 20: 0x",
            ),
            (
                |member| member.consensus_key.push(9),
                "the consensus key of the member on seat 3 has 33 bytes instead of 32: 0x02",
            ),
            (
                |member| member.checkpoint_key = vec![7; 1_000],
                "the checkpoint key of the member on seat 3 has 1000 bytes instead of 96: 0x07",
            ),
        ];
        for (change, words) in cases {
            let mut wrong = member();
            change(&mut wrong);
            let said = read_member(wrong).expect_err(words);
            assert!(said.starts_with(words), "{said}");
            assert!(said.len() < 200, "{said}");
        }
    }
}
