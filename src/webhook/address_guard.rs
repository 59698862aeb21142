//! Which addresses webhooks may reach.
//!
//! Whoever registers an endpoint chooses where this server connects to, so it must not become a way into the network
//! that it stands in (SSRF). A look at the URL is not enough: a name can resolve to anything, and to something else at
//! each look (DNS rebinding). So the guard is the HTTP client's resolver: it judges the very addresses that are then
//! connected to, each time. An address that stands in the URL itself never meets a resolver; [`AddressGuard::check_url`]
//! judges it, when the endpoint is made and before each attempt.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::domain::{Network, Violation};

/// What kind of place an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// On the Internet.
    Public,
    /// This machine alone.
    Loopback,
    /// A network around this machine: allowed by configuration only.
    Local,
    /// Nowhere that a webhook may go: the cloud's metadata services, and addresses that are not one machine's or that
    /// wrap another address.
    Never,
}

/// Metadata and credential services of clouds; some lie in ranges that are otherwise public or local.
const METADATA: [IpAddr; 6] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 2)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
];

/// IPv4 ranges that are not public (IANA special-purpose registry), the first match counts.
const V4_RANGES: [(Ipv4Addr, u32, Reach); 14] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8, Reach::Never),
    (Ipv4Addr::new(10, 0, 0, 0), 8, Reach::Local),
    (Ipv4Addr::new(100, 64, 0, 0), 10, Reach::Local),
    (Ipv4Addr::new(127, 0, 0, 0), 8, Reach::Loopback),
    (Ipv4Addr::new(169, 254, 0, 0), 16, Reach::Local),
    (Ipv4Addr::new(172, 16, 0, 0), 12, Reach::Local),
    (Ipv4Addr::new(192, 0, 0, 0), 24, Reach::Never),
    (Ipv4Addr::new(192, 0, 2, 0), 24, Reach::Never),
    (Ipv4Addr::new(192, 88, 99, 0), 24, Reach::Never),
    (Ipv4Addr::new(192, 168, 0, 0), 16, Reach::Local),
    (Ipv4Addr::new(198, 18, 0, 0), 15, Reach::Never),
    (Ipv4Addr::new(198, 51, 100, 0), 24, Reach::Never),
    (Ipv4Addr::new(203, 0, 113, 0), 24, Reach::Never),
    (Ipv4Addr::new(224, 0, 0, 0), 3, Reach::Never),
];

/// IPv6 ranges, the first match counts. Outside of them nothing is reachable: global unicast is 2000::/3, and what is
/// carved out of it here is documentation, protocol assignments (Teredo, ORCHID, benchmarks) and 6to4.
const V6_RANGES: [(Ipv6Addr, u32, Reach); 8] = [
    (Ipv6Addr::LOCALHOST, 128, Reach::Loopback),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, Reach::Local),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, Reach::Local),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, Reach::Never),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, Reach::Never),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, Reach::Never),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, Reach::Never),
    (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3, Reach::Public),
];

fn reach(address: IpAddr) -> Reach {
    // The kernel connects a mapped address over IPv4, so it is judged as that.
    let address = address.to_canonical();
    if METADATA.contains(&address) {
        return Reach::Never;
    }
    match address {
        IpAddr::V4(v4) => {
            let within =
                |network: Ipv4Addr, bits: u32| (v4.to_bits() ^ network.to_bits()) >> (32 - bits) == 0;
            let found = V4_RANGES.into_iter().find(|(network, bits, _)| within(*network, *bits));
            found.map_or(Reach::Public, |(_, _, reach)| reach)
        }
        IpAddr::V6(v6) => {
            let within =
                |network: Ipv6Addr, bits: u32| (v6.to_bits() ^ network.to_bits()) >> (128 - bits) == 0;
            let found = V6_RANGES.into_iter().find(|(network, bits, _)| within(*network, *bits));
            found.map_or(Reach::Never, |(_, _, reach)| reach)
        }
    }
}

/// No address of the receiver is one that webhooks may reach. It names none of them: what a name means inside this
/// network is not for the endpoint's owner to learn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the receiver's address is not allowed: it must be a public one")]
pub(super) struct Refused;

/// How far webhooks may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Allowed {
    /// Public addresses.
    Public,
    /// Those, and this machine: for the demo, whose receivers are here.
    Loopback,
    /// Those, and private, shared (CGNAT) and link-local addresses.
    Private,
}

