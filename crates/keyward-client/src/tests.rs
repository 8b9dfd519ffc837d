//! The client against a server of a few lines: what it sends, and what it makes of the answer.

use std::future::IntoFuture as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;

use keyward_api::credentials::{CreateCredential, ListCredentials, RevokeCredential};
use keyward_api::id::{CredentialId, UserGroupId, UserId};
use keyward_api::organizations::Organization;
use keyward_api::sample::Sample;
use keyward_api::sessions::WhoAmI;
use keyward_api::users::{ListUsers, User};
use keyward_api::verify::{VerifyAnswer, VerifyRequest};
use keyward_api::{ErrorCode, Page, Problem, SecretText, operations};
use serde::Serialize;

use crate::operations::METHODS;
use crate::{Client, Error};

#[test]
fn every_operation_has_a_method() {
    for operation in operations::ALL {
        assert!(METHODS.iter().any(|(method, _)| method.id == operation.id), "`{}` has no method", operation.id);
    }
}

#[test]
fn methods_take_the_parameters_of_the_path_in_their_order() {
    for (operation, parameters) in METHODS {
        let wanted: Vec<_> = operation.parameters().collect();
        assert_eq!(*parameters, wanted, "{}", operation.id);
    }
}

#[tokio::test]
async fn a_call_sends_who_asks_and_what_is_asked() {
    let server = Server::answering(vec![json(200, "keyward-revision: 7\r\netag: \"42\"\r\n", &page(1, None))]);
    let organization = Organization::sample().id;
    let client = Client::builder(&format!("{}/below/", server.base))
        .token(SecretText::new("kwses_secret".to_owned()))
        .organization(organization)
        .build()
        .unwrap();
    let filter = ListUsers { name: Some("a&b ü".to_owned()), limit: Some(3), ..ListUsers::default() };
    let answer = client.users().list(&filter).await.unwrap();
    assert_eq!((answer.status, answer.revision, answer.etag.as_deref()), (200, Some(7), Some("\"42\"")));
    assert_eq!(answer.items.len(), 1);
    let request = server.requests().remove(0);
    assert_eq!(request.line, "GET /below/v1/users?limit=3&name=a%26b+%C3%BC HTTP/1.1");
    assert_eq!(request.header("authorization"), Some("Bearer kwses_secret"));
    assert_eq!(request.header("keyward-organization"), Some(organization.to_string().as_str()));
    assert_eq!(request.header("content-type"), None);
    assert!(request.header("user-agent").unwrap().starts_with("keyward-client/"));
}

#[tokio::test]
async fn bodies_keys_and_tags_travel() {
    let created = keyward_api::credentials::CreatedCredential::sample();
    let server = Server::answering(vec![json(201, "", &created), json(200, "", &created)]);
    let client = server.client();
    let wanted = CreateCredential::sample();
    let answer = client.credentials().create(&wanted).idempotency_key("once").await.unwrap();
    assert_eq!((answer.status, answer.revision), (201, None));
    client
        .with_basic("id", SecretText::new("se:cret".to_owned()))
        .credentials()
        .create(&wanted)
        .if_match("\"1\"")
        .await
        .unwrap();
    let requests = server.requests();
    assert_eq!(requests[0].header("idempotency-key"), Some("once"));
    assert_eq!(requests[0].header("authorization"), None);
    assert_eq!(serde_json::from_slice::<CreateCredential>(&requests[0].body).unwrap(), wanted);
    assert_eq!(requests[1].header("if-match"), Some("\"1\""));
    assert_eq!(requests[1].header("authorization"), Some("Basic aWQ6c2U6Y3JldA=="));
}

#[tokio::test]
async fn parameters_of_the_path_cannot_leave_their_place() {
    let server = Server::answering(vec![json(404, "", &Problem::new(ErrorCode::NotFound))]);
    let error = server.client().profiles().get("a/../b?c").await.unwrap_err();
    assert!(error.problem().unwrap().is(ErrorCode::NotFound));
    assert_eq!(server.requests()[0].line, "GET /v1/profiles/a%2F..%2Fb%3Fc HTTP/1.1");
    for wrong in ["", ".", ".."] {
        let error = Client::builder("http://127.0.0.1:9").build().unwrap().profiles().get(wrong).await.unwrap_err();
        assert!(matches!(error, Error::Invalid(_)), "{error:?}");
    }
}

