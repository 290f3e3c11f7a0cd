//! Children that end, hang, hide and are orphaned.

use super::*;

/// Names the log of a parent that is to be killed, in the process that plays it.
const PARENT: &str = "PLASMID_TEST_PARENT";

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

fn alive(pid: &str) -> bool {
    // A zombie is dead: it waits for init to reap it.
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

async fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..2_000 {
        if holds() {
            return;
        }
        sleep(Duration::from_millis(5)).await;
    }
    panic!("{what} did not come to hold");
}

#[tokio::test]
async fn a_child_that_ends_by_itself_is_reported_with_the_end_of_its_log() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let script = "echo first; echo the reason >&2; exit 3";
    let mut child = Child::spawn("a tool", shell(script), &log).unwrap();
    let error = child
        .ready(Duration::from_secs(20), || async { Err::<(), _>("no") })
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, ProcessError::Exited { .. }));
    assert!(text.contains("a tool") && text.contains("the reason") && text.contains('3'));
}

#[tokio::test]
async fn a_child_that_never_answers_is_not_ready_and_one_that_ignores_sigterm_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let script = "trap '' TERM; echo up; while :; do sleep 0.05; done";
    let mut child = Child::spawn("deaf", shell(script), &log).unwrap();
    wait_until("the trap", || tail(&log).contains("up")).await;
    let error = child
        .ready(Duration::from_millis(100), || async {
            Err::<(), _>("connection refused")
        })
        .await
        .unwrap_err();
    assert!(matches!(error, ProcessError::NotReady { .. }));
    assert!(error.to_string().contains("connection refused"));
    let status = child.stop(Duration::from_millis(100)).await.unwrap();
    assert!(!status.success());
    assert!(!alive(&child.pid().to_string()));
    // Stopping again is no error.
    child.stop(Duration::ZERO).await.unwrap();
}

#[tokio::test]
async fn a_dropped_child_takes_its_own_children_along() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let child = Child::spawn("parent", shell("sleep 600 & echo $!; wait"), &log).unwrap();
    wait_until("the grandchild", || tail(&log).ends_with('\n')).await;
    let grandchild = tail(&log).trim().to_owned();
    assert!(alive(&grandchild));
    drop(child);
    wait_until("the end", || !alive(&grandchild)).await;
}

#[tokio::test]
async fn a_child_outlives_the_thread_that_asked_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let spawn = move || Child::spawn("sleeper", shell("sleep 600"), &log).unwrap();
    let mut child = std::thread::spawn(spawn).join().unwrap();
    sleep(Duration::from_millis(200)).await;
    child.check().unwrap();
    child.kill().unwrap();
}

#[test]
fn a_program_that_does_not_exist_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let command = Command::new("/no/such/program");
    let error = Child::spawn("ghost", command, &folder.path().join("log")).unwrap_err();
    assert!(error.to_string().contains("/no/such/program"));
}

#[tokio::test]
async fn a_child_dies_when_we_are_killed() {
    // This test runs itself as the parent that is killed.
    if let Some(log) = std::env::var_os(PARENT) {
        let script = "echo $$; while :; do sleep 0.05; done";
        let _child = Child::spawn("child", shell(script), Path::new(&log)).unwrap();
        sleep(Duration::from_secs(600)).await;
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let mut parent = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "localnet::process::tests::a_child_dies_when_we_are_killed",
        ])
        .env(PARENT, &log)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    wait_until("the child", || tail(&log).ends_with('\n')).await;
    let child = tail(&log).trim().to_owned();
    assert!(alive(&child));
    parent.kill().unwrap();
    parent.wait().unwrap();
    wait_until("the child's end", || !alive(&child)).await;
}
