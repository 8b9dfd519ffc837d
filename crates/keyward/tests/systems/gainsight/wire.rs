//! What the vendor's clients send and branch on, beyond what its page numbers.

use serde_json::json;

use super::{EVENT, READ, TOKEN, World, route};
use crate::support::{As, Request};

#[test]
fn the_token_endpoint_takes_what_clients_send() {
    let tenant = World::start();
    let key = tenant.m2m("Nightly sync");
    let ask = || Request::post(TOKEN).by(&key.caller());
    let form = "application/x-www-form-urlencoded";
    let grant = [("grant_type", "client_credentials")];
    for request in [
        ask(),
        ask().header("content-type", "application/json"),
        ask().header("content-type", "text/plain"),
        ask().header("content-type", form),
        ask().form(&grant),
        ask().body(
            "application/x-www-form-urlencoded; charset=utf-8",
            "grant_type=client_credentials&scope=objects:read",
        ),
    ] {
        let reply = tenant.server.ask("api", &request).expect(200);
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        assert_eq!(reply.header("pragma"), Some("no-cache"));
        tenant.with_token(Request::get(READ), &reply.id("/access_token")).reached();
    }
    // Twins.
    for request in [
        ask().json(&json!({})),
        ask().json(&json!({ "grant_type": "client_credentials" })),
        ask().body("text/plain", "grant_type=client_credentials"),
        ask().form(&[grant[0], grant[0]]),
        Request::post(&format!("{TOKEN}?grant_type=client_credentials")).by(&key.caller()),
    ] {
        tenant.server.ask("api", &request).oauth(400, "invalid_request");
    }
    tenant.server.ask("api", &ask().form(&[("grant_type", "password")])).oauth(400, "unsupported_grant_type");
    tenant.server.ask("api", &ask().form(&[("scope", "nonsense")])).oauth(400, "invalid_scope");
    // In the body the vendor takes none, and elsewhere than with POST nothing is served.
    let in_body = [("client_id", &*key.public_id), ("client_secret", key.secret())];
    tenant.server.ask("api", &Request::post(TOKEN).form(&in_body)).oauth(401, "invalid_client");
    for method in ["GET", "PUT", "DELETE"] {
        let refused = tenant.server.ask("api", &Request::new(method, TOKEN).by(&key.caller()));
        assert_eq!(refused.oauth(405, "invalid_request").header("allow"), Some("POST"));
    }
    let large = ask().body(form, "a".repeat(10 << 20));
    tenant.server.ask("api", &large).oauth(413, "invalid_request");
}

#[test]
fn only_credentials_of_this_system_are_exchanged_here() {
    let tenant = World::start();
    let other = tenant.server.organization(&tenant.owner, "Hub", &["gateway_hub", "keyward"], "olga@example.com");
    for (kind, role) in [("gateway_hub/application_key", "Operator"), ("keyward/oauth", "Viewer")] {
        let body = json!({ "kind": kind, "name": "Theirs", "roles": [{ "role": role }] });
        let theirs = tenant.server.create(&other.caller, &body);
        let request = Request::post(TOKEN).by(&theirs.caller());
        tenant.server.ask("api", &request).oauth(401, "invalid_client");
    }
    let mine = tenant.m2m("Mine");
    tenant.exchange(&mine).expect(200);
}

#[test]
fn an_unknown_key_and_a_wrong_secret_get_one_answer() {
    let tenant = World::start();
    let key = tenant.m2m("Nightly sync");
    let ask = |id: &str, secret: &str| {
        let basic = As::Basic(id.to_owned(), secret.to_owned());
        tenant.server.ask("api", &Request::post(TOKEN).by(&basic)).oauth(401, "invalid_client")
    };
    let wrong = ask(&key.public_id, &"x".repeat(43));
    assert_eq!(ask(&"x".repeat(32), &"x".repeat(43)).text, wrong.text);
    assert_eq!(ask("nobody", "nothing").text, wrong.text);
    assert_eq!(wrong.header("www-authenticate"), Some("Basic realm=\"oauth2\""));
}

