//! Genesis: its order, its derived facts, and what it refuses.

use plasmid_bridge::proof::bls::SecretKey;

use super::file::{File, FileError};
use super::*;
use crate::chain::epoch::set::set_at;
use crate::chain::overlay::Overlay;
use crate::ledger::conservation::check_conservation;
use crate::ledger::leaf::NATIVE;
use crate::ledger::leaf::{MemberLeaf, Value};
use crate::ledger::stake::apply_at;
use crate::ledger::transaction::Text;
use crate::ledger::{OwnContracts, Slot, ring_place};
use plasmid_staking::rules::delegate::Delegate;
use plasmid_staking::{Input, Key, Line, LineId, Position, Seat};

pub(crate) fn operator(place: u8) -> Operator {
    let consensus = ed25519_zebra::SigningKey::from([place + 1; 32]);
    let checkpoint = SecretKey::from_entropy(&[place + 1; 32]).expect("32 bytes of entropy");
    Operator {
        operator: [place + 0x10; 20],
        registration: u64::from(place) + 1,
        consensus_key: ed25519_zebra::VerificationKey::from(&consensus).into(),
        checkpoint_key: checkpoint.public_key(),
        stake: 1_000_000_000_000_000_000 * (u128::from(place) + 1),
        opening: Opening::default(),
        profile: None,
    }
}

/// The Registry of this deployment.
const REGISTRY: [u8; 20] = [0xcc; 20];

fn genesis() -> Genesis {
    Genesis {
        parameters: Parameters {
            registry: REGISTRY.into(),
            ..Parameters::local()
        },
        operators: (0..4).map(operator).collect(),
        balances: vec![
            (Account::ethereum([1; 20]), 5),
            (Account::ethereum([2; 20]), 6),
            (Account::ed25519(&[3; 32]), 7),
        ],
        delegations: vec![
            delegation(Account::ethereum([1; 20]), 2, COIN),
            delegation(Account::ethereum([1; 20]), 3, COIN + 1),
            delegation(Account::ed25519(&[4; 32]), 3, 2 * COIN),
        ],
    }
}

const COIN: u128 = 1_000_000_000_000_000_000;

/// Of an account behind the operator at a place.
fn delegation(owner: Account, place: u8, amount: u128) -> Backing {
    Backing {
        owner,
        operator: operator(place).operator,
        amount,
    }
}

fn root() -> RootAnchor {
    RootAnchor {
        root_chain: deployment::root_chain(&REGISTRY),
        parent_block_hash: B256::repeat_byte(0xdd),
        time: 1_800_000_000,
    }
}

/// Whoever passes the checks of a plan has paid for the network when the file is read for the first time.
#[test]
fn the_largest_genesis_fits_in_its_file_and_one_entry_more_is_refused() {
    let mut file = File::new(&genesis(), &root()).unwrap();
    let operator = file::OperatorEntry {
        stake: (1u128 << 112).to_string(),
        registration: u64::MAX,
        commission: u16::MAX,
        max_commission: Some(u16::MAX),
        commission_step: Some(u16::MAX),
        description: Some(format!("0x{}", "aa".repeat(256))),
        ..file.operators[0].clone()
    };
    file.operators = vec![operator; 128];
    let longest = |account: Account| account.to_string().len();
    let account = [Account::ethereum([0xaa; 20]), Account::ed25519(&[9; 32])]
        .into_iter()
        .max_by_key(|account| longest(*account))
        .unwrap();
    // A delegation is longer than a balance.
    let delegation = file::DelegationEntry {
        owner: account.to_string(),
        operator: file.operators[0].operator.clone(),
        amount: MAX_AMOUNT.to_string(),
    };
    file.balances = Vec::new();
    file.delegations = vec![delegation; MAX_ENTRIES];
    let text = serde_json::to_string_pretty(&file).unwrap();
    assert!((text.len() as u64) < file::MAX_FILE_BYTES, "{}", text.len());
    // CometBFT's file indents each line by two more.
    let indented = text.len() + 2 * text.lines().count();
    assert!((indented as u64) < 2 * file::MAX_FILE_BYTES);

    let account = |place: usize| {
        let mut id = [0; 20];
        id[..8].copy_from_slice(&(place as u64 + 1).to_be_bytes());
        Account::ethereum(id)
    };
    let mut balances: Vec<_> = (0..MAX_ENTRIES - 2)
        .map(|place| (account(place), 1))
        .collect();
    let contracts = OwnContracts::of(&genesis().parameters);
    let delegations = genesis().delegations;
    let check = |balances: &[_]| check_money(balances, &delegations, &contracts, |_| true);
    let refused = check(&balances).unwrap_err();
    assert!(
        matches!(
            refused,
            GenesisError::Entries {
                balances: 19_998,
                delegations: 3
            }
        ),
        "{refused}"
    );
    balances.pop();
    assert_eq!(check(&balances).unwrap(), 19_997 + 4 * COIN + 1);
}

