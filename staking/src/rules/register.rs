//! Register: two keys that root has checked become the newest registration of an operator.
//!
//! ```text
//! leaves   address r, operator w or made, the newest line r; registration made, address made; a new line made, or seat w and one
//!          node of each level of the minima w
//! ```
//! While the newest line is open the registration is a rotation: a seat has the new keys at once, so the set of the epoch after next
//! has them. Else it opens a line without stake. The old keys stay where evidence about them leads.
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
    if read::<Signer, _>(leaves, input.address)?.is_some() {
        return Err(Reject::NoEffect("the consensus key was registered before").into());
    }
    let newest: Option<Operator> = read(leaves, operator)?;
    if number <= newest.map_or(0, |newest| newest.registration) {
        return Err(Reject::NoEffect("the number of the registration is not new").into());
    }
    let mut id = LineId {
        operator,
        line: number,
    };
    let before: Option<Line> = match newest {
        Some(Operator { line, .. }) => Some(expect(leaves, LineId { operator, line })?),
        None => None,
    };
    match (newest, before) {
        (Some(newest), Some(held)) if held.state == LineState::Open => {
            id.line = newest.line;
            rotate(leaves, context, input, &held)?;
        }
        (_, before) => open(leaves, context.rules, id, before)?,
    }
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
