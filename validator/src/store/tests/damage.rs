//! Damage: flipped and truncated files of sled, altered and lost values. Each is a typed error that names the folder and the
//! remedy, or an older height with the right root.

use super::*;
use crate::store::keys::{self, Table};
use std::path::{Path, PathBuf};

/// What came of opening a damaged store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Refused,
    Older,
    Unharmed,
}

fn check(seed: u64, last: u64, opened: Result<Option<Loaded>, StoreError>) -> Outcome {
    match opened {
        Err(error) => {
            let text = error.to_string();
            assert!(
                matches!(
                    error,
                    StoreError::Damaged { .. } | StoreError::UnknownVersion { .. }
                ),
                "{text}"
            );
            assert!(text.contains("remove"), "{text}");
            Outcome::Refused
        }
        Ok(None) => Outcome::Older,
        Ok(Some(loaded)) => {
            agrees(seed, &loaded, 0);
            match loaded.height() == last {
                true => Outcome::Unharmed,
                false => Outcome::Older,
            }
        }
    }
}

#[test]
fn every_altered_or_lost_value_is_refused_or_ends_the_records() {
    let seed = seed("values");
    let rng = &mut ChaCha20Rng::seed_from_u64(seed);
    let memory = Memory::new();
    let (books, _) = Books::open(memory.clone(), identity(), Pace::Commit).unwrap();
    grow(seed, &books, None, 90);
    drop(books);
    let mut entries = Vec::new();
    for table in Table::ALL {
        let visit = &mut |key: &[u8], value: &[u8]| {
            entries.push((table, key.to_vec(), value.to_vec()));
            Ok(())
        };
        memory.scan(table, &[], &[0xff; 40], visit).unwrap();
    }
    let mut outcomes = std::collections::BTreeMap::new();
    for (damaged, _, _) in &entries {
        // Not read at opening, or rightly gone: asked for one by one.
        if matches!(
            damaged,
            Table::Transaction | Table::Share | Table::Checkpoint
        ) {
            continue;
        }
        let place = rng.random_range(0..entries.len());
        let lost = rng.random_ratio(1, 3);
        let (table, key, value) = &entries[place];
        let copy = Memory::new();
        for (at, (table, key, value)) in entries.iter().enumerate() {
            let mut value = value.clone();
            if at == place {
                match rng.random_range(0..2) {
                    _ if lost => continue,
                    0 => value.truncate(rng.random_range(0..value.len())),
                    _ => {
                        let byte = rng.random_range(0..value.len());
                        value[byte] ^= 1 << rng.random_range(0..8);
                    }
                }
            }
            copy.write(*table, vec![(key.clone(), Some(value))])
                .unwrap();
        }
        let opened = Books::open(copy, identity(), Pace::Commit);
        let opened = opened.map(|(books, loaded)| {
            // What is read later is refused then.
            if let Ok(Some(block)) = books.block(3) {
                assert_eq!(block.height, 3);
            }
            loaded
        });
        let outcome = check(seed, 90, opened);
        // A page that is gone does no harm when records have all of its leaves newer.
        if *table == Table::Page && !lost || *table == Table::Meta && key[0] < 2 {
            assert_eq!(
                outcome,
                Outcome::Refused,
                "{table:?} {key:?} {}",
                value.len()
            );
        }
        *outcomes.entry((table.name(), outcome)).or_insert(0) += 1;
    }
    println!("{outcomes:?}");
}

#[test]
fn a_value_that_turns_up_under_another_key_is_refused() {
    let seed = seed("moved");
    let memory = Memory::new();
    let (books, _) = Books::open(memory.clone(), identity(), Pace::Commit).unwrap();
    grow(seed, &books, None, 90);
    let page = memory.get(Table::Page, &keys::page(0)).unwrap();
    memory
        .write(Table::Page, vec![(keys::page(1).to_vec(), page)])
        .unwrap();
    let block = memory.get(Table::Block, &keys::block(7)).unwrap();
    memory
        .write(Table::Block, vec![(keys::block(8).to_vec(), block)])
        .unwrap();
    assert!(matches!(books.block(8), Err(StoreError::Damaged { .. })));
    drop(books);
    let opened = Books::open(memory, identity(), Pace::Commit);
    assert!(matches!(opened, Err(StoreError::Damaged { .. })));
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found.sort();
    found
}

fn copy(from: &Path, to: &Path) {
    for file in files(from) {
        let target = to.join(file.strip_prefix(from).unwrap());
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(file, target).unwrap();
    }
}

