//! The Rust view against the compiled contracts, and the helpers.

use std::collections::BTreeSet;

use alloy_primitives::{U256, b256, hex};
use alloy_sol_types::{SolEvent, SolInterface, SolValue};
use serde_json::Value;

use super::{
    DEPLOYMENT_PROXY, ICourt, IDataChallenges, IExits, IFraudCourt, IInbox, ILibraries, IRegistry,
    IRootChain, ISegmentJudge, IToken, IVault, created_by, deployment,
};
use alloy_primitives::{Address, B256, keccak256};

const REGISTRY: &str = include_str!("../../contracts/artifacts/Registry.json");
const COURT: &str = include_str!("../../contracts/artifacts/Court.json");
const EXITS: &str = include_str!("../../contracts/artifacts/Exits.json");
const FRAUD_COURT: &str = include_str!("../../contracts/artifacts/FraudCourt.json");
const DATA_CHALLENGES: &str = include_str!("../../contracts/artifacts/DataChallenges.json");
const SEGMENT_JUDGE: &str = include_str!("../../contracts/artifacts/SegmentJudge.json");
const INBOX: &str = include_str!("../../contracts/artifacts/Inbox.json");
const VAULT: &str = include_str!("../../contracts/artifacts/Vault.json");
const ROOT_CHAIN: &str = include_str!("../../contracts/artifacts/RootChain.json");
const TOKEN: &str = include_str!("../../contracts/artifacts/TestToken.json");

/// Signatures of one sort (`function`, `event`, `error`) in an artifact's ABI.
fn signatures(artifact: &str, sort: &str) -> BTreeSet<String> {
    let artifact: Value = serde_json::from_str(artifact).expect("the artifact is JSON");
    let abi = artifact["abi"].as_array().expect("the artifact has an ABI");
    abi.iter()
        .filter(|item| item["type"] == sort)
        .map(|item| {
            format!(
                "{}{}",
                item["name"].as_str().expect("a name"),
                tuple(&item["inputs"])
            )
        })
        .collect()
}

fn tuple(inputs: &Value) -> String {
    let inputs = inputs.as_array().expect("a list of inputs");
    let kinds: Vec<String> = inputs.iter().map(kind).collect();
    format!("({})", kinds.join(","))
}

fn kind(input: &Value) -> String {
    let name = input["type"].as_str().expect("a type");
    match name.strip_prefix("tuple") {
        Some(array) => tuple(&input["components"]) + array,
        None => name.to_owned(),
    }
}

fn selectors(artifact: &str, sort: &str) -> BTreeSet<[u8; 4]> {
    signatures(artifact, sort)
        .iter()
        .map(|signature| keccak256(signature)[..4].try_into().expect("four bytes"))
        .collect()
}

fn known(list: impl IntoIterator<Item = [u8; 4]>) -> BTreeSet<[u8; 4]> {
    list.into_iter().collect()
}

#[test]
fn every_function_is_that_of_the_compiled_contract() {
    assert_eq!(
        selectors(REGISTRY, "function"),
        known(IRegistry::IRegistryCalls::selectors())
    );
    assert_eq!(
        selectors(INBOX, "function"),
        known(IInbox::IInboxCalls::selectors())
    );
    assert_eq!(
        selectors(VAULT, "function"),
        known(IVault::IVaultCalls::selectors())
    );
    assert_eq!(
        selectors(COURT, "function"),
        known(ICourt::ICourtCalls::selectors())
    );
    assert_eq!(
        selectors(EXITS, "function"),
        known(IExits::IExitsCalls::selectors())
    );
    assert_eq!(
        selectors(FRAUD_COURT, "function"),
        known(IFraudCourt::IFraudCourtCalls::selectors())
    );
    assert_eq!(
        selectors(DATA_CHALLENGES, "function"),
        known(IDataChallenges::IDataChallengesCalls::selectors())
    );
    assert_eq!(
        selectors(SEGMENT_JUDGE, "function"),
        known(ISegmentJudge::ISegmentJudgeCalls::selectors())
    );
    assert_eq!(
        selectors(ROOT_CHAIN, "function"),
        known(IRootChain::IRootChainCalls::selectors())
    );
    let token = selectors(TOKEN, "function");
    assert!(IToken::ITokenCalls::selectors().all(|selector| token.contains(&selector)));
}

