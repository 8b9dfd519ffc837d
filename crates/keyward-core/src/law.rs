//! The law of no amplification: nobody, user or credential, gives what they do not hold.

#[cfg(test)]
mod tests;

use ipnet::IpNet;

use crate::credential::Credential;
use crate::id::{OrganizationId, UserId};
use crate::kind::{Authority, Denials, Kind};
use crate::namespace::NamespaceId;
use crate::permission::{Pattern, PatternSet, Rights};
use crate::rights::{Facts, Holding, comes_with_a_role, credential_rights, user_rights};
use crate::time::Timestamp;

/// Who wants to give something.
#[derive(Clone, Copy, Debug)]
pub enum Giver<'a> {
    /// Keyward itself, or the operator at the machine: bound by nothing here.
    System,
    /// A signed-in user.
    User(UserId),
    /// A credential: bound also by its own reach, end, networks and denials.
    Credential {
        /// What counts of it for rights.
        holding: Holding<'a>,
        /// What else bounds what it makes.
        bounds: Bounds<'a>,
    },
}

/// The bounds of a credential that are no rights: nothing that it makes may go beyond them.
#[derive(Clone, Copy, Debug)]
pub struct Bounds<'a> {
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// From where alone it may be used; empty means anywhere.
    pub sources: &'a [IpNet],
}

impl<'a> Bounds<'a> {
    /// Those of a record.
    pub fn of(record: &'a Credential) -> Self {
        Self { expires_at: record.expires_at, sources: &record.sources }
    }
}

/// How a gift exceeds its giver.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Exceeds {
    /// A permission that the giver does not hold there.
    #[error("you cannot give `{pattern}` at `{namespace}`: you do not hold it there yourself")]
    Pattern {
        /// What is too much.
        pattern: Pattern,
        /// Where.
        namespace: NamespaceId,
    },
    /// A credential gives to a namespace beyond its own reach, or makes a kind that would reach further.
    #[error("this credential cannot make a `{0}`: it would reach further than the credential itself")]
    Reach(String),
    /// A live credential makes one that is not.
    #[error(
        "this credential is bound to its owner's rights, so it can only make credentials that are too, not a `{0}`"
    )]
    NotLive(String),
    /// The new credential would outlive the one that makes it.
    #[error("a credential cannot make one that outlives it: set `expires_at` to {0} or earlier")]
    Outlives(Timestamp),
    /// The new credential could be used from networks that its maker cannot be used from.
    #[error(
        "a credential cannot make one that is usable from more networks than itself: list `sources` within its own"
    )]
    Sources,
    /// A denial of the maker would be lost.
    #[error("a credential cannot make one that is denied less than itself")]
    Denials,
    /// The new credential would belong to somebody else than the maker's owner.
    #[error("a credential can only make credentials of its own owner")]
    Owner,
    /// Only the owner of a live credential creates, rotates or reveals it.
    #[error("only its owner can do this with a `{0}`: others may disable or revoke it")]
    NotOwner(String),
}

impl Giver<'_> {
    /// The user whose doing it is: the user, or the owner of the credential.
    pub const fn user(&self) -> Option<UserId> {
        match self {
            Giver::System => None,
            Giver::User(user) => Some(*user),
            Giver::Credential { holding, .. } => holding.owner,
        }
    }

    /// What the giver may do at `namespace`.
    pub fn rights(&self, facts: &impl Facts, namespace: NamespaceId) -> Rights {
        match self {
            Giver::System => Rights::all(),
            Giver::User(user) => user_rights(facts, *user, namespace),
            Giver::Credential { holding, .. } => credential_rights(facts, holding, namespace),
        }
    }

    /// The denials that everything made by the giver must carry.
    pub fn denials(&self) -> Denials {
        match self {
            Giver::System | Giver::User(_) => Denials::default(),
            Giver::Credential { holding, .. } => holding.denials(),
        }
    }
}

/// Whether the giver holds `rights` at `namespace`, all of them.
pub fn may_give(facts: &impl Facts, giver: &Giver<'_>, namespace: NamespaceId, rights: &Rights) -> Result<(), Exceeds> {
    match rights.first_beyond(&giver.rights(facts, namespace)) {
        None => Ok(()),
        Some(pattern) => Err(Exceeds::Pattern { pattern: pattern.clone(), namespace }),
    }
}

