//! Chain, origin, final block, and the contracts' state in it.

use super::{Next, Phase, Standing, Track, Trouble, Verified};
use crate::relay::inbox::{Finality, Heads};
use crate::relay::seen::Block;

impl Track {
    pub(super) fn take_chain_id(&mut self, seen: u64) -> Result<Next, Trouble> {
        let expected = self.config.root_chain_id;
        if seen != expected {
            return Err(Trouble::Fatal(Standing::OtherChain { expected, seen }));
        }
        self.phase = Phase::Origin;
        Ok(Next::Now)
    }

    pub(super) fn take_block(&mut self, block: Option<Block>) -> Result<Next, Trouble> {
        match self.phase {
            Phase::Origin => {
                let expected = self.config.parent_hash;
                let seen = block.map(|block| block.hash);
                if seen != Some(expected) {
                    return Err(Trouble::Fatal(Standing::OtherOrigin { expected, seen }));
                }
                self.phase = Phase::Head;
                Ok(Next::Now)
            }
            Phase::Head => match (self.config.finality, block) {
                (_, None) => Ok(Next::Poll),
                (Finality::Tag, Some(block)) => self.aim(block),
                (Finality::Depth(depth), Some(block)) => {
                    match block.number.checked_sub(u64::from(depth)) {
                        Some(number) => {
                            self.phase = Phase::Target(number);
                            Ok(Next::Now)
                        }
                        None => Ok(Next::Poll),
                    }
                }
            },
            Phase::Target(number) => match block {
                Some(block) if block.number == number => self.aim(block),
                _ => {
                    self.phase = Phase::Head;
                    Err(Trouble::Lie(format!(
                        "no block {number} though there are later ones"
                    )))
                }
            },
            Phase::Recheck(old) => {
                if block.map(|block| block.hash) != Some(old.hash) {
                    return Err(Trouble::Changed(format!(
                        "block {} was final and is another one now",
                        old.number
                    )));
                }
                self.phase = Phase::Messages;
                Ok(Next::Now)
            }
            _ => Err(Trouble::Lie("a block that was not asked for".into())),
        }
    }

    /// Makes `block` the end of the scan. One below the last one changes nothing: another node behind the same address may lag.
    fn aim(&mut self, block: Block) -> Result<Next, Trouble> {
        self.phase = Phase::Head;
        if block.number < self.config.deployed_at {
            return Ok(Next::Poll);
        }
        let Some(verified) = self.verified else {
            self.target = Some(block);
            self.phase = Phase::Messages;
            return Ok(Next::Now);
        };
        if block.number < verified.block.number {
            return Ok(Next::Poll);
        }
        if block.number == verified.block.number {
            if block.hash != verified.block.hash {
                return Err(Trouble::Changed(format!(
                    "block {} was final and is another one now",
                    block.number
                )));
            }
            self.standing = Standing::Following;
            self.lies = 0;
            if self.next_message_block > block.number || self.is_full() {
                return Ok(Next::Poll);
            }
            self.phase = Phase::Messages;
            return Ok(Next::Now);
        }
        self.target = Some(block);
        self.phase = Phase::Recheck(verified.block);
        Ok(Next::Now)
    }

    pub(super) fn take_heads(&mut self, heads: Heads) -> Result<Next, Trouble> {
        let Some(block) = self.target else {
            return Err(Trouble::Lie("state that was not asked for".into()));
        };
        let (count, link) = self.tip();
        let (cursor, expected) = self.consumed;
        if heads.count == cursor && heads.link != expected {
            return Err(Trouble::Fatal(Standing::Differs {
                cursor,
                expected,
                seen: heads.link,
            }));
        }
        if heads.count < cursor {
            return Err(Trouble::Fatal(Standing::Shorter {
                count: heads.count,
                cursor,
            }));
        }
        if heads.count < count || (heads.count == count && heads.link != link) {
            return Err(Trouble::Changed(format!(
                "events lead to message {count} with hash {link}, and the contract holds {} with {}",
                heads.count, heads.link
            )));
        }
        if heads.count > count && !self.is_full() {
            self.rewind_messages();
            self.phase = Phase::Messages;
            return Err(Trouble::Lie(format!(
                "events lead to message {count} of {}",
                heads.count
            )));
        }
        if heads.accepted != self.accepted {
            self.forget_acceptances();
            self.phase = Phase::Acceptances;
            return Err(Trouble::Lie(format!(
                "events show another number of accepted checkpoints than the contract, {}",
                heads.accepted
            )));
        }
        self.verified = Some(Verified {
            block,
            count,
            link,
            accepted: self.accepted,
        });
        self.standing = Standing::Following;
        self.lies = 0;
        self.phase = Phase::Head;
        Ok(Next::Poll)
    }
}
