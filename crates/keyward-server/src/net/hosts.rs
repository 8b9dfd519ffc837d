//! Which surface answers for which host and path, and which surfaces must not meet.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

/// One way in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Surface {
    /// The REST API for management.
    Native,
    /// OAuth 2.0: token, introspection, revocation, metadata.
    OAuth,
    /// The pages for people.
    Console,
    /// The checks that gateways make.
    Gateways,
    /// The verification endpoint.
    Verify,
    /// The routes of the reverse proxy.
    Proxy,
    /// A vendor's wire format, by name.
    Dialect(Arc<str>),
}

impl Surface {
    /// Whether people and scripts manage credentials here: what answers here must share its origin with nobody else.
    pub const fn manages(&self) -> bool {
        matches!(self, Self::Native | Self::Console)
    }

    /// Whether somebody else's pages or rules answer here.
    pub const fn is_foreign(&self) -> bool {
        matches!(self, Self::Proxy | Self::Dialect(_))
    }
}

impl fmt::Display for Surface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Native => f.write_str("native"),
            Self::OAuth => f.write_str("oauth"),
            Self::Console => f.write_str("console"),
            Self::Gateways => f.write_str("gateways"),
            Self::Verify => f.write_str("verify"),
            Self::Proxy => f.write_str("proxy"),
            Self::Dialect(name) => write!(f, "dialect:{name}"),
        }
    }
}

/// A word that names no surface, no host or no prefix, with what would.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not {wanted}")]
pub struct NotThat {
    given: String,
    wanted: &'static str,
}

impl FromStr for Surface {
    type Err = NotThat;

    fn from_str(text: &str) -> Result<Self, NotThat> {
        Ok(match text {
            "native" => Self::Native,
            "oauth" => Self::OAuth,
            "console" => Self::Console,
            "gateways" => Self::Gateways,
            "verify" => Self::Verify,
            "proxy" => Self::Proxy,
            other => match other.strip_prefix("dialect:") {
                Some(name) if is_word(name) => Self::Dialect(name.into()),
                _ => {
                    let wanted = "a surface: one of `native`, `oauth`, `console`, `gateways`, `verify`, `proxy` or `dialect:NAME`";
                    return Err(NotThat { given: text.to_owned(), wanted });
                }
            },
        })
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
}

/// Which hosts a mounted surface answers for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum HostPattern {
    /// The node's own: any IP address, `localhost`, and the host of `server.public_url`. Not any name: a stranger's
    /// name that is made to resolve to this node would run the stranger's pages on our origin.
    #[default]
    Own,
    /// This name, in lower case, with any port.
    Named(Arc<str>),
    /// Every host.
    Any,
}

impl FromStr for HostPattern {
    type Err = NotThat;

    fn from_str(text: &str) -> Result<Self, NotThat> {
        if text == "*" {
            return Ok(Self::Any);
        }
        match split_authority(text) {
            Some((host, None)) => Ok(Self::Named(host.to_ascii_lowercase().into())),
            _ => Err(NotThat {
                given: text.to_owned(),
                wanted: "a host: write a name or an address without scheme and port, such as `keys.example.com`, or `*` for every host",
            }),
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own => f.write_str("the node's own hosts"),
            Self::Named(name) => write!(f, "host `{name}`"),
            Self::Any => f.write_str("every host"),
        }
    }
}

/// Under which path a surface is mounted: empty, or `/a/b` without a slash at the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prefix(Arc<str>);

impl Prefix {
    /// The text that is taken off a path.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same text, to be kept by a request.
    pub(crate) fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }

    /// Whether `path` lies under it: `/a` holds `/a` and `/a/b`, not `/ab`.
    fn holds(&self, path: &str) -> bool {
        path.strip_prefix(&*self.0).is_some_and(|rest| self.0.is_empty() || rest.is_empty() || rest.starts_with('/'))
    }
}

impl FromStr for Prefix {
    type Err = NotThat;

