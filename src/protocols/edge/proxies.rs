//! Who is behind a reverse proxy. Only proxies that the configuration names are believed; without any, the header is
//! what anybody may have written.

use std::net::{IpAddr, SocketAddr};

use ::http::{HeaderMap, HeaderName, header};

pub use crate::domain::Network;

/// The proxies that are believed, and the header in which they say for whom they ask.
#[derive(Clone, Debug)]
pub struct Proxies {
    pub trusted: Vec<Network>,
    /// `Forwarded` (RFC 7239) instead of `X-Forwarded-For`.
    pub rfc7239: bool,
}

impl Proxies {
    fn trust(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(address))
    }

    /// The client for whom `peer` asks: from the last proxy backwards, the first address that is no proxy of ours.
    /// Nothing when the peer is not believed or names nobody.
    pub fn client(&self, peer: SocketAddr, headers: &HeaderMap) -> Option<SocketAddr> {
        if self.trusted.is_empty() || !self.trust(peer.ip()) {
            return None;
        }
        let name = if self.rfc7239 { header::FORWARDED } else { HeaderName::from_static("x-forwarded-for") };
        let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        let hops: Vec<&str> = values.flat_map(|value| value.split(',')).collect();
        let mut client = None;
        for hop in hops.into_iter().rev() {
            let Some(address) = self.address(hop.trim()) else { break };
            client = Some(SocketAddr::new(address.to_canonical(), 0));
            if !self.trust(address) {
                break;
            }
        }
        client
    }

    fn address(&self, hop: &str) -> Option<IpAddr> {
        let text = if self.rfc7239 {
            let pairs = hop.split(';').filter_map(|pair| pair.split_once('='));
            let mut named = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case("for"));
            named.next()?.1.trim().trim_matches('"')
        } else {
            hop
        };
        let bare = text.strip_prefix('[').and_then(|text| text.split(']').next()).unwrap_or(text);
        bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::http::HeaderValue;

    fn client(rfc7239: bool, trusted: &[&str], peer: &str, value: &'static str) -> Option<String> {
        let trusted = trusted.iter().map(|text| Network::parse(text).unwrap()).collect();
        let name = if rfc7239 { header::FORWARDED } else { HeaderName::from_static("x-forwarded-for") };
        let headers = HeaderMap::from_iter([(name, HeaderValue::from_static(value))]);
        let client = Proxies { trusted, rfc7239 }.client(peer.parse().unwrap(), &headers)?;
        Some(client.ip().to_string())
    }

    #[test]
    fn only_our_proxies_are_believed() {
        let proxies = &["10.0.0.0/8", "::1"];
        let of = |peer, value| client(false, proxies, peer, value);
        assert_eq!(of("10.1.2.3:1", "6.6.6.6, 192.0.2.7, 10.9.9.9").as_deref(), Some("192.0.2.7"));
        assert_eq!(of("[::1]:1", "2001:db8::5").as_deref(), Some("2001:db8::5"));
        assert_eq!(of("11.1.2.3:1", "192.0.2.7"), None, "no proxy of ours");
        assert_eq!(of("10.1.2.3:1", "unknown"), None);
        assert_eq!(of("10.1.2.3:1", "192.0.2.7, nonsense, 10.0.0.2").as_deref(), Some("10.0.0.2"));
        assert_eq!(client(false, &[], "10.1.2.3:1", "192.0.2.7"), None, "none are believed by default");
        let forwarded = "for=6.6.6.6, for=\"[2001:db8::5]:4711\";proto=https;by=10.0.0.1";
        assert_eq!(client(true, proxies, "10.1.2.3:1", forwarded).as_deref(), Some("2001:db8::5"));
        assert_eq!(client(true, proxies, "10.1.2.3:1", "For=192.0.2.7:80").as_deref(), Some("192.0.2.7"));
    }

    #[test]
    fn networks() {
        for text in ["10.0.0.0/33", "::/129", "x", "", "10.0.0.0/", "10.0.0.0/-1"] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
        let all = Network::parse("0.0.0.0/0").unwrap();
        assert!(all.contains("255.1.2.3".parse().unwrap()) && !all.contains("::2".parse().unwrap()));
        assert!(all.contains("::ffff:1.2.3.4".parse().unwrap()));
    }
}
