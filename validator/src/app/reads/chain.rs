//! Blocks, validator sets, parameters, sums and the state of this node.

use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{Arc, PoisonError},
};

use plasmid_bridge::proof::commitment::BlockCommitment;
use plasmid_proto::chain::v1::{
    GetBlockRequest, GetBlockResponse, GetParametersRequest, GetParametersResponse,
    GetStatusRequest, GetStatusResponse, GetSupplyRequest, GetSupplyResponse,
    ListValidatorsRequest, ListValidatorsResponse, Supply, Validator,
};
use plasmid_staking::{Position, Rewards, epoch_of};

use super::{
    ReadError, Reader,
    accounts::{decode, value},
    bridge, claims, on_tree_and_height, page_size,
};
use crate::{
    chain::tree::LeafRef,
    ledger::{
        Slot, Value,
        leaf::{
            AccountLeaf, AssetLeaf, Burned, FeePool, InboxLeaf, MemberLeaf, NATIVE, Participation,
            SetLeaf, TokenBalance,
        },
        ring_place,
    },
    wire::{self, address_bytes, address_text, consensus_address},
};

/// Assets of one page of sums.
const MAX_ASSETS: usize = 1_000;
/// Leaves that are added up while the state is held: about a millisecond.
const SLICE: u32 = 1 << 14;

/// How often the tip is looked at again when blocks come in between.
const LOOKS: usize = 4;

/// What this node is and how far it is.
pub fn get_status(
    source: &Reader<'_>,
    _: &GetStatusRequest,
) -> Result<GetStatusResponse, ReadError> {
    let (facts, root) = (source.facts(), source.root());
    let vitals = source.vitals();
    let mut tip = source.tip();
    let look = || {
        on_tree_and_height(source, |tree, height| {
            let past = tree.past_size();
            value::<InboxLeaf>(tree, &Slot::Inbox).map(|inbox| (height, inbox, tree.count(), past))
        })?
    };
    let (mut height, mut inbox, mut leaf_count, mut past) = look()?;
    // A block came in between: what is told is of one height.
    for _ in 0..LOOKS {
        if height == tip.height {
            break;
        }
        tip = source.tip();
        (height, inbox, leaf_count, past) = look()?;
    }
    let inbox = inbox.ok_or_else(|| {
        ReadError::Unavailable("the chain has no genesis yet: start its engine".into())
    })?;
    let mut troubles: Vec<String> = vitals.troubles().map(|(_, why)| why).collect();
    let awaited = bridge::awaited_beside(source, &mut troubles)?;
    let contract = |address: &alloy_primitives::Address| address.to_string();
    Ok(GetStatusResponse {
        chain_id: facts.chain_id.clone(),
        deployment_id: facts.domain.deployment.to_vec(),
        version: env!("CARGO_PKG_VERSION").into(),
        height: tip.height,
        app_hash: tip.app_hash.to_vec(),
        durable_height: tip.durable_height,
        epoch: epoch_of(tip.height.max(1), facts.parameters.epoch_blocks).unwrap_or(0),
        leaf_count,
        root_height: root.finalized.as_ref().map_or(0, |block| block.number),
        root_healthy: vitals.root_silent.is_none(),
        inbox_cursor: inbox.cursor,
        inbox_link: inbox.link.to_vec(),
        inbox_seen: root.count(),
        checkpoints_accepted: root.accepted,
        checkpoints_final: claims::final_count(source),
        mempool_transactions: u32::try_from(source.pending()).unwrap_or(u32::MAX),
        registry: contract(&facts.contracts.registry),
        inbox: contract(&facts.contracts.inbox),
        vault: contract(&facts.contracts.vault),
        root_chain: contract(&facts.contracts.root_chain),
        root_chain_id: facts.parameters.root_chain_id,
        first_executed: tip.work.first,
        segments_executed: tip.work.segments,
        segments_reexecuted: tip.work.reexecuted,
        root_trouble: root.trouble(),
        height_stands_secs: vitals.height_stands.as_secs(),
        root_silent_secs: vitals.root_silent.unwrap_or_default().as_secs(),
        troubles,
        awaited,
        past_epochs: past.epochs,
        past_leaves: past.leaves,
        past_epochs_on_disk: past.epochs_on_disk,
        past_leaves_on_disk: past.leaves_on_disk,
        exit_at: root.end.exit_at,
        void_from: root.end.void_from,
    })
}