    fn from_str(text: &str) -> Result<Self, NotThat> {
        let trimmed = text.strip_suffix('/').unwrap_or(text);
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~');
        let sound = trimmed.is_empty()
            || trimmed.strip_prefix('/').is_some_and(|rest| {
                rest.split('/').all(|part| !part.is_empty() && part != "." && part != ".." && part.bytes().all(plain))
            });
        if sound {
            return Ok(Self(trimmed.into()));
        }
        let wanted = "a path prefix: write plain segments, such as `/keyward`";
        Err(NotThat { given: text.to_owned(), wanted })
    }
}

/// A surface where it is mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// What answers.
    pub surface: Surface,
    /// On which listener.
    pub listener: Arc<str>,
    /// For which hosts.
    pub host: HostPattern,
    /// Under which path.
    pub prefix: Prefix,
}

/// The surfaces that are mounted at one place: what one router answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// For which hosts.
    pub host: HostPattern,
    /// Under which path.
    pub prefix: Prefix,
    /// What answers there.
    pub surfaces: Vec<Surface>,
}

/// The places of `listener`, each once.
pub fn places(mounts: &[Mount], listener: &str) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    for mount in mounts.iter().filter(|mount| &*mount.listener == listener) {
        match places.iter_mut().find(|place| place.host == mount.host && place.prefix == mount.prefix) {
            Some(place) => place.surfaces.push(mount.surface.clone()),
            None => places.push(Place {
                host: mount.host.clone(),
                prefix: mount.prefix.clone(),
                surfaces: vec![mount.surface.clone()],
            }),
        }
    }
    places
}

/// Why two mounts (or one) cannot stand; the numbers are places in the list of mounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlap {
    /// A page of somebody else would run on the origin where credentials are managed.
    SharedOrigin {
        /// The console or the management API.
        management: usize,
        /// The dialect or the proxied routes.
        foreign: usize,
    },
    /// The same surface twice at one place.
    Twice(usize, usize),
    /// Two that answer the same paths: two dialects, or a dialect and `oauth`.
    SamePaths(usize, usize),
    /// The console or the management API for every host.
    ManagementForAny(usize),
}

/// Every overlap among `mounts`. `public_host` is the host of `server.public_url`.
pub fn overlaps(mounts: &[Mount], public_host: Option<&str>) -> Vec<Overlap> {
    let mut found = Vec::new();
    for (i, a) in mounts.iter().enumerate() {
        if a.surface.manages() && a.host == HostPattern::Any {
            found.push(Overlap::ManagementForAny(i));
        }
        for (j, b) in mounts.iter().enumerate().skip(i + 1) {
            if a.listener != b.listener || !may_meet(&a.host, &b.host, public_host) {
                continue;
            }
            if a.surface.manages() && b.surface.is_foreign() {
                found.push(Overlap::SharedOrigin { management: i, foreign: j });
            } else if b.surface.manages() && a.surface.is_foreign() {
                found.push(Overlap::SharedOrigin { management: j, foreign: i });
            } else if a.host == b.host && a.prefix == b.prefix {
                match (&a.surface, &b.surface) {
                    (x, y) if x == y => found.push(Overlap::Twice(i, j)),
                    (Surface::Dialect(_), Surface::Dialect(_) | Surface::OAuth)
                    | (Surface::OAuth, Surface::Dialect(_)) => found.push(Overlap::SamePaths(i, j)),
                    _ => {}
                }
            }
        }
    }
    found
}

/// Whether one host can be meant by both.
fn may_meet(a: &HostPattern, b: &HostPattern, public_host: Option<&str>) -> bool {
    match (a, b) {
        (HostPattern::Any, _) | (_, HostPattern::Any) | (HostPattern::Own, HostPattern::Own) => true,
        (HostPattern::Named(a), HostPattern::Named(b)) => a == b,
        (HostPattern::Own, HostPattern::Named(name)) | (HostPattern::Named(name), HostPattern::Own) => {
            is_own(name, public_host)
        }
    }
}

