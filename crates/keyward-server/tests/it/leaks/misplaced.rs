//! Secrets sent where they do not belong: people and programs do all of this.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::story::Story;
use crate::harness::{As, PASSWORD, Reply};

/// Sends every secret there is to every wrong place.
pub(crate) async fn everywhere(story: &mut Story) {
    for secret in &story.samples.clone() {
        in_the_target(story, secret).await;
        in_headers(story, secret).await;
        in_other_bodies(story, secret).await;
        in_wrong_fields(story, secret).await;
    }
}

async fn in_the_target(story: &mut Story, secret: &str) {
    let admin = story.admin();
    for by in [As::Anonymous, admin] {
        for path in [
            format!("/v1/credentials?token={secret}"),
            format!("/v1/credentials?{secret}=1"),
            format!("/v1/credentials?name={secret}&name={secret}"),
            format!("/v1/credentials?cursor={secret}"),
            format!("/v1/credentials?kind={secret}"),
            format!("/v1/credentials?owner={secret}"),
            format!("/v1/credentials?created_by={secret}"),
            format!("/v1/grants?holder={secret}"),
            format!("/v1/users?limit={secret}"),
            format!("/v1/users?state={secret}"),
            format!("/v1/audit?since={secret}"),
            format!("/v1/audit?target={secret}"),
            format!("/v1/changes?after={secret}"),
            format!("/v1/profiles/{secret}"),
            format!("/v1/credentials/{secret}"),
            format!("/v1/users/{secret}"),
            format!("/v1/apps/{secret}"),
            format!("/v1/{secret}"),
            format!("/{secret}"),
            format!("/setup?token={secret}"),
            format!("/docs/{secret}"),
        ] {
            story.ask(&by, "GET", &path, None).await;
        }
        story.ask(&by, "POST", &format!("/v1/credentials/{secret}/revoke"), None).await;
        story.ask(&by, "DELETE", &format!("/v1/sessions/{secret}"), None).await;
        story.ask(&by, "PUT", &format!("/v1/usergroups/{secret}/members/{secret}"), None).await;
        let profile = json!({ "text": "name = \"other\"" });
        story.ask(&by, "PUT", &format!("/v1/profiles/{secret}"), Some(profile)).await;
        story.ask(&by, secret, "/v1/credentials", None).await;
    }
}

async fn in_headers(story: &mut Story, secret: &str) {
    let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
    let authorizations = [
        secret.to_owned(),
        format!("Bearer {secret} {secret}"),
        format!("Token {secret}"),
        format!("Digest {secret}"),
        format!("Basic {secret}"),
        basic(secret),
        basic(&format!("{secret}:")),
        basic(&format!(":{secret}")),
        basic(&format!("{secret}:{secret}")),
        basic(&format!("ada@example.com:{secret}")),
    ];
    for value in &authorizations {
        story.ask_with(&As::Anonymous, "GET", "/v1/credentials", None, &[("authorization", value)]).await;
    }
    let twice = [("x-api-key", secret)];
    story.ask_with(&As::Bearer(secret.to_owned()), "GET", "/v1/credentials", None, &twice).await;
    let admin = story.admin();
    for name in [
        "cookie",
        "content-type",
        "accept",
        "user-agent",
        "referer",
        "forwarded",
        "x-forwarded-for",
        "x-forwarded-proto",
        "x-request-id",
        "x-token",
        "keyward-organization",
        "keyward-request-id",
        "if-match",
        "host",
    ] {
        let body = Some(json!({ "name": "Renamed" }));
        story.ask_with(&admin, "POST", "/v1/apps", body, &[(name, secret)]).await;
    }
}

/// As other programs write bodies.
async fn in_other_bodies(story: &mut Story, secret: &str) {
    let form = format!("token={secret}&credential={secret}");
    let multipart = format!("--b\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\n{secret}\r\n--b--\r\n");
    let bodies = [
        ("application/x-www-form-urlencoded", form.clone()),
        ("multipart/form-data; boundary=b", multipart),
        ("text/plain", secret.to_owned()),
        ("application/json", secret.to_owned()),
        ("application/json", format!("\"{secret}\"")),
        ("application/json", format!("[\"{secret}\"]")),
        ("application/json", format!("{{\"credential\": \"{secret}\"")),
        ("application/json", format!("{{\"credential\": \"{secret}\" \"{secret}\"}}")),
        ("application/json", format!("{{\"{secret}\": 1}}")),
        ("application/json", format!("{{\"{secret}\": 1, \"{secret}\": 2}}")),
        ("application/json", format!("{{\"credential\": {{\"{secret}\": \"{secret}\"}}}}")),
    ];
    let admin = story.admin();
    for path in ["/v1/verify", "/v1/sessions", "/v1/setup", "/v1/credentials", "/v1/roles", "/access/v1/evaluation"] {
        for (content_type, body) in &bodies {
            let reply = raw(story, &admin, path, content_type, body).await;
            story.keep(format!("POST {path} as {content_type}"), reply);
        }
    }
    // The form shows again what was typed, the set-up token too; but no password.
    let typed =
        format!("token=x&email=ada%40example.com&name=Ada&password={secret}&organization=Acme&profiles=keyward");
    let reply = raw(story, &As::Anonymous, "/setup", "application/x-www-form-urlencoded", &typed).await;
    story.keep("POST /setup".to_owned(), reply);
}

