//! Which promise of the schema a row would break.

/// A unique index that refused a row. Rules look before they write, and writes are serial, so most of these are
/// backstops; for names and public ids they are how the rule is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Conflict {
    /// A namespace of the kind has this name in the same place.
    NamespaceName,
    /// An application has this site key.
    SiteKey,
    /// A user has this email address.
    Email,
    /// A role of the organization has this name.
    RoleName,
    /// The holder has this role at this namespace.
    Grant,
    /// A credential has this public id.
    PublicId,
    /// A credential that is not revoked takes this place under its kind's limit.
    Place,
    /// A credential of the kind that is not revoked has this name in the same scope.
    CredentialName,
    /// A session has this public id.
    Session,
    /// An invitation has this public id.
    Invitation,
    /// The caller used this idempotency key.
    IdempotencyKey,
}

impl Conflict {
    /// Every conflict.
    pub const ALL: [Conflict; 11] = [
        Conflict::NamespaceName,
        Conflict::SiteKey,
        Conflict::Email,
        Conflict::RoleName,
        Conflict::Grant,
        Conflict::PublicId,
        Conflict::Place,
        Conflict::CredentialName,
        Conflict::Session,
        Conflict::Invitation,
        Conflict::IdempotencyKey,
    ];

    /// The conflict that a database's error is about. PostgreSQL names the index, SQLite its columns in the message.
    pub(crate) fn of(message: &str, index: Option<&str>) -> Option<Conflict> {
        let columns = message.strip_prefix("UNIQUE constraint failed: ");
        Conflict::ALL.into_iter().find(|conflict| {
            let (name, indexed) = conflict.index();
            index == Some(name) || columns == Some(indexed)
        })
    }

    /// The unique index: its name, and its columns as SQLite lists them.
    const fn index(self) -> (&'static str, &'static str) {
        match self {
            Conflict::NamespaceName => {
                ("namespaces_name", "namespaces.parent, namespaces.kind, namespaces.folded_name")
            }
            Conflict::SiteKey => ("namespaces_site_key", "namespaces.site_key"),
            Conflict::Email => ("users_email", "users.email"),
            Conflict::RoleName => ("roles_name", "roles.organization, roles.folded_name"),
            Conflict::Grant => ("grants_once", "grants.organization, grants.holder, grants.role, grants.namespace"),
            Conflict::PublicId => ("credentials_public_id", "credentials.public_id"),
            Conflict::Place => ("credentials_place", "credentials.scope_key, credentials.kind, credentials.place"),
            Conflict::CredentialName => {
                ("credentials_name", "credentials.name_scope, credentials.kind, credentials.folded_name")
            }
            Conflict::Session => ("sessions_public_id", "sessions.public_id"),
            Conflict::Invitation => ("invitations_public_id", "invitations.public_id"),
            Conflict::IdempotencyKey => ("idempotency_pkey", "idempotency.caller, idempotency.idempotency_key"),
        }
    }
}

impl std::fmt::Display for Conflict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Conflict::NamespaceName | Conflict::RoleName | Conflict::CredentialName => "the name is taken",
            Conflict::SiteKey => "the site key is taken",
            Conflict::Email => "the email address is taken",
            Conflict::Grant => "the role is held there already",
            Conflict::PublicId | Conflict::Session | Conflict::Invitation => "the public id is taken",
            Conflict::Place => "the place under the limit is taken",
            Conflict::IdempotencyKey => "the idempotency key was used",
        })
    }
}
