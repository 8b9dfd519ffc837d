//! The decision, from its definitions: the executable specification of what a credential may do.
//!
//! It keeps everything that was ever stated and answers every question from the beginning, with linear scans and plain
//! texts. It shares nothing with the index, nor with `rights` and the matching of patterns in core. Formats of ids and
//! secrets are core's (they have tests of their own); secrets are compared as plaintext, which only a test knows.
//! Rate limits are left out: the questions are asked so far apart that none is reached.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use keyward_core::change::Change;
use keyward_core::credential::{Credential, Slot, State};
use keyward_core::decision::{By, Presented, Purpose, Reason, Request};
use keyward_core::digest::Digest;
use keyward_core::format::NativeToken;
use keyward_core::id::{CredentialId, OrganizationId, RoleId, UserGroupId, UserId};
use keyward_core::kind::{Authority, Cap, Carrier, Denials, Format, Kind, KindId, Parts, Usage};
use keyward_core::namespace::NamespaceId;
use keyward_core::organization::Organization;
use keyward_core::permission::PatternSet;
use keyward_core::profile::Profile;
use keyward_core::role::{Grant, Holder};
use keyward_core::user::Membership;
use keyward_verify::{Now, Subject};

/// All that was stated so far, in order, and what only a test knows.
pub(crate) struct Oracle<'a> {
    pub(crate) history: Vec<&'a Change>,
    /// Every text of a profile that was ever recorded, read.
    pub(crate) profiles: &'a BTreeMap<String, Profile>,
    /// Every secret that was ever made.
    pub(crate) secrets: &'a [Minted],
    /// From when on the node knows too little.
    pub(crate) fresh_until: Option<Duration>,
}

/// A secret in plain text, and the digest by which records refer to it.
#[derive(Clone, Debug)]
pub(crate) struct Minted {
    pub(crate) credential: CredentialId,
    pub(crate) public_id: String,
    pub(crate) secret: String,
    pub(crate) digest: Digest,
}

/// Who is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Who {
    pub(crate) organization: OrganizationId,
    pub(crate) credential: CredentialId,
    pub(crate) public_id: String,
    pub(crate) kind: String,
    pub(crate) owner: Option<UserId>,
    pub(crate) namespace: NamespaceId,
    pub(crate) slot: u32,
    pub(crate) generation: u32,
    /// Whether the use must be recorded before it is answered.
    pub(crate) to_be_recorded: bool,
}

