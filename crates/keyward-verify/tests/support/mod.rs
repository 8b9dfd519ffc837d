//! A small deployment to ask questions of.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

pub(crate) mod sign;

use std::sync::Arc;
use std::time::Duration;

use keyward_core::access_token::{AccessToken, Scope};
use keyward_core::change::{Change, Committed, RecordedProfile, Revision};
use keyward_core::credential::{CallerId, Credential, NewSlot, Slot, State};
use keyward_core::decision::{By, Denial, Presented, Purpose, Reason, Request};
use keyward_core::entropy::{Entropy as _, Seeded};
use keyward_core::id::{
    ApplicationId, CredentialId, GrantId, OrganizationId, RoleId, UserGroupId, UserId, WorkspaceId,
};
use keyward_core::keyring::KeyRing;
use keyward_core::kind::{Denials, KeyPair, Kind, Parts, Reveal};
use keyward_core::mint::{mint, renew};
use keyward_core::name::Name;
use keyward_core::namespace::{Namespace, NamespaceId};
use keyward_core::organization::Organization;
use keyward_core::profile::Profile;
use keyward_core::role::{Grant, Holder, Role};
use keyward_core::seal::{Binding, Sealed};
use keyward_core::secret::Secret;
use keyward_core::signed::{Proof, Signed, SignedForm, SignedMessage};
use keyward_core::time::Timestamp;
use keyward_core::user::Membership;
use keyward_verify::{Decision, Index, Now, Permit};

pub(crate) const KINDS: &str = include_str!("kinds.toml");

pub(crate) const START: Timestamp = Timestamp::from_seconds(1_800_000_000);

pub(crate) const ORG: OrganizationId = OrganizationId::from_bits(1);
pub(crate) const APP: ApplicationId = ApplicationId::from_bits(2);
pub(crate) const WORKSPACE: WorkspaceId = WorkspaceId::from_bits(3);
pub(crate) const GROUP: UserGroupId = UserGroupId::from_bits(4);
/// A member of [`ORG`] who edits items in [`APP`].
pub(crate) const OWNER: UserId = UserId::from_bits(5);
/// `items:*`, held by [`OWNER`] at [`APP`].
pub(crate) const EDITOR: RoleId = RoleId::from_bits(6);
/// `items:read`.
pub(crate) const READER: RoleId = RoleId::from_bits(7);
pub(crate) const OWNERS_GRANT: GrantId = GrantId::from_bits(8);
/// Another organization, with an application of its own.
pub(crate) const OTHER: OrganizationId = OrganizationId::from_bits(9);
pub(crate) const OTHER_APP: ApplicationId = ApplicationId::from_bits(10);

/// Makes credentials of the kinds of the tests.
pub(crate) struct Maker {
    pub(crate) ring: Arc<KeyRing>,
    profile: Profile,
    entropy: Seeded,
}

/// An index with the organizations above, and what it takes to add to it.
pub(crate) struct Fixture {
    pub(crate) index: Index,
    pub(crate) ring: Arc<KeyRing>,
    pub(crate) log: Vec<Committed>,
    maker: Maker,
}

/// A credential with what its holder holds.
pub(crate) struct Issued {
    pub(crate) record: Credential,
    pub(crate) secret: String,
    pub(crate) parts: Parts,
}

impl Maker {
    pub(crate) fn new() -> Self {
        let mut entropy = Seeded::new(1);
        let ring = Arc::new(KeyRing::generate(START, &mut entropy).unwrap());
        Self { ring, profile: Profile::parse("kinds.toml", KINDS).unwrap(), entropy }
    }

    fn kind(&self, name: &str) -> &Arc<Kind> {
        self.profile.kind_named(name).unwrap()
    }

    /// Makes a credential of [`ORG`] that lives there, owned by [`OWNER`], and tells nobody.
    pub(crate) fn make(&mut self, kind: &str) -> Issued {
        let rules = Arc::clone(self.kind(kind));
        let minted = mint(&rules, self.ring.current_pepper(), &mut self.entropy);
        let mut bits = [0; 16];
        self.entropy.fill(&mut bits);
        let id = CredentialId::from_bits(u128::from_le_bytes(bits));
        let sealed = self.sealed(&rules, id, &minted.secret);
        let record = Credential {
            id,
            organization: ORG,
            kind: rules.id.clone(),
            name: Name::new(kind).unwrap(),
            public_id: minted.public_id,
            namespace: ORG.into(),
            owner: Some(OWNER),
            created_by: CallerId::User(OWNER),
            created_at: START,
            updated_at: START,
            state: State::Active,
            generation: 1,
            expires_at: None,
            sources: Vec::new(),
            denied: Denials::default(),
            public_key: (rules.key_pair != KeyPair::None).then(|| sign::RSA[0].public.clone()),
            slots: vec![Slot { number: 1, digest: minted.digest, sealed, created_at: START, ends_at: None }],
        };
        Issued { record, secret: minted.secret.expose().to_owned(), parts: rules.parts }
    }

