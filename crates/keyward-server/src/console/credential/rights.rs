//! What a credential may do, as people read it: the reason when it is nothing, then place by place and resource by
//! resource.

use std::collections::BTreeMap;

use keyward_core::effective::{Effective, Place, Stopped};
use keyward_core::kind::Authority;
use keyward_core::permission::{Pattern, PatternSet};

use super::Subject;
use crate::app::App;
use crate::console::page::Refused;
use crate::console::why;
use crate::ops::credentials;
use crate::ops::names::{self, Names, Wanted};

/// What it may do and why.
pub(super) struct Rights {
    /// Why it may do nothing at present; `then` stands before what it could.
    pub(super) stopped: Option<String>,
    /// Whether what follows is what it could do, once nothing stops it any more.
    pub(super) later: bool,
    /// Where its rights come from.
    pub(super) source: String,
    /// What bounds them.
    pub(super) cap: Option<String>,
    /// Where it may do what.
    pub(super) places: Vec<At>,
    /// API groups that it can never use.
    pub(super) denied_groups: Vec<String>,
    /// What it can never do.
    pub(super) denied: Vec<Resource>,
}

/// What it may do at one place.
pub(super) struct At {
    /// What the place is called.
    pub(super) name: String,
    /// What kind of place it is.
    pub(super) kind: &'static str,
    /// By which roles.
    pub(super) roles: Vec<String>,
    /// What is left, by resource.
    pub(super) allowed: Vec<Resource>,
    /// What its roles give and its owner may not do now.
    pub(super) beyond_owner: Vec<Resource>,
}

/// What may be done with one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Resource {
    /// The resource; empty for everything.
    pub(super) name: String,
    /// The actions; empty for every one of them.
    pub(super) actions: Vec<String>,
}

impl Rights {
    pub(super) async fn of(app: &App, subject: &Subject) -> Result<Self, Refused> {
        let ctx = subject.visit.ctx();
        let effective = credentials::effective(app, ctx, &subject.held)?;
        let wanted = Wanted {
            users: subject.credential().owner.into_iter().collect(),
            namespaces: effective.places.iter().map(|place| place.namespace).collect(),
            ..Wanted::default()
        };
        let names = names::shown(app, ctx, wanted).await?;
        let owner = owner_name(subject, &names);
        let later = matches!(effective.stopped, Some(Stopped::Disabled(_) | Stopped::Organization));
        let shown = effective.stopped.is_none() || later;
        let denials = subject.kind.deny.join(&subject.credential().denied);
        let places = effective.places.iter().filter(|place| shown && !place.is_empty());
        Ok(Self {
            stopped: effective.stopped.map(|reason| why_stopped(subject, reason, &owner)),
            later,
            source: source(subject, &effective, &owner),
            cap: cap(subject, &owner),
            places: places.map(|place| at(subject, &names, place, effective.everywhere)).collect(),
            denied_groups: denials.groups.clone(),
            denied: by_resource(&denials.patterns),
        })
    }
}

fn owner_name(subject: &Subject, names: &Names) -> String {
    let Some(owner) = subject.credential().owner else { return "nobody".to_owned() };
    if owner == subject.visit.visitor.user.id {
        return "you".to_owned();
    }
    names.or_id(owner)
}

fn why_stopped(subject: &Subject, reason: Stopped, owner: &str) -> String {
    let ago = |at| subject.when(at).relative;
    match reason {
        Stopped::Organization => "the organization is suspended".to_owned(),
        Stopped::Revoked(at, reason) => format!("it was revoked {}{}", ago(at), why::because(reason)),
        Stopped::Disabled(at) => format!("it was disabled {}", ago(at)),
        Stopped::Expired(at) => format!("it expired {}", ago(at)),
        Stopped::Owner if subject.credential().owner.is_none() => {
            "it has no owner whose rights it could have".to_owned()
        }
        Stopped::Owner if owner == "you" => "you are no active member of the organization".to_owned(),
        Stopped::Owner => format!("its owner, {owner}, is no active member of the organization"),
        Stopped::Namespace => "the namespace where it lives is gone".to_owned(),
        Stopped::NoRoles if subject.kind.authority == Authority::Owner => format!("{} no role anywhere", holds(owner)),
        Stopped::NoRoles => "it holds no role that allows anything".to_owned(),
        Stopped::OwnerLacks => format!("{} nothing of what it was given", may_do(owner)),
        Stopped::Denied => "everything that it was given is denied to its kind".to_owned(),
    }
}

