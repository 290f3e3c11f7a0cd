//! Exact fractions: a numerator and a denominator of any length, never reduced.

use num_bigint::BigUint;

pub struct Fraction(BigUint, BigUint);

impl Fraction {
    pub fn new(numerator: u128, denominator: u128) -> Self {
        Self(numerator.into(), denominator.into())
    }

    pub fn times(self, numerator: u128, denominator: u128) -> Self {
        Self(self.0 * numerator, self.1 * denominator)
    }

    pub fn plus(self, other: Self) -> Self {
        let whole = &self.1 * &other.1;
        Self(self.0 * other.1 + other.0 * self.1, whole)
    }

    /// The difference, or zero when `other` is more.
    pub fn less(self, other: Self) -> Self {
        let whole = &self.1 * &other.1;
        let (mine, its) = (self.0 * other.1, other.0 * self.1);
        Self(if its > mine { 0u8.into() } else { mine - its }, whole)
    }

    pub fn floor(&self) -> u128 {
        u128::try_from(&self.0 / &self.1).expect("an amount fits 128 bits")
    }
}

/// ⌊amount · part / whole⌋.
pub fn share_down(amount: u128, part: u128, whole: u128) -> u128 {
    Fraction::new(amount, whole).times(part, 1).floor()
}
