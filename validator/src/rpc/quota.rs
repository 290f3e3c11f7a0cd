//! How many things there may be at once, in all and of one address, and who makes way when there are too many.
//!
//! ```text
//! take ─▶ the address, or its site, holds its part   : refused
//!      ─▶ all places are taken, and another site holds more than this one will: that site's oldest place is lost
//!      ─▶ all places are taken, and nobody holds more : refused
//! ```
//! An address is an IPv4 address or an IPv6 network of 64 bits; a site is the IPv4 address or the IPv6 network of 48 bits, which is
//! what a provider gives to one customer. So whoever has many addresses holds what one has, and never shuts out who has one.

use std::collections::BTreeMap;
use std::fmt;
use std::future::{Future, poll_fn};
use std::net::{IpAddr, Ipv6Addr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::sync::oneshot;
use tonic::Status;

/// Addresses of one site that may hold their whole part at once.
const FULL_ADDRESSES: usize = 2;

/// Places that are taken and given back.
#[derive(Debug)]
pub(crate) struct Quota {
    in_all: usize,
    per_address: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    next: u64,
    held: BTreeMap<u64, Held>,
    by_address: BTreeMap<IpAddr, usize>,
    by_site: BTreeMap<IpAddr, usize>,
}

/// A place as the quota knows it.
struct Held {
    address: IpAddr,
    lost: oneshot::Sender<()>,
    on_loss: Box<dyn FnOnce() + Send>,
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(f)
    }
}

/// A place, given back when it is dropped. Whoever holds it has to end when it is lost.
#[derive(Debug)]
pub(crate) struct QuotaPlace {
    quota: Arc<Quota>,
    number: u64,
    lost: oneshot::Receiver<()>,
    is_lost: bool,
}

/// Why no place was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum QuotaRefused {
    #[error("all {0} places for this are taken: ask again later, or ask another node")]
    InAll(usize),
    #[error("your address holds all {0} places that one address may have: end some first")]
    PerAddress(usize),
    #[error(
        "the addresses of your IPv6 network of 48 bits hold all {0} places that it may have: end some first"
    )]
    PerSite(usize),
}