/// As if the owners had the coin and delegated in the first block: the same positions, lines, seats, minima and counter, and nothing else.
#[test]
fn a_genesis_delegation_makes_the_leaves_that_the_same_delegation_makes_at_the_start() {
    let with = genesis().build().unwrap();
    let mut paid = Genesis {
        delegations: Vec::new(),
        ..genesis()
    };
    for one in genesis().delegations {
        match paid
            .balances
            .iter_mut()
            .find(|(account, _)| *account == one.owner)
        {
            Some((_, balance)) => *balance += one.amount,
            None => paid.balances.push((one.owner, one.amount)),
        }
    }
    paid.balances.sort();
    let built = paid.build().unwrap();
    assert_eq!(built.sum, with.sum);
    let mut after = Overlay::new(&built.tree);
    for one in genesis().delegations {
        let mut operators = paid.operators.iter();
        let operator = operators.find(|known| known.operator == one.operator);
        let input = Input::Delegate(Delegate {
            from: one.owner.bytes(),
            to: LineId {
                operator: one.operator,
                line: operator.unwrap().registration,
            },
            amount: one.amount,
            max_commission: 0,
        });
        apply_at(&mut after, &paid.parameters, 0, &input).unwrap();
    }
    let mut compared = 0;
    for leaf in with.tree.iter() {
        // Accounts differ: there the coin was an account's first.
        if leaf.kind != 0x02 {
            let found = after.get(leaf.key).unwrap();
            assert_eq!(found.as_deref(), Some(leaf.value), "leaf {}", leaf.index);
            compared += 1;
        }
    }
    let accounts = |genesis: &Genesis| genesis.balances.len() as u32;
    assert_eq!(compared, with.tree.count() - accounts(&genesis()));
    assert_eq!(
        compared,
        after.leaf_count() - accounts(&paid),
        "no others are made"
    );
}

#[test]
fn a_genesis_delegation_counts_from_epoch_2_on_and_its_coin_is_in_the_sum() {
    let genesis = genesis();
    let built = genesis.build().unwrap();
    let delegated = 4 * COIN + 1;
    assert_eq!(built.sum, 10 * COIN + 18 + delegated);
    let owned = genesis
        .balances
        .iter()
        .map(|(account, _)| Slot::Account(*account));
    let positions = (1..=7).map(|number| Slot::from(Key::Position(number)));
    let singletons = [
        Slot::Asset(NATIVE),
        Slot::FeePool,
        Slot::Burned,
        Slot::from(Key::Rewards),
    ];
    let slots: Vec<Slot> = owned.chain(positions).chain(singletons).collect();
    let leaves = slots.iter().map(|slot| {
        let leaf = built.tree.get(&slot.key()).unwrap();
        (slot, leaf.2)
    });
    check_conservation(leaves).unwrap();
    let leaf = |key: Key| built.tree.get(&Slot::from(key).key()).unwrap().2.to_vec();
    let position = Position::decode(&leaf(Key::Position(5))).unwrap();
    assert_eq!(position.owner, Account::ethereum([1; 20]).bytes());
    assert_eq!((position.base, position.legs[0].first), (COIN, 2));
    let line = LineId {
        operator: operator(3).operator,
        line: 4,
    };
    let line = Line::decode(&leaf(Key::Line(line))).unwrap();
    assert_eq!((line.stake, line.self_stake), (7 * COIN + 1, 4 * COIN));
    assert_eq!(
        Seat::decode(&leaf(Key::Seat(3))).unwrap().stake,
        7 * COIN + 1
    );
    // The first two sets are what the operators themselves stake.
    let powers: Vec<u64> = built.members.iter().map(|member| member.power).collect();
    assert_eq!(powers, vec![100, 200, 300, 400]);
    let none = Genesis {
        delegations: Vec::new(),
        ..genesis
    };
    let none = none.build().unwrap();
    assert_eq!(none.sets, built.sets);
    assert_ne!(none.root(), built.root(), "the agreement binds them");
}

