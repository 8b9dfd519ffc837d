//! `[[route]]`: what each setting may be, and what must fit together before anybody knows the profiles.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use http::{HeaderName, Method};
use keyward_core::permission::Permission;

use super::Problem;
use super::sections::Listener;
use super::table::{Section as _, at, section};
use super::value::{Fault, Name, Raw, Setting, Shape, from_text, wrong};
use super::written::Origin;
use crate::net::Surface;
use crate::net::hosts::{HostPattern, Mount, Prefix, split_authority};
use crate::proxy::Pattern;
use crate::surfaces::dialect::Dialect;

section! {
    /// The proxied routes: requests for a path, with a credential that may do what the route asks for, go on to a server
    /// behind this node. They answer where `proxy` is mounted by a `[[surface]]`. Of several routes for a path the most
    /// specific one alone counts: segment by segment from the left, the same segment is before one that begins so, that
    /// before any one segment, that before the end of the path, and that before everything that follows. Case and a slash
    /// at the end make no difference.
    ["route"]
    pub struct Route {
        /// The paths that it is for. `*` or `{name}` stands for any one segment, a `*` at the end for everything that
        /// follows: `/v1/*/events`, `/v1/apps/{app}/*`, `/accounts.*`.
        path: Pattern = "";
        /// The methods that it is for; left out: all. Other methods for the path are answered 405, unless another route
        /// for the same paths has them.
        methods: Vec<Method> = "";
        /// The server behind it: scheme, host, port, and perhaps a path that is put before the request's. It is spoken to
        /// in HTTP/1.1.
        upstream: Upstream = "";
        /// A PEM file with the authorities that vouch for the certificate of an `https` upstream, instead of the
        /// system's.
        upstream_ca: Option<PathBuf> = "";
        /// The permission that a credential needs. Left out: what the dialect derives from the path (`gigya`), or else
        /// that it is a credential at all.
        permission: Option<Permission> = "";
        /// The API groups that requests belong to, besides those whose paths in the profile match: a kind that denies one
        /// of them is refused.
        groups: Vec<Word> = "";
        /// Where the namespace of a request stands: `path:NAME` (a `{NAME}` of `path`), `query:NAME` or `header:NAME`,
        /// whose value is the id of an application, workspace, user group or organization. Left out: what the dialect's
        /// parameters name, or else the organization of the credential.
        namespace: Option<NamespaceSource> = "";
        /// How credentials travel and how refusals look: the dialect of a profile, whose API groups and denials count.
        dialect: DialectName = "native";
        /// Only on this listener. Left out: wherever `proxy` is mounted.
        listener: Option<Name> = "";
        /// Only for this host, as the `[[surface]]` of `proxy` has it.
        host: Option<HostPattern> = "";
        /// Time for the upstream to begin to answer, while nothing of the request's body moves.
        timeout: Duration = "30s", "100ms" to "1h";
        /// Time that an answer or an upgraded connection (WebSocket) may stay silent.
        idle_timeout: Duration = "5m", "1s" to "1d";
        /// Requests that are with the upstream at the same time. One more is answered 503.
        connections: u32 = "1000", "1" to "1000000";
    }
}

/// The server behind a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// Whether it is spoken to over TLS.
    pub https: bool,
    /// Host and port, as `Host` has them.
    pub authority: String,
    /// Put before the path of each request; empty, or `/a/b`.
    pub base: String,
}

impl FromStr for Upstream {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let fault = || Fault::new(format!("`{}` is not {}", super::value::shown(text), Self::FORM), REMEDY);
        let (https, rest) = match text.split_once("://").ok_or_else(fault)? {
            ("https", rest) => (true, rest),
            ("http", rest) => (false, rest),
            _ => return Err(fault()),
        };
        let (authority, base) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        split_authority(authority).ok_or_else(fault)?;
        let base: Prefix = base.parse().map_err(|_| fault())?;
        Ok(Self { https, authority: authority.to_ascii_lowercase(), base: base.as_str().to_owned() })
    }
}

