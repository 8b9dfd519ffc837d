//! Two nodes on one PostgreSQL: what one says is done, the other does; and one that is cut off says nothing.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use keyward_server::serve::serve;
use keyward_store::testing::TestDatabase;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;

use crate::harness::{self, Admin, As, TestServer};

/// A bound that no test waits for.
const LONG: &str = "[freshness]\nbound = \"1h\"\npoll = \"20ms\"\n";
/// The shortest bound that can be configured.
const SHORT: &str = "[freshness]\nbound = \"1s\"\npoll = \"20ms\"\n";

/// Two nodes, `b` behind a cable that can be cut.
struct Pair {
    a: TestServer,
    b: TestServer,
    admin: Admin,
    /// A key that may verify.
    verifier: As,
    cable: Cable,
    /// The configuration of `a`.
    config: String,
    // Held until the nodes are gone.
    _database: TestDatabase,
    _ring: TempDir,
}

impl Pair {
    async fn start(freshness: &str, profiles: &[&str]) -> Self {
        let database = TestDatabase::postgres_unmigrated().await;
        let ring = tempfile::tempdir().unwrap();
        let cable = Cable::to(&database.url);
        let config = |url: &str| {
            let file = ring.path().join("keyring");
            format!("[database]\nurl = '{url}'\n[keyring]\nfile = '{}'\n{freshness}", file.display())
        };
        let a = TestServer::start_with(&config(&database.url)).await;
        let admin = a.set_up(profiles).await;
        let b = TestServer::start_with(&config(&cable.url(&database.url))).await;
        let verifier = if profiles.contains(&"keyward") {
            let body = json!({ "kind": "keyward/service", "name": "gateway", "roles": [{ "role": "Verifier" }] });
            As::Bearer(a.credential(&admin.caller, body).await.1)
        } else {
            As::Anonymous
        };
        let pair =
            Self { a, b, admin, verifier, cable, config: config(&database.url), _database: database, _ring: ring };
        pair.until_b_is_ready().await;
        pair
    }

    /// What a node says about a key: `allowed`, or the reason why not.
    async fn judged(&self, node: &TestServer, key: &str, permission: &str) -> String {
        let body = json!({ "credential": key, "permission": permission });
        let answer = node.post(&self.verifier, "/v1/verify", body).await.expect(200).body;
        answer["reason"].as_str().unwrap_or(if answer["allowed"] == true { "allowed" } else { "nothing" }).to_owned()
    }

    /// A key that both nodes know; its id, and the key.
    async fn key(&self, name: &str, role: &str) -> (String, String) {
        let body = json!({ "kind": "keyward/api", "name": name, "roles": [{ "role": role }] });
        let created = self.a.post(&self.admin.caller, "/v1/credentials", body).await.expect(201);
        let token = created.id("/secret/token");
        let revision: u64 = created.headers["keyward-revision"].to_str().unwrap().parse().unwrap();
        let body = json!({ "credential": token, "at_least": revision });
        let answer = self.b.post(&self.verifier, "/v1/verify", body).await.expect(200);
        assert_eq!(answer.body["allowed"], true, "{}", answer.text);
        (created.id("/credential/id"), token)
    }

    /// Makes a change on `a`, which must be in force on both nodes when it returns.
    async fn confirmed(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let reply = self.a.send(&self.admin.caller, method, path, body, &[]).await.expect(200);
        let receipt = &reply.body["receipt"];
        let seen = (&receipt["confirmed"], &receipt["nodes"], &receipt["applied"]);
        assert_eq!(seen, (&json!(true), &json!(2), &json!(2)), "{}", reply.text);
        reply.body
    }

