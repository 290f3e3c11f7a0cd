//! The demo as a newcomer runs it, and every check of it sabotaged.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs::{self, File},
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Output, Stdio},
};

use plasmid_tests::plasmid;
use serde_json::{Map, Value};

/// The last step.
const STEPS: u64 = 18;

/// One object a line.
fn lines(text: &[u8]) -> Vec<Value> {
    String::from_utf8_lossy(text)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}")))
        .collect()
}

/// The rows of a demo that succeeds, in this folder and with these options.
fn shown_in(folder: &Path, more: &[&OsStr]) -> Vec<Value> {
    let output = plasmid()
        .args(["demo", "--json", "--block-time-ms"])
        .arg(plasmid_tests::fast_block_time())
        .arg("--dir")
        .arg(folder.join("demo"))
        .args(more)
        .output()
        .expect("the demo runs");
    let rows = lines(&output.stdout);
    assert!(
        output.status.success(),
        "{rows:#?}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    rows
}

#[test]
fn the_demo_passes_and_each_sabotage_makes_it_fail() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let seen = folder.path().join("seen.json");
    let rows = shown_in(folder.path(), &["--record".as_ref(), seen.as_os_str()]);
    let steps: Vec<u64> = rows.iter().filter_map(|row| row["step"].as_u64()).collect();
    assert_eq!(steps, (1..=STEPS).collect::<Vec<_>>());
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
    takes_the_time_of_its_steps(&rows);
    no_checkpoint_is_accused(folder.path());

    each_sabotage_is_noticed(&seen, &[], 50);
    nothing_seen_is_nothing_shown(&seen);
}

#[test]
fn thieves_with_two_thirds_gain_nothing_and_each_sabotage_makes_that_fail() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let seen = folder.path().join("seen.json");
    let output = plasmid()
        .args(["demo", "--fraud", "--json", "--dir"])
        .arg(folder.path().join("demo"))
        .arg("--record")
        .arg(&seen)
        .output()
        .expect("the demo runs");
    let rows = lines(&output.stdout);
    let failed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{rows:#?}\n{failed}");
    let steps: Vec<u64> = rows.iter().filter_map(|row| row["step"].as_u64()).collect();
    assert_eq!(steps, (1..=9).collect::<Vec<_>>());
    let last = rows.last().expect("rows");
    assert_eq!(last["name"], "total_time");
    println!("{} s", last["value"]);
    assert_eq!(
        plasmid_tests::processes(folder.path()),
        Vec::<i32>::new(),
        "processes are left"
    );
    each_sabotage_is_noticed(&seen, &["--fraud"], 25);
}

/// Away from a build folder there is nothing to build the thieves with: the demo says what to do.
#[test]
fn a_demo_without_thieves_says_how_they_are_built() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let alone = folder.path().join("plasmid");
    fs::copy(plasmid_tests::binary(), &alone).expect("a copy");
    let output = Command::new(&alone)
        .args(["demo", "--fraud", "--dir"])
        .arg(folder.path().join("demo"))
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{said}");
    let wanted = "cargo build --release --locked --workspace --bin plasmid-thief";
    assert!(said.contains(wanted), "{said}");
}

