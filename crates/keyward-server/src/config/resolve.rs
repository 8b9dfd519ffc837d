//! The second step: every value parsed and checked, all problems at once.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::docs::{SECTIONS, single_keys, variable};
use super::env::{Environment, KEYRING, KeyringText, LISTEN, OTHERS};
use super::routes::{self, Route};
use super::sections::{
    Config, Database, Freshness, Keyring, Limits, Listener, Log, Metrics, Mounted, Passwords, Root, Server, Sessions,
};
use super::table::{Section, at};
use super::value::{Fault, Name, Raw, Setting};
use super::written::{Entry, Group, Origin, Written};
use super::{Flags, Problem, Problems};
use crate::net::Surface;
use crate::net::hosts::{HostPattern, Mount, Overlap, overlaps};

/// A configuration, and what is allowed but worth a look.
#[derive(Debug)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// To be logged at the start.
    pub warnings: Vec<Problem>,
}

/// Resolves what was written, with the flags and the environment over it.
pub fn resolve(mut written: Written, flags: &Flags, environment: &Environment) -> Result<Loaded, Problems> {
    let mut problems = Vec::new();
    let mut warnings = overlay_environment(&mut written, environment);
    overlay_flags(&mut written, flags, environment, &mut problems);

    let mut take = Take { written, problems };
    let root: Option<Root> = take.section();
    let database: Option<Database> = take.checked(Database::check);
    let keyring: Option<Keyring> = take.section();
    let server: Option<Server> = take.section();
    let limits: Option<Limits> = take.section();
    let freshness: Option<Freshness> = take.checked(Freshness::check);
    let log: Option<Log> = take.section();
    let metrics: Option<Metrics> = take.section();
    let sessions: Option<Sessions> = take.checked(Sessions::check);
    let passwords: Option<Passwords> = take.section();
    let listeners: Vec<(Listener, Origin)> = take.list();
    let surfaces: Vec<(Mounted, Origin)> = take.list();
    let routes: Vec<(Route, Origin)> = take.list();
    let Take { written, mut problems } = take;
    unknown(&written, &mut problems);
    check_listeners(&listeners, &mut problems);
    let listeners = if listeners.is_empty() && problems.is_empty() { vec![only_listener()] } else { listeners };
    let public_host = server.as_ref().and_then(|s| s.public_url.as_ref()).map(|url| url.host().to_owned());
    let mounts = mounts(&listeners, surfaces, public_host.as_deref(), &mut problems);
    routes::check(&routes, &mounts, &listeners, &mut problems);

    let config = (|| {
        let (root, folder) = (root?, &written.folder);
        let data_dir = folder.join(root.data_dir);
        Some(Config {
            profiles: root.profiles.map(|path| folder.join(path)),
            database: database.map(|d| Database { password_file: d.password_file.map(|p| folder.join(p)), ..d })?,
            keyring: Keyring { file: data_dir.join(keyring?.file) },
            keyring_text: environment.get(KEYRING).map(KeyringText::new),
            data_dir,
            server: server?,
            limits: limits?,
            listeners: listeners.into_iter().map(|(listener, _)| from_folder(listener, folder)).collect(),
            mounts,
            routes: routes.into_iter().map(|(route, at)| (routes::from_folder(route, folder), at)).collect(),
            freshness: freshness?,
            log: log?,
            metrics: metrics?,
            sessions: sessions?,
            passwords: passwords?,
        })
    })();
    match config {
        Some(config) if problems.is_empty() => {
            warn(&config, &mut warnings);
            Ok(Loaded { config, warnings })
        }
        _ => {
            problems.sort_by(|a, b| a.origin.cmp(&b.origin));
            Err(Problems(problems))
        }
    }
}

/// Writes the variables over the file. An unknown one may be meant for something else (a cluster sets some for every
/// service it knows), so it is a warning.
fn overlay_environment(written: &mut Written, environment: &Environment) -> Vec<Problem> {
    let mut known: BTreeSet<String> = OTHERS.iter().map(|(name, _)| (*name).to_owned()).collect();
    for (section, key) in single_keys() {
        let name = variable(section, key.name);
        if let Some(value) = environment.get(&name) {
            let value =
                if key.form == PathBuf::FORM && section != Keyring::NAME { from_here(value) } else { value.to_owned() };
            let entry = Entry { raw: Raw::Bare(value), origin: Origin::Variable(name.clone()) };
            written.set(section, key.name, entry);
        }
        known.insert(name);
    }
    let unknown = environment.names().filter(|name| !known.contains(*name));
    unknown
        .map(|name| Problem {
            origin: Origin::Variable(name.to_owned()),
            key: String::new(),
            problem: "no setting has this variable, so it is ignored".to_owned(),
            remedy: remedy(name, known.iter().map(String::as_str), "see `docs/reference/config.md` for all variables"),
        })
        .collect()
}

