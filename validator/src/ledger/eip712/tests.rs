//! The digest against an implementation made elsewhere: alloy's `sol!` structs.

use alloy_primitives::{Address, FixedBytes, U256};
use alloy_sol_types::{Eip712Domain, SolStruct, sol};

use super::*;
use crate::ledger::fixture::domain;
use crate::ledger::transaction::tests::stakes;
use crate::ledger::transaction::{Data, StakeBody};

mod typed {
    use super::sol;

    sol! {
        struct Account { uint8 kind; bytes20 id; }
        struct Nonce { uint16 lane; uint64 sequence; }
        struct Transfer { uint8 scheme; Account sender; Nonce nonce; uint128 fee; Account feePayer; uint64 validUntil; bytes32 memo; Account to; bytes20 token; uint128 amount; }
        struct Withdraw { uint8 scheme; Account sender; Nonce nonce; uint128 fee; Account feePayer; uint64 validUntil; bytes32 memo; bytes20 recipient; bytes20 token; uint128 amount; }
        struct SetPayout { uint8 scheme; Account sender; Nonce nonce; uint128 fee; Account feePayer; uint64 validUntil; bytes32 memo; bytes20 payout; }
        struct Record { uint8 scheme; Account sender; Nonce nonce; uint128 fee; Account feePayer; uint64 validUntil; bytes32 memo; bytes32 topic; bytes data; }
        struct Message { uint8 scheme; Account sender; Nonce nonce; uint128 fee; Account feePayer; uint64 validUntil; bytes32 memo; Account target; bytes20 token; uint128 amount; bytes data; }
        struct Delegate { uint8 scheme; Account sender; Nonce nonce; uint128 fee; Account feePayer; uint64 validUntil; bytes32 memo; bytes20 operator; uint128 amount; uint64 line; uint16 maxCommission; }
        struct Undelegate { uint8 scheme; Account sender; Nonce nonce; uint128 fee; Account feePayer; uint64 validUntil; bytes32 memo; uint64 position; uint128 amount; }
        struct CancelUnbonding { uint8 scheme; Account sender; Nonce nonce; uint128 fee; Account feePayer; uint64 validUntil; bytes32 memo; uint64 position; }
        struct Redelegate { uint8 scheme; Account sender; Nonce nonce; uint128 fee; Account feePayer; uint64 validUntil; bytes32 memo; uint64 position; uint128 amount; bytes20 to; uint64 line; uint16 maxCommission; }
        struct ClaimStake { uint8 scheme; Account sender; Nonce nonce; uint128 fee; Account feePayer; uint64 validUntil; bytes32 memo; uint64 position; Account to; }
        struct ClaimRewards { uint8 scheme; Account sender; Nonce nonce; uint128 fee; Account feePayer; uint64 validUntil; bytes32 memo; Account to; uint64[] positions; }
        struct ClaimCommission { uint8 scheme; Account sender; Nonce nonce; uint128 fee; Account feePayer; uint64 validUntil; bytes32 memo; uint64 line; Account to; }
        struct Restake { uint8 scheme; Account sender; Nonce nonce; uint128 fee; Account feePayer; uint64 validUntil; bytes32 memo; uint64 position; }
        struct AllowRestake { uint8 scheme; Account sender; Nonce nonce; uint128 fee; Account feePayer; uint64 validUntil; bytes32 memo; uint64 position; bool allowed; }
        struct ApplyCut { uint8 scheme; Account sender; Nonce nonce; uint128 fee; Account feePayer; uint64 validUntil; bytes32 memo; uint64 position; }
        struct Merge { uint8 scheme; Account sender; Nonce nonce; uint128 fee; Account feePayer; uint64 validUntil; bytes32 memo; uint64 first; uint64 second; }
        struct TakeSeat { uint8 scheme; Account sender; Nonce nonce; uint128 fee; Account feePayer; uint64 validUntil; bytes32 memo; }
        struct Leave { uint8 scheme; Account sender; Nonce nonce; uint128 fee; Account feePayer; uint64 validUntil; bytes32 memo; }
        struct Retire { uint8 scheme; Account sender; Nonce nonce; uint128 fee; Account feePayer; uint64 validUntil; bytes32 memo; }
        struct Unjail { uint8 scheme; Account sender; Nonce nonce; uint128 fee; Account feePayer; uint64 validUntil; bytes32 memo; }
        struct Edit { uint8 scheme; Account sender; Nonce nonce; uint128 fee; Account feePayer; uint64 validUntil; bytes32 memo; uint16 commission; uint16 maxCommission; uint16 commissionStep; uint128 minSelfStake; }
        struct ExitPayout { bytes20 account; address payout; uint64 nonce; uint64 deadline; }
        struct Describe { uint8 scheme; Account sender; Nonce nonce; uint128 fee; Account feePayer; uint64 validUntil; bytes32 memo; string name; string website; string contact; string details; }
    }
}

fn account(account: Account) -> typed::Account {
    typed::Account {
        kind: account.kind,
        id: FixedBytes(account.id),
    }
}

