//! Who may create and manage credentials of a kind, besides what the law of no amplification ([`crate::law`]) asks.

use crate::decision::Reason;
use crate::id::UserId;
use crate::kind::{Kind, ManageFrom, Requirement};
use crate::law::Giver;
use crate::namespace::NamespaceId;
use crate::permission::Permission;
use crate::rights::{Facts, credential_allow, user_allow, user_has_access};

/// What is missing to create or manage a credential.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Lacks {
    /// A permission.
    #[error("this needs the permission `{permission}` at `{namespace}`")]
    Permission {
        /// Which one.
        permission: String,
        /// Where.
        namespace: NamespaceId,
    },
    /// A kind of credential that may do this at all.
    #[error("credentials of this kind can never do `{0}`, whatever they were given")]
    Denied(String),
    /// To be super admin.
    #[error("only a super admin of the organization may do this with a `{0}`")]
    SuperAdmin(String),
    /// Any right at the namespace.
    #[error("this needs access to `{0}`: ask for a role there")]
    Access(NamespaceId),
    /// To be a signed-in user.
    #[error("a `{0}` is managed by signed-in users only, never by a credential")]
    Session(String),
}

/// What the caller wants with a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act<'a> {
    /// To create one.
    Create,
    /// To change one that belongs to `owner`; `permission` is the operation's own (`credentials:rotate`).
    Manage {
        /// Whose it is.
        owner: Option<UserId>,
        /// The operation's permission.
        permission: &'a str,
    },
}

/// Whether `giver` may create, or manage, a credential of `kind` that lives in `namespace`.
///
/// People manage their own live credentials without further permission: those can do nothing that their owner cannot.
/// A permission on `credentials` in the kind's requirements stands for the permission of the operation itself, so that
/// one who may only revoke can.
pub fn may_manage(
    facts: &impl Facts,
    giver: &Giver<'_>,
    kind: &Kind,
    namespace: NamespaceId,
    act: Act<'_>,
) -> Result<(), Lacks> {
    if kind.manage_from == ManageFrom::Session && matches!(giver, Giver::Credential { .. }) {
        return Err(Lacks::Session(kind.id.to_string()));
    }
    match act {
        Act::Create => satisfies(facts, giver, kind, &kind.create_requires, namespace, None),
        Act::Manage { owner, .. } if kind.is_live() && is_owner(facts, giver, owner) => Ok(()),
        Act::Manage { permission, .. } => {
            satisfies(facts, giver, kind, &kind.manage_requires, namespace, Some(permission))
        }
    }
}

/// Whether `giver` holds one permission at `namespace`.
pub fn holds(facts: &impl Facts, giver: &Giver<'_>, namespace: NamespaceId, permission: &str) -> Result<(), Lacks> {
    let held = match giver {
        Giver::System => true,
        Giver::User(user) => user_allow(facts, *user, namespace, permission),
        Giver::Credential { holding, .. } => match credential_allow(facts, holding, namespace, Some(permission), &[]) {
            Err(Reason::Denied) => return Err(Lacks::Denied(permission.to_owned())),
            allowed => allowed.is_ok(),
        },
    };
    if held { Ok(()) } else { Err(Lacks::Permission { permission: permission.to_owned(), namespace }) }
}

fn satisfies(
    facts: &impl Facts,
    giver: &Giver<'_>,
    kind: &Kind,
    requirement: &Requirement,
    namespace: NamespaceId,
    operation: Option<&str>,
) -> Result<(), Lacks> {
    match requirement {
        Requirement::Permission(permission) => {
            let stands_in = |p: &Permission| p.resource() == "credentials";
            match operation {
                Some(operation) if stands_in(permission) => holds(facts, giver, namespace, operation),
                Some(operation) => holds(facts, giver, namespace, operation)
                    .and_then(|()| holds(facts, giver, namespace, permission.as_str())),
                None => holds(facts, giver, namespace, permission.as_str()),
            }
        }
        Requirement::SuperAdmin => match giver {
            Giver::System => Ok(()),
            Giver::User(user) if facts.member(*user).is_some_and(|m| m.active && m.super_admin) => Ok(()),
            _ => Err(Lacks::SuperAdmin(kind.id.to_string())),
        },
        Requirement::Access => {
            let access = match giver {
                Giver::System => true,
                Giver::User(user) => user_has_access(facts, *user, namespace),
                Giver::Credential { holding, .. } => credential_allow(facts, holding, namespace, None, &[]).is_ok(),
            };
            match operation {
                _ if !access => Err(Lacks::Access(namespace)),
                // Somebody else's: the operation's own permission is needed too.
                Some(operation) => holds(facts, giver, namespace, operation),
                None => Ok(()),
            }
        }
    }
}

fn is_owner(facts: &impl Facts, giver: &Giver<'_>, owner: Option<UserId>) -> bool {
    match giver {
        Giver::User(user) => owner == Some(*user) && facts.member(*user).is_some_and(|m| m.active),
        _ => false,
    }
}