#[test]
fn leaf_indices_follow_the_protocols_order() {
    let built = genesis().build().unwrap();
    let index = |slot: Slot| built.tree.get(&slot.key()).unwrap().0;
    let place = |epoch| ring_place(epoch, 512);
    let seats = 16u32;
    assert_eq!(index(Slot::Sentinel), 0);
    let singletons = [
        Slot::Parameters,
        Slot::Asset(NATIVE),
        Slot::FeePool,
        Slot::WithdrawalCounter,
        Slot::Inbox,
        Slot::ShareBits,
        Slot::Boundary,
        Slot::Burned,
    ];
    for (at, slot) in (1u32..).zip(singletons) {
        assert_eq!(index(slot), at, "{slot:?}");
    }
    let line = |place: u8| LineId {
        operator: operator(place).operator,
        line: u64::from(place) + 1,
    };
    let staked = [Key::Rewards, Key::Maturity, Key::Counter, Key::Seat(0)];
    for (at, key) in (9u32..).zip(staked) {
        assert_eq!(index(Slot::from(key)), at, "{key:?}");
    }
    assert_eq!(index(Slot::from(Key::Seat(15))), 27);
    assert_eq!(index(Slot::from(Key::Minima { level: 0, index: 0 })), 28);
    for place in 0..4 {
        let (line, first) = (line(place), 29 + 6 * u32::from(place));
        let (id, number) = (line.operator, line.line);
        let key = operator(place).consensus_key;
        let of_operator = [
            Key::Operator(id),
            Key::Registration {
                operator: id,
                number,
            },
            Key::Address(Account::ed25519(&key).id),
            Key::Line(line),
            Key::Mark { line, epoch: 1 },
            Key::Position(number),
        ];
        for (at, key) in (first..).zip(of_operator) {
            assert_eq!(index(Slot::from(key)), at, "{key:?}");
        }
    }
    for (epoch, first) in [(0, 53), (1, 53 + 3 + seats)] {
        let place = place(epoch);
        assert_eq!(index(Slot::Participation { place }), first);
        assert_eq!(index(Slot::from(Key::Member { place, seat: 0 })), first + 1);
        assert_eq!(index(Slot::Set { place }), first + 1 + seats);
        assert_eq!(index(Slot::EpochRecord { place }), first + 2 + seats);
    }
    let accounts = 53 + 2 * (3 + seats);
    assert_eq!(index(Slot::Account(Account::ethereum([1; 20]))), accounts);
    assert_eq!(
        index(Slot::Account(Account::ed25519(&[3; 32]))),
        accounts + 2
    );
    for number in 5..8 {
        let place = accounts + 3 + u32::try_from(number).unwrap() - 5;
        assert_eq!(index(Slot::from(Key::Position(number))), place);
    }
    assert_eq!(built.tree.count(), accounts + 6);
}

/// The commission of the operator at a place, with lower bounds than the parameters have, and its name.
fn promised(place: usize) -> Genesis {
    let mut genesis = genesis();
    genesis.operators[place].opening = Opening {
        commission: 700,
        max_commission: Some(2_000),
        commission_step: Some(50),
    };
    genesis.operators[place].profile = Some(Profile {
        name: Text::new("a text", "Two").unwrap(),
        website: Text::new("a text", "https://two.example").unwrap(),
        contact: Text::new("a text", "").unwrap(),
        details: Text::new("a text", "").unwrap(),
    });
    genesis
}