fn holds(owner: &str) -> String {
    if owner == "you" { "you hold".to_owned() } else { format!("its owner, {owner}, holds") }
}

fn may_do(owner: &str) -> String {
    if owner == "you" { "you may do".to_owned() } else { format!("its owner, {owner}, may do") }
}

fn source(subject: &Subject, effective: &Effective, owner: &str) -> String {
    let labels = subject.labels();
    let text = match subject.kind.authority {
        Authority::Roles { .. } if effective.places.len() > 1 => {
            "Each of its roles counts at its own place, and nowhere else."
        }
        Authority::Roles { .. } | Authority::Group => "What its role allows counts at its place, and nowhere else.",
        Authority::Namespace => "It is confined to one namespace.",
        Authority::Organization => {
            return format!("A {} may do everything in the whole organization.", labels.singular);
        }
        Authority::Owner if owner == "you" => "It may do what you may do, wherever you may.",
        Authority::Owner => return format!("It may do what {owner} may do, wherever they may."),
    };
    text.to_owned()
}

fn cap(subject: &Subject, owner: &str) -> Option<String> {
    let live = subject.kind.is_live();
    live.then(|| {
        if owner == "you" {
            "Capped by what you may do now: it shrinks and grows with you.".to_owned()
        } else {
            format!("Capped by what {owner} may do now: it shrinks and grows with them.")
        }
    })
}

fn at(subject: &Subject, names: &Names, place: &Place, everywhere: bool) -> At {
    let held = subject.held.grants.iter().filter(|(grant, _)| grant.namespace == place.namespace);
    let roles = matches!(subject.kind.authority, Authority::Roles { .. } | Authority::Group);
    At {
        name: names.or_id(place.namespace),
        kind: if everywhere { "organization and everything in it" } else { kind_word(place.namespace.kind()) },
        roles: held.filter(|_| roles).map(|(_, role)| role.to_string()).collect(),
        allowed: by_resource(&place.rights.granted),
        beyond_owner: if roles { by_resource(&place.beyond_owner()) } else { Vec::new() },
    }
}

/// What a kind of namespace is called within a sentence.
pub(super) const fn kind_word(kind: keyward_core::namespace::NamespaceKind) -> &'static str {
    use keyward_core::namespace::NamespaceKind as Of;
    match kind {
        Of::Organization => "organization",
        Of::Application => "application",
        Of::Workspace => "workspace",
        Of::UserGroup => "user group",
    }
}

/// Patterns by their resource: what covers everything first, then in alphabetical order.
pub(super) fn by_resource(patterns: &PatternSet) -> Vec<Resource> {
    let mut resources: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for pattern in patterns.iter() {
        match pattern {
            Pattern::All => return vec![Resource { name: String::new(), actions: Vec::new() }],
            Pattern::Below(resource) => {
                resources.insert(resource.to_string(), Vec::new());
            }
            Pattern::Exact(permission) => {
                resources.entry(permission.resource().to_owned()).or_default().push(permission.action().to_owned());
            }
        }
    }
    resources.into_iter().map(|(name, actions)| Resource { name, actions }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(patterns: &[&str]) -> Vec<String> {
        let patterns: PatternSet = patterns.iter().map(|text| text.parse::<Pattern>().unwrap()).collect();
        by_resource(&patterns).into_iter().map(|r| format!("{}={}", r.name, r.actions.join(","))).collect()
    }

    #[test]
    fn rights_are_grouped_by_resource() {
        assert_eq!(told(&["items:read", "apps:read", "items:edit"]), ["apps=read", "items=edit,read"]);
        assert_eq!(told(&["items:*", "items:read", "items.lines:read"]), ["items="]);
        assert_eq!(told(&["*", "items:read"]), ["="]);
        assert!(told(&[]).is_empty());
    }
}