impl Oracle<'_> {
    /// The answer. First failure wins, in the order of the published list of checks.
    pub(crate) fn answer(&self, subject: Subject<'_>, request: &Request<'_>, now: Now) -> Result<Who, Reason> {
        // Well-formed, fresh, known, secret.
        let (id, slot, by) = match subject {
            Subject::Presented(presented) => {
                let looks: Vec<&Kind> = self.kinds().filter(|kind| looks_like(kind, &presented)).collect();
                ensure(!looks.is_empty() || is_native_token(&presented), Reason::Malformed)?;
                ensure(self.fresh_until.is_none_or(|until| now.boot < until), Reason::Stale)?;
                // Nothing is said about a secret that can only be one for https.
                ensure(request.secure || !can_only_be_secure(&looks, &presented), Reason::InsecureTransport)?;
                let (id, slot) = self.find(&presented).ok_or(Reason::Unknown)?;
                (id, Some(slot), Some(presented.by()))
            }
            Subject::Credential(id) => {
                ensure(self.fresh_until.is_none_or(|until| now.boot < until), Reason::Stale)?;
                (id, None, None)
            }
        };
        let (credential, kind, organization) = self.known(id).ok_or(Reason::Unknown)?;

        // Carrier, use.
        ensure(by.is_none_or(|by| may_travel(kind, by)), Reason::WrongCarrier)?;
        ensure(may_be_used(kind, request.purpose), Reason::WrongUse)?;

        // Organization, state, slot, expiry, owner.
        ensure(organization.suspended_at.is_none(), Reason::OrganizationSuspended)?;
        ensure(!self.was_ever_revoked(id), Reason::Revoked)?;
        ensure(!matches!(credential.state, State::Disabled { .. }), Reason::Disabled)?;
        ensure(slot.is_none_or(|slot| slot.ends_at.is_none_or(|end| now.wall < end)), Reason::Replaced)?;
        ensure(credential.expires_at.is_none_or(|end| now.wall < end), Reason::Expired)?;
        let of = credential.organization;
        let owner_is_active = credential.owner.is_some_and(|owner| self.is_active_member(of, owner));
        ensure(!is_live(kind) || owner_is_active, Reason::OwnerInactive)?;

        // Transport, source.
        ensure(!kind.https_only || request.secure, Reason::InsecureTransport)?;
        let listed = [&credential.sources, &organization.sources].into_iter().filter(|list| !list.is_empty());
        let from = request.source.map(as_plain_v4);
        let inside = |list: &Vec<ipnet::IpNet>| from.is_some_and(|from| list.iter().any(|net| net.contains(&from)));
        ensure(listed.into_iter().all(inside), Reason::SourceNotAllowed)?;

        // Denials, reach, grants, owner's rights.
        let namespace = request.namespace.unwrap_or(of.into());
        let denied = |denials: &Denials| {
            denials.groups.iter().any(|group| request.groups.contains(&group.as_str()))
                || request.permission.is_some_and(|permission| covers(&denials.patterns, permission))
        };
        ensure(!denied(&kind.deny) && !denied(&credential.denied), Reason::Denied)?;
        ensure(self.reaches(credential, kind, namespace, request.permission), Reason::OutOfReach)?;
        if let Some(permission) = request.permission {
            let holds_roles = matches!(kind.authority, Authority::Roles { .. } | Authority::Group);
            let own = self.grants(of, Holder::Credential(id));
            ensure(!holds_roles || self.give(of, &own, namespace, permission), Reason::NotGranted)?;
            let owner_may = credential.owner.is_some_and(|owner| self.user_may(of, owner, namespace, permission));
            ensure(!is_live(kind) || owner_may, Reason::OwnerLacks)?;
        }
        Ok(Who {
            organization: of,
            credential: id,
            public_id: credential.public_id.clone(),
            kind: credential.kind.to_string(),
            owner: credential.owner,
            namespace: credential.namespace,
            slot: slot.or(credential.slots.last()).map_or(0, |slot| slot.number),
            generation: credential.generation,
            to_be_recorded: kind.log_use,
        })
    }

    /// The credential and the secret of it that the presented text is, if it is one. One string names and proves at
    /// once; of a pair, both must be right.
    fn find(&self, presented: &Presented<'_>) -> Option<(CredentialId, &Slot)> {
        self.secrets.iter().find_map(|minted| {
            let (credential, kind, _) = self.known(minted.credential)?;
            let is_it = match *presented {
                Presented::Token { token, .. } => kind.parts == Parts::Token && token == minted.secret,
                Presented::Pair { id, secret, .. } => {
                    kind.parts != Parts::Token && id == minted.public_id && secret == minted.secret
                }
            };
            let slot = credential.slots.iter().find(|slot| slot.digest == minted.digest)?;
            is_it.then_some((credential.id, slot))
        })
    }

    /// A credential counts once its kind is in a recorded profile and its organization exists.
    fn known(&self, id: CredentialId) -> Option<(&Credential, &Kind, &Organization)> {
        let credential = self.credential(id)?;
        Some((credential, self.kind(&credential.kind)?, self.organization(credential.organization)?))
    }

    /// What a user may do now: nothing unless they are an active member; everything as super admin; else what the roles
    /// give that they hold themselves or through the groups they are in.
    fn user_may(&self, of: OrganizationId, user: UserId, namespace: NamespaceId, permission: &str) -> bool {
        if !self.is_active_member(of, user) || !self.exists(of, namespace) {
            return false;
        }
        if self.membership(of, user).is_some_and(|membership| membership.super_admin) {
            return true;
        }
        let mut grants = self.grants(of, Holder::User(user));
        for group in self.groups(of, user) {
            grants.extend(self.grants(of, Holder::UserGroup(group)));
        }
        self.give(of, &grants, namespace, permission)
    }

    /// Whether roles held at namespaces give `permission` at `namespace`: rights are never inherited, but administrative
    /// resources may also be held at the organization, and whoever holds anything somewhere reads the records of that
    /// place and of those above it.
    fn give(&self, of: OrganizationId, grants: &[&Grant], namespace: NamespaceId, permission: &str) -> bool {
        let given = |grant: &&Grant| {
            let Some(patterns) = self.role(of, grant.role) else { return false };
            let at_place = grant.namespace == namespace
                || (grant.namespace == NamespaceId::from(of) && is_administrative(permission));
            (at_place && covers(patterns, permission))
                || (self.line(of, grant.namespace).contains(&namespace) && permission == read(namespace))
        };
        self.exists(of, namespace) && grants.iter().any(given)
    }

    /// Whether a credential gets as far as `namespace`, for this permission or at all. A key confined to a namespace: that
    /// namespace; reading the records above it; an application's also the records of workspaces and groups in it; the
    /// organization's also the administrative resources of every namespace. All others: the whole organization.
    fn reaches(&self, credential: &Credential, kind: &Kind, namespace: NamespaceId, permission: Option<&str>) -> bool {
        let (of, home) = (credential.organization, credential.namespace);
        if !self.exists(of, home) || !self.exists(of, namespace) {
            return false;
        }
        if kind.authority != Authority::Namespace || namespace == home {
            return true;
        }
        let above = self.line(of, home).contains(&namespace);
        let inside = matches!(home, NamespaceId::Application(_)) && self.parent(of, namespace) == Some(home);
        match permission {
            None => above || inside || namespace == NamespaceId::from(of),
            Some(permission) => {
                let resource = resource_of(namespace);
                let crud = ["read", "create", "edit", "delete"].map(|action| format!("{resource}:{action}"));
                (above && permission == read(namespace))
                    || (inside && crud.iter().any(|one| one == permission))
                    || (home == NamespaceId::from(of) && is_administrative(permission))
            }
        }
    }

    // What was stated last.

    /// The last statement that `pick` knows; it says `Some(None)` of a removal.
    fn last<'a, T>(&'a self, pick: impl Fn(&'a Change) -> Option<Option<T>>) -> Option<T> {
        self.history.iter().rev().find_map(|change| pick(change)).flatten()
    }

    fn organization(&self, id: OrganizationId) -> Option<&Organization> {
        self.last(|change| match change {
            Change::Organization(organization) if organization.id == id => Some(Some(organization)),
            _ => None,
        })
    }

    fn parent(&self, of: OrganizationId, namespace: NamespaceId) -> Option<NamespaceId> {
        self.last(|change| match change {
            Change::Namespace(n) if n.organization == of && n.id == namespace => Some(Some(n.parent)),
            Change::NamespaceRemoved { organization, id } if *organization == of && *id == namespace => Some(None),
            _ => None,
        })
    }

    fn exists(&self, of: OrganizationId, namespace: NamespaceId) -> bool {
        namespace == NamespaceId::from(of) || self.parent(of, namespace).is_some()
    }

    /// A namespace and those above it; nothing if it does not exist.
    fn line(&self, of: OrganizationId, namespace: NamespaceId) -> Vec<NamespaceId> {
        match self.parent(of, namespace) {
            Some(parent) => [vec![namespace], self.line(of, parent)].concat(),
            None if namespace == NamespaceId::from(of) => vec![namespace],
            None => vec![],
        }
    }

    fn membership(&self, of: OrganizationId, user: UserId) -> Option<&Membership> {
        self.last(|change| match change {
            Change::Membership(m) if m.organization == of && m.user == user => Some(Some(m)),
            Change::MembershipRemoved { organization, user: left } if *organization == of && *left == user => {
                Some(None)
            }
            _ => None,
        })
    }

    fn is_active_member(&self, of: OrganizationId, user: UserId) -> bool {
        self.membership(of, user).is_some_and(|membership| membership.suspended_at.is_none())
    }

    /// The groups of the organization that exist and have the user in them.
    fn groups(&self, of: OrganizationId, user: UserId) -> Vec<UserGroupId> {
        let mut groups = vec![];
        for change in &self.history {
            match change {
                Change::GroupMember(member) if member.organization == of && member.user == user => {
                    groups.push(member.group);
                }
                Change::GroupMemberRemoved(member) if member.organization == of && member.user == user => {
                    groups.retain(|group| *group != member.group);
                }
                _ => {}
            }
        }
        groups.retain(|group| self.exists(of, (*group).into()));
        groups
    }

    fn role(&self, of: OrganizationId, role: RoleId) -> Option<&PatternSet> {
        self.last(|change| match change {
            Change::Role(r) if r.organization == of && r.id == role => Some(Some(&r.patterns)),
            Change::RoleRemoved { organization, id } if *organization == of && *id == role => Some(None),
            _ => None,
        })
    }

    /// The grants that `holder` itself holds in the organization.
    fn grants(&self, of: OrganizationId, holder: Holder) -> Vec<&Grant> {
        let mut grants: Vec<&Grant> = vec![];
        for change in &self.history {
            match change {
                Change::Grant(grant) if grant.organization == of && grant.holder == holder => {
                    grants.retain(|earlier| earlier.id != grant.id);
                    grants.push(grant);
                }
                Change::GrantRemoved { organization, id, .. } if *organization == of => {
                    grants.retain(|grant| grant.id != *id);
                }
                _ => {}
            }
        }
        grants
    }

    fn credential(&self, id: CredentialId) -> Option<&Credential> {
        self.last(|change| match change {
            Change::Credential(credential) if credential.id == id => Some(Some(&**credential)),
            _ => None,
        })
    }

    /// Revoked is for ever, whatever is said later.
    fn was_ever_revoked(&self, id: CredentialId) -> bool {
        self.history.iter().any(|change| match change {
            Change::Credential(credential) => credential.id == id && matches!(credential.state, State::Revoked { .. }),
            _ => false,
        })
    }

    /// The kinds of all recorded profiles, each by its last text.
    fn kinds(&self) -> impl Iterator<Item = &Kind> {
        let mut texts = BTreeMap::new();
        for change in &self.history {
            if let Change::Profile(recorded) = change {
                texts.insert(&recorded.name, &recorded.text);
            }
        }
        texts.into_values().flat_map(|text| self.profiles[text].kinds.iter().map(|kind| &**kind))
    }

    fn kind(&self, id: &KindId) -> Option<&Kind> {
        self.kinds().find(|kind| kind.id == *id)
    }
}

