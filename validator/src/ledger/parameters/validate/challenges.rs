//! What the times of data challenges must hold: A, P, slot, W and U together, as in the DataChallenges contract.

use super::{CENTURY, Parameters, ParametersError, at_least, bounds, wide};

/// The greatest least price of a challenge, as in the DataChallenges contract.
const MAX_FLOOR: u128 = 1 << 80;

/// U leaves this number of answers' times behind W, as in the DataChallenges contract.
const RING_ANSWERS: u128 = 6;

impl Parameters {
    /// W is C + A + P. What DataChallenges asks of A, P, slot, W and U.
    pub(super) fn validate_challenges(&self) -> Result<(), ParametersError> {
        let (answer, prove) = (wide(self.answer_secs), wide(self.prove_secs));
        let (slot, least) = (wide(self.answer_slot_secs), wide(self.root_block_secs));
        bounds("answer_secs (A)", answer, least, CENTURY)?;
        bounds("prove_secs (P)", prove, least, CENTURY)?;
        let later = answer.saturating_add(prove);
        at_least(
            "challenge_secs (W)",
            wide(self.challenge_secs),
            later.saturating_add(answer).saturating_add(1),
            "more than 2 × answer_secs (A) + prove_secs (P): behind an answer in the last moment more can be asked",
        )?;
        bounds("answer_slot_secs", slot, 0, answer)?;
        at_least(
            "unbonding_secs (U)",
            wide(self.unbonding_secs),
            wide(self.challenge_secs).saturating_add(answer.saturating_mul(RING_ANSWERS)),
            "challenge_secs (W) + 6 × answer_secs (A): no checkpoint leaves root's ring before its challenges are answered",
        )?;
        bounds("challenge_floor", self.challenge_floor, 1, MAX_FLOOR)
    }
}
