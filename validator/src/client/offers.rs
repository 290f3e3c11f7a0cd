//! Nodes of the child as the source of checkpoints and shares: each is asked, none is believed.
//!
//! What a node says about members and contents is checked against root before it is used, and every share by its signature. So a node that
//! lies, is behind or is silent keeps no share back that another one has.
//!
//! ```no_run
//! # use plasmid::client::offers::Nodes;
//! # use plasmid_bridge::client::{ceremony::Created, follower::Follower, relayer::{self, Relayer}, wallet::Wallet};
//! # use plasmid_bridge::relay::{outbox::Policy, seen::{Anchor, Finality}};
//! # async fn relay(wallet: Wallet, created: Created) -> Result<(), Box<dyn std::error::Error>> {
//! let nodes = Nodes::new(&["http://127.0.0.1:9090".to_owned()])?;
//! let config = relayer::follow(&created, Finality::Tag);
//! let follower = Follower::start(config, Anchor::GENESIS, None, &["http://127.0.0.1:8545".to_owned()])?;
//! let (inbox, root_chain) = (created.inbox, created.root_chain);
//! let relayer = Relayer::open(wallet, follower, inbox, root_chain, Policy::new(660)).await?;
//! relayer.run(&nodes, |notice| println!("{notice:?}")).await;
//! # Ok(()) }
//! ```

use std::{collections::BTreeMap, fmt, time::Duration};

use plasmid_bridge::{
    client::relayer::Source, proof::checkpoint::Checkpoint, relay::outbox::CheckpointOffer,
};
use plasmid_proto::bridge::v1::{
    GetSharesRequest, GetSharesResponse, Member as WireMember,
    bridge_service_client::BridgeServiceClient,
};
use plasmid_staking::Member;
use tonic::transport::Channel;

use super::{ClientError, endpoint};
use crate::plain;

/// Largest answer of a node that is read: 512 members and shares.
const MAX_ANSWER: usize = 1 << 20;
/// Nodes that are asked, at most.
const MAX_NODES: usize = 32;
/// How long a node may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of a wrong value that are shown.
const SHOWN: usize = 32;

/// The nodes that are asked: the [`Source`] of a [`plasmid_bridge::client::relayer::Relayer`].
pub struct Nodes(Vec<(String, Channel)>);

impl fmt::Debug for Nodes {
    /// Where they are, without what may be a key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = self.0.iter().map(|(address, _)| plain::place(address));
        f.debug_list().entries(places).finish()
    }
}

impl Nodes {
    /// Nodes at these addresses, connected when they are first asked.
    ///
    /// # Errors
    /// [`ClientError::Address`] and [`ClientError::TooManyNodes`].
    pub fn new(addresses: &[String]) -> Result<Self, ClientError> {
        if addresses.len() > MAX_NODES {
            return Err(ClientError::TooManyNodes {
                named: addresses.len(),
                most: MAX_NODES,
            });
        }
        let nodes = addresses.iter().map(|address| {
            let endpoint = endpoint(address)?;
            let endpoint = endpoint.connect_timeout(PATIENCE).timeout(PATIENCE);
            Ok((address.clone(), endpoint.connect_lazy()))
        });
        nodes.collect::<Result<_, _>>().map(Self)
    }
}

impl Source for Nodes {
    async fn offers(&self, epoch: u64) -> Result<Vec<CheckpointOffer>, String> {
        let asked: Vec<_> = self
            .0
            .iter()
            .map(|(_, channel)| tokio::spawn(ask(channel.clone(), epoch)))
            .collect();
        let mut told = Vec::new();
        for ((address, _), asked) in self.0.iter().zip(asked) {
            let answer = asked.await.unwrap_or_else(|error| Err(error.to_string()));
            told.push(answer.map_err(|why| format!("{}: {why}", plain::place(address))));
        }
        // One that does not answer is only told of when no other one does.
        if told.iter().all(Result::is_err) {
            let reasons: Vec<_> = told.into_iter().filter_map(Result::err).collect();
            return Err(reasons.join("; "));
        }
        Ok(merge(told.into_iter().flatten().flatten()))
    }
}

