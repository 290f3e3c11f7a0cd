//! The state before block 1, from the network's genesis.json. Whoever reads it compares its root with the one that root's contracts have.

use std::{
    fs::File,
    io::{BufReader, Read},
    path::Path,
};

use crate::{
    chain::{genesis::file, tree::Tree},
    plain,
};

/// The largest genesis file that is read, in bytes.
const MAX_GENESIS: u64 = 64 << 20;

/// Reads the file, and computes again all that it says of itself.
///
/// # Errors
/// What is wrong with it.
pub fn read(path: &Path) -> Result<Tree, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let file: file::File = serde_json::from_reader(BufReader::new(file.take(MAX_GENESIS)))
        .map_err(|error| plain::without_quoted(&error.to_string()))?;
    let loaded = file.load().map_err(|error| error.to_string())?;
    Ok(loaded.built.tree)
}