fn overlay_flags(written: &mut Written, flags: &Flags, environment: &Environment, problems: &mut Vec<Problem>) {
    let settings = [
        ("--data-dir", "", "data_dir", flags.data_dir.as_deref().map(from_here)),
        ("--database", "database", "url", flags.database.clone()),
        ("--log-level", "log", "level", flags.log_level.clone()),
        ("--log-format", "log", "format", flags.log_format.clone()),
    ];
    for (flag, section, name, value) in settings {
        if let Some(value) = value {
            written.set(section, name, Entry { raw: Raw::Bare(value), origin: Origin::Flag(flag) });
        }
    }
    let flag = flags.listen.as_deref().map(|address| (address, Origin::Flag("--listen")));
    let variable = || environment.get(LISTEN).map(|address| (address, Origin::Variable(LISTEN.to_owned())));
    let Some((address, origin)) = flag.or_else(variable) else { return };
    let entry = Entry { raw: Raw::Text(address.to_owned()), origin: origin.clone() };
    match written.lists.entry(Listener::NAME.to_owned()).or_default().as_mut_slice() {
        [] => {
            let name = Entry { raw: Raw::Text(ONLY_LISTENER.to_owned()), origin: origin.clone() };
            let entries = [("name".to_owned(), name), ("address".to_owned(), entry)].into();
            written.lists.insert(Listener::NAME.to_owned(), vec![Group { origin, entries }]);
        }
        [only] => {
            only.entries.insert("address".to_owned(), entry);
        }
        several => {
            let problem = format!("there are {} listeners, and this is the address of one", several.len());
            let fault = Fault::new(problem, "change `address` of a `[[listener]]` instead");
            problems.push(at(origin, "listener", "address", fault));
        }
    }
}

/// A path on the command line or in the environment starts from the working directory, whatever the file's folder is.
fn from_here(path: &str) -> String {
    match std::path::absolute(path) {
        Ok(absolute) => absolute.to_string_lossy().into_owned(),
        Err(_) => path.to_owned(),
    }
}

/// What is taken section by section; what remains is unknown.
struct Take {
    written: Written,
    problems: Vec<Problem>,
}

impl Take {
    fn section<S: Section>(&mut self) -> Option<S> {
        self.checked(|_: &S, _| Ok(()))
    }