const REMEDY: &str = "write scheme, host, port and perhaps a path, such as `http://127.0.0.1:9000` or `https://items.internal/v2`, without user, query and fragment";

impl Setting for Upstream {
    const FORM: &'static str = "the URL of a server, such as `http://127.0.0.1:9000`";
    const SHAPE: Shape = Shape::Quoted;

    fn read(raw: &Raw) -> Result<Self, Fault> {
        let (Raw::Text(text) | Raw::Bare(text)) = raw else { return Err(wrong(raw, Self::FORM)) };
        text.parse()
    }
}

/// Where the namespace of a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamespaceSource {
    /// In a segment of the path that has this name.
    Path(&'static str),
    /// In this parameter of the query.
    Query(&'static str),
    /// In this header; in lower case.
    Header(&'static str),
}

impl NamespaceSource {
    /// What holds the namespace, as clients know it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Path(name) | Self::Query(name) | Self::Header(name) => name,
        }
    }
}

impl FromStr for NamespaceSource {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        // A configuration is read once and lives as long as the process, and answers name what is missing.
        let kept = |name: &str| -> &'static str { String::leak(name.to_owned()) };
        let word =
            |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        match text.split_once(':') {
            Some(("path", name)) if word(name) => Ok(Self::Path(kept(name))),
            Some(("query", name)) if word(name) => Ok(Self::Query(kept(name))),
            Some(("header", name)) if HeaderName::from_str(name).is_ok() => {
                Ok(Self::Header(kept(&name.to_ascii_lowercase())))
            }
            _ => {
                let problem = format!("`{}` says no place of a request", super::value::shown(text));
                Err(Fault::new(problem, "write `path:NAME`, `query:NAME` or `header:NAME`"))
            }
        }
    }
}

impl Setting for NamespaceSource {
    const FORM: &'static str = "`path:NAME`, `query:NAME` or `header:NAME`";
    const SHAPE: Shape = Shape::Quoted;

    fn read(raw: &Raw) -> Result<Self, Fault> {
        let (Raw::Text(text) | Raw::Bare(text)) = raw else { return Err(wrong(raw, Self::FORM)) };
        text.parse()
    }
}

/// The name of a dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DialectName(pub &'static str);

impl Setting for DialectName {
    const FORM: &'static str = "`native`, `gigya`, `gigantik`, `gainsight`, `gateway_hub` or `passport`";
    const SHAPE: Shape = Shape::Quoted;

    fn read(raw: &Raw) -> Result<Self, Fault> {
        let (Raw::Text(text) | Raw::Bare(text)) = raw else { return Err(wrong(raw, Self::FORM)) };
        let known = Dialect::NAMES.into_iter().find(|name| name == text);
        known.map(Self).ok_or_else(|| wrong(raw, Self::FORM))
    }
}

/// A word of a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word(pub String);

impl Setting for Vec<Word> {
    const FORM: &'static str = "a list of names, such as `[\"events\"]`";
    const SHAPE: Shape = Shape::List;

    fn read(raw: &Raw) -> Result<Self, Fault> {
        texts(raw, Self::FORM)?.map(|text| text.map(|text| Word(text.to_owned()))).collect()
    }
}

impl Setting for Vec<Method> {
    const FORM: &'static str = "a list of methods, such as `[\"GET\", \"POST\"]`";
    const SHAPE: Shape = Shape::List;

    fn read(raw: &Raw) -> Result<Self, Fault> {
        let method = |text: &str| match Method::from_bytes(text.as_bytes()) {
            Ok(method) if text.bytes().all(|b| b.is_ascii_uppercase() || b == b'-') => match method {
                Method::CONNECT | Method::TRACE => {
                    Err(Fault::new(format!("`{text}` is never proxied"), "leave it out"))
                }
                method => Ok(method),
            },
            _ => Err(Fault::new(format!("`{text}` is not a method"), "write methods in capitals, such as `GET`")),
        };
        texts(raw, Self::FORM)?.map(|text| method(text?)).collect()
    }
}

