//! Ids and messages by their preimages; every input matters.

use alloy_primitives::keccak256;

use super::*;

const ROOT_CHAIN: [u8; 20] = [1; 20];

fn parent() -> Hash {
    Hash::repeat_byte(2)
}

fn genesis() -> Hash {
    Hash::repeat_byte(3)
}

#[test]
fn the_deployment_id_is_the_head_of_the_hash_of_120_bytes() {
    let mut chain = [0; 32];
    chain[30..].copy_from_slice(&31_337_u16.to_be_bytes());
    let preimage = [b"PDEP".as_slice(), &chain, &ROOT_CHAIN, &[2; 32], &[3; 32]].concat();
    assert_eq!(preimage.len(), 120);
    let id = id(31_337, &ROOT_CHAIN, &parent(), &genesis());
    assert_eq!(id, keccak256(preimage)[..20]);
}

#[test]
fn every_input_of_the_deployment_id_matters() {
    let ids = [
        id(31_337, &ROOT_CHAIN, &parent(), &genesis()),
        id(1_337, &ROOT_CHAIN, &parent(), &genesis()),
        id(31_337, &[9; 20], &parent(), &genesis()),
        id(31_337, &ROOT_CHAIN, &genesis(), &genesis()),
        id(31_337, &ROOT_CHAIN, &parent(), &parent()),
    ];
    for (at, id) in ids.iter().enumerate() {
        assert!(!ids[..at].contains(id));
    }
}

#[test]
fn chain_ids_fit_cometbft_s_50_characters() {
    let id = [0xab; 20];
    let expected = format!("plasmid-{}", "ab".repeat(20));
    assert_eq!(chain_id(&id), expected);
    assert_eq!(chain_id(&id).len(), 48);
    assert_eq!(possession_chain_id(&Hash::repeat_byte(0xcd)).len(), 50);
    assert_eq!(salt(&id)[..20], id);
    assert_eq!(salt(&id)[20..], [0; 12]);
}

#[test]
fn possession_binds_chain_registry_operator_and_both_keys() {
    let mut chain = [0; 32];
    chain[31] = 7;
    let preimage = [
        b"PPOP".as_slice(),
        &chain,
        &[1; 20],
        &[2; 20],
        &[3; 32],
        &[4; 96],
    ]
    .concat();
    assert_eq!(preimage.len(), 204);
    let message = possession(7, &[1; 20], &[2; 20], &[3; 32], &[4; 96]);
    assert_eq!(message, keccak256(preimage));
    let others = [
        possession(8, &[1; 20], &[2; 20], &[3; 32], &[4; 96]),
        possession(7, &[0; 20], &[2; 20], &[3; 32], &[4; 96]),
        possession(7, &[1; 20], &[0; 20], &[3; 32], &[4; 96]),
        possession(7, &[1; 20], &[2; 20], &[0; 32], &[4; 96]),
        possession(7, &[1; 20], &[2; 20], &[3; 32], &[0; 96]),
    ];
    assert!(!others.contains(&message));
}

/// The address of a creation is keccak of the RLP list (address, nonce), and RLP writes numbers below 128 as they are.
#[test]
fn what_a_registry_makes_stands_by_the_nonces_of_its_creations() {
    let registry = [7; 20];
    let by_nonce = |nonce: u8| {
        let list = [&[0xd6, 0x94], registry.as_slice(), &[nonce]].concat();
        keccak256(list)[12..].to_vec()
    };
    for place in 0..16 {
        assert_eq!(made(&registry, place), *by_nonce(place as u8 + 1));
    }
    let contracts = contracts(&registry);
    assert_eq!(contracts[0], registry);
    assert_eq!(
        contracts[1..],
        [0, 1, 2, 3, 4, 5, 6].map(|place| made(&registry, place))
    );
    assert_eq!(court(&registry), contracts[3]);
    assert_eq!(exits(&registry), contracts[4]);
    assert_eq!(fraud_court(&registry), contracts[5]);
    assert_eq!(data_challenges(&registry), contracts[6]);
    assert_eq!(root_chain(&registry), contracts[contracts.len() - 1]);
    assert!(MANIFEST_LENGTHS.contains(&MANIFEST));
}

fn registered(seed: u8) -> Registered {
    Registered {
        operator: [seed; 20],
        registration: u64::from(seed),
        consensus_key: [seed + 1; 32],
        checkpoint_key: [seed + 2; 96],
        stake: u128::MAX - 5,
        bond: 7,
    }
}

#[test]
fn registrations_are_a_chain_of_224_bytes_each_in_order() {
    assert_eq!(registrations(&[]), Hash::ZERO);
    let mut expected = Hash::ZERO;
    for seed in [3, 9] {
        let one = registered(seed);
        let preimage = [
            b"PREG".as_slice(),
            expected.as_slice(),
            &one.operator,
            &one.registration.to_be_bytes(),
            &one.consensus_key,
            &one.checkpoint_key,
            &one.stake.to_be_bytes(),
            &one.bond.to_be_bytes(),
        ]
        .concat();
        assert_eq!(preimage.len(), 224);
        expected = keccak256(preimage);
    }
    assert_eq!(registrations(&[registered(3), registered(9)]), expected);
    assert_ne!(registrations(&[registered(9), registered(3)]), expected);
}

#[test]
fn every_field_of_a_registration_matters() {
    let edits: [fn(&mut Registered); 6] = [
        |one| one.operator[19] ^= 1,
        |one| one.registration += 1,
        |one| one.consensus_key[0] ^= 1,
        |one| one.checkpoint_key[95] ^= 1,
        |one| one.stake += 1,
        |one| one.bond += 1,
    ];
    let same = registrations(&[registered(3)]);
    for edit in edits {
        let mut other = registered(3);
        edit(&mut other);
        assert_ne!(registrations(&[other]), same);
    }
}

#[test]
fn the_agreement_is_keccak_of_68_bytes() {
    let arguments = keccak256([9, 9, 9]);
    let preimage = [b"PAGR".as_slice(), &[3; 32], arguments.as_slice()].concat();
    assert_eq!(preimage.len(), 68);
    assert_eq!(agreement(&genesis(), &[9, 9, 9]), keccak256(preimage));
    let others = [
        agreement(&parent(), &[9, 9, 9]),
        agreement(&genesis(), &[9, 9]),
    ];
    assert!(!others.contains(&agreement(&genesis(), &[9, 9, 9])));
}

#[test]
fn the_possession_vote_names_the_message_in_its_chain_id() {
    let message = Hash::repeat_byte(0xcd);
    let vote = possession_vote(&message);
    let chain = format!("plasmidpop{}", "cd".repeat(20));
    let mut expected = vec![65, 0x08, 1, 0x11, 1, 0, 0, 0, 0, 0, 0, 0, 0x2a, 0, 0x32, 50];
    expected.extend(chain.as_bytes());
    assert_eq!(vote, expected);
    let mut other = message;
    other[19] ^= 1;
    assert_ne!(possession_vote(&other), vote);
}
