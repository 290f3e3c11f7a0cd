//! 512 bits by seat or by member number: bit b is bit (b mod 8) of byte b / 8 (PROTOCOL section 6).

/// How many seats, and so members, a set may have.
pub const SEATS_MAX: u16 = 512;

/// A fixed set of small numbers, 64 bytes wide.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bitmap(pub [u8; 64]);

impl Default for Bitmap {
    fn default() -> Self {
        Self([0; 64])
    }
}

impl Bitmap {
    /// Whether `bit` is set; a number past 511 never is.
    pub fn has(&self, bit: u16) -> bool {
        self.0
            .get(usize::from(bit / 8))
            .is_some_and(|byte| byte & (1 << (bit % 8)) != 0)
    }

    /// Sets `bit`; a number past 511 is ignored, for no set has it.
    pub fn set(&mut self, bit: u16) {
        if let Some(byte) = self.0.get_mut(usize::from(bit / 8)) {
            *byte |= 1 << (bit % 8);
        }
    }

    /// The union of both.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        let mut out = *self;
        for (byte, more) in out.0.iter_mut().zip(other.0) {
            *byte |= more;
        }
        out
    }

    /// Whether no bit is set.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|byte| *byte == 0)
    }

    /// The set bits, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        (0..SEATS_MAX).filter(|bit| self.has(*bit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bit_nine_is_the_second_bit_of_the_second_byte() {
        let mut map = Bitmap::default();
        map.set(9);
        assert_eq!(map.0[1], 0b10);
        assert!(map.has(9) && !map.has(8));
        assert_eq!(map.iter().collect::<Vec<_>>(), vec![9]);
    }

    #[test]
    fn numbers_past_the_last_seat_are_neither_set_nor_found() {
        let mut map = Bitmap::default();
        map.set(512);
        map.set(u16::MAX);
        assert!(map.is_empty() && !map.has(512) && !map.has(u16::MAX));
    }
}
