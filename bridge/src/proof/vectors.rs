//! The golden vectors that tie Rust and Solidity: made here, kept in `vectors/proof.json`, read by the contracts' tests.
//!
//! `PLASMID_WRITE_VECTORS=1` writes the file; without it the file must equal what the code makes. Hashes and bytes are 0x hex,
//! numbers that can pass 2^53 are decimal strings. Keys are derived from fixed bytes: nothing here is random, nothing is secret.

use std::path::Path;

use plasmid_staking::Member;
use serde_json::{Value, json};

use super::{Hash, bls::SecretKey, deployment, hint, keccak::hash, list, set, tree::zeros, vote};

mod chain;
mod court;
mod root;

const ROOT_CHAIN_ID: u64 = 31_337;

/// A word that depends on a label and a number.
fn word(label: &str, number: u32) -> Hash {
    hash(&[label.as_bytes(), &number.to_be_bytes()])
}

/// An address that depends on a label and a number.
fn address(label: &str, number: u32) -> [u8; 20] {
    word(label, number)[12..].try_into().expect("20 bytes")
}

fn hex(bytes: impl AsRef<[u8]>) -> String {
    format!("0x{}", hex::encode(bytes))
}

fn hexes<T: AsRef<[u8]>>(items: &[T]) -> Vec<String> {
    items.iter().map(hex).collect()
}

fn checkpoint_secret(number: u32) -> SecretKey {
    SecretKey::from_entropy(&word("checkpoint key", number)).expect("a key")
}

fn consensus_secret(number: u32) -> ed25519_zebra::SigningKey {
    let seed: [u8; 32] = word("consensus key", number).into();
    ed25519_zebra::SigningKey::from(seed)
}

fn consensus_key(number: u32) -> [u8; 32] {
    ed25519_zebra::VerificationKeyBytes::from(&consensus_secret(number)).into()
}

/// A set with a gap between its seats, so that member number and seat differ.
fn members(count: u32) -> Vec<Member> {
    let member = |number: u32| Member {
        at_risk: number != 5,
        seat: (number + number / 3) as u16,
        operator: address("operator", number),
        registration: u64::from(number % 2),
        consensus_key: consensus_key(number),
        checkpoint_key: checkpoint_secret(number).public_key(),
        power: 1_000 + u64::from(number),
    };
    (0..count).map(member).collect()
}

fn set_case(count: u32) -> Value {
    let members = members(count);
    let leaves: Vec<Hash> = members.iter().map(set::member_leaf).collect();
    let mut accumulator = set::Accumulator::default();
    for member in &members {
        accumulator.push(member).expect("a member");
    }
    let commitment = accumulator.finish();
    let all = |field: &dyn Fn(&Member) -> Value| members.iter().map(field).collect::<Vec<_>>();
    json!({
        "seats": all(&|member| json!(member.marked_seat())),
        "operators": all(&|member| json!(hex(member.operator))),
        "registrations": all(&|member| json!(member.registration)),
        "consensusKeys": all(&|member| json!(hex(member.consensus_key))),
        "checkpointKeys": all(&|member| json!(hex(member.checkpoint_key))),
        "powers": all(&|member| json!(member.power)),
        "leaves": hexes(&leaves),
        "proofs": (0..count).map(|at| json!(hexes(&list::prove(&leaves, at).expect("a leaf")))).collect::<Vec<_>>(),
        "frontier": hexes(&accumulator.frontier),
        "membersRoot": hex(commitment.members_root),
        "count": commitment.count,
        "aggregate": hex(commitment.aggregate),
        "total": commitment.total,
        "commitment": hex(commitment.commitment),
    })
}

fn possession_case(number: u32) -> Value {
    let registry = address("registry", 0);
    let operator = address("operator", number);
    let secret = checkpoint_secret(number);
    let (consensus_key, checkpoint_key) = (consensus_key(number), secret.public_key());
    let message = deployment::possession(
        ROOT_CHAIN_ID,
        &registry,
        &operator,
        &consensus_key,
        &checkpoint_key,
    );
    let sign_bytes = deployment::possession_vote(&message);
    let signature: [u8; 64] = consensus_secret(number).sign(&sign_bytes).into();
    assert!(vote::verify(&consensus_key, &sign_bytes, &signature));
    json!({
        "rootChainId": ROOT_CHAIN_ID,
        "registry": hex(registry),
        "operator": hex(operator),
        "consensusKey": hex(consensus_key),
        "checkpointKey": hex(checkpoint_key),
        "message": hex(message),
        "checkpointSignature": hex(secret.sign_possession(&message)),
        "voteChainId": deployment::possession_chain_id(&message),
        "voteSignBytes": hex(&sign_bytes),
        "consensusSignature": hex(signature),
    })
}

