//! Leaves in plain words, for errors that a person reads.

use core::fmt;

use crate::leaf::Key;
use crate::line::LineId;

/// An address on root in hexadecimal digits.
struct Hex<'a>(&'a [u8; 20]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0x")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Display for LineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (operator, line) = (Hex(&self.operator), self.line);
        write!(f, "line {line} of operator {operator}")
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Member { place, seat } => write!(f, "seat {seat} of the set at place {place}"),
            Self::Seat(seat) => write!(f, "seat {seat}"),
            Self::Minima { level, index } => {
                write!(f, "node {index} of level {level} of the seats' minima")
            }
            Self::Operator(operator) => write!(f, "operator {}", Hex(operator)),
            Self::Rewards => f.write_str("the rewards"),
            Self::Maturity => f.write_str("the maturity of epochs"),
            Self::Registration { operator, number } => {
                let operator = Hex(operator);
                write!(f, "registration {number} of operator {operator}")
            }
            Self::Address(address) => write!(f, "consensus address {}", Hex(address)),
            Self::Line(line) => line.fmt(f),
            Self::Mark { line, epoch } => write!(f, "the mark of epoch {epoch} of {line}"),
            Self::Cut { line, level, index } => {
                write!(f, "node {index} of level {level} of the cuts of {line}")
            }
            Self::Counter => f.write_str("the number of the next position"),
            Self::Position(number) => write!(f, "position {number}"),
            Self::Description(operator) => {
                write!(f, "the description of operator {}", Hex(operator))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaf_is_named_in_words_with_its_numbers() {
        let line = LineId {
            operator: [0xab; 20],
            line: 3,
        };
        let operator = format!("0x{}", "ab".repeat(20));
        let mark = Key::Mark { line, epoch: 9 };
        assert_eq!(
            mark.to_string(),
            format!("the mark of epoch 9 of line 3 of operator {operator}")
        );
        let member = Key::Member { place: 4, seat: 5 };
        assert_eq!(member.to_string(), "seat 5 of the set at place 4");
    }
}
