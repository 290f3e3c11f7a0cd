//! A creation that has begun: until when it binds everybody, and what is to be done when its steps were not finished by then.

use alloy_primitives::{B256, U256};
use plasmid_bridge::abi::IRegistry;

/// A creation of which some steps are taken, and some not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Begun {
    made: U256,
    steps: U256,
    /// What it began with, and can only go on with.
    pub agreement: B256,
    until: u64,
    /// Whether operators may take their stakes back.
    pub is_over: bool,
}

impl Begun {
    /// What the Registry says at root time `now`; `None` before the first step and after the last one.
    pub(super) fn of(creation: &IRegistry::creationReturn, now: u64) -> Option<Self> {
        if creation.agreement == B256::ZERO || creation.made == creation.steps {
            return None;
        }
        Some(Self {
            made: creation.made,
            steps: creation.steps,
            agreement: creation.agreement,
            until: creation.until,
            is_over: now >= creation.until,
        })
    }

    /// Where it stands and what to do; `paid` coins are the genesis balances.
    pub(super) fn sentence(&self, paid: &str) -> String {
        let Self {
            made,
            steps,
            agreement,
            until,
            is_over,
        } = self;
        match is_over {
            false => format!(
                "{made} of {steps} steps of the creation are taken; until root time {until} anyone can take the others with \
                 `plasmid init create --pay {paid}`, and nobody can take a stake back"
            ),
            true => format!(
                "{made} of {steps} steps of the creation were taken, and root time {until} passed before the others: no money has moved, and every \
                 operator can take its stake and bond back with `plasmid init refund`. Only agreement {agreement} can finish this creation: whoever \
                 took its stake back registers again with the same keys and the same stake, all operators run `plasmid init agree` with that \
                 agreement again, and then anyone can take the other steps. If one operator does not want that, this Registry is of no more use: \
                 all take their stakes back, and a plan with another salt begins anew"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn creation(made: u64, agreement: u8) -> IRegistry::creationReturn {
        IRegistry::creationReturn {
            made: U256::from(made),
            steps: U256::from(3),
            agreement: B256::repeat_byte(agreement),
            until: 100,
        }
    }

    #[test]
    fn only_what_is_half_made_has_begun() {
        assert_eq!(Begun::of(&creation(0, 0), 200), None);
        assert_eq!(Begun::of(&creation(3, 7), 200), None);
        for made in [1, 2] {
            let begun = Begun::of(&creation(made, 7), 99).expect("begun");
            assert_eq!(begun.agreement, B256::repeat_byte(7));
        }
    }

    /// On root the stakes are bound before that second, and free from it on.
    #[test]
    fn a_creation_whose_time_ran_out_is_said_to_give_every_stake_back() {
        let says = |now: u64, words: &[&str]| {
            let begun = Begun::of(&creation(2, 7), now).expect("begun");
            let said = begun.sentence("5");
            for word in words {
                assert!(said.contains(word), "{word}: {said}");
            }
            begun.is_over
        };
        let open = [
            "2 of 3 steps",
            "init create --pay 5",
            "nobody can take a stake back",
        ];
        assert!(!says(99, &open));
        let agreement = B256::repeat_byte(7).to_string();
        let over = [
            "2 of 3 steps",
            "init refund",
            &agreement,
            "the same stake",
            "another salt",
        ];
        assert!(says(100, &over));
    }
}