fn ensure(holds: bool, otherwise: Reason) -> Result<(), Reason> {
    if holds { Ok(()) } else { Err(otherwise) }
}

/// Whether the text has the length, characters and checksum of the kind's.
fn looks_like(kind: &Kind, presented: &Presented<'_>) -> bool {
    match (*presented, &kind.id_format, &kind.secret_format) {
        (Presented::Token { token, .. }, _, Format::Native { prefix }) if kind.parts == Parts::Token => {
            NativeToken::parse(token).is_ok_and(|native| native.prefix == prefix.as_str())
        }
        (Presented::Token { token, .. }, _, Format::Text(format)) => {
            kind.parts == Parts::Token && format.accepts(token)
        }
        (Presented::Pair { id, secret, .. }, Format::Text(of_id), Format::Text(of_secret)) => {
            kind.parts != Parts::Token && of_id.accepts(id) && of_secret.accepts(secret)
        }
        // The two halves of a native token.
        (Presented::Pair { id, secret, .. }, Format::Native { prefix }, Format::Native { .. }) => {
            let whole = format!("{id}_{secret}");
            let half = |native: NativeToken<'_>| native.prefix == prefix.as_str() && native.public_id == id;
            kind.parts != Parts::Token && NativeToken::parse(&whole).is_ok_and(half)
        }
        _ => false,
    }
}

