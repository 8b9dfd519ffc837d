//! Introspection (RFC 7662), line by line.

use reqwest::Method;
use serde_json::{Value, json};

use super::{FORM, Refused as _, World, basic, unkept};
use crate::harness::{As, PASSWORD, Reply};

const INTROSPECT: &str = "/oauth2/introspect";

impl World {
    /// A key of a service that may ask.
    async fn service(&self) -> String {
        let body = json!({ "kind": "keyward/service", "name": "Gateway", "roles": [{ "role": "Verifier" }] });
        self.server.credential(&self.admin.caller, body).await.1
    }

    async fn introspected(&self, by: &str, token: &str) -> Reply {
        self.asked(&[("authorization", &format!("Bearer {by}"))], &format!("token={token}")).await
    }

    async fn asked(&self, headers: &[(&str, &str)], body: &str) -> Reply {
        self.send(Method::POST, INTROSPECT, headers, Some(FORM), body).await
    }
}

#[tokio::test]
async fn a_token_is_described() {
    let world = World::start().await;
    let service = world.service().await;
    let token = world.exchanged("&scope=items:read").await.id("/access_token");
    let reply = world.introspected(&service, &token).await.expect(200);
    unkept(&reply);
    let Value::Object(mut active) = reply.body.clone() else { panic!("{}", reply.text) };
    let (exp, iat) = (active.remove("exp").unwrap().as_i64().unwrap(), active.remove("iat").unwrap().as_i64().unwrap());
    assert_eq!(exp - iat, 3600);
    let expected = json!({
        "active": true, "client_id": world.id, "sub": world.credential, "scope": "items:read", "token_type": "Bearer",
        "keyward": {
            "kind": "keyward/oauth", "organization": world.admin.organization, "namespace": world.admin.organization,
        },
    });
    let without_owner = |mut value: Value| {
        value["keyward"].as_object_mut().unwrap().remove("owner");
        value
    };
    assert_eq!(without_owner(active.into()), expected);
    // One that was not narrowed has no scope, and a key that is used as it is describes itself too.
    let whole = world.exchanged("").await.id("/access_token");
    assert!(world.introspected(&service, &whole).await.expect(200).body.get("scope").is_none());
    let direct = world.introspected(&service, &service).await.expect(200);
    assert_eq!((&direct.body["active"], &direct.body["keyward"]["kind"]), (&json!(true), &json!("keyward/service")));
    // A hint, right or wrong, changes nothing.
    let bearer = format!("Bearer {service}");
    for hint in ["access_token", "refresh_token", "nonsense"] {
        let body = format!("token={token}&token_type_hint={hint}");
        assert_eq!(world.asked(&[("authorization", &*bearer)], &body).await.expect(200).body["active"], true);
    }
}

