//! The world that every operation is asked in: two organizations, their people, and what the requests are about.

use std::cell::Cell;

use keyward_api::headers;
use reqwest::Method;
use serde_json::{Value, json};

use super::requests::Request;
use crate::harness::{Admin, As, PASSWORD, Reply, TestServer};

/// Who asks. All of them exist, and none of them is broken: what they are refused, they are refused for what they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    /// Nobody.
    Anonymous,
    /// The super admin of another organization, who names this one.
    Foreign,
    /// The same, in their own organization.
    Elsewhere,
    /// A member who holds no role.
    Roleless,
    /// An operator of the deployment, who is a member of nothing, and names this organization.
    Operator,
    /// A `keyward/api` that holds the role `*` wherever anything is: its kind denies `security` all the same.
    Denied,
    /// A `keyward/management` of the super admin, with the role `*` wherever anything is: denied nothing.
    Management,
    /// The super admin, who is no operator.
    Admin,
}

impl Who {
    /// Those who change nothing first.
    pub(crate) const ALL: [Who; 8] = [
        Who::Anonymous,
        Who::Foreign,
        Who::Roleless,
        Who::Elsewhere,
        Who::Operator,
        Who::Denied,
        Who::Management,
        Who::Admin,
    ];

    pub(crate) fn is_credential(self) -> bool {
        matches!(self, Who::Denied | Who::Management)
    }
}

/// Somebody: how they ask, and how the audit log names them.
#[derive(Clone, Debug)]
struct Person {
    caller: As,
    id: String,
}

/// A node with two organizations.
pub(crate) struct World {
    pub(crate) server: TestServer,
    /// The organization that the requests are about.
    pub(crate) organization: String,
    /// Its application, workspace and user group.
    pub(crate) app: String,
    pub(crate) workspace: String,
    pub(crate) group: String,
    /// A role of its own, which nobody holds.
    pub(crate) role: String,
    /// The token of a credential that nobody changes.
    pub(crate) token: String,
    admin: Admin,
    foreign: Person,
    roleless: Person,
    operator: Person,
    denied: Person,
    management: Person,
    made: Cell<u32>,
}

impl World {
    pub(crate) async fn start() -> Self {
        let server = TestServer::start_with_profile(include_str!("lab.toml")).await;
        let setup = json!({
            "token": server.setup_token(), "email": "olga@example.com", "name": "Olga", "password": PASSWORD,
        });
        let id = server.post(&As::Anonymous, "/v1/setup", setup).await.expect(201).id("/user");
        let operator = Person { caller: server.sign_in("olga@example.com").await, id };
        let admin = founded(&server, &operator, "Acme", "grace@example.com").await;
        let foreign = founded(&server, &operator, "Other", "heidi@example.com").await;
        let (id, caller) = server.member(&admin, "sam@example.com", false).await;
        let roleless = Person { caller, id };

        let (app, workspace) = server.places(&admin, "Standing").await;
        let group = json!({ "name": "Standing" });
        let group = server.post(&admin.caller, "/v1/usergroups", group).await.expect(201).id("/id");
        let role = server.role(&admin, "Standing", &["items:read"]).await;
        let (_, token) = server.credential(&admin.caller, credential("standing", &[&admin.organization])).await;
        let places = [admin.organization.as_str(), &app, &workspace, &group];
        let with_all = |kind: &str| {
            let roles: Vec<_> = places.iter().map(|at| json!({ "role": "Admin", "namespace": at })).collect();
            json!({ "kind": kind, "name": kind, "roles": roles })
        };
        let (id, caller) = server.credential(&admin.caller, with_all("keyward/api")).await;
        let denied = Person { caller: As::Bearer(caller), id };
        let (id, caller) = server.credential(&admin.caller, with_all("keyward/management")).await;
        let management = Person { caller: As::Bearer(caller), id };
        Self {
            organization: admin.organization.clone(),
            foreign: Person { caller: foreign.caller, id: foreign.user },
            server,
            app,
            workspace,
            group,
            role,
            token,
            admin,
            roleless,
            operator,
            denied,
            management,
            made: Cell::new(0),
        }
    }

    /// Asks as somebody.
    pub(crate) async fn ask(&self, who: Who, request: &Request) -> Reply {
        let named = [(headers::ORGANIZATION, self.organization.as_str())];
        let headers = if matches!(who, Who::Foreign | Who::Operator) { &named[..] } else { &[] };
        let method = Method::from_bytes(request.method.as_bytes()).unwrap();
        self.server.send(&self.caller(who), method, &request.path, request.body.clone(), headers).await
    }

    pub(crate) fn caller(&self, who: Who) -> As {
        match who {
            Who::Anonymous => As::Anonymous,
            Who::Admin => self.admin.caller.clone(),
            _ => self.person(who).caller.clone(),
        }
    }

    /// How the audit log names somebody.
    pub(crate) fn audited(&self, who: Who) -> &str {
        match who {
            Who::Anonymous => "anonymous",
            Who::Admin => &self.admin.user,
            _ => &self.person(who).id,
        }
    }