impl Quota {
    pub fn new(in_all: usize, per_address: usize) -> Arc<Self> {
        Arc::new(Self {
            in_all,
            per_address,
            taken: Mutex::default(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for `address`.
    pub fn take(self: &Arc<Self>, address: IpAddr) -> Result<QuotaPlace, QuotaRefused> {
        self.take_with(address, || {})
    }

    /// A place for `address`; `on_loss` is called when it is lost, and takes no place itself.
    pub fn take_with(
        self: &Arc<Self>,
        address: IpAddr,
        on_loss: impl FnOnce() + Send + 'static,
    ) -> Result<QuotaPlace, QuotaRefused> {
        let address = network(address);
        let mut taken = self.lock();
        if taken.of_address(address) >= self.per_address {
            return Err(QuotaRefused::PerAddress(self.per_address));
        }
        let per_site = self.per_address.saturating_mul(FULL_ADDRESSES);
        if taken.of_site(site(address)) >= per_site {
            return Err(QuotaRefused::PerSite(per_site));
        }
        if taken.held.len() >= self.in_all && !taken.make_way(site(address)) {
            return Err(QuotaRefused::InAll(self.in_all));
        }
        let (sender, lost) = oneshot::channel();
        let held = Held {
            address,
            lost: sender,
            on_loss: Box::new(on_loss),
        };
        let number = taken.add(held);
        drop(taken);
        Ok(QuotaPlace {
            quota: Arc::clone(self),
            number,
            lost,
            is_lost: false,
        })
    }
}

impl Taken {
    fn of_address(&self, address: IpAddr) -> usize {
        self.by_address.get(&address).copied().unwrap_or(0)
    }

    fn of_site(&self, site: IpAddr) -> usize {
        self.by_site.get(&site).copied().unwrap_or(0)
    }

    fn add(&mut self, held: Held) -> u64 {
        *self.by_address.entry(held.address).or_default() += 1;
        *self.by_site.entry(site(held.address)).or_default() += 1;
        let number = self.next;
        self.next += 1;
        self.held.insert(number, held);
        number
    }

    fn remove(&mut self, number: u64) -> Option<Held> {
        let held = self.held.remove(&number)?;
        count_down(&mut self.by_address, held.address);
        count_down(&mut self.by_site, site(held.address));
        Some(held)
    }

    /// Takes the oldest place from the site that holds most, if it will still not hold less than `site` does with it.
    fn make_way(&mut self, newcomer: IpAddr) -> bool {
        let heaviest = self.by_site.iter().max_by_key(|(_, held)| **held);
        let Some((heaviest, held)) = heaviest.map(|(site, held)| (*site, *held)) else {
            return false;
        };
        if held < self.of_site(newcomer).saturating_add(2) {
            return false;
        }
        let mut places = self.held.iter();
        let oldest = places.find(|(_, held)| site(held.address) == heaviest);
        let Some(number) = oldest.map(|(number, _)| *number) else {
            return false;
        };
        if let Some(held) = self.remove(number) {
            let _ = held.lost.send(());
            (held.on_loss)();
        }
        true
    }
}

fn count_down(counts: &mut BTreeMap<IpAddr, usize>, key: IpAddr) {
    match counts.get_mut(&key) {
        Some(held) if *held > 1 => *held -= 1,
        _ => {
            counts.remove(&key);
        }
    }
}

impl QuotaPlace {
    /// Ready once the place is lost.
    pub fn poll_lost(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if !self.is_lost && Pin::new(&mut self.lost).poll(context).is_pending() {
            return Poll::Pending;
        }
        self.is_lost = true;
        Poll::Ready(())
    }

    /// Waits until the place is lost.
    pub async fn lost(&mut self) {
        poll_fn(|context| self.poll_lost(context)).await;
    }
}

impl Drop for QuotaPlace {
    fn drop(&mut self) {
        self.quota.lock().remove(self.number);
    }
}

/// What is told to who lost a place.
pub(crate) fn made_way() -> Status {
    Status::resource_exhausted(
        "all places are taken and your network holds most of them, so this one was given to another client: ask for less at once",
    )
}

/// What counts as one address: who has an IPv6 address usually has a whole network of 64 bits of them.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    cut(address, 4)
}

/// What counts as one customer of a provider: an IPv4 address, or an IPv6 network of 48 bits.
pub(crate) fn site(address: IpAddr) -> IpAddr {
    cut(address, 3)
}

/// The network of an address that `segments` of 16 bits name; IPv4 addresses stay whole.
fn cut(address: IpAddr, segments: usize) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let mut parts = address.segments();
            parts.iter_mut().skip(segments).for_each(|part| *part = 0);
            Ipv6Addr::from(parts).into()
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([127, 0, 0, last])
    }

    #[test]
    fn an_address_has_its_part_and_all_together_the_whole_and_what_is_given_back_is_free() {
        let quota = Quota::new(5, 2);
        let first = quota.take(address(1)).unwrap();
        let _second = quota.take(address(1)).unwrap();
        assert_eq!(
            quota.take(address(1)).unwrap_err(),
            QuotaRefused::PerAddress(2)
        );
        drop(first);
        let _others: Vec<_> = (2..6)
            .map(|last| quota.take(address(last)).unwrap())
            .collect();
        assert_eq!(quota.take(address(9)).unwrap_err(), QuotaRefused::InAll(5));
        assert_eq!(quota.take(address(1)).unwrap_err(), QuotaRefused::InAll(5));
    }

    #[tokio::test]
    async fn who_holds_most_makes_way_for_who_holds_less_and_never_the_other_way_round() {
        let quota = Quota::new(7, 4);
        let told = Arc::new(AtomicBool::new(false));
        let tell = Arc::clone(&told);
        let mut oldest = quota
            .take_with(address(1), move || tell.store(true, Ordering::SeqCst))
            .unwrap();
        let mut held: Vec<_> = (0..6u8)
            .map(|number| quota.take(address(2 - number % 2)).unwrap())
            .collect();
        assert!(!told.load(Ordering::SeqCst));
        let mut new = quota.take(address(9)).unwrap();
        oldest.lost().await;
        assert!(told.load(Ordering::SeqCst));
        drop(oldest);
        // The other of the two holds three, the newcomer one.
        let mut newer = quota.take(address(9)).unwrap();
        assert_eq!(quota.take(address(1)).unwrap_err(), QuotaRefused::InAll(7));
        let pending = |place: &mut QuotaPlace| {
            let mut context = Context::from_waker(std::task::Waker::noop());
            place.poll_lost(&mut context).is_pending()
        };
        assert!(pending(&mut new) && pending(&mut newer));
        let lost = held
            .iter_mut()
            .filter_map(|place| (!pending(place)).then_some(()));
        assert_eq!(lost.count(), 1);
    }

    #[test]
    fn whoever_has_a_whole_site_of_ipv6_holds_two_parts_and_makes_way_as_one() {
        let quota = Quota::new(8, 3);
        let of_site = |number: u16| format!("2001:db8:1:{number:x}::1").parse().unwrap();
        let held: Vec<_> = (0..6)
            .map(|number| quota.take(of_site(number)).unwrap())
            .collect();
        assert_eq!(
            quota.take(of_site(9)).unwrap_err(),
            QuotaRefused::PerSite(6)
        );
        let _others: Vec<_> = (0..5)
            .map(|last| quota.take(address(last)).unwrap())
            .collect();
        drop(held);
    }

    #[test]
    fn one_network_of_ipv6_is_one_address_and_ipv4_in_ipv6_is_its_ipv4_address() {
        let quota = Quota::new(9, 1);
        let _place = quota.take("2001:db8:1:2::1".parse().unwrap()).unwrap();
        assert!(quota.take("2001:db8:1:2:ffff::2".parse().unwrap()).is_err());
        let _other = quota.take("2001:db8:1:3::1".parse().unwrap()).unwrap();
        let _mapped = quota.take("::ffff:10.0.0.1".parse().unwrap()).unwrap();
        assert!(quota.take("10.0.0.1".parse().unwrap()).is_err());
    }
}
