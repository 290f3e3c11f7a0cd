//! What a person types while a network runs: the built program, with the network's keys and addresses for everything that it does not name.

use plasmid::localnet::found;
use serde_json::Value;

use super::Running;

impl Running {
    /// The answer of a command that works, as one JSON object.
    ///
    /// # Panics
    /// When it fails.
    #[must_use]
    pub fn typed(&self, line: &str) -> Value {
        match self.try_typed(line) {
            Ok(answer) => answer,
            Err(why) => panic!("{line}: {why}"),
        }
    }

    /// A command that signs without asking, and whose transaction stands in a block and took effect.
    ///
    /// # Panics
    /// When it fails.
    pub fn applied(&self, line: &str) -> Value {
        let answer = self.typed(&format!("{line} --yes --wait"));
        println!("{line}: {answer}");
        assert_eq!(answer["code"], 0, "{line}: {answer}");
        answer
    }

    /// The answer of a command, or what it said when it failed.
    ///
    /// # Errors
    /// The text.
    ///
    /// # Panics
    /// When the command cannot be run, or does not answer as programs read it.
    pub fn try_typed(&self, line: &str) -> Result<Value, String> {
        let network = &self.network;
        let output = crate::plasmid()
            .args(line.split_whitespace())
            .args(["--output", "json"])
            .env("PLASMID_NODE", network.grpc(0))
            .env("PLASMID_ROOT", network.anvil.url())
            .env("PLASMID_REGISTRY", network.local.registry.to_string())
            .env("PLASMID_KEYS", network.folder.join("keys"))
            .env("PLASMID_PASSWORD_FILE", network.password_file())
            .output()
            .expect("the command runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if !output.status.success() {
            return Err(text + &said);
        }
        serde_json::from_str(text.trim()).map_err(|error| format!("{text:?}: {error}"))
    }

    /// Writes the key of a validator's operator among those that commands sign with, under this name.
    ///
    /// # Panics
    /// When the key is not taken.
    pub fn keeps_operator(&self, number: usize, name: &str) {
        let file = self.network.folder.join(format!("{name}.secret"));
        let secret = alloy_primitives::hex::encode(&found::operator_secret(number)[..]);
        std::fs::write(&file, secret).expect("written");
        let kept = self.typed(&format!(
            "keys import {name} --secret-file {}",
            file.display()
        ));
        assert_eq!(kept["name"], name, "{kept}");
    }
}
