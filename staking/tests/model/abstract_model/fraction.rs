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
        Self(self.0 * &other.1 + other.0 * &self.1, self.1 * other.1)
    }

    pub fn less(self, other: Self) -> Self {
        Self(self.0 * &other.1 - other.0 * &self.1, self.1 * other.1)
    }

    pub fn floor(&self) -> u128 {
        u128::try_from(&self.0 / &self.1).expect("an amount fits 128 bits")
    }
}

/// ⌊amount · part / whole⌋.
pub fn share_down(amount: u128, part: u128, whole: u128) -> u128 {
    Fraction::new(amount, whole).times(part, 1).floor()
}
