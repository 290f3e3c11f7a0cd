//! What a node or a root endpoint that lies can take from a person at the command line: nothing that he did not type.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Output, Stdio},
};

use alloy_primitives::{Address, B256, U256, hex, keccak256};
use alloy_sol_types::SolCall;
use plasmid::{
    client::{Client, ClientError, Terms, signer::Signer},
    ledger::{
        Domain, Transaction,
        transaction::{Body, StakeBody},
    },
    node::keystore::{self, Cost, KeyKind, Secret},
    wire::engine_hash,
};
use plasmid_bridge::abi::{IInbox, IRegistry, IVault};
use plasmid_proto::ledger::v1::{Stage, Token};
use serde_json::{Value, json};

#[path = "lies/founding.rs"]
mod founding;
#[path = "lies/node.rs"]
mod node;
#[path = "program/mod.rs"]
mod program;
#[path = "lies/root.rs"]
mod root;

use node::{
    ANOTHER, DEPLOYMENT, FIRST, Lie, Node,
    stake::{COMMISSION, HOSTILE},
};
use program::plasmid;
use root::{Odd, Root, Taken, Words, forced_in};

/// The secret of the first development account.
const SECRET: [u8; 32] = hex!("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");
const REGISTRY: Address = Address::repeat_byte(0x11);
const PAY: [&str; 7] = [
    "tx",
    "transfer",
    "--from",
    "alice",
    "--to",
    "0x00000000000000000000000000000000000000e1",
    "--amount",
];

/// The folder of a network whose node and root endpoint are stubs, with the key of `alice`.
fn network(node: &str, root: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (keys, password) = (path("keys"), path("password"));
    fs::write(&password, "secret\n").expect("write");
    fs::create_dir(&keys).expect("a folder");
    let secret = Secret::new(SECRET);
    let file = folder.path().join("keys/alice.json");
    let made = keystore::create(&file, KeyKind::Secp256k1, &secret, "secret", Cost::Light);
    made.expect("a key");
    let network = json!({
        "nodes": [node], "engines": [], "root": root, "root_chain_id": 31_337, "deployment_id": hex::encode(DEPLOYMENT),
        "keys": keys, "password_file": password, "contracts": { "registry": REGISTRY.to_string() },
    });
    fs::write(path("network.json"), network.to_string()).expect("write");
    folder
}

/// A command of `alice`, who registers the keys of a folder of hers.
fn in_network(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = plasmid(&["--output", "json", "--net"]);
    command.arg(folder).args(arguments);
    if arguments.contains(&"register") {
        let path = |name: &str| folder.join(name).into_os_string();
        command.args(["--home".into(), path("validator")]);
        command.args(["--password-file".into(), path("password")]);
    }
    command
}

fn json_of(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(text.trim()).unwrap_or_else(|error| panic!("{output:?}: {error}"))
}

/// The error of a command that failed.
fn refused(output: &Output) -> String {
    assert!(!output.status.success(), "{output:?}");
    let said = json_of(output);
    said["error"].as_str().expect("a sentence").to_owned()
}

/// A payment whose node lies about it, and what was said of it.
fn pay(lie: Lie) -> (Node, Output) {
    let node = Node::start(REGISTRY, lie);
    let root = Root::start(Words::default());
    let folder = network(&node.url, &root.url);
    let output = in_network(folder.path(), &PAY).arg("1").output();
    (node, output.expect("it runs"))
}

/// That a text names the transaction, and what may still become of it.
fn assert_named(text: &str, bytes: &[u8]) {
    let hash = hex::encode(engine_hash(bytes));
    let until = Transaction::decode(bytes)
        .expect("signed")
        .header
        .valid_until;
    for words in [
        hash.as_str(),
        "digest 0x",
        &format!("sequence {FIRST}"),
        "do not repeat",
        "--replace",
        &format!("until block {until}"),
        &format!("plasmid query tx {hash}"),
    ] {
        assert!(text.contains(words), "{words:?} is not in {text}");
    }
}

#[test]
fn a_node_that_refuses_what_it_keeps_has_one_signed_payment_for_one_typed() {
    for code in [5, 6, 16, 18, 99] {
        let (node, output) = pay(Lie::Refuses(code));
        let given = node.transactions();
        assert_eq!(given.len(), 1, "code {code}: {output:?}");
        let said = refused(&output);
        assert!(said.contains(&format!("code {code}")), "{said}");
        assert_named(&said, &given[0]);
    }
}

#[test]
fn a_payment_whose_answer_is_lost_is_named_and_not_to_be_repeated() {
    for lie in [Lie::Fails, Lie::Silent, Lie::Gone, Lie::Breaks] {
        let (node, output) = pay(lie);
        let given = node.transactions();
        assert_eq!(given.len(), 1, "{lie:?}: {output:?}");
        assert_named(&refused(&output), &given[0]);
        // Whoever interrupts the command has its name already.
        let noted = String::from_utf8_lossy(&output.stderr);
        let hash = hex::encode(engine_hash(&given[0]));
        assert!(noted.contains(&hash), "{lie:?}: {noted}");
        assert!(noted.contains("until block 5005"), "{lie:?}: {noted}");
    }
}

#[test]
fn a_payment_is_followed_and_named_by_its_own_hash() {
    let (node, output) = pay(Lie::OtherHash);
    let hash = engine_hash(&node.transactions()[0]).to_vec();
    assert_eq!(
        node.given.lock().expect("no panic").followed,
        std::slice::from_ref(&hash)
    );
    let said = json_of(&output);
    assert_eq!(said["hash"], hex::encode(hash));
    assert_eq!(said["valid_until"], 5_005);
    assert_ne!(said["digest"], "bb".repeat(32));
}

/// Two coins behind an operator.
const DELEGATE: [&str; 9] = [
    "tx", "stake", "delegate", "--from", "alice", "--to", ANOTHER, "--amount", "2",
];

/// A delegation whose node lies about it, and what was said of it.
fn delegate(lie: Lie, more: &[&str]) -> (Node, Output) {
    let node = Node::start(REGISTRY, lie);
    let root = Root::start(Words::default());
    let folder = network(&node.url, &root.url);
    let output = in_network(folder.path(), &DELEGATE).args(more).output();
    (node, output.expect("it runs"))
}

#[test]
fn stake_is_shown_with_its_effect_and_its_fee_and_signed_when_somebody_says_so() {
    let (node, output) = delegate(Lie::None, &[]);
    let said = refused(&output);
    assert!(
        said.contains("--yes") && said.contains("nothing was sent"),
        "{said}"
    );
    assert!(node.transactions().is_empty());
    let asked = String::from_utf8_lossy(&output.stderr).into_owned();

    let (node, output) = delegate(Lie::None, &["--dry-run"]);
    assert!(node.transactions().is_empty());
    let dry = json_of(&output);
    let own = dry["effect"].as_str().expect("a text");
    let bound = format!("at most {COMMISSION} / 10,000");
    for words in [
        "this puts 2 coins of 0xf39F",
        "behind line 1 of operator 0x0000",
        &bound,
        "from the epoch after next on",
        "signed as this node says: the line, the highest commission",
        "pays a fee of 0.000000000000001 coins (1000 base units)",
    ] {
        assert!(own.contains(words), "{words:?} is not in {own}");
    }
    assert!(own.to_lowercase().contains(ANOTHER), "{own}");
    let told = dry["node_says"].as_str().expect("a text");
    for words in [
        "position 12 is made, which holds 2 coins",
        "a commission of 700 / 10,000 now and may raise it to 2000 / 10,000",
        "counts from epoch 11 on",
    ] {
        assert!(told.contains(words), "{words:?} is not in {told}");
    }
    // A person is asked about the same.
    assert!(asked.contains(own) && asked.contains(told), "{asked}");

    let (node, output) = delegate(Lie::None, &["--yes", "--max-commission", "900"]);
    assert_eq!(json_of(&output)["stage"], "included", "{output:?}");
    let signed = Transaction::decode(&node.transactions()[0]).expect("signed");
    let Body::Stake(StakeBody::Delegate {
        amount,
        line,
        max_commission,
        ..
    }) = signed.body
    else {
        panic!("{signed:?}");
    };
    assert_eq!((amount, line, max_commission), (2 * COIN, 1, 900));
    let noted = String::from_utf8_lossy(&output.stderr);
    let shown = noted.find("at most 900 / 10,000").expect("the effect");
    assert!(
        shown < noted.find("handing in transaction").expect("a note"),
        "{noted}"
    );
}