/// What a founder promises stands in its line, its seat, the first two sets and a leaf of its own behind its position; all else is as without.
#[test]
fn what_a_founder_begins_with_stands_in_the_leaves_that_the_agreement_binds() {
    let (plain, with) = (genesis().build().unwrap(), promised(2).build().unwrap());
    assert_ne!(plain.root(), with.root());
    assert_eq!(plain.sets, with.sets, "keys and power are the same");
    assert_eq!(plain.tree.count() + 1, with.tree.count());
    let get = |built: &Built, key: Key| {
        let key = Slot::from(key).key();
        let leaf = built.tree.get(&key);
        leaf.map(|(index, _, value)| (index, value.to_vec()))
    };
    let id = operator(2).operator;
    let line = LineId {
        operator: id,
        line: 3,
    };
    let held = Line::decode(&get(&with, Key::Line(line)).unwrap().1).unwrap();
    let bounds = (held.commission, held.max_commission, held.commission_step);
    assert_eq!((bounds, held.changed), ((700, 2_000, 50), 0));
    let seat = Seat::decode(&get(&with, Key::Seat(2)).unwrap().1).unwrap();
    assert_eq!(seat.commission, 700);
    for epoch in 0..2 {
        let place = ring_place(epoch, 512);
        let member = get(&with, Key::Member { place, seat: 2 }).unwrap().1;
        let standing = MemberLeaf::decode(&member).unwrap().standing.unwrap();
        assert_eq!(standing.commission, 700);
    }
    let (index, described) = get(&with, Key::Description(id)).unwrap();
    assert_eq!(index, get(&with, Key::Position(3)).unwrap().0 + 1);
    let profile = Profile::of_bytes(described.as_slice().try_into().unwrap());
    assert_eq!(profile.unwrap().texts()[0], "Two");
    // The others begin as they do without it, and so does everybody who is backed.
    for (key, other) in [(Key::Seat(1), 1), (Key::Seat(3), 3)] {
        assert_eq!(get(&with, key).unwrap().1, get(&plain, key).unwrap().1);
        let none = Key::Description(operator(other).operator);
        assert_eq!(get(&with, none), None);
    }
    let position = get(&with, Key::Position(5)).unwrap().1;
    assert_eq!(position, get(&plain, Key::Position(5)).unwrap().1);
    // The file says it, and a file that says it of another operator is refused.
    let file = File::new(&promised(2), &root()).unwrap();
    let text = serde_json::to_string(&file).unwrap();
    let mut read: File = serde_json::from_str(&text).unwrap();
    assert_eq!(read.load().unwrap().genesis, promised(2));
    read.operators[2].commission = 701;
    assert!(matches!(read.load(), Err(FileError::Derived { .. })));
    read.operators[2].description = Some("0x12".into());
    let said = read.load().err().expect("refused").to_string();
    assert!(said.contains("operators[2].description"), "{said}");
}

#[test]
fn a_founder_promises_what_the_rule_that_changes_it_later_allows() {
    let refuse = |opening: Opening| {
        let mut genesis = genesis();
        genesis.parameters.max_commission_bps = 5_000;
        genesis.parameters.commission_step_bps = 100;
        genesis.operators[1].opening = opening;
        genesis.build().err().map(|error| error.to_string())
    };
    let none = Opening::default();
    let named = Address::from(operator(1).operator).to_string();
    for (opening, words) in [
        (
            Opening {
                commission: 5_001,
                ..none
            },
            "above the maximum",
        ),
        (
            Opening {
                commission: 11,
                max_commission: Some(10),
                ..none
            },
            "above the maximum",
        ),
        (
            Opening {
                max_commission: Some(5_001),
                ..none
            },
            "can only be lowered",
        ),
        (
            Opening {
                commission_step: Some(101),
                ..none
            },
            "can only be lowered",
        ),
    ] {
        let said = refuse(opening).expect("refused");
        assert!(said.contains(words) && said.contains(&named), "{said}");
    }
    for commission in [0, 5_000] {
        assert_eq!(refuse(Opening { commission, ..none }), None);
    }
}

