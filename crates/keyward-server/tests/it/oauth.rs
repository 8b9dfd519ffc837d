//! OAuth 2.0 for clients that authenticate as themselves: RFC 6749 sections 2.3, 3.2, 4.4 and 5, line by line.

mod introspection;
mod metadata;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Admin, As, Reply, TestServer};

/// A node with an OAuth client.
struct World {
    server: TestServer,
    admin: Admin,
    credential: String,
    id: String,
    secret: String,
}

const TOKEN: &str = "/oauth2/token";
const FORM: &str = "application/x-www-form-urlencoded";
const GRANT: &str = "grant_type=client_credentials";

impl World {
    async fn start() -> Self {
        Self::start_with("", json!({})).await
    }

    /// With more configuration, and more fields of the client.
    async fn start_with(more: &str, fields: Value) -> Self {
        let server = TestServer::start_with(more).await;
        let admin = server.set_up(&["keyward"]).await;
        let mut body = json!({ "kind": "keyward/oauth", "name": "Client", "roles": [{ "role": "Viewer" }] });
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let made = server.post(&admin.caller, "/v1/credentials", body).await.expect(201);
        let (credential, id) = (made.id("/credential/id"), made.id("/credential/public_id"));
        let secret = made.id("/secret/client_secret");
        Self { server, admin, credential, id, secret }
    }

    fn basic(&self) -> String {
        basic(&self.id, &self.secret)
    }

    /// Both halves as parameters of a body, and the grant.
    fn in_body(&self) -> String {
        format!("{GRANT}&client_id={}&client_secret={}", self.id, self.secret)
    }

    /// A token, and what came with it.
    async fn exchanged(&self, more: &str) -> Reply {
        self.ask(Some(&self.basic()), &format!("{GRANT}{more}")).await.expect(200)
    }

    /// Asks for a token with a form.
    async fn ask(&self, authorization: Option<&str>, body: &str) -> Reply {
        let headers = authorization.map(|value| ("authorization", value));
        self.send(Method::POST, TOKEN, headers.as_slice(), Some(FORM), body).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        content_type: Option<&str>,
        body: impl AsRef<[u8]>,
    ) -> Reply {
        let mut request = self.server.http.request(method, format!("{}{path}", self.server.url));
        request = request.body(body.as_ref().to_vec());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        Reply::read(request.send().await.unwrap()).await
    }

    /// What the token says of its bearer, or the refusal.
    async fn whoami(&self, token: &str) -> Reply {
        self.server.get(&As::Bearer(token.to_owned()), "/v1/sessions/current").await
    }
}

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |encoded, byte| encoded + &format!("%{byte:02X}"))
}

trait Refused {
    /// An error of RFC 6749 section 5.2, with the headers of every answer.
    fn refused(self, status: u16, error: &str) -> Self;
}

impl Refused for Reply {
    #[track_caller]
    fn refused(self, status: u16, error: &str) -> Self {
        assert_eq!((self.status, self.body["error"].as_str()), (status, Some(error)), "{}", self.text);
        let members: Vec<_> = self.body.as_object().unwrap().keys().collect();
        assert_eq!(members, ["error", "error_description"], "{}", self.text);
        assert!(self.id("/error_description").bytes().all(|b| matches!(b, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e)));
        unkept(&self);
        self
    }
}

/// No cache keeps the answer, and it is JSON.
#[track_caller]
fn unkept(reply: &Reply) {
    assert_eq!(reply.headers["content-type"], "application/json", "{}", reply.text);
    assert_eq!(reply.headers["cache-control"], "no-store", "{}", reply.text);
    assert_eq!(reply.headers["pragma"], "no-cache", "{}", reply.text);
}

#[tokio::test]
async fn a_client_gets_a_token_and_uses_it() {
    let world = World::start().await;
    for reply in [world.exchanged("").await, world.ask(None, &world.in_body()).await.expect(200)] {
        unkept(&reply);
        let members: Vec<_> = reply.body.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, ["access_token", "expires_in", "token_type"], "{}", reply.text);
        assert_eq!((&reply.body["token_type"], &reply.body["expires_in"]), (&json!("Bearer"), &json!(3600)));
        let token = reply.id("/access_token");
        assert!(token.starts_with("kwat_"), "{token}");
        assert_eq!(world.whoami(&token).await.expect(200).id("/id"), world.credential);
    }
    // What was exchanged opens nothing by itself, and no two tokens are alike.
    let direct = world.server.get(&As::Basic(world.id.clone(), world.secret.clone()), "/v1/sessions/current").await;
    direct.problem(401, "invalid_credential");
    let (one, two) = (world.exchanged("").await, world.exchanged("").await);
    assert_ne!(one.id("/access_token"), two.id("/access_token"));
}

