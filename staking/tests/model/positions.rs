//! Random operations on positions.

use plasmid_staking::{
    Input,
    rules::{
        apply_cut::ApplyCut,
        cancel::Cancel,
        claim_rewards::ClaimRewards,
        claim_stake::ClaimStake,
        merge::Merge,
        redelegate::Redelegate,
        restake::{AllowRestake, Restake},
        undelegate::Undelegate,
    },
};
use rand::RngCore;

use crate::abstract_model::{Model, Position};
use crate::ask::account;
use crate::build::Builder;
use crate::candidates::{operators, suits, twins};

impl Builder {
    pub fn position_op(&mut self, kind: &str, model: &Model) -> Option<Input> {
        let all = (0u64..).zip(&model.positions);
        let alive: Vec<(u64, &Position)> = all
            .filter_map(|(number, one)| Some((number, one.as_ref()?)))
            .collect();
        // Nearly every pair would be one.
        let near = self.chance(if kind == "merge" { 1 } else { 7 });
        let fits = |one: &&(u64, &Position)| suits(kind, model, one.1, near);
        let mut fitting: Vec<(u64, &Position)> = alive.iter().filter(fits).copied().collect();
        if kind == "merge" {
            let all = fitting.clone();
            fitting.retain(|one| all.iter().any(|other| twins(one, other)));
        }
        if fitting.is_empty() {
            return None;
        }
        let any = self.chance(7);
        let (mut position, one) = self.one_of(if any { &alive } else { &fitting })?;
        if self.chance(1) {
            position = self.below(model.positions.len() as u64 + 1);
        }
        let wrong = self.chance(2);
        let owner = account(if wrong { self.owner() } else { one.owner });
        let to = account(self.owner());
        let amount = self.part(one);
        Some(match kind {
            "undelegate" => Input::Undelegate(Undelegate {
                owner,
                position,
                amount,
            }),
            "cancel" => Input::Cancel(Cancel { owner, position }),
            "redelegate" => {
                let same = self.chance(3);
                let mut open = operators(model);
                open.retain(|operator| {
                    let line = model.open_line(*operator);
                    line.is_some_and(|id| same || id != one.now.line)
                });
                let to = self.one_of(&open)?;
                let (to, max_commission) = self.accepted(model, to);
                Input::Redelegate(Redelegate {
                    owner,
                    position,
                    amount,
                    to,
                    max_commission,
                })
            }
            "claim stake" => Input::ClaimStake(ClaimStake {
                owner,
                position,
                to,
            }),
            "claim rewards" => {
                let mut positions = vec![position];
                for _ in 0..self.below(9) {
                    let others = fitting.iter().filter(|(number, other)| {
                        other.owner == one.owner && !positions.contains(number)
                    });
                    let others: Vec<u64> = others.map(|(number, _)| *number).collect();
                    positions.extend(self.one_of(&others));
                }
                Input::ClaimRewards(ClaimRewards {
                    owner,
                    positions,
                    to,
                })
            }
            "restake" => {
                let stranger = one.restake && self.chance(40);
                let by = if stranger { to } else { owner };
                Input::Restake(Restake { by, position })
            }
            "allow restake" => {
                let allowed = self.chance(70);
                Input::AllowRestake(AllowRestake {
                    owner,
                    position,
                    allowed,
                })
            }
            "apply" => Input::ApplyCut(ApplyCut { position }),
            _ => {
                let others = fitting
                    .iter()
                    .filter(|other| twins(&(position, one), other));
                let others: Vec<u64> = others.map(|(number, _)| *number).collect();
                let (first, second) = (position, self.one_of(&others)?);
                Input::Merge(Merge {
                    owner,
                    first,
                    second,
                })
            }
        })
    }

    /// A part of a position's base, often all of it.
    fn part(&mut self, position: &Position) -> u128 {
        let base = position.base;
        match self.below(20) {
            0 => 1.min(base),
            1 => base.saturating_sub(1),
            2 => base + 1,
            3 => u128::from(self.below(2)),
            4..9 => u128::from(self.random.next_u64()) % base.max(1),
            9 | 10 => base / 2,
            _ => base,
        }
    }
}
