//! What is said of a transaction of stake.

use super::super::{OfLine, Part, Payee};
use super::*;
use crate::ledger::transaction::Text;

#[derive(Clone, Debug, Args)]
struct Nobody {}

fn said(stake: &StakeAction<Nobody>, body: &StakeBody) -> String {
    stake.words(body, Account::ethereum([9; 20]))
}

#[test]
fn what_was_not_typed_is_told_as_the_nodes_word_and_what_was_typed_is_not() {
    for (amount, told) in [(Some("1".to_owned()), false), (None, true)] {
        let stake = StakeAction::Undelegate {
            part: Part {
                position: 7,
                amount,
            },
            authority: Nobody {},
        };
        let body = StakeBody::Undelegate {
            position: 7,
            amount: 1_000_000_000_000_000_000,
        };
        let said = said(&stake, &body);
        assert!(said.contains("ends 1 coins of position 7"), "{said}");
        assert_eq!(
            said.contains("as this node says: the amount"),
            told,
            "{said}"
        );
    }
}

#[test]
fn who_bonds_accepts_his_own_commission_and_who_is_paid_is_called_as_he_was_typed() {
    let bond = |operator| StakeBody::Delegate {
        operator,
        amount: 5,
        line: 3,
        max_commission: ALL,
    };
    let stake = StakeAction::Bond {
        amount: "5base".into(),
        line: OfLine::default(),
        authority: Nobody {},
    };
    let own = said(&stake, &bond([9; 20]));
    assert!(own.contains("behind its own line 3"), "{own}");
    assert!(own.contains("as this node says: the line"), "{own}");
    let other = said(&stake, &bond([8; 20]));
    assert!(other.contains("at most 10000 / 10,000"), "{other}");
    let stake = StakeAction::ClaimRewards {
        positions: vec![1, 2],
        payee: Payee {
            to: Some("bob".into()),
        },
        authority: Nobody {},
    };
    let body = StakeBody::ClaimRewards {
        to: Account::ethereum([7; 20]),
        positions: vec![1, 2],
    };
    let claim = said(&stake, &body);
    assert!(
        claim.contains("positions 1, 2 to 0x0707") && claim.contains("(typed as bob)"),
        "{claim}"
    );
}

#[test]
fn who_ends_or_moves_a_position_is_told_what_an_operator_can_do_before_the_block() {
    let ended = StakeBody::Undelegate {
        position: 4,
        amount: 5,
    };
    let moved = StakeBody::Redelegate {
        position: 4,
        amount: 5,
        to: [8; 20],
        line: 3,
        max_commission: 300,
    };
    for body in [ended, moved] {
        let said = words(&body, Account::ethereum([9; 20]));
        let [until, then] = ["to the end of the next epoch at most", "for one epoch more"];
        assert!(said.contains(until) && said.ends_with(then), "{said}");
    }
}

#[test]
fn every_kind_says_what_it_does_and_what_follows() {
    let sender = Account::ethereum([9; 20]);
    let position = 4;
    let profile = Profile {
        name: Text::new("the name", "me").unwrap(),
        website: Text::new("the website", "").unwrap(),
        contact: Text::new("the contact", "").unwrap(),
        details: Text::new("the details", "").unwrap(),
    };
    for (body, follows) in [
        (
            StakeBody::CancelUnbonding { position },
            "backs its line again",
        ),
        (
            StakeBody::ClaimStake {
                position,
                to: sender,
            },
            "has matured",
        ),
        (
            StakeBody::ClaimCommission {
                line: 2,
                to: sender,
            },
            "commission that line 2",
        ),
        (
            StakeBody::Restake { position },
            "from the epoch after next on",
        ),
        (
            StakeBody::AllowRestake {
                position,
                allowed: true,
            },
            "lets anybody",
        ),
        (
            StakeBody::AllowRestake {
                position,
                allowed: false,
            },
            "nobody but the owner",
        ),
        (StakeBody::ApplyCut { position }, "what the court cut"),
        (
            StakeBody::Merge {
                first: 4,
                second: 5,
            },
            "5 is gone",
        ),
        (StakeBody::TakeSeat, "loses it"),
        (StakeBody::Leave, "to the end of the next epoch"),
        (StakeBody::Retire, "for ever"),
        (StakeBody::Unjail, "jailed again"),
        (
            StakeBody::Edit {
                commission: Some(300),
                max_commission: None,
                commission_step: None,
                min_self_stake: Some(1),
            },
            "the commission becomes 300 / 10,000, the least stake of its own",
        ),
        (
            StakeBody::Describe(Box::new(profile)),
            "name \"me\", website \"\"",
        ),
    ] {
        let said = words(&body, sender);
        assert!(
            said.starts_with("this ") && said.contains(follows),
            "{said}"
        );
    }
}
