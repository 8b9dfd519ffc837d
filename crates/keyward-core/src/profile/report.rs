//! What a profile amounts to, for people who check one.

use std::fmt;

use super::Profile;
use super::carriers::show_carrier;
use super::closed_sets::LIMIT_SCOPES;
use super::reader::show_duration;

use crate::administration::{SECURITY, own_permissions};
use crate::kind::{Authority, Cap, Expiry, Kind, Requirement, Reveal, Rotate, Usage};

/// What a profile amounts to. Shown as several lines of plain text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// What people call it.
    pub title: String,
    /// The wire format of its requests.
    pub dialect: String,
    /// Its kinds.
    pub kinds: Vec<KindReport>,
    /// Its role templates: the title, and how many of all permissions the role covers today.
    pub roles: Vec<(String, usize)>,
    /// How many permissions it declares.
    pub declared: usize,
    /// How many permissions there are with Keyward's own.
    pub permissions: usize,
    /// Its API groups: the name, how many of all permissions belong to it, and how many paths.
    pub api_groups: Vec<(String, usize, usize)>,
}

/// What a kind amounts to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindReport {
    /// Its name, `profile/kind`.
    pub id: String,
    /// Its rules in short sentences.
    pub rules: Vec<String>,
    /// What it can never do, of what is in the group `security`.
    pub security: SecurityDenial,
}

/// How much of the group `security` a kind is denied, whatever roles it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecurityDenial {
    /// All of it.
    All,
    /// Some of it; these remain possible.
    AllBut(Vec<String>),
    /// Nothing.
    Nothing,
}

pub(super) fn report(profile: &Profile) -> Report {
    let declared = profile.permissions.iter().map(ToString::to_string);
    let all: Vec<String> = own_permissions().chain(declared).collect();
    let covered = |covers: &dyn Fn(&str) -> bool| all.iter().filter(|permission| covers(permission)).count();
    Report {
        name: profile.name.clone(),
        version: profile.version,
        title: profile.title.clone(),
        dialect: profile.surface.dialect.clone(),
        kinds: profile.kinds.iter().map(|kind| kind_report(profile, kind, &all)).collect(),
        roles: profile
            .roles
            .iter()
            .map(|role| (role.title.clone(), covered(&|permission| role.patterns.covers(permission))))
            .collect(),
        declared: profile.permissions.len(),
        permissions: all.len(),
        api_groups: profile
            .api_groups
            .iter()
            .map(|group| {
                (group.name.clone(), covered(&|permission| group.patterns.covers(permission)), group.paths.len())
            })
            .collect(),
    }
}

fn kind_report(profile: &Profile, kind: &Kind, all: &[String]) -> KindReport {
    KindReport { id: kind.id.to_string(), rules: rules(kind), security: security(profile, kind, all) }
}

fn security(profile: &Profile, kind: &Kind, all: &[String]) -> SecurityDenial {
    let Some(group) = profile.api_groups.iter().find(|group| group.name == SECURITY) else {
        return SecurityDenial::Nothing;
    };
    let inside = || all.iter().filter(|permission| group.patterns.covers(permission));
    let possible: Vec<String> = inside().filter(|p| !kind.deny.refuse(Some(p), &[])).cloned().collect();
    match possible.len() {
        0 => SecurityDenial::All,
        count if count == inside().count() => SecurityDenial::Nothing,
        _ => SecurityDenial::AllBut(possible),
    }
}