#[test]
fn what_a_node_says_of_stake_is_its_own_word_and_hinders_nothing() {
    let terms = [
        "--line",
        "1",
        "--max-commission",
        "500",
        "--fee",
        "1000",
        "--sequence",
        "7",
    ];
    for (lie, told) in [
        // Its effect is of another transaction.
        (Lie::Another, "was asked for, and the node answered about"),
        (
            Lie::Refuses(22),
            "it would be refused now: \\u{1b}[2J\\nsign it?",
        ),
    ] {
        let (node, output) = delegate(lie, &[&terms[..], &["--dry-run"]].concat());
        assert!(node.transactions().is_empty());
        let dry = json_of(&output);
        let said = dry["node_says"].as_str().expect("a text");
        assert!(said.starts_with("This node says: "), "{said}");
        assert!(said.contains(told), "{told:?} is not in {said}");
        assert!(
            !said.contains(HOSTILE) && !said.contains("position 12"),
            "{said}"
        );
        // Nothing of it is among what the user typed.
        let own = dry["effect"].as_str().expect("a text");
        assert!(
            own.contains("at most 500") && !own.contains("node"),
            "{own}"
        );
    }
    let (node, output) = delegate(
        Lie::Another,
        &[&terms[..], &["--yes", "--no-wait"]].concat(),
    );
    assert_eq!(node.transactions().len(), 1, "{output:?}");
}

#[test]
fn a_node_does_not_decide_for_how_long_a_signature_holds() {
    // Root has accepted three epochs of 64 blocks, and 57 more fit into a quarter of an hour and the epoch that runs.
    let most = (3 + 56 + 1) * 64;
    for tip in [u64::MAX, u64::MAX - 5_001, 1 << 40, most + 1_000] {
        for fee in ["0", "1000"] {
            let (node, output) = pay(Lie::Tip(tip, fee));
            let said = refused(&output);
            assert!(node.transactions().is_empty(), "{tip} {fee}: {said}");
            assert!(said.contains(&tip.to_string()), "{said}");
            assert!(said.contains("--valid-until"), "{said}");
        }
    }
    let (node, output) = pay(Lie::Tip(most, "1000"));
    assert_eq!(node.transactions().len(), 1, "{output:?}");
    assert_eq!(json_of(&output)["valid_until"], most + 5_000);
}

#[test]
fn whoever_names_the_last_height_needs_no_root_and_signs_nothing_that_can_be_forced() {
    let forever = u64::MAX.to_string();
    for (height, fee, signed) in [("9", "1000", true), (&forever, "0", false)] {
        let node = Node::start(REGISTRY, Lie::Tip(u64::MAX, fee));
        let folder = network(&node.url, "http://127.0.0.1:1");
        let output = in_network(folder.path(), &PAY)
            .args(["1", "--no-wait", "--valid-until", height])
            .output()
            .expect("it runs");
        assert_eq!(node.transactions().len(), usize::from(signed), "{output:?}");
        match signed {
            true => assert_eq!(json_of(&output)["valid_until"], 9),
            false => assert!(refused(&output).contains("inbox"), "{output:?}"),
        }
    }
    // And without it, a root that does not answer is no reason to believe the node.
    let node = Node::start(REGISTRY, Lie::None);
    let folder = network(&node.url, "http://127.0.0.1:1");
    let output = in_network(folder.path(), &PAY).arg("1").output();
    let said = refused(&output.expect("it runs"));
    assert!(said.contains("--valid-until"), "{said}");
    assert!(node.transactions().is_empty());
}

#[test]
fn a_node_that_answers_about_another_one_is_refused() {
    let asked = "0x00000000000000000000000000000000000000e1";
    let (hash, digest) = ("ab".repeat(32), "cc".repeat(32));
    let reads: [(&[&str], &str); 9] = [
        (&["query", "account", asked], ANOTHER),
        (&["query", "block", "7"], "about 8"),
        (&["query", "tx", &hash], "aaaa"),
        (&["query", "tx", &digest], "aaaa"),
        (&["query", "validators", "--epoch", "7"], "about 8"),
        (&["query", "checkpoint", "7"], "about 8"),
        (&["query", "withdrawal", "7"], "about 8"),
        (&["query", "withdrawals", "--recipient", asked], "e2"),
        (
            &[
                "bridge", "force", "record", "--from", "alice", "--topic", "t", "--data", "d",
            ],
            ANOTHER,
        ),
    ];
    let root = Root::start(Words::default());
    for lie in [Lie::None, Lie::Another] {
        let node = Node::start(REGISTRY, lie);
        let folder = network(&node.url, &root.url);
        for (read, told) in reads {
            let mut command = in_network(folder.path(), read);
            if read[0] == "bridge" {
                command.arg("--dry-run");
            }
            let output = command.output().expect("it runs");
            match lie {
                Lie::None => assert!(output.status.success(), "{read:?}: {output:?}"),
                _ => {
                    let said = refused(&output).to_lowercase();
                    assert!(said.contains("was asked for"), "{read:?}: {said}");
                    assert!(said.contains(told), "{read:?}: {said}");
                }
            }
        }
    }
}

#[test]
fn bytes_signed_elsewhere_are_named_by_their_own_hash_too() {
    let node = Node::start(REGISTRY, Lie::Fails);
    let root = Root::start(Words::default());
    let folder = network(&node.url, &root.url);
    let dry = in_network(folder.path(), &PAY)
        .args(["1", "--dry-run"])
        .output();
    let dry = json_of(&dry.expect("it runs"));
    assert!(node.transactions().is_empty());
    let bytes = dry["bytes"].as_str().expect("hex");
    assert_eq!(dry["valid_until"], 5_005);
    assert_eq!(dry["fee"], "1000");
    let output = in_network(folder.path(), &["tx", "submit", bytes]).output();
    let said = refused(&output.expect("it runs"));
    let hash = hex::encode(engine_hash(&hex::decode(bytes).expect("hex")));
    assert!(
        said.contains(&hash) && said.contains("do not repeat"),
        "{said}"
    );
    let output = in_network(folder.path(), &["tx", "submit", "0x01"]).output();
    assert!(refused(&output.expect("it runs")).contains("no transaction"));
    assert_eq!(node.transactions().len(), 1);
}

#[test]
fn shells_that_pay_at_the_same_moment_sign_a_sequence_each() {
    let node = Node::start(REGISTRY, Lie::None);
    let root = Root::start(Words::default());
    let folder = network(&node.url, &root.url);
    let shells: Vec<_> = (0..3)
        .map(|_| {
            let mut command = in_network(folder.path(), &PAY);
            command.args(["1", "--no-wait"]).stdout(Stdio::null());
            command.spawn().expect("it runs")
        })
        .collect();
    for mut shell in shells {
        assert!(shell.wait().expect("it ends").success());
    }
    assert_eq!(sequences(&node), [FIRST, FIRST + 1, FIRST + 2]);
}