fn is_own(host: &str, public_host: Option<&str>) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || public_host.is_some_and(|own| own.eq_ignore_ascii_case(host))
        || host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok()
}

/// What answers on one listener, by host and path.
#[derive(Clone, Debug)]
pub struct Sites<T> {
    public_host: Option<Arc<str>>,
    entries: Vec<Entry<T>>,
}

#[derive(Clone, Debug)]
struct Entry<T> {
    host: HostPattern,
    prefix: Prefix,
    site: T,
}

/// Why nothing answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotHere {
    /// Nothing is mounted for this host: 421.
    Host,
    /// Something is, but not under this path: 404.
    Path,
}

impl<T> Sites<T> {
    /// Nothing mounted yet. `public_host` is the host of `server.public_url`.
    pub fn new(public_host: Option<&str>) -> Self {
        Self { public_host: public_host.map(Into::into), entries: Vec::new() }
    }

    /// Mounts `site`; what is mounted under a longer prefix is asked first.
    pub fn mount(mut self, host: HostPattern, prefix: Prefix, site: T) -> Self {
        let place = self.entries.partition_point(|entry| entry.prefix.as_str().len() >= prefix.as_str().len());
        self.entries.insert(place, Entry { host, prefix, site });
        self
    }

    /// What answers for `host` (without port) and `path`, and the prefix it is mounted under.
    ///
    /// A named host is before the node's own hosts, and these are before every host; there is no second try elsewhere,
    /// so that a path that is missing at one host never reaches another host's surface.
    pub fn find(&self, host: &str, path: &str) -> Result<(&T, &Prefix), NotHere> {
        let named =
            |entry: &Entry<T>| matches!(&entry.host, HostPattern::Named(name) if name.eq_ignore_ascii_case(host));
        let own = is_own(host, self.public_host.as_deref());
        if let Some(answer) = self.among(path, named) {
            return answer;
        }
        if let Some(answer) = self.among(path, |entry| own && entry.host == HostPattern::Own) {
            return answer;
        }
        self.among(path, |entry| entry.host == HostPattern::Any).unwrap_or(Err(NotHere::Host))
    }

    fn among(&self, path: &str, wanted: impl Fn(&Entry<T>) -> bool) -> Option<Result<(&T, &Prefix), NotHere>> {
        let mut answer = None;
        for entry in self.entries.iter().filter(|entry| wanted(entry)) {
            if entry.prefix.holds(path) {
                return Some(Ok((&entry.site, &entry.prefix)));
            }
            answer = Some(Err(NotHere::Path));
        }
        answer
    }
}

