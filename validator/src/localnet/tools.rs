//! Pinned tools of a local root chain, from npm's committed lock: anvil to run it, forge and solc to test and build contracts.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::node::tools::{InstallError, Toolchain, Tools, report, require};

const NPM_FILES: [(&str, &str); 2] = [
    (
        "package.json",
        include_str!("../../../bridge/contracts/package.json"),
    ),
    (
        "package-lock.json",
        include_str!("../../../bridge/contracts/package-lock.json"),
    ),
];

const NODE: Toolchain = Toolchain {
    program: "node",
    version: &["--version"],
    min_version: (18, 0),
    purpose: "the Solidity compiler runs on it",
    install: "install Node.js 20 or later with npm: https://nodejs.org",
};
const NPM: Toolchain = Toolchain {
    program: "npm",
    version: &["--version"],
    min_version: (7, 0),
    purpose: "anvil, forge and solc come from npm",
    install: "install Node.js 20 or later with npm: https://nodejs.org",
};

/// The tools of the root chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootTools {
    /// Runs the chain.
    pub anvil: PathBuf,
    /// Tests the contracts.
    pub forge: PathBuf,
    /// Holds solc (`solc/index.js`) and the rest of the lock file.
    pub node_modules: PathBuf,
}

impl RootTools {
    /// Finds them in the folder of `tools`, and fetches them on the first call. Blocks.
    ///
    /// # Errors
    /// [`InstallError`].
    pub fn ensure(tools: &Tools) -> Result<Self, InstallError> {
        let anvil = Path::new("node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil");
        let forge = Path::new("node_modules/@foundry-rs/forge-linux-amd64/bin/forge");
        let solc = Path::new("node_modules/solc/index.js");
        let folder = tools.ensure("root", &NPM_FILES, &[anvil, forge, solc], |folder| {
            if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
                return Err(InstallError::Platform);
            }
            require(&NODE)?;
            require(&NPM)?;
            report("anvil, forge and solc (npm ci)", fetch_root_tools(folder))
        })?;
        Ok(Self {
            anvil: folder.join(anvil),
            forge: folder.join(forge),
            node_modules: folder.join("node_modules"),
        })
    }
}

fn fetch_root_tools(folder: &Path) -> Command {
    let mut command = Command::new("npm");
    command
        .current_dir(folder)
        .args(["ci", "--omit=dev", "--ignore-scripts"])
        .args(["--no-audit", "--no-fund"]);
    command
}
