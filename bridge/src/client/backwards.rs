//! Events of contracts, read from the newest block backwards: what is asked for is mostly new.

use alloy_primitives::{Address, B256};

use super::rpc::{Rpc, RpcError};
use crate::relay::seen::Log;

/// Root blocks that are searched at a time, at most.
const MAX_RANGE: u64 = 2_000;

/// A search that goes on where the last look ended.
pub struct Backwards<'a> {
    rpc: &'a Rpc,
    addresses: &'a [Address],
    topics: &'a [B256],
    /// The newest block that was not looked at; `None` when all were.
    last: Option<u64>,
    first: u64,
    range: u64,
}

impl<'a> Backwards<'a> {
    /// The events with one of these topics, of these contracts, in blocks `first` to `last`.
    pub const fn new(
        rpc: &'a Rpc,
        addresses: &'a [Address],
        topics: &'a [B256],
        (first, last): (u64, u64),
    ) -> Self {
        Self {
            rpc,
            addresses,
            topics,
            last: Some(last),
            first,
            range: MAX_RANGE,
        }
    }

    /// The newest block that was not looked at, if there is one.
    pub fn left(&self) -> Option<u64> {
        self.last.filter(|last| *last >= self.first)
    }

    /// The events of the blocks before those that were looked at, ascending, or `None` when there are no such blocks. A node that refuses
    /// as many blocks is asked for fewer, and for more again when it answered.
    ///
    /// # Errors
    /// Why the node could not be asked.
    pub async fn look(&mut self) -> Result<Option<Vec<Log>>, RpcError> {
        let Some(last) = self.left() else {
            return Ok(None);
        };
        loop {
            let first = last.saturating_sub(self.range - 1).max(self.first);
            match self
                .rpc
                .logs(first, last, self.addresses, self.topics)
                .await
            {
                // Too many blocks, or too many events, for this node at once.
                Err(
                    RpcError::Refused { .. }
                    | RpcError::TooLarge(_)
                    | RpcError::Status(_)
                    | RpcError::Unreachable(_),
                ) if self.range > 1 => self.range /= 2,
                Err(error) => return Err(error),
                Ok(logs) => {
                    self.last = first.checked_sub(1);
                    self.range = self.range.saturating_mul(2).min(MAX_RANGE);
                    return Ok(Some(logs));
                }
            }
        }
    }
}