/// A well-formed native token is that, even with a prefix that nobody knows.
fn is_native_token(presented: &Presented<'_>) -> bool {
    matches!(presented, Presented::Token { token, .. } if NativeToken::parse(token).is_ok())
}

/// Whether every kind that it could be, as it was sent, is for https alone. The prefix of a native token tells its kind;
/// other texts are of the kinds that may be sent so, if there are any.
fn can_only_be_secure(looks: &[&Kind], presented: &Presented<'_>) -> bool {
    let by_prefix = |kind: &&&Kind| matches!(kind.secret_format, Format::Native { .. });
    let native: Vec<_> = looks.iter().filter(by_prefix).filter(|_| is_native_token(presented)).collect();
    let sent_so: Vec<_> = looks.iter().filter(|kind| may_travel(kind, presented.by())).collect();
    let all = looks.iter().collect();
    let could_be = [native, sent_so, all].into_iter().find(|kinds| !kinds.is_empty());
    could_be.is_some_and(|kinds| kinds.iter().all(|kind| kind.https_only))
}

fn may_travel(kind: &Kind, by: By<'_>) -> bool {
    let written = match by {
        By::Vouched => return true,
        By::Bearer => Carrier::Bearer,
        By::Basic => Carrier::Basic,
        By::Header(name) => Carrier::Header(name.to_owned()),
        By::Headers(id, secret) => Carrier::Headers(id.to_owned(), secret.to_owned()),
        By::Form(id, secret) => Carrier::Form(id.to_owned(), secret.to_owned()),
        By::TokenScheme(name) => Carrier::TokenScheme(name.to_owned()),
    };
    kind.present.contains(&written)
}

