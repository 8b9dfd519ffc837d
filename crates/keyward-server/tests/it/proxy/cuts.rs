//! What goes on ends when the right to it does.

use serde_json::json;

use super::streams::{SWITCHED, WEBSOCKET, asking};
use super::support::{Gate, OPEN, Peer, Upstream};
use crate::harness::As;

/// A client and the server behind, in the middle of an answer.
async fn streaming(gate: &Gate, key: &str) -> (Peer, Peer) {
    let mut client = asking(gate, key, "").await;
    let mut upstream = gate.upstream.accept().await;
    upstream.hear().await;
    upstream.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n").await;
    assert_eq!(client.hear_head().await.map(|said| said.status()), Some(200));
    assert_eq!(client.chunk().await.as_deref(), Some("hello"));
    (client, upstream)
}

async fn switched(gate: &Gate, key: &str) -> (Peer, Peer) {
    let mut client = asking(gate, key, WEBSOCKET).await;
    let mut upstream = gate.upstream.accept().await;
    upstream.hear().await;
    upstream.send(SWITCHED).await;
    client.hear_head().await.unwrap();
    client.send("ping\n").await;
    assert_eq!(upstream.line().await.as_deref(), Some("ping"));
    (client, upstream)
}

async fn gate() -> Gate {
    Gate::start_before(Upstream::start_by_hand().await, "", OPEN).await
}

/// Both sides see the end, and the client that it is none.
async fn cut((mut client, mut upstream): (Peer, Peer)) {
    assert_eq!(client.chunk().await, None);
    upstream.ended().await;
}

#[tokio::test]
async fn a_revoked_key_ends_everything_that_it_began_and_nothing_else() {
    let gate = gate().await;
    let (_, other) = gate.another_key("other").await;
    let (mut unhurt, mut its_upstream) = streaming(&gate, &other).await;
    let stream = streaming(&gate, &gate.key).await;
    let (mut client, mut upstream) = switched(&gate, &gate.key).await;
    let mut waiting = asking(&gate, &gate.key, "").await;
    let mut waited_for = gate.upstream.accept().await;
    waited_for.hear().await;

    gate.revoke(&gate.credential).await;
    cut(stream).await;
    client.ended().await;
    upstream.ended().await;
    waiting.hear().await.problem(401, "invalid_credential");
    waited_for.ended().await;

    its_upstream.send("5\r\nworld\r\n0\r\n\r\n").await;
    assert_eq!(unhurt.chunk().await.as_deref(), Some("world"));
    assert_eq!(unhurt.chunk().await.as_deref(), Some(""));
}

#[tokio::test]
async fn a_disabled_key_a_replaced_secret_and_a_lost_right_end_it_too() {
    let gate = gate().await;
    let admin = &gate.admin.caller;
    let (id, key) = gate.another_key("disabled").await;
    let stream = streaming(&gate, &key).await;
    gate.server.post(admin, &format!("/v1/credentials/{id}/disable"), json!({})).await.expect(200);
    cut(stream).await;

    let (id, key) = gate.another_key("rotated").await;
    let stream = streaming(&gate, &key).await;
    gate.server.post(admin, &format!("/v1/credentials/{id}/rotate"), json!({ "confirm": true })).await.expect(200);
    cut(stream).await;

    let role = gate.server.role(&gate.admin, "Reader", &["items:read"]).await;
    let body = json!({ "kind": "keyward/api", "name": "narrowed", "roles": [{ "role": "Reader" }] });
    let (_, key) = gate.server.credential(admin, body).await;
    let stream = streaming(&gate, &key).await;
    gate.server.patch(admin, &format!("/v1/roles/{role}"), json!({ "patterns": ["items:list"] })).await.expect(200);
    cut(stream).await;
}

#[tokio::test]
async fn the_end_of_a_key_ends_it() {
    let gate = gate().await;
    let soon = in_seconds(2);
    let body = json!({ "kind": "keyward/api", "name": "short", "roles": [{ "role": "Viewer" }], "expires_at": soon });
    let (_, key) = gate.server.credential(&gate.admin.caller, body).await;
    let (mut client, mut upstream) = switched(&gate, &key).await;
    cut(streaming(&gate, &key).await).await;
    client.ended().await;
    upstream.ended().await;
}

#[tokio::test]
async fn a_suspended_owner_or_organization_ends_it() {
    let gate = gate().await;
    let (user, member) = gate.server.member(&gate.admin, "live@example.com", false).await;
    let role = gate.server.role(&gate.admin, "Reader", &["items:read", "credentials:*"]).await;
    gate.server.grant(&gate.admin, &user, &role, &gate.admin.organization).await;
    let body = json!({
        "kind": "keyward/management", "name": "live", "roles": [{ "role": "Reader" }], "expires_at": in_seconds(3600),
    });
    let (_, key) = gate.server.credential(&member, body).await;
    let stream = streaming(&gate, &key).await;
    gate.server.post(&gate.admin.caller, &format!("/v1/users/{user}/suspend"), json!({})).await.expect(200);
    cut(stream).await;

    let operator: &As = &gate.admin.caller;
    let body = json!({ "name": "Other", "profiles": ["keyward"], "super_admin": "admin@example.com" });
    let other = gate.server.post(operator, "/v1/organizations", body).await.expect(201).id("/organization/id");
    let body = json!({ "kind": "keyward/api", "name": "key", "roles": [{ "role": "Viewer" }] });
    let named = [("keyward-organization", other.as_str())];
    let made =
        gate.server.send(operator, reqwest::Method::POST, "/v1/credentials", Some(body), &named).await.expect(201);
    let stream = streaming(&gate, &made.id("/secret/token")).await;
    gate.server.post(operator, &format!("/v1/organizations/{other}/suspend"), json!({})).await.expect(200);
    cut(stream).await;
}

#[tokio::test]
async fn the_end_of_an_access_token_and_of_its_credential_end_it() {
    let more = "[server]\ninsecure_loopback = true\n[[surface]]\nname = \"oauth\"\nlistener = \"api\"\n";
    let gate = Gate::start_before(Upstream::start_by_hand().await, more, OPEN).await;
    let body = json!({ "kind": "keyward/oauth", "name": "client", "roles": [{ "role": "Viewer" }] });
    let made = gate.server.post(&gate.admin.caller, "/v1/credentials", body).await.expect(201);
    let (id, secret) = (made.id("/credential/public_id"), made.id("/secret/client_secret"));
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let headers = format!(
        "x-forwarded-proto: https\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n",
        form.len()
    );
    let issued = gate.ask_without_key("POST /oauth2/token", &headers, &form).await;
    assert_eq!(issued.status(), 200, "{issued:?}");
    let issued: serde_json::Value = serde_json::from_str(&issued.body).unwrap();
    let stream = streaming(&gate, issued["access_token"].as_str().unwrap()).await;
    gate.revoke(&made.id("/credential/id")).await;
    cut(stream).await;
}

#[tokio::test]
async fn a_node_that_is_not_up_to_date_lets_nobody_in_and_ends_what_goes_on() {
    let gate = gate().await;
    let stream = streaming(&gate, &gate.key).await;
    // Nothing was heard from the database since the machine started.
    gate.server.serving.as_ref().unwrap().app.index.fresh_until(Some(std::time::Duration::ZERO));
    cut(stream).await;
    gate.ask("GET /", "", "").await.problem(503, "stale");
}

/// An instant as requests have it.
fn in_seconds(seconds: u64) -> String {
    let now = keyward_server::clock::now().plus(std::time::Duration::from_secs(seconds));
    now.to_string()
}
