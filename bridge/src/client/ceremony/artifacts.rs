//! The compiled contracts that a deployment is made of.

use alloy_primitives::{Bytes, hex};
use serde_json::Value;

/// Why a compiled contract cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// It is not JSON of the known form.
    #[error("the compiled contract {name} cannot be read: {reason}")]
    Malformed {
        /// Which one.
        name: &'static str,
        /// What is wrong.
        reason: String,
    },
}

/// Creation code of each contract, without constructor arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifacts {
    /// Ed25519Verifier.
    pub verifier: Bytes,
    /// Registry.
    pub registry: Bytes,
    /// Inbox.
    pub inbox: Bytes,
    /// Vault.
    pub vault: Bytes,
    /// RootChain.
    pub root_chain: Bytes,
}

impl Artifacts {
    /// Those that are committed with this program, which CI proves to come from the sources.
    pub fn embedded() -> Result<Self, ArtifactError> {
        Self::from_json([
            include_str!("../../../contracts/artifacts/Ed25519Verifier.json"),
            include_str!("../../../contracts/artifacts/Registry.json"),
            include_str!("../../../contracts/artifacts/Inbox.json"),
            include_str!("../../../contracts/artifacts/Vault.json"),
            include_str!("../../../contracts/artifacts/RootChain.json"),
        ])
    }

    /// From the JSON of each compiled contract, in the order verifier, Registry, Inbox, Vault, RootChain.
    pub fn from_json(texts: [&str; 5]) -> Result<Self, ArtifactError> {
        let [verifier, registry, inbox, vault, root_chain] = texts;
        Ok(Self {
            verifier: creation_code("Ed25519Verifier", verifier)?,
            registry: creation_code("Registry", registry)?,
            inbox: creation_code("Inbox", inbox)?,
            vault: creation_code("Vault", vault)?,
            root_chain: creation_code("RootChain", root_chain)?,
        })
    }

    /// What the Registry's manifest lists, in the order of creation: a name for people, and the creation code.
    pub fn manifest(&self) -> [(&'static str, &Bytes); 3] {
        [
            ("Inbox", &self.inbox),
            ("Vault", &self.vault),
            ("RootChain", &self.root_chain),
        ]
    }
}

/// The creation code in a compiled contract's JSON: `bytecode`, or `bytecode.object` as forge writes it.
pub fn creation_code(name: &'static str, json: &str) -> Result<Bytes, ArtifactError> {
    let wrong = |reason: String| ArtifactError::Malformed { name, reason };
    let value: Value = serde_json::from_str(json).map_err(|e| wrong(e.to_string()))?;
    let field = value
        .get("bytecode")
        .ok_or_else(|| wrong("no field \"bytecode\"".into()))?;
    let text = field
        .get("object")
        .unwrap_or(field)
        .as_str()
        .ok_or_else(|| wrong("the bytecode is no string".into()))?;
    let code = hex::decode(text).map_err(|e| wrong(format!("the bytecode is not hex: {e}")))?;
    if code.is_empty() {
        return Err(wrong("the bytecode is empty".into()));
    }
    Ok(code.into())
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{B256, keccak256};

    use super::*;
    use crate::{abi, proof::deployment};

    #[test]
    fn the_committed_contracts_are_embedded_and_differ_from_each_other() {
        let artifacts = Artifacts::embedded().unwrap();
        let hashes = [
            keccak256(&artifacts.inbox),
            keccak256(&artifacts.vault),
            keccak256(&artifacts.root_chain),
            keccak256(&artifacts.registry),
            keccak256(&artifacts.verifier),
        ];
        for (place, hash) in hashes.iter().enumerate() {
            assert!(!hashes[..place].contains(hash));
        }
    }

    /// The ledger refuses to pay it, and knows the address alone: code that changes gives another one, and another protocol.
    #[test]
    fn the_verifier_stands_where_the_protocol_says() {
        let artifacts = Artifacts::embedded().unwrap();
        let (_, address) = abi::deployment(B256::ZERO, &artifacts.verifier, &[]);
        assert_eq!(address.into_array(), deployment::VERIFIER);
    }

    #[test]
    fn json_without_creation_code_is_refused() {
        for json in [
            "",
            "{}",
            r#"{"bytecode":1}"#,
            r#"{"bytecode":"0x"}"#,
            r#"{"bytecode":{"object":"0xzz"}}"#,
            r#"{"bytecode":"0x60__$library$__"}"#,
        ] {
            assert!(creation_code("Inbox", json).is_err(), "{json}");
        }
        let code = creation_code("Inbox", r#"{"bytecode":{"object":"0x6001"}}"#).unwrap();
        assert_eq!(code.as_ref(), [0x60, 0x01]);
    }
}
