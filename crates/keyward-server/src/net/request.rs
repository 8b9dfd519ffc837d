//! What every request passes before any surface sees it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http::header::HOST;
use http::uri::PathAndQuery;
use http::{HeaderValue, Method, Request, Uri, Version};

use super::hosts::split_authority;

/// The connection a request came on.
#[derive(Debug, PartialEq, Eq)]
pub struct Peer {
    /// Who is at the other end: the client, or a proxy in front of this node.
    pub address: SocketAddr,
    /// Whether this node did TLS on it.
    pub tls: bool,
    /// The listener's name.
    pub listener: Arc<str>,
}

/// How a request arrived: an extension of every request.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The connection.
    pub peer: Arc<Peer>,
    /// The client's address, as far as trusted proxies tell it.
    pub client: IpAddr,
    /// Whether the request came over https, as far as trusted proxies tell it.
    pub https: bool,
    /// The prefix under which the surface is mounted, taken off the path: what links must begin with.
    pub prefix: Arc<str>,
}

/// Why a request is not understood: 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadRequest {
    NotOneHost,
    Contradiction,
    MalformedHost,
    NotAProxy,
    NotAPath,
}

impl BadRequest {
    /// What the client is told.
    pub(super) const fn sentence(self) -> &'static str {
        match self {
            Self::NotOneHost => "the request must have exactly one `Host`\n",
            Self::Contradiction => "`Host` and `:authority` contradict each other\n",
            Self::MalformedHost => "the host is malformed\n",
            Self::NotAProxy => "this is not a forward proxy\n",
            Self::NotAPath => "the request target must be a path\n",
        }
    }
}

/// Brings the target into origin form and the host into `Host`.
///
/// An absolute target is accepted, because clients behind a forward proxy send one (RFC 9112 section 3.2.2): its
/// authority replaces `Host`. Its scheme is forgotten: it proves nothing about the connection, and nobody dials it.
pub(super) fn normalise<B>(request: &mut Request<B>) -> Result<(), BadRequest> {
    if request.method() == Method::CONNECT {
        return Err(BadRequest::NotAProxy);
    }
    let mut hosts = request.headers().get_all(HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (_, Some(_)) => return Err(BadRequest::NotOneHost),
        (host, None) => host,
    };
    if let Some(authority) = request.uri().authority() {
        let text = authority.as_str();
        if request.version() == Version::HTTP_2 {
            if host.is_some_and(|host| !host.as_bytes().eq_ignore_ascii_case(text.as_bytes())) {
                return Err(BadRequest::Contradiction);
            }
        } else if host.is_none() && request.version() == Version::HTTP_11 {
            return Err(BadRequest::NotOneHost);
        }
        let value = HeaderValue::from_str(text).map_err(|_| BadRequest::MalformedHost)?;
        let target = request.uri().path_and_query().cloned();
        *request.uri_mut() = Uri::from(target.unwrap_or_else(|| PathAndQuery::from_static("/")));
        request.headers_mut().insert(HOST, value);
    } else if host.is_none() {
        return Err(BadRequest::NotOneHost);
    }
    if host_of(request).is_none() {
        return Err(BadRequest::MalformedHost);
    }
    if !request.uri().path().starts_with('/') {
        return Err(BadRequest::NotAPath);
    }
    Ok(())
}

/// The host of a request that was normalised, without its port.
pub(super) fn host_of<B>(request: &Request<B>) -> Option<&str> {
    let value = request.headers().get(HOST)?.to_str().ok()?;
    split_authority(value).map(|(host, _port)| host)
}

/// Takes a mounted prefix, which the path is known to begin with, off the target.
pub(super) fn strip_prefix<B>(request: &mut Request<B>, prefix: &str) {
    if prefix.is_empty() {
        return;
    }
    let target = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
    let rest = target.strip_prefix(prefix).unwrap_or(target);
    let rest = if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") };
    // Taking whole segments off a valid target leaves a valid one.
    if let Ok(target) = PathAndQuery::try_from(rest) {
        *request.uri_mut() = Uri::from(target);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Version, target and hosts; then host and target as a surface sees them.
    type Row = (Version, &'static str, &'static [&'static str], Result<(&'static str, &'static str), BadRequest>);

    fn request(version: Version, target: &str, hosts: &[&str]) -> Request<()> {
        let mut builder = Request::builder().version(version).uri(target);
        for host in hosts {
            builder = builder.header(HOST, *host);
        }
        builder.body(()).unwrap()
    }

    #[test]
    fn exactly_one_host_decides() {
        let one = Version::HTTP_11;
        let two = Version::HTTP_2;
        let table: &[Row] = &[
            (one, "/a?b", &["x.example:80"], Ok(("x.example", "/a?b"))),
            (one, "/a", &[], Err(BadRequest::NotOneHost)),
            (one, "/a", &["x.example", "x.example"], Err(BadRequest::NotOneHost)),
            (one, "/a", &["x.example,y.example"], Err(BadRequest::MalformedHost)),
            (one, "/a", &[""], Err(BadRequest::MalformedHost)),
            (Version::HTTP_10, "/a", &[], Err(BadRequest::NotOneHost)),
            // Absolute form: its authority replaces `Host`.
            (one, "https://y.example/a?b", &["x.example"], Ok(("y.example", "/a?b"))),
            (one, "http://y.example:8080", &["y.example:8080"], Ok(("y.example", "/"))),
            (one, "http://y.example/", &[], Err(BadRequest::NotOneHost)),
            (one, "http://y.example/", &["a", "b"], Err(BadRequest::NotOneHost)),
            (one, "http://user@y.example/", &["y.example"], Err(BadRequest::MalformedHost)),
            (Version::HTTP_10, "http://y.example/", &[], Ok(("y.example", "/"))),
            // HTTP/2: `:authority`, and `Host` only if it says the same.
            (two, "https://y.example/a", &[], Ok(("y.example", "/a"))),
            (two, "https://y.example/a", &["Y.example"], Ok(("y.example", "/a"))),
            (two, "https://y.example/a", &["x.example"], Err(BadRequest::Contradiction)),
            (two, "/a", &["x.example"], Ok(("x.example", "/a"))),
            (two, "/a", &[], Err(BadRequest::NotOneHost)),
            // Neither a path nor something to dial.
            (one, "*", &["x.example"], Err(BadRequest::NotAPath)),
        ];
        for (version, target, hosts, expected) in table {
            let mut request = request(*version, target, hosts);
            let outcome = normalise(&mut request);
            let seen = outcome.map(|()| (host_of(&request).unwrap().to_owned(), request.uri().to_string()));
            let expected = expected.map(|(host, uri)| (host.to_owned(), uri.to_owned()));
            assert_eq!(seen, expected, "{version:?} {target} {hosts:?}");
        }
    }

    #[test]
    fn connect_is_refused() {
        let mut request = request(Version::HTTP_11, "x.example:443", &["x.example:443"]);
        *request.method_mut() = Method::CONNECT;
        assert_eq!(normalise(&mut request), Err(BadRequest::NotAProxy));
    }

    #[test]
    fn a_prefix_is_taken_off() {
        for (target, rest) in [("/k", "/"), ("/k/", "/"), ("/k/a?b=/k", "/a?b=/k"), ("/k?q", "/?q")] {
            let mut request = request(Version::HTTP_11, target, &[]);
            strip_prefix(&mut request, "/k");
            assert_eq!(request.uri().to_string(), rest, "{target}");
        }
    }
}
