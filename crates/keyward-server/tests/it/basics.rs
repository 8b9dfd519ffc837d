//! The life of a credential, from set-up to revocation.

use serde_json::json;

use crate::harness::{As, TestServer};

#[tokio::test]
async fn a_key_is_created_used_refused_rotated_and_revoked() {
    let server = TestServer::start().await;
    let admin = server.set_up(&["keyward"]).await;
    let (_, workspace) = server.places(&admin, "Shop").await;
    server.role(&admin, "Item reader", &["items:read"]).await;
    let (_, verifier) = server
        .credential(
            &admin.caller,
            json!({ "kind": "keyward/service", "name": "gateway", "roles": [{ "role": "Verifier" }] }),
        )
        .await;
    let verifier = As::Bearer(verifier);
    let body = json!({
        "kind": "keyward/api", "name": "shop", "namespace": workspace, "roles": [{ "role": "Item reader" }],
    });
    let created = server.post(&admin.caller, "/v1/credentials", body).await.expect(201);
    let (id, token) = (created.id("/credential/id"), created.id("/secret/token"));

    let ask = |token: &str, permission: &str, namespace: &str| {
        let body = json!({ "credential": token, "permission": permission, "namespace": namespace });
        let (server, verifier) = (&server, &verifier);
        async move { server.post(verifier, "/v1/verify", body).await.expect(200).body }
    };
    let allowed = ask(&token, "items:read", &workspace).await;
    assert_eq!(allowed["allowed"], true, "{allowed}");
    assert_eq!(allowed["credential"]["id"], *id);
    assert_eq!(ask(&token, "items:write", &workspace).await["reason"], "not_granted");
    assert_eq!(ask(&token, "items:read", &admin.organization).await["reason"], "not_granted");

    let rotated = server
        .post(&admin.caller, &format!("/v1/credentials/{id}/rotate"), json!({ "confirm": true }))
        .await
        .expect(200);
    let newer = rotated.id("/secret/token");
    assert_eq!(ask(&token, "items:read", &workspace).await["reason"], "unknown");
    assert_eq!(ask(&newer, "items:read", &workspace).await["allowed"], true);

    let revoked = server.post(&admin.caller, &format!("/v1/credentials/{id}/revoke"), json!({})).await.expect(200);
    assert_eq!(revoked.body["receipt"]["confirmed"], true);
    let refused = ask(&newer, "items:read", &workspace).await;
    assert_eq!((&refused["allowed"], &refused["reason"]), (&json!(false), &json!("revoked")));
}

#[tokio::test]
async fn operators_alone_read_the_log_of_the_deployment() {
    let server = TestServer::start().await;
    let admin = server.set_up(&["keyward"]).await;
    let (_, member) = server.member(&admin, "super@example.com", true).await;
    let log = server.get(&admin.caller, "/v1/audit?log=deployment").await.expect(200);
    let operations: Vec<&str> =
        log.body["items"].as_array().unwrap().iter().map(|entry| entry["operation"].as_str().unwrap()).collect();
    assert!(operations.contains(&"setup.create") && operations.contains(&"sessions.create"), "{operations:?}");
    let own = server.get(&admin.caller, "/v1/audit").await.expect(200);
    assert!(!own.text.contains("setup.create"), "{}", own.text);
    let verified = server.get(&admin.caller, "/v1/audit/verification?log=deployment").await.expect(200);
    assert_eq!(verified.body["intact"], true);
    server.get(&member, "/v1/audit?log=deployment").await.problem(403, "operator_required");
    server.get(&member, "/v1/audit/verification?log=deployment").await.problem(403, "operator_required");
}