#[test]
fn every_error_that_a_contract_can_give_is_known() {
    let libraries = known(ILibraries::ILibrariesErrors::selectors());
    // What a checkpoint opens is compared for all of them in one place, with errors of one.
    let opened = known(IFraudCourt::IFraudCourtErrors::selectors());
    let mut used = BTreeSet::new();
    for (artifact, own) in [
        (REGISTRY, known(IRegistry::IRegistryErrors::selectors())),
        (INBOX, known(IInbox::IInboxErrors::selectors())),
        (VAULT, known(IVault::IVaultErrors::selectors())),
        (COURT, known(ICourt::ICourtErrors::selectors())),
        (EXITS, known(IExits::IExitsErrors::selectors())),
        (
            FRAUD_COURT,
            known(IFraudCourt::IFraudCourtErrors::selectors()),
        ),
        (
            DATA_CHALLENGES,
            known(IDataChallenges::IDataChallengesErrors::selectors()),
        ),
        (
            SEGMENT_JUDGE,
            known(ISegmentJudge::ISegmentJudgeErrors::selectors()),
        ),
        (ROOT_CHAIN, known(IRootChain::IRootChainErrors::selectors())),
    ] {
        let given = selectors(artifact, "error");
        assert!(
            own.is_subset(&given),
            "an interface names an error that its contract does not have"
        );
        let rest = given.difference(&own).copied();
        let is_other =
            |one: &[u8; 4]| ![DATA_CHALLENGES, EXITS].contains(&artifact) || !opened.contains(one);
        let rest: BTreeSet<[u8; 4]> = rest.filter(is_other).collect();
        assert!(
            rest.is_subset(&libraries),
            "unknown: {:?}",
            rest.difference(&libraries)
                .map(hex::encode)
                .collect::<Vec<_>>()
        );
        used.extend(rest);
    }
    assert_eq!(used, libraries, "a library's error that no contract has");
}

#[test]
fn every_event_is_that_of_the_compiled_contract() {
    let topics = |artifact| {
        signatures(artifact, "event")
            .iter()
            .map(keccak256)
            .collect::<BTreeSet<B256>>()
    };
    let expected = |list: &[B256]| list.iter().copied().collect::<BTreeSet<B256>>();
    assert_eq!(
        topics(INBOX),
        expected(&[IInbox::MessageSent::SIGNATURE_HASH])
    );
    assert_eq!(
        topics(ROOT_CHAIN),
        expected(&[
            IRootChain::CheckpointAccepted::SIGNATURE_HASH,
            IRootChain::Finalized::SIGNATURE_HASH,
            IRootChain::Voided::SIGNATURE_HASH,
            IRootChain::ExitBegun::SIGNATURE_HASH
        ])
    );
    assert_eq!(
        topics(VAULT),
        expected(&[
            IVault::Deposited::SIGNATURE_HASH,
            IVault::RewardsFunded::SIGNATURE_HASH,
            IVault::Claimed::SIGNATURE_HASH,
            IVault::PayoutFailed::SIGNATURE_HASH
        ])
    );
    assert_eq!(
        topics(EXITS),
        expected(&[
            IExits::Opened::SIGNATURE_HASH,
            IExits::Exited::SIGNATURE_HASH,
            IExits::ExitFailed::SIGNATURE_HASH,
            IExits::ExitWaits::SIGNATURE_HASH,
            IExits::Refunded::SIGNATURE_HASH,
            IExits::Assigned::SIGNATURE_HASH,
            IExits::Offered::SIGNATURE_HASH,
            IExits::Bought::SIGNATURE_HASH,
            IExits::Named::SIGNATURE_HASH
        ])
    );
    assert_eq!(
        topics(FRAUD_COURT),
        expected(&[
            IFraudCourt::BadLink::SIGNATURE_HASH,
            IFraudCourt::BadSignature::SIGNATURE_HASH,
            IFraudCourt::BadSegment::SIGNATURE_HASH
        ])
    );
    assert_eq!(
        topics(DATA_CHALLENGES),
        expected(&[
            IDataChallenges::Challenged::SIGNATURE_HASH,
            IDataChallenges::Answered::SIGNATURE_HASH,
            IDataChallenges::Shown::SIGNATURE_HASH,
            IDataChallenges::Withheld::SIGNATURE_HASH,
            IDataChallenges::PaidBack::SIGNATURE_HASH
        ])
    );
    assert_eq!(
        topics(COURT),
        expected(&[
            ICourt::Committed::SIGNATURE_HASH,
            ICourt::Revealed::SIGNATURE_HASH,
            ICourt::Overtaken::SIGNATURE_HASH,
            ICourt::Collected::SIGNATURE_HASH,
            ICourt::Overlapped::SIGNATURE_HASH,
            ICourt::OverlapOvertaken::SIGNATURE_HASH,
            ICourt::Convicted::SIGNATURE_HASH,
            ICourt::Settled::SIGNATURE_HASH
        ])
    );
    assert_eq!(
        topics(REGISTRY),
        expected(&[
            IRegistry::Registered::SIGNATURE_HASH,
            IRegistry::BondRaised::SIGNATURE_HASH,
            IRegistry::BondDebited::SIGNATURE_HASH,
            IRegistry::Refunded::SIGNATURE_HASH,
            IRegistry::Agreed::SIGNATURE_HASH,
            IRegistry::Made::SIGNATURE_HASH,
            IRegistry::Created::SIGNATURE_HASH
        ])
    );
}