#[tokio::test]
async fn id_and_secret_may_be_encoded_in_basic_and_the_scheme_has_no_case() {
    let world = World::start().await;
    let (id, secret) = (percent(&world.id), percent(&world.secret));
    for header in [
        basic(&id, &secret),
        basic(&world.id, &secret),
        world.basic().replace("Basic", "bAsIc"),
        world.basic().replace("Basic ", "Basic   "),
    ] {
        world.ask(Some(&header), GRANT).await.expect(200);
    }
    let encoded = format!("{GRANT}&client_id={id}&client_secret={secret}");
    world.ask(None, &encoded).await.expect(200);
    // Twins: characters that no id has, and a secret that is encoded twice.
    for (id, secret) in [
        ("a b", "c"),
        ("a%3Ab", "c:d"),
        ("a%2Bb", "%"),
        ("ü", "é"),
        ("", ""),
        (&*world.id, &*percent(&secret)),
        (&*world.id, ""),
    ] {
        let refused = world.ask(Some(&basic(id, secret)), GRANT).await.refused(401, "invalid_client");
        assert_eq!(refused.headers["www-authenticate"], "Basic realm=\"oauth2\"");
    }
}

#[tokio::test]
async fn an_unknown_client_and_a_wrong_secret_are_answered_with_the_same_bytes() {
    let world = World::start().await;
    let wrong = format!("{}x", &world.secret[..world.secret.len() - 1]);
    let unknown = world.id.replacen(&world.id[4..8], "0000", 1);
    let of = |reply: Reply| {
        let mut headers: Vec<_> =
            reply.headers.iter().map(|(n, v)| (n.to_string(), v.to_str().unwrap().to_owned())).collect();
        headers.retain(|(name, _)| name != "date" && name != "keyward-request-id");
        (reply.status, reply.text, headers)
    };
    let answers = async |id: &str, secret: &str| {
        let in_body = format!("{GRANT}&client_id={id}&client_secret={secret}");
        (of(world.ask(Some(&basic(id, secret)), GRANT).await), of(world.ask(None, &in_body).await))
    };
    let reference = answers(&world.id, &wrong).await;
    assert_eq!((reference.0.0, reference.1.0), (401, 401));
    // Basic alone is challenged.
    let challenged = |headers: &[(String, String)]| headers.iter().any(|(name, _)| name == "www-authenticate");
    assert!(challenged(&reference.0.2) && !challenged(&reference.1.2));
    for (id, secret) in [(&*unknown, &*world.secret), (&unknown, &wrong), ("nobody", "nothing"), (&world.id, "x")] {
        assert_eq!(answers(id, secret).await, reference, "{id} {secret}");
    }
    // So are clients that are known, and can no longer be used.
    let path = format!("/v1/credentials/{}", world.credential);
    for verb in ["disable", "revoke"] {
        world.server.post(&world.admin.caller, &format!("{path}/{verb}"), json!({})).await.expect(200);
        assert_eq!(answers(&world.id, &world.secret).await, reference, "{verb}");
    }
}

#[tokio::test]
async fn a_client_authenticates_in_one_way() {
    let world = World::start().await;
    let header = world.basic();
    // Twin: it may name itself in the body as well.
    let named = format!("{GRANT}&client_id={}", world.id);
    world.ask(Some(&header), &named).await.expect(200);
    world.ask(Some(&header), &format!("{named}&client_secret=")).await.expect(200);

    world.ask(Some(&header), &world.in_body()).await.refused(400, "invalid_request");
    world.ask(Some(&header), &format!("{GRANT}&client_secret={}", world.secret)).await.refused(400, "invalid_request");
    world.ask(Some(&header), &format!("{GRANT}&client_id=another")).await.refused(400, "invalid_request");
    let twice = [("authorization", &*header), ("authorization", &*header)];
    world.send(Method::POST, TOKEN, &twice, Some(FORM), GRANT).await.refused(400, "invalid_request");

    // None at all, half of one, and what is none.
    for body in [GRANT.to_owned(), named, format!("{GRANT}&client_secret={}", world.secret)] {
        let refused = world.ask(None, &body).await.refused(401, "invalid_client");
        assert!(!refused.headers.contains_key("www-authenticate"));
    }
    let token = world.exchanged("").await.id("/access_token");
    for header in [
        "Basic".to_owned(),
        "Basic ".to_owned(),
        "Basic !!!".to_owned(),
        "Basic YQ".to_owned(),
        format!("Basic {}", STANDARD.encode(&world.id)),
        format!("Basic {}", STANDARD.encode(b"\xff\xfe:x")),
        format!("Bearer {token}"),
        "Digest username=x".to_owned(),
        "nonsense".to_owned(),
    ] {
        let refused = world.ask(Some(&header), GRANT).await.refused(401, "invalid_client");
        assert_eq!(refused.headers["www-authenticate"], "Basic realm=\"oauth2\"", "{header}");
    }
}

