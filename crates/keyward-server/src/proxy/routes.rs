//! The routes of a node: which fit its profiles, and which one a request is for.

use std::sync::Arc;

use http::Method;
use keyward_core::administration::own_permissions;
use keyward_core::profile::Profile;
use tokio::sync::Semaphore;

use super::path::Path;
use super::upstream::{Upstream, Upstreams};
use crate::config::{Config, Origin, Problem, Problems, Route};
use crate::net::hosts::HostPattern;
use crate::ops::profiles::Shelf;
use crate::start::StartError;
use crate::surfaces::dialect::Dialect;

/// A route that requests can take.
pub(super) struct Way {
    /// As it was configured.
    pub(super) route: Route,
    /// Its path, for logs and metrics.
    pub(super) template: Arc<str>,
    pub(super) dialect: Dialect,
    pub(super) upstream: Upstream,
    /// A place for each request that may be with the upstream.
    pub(super) places: Arc<Semaphore>,
}

/// The routes that answer at one place, the most specific first.
#[derive(Clone, Default)]
pub struct Routes(Arc<[Arc<Way>]>);

/// Which route a request is for.
pub(super) enum Match<'r> {
    /// This one.
    Way(&'r Arc<Way>),
    /// The path has routes, but none for the method; those that it has, and in whose words that is said.
    Method(&'r Arc<Way>, String),
    /// None.
    Nowhere,
}

/// Every problem that the routes have with the profiles of this node.
pub fn check(config: &Config, profiles: &Shelf) -> Result<(), StartError> {
    check_with(config, profiles).map_err(StartError::Routes)
}

impl Routes {
    /// All routes of a node. Reads the authorities that vouch for upstreams.
    pub fn open(config: &Config, profiles: &Shelf) -> Result<Self, StartError> {
        check(config, profiles)?;
        let mut upstreams = Upstreams::default();
        let mut ways = Vec::new();
        for (route, origin) in &config.routes {
            let Some(profile) = profiles.of_dialect(route.dialect.0) else { continue };
            let dialect = Dialect::of(&profile.name, &profile.surface);
            let upstream = upstreams.open(route).map_err(|problem| {
                StartError::Routes(Problems(vec![report(
                    origin,
                    "upstream_ca",
                    problem,
                    "name a PEM file that has some",
                )]))
            })?;
            ways.push(Arc::new(Way {
                template: route.path.to_string().into(),
                dialect: dialect.map_err(|e| StartError::Profile(e.to_string()))?,
                upstream,
                places: Arc::new(Semaphore::new(route.connections as usize)),
                route: route.clone(),
            }));
        }
        ways.sort_by_cached_key(|way| way.route.path.order());
        Ok(Self(ways.into()))
    }

    /// Those that answer at a place.
    pub fn at(&self, listener: &str, host: &HostPattern) -> Self {
        Self(self.0.iter().filter(|way| way.route.answers_at(listener, host)).cloned().collect())
    }

    /// Which route a request is for. Routes for paths that are less specific than the best ones do not count.
    pub(super) fn find(&self, method: &Method, path: &Path) -> Match<'_> {
        self.among(path.segments(), |way| way.route.has_method(method))
    }

    /// In whose words something is said of a path that cannot be read: those of the route that it seems to be for.
    pub(super) fn words_for(&self, path: &str) -> Option<&Dialect> {
        let segments: Vec<String> = path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        match self.among(&segments, |_| true) {
            Match::Way(way) | Match::Method(way, _) => Some(&way.dialect),
            Match::Nowhere => None,
        }
    }

    /// The dialect of all routes, if they have the same.
    pub(super) fn words(&self) -> Option<&Dialect> {
        let first = self.0.first().map(|way| &way.dialect)?;
        self.0.iter().all(|way| way.dialect == *first).then_some(first)
    }

    fn among(&self, segments: &[String], is_for: impl Fn(&Way) -> bool) -> Match<'_> {
        let Some(first) = self.0.iter().position(|way| way.route.path.matches(segments)) else { return Match::Nowhere };
        let best = &self.0[first];
        let same = self.0[first..].iter().filter(|way| way.route.path.ties(&best.route.path));
        if let Some(way) = same.clone().find(|way| is_for(way)) {
            return Match::Way(way);
        }
        let methods = same.flat_map(|way| way.route.methods.iter().map(Method::as_str)).collect::<Vec<_>>();
        Match::Method(best, if methods.is_empty() { STANDARD.to_owned() } else { methods.join(", ") })
    }
}