/// By which of its words an answer is asked for.
#[test]
fn an_answer_s_event_has_its_epoch_as_a_topic_alone() {
    let artifact: Value = serde_json::from_str(DATA_CHALLENGES).expect("the artifact is JSON");
    let abi = artifact["abi"].as_array().expect("an ABI");
    let shown = abi.iter().find(|one| one["name"] == "Shown");
    let inputs = shown.expect("the event")["inputs"].as_array().cloned();
    let inputs = inputs.expect("its words");
    let indexed = inputs.iter().filter(|one| one["indexed"] == true);
    let indexed: Vec<&Value> = indexed.map(|one| &one["name"]).collect();
    assert_eq!(indexed, ["epoch"]);
    let own = IDataChallenges::Shown {
        epoch: 7,
        kind: 1,
        place: 2,
        number: 3,
        call: vec![4; 5].into(),
    };
    let own = own.encode_log_data();
    assert_eq!(own.topics()[1..], [B256::from(U256::from(7))]);
    let words = [1, 2, 3, 4 * 32, 5].map(|word| B256::from(U256::from(word)));
    assert_eq!(own.data[..160], words.concat());
    assert_eq!(own.data[160..165], [4; 5]);
}

#[test]
fn a_genesis_is_twenty_five_words_and_each_counts() {
    let genesis = IRegistry::Genesis {
        stateRoot: B256::with_last_byte(1),
        sigma: U256::from(2),
        rootChain: IRootChain::Parameters {
            setCommitment: B256::with_last_byte(3),
            unit: 4,
            challengeSecs: 5,
            evidenceSecs: 6,
            unbondingSecs: 7,
            exitTimeoutSecs: 8,
            graceSecs: 9,
            rootBlockSecs: 10,
            epochMaxSecs: 11,
            epochMinSecs: 12,
            revealBlocks: 13,
            epochBlocks: 14,
            recordSlots: 15,
        },
        inbox: IInbox::Parameters {
            delaySecs: 16,
            intervalMs: 17,
            price: 18,
            doublingSecs: 19,
        },
        court: ICourt::Parameters {
            minCut: 20,
            reward: 21,
        },
        challenges: IDataChallenges::Parameters {
            answerSecs: 22,
            proveSecs: 23,
            slotSecs: 24,
            floor: 25,
        },
    };
    let encoded = genesis.abi_encode();
    assert_eq!(encoded.len(), 25 * 32);
    for (index, word) in encoded.chunks(32).enumerate() {
        assert_eq!(U256::from_be_slice(word), U256::from(index + 1));
    }
}

/// The salt stands before the code in what the proxy is called with, and arguments are part of the code.
#[test]
fn addresses_are_those_of_create_and_create2() {
    let (calldata, created) = deployment(B256::ZERO, &[0x00], &[]);
    assert_eq!(calldata.len(), 33);
    assert_eq!(
        created,
        DEPLOYMENT_PROXY.create2(B256::ZERO, keccak256([0]))
    );
    let salt = b256!("00000000000000000000000000000000000000000000000000000000cafebabe");
    let whole = deployment(salt, &[0xde, 0xad, 0xbe, 0xef], &[]);
    assert_eq!(whole, deployment(salt, &[0xde, 0xad], &[0xbe, 0xef]));
    assert_eq!(&whole.0[..32], salt.as_slice());
    let of = Address::repeat_byte(7);
    assert_eq!(created_by(of), [of.create(1), of.create(2), of.create(7)]);
}
