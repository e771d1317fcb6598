//! The client's address: that of the connection, or where a trusted proxy holds the connection, the
//! one that the proxy says.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request};
use http::HeaderMap;
use ipnet::IpNet;

const FORWARDED_FOR: &str = "x-forwarded-for";
/// Whoever has one IPv6 address has all of its network.
const IPV6_NETWORK_BITS: u32 = 64;

/// Proxies whose word about a client's address is taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Arc<[IpNet]>);

impl TrustedProxies {
    /// These networks.
    pub fn new(networks: impl IntoIterator<Item = IpNet>) -> Self {
        Self(networks.into_iter().collect())
    }

    fn trust(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The header is read from the right, where the nearest proxy wrote what it saw. The first
    /// address that is no proxy of ours is the client's; what stands left of it, anybody may have
    /// written.
    fn client(&self, connection: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = connection.to_canonical();
        let values = headers.get_all(FORWARDED_FOR).iter().rev();
        let texts = values.map(|value| value.to_str().unwrap_or("unreadable"));
        for hop in texts.flat_map(|text| text.rsplit(',')) {
            if !self.trust(client) {
                break;
            }
            let Some(address) = read(hop.trim()) else { break };
            client = address;
        }
        client
    }
}

/// Some proxies write a port behind the address.
fn read(hop: &str) -> Option<IpAddr> {
    let address = hop.parse::<IpAddr>().ok();
    let address = address.or_else(|| Some(hop.parse::<SocketAddr>().ok()?.ip()));
    address.map(|address| address.to_canonical())
}

/// What a client is counted by; `None` where there is no connection, as in tests.
pub(crate) fn of_client(request: &Request, proxies: &TrustedProxies) -> Option<IpAddr> {
    let ConnectInfo(connection) = request.extensions().get::<ConnectInfo<SocketAddr>>()?;
    Some(network(proxies.client(connection.ip(), request.headers())))
}

fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let mask = u128::MAX << (128 - IPV6_NETWORK_BITS);
            IpAddr::V6(Ipv6Addr::from(u128::from(address) & mask))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(proxies: &[&str], connection: &str, forwarded: &[&str]) -> String {
        let proxies = TrustedProxies::new(proxies.iter().map(|network| network.parse().unwrap()));
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, value.parse().unwrap());
        }
        proxies.client(connection.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn a_header_counts_only_from_a_proxy_that_is_trusted() {
        assert_eq!(client(&[], "203.0.113.1", &["198.51.100.7"]), "203.0.113.1");
        let proxy = ["10.0.0.0/8"];
        assert_eq!(client(&proxy, "203.0.113.1", &["198.51.100.7"]), "203.0.113.1");
        assert_eq!(client(&proxy, "10.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(client(&proxy, "::ffff:10.0.0.1", &["198.51.100.7:4711"]), "198.51.100.7");
        assert_eq!(client(&proxy, "10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn it_is_read_from_the_right_so_that_a_client_cannot_choose_its_address() {
        let proxy = ["10.0.0.0/8"];
        assert_eq!(client(&proxy, "10.0.0.1", &["1.1.1.1, 198.51.100.7"]), "198.51.100.7");
        assert_eq!(
            client(&proxy, "10.0.0.1", &["1.1.1.1", "198.51.100.7,10.0.0.2"]),
            "198.51.100.7"
        );
        assert_eq!(client(&proxy, "10.0.0.1", &["1.1.1.1, nonsense"]), "10.0.0.1");
        assert_eq!(client(&proxy, "10.0.0.1", &["2001:db8::1"]), "2001:db8::1");
    }

    #[test]
    fn an_ipv6_client_is_its_network() {
        let of = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(of("198.51.100.7"), "198.51.100.7");
    }
}
