//! What a request's way here says about its client: pure functions over the connection and the headers.
//!
//! Only `X-Forwarded-For` and `X-Forwarded-Proto` are read, because they are what every proxy in front of us sets.
//! RFC 7239 `Forwarded` is not: a proxy that does not know it passes it on unchanged from the client, so that reading
//! both would let a client choose which one counts.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName};
use ipnet::IpNet;

/// Whose word about the client is taken.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// The proxies in front of this node (`server.trusted_proxies`).
    pub proxies: Vec<IpNet>,
    /// The development switch (`server.insecure_loopback`): a peer on the loopback interface may say that the client
    /// used https.
    pub loopback_may_claim_https: bool,
}

impl Trust {
    fn proxy(&self, address: IpAddr) -> bool {
        self.proxies.iter().any(|network| network.contains(&address))
    }
}

/// The client's address: the rightmost hop that is not a trusted proxy.
///
/// Each proxy appends the address it saw, so hops are believed from the right as long as a trusted proxy wrote them.
/// What stands further left, the client may have invented. A hop that is not an address ends the search.
pub fn client_address(peer: IpAddr, headers: &HeaderMap, trust: &Trust) -> IpAddr {
    let mut client = peer.to_canonical();
    if !trust.proxy(client) {
        return client;
    }
    for line in headers.get_all(FORWARDED_FOR).iter().rev() {
        let Ok(line) = line.to_str() else { return client };
        for hop in line.rsplit(',') {
            let Some(address) = hop_address(hop) else { return client };
            client = address;
            if !trust.proxy(client) {
                return client;
            }
        }
    }
    client
}

/// Whether the request came over https all the way that we can know of.
///
/// Either our own listener did TLS, or a peer whose word counts says so: exactly one `X-Forwarded-Proto`, being
/// exactly `https`. A trusted proxy that says otherwise is believed too: then the first hop was in the clear.
pub fn over_https(tls: bool, peer: IpAddr, headers: &HeaderMap, trust: &Trust) -> bool {
    let peer = peer.to_canonical();
    let mut claims = headers.get_all(FORWARDED_PROTO).iter();
    let proxy = trust.proxy(peer);
    if tls {
        return !proxy || headers.get(FORWARDED_PROTO).is_none() || claims_https(claims);
    }
    (proxy || (trust.loopback_may_claim_https && peer.is_loopback())) && claims_https(&mut claims)
}

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

fn claims_https<'a>(mut claims: impl Iterator<Item = &'a http::HeaderValue>) -> bool {
    match (claims.next(), claims.next()) {
        (Some(only), None) => only.as_bytes().trim_ascii().eq_ignore_ascii_case(b"https"),
        _ => false,
    }
}

/// An address, with or without a port: `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:4711`.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    let address = bare.parse::<IpAddr>().or_else(|_| hop.parse::<SocketAddr>().map(|with_port| with_port.ip()));
    address.ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, values: &[&str]) -> HeaderMap {
        values.iter().map(|v| (HeaderName::from_static(name), v.parse().unwrap())).collect()
    }

    fn trust(networks: &[&str], loopback: bool) -> Trust {
        let proxies = networks.iter().map(|n| n.parse().unwrap()).collect();
        Trust { proxies, loopback_may_claim_https: loopback }
    }

    #[test]
    fn the_client_is_the_rightmost_hop_that_is_no_trusted_proxy() {
        let table: &[(&str, &[&str], &str)] = &[
            // An untrusted peer is the client, whatever it says.
            ("203.0.113.9", &["198.51.100.1"], "203.0.113.9"),
            ("203.0.113.9", &[], "203.0.113.9"),
            // A trusted one tells.
            ("10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("::ffff:10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            // What the client invented stands left.
            ("10.0.0.1", &["127.0.0.1, 198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["127.0.0.1", "198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["8.8.8.8, 198.51.100.1, 10.0.0.2, 10.0.0.3"], "198.51.100.1"),
            ("10.0.0.1", &["8.8.8.8, 198.51.100.1", "10.0.0.2", "10.0.0.3"], "198.51.100.1"),
            // Only proxies: the first of them.
            ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            // Not an address: nothing left of it is believed.
            ("10.0.0.1", &["198.51.100.1, unknown"], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.1, , 10.0.0.2"], "10.0.0.2"),
            ("10.0.0.1", &["198.51.100.1, 10.0.0.256"], "10.0.0.1"),
            ("10.0.0.1", &[""], "10.0.0.1"),
            // Ports and brackets.
            ("10.0.0.1", &["198.51.100.1:4711"], "198.51.100.1"),
            ("10.0.0.1", &["2001:db8::7"], "2001:db8::7"),
            ("10.0.0.1", &["[2001:db8::7]"], "2001:db8::7"),
            ("10.0.0.1", &["[2001:db8::7]:4711"], "2001:db8::7"),
            ("10.0.0.1", &["::ffff:198.51.100.1"], "198.51.100.1"),
        ];
        let trust = trust(&["10.0.0.0/8"], false);
        for (peer, forwarded, expected) in table {
            let client = client_address(peer.parse().unwrap(), &headers("x-forwarded-for", forwarded), &trust);
            assert_eq!(client.to_string(), *expected, "peer {peer}, {forwarded:?}");
        }
    }

    #[test]
    fn https_is_our_own_tls_or_one_word_of_a_trusted_peer() {
        let proxied = trust(&["10.0.0.0/8"], false);
        let development = trust(&[], true);
        let table: &[(&Trust, bool, &str, &[&str], bool)] = &[
            // Our own TLS; a stranger's header changes nothing.
            (&proxied, true, "203.0.113.9", &[], true),
            (&proxied, true, "203.0.113.9", &["http"], true),
            // In the clear; a stranger's header changes nothing.
            (&proxied, false, "203.0.113.9", &[], false),
            (&proxied, false, "203.0.113.9", &["https"], false),
            (&proxied, false, "127.0.0.1", &["https"], false),
            // A trusted proxy says so, in exactly one value.
            (&proxied, false, "10.0.0.1", &["https"], true),
            (&proxied, false, "10.0.0.1", &["HTTPS"], true),
            (&proxied, false, "::ffff:10.0.0.1", &["https"], true),
            (&proxied, false, "10.0.0.1", &[], false),
            (&proxied, false, "10.0.0.1", &["http"], false),
            (&proxied, false, "10.0.0.1", &["https", "https"], false),
            (&proxied, false, "10.0.0.1", &["https, https"], false),
            (&proxied, false, "10.0.0.1", &["https", "http"], false),
            (&proxied, false, "10.0.0.1", &["https,"], false),
            (&proxied, false, "10.0.0.1", &["httpsx"], false),
            // It speaks TLS to us and says that the client did not.
            (&proxied, true, "10.0.0.1", &["http"], false),
            (&proxied, true, "10.0.0.1", &["https"], true),
            (&proxied, true, "10.0.0.1", &[], true),
            // The development switch is for the loopback interface only, and it must be said there too.
            (&development, false, "127.0.0.1", &["https"], true),
            (&development, false, "::1", &["https"], true),
            (&development, false, "127.0.0.1", &[], false),
            (&development, false, "192.0.2.1", &["https"], false),
        ];
        for (trust, tls, peer, claimed, expected) in table {
            let https = over_https(*tls, peer.parse().unwrap(), &headers("x-forwarded-proto", claimed), trust);
            assert_eq!(https, *expected, "tls {tls}, peer {peer}, {claimed:?}");
        }
    }
}