    fn person(&self, who: Who) -> &Person {
        match who {
            Who::Foreign | Who::Elsewhere => &self.foreign,
            Who::Roleless => &self.roleless,
            Who::Operator => &self.operator,
            Who::Denied => &self.denied,
            Who::Management => &self.management,
            Who::Anonymous | Who::Admin => unreachable!(),
        }
    }

    /// A name that nothing has.
    pub(crate) fn name(&self) -> String {
        self.made.set(self.made.get() + 1);
        format!("Fresh {}", self.made.get())
    }

    /// An address that nobody has.
    pub(crate) fn email(&self) -> String {
        self.name().to_lowercase().replace(' ', "-") + "@example.com"
    }

    /// The member without roles.
    pub(crate) fn member(&self) -> &str {
        &self.roleless.id
    }

    /// An application of its own; whoever holds the role `*` everywhere holds it here too.
    pub(crate) async fn fresh_app(&self) -> String {
        self.fresh_place("/v1/apps", json!({ "name": self.name() })).await
    }

    pub(crate) async fn fresh_workspace(&self) -> String {
        self.fresh_place("/v1/workspaces", json!({ "name": self.name(), "app": self.app })).await
    }

    pub(crate) async fn fresh_group(&self) -> String {
        self.fresh_place("/v1/usergroups", json!({ "name": self.name() })).await
    }

    async fn fresh_place(&self, path: &str, body: Value) -> String {
        let id = self.done("POST", path, body).await.id("/id");
        for holder in [&self.denied.id, &self.management.id] {
            self.server.grant(&self.admin, holder, "Admin", &id).await;
        }
        id
    }

    pub(crate) async fn fresh_role(&self) -> String {
        self.server.role(&self.admin, &self.name(), &["items:read"]).await
    }

    pub(crate) async fn fresh_grant(&self) -> String {
        let role = self.fresh_role().await;
        self.server.grant(&self.admin, &self.roleless.id, &role, &self.organization).await
    }

    /// The token of an invitation that nobody has accepted.
    pub(crate) async fn fresh_invitation(&self) -> String {
        self.open_invitation().await.id("/token")
    }

    pub(crate) async fn open_invitation(&self) -> Reply {
        self.done("POST", "/v1/users", json!({ "email": self.email() })).await
    }

    pub(crate) async fn fresh_member(&self) -> String {
        let accept = json!({ "token": self.fresh_invitation().await, "name": self.name(), "password": PASSWORD });
        self.server.post(&As::Anonymous, "/v1/invitations/accept", accept).await.expect(201).id("/user")
    }

    /// A session of the super admin, which is not the one that they ask with.
    pub(crate) async fn fresh_session(&self) -> String {
        let caller = self.server.sign_in("grace@example.com").await;
        self.server.get(&caller, "/v1/sessions/current").await.expect(200).id("/session/id")
    }

    /// An organization of nobody.
    pub(crate) async fn fresh_organization(&self) -> String {
        let body = json!({ "name": self.name(), "profiles": ["keyward"], "super_admin": self.email() });
        let made = self.server.post(&self.operator.caller, "/v1/organizations", body).await.expect(201);
        made.id("/organization/id")
    }

    /// A `keyward/api`.
    pub(crate) async fn fresh_credential(&self) -> String {
        let body = credential(&self.name(), &[&self.organization]);
        self.server.credential(&self.admin.caller, body).await.0
    }

    /// A credential of a kind of the laboratory: its id, and its public id.
    pub(crate) async fn fresh_lab(&self, kind: &str, namespace: &str) -> (String, String) {
        let body = json!({ "kind": format!("lab/{kind}"), "name": self.name(), "namespace": namespace });
        let made = self.done("POST", "/v1/credentials", body).await;
        (made.id("/credential/id"), made.id("/credential/public_id"))
    }

    /// Does something as the super admin, on the way to a request.
    pub(crate) async fn done(&self, method: &str, path: &str, body: Value) -> Reply {
        self.done_as(Who::Admin, method, path, body).await
    }

    pub(crate) async fn done_as(&self, who: Who, method: &str, path: &str, body: Value) -> Reply {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let reply = self.server.send(&self.caller(who), method, path, Some(body), &[]).await;
        assert!((200..300).contains(&reply.status), "{path}: {}", reply.text);
        reply
    }
}

/// A `keyward/api` that may read items.
pub(crate) fn credential(name: &str, namespaces: &[&str]) -> Value {
    let roles: Vec<_> = namespaces.iter().map(|at| json!({ "role": "Viewer", "namespace": at })).collect();
    json!({ "kind": "keyward/api", "name": name, "roles": roles })
}

/// An organization on every profile, with its super admin signed in.
async fn founded(server: &TestServer, operator: &Person, name: &str, email: &str) -> Admin {
    let body = json!({ "name": name, "profiles": ["keyward", "lab"], "super_admin": email });
    let made = server.post(&operator.caller, "/v1/organizations", body).await.expect(201);
    let accept = json!({ "token": made.id("/invitation/token"), "name": email, "password": PASSWORD });
    let user = server.post(&As::Anonymous, "/v1/invitations/accept", accept).await.expect(201).id("/user");
    Admin { caller: server.sign_in(email).await, user, organization: made.id("/organization/id") }
}
