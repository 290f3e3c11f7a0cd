//! The state of a stopped node as a file, and such a file as the store of a node that has none.
//!
//! ```text
//! store ─▶ one state, leaf by leaf ─▶ FILE.new ─▶ FILE
//! FILE ─▶ a tree whose root is the stated one ─▶ data/store.import ─▶ opened again as a start opens it ─▶ data/store
//! ```
//! An import that fails leaves the folder as it was: what is written stands aside until it is whole.

use std::{
    fs::{self, File},
    io::{self, BufReader, BufWriter},
    path::{Path, PathBuf},
};

use plasmid_bridge::client::whole;

use super::config::{ConfigError, Home};
use crate::{
    app::{identity, reads::snapshots::is_accepted},
    chain::{genesis::file::Loaded as Genesis, tree::Tree},
    store::{
        self, Sled, StoreError,
        image::{self, Gone, Heading, ImageError},
    },
};

/// Bytes that are read or written at once.
const BUFFER: usize = 1 << 20;

/// Why nothing was exported or imported.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the sentence of each says what it is")]
pub enum StateFileError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Gone(#[from] Gone),
    /// The file says what cannot be.
    #[error("{path}: {source}; nothing was imported")]
    Image {
        path: PathBuf,
        source: Box<ImageError>,
    },
    /// It is another chain's.
    #[error(
        "{path} is of {found}, and this folder's genesis.json is of {own}: it is another chain's; nothing was imported"
    )]
    OtherChain {
        path: PathBuf,
        found: Box<store::Identity>,
        own: Box<store::Identity>,
    },
    /// It was written with other parameters than the genesis has.
    #[error("the parameters in {0} are others than those of genesis.json; nothing was imported")]
    OtherParameters(PathBuf),
    /// There is nothing to export.
    #[error("the store in {0} is empty: the node has never run")]
    Empty(PathBuf),
    /// There is a store already.
    #[error(
        "{0} exists: a state is imported into a folder whose store is gone or was never made; if that store is of no use, move it away first"
    )]
    Exists(PathBuf),
    /// What was written is not what was read.
    #[error(
        "the store in {0} does not open with the state that was written to it: report this; nothing was imported"
    )]
    Unlike(PathBuf),
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: io::Error },
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> StateFileError {
    let path = path.to_owned();
    |source| StateFileError::Io { path, source }
}

/// What was written to a file.
#[derive(Debug)]
pub struct Exported {
    /// What stands before the leaves.
    pub header: Heading,
    /// How many leaves.
    pub leaves: u32,
    /// Whether root has accepted the checkpoint of its last epoch, as the newest state of the store knows. A store that is made from the file
    /// signs no epoch in it.
    pub is_accepted: bool,
}

/// Writes the state of a stopped node at the end of an epoch to a new file; of the last one that has ended, where none is named.
///
/// # Errors
/// [`StateFileError`]: a running node, a state that is not kept, a file that exists.
pub fn export(home: &Home, epoch: Option<u64>, to: &Path) -> Result<Exported, StateFileError> {
    let genesis = home.read_genesis()?;
    let path = home.store_path();
    if is_missing(&path).map_err(at(&path))? {
        return Err(StateFileError::Empty(path));
    }
    let (books, loaded) = store::open(&path, identity(&genesis))?;
    let loaded = loaded.ok_or(StateFileError::Empty(path))?;
    let whose = (identity(&genesis), genesis.genesis.parameters);
    let (header, leaves) = image::gather(&books, &loaded, whose, epoch)?;
    whole::create_with(to, whole::PRIVATE, |file| {
        image::write(BufWriter::with_capacity(BUFFER, file), &header, &leaves)
    })
    .map_err(at(to))?;
    Ok(Exported {
        leaves: leaves.count(),
        is_accepted: is_accepted(
            &loaded.tree,
            header.ended().saturating_sub(1),
            header.parameters.ring,
        ),
        header,
    })
}

