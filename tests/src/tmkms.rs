//! `tests/tmkms`: the pinned tmkms, unmodified, as the signer of a consensus key. Cargo builds it once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use plasmid::node::tools::Tools;
use serde_json::{Value, json};

const FILES: [(&str, &str); 3] = [
    ("Cargo.toml", include_str!("../tmkms/Cargo.toml")),
    ("Cargo.lock", include_str!("../tmkms/Cargo.lock")),
    ("main.rs", include_str!("../tmkms/main.rs")),
];

/// Above every step of a round, as tmkms counts them: it signs nothing more in the round that its state names.
const BEHIND_ALL_STEPS: u8 = 3;

/// The program; built on the first call. Blocks.
///
/// # Panics
/// When it cannot be built.
#[must_use]
pub fn program() -> PathBuf {
    let built = Tools::new(None).ensure_rust("tmkms", &FILES);
    built.expect("Cargo builds tests/tmkms")
}

/// What an operator does whose key moves from CometBFT's files to tmkms: the key is imported, the state begins where CometBFT's ended, and the
/// configuration names the chain and the engine. All of it stands beside the key; a second call writes the configuration only. The
/// command runs tmkms with it.
///
/// # Panics
/// When a file cannot be read or written, or tmkms refuses the key.
#[must_use]
pub fn take_over(key: &Path, state: &Path, address: &str, chain: &str) -> Command {
    let folder = key.parent().expect("the folder of the key");
    let [own_key, own_state, connection, config] = [
        "consensus.key",
        "tmkms_state.json",
        "connection.key",
        "tmkms.toml",
    ]
    .map(|name| folder.join(name));
    if !own_key.exists() {
        let paths = [key, own_key.as_path()];
        run(Command::new(program())
            .args(["softsign", "import"])
            .args(paths));
        run(Command::new(program())
            .args(["softsign", "keygen"])
            .arg(&connection));
        let signed = fs::read(state).expect("CometBFT's sign state");
        let signed: Value = serde_json::from_slice(&signed).expect("JSON");
        let begins = json!({
            "height": signed["height"], "round": signed["round"].to_string(), "step": BEHIND_ALL_STEPS, "block_id": null,
        });
        fs::write(&own_state, begins.to_string()).expect("written");
    }
    let [own_key, own_state, connection] =
        [&own_key, &own_state, &connection].map(|path| path.display());
    let text = format!(
        r#"
[[chain]]
id = "{chain}"
key_format = {{ type = "hex" }}
sign_extensions = true
state_file = "{own_state}"

[[validator]]
chain_id = "{chain}"
addr = "tcp://{address}"
secret_key = "{connection}"
protocol_version = "v0.34"

[[providers.softsign]]
chain_ids = ["{chain}"]
key_type = "consensus"
path = "{own_key}"
"#
    );
    fs::write(&config, text).expect("written");
    let mut command = Command::new(program());
    command.arg("start").arg("--config").arg(config);
    command
}

fn run(command: &mut Command) {
    let output = command.output().expect("tmkms runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