#[test]
fn sum_counts_stakes_and_balances_and_both_first_sets_are_the_operators() {
    let genesis = genesis();
    let built = genesis.build().unwrap();
    assert_eq!(built.sum, 14 * COIN + 1 + 18);
    for height in [1, 64, 65, 128] {
        assert_eq!(set_at(&built.tree, height).unwrap(), built.members);
    }
    assert!(set_at(&built.tree, 0).is_err());
    assert!(
        set_at(&built.tree, 129).is_err(),
        "the set of epoch 2 is not fixed yet"
    );
    let powers: Vec<u64> = built.members.iter().map(|member| member.power).collect();
    assert_eq!(powers, vec![100, 200, 300, 400]);
    let place = 0;
    let leaf = built
        .tree
        .get(&Slot::from(Key::Member { place, seat: 9 }).key())
        .unwrap();
    assert_eq!(MemberLeaf::decode(leaf.2).unwrap().standing, None);
}

#[test]
fn a_file_survives_a_round_trip_through_json() {
    let file = File::new(&genesis(), &root()).unwrap();
    let text = serde_json::to_string(&file).unwrap();
    let read: File = serde_json::from_str(&text).unwrap();
    let loaded = read.load().unwrap();
    assert_eq!(loaded.genesis, genesis());
    assert_eq!(loaded.root, root());
    assert_eq!(loaded.deployment.chain_id.len(), 48);
    assert_eq!(loaded.built.root(), genesis().build().unwrap().root());
}

#[test]
fn a_file_that_differs_anywhere_from_what_it_derives_is_refused() {
    let good = serde_json::to_value(File::new(&genesis(), &root()).unwrap()).unwrap();
    let load = |value: serde_json::Value| -> Result<(), String> {
        let file: File = serde_json::from_value(value).map_err(|error| error.to_string())?;
        file.load().map(|_| ()).map_err(|error| error.to_string())
    };
    load(good.clone()).unwrap();
    let edits = [
        ("/operators/0/stake", "2000000000000000000"),
        (
            "/operators/1/operator",
            "0x9999999999999999999999999999999999999999",
        ),
        ("/balances/0/amount", "6"),
        ("/balances/0/amount", "05"),
        ("/balances/0/amount", "0"),
        ("/balances/0/amount", "-1"),
        ("/delegations/0/amount", "1"),
        ("/delegations/0/amount", "0"),
        (
            "/delegations/0/operator",
            "0x9999999999999999999999999999999999999999",
        ),
        (
            "/delegations/2/owner",
            "0x0303030303030303030303030303030303030303",
        ),
        (
            "/root/root_chain",
            "0x9999999999999999999999999999999999999999",
        ),
        ("/derived/sum", "1"),
        ("/derived/chain_id", "plasmid-00"),
        ("/derived/app_hash", "0x00"),
        ("/parameters", "0x00"),
    ];
    let registry = format!("0x{}", hex::encode(&genesis().parameters.encode()[..397]));
    let other = format!("{registry}{}", hex::encode([0xcd; 20]));
    let edits = edits.into_iter().chain([("/parameters", other.as_str())]);
    for (path, value) in edits {
        let mut bad = good.clone();
        *bad.pointer_mut(path).unwrap() = value.into();
        assert!(load(bad).is_err(), "{path}");
    }
    let mut bad = good.clone();
    bad["surprise"] = 1.into();
    assert!(load(bad).is_err());
    let mut bad = good;
    bad["root"]["time"] = 1.into();
    assert!(load(bad).is_err());
}

