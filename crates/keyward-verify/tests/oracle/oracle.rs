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
use keyward_core::credential::{Credential, State};
use keyward_core::decision::{By, Presented, Purpose, Reason, Request};
use keyward_core::digest::Digest;
use keyward_core::format::NativeToken;
use keyward_core::id::{CredentialId, OrganizationId, RoleId, UserGroupId, UserId};
use keyward_core::kind::{Authority, Cap, Carrier, Denials, Format, Kind, KindId, Limit, LimitScope, Parts, Usage};
use keyward_core::namespace::NamespaceId;
use keyward_core::organization::Organization;
use keyward_core::permission::PatternSet;
use keyward_core::profile::Profile;
use keyward_core::role::{Grant, Holder};
use keyward_core::signed::Signed;
use keyward_core::time::Timestamp;
use keyward_core::user::Membership;
use keyward_verify::{Means, Now};

use crate::sign::{RSA, decode_base64, sign_form};

/// All that was stated so far, in order, and what only a test knows.
pub(crate) struct Oracle<'a> {
    pub(crate) history: Vec<&'a Change>,
    /// Every text of a profile that was ever recorded, read.
    pub(crate) profiles: &'a BTreeMap<String, Profile>,
    /// Every secret that was ever made.
    pub(crate) secrets: &'a [Minted],
    /// Every access token that was ever issued.
    pub(crate) tokens: &'a [Token],
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

/// An access token with what it says.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) credential: CredentialId,
    pub(crate) generation: u32,
    pub(crate) ends_at: Timestamp,
    pub(crate) namespace: Option<NamespaceId>,
    /// Nothing means everything.
    pub(crate) scope: Vec<&'static str>,
}

/// Which credential was shown, and by what.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) credential: CredentialId,
    proof: Proof,
}

#[derive(Clone, Debug)]
enum Proof {
    Nothing,
    /// The secret with this digest.
    Secret(Digest),
    Token(Token),
    /// A form, signed with the secret with this digest.
    Form(Digest),
    Jwt,
}

impl Proof {
    fn means(&self) -> Means {
        match self {
            Proof::Nothing | Proof::Secret(_) => Means::Secret,
            Proof::Token(_) => Means::Token,
            Proof::Form(_) => Means::SignedForm,
            Proof::Jwt => Means::SignedJwt,
        }
    }
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
    pub(crate) means: Means,
    pub(crate) slot: u32,
    pub(crate) generation: u32,
    pub(crate) token_ends_at: Option<Timestamp>,
    pub(crate) narrowed: bool,
    /// Whether the use must be recorded before it is answered.
    pub(crate) to_be_recorded: bool,
    /// Until when the nonce of a signed request has to be kept.
    pub(crate) nonce_until: Option<Timestamp>,
}