fn texts<'r>(raw: &'r Raw, form: &'static str) -> Result<impl Iterator<Item = Result<&'r str, Fault>>, Fault> {
    let Raw::List(list) = raw else { return Err(wrong(raw, form)) };
    Ok(list.iter().map(move |element| match element {
        Raw::Text(text) if !text.is_empty() => Ok(text.as_str()),
        other => Err(wrong(other, "a text in quotes")),
    }))
}

from_text! {
    Pattern = "a path such as `/v1/events/*`";
    Permission = "a permission such as `events:read`";
}

/// What must fit: the place of a route, its namespace, and the other routes.
pub(super) fn check(
    routes: &[(Route, Origin)],
    mounts: &[Mount],
    listeners: &[(Listener, Origin)],
    problems: &mut Vec<Problem>,
) {
    for (number, (route, origin)) in routes.iter().enumerate() {
        let mut report = |name: &str, problem: String, remedy: &str| {
            problems.push(at(origin.clone(), Route::NAME, name, Fault::new(problem, remedy)));
        };
        let unknown =
            route.listener.as_ref().filter(|wanted| !listeners.iter().any(|(known, _)| known.name == **wanted));
        if let Some(unknown) = unknown {
            report("listener", format!("there is no listener `{}`", unknown.0), "name one of the `[[listener]]`");
        } else if !mounts
            .iter()
            .any(|mount| route.answers_at(&mount.listener, &mount.host) && mount.surface == Surface::Proxy)
        {
            report(
                "path",
                format!("`{}` answers nowhere: no `proxy` is mounted there", route.path),
                "add a `[[surface]]` with `name = \"proxy\"` for the listener and host of the route",
            );
        }
        if let Some(NamespaceSource::Path(name)) = route.namespace
            && !route.path.captures(name)
        {
            report("namespace", format!("`{}` has no `{{{name}}}`", route.path), "write that segment into `path`");
        }
        if route.upstream_ca.is_some() && !route.upstream.https {
            report("upstream_ca", "the upstream has no certificate".to_owned(), "leave it out, or write `https`");
        }
        if let Some((_, first)) = routes[..number].iter().find(|(earlier, _)| route.ties(earlier)) {
            report(
                "path",
                format!("`{}` is for the same paths and methods as another route ({first})", route.path),
                "leave one out, or give it other methods, another listener or another host",
            );
        }
    }
}

impl Route {
    /// Whether it answers at a place where `proxy` is mounted.
    pub fn answers_at(&self, listener: &str, host: &HostPattern) -> bool {
        self.listener.as_ref().is_none_or(|wanted| wanted.0 == listener)
            && self.host.as_ref().is_none_or(|wanted| wanted == host)
    }

    /// Whether it is for requests with this method. `TRACE` is for nobody: its answer repeats what only the upstream may
    /// see.
    pub fn has_method(&self, method: &Method) -> bool {
        self.methods.contains(method) || (self.methods.is_empty() && *method != Method::TRACE)
    }

    fn ties(&self, other: &Route) -> bool {
        fn apart<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
            one.zip(other).is_some_and(|(one, other)| one != other)
        }
        let methods_meet = self.methods.is_empty()
            || other.methods.is_empty()
            || self.methods.iter().any(|method| other.methods.contains(method));
        let places_apart =
            apart(self.listener.as_ref(), other.listener.as_ref()) || apart(self.host.as_ref(), other.host.as_ref());
        self.path.ties(&other.path) && methods_meet && !places_apart
    }
}

/// With the files that it names, from the folder of the configuration.
pub(super) fn from_folder(route: Route, folder: &Path) -> Route {
    Route { upstream_ca: route.upstream_ca.map(|path| folder.join(path)), ..route }
}