/// The sequences of what a node was given.
fn sequences(node: &Node) -> Vec<u64> {
    let given = node.transactions().into_iter();
    given
        .map(|bytes| Transaction::decode(&bytes).expect("signed").header.sequence)
        .collect()
}

/// A payment of `alice` through this node, in a network whose folder has another one.
fn pay_through(node: &Node, folder: &Path, more: &[&str]) -> Output {
    let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let mut command = in_network(folder, &["--node", &node.url]);
    command.args([
        "--keys",
        &path("keys"),
        "--password-file",
        &path("password"),
    ]);
    command.args(PAY).args(["1", "--no-wait"]).args(more);
    command.output().expect("it runs")
}

#[test]
fn payments_through_two_nodes_sign_a_sequence_each_and_a_refused_one_opens_no_gap() {
    let [first, second] = [(); 2].map(|()| Node::start(REGISTRY, Lie::None));
    let refusing = Node::start(REGISTRY, Lie::Refuses(5));
    let root = Root::start(Words::default());
    let folder = network(&first.url, &root.url);
    let folder = folder.path();
    assert!(pay_through(&first, folder, &[]).status.success());
    // It knows nothing of that one. What it refuses is signed anew by the next command.
    let said = refused(&pay_through(&refusing, folder, &[]));
    for words in [
        format!("sequence {FIRST} signed next"),
        format!("--sequence {FIRST}"),
        "another node".into(),
    ] {
        assert!(said.contains(&words), "{words:?} is not in {said}");
    }
    let taken = pay_through(&second, folder, &[]);
    assert!(taken.status.success());
    let noted = String::from_utf8_lossy(&taken.stderr);
    assert!(noted.contains(&format!("--sequence {FIRST}")), "{noted}");
    // A sequence that is named is signed, and changes nothing for the next one.
    let far = ["--sequence", "1000"];
    assert!(pay_through(&second, folder, &far).status.success());
    assert!(pay_through(&first, folder, &[]).status.success());
    assert_eq!(sequences(&refusing), [FIRST + 1]);
    assert_eq!(sequences(&second), [FIRST + 1, 1_000]);
    assert_eq!(sequences(&first), [FIRST, FIRST + 2]);
    // A forced one does not go behind what this node knows nothing of: its price would be burned if any of that is lost.
    let third = Node::start(REGISTRY, Lie::None);
    let network = folder.join("network.json");
    let text = fs::read_to_string(&network).expect("the network");
    fs::write(&network, text.replace(&first.url, &third.url)).expect("written");
    let said = refused(&in_network(folder, &FORCED).output().expect("it runs"));
    for words in [
        format!("--sequence {FIRST} "),
        format!("sequence {} here", FIRST + 2),
        format!("--sequence {} ", FIRST + 3),
        "nothing was paid".into(),
    ] {
        assert!(said.contains(&words), "{words:?} is not in {said}");
    }
    assert_eq!(root.handed_in(), 0);
    assert_eq!(forced_sequence(folder, &["--sequence", "7"]), FIRST);
}

/// The sequence that a payment's dry run signs.
fn dry_sequence(node: &Node, folder: &Path) -> u64 {
    let output = pay_through(node, folder, &["--dry-run"]);
    let bytes = json_of(&output)["bytes"].as_str().map(hex::decode);
    let bytes = bytes.expect("bytes").expect("hex");
    let signed = Transaction::decode(&bytes).expect("signed");
    signed.header.sequence
}

#[test]
fn a_dry_run_signs_no_sequence_that_was_signed_before_and_keeps_none() {
    let [first, second] = [(); 2].map(|()| Node::start(REGISTRY, Lie::None));
    let root = Root::start(Words::default());
    let folder = network(&first.url, &root.url);
    let folder = folder.path();
    assert!(pay_through(&first, folder, &[]).status.success());
    for _ in 0..2 {
        assert_eq!(dry_sequence(&second, folder), FIRST + 1);
    }
    assert!(pay_through(&second, folder, &[]).status.success());
    assert_eq!(sequences(&second), [FIRST + 1]);
}

#[test]
fn a_sequence_that_was_named_is_not_signed_again_unasked() {
    let [first, second] = [(); 2].map(|()| Node::start(REGISTRY, Lie::None));
    let root = Root::start(Words::default());
    let folder = network(&first.url, &root.url);
    let folder = folder.path();
    let named = ["--sequence", &FIRST.to_string()];
    assert!(pay_through(&first, folder, &named).status.success());
    assert!(pay_through(&second, folder, &[]).status.success());
    assert_eq!(sequences(&second), [FIRST + 1]);
}

#[test]
fn a_node_that_names_a_height_far_ahead_has_no_sequence_signed_again() {
    let honest = Node::start(REGISTRY, Lie::None);
    let liar = Node::start(REGISTRY, Lie::Tip(1 << 40, "1"));
    let root = Root::start(Words::default());
    let folder = network(&liar.url, &root.url);
    let folder = folder.path();
    assert!(pay_through(&honest, folder, &[]).status.success());
    let said = refused(&in_network(folder, &FORCED).output().expect("it runs"));
    assert!(said.contains("nothing was paid"), "{said}");
    assert_eq!(root.handed_in(), 0);
    let until = ["--valid-until", "5010"];
    assert!(pay_through(&liar, folder, &until).status.success());
    assert_eq!(sequences(&liar), [FIRST + 1]);
}

/// The sequence that a forced transaction of `alice` would have.
fn forced_sequence(folder: &Path, more: &[&str]) -> u64 {
    let mut command = in_network(folder, &FORCED);
    let output = command.args(more).arg("--dry-run").output();
    let bytes = json_of(&output.expect("it runs"))["bytes"]
        .as_str()
        .map(hex::decode);
    let bytes = bytes.expect("bytes").expect("hex");
    let signed = Transaction::decode(&bytes).expect("signed");
    signed.header.sequence
}

#[test]
fn while_a_forced_transaction_is_on_its_way_its_sequence_is_signed_only_on_purpose() {
    for taken in [Taken::Refused, Taken::Mined(true)] {
        let node = Node::start(REGISTRY, Lie::None);
        let root = Root::start(Words {
            taken,
            ..Words::default()
        });
        let folder = network(&node.url, &root.url);
        let folder = folder.path();
        let forced = in_network(folder, &FORCED).output().expect("it runs");
        assert!(refused(&forced).contains("valid for ever"));
        let said = refused(&pay_through(&node, folder, &[]));
        for words in [
            format!("with sequence {FIRST} was handed in to the inbox"),
            "nothing was signed".into(),
            format!("--sequence {FIRST} "),
            format!("--sequence {} ", FIRST + 1),
        ] {
            assert!(said.contains(&words), "{words:?} is not in {said}");
        }
        assert!(node.transactions().is_empty());
        assert_eq!(forced_sequence(folder, &[]), FIRST + 1);
        // What is signed behind it on purpose is remembered too: a forced one does not take its sequence unasked.
        let elsewhere = Node::start(REGISTRY, Lie::None);
        let behind = (FIRST + 1).to_string();
        let behind = ["--sequence", behind.as_str()];
        assert!(pay_through(&elsewhere, folder, &behind).status.success());
        let said = refused(&in_network(folder, &FORCED).output().expect("it runs"));
        assert!(said.contains("nothing was paid"), "{said}");
    }
    // What never left takes no sequence.
    let node = Node::start(REGISTRY, Lie::None);
    let root = Root::start(Words {
        would_revert: Some(IInbox::forceCall::SELECTOR),
        ..Words::default()
    });
    let folder = network(&node.url, &root.url);
    let forced = in_network(folder.path(), &FORCED).output();
    assert!(refused(&forced.expect("it runs")).contains("nothing was sent"));
    assert!(pay_through(&node, folder.path(), &[]).status.success());
}