/// A block's commitment.
pub fn get_block(
    source: &Reader<'_>,
    request: &GetBlockRequest,
) -> Result<GetBlockResponse, ReadError> {
    let tip = source.tip().height;
    let height = if request.height == 0 {
        tip
    } else {
        request.height
    };
    let missing = || ReadError::NotFound(format!("no block {height}: the tip is {tip}"));
    let block = source.commitment(height)?.ok_or_else(missing)?;
    Ok(told(&block))
}

/// A commitment as clients read it.
pub(super) fn told(block: &BlockCommitment) -> GetBlockResponse {
    GetBlockResponse {
        rules: block.rules,
        height: block.height,
        time: block.time,
        block_hash: block.block_hash.to_vec(),
        witness_hash: block.witness_hash.to_vec(),
        state_root_before: block.before.to_vec(),
        state_root_after: block.after.to_vec(),
        segments_root: block.segments_root.to_vec(),
        app_hash: block.hash().to_vec(),
    }
}

/// The set of an epoch, in seat order.
pub fn list_validators(
    source: &Reader<'_>,
    request: &ListValidatorsRequest,
) -> Result<ListValidatorsResponse, ReadError> {
    let parameters = &source.facts().parameters;
    on_tree_and_height(source, |tree, height| {
        let current = epoch_of(height.max(1), parameters.epoch_blocks).unwrap_or(0);
        let epoch = request.epoch.unwrap_or(current);
        let place = ring_place(epoch, parameters.ring);
        let set = value::<SetLeaf>(tree, &Slot::Set { place })?.filter(|set| set.epoch == epoch);
        let set = set.ok_or_else(|| {
            ReadError::NotFound(format!(
                "the set of epoch {epoch} is not kept; the tip is in epoch {current}"
            ))
        })?;
        let participation = value::<Participation>(tree, &Slot::Participation { place })?
            .filter(|_| epoch == current);
        let mut validators = Vec::new();
        for seat in 0..parameters.seats {
            let member = value::<MemberLeaf>(
                tree,
                &Slot::from(plasmid_staking::Key::Member { place, seat }),
            )?;
            let Some(member) = member
                .filter(|member| member.epoch == epoch)
                .and_then(|member| member.standing)
            else {
                continue;
            };
            let present = participation
                .as_ref()
                .and_then(|counts| counts.0.get(usize::from(seat)))
                .copied()
                .unwrap_or(0);
            validators.push(Validator {
                seat: u32::from(seat),
                operator: address_text(&member.line.operator),
                registration: member.registration,
                consensus_key: member.consensus_key.to_vec(),
                consensus_address: consensus_address(&member.consensus_key).to_vec(),
                checkpoint_key: member.checkpoint_key.to_vec(),
                power: member.power,
                present: u32::from(present),
            });
        }
        Ok(ListValidatorsResponse {
            epoch,
            validators,
            total_power: set.total_power,
            commitment: set.commitment.to_vec(),
        })
    })?
}

/// Every parameter of the deployment.
pub fn get_parameters(
    source: &Reader<'_>,
    _: &GetParametersRequest,
) -> Result<GetParametersResponse, ReadError> {
    Ok(GetParametersResponse {
        parameters: wire::parameters(&source.facts().parameters),
    })
}

/// The sums of some assets at the tip, by a scan of all leaves as they are when it begins. One scan runs at a time, and goes on to
/// its end whoever goes away, else those who never wait would keep it from everybody; who asks meanwhile gets the last sums, with
/// their height. A page's token is the last token of the page before.
pub fn get_supply(
    source: &Reader<'_>,
    request: &GetSupplyRequest,
) -> Result<GetSupplyResponse, ReadError> {
    let length = page_size(request.page_size, MAX_ASSETS);
    let after = match request.page_token.as_str() {
        "" => Bound::Unbounded,
        text => Bound::Excluded(address_bytes(text)?),
    };
    let supply = newest_supply(source)?;
    let mut page = supply.sums.range((after, Bound::Unbounded));
    let mut answer = GetSupplyResponse {
        height: supply.height,
        ..GetSupplyResponse::default()
    };
    for (token, sum) in page.by_ref().take(length) {
        answer.assets.push(wire_supply(token, sum));
    }
    if page.next().is_some()
        && let Some(last) = answer.assets.last()
    {
        answer.next_page_token.clone_from(&last.token);
    }
    Ok(answer)
}

/// The sums of all assets at one height.
#[derive(Debug)]
pub struct AllSupply {
    height: u64,
    sums: Sums,
}