#[tokio::test]
async fn a_refusal_is_a_problem_and_anything_else_is_unexpected() {
    let problem = Problem::new(ErrorCode::PermissionDenied).with_detail("`users:read` is missing");
    let server = Server::answering(vec![
        json(403, "", &problem),
        Reply { status: 502, head: "content-type: text/html\r\n".to_owned(), body: b"<html>s3cret".to_vec() },
        Reply { status: 200, head: String::new(), body: b"{\"allowed\": \"s3cret\"}".to_vec() },
        Reply { status: 307, head: "location: http://127.0.0.1:1/\r\n".to_owned(), body: Vec::new() },
    ]);
    let client = server.client();
    let ask = || client.credentials().verify(&VerifyRequest::default()).into_future();
    assert_eq!(ask().await.unwrap_err().problem(), Some(&problem));
    for (status, what) in
        [(502, "no problem details"), (200, "JSON of another shape (line 1, column 20)"), (307, "no problem details")]
    {
        match ask().await.unwrap_err() {
            Error::Unexpected { status: found, what: found_what } => {
                assert_eq!((found, found_what.as_str()), (status, what));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_batch_is_one_request() {
    let answers = vec![VerifyAnswer::sample(), VerifyAnswer::sample()];
    let server = Server::answering(vec![json(200, "", &answers)]);
    let asked = [VerifyRequest::sample(), VerifyRequest::sample()];
    assert_eq!(server.client().credentials().verify_all(&asked).await.unwrap().value, answers);
    let body: serde_json::Value = serde_json::from_slice(&server.requests()[0].body).unwrap();
    assert_eq!(body.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn all_follows_the_pages_up_to_a_cap() {
    let server = Server::answering(vec![
        json(200, "", &page(200, Some("one"))),
        json(200, "", &page(50, Some("two"))),
        json(200, "", &page(1, None)),
    ]);
    let client = server.client();
    let found = client.users().list(&ListUsers { limit: Some(2), ..ListUsers::default() }).all(250).await.unwrap();
    assert_eq!((found.items.len(), found.next.as_deref()), (250, Some("two")));
    let found = client.users().list(&ListUsers::default()).all(1000).await.unwrap();
    assert_eq!((found.items.len(), found.next), (1, None));
    let lines: Vec<_> = server.requests().into_iter().map(|request| request.line).collect();
    assert_eq!(
        lines,
        [
            "GET /v1/users?limit=200 HTTP/1.1",
            "GET /v1/users?limit=50&cursor=one HTTP/1.1",
            "GET /v1/users?limit=200 HTTP/1.1",
        ]
    );
}

#[tokio::test]
async fn an_export_is_read_piece_by_piece() {
    let body = b"{\"a\":1}\n{\"a\":2}\n".to_vec();
    let server = Server::answering(vec![
        Reply { status: 200, head: "content-type: application/x-ndjson\r\n".to_owned(), body: body.clone() },
        json(403, "", &Problem::new(ErrorCode::PermissionDenied)),
    ]);
    let client = server.client();
    let mut export = client.audit().export(&keyward_api::audit::ListAudit::default()).open().await.unwrap();
    let mut read = Vec::new();
    while let Some(chunk) = export.chunk().await.unwrap() {
        read.extend_from_slice(&chunk);
    }
    assert_eq!(read, body);
    let refused = client.audit().export(&keyward_api::audit::ListAudit::default()).open().await.unwrap_err();
    assert!(refused.problem().unwrap().is(ErrorCode::PermissionDenied));
}

/// Finds no host, and counts how often it was asked for one: once for each try.
#[derive(Clone, Default)]
pub(crate) struct NoHost(Arc<AtomicU32>);

impl reqwest::dns::Resolve for NoHost {
    fn resolve(&self, _: reqwest::dns::Name) -> reqwest::dns::Resolving {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(std::future::ready(Err("no such host".into())))
    }
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_sent_is_tried_again_if_that_does_no_harm() {
    let tries = NoHost::default();
    let mut builder = Client::builder("http://keys.example.com").token(SecretText::new("s3cret".to_owned()));
    builder.resolver = Some(tries.clone());
    let client = builder.build().unwrap();
    let check = async |expected: u32, error: Error| {
        let Error::Transport(transport) = &error else { panic!("{error:?}") };
        assert!(transport.is_connect());
        assert_eq!(error.to_string(), "`http://keys.example.com` cannot be reached: no such host");
        assert_eq!(tries.0.swap(0, Ordering::Relaxed), expected);
    };
    let (id, group, user) = (credential(), UserGroupId::from_bits(1), UserId::from_bits(1));
    check(3, client.credentials().get(id).await.unwrap_err()).await;
    check(3, client.usergroups().add_member(group, user).await.unwrap_err()).await;
    check(3, client.usergroups().remove_member(group, user).await.unwrap_err()).await;
    check(3, client.credentials().verify(&VerifyRequest::default()).await.unwrap_err()).await;
    let wanted = CreateCredential::sample();
    check(3, client.credentials().create(&wanted).idempotency_key("once").await.unwrap_err()).await;
    check(1, client.credentials().create(&wanted).await.unwrap_err()).await;
    check(1, client.credentials().revoke(id, &RevokeCredential::default()).await.unwrap_err()).await;
}

#[test]
fn a_call_can_be_shown_as_a_line_for_a_shell() {
    let client = Client::builder("http://127.0.0.1:8080").build().unwrap();
    let shown = |call: Result<SecretText, &Error>| call.unwrap().expose().to_owned();
    let key = || SecretText::new("kwa_x".to_owned());
    assert_eq!(shown(client.sessions().get().to_curl()), "curl -sSi http://127.0.0.1:8080/v1/sessions/current");
    assert_eq!(
        shown(client.with_header("X-API-Key", key()).unwrap().sessions().get().to_curl()),
        "curl -sSi http://127.0.0.1:8080/v1/sessions/current \\\n  -H 'x-api-key: kwa_x'"
    );
    assert_eq!(
        shown(client.with_token(key()).credentials().disable(credential()).to_curl()),
        format!(
            "curl -sSi -X POST http://127.0.0.1:8080/v1/credentials/{}/disable \\\n  -H 'Authorization: Bearer kwa_x'",
            credential()
        )
    );
    let asked = VerifyRequest { credential: Some(SecretText::new("it's".to_owned())), ..VerifyRequest::default() };
    assert_eq!(
        shown(client.with_basic("id", key()).credentials().verify(&asked).to_curl()),
        "curl -sSi http://127.0.0.1:8080/v1/verify \\\n  -u id:kwa_x \\\n  -H 'Content-Type: application/json' \\\n  -d '{\"credential\":\"it'\\''s\"}'"
    );
    assert_eq!(
        shown(client.credentials().list(&ListCredentials { limit: Some(1), ..ListCredentials::default() }).to_curl()),
        "curl -sSi 'http://127.0.0.1:8080/v1/credentials?limit=1'"
    );
}

#[test]
fn addresses_are_checked() {
    for wrong in ["", "keys.example.com", "ftp://x", "http://a:b@c", "http://c/?d", "http://c/#d"] {
        assert!(matches!(Client::builder(wrong).build(), Err(Error::Invalid(_))), "{wrong}");
    }
    assert_eq!(
        Client::builder("https://keys.example.com/x/").build().unwrap().base_url(),
        "https://keys.example.com/x"
    );
    assert!(Client::builder("https://c").trust(b"no certificate").build().is_err());
    assert!(Client::builder("http://c").header("a b", SecretText::default()).build().is_err());
}

#[test]
fn nothing_shows_who_asks() {
    let client = Client::builder("http://c").token(SecretText::new("s3cret".to_owned())).build().unwrap();
    assert_eq!(format!("{client:?}"), "Client { base: \"http://c/\", .. }");
}

#[tokio::test]
async fn a_line_break_in_a_credential_is_refused() {
    let client = Client::builder("http://127.0.0.1:9").token(SecretText::new("a\nb".to_owned())).build().unwrap();
    let error = client.sessions().get().read_as::<WhoAmI>().await.unwrap_err();
    assert!(matches!(&error, Error::Invalid(what) if !what.contains("a\nb")), "{error:?}");
}

fn credential() -> CredentialId {
    keyward_api::credentials::Credential::sample().id
}

fn page(count: usize, next: Option<&str>) -> Page<User> {
    Page { items: vec![User::sample(); count], next: next.map(str::to_owned) }
}

fn json(status: u16, head: &str, body: &impl Serialize) -> Reply {
    Reply { status, head: format!("content-type: application/json\r\n{head}"), body: serde_json::to_vec(body).unwrap() }
}

struct Reply {
    status: u16,
    head: String,
    body: Vec<u8>,
}

struct Request {
    line: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// Gives its replies in order, one a connection, and keeps what it was sent.
struct Server {
    base: String,
    thread: JoinHandle<Vec<Request>>,
}

impl Server {
    fn answering(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let thread = std::thread::spawn(move || replies.into_iter().map(|reply| serve(&listener, &reply)).collect());
        Self { base, thread }
    }

    fn client(&self) -> Client {
        Client::builder(&self.base).build().unwrap()
    }

    fn requests(self) -> Vec<Request> {
        self.thread.join().unwrap()
    }
}

fn serve(listener: &TcpListener, reply: &Reply) -> Request {
    let mut stream = BufReader::new(listener.accept().unwrap().0);
    let mut line = || {
        let mut text = String::new();
        stream.read_line(&mut text).unwrap();
        text.trim_end().to_owned()
    };
    let first = line();
    let headers: Vec<(String, String)> = std::iter::from_fn(|| Some(line()).filter(|text| !text.is_empty()))
        .map(|text| text.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned())).unwrap())
        .collect();
    let length =
        headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, value)| value.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    let Reply { status, head, body: answer } = reply;
    let head = format!("HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: {}\r\n{head}\r\n", answer.len());
    stream.get_mut().write_all(head.as_bytes()).unwrap();
    stream.get_mut().write_all(answer).unwrap();
    Request { line: first, headers, body }
}