impl Oracle<'_> {
    /// The answer. First failure wins, in the order of the published list of checks.
    pub(crate) fn answer(&self, presented: &Presented<'_>, request: &Request<'_>, now: Now) -> Result<Who, Reason> {
        // Well-formed, fresh, known, secret, window.
        let looks: Vec<&Kind> = self.kinds().filter(|kind| looks_like(kind, presented)).collect();
        let well_formed = match presented {
            Presented::Token { token, .. } if token.starts_with("kwat_") => is_sealed_statement(token),
            _ => !looks.is_empty() || is_native_token(presented),
        };
        ensure(well_formed, Reason::Malformed)?;
        self.fresh(now)?;
        // Nothing is said about what can only be for https.
        ensure(request.secure || !can_only_be_secure(&looks, presented), Reason::InsecureTransport)?;
        let shown = self.recognise(presented).ok_or(Reason::Unknown)?;
        let mut nonce_until = None;
        if let Presented::Signed(signed) = presented {
            ensure(signed.from <= now.wall && now.wall < signed.until, Reason::OutOfWindow)?;
            nonce_until = Some(signed.until);
        }
        let who = self.judge(&shown, Some(presented.by()), request, now)?;
        Ok(Who { nonce_until, ..who })
    }

    /// The answer for a credential as such.
    pub(crate) fn answer_about(&self, id: CredentialId, request: &Request<'_>, now: Now) -> Result<Who, Reason> {
        self.fresh(now)?;
        self.judge(&Shown { credential: id, proof: Proof::Nothing }, None, request, now)
    }

    /// Whether what was admitted earlier would be now. It is known to be right, and to have travelled well.
    pub(crate) fn answer_again(&self, shown: &Shown, request: &Request<'_>, now: Now) -> Result<Who, Reason> {
        self.fresh(now)?;
        self.judge(shown, None, request, now)
    }

    fn fresh(&self, now: Now) -> Result<(), Reason> {
        ensure(self.fresh_until.is_none_or(|until| now.boot < until), Reason::Stale)
    }

    fn judge(&self, shown: &Shown, by: Option<By<'_>>, request: &Request<'_>, now: Now) -> Result<Who, Reason> {
        let id = shown.credential;
        let (credential, kind, organization) = self.known(id).ok_or(Reason::Unknown)?;
        let token = match &shown.proof {
            Proof::Token(token) => Some(token),
            _ => None,
        };

        // Carrier, use.
        let travels = |by| if token.is_some() { token_may_travel(kind, by) } else { may_travel(kind, by) };
        ensure(by.is_none_or(travels), Reason::WrongCarrier)?;
        let fits = match token {
            Some(_) => request.purpose == Purpose::Direct && lifetime(kind).is_some(),
            None => may_be_used(kind, request.purpose),
        };
        ensure(fits, Reason::WrongUse)?;

        // Organization, state, slot, expiry, owner.
        ensure(organization.suspended_at.is_none(), Reason::OrganizationSuspended)?;
        ensure(!self.was_ever_revoked(id), Reason::Revoked)?;
        ensure(!matches!(credential.state, State::Disabled { .. }), Reason::Disabled)?;
        let slot_with = |digest: &Digest| credential.slots.iter().find(|slot| slot.digest == *digest);
        let slot = match &shown.proof {
            Proof::Secret(digest) | Proof::Form(digest) => {
                let slot = slot_with(digest).ok_or(Reason::Replaced)?;
                ensure(slot.ends_at.is_none_or(|end| now.wall < end), Reason::Replaced)?;
                Some(slot)
            }
            Proof::Token(token) => {
                ensure(token.generation == credential.generation, Reason::Replaced)?;
                None
            }
            Proof::Jwt | Proof::Nothing => None,
        };
        ensure(credential.expires_at.is_none_or(|end| now.wall < end), Reason::Expired)?;
        ensure(token.is_none_or(|token| now.wall < token.ends_at), Reason::Expired)?;
        let of = credential.organization;
        let owner_is_active = credential.owner.is_some_and(|owner| self.is_active_member(of, owner));
        ensure(!is_live(kind) || owner_is_active, Reason::OwnerInactive)?;

        // Transport, source: whoever reads a signature on the way has nothing to use again.
        let is_signature = matches!(shown.proof, Proof::Form(_) | Proof::Jwt);
        ensure(!kind.https_only || request.secure || is_signature, Reason::InsecureTransport)?;
        let listed = [&credential.sources, &organization.sources].into_iter().filter(|list| !list.is_empty());
        let from = request.source.map(as_plain_v4);
        let inside = |list: &Vec<ipnet::IpNet>| from.is_some_and(|from| list.iter().any(|net| net.contains(&from)));
        ensure(listed.into_iter().all(inside), Reason::SourceNotAllowed)?;

        // Denials, scope, reach, grants, owner's rights.
        let namespace = request.namespace.unwrap_or(of.into());
        let denied = |denials: &Denials| {
            denials.groups.iter().any(|group| request.groups.contains(&group.as_str()))
                || request.permission.is_some_and(|permission| covers(&denials.patterns, permission))
        };
        ensure(!denied(&kind.deny) && !denied(&credential.denied), Reason::Denied)?;
        if let (Some(token), Some(permission)) = (token, request.permission) {
            let includes = token.scope.is_empty() || token.scope.iter().any(|pattern| is_under(permission, pattern));
            ensure(includes, Reason::OutOfScope)?;
        }
        ensure(self.reaches(credential, kind, namespace, request.permission), Reason::OutOfReach)?;
        // Who asks for nothing and nowhere is told who it is, wherever the token counts.
        let asks_for_something = request.permission.is_some() || request.namespace.is_some();
        let confined_to = token.and_then(|token| token.namespace).filter(|_| asks_for_something);
        ensure(confined_to.is_none_or(|only| only == namespace), Reason::OutOfReach)?;
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
            means: shown.proof.means(),
            slot: slot.or(credential.slots.last()).map_or(0, |slot| slot.number),
            generation: credential.generation,
            token_ends_at: token.map(|token| token.ends_at),
            narrowed: token.is_some_and(|token| token.namespace.is_some() || !token.scope.is_empty()),
            to_be_recorded: kind.log_use,
            nonce_until: None,
        })
    }

    /// The credential and what of it the presented text is, if it is anything. One string names and proves at once; of a
    /// pair, both must be right; a signature must be the one that its secret or private key makes.
    pub(crate) fn recognise(&self, presented: &Presented<'_>) -> Option<Shown> {
        match *presented {
            Presented::Token { token, .. } if token.starts_with("kwat_") => {
                let issued = self.tokens.iter().find(|issued| issued.text == token)?;
                self.known(issued.credential)?;
                Some(Shown { credential: issued.credential, proof: Proof::Token(issued.clone()) })
            }
            Presented::Signed(signed) => self.recognise_signed(signed),
            _ => self.secrets.iter().find_map(|minted| {
                let (credential, kind, _) = self.known(minted.credential)?;
                let is_it = match *presented {
                    Presented::Token { token, .. } => kind.parts == Parts::Token && token == minted.secret,
                    Presented::Pair { id, secret, .. } => {
                        kind.parts != Parts::Token && id == minted.public_id && secret == minted.secret
                    }
                    Presented::Signed(_) => false,
                };
                credential.slots.iter().find(|slot| slot.digest == minted.digest)?;
                is_it.then_some(Shown { credential: credential.id, proof: Proof::Secret(minted.digest) })
            }),
        }
    }

    fn recognise_signed(&self, signed: &Signed<'_>) -> Option<Shown> {
        let its = |minted: &&Minted| minted.public_id == signed.id;
        let (credential, ..) = self.known(self.secrets.iter().find(its)?.credential)?;
        let proof = match &signed.proof {
            keyward_core::signed::Proof::Form(form) => {
                // Secrets that are still kept, for nothing else can be opened to sign with.
                let kept = |minted: &&Minted| {
                    credential.slots.iter().any(|slot| slot.digest == minted.digest && slot.sealed.is_some())
                };
                let signs = |minted: &&Minted| {
                    let by = |url: &&&str| {
                        sign_form(&minted.secret, form.method, url, form.parameters) == Some(form.signature)
                    };
                    form.urls.iter().any(|url| by(&url))
                };
                Proof::Form(self.secrets.iter().filter(its).filter(kept).find(signs)?.digest)
            }
            keyward_core::signed::Proof::Jwt(jwt) => {
                let key = RSA.iter().find(|key| Some(&key.public) == credential.public_key.as_ref())?;
                (key.sign(jwt.message) == jwt.signature).then_some(Proof::Jwt)?
            }
        };
        Some(Shown { credential: credential.id, proof })
    }

    /// The one credential of a kind in an organization that was never revoked; should there be several, the last made.
    pub(crate) fn only(&self, of: OrganizationId, kind: &KindId) -> Option<CredentialId> {
        let one = Limit { count: 1, per: LimitScope::Organization };
        self.kind(kind).filter(|kind| kind.limit == Some(one))?;
        let all = self.history.iter().filter_map(|change| match change {
            Change::Credential(credential) if credential.organization == of && credential.kind == *kind => {
                Some(credential.id)
            }
            _ => None,
        });
        all.filter(|id| !self.was_ever_revoked(*id)).max()
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
        // It may be of every kind that is exchanged for such.
        (Presented::Token { token, .. }, ..) if token.starts_with("kwat_") => lifetime(kind).is_some(),
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
        (Presented::Signed(signed), Format::Text(of_id), _) => {
            may_travel(kind, presented.by()) && of_id.accepts(signed.id)
        }
        (Presented::Signed(signed), Format::Native { prefix }, _) => {
            let random = |(of, random): (&str, &str)| {
                of == prefix.as_str() && random.len() == 16 && random.chars().all(|c| c.is_ascii_alphanumeric())
            };
            may_travel(kind, presented.by()) && signed.id.split_once('_').is_some_and(random)
        }
        _ => false,
    }
}