fn check_with(config: &Config, profiles: &Shelf) -> Result<(), Problems> {
    let mut problems: Vec<Problem> = Vec::new();
    for (route, origin) in &config.routes {
        let having: Vec<&Profile> = profiles_of(profiles, route.dialect.0).collect();
        let names = || having.iter().map(|profile| format!("`{}`", profile.name)).collect::<Vec<_>>().join(", ");
        let Some(first) = profiles.of_dialect(route.dialect.0) else {
            let problem = format!("no profile has the dialect `{}`", route.dialect.0);
            problems.push(report(origin, "dialect", problem, "name the dialect of one of the profiles of this node"));
            continue;
        };
        let dialect = match Dialect::of(&first.name, &first.surface) {
            Ok(dialect) => dialect,
            Err(invalid) => {
                problems.push(report(origin, "dialect", invalid.to_string(), "mend the profile"));
                continue;
            }
        };
        if let Some(permission) = &route.permission {
            let own = own_permissions().any(|own| own == permission.as_str());
            if !own && !having.iter().any(|profile| profile.permissions.contains(permission)) {
                let problem =
                    format!("no profile of the dialect `{}` ({}) has `{permission}`", route.dialect.0, names());
                problems.push(report(origin, "permission", problem, "name one of its `permissions`"));
            }
        }
        for group in &route.groups {
            if !having.iter().any(|profile| profile.api_groups.iter().any(|known| known.name == group.0)) {
                let problem =
                    format!("no profile of the dialect `{}` ({}) has `{}`", route.dialect.0, names(), group.0);
                problems.push(report(origin, "groups", problem, "name its `api_groups`"));
            }
        }
        let says = route.permission.is_some() || !route.groups.is_empty() || dialect.derives_permissions();
        if let Some(denying) = having.iter().find(|profile| has_denials(profile)).filter(|_| !says) {
            let problem = format!(
                "kinds of the profile `{}` have denials, which `{}` says nothing for",
                denying.name, route.path
            );
            problems.push(report(origin, "permission", problem, "give the route a `permission`, or `groups`"));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Problems(problems)) }
}

fn profiles_of<'p>(profiles: &'p Shelf, dialect: &'p str) -> impl Iterator<Item = &'p Profile> {
    profiles.iter().map(|(_, profile)| &**profile).filter(move |profile| profile.surface.dialect == dialect)
}

fn has_denials(profile: &Profile) -> bool {
    profile.kinds.iter().any(|kind| !kind.deny.patterns.is_empty() || !kind.deny.groups.is_empty())
}

fn report(origin: &Origin, name: &str, problem: String, remedy: &str) -> Problem {
    Problem { origin: origin.clone(), key: format!("route.{name}"), problem, remedy: remedy.to_owned() }
}