/// What a name means; tests put their own in place of the system's.
type Lookup = dyn Fn(String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> + Send + Sync;

/// Names whose last meaning is remembered, for the record of attempts that never got a connection.
const MAX_REMEMBERED: usize = 1024;

/// Judges the addresses that webhooks go to. Clones share what they remember.
#[derive(Clone)]
pub struct AddressGuard {
    allowed: Allowed,
    networks: Arc<[Network]>,
    ports: Arc<[u16]>,
    lookup: Arc<Lookup>,
    meanings: Arc<Mutex<HashMap<String, IpAddr>>>,
}

impl AddressGuard {
    /// That lets pass what is allowed, on every port.
    pub fn new(allowed: Allowed) -> Self {
        let lookup = |name: String| {
            async move {
                let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
                Ok(found.map(|address| address.ip()).collect())
            }
            .boxed()
        };
        Self {
            allowed,
            networks: Arc::default(),
            ports: Arc::default(),
            lookup: Arc::new(lookup),
            meanings: Arc::default(),
        }
    }

    /// That lets pass these networks too, whatever lies in them but for metadata services.
    pub fn with_networks(self, networks: Vec<Network>) -> Self {
        Self { networks: networks.into(), ..self }
    }

    /// That lets pass these ports only; none: every port.
    pub fn with_ports(self, ports: Vec<u16>) -> Self {
        Self { ports: ports.into(), ..self }
    }

    /// That asks `lookup` what a name means.
    #[cfg(test)]
    pub fn with_lookup(self, lookup: impl Fn(&str) -> Vec<IpAddr> + Send + Sync + 'static) -> Self {
        let lookup = move |name: String| std::future::ready(Ok(lookup(&name))).boxed();
        Self { lookup: Arc::new(lookup), ..self }
    }

    /// The address that the host of `url` is, or that its name meant last.
    pub(super) fn meaning(&self, url: &str) -> Option<IpAddr> {
        let url = Url::parse(url).ok()?;
        let host = url.host_str()?.trim_start_matches('[').trim_end_matches(']');
        host.parse().ok().or_else(|| self.meanings.lock().get(host).copied())
    }

    /// Whether webhooks may connect to `address`.
    pub fn allows(&self, address: IpAddr) -> bool {
        let canonical = address.to_canonical();
        if !METADATA.contains(&canonical) && self.networks.iter().any(|network| network.contains(canonical)) {
            return true;
        }
        match reach(address) {
            Reach::Public => true,
            Reach::Loopback => self.allowed >= Allowed::Loopback,
            Reach::Local => self.allowed >= Allowed::Private,
            Reach::Never => false,
        }
    }

    /// The URL that `text` is, when webhooks may go there as far as the text tells.
    ///
    /// # Errors
    /// A violation of `url` that says what is allowed.
    pub fn check_url(&self, text: &str) -> Result<Url, Violation> {
        let broken = |code, message: &str| Violation::new("url", code, message);
        let url = Url::parse(text)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https"))
            .ok_or_else(|| broken("invalid_url", "must be an absolute http:// or https:// URL"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(broken("url_credentials", "must not contain a user name or a password"));
        }
        let port = url.port_or_known_default().unwrap_or_default();
        if !self.ports.is_empty() && !self.ports.contains(&port) {
            let ports: Vec<String> = self.ports.iter().map(ToString::to_string).collect();
            return Err(broken(
                "port_not_allowed",
                &format!("must have one of these ports: {}", ports.join(", ")),
            ));
        }
        // The parser has brought every spelling of an IPv4 address (octal, hexadecimal, one number) into the usual one.
        let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        let allowed = match host.parse::<IpAddr>() {
            Ok(address) => self.allows(address),
            Err(_) => {
                let local = self.allowed >= Allowed::Loopback || !self.networks.is_empty();
                local || !is_local_name(host)
            }
        };
        if !allowed {
            return Err(broken("address_not_allowed", "must not be a local, private or reserved address"));
        }
        Ok(url)
    }
}

/// Names that mean this machine (RFC 6761 §6.3). The resolver would refuse them too; here the owner learns it at once.
fn is_local_name(host: &str) -> bool {
    let host = host.trim_end_matches('.');
    host == "localhost" || host.ends_with(".localhost")
}

impl Resolve for AddressGuard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let found = (guard.lookup)(name.as_str().to_owned()).await?;
            let allowed: Vec<SocketAddr> = found
                .into_iter()
                .filter(|address| guard.allows(*address))
                .map(|address| SocketAddr::new(address, 0))
                .collect();
            let mut meanings = guard.meanings.lock();
            if meanings.len() >= MAX_REMEMBERED {
                meanings.clear();
            }
            // What a name means inside is nothing for the owner of an endpoint, who reads this.
            let Some(first) = allowed.first() else {
                meanings.remove(name.as_str());
                return Err(Refused.into());
            };
            meanings.insert(name.as_str().to_owned(), first.ip());
            drop(meanings);
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn judges_every_kind_of_address() {
        let table = [
            (Reach::Public, "1.1.1.1 8.8.8.8 93.184.216.34 172.15.0.1 172.32.0.1 100.63.255.255"),
            (Reach::Public, "100.128.0.1 192.0.1.1 169.253.1.1 198.17.0.1 198.20.0.1 223.255.255.255"),
            (Reach::Public, "2606:4700::1111 2a00:1450::8 2001:4860::8 2001:200::1 ::ffff:8.8.8.8"),
            (Reach::Loopback, "127.0.0.1 127.255.255.255 ::1 ::ffff:127.0.0.1"),
            (Reach::Local, "10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1"),
            (Reach::Local, "100.64.0.1 100.127.255.255 169.254.1.1 fc00::1 fd12::1 fe80::1 febf::1"),
            (Reach::Local, "::ffff:10.1.2.3 ::ffff:169.254.0.9"),
            // Unspecified, metadata, protocol assignments.
            (Reach::Never, "0.0.0.0 0.1.2.3 :: ::ffff:0.0.0.0 192.0.0.1 100::1 fec0::1"),
            (Reach::Never, "169.254.169.254 169.254.170.2 100.100.100.200 168.63.129.16 fd00:ec2::254"),
            (Reach::Never, "::ffff:169.254.169.254"),
            // Documentation, benchmarks, multicast, reserved, broadcast.
            (Reach::Never, "192.0.2.1 198.51.100.1 203.0.113.1 198.18.0.1 198.19.255.255 192.88.99.1"),
            (Reach::Never, "224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255 ff02::1 2001:db8::1 3fff::1"),
            // IPv4-compatible, NAT64, 6to4, Teredo, ORCHID, benchmarks, segment routing, unassigned.
            (Reach::Never, "::2 ::7f00:1 64:ff9b::7f00:1 64:ff9b::808:808 64:ff9b:1::1 2002:7f00:1::1"),
            (Reach::Never, "2002:808:808::1 2001::1 2001:10::1 2001:20::1 2001:2::1 5f00::1 4000::1"),
        ];
        for (expected, addresses) in table {
            for address in addresses.split(' ') {
                assert_eq!(reach(address.parse().unwrap()), expected, "{address}");
            }
        }
    }

    #[test]
    fn checks_the_url_before_anything_is_connected() {
        let code =
            |guard: &AddressGuard, url| guard.check_url(url).map(|_| "ok").unwrap_or_else(|found| found.code);
        let (closed, open) = (AddressGuard::new(Allowed::Public), AddressGuard::new(Allowed::Private));
        for url in [
            "https://example.com/hook",
            "http://example.com:8080/",
            "https://[2606:4700::1111]/",
            "http://1.1.1.1",
        ] {
            assert_eq!((code(&closed, url), code(&open, url)), ("ok", "ok"), "{url}");
        }
        let local = "http://127.0.0.1:3000/ http://localhost/ http://LOCALHOST./ http://a.localhost/ http://[::1]/ \
                     http://2130706433/ http://0x7f.1/ http://0177.0.0.1/ http://127.1/ http://[::ffff:10.0.0.1]/";
        for url in local.split_whitespace() {
            assert_eq!((code(&closed, url), code(&open, url)), ("address_not_allowed", "ok"), "{url}");
        }
        for url in [
            "http://169.254.169.254/latest",
            "http://0.0.0.0/",
            "http://[64:ff9b::1.1.1.1]/",
            "http://[ff02::1]/",
        ] {
            assert_eq!(code(&open, url), "address_not_allowed", "{url}");
        }
        for url in
            ["", "/hook", "example.com", "ftp://example.com/", "file:///etc/passwd", "http://", "http://:80/"]
        {
            assert_eq!(code(&open, url), "invalid_url", "{url}");
        }
        for url in
            ["http://user@example.com/", "https://user:secret@example.com/", "https://:secret@example.com/"]
        {
            assert_eq!(code(&open, url), "url_credentials", "{url}");
        }
    }

    #[test]
    fn lists_open_networks_and_close_ports() {
        let networks =
            vec![Network::parse("10.1.0.0/16").unwrap(), Network::parse("169.254.0.0/16").unwrap()];
        let guard = AddressGuard::new(Allowed::Public).with_networks(networks).with_ports(vec![443, 8443]);
        let code = |url| guard.check_url(url).map(|_| "ok").unwrap_or_else(|found| found.code);
        assert_eq!((code("https://10.1.2.3/"), code("https://example.com:8443/")), ("ok", "ok"));
        assert_eq!(code("https://10.2.0.1/"), "address_not_allowed");
        assert_eq!(code("https://[::ffff:10.1.2.3]/"), "ok", "judged as what is connected to");
        assert_eq!(code("https://169.254.169.254/"), "address_not_allowed", "metadata is never allowed");
        assert_eq!(
            (code("http://example.com/"), code("https://10.1.2.3:22/")),
            ("port_not_allowed", "port_not_allowed")
        );
    }

    #[tokio::test]
    async fn refuses_a_name_by_what_it_resolves_to() {
        let resolve = async |guard: AddressGuard| guard.resolve("localhost".parse().unwrap()).await;
        let refused = resolve(AddressGuard::new(Allowed::Public)).await.err().unwrap();
        assert_eq!(refused.downcast_ref(), Some(&Refused));
        let allowed: Vec<SocketAddr> = resolve(AddressGuard::new(Allowed::Private)).await.unwrap().collect();
        assert!(!allowed.is_empty() && allowed.iter().all(|address| address.ip().is_loopback()));
    }
}
