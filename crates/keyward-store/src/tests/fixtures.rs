//! Records to write in tests: whole and valid, told apart by a number.

use keyward_core::change::{RecordedProfile, Revision};
use keyward_core::credential::{CallerId, Credential, RevokeReason, Slot, State};
use keyward_core::digest::{Digest, PepperVersion};
use keyward_core::id::{
    ApplicationId, CredentialId, GrantId, InvitationId, OrganizationId, RoleId, SessionId, UserGroupId, UserId,
    WorkspaceId,
};
use keyward_core::kind::{
    Authority, Cap, Carrier, Denials, Expiry, Format, KeyPair, Kind, Limit, LimitScope, ManageFrom, OnCreate, Parts,
    Requirement, Reveal, Rotate, Usage,
};
use keyward_core::labels::Labels;
use keyward_core::name::Name;
use keyward_core::namespace::{Namespace, NamespaceId, NamespaceKind};
use keyward_core::organization::Organization;
use keyward_core::role::{Grant, Holder, Role};
use keyward_core::seal::Sealed;
use keyward_core::signed::PublicKey;
use keyward_core::time::Timestamp;
use keyward_core::user::{GroupMember, Membership, User};

use super::support::{ORGANIZATION, entry};
use crate::{Invitation, InvitedGrant, SessionRecord, Store, StoreError, Tx};

pub(super) const ORG: OrganizationId = OrganizationId::from_bits(1);
pub(super) const OTHER_ORG: OrganizationId = OrganizationId::from_bits(2);

/// A write of nothing but records.
pub(super) async fn commit<F>(store: &Store, job: F) -> Result<Revision, StoreError>
where
    F: AsyncFn(&mut Tx) -> Result<(), StoreError> + Send + 'static,
{
    let job = async move |tx: &mut Tx| {
        job(tx).await?;
        Ok(((), entry("test.write", "test")))
    };
    store.write(ORGANIZATION, job).await.map(|((), revision)| revision)
}

/// Two organizations; in each one application (1), a workspace (1) in it and a user group (1), three users of whom the
/// first is super admin, and a role (1).
pub(super) async fn furnish(store: &Store) {
    commit(store, async |tx| {
        for (organization, offset) in [(ORG, 0), (OTHER_ORG, 100)] {
            tx.put_organization(&an_organization(organization)).await?;
            tx.put_namespace(&an_application(organization, offset + 1)).await?;
            tx.put_namespace(&a_workspace(organization, offset + 1, app(offset + 1))).await?;
            tx.put_namespace(&a_group(organization, offset + 1, organization.into())).await?;
            for n in 1..=3 {
                tx.put_user(&a_user(offset + n)).await?;
                tx.put_membership(&a_membership(organization, offset + n)).await?;
            }
            tx.put_role(&a_role(organization, offset + 1, &["accounts:*"])).await?;
        }
        Ok(())
    })
    .await
    .unwrap();
}

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_000_000 + seconds)
}

pub(super) fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

pub(super) fn app(n: u128) -> NamespaceId {
    ApplicationId::from_bits(n).into()
}

pub(super) fn workspace(n: u128) -> NamespaceId {
    WorkspaceId::from_bits(n).into()
}

pub(super) fn group(n: u128) -> UserGroupId {
    UserGroupId::from_bits(n)
}

pub(super) fn user(n: u128) -> UserId {
    UserId::from_bits(n)
}

pub(super) fn role(n: u128) -> RoleId {
    RoleId::from_bits(n)
}

pub(super) fn cred(n: u128) -> CredentialId {
    CredentialId::from_bits(n)
}

pub(super) fn a_profile(version: u32) -> RecordedProfile {
    RecordedProfile::new("keyward", version, "name = \"keyward\"")
}

pub(super) fn an_organization(id: OrganizationId) -> Organization {
    Organization {
        id,
        name: name(&format!("Organization {}", id.bits())),
        profiles: vec!["keyward".into(), "gigya".into()],
        sources: vec!["10.0.0.0/8".parse().unwrap(), "2001:db8::/32".parse().unwrap()],
        suspended_at: None,
        created_at: at(0),
        updated_at: at(0),
    }
}

pub(super) fn an_application(organization: OrganizationId, n: u128) -> Namespace {
    Namespace { site_key: Some(format!("3_{n}")), ..a_namespace(organization, app(n), organization.into(), n) }
}

pub(super) fn a_workspace(organization: OrganizationId, n: u128, parent: NamespaceId) -> Namespace {
    a_namespace(organization, workspace(n), parent, n)
}

pub(super) fn a_group(organization: OrganizationId, n: u128, parent: NamespaceId) -> Namespace {
    a_namespace(organization, group(n).into(), parent, n)
}

fn a_namespace(organization: OrganizationId, id: NamespaceId, parent: NamespaceId, n: u128) -> Namespace {
    Namespace {
        id,
        organization,
        parent,
        name: name(&format!("Namespace {n}")),
        site_key: None,
        created_at: at(1),
        updated_at: at(1),
    }
}

pub(super) fn a_user(n: u128) -> User {
    User {
        id: user(n),
        email: format!("user{n}@example.com"),
        name: name(&format!("User {n}")),
        operator: n == 1,
        created_at: at(2),
        updated_at: at(2),
    }
}