fn header() -> Header {
    Header {
        sender: Account {
            kind: 1,
            id: std::array::from_fn(|i| i as u8 + 1),
        },
        lane: 0x0102,
        sequence: 0x0304_0506_0708_090a,
        fee: 1 << 120 | 7,
        fee_payer: Account {
            kind: 0,
            id: [0x44; 20],
        },
        valid_until: u64::MAX - 1,
        memo: std::array::from_fn(|i| 0xff - i as u8),
    }
}

fn bodies() -> Vec<Body> {
    let to = Account {
        kind: 1,
        id: [0x55; 20],
    };
    let (token, amount) = (std::array::from_fn(|i| 0x80 + i as u8), 1u128 << 99 | 3);
    let data = Data::new((0..100).collect()).unwrap();
    vec![
        Body::Transfer { to, token, amount },
        Body::Withdraw {
            recipient: [0x66; 20],
            token,
            amount,
        },
        Body::SetPayout { payout: [0x77; 20] },
        Body::Record {
            topic: [0x88; 32],
            data: data.clone(),
        },
        Body::Record {
            topic: [0x88; 32],
            data: Data::default(),
        },
        Body::Message {
            target: to,
            token,
            amount,
            data,
        },
    ]
    .into_iter()
    .chain(stakes().into_iter().map(Body::Stake))
    .collect()
}

macro_rules! hashed {
    ($domain:expr, $name:ident, $scheme:expr, $h:expr, $($field:ident: $value:expr),*) => {{
        let value = typed::$name {
            scheme: $scheme.byte(),
            sender: account($h.sender),
            nonce: typed::Nonce { lane: $h.lane, sequence: $h.sequence },
            fee: $h.fee,
            feePayer: account($h.fee_payer),
            validUntil: $h.valid_until,
            memo: FixedBytes($h.memo),
            $($field: $value),*
        };
        (typed::$name::eip712_encode_type().into_owned(), value.eip712_signing_hash($domain))
    }};
}

fn elsewhere(domain: &Eip712Domain, scheme: Scheme, h: &Header, body: &Body) -> (String, B256) {
    match body.clone() {
        Body::Transfer { to, token, amount } => {
            hashed!(domain, Transfer, scheme, h, to: account(to), token: FixedBytes(token), amount: amount)
        }
        Body::Withdraw {
            recipient,
            token,
            amount,
        } => {
            hashed!(domain, Withdraw, scheme, h, recipient: FixedBytes(recipient), token: FixedBytes(token), amount: amount)
        }
        Body::SetPayout { payout } => {
            hashed!(domain, SetPayout, scheme, h, payout: FixedBytes(payout))
        }
        Body::Record { topic, data } => {
            hashed!(domain, Record, scheme, h, topic: FixedBytes(topic), data: data.as_slice().to_vec().into())
        }
        Body::Message {
            target,
            token,
            amount,
            data,
        } => {
            hashed!(domain, Message, scheme, h, target: account(target), token: FixedBytes(token), amount: amount, data: data.as_slice().to_vec().into())
        }
        Body::Stake(body) => stake_elsewhere(domain, scheme, h, body),
    }
}

fn stake_elsewhere(
    domain: &Eip712Domain,
    scheme: Scheme,
    h: &Header,
    body: StakeBody,
) -> (String, B256) {
    let unchanged = u16::MAX;
    match body {
        StakeBody::Delegate {
            operator,
            amount,
            line,
            max_commission,
        } => {
            hashed!(
                domain, Delegate, scheme, h, operator: FixedBytes(operator), amount: amount, line: line, maxCommission: max_commission
            )
        }
        StakeBody::Undelegate { position, amount } => {
            hashed!(domain, Undelegate, scheme, h, position: position, amount: amount)
        }
        StakeBody::CancelUnbonding { position } => {
            hashed!(domain, CancelUnbonding, scheme, h, position: position)
        }
        StakeBody::Redelegate {
            position,
            amount,
            to,
            line,
            max_commission,
        } => {
            hashed!(
                domain, Redelegate, scheme, h, position: position, amount: amount, to: FixedBytes(to), line: line,
                maxCommission: max_commission
            )
        }
        StakeBody::ClaimStake { position, to } => {
            hashed!(domain, ClaimStake, scheme, h, position: position, to: account(to))
        }
        StakeBody::ClaimRewards { to, positions } => {
            hashed!(domain, ClaimRewards, scheme, h, to: account(to), positions: positions)
        }
        StakeBody::ClaimCommission { line, to } => {
            hashed!(domain, ClaimCommission, scheme, h, line: line, to: account(to))
        }
        StakeBody::Restake { position } => {
            hashed!(domain, Restake, scheme, h, position: position)
        }
        StakeBody::AllowRestake { position, allowed } => {
            hashed!(domain, AllowRestake, scheme, h, position: position, allowed: allowed)
        }
        StakeBody::ApplyCut { position } => {
            hashed!(domain, ApplyCut, scheme, h, position: position)
        }
        StakeBody::Merge { first, second } => {
            hashed!(domain, Merge, scheme, h, first: first, second: second)
        }
        StakeBody::TakeSeat => hashed!(domain, TakeSeat, scheme, h,),
        StakeBody::Leave => hashed!(domain, Leave, scheme, h,),
        StakeBody::Retire => hashed!(domain, Retire, scheme, h,),
        StakeBody::Unjail => hashed!(domain, Unjail, scheme, h,),
        StakeBody::Edit {
            commission,
            max_commission,
            commission_step,
            min_self_stake,
        } => {
            hashed!(domain, Edit, scheme, h, commission: commission.unwrap_or(unchanged), maxCommission: max_commission.unwrap_or(unchanged), commissionStep: commission_step.unwrap_or(unchanged), minSelfStake: min_self_stake.unwrap_or(u128::MAX))
        }
        StakeBody::Describe(profile) => {
            let [name, website, contact, details] = profile.texts().map(str::to_owned);
            hashed!(domain, Describe, scheme, h, name: name, website: website, contact: contact, details: details)
        }
    }
}

