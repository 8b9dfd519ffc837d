//! What is wrong with a request is said by its own code, with what to do about it; and nothing makes the server fail.

use keyward_api::limits;
use keyward_api::operations::{self, Method as Verb};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::{Admin, As, PASSWORD, Reply, TestServer};

/// A node with something of everything to be wrong about.
struct Place {
    server: TestServer,
    admin: Admin,
    app: String,
    workspace: String,
    role: String,
    credential: String,
    token: String,
}

impl Place {
    async fn start() -> Self {
        let server = TestServer::start().await;
        let admin = server.set_up(&["keyward"]).await;
        let (app, workspace) = server.places(&admin, "Shop").await;
        let role = server.role(&admin, "Reader", &["items:read"]).await;
        let (credential, token) = server.credential(&admin.caller, api_key("shop")).await;
        Self { server, admin, app, workspace, role, credential, token }
    }

    /// A request whose body is these bytes.
    async fn bytes(&self, method: Method, path: &str, content_type: Option<&str>, body: impl Into<Vec<u8>>) -> Reply {
        let As::Bearer(session) = &self.admin.caller else { panic!("an admin is signed in") };
        let request = self.server.http.request(method, format!("{}{path}", self.server.url)).bearer_auth(session);
        let request = match content_type {
            Some(content_type) => request.header("content-type", content_type),
            None => request,
        };
        Reply::read(request.body(body.into()).send().await.unwrap()).await
    }

    /// A body of a new credential that is wrong in one way: the code, and where.
    async fn wrong(&self, path: &str, body: &str, code: &str, pointer: &str) {
        let reply = self.bytes(Method::POST, path, Some("application/json"), body).await;
        let status = if code.starts_with("unknown_") && code != "unknown_field" { 422 } else { 400 };
        let reply = reply.problem(status, code);
        says_what_to_do(&reply);
        assert_eq!(reply.body["errors"][0]["pointer"], pointer, "{body}: {}", reply.text);
    }

    async fn verify(&self, body: Value) -> Value {
        self.server.post(&self.admin.caller, "/v1/verify", body).await.expect(200).body
    }
}

fn api_key(name: &str) -> Value {
    json!({ "kind": "keyward/api", "name": name, "roles": [{ "role": "Viewer" }] })
}

/// A problem has a title and a sentence for people.
#[track_caller]
fn says_what_to_do(reply: &Reply) {
    let text = |field: &str| reply.body[field].as_str().map(str::len).unwrap_or_default();
    assert!(text("title") > 3 && text("detail") > 15, "{}", reply.text);
}

#[tokio::test]
async fn junk_is_refused_before_any_look_up() {
    let place = Place::start().await;
    let token = &place.token;
    let mut turned = token.clone().into_bytes();
    turned.swap(30, 31);
    let junk = [
        String::new(),
        "a".to_owned(),
        token[..token.len() - 1].to_owned(),
        format!("{token}0"),
        format!("{}\0", &token[..token.len() - 1]),
        token.replace(&token[10..11], "-"),
        token.replace(&token[10..11], "é"),
        format!("{token}\n"),
        format!(" {token}"),
        token.to_lowercase(),
        format!("{token}_{token}"),
        "kwa_".repeat(2_000),
        "\u{202e}\u{0}🔑".to_owned(),
    ];
    for key in &junk {
        let answer = place.verify(json!({ "credential": key, "explain": true })).await;
        assert_eq!((&answer["allowed"], &answer["reason"]), (&json!(false), &json!("malformed")), "{key:?}: {answer}");
        let checks = answer["explanation"]["checks"].as_array().unwrap();
        let outcomes: Vec<_> = checks.iter().map(|check| check["outcome"].as_str().unwrap()).collect();
        assert_eq!((outcomes[0], checks[0]["check"].as_str()), ("failed", Some("well_formed")), "{key:?}");
        assert!(outcomes[1..].iter().all(|outcome| *outcome == "skipped"), "{key:?}: {answer}");
    }
    // Of the right form, and unknown: made by another node.
    let elsewhere = Place::start().await;
    let answer = place.verify(json!({ "credential": elsewhere.token })).await;
    assert_eq!(answer["reason"], "unknown");
}

