//! Exact fractions: a numerator and a denominator of any length, never reduced.

use num_bigint::BigUint;

#[derive(Clone, Debug)]
pub struct Fraction {
    numerator: BigUint,
    denominator: BigUint,
}

impl Fraction {
    pub fn zero() -> Self {
        Self::new(0, 1)
    }

    pub fn new(numerator: u128, denominator: u128) -> Self {
        Self {
            numerator: numerator.into(),
            denominator: denominator.into(),
        }
    }

    pub fn times(self, numerator: u128, denominator: u128) -> Self {
        Self {
            numerator: self.numerator * numerator,
            denominator: self.denominator * denominator,
        }
    }

    pub fn plus(self, other: Self) -> Self {
        let denominator = &self.denominator * &other.denominator;
        let numerator = self.numerator * other.denominator + other.numerator * self.denominator;
        Self {
            numerator,
            denominator,
        }
    }

    /// The difference, or zero when `other` is more.
    pub fn less(self, other: Self) -> Self {
        let denominator = &self.denominator * &other.denominator;
        let (whole, taken) = (
            self.numerator * other.denominator,
            other.numerator * self.denominator,
        );
        let numerator = if taken > whole {
            0u8.into()
        } else {
            whole - taken
        };
        Self {
            numerator,
            denominator,
        }
    }

    pub fn floor(&self) -> u128 {
        u128::try_from(&self.numerator / &self.denominator).expect("an amount fits 128 bits")
    }
}