fn deployment_case() -> Value {
    let root_chain = address("root chain", 0);
    let (parent, genesis) = (word("parent block", 0), word("genesis root", 0));
    let id = deployment::id(ROOT_CHAIN_ID, &root_chain, &parent, &genesis);
    json!({
        "rootChainId": ROOT_CHAIN_ID,
        "rootChain": hex(root_chain),
        "parentBlockHash": hex(parent),
        "genesisRoot": hex(genesis),
        "id": hex(id),
        "chainId": deployment::chain_id(&id),
        "salt": hex(deployment::salt(&id)),
    })
}

/// Where a Registry with the longest manifest makes its contracts.
fn manifest_case() -> Value {
    let registry = address("registry", 0);
    let made =
        (0..*deployment::MANIFEST_LENGTHS.end()).map(|place| deployment::made(&registry, place));
    json!({
        "registry": hex(registry),
        "contracts": hexes(&made.collect::<Vec<_>>()),
        "shortest": deployment::MANIFEST_LENGTHS.start(),
    })
}

fn agreement_case() -> Value {
    let arguments = [word("argument", 0), word("argument", 1)].concat();
    let all: Vec<_> = (0u32..3)
        .map(|number| deployment::Registered {
            operator: address("operator", number),
            registration: u64::from(number) + 1,
            consensus_key: consensus_key(number),
            checkpoint_key: checkpoint_secret(number).public_key(),
            stake: 4_000_000_000_000_000_000_123 + u128::from(number),
            bond: 3_000_000_000_000_000_000,
        })
        .collect();
    let each = all.iter().map(|one| {
        json!({
            "operator": hex(one.operator),
            "registration": one.registration,
            "consensusKey": hex(one.consensus_key),
            "checkpointKey": hex(one.checkpoint_key),
            "stake": one.stake.to_string(),
            "bond": one.bond.to_string(),
        })
    });
    let registrations = deployment::registrations(&all);
    json!({
        "registrations": each.collect::<Vec<_>>(),
        "registrationsHash": hex(registrations),
        "genesis": hex(&arguments),
        "hash": hex(deployment::agreement(&registrations, &arguments)),
    })
}

/// Consensus keys by whether they may be registered.
fn keys_case() -> Value {
    let mut identity = [0; 32];
    identity[0] = 1;
    let mut beyond_prime = [0xff; 32];
    beyond_prime[31] = 0x7f;
    let mut off_curve = [0; 32];
    off_curve[0] = 2;
    let refused = [identity, [0; 32], beyond_prime, off_curve];
    let accepted = [consensus_key(0), consensus_key(1)];
    assert!(accepted.iter().all(vote::registrable_key));
    assert!(!refused.iter().any(vote::registrable_key));
    json!({ "accepted": hexes(&accepted), "refused": hexes(&refused) })
}

fn extension_case() -> Value {
    let extension = [7_u8; 42];
    let chain_id = deployment::chain_id(&address("deployment", 0));
    let sign = |round| vote::extension_sign_bytes(&extension, 300, round, &chain_id);
    json!({
        "extension": hex(extension), "height": 300, "chainId": chain_id,
        "signBytesRound0": hex(sign(0)), "signBytesRound2": hex(sign(2)),
    })
}

/// Over the hints of all records of `vectors/ed25519.bin`, in order: each hashed behind what was before it.
fn hints_case() -> Value {
    let all = hint::recorded().into_iter();
    let chain = all.fold(Hash::ZERO, |chain, (key, signature, _)| {
        let [of_key, of_r] = hint::hints(&key, &signature).map(|hint| hint.to_be_bytes::<32>());
        hash(&[chain.as_slice(), &of_key, &of_r])
    });
    json!(hex(chain))
}

fn all() -> Value {
    json!({
        "zeros": hexes(zeros()),
        "inclusion": chain::inclusion_cases(),
        "absence": chain::absence_cases(),
        "multiproof": chain::multiproof_cases(),
        "list": chain::list_cases(),
        "commitment": chain::commitment_cases(),
        "messages": root::message_cases(),
        "set4": set_case(4),
        "set7": set_case(7),
        "checkpoint": root::checkpoint_case(),
        "possession": (0..4).map(possession_case).collect::<Vec<_>>(),
        "deployment": deployment_case(),
        "manifest": manifest_case(),
        "agreement": agreement_case(),
        "consensusKeys": keys_case(),
        "extension": extension_case(),
        "ed25519Hints": hints_case(),
        "votes": court::vote_cases(),
        "report": court::report_case(),
        "cuts": court::cut_cases(),
        "overlaps": court::overlap_cases(),
    })
}

#[test]
fn the_committed_vectors_are_what_the_code_makes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/proof.json");
    let made = format!("{:#}\n", all());
    if std::env::var_os("PLASMID_WRITE_VECTORS").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder is made");
        std::fs::write(&path, &made).expect("the vectors are written");
    }
    let kept = std::fs::read_to_string(&path).expect("bridge/vectors/proof.json");
    assert!(
        kept == made,
        "vectors differ: run once with PLASMID_WRITE_VECTORS=1 and read the difference"
    );
}
