//! Everything that can be done: the one table behind OpenAPI ids, audit log, metrics, command line and the matrices of
//! the tests.

/// One thing that can be done over the native API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Its name everywhere: `credentials.revoke`.
    pub id: &'static str,
    /// The method of its request.
    pub method: Method,
    /// The template of its path: `/v1/credentials/{credential}/revoke`.
    pub path: &'static str,
    /// What it takes, at the namespace of what it is about (or at the organization, for administrative resources).
    /// For a list it decides what is visible: who may see nothing gets an empty page. `None`: the caller alone decides.
    pub permission: Option<&'static str>,
    /// Who may ask for it at all.
    pub caller: Caller,
    /// Whether it changes anything: then it writes exactly one audit entry.
    pub changes: bool,
    /// Whether its answer waits until the change is in force on every node, and carries a receipt.
    pub confirms: bool,
    /// What it does, in one sentence.
    pub summary: &'static str,
}

/// The method of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// Reads.
    Get,
    /// Creates or does.
    Post,
    /// Sets; repeating it changes nothing.
    Put,
    /// Edits: what is absent stays.
    Patch,
    /// Deletes.
    Delete,
}

/// Who may ask for an operation at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Caller {
    /// Everybody; the request proves itself otherwise, by a password or a one-time token.
    Anyone,
    /// A signed-in user; never a credential.
    SignedIn,
    /// A signed-in user who runs the deployment.
    Operator,
    /// A signed-in user or a credential.
    Any,
}

impl Operation {
    /// The operation of this name.
    pub fn find(id: &str) -> Option<&'static Operation> {
        ALL.iter().find(|operation| operation.id == id)
    }

    /// The operation that answers a request with this method on this route, written as the table writes paths. A route
    /// may name one of those that an operation takes: `/v1/sessions/current`.
    pub fn answering(method: &str, route: &str) -> Option<&'static Operation> {
        // Whoever asks for the head alone is answered by what reads.
        let method = if method == "HEAD" { Method::Get.as_str() } else { method };
        let of_method = || ALL.iter().filter(|operation| operation.method.as_str() == method);
        of_method()
            .find(|operation| operation.path == route)
            .or_else(|| of_method().find(|operation| operation.includes(route)))
    }

    /// Whether `route` is its path with parameters that were given.
    fn includes(&self, route: &str) -> bool {
        self.path.split('/').count() == route.split('/').count()
            && self.path.split('/').zip(route.split('/')).all(|(own, given)| own == given || own.starts_with('{'))
    }

    /// The names of the parameters in its path, in order.
    pub fn parameters(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
    }
}

impl Method {
    /// As it stands in a request.
    pub const fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        }
    }
}

impl Caller {
    /// As it stands in the reference.
    pub const fn as_str(self) -> &'static str {
        match self {
            Caller::Anyone => "anyone",
            Caller::SignedIn => "session",
            Caller::Operator => "operator",
            Caller::Any => "session or credential",
        }
    }
}

/// What an operation does to the state.
enum Effect {
    /// Nothing.
    Reads,
    /// Changes it.
    Changes,
    /// Changes it, and waits until that is in force everywhere.
    Confirms,
}

