//! How many connections each address has open.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::domain::Network;
use crate::protocols::http::network;

type Counts = Mutex<HashMap<IpAddr, usize>>;

/// The count of each address; one entry for each that has a connection.
pub(super) struct Addresses {
    counts: Arc<Counts>,
    most: usize,
    /// Addresses that stand for many clients, and are not counted.
    exempt: Vec<Network>,
}

/// The place of a connection among those of its address, until it is dropped.
#[derive(Debug)]
pub struct Place(Option<(Arc<Counts>, IpAddr)>);

impl Addresses {
    pub fn new(most: usize, exempt: Vec<Network>) -> Self {
        Self { counts: Arc::default(), most, exempt }
    }

    /// A place for a connection from `address`; none when it has all that it may.
    pub fn enter(&self, address: IpAddr) -> Option<Place> {
        if self.exempt.iter().any(|network| network.contains(address)) {
            return Some(Place(None));
        }
        let address = network(address);
        let mut counts = self.counts.lock();
        let count = counts.entry(address).or_default();
        // An entry that is new has a count of nothing, and at least one is allowed.
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Place(Some((Arc::clone(&self.counts), address))))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some((counts, address)) = &self.0 else { return };
        let mut counts = counts.lock();
        if let Some(count) = counts.get_mut(address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_its_own_count_and_a_v6_network_one() {
        let addresses = Addresses::new(2, vec![Network::parse("10.0.0.0/8").unwrap()]);
        let enter = |text: &str| addresses.enter(text.parse().unwrap());
        let (first, _second) = (enter("192.0.2.1"), enter("192.0.2.1"));
        assert!(enter("192.0.2.1").is_none() && enter("192.0.2.2").is_some());
        drop(first);
        assert!(enter("192.0.2.1").is_some());
        let _third = (enter("2001:db8::1"), enter("2001:db8::2"));
        assert!(enter("2001:db8::3").is_none() && enter("2001:db8:0:1::1").is_some());
        let proxied: Vec<_> = (0..5).map(|_| enter("10.1.2.3")).collect();
        assert!(proxied.iter().all(Option::is_some));
        assert_eq!(addresses.counts.lock().len(), 2, "nothing is kept of an address without connections");
    }
}
