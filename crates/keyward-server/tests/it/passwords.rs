//! Changing one's own password.

use serde_json::{Value, json};

use crate::harness::{As, PASSWORD, Reply, TestServer};

const PATH: &str = "/v1/users/current/password";
const NEW: &str = "green-Anchor-93-whistles";

fn change(current: &str, new: &str) -> Value {
    json!({ "current": current, "new": new })
}

async fn signs_in(server: &TestServer, password: &str) -> Reply {
    let body = json!({ "email": "admin@example.com", "password": password });
    server.post(&As::Anonymous, "/v1/sessions", body).await
}

#[tokio::test]
async fn a_new_password_replaces_the_old_one_and_ends_all_other_sessions() {
    let server = TestServer::start().await;
    let admin = server.set_up(&["keyward"]).await;
    let others = [server.sign_in("admin@example.com").await, server.sign_in("admin@example.com").await];
    let (_, member) = server.member(&admin, "sam@example.com", false).await;
    let before = server.get(&admin.caller, "/v1/sessions/current").await.expect(200);

    let reply = server.put(&admin.caller, PATH, change(PASSWORD, NEW)).await.expect(200);
    assert!(reply.body["receipt"]["revision"].is_u64(), "{}", reply.text);

    for other in &others {
        server.get(other, "/v1/sessions/current").await.problem(401, "session_ended");
    }
    let after = server.get(&admin.caller, "/v1/sessions/current").await.expect(200);
    assert_eq!(after.body["session"]["id"], before.body["session"]["id"]);
    assert!(after.id("/session/fresh_until") > before.id("/session/fresh_until"), "{}", after.text);
    let listed = server.get(&admin.caller, "/v1/sessions").await.expect(200).body;
    assert_eq!(listed["items"].as_array().unwrap().len(), 1, "{listed}");
    server.get(&member, "/v1/sessions/current").await.expect(200);

    signs_in(&server, PASSWORD).await.problem(401, "sign_in_failed");
    signs_in(&server, NEW).await.expect(201);
}

#[tokio::test]
async fn what_is_refused_changes_nothing() {
    let server = TestServer::start().await;
    let admin = server.set_up(&["keyward"]).await;
    let other = server.sign_in("admin@example.com").await;
    let body = json!({ "kind": "keyward/api", "name": "key", "roles": [{ "role": "Viewer" }] });
    let (_, key) = server.credential(&admin.caller, body).await;

    let wrong = server.put(&admin.caller, PATH, change("not-Her-password-47", NEW)).await;
    assert_eq!(wrong.problem(403, "wrong_password").body["errors"][0]["pointer"], "/current");
    for (weak, code) in [
        ("tiny-Fox-3", "password_too_short"),
        ("qwertyuiopasdfgh", "password_too_common"),
        (&"long ".repeat(1_000), "password_too_long"),
    ] {
        let reply = server.put(&admin.caller, PATH, change(PASSWORD, weak)).await.problem(422, code);
        assert_eq!(reply.body["errors"][0]["pointer"], "/new", "{}", reply.text);
        assert!(!reply.text.contains(weak), "{}", reply.text);
    }
    let more = json!({ "current": PASSWORD, "new": NEW, "user": admin.user });
    server.put(&admin.caller, PATH, more).await.problem(400, "unknown_field");
    server.put(&admin.caller, PATH, json!({ "new": NEW })).await.problem(400, "missing_field");
    server.put(&As::Bearer(key), PATH, change(PASSWORD, NEW)).await.problem(403, "session_required");
    server.put(&As::Anonymous, PATH, change(PASSWORD, NEW)).await.problem(401, "unauthenticated");

    server.get(&other, "/v1/sessions/current").await.expect(200);
    signs_in(&server, NEW).await.problem(401, "sign_in_failed");
    signs_in(&server, PASSWORD).await.expect(201);
}

#[tokio::test]
async fn wrong_passwords_are_counted_with_failed_sign_ins() {
    let server = TestServer::start().await;
    let admin = server.set_up(&["keyward"]).await;
    for _ in 0..3 {
        let wrong = change("not-Her-password-47", NEW);
        server.put(&admin.caller, PATH, wrong).await.problem(403, "wrong_password");
    }
    // Refused before anything is compared: not an attempt.
    server.put(&admin.caller, PATH, change("not-Her-password-47", "short")).await.problem(422, "password_too_short");
    for _ in 0..2 {
        signs_in(&server, "not-Her-password-47").await.problem(401, "sign_in_failed");
    }
    let barred = server.put(&admin.caller, PATH, change(PASSWORD, NEW)).await.problem(429, "too_many_attempts");
    assert!(barred.headers.contains_key("retry-after"), "{:?}", barred.headers);
    // Who is signed in stays so.
    server.get(&admin.caller, "/v1/sessions/current").await.expect(200);
}

#[tokio::test]
async fn changes_and_refusals_are_recorded_without_the_passwords() {
    let server = TestServer::start().await;
    let setup =
        json!({ "token": server.setup_token(), "email": "olga@example.com", "name": "Olga", "password": PASSWORD });
    let user = server.post(&As::Anonymous, "/v1/setup", setup).await.expect(201).id("/user");
    let (operator, _) = (server.sign_in("olga@example.com").await, server.sign_in("olga@example.com").await);
    server.put(&operator, PATH, change("not-Her-password-47", NEW)).await.problem(403, "wrong_password");
    server.put(&operator, PATH, change(PASSWORD, NEW)).await.expect(200);

    let log = server.get(&operator, "/v1/audit/export?operation=users.password").await.expect(200).text;
    assert!([PASSWORD, NEW, "not-Her-password-47", "argon2"].iter().all(|secret| !log.contains(secret)), "{log}");
    let log: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [done, refused] = &log[..] else { panic!("{log:?}") };
    assert_eq!((&refused["outcome"], &refused["code"]), (&json!("refused"), &json!("wrong_password")));
    assert_eq!((&done["outcome"], &done["details"]["sessions_ended"]), (&json!("done"), &json!(1)));
    for entry in [refused, done] {
        assert_eq!((&entry["target"], &entry["caller"]), (&json!(user), &json!(user)), "{entry}");
    }
}
