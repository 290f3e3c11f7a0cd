//! Whoever founds a network has nothing yet that an endpoint of root could be measured by: with a second one a lie stops the command.

use std::{fs, path::Path, process::Output, thread};

use alloy_primitives::{B256, address};

use super::{
    json_of, network,
    program::plasmid,
    refused,
    root::{Root, Taken, Words},
};

/// The account of `alice`.
const ALICE: alloy_primitives::Address = address!("f39Fd6e51aad88F6F4ce6aB8827279cffFb92266");

const REGISTER: [&str; 6] = ["init", "register", "--from", "alice", "--stake", "2"];
const JOIN: [&str; 2] = ["init", "join"];
const AGREEMENT: &str = "0x0101010101010101010101010101010101010101010101010101010101010101";
const AGREE: [&str; 6] = ["init", "agree", "--from", "alice", "--agreement", AGREEMENT];

const CREATE: [&str; 4] = ["init", "create", "--from", "alice"];

/// A plan whose only operator is `alice`, in the folder of a network at this endpoint of root.
fn planned(root: &str) -> tempfile::TempDir {
    let folder = network("http://127.0.0.1:1", root);
    let plan = folder.path().join("network.toml");
    let made = plasmid(&["init", "plan", "--preset", "local", "--operator"])
        .arg(ALICE.to_string())
        .arg("--plan")
        .arg(&plan)
        .output()
        .expect("it runs");
    assert!(made.status.success(), "{made:?}");
    folder
}

/// A step of the founding by `alice`, and what was said of it.
fn step(folder: &Path, step: &[&str], options: &[&str]) -> Output {
    let mut command = plasmid(&["--output", "json"]);
    command.args(step).args(options);
    let mut given = vec![
        ("--net", ""),
        ("--keys", "keys"),
        ("--password-file", "password"),
        ("--plan", "network.toml"),
    ];
    if step == REGISTER || step == JOIN {
        given.push(("--home", "validator"));
    }
    for (option, name) in given {
        command.arg(option).arg(folder.join(name));
    }
    command.output().expect("it runs")
}

fn words() -> Words {
    Words {
        taken: Taken::Refused,
        members: vec![(ALICE, 2_000_000_000_000_000_000)],
        ..Words::default()
    }
}

/// A step that one of two endpoints lies to does nothing, whichever of them it is.
fn is_stopped(arguments: &[&str], lie: Words, reading: &str) {
    for lies_first in [true, false] {
        let (lying, honest) = (Root::start(lie.clone()), Root::start(words()));
        let (first, second) = match lies_first {
            true => (&lying, &honest),
            false => (&honest, &lying),
        };
        let folder = planned(&first.url);
        let output = step(folder.path(), arguments, &["--second-root", &second.url]);
        let said = refused(&output);
        for part in [reading, &lying.url, &honest.url, "Nothing was sent"] {
            assert!(said.contains(part), "{arguments:?} {part}: {said}");
        }
        assert_eq!(lying.handed_in() + honest.handed_in(), 0, "{said}");
        let home = folder.path().join("validator");
        assert!(!home.exists(), "{arguments:?}: nothing is written");
    }
}

#[test]
fn a_lie_of_one_of_two_endpoints_stops_a_founding_before_anything_is_sent_or_written() {
    let cases: [(&[&str], Words, &str); 9] = [
        // An address without code takes the stake for ever.
        (
            &REGISTER,
            Words {
                code: "0x",
                ..words()
            },
            "the code at 0x",
        ),
        (
            &REGISTER,
            Words {
                code: "0x61",
                ..words()
            },
            "the code at 0x",
        ),
        (
            &REGISTER,
            Words {
                created: true,
                ..words()
            },
            "created() of",
        ),
        (
            &REGISTER,
            Words {
                block: B256::repeat_byte(7),
                ..words()
            },
            "the hash of block 1",
        ),
        (
            &AGREE,
            Words {
                members: vec![(ALICE, 3_000_000_000_000_000_000)],
                ..words()
            },
            "memberAt(uint256) of",
        ),
        (
            &AGREE,
            Words {
                created: true,
                ..words()
            },
            "created() of",
        ),
        (
            &JOIN,
            Words {
                created: true,
                ..words()
            },
            "created() of",
        ),
        // Whoever creates pays the genesis balances in.
        (
            &CREATE,
            Words {
                code: "0x",
                ..words()
            },
            "the code at 0x",
        ),
        (
            &CREATE,
            Words {
                members: vec![(ALICE, 3_000_000_000_000_000_000)],
                ..words()
            },
            "memberAt(uint256) of",
        ),
    ];
    thread::scope(|scope| {
        for (arguments, lie, reading) in cases {
            scope.spawn(move || is_stopped(arguments, lie, reading));
        }
    });
}

