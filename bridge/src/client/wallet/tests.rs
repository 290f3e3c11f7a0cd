//! Keys and fees; what a wallet does on a chain is tested against anvil in the workspace's tests.

use alloy_primitives::{address, hex, keccak256};

use super::*;

#[test]
fn a_key_has_the_address_that_every_wallet_gives_it() {
    let bytes = hex!("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");
    let key = Key::from_bytes(&bytes).unwrap();
    assert_eq!(
        key.address(),
        address!("f39Fd6e51aad88F6F4ce6aB8827279cffFb92266")
    );
    assert!(!format!("{key:?}").contains("ac0974"));
}

#[test]
fn zero_and_the_order_of_the_curve_are_no_keys() {
    assert!(Key::from_bytes(&[0; 32]).is_err());
    assert!(Key::from_bytes(&[0xff; 32]).is_err());
}

#[test]
fn a_signature_recovers_to_the_address_and_has_a_low_s() {
    for seed in 0u8..50 {
        let key = Key::from_bytes(&keccak256([seed]).0).unwrap();
        let digest = keccak256([seed, 1]);
        let signature = key.sign(&digest);
        assert!(signature.normalize_s().is_none(), "s is low already");
        assert_eq!(
            signature.recover_address_from_prehash(&digest).unwrap(),
            key.address()
        );
    }
}

#[test]
fn a_bump_is_at_least_an_eighth_of_each_fee_and_never_overflows() {
    for fee in [0, 1, 7, 8, 9, 1_000_000_007, u128::MAX] {
        let fees = Fees { max: fee, tip: fee };
        let bumped = fees.bumped_up();
        let least = fee.saturating_add(fee / 8);
        assert!(bumped.max >= least && bumped.tip >= least);
        assert!(fee == u128::MAX || bumped.max > fee);
    }
}

#[test]
fn what_nodes_say_about_known_transactions_is_understood() {
    for known in [
        "already known",
        "ALREADY_EXISTS: already known",
        "Known transaction: 0x1",
        "transaction already imported",
    ] {
        assert!(already_known(known), "{known}");
    }
    assert!(nonce_too_low("nonce too low: next nonce 5, tx nonce 4"));
    assert!(!already_known("insufficient funds") && !nonce_too_low("underpriced"));
}
