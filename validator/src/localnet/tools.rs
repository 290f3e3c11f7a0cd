//! Pinned tools of a local root chain, from npm's committed lock: anvil to run it, forge and solc to test and build contracts. And promtool, from Go's
//! committed sums, which tests the alert rules.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::node::tools::{GO, InstallError, Toolchain, Tools, go_build, report, require};

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

const PROMTOOL_FILES: [(&str, &str); 3] = [
    ("go.mod", include_str!("../../promtool/go.mod")),
    ("go.sum", include_str!("../../promtool/go.sum")),
    ("tools.go", include_str!("../../promtool/tools.go")),
];

const NODE: Toolchain = Toolchain {
    program: "node",
    version: &["--version"],
    least: (18, 0),
    purpose: "the Solidity compiler runs on it",
    install: "install Node.js 20 or later with npm: https://nodejs.org",
};
const NPM: Toolchain = Toolchain {
    program: "npm",
    version: &["--version"],
    least: (7, 0),
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

/// Prometheus' promtool; built on the first call, which takes some minutes. Blocks.
///
/// # Errors
/// [`InstallError`].
pub fn ensure_promtool(tools: &Tools) -> Result<PathBuf, InstallError> {
    let binary = Path::new("bin/promtool");
    let folder = tools.ensure("promtool", &PROMTOOL_FILES, &[binary], |folder| {
        require(&GO)?;
        let package = "github.com/prometheus/prometheus/cmd/promtool";
        report("promtool (go build)", go_build(folder, binary, package))
    })?;
    Ok(folder.join(binary))
}

fn fetch_root_tools(folder: &Path) -> Command {
    let mut command = Command::new("npm");
    command
        .current_dir(folder)
        .args(["ci", "--omit=dev", "--ignore-scripts"])
        .args(["--no-audit", "--no-fund"]);
    command
}
