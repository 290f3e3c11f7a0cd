//! What the Court says of an offence in one block.

use alloy_primitives::B256;

use super::{At, Closing, CourtRecords, ICourt, OffenceId, Rpc, RpcError, view_call};
use crate::relay::watch::{CourtCommitment, CourtSeen, RevealedOffence};

/// Wei of a gwei.
const GWEI: u128 = 1_000_000_000;

impl CourtRecords {
    /// What root says of an offence in this block.
    pub async fn seen(
        &self,
        rpc: &Rpc,
        at: At,
        offence: OffenceId,
        commitment: Option<B256>,
        accepted: u64,
    ) -> Result<CourtSeen, RpcError> {
        let OffenceId { epoch, operator } = offence;
        let call = ICourt::offenceCall { operator, epoch };
        let known = view_call(rpc, self.contracts.court, call, at).await?;
        let own = match commitment {
            Some(commitment) => self.committed(rpc, at, commitment).await?,
            None => None,
        };
        let mut revealed = None;
        if known.registration != 0 {
            let leads = |one: &&B256| known.leader.as_slice() == one.get(..13).unwrap_or_default();
            let leader = match known.leader.is_zero() {
                true => Some(B256::ZERO),
                false => {
                    let named = self.revealed.get(&offence).into_iter().flatten();
                    named.chain(&commitment).find(leads).copied()
                }
            };
            let leading = match leader.filter(|leader| !leader.is_zero()) {
                Some(leader) => self.committed(rpc, at, leader).await?,
                None => None,
            };
            revealed = Some(RevealedOffence {
                block: known.revealedAt.to(),
                leader,
                leader_block: leading.map_or(0, |leading| leading.block),
                is_counted: known.counted,
                is_settled: known.settled,
            });
        }
        let after_next = self.closing(epoch.saturating_add(2), accepted);
        Ok(CourtSeen {
            own,
            offence: revealed,
            next: self.closing(epoch.saturating_add(1), accepted),
            after_next,
            uncounted: match revealed.is_some_and(|one| one.is_counted && !one.is_settled) {
                true => self.uncounted(rpc, at, epoch, after_next).await?,
                false => 0,
            },
        })
    }

    /// How many offences root has to count before one of this epoch settles; it is not asked before reports can be closed.
    pub(super) async fn uncounted(
        &self,
        rpc: &Rpc,
        at: At,
        epoch: u64,
        after_next: Closing,
    ) -> Result<u64, RpcError> {
        if matches!(after_next, Closing::Open | Closing::Unread) {
            return Ok(0);
        }
        let call = ICourt::uncountedCall { epoch };
        let number = view_call(rpc, self.contracts.court, call, at).await?;
        Ok(number.saturating_to())
    }

    pub(in super::super) async fn committed(
        &self,
        rpc: &Rpc,
        at: At,
        commitment: B256,
    ) -> Result<Option<CourtCommitment>, RpcError> {
        let call = ICourt::commitmentCall {
            commitment_: commitment,
        };
        let made = view_call(rpc, self.contracts.court, call, at).await?;
        let block: u64 = made.madeAt.to();
        let is_revealed = !made.beneficiary.is_zero();
        let number: u64 = made.timeOrGas.to();
        Ok((block != 0).then_some(CourtCommitment {
            block,
            time: if is_revealed { 0 } else { number },
            is_revealed,
            gas_wei: match is_revealed {
                true => u128::from(number).saturating_mul(GWEI),
                false => 0,
            },
        }))
    }
}
