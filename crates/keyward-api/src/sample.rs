//! One value of every type, for tests, for the examples of the reference, and for those who render pages.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};
use keyward_core::id::{
    ApplicationId, AuditId, CredentialId, GrantId, InvitationId, NodeId, OrganizationId, RequestId, RoleId, SessionId,
    UserGroupId, UserId, WorkspaceId,
};
use keyward_core::kind::KindId;
use keyward_core::name::Name;
use keyward_core::permission::{Pattern, PatternSet, Permission};
use keyward_core::time::Timestamp;

use crate::values::{Network, SecretText, Time};

/// A typical value, always the same.
pub trait Sample {
    /// The value.
    fn sample() -> Self;
}

/// 2026-11-22T15:04:05Z and so many seconds.
pub(crate) fn time(seconds: i64) -> Time {
    Time(Timestamp::from_seconds(1_795_359_845 + seconds))
}

pub(crate) fn name(text: &str) -> Name {
    Name::new(text).unwrap_or_else(|_| never())
}

pub(crate) fn kind() -> KindId {
    "keyward/api".parse().unwrap_or_else(|_| never())
}

pub(crate) fn permission() -> Permission {
    "workspaces:read".parse().unwrap_or_else(|_| never())
}

pub(crate) fn patterns() -> PatternSet {
    [Pattern::Below("workspaces".into())].into_iter().collect()
}

pub(crate) fn network() -> Network {
    Network(IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(203, 0, 113, 0), 24)))
}

pub(crate) fn secret(text: &str) -> SecretText {
    SecretText::new(text.to_owned())
}

/// Samples are literals, and the tests make every one of them.
fn never() -> ! {
    unreachable!("the literal of a sample is well-formed")
}

pub(crate) const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7));
pub(crate) const PUBLIC_ID: &str = "8QkJ2mVxw0TzR4pL";

const BITS: u128 = 0x019a_ac30_0d88_7000_8000_0000_0000_0001;

pub(crate) const ORGANIZATION: OrganizationId = OrganizationId::from_bits(BITS);
pub(crate) const APPLICATION: ApplicationId = ApplicationId::from_bits(BITS + 1);
pub(crate) const WORKSPACE: WorkspaceId = WorkspaceId::from_bits(BITS + 2);
pub(crate) const USER: UserId = UserId::from_bits(BITS + 3);
pub(crate) const CREDENTIAL: CredentialId = CredentialId::from_bits(BITS + 4);
pub(crate) const ROLE: RoleId = RoleId::from_bits(BITS + 5);
pub(crate) const SESSION: SessionId = SessionId::from_bits(BITS + 6);
pub(crate) const REQUEST: RequestId = RequestId::from_bits(BITS + 7);
pub(crate) const USER_GROUP: UserGroupId = UserGroupId::from_bits(BITS + 8);
pub(crate) const INVITATION: InvitationId = InvitationId::from_bits(BITS + 9);
pub(crate) const GRANT: GrantId = GrantId::from_bits(BITS + 10);
pub(crate) const AUDIT: AuditId = AuditId::from_bits(BITS + 11);
pub(crate) const NODE: NodeId = NodeId::from_bits(BITS + 12);
