//! Opening a position: what every rule does with one before anything else, and writing it back.
//!
//! ```text
//! leaves   position w, maturity r, for each of at most two legs: line r, two marks r, 7 cut nodes r (a frozen line only);
//!          and what `stake::change` touches, when cuts or folding change what a bonded position holds
//! ```
//! A cut that was not applied lets nothing happen but `apply`. Then rewards are settled, on what is held after all cuts. Then a first
//! leg whose last epoch has matured, and which meets no open freeze, is folded into the base and dropped.

use crate::effect::Effect;
use crate::freezes::{Freezes, Maturity};
use crate::index::Index;
use crate::leaves::{expect, read, write};
use crate::legs::{begin, cut_of, index_to, make_mark, mark};
use crate::line::{Account, Line};
use crate::position::{Counter, Leg, Position, cut_down};
use crate::stake::{self, Change};
use crate::{Context, Error, FrozenKind, LineId, Reject, Rewards, TypedLeaves};

/// A position under work.
#[derive(Debug)]
pub(crate) struct Open {
    pub number: u64,
    pub position: Position,
    pub maturity: Maturity,
    /// What it held when the rule began.
    held: u128,
    pub effects: Vec<Effect>,
}

impl Open {
    fn read<L: TypedLeaves>(leaves: &mut L, number: u64) -> Result<Self, Error<L::Error>> {
        let position: Option<Position> = read(leaves, number)?;
        let position = position
            .filter(|position| !position.is_gone())
            .ok_or(Reject::NoPosition { number })?;
        let maturity = expect(leaves, ())?;
        Ok(Self {
            number,
            held: position.held_down(),
            position,
            maturity,
            effects: Vec::new(),
        })
    }

    /// Opens a position for its owner.
    pub fn owned<L: TypedLeaves>(
        leaves: &mut L,
        context: &Context<'_>,
        number: u64,
        owner: Account,
    ) -> Result<Self, Error<L::Error>> {
        let open = Self::any(leaves, context, number)?;
        match open.position.owner == owner {
            true => Ok(open),
            false => Err(Reject::NotOwner { number }.into()),
        }
    }

    /// Opens a position for anybody.
    pub fn any<L: TypedLeaves>(
        leaves: &mut L,
        context: &Context<'_>,
        number: u64,
    ) -> Result<Self, Error<L::Error>> {
        let open = Self::read(leaves, number)?;
        if open.cuts(leaves)? != open.position.cuts {
            return Err(Reject::CutPending { number }.into());
        }
        open.brought_up(leaves, context)
    }

    /// Opens a position and applies the cuts of its lines.
    pub fn cut<L: TypedLeaves>(
        leaves: &mut L,
        context: &Context<'_>,
        number: u64,
    ) -> Result<Self, Error<L::Error>> {
        let mut open = Self::read(leaves, number)?;
        let cuts = open.cuts(leaves)?;
        if cuts == open.position.cuts {
            return Err(Reject::NothingToApply { number }.into());
        }
        open.position.cuts = cuts;
        open.burn(leaves, context)?;
        open.brought_up(leaves, context)
    }

    /// Settles rewards, and drops a first leg that is over.
    fn brought_up<L: TypedLeaves>(
        mut self,
        leaves: &mut L,
        context: &Context<'_>,
    ) -> Result<Self, Error<L::Error>> {
        self.settle(leaves, context)?;
        self.drop_first_leg(leaves, context)?;
        Ok(self)
    }

    /// The cut of each leg: what is stored, or the greatest of its line in the epochs that it backed.
    fn cuts<L: TypedLeaves>(&self, leaves: &mut L) -> Result<[u32; 2], Error<L::Error>> {
        let mut cuts = self.position.cuts;
        for (cut, leg) in cuts.iter_mut().zip(self.position.legs()) {
            *cut = (*cut).max(cut_of(leaves, leg)?);
        }
        Ok(cuts)
    }

