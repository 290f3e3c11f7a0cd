//! Evidence that is taken up: by what it was committed to on root, and what an earlier run has kept of it.

use alloy_primitives::Address;
use alloy_sol_types::SolValue;

use super::folder::KeptCase;
use super::report::CourtEvidence;
use super::{Case, ChildSource, ICourt, PoolWait, Watcher};
use crate::proof::court;

impl<C: ChildSource> Watcher<C> {
    /// Takes evidence up that an earlier run has kept. What does not decode was never written by one.
    pub(super) fn resume(&mut self, kept: &KeptCase) {
        let evidence = CourtEvidence::decode(&kept.kind, &kept.evidence);
        let accused = ICourt::Accused::abi_decode_validate(&kept.accused).ok();
        if let Some((evidence, accused)) = evidence.zip(accused) {
            let subject = kept.subject(&evidence);
            let both = <[u8; 64]>::try_from(kept.both.as_ref()).ok();
            let case = self.case((evidence, both), accused, kept.beneficiary, kept.commits);
            self.cases.insert(subject, case);
        }
    }

    /// The salt is the hash of the evidence under the account's secret, so that nothing secret has to be kept.
    pub(super) fn case(
        &self,
        (evidence, both): (CourtEvidence, Option<[u8; 64]>),
        accused: ICourt::Accused,
        beneficiary: Address,
        commits: u32,
    ) -> Case {
        let hash = evidence.hash();
        let salt = self
            .wallet
            .keyed_hash(&[b"PSLT".as_slice(), hash.as_slice()].concat());
        let commitment = court::commitment(
            self.created.root_chain_id,
            &self.contracts.court.into_array(),
            &hash,
            &beneficiary.into_array(),
            &salt,
        );
        Case {
            evidence,
            accused,
            beneficiary,
            salt,
            commitment,
            commits,
            both,
            pool: PoolWait::default(),
        }
    }
}