/// A command of `alice` where no node answers.
fn without_node(root: &Root, folder: &Path, arguments: &[&str]) -> Output {
    let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let registry = REGISTRY.to_string();
    let named = ["--output", "json", "--registry", &registry, "--root"];
    let mut command = plasmid(&named);
    command.args([root.url.as_str(), "--node", "http://127.0.0.1:1"]);
    command.args([
        "--keys",
        &path("keys"),
        "--password-file",
        &path("password"),
    ]);
    command.args(arguments).current_dir(folder);
    command.output().expect("it runs")
}

/// Whoever did not wait until the child consumed it is not kept from paying for ever when that had no effect.
#[test]
fn a_forced_transaction_that_failed_after_its_command_had_ended_does_not_hold_its_sequence() {
    let root = Root::start(Words {
        taken: Taken::Sent,
        cursor: 9,
        ..Words::default()
    });
    // One that has accepted no checkpoint behind the message yet.
    let behind = Root::start(Words {
        cursor: 8,
        ..Words::default()
    });
    let ignorant = Node::start(REGISTRY, Lie::None);
    let folder = network(&ignorant.url, &root.url);
    let folder = folder.path();
    let first = [&FORCED[..], &["--sequence", "7"]].concat();
    let done = json_of(&without_node(&root, folder, &first));
    assert_eq!(done["consumed"], false, "{done}");
    let forced = forced_in(root.bytes().last().expect("it was handed in"));
    let message = engine_hash(&[&[0xf1], &forced[..]].concat());
    assert_eq!(done["hash"], hex::encode(message), "{done}");
    assert_eq!(
        (&done["message"], &done["root_block"]),
        (&json!(9), &json!(2))
    );
    assert_eq!(done["price"], "1000000000000000", "{done}");
    for name in ["sent", "root_transaction"] {
        assert!(done[name].is_string(), "{name}: {done}");
    }
    // One that does not say so, and one that says that it had its effect, which the account does not show.
    let took = Node::start(REGISTRY, Lie::Included(0));
    for node in [&ignorant, &took] {
        let said = refused(&pay_through(node, folder, &[]));
        assert!(said.contains("nothing was signed"), "{said}");
    }
    assert_eq!(forced_sequence(folder, &[]), FIRST + 1);
    let failed = Node::start(REGISTRY, Lie::Included(5));
    // A node's word alone frees no sequence of what is still on its way.
    let network = folder.join("network.json");
    let text = fs::read_to_string(&network).expect("the network");
    fs::write(&network, text.replace(&root.url, &behind.url)).expect("written");
    let said = refused(&pay_through(&failed, folder, &[]));
    assert!(said.contains("nothing was signed"), "{said}");
    fs::write(&network, text).expect("written");
    // A dry run believes it and changes nothing: another node may be asked about the same.
    let dry = pay_through(&failed, folder, &["--dry-run"]);
    assert!(dry.status.success(), "{dry:?}");
    let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let mut forced = in_network(folder, &["--node", &failed.url]);
    forced.args([
        "--keys",
        &path("keys"),
        "--password-file",
        &path("password"),
    ]);
    let forced = forced.args(FORCED).arg("--dry-run").output();
    let forced = forced.expect("it runs");
    assert!(forced.status.success(), "{forced:?}");
    let said = refused(&pay_through(&ignorant, folder, &[]));
    assert!(said.contains("nothing was signed"), "{said}");
    let paid = pay_through(&failed, folder, &[]);
    let noted = String::from_utf8_lossy(&paid.stderr);
    assert!(paid.status.success(), "{paid:?}");
    assert!(
        noted.contains("sequence 7 without effect (code 5)"),
        "{noted}"
    );
    assert_eq!(sequences(&failed), [FIRST]);
    // From now on nobody is asked any more.
    assert!(pay_through(&ignorant, folder, &[]).status.success());
    assert_eq!(sequences(&ignorant), [FIRST + 1]);
}

/// A root node that shows another message's event makes nobody believe that what was sent has happened.
#[test]
fn the_event_of_another_message_is_refused() {
    let root = Root::start(Words {
        taken: Taken::Another,
        ..Words::default()
    });
    let node = Node::start(REGISTRY, Lie::Included(0));
    let folder = network(&node.url, &root.url);
    let folder = folder.path();
    let forced = in_network(folder, &FORCED).output().expect("it runs");
    let said = refused(&forced);
    for words in [
        "that is another one",
        "do not send it again",
        "valid for ever",
    ] {
        assert!(said.contains(words), "{words:?} is not in {said}");
    }
    let deposit = ["bridge", "deposit", "--from", "alice", "--amount", "1"];
    let said = refused(&in_network(folder, &deposit).output().expect("it runs"));
    assert!(said.contains("do not send it again"), "{said}");
}

/// A height that may have come and that no accepted checkpoint covers passes nothing that was signed.
#[test]
fn a_node_that_names_a_height_ahead_of_what_root_accepted_has_no_sequence_signed_again() {
    let root = Root::start(Words::default());
    // Three epochs of 64 blocks are accepted, and by the time that passed the chain can be ahead of them.
    let honest = Node::start(REGISTRY, Lie::None);
    let liar = Node::start(REGISTRY, Lie::Tip(250, "1000"));
    let folder = network(&liar.url, &root.url);
    let folder = folder.path();
    let until = ["--valid-until", "200"];
    assert!(pay_through(&honest, folder, &until).status.success());
    assert!(pay_through(&liar, folder, &[]).status.success());
    assert_eq!(sequences(&liar), [FIRST + 1]);
}

#[test]
fn bytes_that_another_key_carries_keep_their_sequence_beside_the_signers_key() {
    for taken in [Taken::Refused, Taken::Sent] {
        let root = Root::start(Words {
            taken,
            ..Words::default()
        });
        let node = Node::start(REGISTRY, Lie::None);
        let folder = network(&node.url, &root.url);
        let folder = folder.path();
        let bob = folder.join("keys/bob.json");
        let secret = Secret::new([9; 32]);
        let made = keystore::create(&bob, KeyKind::Secp256k1, &secret, "secret", Cost::Light);
        made.expect("a key");
        let dry = in_network(folder, &FORCED).arg("--dry-run").output();
        let dry = json_of(&dry.expect("it runs"));
        let bytes = dry["bytes"].as_str().expect("hex");
        let submit = ["bridge", "force", "submit", bytes, "--carrier", "bob"];
        let carried = without_node(&root, folder, &submit);
        assert!(root.handed_in() > 0);
        let noted = String::from_utf8_lossy(&carried.stderr);
        assert!(!noted.contains("no key file here"), "{noted}");
        let said = refused(&pay_through(&node, folder, &[]));
        assert!(said.contains("nothing was signed"), "{said}");
        assert!(node.transactions().is_empty());
        // Where the signer's key is not on this machine, there is nothing beside which it could be kept.
        fs::remove_file(folder.join("keys/alice.json")).expect("it was there");
        let carried = without_node(&root, folder, &submit);
        let noted = String::from_utf8_lossy(&carried.stderr);
        assert!(noted.contains("no key file here says"), "{noted}");
    }
}

