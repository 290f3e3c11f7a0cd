//! The one way in: what staking is asked to do, and which rule does it.

use crate::rules::{
    apply_cut::{self, ApplyCut},
    cancel::{self, Cancel},
    claim_commission::{self, ClaimCommission},
    claim_rewards::{self, ClaimRewards},
    claim_stake::{self, ClaimStake},
    copy::{self, Copy},
    delegate::{self, Delegate},
    edit::{self, Describe, Edit},
    epoch_freeze,
    freeze::{self, Freeze},
    fund,
    leave::{self, Leave, Retire},
    mature::{self, Mature},
    merge::{self, Merge},
    redelegate::{self, Redelegate},
    register::{self, Register},
    release,
    restake::{self, AllowRestake, Restake},
    reward::{self, Reward},
    roll::{self, Roll},
    settle::{self, Settle},
    take_seat::{self, TakeSeat},
    tombstone,
    undelegate::{self, Undelegate},
    unjail::{self, Unjail},
};
use crate::{Effect, Error, MAX_SEATS, PowerError, Reject, TypedLeaves, WHOLE};

/// Parameters of the deployment that staking needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// N, 1 to 512.
    pub seats: u16,
    /// Stake for one unit of power.
    pub unit: u128,
    /// Epochs whose sets are kept.
    pub ring: u32,
    /// The least stake of a seat, at least one unit.
    pub min_seat: u128,
    /// The least stake that is redelegated, and that a stranger restakes.
    pub min_redelegation: u128,
    /// What the pool releases each epoch, in 1/10^9.
    pub drip: u32,
    /// U, in seconds: how long after root's acceptance of the checkpoint behind it an epoch matures.
    pub unbonding_secs: u64,
    /// A line whose votes stand in less than the counted blocks divided by this number is jailed; with 0, nobody is.
    pub jail_divisor: u16,
    /// Epochs in jail.
    pub jail_epochs: u32,
    /// The greatest commission, in 1/10,000, of a new line.
    pub max_commission: u16,
    /// The greatest change of the commission, in 1/10,000, of a new line.
    pub commission_step: u16,
}

impl Rules {
    /// The first epoch in which a line may return that was absent in `epoch`.
    pub(crate) fn jail_end(&self, epoch: u64) -> u64 {
        epoch
            .saturating_add(1)
            .saturating_add(u64::from(self.jail_epochs))
    }

    pub(crate) fn check(&self) -> Result<(), Reject> {
        if self.seats == 0 || self.seats > MAX_SEATS {
            return Err(Reject::Seats { seats: self.seats });
        }
        if self.unit == 0 {
            return Err(PowerError::ZeroUnit.into());
        }
        let refused = [
            (
                self.min_seat < self.unit,
                "a seat needs at least one unit of stake",
            ),
            (self.drip > WHOLE, "the drip is more than the whole pool"),
            (
                self.max_commission > 10_000,
                "the commission is more than the whole reward",
            ),
        ];
        match refused.into_iter().find(|(wrong, _)| *wrong) {
            Some((_, why)) => Err(Reject::Rules(why)),
            None => Ok(()),
        }
    }
}

/// What a rule may depend on besides the leaves and its input.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Parameters of the deployment.
    pub rules: &'a Rules,
    /// The epoch of the block.
    pub epoch: u64,
}