    /// The secret as it is stored, for kinds that reveal it.
    fn sealed(&mut self, kind: &Kind, credential: CredentialId, secret: &Secret) -> Option<Sealed> {
        let binding = Binding::CredentialSecret { organization: ORG, credential };
        (kind.reveal == Reveal::Always).then(|| self.ring.seal(binding, secret, &mut self.entropy).unwrap())
    }
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let maker = Maker::new();
        let ring = Arc::clone(&maker.ring);
        let mut fixture = Self { index: Index::new(Arc::clone(&ring)), ring, log: Vec::new(), maker };
        fixture.commit(beginning());
        fixture
    }

    pub(crate) fn commit(&mut self, changes: impl IntoIterator<Item = Change>) -> Revision {
        let revision = self.index.revision().next();
        let commit = Committed { revision, changes: changes.into_iter().collect() };
        assert_eq!(self.index.apply(std::slice::from_ref(&commit)), Ok(revision));
        self.log.push(commit);
        revision
    }

    /// Replaces the secret of a credential, commits that, and returns what its holder has now.
    pub(crate) fn rotate(&mut self, issued: &Issued, grace: Duration) -> Issued {
        let kind = Arc::clone(self.maker.kind(issued.record.kind.kind()));
        let minted = renew(&kind, &issued.record.public_id, self.ring.current_pepper(), &mut self.maker.entropy);
        let sealed = self.maker.sealed(&kind, issued.record.id, &minted.secret);
        let slot = NewSlot { digest: minted.digest, sealed };
        let record = issued.record.clone().rotate(&kind, slot, Some(grace), START).unwrap();
        let rotated = Issued { record, secret: minted.secret.expose().to_owned(), parts: issued.parts };
        self.commit([rotated.change()]);
        rotated
    }

    /// Makes a credential and tells nobody.
    pub(crate) fn make(&mut self, kind: &str) -> Issued {
        self.maker.make(kind)
    }

    /// Makes and commits a credential with [`EDITOR`] at the application.
    pub(crate) fn issue(&mut self, kind: &str) -> Issued {
        let issued = self.make(kind);
        let held = grant(issued.record.id.bits(), Holder::Credential(issued.record.id), EDITOR, APP);
        self.commit([issued.change(), held]);
        issued
    }

    /// An access token of the credential for an hour, for everything but what `edit` takes away.
    pub(crate) fn token(&mut self, issued: &Issued, edit: impl FnOnce(&mut AccessToken)) -> String {
        let mut token = AccessToken {
            credential: issued.record.id,
            generation: issued.record.generation,
            issued_at: START,
            expires_at: START.plus(Duration::from_hours(1)),
            namespace: None,
            scope: Scope::EVERYTHING,
        };
        edit(&mut token);
        token.seal(&self.ring, &mut self.maker.entropy).unwrap().expose().to_owned()
    }

    /// The answer to a plain request with an access token, sent as one.
    pub(crate) fn ask_with(&self, token: &str, request: &Request<'_>) -> Result<Permit, Denial> {
        answer(self.index.decide(&Presented::Token { token, by: By::Bearer }, request, now()))
    }

    pub(crate) fn reason_with(&self, token: &str, request: &Request<'_>) -> Option<Reason> {
        self.ask_with(token, request).err().map(|denial| denial.reason)
    }

    /// The answer to a plain request.
    pub(crate) fn ask_signed(&self, signed: &Signed<'_>, request: &Request<'_>) -> Result<Permit, Denial> {
        answer(self.index.decide(&Presented::Signed(signed), request, now()))
    }

    pub(crate) fn reason_signed(&self, signed: &Signed<'_>, request: &Request<'_>) -> Option<Reason> {
        self.ask_signed(signed, request).err().map(|denial| denial.reason)
    }

    /// The answer to a plain request at the start of time.
    pub(crate) fn ask(&self, issued: &Issued, request: &Request<'_>) -> Result<Permit, Denial> {
        answer(self.index.decide(&issued.presented(), request, now()))
    }

    pub(crate) fn reason(&self, issued: &Issued, request: &Request<'_>) -> Option<Reason> {
        self.ask(issued, request).err().map(|denial| denial.reason)
    }
}

impl Issued {
    pub(crate) fn change(&self) -> Change {
        Change::Credential(Box::new(self.record.clone()))
    }

