//! Installation against fake installers: found, refused, broken, partial and concurrent.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::install::version;
use super::*;

const FILES: [(&str, &str); 2] = [("pin", "one"), ("lock", "two")];
const PRODUCT: &str = "bin/tool";

fn shell(folder: &Path, script: &str) -> Result<(), InstallError> {
    let mut command = Command::new("sh");
    command.current_dir(folder).args(["-c", script]);
    report("a tool", command)
}

fn ensure(tools: &Tools, script: &str) -> Result<PathBuf, InstallError> {
    tools.ensure("tool", &FILES, &[Path::new(PRODUCT)], |folder| {
        shell(folder, script)
    })
}

const GOOD: &str = "test \"$(cat pin lock)\" = onetwo && mkdir bin && echo made > bin/tool";

fn tools() -> (tempfile::TempDir, Tools) {
    let folder = tempfile::tempdir().unwrap();
    let tools = Tools::new(Some(folder.path().join("tools")));
    (folder, tools)
}

#[test]
fn a_second_run_installs_nothing_and_another_pin_does() {
    let (_folder, tools) = tools();
    let first = ensure(&tools, GOOD).unwrap();
    assert!(first.join(PRODUCT).is_file());
    assert_eq!(ensure(&tools, "exit 1").unwrap(), first);

    let other = [("pin", "one"), ("lock", "three")];
    let install = |folder: &Path| shell(folder, "mkdir bin && echo other > bin/tool");
    let second = tools.ensure("tool", &other, &[Path::new(PRODUCT)], install);
    assert_ne!(second.unwrap(), first);
    assert!(first.join(PRODUCT).is_file());
}

#[test]
fn a_failed_install_leaves_nothing_behind_and_its_error_shows_both_ends_of_the_output() {
    let (_folder, tools) = tools();
    let script = "mkdir bin; echo half > bin/tool; seq 100; echo no network >&2; exit 7";
    let error = ensure(&tools, script).unwrap_err().to_string();
    assert!(error.contains("no network") && error.contains("exit status: 7"));
    assert!(error.contains("\n1\n") && error.contains("\n100\n") && !error.contains("\n50\n"));
    let error = ensure(&tools, "true").unwrap_err();
    assert!(matches!(error, InstallError::Missing(path) if path == Path::new(PRODUCT)));
    let folder = ensure(&tools, GOOD).unwrap();
    assert_eq!(fs::read_to_string(folder.join(PRODUCT)).unwrap(), "made\n");
}

#[test]
fn a_damaged_installation_is_made_anew() {
    let (_folder, tools) = tools();
    let folder = ensure(&tools, GOOD).unwrap();
    fs::remove_file(folder.join(PRODUCT)).unwrap();
    assert_eq!(ensure(&tools, GOOD).unwrap(), folder);
    assert!(folder.join(PRODUCT).is_file());
    fs::write(folder.join("stamp"), "something else").unwrap();
    ensure(&tools, GOOD).unwrap();
    assert_eq!(
        fs::read_to_string(folder.join("stamp")).unwrap(),
        stamp(&FILES)
    );
}

#[test]
fn concurrent_runs_install_once() {
    let (_folder, tools) = tools();
    let installs = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let product = [Path::new(PRODUCT)];
                let folder = tools.ensure("tool", &FILES, &product, |folder| {
                    installs.fetch_add(1, Ordering::SeqCst);
                    shell(folder, &format!("sleep 0.1; {GOOD}"))
                });
                assert!(folder.unwrap().join(PRODUCT).is_file());
            });
        }
    });
    assert_eq!(installs.load(Ordering::SeqCst), 1);
}

#[test]
fn a_missing_or_old_toolchain_is_named_with_what_to_install() {
    let missing = Toolchain {
        program: "no-such-program-anywhere",
        ..GO
    };
    let error = require(&missing).unwrap_err().to_string();
    assert!(error.contains("no-such-program-anywhere") && error.contains("https://go.dev"));
    let old = Toolchain {
        program: "echo",
        version: &["go version go1.20.3 linux/amd64"],
        ..GO
    };
    let error = require(&old).unwrap_err().to_string();
    assert!(error.contains("1.20.3") && error.contains("1.21"));
    let new = Toolchain {
        program: "echo",
        version: &["go version go1.26.8 linux/amd64"],
        ..GO
    };
    require(&new).unwrap();
}

#[test]
fn versions_are_found_in_what_toolchains_print() {
    assert_eq!(version("go version go1.26.8 linux/amd64"), Some((1, 26)));
    assert_eq!(version("v20.20.2"), Some((20, 20)));
    assert_eq!(version("11.19.1"), Some((11, 19)));
    assert_eq!(version("devel"), None);
}

#[test]
fn the_pinned_version_is_the_one_in_go_mod() {
    let line = format!("github.com/cometbft/cometbft v{COMETBFT_VERSION}\n");
    assert!(GO_FILES[0].1.contains(&line));
}