fn newest_supply(source: &Reader<'_>) -> Result<Arc<AllSupply>, ReadError> {
    let memory = &source.remembered().supply;
    let last = memory
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    if let Some(last) = &last
        && last.height == source.tip().height
    {
        return Ok(Arc::clone(last));
    }
    if source.is_of_engine() {
        // Other questions would wait for the sum there.
        return last.ok_or_else(|| {
            ReadError::Unavailable("no sum is known yet: ask this node's gRPC for it".into())
        });
    }
    let Some(pinned) = Pinned::set(source)? else {
        return last.ok_or_else(|| {
            ReadError::Unavailable(
                "the node is adding up all leaves for somebody else: ask again in a second".into(),
            )
        });
    };
    let supply = Arc::new(AllSupply {
        height: pinned.height,
        sums: pinned.scan()?,
    });
    *memory.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&supply));
    Ok(supply)
}

fn wire_supply(token: &[u8; 20], sum: &Sum) -> Supply {
    Supply {
        token: address_text(token),
        balances: sum.balances.to_string(),
        stakes: sum.stakes.to_string(),
        pools: sum.pools.to_string(),
        credited: sum.credited.to_string(),
        withdrawn: sum.withdrawn.to_string(),
    }
}

#[derive(Debug, Default)]
struct Sum {
    balances: u128,
    stakes: u128,
    pools: u128,
    credited: u128,
    withdrawn: u128,
}

type Sums = BTreeMap<[u8; 20], Sum>;

/// The state of one height, kept readable while blocks go on.
struct Pinned<'a> {
    source: &'a Reader<'a>,
    height: u64,
    count: u32,
}

impl<'a> Pinned<'a> {
    /// Pins the state of the tip. `None` when another read has a state pinned.
    fn set(source: &'a Reader<'a>) -> Result<Option<Self>, ReadError> {
        let mut pinned = None;
        source.look_with_height(&mut |tree, height| {
            pinned = tree.pin().map(|count| (height, count));
        })?;
        Ok(pinned.map(|(height, count)| Self {
            source,
            height,
            count,
        }))
    }

    /// The sums over all leaves. The state is let go after every slice, so that no block waits for a scan. It is not stopped: all who
    /// ask next get its sums.
    fn scan(&self) -> Result<Sums, ReadError> {
        let mut sums = Sums::new();
        let mut next = 0u32;
        while next < self.count {
            let end = next.saturating_add(SLICE);
            let mut added = Ok(());
            self.source.with_tree(&mut |tree, _| {
                tree.visit_pinned(next..end, |leaf| {
                    if added.is_ok() {
                        added = add_up(leaf, &mut sums);
                    }
                });
            });
            added?;
            next = end;
        }
        Ok(sums)
    }
}

impl Drop for Pinned<'_> {
    fn drop(&mut self) {
        self.source.with_tree(&mut |tree, _| tree.unpin());
    }
}

fn add_up(leaf: &LeafRef<'_>, sums: &mut Sums) -> Result<(), ReadError> {
    let native = |sums: &mut Sums, part: fn(&mut Sum) -> &mut u128, amount| {
        add(part(sums.entry(NATIVE).or_default()), amount)
    };
    match leaf.kind {
        AccountLeaf::KIND => native(
            sums,
            |sum| &mut sum.balances,
            decode::<AccountLeaf>(leaf.value)?.balance,
        ),
        Position::KIND => native(
            sums,
            |sum| &mut sum.stakes,
            decode::<Position>(leaf.value)?.held_down(),
        ),
        Rewards::KIND => {
            let Rewards { pool, owed } = decode(leaf.value)?;
            native(sums, |sum| &mut sum.pools, pool)?;
            native(sums, |sum| &mut sum.pools, owed)
        }
        FeePool::KIND => native(
            sums,
            |sum| &mut sum.pools,
            decode::<FeePool>(leaf.value)?.amount,
        ),
        Burned::KIND => native(
            sums,
            |sum| &mut sum.pools,
            decode::<Burned>(leaf.value)?.amount,
        ),
        TokenBalance::KIND => {
            let balance: TokenBalance = decode(leaf.value)?;
            let sum = sums.entry(balance.token).or_default();
            add(&mut sum.balances, balance.amount)
        }
        AssetLeaf::KIND => {
            let asset: AssetLeaf = decode(leaf.value)?;
            let sum = sums.entry(asset.token).or_default();
            (sum.credited, sum.withdrawn) = (asset.credited, asset.withdrawn);
            Ok(())
        }
        _ => Ok(()),
    }
}

fn add(sum: &mut u128, amount: u128) -> Result<(), ReadError> {
    *sum = sum
        .checked_add(amount)
        .ok_or_else(|| ReadError::Internal(format!("{sum} + {amount} does not fit 128 bits")))?;
    Ok(())
}

#[cfg(test)]
mod tests;
