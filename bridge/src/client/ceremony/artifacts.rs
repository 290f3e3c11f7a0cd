//! The compiled contracts that a deployment is made of.

use alloy_primitives::{Bytes, hex};
use serde_json::Value;

use crate::proof::deployment::{MANIFEST, MANIFEST_LENGTHS};

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
    /// The manifest lists too few contracts or too many.
    #[error(
        "the manifest lists {0} contracts; {least} to {most} can be",
        least = MANIFEST_LENGTHS.start(),
        most = MANIFEST_LENGTHS.end()
    )]
    Length(usize),
    /// Two contracts of the manifest have the same code.
    #[error("the manifest lists the same code as {first} and as {second}")]
    Twice {
        /// The one before.
        first: &'static str,
        /// The one behind it.
        second: &'static str,
    },
}

/// Creation code of each contract, without constructor arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifacts {
    /// Ed25519Verifier.
    pub verifier: Bytes,
    /// Registry.
    pub registry: Bytes,
    manifest: Vec<(&'static str, Bytes)>,
}

impl Artifacts {
    /// The artifacts that are committed with this program. CI proves that they come from the sources.
    pub fn embedded() -> Result<Self, ArtifactError> {
        let manifest: [_; MANIFEST] = [
            (
                "Inbox",
                include_str!("../../../contracts/artifacts/Inbox.json"),
            ),
            (
                "Vault",
                include_str!("../../../contracts/artifacts/Vault.json"),
            ),
            (
                "Court",
                include_str!("../../../contracts/artifacts/Court.json"),
            ),
            (
                "Exits",
                include_str!("../../../contracts/artifacts/Exits.json"),
            ),
            (
                "FraudCourt",
                include_str!("../../../contracts/artifacts/FraudCourt.json"),
            ),
            (
                "DataChallenges",
                include_str!("../../../contracts/artifacts/DataChallenges.json"),
            ),
            (
                "RootChain",
                include_str!("../../../contracts/artifacts/RootChain.json"),
            ),
        ];
        let manifest = manifest.map(|(name, json)| Ok((name, creation_code(name, json)?)));
        Self::new(
            creation_code(
                "Ed25519Verifier",
                include_str!("../../../contracts/artifacts/Ed25519Verifier.json"),
            )?,
            creation_code(
                "Registry",
                include_str!("../../../contracts/artifacts/Registry.json"),
            )?,
            manifest.into_iter().collect::<Result<_, _>>()?,
        )
    }

    /// From creation codes, those of the manifest with a name for people.
    ///
    /// # Errors
    /// A manifest that a Registry's constructor would refuse.
    pub fn new(
        verifier: Bytes,
        registry: Bytes,
        manifest: Vec<(&'static str, Bytes)>,
    ) -> Result<Self, ArtifactError> {
        if !MANIFEST_LENGTHS.contains(&manifest.len()) {
            return Err(ArtifactError::Length(manifest.len()));
        }
        for (place, (second, code)) in manifest.iter().enumerate() {
            let mut before = manifest.iter().take(place);
            if let Some((first, _)) = before.find(|(_, other)| other == code) {
                return Err(ArtifactError::Twice { first, second });
            }
        }
        Ok(Self {
            verifier,
            registry,
            manifest,
        })
    }

    /// What the Registry's manifest lists, in the order of creation: a name for people, and the creation code.
    pub fn manifest(&self) -> &[(&'static str, Bytes)] {
        &self.manifest
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
        .ok_or_else(|| wrong("the bytecode is not a string".into()))?;
    let code = hex::decode(text).map_err(|e| wrong(format!("the bytecode is not hex: {e}")))?;
    if code.is_empty() {
        return Err(wrong("the bytecode is empty".into()));
    }
    Ok(code.into())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use alloy_primitives::{Address, B256};

    use super::*;
    use crate::{abi, client::ceremony::RegistryPlan, proof::deployment};

    #[test]
    fn the_committed_contracts_are_embedded_in_the_order_of_the_manifest() {
        let artifacts = Artifacts::embedded().unwrap();
        let names: Vec<_> = artifacts.manifest().iter().map(|(name, _)| *name).collect();
        let listed = [
            "Inbox",
            "Vault",
            "Court",
            "Exits",
            "FraudCourt",
            "DataChallenges",
            "RootChain",
        ];
        assert_eq!(names, listed);
        assert_ne!(artifacts.registry, artifacts.verifier);
        let mut listed = artifacts.manifest().iter();
        assert!(listed.all(|(_, code)| *code != artifacts.registry && *code != artifacts.verifier));
    }

    /// As many codes, each another.
    fn listing(count: u8) -> Vec<(&'static str, Bytes)> {
        (0..count)
            .map(|code| ("Contract", Bytes::from(vec![code])))
            .collect()
    }

    fn of(manifest: Vec<(&'static str, Bytes)>) -> Result<Artifacts, ArtifactError> {
        Artifacts::new(Bytes::from_static(b"v"), Bytes::from_static(b"r"), manifest)
    }

    #[test]
    fn a_manifest_has_seven_to_sixteen_codes_and_none_twice() {
        for count in 0..20 {
            let made = of(listing(count));
            assert_eq!(made.is_ok(), (7..=16).contains(&count), "{count}: {made:?}");
        }
        let said = of(listing(17)).unwrap_err().to_string();
        assert_eq!(said, "the manifest lists 17 contracts; 7 to 16 can be");
        for (first, second) in [(0, 1), (0, 15), (7, 8), (14, 15)] {
            let mut manifest = listing(16);
            manifest[second].1 = manifest[first].1.clone();
            assert!(matches!(of(manifest), Err(ArtifactError::Twice { .. })));
        }
    }

    /// So an operator that has other code, in whichever place, finds no Registry of its own plan where the others register.
    #[test]
    fn each_code_and_its_place_decide_where_the_registry_stands() {
        let plan = RegistryPlan {
            operators: vec![Address::repeat_byte(1)],
            bond: 1,
            lock_secs: 60,
            salt: B256::ZERO,
        };
        let mut manifests = vec![listing(15), listing(16)];
        for place in 0..16 {
            let mut wrong = listing(16);
            wrong[place].1 = Bytes::from_static(b"wrong");
            manifests.push(wrong);
            let mut swapped = listing(16);
            swapped.swap(place, (place + 1) % 16);
            manifests.push(swapped);
        }
        let of = |manifest| plan.registry(&of(manifest).unwrap()).1;
        let addresses: BTreeSet<_> = manifests.iter().cloned().map(of).collect();
        assert_eq!(addresses.len(), manifests.len());
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