    /// Takes a section whose settings must also fit each other: `check` names the one that does not.
    fn checked<S: Section>(&mut self, check: impl Fn(&S, &Origins) -> Result<(), (&'static str, Fault)>) -> Option<S> {
        let empty = || Group { origin: Origin::Default, entries: BTreeMap::new() };
        let group = self.written.sections.entry(S::NAME.to_owned()).or_insert_with(empty);
        let origins: Origins = group.entries.iter().map(|(name, entry)| (name.clone(), entry.origin.clone())).collect();
        let section = S::take(group, &mut self.problems)?;
        let Err((name, fault)) = check(&section, &origins) else { return Some(section) };
        let origin = origins.get(name).cloned().unwrap_or(Origin::Default);
        self.problems.push(at(origin, S::NAME, name, fault));
        None
    }

    /// Takes all of a section that can be there several times.
    fn list<S: Section>(&mut self) -> Vec<(S, Origin)> {
        let groups = self.written.lists.get_mut(S::NAME).map(Vec::as_mut_slice).unwrap_or_default();
        let problems = &mut self.problems;
        groups.iter_mut().filter_map(|group| Some((S::take(group, problems)?, group.origin.clone()))).collect()
    }
}

/// Where each setting of a section was written; those that were not are missing.
type Origins = BTreeMap<String, Origin>;

impl Database {
    fn check(&self, origins: &Origins) -> Result<(), (&'static str, Fault)> {
        // A file is copied and a command line is seen by everybody on the machine.
        let seen = matches!(origins.get("url"), Some(Origin::Line(..) | Origin::Flag(_)));
        if seen && self.url.has_password() {
            let fault = Fault::new(
                "the URL holds a password where others can read it",
                "put the password into a file of its own and name that in `database.password_file`",
            );
            return Err(("url", fault));
        }
        if self.password_file.is_some() && !self.url.is_postgres() {
            let fault = Fault::new("a file of SQLite has no password", "leave it out, or give `database.url` a server");
            return Err(("password_file", fault));
        }
        Ok(())
    }
}

impl Freshness {
    fn check(&self, _: &Origins) -> Result<(), (&'static str, Fault)> {
        // One poll that fails or comes late must not make a node stale.
        if self.poll.saturating_mul(2) > self.bound {
            let fault = Fault::new(
                "it is more than half of `freshness.bound`",
                "write at most half of the bound, so that one late poll does not make a node deny everything",
            );
            return Err(("poll", fault));
        }
        Ok(())
    }
}

impl Sessions {
    fn check(&self, _: &Origins) -> Result<(), (&'static str, Fault)> {
        if self.idle > self.absolute {
            let fault = Fault::new("it is longer than `sessions.absolute`", "write at most that");
            return Err(("idle", fault));
        }
        Ok(())
    }
}

/// What nobody took.
fn unknown(written: &Written, problems: &mut Vec<Problem>) {
    for (name, group) in &written.sections {
        unknown_in(name, false, group, problems);
    }
    for (name, groups) in &written.lists {
        for group in groups {
            unknown_in(name, true, group, problems);
        }
    }
}

fn unknown_in(name: &str, repeated: bool, group: &Group, problems: &mut Vec<Problem>) {
    let Some(section) = SECTIONS.iter().find(|section| section.name == name) else {
        let known = SECTIONS.iter().map(|section| section.name).filter(|name| !name.is_empty());
        let what = remedy(name, known, "see `keyward.example.toml` for all sections");
        problems.push(at(group.origin.clone(), "", name, Fault::new("there is no such section", what)));
        return;
    };
    if section.repeated != repeated {
        let (has, wants) =
            if repeated { ("several times", format!("[{name}]")) } else { ("once", format!("[[{name}]]")) };
        let fault =
            Fault::new(format!("this section is written as one that is there {has}"), format!("write `{wants}`"));
        problems.push(at(group.origin.clone(), "", name, fault));
        return;
    }
    for (key, entry) in &group.entries {
        let what =
            remedy(key, section.keys.iter().map(|key| key.name), "see `docs/reference/config.md` for all settings");
        problems.push(at(entry.origin.clone(), name, key, Fault::new("there is no such setting", what)));
    }
}

fn check_listeners(listeners: &[(Listener, Origin)], problems: &mut Vec<Problem>) {
    let mut names = BTreeSet::new();
    let mut addresses = BTreeSet::new();
    for (listener, origin) in listeners {
        let mut report = |name: &str, problem: String, remedy: &str| {
            problems.push(at(origin.clone(), Listener::NAME, name, Fault::new(problem, remedy)));
        };
        if !names.insert(&listener.name.0) {
            report("name", format!("`{}` is the name of an earlier listener", listener.name.0), "give it another name");
        }
        // Port 0 takes a free port, a different one each time.
        if listener.address.port() != 0 && !addresses.insert(listener.address) {
            report(
                "address",
                format!("`{}` is the address of an earlier listener", listener.address),
                "give it another address",
            );
        }
        match (&listener.certificate, &listener.key) {
            (Some(_), None) => {
                report("tls.key", "it is missing".to_owned(), "name the file of the certificate's private key");
            }
            (None, Some(_)) => {
                report("tls.certificate", "it is missing".to_owned(), "name the file of the key's certificate");
            }
            (Some(_), Some(_)) if listener.development_self_signed => {
                let problem = "there is a certificate already".to_owned();
                report("development_self_signed", problem, "leave out this or `tls`");
            }
            _ => {}
        }
    }
}

const ONLY_LISTENER: &str = "management";

fn only_listener() -> (Listener, Origin) {
    let listener = Listener {
        name: Name(ONLY_LISTENER.to_owned()),
        address: SocketAddr::from(([127, 0, 0, 1], 8080)),
        certificate: None,
        key: None,
        development_self_signed: false,
    };
    (listener, Origin::Default)
}

fn from_folder(listener: Listener, folder: &Path) -> Listener {
    let from = |path: Option<PathBuf>| path.map(|path| folder.join(path));
    Listener { certificate: from(listener.certificate), key: from(listener.key), ..listener }
}

/// Puts every surface on its listener, and refuses what must not meet.
fn mounts(
    listeners: &[(Listener, Origin)],
    surfaces: Vec<(Mounted, Origin)>,
    public_host: Option<&str>,
    problems: &mut Vec<Problem>,
) -> Vec<Mount> {
    let Some((first, _)) = listeners.first() else { return Vec::new() };
    let name = |listener: &Name| -> Arc<str> { listener.0.as_str().into() };
    if surfaces.is_empty() {
        let together = [Surface::Native, Surface::Console, Surface::OAuth, Surface::Verify, Surface::Gateways];
        let mount = |surface| Mount {
            surface,
            listener: name(&first.name),
            host: HostPattern::default(),
            prefix: crate::net::hosts::Prefix::default(),
        };
        return together.map(mount).into();
    }
    let mut mounts = Vec::new();
    let mut origins = Vec::new();
    for (surface, origin) in surfaces {
        let listener = match &surface.listener {
            Some(wanted) if listeners.iter().any(|(listener, _)| listener.name == *wanted) => name(wanted),
            Some(wanted) => {
                let fault =
                    Fault::new(format!("there is no listener `{}`", wanted.0), "name one of the `[[listener]]`");
                problems.push(at(origin, Mounted::NAME, "listener", fault));
                continue;
            }
            None if listeners.len() == 1 => name(&first.name),
            None => {
                let fault =
                    Fault::new("it is missing, and there are several listeners", "name one of the `[[listener]]`");
                problems.push(at(origin, Mounted::NAME, "listener", fault));
                continue;
            }
        };
        let (host, prefix) = (surface.host.unwrap_or_default(), surface.prefix.unwrap_or_default());
        if surface.name == Surface::Console && !prefix.as_str().is_empty() {
            let fault = Fault::new(
                "the console answers at the root of its host, where its cookies are its own",
                "leave `prefix` out, and give the console a host or a listener of its own",
            );
            problems.push(at(origin, Mounted::NAME, "prefix", fault));
            continue;
        }
        mounts.push(Mount { surface: surface.name, listener, host, prefix });
        origins.push(origin);
    }
    for overlap in overlaps(&mounts, public_host) {
        problems.push(explain(overlap, &mounts, &origins));
    }
    mounts
}

fn explain(overlap: Overlap, mounts: &[Mount], origins: &[Origin]) -> Problem {
    let (place, name, problem, remedy) = match overlap {
        Overlap::SharedOrigin { management, foreign } => (
            foreign,
            "host",
            format!(
                "`{}` would answer on the origin of `{}` ({}, listener `{}`), so that its pages could act as a signed-in person",
                mounts[foreign].surface,
                mounts[management].surface,
                mounts[management].host,
                mounts[management].listener
            ),
            "give one of them a listener or a host of its own",
        ),
        Overlap::Twice(first, second) => (
            second,
            "name",
            format!("`{}` answers here already ({})", mounts[second].surface, origins[first]),
            "leave one out, or give it another listener, host or prefix",
        ),
        Overlap::SamePaths(first, second) => (
            second,
            "name",
            format!(
                "`{}` and `{}` ({}) answer the same paths",
                mounts[second].surface, mounts[first].surface, origins[first]
            ),
            "give one of them another listener, host or prefix",
        ),
        Overlap::ManagementForAny(place) => (
            place,
            "host",
            format!(
                "`{}` would answer for every host, so that a stranger's host name could lead to it",
                mounts[place].surface
            ),
            "name its host, or leave `host` out and set `server.public_url`",
        ),
    };
    at(origins[place].clone(), Mounted::NAME, name, Fault::new(problem, remedy))
}

/// What is allowed, but worth a look.
fn warn(config: &Config, warnings: &mut Vec<Problem>) {
    let mut warning = |key: &str, problem: String, remedy: &str| {
        let (key, remedy) = (key.to_owned(), remedy.to_owned());
        warnings.push(Problem { origin: Origin::Default, key, problem, remedy });
    };
    if config.server.insecure_loopback {
        let problem = "local clients are believed when they say https".to_owned();
        warning("server.insecure_loopback", problem, "leave it out in production");
    }
    for listener in &config.listeners {
        let manages = config.mounts.iter().any(|m| *m.listener == listener.name.0 && m.surface.manages());
        let plain = listener.certificate.is_none() && !listener.development_self_signed;
        let open = !listener.address.ip().is_loopback();
        if manages && plain && open && config.server.trusted_proxies.is_empty() {
            let problem =
                format!("listener `{}` serves the console or the management API over plain http", listener.name.0);
            warning(
                "listener.tls",
                problem,
                "give it `tls`, or name the proxy in front of it in `server.trusted_proxies`",
            );
        }
        if listener.development_self_signed && open {
            let problem = format!("listener `{}` has a certificate that nobody can check", listener.name.0);
            warning("listener.development_self_signed", problem, "give it `tls` in production");
        }
    }
    if config.freshness.serve_stale.is_some() {
        let problem = "a node that has lost the database goes on accepting what may have been revoked".to_owned();
        warning("freshness.serve_stale", problem, "leave it out if revoked must mean revoked");
    }
}

/// "did you mean", when something is near.
fn remedy<'a>(written: &str, known: impl Iterator<Item = &'a str>, otherwise: &str) -> String {
    let near = known.map(|name| (distance(written, name), name)).min();
    match near {
        Some((distance, name)) if distance <= 1 + written.len() / 4 => format!("did you mean `{name}`?"),
        _ => otherwise.to_owned(),
    }
}

/// How many characters must be put in, taken out or changed.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let changed = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
