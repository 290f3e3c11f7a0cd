//! What the processes of a local network use: memory, processor time and disk, read from `/proc` and from the folder.

use std::{
    collections::BTreeMap,
    fs, io,
    os::unix::fs::MetadataExt,
    path::Path,
    time::{Duration, Instant},
};

/// Linux shows times of processes in hundredths of a second.
const TICKS_PER_SEC: u64 = 100;
/// Blocks of a file are counted in this unit, whatever the file system's own is.
const DISK_BLOCK_BYTES: u64 = 512;

/// What one process used until now.
#[derive(Clone, Copy, Debug)]
pub struct Process {
    /// Resident memory.
    pub memory_bytes: u64,
    /// Processor time since it started.
    pub processor: Duration,
}

/// All processes of a network at one moment, by name.
#[derive(Clone, Debug)]
pub struct Sample {
    /// When.
    pub at: Instant,
    /// Each process.
    pub processes: BTreeMap<String, Process>,
    /// What the folder takes on disk.
    pub disk_bytes: u64,
}

/// Looks at every process whose command line names `folder`, and at the one that started them.
///
/// # Errors
/// What of `/proc` or the folder cannot be read.
pub fn sample(folder: &Path) -> io::Result<Sample> {
    let folder = fs::canonicalize(folder)?;
    let mut processes = BTreeMap::new();
    let mut parents = BTreeMap::new();
    for entry in fs::read_dir("/proc")?.flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<u32>().ok())
        else {
            continue;
        };
        // A process may end between any two of these reads.
        if let Some((name, parent, process)) = child(pid, &folder) {
            processes.insert(name, process);
            *parents.entry(parent).or_insert(0_u32) += 1;
        }
    }
    let supervisor = parents.into_iter().max_by_key(|(_, children)| *children);
    if let Some((process, _)) = supervisor.and_then(|(pid, _)| look(pid)) {
        processes.insert("localnet".to_owned(), process);
    }
    Ok(Sample {
        at: Instant::now(),
        processes,
        disk_bytes: disk(&folder)?,
    })
}

/// Name, parent and use of a process that works in `folder`; `None` when it is another one.
fn child(pid: u32, folder: &Path) -> Option<(String, u32, Process)> {
    let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let line = String::from_utf8_lossy(&line).into_owned();
    let words: Vec<&str> = line.split('\0').collect();
    // Its words may name the folder from where it runs.
    let place = fs::read_link(format!("/proc/{pid}/cwd")).ok()?;
    let below = words.iter().find_map(|word| {
        let path = place.join(word);
        let first = path.strip_prefix(folder).ok()?.components().next()?;
        Some(first.as_os_str().to_string_lossy().into_owned())
    })?;
    let program = Path::new(words.first()?).file_name()?.to_string_lossy();
    let name = match (program.as_ref(), words.get(1).copied()) {
        ("anvil", _) => "anvil".to_owned(),
        ("cometbft", _) => format!("cometbft {below}"),
        (_, Some("start")) => format!("plasmid {below}"),
        (_, Some("relay")) => "relayer".to_owned(),
        (_, Some("watch")) => "watcher".to_owned(),
        _ => return None,
    };
    let (process, parent) = look(pid)?;
    Some((name, parent, process))
}

/// What a process used, and its parent.
fn look(pid: u32) -> Option<(Process, u32)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything; the fields behind it are numbers.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |place: usize| fields.get(place)?.parse::<u64>().ok();
    let ticks = number(11)?.saturating_add(number(12)?);
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let resident = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = resident.trim().strip_suffix("kB")?.trim().parse().ok()?;
    let process = Process {
        memory_bytes: kib.saturating_mul(1_024),
        processor: Duration::from_millis(ticks.saturating_mul(1_000 / TICKS_PER_SEC)),
    };
    Some((process, u32::try_from(number(1)?).ok()?))
}

/// What a folder takes on disk; files that go meanwhile count nothing.
fn disk(folder: &Path) -> io::Result<u64> {
    let mut total = 0u64;
    let mut open = vec![folder.to_owned()];
    while let Some(path) = open.pop() {
        let Ok(metadata) = fs::symlink_metadata(&path) else {
            continue;
        };
        total = total.saturating_add(metadata.blocks().saturating_mul(DISK_BLOCK_BYTES));
        if metadata.is_dir()
            && let Ok(entries) = fs::read_dir(&path)
        {
            open.extend(entries.flatten().map(|entry| entry.path()));
        }
    }
    Ok(total)
}