#[test]
fn a_sequence_that_no_node_can_hold_places_before_is_not_signed() {
    let node = Node::start(REGISTRY, Lie::Ahead(66));
    let root = Root::start(Words::default());
    let folder = network(&node.url, &root.url);
    let paid = pay_through(&node, folder.path(), &[]);
    let forced = in_network(folder.path(), &FORCED).output();
    for output in [paid, forced.expect("it runs")] {
        let said = refused(&output);
        assert!(said.contains("cannot be"), "{said}");
    }
    assert!(node.transactions().is_empty());
    assert_eq!(root.handed_in(), 0);
    let honest = Node::start(REGISTRY, Lie::None);
    assert!(pay_through(&honest, folder.path(), &[]).status.success());
    assert_eq!(sequences(&honest), [FIRST]);
}

#[test]
fn what_was_signed_last_counts_until_it_has_expired() {
    let [before, after] = [5, 6].map(|height| Node::start(REGISTRY, Lie::Tip(height, "1000")));
    let root = Root::start(Words::default());
    let folder = network(&before.url, &root.url);
    let until = ["--valid-until", "6"];
    assert!(pay_through(&before, folder.path(), &until).status.success());
    let again = Node::start(REGISTRY, Lie::None);
    assert!(pay_through(&again, folder.path(), &until).status.success());
    assert_eq!(sequences(&again), [FIRST + 1]);
    // With block 6 both have expired, and the node's word counts.
    assert!(pay_through(&after, folder.path(), &[]).status.success());
    assert_eq!(sequences(&after), [FIRST]);
}

#[test]
fn what_was_signed_last_counts_as_long_as_what_was_signed_before_it_and_in_its_place() {
    let replaced = [
        "--sequence",
        "7",
        "--replace",
        "--fee",
        "2000",
        "--valid-until",
        "8",
    ];
    for (first, second) in [
        (["--valid-until", "8"], &["--valid-until", "6"][..]),
        (["--valid-until", "6"], &replaced),
    ] {
        let [before, after] = [5, 7].map(|height| Node::start(REGISTRY, Lie::Tip(height, "1000")));
        let root = Root::start(Words::default());
        let folder = network(&before.url, &root.url);
        assert!(pay_through(&before, folder.path(), &first).status.success());
        assert!(pay_through(&before, folder.path(), second).status.success());
        let last = sequences(&before)[1];
        assert!(pay_through(&after, folder.path(), &[]).status.success());
        assert_eq!(sequences(&after), [last + 1], "{second:?}");
    }
}

/// Commands that send money from root.
const FROM_ROOT: [&[&str]; 5] = [
    &["bridge", "deposit", "--from", "alice", "--amount", "2"],
    &[
        "bridge",
        "deposit",
        "--from",
        "alice",
        "--amount",
        "2",
        "--native",
        "1",
        "--token",
        "0x00000000000000000000000000000000000000f0",
    ],
    &[
        "bridge", "force", "record", "--from", "alice", "--topic", "t", "--data", "d",
    ],
    &REGISTER,
    &FUND,
];
const REGISTER: [&str; 7] = [
    "bridge", "register", "--from", "alice", "--bond", "3", "--yes",
];
const TOP_UP: [&str; 8] = [
    "bridge",
    "top-up",
    "--from",
    "alice",
    "--registration",
    "7",
    "--amount",
    "2",
];

const FUND: [&str; 6] = ["bridge", "fund-rewards", "2", "--from", "alice", "--yes"];

#[test]
fn a_relayer_logs_on_standard_error_what_it_uses_as_a_node_does() {
    let root = Root::start(Words::default());
    let node = Node::start(REGISTRY, Lie::None);
    let folder = network(&node.url, &root.url);
    let mut command = in_network(folder.path(), &["relay", "--from", "alice"]);
    let output = command.env("RUST_LOG", "trace").output().expect("it runs");
    // Its Registry has created nothing.
    refused(&output);
    let logged = String::from_utf8_lossy(&output.stderr);
    let lines = logged
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    let traced = lines.filter(|line: &Value| line["level"] == "TRACE");
    assert!(traced.count() > 0, "{logged}");
}

/// One of two endpoints shows other code where money would go.
#[test]
fn a_second_endpoint_that_says_otherwise_stops_whatever_pays_on_root() {
    let claim = ["bridge", "claim", "1", "--from", "alice"];
    let name = [
        "exit",
        "name",
        "--key",
        "alice",
        "--payout",
        "0x00000000000000000000000000000000000a11ce",
        "--from",
        "alice",
    ];
    let ways_out = [
        &["exit", "begin", "--from", "alice"][..],
        &["exit", "open", "--from", "alice"],
        &["exit", "refund", "--from", "alice"],
        &name,
    ];
    let commands = FROM_ROOT
        .into_iter()
        .chain([&TOP_UP[..], &claim[..]])
        .chain(ways_out);
    std::thread::scope(|scope| {
        for command in commands {
            scope.spawn(move || {
                let lying = Words {
                    code: "0x61",
                    ..Words::default()
                };
                let (first, second) = (Root::start(Words::default()), Root::start(lying));
                let node = Node::start(REGISTRY, Lie::None);
                let folder = network(&node.url, &first.url);
                let mut command = in_network(folder.path(), command);
                let output = command.args(["--second-root", &second.url]).output();
                let said = refused(&output.expect("it runs"));
                assert!(
                    said.contains("differ in the code at 0x"),
                    "{command:?}: {said}"
                );
                assert_eq!(first.handed_in() + second.handed_in(), 0, "{command:?}");
            });
        }
    });
}

#[test]
fn no_more_is_burned_for_a_message_than_the_user_allows() {
    for price in [10_000_000_000_000_001, u128::MAX / 2] {
        let root = Root::start(Words {
            price,
            ..Words::default()
        });
        let node = Node::start(REGISTRY, Lie::None);
        let folder = network(&node.url, &root.url);
        for command in FROM_ROOT {
            let output = in_network(folder.path(), command).output();
            let said = refused(&output.expect("it runs"));
            assert!(said.contains("--max-price"), "{command:?}: {said}");
            assert!(said.contains(&price.to_string()), "{command:?}: {said}");
        }
        assert_eq!(root.handed_in(), 0);
    }
}

#[test]
fn what_is_handed_in_to_root_is_named_at_once() {
    let root = Root::start(Words::default());
    let node = Node::start(REGISTRY, Lie::None);
    let folder = network(&node.url, &root.url);
    for command in FROM_ROOT {
        let mut command = in_network(folder.path(), command);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it runs");
        let stderr = BufReader::new(child.stderr.take().expect("standard error"));
        // The endpoint never answers, so the command goes on until it is interrupted.
        let named = stderr
            .lines()
            .map_while(Result::ok)
            .find(|line| line.contains("root transaction 0x") && line.contains("nonce 7"));
        child.kill().expect("it runs still");
        child.wait().expect("it ends");
        assert!(named.is_some());
    }
}

const COIN: u128 = 1_000_000_000_000_000_000;

/// A network none of whose nodes answers: what is done on root alone needs none.
fn on_root_alone(words: Words) -> (Root, tempfile::TempDir) {
    let root = Root::start(words);
    let folder = network("http://127.0.0.1:1", &root.url);
    (root, folder)
}

fn typed(folder: &Path, command: &[&str], more: &[&str]) -> Output {
    let output = in_network(folder, command).args(more).output();
    output.expect("it runs")
}

#[test]
fn a_registration_pays_the_bond_that_was_typed_and_no_other() {
    let (root, folder) = on_root_alone(Words {
        bond: 4 * COIN,
        ..Words::default()
    });
    let said = refused(&typed(folder.path(), &REGISTER, &[]));
    assert!(
        said.contains("at least 4 coins") && said.contains("nothing was sent"),
        "{said}"
    );
    assert_eq!(root.handed_in(), 0);
    assert!(!folder.path().join("validator").exists());
}

