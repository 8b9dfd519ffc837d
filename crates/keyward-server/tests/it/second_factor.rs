//! The second factor, and where sessions come from, as clients of the API see them.

use keyward_core::second_factor::code;
use keyward_core::secret::Secret;
use keyward_core::time::Timestamp;
use keyward_server::clock;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{As, PASSWORD, Reply, TestServer};

const PATH: &str = "/v1/users/current/second-factor";

/// What the application shows now, or so many seconds later.
fn shown(secret: &str, later: i64) -> String {
    let now = Timestamp::from_seconds(clock::now().seconds() + later);
    code(&Secret::from_string(secret.to_owned()), now).unwrap().expose().to_owned()
}

async fn sign_in(server: &TestServer, code: Option<&str>) -> Reply {
    let mut body = json!({ "email": "admin@example.com", "password": PASSWORD });
    if let Some(code) = code {
        body["code"] = code.into();
    }
    server.post(&As::Anonymous, "/v1/sessions", body).await
}

#[tokio::test]
async fn a_second_factor_is_set_up_used_and_removed() {
    let server = TestServer::start().await;
    let admin = server.set_up(&["keyward"]).await;
    let none = json!({ "recovery_codes_left": 0 });
    assert_eq!(server.get(&admin.caller, PATH).await.expect(200).body, none);
    let begun = server.post(&admin.caller, PATH, json!({})).await.expect(201);
    let secret = begun.id("/secret");
    assert!(begun.id("/uri").contains(&secret), "{}", begun.text);

    let confirm = format!("{PATH}/confirm");
    let wrong = server.post(&admin.caller, &confirm, json!({ "code": "not one" })).await.problem(403, "wrong_code");
    assert_eq!(wrong.body["errors"][0]["pointer"], "/code", "{}", wrong.text);
    let right = json!({ "code": shown(&secret, 0) });
    let codes = server.post(&admin.caller, &confirm, right).await.expect(200).body["recovery_codes"].clone();
    let codes: Vec<String> = serde_json::from_value(codes).unwrap();
    assert_eq!(codes.len(), 10);

    let missing = sign_in(&server, None).await.problem(401, "second_factor_required");
    assert_eq!(missing.headers["www-authenticate"], "Bearer");
    assert!(missing.body.get("token").is_none(), "{}", missing.text);
    sign_in(&server, Some("not one")).await.problem(403, "wrong_code");
    // The next one: that of this step confirmed the factor.
    let code = shown(&secret, 30);
    sign_in(&server, Some(&code)).await.expect(201);
    sign_in(&server, Some(&code)).await.problem(403, "wrong_code");
    sign_in(&server, Some(&codes[0])).await.expect(201);
    sign_in(&server, Some(&codes[0])).await.problem(403, "wrong_code");

    let status = server.get(&admin.caller, PATH).await.expect(200);
    assert_eq!(status.body["recovery_codes_left"], 9, "{}", status.text);
    assert!(status.body["confirmed_at"].is_string(), "{}", status.text);
    let renewed = server.post(&admin.caller, &format!("{PATH}/recovery-codes"), json!({})).await.expect(200);
    assert_eq!(renewed.body["recovery_codes"].as_array().unwrap().len(), 10);
    server.delete(&admin.caller, PATH).await.expect(200);
    sign_in(&server, None).await.expect(201);
    server.delete(&admin.caller, PATH).await.problem(409, "wrong_state");
}

#[tokio::test]
async fn a_session_tells_where_it_came_from() {
    let server = TestServer::start().await;
    let admin = server.set_up(&["keyward"]).await;
    let body = json!({ "email": "admin@example.com", "password": PASSWORD });
    let agent = [("user-agent", "  curl/8.14.1 "), ("x-forwarded-for", "203.0.113.9")];
    let opened = server.send(&As::Anonymous, Method::POST, "/v1/sessions", Some(body), &agent).await.expect(201);
    assert_eq!(opened.body["session"]["user_agent"], "curl/8.14.1");
    assert_eq!(opened.body["session"]["source"], "127.0.0.1");
    let listed = server.get(&admin.caller, "/v1/sessions").await.expect(200).body;
    let agents: Vec<&Value> = listed["items"].as_array().unwrap().iter().map(|item| &item["user_agent"]).collect();
    assert_eq!(agents, [&Value::Null, &json!("curl/8.14.1")]);
}

#[tokio::test]
async fn all_other_sessions_end_at_once() {
    let server = TestServer::start().await;
    let admin = server.set_up(&["keyward"]).await;
    let (_, member) = server.member(&admin, "sam@example.com", false).await;
    let others = [server.sign_in("admin@example.com").await, server.sign_in("admin@example.com").await];
    let ended = server.delete(&admin.caller, "/v1/sessions").await.expect(200);
    assert_eq!(ended.body["ended"], 2, "{}", ended.text);
    for other in &others {
        server.get(other, "/v1/sessions/current").await.problem(401, "session_ended");
    }
    for caller in [&admin.caller, &member] {
        server.get(caller, "/v1/sessions/current").await.expect(200);
    }
}

#[tokio::test]
async fn people_say_what_they_are_called() {
    let server = TestServer::start().await;
    let admin = server.set_up(&["keyward"]).await;
    let (id, member) = server.member(&admin, "sam@example.com", false).await;
    let renamed = server.patch(&member, "/v1/users/current", json!({ "name": " Sam Vimes " })).await.expect(200);
    assert_eq!((renamed.id("/name"), renamed.id("/id")), ("Sam Vimes".to_owned(), id.clone()));
    assert_eq!(server.get(&admin.caller, &format!("/v1/users/{id}")).await.expect(200).id("/name"), "Sam Vimes");
    assert_eq!(server.get(&member, "/v1/sessions/current").await.expect(200).id("/user/name"), "Sam Vimes");
    let found = server.get(&admin.caller, "/v1/users?name=vimes").await.expect(200);
    assert_eq!(found.body["items"].as_array().unwrap().len(), 1, "{}", found.text);
    for wrong in ["", "a\u{202e}b"] {
        server.patch(&member, "/v1/users/current", json!({ "name": wrong })).await.problem(400, "invalid_value");
    }
}
