//! SIGKILL at random moments: a child process writes heights and says which are durable; none of those may be lost.

use super::*;
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const ROUNDS: usize = 60;
const FOLDER: &str = "PLASMID_TEST_STORE_CHILD";
const SEED: &str = "PLASMID_TEST_STORE_SEED";

/// By itself, a process that ends well: what it wrote is there.
#[test]
fn child_writes_heights_until_it_is_killed() {
    if let (Ok(folder), Ok(seed)) = (std::env::var(FOLDER), std::env::var(SEED)) {
        return write_until(folder.as_ref(), seed.parse().unwrap(), u64::MAX);
    }
    let (seed, base) = (seed("child"), tempfile::tempdir().unwrap());
    write_until(base.path(), seed, 20);
    let (_, loaded) = open_free(base.path());
    let loaded = loaded.unwrap();
    assert_eq!(loaded.height(), 20);
    agrees(seed, &loaded, 0);
}

/// Opens a store once nobody holds its lock: another test's child has a copy of every open file between fork and exec, and so the lock of
/// a store that was closed meanwhile.
fn open_free(folder: &Path) -> (Books<Sled>, Option<Loaded>) {
    for _ in 0..3_000 {
        match open(folder, identity()) {
            Err(StoreError::InUse { .. }) => std::thread::sleep(Duration::from_millis(10)),
            opened => return opened.unwrap(),
        }
    }
    panic!("the store in {} stays in use", folder.display());
}

/// Goes on with the chain in `folder` up to a height, and says which heights are durable.
fn write_until(folder: &Path, seed: u64, last: u64) {
    let (books, loaded) = open_free(folder);
    let (mut tree, mut tip) = match loaded {
        Some(loaded) => (loaded.tree, Some(loaded.block)),
        None => (Tree::new(), None),
    };
    let mut told = None;
    while tip.as_ref().is_none_or(|block| block.height < last) {
        let record = step(seed, &mut tree, tip.as_ref());
        tip = Some(record.block);
        books.commit(Arc::new(record)).unwrap();
        layers::spill(&books, &mut tree).unwrap();
        let durable = books.durable_height();
        if durable != told {
            told = durable;
            let mut out = std::io::stdout().lock();
            writeln!(out, "durable {}", durable.unwrap()).unwrap();
            out.flush().unwrap();
        }
    }
}

/// Runs the child, kills it `wait` after its start, or after it called a first height durable; gives the last such height.
fn run_and_kill(folder: &Path, seed: u64, at_work: bool, wait: Duration) -> Option<u64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "store::tests::crash::child_writes_heights_until_it_is_killed",
        ])
        .args(["--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .env(SEED, seed.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut told = lines.map_while(Result::ok).filter_map(|line| {
        let height = line.strip_prefix("durable ")?;
        height.parse().ok()
    });
    let first = at_work.then(|| told.next().expect("the child ended by itself"));
    let rest = std::thread::spawn(move || told.last());
    std::thread::sleep(wait);
    assert!(
        child.try_wait().unwrap().is_none(),
        "the child ended by itself"
    );
    child.kill().unwrap();
    child.wait().unwrap();
    rest.join().unwrap().or(first)
}

#[test]
fn sigkill_at_random_moments_loses_nothing_that_was_called_durable() {
    let seed = seed("sigkill");
    let rng = &mut ChaCha20Rng::seed_from_u64(seed);
    let base = tempfile::tempdir().unwrap();
    let mut folder = base.path().join("0");
    let mut chain = Chain::new(seed, 0);
    let mut floor: Option<u64> = None;
    for round in 0..ROUNDS {
        // A chain that grew long is left behind, so that openings stay quick.
        if floor > Some(600) {
            folder = base.path().join(round.to_string());
            chain = Chain::new(seed, 0);
            floor = None;
        }
        let at_work = rng.random_ratio(2, 3);
        let wait = Duration::from_millis(rng.random_range(0..250));
        let told = run_and_kill(&folder, seed, at_work, wait);
        floor = floor.max(told);
        let (books, loaded) = open_free(&folder);
        let found = loaded.as_ref().map(Loaded::height);
        println!("round {round}: told {told:?}, found {found:?}");
        assert!(
            found >= floor,
            "round {round}: {floor:?} was durable, {found:?} is there"
        );
        assert_eq!(books.durable_height(), found);
        if let Some(loaded) = loaded {
            assert_eq!(loaded.warning, None);
            chain.advance(loaded.height());
            chain.agrees(&loaded, 0);
            layers::agrees_on_disk(&books, &loaded.tree, &chain.tree);
        }
        floor = found;
    }
}