/// A network that nobody made: each endpoint has one, and not the same.
#[test]
fn an_invented_deployment_is_not_joined_when_a_second_endpoint_shows_another() {
    let invented = |deployment| {
        Root::start(Words {
            created: true,
            deployment,
            ..words()
        })
    };
    let (first, second) = (invented([1; 20]), invented([2; 20]));
    let folder = planned(&first.url);
    let output = step(folder.path(), &JOIN, &["--second-root", &second.url]);
    let said = refused(&output);
    assert!(said.contains("deployment() of"), "{said}");
    for id in ["01", "02"] {
        assert!(said.contains(&id.repeat(20)), "{said}");
    }
    assert!(!folder.path().join("validator").exists());
}

#[test]
fn two_endpoints_that_say_the_same_let_an_operator_register_by_the_first() {
    let (first, second) = (Root::start(words()), Root::start(words()));
    let folder = planned(&first.url);
    let output = step(folder.path(), &REGISTER, &["--second-root", &second.url]);
    let said = refused(&output);
    assert!(said.contains("txpool is full"), "{said}");
    assert_eq!((first.handed_in(), second.handed_in()), (1, 0));
    let noted = String::from_utf8_lossy(&output.stderr);
    assert!(!noted.contains("only one endpoint"), "{noted}");
    // An endpoint that is named twice says nothing more.
    let output = step(folder.path(), &REGISTER, &["--second-root", &first.url]);
    let said = refused(&output);
    assert!(said.contains("the same endpoint as --root"), "{said}");
    assert_eq!(first.handed_in(), 1);
}

#[test]
fn whoever_believes_one_endpoint_that_is_elsewhere_is_told_what_depends_on_it() {
    let root = Root::start(words());
    // It leads to this machine too, and does not say so.
    let elsewhere = root.url.replace("127.0.0.1", "0.0.0.0");
    for (arguments, risk) in [
        (&REGISTER[..], "your stake and bond go to an address"),
        (&AGREE, "registrations that nobody made"),
        (&JOIN, "a network that does not exist"),
        (&CREATE, "a Registry that nobody agreed on"),
    ] {
        for (url, is_told) in [(&elsewhere, true), (&root.url, false)] {
            let folder = planned(url);
            let output = step(folder.path(), arguments, &[]);
            let noted = String::from_utf8_lossy(&output.stderr);
            let told = noted.contains("only one endpoint") && noted.contains(risk);
            assert_eq!(told, is_told, "{arguments:?}: {noted}");
            assert_eq!(noted.contains("--second-root"), is_told, "{noted}");
        }
    }
}

#[test]
fn a_plan_is_shown_beside_the_preset_that_it_is_nearest_to() {
    let root = Root::start(words());
    let folder = planned(&root.url);
    let file = folder.path().join("network.toml");
    let plan = fs::read_to_string(&file).expect("the plan");
    fs::write(
        &file,
        plan.replace("lock_secs = 86400", "lock_secs = 86401"),
    )
    .expect("write");
    let status = json_of(&step(folder.path(), &["init", "status"], &[]));
    assert_eq!(status["preset"], "local", "{status}");
    let [difference] = status["differences"].as_array().expect("a list").as_slice() else {
        panic!("{status}");
    };
    for (field, expected) in [
        ("name", "lock_secs"),
        ("plan", "86401"),
        ("preset", "86400"),
    ] {
        assert_eq!(difference[field], expected);
    }
    let mut command = plasmid(&["init", "status", "--root", &root.url, "--plan"]);
    let output = command.arg(&file).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        said.contains("lock_secs is 86401, and 86400 in the preset local"),
        "{said}"
    );
}
