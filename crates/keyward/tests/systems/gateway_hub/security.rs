//! H6: security settings are edited in the Web Console, by people. No key does it, whatever its roles.

use keyward_api::operations::{self, Caller, Operation};
use serde_json::{Value, json};

use super::{Hub, KIND, identity};
use crate::support::{As, PASSWORD, Reply, Request};

#[test]
fn h06_no_key_edits_security_settings() {
    let hub = Hub::start();
    assert!(hub.kind().labels.cautions[0].contains("You must use the Web Console interface"));
    hub.server.role(&hub.owner.caller, "Everything", &["*"]);
    let key = hub.key("Almighty", &["Administrator", "Everything"]);
    let token = hub.token(&key);

    // Of the hub itself: read where the roles say so, edited never, however the path is written.
    hub.ask(&token, "GET", "/security/policies").hub_answered();
    hub.ask(&token, "GET", "/roles/Operator").hub_answered();
    hub.ask(&token, "PUT", "/entities/42").hub_answered();
    hub.upstream.received();
    for path in [
        "/security/policies",
        "/Security/policies/",
        "/%73ecurity/policies",
        "/v0/security/policies",
        "/roles/Operator",
        "/v0/roles/Operator",
        "/users/sam",
        "/application-keys/1",
        "/v0/Application-Keys/1",
    ] {
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            hub.ask(&token, method, path).titled(403, "Access denied");
        }
    }
    for path in ["/entities/../security/policies", "/security%2fpolicies", "//security/policies", "/security/./x"] {
        hub.ask(&token, "PUT", path).titled(400, "Invalid request");
    }
    let reached: Vec<_> = hub.upstream.received().into_iter().map(|received| received.path).collect();
    assert_eq!(reached, [""; 0]);

    // Of Keyward: every operation that changes something.
    let facts = Facts::of(&hub);
    let before = Facts::shown(&hub);
    for operation in operations::ALL.iter().filter(|one| one.changes && one.caller != Caller::Anyone) {
        let (method, path, body) = facts.request(&hub, operation);
        let ask = |by: &As| hub.server.send(&Request::new(method, &path).by(by).json(&body));
        let refused = |reply: Reply, statuses: &[u16]| {
            assert!(statuses.contains(&reply.status), "{}: {} {}", operation.id, reply.status, reply.text);
        };
        refused(ask(&key.caller()), &[401]);
        refused(ask(&As::Bearer(key.secret().to_owned())), &[401]);
        // What it does not reach is not there for it.
        refused(ask(&token), &[403, 404]);
    }
    assert_eq!(Facts::shown(&hub), before);

    // Twin: a person who holds no more than that does it, signed in.
    let person = hub.server.member_with(&hub.owner, "sue@example.com", "Administrator", &hub.owner.organization);
    hub.create(&person, &identity("Made by Sue", &["Administrator"])).expect(201);
    hub.server.role(&person.caller, "Made by Sue", &["ping:read"]);
    // The key reads what its roles show.
    hub.server.get(&token, "/v1/roles").expect(200);
    hub.server.get(&token, "/v1/audit").expect(200);
}

/// What there is to be changed.
struct Facts {
    app: String,
    workspace: String,
    group: String,
    user: String,
    role: String,
    grant: String,
    invitation: String,
    credential: String,
}

impl Facts {
    fn of(hub: &Hub) -> Self {
        let (server, by) = (&hub.server, &hub.owner.caller);
        let app = server.app(by, "Shop").id;
        let sam = server.member(&hub.owner, "sam@example.com");
        let role = server.role(by, "Spare", &["ping:read"]);
        Self {
            workspace: server.workspace(by, "Checkout", &app),
            group: server.usergroup(by, "Team", Some(&app)),
            grant: server.grant(by, &sam.user, "Operator", &hub.owner.organization),
            invitation: server.post(by, "/v1/users", &json!({ "email": "ann@example.com" })).expect(201).id("/id"),
            credential: hub.key("Another", &["Operator"]).id,
            user: sam.user,
            role,
            app,
        }
    }

    /// Everything that could have been changed.
    fn shown(hub: &Hub) -> Vec<Value> {
        let organization = format!("/v1/organizations/{}", hub.owner.organization);
        let all = ["apps", "workspaces", "usergroups", "users", "roles", "grants", "invitations"];
        let all = all.map(|noun| format!("/v1/{noun}"));
        let shown = all
            .iter()
            .map(String::as_str)
            .chain([&*organization])
            .map(|path| hub.server.get(&hub.owner.caller, path).body);
        shown.chain([json!(hub.server.listed(&hub.owner.caller, ""))]).collect()
    }

    /// A request that would be served if it were a super admin's.
    fn request(&self, hub: &Hub, operation: &Operation) -> (&'static str, String, Value) {
        let path = operation.path.split('/').map(|segment| match segment {
            "{organization}" => &hub.owner.organization,
            "{app}" => &self.app,
            "{workspace}" => &self.workspace,
            "{usergroup}" => &self.group,
            "{user}" => &self.user,
            "{role}" => &self.role,
            "{grant}" => &self.grant,
            "{invitation}" => &self.invitation,
            "{credential}" => &self.credential,
            "{session}" => "current",
            "{profile}" => "gateway_hub",
            other => other,
        });
        let path = path.collect::<Vec<_>>().join("/");
        let name = json!({ "name": "Taken over" });
        let body = match operation.id {
            "organizations.create" => {
                json!({ "name": "Mine", "profiles": ["gateway_hub"], "super_admin": "me@example.com" })
            }
            "organizations.edit" => json!({ "sources": ["192.0.2.0/24"] }),
            "workspaces.create" | "usergroups.create" => json!({ "name": "Mine", "app": self.app }),
            "apps.create" | "apps.edit" | "workspaces.edit" | "usergroups.edit" | "credentials.edit" => name,
            "users.invite" => json!({ "email": "me@example.com", "super_admin": true }),
            "users.edit" => json!({ "super_admin": true }),
            "users.profile" => json!({ "name": "Mine" }),
            "users.factor.confirm" => json!({ "code": "123456" }),
            "users.password" => json!({ "current": PASSWORD, "new": format!("{PASSWORD}-new") }),
            "roles.create" => json!({ "name": "Mine", "patterns": ["*"] }),
            "roles.edit" => json!({ "patterns": ["*"] }),
            "grants.create" => {
                json!({ "holder": self.user, "role": "Administrator", "namespace": hub.owner.organization })
            }
            "credentials.create" => json!({ "kind": KIND, "name": "Mine", "roles": [{ "role": "Operator" }] }),
            "credentials.import" => json!({ "public_id": "x", "namespace": self.app, "roles": [] }),
            "credentials.unlink" => json!({ "namespace": self.app }),
            "credentials.rotate" => json!({ "confirm": true }),
            "profiles.apply" => json!({ "text": "" }),
            _ => json!({}),
        };
        (operation.method.as_str(), path, body)
    }
}
