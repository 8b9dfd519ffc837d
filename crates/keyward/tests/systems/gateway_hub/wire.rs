//! What clients of the hub send and read, beyond what its page numbers.

use serde_json::json;

use super::{GRANT, Hub, TOKEN};
use crate::support::{As, Request};

#[test]
fn the_token_endpoint_takes_what_clients_send() {
    let hub = Hub::start();
    let key = hub.key("Dashboard", &["Operator"]);
    let percent = |text: &str| text.bytes().fold(String::new(), |encoded, byte| encoded + &format!("%{byte:02X}"));
    let encoded = As::Basic(percent(&key.public_id), percent(key.secret()));
    let in_body = [GRANT[0], ("client_id", &*key.public_id), ("client_secret", key.secret())];
    for request in [
        Request::post(TOKEN).by(&key.caller()).form(&GRANT),
        Request::post(TOKEN).by(&encoded).form(&GRANT),
        Request::post(TOKEN).form(&in_body),
        Request::post(TOKEN).by(&key.caller()).form(&[GRANT[0], ("scope", "ping:read")]),
    ] {
        let reply = hub.server.ask("api", &request).expect(200);
        assert_eq!(reply.body["expires_in"], 300);
        assert_eq!((reply.header("cache-control"), reply.header("pragma")), (Some("no-store"), Some("no-cache")));
        hub.ask(&As::Bearer(reply.id("/access_token")), "GET", "/ping").hub_answered();
    }
    // Twins. The body is not optional here.
    let by = || Request::post(TOKEN).by(&key.caller());
    hub.server.ask("api", &by()).rfc(400, "invalid_request");
    hub.server.ask("api", &by().json(&json!({ "grant_type": "client_credentials" }))).rfc(400, "invalid_request");
    hub.server.ask("api", &by().form(&in_body)).rfc(400, "invalid_request");
    hub.server.ask("api", &by().form(&[])).rfc(400, "invalid_request");
    hub.server.ask("api", &by().form(&[GRANT[0], ("scope", "entities:edit")])).rfc(400, "invalid_scope");
    hub.server.ask("api", &Request::post(TOKEN).form(&GRANT)).rfc(401, "invalid_client");
    hub.server.ask("api", &Request::get(TOKEN).by(&key.caller())).rfc(405, "invalid_request");
}

#[test]
fn a_token_that_was_narrowed_does_no_more() {
    let hub = Hub::start();
    let key = hub.key("Dashboard", &["Administrator"]);
    let request = Request::post(TOKEN).by(&key.caller()).form(&[GRANT[0], ("scope", "entities:read")]);
    let narrow = As::Bearer(hub.server.ask("api", &request).expect(200).id("/access_token"));
    hub.ask(&narrow, "GET", "/entities/42").hub_answered();
    hub.ask(&narrow, "PUT", "/entities/42").titled(403, "Access denied");
    hub.ask(&narrow, "GET", "/ping").titled(403, "Access denied");
}

#[test]
fn only_application_keys_are_exchanged_here() {
    let hub = Hub::start();
    let other = hub.server.organization(&hub.owner, "Other", &["gainsight", "keyward"], "olga@example.com");
    let m2m = hub.server.create(&other.caller, &json!({ "kind": "gainsight/m2m_oauth", "name": "Sync" }));
    let body = json!({ "kind": "keyward/oauth", "name": "Client", "roles": [{ "role": "Viewer" }] });
    let client = hub.server.create(&other.caller, &body);
    for foreign in [&m2m, &client] {
        hub.exchange(foreign).rfc(401, "invalid_client");
    }
    // Nor does a key of another organization open this one's: it is asked about its own.
    hub.exchange(&hub.key("Dashboard", &["Operator"])).expect(200);
}

#[test]
fn refusals_have_a_title_and_a_body() {
    let hub = Hub::start();
    let token = hub.token(&hub.key("Dashboard", &["Administrator"]));
    let As::Bearer(text) = &token else { panic!("a token") };
    let twice = Request::get("/ping").by(&token).by(&token);
    hub.server.ask("api", &twice).titled(400, "Invalid request");
    let changed = format!("{}{}", &text[..text.len() - 1], if text.ends_with('A') { 'B' } else { 'A' });
    let refused = hub.ask(&As::Bearer(changed), "GET", "/ping").unauthorized();
    assert_eq!(refused.header("www-authenticate"), Some("Bearer error=\"invalid_token\""));
    let method = hub.ask(&token, "DELETE", "/ping").titled(405, "Invalid request");
    assert_eq!(method.header("allow"), Some("GET"));
    hub.upstream.answers(404, json!({ "title": "Unknown entity" }));
    assert_eq!(hub.ask(&token, "GET", "/entities/42").expect(404).body, json!({ "title": "Unknown entity" }));
}