/// Whether a text can be an access token: base64url of a layout, a version, a nonce and a tag, and in between a statement
/// with a scope of at most 320 bytes.
fn is_sealed_statement(text: &str) -> bool {
    let encoded = text.strip_prefix("kwat_").unwrap_or_default();
    let envelope = if encoded.contains('=') { None } else { decode_base64(encoded, *b"-_") };
    let (overhead, statement) = (1 + 4 + 12 + 16, 1 + 16 + 4 + 8 + 8 + 17);
    envelope.is_some_and(|envelope| (overhead + statement..=overhead + statement + 320).contains(&envelope.len()))
}

/// A well-formed native token is that, even with a prefix that nobody knows.
fn is_native_token(presented: &Presented<'_>) -> bool {
    matches!(presented, Presented::Token { token, .. } if NativeToken::parse(token).is_ok())
}

/// Whether every kind that it could be, as it was sent, is for https alone. The prefix of a native token tells its kind;
/// other texts are of the kinds that may be sent so, if there are any. A signature may be sent over anything.
fn can_only_be_secure(looks: &[&Kind], presented: &Presented<'_>) -> bool {
    if matches!(presented, Presented::Signed(_)) {
        return false;
    }
    let by_prefix = |kind: &&&Kind| matches!(kind.secret_format, Format::Native { .. });
    let native: Vec<_> = looks.iter().filter(by_prefix).filter(|_| is_native_token(presented)).collect();
    let sent_so: Vec<_> = looks.iter().filter(|kind| travels(kind, presented)).collect();
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
        By::SignedForm => Carrier::SignedForm,
        By::SignedJwt => Carrier::SignedJwt,
    };
    kind.present.contains(&written)
}

