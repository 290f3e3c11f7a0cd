//! The pinned CometBFT, built from Go's committed sums into the project's own folder: `plasmid init join` installs the engine
//! that an operator runs beside the node. What only a local network needs is installed the same way by `localnet::tools`.
//!
//! ```text
//! .plasmid/tools/<name>-<hash of its files>/{products, stamp}      one folder for each pin, renamed into place whole
//! .plasmid/tools/<name>.lock                                       one installer at a time
//! ```
//!
//! The files that pin them are in this binary, so that it works from anywhere. A second run finds the folder and its stamp.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use plasmid_bridge::client::whole;
use sha2::{Digest, Sha256};

use crate::engine::version::COMETBFT_VERSION;

mod install;

pub use install::{InstallError, report};
pub(crate) use install::{Toolchain, require};

const GO_FILES: [(&str, &str); 3] = [
    ("go.mod", include_str!("../../cometbft/go.mod")),
    ("go.sum", include_str!("../../cometbft/go.sum")),
    ("tools.go", include_str!("../../cometbft/tools.go")),
];

const GO: Toolchain = Toolchain {
    program: "go",
    version: &["version"],
    min_version: (1, 21),
    purpose: "CometBFT and programs of the tests are built from source",
    install: "install Go 1.24 or later: https://go.dev/doc/install",
};

/// A program that Go builds from files with committed sums.
#[derive(Clone, Copy, Debug)]
pub struct GoProgram<'a> {
    /// The name of its folder and of its binary.
    pub name: &'a str,
    /// What a person is told that it is.
    pub shown: &'a str,
    /// Every file that it is built from, besides the modules that these pin.
    pub files: &'a [(&'a str, &'a str)],
    /// The package that is built, as `go build` takes it.
    pub package: &'a str,
    /// Go's build tags, separated by commas. They are kept in a file `tags` beside the others, so that other tags are another pin.
    pub tags: Option<&'a str>,
}

/// The folder that tools are installed in.
#[derive(Clone, Debug)]
pub struct Tools {
    folder: PathBuf,
}

impl Tools {
    /// Tools in `folder`, or in the project's own `.plasmid/tools`.
    #[must_use]
    pub fn new(folder: Option<PathBuf>) -> Self {
        Self {
            folder: folder.unwrap_or_else(|| project().join(".plasmid/tools")),
        }
    }

    /// CometBFT's binary; built on the first call, which takes a minute. Blocks.
    pub fn ensure_cometbft(&self) -> Result<PathBuf, InstallError> {
        self.ensure_go(&GoProgram {
            name: "cometbft",
            shown: &format!("CometBFT {COMETBFT_VERSION}"),
            files: &GO_FILES,
            package: "github.com/cometbft/cometbft/cmd/cometbft",
            tags: None,
        })
    }

    /// A program's binary; Go builds it on the first call. Blocks.
    pub fn ensure_go(&self, program: &GoProgram<'_>) -> Result<PathBuf, InstallError> {
        let binary = Path::new("bin").join(program.name);
        let tags = program.tags.map(|tags| ("tags", tags));
        let files: Vec<_> = program.files.iter().copied().chain(tags).collect();
        let folder = self.ensure(program.name, &files, &[&binary], |folder| {
            require(&GO)?;
            report(
                &format!("{} (go build)", program.shown),
                build(program, folder),
            )
        })?;
        Ok(folder.join(binary))
    }

    /// The binary of a Rust program with a lock file of its own; Cargo builds it on the first call, and it has the name of its folder. Blocks.
    ///
    /// # Errors
    /// [`InstallError`].
    pub fn ensure_rust(&self, name: &str, files: &[(&str, &str)]) -> Result<PathBuf, InstallError> {
        let binary = Path::new("bin").join(name);
        let folder = self.ensure(name, files, &[&binary], |folder| {
            // What it is built from is not kept: it is a hundred times as large.
            let built = tempfile::tempdir().map_err(|source| InstallError::File {
                path: std::env::temp_dir(),
                source,
            })?;
            let mut command = Command::new("cargo");
            command
                .current_dir(folder)
                .args(["install", "--locked", "--no-track", "--path", "."])
                .args(["--root", "."])
                .env("CARGO_TARGET_DIR", built.path())
                // The settings of the build that runs this must not change what is built.
                .env_remove("RUSTFLAGS")
                .env_remove("CARGO_ENCODED_RUSTFLAGS");
            report(&format!("{name} (cargo install)"), command)
        })?;
        Ok(folder.join(binary))
    }

