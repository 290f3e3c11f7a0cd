//! Why a contract refused, in a sentence for a person.

use alloy_primitives::hex;
use alloy_sol_types::SolInterface;

use crate::abi::{
    self, IInbox::IInboxErrors, IRegistry::IRegistryErrors, IRootChain::IRootChainErrors,
};

/// What the bytes that a call reverted with mean; their hex when nobody here knows them.
pub fn sentence(data: &[u8]) -> String {
    root_chain(data)
        .or_else(|| registry(data))
        .or_else(|| inbox(data))
        .or_else(|| abi::explain_revert(data))
        .unwrap_or_else(|| unknown(data))
}

fn unknown(data: &[u8]) -> String {
    match data.len() {
        0 => "the contract refused without a reason".to_owned(),
        length => format!(
            "the contract refused with {length} bytes that are no error known here: 0x{}",
            hex::encode(data.get(..data.len().min(36)).unwrap_or_default())
        ),
    }
}

fn root_chain(data: &[u8]) -> Option<String> {
    Some(match IRootChainErrors::abi_decode_validate(data).ok()? {
        IRootChainErrors::NotNext(e) => {
            format!("checkpoint {} was offered and {} is next", e.epoch, e.next)
        }
        IRootChainErrors::RingFull(e) => format!(
            "the ring of checkpoints is full until root time {}, and it is {}",
            e.freeAt, e.time
        ),
        IRootChainErrors::TooLittlePower(e) => format!(
            "the certificate holds power {} of {}, and more than two thirds are needed",
            e.signed, e.total
        ),
        IRootChainErrors::BadSignature(e) => format!(
            "the aggregate signature is not the signers' over digest {}",
            e.digest
        ),
        IRootChainErrors::TauOutOfRange(e) => format!(
            "tau is {}, and it must lie between {} and {}",
            e.given, e.earliest, e.latest
        ),
        IRootChainErrors::WindowOpen(e) => format!(
            "the checkpoint can be final from root time {} on, and it is {}",
            e.finalAt, e.time
        ),
        IRootChainErrors::MessageSkipped(e) => format!(
            "the checkpoint left out messages that were due: {} were due and {} are consumed",
            e.dueCount, e.inboxCursor
        ),
        _ => return None,
    })
}

fn registry(data: &[u8]) -> Option<String> {
    Some(match IRegistryErrors::abi_decode_validate(data).ok()? {
        IRegistryErrors::NotListed(e) => format!("{} is no genesis operator", e.sender),
        IRegistryErrors::AlreadyRegistered(e) => format!("{} is registered already", e.operator),
        IRegistryErrors::NotRegistered(e) => format!("{} is not registered", e.operator),
        IRegistryErrors::StakeMissing(e) => format!(
            "{} wei were sent, and more than the bond of {} are needed",
            e.value, e.bond
        ),
        IRegistryErrors::KeyTaken(e) => format!("the key belongs to operator {}", e.operator),
        IRegistryErrors::BadPossession(e) => {
            format!(
                "the proof that the operator holds its {} key is wrong",
                e.key
            )
        }
        IRegistryErrors::NotAgreed(e) => format!(
            "operator {} agreed on {}, and the genesis is {}",
            e.operator, e.agreed, e.wanted
        ),
        IRegistryErrors::AgreementLapsed(e) => format!(
            "the agreement of operator {} ran out at root time {}, and it is {}",
            e.operator, e.until, e.time
        ),
        IRegistryErrors::CodeMismatch(e) => format!(
            "the code of {} has hash {}, and the Registry wants {}",
            e.name, e.given, e.expected
        ),
        _ => return None,
    })
}

fn inbox(data: &[u8]) -> Option<String> {
    Some(match IInboxErrors::abi_decode_validate(data).ok()? {
        IInboxErrors::PriceNotPaid(e) => {
            format!(
                "the inbox asks for {} wei, and {} were sent",
                e.price, e.value
            )
        }
        IInboxErrors::ForcedLength(e) => format!(
            "a forced transaction has 1 to 512 bytes, and this one has {}",
            e.length
        ),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use alloy_sol_types::SolError;

    use super::*;
    use crate::abi::{IRootChain, IVault};

    #[test]
    fn errors_of_the_contracts_become_sentences_with_both_numbers() {
        let next = IRootChain::NotNext { next: 3, epoch: 5 }.abi_encode();
        assert_eq!(sentence(&next), "checkpoint 5 was offered and 3 is next");
        let claimed = IVault::AlreadyClaimed { index: 7 }.abi_encode();
        assert!(sentence(&claimed).contains('7'), "{}", sentence(&claimed));
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
}