#[test]
fn operators_and_balances_that_cannot_be_are_refused() {
    let refuse = |edit: fn(&mut Genesis)| {
        let mut genesis = genesis();
        edit(&mut genesis);
        genesis.build().err().expect("refused").to_string()
    };
    refuse(|genesis| genesis.operators.clear());
    refuse(|genesis| genesis.operators = (0..17).map(operator).collect());
    refuse(|genesis| genesis.operators[1].operator = genesis.operators[0].operator);
    refuse(|genesis| genesis.operators[1].consensus_key = genesis.operators[0].consensus_key);
    refuse(|genesis| genesis.operators[1].checkpoint_key = genesis.operators[0].checkpoint_key);
    refuse(|genesis| genesis.operators[1].consensus_key = [0; 32]);
    refuse(|genesis| genesis.operators[1].checkpoint_key = [0; 96]);
    let low = refuse(|genesis| genesis.operators[1].stake = 1);
    let named = alloy_primitives::Address::from(genesis().operators[1].operator).to_string();
    assert!(low.contains(&named), "{low}");
    refuse(|genesis| genesis.operators[1].stake = u128::MAX);
    refuse(|genesis| genesis.balances.swap(0, 1));
    refuse(|genesis| genesis.balances[1] = genesis.balances[0]);
    refuse(|genesis| genesis.balances[0].1 = 0);
    refuse(|genesis| genesis.balances[0].1 = u128::MAX);
    let most = refuse(|genesis| {
        let stakes: u128 = genesis.operators.iter().map(|one| one.stake).sum();
        genesis.balances = vec![(genesis.balances[0].0, (1 << 112) - stakes + 1)];
    });
    assert!(most.contains("2^112"), "{most}");
    refuse(|genesis| genesis.balances[0].0 = Account::NONE);
    for (edit, words) in [
        (
            (|genesis| genesis.delegations.swap(0, 1)) as fn(&mut Genesis),
            "delegation 1",
        ),
        (
            |genesis| genesis.delegations[1] = genesis.delegations[0],
            "delegation 1",
        ),
        (|genesis| genesis.delegations[0].amount = 0, "delegation 0"),
        (
            |genesis| genesis.delegations[0].owner = Account::NONE,
            "delegation 0",
        ),
        (
            |genesis| genesis.delegations[2].operator = operator(9).operator,
            "not an operator of the genesis",
        ),
        (|genesis| genesis.delegations[2].amount = 1 << 112, "2^112"),
    ] {
        let said = refuse(edit);
        assert!(said.contains(words), "{words}: {said}");
    }
    refuse(|genesis| genesis.parameters.epoch_blocks = 2);
    let unnamed = refuse(|genesis| genesis.parameters.registry = [0; 20].into());
    assert!(unnamed.contains("registry is zero"), "{unnamed}");
    let own = deployment::contracts(&REGISTRY).into_iter();
    let judges = [
        deployment::checkpoint_judge(&REGISTRY),
        deployment::segment_judge(&REGISTRY),
    ];
    for contract in own.chain([deployment::VERIFIER]).chain(judges) {
        let mut genesis = genesis();
        genesis.balances.push((Account::ethereum(contract), 1));
        genesis.balances.sort();
        let said = genesis.build().err().expect("refused").to_string();
        assert!(said.contains("contract of this deployment"), "{said}");
        let mut genesis = self::genesis();
        genesis.delegations[0].owner = Account::ethereum(contract);
        genesis.delegations.sort();
        let said = genesis.build().err().expect("refused").to_string();
        assert!(said.contains("contract of this deployment"), "{said}");
    }
}

#[test]
fn addresses_and_accounts_of_a_file_have_a_right_checksum_or_none() {
    let file = File::new(&genesis(), &root()).unwrap();
    assert!(file.load().is_ok(), "the checksums are right");
    let right = Account::ethereum([0xcc; 20]).to_string();
    let wrong = right.replacen('C', "c", 1);
    type Edit = fn(&mut File, String);
    let edits: [(Edit, &str); 3] = [
        (|file, text| file.root.root_chain = text, "root.root_chain"),
        (
            |file, text| file.operators[1].operator = text,
            "operators[1].operator",
        ),
        (
            |file, text| file.balances[0].account = text,
            "balances[0].account",
        ),
    ];
    for (edit, name) in edits {
        let mut bad = file.clone();
        edit(&mut bad, wrong.clone());
        let error = bad.load().err().expect(name).to_string();
        assert!(
            error.starts_with(name) && error.contains("EIP-55"),
            "{error}"
        );
    }
}

#[test]
fn a_file_names_the_field_that_is_wrong() {
    let mut file = File::new(&genesis(), &root()).unwrap();
    file.operators[2].stake = "lots".to_owned();
    match file.load() {
        Err(FileError::Field { field, .. }) => assert_eq!(field, "operators[2].stake"),
        _ => panic!("the stake is no number"),
    }
}