    /// As the kinds of the tests want to be sent.
    pub(crate) fn presented(&self) -> Presented<'_> {
        let by = match self.record.kind.kind() {
            "bare" => By::Header("x-api-key"),
            "bare_secure" => By::Header("x-safe-key"),
            _ if self.parts == Parts::Token => By::Bearer,
            _ => By::Basic,
        };
        self.presented_by(by)
    }

    pub(crate) fn presented_by<'a>(&'a self, by: By<'a>) -> Presented<'a> {
        match self.parts {
            Parts::Token => Presented::Token { token: &self.secret, by },
            _ => Presented::Pair { id: &self.record.public_id, secret: &self.secret, by },
        }
    }
}

pub(crate) const URL: &str = "https://api.example/items";
pub(crate) const PARAMETERS: &str = "nonce=n-1&timestamp=1800000000";
pub(crate) const MESSAGE: &[u8] = b"header.claims";

/// A form signed with `secret` in the name of `id`, good for two minutes either way.
pub(crate) fn form<'a>(id: &'a str, secret: &str) -> Signed<'a> {
    let signature = sign::sign_form(secret, "POST", URL, PARAMETERS).unwrap();
    signed(id, Proof::Form(SignedForm { method: "POST", urls: &[URL], parameters: PARAMETERS, signature }))
}

/// A JWT in the name of `id`, good for two minutes either way.
pub(crate) fn jwt<'a>(id: &'a str, signature: &'a [u8]) -> Signed<'a> {
    signed(id, Proof::Jwt(SignedMessage { message: MESSAGE, signature }))
}

fn signed<'a>(id: &'a str, proof: Proof<'a>) -> Signed<'a> {
    let window = Duration::from_mins(2);
    Signed { id, nonce: "n-1", from: START.minus(window), until: START.plus(window), proof }
}

pub(crate) fn answer(decision: Decision) -> Result<Permit, Denial> {
    match decision {
        Decision::Allow(permit) => Ok(permit),
        Decision::Deny(denial) => Err(denial),
    }
}

pub(crate) fn now() -> Now {
    at(START)
}

pub(crate) fn at(time: Timestamp) -> Now {
    Now { wall: time, boot: Duration::from_secs(100), coarse: time }
}

/// Over https, for authentication alone.
pub(crate) fn hello() -> Request<'static> {
    Request { permission: None, namespace: None, groups: &[], source: None, secure: true, purpose: Purpose::Direct }
}

pub(crate) fn may(permission: &str, namespace: impl Into<NamespaceId>) -> Request<'_> {
    Request { permission: Some(permission), namespace: Some(namespace.into()), ..hello() }
}

pub(crate) fn organization(id: OrganizationId) -> Organization {
    Organization {
        id,
        name: Name::new("organization").unwrap(),
        profiles: vec!["test".into()],
        sources: Vec::new(),
        suspended_at: None,
        created_at: START,
        updated_at: START,
    }
}

pub(crate) fn namespace(
    id: impl Into<NamespaceId>,
    organization: OrganizationId,
    parent: impl Into<NamespaceId>,
) -> Namespace {
    Namespace {
        id: id.into(),
        organization,
        parent: parent.into(),
        name: Name::new("namespace").unwrap(),
        site_key: None,
        created_at: START,
        updated_at: START,
    }
}

pub(crate) fn membership(user: UserId) -> Membership {
    Membership { organization: ORG, user, super_admin: false, suspended_at: None, created_at: START, updated_at: START }
}

pub(crate) fn role(id: RoleId, patterns: &[&str]) -> Role {
    Role {
        id,
        organization: ORG,
        name: Name::new("role").unwrap(),
        patterns: patterns.iter().map(|pattern| pattern.parse().unwrap()).collect::<Vec<_>>().into(),
        template: None,
        created_at: START,
        updated_at: START,
    }
}

pub(crate) fn grant(id: u128, holder: Holder, role: RoleId, namespace: impl Into<NamespaceId>) -> Change {
    let namespace = namespace.into();
    Change::Grant(Grant { id: GrantId::from_bits(id), organization: ORG, holder, role, namespace, created_at: START })
}

pub(crate) fn profile_change() -> Change {
    Change::Profile(RecordedProfile::new("test", 1, KINDS))
}

pub(crate) fn beginning() -> Vec<Change> {
    vec![
        profile_change(),
        Change::Organization(organization(ORG)),
        Change::Organization(organization(OTHER)),
        Change::Namespace(namespace(APP, ORG, ORG)),
        Change::Namespace(namespace(WORKSPACE, ORG, APP)),
        Change::Namespace(namespace(GROUP, ORG, APP)),
        Change::Namespace(namespace(OTHER_APP, OTHER, OTHER)),
        Change::Membership(membership(OWNER)),
        Change::Role(role(EDITOR, &["items:*"])),
        Change::Role(role(READER, &["items:read"])),
        grant(OWNERS_GRANT.bits(), Holder::User(OWNER), EDITOR, APP),
    ]
}