macro_rules! operations {
    ($(#[doc = $summary:literal] $name:ident = $id:literal, $method:ident $path:literal, $caller:ident $($permission:literal)?, $effect:ident;)*) => {
        $(
            #[doc = $summary]
            pub const $name: Operation = Operation {
                id: $id,
                method: Method::$method,
                path: $path,
                permission: operations!(@permission $($permission)?),
                caller: Caller::$caller,
                changes: !matches!(Effect::$effect, Effect::Reads),
                confirms: matches!(Effect::$effect, Effect::Confirms),
                summary: $summary.trim_ascii(),
            };
        )*

        /// Every operation, by resource.
        pub const ALL: &[Operation] = &[$($name),*];
    };
    (@permission) => { None };
    (@permission $permission:literal) => { Some($permission) };
}

operations! {
    /// Create the first operator, once, with the set-up token that the server printed.
    SETUP_CREATE = "setup.create", Post "/v1/setup", Anyone, Changes;

    /// Sign in with e-mail and password.
    SESSIONS_CREATE = "sessions.create", Post "/v1/sessions", Anyone, Changes;
    /// List one's own sessions.
    SESSIONS_LIST = "sessions.list", Get "/v1/sessions", SignedIn, Reads;
    /// Say who the caller is.
    SESSIONS_GET = "sessions.get", Get "/v1/sessions/current", Any, Reads;
    /// End one's own session; `current` is the one that asks.
    SESSIONS_DELETE = "sessions.delete", Delete "/v1/sessions/{session}", SignedIn, Changes;
    /// End all sessions of one's own but the one that asks.
    SESSIONS_OTHERS_DELETE = "sessions.others.delete", Delete "/v1/sessions", SignedIn, Changes;

    /// List the organizations that the caller belongs to; for operators, all.
    ORGANIZATIONS_LIST = "organizations.list", Get "/v1/organizations", Any "organizations:read", Reads;
    /// Get an organization.
    ORGANIZATIONS_GET = "organizations.get", Get "/v1/organizations/{organization}", Any "organizations:read", Reads;
    /// Create an organization and invite its first super admin.
    ORGANIZATIONS_CREATE = "organizations.create", Post "/v1/organizations", Operator, Changes;
    /// Edit an organization.
    ORGANIZATIONS_EDIT = "organizations.edit", Patch "/v1/organizations/{organization}", Any "organizations:edit", Confirms;
    /// Suspend an organization: its credentials and members are refused everywhere.
    ORGANIZATIONS_SUSPEND = "organizations.suspend", Post "/v1/organizations/{organization}/suspend", Operator, Confirms;
    /// Resume a suspended organization.
    ORGANIZATIONS_RESUME = "organizations.resume", Post "/v1/organizations/{organization}/resume", Operator, Confirms;

    /// List applications.
    APPS_LIST = "apps.list", Get "/v1/apps", Any "apps:read", Reads;
    /// Create an application.
    APPS_CREATE = "apps.create", Post "/v1/apps", Any "apps:create", Changes;
    /// Get an application.
    APPS_GET = "apps.get", Get "/v1/apps/{app}", Any "apps:read", Reads;
    /// Edit an application.
    APPS_EDIT = "apps.edit", Patch "/v1/apps/{app}", Any "apps:edit", Changes;
    /// Delete an application with everything in it.
    APPS_DELETE = "apps.delete", Delete "/v1/apps/{app}", Any "apps:delete", Confirms;

    /// List workspaces.
    WORKSPACES_LIST = "workspaces.list", Get "/v1/workspaces", Any "workspaces:read", Reads;
    /// Create a workspace.
    WORKSPACES_CREATE = "workspaces.create", Post "/v1/workspaces", Any "workspaces:create", Changes;
    /// Get a workspace.
    WORKSPACES_GET = "workspaces.get", Get "/v1/workspaces/{workspace}", Any "workspaces:read", Reads;
    /// Edit a workspace.
    WORKSPACES_EDIT = "workspaces.edit", Patch "/v1/workspaces/{workspace}", Any "workspaces:edit", Changes;
    /// Delete a workspace.
    WORKSPACES_DELETE = "workspaces.delete", Delete "/v1/workspaces/{workspace}", Any "workspaces:delete", Confirms;

    /// List user groups.
    USERGROUPS_LIST = "usergroups.list", Get "/v1/usergroups", Any "usergroups:read", Reads;
    /// Create a user group.
    USERGROUPS_CREATE = "usergroups.create", Post "/v1/usergroups", Any "usergroups:create", Changes;
    /// Get a user group.
    USERGROUPS_GET = "usergroups.get", Get "/v1/usergroups/{usergroup}", Any "usergroups:read", Reads;
    /// Edit a user group.
    USERGROUPS_EDIT = "usergroups.edit", Patch "/v1/usergroups/{usergroup}", Any "usergroups:edit", Changes;
    /// Delete a user group; its members lose what it granted them.
    USERGROUPS_DELETE = "usergroups.delete", Delete "/v1/usergroups/{usergroup}", Any "usergroups:delete", Confirms;
    /// List the members of a user group.
    USERGROUPS_MEMBERS_LIST = "usergroups.members.list", Get "/v1/usergroups/{usergroup}/members", Any "usergroups:read", Reads;
    /// Add a member to a user group: they hold everything that it holds.
    USERGROUPS_MEMBERS_ADD = "usergroups.members.add", Put "/v1/usergroups/{usergroup}/members/{user}", Any "grants:create", Confirms;
    /// Remove a member from a user group.
    USERGROUPS_MEMBERS_REMOVE = "usergroups.members.remove", Delete "/v1/usergroups/{usergroup}/members/{user}", Any "grants:delete", Confirms;

    /// List the members of the organization.
    USERS_LIST = "users.list", Get "/v1/users", Any "users:read", Reads;
    /// Get a member of the organization.
    USERS_GET = "users.get", Get "/v1/users/{user}", Any "users:read", Reads;
    /// Invite somebody to the organization; the answer carries a one-time link.
    USERS_INVITE = "users.invite", Post "/v1/users", Any "users:invite", Changes;
    /// Make a member super admin, or no longer.
    USERS_EDIT = "users.edit", Patch "/v1/users/{user}", Any "users:edit", Confirms;
    /// Suspend a member: their live credentials and sessions stop in this organization.
    USERS_SUSPEND = "users.suspend", Post "/v1/users/{user}/suspend", Any "users:suspend", Confirms;
    /// Let a suspended member act again.
    USERS_ENABLE = "users.enable", Post "/v1/users/{user}/enable", Any "users:enable", Confirms;
    /// Remove a member: their grants end and their live credentials are revoked.
    USERS_REMOVE = "users.remove", Delete "/v1/users/{user}", Any "users:remove", Confirms;
    /// Change one's own password: all other sessions of one's own end.
    USERS_PASSWORD = "users.password", Put "/v1/users/current/password", SignedIn, Changes;
    /// Change what one is called.
    USERS_PROFILE = "users.profile", Patch "/v1/users/current", SignedIn, Changes;
    /// Say whether one has a second factor, and how many recovery codes are left.
    USERS_FACTOR_GET = "users.factor.get", Get "/v1/users/current/second-factor", SignedIn, Reads;
    /// Begin with a second factor: the answer carries the secret for one's application; needs a fresh sign-in.
    USERS_FACTOR_BEGIN = "users.factor.begin", Post "/v1/users/current/second-factor", SignedIn, Changes;
    /// Confirm a second factor with its first code: from then on sign-ins need one; the answer carries recovery codes.
    USERS_FACTOR_CONFIRM = "users.factor.confirm", Post "/v1/users/current/second-factor/confirm", SignedIn, Changes;
    /// Replace one's recovery codes; needs a fresh sign-in.
    USERS_FACTOR_RENEW = "users.factor.renew", Post "/v1/users/current/second-factor/recovery-codes", SignedIn, Changes;
    /// Remove one's second factor with its recovery codes; needs a fresh sign-in.
    USERS_FACTOR_REMOVE = "users.factor.remove", Delete "/v1/users/current/second-factor", SignedIn, Changes;
    /// List the open invitations to the organization.
    INVITATIONS_LIST = "invitations.list", Get "/v1/invitations", Any "users:invite", Reads;
    /// Take an open invitation back: its link is worth nothing any more.
    INVITATIONS_WITHDRAW = "invitations.withdraw", Delete "/v1/invitations/{invitation}", Any "users:invite", Changes;
    /// Accept an invitation and, as a new user, choose name and password.
    INVITATIONS_ACCEPT = "invitations.accept", Post "/v1/invitations/accept", Anyone, Changes;

    /// List roles.
    ROLES_LIST = "roles.list", Get "/v1/roles", Any "roles:read", Reads;
    /// Create a role.
    ROLES_CREATE = "roles.create", Post "/v1/roles", Any "roles:create", Changes;
    /// Get a role.
    ROLES_GET = "roles.get", Get "/v1/roles/{role}", Any "roles:read", Reads;
    /// Edit a role: everybody who holds it holds the new one.
    ROLES_EDIT = "roles.edit", Patch "/v1/roles/{role}", Any "roles:edit", Confirms;
    /// Delete a role that nobody holds.
    ROLES_DELETE = "roles.delete", Delete "/v1/roles/{role}", Any "roles:delete", Confirms;
    /// Say how many users and credentials an edit of a role would change, without making it.
    ROLES_PREVIEW = "roles.preview", Post "/v1/roles/{role}/preview", Any "roles:read", Reads;

    /// List grants.
    GRANTS_LIST = "grants.list", Get "/v1/grants", Any "grants:read", Reads;
    /// Grant a role at a namespace.
    GRANTS_CREATE = "grants.create", Post "/v1/grants", Any "grants:create", Confirms;
    /// Take a grant back.
    GRANTS_DELETE = "grants.delete", Delete "/v1/grants/{grant}", Any "grants:delete", Confirms;

    /// List credentials.
    CREDENTIALS_LIST = "credentials.list", Get "/v1/credentials", Any "credentials:read", Reads;
    /// Create a credential; the answer carries its secret.
    CREDENTIALS_CREATE = "credentials.create", Post "/v1/credentials", Any "credentials:create", Changes;
    /// Give another application of the organization a credential, by its public id.
    CREDENTIALS_IMPORT = "credentials.import", Post "/v1/credentials/import", Any "credentials:import", Confirms;
    /// Get a credential.
    CREDENTIALS_GET = "credentials.get", Get "/v1/credentials/{credential}", Any "credentials:read", Reads;
    /// Edit a credential.
    CREDENTIALS_EDIT = "credentials.edit", Patch "/v1/credentials/{credential}", Any "credentials:edit", Confirms;
    /// Replace the secret of a credential; the answer carries the new one.
    CREDENTIALS_ROTATE = "credentials.rotate", Post "/v1/credentials/{credential}/rotate", Any "credentials:rotate", Confirms;
    /// Stop a credential until it is enabled again.
    CREDENTIALS_DISABLE = "credentials.disable", Post "/v1/credentials/{credential}/disable", Any "credentials:disable", Confirms;
    /// Let a disabled credential be used again.
    CREDENTIALS_ENABLE = "credentials.enable", Post "/v1/credentials/{credential}/enable", Any "credentials:enable", Confirms;
    /// End a credential for ever.
    CREDENTIALS_REVOKE = "credentials.revoke", Post "/v1/credentials/{credential}/revoke", Any "credentials:revoke", Confirms;
    /// Show the secret of a credential again, where its kind keeps it; needs a fresh sign-in.
    CREDENTIALS_REVEAL = "credentials.reveal", Post "/v1/credentials/{credential}/reveal", SignedIn "credentials:reveal", Changes;
    /// Take an imported credential away from an application.
    CREDENTIALS_UNLINK = "credentials.unlink", Post "/v1/credentials/{credential}/unlink", Any "credentials:unlink", Confirms;

    /// Say whether a presented credential may do something.
    CREDENTIALS_VERIFY = "credentials.verify", Post "/v1/verify", Any "credentials:verify", Reads;
    /// The same in the words of AuthZEN Authorization API 1.0.
    ACCESS_EVALUATE = "access.evaluate", Post "/access/v1/evaluation", Any "credentials:verify", Reads;

    /// List what was done and refused.
    AUDIT_LIST = "audit.list", Get "/v1/audit", Any "audit:read", Reads;
    /// Export the audit log, one JSON object a line.
    AUDIT_EXPORT = "audit.export", Get "/v1/audit/export", Any "audit:read", Reads;
    /// Check the hash chain of the audit log.
    AUDIT_VERIFY = "audit.verify", Get "/v1/audit/verification", Any "audit:read", Reads;
    /// Count the uses of credentials.
    USAGE_GET = "usage.get", Get "/v1/usage", Any "usage:read", Reads;
    /// List committed changes after a revision.
    CHANGES_LIST = "changes.list", Get "/v1/changes", Any "audit:read", Reads;

    /// List the recorded profiles.
    PROFILES_LIST = "profiles.list", Get "/v1/profiles", Any, Reads;
    /// Get a recorded profile and its kinds.
    PROFILES_GET = "profiles.get", Get "/v1/profiles/{profile}", Any, Reads;
    /// Record a newer text of a profile, or say what that would change.
    PROFILES_APPLY = "profiles.apply", Put "/v1/profiles/{profile}", Operator, Confirms;
    /// Say how the deployment is: nodes, freshness, key ring, profiles.
    DEPLOYMENT_GET = "deployment.get", Get "/v1/deployment", Operator, Reads;
}
