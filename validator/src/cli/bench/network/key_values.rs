//! What kvstore is loaded with: `key=value` of a fixed length, each key once.

use crate::client::load::{After, Supply, Ticket};

/// Bytes of each, those of the published figures of CometBFT.
pub const BYTES: usize = 250;
/// Digits of a key.
const DIGITS: usize = 32;

/// Keys that count up.
#[derive(Debug, Default)]
pub struct KeyValues(u64);

impl Supply for KeyValues {
    fn next(&mut self, _: usize) -> Option<(Ticket, Vec<u8>)> {
        let (number, value) = (self.0, BYTES - DIGITS - 1);
        self.0 += 1;
        let text = format!("{number:0DIGITS$x}={}", "v".repeat(value));
        let ticket = Ticket {
            sender: 0,
            sequence: number,
        };
        Some((ticket, text.into_bytes()))
    }

    /// Nothing stands behind it: the next one goes on.
    fn back(&mut self, _: Ticket, _: Vec<u8>, _: After) {}

    fn gap(&mut self, _: usize) -> Option<(Ticket, Vec<u8>)> {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_is_as_long_and_no_key_comes_twice() {
        let mut supply = KeyValues::default();
        let made: BTreeSet<_> = (0..1_000)
            .filter_map(|lane| supply.next(lane))
            .map(|one| one.1)
            .collect();
        assert_eq!(made.len(), 1_000);
        for bytes in made {
            assert_eq!(bytes.len(), BYTES);
            assert_eq!(bytes.iter().filter(|byte| **byte == b'=').count(), 1);
        }
    }
}