#[tokio::test]
async fn junk_as_the_callers_own_credential_is_401() {
    let place = Place::start().await;
    let path = "/v1/sessions/current";
    for junk in ["x", &place.token[1..], "kwses_x", "kwinv_x", "ééééé", &"k".repeat(4_000)] {
        for name in ["authorization", "x-api-key"] {
            let value = if name == "authorization" { format!("Bearer {junk}") } else { junk.to_owned() };
            let reply = place.server.send(&As::Anonymous, Method::GET, path, None, &[(name, &value)]).await;
            assert_eq!(reply.status, 401, "{junk}: {}", reply.text);
            assert!(!reply.text.contains(junk) || junk == "x", "{}", reply.text);
            says_what_to_do(&reply);
        }
    }
    for authorization in ["Bearer", "Basic !", "Basic YWJj", "Digest x", "x"] {
        let headers = [("authorization", authorization)];
        let reply = place.server.send(&As::Anonymous, Method::GET, path, None, &headers).await;
        let reply = reply.problem(401, "invalid_credential");
        assert_eq!(reply.headers["www-authenticate"], "Bearer error=\"invalid_token\"");
    }
    let reply = place.server.get(&As::Anonymous, path).await.problem(401, "unauthenticated");
    assert_eq!(reply.headers["www-authenticate"], "Bearer");
}

