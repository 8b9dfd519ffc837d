//! The ground itself: that what the tests stand on does what it says.

use std::time::Duration;

use serde_json::json;

use crate::support::{App, As, Key, PASSWORD, Person, Received, Request, Server, Upstream, exchange, now, until};

#[test]
fn a_request_goes_out_as_it_was_written() {
    let server = Server::start();
    let address = server.address("management");
    let twice =
        Request::get("/v1/sessions/current").header("authorization", "Bearer a").header("authorization", "Bearer b");
    let bytes = String::from_utf8(twice.to_bytes(address)).unwrap();
    let wanted = format!(
        "GET /v1/sessions/current HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer a\r\nauthorization: Bearer b\r\n\
         connection: close\r\n\r\n"
    );
    assert_eq!(bytes, wanted);
    assert_eq!(server.send(&twice).status, 400);
    let secure = Request::get("/").over_https().to_bytes(address);
    assert!(String::from_utf8(secure).unwrap().contains("\r\nx-forwarded-proto: https\r\n"));
    let reply = server.ask_bytes("management", b"GET /openapi.json HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n").expect(200);
    assert_eq!(reply.header("content-type"), Some("application/json"));
    server.ask_bytes("management", b"GET /openapi.json HTTP/1.1\r\nhost: elsewhere.example\r\n\r\n").expect(421);
    assert_eq!(server.ask_bytes("management", b"nonsense\r\n\r\n").status, 400);
}

#[test]
fn a_node_goes_on_with_what_it_had_when_it_was_killed() {
    let mut server = Server::start();
    let owner = server.set_up(&["keyward"]);
    let app = server.app(&owner.caller, "Shop");
    server.kill();
    server.start_again();
    server.get(&owner.caller, &format!("/v1/apps/{}", app.id)).expect(200);
    server.stop();
    server.start_again();
    assert!(matches!(server.sign_in(&owner.email), As::Bearer(_)));
    let wrong = json!({ "email": owner.email, "password": format!("{PASSWORD}!") });
    server.post(&As::Anonymous, "/v1/sessions", &wrong).expect(401);
}

#[test]
fn management_and_the_rest_are_apart() {
    let server = Server::start_with_api("");
    let owner = server.set_up(&["keyward"]);
    server.get(&owner.caller, "/v1/apps").expect(200);
    let elsewhere = server.ask("api", &Request::get("/v1/apps").by(&owner.caller));
    assert!([404, 421].contains(&elsewhere.status), "{elsewhere:?}");
}

#[test]
fn the_upstream_remembers_and_answers() {
    let upstream = Upstream::start();
    assert_eq!(upstream.url(), format!("http://{}", upstream.address));
    let form = Request::post("/a/b?c=d").form(&[("e", "f g")]);
    let reply = exchange(upstream.address, &form.to_bytes(upstream.address)).expect(200);
    assert_eq!(reply.body, json!({ "reached": true }));
    let received: Received = upstream.received().remove(0);
    assert_eq!((&*received.method, &*received.path, &*received.query), ("POST", "/a/b", "c=d"));
    assert_eq!(
        (received.header("Content-Type"), &*received.body),
        (Some("application/x-www-form-urlencoded"), &b"e=f+g"[..])
    );
    upstream.answers(418, json!({}));
    exchange(upstream.address, &Request::get("/").to_bytes(upstream.address)).expect(418);
    assert_eq!(upstream.received().len(), 1);
    assert_eq!(upstream.received().len(), 0);
}

#[test]
fn time_passes_for_the_node_as_for_the_test() {
    let server = Server::start();
    let owner = server.set_up(&["keyward"]);
    let expiring = |name: &str, seconds: u64| {
        let end = now().plus(Duration::from_secs(seconds)).to_string();
        let roles = json!([{ "role": "Viewer" }]);
        server.create(&owner.caller, &json!({ "kind": "keyward/api", "name": name, "roles": roles, "expires_at": end }))
    };
    let judged = |key: &Key| server.verify(&owner.caller, &json!({ "credential": key.token() }));
    let (short, long) = (expiring("short", 1), expiring("long", 3_600));
    until("the short one expires", || judged(&short) == "expired");
    assert_eq!(judged(&long), "allowed");
}

