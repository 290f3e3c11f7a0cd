//! Chain, origin and final block.

use std::cmp::Ordering;

use alloy_primitives::B256;

use super::{EndpointStanding, Next, Phase, Track, Trouble};
use crate::relay::seen::{Block, Finality};

/// When an endpoint's final block is below an earlier one, the endpoint lags, or the earlier one was invented: it is waited for as long as
/// this number of requests may take. After the same time the contracts are looked at again in a final block that has not moved.
const LAG_IN_REQUESTS: u64 = 6;

impl Track {
    pub(super) fn take_chain_id(&mut self, seen: u64) -> Result<Next, Trouble> {
        let expected = self.config.root_chain_id;
        if seen != expected {
            return Err(Trouble::Fatal(EndpointStanding::OtherChain {
                expected,
                seen,
            }));
        }
        self.phase = Phase::Origin;
        Ok(Next::Now)
    }

    pub(super) fn take_block(&mut self, now: u64, block: Option<Block>) -> Result<Next, Trouble> {
        match self.phase {
            Phase::Origin => {
                let expected = self.config.parent_hash;
                let seen = block.map(|block| block.hash);
                if seen != Some(expected) {
                    return Err(Trouble::Fatal(EndpointStanding::OtherOrigin {
                        expected,
                        seen,
                    }));
                }
                self.phase = Phase::Head;
                Ok(Next::Now)
            }
            Phase::Head => self.take_head(now, block),
            Phase::Target(number) => match block {
                Some(block) if block.number == number => self.aim(now, block),
                _ => {
                    self.phase = Phase::Head;
                    Err(Trouble::Lie(format!(
                        "it has no block {number}, though it has later ones"
                    )))
                }
            },
            Phase::Recheck { old, new } => {
                if block.map(|block| block.hash) != Some(old.hash) {
                    return Err(changed(old.number));
                }
                if let Some(new) = new {
                    self.move_to(now, new);
                }
                self.ranges_since_recheck = 0;
                self.phase = Phase::Messages;
                Ok(Next::Now)
            }
            _ => Err(Trouble::Lie("a block that was not asked for".into())),
        }
    }

    fn take_head(&mut self, now: u64, block: Option<Block>) -> Result<Next, Trouble> {
        let Some(block) = block else {
            self.standing = EndpointStanding::NoFinalBlock(None);
            return Ok(Next::Poll);
        };
        match self.config.finality {
            Finality::Tag => self.aim(now, block),
            Finality::Depth(depth) => match block.number.checked_sub(u64::from(depth)) {
                Some(number) => {
                    self.phase = Phase::Target(number);
                    Ok(Next::Now)
                }
                None => self.too_early(block.number),
            },
        }
    }

    fn move_to(&mut self, now: u64, block: Block) {
        self.target = Some(block);
        self.moved_at = Some(now);
        self.behind_since = None;
    }

    fn too_early(&mut self, reached: u64) -> Result<Next, Trouble> {
        self.standing = EndpointStanding::BeforeDeployment {
            reached,
            deployed_at: self.config.deployed_at,
        };
        Ok(Next::Poll)
    }

    /// Makes `block` the end of the scan, once the last end turns out to be in the same chain.
    fn aim(&mut self, now: u64, block: Block) -> Result<Next, Trouble> {
        self.phase = Phase::Head;
        let Some(known) = self.target else {
            if block.number < self.config.deployed_at {
                return self.too_early(block.number);
            }
            self.target = Some(block);
            self.moved_at = Some(now);
            self.phase = Phase::Messages;
            return Ok(Next::Now);
        };
        match block.number.cmp(&known.number) {
            Ordering::Less => self.lag(now, known),
            Ordering::Equal if block.hash != known.hash => Err(changed(block.number)),
            Ordering::Equal => {
                let interval = self.config.patience_ms.saturating_mul(LAG_IN_REQUESTS);
                let is_fresh = |(hash, at): (B256, u64)| {
                    hash == known.hash && now.saturating_sub(at) < interval
                };
                if !self.compared_at.is_some_and(is_fresh) {
                    self.phase = Phase::Messages;
                    return Ok(Next::Now);
                }
                if !matches!(self.standing, EndpointStanding::Shorter { .. }) {
                    self.follow(now);
                }
                if self.next_message_block <= known.number && !self.is_full() {
                    self.phase = Phase::Messages;
                    return Ok(Next::Now);
                }
                Ok(Next::Poll)
            }
            // The next block names the one before by itself.
            Ordering::Greater if block.number == known.number.saturating_add(1) => {
                if block.parent != known.hash {
                    return Err(changed(known.number));
                }
                self.move_to(now, block);
                self.ranges_since_recheck = 0;
                self.phase = Phase::Messages;
                Ok(Next::Now)
            }
            Ordering::Greater => {
                self.phase = Phase::Recheck {
                    old: known,
                    new: Some(block),
                };
                Ok(Next::Now)
            }
        }
    }

    /// Another node behind the same address may lag, so for a while nothing changes. After that the later block must still be in the chain.
    fn lag(&mut self, now: u64, known: Block) -> Result<Next, Trouble> {
        let since = *self.behind_since.get_or_insert(now);
        let patience = self.config.patience_ms.saturating_mul(LAG_IN_REQUESTS);
        if now.saturating_sub(since) < patience {
            return Ok(Next::Poll);
        }
        // If the endpoint still has the later block, it only lags, and nothing is forgotten.
        self.behind_since = None;
        self.phase = Phase::Recheck {
            old: known,
            new: None,
        };
        Ok(Next::Now)
    }
}

fn changed(number: u64) -> Trouble {
    Trouble::Contradiction(format!(
        "its block {number} was final, and it is another one now"
    ))
}
