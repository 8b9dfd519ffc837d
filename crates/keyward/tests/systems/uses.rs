//! Uses that are recorded before they are answered: no use that was answered is lost.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

use serde_json::{Value, json};

use crate::support::{App, Key, Person, Request, Server, Upstream, until};

/// Clients that use the key at once.
const CLIENTS: usize = 8;
/// After how many answers the node is killed.
const ANSWERED: usize = 120;

#[test]
fn no_answered_use_is_lost_when_the_node_is_killed() {
    let upstream = Upstream::start();
    let mut server = node(&upstream);
    let owner = server.set_up(&["gigya"]);
    let site = server.app(&owner.caller, "Shop");
    let key = application(&server, &owner, &site);
    let address = server.address("api");
    let request = search(&site, &key).to_bytes(address);

    let answered = Mutex::new(Vec::new());
    let (count, ended) = (AtomicUsize::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                while !ended.load(SeqCst) {
                    let Some(id) = answer(address, &request) else { continue };
                    answered.lock().unwrap().push(id);
                    count.fetch_add(1, SeqCst);
                }
            });
        }
        until("uses are answered", || count.load(SeqCst) >= ANSWERED);
        server.kill();
        ended.store(true, SeqCst);
    });

    server.start_again();
    let recorded: Vec<String> = recorded(&server, &owner, &key);
    let answered = answered.into_inner().unwrap();
    assert!(answered.len() >= ANSWERED);
    for id in &answered {
        assert_eq!(recorded.iter().filter(|one| *one == id).count(), 1, "`{id}` was answered");
    }
    let chain = server.get(&owner.caller, "/v1/audit/verification").expect(200);
    assert_eq!(chain.body["intact"], true, "{}", chain.text);
}

#[test]
fn a_use_that_was_refused_after_its_secret_was_right_is_recorded_too() {
    let upstream = Upstream::start();
    let server = node(&upstream);
    let owner = server.set_up(&["gigya"]);
    let site = server.app(&owner.caller, "Shop");
    let key = application(&server, &owner, &site);
    let outcomes = || -> Vec<Value> {
        let all = server.audit(&owner.caller);
        let own = all.into_iter().filter(|one| one["operation"] == "credentials.use" && one["target"] == *key.id);
        own.map(|one| one["outcome"].clone()).collect()
    };
    assert_eq!(server.ask("api", &search(&site, &key)).body["reached"], true);
    assert_eq!(outcomes().len(), 1);
    let denied = calling("accounts.deleteAccount", &site, &key);
    assert_eq!(server.ask("api", &denied).body["errorCode"], 403_007);
    let outcomes_now = outcomes();
    assert_eq!(outcomes_now.len(), 2, "{outcomes_now:?}");
    assert!(outcomes_now.iter().any(|one| one.to_string().contains("refused")), "{outcomes_now:?}");
    // A wrong secret says nothing of the key: nothing is written for it.
    let fields =
        [("apiKey", &*site.site_key), ("userKey", &*key.public_id), ("secret", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")];
    let wrong = Request::post("/accounts.search").form(&fields).over_https();
    assert_eq!(server.ask("api", &wrong).body["errorCode"], 403_005);
    assert_eq!(outcomes().len(), 2);
}

/// Sends a request; the id that the answer names it by, if it was answered by the service behind the node.
fn answer(address: SocketAddr, request: &[u8]) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.write_all(request).ok()?;
    let mut text = Vec::new();
    stream.read_to_end(&mut text).ok()?;
    let text = String::from_utf8(text).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let id = head.lines().find_map(|line| line.strip_prefix("keyward-request-id: "))?;
    (head.starts_with("HTTP/1.1 200") && body.contains("\"reached\"")).then(|| id.to_owned())
}

/// The ids of the requests in which the key was used, as the audit log has them.
fn recorded(server: &Server, owner: &Person, key: &Key) -> Vec<String> {
    let mut ids = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/v1/audit?limit=200&operation=credentials.use&target={}{cursor}", key.id);
        let page = server.get(&owner.caller, &path).expect(200).body;
        ids.extend(page["items"].as_array().unwrap().iter().map(|one| one["request"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { return ids };
        cursor = format!("&cursor={next}");
    }
}

fn search(site: &App, key: &Key) -> Request {
    calling("accounts.search", site, key)
}

fn calling(method: &str, site: &App, key: &Key) -> Request {
    let fields = [("apiKey", &*site.site_key), ("userKey", &*key.public_id), ("secret", key.secret())];
    Request::post(&format!("/{method}")).form(&fields).over_https()
}

fn application(server: &Server, owner: &Person, site: &App) -> Key {
    server.role(&owner.caller, "Search", &["accounts:search"]);
    let roles = json!([{ "role": "Search", "namespace": site.id }]);
    let asked = json!({ "kind": "gigya/application_key", "name": "Import", "namespace": site.id, "roles": roles });
    server.create(&owner.caller, &asked)
}

fn node(upstream: &Upstream) -> Server {
    upstream.answers(200, json!({ "reached": true }));
    Server::start_with_api(&format!(
        r#"
[[surface]]
name = "dialect:gigya"
listener = "api"
host = "*"

[[surface]]
name = "proxy"
listener = "api"
host = "*"

[[route]]
path = "/*"
dialect = "gigya"
upstream = "{}"
"#,
        upstream.url()
    ))
}