    /// Moves what the legs earned since the last time into `pending`. It is rounded once, so a position loses less than a unit.
    fn settle<L: TypedLeaves>(
        &mut self,
        leaves: &mut L,
        context: &Context<'_>,
    ) -> Result<(), Error<L::Error>> {
        let mut grown = Index::default();
        for leg in &mut self.position.legs {
            if leg.is_absent() || leg.is_empty() || leg.first >= context.epoch {
                continue;
            }
            let to = index_to(leaves, context, leg)?;
            let from = match leg.settled {
                true => leg.index,
                false => mark(leaves, leg, leg.first.saturating_sub(1))?,
            };
            grown = grown
                .with_growth(from, to)
                .ok_or(Error::Books("the index of a line"))?;
            leg.settled = true;
            leg.index = to;
        }
        let held = self.position.held_down();
        let earned = Index::earned_down(held, Index::default(), grown);
        let pending = earned.and_then(|earned| self.position.pending.checked_add(earned));
        self.position.pending = pending.ok_or(Error::Books("the rewards of a position"))?;
        Ok(())
    }

    /// Folds a first leg into the base when nothing can happen to it any more.
    fn drop_first_leg<L: TypedLeaves>(
        &mut self,
        leaves: &mut L,
        context: &Context<'_>,
    ) -> Result<(), Error<L::Error>> {
        let [first, second] = self.position.legs;
        if !self.position.has_two_legs()
            || first.last >= self.maturity.matured
            || self.frozen(leaves, &first)?.is_some()
        {
            return Ok(());
        }
        let [cut, other] = self.position.cuts;
        self.position.cuts = match first.line == second.line {
            true => [cut.max(other), 0],
            false => {
                self.position.base = cut_down(self.position.base, [cut, 0]);
                [other, 0]
            }
        };
        self.position.legs = [second, Leg::default()];
        self.burn(leaves, context)
    }

    /// What the position does not hold any more is burned, and is no stake of the line that it backs.
    pub fn burn<L: TypedLeaves>(
        &mut self,
        leaves: &mut L,
        context: &Context<'_>,
    ) -> Result<(), Error<L::Error>> {
        let held = self.position.held_down();
        let lost = self
            .held
            .checked_sub(held)
            .ok_or(Error::Books("a position holds more than before"))?;
        self.held = held;
        if lost == 0 {
            return Ok(());
        }
        self.effects.push(Effect::Burn { amount: lost });
        if self.position.is_bonded() {
            let (line, owner) = (self.position.newest().line, self.position.owner);
            let less = Change::Burned(lost);
            let effects = stake::change(leaves, context, line, owner, less)?;
            self.effects.extend(effects);
        }
        Ok(())
    }

    /// Refuses when any leg was at risk in an epoch that the court froze.
    pub fn refuse_frozen<L: TypedLeaves>(&self, leaves: &mut L) -> Result<(), Error<L::Error>> {
        for leg in self.position.legs() {
            if let Some((what, freezes)) = self.frozen(leaves, leg)? {
                return Err(Reject::Frozen {
                    number: self.number,
                    operator: leg.line.operator,
                    what,
                    lowest: freezes.lowest,
                    highest: freezes.highest,
                }
                .into());
            }
        }
        Ok(())
    }

    /// What of the court's meets an epoch in which a leg was at risk.
    fn frozen<L: TypedLeaves>(
        &self,
        leaves: &mut L,
        leg: &Leg,
    ) -> Result<Option<(FrozenKind, Freezes)>, Error<L::Error>> {
        let line: Line = expect(leaves, leg.line)?;
        let last = leg.last.min(line.until);
        let all = [
            (FrozenKind::Line, line.freezes),
            (FrozenKind::Epochs, self.maturity.freezes),
        ];
        let mut met = all.into_iter();
        Ok(met.find(|(_, freezes)| freezes.meets(leg.first, last)))
    }

    /// Ends the newest leg: the position backs its line up to the next epoch, or as long as the line was in a set.
    pub fn end<L: TypedLeaves>(
        &mut self,
        leaves: &mut L,
        context: &Context<'_>,
    ) -> Result<(), Error<L::Error>> {
        let leg = self.position.newest_mut();
        let line: Line = expect(leaves, leg.line)?;
        let next = context.epoch.saturating_add(1);
        let new = leg.first > next;
        leg.last = next.min(line.until);
        if !leg.is_empty() {
            make_mark(leaves, (leg.line, leg.last), &line)?;
        }
        let (line, last) = (leg.line, leg.last);
        let owner = self.position.owner;
        let amount = self.held;
        let less = Change::Withdrawn { amount, new };
        let effects = stake::change(leaves, context, line, owner, less)?;
        self.effects.extend(effects);
        self.effects.push(Effect::Ended {
            position: self.number,
            line,
            last,
        });
        Ok(())
    }