#[tokio::test]
async fn whatever_is_wrong_with_a_token_it_is_not_active_and_nothing_else() {
    let world = World::start().await;
    let service = world.service().await;
    let token = world.exchanged("").await.id("/access_token");
    let inactive = async |token: &str| {
        let reply = world.introspected(&service, token).await.expect(200);
        assert_eq!(reply.text, r#"{"active":false}"#, "{token}");
        unkept(&reply);
    };
    let changed = format!("{}{}", &token[..token.len() - 1], if token.ends_with('A') { "B" } else { "A" });
    let key = format!("kwa_{}", "a".repeat(65));
    for none in ["nonsense", "kwat_", "kwat_AAAA", &changed, &key, &world.secret, &world.id, "%00", "%F0%9F%94%91"] {
        inactive(none).await;
    }
    // Another organization's.
    let body = json!({ "name": "Other", "profiles": ["keyward"], "super_admin": "olga@example.com" });
    let other = world.server.post(&world.admin.caller, "/v1/organizations", body).await.expect(201);
    let accept = json!({ "token": other.id("/invitation/token"), "name": "Olga", "password": PASSWORD });
    world.server.post(&As::Anonymous, "/v1/invitations/accept", accept).await.expect(201);
    let olga = world.server.sign_in("olga@example.com").await;
    let body = json!({ "kind": "keyward/oauth", "name": "Theirs", "roles": [{ "role": "Viewer" }] });
    let made = world.server.post(&olga, "/v1/credentials", body).await.expect(201);
    let header = basic(&made.id("/credential/public_id"), &made.id("/secret/client_secret"));
    let theirs = world.ask(Some(&header), super::GRANT).await.expect(200).id("/access_token");
    inactive(&theirs).await;
    world.whoami(&theirs).await.expect(200);
    // Those that were good.
    assert_eq!(world.introspected(&service, &token).await.expect(200).body["active"], true);
    let path = format!("/v1/credentials/{}", world.credential);
    world.server.post(&world.admin.caller, &format!("{path}/disable"), json!({})).await.expect(200);
    inactive(&token).await;
    world.server.post(&world.admin.caller, &format!("{path}/enable"), json!({})).await.expect(200);
    world.server.post(&world.admin.caller, &format!("{path}/revoke"), json!({})).await.expect(200);
    inactive(&token).await;
}

#[tokio::test]
async fn only_who_may_verify_asks() {
    let world = World::start().await;
    let service = world.service().await;
    let token = world.exchanged("").await.id("/access_token");
    let body = format!("token={token}");
    // As bearer token, and as an OAuth client, which authenticates as it does for a token.
    let client = json!({ "kind": "keyward/oauth", "name": "Gateway", "roles": [{ "role": "Verifier" }] });
    let made = world.server.post(&world.admin.caller, "/v1/credentials", client).await.expect(201);
    let (id, secret) = (made.id("/credential/public_id"), made.id("/secret/client_secret"));
    let narrowed = format!("{}&scope=credentials:verify", super::GRANT);
    let its_token = world.ask(Some(&basic(&id, &secret)), &narrowed).await.expect(200).id("/access_token");
    for (name, value) in [
        ("authorization", format!("Bearer {service}")),
        ("authorization", format!("bearer {its_token}")),
        ("authorization", basic(&id, &secret)),
    ] {
        assert_eq!(world.asked(&[(name, &*value)], &body).await.expect(200).body["active"], true, "{name} {value}");
    }
    let in_body = format!("{body}&client_id={id}&client_secret={secret}");
    assert_eq!(world.asked(&[], &in_body).await.expect(200).body["active"], true);

    // Twins: nobody, somebody who is none, and two at once.
    let refused = world.asked(&[], &body).await.refused(401, "invalid_client");
    assert!(!refused.headers.contains_key("www-authenticate"));
    let refused = world.asked(&[("authorization", &basic(&id, &service))], &body).await;
    assert_eq!(refused.refused(401, "invalid_client").headers["www-authenticate"], "Basic realm=\"oauth2\"");
    let refused = world.asked(&[("authorization", &format!("Bearer {service}x"))], &body).await;
    let refused = refused.refused(401, "invalid_client");
    assert_eq!(refused.headers["www-authenticate"], "Bearer error=\"invalid_token\"");
    world.asked(&[("x-api-key", &service)], &body).await.refused(401, "invalid_client");
    let both = [("authorization", &*format!("Bearer {service}")), ("x-api-key", &*service)];
    world.asked(&both, &body).await.refused(401, "invalid_client");
    let As::Bearer(session) = &world.admin.caller else { panic!("signed in") };
    world.introspected(session, &token).await.refused(401, "invalid_client");
    // Who is known and may not, also with a token that was narrowed to something else.
    world.introspected(&token, &token).await.refused(403, "insufficient_scope");
    world.asked(&[("authorization", &world.basic())], &body).await.refused(403, "insufficient_scope");
    let wide =
        json!({ "kind": "keyward/oauth", "name": "Both", "roles": [{ "role": "Verifier" }, { "role": "Viewer" }] });
    let made = world.server.post(&world.admin.caller, "/v1/credentials", wide).await.expect(201);
    let header = basic(&made.id("/credential/public_id"), &made.id("/secret/client_secret"));
    let narrowed = format!("{}&scope=items:read", super::GRANT);
    let narrowed = world.ask(Some(&header), &narrowed).await.expect(200).id("/access_token");
    world.introspected(&narrowed, &token).await.refused(403, "insufficient_scope");
}

#[tokio::test]
async fn a_question_is_a_form_with_one_token() {
    let world = World::start().await;
    let service = world.service().await;
    let bearer = format!("Bearer {service}");
    let headers = [("authorization", &*bearer)];
    for body in ["", "token=", "token_type_hint=access_token", "token=a&token=b", "token=%"] {
        world.asked(&headers, body).await.refused(400, "invalid_request");
    }
    let token = format!("token={}", world.exchanged("").await.id("/access_token"));
    let json = Some("application/json");
    world.send(Method::POST, INTROSPECT, &headers, json, &token).await.refused(400, "invalid_request");
    let in_query = format!("{INTROSPECT}?{token}");
    world.send(Method::POST, &in_query, &headers, Some(FORM), "").await.refused(400, "invalid_request");
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let refused = world.send(method, &in_query, &headers, Some(FORM), &token).await;
        assert_eq!(refused.refused(405, "invalid_request").headers["allow"], "POST");
    }
    let large = format!("token={}", "a".repeat(64 * 1024));
    world.asked(&headers, &large).await.refused(413, "invalid_request");
}
