//! What a small state pays, and that its proofs lead to its root from the opened leaves alone.

use alloy_primitives::{Address, keccak256};
use plasmid_bridge::proof::tree::{Multiproof, leaf, state_root, value_hash};

use super::*;
use crate::chain::tree::Change;

const TOKEN: [u8; 20] = [0x70; 20];
const PAYOUT: [u8; 20] = [0x99; 20];

fn person(byte: u8) -> Account {
    Account::ethereum([byte; 20])
}

fn key_account(byte: u8) -> Account {
    Account::ed25519(&[byte; 32])
}

fn put<V: Value>(changes: &mut Vec<Change>, slot: Slot, value: &V) {
    changes.push(Change {
        key: slot.key(),
        kind: slot.kind(),
        value: value.encode(),
    });
}

fn coins(balance: u128, payout: [u8; 20]) -> AccountLeaf {
    AccountLeaf {
        balance,
        sequence: 3,
        payout,
    }
}

fn tokens_of(amount: u128) -> TokenBalance {
    TokenBalance {
        token: TOKEN,
        amount,
    }
}

/// Leaves 1 to 12, in this order.
pub(crate) fn state(residue: Address) -> Tree {
    let mut changes = Vec::new();
    let parameters = Parameters {
        residue,
        ..Parameters::local()
    };
    put(&mut changes, Slot::Parameters, &parameters);
    put(
        &mut changes,
        Slot::Asset(TOKEN),
        &AssetLeaf::new(TOKEN, 6, 0, &[0; 32]),
    );
    let fees = FeePool {
        amount: 70,
        ..FeePool::default()
    };
    put(&mut changes, Slot::FeePool, &fees);
    put(
        &mut changes,
        Slot::WithdrawalCounter,
        &WithdrawalCounter { next: 2 },
    );
    let rewards = Rewards { pool: 80, owed: 9 };
    put(&mut changes, Slot::Staking(Key::Rewards), &rewards);
    put(
        &mut changes,
        Slot::Account(person(1)),
        &coins(10, [0x11; 20]),
    );
    put(
        &mut changes,
        Slot::TokenBalance(person(1), TOKEN),
        &tokens_of(20),
    );
    put(
        &mut changes,
        Slot::TokenBalance(key_account(2), TOKEN),
        &tokens_of(30),
    );
    put(
        &mut changes,
        Slot::Account(key_account(2)),
        &coins(40, PAYOUT),
    );
    put(&mut changes, Slot::Account(person(3)), &coins(0, [0; 20]));
    let withdrawal = Withdrawal {
        recipient: [1; 20],
        token: NATIVE,
        amount: 50,
    };
    put(&mut changes, Slot::Withdrawal(1), &withdrawal);
    put(
        &mut changes,
        Slot::Account(key_account(4)),
        &coins(60, [0; 20]),
    );
    let mut tree = Tree::new();
    tree.apply(&changes).expect("the leaves fit");
    tree
}

fn shown(payable: &[Payable]) -> Vec<(u32, u128)> {
    payable.iter().map(|one| (one.index, one.amount)).collect()
}

/// The root that the opened leaves and the siblings give, as root computes it.
fn root_of(proof: &Proof) -> Hash {
    let hashes: Vec<(u32, Hash)> = proof
        .leaves
        .iter()
        .map(|one| {
            let key = keccak256([&[one.kind], one.fields.as_slice()].concat());
            (
                one.index,
                leaf(&key, &one.next, &value_hash(one.kind, &one.value)),
            )
        })
        .collect();
    let siblings = proof.siblings.clone();
    let root = Multiproof { siblings }
        .root(&hashes)
        .expect("the siblings fit");
    state_root(&root, proof.count)
}

