//! One method for each operation. Method and path come from the table in `keyward-api`.

use keyward_api::id::{
    ApplicationId, CredentialId, GrantId, InvitationId, OrganizationId, RoleId, UserGroupId, UserId, WorkspaceId,
};
use keyward_api::receipt::Confirmed;
use keyward_api::{
    Page, access, audit, changes, credentials, deployment, grants, invitations, namespaces, operations, organizations,
    profiles, roles, second_factor, sessions, setup, usage, users, verify,
};

use crate::call::{Call, Export};
use crate::client::Client;

/// Each line: the method, its operation with the parameters of its path, what else it takes, and what it answers.
macro_rules! operations {
    ($(
        $(#[doc = $about:literal])+
        $group:ident = $accessor:ident {
            $(
                $(#[doc = $doc:literal])+
                $method:ident = $operation:ident($($parameter:ident: $type:ty),*)
                    $(query($query:ty))? $(json($body:ty))? => $answer:ty;
            )+
        }
    )+) => {
        impl Client {
            $(
                $(#[doc = $about])+
                pub fn $accessor(&self) -> $group<'_> {
                    $group(self)
                }
            )+
        }
        $(
            $(#[doc = $about])+
            #[derive(Clone, Copy, Debug)]
            pub struct $group<'c>(&'c Client);

            impl $group<'_> {
                $(
                    $(#[doc = $doc])+
                    #[doc = ""]
                    #[doc = concat!("[`", stringify!($operation), "`](keyward_api::operations::", stringify!($operation), ")")]
                    pub fn $method(&self, $($parameter: $type,)* $(query: &$query)? $(body: &$body)?) -> Call<$answer> {
                        Call::new(self.0, &operations::$operation, &[$(&$parameter),*])
                            $(.with_query::<$query>(query))?
                            $(.with_body::<$body>(body))?
                    }
                )+
            }
        )+

        /// Every method: its operation, and the names of its parameters of the path.
        #[cfg(test)]
        pub(crate) const METHODS: &[(&operations::Operation, &[&str])] =
            &[$($((&operations::$operation, &[$(stringify!($parameter)),*])),+),+];
    };
}

operations! {
    /// The first start.
    Setup = setup {
        /// Creates the first operator, once, with the set-up token that the server printed.
        create = SETUP_CREATE() json(setup::Setup) => setup::SetupDone;
    }

    /// Sessions of signed-in users, and who the caller is.
    Sessions = sessions {
        /// Signs in with e-mail and password. Use the token with [`Client::with_token`].
        create = SESSIONS_CREATE() json(sessions::CreateSession) => sessions::CreatedSession;
        /// Lists the caller's own sessions.
        list = SESSIONS_LIST() query(sessions::ListSessions) => Page<sessions::Session>;
        /// Says who the caller is.
        get = SESSIONS_GET() => sessions::WhoAmI;
        /// Ends one of the caller's own sessions, by its id; `current` is the one that asks.
        delete = SESSIONS_DELETE(session: &str) => Confirmed;
        /// Ends all of the caller's own sessions but the one that asks.
        delete_others = SESSIONS_OTHERS_DELETE() => sessions::SessionsEnded;
    }

    /// Organizations.
    Organizations = organizations {
        /// Lists the organizations that the caller belongs to; for operators, all.
        list = ORGANIZATIONS_LIST() query(organizations::ListOrganizations) => Page<organizations::Organization>;
        /// Gets an organization.
        get = ORGANIZATIONS_GET(organization: OrganizationId) => organizations::Organization;
        /// Creates an organization and invites its first super admin.
        create = ORGANIZATIONS_CREATE() json(organizations::CreateOrganization) => organizations::CreatedOrganization;
        /// Edits an organization.
        edit = ORGANIZATIONS_EDIT(organization: OrganizationId) json(organizations::EditOrganization)
            => organizations::OrganizationChanged;
        /// Suspends an organization: its credentials and members are refused everywhere.
        suspend = ORGANIZATIONS_SUSPEND(organization: OrganizationId) => organizations::OrganizationChanged;
        /// Resumes a suspended organization.
        resume = ORGANIZATIONS_RESUME(organization: OrganizationId) => organizations::OrganizationChanged;
    }

    /// Applications.
    Apps = apps {
        /// Lists the applications that the caller may see.
        list = APPS_LIST() query(namespaces::ListNamespaces) => Page<namespaces::App>;
        /// Creates an application.
        create = APPS_CREATE() json(namespaces::CreateApp) => namespaces::App;
        /// Gets an application.
        get = APPS_GET(app: ApplicationId) => namespaces::App;
        /// Edits an application.
        edit = APPS_EDIT(app: ApplicationId) json(namespaces::EditNamespace) => namespaces::App;
        /// Deletes an application with everything in it.
        delete = APPS_DELETE(app: ApplicationId) query(namespaces::DeleteNamespace) => namespaces::NamespaceDeleted;
    }

    /// Workspaces.
    Workspaces = workspaces {
        /// Lists the workspaces that the caller may see.
        list = WORKSPACES_LIST() query(namespaces::ListNamespaces) => Page<namespaces::Workspace>;
        /// Creates a workspace.
        create = WORKSPACES_CREATE() json(namespaces::CreateWorkspace) => namespaces::Workspace;
        /// Gets a workspace.
        get = WORKSPACES_GET(workspace: WorkspaceId) => namespaces::Workspace;
        /// Edits a workspace.
        edit = WORKSPACES_EDIT(workspace: WorkspaceId) json(namespaces::EditNamespace) => namespaces::Workspace;
        /// Deletes a workspace.
        delete = WORKSPACES_DELETE(workspace: WorkspaceId) query(namespaces::DeleteNamespace)
            => namespaces::NamespaceDeleted;
    }

    /// User groups and their members.
    UserGroups = usergroups {
        /// Lists the user groups that the caller may see.
        list = USERGROUPS_LIST() query(namespaces::ListNamespaces) => Page<namespaces::UserGroup>;
        /// Creates a user group.
        create = USERGROUPS_CREATE() json(namespaces::CreateUserGroup) => namespaces::UserGroup;
        /// Gets a user group.
        get = USERGROUPS_GET(usergroup: UserGroupId) => namespaces::UserGroup;
        /// Edits a user group.
        edit = USERGROUPS_EDIT(usergroup: UserGroupId) json(namespaces::EditNamespace) => namespaces::UserGroup;
        /// Deletes a user group; its members lose what it granted them.
        delete = USERGROUPS_DELETE(usergroup: UserGroupId) query(namespaces::DeleteNamespace)
            => namespaces::NamespaceDeleted;
        /// Lists the members of a user group.
        list_members = USERGROUPS_MEMBERS_LIST(usergroup: UserGroupId) query(namespaces::ListGroupMembers)
            => Page<namespaces::GroupMember>;
        /// Adds a member to a user group: they hold everything that it holds.
        add_member = USERGROUPS_MEMBERS_ADD(usergroup: UserGroupId, user: UserId) => Confirmed;
        /// Removes a member from a user group.
        remove_member = USERGROUPS_MEMBERS_REMOVE(usergroup: UserGroupId, user: UserId) => Confirmed;
    }

    /// The members of an organization.
    Users = users {
        /// Lists the members of the organization.
        list = USERS_LIST() query(users::ListUsers) => Page<users::User>;
        /// Gets a member of the organization.
        get = USERS_GET(user: UserId) => users::User;
        /// Invites somebody to the organization; the answer carries a one-time link.
        invite = USERS_INVITE() json(users::InviteUser) => invitations::Invitation;
        /// Makes a member super admin, or no longer.
        edit = USERS_EDIT(user: UserId) json(users::EditUser) => users::UserChanged;
        /// Suspends a member: their live credentials and sessions stop in this organization.
        suspend = USERS_SUSPEND(user: UserId) => users::UserChanged;
        /// Lets a suspended member act again.
        enable = USERS_ENABLE(user: UserId) => users::UserChanged;
        /// Removes a member: their grants end and their live credentials are revoked.
        remove = USERS_REMOVE(user: UserId) => users::UserRemoved;
        /// Changes the caller's own password: all their other sessions end.
        password = USERS_PASSWORD() json(users::ChangePassword) => Confirmed;
        /// Changes what the caller is called.
        profile = USERS_PROFILE() json(users::EditProfile) => sessions::SignedInUser;
    }

    /// The caller's own second factor.
    SecondFactor = second_factor {
        /// Says whether the caller has one, and how many recovery codes are left.
        get = USERS_FACTOR_GET() => second_factor::SecondFactor;
        /// Begins with one: the answer carries the secret for the caller's application.
        begin = USERS_FACTOR_BEGIN() => second_factor::BegunSecondFactor;
        /// Confirms it with its first code; the answer carries the recovery codes, this once.
        confirm = USERS_FACTOR_CONFIRM() json(second_factor::ConfirmSecondFactor) => second_factor::RecoveryCodes;
        /// Replaces the recovery codes; the answer carries the new ones, this once.
        renew_codes = USERS_FACTOR_RENEW() => second_factor::RecoveryCodes;
        /// Removes it, with its recovery codes.
        remove = USERS_FACTOR_REMOVE() => Confirmed;
    }

    /// Invitations to an organization.
    Invitations = invitations {
        /// Lists the open ones.
        list = INVITATIONS_LIST() query(invitations::ListInvitations) => Page<invitations::OpenInvitation>;
        /// Takes an open one back: its link is worth nothing any more.
        withdraw = INVITATIONS_WITHDRAW(invitation: InvitationId) => Confirmed;
        /// Accepts an invitation and, as a new user, chooses name and password.
        accept = INVITATIONS_ACCEPT() json(invitations::AcceptInvitation) => invitations::InvitationAccepted;
    }

    /// Roles: named sets of permissions.
    Roles = roles {
        /// Lists the roles of the organization.
        list = ROLES_LIST() query(roles::ListRoles) => Page<roles::Role>;
        /// Creates a role.
        create = ROLES_CREATE() json(roles::CreateRole) => roles::Role;
        /// Gets a role.
        get = ROLES_GET(role: RoleId) => roles::Role;
        /// Edits a role: everybody who holds it holds the new one.
        edit = ROLES_EDIT(role: RoleId) json(roles::EditRole) => roles::RoleChanged;
        /// Deletes a role that nobody holds.
        delete = ROLES_DELETE(role: RoleId) => Confirmed;
        /// Says how many users and credentials an edit of a role would change, without making it.
        preview = ROLES_PREVIEW(role: RoleId) json(roles::PreviewRole) => roles::RolePreview;
    }

    /// Grants: who holds which role where.
    Grants = grants {
        /// Lists grants.
        list = GRANTS_LIST() query(grants::ListGrants) => Page<grants::Grant>;
        /// Grants a role at a namespace.
        create = GRANTS_CREATE() json(grants::CreateGrant) => grants::GrantCreated;
        /// Takes a grant back.
        delete = GRANTS_DELETE(grant: GrantId) => Confirmed;
    }

    /// Credentials, and what they may do.
    Credentials = credentials {
        /// Lists the credentials that the caller may see.
        list = CREDENTIALS_LIST() query(credentials::ListCredentials) => Page<credentials::Credential>;
        /// Creates a credential; the answer carries its secret, this once.
        create = CREDENTIALS_CREATE() json(credentials::CreateCredential) => credentials::CreatedCredential;
        /// Gives another application of the organization a credential, by its public id.
        import = CREDENTIALS_IMPORT() json(credentials::ImportCredential) => credentials::CredentialChanged;
        /// Gets a credential.
        get = CREDENTIALS_GET(credential: CredentialId) => credentials::Credential;
        /// Edits a credential.
        edit = CREDENTIALS_EDIT(credential: CredentialId) json(credentials::EditCredential)
            => credentials::CredentialChanged;
        /// Replaces the secret of a credential; the answer carries the new one, this once.
        rotate = CREDENTIALS_ROTATE(credential: CredentialId) json(credentials::RotateCredential)
            => credentials::RotatedCredential;
        /// Stops a credential until it is enabled again.
        disable = CREDENTIALS_DISABLE(credential: CredentialId) => credentials::CredentialChanged;
        /// Lets a disabled credential be used again.
        enable = CREDENTIALS_ENABLE(credential: CredentialId) => credentials::CredentialChanged;
        /// Ends a credential for ever.
        revoke = CREDENTIALS_REVOKE(credential: CredentialId) json(credentials::RevokeCredential)
            => credentials::RevokedCredential;
        /// Shows the secret of a credential again, where its kind keeps it; needs a fresh sign-in.
        reveal = CREDENTIALS_REVEAL(credential: CredentialId) => credentials::RevealedCredential;
        /// Takes an imported credential away from an application.
        unlink = CREDENTIALS_UNLINK(credential: CredentialId) json(credentials::UnlinkCredential)
            => credentials::CredentialChanged;
        /// Says whether a presented credential may do something. A refusal is an answer, not an error.
        verify = CREDENTIALS_VERIFY() json(verify::VerifyRequest) => verify::VerifyAnswer;
        /// The same for up to 100 requests, all judged at one revision; the answers stand in the same order.
        verify_all = CREDENTIALS_VERIFY() json([verify::VerifyRequest]) => Vec<verify::VerifyAnswer>;
    }

    /// The same question in the words of AuthZEN Authorization API 1.0.
    Access = access {
        /// Says whether the subject may do the action on the resource.
        evaluate = ACCESS_EVALUATE() json(access::Evaluation) => access::Evaluated;
    }

    /// The audit log.
    Audit = audit {
        /// Lists what was done and refused, newest first.
        list = AUDIT_LIST() query(audit::ListAudit) => Page<audit::AuditEntry>;
        /// Exports the audit log, one JSON object a line: [open](Call::open) it and read it piece by piece.
        export = AUDIT_EXPORT() query(audit::ListAudit) => Export;
        /// Checks the hash chain of the audit log.
        verify = AUDIT_VERIFY() query(audit::VerifyAudit) => audit::AuditVerification;
    }

    /// How often credentials are used.
    Usage = usage {
        /// Counts the uses of credentials.
        get = USAGE_GET() query(usage::GetUsage) => Page<usage::UsageCount>;
    }

    /// The change feed, for those who keep a copy.
    Changes = changes {
        /// Lists committed changes after a revision.
        list = CHANGES_LIST() query(changes::ListChanges) => changes::Changes;
    }

    /// Profiles: the kinds of credentials that there are.
    Profiles = profiles {
        /// Lists the recorded profiles.
        list = PROFILES_LIST() query(profiles::ListProfiles) => Page<profiles::ProfileSummary>;
        /// Gets a recorded profile and its kinds.
        get = PROFILES_GET(profile: &str) => profiles::Profile;
        /// Records a newer text of a profile, or says what that would change.
        apply = PROFILES_APPLY(profile: &str) json(profiles::ApplyProfile) => profiles::AppliedProfile;
    }

    /// The deployment as a whole, for its operators.
    Deployment = deployment {
        /// Says how it is: nodes, freshness, key ring, profiles.
        get = DEPLOYMENT_GET() => deployment::Deployment;
    }
}