/// The host and the port of an authority, or `None` when it is not exactly `host` or `host:port`.
///
/// Narrower than RFC 3986: no user, no percent-encoding, no empty port, no sub-delimiters. A host with a comma or an
/// `@` in it means different things to different readers.
pub(crate) fn split_authority(text: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (address, after) = rest.split_once(']')?;
        address.parse::<std::net::Ipv6Addr>().ok()?;
        (&text[..address.len() + 2], after)
    } else {
        text.split_at(text.find(':').unwrap_or(text.len()))
    };
    let name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if host.is_empty() || host.len() > 255 || !(host.starts_with('[') || host.bytes().all(name)) {
        return None;
    }
    // A name may be written with the root's dot; it is the same host.
    let host = host.strip_suffix('.').filter(|rest| !rest.is_empty()).unwrap_or(host);
    match port.strip_prefix(':') {
        None if port.is_empty() => Some((host, None)),
        Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => Some((host, Some(digits.parse().ok()?))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mount(surface: &str, listener: &str, host: &str, prefix: &str) -> Mount {
        let host = if host.is_empty() { HostPattern::Own } else { host.parse().unwrap() };
        Mount { surface: surface.parse().unwrap(), listener: listener.into(), host, prefix: prefix.parse().unwrap() }
    }

    #[test]
    fn surfaces_round_trip_and_others_are_refused() {
        for name in ["native", "oauth", "console", "gateways", "verify", "proxy", "dialect:acme-2"] {
            assert_eq!(name.parse::<Surface>().unwrap().to_string(), name);
        }
        for name in ["", "Console", "dialect:", "dialect:A B", "dialect", "admin"] {
            assert!(name.parse::<Surface>().is_err(), "{name}");
        }
    }

    #[test]
    fn authorities() {
        let good: &[(&str, &str, Option<u16>)] = &[
            ("keys.example.com", "keys.example.com", None),
            ("keys.example.com.:443", "keys.example.com", Some(443)),
            ("127.0.0.1:8080", "127.0.0.1", Some(8080)),
            ("[::1]", "[::1]", None),
            ("[::1]:8080", "[::1]", Some(8080)),
            ("under_score", "under_score", None),
        ];
        for (text, host, port) in good {
            assert_eq!(split_authority(text), Some((*host, *port)), "{text}");
        }
        for text in [
            "", ":80", "a:", "a:80:90", "a:+80", "a:65536", "a,b", "a b", "user@a", "a/b", "[::1", "[a]", "[::1]x",
            "::1", "a%41", "ä", "a\t",
        ] {
            assert_eq!(split_authority(text), None, "{text:?}");
        }
    }

    #[test]
    fn prefixes() {
        for (given, kept) in [("", ""), ("/", ""), ("/a", "/a"), ("/a/", "/a"), ("/a/b.c-d_e~", "/a/b.c-d_e~")] {
            assert_eq!(given.parse::<Prefix>().unwrap().as_str(), kept, "{given}");
        }
        for given in ["a", "//", "/a//b", "/a/../b", "/.", "/a%2f", "/a?b", "/{id}"] {
            assert!(given.parse::<Prefix>().is_err(), "{given}");
        }
        let prefix: Prefix = "/a".parse().unwrap();
        assert!(prefix.holds("/a") && prefix.holds("/a/b") && !prefix.holds("/ab") && !prefix.holds("/"));
    }

    #[test]
    fn the_most_specific_mount_answers_and_there_is_no_second_try() {
        let sites = Sites::new(Some("keys.example.com"))
            .mount(HostPattern::Own, Prefix::default(), "own")
            .mount(HostPattern::Own, "/deep".parse().unwrap(), "own deep")
            .mount("api.example.com".parse().unwrap(), "/v1".parse().unwrap(), "api");
        let table: &[(&str, &str, Result<&str, NotHere>)] = &[
            ("127.0.0.1", "/", Ok("own")),
            ("[::1]", "/x", Ok("own")),
            ("localhost", "/deep", Ok("own deep")),
            ("KEYS.example.com", "/deep/er", Ok("own deep")),
            ("keys.example.com", "/deeper", Ok("own")),
            ("api.example.com", "/v1/keys", Ok("api")),
            ("API.example.com", "/v1", Ok("api")),
            ("api.example.com", "/v2", Err(NotHere::Path)),
            ("evil.example", "/", Err(NotHere::Host)),
            ("localhost.evil.example", "/", Err(NotHere::Host)),
        ];
        for (host, path, expected) in table {
            assert_eq!(sites.find(host, path).map(|(site, _)| *site), *expected, "{host}{path}");
        }
        let open = sites.mount(HostPattern::Any, Prefix::default(), "any");
        assert_eq!(open.find("evil.example", "/").map(|(site, _)| *site), Ok("any"));
        assert_eq!(open.find("api.example.com", "/v2").map(|(site, _)| *site), Err(NotHere::Path));
    }

    #[test]
    fn management_never_shares_an_origin_with_what_is_not_ours() {
        let public = Some("keys.example.com");
        let shared = vec![Overlap::SharedOrigin { management: 0, foreign: 1 }];
        let table: Vec<([Mount; 2], Vec<Overlap>)> = vec![
            // The same host of the same listener, whatever the prefixes.
            ([mount("console", "a", "", ""), mount("proxy", "a", "", "/api")], shared.clone()),
            ([mount("native", "a", "", "/manage"), mount("dialect:x", "a", "", "/x")], shared.clone()),
            ([mount("console", "a", "c.example", ""), mount("proxy", "a", "C.EXAMPLE", "")], shared.clone()),
            // Every host includes the console's.
            ([mount("console", "a", "", ""), mount("proxy", "a", "*", "")], shared.clone()),
            ([mount("console", "a", "c.example", ""), mount("proxy", "a", "*", "")], shared.clone()),
            // A name that is one of the node's own.
            ([mount("console", "a", "", ""), mount("proxy", "a", "keys.example.com", "")], shared.clone()),
            ([mount("console", "a", "", ""), mount("proxy", "a", "localhost", "")], shared.clone()),
            ([mount("console", "a", "", ""), mount("proxy", "a", "192.0.2.1", "")], shared),
            (
                [mount("proxy", "a", "*", ""), mount("native", "a", "", "")],
                vec![Overlap::SharedOrigin { management: 1, foreign: 0 }],
            ),
            // Apart by host or by listener.
            ([mount("console", "a", "", ""), mount("proxy", "a", "api.example.com", "")], vec![]),
            ([mount("console", "a", "c.example", ""), mount("dialect:x", "a", "", "")], vec![]),
            ([mount("console", "a", "", ""), mount("proxy", "b", "*", "")], vec![]),
            // Ours together.
            ([mount("console", "a", "", ""), mount("native", "a", "", "")], vec![]),
            ([mount("console", "a", "", ""), mount("gateways", "a", "*", "")], vec![]),
            ([mount("proxy", "a", "", ""), mount("gateways", "a", "", "")], vec![]),
            ([mount("proxy", "a", "", ""), mount("dialect:x", "a", "", "")], vec![]),
            // For every host.
            ([mount("console", "a", "*", ""), mount("verify", "b", "*", "")], vec![Overlap::ManagementForAny(0)]),
        ];
        for (mounts, expected) in table {
            assert_eq!(overlaps(&mounts, public), expected, "{mounts:?}");
        }
    }

    #[test]
    fn surfaces_at_one_place_are_one_router() {
        let mounts = [
            mount("native", "a", "", ""),
            mount("verify", "b", "", ""),
            mount("proxy", "a", "x.example", ""),
            mount("console", "a", "", ""),
        ];
        let found: Vec<_> = places(&mounts, "a").into_iter().map(|place| (place.host, place.surfaces)).collect();
        let named: HostPattern = "x.example".parse().unwrap();
        assert_eq!(found, [(HostPattern::Own, vec![Surface::Native, Surface::Console]), (named, vec![Surface::Proxy])]);
    }

    #[test]
    fn one_place_has_each_surface_once_and_each_path_once() {
        let table: Vec<([Mount; 2], Vec<Overlap>)> = vec![
            ([mount("verify", "a", "", ""), mount("verify", "a", "", "")], vec![Overlap::Twice(0, 1)]),
            ([mount("verify", "a", "", ""), mount("verify", "a", "", "/v")], vec![]),
            ([mount("verify", "a", "", ""), mount("verify", "b", "", "")], vec![]),
            ([mount("dialect:x", "a", "", ""), mount("dialect:y", "a", "", "")], vec![Overlap::SamePaths(0, 1)]),
            ([mount("dialect:x", "a", "", "/x"), mount("dialect:y", "a", "", "/y")], vec![]),
            ([mount("oauth", "a", "", ""), mount("dialect:y", "a", "", "")], vec![Overlap::SamePaths(0, 1)]),
        ];
        for (mounts, expected) in table {
            assert_eq!(overlaps(&mounts, None), expected, "{mounts:?}");
        }
    }
}