#[test]
fn a_registration_is_shown_before_it_is_sent_and_believed_by_the_registrys_event_alone() {
    let (root, folder) = on_root_alone(Words {
        taken: Taken::Mined(true),
        ..Words::default()
    });
    let most = 3 * COIN + 2 * Words::default().price;
    let unasked = &REGISTER[..6];
    let dry = json_of(&typed(folder.path(), unasked, &["--dry-run"]));
    assert_eq!(dry["sent"], most.to_string(), "{dry}");
    // 21,000 gas of root's estimate and 30,000 more: at twice the base fee and a tip, or at the most that is ever offered.
    let dearest = 51_000 * 500_000_000_000_u128;
    assert_eq!(
        (&dry["root_fee"], &dry["root_fee_if_slow"]),
        (
            &(51_000 * (2 * 7 + 1_000_000_u64)).to_string().into(),
            &dearest.to_string().into()
        ),
        "{dry}"
    );
    let said = refused(&typed(folder.path(), unasked, &[]));
    assert!(
        said.contains("--yes") && said.contains("nothing was sent"),
        "{said}"
    );
    assert_eq!(root.handed_in(), 0);
    let output = typed(folder.path(), &REGISTER, &[]);
    let said = refused(&output);
    let hash = keccak256(&root.bytes()[0]).to_string();
    for words in [hash.as_str(), "emitted no Registered("] {
        assert!(said.contains(words), "{words:?} is not in {said}");
    }
    // What is sent has the keys that were shown before.
    let noted = String::from_utf8_lossy(&output.stderr).into_owned();
    let sent = noted.find("handing in root transaction").expect("a note");
    for words in [
        "operator",
        "consensus_key",
        "checkpoint_key",
        "sent",
        "price",
        "root_fee",
    ] {
        let words = dry[words].as_str().expect("a text");
        let place = noted.find(words);
        assert!(
            place.is_some_and(|place| place < sent),
            "{words:?} is not in {noted}"
        );
    }
    assert!(root.holding(&format!("{most:#x}")) > 0);
    assert_eq!(root.handed_in(), 1);
}

#[test]
fn a_dry_run_of_a_registration_needs_no_money_and_says_that_the_fee_is_not_known() {
    let (root, folder) = on_root_alone(Words {
        would_revert: Some(IRegistry::registerKeysCall::SELECTOR),
        revert: "insufficient funds for gas * price + value",
        ..Words::default()
    });
    let output = typed(folder.path(), &REGISTER, &["--dry-run"]);
    assert!(json_of(&output)["root_fee"].is_null(), "{output:?}");
    let noted = String::from_utf8_lossy(&output.stderr);
    assert!(noted.contains("root does not tell"), "{noted}");
    let said = refused(&typed(folder.path(), &REGISTER, &[]));
    assert!(said.contains("nothing was sent"), "{said}");
    assert_eq!(root.handed_in(), 0);
}

#[test]
fn keys_that_are_registered_already_are_not_paid_for_twice() {
    let (first, folder) = on_root_alone(Words::default());
    let dry = json_of(&typed(folder.path(), &REGISTER, &["--dry-run"]));
    let key = |name: &str| hex::decode(dry[name].as_str().expect("a key")).expect("hexadecimal");
    let checkpoint = key("checkpoint_key").try_into().expect("96 bytes");
    let second = Root::start(Words {
        newest: Some((B256::from_slice(&key("consensus_key")), checkpoint)),
        ..Words::default()
    });
    let file = folder.path().join("network.json");
    let text = fs::read_to_string(&file).expect("the network");
    fs::write(&file, text.replace(&first.url, &second.url)).expect("written");
    let said = refused(&typed(folder.path(), &REGISTER, &[]));
    assert!(
        said.contains("registration 9") && said.contains("nothing was sent"),
        "{said}"
    );
    assert_eq!(second.handed_in(), 0);
}

#[test]
fn a_bond_is_raised_by_what_was_typed_where_there_is_one_and_believed_by_its_event_alone() {
    let (root, folder) = on_root_alone(Words {
        taken: Taken::Mined(true),
        ..Words::default()
    });
    let none = ["--registration", "0"];
    let none = [&TOP_UP[..4], &none, &TOP_UP[6..]].concat();
    let said = refused(&typed(folder.path(), &none, &[]));
    assert!(said.contains("no registration 0"), "{said}");
    assert_eq!(root.handed_in(), 0);
    let said = refused(&typed(folder.path(), &TOP_UP, &[]));
    let hash = keccak256(&root.bytes()[0]).to_string();
    for words in [hash.as_str(), "emitted no BondRaised("] {
        assert!(said.contains(words), "{words:?} is not in {said}");
    }
    assert!(root.holding(&format!("{:#x}", 2 * COIN)) > 0);
    assert_eq!(root.handed_in(), 1);
}

#[test]
fn a_gift_to_the_pool_is_shown_confirmed_and_believed_by_the_vaults_event_alone() {
    let (root, folder) = on_root_alone(Words {
        taken: Taken::Mined(true),
        ..Words::default()
    });
    let most = 2 * COIN + 2 * Words::default().price;
    let unasked = &FUND[..5];
    let dry = json_of(&typed(folder.path(), unasked, &["--dry-run"]));
    assert_eq!(
        (&dry["amount"], &dry["sent"]),
        (&(2 * COIN).to_string().into(), &most.to_string().into())
    );
    let said = refused(&typed(folder.path(), unasked, &[]));
    assert!(
        said.contains("--yes") && said.contains("nothing was sent"),
        "{said}"
    );
    let zero = refused(&typed(
        folder.path(),
        &["bridge", "fund-rewards", "0", "--from", "alice", "--yes"],
        &[],
    ));
    assert!(zero.contains("the amount is 0"), "{zero}");
    assert_eq!(root.handed_in(), 0);
    let output = typed(folder.path(), &FUND, &[]);
    let said = refused(&output);
    let hash = keccak256(&root.bytes()[0]).to_string();
    for words in [hash.as_str(), "emitted no RewardsFunded("] {
        assert!(said.contains(words), "{words:?} is not in {said}");
    }
    let noted = String::from_utf8_lossy(&output.stderr).into_owned();
    let shown = noted.find("nobody can take it back").expect("the effect");
    assert!(
        shown < noted.find("handing in root transaction").expect("a note"),
        "{noted}"
    );
    assert!(root.holding(&format!("{most:#x}")) > 0);
    assert_eq!(root.handed_in(), 1);
}

#[test]
fn nothing_is_signed_for_a_chain_that_only_root_names() {
    let root = Root::start(Words {
        chain_id: 1,
        ..Words::default()
    });
    let node = Node::start(REGISTRY, Lie::None);
    let folder = network(&node.url, &root.url);
    let registry = REGISTRY.to_string();
    let keys = folder.path().join("keys").to_string_lossy().into_owned();
    let password = folder
        .path()
        .join("password")
        .to_string_lossy()
        .into_owned();
    let forced = [
        "bridge", "force", "record", "--from", "alice", "--topic", "t", "--data", "d",
    ];
    let forced: Vec<&str> = forced.into_iter().chain(["--sequence", "0"]).collect();
    let paid: Vec<&str> = PAY.into_iter().chain(["1"]).collect();
    // With a node that says so too, and with none.
    for (url, command) in [
        (node.url.as_str(), &paid),
        (node.url.as_str(), &forced),
        ("http://127.0.0.1:1", &forced),
    ] {
        let named = [
            "--output",
            "json",
            "--registry",
            &registry,
            "--root",
            &root.url,
        ];
        let output = plasmid(&named)
            .args(["--node", url, "--keys", &keys, "--password-file", &password])
            .args(command)
            .current_dir(folder.path())
            .output();
        let said = refused(&output.expect("it runs"));
        assert!(said.contains("on chain 1"), "{command:?}: {said}");
    }
    assert_eq!(root.handed_in(), 0);
    assert!(node.transactions().is_empty());
    // Without a root chain there is the node's word alone.
    let output = plasmid(&[
        "--output",
        "json",
        "--registry",
        &registry,
        "--node",
        &node.url,
    ])
    .args(["--keys", &keys, "--password-file", &password])
    .args(paid)
    .current_dir(folder.path())
    .output();
    let said = refused(&output.expect("it runs"));
    assert!(said.contains("--root"), "{said}");
    assert!(node.transactions().is_empty());
}

