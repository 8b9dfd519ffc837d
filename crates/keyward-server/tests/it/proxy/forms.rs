//! Credentials in queries and form bodies: Gigya's dialect.

use serde_json::{Value, json};

use super::support::{Gate, Said, Upstream};

const ROUTE: &str = "[[route]]\npath = \"/accounts.*\"\nupstream = \"UPSTREAM\"\ndialect = \"gigya\"\n\
    [[route]]\npath = \"/*\"\nupstream = \"UPSTREAM\"\ndialect = \"gigya\"\n";
const FORM: &str = "content-type: application/x-www-form-urlencoded\r\n";

/// A node with a site of Gigya's, and a key for it.
struct Site {
    gate: Gate,
    api_key: String,
    user_key: String,
    secret: String,
}

impl Site {
    async fn start() -> Self {
        let more = "[server]\ninsecure_loopback = true\n";
        let gate = Gate::start_as(&["keyward", "gigya"], Upstream::start().await, more, ROUTE).await;
        let app = gate.server.post(&gate.admin.caller, "/v1/apps", json!({ "name": "Site" })).await.expect(201);
        let body = json!({
            "kind": "gigya/application_key", "name": "App", "namespace": app.id("/id"),
            "roles": [{ "role": "_adminGroup" }],
        });
        let made = gate.server.post(&gate.admin.caller, "/v1/credentials", body).await.expect(201);
        let (user_key, secret) = (made.id("/credential/public_id"), made.id("/secret/secret"));
        Self { api_key: app.id("/site_key"), gate, user_key, secret }
    }

    async fn ask(&self, line: &str, headers: &str, body: &str) -> Said {
        let headers = format!("x-forwarded-proto: https\r\n{headers}");
        self.gate.ask_without_key(line, &headers, body).await
    }

    async fn post(&self, path: &str, body: &str) -> Said {
        self.ask(&format!("POST {path}"), &format!("{FORM}content-length: {}\r\n", body.len()), body).await
    }

    fn credential(&self) -> String {
        format!(
            "apiKey={}&userKey={}&secret={}",
            self.api_key,
            self.user_key,
            self.secret.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
        )
    }
}

fn error(said: &Said) -> u64 {
    let body: Value = serde_json::from_str(&said.body).unwrap_or_else(|_| panic!("{said:?}"));
    body["errorCode"].as_u64().unwrap()
}

#[tokio::test]
async fn a_form_goes_on_without_its_credential() {
    let site = Site::start().await;
    let body = format!("UID=7&{}&profile=%7B%22a%22%3A1%7D&note=a+b", site.credential());
    let said = site.post("/accounts.getAccountInfo?x=1", &body).await;
    assert_eq!((said.status(), said.body.as_str()), (200, "reached"), "{said:?}");
    let heard = site.gate.upstream.heard_one();
    assert_eq!(heard.target(), "/accounts.getAccountInfo?x=1");
    assert!(!format!("{heard:?}").contains(&site.secret) && !heard.body.to_lowercase().contains("secret"), "{heard:?}");
    assert!(heard.body.starts_with("UID=7&") && heard.body.contains("profile=%7B%22a%22%3A1%7D&note=a+b"), "{heard:?}");
    assert_eq!(heard.header("content-length"), Some(&*heard.body.len().to_string()));
    assert_eq!(heard.header("x-keyward-public-id"), Some(&*site.user_key));
    assert!(heard.header("x-keyward-namespace").is_some_and(|namespace| namespace.starts_with("app_")), "{heard:?}");

    let said = site.ask(&format!("GET /accounts.getAccountInfo?{}&UID=7", site.credential()), "", "").await;
    assert_eq!(said.status(), 200, "{said:?}");
    let heard = site.gate.upstream.heard_one();
    assert!(heard.target().ends_with("UID=7") && !heard.target().to_lowercase().contains("secret"), "{heard:?}");
}

#[tokio::test]
async fn a_form_that_is_too_large_is_refused_unread() {
    let site = Site::start().await;
    let mut peer = site.gate.connect().await;
    let head = format!("POST /accounts.search HTTP/1.1\r\nhost: 127.0.0.1\r\nx-forwarded-proto: https\r\n{FORM}");
    // Announced: not one byte of it is waited for.
    peer.send(&format!("{head}content-length: 1048577\r\n\r\n")).await;
    let said = peer.hear().await;
    assert_ne!(error(&said), 0, "{said:?}");
    // Not announced.
    let piece = "x".repeat(64 * 1024);
    let chunk = format!("{:x}\r\n{piece}\r\n", piece.len());
    let mut peer = site.gate.connect().await;
    peer.send(&format!("{head}transfer-encoding: chunked\r\n\r\n")).await;
    for _ in 0..17 {
        peer.send(&chunk).await;
    }
    let said = peer.hear().await;
    assert_ne!(error(&said), 0, "{said:?}");
    assert_eq!(site.gate.upstream.opened(), 0);
}

#[tokio::test]
async fn what_can_be_read_in_several_ways_is_not_guessed_at() {
    let site = Site::start().await;
    let credential = site.credential();
    for (headers, body) in [
        ("content-encoding: gzip\r\n", credential.clone()),
        ("content-type: text/plain\r\n", credential.clone()),
        ("", format!("{credential}&x=%zz")),
        ("", format!("{credential}&x=%ff")),
    ] {
        let length = format!("content-length: {}\r\n", body.len());
        let said = site.ask("POST /accounts.search", &format!("{FORM}{headers}{length}"), &body).await;
        assert_ne!(error(&said), 0, "{said:?}");
    }
    // Another spelling of a method asks for the same permission; what is no method asks for nothing that anybody has.
    let said = site.post("/accounts%2Esearch", &credential).await;
    assert_eq!(said.status(), 200, "{said:?}");
    assert_eq!(site.gate.upstream.heard_one().target(), "/accounts%2Esearch");
    let said = site.post("/elsewhere", &credential).await;
    assert_ne!(said.body, "reached", "{said:?}");
    let said = site.post("/accounts.search/..%2f", &credential).await;
    assert_ne!(error(&said), 0, "{said:?}");
    assert!(site.gate.upstream.heard().is_empty());
}

#[tokio::test]
async fn other_bodies_are_not_held_up() {
    let site = Site::start().await;
    let mut peer = site.gate.connect().await;
    let target = format!("/accounts.search?{}", site.credential());
    let large = 2 * 1024 * 1024;
    peer.send(&format!(
        "POST {target} HTTP/1.1\r\nhost: 127.0.0.1\r\nx-forwarded-proto: https\r\ncontent-type: application/octet-stream\r\n\
         content-length: {large}\r\n\r\n"
    ))
    .await;
    peer.send(&"x".repeat(large)).await;
    assert_eq!(peer.hear().await.body, "reached");
    assert_eq!(site.gate.upstream.heard_one().body.len(), large);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_as_the_request_wants_it() {
    let mut site = Site::start().await;
    site.gate.upstream.leave().await;
    let said = site.post("/accounts.search?context=c1", &format!("{}&httpStatusCodes=true", site.credential())).await;
    let body: Value = serde_json::from_str(&said.body).unwrap();
    assert!(said.status() >= 500 && body["context"] == "c1", "{said:?}");
    assert!(!said.body.contains(&site.secret), "{said:?}");
}
