//! Sentences for people, whatever a contract or a stranger's token answered.

use alloy_primitives::{Address, B256};
use alloy_sol_types::{Panic, Revert, SolError};

use super::*;
use crate::abi::{
    ICourt::ICourtErrors, IDataChallenges::IDataChallengesErrors, IExits::IExitsErrors,
    IFraudCourt::IFraudCourtErrors, IInbox::IInboxErrors, ILibraries::ILibrariesErrors, IRegistry,
    IRegistry::IRegistryErrors, IRootChain, IRootChain::IRootChainErrors,
    ISegmentJudge::ISegmentJudgeErrors, IVault, IVault::IVaultErrors,
};

#[test]
fn errors_of_the_contracts_become_sentences_with_both_numbers() {
    let next = IRootChain::NotNext { next: 3, epoch: 5 }.abi_encode();
    assert_eq!(
        sentence(&next),
        "checkpoint 5 was offered and 3 is next; offer that one"
    );
    let claimed = IVault::AlreadyClaimed { index: 7 }.abi_encode();
    assert_eq!(sentence(&claimed), "leaf 7 was paid already");
    let operator = Address::repeat_byte(7);
    for key in ["consensus key", "checkpoint key"] {
        let error = IRegistry::KeyTaken {
            key: key.to_owned(),
            operator,
        };
        let said = sentence(&error.abi_encode());
        assert!(
            said.starts_with(&format!("the {key} was registered by operator {operator}")),
            "{said}"
        );
    }
}

/// Zeros are a good encoding of every error whose values have a fixed width, and of names an empty text at offset 32 or 64.
#[test]
fn every_error_is_a_sentence_and_never_debug_text() {
    fn all<E: SolInterface>() -> Vec<String> {
        let mut said = Vec::new();
        for selector in E::selectors() {
            for offset in [0_u8, 32, 64] {
                let mut data = selector.to_vec();
                data.extend(B256::with_last_byte(offset));
                data.extend([0; 160]);
                // The longest that decodes wholly.
                let texts = (4..=data.len()).rev().map(|length| &data[..length]);
                let mut good = texts.filter(|data| E::abi_decode_validate(data).is_ok());
                said.extend(good.next().map(sentence));
            }
        }
        assert!(said.len() >= E::COUNT, "{} of {}", said.len(), E::COUNT);
        said
    }
    let said = [
        all::<IRootChainErrors>(),
        all::<IRegistryErrors>(),
        all::<IVaultErrors>(),
        all::<ICourtErrors>(),
        all::<IExitsErrors>(),
        all::<IFraudCourtErrors>(),
        all::<IDataChallengesErrors>(),
        all::<ISegmentJudgeErrors>(),
        all::<IInboxErrors>(),
        all::<ILibrariesErrors>(),
    ];
    for text in said.concat() {
        let debug = ["{", "}", "(0x", "Errors", "known here"];
        assert!(
            text.contains(' ') && !debug.iter().any(|part| text.contains(part)),
            "{text}"
        );
    }
}

#[test]
fn what_a_strangers_contract_wrote_cannot_steer_a_terminal() {
    let hostile = "\u{1b}[2Jpaid\n\u{202e}x".repeat(100);
    let said = sentence(&Revert::from(hostile).abi_encode());
    assert!(
        said.starts_with("the contract says: \"?[2Jpaid??x"),
        "{said}"
    );
    assert!(said.chars().all(|c| c.is_ascii_graphic() || c == ' '));
    assert!(said.len() < 250);
}

#[test]
fn solidity_s_own_failures_are_worded() {
    let overflow = Panic::from(PanicKind::UnderOverflow).abi_encode();
    assert!(sentence(&overflow).contains("leaves its range"));
    let other = Panic {
        code: U256::from(0x7777),
    };
    assert!(sentence(&other.abi_encode()).contains("30583"));
}

#[test]
fn bytes_that_are_no_error_are_shown_and_never_panic() {
    for length in 0..80 {
        let data = vec![0xee; length];
        assert!(!sentence(&data).is_empty());
    }
    let truncated = &IRootChain::NotNext { next: 3, epoch: 5 }.abi_encode()[..20];
    assert!(sentence(truncated).contains("20 bytes"));
}