#[test]
fn a_symbol_means_the_token_that_root_calls_by_it() {
    let token = |symbol: &str, decimals| Token {
        token: Address::repeat_byte(0xf0).to_string(),
        symbol: symbol.into(),
        decimals,
        ..Default::default()
    };
    let foo = token("FOO", 6);
    for (words, listed, endless, reason) in [
        (Words::default(), vec![foo.clone()], false, None),
        (
            Words {
                symbol: "BAR",
                ..Words::default()
            },
            vec![foo.clone()],
            false,
            Some("on root it is called"),
        ),
        (
            Words::default(),
            vec![token("FOO", 18)],
            false,
            Some("18 decimals by the node and 6 by root"),
        ),
        (
            Words::default(),
            vec![foo.clone(), foo],
            false,
            Some("2 tokens are called"),
        ),
        (Words::default(), vec![], true, Some("pages")),
    ] {
        let root = Root::start(words);
        let node = Node::with_tokens(REGISTRY, Lie::None, listed, endless);
        let folder = network(&node.url, &root.url);
        for amount in ["1", "1000000base"] {
            let mut command = in_network(folder.path(), &PAY);
            let output = command
                .args([amount, "--token", "foo", "--no-wait"])
                .output();
            let output = output.expect("it runs");
            match reason {
                None => assert!(output.status.success(), "{output:?}"),
                Some(reason) => {
                    let said = refused(&output);
                    assert!(said.contains(reason), "{said}");
                    assert!(said.contains("address"), "{said}");
                }
            }
        }
        let signed = if reason.is_none() { 2 } else { 0 };
        assert_eq!(node.transactions().len(), signed);
        assert!(node.given.lock().expect("no panic").pages <= 200);
    }
}