#[test]
fn an_account_is_paid_its_coin_its_tokens_and_the_withdrawals_to_its_address() {
    let tree = state(Address::ZERO);
    let of = |account| shown(&of_account(&tree, account).expect("it reads"));
    assert_eq!(of(person(1)), [(6, 10), (7, 20), (11, 50)]);
    assert_eq!(of(key_account(2)), [(8, 30), (9, 40)]);
    assert_eq!(of(person(3)), []);
    assert_eq!(of(key_account(4)), [(12, 60)]);
    assert_eq!(of(person(5)), []);
    assert_eq!(
        payout(&tree, key_account(2)).expect("it reads"),
        Some(PAYOUT)
    );
    assert_eq!(payout(&tree, key_account(4)).expect("it reads"), None);
    assert_eq!(payout(&tree, key_account(5)).expect("it reads"), None);
}

#[test]
fn a_range_has_what_is_known_and_counts_what_is_not() {
    let tree = state(Address::ZERO);
    let of = |range, known: &[Account]| {
        let known = known.iter().copied().collect();
        let range = of_range(&tree, &range, &known).expect("it reads");
        (shown(&range.payable), range.unknown)
    };
    // Person 1 is known by the withdrawal to it.
    assert_eq!(
        of(0..=u32::MAX, &[]),
        (vec![(6, 10), (7, 20), (11, 50)], vec![8, 9, 12])
    );
    assert_eq!(
        of(7..=9, &[key_account(2)]),
        (vec![(7, 20), (8, 30), (9, 40)], vec![])
    );
    assert_eq!(of(10..=10, &[person(3)]), (vec![], vec![]));
    let residue = state(Address::repeat_byte(0x55));
    let pools = of_range(&residue, &(1..=5), &BTreeSet::new()).expect("it reads");
    assert_eq!(shown(&pools.payable), [(3, 70), (5, 80)]);
    assert!(
        pools
            .payable
            .iter()
            .all(|payable| payable.owner == Owner::Nobody)
    );
}

#[test]
fn proofs_lead_to_the_state_root_and_show_where_others_are_paid() {
    let tree = state(Address::repeat_byte(0x55));
    let all = of_range(
        &tree,
        &(0..=u32::MAX),
        &BTreeSet::from([key_account(2), key_account(4)]),
    )
    .expect("it reads");
    assert_eq!(all.unknown, Vec::<u32>::new());
    let none = BTreeSet::new();
    for most in 2..14 {
        let parts = parts(&tree, &all.payable, &none, most);
        assert_eq!(parts.concat(), all.payable);
        for part in parts {
            let proof = prove(&tree, &part, &none).expect("it is proven");
            assert!(proof.leaves.len() <= most);
            assert_eq!(root_of(&proof), tree.root());
        }
    }
    let token = of_account(&tree, key_account(2)).expect("it reads")[0];
    let places = |named: &BTreeSet<Account>| {
        let proof = prove(&tree, &[token], named).expect("it is proven");
        assert_eq!(root_of(&proof), tree.root());
        proof
            .leaves
            .iter()
            .map(|one| (one.index, one.place))
            .collect::<Vec<_>>()
    };
    // The account's leaf stands behind the token's, at the second place.
    assert_eq!(places(&none), [(8, 2), (9, 0)]);
    assert_eq!(places(&BTreeSet::from([key_account(2)])), [(8, 0)]);
    // The parameters come first, and tell of both pools.
    let pools = of_range(&tree, &(1..=5), &none).expect("it reads");
    let proof = prove(&tree, &pools.payable, &none).expect("it is proven");
    let places: Vec<_> = proof
        .leaves
        .iter()
        .map(|one| (one.index, one.place))
        .collect();
    assert_eq!(places, [(1, 0), (3, 1), (5, 1)]);
}

#[test]
fn nothing_is_proven_of_nothing() {
    let tree = state(Address::ZERO);
    assert!(prove(&tree, &[], &BTreeSet::new()).is_err());
    assert!(parts(&tree, &[], &BTreeSet::new(), 40).is_empty());
}
