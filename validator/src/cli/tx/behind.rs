//! Whom stake is put behind: the operator's line, and the highest commission that is accepted.
//!
//! Both are signed. Else an operator whose line has no stake could raise its commission, or close the line and open another, while a
//! transaction waits.

use clap::Args;
use plasmid_proto::stake::v1::Line;

use crate::{
    cli::{CliError, connect::Connection, keys::KeyOptions, query},
    ledger::{Account, transaction::StakeBody},
};

/// The whole reward.
const ALL: u16 = 10_000;

/// An operator, and on which terms.
#[derive(Clone, Debug, Args)]
pub struct Behind {
    /// The operator: an address on root, or the name of one of your keys.
    #[arg(long)]
    to: String,
    #[command(flatten)]
    line: OfLine,
    /// The highest commission of the line that is accepted, in 1/10,000 [default: what it is now, as the node says; it is shown before anything is signed].
    #[arg(long, value_parser = clap::value_parser!(u16).range(..=10_000))]
    max_commission: Option<u16>,
}

/// The line of an operator.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct OfLine {
    /// Number of the operator's newest line, which is that of the registration that opened it [default: as the node knows it].
    #[arg(long)]
    line: Option<u64>,
}

/// What is signed of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DelegationTerms {
    /// The operator.
    pub operator: [u8; 20],
    /// Its line.
    pub line: u64,
    /// The highest commission.
    pub max_commission: u16,
}

impl Behind {
    /// How the user called the operator.
    pub fn name(&self) -> &str {
        &self.to
    }

    /// Its line.
    pub const fn line(&self) -> OfLine {
        self.line
    }

    /// Whether the commission is accepted that the node names.
    pub const fn takes_any(&self) -> bool {
        self.max_commission.is_none()
    }

    /// Operator, line and commission.
    ///
    /// # Errors
    /// When the line that the node knows is another one, is closed, or takes more than was accepted.
    pub async fn accepted(
        &self,
        connection: &Connection,
        keys: &KeyOptions,
    ) -> Result<DelegationTerms, CliError> {
        let operator = operator_of(keys.account(&self.to)?)?;
        let named = (self.line.line, self.max_commission);
        let (line, max_commission) = match named {
            (Some(line), Some(most)) => (line, most),
            _ => judge(&newest(connection, operator).await?, named)?,
        };
        Ok(DelegationTerms {
            operator,
            line,
            max_commission,
        })
    }
}

impl DelegationTerms {
    /// A delegation to it.
    pub const fn delegation(self, amount: u128) -> StakeBody {
        StakeBody::Delegate {
            operator: self.operator,
            amount,
            line: self.line,
            max_commission: self.max_commission,
        }
    }

    /// A redelegation to it.
    pub const fn redelegation(self, position: u64, amount: u128) -> StakeBody {
        StakeBody::Redelegate {
            position,
            amount,
            to: self.operator,
            line: self.line,
            max_commission: self.max_commission,
        }
    }
}

impl OfLine {
    /// Whether the line is taken that the node names.
    pub const fn is_unnamed(self) -> bool {
        self.line.is_none()
    }

    /// The operator's own line: what it takes from its own rewards it pays to itself.
    ///
    /// # Errors
    /// When the line that the node knows is another one, or is closed.
    pub async fn own(
        self,
        connection: &Connection,
        sender: Account,
    ) -> Result<DelegationTerms, CliError> {
        let operator = operator_of(sender)?;
        let line = match self.line {
            Some(line) => line,
            None => judge(&newest(connection, operator).await?, (None, Some(ALL)))?.0,
        };
        Ok(DelegationTerms {
            operator,
            line,
            max_commission: ALL,
        })
    }
}

/// The operator whose account this is.
fn operator_of(account: Account) -> Result<[u8; 20], CliError> {
    match account.kind {
        Account::ETHEREUM => Ok(account.id),
        _ => Err(CliError::new(format!(
            "{account} is not an operator: an operator is an address on root (0x…)"
        ))),
    }
}

async fn newest(connection: &Connection, operator: [u8; 20]) -> Result<Line, CliError> {
    query::stake::newest_line(connection, Account::ethereum(operator)).await
}

/// The line and the highest commission that are signed, by what the node says and what was named.
fn judge(found: &Line, (line, most): (Option<u64>, Option<u16>)) -> Result<(u64, u16), CliError> {
    let refused = |why: String| Err(CliError::new(format!("{why}: nothing was signed")));
    let (number, commission) = (found.number, found.commission);
    let Some(now) = u16::try_from(commission).ok().filter(|now| *now <= ALL) else {
        return refused(format!(
            "the node says that the commission is {commission} / 10,000, which cannot be"
        ));
    };
    if let Some(named) = line.filter(|named| *named != number) {
        return refused(format!(
            "the operator's newest line is {number}, as the node says, and --line is {named}"
        ));
    }
    if found.state != "open" {
        return refused(format!("line {number} of the operator is closed"));
    }
    match most {
        Some(most) if now > most => refused(format!(
            "the commission of line {number} is {now} / 10,000, and --max-commission is {most}"
        )),
        most => Ok((number, most.unwrap_or(now))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(state: &str, commission: u32) -> Line {
        Line {
            number: 7,
            state: state.into(),
            commission,
            ..Line::default()
        }
    }

    #[test]
    fn what_the_node_says_is_signed_unless_more_was_named() {
        let found = line("open", 300);
        for (named, signed) in [
            ((None, None), (7, 300)),
            ((Some(7), None), (7, 300)),
            ((None, Some(300)), (7, 300)),
            ((None, Some(500)), (7, 500)),
        ] {
            assert_eq!(judge(&found, named).unwrap(), signed, "{named:?}");
        }
    }

    #[test]
    fn another_line_a_closed_one_and_a_higher_commission_are_refused_before_anything_is_signed() {
        for (found, named, why) in [
            (line("open", 300), (Some(6), None), "--line is 6"),
            (
                line("retired", 300),
                (None, None),
                "line 7 of the operator is closed",
            ),
            (line("frozen", 300), (None, Some(10_000)), "is closed"),
            (
                line("open", 301),
                (None, Some(300)),
                "--max-commission is 300",
            ),
            (line("open", 10_001), (None, None), "cannot be"),
            (line("open", 65_836), (None, Some(300)), "cannot be"),
        ] {
            let said = judge(&found, named).unwrap_err().to_string();
            assert!(
                said.contains(why) && said.contains("nothing was signed"),
                "{said}"
            );
        }
    }
}
