//! Votes that an engine shows: the evidence of its blocks, beside that of an attack on light clients the chain's own commit, and at its newest block the commits of that and of the one before.

use serde_json::Value;
use tendermint::Hash;
use tendermint::block::Meta;

use super::{Client, RpcError};

/// Blocks whose heads an engine gives at once.
pub const PAGE: u64 = 20;
/// The name of evidence of an attack on light clients in the engine's JSON.
const LIGHT_CLIENT_ATTACK: &str = "tendermint/LightClientAttackEvidence";
/// SHA-256 of nothing: the evidence hash of a block without evidence.
const NO_EVIDENCE: [u8; 32] = [
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
    0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
];

/// What an engine shows of votes in a few blocks.
#[derive(Debug, Default)]
pub struct VotesPage {
    /// The chain, as the engine names it.
    pub chain: String,
    /// The first block that it has.
    pub oldest: u64,
    /// Its newest block.
    pub newest: u64,
    /// The last block whose evidence is here, all of it; zero: none.
    pub last: u64,
    /// Pieces of evidence, each with the height of its block; behind `last` perhaps a part of the next block's.
    pub evidence: Vec<(u64, Value)>,
    /// Where the page ends at the newest block, the commit of the block before it and its own; where it ends with the evidence of an attack on light clients,
    /// the chain's commit of the height for which another block was shown to them.
    pub commits: Vec<Value>,
    /// Why the evidence of the block behind `last` cannot be read.
    pub unreadable: Option<String>,
}

impl Client {
    /// The votes of blocks from a height on, without the first `known` pieces of evidence of that block. Pieces that would have more than `most` bytes together are left to the next page.
    ///
    /// # Errors
    /// [`RpcError`] where nothing of it can be read.
    pub async fn votes(
        &self,
        first: u64,
        known: usize,
        most: usize,
    ) -> Result<VotesPage, RpcError> {
        let status = self.status().await?;
        let sync = status.sync_info;
        let mut page = VotesPage {
            chain: status.node_info.network.to_string(),
            oldest: sync.earliest_block_height.value(),
            newest: sync.latest_block_height.value(),
            ..VotesPage::default()
        };
        if page.newest < first {
            return Ok(page);
        }
        let begin = first.max(page.oldest);
        let end = page
            .newest
            .min(begin.saturating_add(PAGE).saturating_sub(1));
        let mut heads = self.heads(begin, end).await?;
        heads.sort_by_key(|head| head.header.height);
        let (mut next, mut bytes) = (begin, 0_usize);
        for head in heads {
            if head.header.height.value() != next {
                continue;
            }
            if has_evidence(&head) {
                let found = match self.evidence(next).await {
                    Ok(found) => found,
                    Err(error @ (RpcError::Malformed { .. } | RpcError::TooLarge { .. })) => {
                        page.unreadable = Some(error.to_string());
                        return Ok(page);
                    }
                    Err(_) if page.last > 0 => return Ok(page),
                    Err(error) => return Err(error),
                };
                let known = if next == first { known } else { 0 };
                for piece in found.into_iter().skip(known) {
                    bytes = bytes.saturating_add(piece.to_string().len());
                    if bytes > most {
                        if page.evidence.is_empty() && page.last == 0 {
                            page.unreadable = Some("a piece of it is too long".into());
                        }
                        return Ok(page);
                    }
                    let attacked = attacked(&piece);
                    page.evidence.push((next, piece));
                    if let Some(height) = attacked {
                        page.add_commit(self.commit_as_written(height).await)?;
                        return Ok(page);
                    }
                }
            }
            page.last = next;
            next = next.saturating_add(1);
        }
        if page.last == page.newest {
            for height in [page.newest.saturating_sub(1), page.newest] {
                page.add_commit(self.commit_as_written(height).await)?;
            }
        }
        Ok(page)
    }
}

impl VotesPage {
    /// What cannot be read is no vote.
    fn add_commit(&mut self, read: Result<Value, RpcError>) -> Result<(), RpcError> {
        match read {
            Ok(commit) => self.commits.push(commit),
            Err(error @ RpcError::Http { .. }) => return Err(error),
            Err(_) => {}
        }
        Ok(())
    }
}

/// In evidence of an attack on light clients, the commit of the block that they were shown.
#[must_use]
pub fn attacking_commit(evidence: &Value) -> Option<&Value> {
    let kind = evidence.get("type")?.as_str()?;
    let block = evidence.get("value")?.get("ConflictingBlock")?;
    (kind == LIGHT_CLIENT_ATTACK).then(|| block.get("signed_header")?.get("commit"))?
}

/// The height of that commit.
fn attacked(evidence: &Value) -> Option<u64> {
    let height = attacking_commit(evidence)?.get("height")?;
    height.as_str()?.parse().ok()
}

fn has_evidence(head: &Meta) -> bool {
    match head.header.evidence_hash {
        Some(Hash::Sha256(hash)) => hash != NO_EVIDENCE,
        Some(Hash::None) | None => false,
    }
}