/// What staking is asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// See [`Delegate`].
    Delegate(Delegate),
    /// See [`Undelegate`].
    Undelegate(Undelegate),
    /// See [`Cancel`].
    Cancel(Cancel),
    /// See [`Redelegate`].
    Redelegate(Redelegate),
    /// See [`ClaimStake`].
    ClaimStake(ClaimStake),
    /// See [`ClaimRewards`].
    ClaimRewards(ClaimRewards),
    /// See [`ClaimCommission`].
    ClaimCommission(ClaimCommission),
    /// See [`Restake`].
    Restake(Restake),
    /// See [`AllowRestake`].
    AllowRestake(AllowRestake),
    /// See [`ApplyCut`].
    ApplyCut(ApplyCut),
    /// See [`Merge`].
    Merge(Merge),
    /// See [`TakeSeat`].
    TakeSeat(TakeSeat),
    /// See [`Leave`].
    Leave(Leave),
    /// See [`Retire`].
    Retire(Retire),
    /// See [`Unjail`].
    Unjail(Unjail),
    /// See [`Edit`].
    Edit(Edit),
    /// See [`Describe`].
    Describe(Describe),
    /// See [`Register`].
    Register(Register),
    /// See [`Freeze`].
    Freeze(Freeze),
    /// See [`Settle`].
    Settle(Settle),
    /// Everything that was at risk in this epoch waits.
    FreezeEpoch(u64),
    /// One freeze of this epoch less.
    ReleaseEpoch(u64),
    /// Money from root for the reward pool, in base units of the native asset.
    Fund(u128),
    /// See [`Mature`].
    Mature(Mature),
    /// The engine has shown that the key of this consensus address signed two votes.
    Tombstone([u8; 20]),
    /// Fees enter the pool at the end of an epoch, in base units of the native asset; says what its members share.
    Release(u128),
    /// See [`Reward`].
    Reward(Reward),
    /// See [`Roll`].
    Roll(Roll),
    /// See [`Copy`].
    Copy(Copy),
}

/// Applies one input. **On a reject the caller drops what was written**: a rule may find a reason to refuse after its first writes.
pub fn apply<L: TypedLeaves>(
    leaves: &mut L,
    context: &Context<'_>,
    input: &Input,
) -> Result<Vec<Effect>, Error<L::Error>> {
    context.rules.check()?;
    match input {
        Input::Delegate(input) => delegate::apply(leaves, context, input),
        Input::Undelegate(input) => undelegate::apply(leaves, context, input),
        Input::Cancel(input) => cancel::apply(leaves, context, input),
        Input::Redelegate(input) => redelegate::apply(leaves, context, input),
        Input::ClaimStake(input) => claim_stake::apply(leaves, context, input),
        Input::ClaimRewards(input) => claim_rewards::apply(leaves, context, input),
        Input::ClaimCommission(input) => claim_commission::apply(leaves, context, input),
        Input::Restake(input) => restake::apply(leaves, context, input),
        Input::AllowRestake(input) => restake::allow(leaves, context, input),
        Input::ApplyCut(input) => apply_cut::apply(leaves, context, input),
        Input::Merge(input) => merge::apply(leaves, context, input),
        Input::TakeSeat(input) => take_seat::apply(leaves, context, input),
        Input::Leave(input) => leave::leave(leaves, context, input),
        Input::Retire(input) => leave::retire(leaves, context, input),
        Input::Unjail(input) => unjail::apply(leaves, context, input),
        Input::Edit(input) => edit::apply(leaves, context, input),
        Input::Describe(input) => edit::describe(leaves, context, input),
        Input::Register(input) => register::apply(leaves, context, input),
        Input::Freeze(input) => freeze::apply(leaves, context, input),
        Input::Settle(input) => settle::apply(leaves, context, input),
        Input::FreezeEpoch(epoch) => epoch_freeze::freeze(leaves, context, *epoch),
        Input::ReleaseEpoch(epoch) => epoch_freeze::release(leaves, context, *epoch),
        Input::Fund(amount) => fund::apply(leaves, context, *amount),
        Input::Mature(input) => mature::apply(leaves, context, input),
        Input::Tombstone(address) => tombstone::apply(leaves, context, *address),
        Input::Release(fees) => release::apply(leaves, context, *fees),
        Input::Reward(input) => reward::apply(leaves, context, input),
        Input::Roll(input) => roll::apply(leaves, context, input),
        Input::Copy(input) => copy::apply(leaves, context, input),
    }
}
