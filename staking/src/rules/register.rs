//! Register: two keys that root has checked become the newest registration of an operator.
//!
//! ```text
//! leaves   address r, operator w or made, the newest line r; registration made, address made; a new line made, or seat w and one
//!          node of each level of the minima w
//! ```
//! While the newest line is open the registration is a rotation: a seat has the new keys at once, so the set of the epoch after next
//! has them. Else it opens a line without stake. The old keys stay where evidence about them leads.

use crate::leaves::{expect, read, write};
use crate::line::{Line, LineId, LineState};
use crate::stake::put_seat;
use crate::{Context, Effect, Error, Operator, Registration, Reject, Seat, Signer, TypedLeaves};

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
    let line = match newest {
        Some(newest) => rotate(leaves, context, input, newest.line)?,
        None => None,
    };
    let id = LineId {
        operator,
        line: line.unwrap_or(number),
    };
    if line.is_none() {
        let rules = context.rules;
        let opened = Line::opened(rules.max_commission, rules.commission_step);
        write(leaves, id, &opened)?;
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

/// Gives the seat of the newest line the new keys. The line, when it is open.
fn rotate<L: TypedLeaves>(
    leaves: &mut L,
    context: &Context<'_>,
    input: &Register,
    line: u64,
) -> Result<Option<u64>, Error<L::Error>> {
    let operator = input.operator;
    let held: Line = expect(leaves, LineId { operator, line })?;
    if held.state != LineState::Open {
        return Ok(None);
    }
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
    Ok(Some(line))
}
