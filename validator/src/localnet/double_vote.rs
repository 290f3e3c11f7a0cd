//! Two precommits of one published key for two blocks of the same height: what an honest signer never makes, for showing what follows.

use ed25519_dalek::{Signer, SigningKey};
use tendermint::{
    Hash, Signature, Time, Vote,
    block::{Height, Id, Round, parts},
    chain,
    evidence::DuplicateVoteEvidence,
    validator::Info,
    vote::{Type, ValidatorIndex},
};

use super::{LocalError, found};
use crate::node::comet::Client;

/// Evidence that the consensus key of validator `number` signed two blocks at this height, in whose set it stands as this engine says.
///
/// # Errors
/// [`LocalError::Unsaid`] when it does not stand there.
pub async fn double_vote(
    engine: &Client,
    number: usize,
    height: u64,
) -> Result<DuplicateVoteEvidence, LocalError> {
    let key = SigningKey::from_bytes(&found::consensus_secret(number));
    let members = engine.validators(height).await.map_err(unsaid)?;
    let header = engine.commit(Some(height)).await.map_err(unsaid)?;
    let header = header.signed_header.header;
    let own = |info: &Info| info.pub_key.to_bytes() == key.verifying_key().to_bytes();
    let place = members.iter().position(own);
    let Some((place, own)) = place.and_then(|place| Some((place, members.get(place)?))) else {
        return Err(unsaid(format!(
            "validator {number} is not in the set of height {height}"
        )));
    };
    let vote = |block: u8| {
        Votes {
            key: &key,
            chain: header.chain_id.clone(),
            own,
            place: u32::try_from(place).unwrap_or(u32::MAX),
            height: header.height,
            time: header.time,
        }
        .precommit([block; 32])
    };
    let total: u64 = members.iter().map(|info| info.power.value()).sum();
    Ok(DuplicateVoteEvidence {
        vote_a: vote(1)?,
        vote_b: vote(2)?,
        total_voting_power: total.try_into().map_err(unsaid)?,
        validator_power: own.power,
        timestamp: header.time,
    })
}

fn unsaid(why: impl ToString) -> LocalError {
    LocalError::Unsaid(why.to_string())
}

/// What the votes have in common.
struct Votes<'a> {
    key: &'a SigningKey,
    chain: chain::Id,
    own: &'a Info,
    place: u32,
    height: Height,
    time: Time,
}

impl Votes<'_> {
    /// A precommit of round 0 for a block that nobody proposed.
    fn precommit(self, block: [u8; 32]) -> Result<Vote, LocalError> {
        let parts = parts::Header::new(1, Hash::Sha256(block)).map_err(unsaid)?;
        let mut vote = Vote {
            vote_type: Type::Precommit,
            height: self.height,
            round: Round::default(),
            block_id: Some(Id {
                hash: Hash::Sha256(block),
                part_set_header: parts,
            }),
            timestamp: Some(self.time),
            validator_address: self.own.address,
            validator_index: ValidatorIndex::try_from(self.place).map_err(unsaid)?,
            signature: None,
            // As a real precommit has one: evidence does not look at it.
            extension: b"an extension".to_vec(),
            extension_signature: Signature::new(self.key.sign(b"of another vote").to_bytes())
                .map_err(unsaid)?,
        };
        let signed = self.key.sign(&vote.clone().into_signable_vec(self.chain));
        vote.signature = Signature::new(signed.to_bytes()).map_err(unsaid)?;
        Ok(vote)
    }
}
