//! Shares that strangers hand in: what each of them may cost this node.
//!
//! ```text
//! places ─▶ judged without a pairing ─▶ failed before? known? ─▶ did this site fail of late? ─▶ one pairing at a time
//!                                                               └─ yes: failures left, of this site and in all? ─┘
//! ```
//! A good share never counts against anybody, and whoever did not fail within the window is never refused for what others did: all
//! shares together take one core at most, because one is verified at a time. A bad one costs a pairing once, and a site a few of them
//! a minute. A site is an IPv4 address or an IPv6 network of 48 bits.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use plasmid_proto::bridge::v1::{SubmitShareRequest, SubmitShareResponse};
use tonic::{Request, Response, Status};

use super::Services;
use super::quota::{Quota, made_way, site};
use super::requests::Client;
use crate::app::reads::shares::{self, Candidate, Shares};
use crate::app::reads::{Door, ReadError, Reader};
use crate::app::recent::RecentFindings;

/// Shares that are judged at once, in all and of one address.
const MAX_JUDGED: (usize, usize) = (16, 4);
/// Shares that may fail to verify within a [`WINDOW`]: of all sites, before those that failed are refused; and of one site.
const MAX_FAILURES: (u32, u32) = (512, 16);
const WINDOW: Duration = Duration::from_secs(60);
/// Failed shares that are remembered.
const REMEMBERED: usize = 4_096;

/// The desk at which shares are handed in.
pub(super) struct Desk {
    shares: Arc<dyn Shares>,
    places: Arc<Quota>,
    failures: Mutex<Failures>,
    /// Held while a share is verified, so that strangers never take more than one core for it.
    verifying: Mutex<()>,
}

/// What failed.
#[derive(Default)]
struct Failures {
    known: RecentFindings<[u8; 32]>,
    window: Option<Instant>,
    in_all: u32,
    by_site: BTreeMap<IpAddr, u32>,
}

impl Failures {
    /// Whether one more may be verified for `address`.
    fn admit(&mut self, address: IpAddr, now: Instant) -> bool {
        let is_over = |began: Instant| now.saturating_duration_since(began) >= WINDOW;
        if self.window.is_none_or(is_over) {
            self.window = Some(now);
            self.in_all = 0;
            self.by_site.clear();
        }
        let (in_all, per_site) = MAX_FAILURES;
        let held = self.by_site.get(&site(address));
        held.is_none_or(|held| self.in_all < in_all && *held < per_site)
    }

    fn note(&mut self, address: IpAddr, fingerprint: [u8; 32]) {
        self.in_all = self.in_all.saturating_add(1);
        let held = self.by_site.entry(site(address)).or_default();
        *held = held.saturating_add(1);
        self.known.insert(fingerprint, (), REMEMBERED);
    }
}

impl Desk {
    pub fn new(shares: Arc<dyn Shares>) -> Self {
        let (in_all, per_address) = MAX_JUDGED;
        Self {
            shares,
            places: Quota::new(in_all, per_address),
            failures: Mutex::default(),
            verifying: Mutex::default(),
        }
    }

    fn failures(&self) -> MutexGuard<'_, Failures> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Verifies a share that is not known yet, when that may be paid for.
    fn verify(
        &self,
        address: IpAddr,
        candidate: &Candidate,
        verify: impl FnOnce() -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        let _alone = self
            .verifying
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let fingerprint = candidate.fingerprint();
        let mut failures = self.failures();
        if failures.known.get(&fingerprint).is_some() {
            return Err(ReadError::Invalid(format!(
                "the share of member {} does not verify: it was handed in before",
                candidate.share.member
            )));
        }
        if !failures.admit(address, Instant::now()) {
            return Err(ReadError::Unavailable(format!(
                "too many shares did not verify of late, some of your network's among them: hand it in again in {} seconds, or to another node",
                WINDOW.as_secs()
            )));
        }
        drop(failures);
        verify().inspect_err(|_| self.failures().note(address, fingerprint))
    }

    fn take(
        &self,
        reader: &Reader<'_>,
        address: IpAddr,
        request: &SubmitShareRequest,
    ) -> Result<SubmitShareResponse, ReadError> {
        let candidate = shares::candidate(reader, request)?;
        if !candidate.is_known {
            self.verify(address, &candidate, || candidate.verify())?;
            self.shares.keep(&candidate.share)?;
        }
        shares::progress(reader, candidate.share.epoch, !candidate.is_known)
    }
}

impl Services {
    /// Takes a share over a checkpoint that root has not accepted, when it verifies.
    pub(super) async fn hand_in(
        &self,
        request: Request<SubmitShareRequest>,
    ) -> Result<Response<SubmitShareResponse>, Status> {
        let client = Client::of(&request);
        let place = self.desk.places.take(client);
        let mut place =
            place.map_err(|refused| Status::resource_exhausted(format!("shares: {refused}")))?;
        let desk = Arc::clone(&self.desk);
        let request = request.into_inner();
        let sets = (self.sets.as_ref(), Door::Set);
        let read = move |reader: &Reader<'_>| desk.take(reader, client, &request);
        let answer = async { self.counts.count(self.ask(sets, client, read).await) };
        tokio::select! {
            answer = answer => answer.map(Response::new),
            () = place.lost() => Err(made_way()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        [10, 0, 0, last].into()
    }

    #[test]
    fn a_site_pays_for_a_few_bad_shares_a_window_and_who_never_failed_is_never_refused() {
        let mut failures = Failures::default();
        let now = Instant::now();
        let (in_all, per_site) = MAX_FAILURES;
        let mut number = 0u64;
        let mut fail = |failures: &mut Failures, address, now| {
            let admitted = failures.admit(address, now);
            if admitted {
                number += 1;
                let mut name = [0; 32];
                name[..8].copy_from_slice(&number.to_be_bytes());
                failures.note(address, name);
            }
            admitted
        };
        for _ in 0..per_site {
            assert!(fail(&mut failures, address(1), now));
        }
        assert!(!fail(&mut failures, address(1), now));
        let mut paid = per_site;
        for last in 2..=255 {
            while fail(&mut failures, address(last), now) {
                paid += 1;
            }
            assert!(failures.admit(address(0), now), "it never failed");
        }
        // Together they pay for `in_all`, and each later one for the first that it hands in.
        let full = in_all / per_site;
        assert_eq!(paid, in_all + (255 - full));
        assert!(fail(&mut failures, address(1), now + WINDOW));
    }

    #[test]
    fn all_addresses_of_an_ipv6_site_are_one() {
        let mut failures = Failures::default();
        let now = Instant::now();
        let of_site = |number: u32| format!("2001:db8:1:{number:x}::1").parse().unwrap();
        for number in 0..MAX_FAILURES.1 {
            assert!(failures.admit(of_site(number), now));
            failures.note(of_site(number), [number as u8; 32]);
        }
        assert!(!failures.admit(of_site(999), now));
        assert!(failures.admit("2001:db8:2::1".parse().unwrap(), now));
    }

    #[test]
    fn what_failed_is_remembered_within_bounds() {
        let mut failures = Failures::default();
        for number in 0..2 * REMEMBERED as u64 {
            let mut name = [0; 32];
            name[..8].copy_from_slice(&number.to_be_bytes());
            failures.note(address(1), name);
            assert!(failures.known.get(&name).is_some());
        }
        assert_eq!(failures.known.lens(), (REMEMBERED, REMEMBERED));
    }
}