/// What was seen passes when nobody alters it, and each check notices its own sabotage, and no other one.
fn each_sabotage_is_noticed(seen: &Path, story: &[&str], least: usize) {
    let untouched = replayed(seen, story, None);
    assert!(
        untouched.status.success(),
        "{:#?}",
        lines(&untouched.stdout)
    );
    let list = plasmid()
        .arg("demo")
        .args(story)
        .args(["--sabotage", "list"])
        .output()
        .expect("the list");
    let names: Vec<String> = String::from_utf8_lossy(&list.stdout)
        .lines()
        .map(str::to_owned)
        .collect();
    assert!(names.len() >= least, "{names:?}");
    for name in names {
        let output = replayed(seen, story, Some(&name));
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

/// The watcher has executed what root accepted again, with every kind of transaction, message and step in it, and found nothing.
fn no_checkpoint_is_accused(folder: &Path) {
    let log = fs::read_to_string(folder.join("demo/watcher.log")).expect("the watcher's log");
    let said = log.lines().map(serde_json::from_str::<Value>);
    let said: Vec<Value> = said.filter_map(Result::ok).collect();
    let of = |event: &str| said.iter().filter(|row| row["event"] == event).count();
    assert_eq!(of("broken"), 0, "{said:#?}");
    println!("{} checkpoints are sound", of("sound"));
    assert!(of("sound") >= 10, "{said:#?}");
}

/// The last row is the time of the whole run, which is no less than that of its steps.
fn takes_the_time_of_its_steps(rows: &[Value]) {
    let last = rows.last().expect("rows");
    assert_eq!(
        (&last["name"], &last["unit"]),
        (&"total_time".into(), &"s".into())
    );
    let steps: f64 = rows.iter().filter_map(|row| row["seconds"].as_f64()).sum();
    let total = last["value"].as_f64().expect("a number");
    assert!(total >= steps - 0.1 && steps > 0.0, "{total} {steps}");
}

#[test]
fn the_court_and_the_steps_of_stake_before_it_pass_alone_with_the_network_that_they_need() {
    passes_alone("court", &[1, 2, 9, 10, 11, 12, 13, 14, 15, 16, 17]);
}

#[test]
fn the_steps_of_stake_pass_alone_with_the_network_that_they_need() {
    passes_alone("stake", &[1, 2, 9, 10, 11, 12, 13, 16]);
}

/// Makes the steps of one part of the demo: these, and all of them succeed.
fn passes_alone(part: &str, expected: &[u64]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let rows = shown_in(folder.path(), &["--only".as_ref(), part.as_ref()]);
    let steps = rows.iter().filter(|row| row["step"].is_u64());
    let made: Vec<(u64, bool)> = steps
        .map(|row| (row["step"].as_u64().unwrap_or(0), row["ok"] == true))
        .collect();
    let expected: Vec<(u64, bool)> = expected.iter().map(|step| (*step, true)).collect();
    assert_eq!(made, expected, "{rows:#?}");
    takes_the_time_of_its_steps(&rows);
}

/// Checks again what a run has seen.
fn replayed(seen: &Path, story: &[&str], sabotage: Option<&str>) -> Output {
    let mut command = plasmid();
    command.args(["demo", "--json"]).args(story);
    command.arg("--replay").arg(seen);
    if let Some(name) = sabotage {
        command.args(["--sabotage", name]);
    }
    command.output().expect("the replay runs")
}

/// A step that did nothing, or half of it, is not shown as done: without what one part of the run saw, its own step fails.
fn nothing_seen_is_nothing_shown(seen: &Path) {
    let text = fs::read(seen).expect("what was seen");
    let whole: Map<String, Value> = serde_json::from_slice(&text).expect("JSON");
    let parts = [
        ("root", 1),
        ("validators", 2),
        ("deposits", 3),
        ("transfers", 4),
        ("checkpoint", 5),
        ("withdrawal", 6),
        ("forced", 7),
        ("crashes", 8),
        ("delegation", 9),
        ("newcomer", 10),
        ("earned", 11),
        ("jailed", 12),
        ("double_vote", 13),
        ("undelegation", 16),
        ("collusion", 14),
        ("judged", 15),
        ("accounts", 18),
    ];
    let named: Vec<_> = parts.iter().map(|(part, _)| *part).collect();
    let found: Vec<_> = whole.keys().map(String::as_str).collect();
    assert_eq!(BTreeSet::from_iter(found), BTreeSet::from_iter(named));
    for (part, step) in parts {
        let mut less = whole.clone();
        less[part] = Value::Null;
        let path = seen.with_file_name("less.json");
        fs::write(&path, serde_json::to_vec(&less).expect("JSON")).expect("a file");
        let output = replayed(&path, &[], None);
        let rows = lines(&output.stdout);
        let failed = rows.iter().find(|row| row["ok"] == false);
        let failed = failed.unwrap_or_else(|| panic!("{part} may be missing"));
        assert_eq!(failed["step"], step, "{part}: {failed}");
    }
}

/// A demo that runs. It ends with its test, which prints what the demo said when it fails.
struct Running {
    demo: Child,
    rows: BufReader<ChildStdout>,
    folder: PathBuf,
    /// Its standard error.
    said: PathBuf,
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Err(error) = self.demo.kill() {
            eprintln!("the demo is not killed: {error}");
        }
        if let Err(error) = self.demo.wait() {
            eprintln!("the demo has not ended: {error}");
        }
        if std::thread::panicking() {
            let said = fs::read(&self.said).unwrap_or_default();
            eprintln!("the demo said:\n{}", String::from_utf8_lossy(&said));
        }
    }
}

impl Running {
    /// Starts a demo below `base` and waits until it has printed its row of `step`.
    fn until(base: &Path, step: u64) -> Self {
        let (folder, said) = (base.join("demo"), base.join("said"));
        let mut demo = plasmid()
            .args(["demo", "--json", "--block-time-ms"])
            .arg(plasmid_tests::fast_block_time())
            .arg("--dir")
            .arg(&folder)
            .stdout(Stdio::piped())
            .stderr(File::create(&said).expect("a file"))
            .spawn()
            .expect("the demo starts");
        let mut running = Self {
            rows: BufReader::new(demo.stdout.take().expect("standard output")),
            demo,
            folder,
            said,
        };
        let mut lines = running.rows.by_ref().lines().map_while(Result::ok);
        let made = lines.find_map(|line| {
            let row: Value = serde_json::from_str(&line).expect("a row");
            (row["step"] == step).then_some(row)
        });
        let row = made.unwrap_or_else(|| panic!("the demo ended before step {step}"));
        assert_eq!(row["ok"], true, "{row}");
        running
    }

    /// Waits for its end; it must have failed and left no process behind.
    fn ends_and_leaves_nothing(mut self) {
        let mut text = String::new();
        self.rows.read_to_string(&mut text).expect("text");
        assert!(!self.demo.wait().expect("it ends").success(), "{text}");
        assert_eq!(
            plasmid_tests::processes(&self.folder),
            Vec::<i32>::new(),
            "processes are left: {text}"
        );
        let kept = fs::read_dir(&self.folder).expect("the folder");
        assert!(kept.count() > 0, "the logs are kept");
    }
}

#[test]
fn an_interrupted_demo_stops_every_process() {
    let base = tempfile::tempdir().expect("a temporary folder");
    let running = Running::until(base.path(), 2);
    let pid = i32::try_from(running.demo.id()).expect("a process id");
    assert!(
        plasmid_tests::processes(&running.folder).len() > 8,
        "four nodes, four engines, anvil"
    );
    assert_eq!(plasmid_tests::signal(pid, libc::SIGINT), 0);
    running.ends_and_leaves_nothing();
}

#[test]
fn a_demo_whose_root_chain_dies_fails_and_stops_every_process() {
    let base = tempfile::tempdir().expect("a temporary folder");
    let running = Running::until(base.path(), 2);
    let anvil = plasmid_tests::processes(&running.folder)
        .into_iter()
        .find(|pid| {
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let name = line.split(|byte| *byte == 0).next().unwrap_or_default();
            String::from_utf8_lossy(name).ends_with("anvil")
        })
        .expect("anvil runs");
    assert_eq!(plasmid_tests::signal(anvil, libc::SIGKILL), 0);
    running.ends_and_leaves_nothing();
}
