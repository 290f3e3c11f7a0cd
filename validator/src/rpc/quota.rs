//! How many things there may be at once, in all and of one address.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Places that are taken and given back. An address holds a part of them only, so that one client never shuts out all others.
#[derive(Debug)]
pub(super) struct Quota {
    in_all: usize,
    per_address: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    in_all: usize,
    by_address: BTreeMap<IpAddr, usize>,
}

/// A place, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    quota: Arc<Quota>,
    address: IpAddr,
}

/// Why no place was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    #[error("all {0} places for this are taken: ask again later, or ask another node")]
    InAll(usize),
    #[error("your address holds all {0} places that one address may have: end some first")]
    PerAddress(usize),
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
    pub fn take(self: &Arc<Self>, address: IpAddr) -> Result<Place, Refused> {
        let address = network(address);
        let mut taken = self.lock();
        let held = taken.by_address.get(&address).copied().unwrap_or(0);
        if held >= self.per_address {
            return Err(Refused::PerAddress(self.per_address));
        }
        if taken.in_all >= self.in_all {
            return Err(Refused::InAll(self.in_all));
        }
        taken.in_all += 1;
        taken.by_address.insert(address, held + 1);
        drop(taken);
        Ok(Place {
            quota: Arc::clone(self),
            address,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.quota.lock();
        taken.in_all = taken.in_all.saturating_sub(1);
        match taken.by_address.get_mut(&self.address) {
            Some(held) if *held > 1 => *held -= 1,
            _ => {
                taken.by_address.remove(&self.address);
            }
        }
    }
}

/// What counts as one address: who has an IPv6 address usually has a whole network of 64 bits of them.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_its_part_and_all_together_the_whole_and_what_is_given_back_is_free() {
        let quota = Quota::new(5, 2);
        let address = |last: u8| IpAddr::from([127, 0, 0, last]);
        let first = quota.take(address(1)).unwrap();
        let _second = quota.take(address(1)).unwrap();
        assert_eq!(quota.take(address(1)).unwrap_err(), Refused::PerAddress(2));
        let _others: Vec<_> = (2..5)
            .map(|last| quota.take(address(last)).unwrap())
            .collect();
        assert_eq!(quota.take(address(9)).unwrap_err(), Refused::InAll(5));
        drop(first);
        let _third = quota.take(address(1)).unwrap();
        assert_eq!(quota.take(address(9)).unwrap_err(), Refused::InAll(5));
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