#[tokio::test]
async fn the_grant_is_named_and_served() {
    let world = World::start().await;
    let header = world.basic();
    for body in ["", "grant_type=", "grant_type", "scope=items:read", "GRANT_TYPE=client_credentials", "&&&"] {
        world.ask(Some(&header), body).await.refused(400, "invalid_request");
    }
    for grant in
        ["password", "authorization_code", "refresh_token", "CLIENT_CREDENTIALS", "client_credentials%20", "%22%5C"]
    {
        let refused = world.ask(Some(&header), &format!("grant_type={grant}")).await;
        let refused = refused.refused(400, "unsupported_grant_type");
        assert!(!refused.text.contains(grant), "{}", refused.text);
    }
    // What is unknown is ignored, and so is what has no value.
    for more in
        ["&audience=x", "&expires_in=5", "&refresh_token=", "&Scope=nonsense", "&scope=", "&resource=https://a.example"]
    {
        assert_eq!(world.exchanged(more).await.body["expires_in"], 3600, "{more}");
    }
}

#[tokio::test]
async fn a_parameter_is_there_once() {
    let world = World::start().await;
    for more in [
        "&grant_type=client_credentials",
        "&grant_type=",
        "&scope=items:read&scope=items:read",
        "&scope=&scope=",
        "&unknown=1&unknown=2",
        "&client_id=x&client_id=x",
    ] {
        world.ask(Some(&world.basic()), &format!("{GRANT}{more}")).await.refused(400, "invalid_request");
    }
    let twice = format!("{}&client_secret={}", world.in_body(), world.secret);
    world.ask(None, &twice).await.refused(400, "invalid_request");
}

#[tokio::test]
async fn parameters_are_in_the_body_and_the_body_is_a_form() {
    let world = World::start().await;
    let (header, in_body) = (world.basic(), world.in_body());
    let with_header = [("authorization", &*header)];
    let ask = async |path: &str, content_type: Option<&str>, body: &str| {
        world.send(Method::POST, path, &with_header, content_type, body).await
    };
    for content_type in [FORM, "application/x-www-form-urlencoded; charset=UTF-8", "Application/X-WWW-Form-URLEncoded"]
    {
        ask(TOKEN, Some(content_type), GRANT).await.expect(200);
    }
    ask("/oauth2/token?trace=1", Some(FORM), GRANT).await.expect(200);
    // Twins.
    let json = json!({ "grant_type": "client_credentials" }).to_string();
    for (content_type, body) in [
        (None, GRANT),
        (Some("application/json"), &*json),
        (Some("text/plain"), GRANT),
        (Some("multipart/form-data; boundary=x"), GRANT),
        (Some("application/json"), ""),
        (Some(FORM), "grant_type=%"),
        (Some(FORM), "grant_type=%zz"),
        (Some(FORM), "grant_type=client_credentials&x=%ff"),
    ] {
        ask(TOKEN, content_type, body).await.refused(400, "invalid_request");
    }
    for query in [
        GRANT.to_owned(),
        format!("client_id={}", world.id),
        format!("client_secret={}", world.secret),
        "scope=items:read".to_owned(),
        "scope=%".to_owned(),
    ] {
        ask(&format!("{TOKEN}?{query}"), Some(FORM), GRANT).await.refused(400, "invalid_request");
    }
    let path = format!("{TOKEN}?{in_body}");
    let refused = world.send(Method::POST, &path, &[], Some(FORM), "").await.refused(400, "invalid_request");
    assert!(!refused.text.contains(&world.secret), "{}", refused.text);
    let many = (0..501).fold(String::new(), |many, n| many + &format!("&p{n}="));
    ask(TOKEN, Some(FORM), &format!("{GRANT}{many}")).await.refused(400, "invalid_request");
    // Nor is any other byte: what is not UTF-8, and a zero.
    let bytes = [GRANT.as_bytes(), b"&x=\xff"].concat();
    world.send(Method::POST, TOKEN, &with_header, Some(FORM), bytes).await.refused(400, "invalid_request");
    ask(TOKEN, Some(FORM), &format!("{GRANT}%00")).await.refused(400, "unsupported_grant_type");
}