    /// The folder of the tools that `files` pin, with every one of `products` in it; installed by `install` if need be.
    pub fn ensure(
        &self,
        name: &str,
        files: &[(&str, &str)],
        products: &[&Path],
        install: impl FnOnce(&Path) -> Result<(), InstallError>,
    ) -> Result<PathBuf, InstallError> {
        let stamp = stamp(files);
        let target = self
            .folder
            .join(format!("{name}-{}", stamp.get(..12).unwrap_or(&stamp)));
        if complete(&target, &stamp, products) {
            return Ok(target);
        }
        let at = |path: &Path| {
            let path = path.to_owned();
            move |source| InstallError::File { path, source }
        };
        fs::create_dir_all(&self.folder).map_err(at(&self.folder))?;
        let lock = self.folder.join(format!("{name}.lock"));
        let _held = lock_file(&lock).map_err(at(&lock))?;
        // Another process may have installed it while this one waited.
        if complete(&target, &stamp, products) {
            return Ok(target);
        }
        let partial = self.folder.join(format!("{name}.partial"));
        remove(&partial).map_err(at(&partial))?;
        remove(&target).map_err(at(&target))?;
        fs::create_dir(&partial).map_err(at(&partial))?;
        for (file, content) in files {
            let path = partial.join(file);
            whole::replace(&path, content.as_bytes(), whole::READABLE).map_err(at(&path))?;
        }
        install(&partial)?;
        if let Some(missing) = products.iter().find(|path| !partial.join(path).is_file()) {
            return Err(InstallError::Missing(missing.to_path_buf()));
        }
        let path = partial.join("stamp");
        whole::replace(&path, stamp.as_bytes(), whole::READABLE).map_err(at(&path))?;
        fs::rename(&partial, &target).map_err(at(&target))?;
        Ok(target)
    }
}

fn build(program: &GoProgram<'_>, folder: &Path) -> Command {
    let mut command = Command::new("go");
    command
        .current_dir(folder)
        .args(["build", "-mod=readonly", "-trimpath", "-buildvcs=false"])
        .args(["-tags", program.tags.unwrap_or_default()])
        .arg("-o")
        .arg(Path::new("bin").join(program.name))
        .arg(program.package)
        // The user's own settings must not change what is built.
        .env_remove("GOFLAGS")
        .env("GOWORK", "off")
        .env("CGO_ENABLED", "0");
    command
}

/// The repository's root: the nearest one above the current directory, else the one that this binary was built in, else
/// the current directory.
#[must_use]
pub fn project() -> PathBuf {
    let is_root = |folder: &Path| folder.join("validator/cometbft/go.sum").is_file();
    let current = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    let above = current.ancestors().find(|folder| is_root(folder));
    above
        .or(built.filter(|folder| is_root(folder)))
        .unwrap_or(&current)
        .to_owned()
}

/// Names and contents of the files that pin a tool, hashed.
fn stamp(files: &[(&str, &str)]) -> String {
    let mut hash = Sha256::new();
    for (name, content) in files {
        hash.update((name.len() as u64).to_be_bytes());
        hash.update(name);
        hash.update((content.len() as u64).to_be_bytes());
        hash.update(content);
    }
    hex::encode(hash.finalize())
}

fn complete(folder: &Path, stamp: &str, products: &[&Path]) -> bool {
    fs::read_to_string(folder.join("stamp")).is_ok_and(|found| found == stamp)
        && products.iter().all(|path| folder.join(path).is_file())
}

fn lock_file(path: &Path) -> io::Result<File> {
    let file = File::create(path)?;
    file.lock()?;
    Ok(file)
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests;
