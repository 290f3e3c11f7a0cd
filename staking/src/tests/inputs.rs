//! Inputs, as short as tests want them.

use super::*;

pub(super) fn undelegate(owner: Account, position: u64, amount: u128) -> Input {
    Input::Undelegate(Undelegate {
        owner,
        position,
        amount,
    })
}

/// A delegation that accepts any commission.
pub(super) fn delegate(from: Account, to: LineId, amount: u128) -> Input {
    Input::Delegate(Delegate {
        from,
        to,
        amount,
        max_commission: 10_000,
    })
}

/// To the line that has the number of its operator.
pub(super) fn redelegate(owner: Account, position: u64, amount: u128, to: u8) -> Input {
    redelegate_to(owner, position, amount, line(to, u64::from(to)))
}

/// A redelegation that accepts any commission.
pub(super) fn redelegate_to(owner: Account, position: u64, amount: u128, to: LineId) -> Input {
    Input::Redelegate(Redelegate {
        owner,
        position,
        amount,
        to,
        max_commission: 10_000,
    })
}

pub(super) fn cancel(owner: Account, position: u64) -> Input {
    Input::Cancel(Cancel { owner, position })
}

pub(super) fn claim_stake(owner: Account, position: u64) -> Input {
    let to = owner;
    Input::ClaimStake(ClaimStake {
        owner,
        position,
        to,
    })
}

pub(super) fn claim_rewards(owner: Account, positions: &[u64]) -> Input {
    Input::ClaimRewards(ClaimRewards {
        owner,
        positions: positions.to_vec(),
        to: owner,
    })
}

pub(super) fn merge(owner: Account, first: u64, second: u64) -> Input {
    Input::Merge(Merge {
        owner,
        first,
        second,
    })
}

pub(super) fn restake(by: Account, position: u64) -> Input {
    Input::Restake(Restake { by, position })
}

pub(super) fn apply_cut(position: u64) -> Input {
    Input::ApplyCut(ApplyCut { position })
}

pub(super) fn take_seat(operator: u8) -> Input {
    let operator = op(operator);
    Input::TakeSeat(TakeSeat { operator })
}

pub(super) fn leave(operator: u8) -> Input {
    let operator = op(operator);
    Input::Leave(Leave { operator })
}

pub(super) fn retire(operator: u8) -> Input {
    let operator = op(operator);
    Input::Retire(Retire { operator })
}

pub(super) fn unjail(operator: u8) -> Input {
    let operator = op(operator);
    Input::Unjail(Unjail { operator })
}

pub(super) fn edit(operator: u8) -> Edit {
    Edit {
        operator: op(operator),
        commission: None,
        max_commission: None,
        commission_step: None,
        min_self_stake: None,
    }
}

pub(super) fn freeze(operator: u8, registration: u64, epoch: u64) -> Input {
    Input::Freeze(Freeze {
        operator: op(operator),
        registration,
        epoch,
    })
}

pub(super) fn settle(operator: u8, registration: u64, epoch: u64, fraction: u64) -> Input {
    Input::Settle(Settle {
        operator: op(operator),
        registration,
        epoch,
        fraction,
    })
}

pub(super) fn registration(operator: u8, number: u64, key: u8) -> Input {
    registration_of(operator, number, [key, key])
}

/// With a consensus key and a checkpoint key of these bytes.
pub(super) fn registration_of(
    operator: u8,
    number: u64,
    [consensus, checkpoint]: [u8; 2],
) -> Input {
    Input::Register(Register {
        operator: op(operator),
        registration: number,
        address: [consensus; 20],
        consensus_key: [consensus; 32],
        checkpoint_key: Box::new([checkpoint; 96]),
    })
}
