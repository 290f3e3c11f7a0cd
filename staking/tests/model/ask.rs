//! The model is asked what the engine is asked: names become numbers, and inputs the model's calls.

use plasmid_staking::{Input, LineId, Rules, account_of};

use crate::abstract_model::{Done, Edit, Id, Model, Seen, Terms};

pub fn address(number: u32) -> [u8; 20] {
    let mut address = [0x11; 20];
    address[16..].copy_from_slice(&number.to_be_bytes());
    address
}

pub fn number_of(address: &[u8]) -> u32 {
    let last = address.last_chunk::<4>().expect("an address");
    u32::from_be_bytes(*last)
}

pub fn account(number: u32) -> [u8; 21] {
    account_of(address(number))
}

pub fn id_of((operator, line): Id) -> LineId {
    let operator = address(operator);
    LineId { operator, line }
}

fn id_from(line: &LineId) -> Id {
    (number_of(&line.operator), line.line)
}

pub fn key_of(key: u32) -> [u8; 32] {
    let mut bytes = [0x22; 32];
    bytes[..4].copy_from_slice(&key.to_be_bytes());
    bytes
}

pub fn checkpoint_key_of(key: u32) -> [u8; 96] {
    let mut bytes = [0x33; 96];
    bytes[..4].copy_from_slice(&key.to_be_bytes());
    bytes
}

pub fn terms(rules: &Rules) -> Terms {
    Terms {
        unit: rules.unit,
        min_seat: rules.min_seat,
        min_redelegation: rules.min_redelegation,
        drip: rules.drip,
        unbonding: rules.unbonding_secs,
        jail_divisor: rules.jail_divisor,
        jail_epochs: rules.jail_epochs,
        max_commission: rules.max_commission,
        commission_step: rules.commission_step,
    }
}

/// Asks the model.
pub fn ask(model: &mut Model, input: &Input, seen: &Seen) -> Done {
    let done = rule(model, input, seen);
    model.check_seats();
    done
}

fn rule(model: &mut Model, input: &Input, seen: &Seen) -> Done {
    let number = |bytes: &[u8]| number_of(bytes);
    match input {
        Input::Delegate(one) => {
            let accepted = (id_from(&one.to), one.max_commission);
            model.delegate(number(&one.from), accepted, one.amount)
        }
        Input::Undelegate(one) => model.undelegate(number(&one.owner), one.position, one.amount),
        Input::Cancel(one) => model.cancel(number(&one.owner), one.position),
        Input::Redelegate(one) => {
            let accepted = (id_from(&one.to), one.max_commission);
            model.redelegate(number(&one.owner), one.position, one.amount, accepted)
        }
        Input::ClaimStake(one) => model.claim_stake(number(&one.owner), one.position, seen),
        Input::ClaimRewards(one) => model.claim_rewards(number(&one.owner), &one.positions, seen),
        Input::ClaimCommission(one) => model.claim_commission(id_from(&one.line)),
        Input::Restake(one) => model.restake(number(&one.by), one.position, seen),
        Input::AllowRestake(one) => {
            model.allow_restake(number(&one.owner), one.position, one.allowed)
        }
        Input::ApplyCut(one) => model.apply_cut(one.position),
        Input::Merge(one) => model.merge(number(&one.owner), one.first, one.second),
        Input::TakeSeat(one) => model.take_seat(number(&one.operator)),
        Input::Leave(one) => model.leave(number(&one.operator)),
        Input::Retire(one) => model.retire(number(&one.operator)),
        Input::Unjail(one) => model.unjail(number(&one.operator)),
        Input::Edit(one) => {
            let edit = Edit {
                commission: one.commission,
                max_commission: one.max_commission,
                commission_step: one.commission_step,
                min_self_stake: one.min_self_stake,
            };
            model.edit(number(&one.operator), &edit)
        }
        Input::Describe(one) => model.newest(number(&one.operator)).map(|_| ()),
        Input::Register(one) => {
            let [a, b, c, d, ..] = *one.checkpoint_key;
            let keys = [number(&one.address), u32::from_be_bytes([a, b, c, d])];
            model.register(number(&one.operator), one.registration, keys)
        }
        Input::Freeze(one) => model.freeze((number(&one.operator), one.registration), one.epoch),
        Input::Settle(one) => {
            let registration = (number(&one.operator), one.registration);
            model.cut(registration, one.epoch, one.fraction.into())
        }
        Input::FreezeEpoch(epoch) => {
            model.freezes.freeze(*epoch);
            Some(())
        }
        Input::ReleaseEpoch(epoch) => {
            model.freezes.thaw(*epoch);
            Some(())
        }
        Input::Fund(amount) => model.fund(*amount),
        Input::Tombstone(address) => model.tombstone(number(address)),
        Input::Mature(_)
        | Input::Release(_)
        | Input::Reward(_)
        | Input::Roll(_)
        | Input::Copy(_) => unreachable!("the driver makes it"),
    }
}