/// As a bearer token always; by a scheme that its kind lists.
fn token_may_travel(kind: &Kind, by: By<'_>) -> bool {
    match by {
        By::Vouched | By::Bearer => true,
        By::TokenScheme(_) => may_travel(kind, by),
        _ => false,
    }
}

fn travels(kind: &Kind, presented: &Presented<'_>) -> bool {
    match presented {
        Presented::Token { token, by } if token.starts_with("kwat_") => token_may_travel(kind, *by),
        _ => may_travel(kind, presented.by()),
    }
}

fn may_be_used(kind: &Kind, purpose: Purpose) -> bool {
    match kind.usage {
        Usage::Direct => purpose == Purpose::Direct,
        Usage::Exchange { .. } => purpose == Purpose::Exchange,
        Usage::Both { .. } => true,
    }
}

/// How long an access token of the kind lives, if there are any.
fn lifetime(kind: &Kind) -> Option<Duration> {
    match kind.usage {
        Usage::Direct => None,
        Usage::Exchange { lifetime } | Usage::Both { lifetime } => Some(lifetime),
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
    patterns.iter().any(|pattern| is_under(permission, &pattern.to_string()))
}

fn is_under(permission: &str, pattern: &str) -> bool {
    match pattern.strip_suffix(":*") {
        _ if pattern == "*" => true,
        Some(resource) => is_on(permission, resource),
        None => pattern == permission,
    }
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
