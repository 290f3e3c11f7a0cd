//! Register: two keys that root has checked become the newest registration of an operator.
//!
//! ```text
//! leaves   operator w or made, the newest registration r, its line r; address w or made; a new line made, or seat w and one node of each
//!          level of the minima w; registration made
//! ```
//! While the newest line is open the registration is a rotation: a seat has the new keys at once, so the set of the epoch after next
//! has them. Else it opens a line without stake. The old keys stay where evidence about them leads.
//!
//! A rotation may keep one key; that it changes the other is for root to check. A consensus key that is kept leads to the newer registration
//! from then on: evidence of the engine names the key alone, and whoever signed two votes with it loses the seat that it has now, whichever
//! registration it had then. The court names the registration that the set of the offence's epoch has, and that one stays. So a rotation
//! neither escapes nor reaches anybody else. Nor does one that changes the consensus key: evidence of the old one takes the seat from the line
//! all the same (`tombstone`). A key that is tombstoned, was replaced, or stood behind a closed line never returns.
//!
//! A line behind a closed one takes no seat before the closed one could have returned from jail, if it were absent to the end of the last
//! set that it stands in. Else an operator that was absent, or will be, closes its line, moves its stake to the next, and was never in jail.

use crate::leaves::{expect, read, write};
use crate::line::{Line, LineId, LineState};
use crate::stake::put_seat;
use crate::{
    Context, Effect, Error, Operator, Registration, Reject, Rules, Seat, Signer, TypedLeaves,
};

/// A registration on root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Register {
    /// The operator.
    pub operator: [u8; 20],
    /// Number of the registration, from 1 and above all before it: 0 names no line.
    pub registration: u64,
    /// The address of the consensus key: the first 20 bytes of its SHA-256.
    pub address: [u8; 20],
    /// Ed25519 key that signs votes.
    pub consensus_key: [u8; 32],
    /// BLS12-381 key in G1, uncompressed, that signs checkpoints.
    pub checkpoint_key: Box<[u8; 96]>,
}

pub(crate) fn apply<L: TypedLeaves>(
    leaves: &mut L,
    context: &Context<'_>,
    input: &Register,
) -> Result<Vec<Effect>, Error<L::Error>> {
    let (operator, number) = (input.operator, input.registration);
    let newest: Option<Operator> = read(leaves, operator)?;
    if number <= newest.map_or(0, |newest| newest.registration) {
        return Err(Reject::NoEffect("the number of the registration is not new").into());
    }
    let held = match newest {
        Some(newest) => Some(Held::read(leaves, operator, newest)?),
        None => None,
    };
    let known: Option<Signer> = read(leaves, input.address)?;
    if let Some(why) = refused(input, known, held.as_ref()) {
        return Err(Reject::NoEffect(why).into());
    }
    let id = match &held {
        Some(held) if held.is_open() => {
            rotate(leaves, context, input, &held.line)?;
            held.id
        }
        _ => {
            let line = number;
            let id = LineId { operator, line };
            open(leaves, context.rules, id, held.map(|held| held.line))?;
            id
        }
    };
    let registration = Registration {
        line: id.line,
        tombstoned: false,
        consensus_key: input.consensus_key,
        checkpoint_key: *input.checkpoint_key,
    };
    write(leaves, (operator, number), &registration)?;
    let signer = Signer {
        operator,
        registration: number,
    };
    write(leaves, input.address, &signer)?;
    let newest = Operator {
        registration: number,
        line: id.line,
    };
    write(leaves, operator, &newest)?;
    Ok(vec![Effect::Registered {
        line: id,
        registration: number,
    }])
}

/// What an operator has before it registers.
struct Held {
    number: u64,
    registration: Registration,
    id: LineId,
    line: Line,
}

impl Held {
    fn read<L: TypedLeaves>(
        leaves: &mut L,
        operator: [u8; 20],
        newest: Operator,
    ) -> Result<Self, Error<L::Error>> {
        let (number, line) = (newest.registration, newest.line);
        let id = LineId { operator, line };
        Ok(Self {
            number,
            registration: expect(leaves, (operator, number))?,
            id,
            line: expect(leaves, id)?,
        })
    }

    fn is_open(&self) -> bool {
        self.line.state == LineState::Open
    }
}

/// Why the keys cannot be registered.
fn refused(input: &Register, known: Option<Signer>, held: Option<&Held>) -> Option<&'static str> {
    let newest = held.map(|held| (input.operator, held.number));
    let kept = known.map(|known| (known.operator, known.registration));
    if kept.is_some() && kept != newest {
        return Some("the consensus key was registered before");
    }
    let held = held?;
    if kept.is_some() && held.registration.tombstoned {
        return Some("the consensus key is tombstoned");
    }
    let same = held.registration.checkpoint_key == *input.checkpoint_key;
    if (kept.is_some() || same) && !held.is_open() {
        return Some("a key of a closed line does not return");
    }
    None
}

/// Opens the first line of an operator, or one behind a closed line.
fn open<L: TypedLeaves>(
    leaves: &mut L,
    rules: &Rules,
    id: LineId,
    before: Option<Line>,
) -> Result<(), Error<L::Error>> {
    let opened = Line {
        jailed: before.map_or(0, |closed| longest_jail(rules, &closed)),
        ..Line::opened(rules.max_commission, rules.commission_step)
    };
    write(leaves, id, &opened)
}

/// When a closed line could return at the latest, if it is absent in all sets that it still stands in.
fn longest_jail(rules: &Rules, closed: &Line) -> u64 {
    match closed.until == 0 || rules.jail_divisor == 0 {
        true => closed.jailed,
        false => closed.jailed.max(rules.jail_end(closed.until)),
    }
}

/// Gives the seat of the newest line, which is open, the new keys.
fn rotate<L: TypedLeaves>(
    leaves: &mut L,
    context: &Context<'_>,
    input: &Register,
    held: &Line,
) -> Result<(), Error<L::Error>> {
    if held.seated() {
        let seat: Seat = expect(leaves, held.seat)?;
        let seat = Seat {
            registration: input.registration,
            consensus_key: input.consensus_key,
            checkpoint_key: *input.checkpoint_key,
            ..seat
        };
        put_seat(leaves, context, held.seat, &seat)?;
    }
    Ok(())
}