/// The first is super admin.
pub(super) fn a_membership(organization: OrganizationId, n: u128) -> Membership {
    Membership {
        organization,
        user: user(n),
        super_admin: n % 100 == 1,
        suspended_at: None,
        created_at: at(3),
        updated_at: at(3),
    }
}

pub(super) fn a_group_member(g: u128, n: u128) -> GroupMember {
    GroupMember { organization: ORG, group: group(g), user: user(n) }
}

pub(super) fn a_role(organization: OrganizationId, n: u128, patterns: &[&str]) -> Role {
    Role {
        id: role(n),
        organization,
        name: name(&format!("Role {n}")),
        patterns: patterns.iter().map(|p| p.parse().unwrap()).collect(),
        template: None,
        created_at: at(4),
        updated_at: at(4),
    }
}

pub(super) fn a_grant(n: u128, holder: Holder, of: u128, namespace: NamespaceId) -> Grant {
    Grant { id: GrantId::from_bits(n), organization: ORG, holder, role: role(of), namespace, created_at: at(5) }
}

/// One that uses every field but `owner`; in the organization, with one slot.
pub(super) fn a_credential(n: u128) -> Credential {
    Credential {
        id: cred(n),
        organization: ORG,
        kind: "keyward/api".parse().unwrap(),
        name: name(&format!("Credential {n}")),
        public_id: format!("kw_{n}"),
        namespace: ORG.into(),
        owner: None,
        created_by: CallerId::User(user(1)),
        created_at: at(i64::try_from(n).unwrap()),
        updated_at: at(6),
        state: State::Active,
        generation: 1,
        expires_at: Some(at(100_000)),
        sources: vec!["192.0.2.0/24".parse().unwrap()],
        denied: Denials {
            patterns: ["users:*"].iter().map(|p| p.parse().unwrap()).collect(),
            groups: vec!["security".into()],
        },
        public_key: Some(a_public_key(1)),
        slots: vec![a_slot(1)],
    }
}

pub(super) fn a_slot(number: u32) -> Slot {
    Slot { number, digest: a_digest(1, number), sealed: Some(a_sealed()), created_at: at(6), ends_at: None }
}

pub(super) fn a_digest(pepper: u32, of: u32) -> Digest {
    Digest { pepper: PepperVersion::new(pepper), bytes: [u8::try_from(of % 251).unwrap(); 32] }
}

/// An envelope by its looks: its layout, version 1 of a key ring, and enough of the rest.
pub(super) fn a_sealed() -> Sealed {
    Sealed::from_bytes([1, 0, 0, 0, 1].into_iter().chain([7; 40]).collect()).unwrap()
}

/// A public key by its looks: bytes that nothing was signed with.
pub(super) fn a_public_key(n: u8) -> PublicKey {
    PublicKey::from_der(&[0x30, n, 0xff]).unwrap()
}

/// At most `count` per organization.
pub(super) fn a_limited_kind(count: u32, on_create: OnCreate) -> Kind {
    Kind {
        id: "keyward/api".parse().unwrap(),
        parts: Parts::Token,
        key_pair: KeyPair::None,
        id_format: Format::Native { prefix: "kw".parse().unwrap() },
        secret_format: Format::Native { prefix: "kw".parse().unwrap() },
        present: vec![Carrier::Bearer],
        usage: Usage::Direct,
        lives_in: vec![NamespaceKind::Organization],
        limit: Some(Limit { count, per: LimitScope::Organization }),
        on_create,
        unique_name: None,
        reveal: Reveal::Once,
        expiry: Expiry::Never,
        rotate: Rotate::Never,
        edit: Vec::new(),
        authority: Authority::Organization,
        cap: Cap::None,
        deny: Denials::default(),
        create_requires: Requirement::SuperAdmin,
        manage_requires: Requirement::SuperAdmin,
        manage_from: ManageFrom::Session,
        transferable: false,
        rate: None,
        sources: false,
        log_use: false,
        https_only: false,
        revoked_shown: true,
        labels: Labels::default(),
    }
}

pub(super) fn revoked(credential: Credential, seconds: i64) -> Credential {
    credential.revoke(at(seconds), RevokeReason::Compromised).unwrap()
}

pub(super) fn a_session(n: u128, of: u128) -> SessionRecord {
    SessionRecord {
        id: SessionId::from_bits(n),
        user: user(of),
        public_id: format!("s{n}"),
        digest: a_digest(1, 9),
        created_at: at(7),
        signed_in_at: at(7),
        last_seen_at: at(7),
        expires_at: at(1_000),
        ended_at: None,
        source: Some("2001:db8::7".parse().unwrap()),
        user_agent: Some("keyward/0.1.0".into()),
    }
}

pub(super) fn an_invitation(n: u128) -> Invitation {
    Invitation {
        id: InvitationId::from_bits(n),
        organization: ORG,
        public_id: format!("i{n}"),
        digest: a_digest(2, 8),
        email: "new@example.com".into(),
        super_admin: false,
        grants: vec![InvitedGrant { role: role(1), namespace: app(1) }],
        invited_by: CallerId::User(user(1)),
        created_at: at(8),
        expires_at: at(1_000),
        accepted: None,
    }
}