/// Reads a file that is to be imported into this folder: all of it, so that what comes back is whole and of this chain.
///
/// # Errors
/// [`StateFileError`] with what is wrong in it.
pub fn read(genesis: &Genesis, from: &Path) -> Result<(Heading, Tree), StateFileError> {
    let file = File::open(from).map_err(at(from))?;
    let read = image::read(BufReader::with_capacity(BUFFER, file));
    let (header, tree) = read.map_err(|source| StateFileError::Image {
        path: from.to_owned(),
        source: Box::new(source),
    })?;
    let own = identity(genesis);
    if header.identity != own {
        return Err(StateFileError::OtherChain {
            path: from.to_owned(),
            found: Box::new(header.identity),
            own: Box::new(own),
        });
    }
    if header.parameters != genesis.genesis.parameters {
        return Err(StateFileError::OtherParameters(from.to_owned()));
    }
    Ok((header, tree))
}

/// Makes the store of a folder that has none from what was read.
///
/// # Errors
/// [`StateFileError`]; the folder is as it was then.
pub fn import(home: &Home, header: &Heading, tree: Tree) -> Result<(), StateFileError> {
    refuse_store(home)?;
    // An empty folder makes way, one that got something in the meantime does not.
    put(home, header, tree, |store| fs::remove_dir(store))
}

/// Makes the store of a folder whose store has nothing, or nothing but another state that came from elsewhere: that one is gone then. The store is closed. At no moment
/// does half a store stand in its place.
///
/// # Errors
/// [`StateFileError`]; the folder is as it was then, or has no store.
pub fn take_over(home: &Home, header: &Heading, tree: Tree) -> Result<(), StateFileError> {
    remove_old(home)?;
    put(home, header, tree, |store| fs::rename(store, old(home)))?;
    remove_old(home)
}

/// Removes what a state that was taken over has left of the one before.
///
/// # Errors
/// Why it cannot be removed.
pub fn remove_old(home: &Home) -> Result<(), StateFileError> {
    remove(&old(home))
}

/// Writes a state beside the store, and puts it in its place once it is whole and `make_way` has cleared that of what is there.
fn put(
    home: &Home,
    header: &Heading,
    tree: Tree,
    make_way: impl FnOnce(&Path) -> io::Result<()>,
) -> Result<(), StateFileError> {
    let (store, aside) = (home.store_path(), aside(home));
    let done = put_aside(&aside, header, tree).and_then(|()| match make_way(&store) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at(&store)(error)),
        _ => fs::rename(&aside, &store).map_err(at(&store)),
    });
    if done.is_err() {
        // What is left of it is removed by the next import.
        let _ = fs::remove_dir_all(&aside);
    }
    done?;
    whole::settle(&store).map_err(at(&store))
}

/// That there is no store yet, or an empty folder for it.
///
/// # Errors
/// [`StateFileError::Exists`].
pub fn refuse_store(home: &Home) -> Result<(), StateFileError> {
    let path = home.store_path();
    match is_missing(&path).map_err(at(&path))? {
        true => Ok(()),
        false => Err(StateFileError::Exists(path)),
    }
}

fn aside(home: &Home) -> PathBuf {
    home.store_path().with_extension("import")
}

fn old(home: &Home) -> PathBuf {
    home.store_path().with_extension("old")
}

fn remove(folder: &Path) -> Result<(), StateFileError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at(folder)(error)),
        _ => Ok(()),
    }
}

fn put_aside(aside: &Path, header: &Heading, tree: Tree) -> Result<(), StateFileError> {
    remove(aside)?;
    whole::make_folder(aside).map_err(at(aside))?;
    image::put(Sled::open(aside)?, header, &tree)?;
    drop(tree);
    let (_, loaded) = store::reopen(aside, header.identity)?;
    // Its root was compared with the commitment when it was opened.
    match loaded {
        Some(loaded) if loaded.block == header.block => Ok(()),
        _ => Err(StateFileError::Unlike(aside.to_owned())),
    }
}

fn is_missing(path: &Path) -> io::Result<bool> {
    match fs::read_dir(path) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}