fn their(domain: &Domain) -> Eip712Domain {
    let mut salt = [0; 32];
    salt[..20].copy_from_slice(&domain.deployment);
    Eip712Domain::new(
        Some(NAME.into()),
        Some(VERSION.into()),
        Some(U256::from(domain.root_chain_id)),
        Some(Address::from(domain.root_chain)),
        Some(B256::from(salt)),
    )
}

#[test]
fn a_naming_is_signed_with_its_deadline_as_alloy_derives_it() {
    let domain = domain();
    let own = naming_digest(&domain, &[1; 20], &[2; 20], (3, 4));
    let typed = typed::ExitPayout {
        account: FixedBytes([1; 20]),
        payout: Address::from([2; 20]),
        nonce: 3,
        deadline: 4,
    };
    assert_eq!(typed::ExitPayout::eip712_root_type(), NAMING);
    assert_eq!(own, typed.eip712_signing_hash(&their(&domain)));
    for times in [(4, 4), (3, 5), (4, 3)] {
        assert_ne!(own, naming_digest(&domain, &[1; 20], &[2; 20], times));
    }
}

#[test]
fn type_strings_and_digests_are_those_that_alloy_derives() {
    let other = Domain {
        root_chain_id: u64::MAX,
        root_chain: [1; 20],
        deployment: std::array::from_fn(|i| i as u8),
    };
    for domain in [domain(), other] {
        assert_eq!(domain.separator(), their(&domain).separator());
        for scheme in [
            Scheme::Ed25519,
            Scheme::Secp256k1,
            Scheme::RootSender,
            Scheme::Multisig,
        ] {
            for body in bodies() {
                let expected = elsewhere(&their(&domain), scheme, &header(), &body);
                let ours = (
                    type_string(body.kind()),
                    digest(scheme, &header(), &body, &domain),
                );
                assert_eq!(ours, expected, "{}", body.name());
            }
        }
    }
}

#[test]
fn the_transfer_type_is_spelled_as_the_protocol_spells_it() {
    let expected = "Transfer(uint8 scheme,Account sender,Nonce nonce,uint128 fee,Account feePayer,uint64 validUntil,bytes32 memo,Account to,bytes20 token,uint128 amount)Account(uint8 kind,bytes20 id)Nonce(uint16 lane,uint64 sequence)";
    assert_eq!(type_string(1), expected);
}

#[test]
fn every_field_of_header_body_and_domain_is_under_the_signature() {
    let body = bodies().remove(0);
    let base = digest(Scheme::Ed25519, &header(), &body, &domain());
    let payer = Account {
        kind: 0,
        id: [0x45; 20],
    };
    let headers = [
        Header {
            sender: Account {
                kind: 0,
                ..header().sender
            },
            ..header()
        },
        Header {
            lane: 0,
            ..header()
        },
        Header {
            sequence: 0,
            ..header()
        },
        Header { fee: 0, ..header() },
        Header {
            fee_payer: payer,
            ..header()
        },
        Header {
            valid_until: 0,
            ..header()
        },
        Header {
            memo: [0; 32],
            ..header()
        },
    ];
    let mut digests: Vec<B256> = headers
        .iter()
        .map(|header| digest(Scheme::Ed25519, header, &body, &domain()))
        .collect();
    digests.extend(
        bodies()
            .iter()
            .skip(1)
            .map(|body| digest(Scheme::Ed25519, &header(), body, &domain())),
    );
    for domain in [
        Domain {
            root_chain_id: 1,
            ..domain()
        },
        Domain {
            root_chain: [0; 20],
            ..domain()
        },
        Domain {
            deployment: [0; 20],
            ..domain()
        },
    ] {
        digests.push(digest(Scheme::Ed25519, &header(), &body, &domain));
    }
    digests.push(digest(Scheme::Secp256k1, &header(), &body, &domain()));
    digests.push(base);
    let distinct: std::collections::BTreeSet<_> = digests.iter().collect();
    assert_eq!(distinct.len(), digests.len());
}