#[tokio::test]
async fn two_credentials_in_one_request_are_one_too_many() {
    let place = Place::start().await;
    let bearer = format!("Bearer {}", place.token);
    let key = place.token.as_str();
    for headers in [
        [("authorization", bearer.as_str()), ("authorization", &bearer)],
        [("authorization", &bearer), ("x-api-key", key)],
        [("x-api-key", key), ("x-api-key", key)],
    ] {
        let reply = place.server.send(&As::Anonymous, Method::GET, "/v1/sessions/current", None, &headers).await;
        says_what_to_do(&reply.problem(400, "two_credentials"));
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_read_says_where() {
    let place = Place::start().await;
    let path = "/v1/credentials";
    for body in [
        "",
        "{",
        "nonsense",
        "{\"kind\": \"keyward/api\", \"name\": \"x\"}{}",
        "\u{feff}{}",
        "{\"kind\": \"keyward/api\",}",
        "{\"kind\"",
    ] {
        let reply = place.bytes(Method::POST, path, Some("application/json"), body).await;
        let reply = reply.problem(400, "malformed_json");
        assert!(reply.id("/detail").contains("line 1, column"), "{body}: {}", reply.text);
    }
    let latin1 = b"{\"kind\": \"keyward/api\", \"name\": \"caf\xe9\"}";
    let reply = place.bytes(Method::POST, path, Some("application/json"), latin1.to_vec()).await;
    reply.problem(400, "malformed_json");
    let deep = "[".repeat(20_000);
    place.bytes(Method::POST, path, Some("application/json"), deep).await.expect(400);

    let right = api_key("other").to_string();
    for content_type in [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("application/jsonx")]
    {
        let reply = place.bytes(Method::POST, path, content_type, right.clone()).await;
        says_what_to_do(&reply.problem(415, "wrong_content_type"));
    }
    let reply = place.bytes(Method::POST, path, Some("Application/JSON; charset=utf-8"), right).await;
    reply.expect(201);
}

#[tokio::test]
async fn a_field_that_is_wrong_is_named() {
    let place = Place::start().await;
    let path = "/v1/credentials";
    let with =
        |more: &str| format!(r#"{{"kind": "keyward/api", "name": "x", "roles": [{{"role": "Viewer"}}], {more}}}"#);
    place.wrong(path, &with(r#""colour": 1"#), "unknown_field", "/colour").await;
    place.wrong(path, &with(r#""name": "y""#), "duplicate_field", "/name").await;
    place.wrong(path, r#"{"name": "x"}"#, "missing_field", "/kind").await;
    place.wrong(path, r#"{"kind": "keyward/api", "name": "x", "roles": [{}]}"#, "missing_field", "/roles/0/role").await;
    place.wrong(path, r#"{"kind": 7, "name": "x"}"#, "invalid_value", "/kind").await;
    place.wrong(path, r#"{"kind": "keyward/api", "name": ["x"]}"#, "invalid_value", "/name").await;
    place.wrong(path, r#"{"kind": "keyward/api", "name": null}"#, "invalid_value", "/name").await;
    place.wrong(path, &with(r#""expires_at": "tomorrow""#), "invalid_value", "/expires_at").await;
    place.wrong(path, &with(r#""expires_at": "2030-01-01T00:00:00""#), "invalid_value", "/expires_at").await;
    place.wrong(path, &with(r#""sources": ["10.0.0.0/33"]"#), "invalid_value", "/sources/0").await;
    place.wrong(path, &with(r#""namespace": "ws_1""#), "invalid_value", "/namespace").await;
    place.wrong(path, &with(r#""owner": "cred_01""#), "invalid_value", "/owner").await;
    place.wrong(path, r#"{"kind": "keyward/nothing", "name": "x"}"#, "unknown_kind", "/kind").await;
    let role = r#"{"kind": "keyward/api", "name": "x", "roles": [{"role": "Nobody"}]}"#;
    place.wrong(path, role, "unknown_role", "/roles/0/role").await;
    place.wrong("/v1/roles", r#"{"name": "x", "patterns": ["items"]}"#, "invalid_value", "/patterns/0").await;
    place.wrong("/v1/apps", r#"{"name": ""}"#, "invalid_value", "/name").await;
    place.wrong("/v1/users", r#"{"email": "nobody"}"#, "invalid_value", "/email").await;
    for body in ["[]", "7", "null", "\"kind\""] {
        let reply = place.bytes(Method::POST, path, Some("application/json"), body).await;
        says_what_to_do(&reply.problem(400, "invalid_value"));
    }
    // A list of the values is not the object.
    place.wrong("/v1/apps", r#"["By place"]"#, "invalid_value", "").await;
    // A secret in the wrong field is not repeated.
    let secret = place.token.as_str();
    for body in
        [json!({ "credential": [secret] }), json!({ "credential": { "a": secret } }), json!({ "explain": secret })]
    {
        let reply = place.server.post(&place.admin.caller, "/v1/verify", body).await.problem(400, "invalid_value");
        assert!(!reply.text.contains(secret), "{}", reply.text);
    }
}

#[tokio::test]
async fn too_much_is_refused() {
    let place = Place::start().await;
    let admin = &place.admin.caller;
    let long = json!({ "name": "x".repeat(121) });
    let reply = place.server.post(admin, "/v1/apps", long).await.problem(400, "invalid_value");
    assert_eq!(reply.body["errors"][0]["pointer"], "/name");
    place.server.post(admin, "/v1/apps", json!({ "name": "é".repeat(120) })).await.expect(201);
    let patterns: Vec<_> = (0..501).map(|n| format!("items{n}:read")).collect();
    let reply = place.server.post(admin, "/v1/roles", json!({ "name": "Large", "patterns": patterns })).await;
    assert!((400..500).contains(&reply.status), "{}", reply.text);
    says_what_to_do(&reply);

    let filler = |bytes: usize| json!({ "name": "x".repeat(bytes) }).to_string();
    let reply = place.bytes(Method::POST, "/v1/apps", Some("application/json"), filler(limits::MAX_BODY_BYTES)).await;
    let reply = reply.problem(413, "body_too_large");
    assert!(reply.id("/detail").contains(&limits::MAX_BODY_BYTES.to_string()), "{}", reply.text);
    let batch = filler(limits::MAX_VERIFY_BODY_BYTES);
    let reply = place.bytes(Method::POST, "/v1/verify", Some("application/json"), batch).await;
    reply.problem(413, "body_too_large");
    let key = json!({ "credential": "k".repeat(1 << 20) }).to_string();
    let reply = place.bytes(Method::POST, "/v1/verify", Some("application/json"), key).await;
    assert_eq!(reply.status, 413, "{}", reply.text);
}

#[tokio::test]
async fn a_batch_holds_a_hundred() {
    let place = Place::start().await;
    let one = || json!({ "credential": place.token });
    let batch = |n: usize| Value::Array((0..n).map(|_| one()).collect());
    let admin = &place.admin.caller;
    let answers = place.server.post(admin, "/v1/verify", batch(100)).await.expect(200).body;
    let answers = answers.as_array().unwrap();
    assert_eq!(answers.len(), 100);
    assert!(answers.iter().all(|answer| answer["allowed"] == true));
    for n in [0, 101] {
        says_what_to_do(&place.server.post(admin, "/v1/verify", batch(n)).await.problem(400, "batch_too_large"));
    }
    let one_wrong = json!([one(), { "credential": place.token, "id": "x" }]);
    let reply = place.server.post(admin, "/v1/verify", one_wrong).await.problem(400, "invalid_value");
    assert_eq!(reply.body["errors"][0]["pointer"], "/1/credential");
}

#[tokio::test]
async fn a_question_names_one_credential_in_one_way() {
    let place = Place::start().await;
    let token = &place.token;
    for body in [
        json!({}),
        json!({ "id": "x" }),
        json!({ "secret": token }),
        json!({ "credential": token, "credential_id": place.credential, "explain": true }),
        json!({ "credential_id": place.credential }),
        json!({ "credential": token, "carrier": "pigeon" }),
        json!({ "credential": token, "carrier": "header:" }),
        json!({ "credential": token, "groups": vec!["g"; limits::MAX_GROUPS_PER_REQUEST + 1] }),
        json!({ "credential": token, "source": "10.0.0.0/8" }),
        json!({ "credential": token, "permission": "items" }),
        json!({ "credential": token, "permission": "items:*" }),
        json!({ "credential": token, "at_least": -1 }),
    ] {
        let reply = place.server.post(&place.admin.caller, "/v1/verify", body.clone()).await;
        assert_eq!(reply.status, 400, "{body}: {}", reply.text);
        says_what_to_do(&reply);
        assert!(!reply.text.contains(token), "{}", reply.text);
    }
}

#[tokio::test]
async fn pages_and_cursors_are_checked_on_every_list() {
    let place = Place::start().await;
    let lists = [
        "/v1/organizations",
        "/v1/apps",
        "/v1/workspaces",
        "/v1/usergroups",
        "/v1/users",
        "/v1/roles",
        "/v1/grants",
        "/v1/credentials",
        "/v1/sessions",
        "/v1/audit",
        "/v1/usage",
        "/v1/profiles",
    ];
    for list in lists {
        let get = async |query: &str| place.server.get(&place.admin.caller, &format!("{list}?{query}")).await;
        get("limit=200").await.expect(200);
        says_what_to_do(&get("limit=201").await.problem(400, "page_too_large"));
        for (query, code) in [
            ("limit=0", "invalid_value"),
            ("limit=-1", "invalid_value"),
            ("limit=many", "invalid_value"),
            ("limit=99999999999999999999", "invalid_value"),
            ("cursor=nonsense", "invalid_cursor"),
            ("cursor=", "invalid_cursor"),
            ("cursor=W10", "invalid_cursor"),
            ("cursor=WyIiLCIiLCIiLCIiXQ", "invalid_cursor"),
            ("colour=red", "unknown_field"),
            ("limit=1&limit=2", "duplicate_field"),
        ] {
            let reply = get(query).await;
            assert_eq!(
                (reply.status, reply.body["code"].as_str()),
                (400, Some(code)),
                "{list}?{query}: {}",
                reply.text
            );
            says_what_to_do(&reply);
        }
        let long = format!("cursor={}", "A".repeat(2_000));
        get(&long).await.problem(400, "invalid_cursor");
    }
    for (limit, status) in [(0, 400), (1_000, 200), (1_001, 400)] {
        let path = format!("/v1/changes?limit={limit}");
        place.server.get(&place.admin.caller, &path).await.expect(status);
    }
}

#[tokio::test]
async fn the_pages_of_a_list_hold_everything_once() {
    let place = Place::start().await;
    for n in 0..5 {
        place.server.post(&place.admin.caller, "/v1/apps", json!({ "name": format!("App {n}") })).await.expect(201);
    }
    let mut names = Vec::new();
    let mut path = "/v1/apps?limit=2".to_owned();
    loop {
        let page = place.server.get(&place.admin.caller, &path).await.expect(200);
        names.extend(page.body["items"].as_array().unwrap().iter().map(|app| app["name"].as_str().unwrap().to_owned()));
        let Some(next) = page.body["next"].as_str() else { break };
        path = format!("/v1/apps?limit=2&cursor={next}");
    }
    assert_eq!(names, ["App 0", "App 1", "App 2", "App 3", "App 4", "Shop"]);
}

#[tokio::test]
async fn ids_that_are_none_and_ids_of_nothing_are_told_apart() {
    let place = Place::start().await;
    let things = [
        ("/v1/credentials", &place.credential),
        ("/v1/apps", &place.app),
        ("/v1/workspaces", &place.workspace),
        ("/v1/roles", &place.role),
        ("/v1/users", &place.admin.user),
        ("/v1/organizations", &place.admin.organization),
    ];
    for (path, id) in things {
        let get = async |id: &str| place.server.get(&place.admin.caller, &format!("{path}/{id}")).await;
        get(id).await.expect(200);
        for malformed in ["x", "cred_", "1", "%00", "..%2f..", "%F0%9F%94%91", &id[..id.len() - 1], &format!("{id}0")] {
            let reply = get(malformed).await;
            assert_eq!(
                (reply.status, &reply.body["code"]),
                (400, &json!("invalid_id")),
                "{path}/{malformed}: {}",
                reply.text
            );
            says_what_to_do(&reply);
        }
        // It may be a secret in the wrong place.
        let reply = get("fgh12-jkm34").await.problem(400, "invalid_id");
        assert!(!reply.text.contains("fgh12"), "{}", reply.text);
        // Of the wrong type.
        let foreign = if id.starts_with("cred_") { &place.role } else { &place.credential };
        get(foreign).await.problem(400, "invalid_id");
        let reply = get(&nothing(id)).await;
        assert_eq!(reply.status, 404, "{path}: {}", reply.text);
        says_what_to_do(&reply.problem(404, "not_found"));
    }
    place.server.get(&place.admin.caller, "/v1/profiles/nothing").await.problem(404, "not_found");
}

#[tokio::test]
async fn what_belongs_to_another_organization_does_not_exist() {
    let place = Place::start().await;
    let (server, admin) = (&place.server, &place.admin);
    let body = json!({ "name": "Other", "profiles": ["keyward"], "super_admin": "olga@example.com" });
    let made = server.post(&admin.caller, "/v1/organizations", body).await.expect(201);
    let accept = json!({ "token": made.id("/invitation/token"), "name": "Olga", "password": PASSWORD });
    server.post(&As::Anonymous, "/v1/invitations/accept", accept).await.expect(201);
    let olga = server.sign_in("olga@example.com").await;
    for path in [
        format!("/v1/credentials/{}", place.credential),
        format!("/v1/apps/{}", place.app),
        format!("/v1/workspaces/{}", place.workspace),
        format!("/v1/roles/{}", place.role),
        format!("/v1/users/{}", admin.user),
        format!("/v1/organizations/{}", admin.organization),
    ] {
        server.get(&olga, &path).await.problem(404, "not_found");
    }
    let mut there = api_key("x");
    there["namespace"] = json!(place.app);
    let reply = server.post(&olga, "/v1/credentials", there).await;
    assert!([404, 422].contains(&reply.status), "{}", reply.text);
    let there = json!({ "kind": "keyward/api", "name": "x", "roles": [{ "role": place.role }] });
    server.post(&olga, "/v1/credentials", there).await.problem(422, "unknown_role");
    let grant = json!({ "holder": admin.user, "role": "Viewer", "namespace": made.id("/organization/id") });
    let reply = server.post(&olga, "/v1/grants", grant).await;
    assert!([404, 422].contains(&reply.status), "{}", reply.text);
    let named = [("keyward-organization", admin.organization.as_str())];
    let reply = server.send(&olga, Method::GET, "/v1/credentials", None, &named).await;
    reply.problem(404, "not_found");
    let answer = server.post(&olga, "/v1/verify", json!({ "credential": place.token })).await.expect(200);
    assert_eq!((&answer.body["reason"], answer.body.get("credential")), (&json!("unknown"), None));
    // A question about another organization's namespace.
    let (_, token) = server.credential(&olga, api_key("hers")).await;
    let body = json!({ "credential": token, "permission": "items:read", "namespace": place.app });
    let answer = server.post(&olga, "/v1/verify", body).await.expect(200);
    assert_eq!(answer.body["allowed"], false, "{}", answer.text);
}

#[tokio::test]
async fn an_edit_of_something_older_is_refused() {
    let place = Place::start().await;
    let credential = format!("/v1/credentials/{}", place.credential);
    let role = format!("/v1/roles/{}", place.role);
    let app = format!("/v1/apps/{}", place.app);
    for path in [&credential, &role, &app] {
        let edit = async |name: &str, tag: &str| {
            let body = json!({ "name": name });
            place.server.send(&place.admin.caller, Method::PATCH, path, Some(body), &[("if-match", tag)]).await
        };
        let read = place.server.get(&place.admin.caller, path).await.expect(200);
        let tag = read.headers["etag"].to_str().unwrap().to_owned();
        edit("First", &tag).await.expect(200);
        says_what_to_do(&edit("Second", &tag).await.problem(412, "stale_if_match"));
        edit("Third", "*").await.expect(200);
        for junk in ["", "x", "\"x\"", "\"1", "W/\"1\"", &format!("{tag}, {tag}")] {
            let reply = edit("Fourth", junk).await;
            assert_eq!((reply.status, &reply.body["code"]), (400, &json!("invalid_header")), "{junk}: {}", reply.text);
        }
        let after = place.server.get(&place.admin.caller, path).await.expect(200);
        assert_eq!(after.body["name"], "Third");
    }
}

#[tokio::test]
async fn headers_that_are_wrong_are_named() {
    let place = Place::start().await;
    let long = "k".repeat(limits::MAX_IDEMPOTENCY_KEY_CHARS + 1);
    let unknown = nothing(&place.admin.organization);
    for headers in [
        vec![("keyward-organization", "Acme")],
        vec![("keyward-organization", place.app.as_str())],
        vec![("keyward-organization", ""), ("keyward-organization", "")],
        vec![("keyward-organization", &place.admin.organization), ("keyward-organization", &place.admin.organization)],
        vec![("keyward-organization", "é")],
        vec![("idempotency-key", "")],
        vec![("idempotency-key", &long)],
        vec![("idempotency-key", "a"), ("idempotency-key", "a")],
        vec![("idempotency-key", "é")],
    ] {
        let body = Some(api_key("x"));
        let reply = place.server.send(&place.admin.caller, Method::POST, "/v1/credentials", body, &headers).await;
        let reply = reply.problem(400, "invalid_header");
        says_what_to_do(&reply);
        assert_eq!(reply.body["errors"][0]["pointer"], headers[0].0, "{}", reply.text);
    }
    let named = [("keyward-organization", unknown.as_str())];
    let reply = place.server.send(&place.admin.caller, Method::GET, "/v1/apps", None, &named).await;
    reply.problem(404, "not_found");
}

#[tokio::test]
async fn methods_and_paths_that_are_not_there() {
    let place = Place::start().await;
    let admin = &place.admin.caller;
    for (method, path) in [
        (Method::DELETE, "/v1/credentials"),
        (Method::PUT, "/v1/apps"),
        (Method::POST, "/v1/sessions/current"),
        (Method::GET, "/v1/verify"),
        (Method::PATCH, "/v1/setup"),
        (Method::TRACE, "/v1/apps"),
    ] {
        let reply = place.server.send(admin, method.clone(), path, None, &[]).await;
        let reply = reply.problem(405, "method_not_allowed");
        assert!(reply.headers.contains_key("allow"), "{method} {path}");
    }
    for path in
        ["/v1", "/v2/apps", "/v1/apps/", "/v1/credential", "//v1/apps", "/v1/../v1/apps/x/y", "/favicon.ico", "/%00"]
    {
        let reply = place.server.get(admin, path).await;
        assert_eq!(reply.status, 404, "{path}: {}", reply.text);
        says_what_to_do(&reply.problem(404, "not_found"));
    }
}

#[tokio::test]
async fn another_host_is_not_answered_here() {
    let place = Place::start().await;
    for (host, status) in [
        ("127.0.0.1", 200),
        ("localhost", 200),
        ("LOCALHOST:1", 200),
        ("keys.evil.example", 421),
        ("localhost.evil.example", 421),
        ("evil.example:80", 421),
    ] {
        let request = format!("GET /openapi.json HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        assert_eq!(raw(&place.server, request.as_bytes()).await, status, "{host}");
    }
    let absolute = "GET http://evil.example/openapi.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    assert_eq!(raw(&place.server, absolute.as_bytes()).await, 421);
}

#[tokio::test]
async fn what_is_no_http_is_refused_too() {
    let place = Place::start().await;
    let head = |more: &str| {
        format!("GET /v1/apps HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{more}\r\n").into_bytes()
    };
    let mut nul = head("X-API-Key: a?b\r\n");
    let at = nul.iter().position(|byte| *byte == b'?').unwrap();
    nul[at] = 0;
    let mut latin1 = head("X-API-Key: a?b\r\n");
    latin1[at] = 0xe9;
    for (request, status) in [
        (nul, 400),
        (latin1, 401),
        (head(&format!("X-API-Key: {}\r\n", "k".repeat(1 << 20))), 431),
        (head("Host: localhost\r\n"), 400),
        (b"GET /v1/apps HTTP/1.1\r\nConnection: close\r\n\r\n".to_vec(), 400),
        (b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\nConnection: close\r\n\r\n".to_vec(), 400),
        (head("Content-Length: 5\r\nContent-Length: 6\r\n"), 400),
        (b"NONSENSE\r\n\r\n".to_vec(), 400),
    ] {
        let shown = String::from_utf8_lossy(&request[..request.len().min(120)]).into_owned();
        assert_eq!(raw(&place.server, &request).await, status, "{shown}");
    }
    let target =
        format!("GET /v1/apps?name={} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "x".repeat(70_000));
    let status = raw(&place.server, target.as_bytes()).await;
    assert!([414, 431].contains(&status), "{status}");
    place.server.get(&place.admin.caller, "/v1/apps").await.expect(200);
}

#[tokio::test]
async fn names_are_kept_as_they_are_written() {
    let place = Place::start().await;
    let names = [
        "<script>alert(1)</script>",
        "'; DROP TABLE credentials; --",
        "متجر",
        "חנות",
        "👩‍🚀 rocket",
        "100%_sure\\",
        "{name} ${HOME} %s",
        "Straße",
    ];
    for name in names {
        let made = place.server.post(&place.admin.caller, "/v1/credentials", api_key(name)).await.expect(201);
        assert_eq!(made.body["credential"]["name"], name);
        let read = format!("/v1/credentials/{}", made.id("/credential/id"));
        assert_eq!(place.server.get(&place.admin.caller, &read).await.expect(200).body["name"], name);
        let search: String = form(name);
        let found = place.server.get(&place.admin.caller, &format!("/v1/credentials?name={search}")).await.expect(200);
        assert_eq!(found.body["items"][0]["name"], name, "{}", found.text);
        assert_eq!(found.body["items"].as_array().unwrap().len(), 1, "{name}");
        place.server.post(&place.admin.caller, "/v1/apps", json!({ "name": name })).await.expect(201);
    }
    for bad in ["a\0b", "a\nb", "a\u{202e}b", "a\u{2066}b", "a\u{200b}b", "a\u{7f}b", "a\u{feff}b", "\u{200f}"] {
        for (path, body) in [("/v1/credentials", api_key(bad)), ("/v1/apps", json!({ "name": bad }))] {
            let reply = place.server.post(&place.admin.caller, path, body).await.problem(400, "invalid_value");
            assert_eq!(reply.body["errors"][0]["pointer"], "/name", "{bad:?}");
            assert!(!reply.text.contains(bad), "{bad:?}: {}", reply.text);
        }
    }
    // What looks the same is the same.
    place.server.post(&place.admin.caller, "/v1/apps", json!({ "name": " Café " })).await.expect(201);
    let again = json!({ "name": "CAFE\u{301}" });
    place.server.post(&place.admin.caller, "/v1/apps", again).await.problem(409, "name_taken");
}

/// Random bodies for everything that takes one. Nothing of it makes the server fail, and everything refused is a problem.
#[tokio::test]
async fn no_body_makes_the_server_fail() {
    let place = Place::start().await;
    let mut random = Random(0x2545_F491_4F6C_DD1D);
    let takes_a_body = |verb| matches!(verb, Verb::Post | Verb::Patch | Verb::Put);
    for operation in operations::ALL.iter().filter(|operation| takes_a_body(operation.method)) {
        let method = Method::from_bytes(operation.method.as_str().as_bytes()).unwrap();
        for round in 0..20 {
            let path = place.path(operation.path, method == Method::PATCH);
            let body = match round % 4 {
                0 => random.bytes(),
                1 => random.json(0).to_string().into_bytes(),
                _ => random.fields().to_string().into_bytes(),
            };
            let shown = format!("{} {path} {}", operation.id, String::from_utf8_lossy(&body));
            let reply = place.bytes(method.clone(), &path, Some("application/json"), body).await;
            assert!(reply.status < 500, "{shown}: {} {}", reply.status, reply.text);
            if reply.status >= 400 {
                assert!(reply.body["code"].is_string(), "{shown}: {} {}", reply.status, reply.text);
                says_what_to_do(&reply);
            }
        }
    }
    place.server.get(&place.admin.caller, "/v1/credentials").await.expect(200);
}

impl Place {
    /// A path with ids in it: of things that are there, or of none.
    fn path(&self, template: &str, real: bool) -> String {
        let segment = |segment: &str| {
            let id = match segment {
                "{credential}" => &self.credential,
                "{app}" => &self.app,
                "{workspace}" => &self.workspace,
                "{role}" => &self.role,
                "{user}" => &self.admin.user,
                "{organization}" => &self.admin.organization,
                "{profile}" => return "keyward".to_owned(),
                "{session}" | "{grant}" | "{usergroup}" => return format!("{}_x", &segment[1..5]),
                other => return other.to_owned(),
            };
            if real { id.clone() } else { nothing(id) }
        };
        template.split('/').map(segment).collect::<Vec<_>>().join("/")
    }
}

/// The words that requests are made of.
const FIELDS: [&str; 24] = [
    "kind",
    "name",
    "namespace",
    "roles",
    "role",
    "owner",
    "expires_at",
    "sources",
    "key_pair",
    "email",
    "password",
    "token",
    "patterns",
    "holder",
    "app",
    "public_id",
    "credential",
    "id",
    "secret",
    "permission",
    "explain",
    "text",
    "super_admin",
    "grace_seconds",
];

/// A generator with a fixed beginning (xorshift): what fails, fails again.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }

    fn bytes(&mut self) -> Vec<u8> {
        (0..self.below(80)).map(|_| self.next().to_le_bytes()[0]).collect()
    }

    fn json(&mut self, depth: usize) -> Value {
        match self.below(if depth > 3 { 7 } else { 9 }) {
            0 => Value::Null,
            1 => json!(self.next().is_multiple_of(2)),
            2 => json!(self.next().cast_signed()),
            3 => json!(f64::from_bits(self.next())),
            4 => json!(String::from_utf8_lossy(&self.bytes())),
            5 => json!("keyward/api"),
            6 => json!(FIELDS[self.below(FIELDS.len())]),
            7 => Value::Array((0..self.below(4)).map(|_| self.json(depth + 1)).collect()),
            _ => self.fields_at(depth + 1),
        }
    }

    fn fields(&mut self) -> Value {
        self.fields_at(0)
    }

    fn fields_at(&mut self, depth: usize) -> Value {
        let count = self.below(6);
        (0..count).map(|_| (FIELDS[self.below(FIELDS.len())].to_owned(), self.json(depth + 1))).collect()
    }
}

/// An id of the same type, of nothing.
fn nothing(id: &str) -> String {
    let (prefix, rest) = id.split_once('_').unwrap();
    format!("{prefix}_{}", "7".repeat(rest.len()))
}

/// A text as a query parameter.
fn form(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Sends these bytes, and returns the status of the answer.
async fn raw(server: &TestServer, request: &[u8]) -> u16 {
    let mut stream = TcpStream::connect(server.url.strip_prefix("http://").unwrap()).await.unwrap();
    // The server may answer, and close, before it has read everything.
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.split(' ').nth(1).unwrap_or_else(|| panic!("no answer: {answer}"));
    status.parse().unwrap()
}