    async fn until_b_is_ready(&self) {
        until("b is ready", async || self.b.get(&As::Anonymous, "/readyz").await.status == 200).await;
        // The verifier's own credential was made without waiting for anybody.
        if let As::Bearer(_) = self.verifier {
            let who = async || self.b.get(&self.verifier, "/v1/sessions/current").await.status == 200;
            until("b knows the verifier", who).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_creation_is_in_force_where_its_revision_is_asked_for() {
    let pair = Pair::start(LONG, &["keyward"]).await;
    for name in ["one", "two", "three"] {
        let (_, key) = pair.key(name, "Viewer").await;
        assert_eq!(pair.judged(&pair.b, &key, "items:read").await, "allowed");
        assert_eq!(pair.judged(&pair.b, &key, "items:edit").await, "not_granted");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_says_is_done_is_done_on_b() {
    let pair = Pair::start(LONG, &["keyward"]).await;
    let (id, key) = pair.key("shop", "Viewer").await;
    let path = format!("/v1/credentials/{id}");
    assert_eq!(pair.judged(&pair.b, &key, "items:read").await, "allowed");

    pair.confirmed(Method::POST, &format!("{path}/disable"), None).await;
    assert_eq!(pair.judged(&pair.b, &key, "items:read").await, "disabled");
    pair.confirmed(Method::POST, &format!("{path}/enable"), None).await;
    assert_eq!(pair.judged(&pair.b, &key, "items:read").await, "allowed");

    let rotate = Some(json!({ "confirm": true }));
    let rotated = pair.confirmed(Method::POST, &format!("{path}/rotate"), rotate).await;
    let newer = rotated["secret"]["token"].as_str().unwrap();
    assert_eq!(pair.judged(&pair.b, &key, "items:read").await, "unknown");
    assert_eq!(pair.judged(&pair.b, newer, "items:read").await, "allowed");

    pair.confirmed(Method::POST, &format!("{path}/revoke"), None).await;
    assert_eq!(pair.judged(&pair.b, newer, "items:read").await, "revoked");
    // Asking again answers the first time, and a fresh receipt.
    let again = pair.confirmed(Method::POST, &format!("{path}/revoke"), None).await;
    assert_eq!(again["credential"]["state"], "revoked");
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_grants_and_members_change_on_both() {
    let pair = Pair::start(LONG, &["keyward"]).await;
    let role = pair.a.role(&pair.admin, "Reader", &["items:read"]).await;
    let (id, key) = pair.key("shop", "Reader").await;

    let path = format!("/v1/roles/{role}");
    pair.confirmed(Method::PATCH, &path, Some(json!({ "patterns": ["items:edit"] }))).await;
    assert_eq!(pair.judged(&pair.b, &key, "items:read").await, "not_granted");
    assert_eq!(pair.judged(&pair.b, &key, "items:edit").await, "allowed");

    let grants = pair.a.get(&pair.admin.caller, &format!("/v1/grants?holder={id}")).await.expect(200);
    pair.confirmed(Method::DELETE, &format!("/v1/grants/{}", grants.id("/items/0/id")), None).await;
    assert_eq!(pair.judged(&pair.b, &key, "items:edit").await, "not_granted");

    // A member's live key stops with them.
    let (user, member) = pair.a.member(&pair.admin, "grace@example.com", false).await;
    pair.a.grant(&pair.admin, &user, "Admin", &pair.admin.organization).await;
    let body = json!({ "kind": "keyward/management", "name": "hers", "roles": [{ "role": "Viewer" }] });
    let (_, live) = pair.a.credential(&member, body).await;
    until("b knows the live key", async || pair.judged(&pair.b, &live, "items:read").await == "allowed").await;
    pair.confirmed(Method::POST, &format!("/v1/users/{user}/suspend"), None).await;
    assert_eq!(pair.judged(&pair.b, &live, "items:read").await, "owner_inactive");
    pair.b.get(&member, "/v1/apps").await.expect(404);
    pair.confirmed(Method::POST, &format!("/v1/users/{user}/enable"), None).await;
    assert_eq!(pair.judged(&pair.b, &live, "items:read").await, "allowed");
    pair.confirmed(Method::DELETE, &format!("/v1/users/{user}"), None).await;
    assert_eq!(pair.judged(&pair.b, &live, "items:read").await, "revoked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_cut_off_decides_nothing_once_a_revocation_has_returned() {
    for link in [Link::Held, Link::Broken] {
        let pair = Pair::start(SHORT, &["keyward"]).await;
        let (id, key) = pair.key("shop", "Viewer").await;
        pair.cable.is(link);
        let revoked = pair.a.post(&pair.admin.caller, &format!("/v1/credentials/{id}/revoke"), json!({})).await;
        let receipt = &revoked.expect(200).body["receipt"];
        let seen = (&receipt["confirmed"], &receipt["nodes"], &receipt["applied"]);
        assert_eq!(seen, (&json!(false), &json!(2), &json!(1)), "{receipt}");
        // The bound and 1 %, on the clock of who waited.
        assert!(receipt["waited_ms"].as_u64().unwrap() >= 1_010, "{receipt}");

        assert_eq!(pair.judged(&pair.a, &key, "items:read").await, "revoked");
        let body = json!({ "credential": key, "permission": "items:read" });
        pair.b.post(&pair.verifier, "/v1/verify", body).await.problem(503, "stale");
        pair.b.get(&As::Bearer(key.clone()), "/v1/sessions/current").await.problem(503, "stale");
        assert_eq!(pair.b.get(&As::Anonymous, "/readyz").await.status, 503);
        assert_eq!(pair.b.get(&As::Anonymous, "/healthz").await.status, 200);

        // Back again, it first hears what it has missed.
        pair.cable.is(Link::Whole);
        pair.until_b_is_ready().await;
        assert_eq!(pair.judged(&pair.b, &key, "items:read").await, "revoked");
        pair.confirmed(Method::POST, &format!("/v1/credentials/{id}/revoke"), None).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revision_that_does_not_come_is_said_so() {
    let pair = Pair::start(LONG, &["keyward"]).await;
    let (_, key) = pair.key("shop", "Viewer").await;
    let body = json!({ "credential": key, "at_least": 1_000_000 });
    let late = pair.a.post(&pair.verifier, "/v1/verify", body).await.problem(503, "revision_not_reached");
    assert!(late.headers.contains_key("retry-after"));

    pair.cable.is(Link::Held);
    let body = json!({ "kind": "keyward/api", "name": "late", "roles": [{ "role": "Viewer" }] });
    let created = pair.a.post(&pair.admin.caller, "/v1/credentials", body).await.expect(201);
    let revision: u64 = created.headers["keyward-revision"].to_str().unwrap().parse().unwrap();
    let body = json!({ "credential": created.id("/secret/token"), "at_least": revision });
    pair.b.post(&pair.verifier, "/v1/verify", body.clone()).await.problem(503, "revision_not_reached");
    // Without asking for a revision it answers from what it knows, as its bound allows.
    assert_eq!(pair.judged(&pair.b, &created.id("/secret/token"), "items:read").await, "unknown");
    pair.cable.is(Link::Whole);
    until("b has the revision", async || {
        let answer = pair.b.post(&pair.verifier, "/v1/verify", body.clone()).await;
        answer.status == 200 && answer.body["allowed"] == true
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_stops_is_not_waited_for() {
    let Pair { a, b, admin, cable: _cable, _database, _ring, .. } = Pair::start(LONG, &["keyward"]).await;
    b.stop().await;
    let body = json!({ "kind": "keyward/api", "name": "x", "roles": [{ "role": "Viewer" }] });
    let (id, _) = a.credential(&admin.caller, body).await;
    let revoked = a.post(&admin.caller, &format!("/v1/credentials/{id}/revoke"), json!({})).await.expect(200);
    let receipt = &revoked.body["receipt"];
    let seen = (&receipt["confirmed"], &receipt["nodes"], &receipt["applied"]);
    assert_eq!(seen, (&json!(true), &json!(1), &json!(1)), "{receipt}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_does_not_start_is_not_waited_for() {
    let pair = Pair::start(SHORT, &["keyward"]).await;
    let folder = tempfile::tempdir().unwrap();
    let taken = pair.a.url.strip_prefix("http://").unwrap();
    let listener = format!("[[listener]]\nname = \"taken\"\naddress = \"{taken}\"\n");
    let mount = "[[surface]]\nname = \"native\"\nlistener = \"taken\"\n";
    let third = harness::config(folder.path(), &format!("{}{listener}{mount}", pair.config));
    let Err(error) = serve(third).await else { panic!("the node has started") };
    assert!(error.to_string().contains(taken), "{error}");
    let (id, _) = pair.key("shop", "Viewer").await;
    pair.confirmed(Method::POST, &format!("/v1/credentials/{id}/revoke"), None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_and_names_hold_for_many_creators_on_two_nodes() {
    let pair = Arc::new(Pair::start(LONG, &["gainsight"]).await);
    let create = |n: usize, kind: &'static str, name: String| {
        let pair = Arc::clone(&pair);
        tokio::spawn(async move {
            let node = if n.is_multiple_of(2) { &pair.a } else { &pair.b };
            let body = json!({ "kind": kind, "name": name });
            let reply = node.post(&pair.admin.caller, "/v1/credentials", body).await;
            (reply.status, reply.body["code"].as_str().unwrap_or_default().to_owned())
        })
    };
    for (kind, limit) in [("gainsight/access_key", 1), ("gainsight/m2m_oauth", 15)] {
        let creators: Vec<_> = (0..50).map(|n| create(n, kind, format!("connection {n}"))).collect();
        let mut made = 0;
        for creator in creators {
            match creator.await.unwrap() {
                (201, _) => made += 1,
                other => assert_eq!(other, (409, "limit_reached".to_owned())),
            }
        }
        assert_eq!(made, limit, "{kind}");
    }
    // A revoked one frees its place, for one of those who want it under the same name.
    let listed = pair.a.get(&pair.admin.caller, "/v1/credentials?kind=gainsight/m2m_oauth").await.expect(200);
    let first = listed.id("/items/0/id");
    pair.confirmed(Method::POST, &format!("/v1/credentials/{first}/revoke"), None).await;
    let creators: Vec<_> = (0..10).map(|n| create(n, "gainsight/m2m_oauth", "the same name".to_owned())).collect();
    let mut made = 0;
    for creator in creators {
        match creator.await.unwrap() {
            (201, _) => made += 1,
            (status, code) => assert!(status == 409 && ["limit_reached", "name_taken"].contains(&&*code), "{code}"),
        }
    }
    assert_eq!(made, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_idempotency_key_makes_one_credential_on_two_nodes() {
    let pair = Arc::new(Pair::start(LONG, &["keyward"]).await);
    let creators: Vec<_> = (0..20)
        .map(|n: usize| {
            let pair = Arc::clone(&pair);
            tokio::spawn(async move {
                let node = if n.is_multiple_of(2) { &pair.a } else { &pair.b };
                let body = json!({ "kind": "keyward/api", "name": "once", "roles": [{ "role": "Viewer" }] });
                let key = [("idempotency-key", "the same")];
                node.send(&pair.admin.caller, Method::POST, "/v1/credentials", Some(body), &key).await
            })
        })
        .collect();
    let mut ids = Vec::new();
    let mut secrets = 0;
    for creator in creators {
        let reply = creator.await.unwrap();
        secrets += u32::from(reply.status == 201);
        assert_eq!(reply.status == 201, reply.body["secret"].is_object(), "{}", reply.text);
        ids.push(reply.id("/credential/id"));
    }
    ids.dedup();
    assert_eq!((ids.len(), secrets), (1, 1));
}

/// Waits for something that happens by itself.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    for _ in 0..1_500 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{what}: not within half a minute");
}

/// How a cable is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    /// It carries everything.
    Whole,
    /// Nothing arrives, and nobody is told.
    Held,
    /// Connections break, and no new ones are made.
    Broken,
}

/// What lies between a node and its database.
struct Cable {
    folder: TempDir,
    link: watch::Sender<Link>,
}

impl Cable {
    /// A cable to the socket of a database.
    fn to(url: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join(".s.PGSQL.5432")).unwrap();
        let (link, is) = watch::channel(Link::Whole);
        let server = PathBuf::from(socket_of(url)).join(".s.PGSQL.5432");
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *is.borrow() == Link::Broken {
                    continue;
                }
                let (server, is) = (server.clone(), is.clone());
                tokio::spawn(async move {
                    let Ok(server) = UnixStream::connect(server).await else { return };
                    let (from_client, to_client) = client.into_split();
                    let (from_server, to_server) = server.into_split();
                    let mut broken = is.clone();
                    tokio::select! {
                        () = carry(from_client, to_server, is.clone()) => {}
                        () = carry(from_server, to_client, is) => {}
                        _ = broken.wait_for(|link| *link == Link::Broken) => {}
                    }
                });
            }
        });
        Self { folder, link }
    }

    /// The same database, over this cable.
    fn url(&self, url: &str) -> String {
        url.replace(socket_of(url), &self.folder.path().display().to_string())
    }

    fn is(&self, link: Link) {
        self.link.send_replace(link);
    }
}

fn socket_of(url: &str) -> &str {
    url.split_once("host=").and_then(|(_, rest)| rest.split('&').next()).unwrap()
}

/// Carries bytes while the cable is whole, and holds them while it is not.
async fn carry(
    mut from: impl tokio::io::AsyncRead + Unpin,
    mut to: impl tokio::io::AsyncWrite + Unpin,
    mut link: watch::Receiver<Link>,
) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(read) = from.read(&mut buffer).await {
        let whole = link.wait_for(|link| *link == Link::Whole).await.is_ok();
        if read == 0 || !whole || to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
