//! Each kind of stake as whoever holds a key does it: prepared by a node, signed here over the typed data alone, handed in, and carried out in
//! a block. An operator comes, is absent, returns and leaves, and the court cuts it; a delegator is behind it all the time.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use alloy_primitives::{Address, keccak256};
use plasmid::app::reads::{Reader, prepare};
use plasmid::ledger::transaction::StakeBody;
use plasmid::ledger::{Account, Code};
use plasmid_bridge::proof::inbox::{Body as Message, Deposit, Registration};
use plasmid_proto::stake::v1::{
    self as stake, PrepareRequest, PrepareResponse, prepare_request::Action,
};
use plasmid_tests::harness::network::STAKE;
use plasmid_tests::harness::reads::served;
use plasmid_tests::harness::{Network, Plan};
use plasmid_tests::typed;
use secp256k1::{Message as Digest, PublicKey, SECP256K1, SecretKey};

/// Blocks of an epoch.
const K: u64 = 16;
/// The node whose keys the operator registers, and the number of that registration.
const NODE: usize = 4;
const REGISTRATION: u64 = 5;

/// The positions of the owner, behind those of the genesis and the operator's.
const WHOLE: u64 = 10;
const OTHER: u64 = 11;
const RESTAKED: u64 = 12;

/// Somebody with a key of its own.
struct Holder(SecretKey);

impl Holder {
    fn new(byte: u8) -> Self {
        Self(SecretKey::from_byte_array([byte; 32]).expect("a key"))
    }

    fn address(&self) -> [u8; 20] {
        let public = PublicKey::from_secret_key(SECP256K1, &self.0).serialize_uncompressed();
        Address::from_word(keccak256(&public[1..])).into_array()
    }

    fn account(&self) -> Account {
        Account::ethereum(self.address())
    }

    fn signed(&self, prepared: &PrepareResponse) -> Vec<u8> {
        let digest = typed::digest(&prepared.typed_data);
        assert_eq!(digest.as_slice(), prepared.digest);
        let signature = SECP256K1.sign_ecdsa_recoverable(Digest::from_digest(digest.0), &self.0);
        let (recovery, compact) = signature.serialize_compact();
        let mut bytes = prepared.unsigned_transaction.clone();
        bytes.extend(compact);
        bytes.push(27 + u8::from(i32::from(recovery) & 1 == 1));
        bytes
    }
}

/// The network, and the kinds that were carried out.
struct Played {
    network: Network,
    done: BTreeSet<u8>,
}

impl Played {
    fn prepared(&self, who: &Holder, action: &Action) -> PrepareResponse {
        let app = self.network.nodes[0].shared();
        let (source, never) = (served(app, Arc::default()), AtomicBool::new(false));
        let request = PrepareRequest {
            sender: who.account().to_string(),
            action: Some(action.clone()),
            ..PrepareRequest::default()
        };
        prepare::prepare(&Reader::new(&source, &never), &request).expect("it is prepared")
    }

    /// Prepares, signs, hands in, and sees it carried out in a block.
    fn acts(&mut self, who: &Holder, action: Action) -> PrepareResponse {
        let prepared = self.prepared(who, &action);
        assert_eq!(prepared.code, 0, "{action:?}: {}", prepared.log);
        let bytes = who.signed(&prepared);
        for node in self.network.up() {
            assert_eq!(self.network.nodes[node].offer(&bytes.clone().into()), 0);
        }
        let from = self.network.chain.len();
        for _ in 0..K {
            self.network.step();
            for (proposal, answer) in &self.network.chain[from..] {
                let mut all = proposal.transactions.iter().zip(&answer.tx_results);
                if let Some((_, result)) = all.find(|(found, _)| found[..] == bytes[..]) {
                    assert_eq!(result.code, 0, "{action:?}: {}", result.log);
                    self.done.insert(bytes[0]);
                    return prepared;
                }
            }
        }
        panic!("{action:?} is in no block");
    }

    /// Lets epochs pass until the node says that it would be carried out, and does it. What it says until then.
    fn acts_later(&mut self, who: &Holder, action: Action) -> String {
        let mut said = String::new();
        for _ in 0..6 {
            let prepared = self.prepared(who, &action);
            if prepared.code == 0 {
                self.acts(who, action);
                return said;
            }
            assert_eq!(prepared.code, Code::Stake.number(), "{}", prepared.log);
            said = prepared.log;
            self.epochs(1);
        }
        panic!("{action:?}: {said}");
    }

    /// Goes on until `count` more epochs have ended.
    fn epochs(&mut self, count: u64) {
        let end = (self.network.height() / K + count) * K;
        while self.network.height() < end {
            self.network.step();
        }
    }

    fn members(&mut self, count: usize) {
        for _ in 0..6 {
            if self.network.members().len() == count {
                return;
            }
            self.epochs(1);
        }
        panic!("the members are {:?}", self.network.members());
    }
}

fn deposit(to: &Holder) -> Message {
    let mut symbol = [0; 32];
    symbol[..3].copy_from_slice(b"ETH");
    Message::Deposit(Deposit {
        token: [0; 20],
        amount: 4 * STAKE,
        native: 0,
        recipient: to.account().bytes(),
        refund: to.address(),
        depositor: to.address(),
        decimals: 18,
        symbol_length: 3,
        symbol,
    })
}

fn delegate(operator: &Holder, amount: u128) -> Action {
    Action::Delegate(stake::Delegate {
        operator: Address::from(operator.address()).to_string(),
        amount: amount.to_string(),
        max_commission: Some(10_000),
        ..stake::Delegate::default()
    })
}

