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

/// Every problem that the routes have with the profiles of this node, which are read from their files.
pub fn check(config: &Config) -> Result<(), StartError> {
    check_with(config, &Shelf::load(config.profiles.as_deref())?).map_err(StartError::Routes)
}

impl Routes {
    /// All routes of a node. Reads the authorities that vouch for upstreams.
    pub fn open(config: &Config, profiles: &Shelf) -> Result<Self, StartError> {
        check_with(config, profiles).map_err(StartError::Routes)?;
        let upstreams = Upstreams::default();
        let mut ways = Vec::new();
        for (route, origin) in &config.routes {
            let Some(profile) = profiles_of(profiles, route.dialect.0).next() else { continue };
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
            Match::Nowhere => self.0.first().map(|way| &way.dialect),
        }
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
        let Some(first) = having.first() else {
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
