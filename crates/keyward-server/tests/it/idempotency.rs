//! A creation that is asked for twice happens once.

use std::sync::Arc;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Admin, As, PASSWORD, Reply, TestServer};

fn api_key(name: &str) -> Value {
    json!({ "kind": "keyward/api", "name": name, "roles": [{ "role": "Viewer" }] })
}

async fn create(server: &TestServer, by: &As, key: &str, body: Value) -> Reply {
    server.send(by, Method::POST, "/v1/credentials", Some(body), &[("idempotency-key", key)]).await
}

async fn count(server: &TestServer, admin: &Admin, name: &str) -> usize {
    let listed = server.get(&admin.caller, &format!("/v1/credentials?name={name}")).await.expect(200);
    listed.body["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn the_same_again_answers_the_credential_without_its_secret() {
    let server = TestServer::start().await;
    let admin = server.set_up(&["keyward"]).await;
    let first = create(&server, &admin.caller, "once", api_key("shop")).await.expect(201);
    let token = first.id("/secret/token");
    for _ in 0..3 {
        let again = create(&server, &admin.caller, "once", api_key("shop")).await.expect(200);
        assert_eq!(again.body["credential"], first.body["credential"]);
        assert_eq!(again.body.get("secret"), Some(&Value::Null), "{}", again.text);
        assert!(!again.text.contains(token.rsplit_once('_').unwrap().1), "{}", again.text);
    }
    // The order of the fields is not what was asked for.
    let turned = r#"{"roles": [{"role": "Viewer"}], "name": "shop", "kind": "keyward/api"}"#;
    create(&server, &admin.caller, "once", serde_json::from_str(turned).unwrap()).await.expect(200);
    assert_eq!(count(&server, &admin, "shop").await, 1);
    // The one that was made works, and no other was.
    let answer = server.post(&admin.caller, "/v1/verify", json!({ "credential": token })).await.expect(200);
    assert_eq!(answer.body["allowed"], true, "{}", answer.text);
}

#[tokio::test]
async fn another_request_under_the_same_key_is_refused() {
    let server = TestServer::start().await;
    let admin = server.set_up(&["keyward"]).await;
    create(&server, &admin.caller, "once", api_key("shop")).await.expect(201);
    let mut others = vec![api_key("other"), api_key("Shop"), api_key("shop"), api_key("shop"), api_key("shop")];
    others[2]["roles"] = json!([{ "role": "Editor" }]);
    others[3]["expires_at"] = json!("2030-01-01T00:00:00Z");
    others[4]["sources"] = json!(["10.0.0.0/8"]);
    for other in others {
        create(&server, &admin.caller, "once", other).await.problem(422, "idempotency_key_reused");
    }
    assert_eq!(count(&server, &admin, "").await, 1);
    create(&server, &admin.caller, "twice", api_key("other")).await.expect(201);
    // Without a key, each request is one of its own.
    server.post(&admin.caller, "/v1/credentials", api_key("other")).await.expect(201);
    server.post(&admin.caller, "/v1/credentials", api_key("other")).await.expect(201);
    assert_eq!(count(&server, &admin, "other").await, 3);
}

#[tokio::test]
async fn a_key_belongs_to_its_caller() {
    let server = TestServer::start().await;
    let admin = server.set_up(&["keyward"]).await;
    let (_, other) = server.member(&admin, "grace@example.com", true).await;
    let first = create(&server, &admin.caller, "once", api_key("shop")).await.expect(201);
    let second = create(&server, &other, "once", api_key("shop")).await.expect(201);
    assert_ne!(first.id("/credential/id"), second.id("/credential/id"));
    create(&server, &other, "once", api_key("theirs")).await.problem(422, "idempotency_key_reused");
    // It is the person's, not the session's.
    let again = server.sign_in("admin@example.com").await;
    let replayed = create(&server, &again, "once", api_key("shop")).await.expect(200);
    assert_eq!(replayed.id("/credential/id"), first.id("/credential/id"));
}

#[tokio::test]
async fn an_organization_is_created_once() {
    let server = TestServer::start().await;
    let admin = server.set_up(&["keyward"]).await;
    let create = async |body: &Value| {
        let key = [("idempotency-key", "once")];
        server.send(&admin.caller, Method::POST, "/v1/organizations", Some(body.clone()), &key).await
    };
    let wanted = json!({ "name": "Globex", "super_admin": "hank@example.com" });
    let first = create(&wanted).await.expect(201);
    let token = first.id("/invitation/token");
    let again = create(&wanted).await.expect(200);
    assert_eq!(again.body["organization"], first.body["organization"]);
    assert!(again.body.get("invitation").is_none() && !again.text.contains(&token), "{}", again.text);
    for other in [
        json!({ "name": "Initech", "super_admin": "hank@example.com" }),
        json!({ "name": "Globex", "super_admin": "peter@example.com" }),
        json!({ "name": "Globex", "super_admin": "hank@example.com", "profiles": ["keyward", "gigya"] }),
    ] {
        create(&other).await.problem(422, "idempotency_key_reused");
    }
    // Nor does a key serve for two sorts of things.
    let key = self::create(&server, &admin.caller, "once", api_key("shop")).await;
    key.problem(422, "idempotency_key_reused");
    let listed = server.get(&admin.caller, "/v1/organizations?name=Globex").await.expect(200);
    assert_eq!(listed.body["items"].as_array().unwrap().len(), 1);
    // The invitation of the one that was made is good.
    let accept = json!({ "token": token, "name": "Hank", "password": PASSWORD });
    let accepted = server.post(&As::Anonymous, "/v1/invitations/accept", accept).await.expect(201);
    assert_eq!(accepted.id("/organization"), first.id("/organization/id"));
}

#[tokio::test]
async fn what_was_refused_is_not_remembered() {
    let server = TestServer::start().await;
    let admin = server.set_up(&["keyward"]).await;
    let body = json!({ "kind": "keyward/api", "name": "shop", "roles": [{ "role": "Later" }] });
    create(&server, &admin.caller, "once", body.clone()).await.problem(422, "unknown_role");
    server.role(&admin, "Later", &["items:read"]).await;
    create(&server, &admin.caller, "once", body.clone()).await.expect(201);
    create(&server, &admin.caller, "once", body).await.expect(200);
}

#[tokio::test]
async fn a_replay_shows_the_credential_as_it_is_now_and_gives_nothing_to_who_lost_the_right() {
    let server = TestServer::start().await;
    let admin = server.set_up(&["keyward"]).await;
    let (user, member) = server.member(&admin, "grace@example.com", false).await;
    let grant = server.grant(&admin, &user, "Admin", &admin.organization).await;
    let first = create(&server, &member, "once", api_key("shop")).await.expect(201);
    let path = format!("/v1/credentials/{}/revoke", first.id("/credential/id"));
    server.post(&admin.caller, &path, json!({})).await.expect(200);
    let again = create(&server, &member, "once", api_key("shop")).await.expect(200);
    assert_eq!((&again.body["credential"]["state"], &again.body["secret"]), (&json!("revoked"), &Value::Null));

    server.delete(&admin.caller, &format!("/v1/grants/{grant}")).await.expect(200);
    let refused = create(&server, &member, "once", api_key("shop")).await;
    assert_eq!(refused.status, 403, "{}", refused.text);
    assert_eq!(refused.body.get("credential"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_make_one() {
    let server = Arc::new(TestServer::start().await);
    let admin = server.set_up(&["keyward"]).await;
    let creators: Vec<_> = (0..30)
        .map(|_| {
            let (server, by) = (Arc::clone(&server), admin.caller.clone());
            tokio::spawn(async move { create(&server, &by, "once", api_key("shop")).await })
        })
        .collect();
    let mut created = 0;
    let mut ids = std::collections::BTreeSet::new();
    for creator in creators {
        let reply = creator.await.unwrap();
        assert!([200, 201].contains(&reply.status), "{}", reply.text);
        assert_eq!(reply.status == 201, reply.body["secret"].is_object(), "{}", reply.text);
        created += u32::from(reply.status == 201);
        ids.insert(reply.id("/credential/id"));
    }
    assert_eq!((created, ids.len()), (1, 1));
    assert_eq!(count(&server, &admin, "shop").await, 1);
    // The audit log has the one creation, and says of the others what they were.
    let audit = server.get(&admin.caller, "/v1/audit?operation=credentials.create&limit=200").await.expect(200);
    let entries = audit.body["items"].as_array().unwrap();
    let replays = entries.iter().filter(|entry| entry["details"]["replayed"] == true).count();
    assert_eq!((entries.len(), replays), (30, 29));
}