async fn in_wrong_fields(story: &mut Story, secret: &str) {
    let admin = story.admin();
    for (path, body) in fields(secret) {
        let reply = story.ask(&admin, "POST", path, Some(body.clone())).await;
        assert!(reply.status >= 400 || path.contains("verify"), "{path} took {body}: {}", reply.text);
    }
    let profile = json!({ "text": format!("name = \"{secret}\"\n{secret} = \"{secret}\"\n[{secret}") });
    story.ask(&admin, "PUT", "/v1/profiles/keyward", Some(profile)).await;
    let profile = json!({ "text": format!("name = \"{secret}\"\nversion = \"{secret}\"\n{secret} = \"{secret}\"\n") });
    story.ask(&admin, "PUT", "/v1/profiles/keyward", Some(profile)).await;
}

/// Bodies that are refused, each with the secret in one field of a request.
fn fields(secret: &str) -> Vec<(&'static str, Value)> {
    let key = |field: &str, value: Value| {
        let mut body = json!({ "kind": "keyward/api", "name": "Key", "roles": [{ "role": "Viewer" }] });
        body[field] = value;
        ("/v1/credentials", body)
    };
    let grant = |field: &str| {
        let mut body = json!({ "holder": "usr_00000000000000000000000001", "role": "Viewer" });
        body[field] = secret.into();
        ("/v1/grants", body)
    };
    let evaluation = |pointer: &str| {
        let mut body = json!({
            "subject": { "type": "credential", "id": "x", "properties": { "credential": "x" } },
            "action": { "name": "items:read" },
            "resource": { "type": "organization", "id": "org_00000000000000000000000001" },
            "context": { "carrier": "bearer" },
        });
        *body.pointer_mut(pointer).unwrap() = secret.into();
        ("/access/v1/evaluation", body)
    };
    let question = |field: &str, value: Value| {
        let mut body = json!({ "credential": "x" });
        body[field] = value;
        ("/v1/verify", body)
    };
    vec![
        key("kind", secret.into()),
        key("kind", format!("keyward/{secret}").into()),
        key("namespace", secret.into()),
        key("owner", secret.into()),
        key("expires_at", secret.into()),
        key("sources", json!([secret])),
        key("roles", json!([{ "role": secret }])),
        key("roles", json!([{ "role": "Viewer", "namespace": secret }])),
        key("roles", secret.into()),
        key("secret", secret.into()),
        key("key_pair", secret.into()),
        grant("holder"),
        grant("role"),
        grant("namespace"),
        evaluation("/subject/type"),
        evaluation("/action/name"),
        evaluation("/resource/type"),
        evaluation("/resource/id"),
        evaluation("/context/carrier"),
        question("permission", secret.into()),
        question("namespace", secret.into()),
        question("source", secret.into()),
        question("carrier", secret.into()),
        question("explain", secret.into()),
        question("credential_id", secret.into()),
        question("id", secret.into()),
        ("/v1/roles", json!({ "name": "Role", "patterns": [secret] })),
        ("/v1/roles", json!({ "name": format!("Role\u{7}{secret}"), "patterns": [] })),
        ("/v1/workspaces", json!({ "name": "Workspace", "app": secret })),
        ("/v1/users", json!({ "email": secret })),
        ("/v1/users", json!({ "email": "eve@example.com", "roles": [{ "role": secret }] })),
        ("/v1/users", json!({ "email": "eve@example.com", "super_admin": secret })),
        ("/v1/organizations", json!({ "name": "Second", "profiles": [secret], "super_admin": "eve@example.com" })),
        ("/v1/organizations", json!({ "name": "Second", "super_admin": secret })),
        ("/v1/credentials/import", json!({ "public_id": secret, "namespace": "app_00000000000000000000000001" })),
        ("/v1/sessions", json!({ "email": secret, "password": PASSWORD })),
        ("/v1/sessions", json!({ "email": "ada@example.com", "token": secret })),
        ("/v1/sessions", json!({ "email": "ada@example.com", "password": [secret] })),
        ("/v1/invitations/accept", json!({ "token": secret, "name": "Eve", "password": PASSWORD })),
        ("/v1/setup", json!({ "token": secret, "email": secret, "name": "Eve", "password": PASSWORD })),
    ]
}

async fn raw(story: &Story, by: &As, path: &str, content_type: &str, body: &str) -> Reply {
    let mut request = story.server.http.post(format!("{}{path}", story.server.url));
    if let As::Bearer(token) = by {
        request = request.bearer_auth(token);
    }
    // As the console's own pages send forms; programs send no such header, and no other surface looks at it.
    let request =
        request.header("content-type", content_type).header("sec-fetch-site", "same-origin").body(body.to_owned());
    Reply::read(request.send().await.unwrap()).await
}