/// Every code that the vendor publishes for what Keyward decides.
#[test]
fn published_codes_are_answered_for_what_they_are_published_for() {
    let tenant = World::start();
    let (key, m2m) = (tenant.access_key(), tenant.m2m("Nightly sync"));
    let token = tenant.token(&m2m);
    let read = || Request::get(READ);

    let unauthorized = tenant.server.ask("api", &read()).failure(401, "GS_APIG_2401");
    assert_eq!(unauthorized.id("/errorDesc"), "Unauthorized");
    assert_eq!(unauthorized.header("www-authenticate"), Some("Bearer"));
    tenant.with_token(Request::post(EVENT), &token).failure(403, "GS_APIG_2401");
    let nowhere = tenant.with_key(Request::get("/nothing"), &key).failure(404, "GS_APIG_1000");
    assert!(nowhere.id("/message").contains("no such route"));
    let twice = read().header("Accesskey", key.token()).header("accesskey", key.token());
    tenant.server.ask("api", &twice).failure(400, "GSOBJ_1024");
    let both = read().header("Accesskey", key.token()).by(&As::Bearer(token.clone()));
    tenant.server.ask("api", &both).failure(400, "GSOBJ_1024");
    for header in ["Bearer", "nonsense", "Basic !!!", "Digest x"] {
        tenant.server.ask("api", &read().header("authorization", header)).failure(400, "GSOBJ_1024");
    }
    tenant.with_key(Request::get("/v1/meta/%2e%2e/x"), &key).failure(400, "GSOBJ_1023");

    // A network that the organization does not list. People stay in.
    let organization = format!("/v1/organizations/{}", tenant.owner.organization);
    let listed = |networks: &[&str]| {
        let etag = tenant.server.get(&tenant.owner.caller, &organization).expect(200);
        let etag = etag.header("etag").unwrap().to_owned();
        let edit = Request::new("PATCH", &organization).by(&tenant.owner.caller).header("if-match", &etag);
        tenant.server.send(&edit.json(&json!({ "sources": networks }))).expect(200);
    };
    listed(&["192.0.2.0/24"]);
    let elsewhere = tenant.with_key(read(), &key).failure(403, "GS_APIG_2402");
    assert_eq!(elsewhere.id("/errorDesc"), "IP Address does not lie in range of whitelisted ips");
    tenant.with_token(read(), &token).failure(403, "GS_APIG_2402");
    tenant.exchange(&m2m).oauth(400, "unauthorized_client");
    listed(&[]);
    tenant.with_key(read(), &key).reached();
}

#[test]
fn a_hundred_calls_a_minute_are_served() {
    let tenant = World::start();
    let key = tenant.access_key();
    // A window may end in between, once.
    let limited = (0..250).map(|_| tenant.with_key(Request::get(READ), &key)).find(|reply| reply.status != 200);
    let limited = limited.unwrap().failure(429, "GS_APIG_2404");
    let wait: u64 = limited.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert!(tenant.platform.received().len() >= 100);
    // Another credential has calls of its own; its exchanges count among them.
    let m2m = tenant.m2m("Nightly sync");
    let limited = (0..250).map(|_| tenant.exchange(&m2m)).find(|reply| reply.status != 200).unwrap();
    let limited = limited.oauth(429, "temporarily_unavailable");
    assert!(limited.header("retry-after").is_some());
}

#[test]
fn what_the_platform_fails_at_is_told_in_the_envelope() {
    let tenant = World::start_with(&|platform| {
        let nowhere = "[[route]]\npath = \"/v1/down/*\"\nupstream = \"http://127.0.0.1:1\"\ndialect = \"gainsight\"\n\
            permission = \"objects:read\"\n";
        nowhere.to_owned()
            + &route("/v1/*", platform, "objects:read").replace("permission", "methods = [\"GET\"]\npermission")
    });
    let key = tenant.access_key();
    tenant.with_key(Request::get("/v1/down/x"), &key).failure(502, "GS_APIG_2503");
    let method = tenant.with_key(Request::post(READ), &key).failure(405, "GS_APIG_1000");
    assert_eq!(method.header("allow"), Some("GET"));
    // What the platform itself says goes through as it is.
    let own =
        json!({ "result": false, "errorCode": "GSOBJ_1011", "errorDesc": "No entity matches the given criteria" });
    tenant.platform.answers(400, own.clone());
    assert_eq!(tenant.with_key(Request::get(READ), &key).expect(400).body, own);
}
