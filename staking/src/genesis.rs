//! Genesis: the leaves of stake before the first block.
//!
//! ```text
//! rewards, maturity, counter · N seats · minima, level 0 first · for each founder, in order: operator, registration, address, line,
//! mark of epoch 1, its position, and its description where it has one
//! ```
//! Founders have the seats from 0 on and the registrations from 1 on, and a position of their own stake from epoch 0 on, settled at
//! index 0. Sets 0 and 1 are rolled from these seats; delegations of genesis come after that, as requests of epoch 0.

use crate::freezes::Maturity;
use crate::index::{Index, Mark};
use crate::leaves::write;
use crate::line::{Line, LineId, account_of};
use crate::operator::{Operator, Registration, Rewards, Signer};
use crate::position::{Counter, Leg, Position};
use crate::rules::edit::{Edit, promise};
use crate::{Description, Error, Reject, Rules, Seat, SeatState, TypedLeaves, minima, power_down};

/// What the line of a founder promises from the first block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Opening {
    /// The commission, in 1/10,000.
    pub commission: u16,
    /// The most that it may become; without it, what the rules give a new line.
    pub max_commission: Option<u16>,
    /// The most that one change may be; without it, what the rules give a new line.
    pub commission_step: Option<u16>,
}

impl Opening {
    /// A line that was just opened with these promises, which the rule `edit` allows a line without stake.
    ///
    /// # Errors
    /// [`Reject`] for bounds above those of the rules, and for a commission above its maximum.
    pub fn line(&self, rules: &Rules) -> Result<Line, Reject> {
        let mut line = Line::opened(rules.max_commission, rules.commission_step);
        let edit = Edit {
            operator: [0; 20],
            commission: Some(self.commission),
            max_commission: self.max_commission,
            commission_step: self.commission_step,
            min_self_stake: None,
        };
        promise(0, &Maturity::default(), &mut line, &edit)?;
        Ok(line)
    }
}

/// A genesis operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Founder {
    /// Its address on root.
    pub operator: [u8; 20],
    /// The address of its consensus key: the first 20 bytes of its SHA-256.
    pub address: [u8; 20],
    /// Ed25519 key that signs votes.
    pub consensus_key: [u8; 32],
    /// BLS12-381 key in G1, uncompressed, that signs checkpoints.
    pub checkpoint_key: [u8; 96],
    /// Its own stake, at least what a seat needs.
    pub stake: u128,
    /// What its line promises.
    pub opening: Opening,
    /// What it says of itself.
    pub description: Option<Description>,
}

/// Makes the leaves of stake for the founders, who are at most as many as there are seats and all different.
///
/// # Errors
/// [`Reject`] for rules out of bounds, for more founders than seats, for a stake below that of a seat or without power, and as
/// [`Opening::line`].
pub fn found<L: TypedLeaves>(
    leaves: &mut L,
    rules: &Rules,
    founders: &[Founder],
) -> Result<(), Error<L::Error>> {
    rules.check()?;
    let count = u16::try_from(founders.len()).unwrap_or(u16::MAX);
    if count > rules.seats {
        return Err(Reject::Range {
            first: 0,
            end: u32::from(count),
            seats: rules.seats,
        }
        .into());
    }
    write(leaves, (), &Rewards::default())?;
    write(leaves, (), &Maturity::default())?;
    write(leaves, (), &Counter(u64::from(count).saturating_add(1)))?;
    found_seats(leaves, rules, founders)?;
    for (seat, founder) in (0u16..).zip(founders) {
        found_operator(leaves, rules, seat, founder)?;
    }
    Ok(())
}

fn found_seats<L: TypedLeaves>(
    leaves: &mut L,
    rules: &Rules,
    founders: &[Founder],
) -> Result<(), Error<L::Error>> {
    let mut stakes = Vec::new();
    let mut next = founders.iter();
    for number in 0..rules.seats {
        let seat = match next.next() {
            Some(founder) => seat_of(rules, number, founder)?,
            None => Seat::default(),
        };
        stakes.push(seat.weight());
        write(leaves, number, &seat)?;
    }
    for (level, nodes) in (0u8..).zip(minima::build(&stakes)) {
        for (index, node) in (0u16..).zip(nodes) {
            write(leaves, (level, index), &node)?;
        }
    }
    Ok(())
}

fn seat_of(rules: &Rules, number: u16, founder: &Founder) -> Result<Seat, Reject> {
    let stake = founder.stake;
    let needed = rules.min_seat;
    if stake < needed {
        return Err(Reject::StakeBelowSeat { stake, needed });
    }
    power_down(stake, rules.unit)?;
    let registration = u64::from(number).saturating_add(1);
    Ok(Seat {
        state: SeatState::Active,
        line: LineId {
            operator: founder.operator,
            line: registration,
        },
        registration,
        consensus_key: founder.consensus_key,
        checkpoint_key: founder.checkpoint_key,
        stake,
        commission: founder.opening.commission,
    })
}

fn found_operator<L: TypedLeaves>(
    leaves: &mut L,
    rules: &Rules,
    seat: u16,
    founder: &Founder,
) -> Result<(), Error<L::Error>> {
    let (operator, stake) = (founder.operator, founder.stake);
    let number = u64::from(seat).saturating_add(1);
    let id = LineId {
        operator,
        line: number,
    };
    let newest = Operator {
        registration: number,
        line: number,
    };
    write(leaves, operator, &newest)?;
    let registration = Registration {
        line: number,
        tombstoned: false,
        consensus_key: founder.consensus_key,
        checkpoint_key: founder.checkpoint_key,
    };
    write(leaves, (operator, number), &registration)?;
    let signer = Signer {
        operator,
        registration: number,
    };
    write(leaves, founder.address, &signer)?;
    let line = Line {
        seat,
        until: Line::UNLIMITED,
        stake,
        self_stake: stake,
        ..founder.opening.line(rules)?
    };
    write(leaves, id, &line)?;
    write(leaves, (id, 1), &Mark(Index::default()))?;
    let leg = Leg {
        settled: true,
        ..Leg::bonded(id, 0)
    };
    let position = Position::new(account_of(operator), stake, leg);
    write(leaves, number, &position)?;
    match &founder.description {
        Some(description) => write(leaves, operator, description),
        None => Ok(()),
    }
}