#[test]
fn each_kind_of_stake_is_prepared_signed_outside_and_carried_out() {
    let (operator, owner) = (Holder::new(0x61), Holder::new(0x62));
    let mut network = Network::new(Plan {
        seed: 91,
        joiners: 1,
        transactions: 0,
        messages: 0,
        evidence: 0,
        jail_divisor: 16,
        ..Plan::default()
    });
    network.people.others = vec![operator.account(), owner.account()];
    let keys = &network.nodes[NODE];
    network.inbox.push(Message::Registration(Registration {
        operator: operator.address(),
        registration: REGISTRATION,
        consensus_key: keys.consensus_key(),
        checkpoint_key: keys.checkpoint.public_key(),
        bounty_bond: 1,
    }));
    network.inbox.push(deposit(&operator));
    network.inbox.push(deposit(&owner));
    network.run(K);
    let mut played = Played {
        network,
        done: BTreeSet::new(),
    };
    comes(&mut played, &operator, &owner);
    earns_and_moves(&mut played, &operator, &owner);
    returns_leaves_and_is_cut(&mut played, &operator, &owner);
    let [first, last] = StakeBody::KINDS;
    assert_eq!(played.done, (first..=last).collect(), "every kind");
}

fn comes(played: &mut Played, operator: &Holder, owner: &Holder) {
    let describe = stake::Description {
        name: "Newcomer".into(),
        ..stake::Description::default()
    };
    played.acts(operator, Action::Describe(describe));
    let edit = stake::Edit {
        commission: Some(100),
        ..stake::Edit::default()
    };
    played.acts(operator, Action::Edit(edit));
    let bond = played.acts(operator, delegate(operator, STAKE)).positions;
    assert_eq!(bond, [WHOLE - 1]);
    played.acts(operator, Action::TakeSeat(stake::TakeSeat {}));
    for number in [WHOLE, OTHER] {
        let made = played.acts(owner, delegate(operator, STAKE / 10)).positions;
        assert_eq!(made, [number]);
    }
    played.members(5);
}

/// The owner earns, moves and ends parts, and merges what is left; the operator is paid its commission.
fn earns_and_moves(played: &mut Played, operator: &Holder, owner: &Holder) {
    let allow = |position| {
        Action::AllowRestake(stake::AllowRestake {
            position,
            allowed: true,
        })
    };
    // Fees are what is earned.
    for _ in 0..3 {
        played.acts(owner, allow(WHOLE));
        played.epochs(1);
    }
    let claim = stake::ClaimRewards {
        positions: vec![OTHER],
        to: String::new(),
    };
    played.acts(owner, Action::ClaimRewards(claim));
    let restake = stake::Restake { position: WHOLE };
    let restaked = played.acts(owner, Action::Restake(restake)).positions;
    assert_eq!(restaked, [RESTAKED]);
    let commission = stake::ClaimCommission {
        line: REGISTRATION,
        to: String::new(),
    };
    played.acts(operator, Action::ClaimCommission(commission));

    let undelegate = stake::Undelegate {
        position: WHOLE,
        amount: (STAKE / 100).to_string(),
    };
    let ended = played.acts(owner, Action::Undelegate(undelegate)).positions[0];
    let cancel = stake::CancelUnbonding { position: ended };
    played.acts(owner, Action::CancelUnbonding(cancel));
    let undelegate = stake::Undelegate {
        position: ended,
        amount: String::new(),
    };
    played.acts(owner, Action::Undelegate(undelegate));
    let redelegate = stake::Redelegate {
        position: OTHER,
        amount: (STAKE / 100).to_string(),
        to: Address::from([0x10; 20]).to_string(),
        max_commission: Some(10_000),
        ..stake::Redelegate::default()
    };
    played.acts(owner, Action::Redelegate(redelegate));
    let claim = Action::ClaimStake(stake::ClaimStake {
        position: ended,
        to: String::new(),
    });
    let early = played.prepared(owner, &claim);
    assert_eq!(early.code, Code::Stake.number(), "{}", early.log);
    played.epochs(3);
    let over = 0..=played.network.height() / K - 1;
    played.network.accept(over, 2 * K);
    played.acts(owner, claim);
    let merge = stake::Merge {
        first: WHOLE,
        second: OTHER,
    };
    played.acts(owner, Action::Merge(merge));
}

/// The operator is absent for an epoch, is jailed, and returns; it leaves and closes its line; and then the court cuts what stood behind it.
fn returns_leaves_and_is_cut(played: &mut Played, operator: &Holder, owner: &Holder) {
    played.epochs(1);
    played.network.sleep(NODE, 2 * K);
    played.epochs(2);
    let said = played.acts_later(operator, Action::Unjail(stake::Unjail {}));
    assert!(said.contains("jail"), "{said}");
    played.epochs(3);
    played.members(5);
    let offence = played.network.height() / K;
    played.acts_later(operator, Action::Leave(stake::Leave {}));
    played.acts(operator, Action::Retire(stake::Retire {}));
    let (of, registration) = (operator.address(), REGISTRATION);
    played.network.inbox.push(Message::Freeze {
        operator: of,
        registration,
        epoch: offence,
    });
    played.network.inbox.push(Message::Settlement {
        operator: of,
        registration,
        epoch: offence,
        fraction: 250_000_000,
    });
    let apply = stake::ApplyCut { position: WHOLE };
    played.acts_later(owner, Action::ApplyCut(apply));
    played.epochs(2);
}