/// Damages one place of one file; says what.
fn damage(rng: &mut ChaCha20Rng, folder: &Path) -> String {
    let files: Vec<PathBuf> = files(folder)
        .into_iter()
        .filter(|file| std::fs::metadata(file).unwrap().len() > 0)
        .collect();
    // The log holds nearly all bytes: weigh by size half of the time.
    let sizes: Vec<u64> = files
        .iter()
        .map(|file| std::fs::metadata(file).unwrap().len())
        .collect();
    let largest = (0..files.len()).max_by_key(|at| sizes[*at]).unwrap();
    let file = match rng.random_ratio(1, 2) {
        true => &files[largest],
        false => &files[rng.random_range(0..files.len())],
    };
    let mut bytes = std::fs::read(file).unwrap();
    // Long runs of zeros are room not used yet; hit what was written.
    let used = bytes
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(1, |at| at + 1);
    let place = rng.random_range(0..used);
    let what = match rng.random_range(0..4) {
        0 => {
            bytes.truncate(place);
            format!("truncated at {place}")
        }
        1 => {
            let end = (place + rng.random_range(1..5_000)).min(bytes.len());
            bytes[place..end].fill(0);
            format!("zeroed {place} to {end}")
        }
        _ => {
            bytes[place] ^= 1 << rng.random_range(0..8);
            format!("flipped at {place}")
        }
    };
    std::fs::write(file, bytes).unwrap();
    format!("{} {what}", file.file_name().unwrap().display())
}

const CASES: usize = 500;
const FOLDER: &str = "PLASMID_TEST_STORE_DAMAGE";

/// As the child of the test below, it opens one damaged store after the other, so that an abort or a wait without end would be
/// seen from outside; by itself, it opens one that nobody damaged.
#[test]
fn a_store_is_opened_by_another_process() {
    let Ok(folder) = std::env::var(FOLDER) else {
        let (seed, base) = (seed("files"), tempfile::tempdir().unwrap());
        let (books, _) = open(base.path(), identity()).unwrap();
        grow(seed, &books, None, 9);
        drop(books);
        let opened = open(base.path(), identity()).map(|(_, loaded)| loaded);
        return assert_eq!(check(seed, 9, opened), Outcome::Unharmed);
    };
    let base = PathBuf::from(folder);
    let seed: u64 = std::env::var("PLASMID_SEED").unwrap().parse().unwrap();
    let last: u64 = std::fs::read_to_string(base.join("last"))
        .unwrap()
        .parse()
        .unwrap();
    for line in std::io::stdin().lines() {
        let folder = base.join(line.unwrap());
        let opened = open(&folder, identity()).map(|(_, loaded)| loaded);
        if let Err(error) = &opened {
            assert!(error.to_string().contains(&folder.display().to_string()));
        }
        println!("\noutcome {:?}", check(seed, last, opened));
    }
}

#[test]
fn a_store_that_is_open_is_not_opened_again() {
    let base = tempfile::tempdir().unwrap();
    let (books, _) = open(base.path(), identity()).unwrap();
    let folder = base.path().display().to_string();
    let refused = StoreError::InUse { folder };
    assert_eq!(open(base.path(), identity()).err(), Some(refused));
    drop(books);
    assert!(open(base.path(), identity()).is_ok());
}

#[test]
fn damage_at_500_places_of_the_files_is_refused_or_an_older_height() {
    use std::io::{BufRead, BufReader, Write as _};
    use std::process::{Command, Stdio};
    let seed = seed("files");
    let rng = &mut ChaCha20Rng::seed_from_u64(seed);
    let base = tempfile::tempdir().unwrap();
    let whole = base.path().join("whole");
    let last = 150;
    let (books, _) = open(&whole, identity()).unwrap();
    grow(seed, &books, None, last);
    books.flush().unwrap();
    drop(books);
    std::fs::write(base.path().join("last"), last.to_string()).unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "store::tests::damage::a_store_is_opened_by_another_process",
        ])
        .args(["--nocapture", "--test-threads=1"])
        .env(FOLDER, base.path())
        .env("PLASMID_SEED", seed.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut ask = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut outcomes = std::collections::BTreeMap::new();
    for case in 0..CASES {
        let name = format!("case{case}");
        let folder = base.path().join(&name);
        copy(&whole, &folder);
        let what = damage(rng, &folder);
        writeln!(ask, "{name}").unwrap();
        let outcome = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("outcome ").map(str::to_owned));
        let outcome = outcome.unwrap_or_else(|| panic!("case {case} killed the process: {what}"));
        *outcomes.entry(outcome).or_insert(0usize) += 1;
        std::fs::remove_dir_all(folder).unwrap();
    }
    drop(ask);
    assert!(child.wait().unwrap().success());
    println!("{outcomes:?}");
    // Damage that does no harm hit what sled rewrites or no longer reads; were it most of it, this test would look at nothing.
    let count = |name: &str| outcomes.get(name).copied().unwrap_or(0);
    assert_eq!(count("Refused") + count("Older") + count("Unharmed"), CASES);
    assert!(count("Refused") >= CASES / 10, "{outcomes:?}");
    assert!(count("Unharmed") <= CASES * 3 / 4, "{outcomes:?}");
}