/// Whether the giver may hand a role with `patterns` at `namespace` to a person or group.
///
/// A credential gives with its own denials: what it cannot do, it cannot let others do.
pub fn may_grant(
    facts: &impl Facts,
    giver: &Giver<'_>,
    namespace: NamespaceId,
    patterns: &PatternSet,
) -> Result<(), Exceeds> {
    may_give_role(facts, giver, namespace, &Rights::of(patterns.clone()))
}

/// Whether the giver may make `credential` of `kind` exist as it is, with `grants`: asked on creation, rotation,
/// reveal, enabling, import and widening edits.
pub fn may_make(
    facts: &impl Facts,
    giver: &Giver<'_>,
    kind: &Kind,
    credential: &Credential,
    grants: &[(NamespaceId, &PatternSet)],
) -> Result<(), Exceeds> {
    if kind.is_live() && !matches!(giver, Giver::System) && giver.user() != credential.owner {
        return Err(Exceeds::NotOwner(kind.id.to_string()));
    }
    if let Giver::Credential { holding, bounds } = giver {
        may_descend(holding, bounds, kind, credential)?;
    }
    let denied = kind.deny.join(&credential.denied).patterns;
    grants.iter().try_for_each(|(namespace, patterns)| {
        let rights = Rights { granted: (*patterns).clone(), denied: denied.clone() };
        may_give_role(facts, giver, *namespace, &rights)
    })
}

/// Whether a credential of `kind` with `grants` can do everything in its organization, but for what its kind is denied:
/// because its kind's authority is the organization's, or because a role that covers everything is held there. People
/// are asked who they are before they make one.
pub fn is_unlimited(kind: &Kind, organization: OrganizationId, grants: &[(NamespaceId, &PatternSet)]) -> bool {
    match kind.authority {
        Authority::Organization => true,
        Authority::Roles { .. } | Authority::Group => {
            grants.iter().any(|(at, patterns)| *at == organization.into() && patterns.contains(&Pattern::All))
        }
        // Never more than one person's, at any time.
        Authority::Namespace | Authority::Owner => false,
    }
}

/// Whether the giver holds `rights` at `namespace`, and also what comes with any role there, be it an empty one.
fn may_give_role(
    facts: &impl Facts,
    giver: &Giver<'_>,
    namespace: NamespaceId,
    rights: &Rights,
) -> Result<(), Exceeds> {
    may_give(facts, giver, namespace, rights)?;
    comes_with_a_role(facts, namespace)
        .try_for_each(|(at, granted)| may_give(facts, giver, at, &Rights { granted, denied: rights.denied.clone() }))
}

/// What holds in addition when a credential makes another: reach, end, networks and denials within its own.
fn may_descend(maker: &Holding<'_>, bounds: &Bounds<'_>, kind: &Kind, credential: &Credential) -> Result<(), Exceeds> {
    let name = || kind.id.to_string();
    if maker.kind.is_live() && !kind.is_live() {
        return Err(Exceeds::NotLive(name()));
    }
    let reach_within = match (kind.authority, maker.kind.authority) {
        // Bounded grant by grant.
        (Authority::Roles { .. } | Authority::Group, _)
        | (Authority::Organization, Authority::Organization)
        | (Authority::Namespace | Authority::Owner, Authority::Owner) => true,
        (Authority::Namespace, Authority::Namespace) => credential.namespace == maker.namespace,
        _ => false,
    };
    if !reach_within {
        return Err(Exceeds::Reach(name()));
    }
    if credential.owner != maker.owner {
        return Err(Exceeds::Owner);
    }
    if let Some(end) = bounds.expires_at
        && credential.expires_at.is_none_or(|new| new > end)
    {
        return Err(Exceeds::Outlives(end));
    }
    let within = |net: &IpNet| bounds.sources.iter().any(|own| own.contains(net));
    if !bounds.sources.is_empty() && (credential.sources.is_empty() || !credential.sources.iter().all(within)) {
        return Err(Exceeds::Sources);
    }
    if !kind.deny.join(&credential.denied).includes(&maker.denials()) {
        return Err(Exceeds::Denials);
    }
    Ok(())
}
