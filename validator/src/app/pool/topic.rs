//! What a transaction of stake is about. The pool holds one at a time about each topic.
//!
//! | kind | topic |
//! |---|---|
//! | `restake`, `apply_cut` | the position, whoever sends it |
//! | the others that name positions | each of these positions of the sender |
//! | `take_seat`, `leave`, `retire`, `unjail`, `edit`, `claim_commission` | the sender as an operator |
//! | `delegate`, `describe`, and all that is not of stake | none |
//!
//! What waits of a sender is covered by its balance, so all payments that wait can pay their fees. A balance says nothing of stake: of a thousand
//! transactions about one position the first may make the others useless, and its owner may switch `allow_restake` off in front of them and on
//! behind them in each block, so that they keep the pool full at a bid that nobody ever pays. With one at a time, each of them that pays
//! nothing costs somebody at least one transaction that pays. What its sender has behind it is held until a block has it: else one that is
//! made useless in each block would carry a whole queue that is never tried. What can stop a delegation is that its operator raises its commission,
//! once an epoch, or retires, and a line of its own costs a bond on root each time; what names the operator is judged again then.

use alloy_primitives::B256;
use plasmid_staking::Key;

use crate::ledger::transaction::{Body, StakeBody};
use crate::ledger::{Account, Reject, Slot};

/// One topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Topic {
    /// A position, for whoever may do something with it.
    Position(u64),
    /// A position, for its owner.
    Own(Account, u64),
    /// What an operator has.
    Operator(Account),
}

impl Topic {
    /// The leaf of the position.
    pub(super) fn leaf(self) -> Option<B256> {
        match self {
            Self::Position(position) | Self::Own(_, position) => {
                Some(Slot::from(Key::Position(position)).key())
            }
            Self::Operator(_) => None,
        }
    }

    /// Why another one about it is not taken.
    pub(super) const fn waits(self) -> Reject {
        let what = match self {
            Self::Position(_) | Self::Own(..) => "this position",
            Self::Operator(_) => "the sender's line",
        };
        Reject::TopicWaits { what }
    }
}

/// Positions that one transaction can name.
const MAX_TOPICS: usize = 7;

/// All topics of a transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Topics([Option<Topic>; MAX_TOPICS]);

impl Topics {
    /// The topics of this sender's body.
    pub(super) fn of(sender: Account, body: &Body) -> Self {
        let Body::Stake(body) = body else {
            return Self::default();
        };
        let own = |position: &u64| Topic::Own(sender, *position);
        match body {
            StakeBody::Delegate { .. } | StakeBody::Describe(_) => Self::default(),
            StakeBody::Restake { position } | StakeBody::ApplyCut { position } => {
                Self::from_iter([Topic::Position(*position)])
            }
            StakeBody::Undelegate { position, .. }
            | StakeBody::CancelUnbonding { position }
            | StakeBody::Redelegate { position, .. }
            | StakeBody::ClaimStake { position, .. }
            | StakeBody::AllowRestake { position, .. } => Self::from_iter([own(position)]),
            StakeBody::ClaimRewards { positions, .. } => positions.iter().map(own).collect(),
            StakeBody::Merge { first, second } => [first, second].into_iter().map(own).collect(),
            StakeBody::ClaimCommission { .. }
            | StakeBody::TakeSeat
            | StakeBody::Leave
            | StakeBody::Retire
            | StakeBody::Unjail
            | StakeBody::Edit { .. } => Self::from_iter([Topic::Operator(sender)]),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Topic> {
        self.0.iter().flatten().copied()
    }
}

impl FromIterator<Topic> for Topics {
    fn from_iter<I: IntoIterator<Item = Topic>>(topics: I) -> Self {
        let mut all = Self::default();
        for (place, topic) in all.0.iter_mut().zip(topics) {
            *place = Some(topic);
        }
        all
    }
}