#[test]
fn a_forced_transaction_comes_behind_what_waits_and_says_so() {
    let root = Root::start(Words::default());
    let node = Node::start(REGISTRY, Lie::None);
    let folder = network(&node.url, &root.url);
    let waits = in_network(folder.path(), &PAY)
        .args(["1", "--no-wait"])
        .output();
    assert!(waits.expect("it runs").status.success());
    let forced = [
        "bridge", "force", "record", "--from", "alice", "--topic", "t", "--data", "d",
    ];
    for (more, sequence, noted) in [
        (&[][..], FIRST + 1, true),
        (&["--sequence", "7"], FIRST, false),
    ] {
        let output = in_network(folder.path(), &forced)
            .args(more)
            .arg("--dry-run")
            .output()
            .expect("it runs");
        let bytes = json_of(&output)["bytes"].as_str().map(hex::decode);
        let bytes = bytes.expect("bytes").expect("hex");
        let signed = Transaction::decode(&bytes).expect("signed");
        assert_eq!(signed.header.sequence, sequence, "{more:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(said.contains("wait from sequence 7 on"), noted, "{said}");
    }
}

/// A forced transaction of `alice`.
const FORCED: [&str; 9] = [
    "bridge", "force", "record", "--from", "alice", "--topic", "t", "--data", "d",
];

#[test]
fn a_forced_transaction_is_named_with_its_bytes_before_they_leave_and_by_every_later_error() {
    let node = Node::start(REGISTRY, Lie::None);
    for (taken, reason) in [
        (Taken::Refused, "txpool is full"),
        (Taken::Mined(false), "was refused in block 2"),
        (Taken::Mined(true), "sent no message to the inbox"),
    ] {
        let root = Root::start(Words {
            taken,
            ..Words::default()
        });
        let folder = network(&node.url, &root.url);
        let dry = in_network(folder.path(), &FORCED).arg("--dry-run").output();
        let dry = json_of(&dry.expect("it runs"));
        let (bytes, digest) = (dry["bytes"].as_str(), dry["digest"].as_str());
        let (bytes, digest) = (bytes.expect("hex"), digest.expect("hex"));
        let output = in_network(folder.path(), &FORCED).output();
        let output = output.expect("it runs");
        let said = refused(&output);
        for words in [
            reason,
            digest,
            &format!("sequence {FIRST}"),
            "valid for ever",
            "do not type the command again",
            &format!("plasmid bridge force submit {bytes} --carrier"),
            &format!("--sequence {FIRST}"),
        ] {
            assert!(said.contains(words), "{words:?} is not in {said}");
        }
        let noted = String::from_utf8_lossy(&output.stderr);
        for words in [bytes, digest, "valid for ever"] {
            assert!(noted.contains(words), "{words:?} is not in {noted}");
        }
        // Repeated as it says, they are the same bytes.
        let before = root.handed_in();
        let again = ["bridge", "force", "submit", bytes, "--carrier", "alice"];
        let again = in_network(folder.path(), &again).output();
        assert!(refused(&again.expect("it runs")).contains(bytes));
        assert_eq!(root.handed_in(), 2 * before);
        assert!(root.holding(bytes) >= root.handed_in());
    }
}

#[test]
fn an_estimate_gives_no_forced_transaction_away() {
    let root = Root::start(Words {
        would_revert: Some(IInbox::forceCall::SELECTOR),
        ..Words::default()
    });
    let node = Node::start(REGISTRY, Lie::None);
    let folder = network(&node.url, &root.url);
    let dry = in_network(folder.path(), &FORCED).arg("--dry-run").output();
    let dry = json_of(&dry.expect("it runs"));
    let output = in_network(folder.path(), &FORCED).output();
    let said = refused(&output.expect("it runs"));
    assert!(said.contains("nothing was sent"), "{said}");
    assert_eq!(root.holding(dry["bytes"].as_str().expect("hex")), 0);
    assert_eq!(root.handed_in(), 0);
}

const TOKEN: Address = Address::repeat_byte(0xf0);

/// A node that lists the token with these decimals, if it does.
fn listing(decimals: Option<u32>) -> Node {
    let token = decimals.map(|decimals| Token {
        token: TOKEN.to_string(),
        symbol: "FOO".into(),
        decimals,
        ..Default::default()
    });
    Node::with_tokens(REGISTRY, Lie::None, token.into_iter().collect(), false)
}

#[test]
fn no_endpoint_alone_says_how_many_decimals_a_token_has() {
    let token = TOKEN.to_string();
    let pay = [&PAY[..], &["2", "--token", &token]].concat();
    let deposit = [FROM_ROOT[0], &["--token", &token]].concat();
    for (listed, reason) in [
        (Some(6), "18 by root"),
        (None, "root alone says that it has 18 decimals"),
    ] {
        let root = Root::start(Words {
            decimals: 18,
            ..Words::default()
        });
        let node = listing(listed);
        let folder = network(&node.url, &root.url);
        let output = in_network(folder.path(), &pay).output();
        let said = refused(&output.expect("it runs"));
        assert!(said.contains(reason) && said.contains("base"), "{said}");
        assert!(node.transactions().is_empty());
        if listed.is_some() {
            let output = in_network(folder.path(), &deposit).output();
            let said = refused(&output.expect("it runs"));
            assert!(said.contains(reason), "{said}");
            assert_eq!(root.handed_in(), 0);
        }
    }
    let root = Root::start(Words::default());
    let node = listing(Some(6));
    let folder = network(&node.url, &root.url);
    let output = in_network(folder.path(), &pay).arg("--no-wait").output();
    assert!(output.expect("it runs").status.success());
}

#[test]
fn what_a_first_deposit_of_a_token_sends_is_said_before_and_an_approval_that_is_mined_behind() {
    let root = Root::start(Words {
        allowance: U256::ZERO,
        would_revert: Some(IVault::depositTokenCall::SELECTOR),
        taken: Taken::Mined(true),
        ..Words::default()
    });
    let node = listing(None);
    let folder = network(&node.url, &root.url);
    let token = TOKEN.to_string();
    let deposit = [FROM_ROOT[0], &["--token", &token]].concat();
    let output = in_network(folder.path(), &deposit).output();
    let output = output.expect("it runs");
    let noted = String::from_utf8_lossy(&output.stderr).into_owned();
    let units = noted.find("6 decimals: 2 coins are 2000000 base units");
    let sent = noted.find("handing in root transaction");
    assert!(units.is_some() && units < sent, "{noted}");
    let approvals = root.bytes();
    assert_eq!(approvals.len(), 1);
    let said = refused(&output);
    let hash = keccak256(&approvals[0]).to_string();
    assert!(said.contains("approvals") && said.contains(&hash), "{said}");
}

/// An approval of an ERC-721 gives a token away, so the reason is told before one is sent.
#[test]
fn what_does_not_answer_as_an_erc20_is_neither_approved_nor_deposited() {
    for odd in [Odd::Reverts, Odd::Bytes(0), Odd::Bytes(31), Odd::Bytes(64)] {
        let root = Root::start(Words {
            odd_allowance: Some(odd),
            ..Words::default()
        });
        let node = listing(None);
        let folder = network(&node.url, &root.url);
        let token = TOKEN.to_string();
        for amount in ["2", "1base"] {
            let deposit = ["bridge", "deposit", "--from", "alice", "--amount", amount];
            let deposit = [&deposit[..], &["--token", &token]].concat();
            let output = in_network(folder.path(), &deposit).output();
            let said = refused(&output.expect("it runs"));
            let reason = "nothing was sent: 0x";
            assert!(
                said.contains(reason) && said.contains(&token),
                "{odd:?}: {said}"
            );
            assert!(said.contains("ERC-721"), "{odd:?}: {said}");
        }
        assert_eq!(root.handed_in(), 0, "{odd:?}");
    }
}

#[test]
fn a_token_that_refuses_an_allowance_of_zero_is_approved_directly_whatever_its_node_calls_that() {
    for revert in ["execution reverted", "VM execution error.", "revert"] {
        let root = Root::start(Words {
            allowance: U256::from(1),
            refuses_zero: true,
            revert,
            would_revert: Some(IVault::depositTokenCall::SELECTOR),
            taken: Taken::Mined(true),
            ..Words::default()
        });
        let node = listing(None);
        let folder = network(&node.url, &root.url);
        let token = TOKEN.to_string();
        let deposit = [FROM_ROOT[0], &["--token", &token]].concat();
        let output = in_network(folder.path(), &deposit).output();
        let said = refused(&output.expect("it runs"));
        let [approval] = &root.bytes()[..] else {
            panic!("{revert}: {said}");
        };
        let hash = keccak256(approval).to_string();
        assert!(said.contains(&hash), "{revert}: {said}");
    }
}

/// The deployment as a program expects it, a key, and what calls are awaited on.
fn deployment() -> (Domain, Signer, tokio::runtime::Runtime) {
    let [_, _, root_chain] = plasmid_bridge::abi::created_by(REGISTRY);
    let domain = Domain {
        root_chain_id: 31_337,
        root_chain: root_chain.into_array(),
        deployment: DEPLOYMENT,
    };
    let signer = Signer::new(KeyKind::Secp256k1, &Secret::new(SECRET)).expect("a key");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    (domain, signer, runtime)
}

#[test]
fn a_program_signs_nothing_with_the_tip_or_the_account_of_a_node_that_lies() {
    let (domain, signer, runtime) = deployment();
    runtime.block_on(async {
        for (lie, valid_until) in [
            (Lie::Tip(u64::MAX, "0"), None),
            (Lie::Tip(5, "0"), Some(u64::MAX)),
            (Lie::Tip(101, "1000"), None),
            (Lie::Another, None),
        ] {
            let node = Node::start(REGISTRY, lie);
            let client = Client::connect(&node.url, domain).await.expect("a node");
            let body = Body::SetPayout { payout: [7; 20] };
            let terms = Terms {
                max_tip: 100,
                valid_until,
                ..Terms::default()
            };
            let error = client
                .prepare(&signer, body, &terms)
                .await
                .expect_err("a lie");
            let expected = match (lie, valid_until) {
                (Lie::Another, _) => matches!(error, ClientError::Answer { .. }),
                (_, Some(_)) => matches!(error, ClientError::Forcible),
                _ => matches!(error, ClientError::TooHigh { most: 100, .. }),
            };
            assert!(expected, "{lie:?}: {error}");
        }
    });
}

#[test]
fn a_program_is_told_the_hash_of_what_a_node_refuses_or_says_no_more_of() {
    let (domain, signer, runtime) = deployment();
    runtime.block_on(async {
        for lie in [Lie::Refuses(18), Lie::Gone, Lie::Breaks] {
            let node = Node::start(REGISTRY, lie);
            let client = Client::connect(&node.url, domain).await.expect("a node");
            let body = Body::SetPayout { payout: [7; 20] };
            let signed = client.prepare(&signer, body, &Terms::default()).await;
            let signed = signed.expect("signed");
            let error = match client.submit(&signed).await {
                Ok(mut submitted) => submitted.until(Stage::Final).await.expect_err("a lie"),
                Err(error) => error,
            };
            let own = engine_hash(&signed.encode());
            let expected = match &error {
                ClientError::NotTaken { hash, code: 18, .. } => *hash == own,
                ClientError::Gone { hash, .. } | ClientError::Unclear { hash, .. } => *hash == own,
                _ => false,
            };
            assert!(expected, "{lie:?}: {error:?}");
            let said = error.to_string();
            assert!(said.contains(&hex::encode(own)), "{lie:?}: {said}");
            assert!(said.contains("look it up"), "{lie:?}: {said}");
        }
    });
}

#[test]
fn a_program_that_loses_an_answer_is_told_the_hash_and_no_key() {
    let node = Node::start(REGISTRY, Lie::Fails);
    let (domain, signer, runtime) = deployment();
    runtime.block_on(async {
        let client = Client::connect(&node.url, domain)
            .await
            .expect("it connects");
        let body = Body::SetPayout { payout: [7; 20] };
        let signed = client.prepare(&signer, body, &Terms::default()).await;
        let signed = signed.expect("signed");
        let error = client.submit(&signed).await.expect_err("it fails");
        assert!(matches!(error, ClientError::Unclear { .. }), "{error}");
        let hash = hex::encode(engine_hash(&signed.encode()));
        assert!(error.to_string().contains(&hash), "{error}");
        for url in [
            "http://127.0.0.1:1/0123abcd",
            "ftp://node/0123abcd",
            "0123abcd",
        ] {
            let error = Client::connect(url, domain).await.expect_err(url);
            let said = format!("{error} {error:?}");
            assert!(!said.contains("0123abcd"), "{said}");
        }
    });
}