    /// Cuts off a part of the base, as a position of its own; settled rewards stay. What the two do not hold together any more, by
    /// rounding, is burned.
    pub fn split<L: TypedLeaves>(
        &mut self,
        leaves: &mut L,
        context: &Context<'_>,
        base: u128,
    ) -> Result<Self, Error<L::Error>> {
        let number = next_number(leaves)?;
        let position = Position {
            base,
            pending: 0,
            ..self.position.clone()
        };
        let part = Self {
            number,
            held: position.held_down(),
            maturity: self.maturity,
            effects: vec![Effect::Opened {
                position: number,
                owner: position.owner,
                line: position.newest().line,
                amount: position.held_down(),
            }],
            position,
        };
        let rest = self.position.base.checked_sub(base);
        self.position.base = rest.ok_or(Error::Books("a part is more than the whole"))?;
        let held = self.held.checked_sub(part.held);
        self.held = held.ok_or(Error::Books("a part holds more than the whole"))?;
        self.burn(leaves, context)?;
        Ok(part)
    }

    /// The newest leg is followed by one that backs `line` from the epoch after next on.
    pub fn back<L: TypedLeaves>(
        &mut self,
        leaves: &mut L,
        context: &Context<'_>,
        line: LineId,
    ) -> Result<(), Error<L::Error>> {
        if self.position.has_two_legs() {
            let (number, last) = (self.number, self.position.legs[0].last);
            return Err(Reject::TwoLegs { number, last }.into());
        }
        self.position.legs[1] = begin(leaves, context, line)?;
        self.join(leaves, context)
    }

    /// What it holds becomes stake of the line of its newest leg.
    pub fn join<L: TypedLeaves>(
        &mut self,
        leaves: &mut L,
        context: &Context<'_>,
    ) -> Result<(), Error<L::Error>> {
        let (line, owner) = (self.position.newest().line, self.position.owner);
        let more = Change::More(self.held);
        let effects = stake::change(leaves, context, line, owner, more)?;
        self.effects.extend(effects);
        self.effects.push(Effect::Backs {
            position: self.number,
            line,
            amount: self.held,
        });
        Ok(())
    }

    /// Writes the position and gives what happened.
    pub fn close<L: TypedLeaves>(self, leaves: &mut L) -> Result<Vec<Effect>, Error<L::Error>> {
        write(leaves, self.number, &self.position)?;
        Ok(self.effects)
    }

    /// Takes the settled rewards out of the position and out of what is owed.
    pub fn collect<L: TypedLeaves>(&mut self, leaves: &mut L) -> Result<u128, Error<L::Error>> {
        let amount = std::mem::take(&mut self.position.pending);
        if amount > 0 {
            take_owed(leaves, amount)?;
            self.effects.push(Effect::Collected {
                position: self.number,
                amount,
            });
        }
        Ok(amount)
    }

    /// What was burned since it was opened.
    pub fn lost(&self) -> u128 {
        let burned = self.effects.iter().map(|effect| match effect {
            Effect::Burn { amount } => *amount,
            _ => 0,
        });
        burned.fold(0, u128::saturating_add)
    }

    /// What it holds.
    pub const fn held(&self) -> u128 {
        self.held
    }
}

/// A position of `owner` that backs a line from the epoch after next on.
pub(crate) fn create<L: TypedLeaves>(
    leaves: &mut L,
    context: &Context<'_>,
    owner: Account,
    line: LineId,
    amount: u128,
) -> Result<Open, Error<L::Error>> {
    let number = next_number(leaves)?;
    let leg = begin(leaves, context, line)?;
    let mut open = Open {
        number,
        position: Position::new(owner, amount, leg),
        maturity: expect(leaves, ())?,
        held: amount,
        effects: vec![Effect::Opened {
            position: number,
            owner,
            line,
            amount,
        }],
    };
    open.join(leaves, context)?;
    Ok(open)
}

fn next_number<L: TypedLeaves>(leaves: &mut L) -> Result<u64, Error<L::Error>> {
    let Counter(number) = expect(leaves, ())?;
    write(leaves, (), &Counter(number.saturating_add(1)))?;
    Ok(number)
}

/// What is owed gets less.
pub(crate) fn take_owed<L: TypedLeaves>(
    leaves: &mut L,
    amount: u128,
) -> Result<(), Error<L::Error>> {
    let rewards: Rewards = expect(leaves, ())?;
    let owed = rewards
        .owed
        .checked_sub(amount)
        .ok_or(Error::Books("rewards that are owed"))?;
    write(leaves, (), &Rewards { owed, ..rewards })
}