fn may_be_used(kind: &Kind, purpose: Purpose) -> bool {
    match kind.usage {
        Usage::Direct => purpose == Purpose::Direct,
        Usage::Exchange { .. } => purpose == Purpose::Exchange,
        Usage::Both { .. } => true,
    }
}

/// Bounded by what its owner may do now.
fn is_live(kind: &Kind) -> bool {
    kind.cap == Cap::Live || kind.authority == Authority::Namespace || kind.authority == Authority::Owner
}

/// An IPv4 client of a listener that speaks IPv6 is that IPv4 client.
fn as_plain_v4(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    }
}

/// Whether a set of patterns covers a permission, on their texts alone.
fn covers(patterns: &PatternSet, permission: &str) -> bool {
    patterns.iter().map(ToString::to_string).any(|pattern| match pattern.strip_suffix(":*") {
        _ if pattern == "*" => true,
        Some(resource) => is_on(permission, resource),
        None => pattern == permission,
    })
}

/// Whether a permission is on the resource or on one below it.
fn is_on(permission: &str, resource: &str) -> bool {
    permission.starts_with(&format!("{resource}:")) || permission.starts_with(&format!("{resource}."))
}

/// Keyward's own permissions on its records, written down a second time. What others declare below them is not.
fn is_administrative(permission: &str) -> bool {
    let (resource, action) = permission.split_once(':').unwrap();
    let actions = match resource {
        "credentials" => "read verify create edit rotate reveal disable enable revoke import unlink",
        "grants" => "read create delete",
        "roles" => "read create edit delete",
        "users" => "read invite edit suspend enable remove",
        "audit" | "usage" => "read",
        "settings" => "read edit",
        _ => "",
    };
    actions.split(' ').any(|known| known == action)
}

fn resource_of(namespace: NamespaceId) -> &'static str {
    match namespace {
        NamespaceId::Organization(_) => "organizations",
        NamespaceId::Application(_) => "apps",
        NamespaceId::Workspace(_) => "workspaces",
        NamespaceId::UserGroup(_) => "usergroups",
    }
}

/// The permission to read the namespace's own record.
fn read(namespace: NamespaceId) -> String {
    format!("{}:read", resource_of(namespace))
}
