//! The demo as a newcomer runs it, and every check of it sabotaged.

use std::process::Command;

use serde_json::Value;

fn plasmid() -> Command {
    Command::new(plasmid_tests::binary())
}

/// One object a line.
fn lines(text: &[u8]) -> Vec<Value> {
    String::from_utf8_lossy(text)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}")))
        .collect()
}

#[test]
fn the_demo_passes_and_each_sabotage_makes_it_fail() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let seen = folder.path().join("seen.json");
    let output = plasmid()
        .args(["demo", "--json", "--record"])
        .arg(&seen)
        .arg("--dir")
        .arg(folder.path().join("demo"))
        .output()
        .expect("the demo runs");
    let rows = lines(&output.stdout);
    assert!(
        output.status.success(),
        "{rows:#?}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let steps: Vec<u64> = rows.iter().filter_map(|row| row["step"].as_u64()).collect();
    assert_eq!(steps, (1..=9).collect::<Vec<_>>());
    assert!(
        rows.iter()
            .filter(|row| row["step"].is_u64())
            .all(|row| row["ok"] == true),
        "{rows:#?}"
    );
    assert!(
        rows.iter().any(|row| row["name"] == "checkpoint_gas"
            && row["value"].as_u64().is_some_and(|gas| gas > 0))
    );

    let replay = |sabotage: Option<&str>| {
        let mut command = plasmid();
        command.args(["demo", "--json", "--replay"]).arg(&seen);
        if let Some(name) = sabotage {
            command.args(["--sabotage", name]);
        }
        command.output().expect("the replay runs")
    };
    assert!(
        replay(None).status.success(),
        "what was seen passes when nobody alters it"
    );
    let list = plasmid()
        .args(["demo", "--sabotage", "list"])
        .output()
        .expect("the list");
    let names: Vec<String> = String::from_utf8_lossy(&list.stdout)
        .lines()
        .map(str::to_owned)
        .collect();
    assert!(names.len() >= 20, "{names:?}");
    for name in names {
        let output = replay(Some(&name));
        assert!(!output.status.success(), "sabotage {name} was not noticed");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(
            text.contains(&format!("{name} FAILED")),
            "sabotage {name} was noticed by another check: {text}"
        );
        let failing = lines(&output.stdout)
            .iter()
            .filter(|row| row["ok"] == false)
            .count();
        assert_eq!(failing, 1, "sabotage {name}: {text}");
    }
}
