//! CometBFT's files as they stand when the node starts beside it: what a person, or a tool, may have changed since they were written.

use toml::Table;

use super::{CometError, Config, Home, exists, read};
use crate::node::toml_error;

impl Home {
    /// Checks the configuration as it stands: what the chain relies on, that the engine connects to where this node listens, and that it
    /// keeps the network's block time.
    ///
    /// # Errors
    /// [`CometError`] names the file or the option, and what it must be.
    pub fn check_config(&self, abci: &str, block_time_ms: u32) -> Result<(), CometError> {
        let path = self.config_path();
        if !exists(&path)? {
            return Err(CometError::Config(format!(
                "{} is not there, and CometBFT would write its defaults, with which this chain does not run: `plasmid init join` writes it",
                path.display()
            )));
        }
        let config = self.read_config()?;
        config.check()?;
        config.check_block_time(block_time_ms)?;
        config.check_beside(abci)?;
        self.check_key_files()
    }

    /// Whether the configuration names a remote signer, which holds the consensus key then.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn has_remote_signer(&self) -> Result<bool, CometError> {
        let table = self.config_table()?;
        let named = table.get("priv_validator_laddr");
        Ok(named.is_some_and(|address| address.as_str() != Some("")))
    }

    /// The configuration as a person may have changed it, with what this program never writes.
    pub(super) fn config_table(&self) -> Result<Table, CometError> {
        let path = self.config_path();
        let text = read(&path)?;
        toml::from_str(&text).map_err(|error| {
            let cause = toml_error::told(&text, &error);
            CometError::Malformed { path, cause }
        })
    }
}

impl Config {
    fn check_beside(&self, listening: &str) -> Result<(), CometError> {
        let refuse = |said: String| Err(CometError::Config(said));
        let (abci, mempool) = (&self.abci, &self.mempool);
        if abci != "socket" {
            return refuse(format!("abci is {abci:?}, and the node serves \"socket\""));
        }
        if self.proxy_app != listening {
            return refuse(format!(
                "proxy_app is {found:?}, and this node listens at {text:?} (abci in plasmid.toml): the engine would wait for another application",
                found = self.proxy_app,
                text = listening
            ));
        }
        if mempool.kind != "flood" || !mempool.broadcast {
            return refuse(format!(
                "mempool.type is {kind:?} and mempool.broadcast {broadcast}: with any but \"flood\" and true, transactions reach no proposer",
                kind = mempool.kind,
                broadcast = mempool.broadcast
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::comet::{EnginePace, Settings};

    const ABCI: &str = "unix:///tmp/abci.sock";

    fn home() -> (tempfile::TempDir, Home) {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::new(folder.path());
        let address = |port| std::net::SocketAddr::from(([127, 0, 0, 1], port));
        let settings = Settings::local(
            ABCI.to_owned(),
            address(26_657),
            address(0),
            EnginePace::network(1_000),
        );
        home.write_config(&Config::new(&settings)).expect("written");
        (folder, home)
    }

    #[test]
    fn what_a_person_changed_in_the_file_is_found_when_the_node_starts() {
        let (_folder, home) = home();
        home.check_config(ABCI, 1_000).expect("as it was written");
        let written = std::fs::read_to_string(home.config_path()).expect("the file");
        for (line, edited, words) in [
            ("recheck = true", "recheck = false", "mempool.recheck"),
            (
                "cache_size = 200000",
                "cache_size = 10000",
                "mempool.cache_size",
            ),
            ("broadcast = true", "broadcast = false", "mempool.broadcast"),
            ("type = \"flood\"", "type = \"nop\"", "mempool.type"),
            (
                "max_tx_bytes = 65536",
                "max_tx_bytes = 65535",
                "mempool.max_tx_bytes",
            ),
            (
                "block_time_tolerance = \"60000ms\"",
                "block_time_tolerance = \"10m\"",
                "block_time_tolerance",
            ),
            ("abci = \"socket\"", "abci = \"grpc\"", "abci is"),
            (ABCI, "tcp://127.0.0.1:26658", "proxy_app is"),
            ("recheck = true", "", "missing field `recheck`"),
        ] {
            assert!(written.contains(line), "{line} is not in the file");
            std::fs::write(home.config_path(), written.replace(line, edited)).expect("edited");
            let said = home
                .check_config(ABCI, 1_000)
                .expect_err(edited)
                .to_string();
            assert!(said.contains(words), "{said}");
        }
        let timeout = |line: &&str| line.starts_with("timeout_commit = ");
        let line = written.lines().find(timeout).expect("the block time");
        for (edited, words) in [
            ("0s", "is zero"),
            ("999ms", "block_time_ms"),
            ("1s1ms", "block_time_ms"),
        ] {
            let edited = written.replace(line, &format!("timeout_commit = \"{edited}\""));
            std::fs::write(home.config_path(), edited).expect("edited");
            let said = home.check_config(ABCI, 1_000).expect_err(words).to_string();
            assert!(said.contains(words), "{said}");
        }
        let same = written.replace(line, "timeout_commit = \"1s\"");
        std::fs::write(home.config_path(), same).expect("edited");
        home.check_config(ABCI, 1_000)
            .expect("the same, written otherwise");
        std::fs::remove_file(home.config_path()).expect("removed");
        let said = home
            .check_config(ABCI, 1_000)
            .expect_err("no file")
            .to_string();
        assert!(said.contains("CometBFT would write its defaults"), "{said}");
    }

    #[test]
    fn a_key_or_a_sign_state_at_another_place_is_refused_unless_a_remote_signer_has_them() {
        let (_folder, home) = home();
        let written = std::fs::read_to_string(home.config_path()).expect("the file");
        let check = |line: &str| {
            std::fs::write(home.config_path(), format!("{line}\n{written}")).expect("edited");
            home.check_config(ABCI, 1_000)
        };
        let files = [
            ("priv_validator_key_file", "config/priv_validator_key.json"),
            (
                "priv_validator_state_file",
                "data/priv_validator_state.json",
            ),
        ];
        for (name, place) in files {
            check(&format!("{name} = \"{place}\"")).expect("where it is looked for");
            for other in ["\"\"", "\"/mnt/keys/file.json\"", "7"] {
                let line = format!("{name} = {other}");
                let said = check(&line).expect_err(&line).to_string();
                for words in [name, place, "config.toml", "take that line out"] {
                    assert!(said.contains(words), "{words:?} is not in {said}");
                }
                check(&format!(
                    "{line}\npriv_validator_laddr = \"tcp://127.0.0.1:1\""
                ))
                .expect("CometBFT uses neither");
            }
        }
        // Of the databases it matters only to who keeps CometBFT from starting.
        check("db_backend = \"rocksdb\"").expect("it is its own matter");
    }

    #[test]
    fn a_remote_signer_is_seen() {
        let (_folder, home) = home();
        assert!(!home.has_remote_signer().expect("the file"));
        let written = std::fs::read_to_string(home.config_path()).expect("the file");
        for (line, named) in [("", false), ("tcp://127.0.0.1:1", true)] {
            let text = format!("priv_validator_laddr = \"{line}\"\n{written}");
            std::fs::write(home.config_path(), text).expect("edited");
            assert_eq!(home.has_remote_signer().expect("the file"), named);
        }
    }
}
