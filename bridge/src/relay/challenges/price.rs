//! What a question costs. Twin: `DataChallenges.price`, which an endpoint may reckon with a base fee of zero when nothing is paid for asking.

use alloy_primitives::U256;

use super::target::LEAF;

/// What a segment's price is for each wei of the base fee: `TIMES` × `SEGMENT_GAS` of the contract.
const PRICE_GAS: u64 = 4_800_000;
/// A leaf costs this part of what a segment does.
const LEAF_PART: u64 = 8;
/// The price stops doubling here.
const MAX_DOUBLINGS: u64 = 64;
const GWEI: u64 = 1_000_000_000;
/// The contract keeps a price in 56 bits of gwei.
const MAX_GWEI: u64 = u64::MAX >> 8;

/// What the price follows from.
#[derive(Clone, Copy, Debug)]
pub struct QuestionPrices {
    /// `challenge_floor`, in wei.
    pub floor: U256,
    /// A, in seconds.
    pub answer_secs: u64,
}

impl QuestionPrices {
    /// The price of a question of this kind at this base fee, whose deadline is `deadline` where root's time is `now`.
    #[must_use]
    pub fn price(&self, kind: u8, base_fee: u128, (now, deadline): (u64, u64)) -> U256 {
        let part = if kind == LEAF { LEAF_PART } else { 1 };
        let unit = U256::from(part.saturating_mul(GWEI));
        let gas = U256::from(PRICE_GAS).saturating_mul(U256::from(base_fee));
        let mut price = gas.max(self.floor).div_ceil(unit);
        let earliest = now.saturating_add(self.answer_secs);
        let backlog = deadline.saturating_sub(earliest).saturating_mul(2);
        let doublings = backlog.checked_div(self.answer_secs).unwrap_or_default();
        let rest = backlog.checked_rem(self.answer_secs).unwrap_or_default();
        let doublings = doublings.min(MAX_DOUBLINGS);
        price = price.wrapping_shl(usize::try_from(doublings).unwrap_or_default());
        let more = price.saturating_mul(U256::from(rest));
        let more = more.checked_div(U256::from(self.answer_secs));
        price = price.saturating_add(more.unwrap_or_default());
        price
            .min(U256::from(MAX_GWEI))
            .saturating_mul(U256::from(GWEI))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GWEI_128: u128 = 1_000_000_000;

    #[test]
    fn a_question_costs_what_the_contract_says() {
        let prices = QuestionPrices {
            floor: U256::from(10_000_000 * GWEI_128),
            answer_secs: 86_400,
        };
        let of = |kind, gwei: u128, deadline| {
            let price = prices.price(kind, gwei * GWEI_128, (1_000, deadline));
            (price / U256::from(GWEI)).to::<u64>()
        };
        let earliest = 1_000 + 86_400;
        assert_eq!(of(1, 0, earliest), 10_000_000);
        assert_eq!(of(2, 0, earliest), 1_250_000);
        assert_eq!(of(1, 3, earliest), 14_400_000);
        assert_eq!(of(2, 3, earliest), 1_800_000);
        // Half of A of a backlog doubles it, and a quarter is half of the way there.
        assert_eq!(of(1, 0, earliest + 43_200), 20_000_000);
        assert_eq!(of(1, 0, earliest + 21_600), 15_000_000);
        assert_eq!(of(1, 0, earliest + 3 * 43_200), 80_000_000);
        assert_eq!(of(1, 0, u64::MAX), (1 << 56) - 1);
        let wei = QuestionPrices {
            floor: U256::from(1),
            answer_secs: 0,
        };
        assert_eq!(wei.price(2, 1, (0, 9)).to::<u64>(), GWEI);
    }
}
