//! What `plasmid.toml` may not say. It is looked at when the file is written and when it is read.

use super::{Config, ConfigError};
use crate::engine::abci;

/// The most nodes that shares are handed to.
pub const MAX_SHARED: usize = 64;
/// The most endpoints of the root chain.
const MAX_ENDPOINTS: usize = 2;

impl Config {
    /// Refuses addresses that nothing can listen on or connect to.
    pub(super) fn check(&self) -> Result<(), String> {
        let abci = self.abci.parse::<abci::Address>();
        abci.map_err(|error| format!("abci: {error}"))?;
        if self.grpc.port() == 0 {
            return Err("grpc has port 0: name the port that clients connect to".into());
        }
        if self.metrics.is_some_and(|address| address.port() == 0) {
            return Err("metrics has port 0: name the port that Prometheus connects to".into());
        }
        url(&self.engine_rpc).map_err(|why| format!("engine_rpc: {why}"))?;
        if self.share_with.len() > MAX_SHARED {
            return Err(format!("share_with names more than {MAX_SHARED} nodes"));
        }
        for (number, node) in self.share_with.iter().enumerate() {
            url(node).map_err(|why| format!("share_with[{number}]: {why}"))?;
        }
        let count = self.root.endpoints.len();
        if !(1..=MAX_ENDPOINTS).contains(&count) {
            return Err(format!(
                "root.endpoints has {count}: name one JSON-RPC endpoint of the root chain, or two that must agree"
            ));
        }
        if self.root.registry.is_zero() {
            return Err(
                "root.registry is the zero address: name the Registry of the network".into(),
            );
        }
        if self.root.deployed_at == 0 {
            return Err(
                "root.deployed_at is 0, and no contract stands in the first block of a root chain"
                    .into(),
            );
        }
        for (number, endpoint) in self.root.endpoints.iter().enumerate() {
            url(endpoint).map_err(|why| format!("root.endpoints[{number}]: {why}"))?;
        }
        Ok(())
    }

    /// How many blocks the engine keeps, zero for all: it deletes nothing that evidence may still need.
    ///
    /// # Errors
    /// [`ConfigError::Retain`] when it is less than evidence lives.
    pub fn retained(&self, min: u64) -> Result<u64, ConfigError> {
        match self.retain_blocks {
            found if found == 0 || found >= min => Ok(found),
            found => Err(ConfigError::Retain { found, min }),
        }
    }
}

/// The URL of a server, as it is written into a file; the text itself is not repeated, because it may hold a key.
///
/// # Errors
/// What is wrong, in words.
pub fn url(text: &str) -> Result<String, String> {
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("it has blanks or control characters in it".into());
    }
    let parsed = reqwest::Url::parse(text)
        .ok()
        .filter(|url| ["http", "https"].contains(&url.scheme()) && url.has_host());
    match parsed {
        None => Err("it must have the form http://HOST:PORT or https://HOST".into()),
        Some(url) if url.port() == Some(0) => Err("it has port 0".into()),
        Some(_) => Ok(text.to_owned()),
    }
}