/// What a node tells of one epoch's checkpoint, or nothing as long as the epoch goes on.
pub(crate) async fn ask(channel: Channel, epoch: u64) -> Result<Option<CheckpointOffer>, String> {
    let mut client = BridgeServiceClient::new(channel).max_decoding_message_size(MAX_ANSWER);
    match client.get_shares(GetSharesRequest { epoch }).await {
        Ok(answer) => read_offer(answer.into_inner(), epoch).map(Some),
        Err(status) if status.code() == tonic::Code::NotFound => Ok(None),
        Err(status) => Err(status.message().to_owned()),
    }
}

/// The shares over one checkpoint by one set are put together, whichever node they come from.
fn merge(told: impl Iterator<Item = CheckpointOffer>) -> Vec<CheckpointOffer> {
    let mut offers: Vec<CheckpointOffer> = Vec::new();
    for offer in told {
        let same = |known: &&mut CheckpointOffer| {
            known.checkpoint == offer.checkpoint && known.members == offer.members
        };
        match offers.iter_mut().find(same) {
            None => offers.push(offer),
            Some(known) => {
                for share in offer.shares {
                    if !known.shares.contains(&share) {
                        known.shares.push(share);
                    }
                }
            }
        }
    }
    offers
}

fn read_offer(answer: GetSharesResponse, epoch: u64) -> Result<CheckpointOffer, String> {
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
    // A node has one share of a member: more would only cost their verification.
    let shares: BTreeMap<u16, [u8; 192]> = answer
        .shares
        .into_iter()
        .filter_map(|share| {
            Some((
                u16::try_from(share.member).ok()?,
                share.signature.try_into().ok()?,
            ))
        })
        .collect();
    Ok(CheckpointOffer {
        checkpoint,
        members,
        shares: shares.into_iter().collect(),
    })
}

fn read_member(member: WireMember) -> Result<Member, String> {
    let marked = u16::try_from(member.seat)
        .map_err(|_| format!("a member's seat is {}, above {}", member.seat, u16::MAX))?;
    let seat = marked & !Member::NOTHING_AT_RISK;
    Ok(Member {
        at_risk: marked == seat,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(shares: &[(u16, u8)]) -> CheckpointOffer {
        let shares = shares.iter().map(|(number, byte)| (*number, [*byte; 192]));
        CheckpointOffer {
            checkpoint: Checkpoint::decode(&[7; 224]).expect("any bytes are a checkpoint"),
            members: vec![read_member(member()).expect("a member")],
            shares: shares.collect(),
        }
    }

    #[test]
    fn shares_over_one_checkpoint_are_put_together_and_those_over_another_are_not() {
        let mut other = offer(&[(0, 9)]);
        other.checkpoint.epoch ^= 1;
        let told = [
            offer(&[(0, 1), (1, 1)]),
            other,
            offer(&[(1, 1), (1, 2), (2, 1)]),
        ];
        let merged = merge(told.into_iter());
        assert_eq!(merged.len(), 2);
        let shares = |offer: &CheckpointOffer| -> Vec<(u16, u8)> {
            let shares = offer.shares.iter();
            shares.map(|(number, share)| (*number, share[0])).collect()
        };
        assert_eq!(shares(&merged[0]), [(0, 1), (1, 1), (1, 2), (2, 1)]);
        assert_eq!(shares(&merged[1]), [(0, 9)]);
    }

    #[tokio::test]
    async fn no_key_of_an_address_is_shown() {
        let addresses = [
            "http://node/0123abcd",
            "http://me:0123abcd@node",
            "https://node?0123abcd",
        ];
        let nodes = Nodes::new(&addresses.map(str::to_owned)).expect("addresses");
        let shown = format!("{nodes:?} {nodes:#?}");
        assert!(shown.contains("http://node/…"), "{shown}");
        assert!(!shown.contains("0123abcd"), "{shown}");
    }

    #[test]
    fn a_node_that_names_many_shares_of_one_member_has_one_counted() {
        let share = |byte| plasmid_proto::bridge::v1::Share {
            member: 2,
            signature: vec![byte; 192],
        };
        let answer = GetSharesResponse {
            checkpoint: Some(plasmid_proto::bridge::v1::Checkpoint {
                encoded: offer(&[]).checkpoint.encode(),
                ..Default::default()
            }),
            members: vec![member()],
            shares: (0..200).map(share).collect(),
        };
        let epoch = offer(&[]).checkpoint.epoch;
        let read = read_offer(answer, epoch).expect("an offer");
        assert_eq!(read.shares.len(), 1);
    }

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