#[tokio::test]
async fn only_post_is_served() {
    let world = World::start().await;
    let header = world.basic();
    for method in [Method::GET, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS] {
        let headers = [("authorization", &*header)];
        let refused = world.send(method.clone(), TOKEN, &headers, Some(FORM), GRANT).await;
        assert_eq!(refused.refused(405, "invalid_request").headers["allow"], "POST", "{method}");
    }
    let path = format!("{TOKEN}?{}", world.in_body());
    world.send(Method::GET, &path, &[], None, "").await.refused(405, "invalid_request");
}

#[tokio::test]
async fn a_large_body_is_not_read() {
    let world = World::start().await;
    let fits = format!("{GRANT}&x={}", "a".repeat(60 * 1024));
    world.ask(Some(&world.basic()), &fits).await.expect(200);
    for size in [64 * 1024, 10 * 1024 * 1024] {
        let large = format!("{GRANT}&x={}", "a".repeat(size));
        world.ask(Some(&world.basic()), &large).await.refused(413, "invalid_request");
    }
}

#[tokio::test]
async fn a_token_is_narrowed_to_the_scope_that_was_asked_for() {
    let world = World::start().await;
    let narrowed = world.exchanged("&scope=items:read").await;
    assert_eq!(narrowed.body["scope"], "items:read");
    // In any order, with any number of spaces: told as it was understood.
    let two = world.exchanged("&scope=%20workspaces:read++apps:read").await;
    assert_eq!(two.body["scope"], "workspaces:read apps:read");
    let judged = async |token: &str, permission: &str| {
        let question = json!({ "credential": token, "permission": permission });
        let answer = world.server.post(&world.admin.caller, "/v1/verify", question).await.expect(200);
        answer.body["reason"].as_str().unwrap_or("allowed").to_owned()
    };
    let (narrow, wide) = (narrowed.id("/access_token"), world.exchanged("").await.id("/access_token"));
    assert_eq!(judged(&narrow, "items:read").await, "allowed");
    assert_eq!(judged(&narrow, "apps:read").await, "out_of_scope");
    assert_eq!(judged(&wide, "apps:read").await, "allowed");
    assert_eq!(judged(&wide, "items:edit").await, "not_granted");
    // Twins: what the client does not hold, what nobody could, and what is no scope.
    for scope in [
        "items:edit",
        "items:*",
        "*",
        "Items:Read",
        "items:read+items:edit",
        "items",
        "a%22b",
        "items:read%0Aapps:read",
        "%C3%A9:x",
    ] {
        let refused = world.ask(Some(&world.basic()), &format!("{GRANT}&scope={scope}")).await;
        refused.refused(400, "invalid_scope");
    }
    let long = vec!["items:read"; 40].join("+");
    world.ask(Some(&world.basic()), &format!("{GRANT}&scope={long}")).await.refused(400, "invalid_scope");
}

#[tokio::test]
async fn tokens_end_with_their_client() {
    let world = World::start().await;
    let before = world.exchanged("").await.id("/access_token");
    let path = format!("/v1/credentials/{}", world.credential);
    let rotated = world.server.post(&world.admin.caller, &format!("{path}/rotate"), json!({ "confirm": true })).await;
    let secret = rotated.expect(200).id("/secret/client_secret");
    world.whoami(&before).await.problem(401, "invalid_credential");
    world.ask(Some(&world.basic()), GRANT).await.refused(401, "invalid_client");
    let world = World { secret, ..world };
    let after = world.exchanged("").await.id("/access_token");
    world.whoami(&after).await.expect(200);
    world.server.post(&world.admin.caller, &format!("{path}/revoke"), json!({})).await.expect(200);
    world.whoami(&after).await.problem(401, "invalid_credential");
}

#[tokio::test]
async fn what_is_not_exchanged_is_an_unauthorized_client() {
    let world = World::start().await;
    let body = json!({ "kind": "keyward/api", "name": "Key", "roles": [{ "role": "Viewer" }] });
    let (_, token) = world.server.credential(&world.admin.caller, body).await;
    // A key of one string is no pair, in whatever way it is cut.
    let (id, secret) = token.rsplit_once('_').unwrap();
    for header in [basic(id, secret), basic(&token, ""), basic("", &token), basic(&token, &token)] {
        world.ask(Some(&header), GRANT).await.refused(401, "invalid_client");
    }
    // A client from an address that it may not use is known, and may not.
    let fenced = json!({ "sources": ["192.0.2.0/24"] });
    let path = format!("/v1/credentials/{}", world.credential);
    world.server.patch(&world.admin.caller, &path, fenced).await.expect(200);
    world.ask(Some(&world.basic()), GRANT).await.refused(400, "unauthorized_client");
    let wrong = basic(&world.id, &"x".repeat(world.secret.len()));
    world.ask(Some(&wrong), GRANT).await.refused(401, "invalid_client");
}