/// What a route has that names no methods, as far as that can be listed.
const STANDARD: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path as File;

    use super::*;
    use crate::config::{Environment, Flags, resolve, written};

    const PROXY: &str = "[[listener]]\nname = \"a\"\naddress = \"127.0.0.1:1\"\n[[surface]]\nname = \"proxy\"\n";

    fn config(routes: &[&str]) -> Config {
        let text = routes
            .iter()
            .fold(PROXY.to_owned(), |text, route| text + "[[route]]\nupstream = \"http://x\"\n" + route + "\n");
        let written = written(File::new("keyward.toml"), &text).unwrap();
        resolve(written, &Flags::default(), &Environment::default()).unwrap().config
    }

    fn problem(route: &str, shelf: &Shelf) -> Option<String> {
        check_with(&config(&[route]), shelf).err().map(|problems| problems.to_string())
    }

    #[test]
    fn a_route_fits_the_profile_of_its_dialect() {
        let shelf = Shelf::load(None).unwrap();
        let sound = [
            "path = \"/*\"\npermission = \"items:read\"",
            "path = \"/*\"\npermission = \"credentials:verify\"",
            "path = \"/*\"\ngroups = [\"security\"]",
            "path = \"/*\"\ndialect = \"gigya\"",
            "path = \"/*\"\ndialect = \"gainsight\"\ngroups = [\"events\"]",
        ];
        for route in sound {
            assert_eq!(problem(route, &shelf), None, "{route}");
        }
        let broken = [
            ("path = \"/*\"", "keyward.toml:6: route.permission: kinds of the profile `keyward` have denials"),
            (
                "path = \"/*\"\ndialect = \"gainsight\"",
                "keyward.toml:6: route.permission: kinds of the profile `gainsight`",
            ),
            (
                "path = \"/*\"\npermission = \"item:read\"",
                "keyward.toml:6: route.permission: no profile of the dialect `native`",
            ),
            (
                "path = \"/*\"\ngroups = [\"events\"]",
                "keyward.toml:6: route.groups: no profile of the dialect `native`",
            ),
            (
                "path = \"/*\"\ndialect = \"gainsight\"\npermission = \"items:read\"",
                "keyward.toml:6: route.permission: no profile of the dialect `gainsight` (`gainsight`) has `items:read`",
            ),
        ];
        for (route, expected) in broken {
            let problem = problem(route, &shelf).unwrap();
            assert!(problem.starts_with(expected), "{problem}");
        }
    }

    #[test]
    fn profiles_of_ones_own_count() {
        let folder = tempfile::tempdir().unwrap();
        let text = keyward_core::profile::built_in("keyward").unwrap();
        let text = text.replacen("name = \"keyward\"", "name = \"own\"", 1).replace("prefix = \"kw", "prefix = \"zz");
        let text = text.replace("\"items:read\"", "\"orders:read\"");
        fs::write(folder.path().join("own.toml"), text).unwrap();
        let shelf = Shelf::load(Some(folder.path())).unwrap();
        assert_eq!(problem("path = \"/*\"\npermission = \"orders:read\"", &shelf), None);
        assert!(problem("path = \"/*\"\npermission = \"others:read\"", &shelf).unwrap().contains("(`keyward`, `own`)"));
    }

    #[test]
    fn the_most_specific_route_is_found_and_says_its_methods() {
        let routes = [
            "path = \"/*\"\npermission = \"items:read\"",
            "path = \"/a/{x}\"\npermission = \"items:read\"\nmethods = [\"GET\", \"HEAD\"]",
            "path = \"/a/*/\"\npermission = \"items:read\"\nmethods = [\"PUT\"]",
            "path = \"/a/b\"\npermission = \"items:read\"\nmethods = [\"POST\"]",
        ];
        let routes = Routes::open(&config(&routes), &Shelf::load(None).unwrap()).unwrap();
        let found = |method: Method, path: &str| match routes.find(&method, &Path::read(path).unwrap()) {
            Match::Way(way) => way.template.to_string(),
            Match::Method(_, methods) => methods,
            Match::Nowhere => "nowhere".to_owned(),
        };
        assert_eq!(found(Method::GET, "/x/y"), "/*");
        assert_eq!(found(Method::GET, "/a/c"), "/a/{x}");
        assert_eq!(found(Method::POST, "/a/c"), "GET, HEAD");
        assert_eq!(found(Method::POST, "/A/%62/"), "/a/b");
        assert_eq!(found(Method::PUT, "/a/b"), "POST");
        assert_eq!(found(Method::PUT, "/a/b/c"), "/a/*/");
        assert_eq!(found(Method::TRACE, "/"), STANDARD);
        assert_eq!(routes.words(), Some(&Dialect::Native));
    }
}