#[test]
fn an_organization_can_have_the_kinds_of_all_systems() {
    let server = Server::start();
    let profiles = ["gigya", "gigantik", "gainsight", "gateway_hub", "passport"];
    let owner = server.set_up(&profiles);
    let mut kinds = Vec::new();
    for profile in profiles {
        let recorded = server.get(&owner.caller, &format!("/v1/profiles/{profile}")).expect(200).body;
        kinds.extend(recorded["kinds"].as_array().unwrap().iter().map(|kind| kind["id"].as_str().unwrap().to_owned()));
    }
    assert_eq!(kinds.len(), 9, "{kinds:?}");
    for kind in kinds {
        assert_ne!(server.kind(&owner.caller, &kind).labels.menu_path(), "", "{kind}");
    }
}

/// Everything that the vendors' tests do before they begin, once.
#[test]
fn a_world_can_be_made_over_the_native_api() {
    let server = Server::start();
    let owner = server.set_up(&["keyward"]);
    let foreign = server.organization(&owner, "Other", &["keyward"], "foreign@example.com");
    assert_ne!(foreign.organization, owner.organization);
    let by = &owner.caller;
    let app: App = server.app(by, "Shop");
    assert!(app.site_key.starts_with("3_"), "{}", app.site_key);
    let workspace = server.workspace(by, "Checkout", &app.id);
    let group = server.usergroup(by, "Team", Some(&app.id));
    server.usergroup(by, "All", None);

    let sam: Person = server.member(&owner, "sam@example.com");
    let eva = server.member_with(&owner, "eva@example.com", "Editor", &owner.organization);
    let sue = server.super_admin(&owner, "sue@example.com");
    let role = server.role(by, "Reader", &["items:read"]);
    server.get(&sam.caller, &format!("/v1/workspaces/{workspace}")).expect(404);
    server.add_to_group(by, &group, &sam.user);
    server.grant(by, &group, &role, &app.id);
    let grant = server.grant(by, &sam.user, &role, &workspace);
    server.get(&sam.caller, &format!("/v1/workspaces/{workspace}")).expect(200);
    server.ungrant(by, &grant);
    assert_eq!(sam.organization, eva.organization);

    let wanted = json!({ "kind": "keyward/api", "name": "One", "roles": [{ "role": role, "namespace": workspace }] });
    let key: Key = server.create(&sue.caller, &wanted);
    assert_eq!(server.judged(by, &key, "items:read", &workspace), "allowed");
    assert_eq!(server.judged(by, &key, "items:read", &app.id), "not_granted");
    assert!(matches!(key.caller(), As::Bearer(token) if token == key.token()));
    let rotated = server.rotate(&sue.caller, &key.id);
    assert_eq!(server.judged(by, &key, "items:read", &workspace), "unknown");
    server.edit(by, &key.id, json!({ "name": "Two" })).expect(200);
    assert_eq!(server.shown(by, &key.id).body["name"], "Two");
    server.act(by, &key.id, "reveal", json!({})).problem(409, "not_revealable");
    server.import(by, &key.public_id, &app.id, json!([])).problem(409, "not_transferable");
    assert_eq!(server.listed(by, "?kind=keyward/api"), [&*key.id]);
    server.revoke(by, &key.id);
    assert_eq!(server.verify(by, &json!({ "credential": rotated.token() })), "revoked");

    let client = json!({ "kind": "keyward/oauth", "name": "Client", "roles": [{ "role": role }] });
    let client = server.create(by, &client);
    assert!(matches!(client.caller(), As::Basic(id, secret) if id == client.public_id && secret == client.secret()));
    assert_eq!(server.kind(by, "keyward/oauth").id.to_string(), "keyward/oauth");
    assert!(server.audit(by).iter().any(|entry| entry["operation"] == "credentials.revoke"));
}
