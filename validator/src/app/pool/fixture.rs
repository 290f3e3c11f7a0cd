//! Signed transactions for tests of the pool, and what their senders own.

use std::sync::Arc;

use super::*;
pub(super) use crate::ledger::Code;
use crate::ledger::transaction::{Authentication, Body, Data, Header, StakeBody};
use crate::ledger::{Domain, Transaction, check};

const DOMAIN: Domain = Domain {
    root_chain_id: 31_337,
    root_chain: [1; 20],
    deployment: [2; 20],
};

/// A token that some transactions move.
pub(super) const TOKEN: [u8; 20] = [0x77; 20];

fn key(sender: u16) -> ed25519_zebra::SigningKey {
    let [high, low] = sender.to_be_bytes();
    let mut seed = [7; 32];
    (seed[0], seed[1]) = (high, low);
    ed25519_zebra::SigningKey::from(seed)
}

pub(super) fn account(sender: u16) -> Account {
    Account::ed25519(&ed25519_zebra::VerificationKey::from(&key(sender)).into())
}

/// A signed transaction whose minimum fee is `minimum`.
pub(super) fn signed(
    sender: u16,
    sequence: u64,
    fee: u128,
    until: u64,
    body: Body,
    minimum: u128,
) -> Arc<Pending> {
    let key = key(sender);
    let public: [u8; 32] = ed25519_zebra::VerificationKey::from(&key).into();
    let with = |signature| Transaction {
        header: Header {
            sender: account(sender),
            lane: 0,
            sequence,
            fee,
            fee_payer: Account::NONE,
            valid_until: until,
            memo: [0; 32],
        },
        body: body.clone(),
        authentication: Authentication::Ed25519 {
            key: public,
            signature,
        },
        fee_payer_authentication: None,
    };
    let digest = with([0; 64]).digest(&DOMAIN);
    let bytes = with(key.sign(digest.as_slice()).into()).encode();
    let checked = check(&bytes, &DOMAIN).expect("a sound transaction");
    Pending::new(bytes, checked, minimum)
}

/// One place, no amount, a bid as high as its fee.
pub(super) fn pending(sender: u16, sequence: u64, fee: u128, until: u64) -> Arc<Pending> {
    signed(
        sender,
        sequence,
        fee,
        until,
        Body::SetPayout { payout: [7; 20] },
        0,
    )
}

/// A record that takes three places.
pub(super) fn long(sender: u16, sequence: u64, fee: u128) -> Arc<Pending> {
    let data = Data::new(vec![1; 1_024]).expect("not too long");
    signed(
        sender,
        sequence,
        fee,
        9,
        Body::Record {
            topic: [3; 32],
            data,
        },
        0,
    )
}

/// One of stake.
pub(super) fn about(sender: u16, sequence: u64, fee: u128, body: StakeBody) -> Arc<Pending> {
    signed(sender, sequence, fee, u64::MAX, Body::Stake(body), 0)
}

/// A seat for the sender's line. Operators sign by another scheme than [`signed`] does; of what was signed, the pool looks at the offer alone.
pub(super) fn take_seat(sender: u16, sequence: u64, fee: u128) -> Arc<Pending> {
    let signed = pending(sender, sequence, fee, u64::MAX);
    let body = Body::Stake(StakeBody::TakeSeat);
    Arc::new(Pending {
        offer: Offer {
            topics: Topics::of(account(sender), &body),
            ..signed.offer
        },
        bytes: signed.bytes.clone(),
        checked: signed.checked.clone(),
    })
}

/// A transfer of native coin or of a token.
pub(super) fn transfer(sender: u16, sequence: u64, token: [u8; 20], amount: u128) -> Arc<Pending> {
    let to = Account::ethereum([9; 20]);
    signed(
        sender,
        sequence,
        10,
        9,
        Body::Transfer { to, token, amount },
        0,
    )
}

/// What somebody owns who can pay for everything.
pub(super) fn rich(next: u64) -> Purse {
    Purse {
        next,
        native: u128::MAX,
        tokens: BTreeMap::from([(TOKEN, u128::MAX)]),
    }
}

/// What somebody owns in native coin.
pub(super) fn with_balance(next: u64, native: u128) -> Purse {
    Purse {
        next,
        native,
        tokens: BTreeMap::new(),
    }
}

impl Pool {
    /// Takes a transaction of a rich sender, which replaces for a tenth more.
    pub(super) fn put(&mut self, pending: Arc<Pending>, next: u64) -> Result<(), Reject> {
        self.add(pending, &rich(next), Replaces::ForTenthMore)
    }

    /// Places that were given up for these, and the engine may still hold.
    pub(super) fn given_up(&self, readiness: Readiness) -> usize {
        self.churn.get(&readiness).map_or(0, |churn| churn.places())
    }

    /// Nothing is counted twice or left behind: each index is what the queues say it is.
    pub(super) fn assert_sound(&self) {
        let waiting = || {
            let queues = self.senders.iter();
            queues.flat_map(|(sender, queue)| {
                queue
                    .waiting
                    .iter()
                    .map(move |(at, one)| (sender, queue, at, one))
            })
        };
        let mut order = BTreeSet::new();
        let mut heads = BTreeSet::new();
        let (mut places, mut held, mut gaps) = (0, 0, 0);
        let mut topics = BTreeMap::new();
        let mut positions = BTreeSet::new();
        let mut backers = BTreeSet::new();
        for (sender, queue, at, one) in waiting() {
            let offer = &one.pending.offer;
            assert_eq!((offer.header.sender, offer.header.sequence), (*sender, *at));
            let right = self.right_of(sender);
            let (_, rank) = queue
                .ranks(right)
                .into_iter()
                .find(|(found, _)| found == at)
                .unwrap();
            assert_eq!(one.rank, Some(rank));
            order.insert(rank);
            places += offer.places;
            if rank.is_head() {
                heads.insert((offer.bid, Reverse(offer.hash)));
            }
            let (more_held, more_gaps) = rank.shares(offer.places);
            held += more_held;
            gaps += more_gaps;
            assert!(self.hashes.contains_key(&offer.hash));
            for topic in offer.topics.iter() {
                assert_eq!(topics.insert(topic, offer.hash), None, "{topic:?} twice");
                positions.extend(topic.leaf().map(|leaf| (leaf, offer.hash)));
            }
            let backs = offer.backs;
            backers.extend(backs.map(|(operator, most)| (operator, most, offer.hash)));
            assert_eq!(
                self.digests.get(one.pending.checked.digest()),
                Some(&offer.hash)
            );
            assert!(
                self.expiry
                    .contains(&(offer.header.valid_until, offer.hash))
            );
        }
        let count = waiting().count();
        let counts = [self.hashes.len(), self.digests.len(), self.expiry.len()];
        assert_eq!(counts, [count; 3]);
        assert_eq!((&self.order, &self.heads), (&order, &heads));
        assert_eq!((self.places, self.held, self.gaps), (places, held, gaps));
        assert_eq!((&self.topics, &self.backers), (&topics, &backers));
        assert_eq!(self.positions, positions);
        let mut doubted = self.doubted.iter();
        assert!(doubted.all(|hash| self.hashes.contains_key(hash)));
        assert!(self.senders.values().all(|queue| !queue.waiting.is_empty()));
        assert!(self.places <= self.limits.places && self.held <= self.limits.held);
        let Limits {
            churn, idle_churn, ..
        } = self.limits;
        for paying in [Readiness::Ready, Readiness::Doubt] {
            assert!(self.given_up(paying) <= churn);
        }
        assert!(self.given_up(Readiness::Gap) <= idle_churn);
        self.assert_carried();
    }
}