fn rules(kind: &Kind) -> Vec<String> {
    let places: Vec<&str> = kind.lives_in.iter().map(|place| place.as_str()).collect();
    let carriers: Vec<String> = kind.present.iter().map(show_carrier).collect();
    let usage = match kind.usage {
        Usage::Direct => "used directly".to_owned(),
        Usage::Exchange { lifetime } => format!("exchanged for access tokens of {}", show_duration(lifetime)),
        Usage::Both { lifetime } => {
            format!("used directly, or exchanged for access tokens of {}", show_duration(lifetime))
        }
    };
    let mut rules = vec![
        format!("lives in {}; presented by {}; {usage}", places.join(", "), carriers.join(", ")),
        format!("{}; {}; {}", show_authority(kind), show_expiry(kind.expiry), show_rotate(kind.rotate)),
        format!(
            "secret shown {}; created with {}; managed with {}",
            match kind.reveal {
                Reveal::Once => "once",
                Reveal::Always => "again on request",
            },
            show_requirement(&kind.create_requires),
            show_requirement(&kind.manage_requires)
        ),
    ];
    if let Some(limit) = kind.limit {
        let per = LIMIT_SCOPES.iter().find(|(_, scope)| *scope == limit.per).map_or("", |(word, _)| word);
        rules.push(format!("at most {} per {per}", limit.count));
    }
    rules
}

fn show_authority(kind: &Kind) -> String {
    let from = match kind.authority {
        Authority::Roles { min, max } => format!("{min} to {max} roles"),
        Authority::Group => "one role".to_owned(),
        Authority::Namespace => "the owner's rights in its namespace".to_owned(),
        Authority::Owner => "the owner's rights".to_owned(),
        Authority::Organization => "everything in the organization".to_owned(),
    };
    match kind.cap {
        Cap::AtCreation => format!("{from}, within the creator's rights"),
        Cap::Live if !matches!(kind.authority, Authority::Namespace | Authority::Owner) => {
            format!("{from}, within the owner's rights at every use")
        }
        Cap::Live | Cap::None => from,
    }
}

fn show_expiry(expiry: Expiry) -> String {
    let (word, default, max) = match expiry {
        Expiry::Never => return "never expires".to_owned(),
        Expiry::Optional { default, max } => ("may expire", default, max),
        Expiry::Required { default, max } => ("must expire", default, max),
    };
    let default = default.map(|d| format!(", {} unless said otherwise", show_duration(d))).unwrap_or_default();
    let max = max.map(|d| format!(", {} at most", show_duration(d))).unwrap_or_default();
    format!("{word}{default}{max}")
}

fn show_rotate(rotate: Rotate) -> String {
    match rotate {
        Rotate::Never => "never rotated".to_owned(),
        Rotate::Secret { max_grace, .. } if max_grace.is_zero() => "rotated without grace".to_owned(),
        Rotate::Secret { grace, max_grace, .. } if grace.is_zero() => {
            format!("rotated at once, or with {} of grace at most", show_duration(max_grace))
        }
        Rotate::Secret { grace, max_grace, .. } => {
            format!("rotated with {} of grace, {} at most", show_duration(grace), show_duration(max_grace))
        }
    }
}

fn show_requirement(requirement: &Requirement) -> String {
    match requirement {
        Requirement::Permission(permission) => format!("`{permission}`"),
        Requirement::SuperAdmin => "super admin".to_owned(),
        Requirement::Access => "any access".to_owned(),
    }
}

impl fmt::Display for SecurityDenial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SecurityDenial::All => f.write_str("can change nothing of security, whatever its roles"),
            SecurityDenial::AllBut(possible) => {
                write!(f, "can change of security only what its roles allow of {}", possible.join(", "))
            }
            SecurityDenial::Nothing => f.write_str("can change of security whatever its roles allow"),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "profile `{}`, version {}: {} (dialect `{}`)", self.name, self.version, self.title, self.dialect)?;
        writeln!(f, "permissions: {} declared, {} with Keyward's own", self.declared, self.permissions)?;
        for (name, permissions, paths) in &self.api_groups {
            writeln!(f, "API group `{name}`: {permissions} permissions, {paths} paths")?;
        }
        for (title, count) in &self.roles {
            writeln!(f, "role `{title}`: {count} of {} permissions", self.permissions)?;
        }
        for kind in &self.kinds {
            writeln!(f, "kind `{}`", kind.id)?;
            for rule in &kind.rules {
                writeln!(f, "  {rule}")?;
            }
            writeln!(f, "  {}", kind.security)?;
        }
        Ok(())
    }
}
