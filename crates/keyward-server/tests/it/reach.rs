//! Who sees and may do what, where; and that nobody can give what they do not have.

use keyward_server::clock;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Admin, As, Reply, TestServer};

/// A node with two applications and people at them.
struct Town {
    server: TestServer,
    admin: Admin,
    /// An application with a workspace, and another one.
    shop: String,
    till: String,
    bank: String,
    vault: String,
}

impl Town {
    async fn start() -> Self {
        let server = TestServer::start().await;
        let admin = server.set_up(&["keyward"]).await;
        let (shop, till) = server.places(&admin, "Shop").await;
        let (bank, vault) = server.places(&admin, "Bank").await;
        Self { server, admin, shop, till, bank, vault }
    }

    /// A member with a role at each of some namespaces: their id, and them signed in.
    async fn member(&self, name: &str, roles: &[(&str, &str)]) -> (String, As) {
        let (id, member) = self.server.member(&self.admin, &format!("{name}@example.com"), false).await;
        for (role, namespace) in roles {
            self.server.grant(&self.admin, &id, role, namespace).await;
        }
        (id, member)
    }

    /// The names in a list, as somebody sees it.
    async fn sees(&self, by: &As, path: &str) -> Vec<String> {
        let list = self.server.get(by, path).await.expect(200);
        let mut names: Vec<String> = list.body["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["name"].as_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    }

    /// What the node says about a key at a namespace: `allowed`, or the reason why not.
    async fn judged(&self, key: &str, permission: &str, namespace: &str) -> String {
        let body = json!({ "credential": key, "permission": permission, "namespace": namespace });
        let answer = self.server.post(&self.admin.caller, "/v1/verify", body).await.expect(200).body;
        answer["reason"].as_str().unwrap_or(if answer["allowed"] == true { "allowed" } else { "nothing" }).to_owned()
    }

    async fn create(&self, by: &As, body: Value) -> Reply {
        self.server.post(by, "/v1/credentials", body).await
    }

    /// A management key of somebody, with the role `Admin` everywhere in its body.
    async fn management(&self, by: &As, namespaces: &[&str]) -> (String, String) {
        let roles: Vec<_> = namespaces.iter().map(|at| json!({ "role": "Admin", "namespace": at })).collect();
        let body = json!({ "kind": "keyward/management", "name": "management", "roles": roles });
        self.server.credential(by, body).await
    }

    fn organization(&self) -> &str {
        &self.admin.organization
    }
}

fn api_key(namespace: &str, role: &str) -> Value {
    json!({ "kind": "keyward/api", "name": "key", "namespace": namespace, "roles": [{ "role": role }] })
}

/// In so many days, as requests write it.
fn in_days(days: u64) -> Value {
    json!(clock::now().plus(std::time::Duration::from_secs(days * 86_400)).to_string())
}

#[tokio::test]
async fn members_see_the_namespaces_of_their_roles_and_those_above() {
    let town = Town::start().await;
    let (_, nobody) = town.member("nobody", &[]).await;
    let (_, cashier) = town.member("cashier", &[("Viewer", &town.till)]).await;
    let (_, manager) = town.member("manager", &[("Editor", &town.shop)]).await;
    let (_, both) = town.member("both", &[("Viewer", &town.till), ("Viewer", &town.bank)]).await;
    let (_, boss) = town.member("boss", &[("Admin", town.organization())]).await;
    let none: [&str; 0] = [];
    for (who, apps, workspaces) in [
        (&nobody, &none[..], &none[..]),
        (&cashier, &["Shop"], &["Shop"]),
        // A role at the application is one at the application: workspaces have roles of their own.
        (&manager, &["Shop"], &[]),
        (&both, &["Bank", "Shop"], &["Shop"]),
        // So has the organization.
        (&boss, &[], &[]),
        (&town.admin.caller, &["Bank", "Shop"], &["Bank", "Shop"]),
    ] {
        assert_eq!(town.sees(who, "/v1/apps").await, apps, "{who:?}");
        assert_eq!(town.sees(who, "/v1/workspaces").await, workspaces, "{who:?}");
    }
    // What a list does not show, nobody can look at either; and it is not told apart from nothing.
    town.server.get(&cashier, &format!("/v1/workspaces/{}", town.till)).await.expect(200);
    town.server.get(&cashier, &format!("/v1/apps/{}", town.shop)).await.expect(200);
    for (who, path) in [
        (&cashier, format!("/v1/workspaces/{}", town.vault)),
        (&cashier, format!("/v1/apps/{}", town.bank)),
        (&manager, format!("/v1/workspaces/{}", town.till)),
        (&nobody, format!("/v1/apps/{}", town.shop)),
    ] {
        town.server.get(who, &path).await.problem(404, "not_found");
    }
    // Seeing is not editing.
    let renamed = json!({ "name": "Mine" });
    town.server
        .patch(&cashier, &format!("/v1/workspaces/{}", town.till), renamed)
        .await
        .problem(403, "permission_denied");
}

#[tokio::test]
async fn a_group_lets_its_members_see_and_leaving_it_ends_that() {
    let town = Town::start().await;
    let body = json!({ "name": "Tellers", "app": town.bank });
    let group = town.server.post(&town.admin.caller, "/v1/usergroups", body).await.expect(201).id("/id");
    town.server.grant(&town.admin, &group, "Viewer", &town.vault).await;
    let (id, teller) = town.member("teller", &[]).await;
    assert_eq!(town.sees(&teller, "/v1/workspaces").await, [""; 0]);
    let path = format!("/v1/usergroups/{group}/members/{id}");
    town.server.send(&town.admin.caller, Method::PUT, &path, None, &[]).await.expect(200);
    assert_eq!(town.sees(&teller, "/v1/workspaces").await, ["Bank"]);
    assert_eq!(town.sees(&teller, "/v1/apps").await, ["Bank"]);
    town.server.delete(&town.admin.caller, &path).await.expect(200);
    assert_eq!(town.sees(&teller, "/v1/workspaces").await, [""; 0]);
}

#[tokio::test]
async fn keys_see_the_namespaces_of_their_roles() {
    let town = Town::start().await;
    let make = async |body: Value| As::Bearer(town.server.credential(&town.admin.caller, body).await.1);
    let till = make(api_key(&town.till, "Viewer")).await;
    let shop = make(api_key(&town.shop, "Viewer")).await;
    let both = make(json!({ "kind": "keyward/api", "name": "both", "roles": [
        { "role": "Viewer", "namespace": town.till }, { "role": "Viewer", "namespace": town.bank },
    ] }))
    .await;
    for (key, apps, workspaces) in
        [(&till, &["Shop"][..], &["Shop"][..]), (&shop, &["Shop"], &[]), (&both, &["Bank", "Shop"], &["Shop"])]
    {
        assert_eq!(town.sees(key, "/v1/apps").await, apps);
        assert_eq!(town.sees(key, "/v1/workspaces").await, workspaces);
    }
    town.server.get(&till, &format!("/v1/workspaces/{}", town.vault)).await.problem(404, "not_found");
    // A key of the bank, asked about the shop.
    let (_, bank) = town.server.credential(&town.admin.caller, api_key(&town.bank, "Editor")).await;
    assert_eq!(town.judged(&bank, "items:edit", &town.bank).await, "allowed");
    for elsewhere in [&town.shop, &town.vault, &town.admin.organization] {
        assert_eq!(town.judged(&bank, "items:edit", elsewhere).await, "not_granted");
    }
}

#[tokio::test]
async fn a_management_key_does_what_its_owner_may_now() {
    let town = Town::start().await;
    let (id, owner) = town.member("owner", &[]).await;
    let grant = town.server.grant(&town.admin, &id, "Admin", &town.shop).await;
    // It asks for more than its owner has at the moment.
    let refused = json!({ "kind": "keyward/management", "name": "m", "roles": [{ "role": "Admin" }] });
    let refused = town.create(&owner, refused).await;
    assert_eq!(refused.status, 403, "{}", refused.text);
    let body =
        json!({ "kind": "keyward/management", "name": "m", "namespace": town.shop, "roles": [{ "role": "Admin" }] });
    let (_, key) = town.server.credential(&owner, body).await;
    let caller = As::Bearer(key.clone());
    let made = || {
        json!({
            "kind": "keyward/management", "name": "child", "namespace": town.shop, "roles": [{ "role": "Viewer" }], "expires_at": in_days(1),
        })
    };
    town.create(&caller, made()).await.expect(201);
    assert_eq!(town.judged(&key, "items:edit", &town.shop).await, "allowed");
    assert_eq!(town.judged(&key, "items:edit", &town.bank).await, "not_granted");

    // The owner loses the role: by the time that the call returns, so has the key.
    town.server.delete(&town.admin.caller, &format!("/v1/grants/{grant}")).await.expect(200);
    assert_eq!(town.judged(&key, "items:edit", &town.shop).await, "owner_lacks");
    town.create(&caller, made()).await.problem(403, "permission_denied");
    assert_eq!(town.sees(&caller, "/v1/apps").await, [""; 0]);

    // A lesser role: the key is less.
    town.server.grant(&town.admin, &id, "Viewer", &town.shop).await;
    assert_eq!(town.judged(&key, "items:read", &town.shop).await, "allowed");
    assert_eq!(town.judged(&key, "items:edit", &town.shop).await, "owner_lacks");
    assert_eq!(town.sees(&caller, "/v1/apps").await, ["Shop"]);
}

#[tokio::test]
async fn a_management_key_stops_with_its_owner() {
    let town = Town::start().await;
    let (id, owner) = town.member("owner", &[("Admin", &town.shop)]).await;
    let body =
        json!({ "kind": "keyward/management", "name": "m", "namespace": town.shop, "roles": [{ "role": "Admin" }] });
    let (key_id, key) = town.server.credential(&owner, body).await;
    let (_, other) = town.server.credential(&owner, api_key(&town.shop, "Viewer")).await;
    let caller = As::Bearer(key.clone());
    town.server.get(&caller, "/v1/apps").await.expect(200);

    let act = async |what: &str| {
        let path = format!("/v1/users/{id}/{what}");
        town.server.post(&town.admin.caller, &path, json!({})).await.expect(200)
    };
    act("suspend").await;
    assert_eq!(town.judged(&key, "items:read", &town.shop).await, "owner_inactive");
    let refused = town.server.get(&caller, "/v1/apps").await.problem(401, "invalid_credential");
    assert_eq!(refused.body["reason"], "owner_inactive");
    assert_ne!(town.server.get(&owner, "/v1/apps").await.status, 200);
    // Keys that are not bound to them go on.
    assert_eq!(town.judged(&other, "items:read", &town.shop).await, "allowed");
    act("enable").await;
    assert_eq!(town.judged(&key, "items:read", &town.shop).await, "allowed");
    town.server.get(&owner, "/v1/apps").await.expect(200);

    let removed = town.server.delete(&town.admin.caller, &format!("/v1/users/{id}")).await.expect(200);
    assert_eq!(removed.body["revoked"], json!([key_id]));
    assert_eq!(town.judged(&key, "items:read", &town.shop).await, "revoked");
    assert_eq!(town.judged(&other, "items:read", &town.shop).await, "allowed");
}

#[tokio::test]
async fn a_key_makes_nothing_that_goes_beyond_itself() {
    let town = Town::start().await;
    let (_, eve) = town.member("eve", &[("Editor", town.organization())]).await;
    let eve_id = town.server.get(&eve, "/v1/sessions/current").await.expect(200).id("/user/id");
    let body = json!({
        "kind": "keyward/management", "name": "m", "expires_at": in_days(10), "sources": ["127.0.0.0/8"],
        "roles": [{ "role": "Admin" }, { "role": "Editor", "namespace": town.shop }],
    });
    let (_, key) = town.server.credential(&town.admin.caller, body).await;
    let key = As::Bearer(key);
    let with = |change: Value| {
        let mut body = json!({
            "kind": "keyward/management", "name": "child", "expires_at": in_days(5), "sources": ["127.0.0.1"],
            "roles": [{ "role": "Viewer", "namespace": town.shop }],
        });
        for (field, value) in change.as_object().unwrap() {
            body[field] = value.clone();
        }
        body
    };
    town.create(&key, with(json!({}))).await.expect(201);
    for (change, code) in [
        // A role that it does not hold there, or one that it holds elsewhere.
        (json!({ "roles": [{ "role": "Admin", "namespace": town.shop }] }), "exceeds_own_rights"),
        (json!({ "roles": [{ "role": "Viewer", "namespace": town.bank }] }), "exceeds_own_rights"),
        // A longer life, and none that ends by itself sooner than the kind lets it.
        (json!({ "expires_at": in_days(11) }), "exceeds_own_rights"),
        (json!({ "expires_at": null }), "exceeds_own_rights"),
        // More networks, or all.
        (json!({ "sources": ["0.0.0.0/0"] }), "exceeds_own_rights"),
        (json!({ "sources": [] }), "exceeds_own_rights"),
        (json!({ "sources": ["127.0.0.1", "10.0.0.1"] }), "exceeds_own_rights"),
        // Somebody else's, and a kind that is bound to nobody.
        (json!({ "owner": eve_id }), "owner_only"),
        (json!({ "kind": "keyward/api" }), "exceeds_own_rights"),
    ] {
        let refused = town.create(&key, with(change.clone())).await;
        let seen = (refused.status, refused.body["code"].as_str());
        assert_eq!(seen, (403, Some(code)), "{change}: {}", refused.text);
    }
}

#[tokio::test]
async fn an_everyday_key_manages_nothing() {
    let town = Town::start().await;
    // With every permission that there is; its kind denies the changing ones of administration.
    let body = json!({ "kind": "keyward/api", "name": "k", "roles": [{ "role": "Admin" }] });
    let (id, key) = town.server.credential(&town.admin.caller, body).await;
    let key = As::Bearer(key);
    town.server.get(&key, &format!("/v1/credentials/{id}")).await.expect(200);
    for (method, path, body) in [
        (Method::POST, "/v1/credentials".to_owned(), api_key(town.organization(), "Viewer")),
        (Method::POST, format!("/v1/credentials/{id}/rotate"), json!({ "confirm": true })),
        (Method::POST, format!("/v1/credentials/{id}/revoke"), json!({})),
        (Method::PATCH, format!("/v1/credentials/{id}"), json!({ "name": "x" })),
        (Method::POST, "/v1/roles".to_owned(), json!({ "name": "x", "patterns": ["items:read"] })),
        (Method::POST, "/v1/users".to_owned(), json!({ "email": "x@example.com" })),
        (
            Method::POST,
            "/v1/grants".to_owned(),
            json!({ "holder": town.admin.user, "role": "Viewer", "namespace": town.organization() }),
        ),
    ] {
        let refused = town.server.send(&key, method, &path, Some(body), &[]).await;
        assert_eq!(refused.status, 403, "{path}: {}", refused.text);
        let code = refused.body["code"].as_str();
        assert!([Some("denied_kind"), Some("permission_denied")].contains(&code), "{path}: {}", refused.text);
    }
}

#[tokio::test]
async fn people_give_only_what_they_hold() {
    let town = Town::start().await;
    let (id, lead) = town.member("lead", &[("Admin", &town.shop)]).await;
    let (other, _) = town.member("other", &[]).await;
    let give = async |role: &str, namespace: &str| {
        let body = json!({ "holder": other, "role": role, "namespace": namespace });
        town.server.post(&lead, "/v1/grants", body).await
    };
    give("Editor", &town.shop).await.expect(201);
    give("Viewer", &town.bank).await.expect(403);
    give("Viewer", town.organization()).await.expect(403);
    town.create(&lead, api_key(&town.shop, "Editor")).await.expect(201);
    town.create(&lead, api_key(&town.bank, "Viewer")).await.expect(403);
    let elsewhere = json!({
        "kind": "keyward/api", "name": "x", "namespace": town.shop,
        "roles": [{ "role": "Viewer", "namespace": town.bank }],
    });
    town.create(&lead, elsewhere).await.problem(403, "exceeds_own_rights");
    // Nor to themselves, nor into what they cannot see.
    let body = json!({ "holder": id, "role": "Admin", "namespace": town.organization() });
    town.server.post(&lead, "/v1/grants", body).await.expect(403);
    town.server.patch(&lead, &format!("/v1/users/{id}"), json!({ "super_admin": true })).await.expect(403);

    // One with all permissions of the organization is still no super admin, and makes none.
    let (deputy_id, deputy) = town.member("deputy", &[("Admin", town.organization())]).await;
    let invite = json!({ "email": "friend@example.com", "super_admin": true });
    town.server.post(&deputy, "/v1/users", invite).await.problem(403, "exceeds_own_rights");
    for (path, body) in [
        (format!("/v1/users/{deputy_id}"), json!({ "super_admin": true })),
        (format!("/v1/users/{}", town.admin.user), json!({ "super_admin": false })),
    ] {
        town.server.patch(&deputy, &path, body).await.problem(403, "exceeds_own_rights");
    }
    let suspend = format!("/v1/users/{}/suspend", town.admin.user);
    town.server.post(&deputy, &suspend, json!({})).await.problem(403, "exceeds_own_rights");
    let remove = format!("/v1/users/{}", town.admin.user);
    town.server.delete(&deputy, &remove).await.problem(403, "exceeds_own_rights");
    let invite = json!({ "email": "friend@example.com", "roles": [{ "role": "Viewer", "namespace": town.shop }] });
    town.server.post(&deputy, "/v1/users", invite).await.problem(403, "exceeds_own_rights");
}

#[tokio::test]
async fn a_key_of_more_rights_is_neither_enabled_nor_rotated_nor_widened() {
    let town = Town::start().await;
    let (id, _) = town.server.credential(&town.admin.caller, api_key(town.organization(), "Editor")).await;
    town.server.role(&town.admin, "Key keeper", &["credentials:*", "items:read"]).await;
    let (_, keeper) = town.member("keeper", &[("Key keeper", town.organization())]).await;
    let path = format!("/v1/credentials/{id}");
    let act =
        async |by: &As, what: &str| town.server.post(by, &format!("{path}/{what}"), json!({ "confirm": true })).await;
    act(&keeper, "rotate").await.problem(403, "exceeds_own_rights");
    let wider = json!({ "roles": [{ "role": "Admin" }] });
    town.server.patch(&keeper, &path, wider).await.problem(403, "exceeds_own_rights");
    // Stopping gives nothing; starting again does.
    town.server.send(&keeper, Method::POST, &format!("{path}/disable"), None, &[]).await.expect(200);
    town.server
        .send(&keeper, Method::POST, &format!("{path}/enable"), None, &[])
        .await
        .problem(403, "exceeds_own_rights");
    town.server.send(&town.admin.caller, Method::POST, &format!("{path}/enable"), None, &[]).await.expect(200);
    // A name is not a right.
    town.server.patch(&keeper, &path, json!({ "name": "renamed" })).await.expect(200);

    // A key that acts with its owner's rights is its owner's: others stop it, nothing else.
    let (live, _) = town.management(&town.admin.caller, &[town.organization()]).await;
    let (_, deputy) = town.member("deputy", &[("Admin", town.organization())]).await;
    let path = format!("/v1/credentials/{live}");
    let rotate = town.server.post(&deputy, &format!("{path}/rotate"), json!({ "confirm": true })).await;
    rotate.problem(403, "owner_only");
    town.server.send(&deputy, Method::POST, &format!("{path}/disable"), None, &[]).await.expect(200);
    town.server.send(&deputy, Method::POST, &format!("{path}/enable"), None, &[]).await.problem(403, "owner_only");
    town.server.send(&deputy, Method::POST, &format!("{path}/revoke"), None, &[]).await.expect(200);
}

#[tokio::test]
async fn roles_are_edited_within_ones_own_rights() {
    let town = Town::start().await;
    let role = town.server.role(&town.admin, "Reader", &["items:read"]).await;
    town.server.role(&town.admin, "Role keeper", &["roles:*", "items:read", "items:edit"]).await;
    let (_, keeper) = town.member("keeper", &[("Role keeper", town.organization())]).await;
    let path = format!("/v1/roles/{role}");
    let edit = async |by: &As, patterns: Value| town.server.patch(by, &path, json!({ "patterns": patterns })).await;
    edit(&keeper, json!(["items:read", "items:edit"])).await.expect(200);
    for wider in [json!(["items:*"]), json!(["*"]), json!(["items:read", "users:invite"])] {
        edit(&keeper, wider).await.problem(403, "exceeds_own_rights");
    }
    let create = json!({ "name": "Mine", "patterns": ["*"] });
    town.server.post(&keeper, "/v1/roles", create).await.problem(403, "exceeds_own_rights");
    // Held at a place where the keeper holds nothing, it cannot be widened by them at all.
    edit(&town.admin.caller, json!(["items:read"])).await.expect(200);
    let (holder, _) = town.member("holder", &[("Reader", &town.bank)]).await;
    edit(&keeper, json!(["items:read", "items:edit"])).await.problem(403, "exceeds_own_rights");

    // An edit says before how many it changes, and is in force when it returns.
    let (_, key) = town.server.credential(&town.admin.caller, api_key(&town.shop, "Reader")).await;
    let preview = json!({ "patterns": ["items:edit"] });
    let preview = town.server.post(&town.admin.caller, &format!("{path}/preview"), preview).await.expect(200);
    assert_eq!((&preview.body["users"], &preview.body["credentials"]), (&json!(1), &json!(1)), "{}", preview.text);
    assert_eq!((&preview.body["gained"], &preview.body["lost"]), (&json!(["items:edit"]), &json!(["items:read"])));
    assert_eq!(town.judged(&key, "items:read", &town.shop).await, "allowed");
    edit(&town.admin.caller, json!(["items:edit"])).await.expect(200);
    assert_eq!(town.judged(&key, "items:read", &town.shop).await, "not_granted");
    assert_eq!(town.judged(&key, "items:edit", &town.shop).await, "allowed");

    // Held, it cannot go; and those of the profile stay as they are.
    town.server.delete(&town.admin.caller, &path).await.problem(409, "role_in_use");
    let grants = town.server.get(&town.admin.caller, &format!("/v1/grants?holder={holder}")).await.expect(200);
    let grant = format!("/v1/grants/{}", grants.id("/items/0/id"));
    town.server.delete(&town.admin.caller, &grant).await.expect(200);
    town.server.delete(&town.admin.caller, &path).await.problem(409, "role_in_use");
    let listed = town.server.get(&town.admin.caller, "/v1/credentials?name=key").await.expect(200);
    let revoke = format!("/v1/credentials/{}/revoke", listed.id("/items/0/id"));
    town.server.post(&town.admin.caller, &revoke, json!({})).await.expect(200);
    town.server.delete(&town.admin.caller, &path).await.expect(200);
    let viewer = town.server.get(&town.admin.caller, "/v1/roles?name=Viewer").await.expect(200).id("/items/0/id");
    let viewer = format!("/v1/roles/{viewer}");
    for body in [json!({ "name": "Mine" }), json!({ "patterns": ["*"] })] {
        town.server.patch(&town.admin.caller, &viewer, body).await.problem(409, "template_role_read_only");
    }
    town.server.delete(&town.admin.caller, &viewer).await.problem(409, "template_role_read_only");
}

#[tokio::test]
async fn the_last_super_admin_stays() {
    let town = Town::start().await;
    let admin = &town.admin;
    let path = format!("/v1/users/{}", admin.user);
    let refused = |reply: Reply| reply.problem(409, "last_super_admin");
    refused(town.server.delete(&admin.caller, &path).await);
    refused(town.server.patch(&admin.caller, &path, json!({ "super_admin": false })).await);
    refused(town.server.post(&admin.caller, &format!("{path}/suspend"), json!({})).await);

    // A second one, suspended, does not count; active, does.
    let (second, other) = town.server.member(admin, "second@example.com", true).await;
    let act = async |what: &str| {
        let path = format!("/v1/users/{second}/{what}");
        town.server.post(&admin.caller, &path, json!({})).await.expect(200)
    };
    act("suspend").await;
    refused(town.server.delete(&admin.caller, &path).await);
    act("enable").await;
    town.server.patch(&admin.caller, &path, json!({ "super_admin": false })).await.expect(200);
    let path = format!("/v1/users/{second}");
    refused(town.server.delete(&other, &path).await);
    town.server.patch(&admin.caller, &path, json!({ "super_admin": false })).await.expect(403);
}

#[tokio::test]
async fn a_namespace_goes_with_its_credentials_only_when_its_name_is_typed() {
    let town = Town::start().await;
    let (shop_key, shop) = town.server.credential(&town.admin.caller, api_key(&town.shop, "Viewer")).await;
    let (till_key, till) = town.server.credential(&town.admin.caller, api_key(&town.till, "Viewer")).await;
    let (_, bank) = town.server.credential(&town.admin.caller, api_key(&town.bank, "Viewer")).await;
    let path = format!("/v1/apps/{}", town.shop);
    for query in ["", "?confirm=", "?confirm=shop", "?confirm=Bank"] {
        let refused = town.server.delete(&town.admin.caller, &format!("{path}{query}")).await;
        refused.problem(409, "namespace_not_empty");
    }
    assert_eq!(town.judged(&shop, "items:read", &town.shop).await, "allowed");
    let (_, nobody) = town.member("nobody", &[("Viewer", &town.shop)]).await;
    town.server.delete(&nobody, &format!("{path}?confirm=Shop")).await.problem(403, "permission_denied");

    let deleted = town.server.delete(&town.admin.caller, &format!("{path}?confirm=Shop")).await.expect(200);
    let mut revoked: Vec<_> = deleted.body["revoked"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    revoked.sort_unstable();
    let mut wanted = [shop_key.as_str(), &till_key];
    wanted.sort_unstable();
    assert_eq!(revoked, wanted);
    for key in [&shop, &till] {
        assert_eq!(town.judged(key, "items:read", town.organization()).await, "revoked");
    }
    assert_eq!(town.judged(&bank, "items:read", &town.bank).await, "allowed");
    town.server.get(&town.admin.caller, &path).await.problem(404, "not_found");
    town.server.get(&town.admin.caller, &format!("/v1/workspaces/{}", town.till)).await.problem(404, "not_found");
    // Why is kept.
    let read = town.server.get(&town.admin.caller, &format!("/v1/credentials/{till_key}")).await.expect(200);
    assert_eq!(read.body["revoke_reason"], "namespace_deleted");
    let again = format!("/v1/credentials/{till_key}/revoke");
    let again = town.server.post(&town.admin.caller, &again, json!({})).await.expect(200);
    assert_eq!(again.body["credential"]["revoked_at"], read.body["revoked_at"]);
    town.server.get(&nobody, &format!("/v1/credentials/{till_key}")).await.problem(403, "permission_denied");
    // An empty one needs no word.
    let empty =
        town.server.post(&town.admin.caller, "/v1/apps", json!({ "name": "Empty" })).await.expect(201).id("/id");
    town.server.delete(&town.admin.caller, &format!("/v1/apps/{empty}")).await.expect(200);
}

#[tokio::test]
async fn revoking_can_take_along_what_was_made() {
    let town = Town::start().await;
    let (parent_id, parent) = town.management(&town.admin.caller, &[town.organization()]).await;
    let child = |name: &str, days| {
        json!({
            "kind": "keyward/management", "name": name, "expires_at": in_days(days), "roles": [{ "role": "Admin" }],
        })
    };
    let (child_id, key) = town.server.credential(&As::Bearer(parent), child("child", 5)).await;
    let (grandchild_id, grandchild) = town.server.credential(&As::Bearer(key.clone()), child("grandchild", 2)).await;
    let (_, bystander) = town.server.credential(&town.admin.caller, api_key(town.organization(), "Viewer")).await;
    let made =
        town.server.get(&town.admin.caller, &format!("/v1/credentials?created_by={parent_id}")).await.expect(200);
    assert_eq!(made.id("/items/0/id"), child_id);

    let path = format!("/v1/credentials/{parent_id}/revoke");
    let alone = town.server.post(&town.admin.caller, &path, json!({})).await.expect(200);
    assert_eq!(alone.body["descendants"], json!([]));
    assert_eq!(town.judged(&key, "items:read", town.organization()).await, "allowed");
    let first = alone.id("/credential/revoked_at");
    let all = town.server.post(&town.admin.caller, &path, json!({ "descendants": true })).await.expect(200);
    assert_eq!(all.id("/credential/revoked_at"), first, "the first time is kept");
    let mut descendants: Vec<_> =
        all.body["descendants"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    descendants.sort_unstable();
    let mut wanted = [child_id.as_str(), &grandchild_id];
    wanted.sort_unstable();
    assert_eq!(descendants, wanted);
    for key in [&key, &grandchild] {
        assert_eq!(town.judged(key, "items:read", town.organization()).await, "revoked");
    }
    assert_eq!(town.judged(&bystander, "items:read", town.organization()).await, "allowed");
}
