//! Starting: what a node refuses to start with and what it says then, and everything that a restart keeps.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use keyward_core::audit::{AuditEntry, Outcome};
use keyward_core::credential::{CallerId, Credential, Slot};
use keyward_core::id::{AuditId, CredentialId, OrganizationId};
use keyward_core::mint;
use keyward_server::clock::{self, Stopwatch};
use keyward_server::entropy::OsEntropy;
use keyward_server::serve::serve;
use keyward_store::{Placing, Scope, StoreError, Tx, Writer};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{Admin, As, PASSWORD, Reply, TestServer, config};

/// A folder in which a node has run: the folder, its admin, and a key with its id.
async fn left_behind(more: &str) -> (TempDir, Admin, String, String) {
    let server = TestServer::start_with(more).await;
    let admin = server.set_up(&["keyward"]).await;
    let (id, key) = server.credential(&admin.caller, api_key("shop")).await;
    (server.stop().await, admin, id, key)
}

fn api_key(name: &str) -> Value {
    json!({ "kind": "keyward/api", "name": name, "roles": [{ "role": "Viewer" }] })
}

/// What a node says that does not start.
async fn refused(folder: &Path, more: &str) -> String {
    match serve(config(folder, more)).await {
        Ok(_) => panic!("the node has started"),
        Err(error) => error.to_string(),
    }
}

/// What a node says about a key: `allowed`, or the reason why not.
async fn judged(server: &TestServer, admin: &Admin, key: &str) -> String {
    let body = json!({ "credential": key, "permission": "items:read" });
    let answer = server.post(&admin.caller, "/v1/verify", body).await.expect(200).body;
    answer["reason"].as_str().unwrap_or(if answer["allowed"] == true { "allowed" } else { "nothing" }).to_owned()
}

/// After what was wrong is right again, the node starts and knows what it knew.
async fn starts_again(folder: TempDir, more: &str, admin: &Admin, key: &str) -> TempDir {
    let server = TestServer::start_in(folder, more).await;
    assert_eq!(judged(&server, admin, key).await, "allowed");
    let verified = server.get(&admin.caller, "/v1/audit/verification").await.expect(200);
    assert_eq!(verified.body["intact"], true, "{}", verified.text);
    server.stop().await
}

#[tokio::test]
async fn a_database_without_its_key_ring_is_not_served() {
    let (folder, admin, _, key) = left_behind("").await;
    let ring = folder.path().join("data/keyring");
    let kept = fs::read(&ring).unwrap();
    fs::remove_file(&ring).unwrap();
    let said = refused(folder.path(), "").await;
    assert!(said.contains(&ring.display().to_string()) && said.contains("is missing"), "{said}");
    assert!(said.contains("restore the file from a backup"), "{said}");
    assert!(!ring.exists(), "a new key ring was made over a database of another");

    fs::write(&ring, kept).unwrap();
    fs::set_permissions(&ring, fs::Permissions::from_mode(0o600)).unwrap();
    starts_again(folder, "", &admin, &key).await;
}

#[tokio::test]
async fn a_key_ring_of_another_database_is_told() {
    let (folder, admin, _, key) = left_behind("").await;
    let (other, ..) = left_behind("").await;
    let ring = folder.path().join("data/keyring");
    let kept = fs::read(&ring).unwrap();
    fs::write(&ring, fs::read(other.path().join("data/keyring")).unwrap()).unwrap();
    let said = refused(folder.path(), "").await;
    assert!(said.contains("not the one of this database") && said.contains("give the right file"), "{said}");

    fs::write(&ring, "no key ring").unwrap();
    let said = refused(folder.path(), "").await;
    assert!(said.starts_with("the key ring"), "{said}");

    fs::write(&ring, kept).unwrap();
    starts_again(folder, "", &admin, &key).await;
}

#[tokio::test]
async fn a_key_ring_that_others_can_read_is_not_used() {
    let (folder, admin, _, key) = left_behind("").await;
    let ring = folder.path().join("data/keyring");
    assert_eq!(fs::metadata(&ring).unwrap().permissions().mode() & 0o777, 0o600);
    for mode in [0o640, 0o604, 0o644, 0o660] {
        fs::set_permissions(&ring, fs::Permissions::from_mode(mode)).unwrap();
        let said = refused(folder.path(), "").await;
        assert!(said.contains("can be read by others") && said.contains("chmod 600"), "{said}");
    }
    fs::set_permissions(&ring, fs::Permissions::from_mode(0o600)).unwrap();
    starts_again(folder, "", &admin, &key).await;
}

#[tokio::test]
async fn a_second_node_on_the_same_file_is_refused() {
    let server = TestServer::start().await;
    let admin = server.set_up(&["keyward"]).await;
    let (_, key) = server.credential(&admin.caller, api_key("shop")).await;
    let said = refused(server.folder.path(), "").await;
    assert!(said.contains("another `keyward serve`") && said.contains("keyward.db"), "{said}");
    assert!(said.contains(&format!("pid {}", std::process::id())), "{said}");

    assert_eq!(judged(&server, &admin, &key).await, "allowed");
    let folder = server.stop().await;
    starts_again(folder, "", &admin, &key).await;
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_refused() {
    const NEWER: &str = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
        SELECT 9999, description, success, checksum, execution_time FROM _sqlx_migrations WHERE version = 1";
    let server = TestServer::start().await;
    let admin = server.set_up(&["keyward"]).await;
    server.credential(&admin.caller, api_key("shop")).await;
    let store = server.serving.as_ref().unwrap().app.store.clone();
    let newer = async |writer: &mut Writer| writer.exec(NEWER, ()).await;
    store.side_write::<_, StoreError, _>(newer).await.unwrap();
    drop(store);
    let folder = server.stop().await;
    // However often it is tried.
    for _ in 0..2 {
        let said = refused(folder.path(), "").await;
        assert!(said.contains("schema 9999") && said.contains("use the newer program"), "{said}");
    }
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_named() {
    // A folder in which nobody may create anything, whoever runs the tests; and one that is a file.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    for data_dir in [Path::new("/proc/self"), &file] {
        let mut config = config(folder.path(), "");
        config.keyring.file = data_dir.join("keyring");
        config.data_dir = data_dir.to_owned();
        let Err(error) = serve(config).await else { panic!("the node has started") };
        let said = error.to_string();
        assert!(said.contains(&data_dir.display().to_string()), "{said}");
    }
}

#[tokio::test]
async fn a_database_that_cannot_be_written_is_told() {
    let (folder, admin, _, key) = left_behind("").await;
    let data = folder.path().join("data");
    fs::set_permissions(&data, fs::Permissions::from_mode(0o500)).unwrap();
    // For the superuser permissions are no obstacle, and the node rightly starts.
    if fs::write(data.join("probe"), "").is_err() {
        for entry in fs::read_dir(&data).unwrap() {
            fs::set_permissions(entry.unwrap().path(), fs::Permissions::from_mode(0o400)).unwrap();
        }
        let said = refused(folder.path(), "").await;
        assert!(said.contains("read-only") || said.contains("cannot be"), "{said}");
        fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).unwrap();
        for entry in fs::read_dir(&data).unwrap() {
            fs::set_permissions(entry.unwrap().path(), fs::Permissions::from_mode(0o600)).unwrap();
        }
    }
    fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).unwrap();
    starts_again(folder, "", &admin, &key).await;
}

#[tokio::test]
async fn an_address_that_is_taken_is_named_and_nothing_stays_behind() {
    let server = TestServer::start().await;
    let taken = server.url.strip_prefix("http://").unwrap().to_owned();
    let (folder, admin, _, key) = left_behind("").await;
    let second = format!("[[listener]]\nname = \"second\"\naddress = {taken:?}\n");
    let said =
        refused(folder.path(), &format!("{second}[[surface]]\nname = \"native\"\nlistener = \"second\"\n")).await;
    assert!(said.contains(&taken) && said.contains("second"), "{said}");
    starts_again(folder, "", &admin, &key).await;
}

#[tokio::test]
async fn another_text_of_a_profile_is_not_taken_over_silently() {
    const OWN: &str = "name = \"own\"\nversion = 1\ntitle = \"Own\"\npermissions = [\"things:read\"]\n\
        [roles]\nreader = { title = \"Reader\", allow = [\"things:read\"] }\n\
        [kinds.key]\nprefix = \"own\"\n";
    let folder = tempfile::tempdir().unwrap();
    let profiles = folder.path().join("profiles");
    fs::create_dir(&profiles).unwrap();
    let file = profiles.join("own.toml");
    fs::write(&file, OWN).unwrap();
    let more = format!("profiles = '{}'", profiles.display());
    let server = TestServer::start_in(folder, &more).await;
    let admin = server.set_up(&["keyward", "own"]).await;
    let (_, key) = server.credential(&admin.caller, api_key("shop")).await;
    let folder = server.stop().await;

    // The rules would be others without anybody having said so.
    let changed = OWN.replace("version = 1", "version = 2").replace("title = \"Own\"", "title = \"Mine\"");
    for text in [changed.clone(), OWN.replace("things:read", "things:write")] {
        fs::write(&file, text).unwrap();
        let said = refused(folder.path(), &more).await;
        assert!(said.contains("keyward profiles apply") && said.contains("own.toml"), "{said}");
    }
    fs::write(&file, "name = ").unwrap();
    let said = refused(folder.path(), &more).await;
    assert!(said.contains("own.toml:1"), "{said}");

    // The former file, or the newer text applied: both start.
    fs::write(&file, OWN).unwrap();
    let folder = starts_again(folder, &more, &admin, &key).await;
    let server = TestServer::start_in(folder, &more).await;
    server.put(&admin.caller, "/v1/profiles/own", json!({ "text": changed })).await.expect(200);
    fs::write(&file, changed).unwrap();
    let folder = server.stop().await;
    starts_again(folder, &more, &admin, &key).await;
}

#[tokio::test]
async fn a_restart_keeps_everything() {
    let server = TestServer::start().await;
    let admin = server.set_up(&["keyward"]).await;
    let make = async |name: &str| server.credential(&admin.caller, api_key(name)).await;
    let (_, active) = make("active").await;
    let (disabled_id, disabled) = make("disabled").await;
    let (revoked_id, revoked) = make("revoked").await;
    let (rotated_id, rotated) = make("rotated").await;
    let act = async |id: &str, what: &str, body: Value| {
        server.post(&admin.caller, &format!("/v1/credentials/{id}/{what}"), body).await.expect(200)
    };
    act(&disabled_id, "disable", json!({})).await;
    act(&revoked_id, "revoke", json!({})).await;
    let newer = act(&rotated_id, "rotate", json!({ "confirm": true })).await.id("/secret/token");
    let listed = server.get(&admin.caller, "/v1/credentials").await.expect(200);
    let audit = server.get(&admin.caller, "/v1/audit?limit=200").await.expect(200);

    // Failed sign-ins, until the next one is not even tried.
    let guess = json!({ "email": "nobody@example.com", "password": "not-the-password-1" });
    let bars = async |server: &TestServer| server.post(&As::Anonymous, "/v1/sessions", guess.clone()).await;
    let mut barred = bars(&server).await;
    for _ in 0..10 {
        if barred.status == 429 {
            break;
        }
        barred = bars(&server).await;
    }
    barred.problem(429, "too_many_attempts");

    let again = TestServer::start_in(server.stop().await, "").await;
    assert!(again.serving.as_ref().unwrap().setup.is_none());
    for (key, wanted) in [
        (&active, "allowed"),
        (&disabled, "disabled"),
        (&revoked, "revoked"),
        (&rotated, "unknown"),
        (&newer, "allowed"),
    ] {
        assert_eq!(judged(&again, &admin, key).await, wanted);
    }
    let after = again.get(&admin.caller, "/v1/credentials").await.expect(200);
    assert_eq!(ids(&after), ids(&listed));
    let after = again.get(&admin.caller, "/v1/audit?limit=200").await.expect(200);
    assert!(ids(&after).ends_with(&ids(&audit)), "the audit log lost something");
    // Whoever was barred still is; whoever was not can sign in, also after the restart.
    let barred = bars(&again).await.problem(429, "too_many_attempts");
    assert!(barred.headers.contains_key("retry-after"));
    again.sign_in("admin@example.com").await;
}

fn ids(list: &Reply) -> Vec<String> {
    list.body["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_session_that_was_ended_stays_ended() {
    let (folder, admin, ..) = left_behind("").await;
    let server = TestServer::start_in(folder, "").await;
    let other = server.sign_in("admin@example.com").await;
    server.delete(&other, "/v1/sessions/current").await.expect(200);
    server.get(&other, "/v1/apps").await.problem(401, "session_ended");
    let again = TestServer::start_in(server.stop().await, "").await;
    again.get(&other, "/v1/apps").await.problem(401, "session_ended");
    again.get(&admin.caller, "/v1/apps").await.expect(200);
}

fn first(token: &str) -> Value {
    json!({ "token": token, "email": "ada@example.com", "name": "Ada", "password": PASSWORD })
}

#[tokio::test]
async fn the_set_up_token_opens_once() {
    let server = TestServer::start().await;
    let token = server.setup_token();
    let set_up = async |token: &str| server.post(&As::Anonymous, "/v1/setup", first(token)).await;
    for wrong in ["", "x", &token[1..], &format!("{token}0"), &token.to_uppercase()] {
        set_up(wrong).await.problem(403, "setup_token_invalid");
    }
    // What is refused for another reason does not use it up.
    let mut weak = first(&token);
    weak["password"] = json!("short");
    server.post(&As::Anonymous, "/v1/setup", weak).await.problem(422, "password_too_short");
    set_up(&token).await.expect(201);
    set_up(&token).await.problem(409, "setup_done");
    set_up("x").await.problem(409, "setup_done");

    let again = TestServer::start_in(server.stop().await, "").await;
    assert!(again.serving.as_ref().unwrap().setup.is_none());
    again.post(&As::Anonymous, "/v1/setup", first(&token)).await.problem(409, "setup_done");
}

#[tokio::test]
async fn a_restart_voids_the_set_up_token() {
    let server = TestServer::start().await;
    let former = server.setup_token();
    let again = TestServer::start_in(server.stop().await, "").await;
    let token = again.setup_token();
    assert_ne!(token, former);
    again.post(&As::Anonymous, "/v1/setup", first(&former)).await.problem(403, "setup_token_invalid");
    again.post(&As::Anonymous, "/v1/setup", first(&token)).await.expect(201);
    let signed_in = json!({ "email": "ADA@example.com", "password": PASSWORD });
    again.post(&As::Anonymous, "/v1/sessions", signed_in).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_set_up_at_once_make_one_operator() {
    let server = TestServer::start().await;
    let token = server.setup_token();
    let bodies = ["ada@example.com", "eve@example.com", "joe@example.com"].map(|email| {
        let mut body = first(&token);
        body["email"] = json!(email);
        body
    });
    let [a, b, c] = bodies.map(|body| server.post(&As::Anonymous, "/v1/setup", body));
    let (a, b, c) = tokio::join!(a, b, c);
    let mut statuses = [a.status, b.status, c.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409]);
}

/// `cargo test --release -p keyward-server --test it a_hundred_thousand -- --ignored --nocapture`
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a while; run it in release"]
async fn a_hundred_thousand_credentials_are_loaded() {
    const CREDENTIALS: usize = 100_000;
    const AT_ONCE: usize = 500;
    let server = TestServer::start().await;
    let admin = server.set_up(&["keyward"]).await;
    let (id, key) = server.credential(&admin.caller, api_key("first")).await;
    let organization: OrganizationId = admin.organization.parse().unwrap();
    let id: CredentialId = id.parse().unwrap();
    let app = &server.serving.as_ref().unwrap().app;
    let template = app.store.read().await.unwrap().credential(organization, id).await.unwrap().unwrap();
    let kind = app.index.snapshot().kind(&template.kind).unwrap().clone();
    let ring = app.ring();
    let mut made = 0;
    while made < CREDENTIALS {
        let records: Vec<Credential> = (0..AT_ONCE)
            .map(|_| {
                let minted = mint::mint(&kind, ring.current_pepper(), &mut OsEntropy);
                let slot = Slot { digest: minted.digest, ..template.slots[0].clone() };
                let id = CredentialId::new(clock::now(), &mut OsEntropy);
                Credential { id, public_id: minted.public_id, slots: vec![slot], ..template.clone() }
            })
            .collect();
        let entry = AuditEntry {
            id: AuditId::new(clock::now(), &mut OsEntropy),
            at: clock::now(),
            operation: "credentials.create".to_owned(),
            caller: CallerId::System,
            target: None,
            outcome: Outcome::Done,
            details: serde_json::Map::new(),
            request: None,
            source: None,
        };
        let scope_key = organization.to_string();
        let job = async move |tx: &mut Tx| {
            let placing = Placing { scope_key: scope_key.clone(), place: None, name_scope: None };
            for record in &records {
                tx.put_credential(record, Some(&placing)).await?;
            }
            Ok::<_, StoreError>(((), entry.clone()))
        };
        app.store.write(Scope::Organization(organization), job).await.unwrap();
        made += AT_ONCE;
    }
    let folder = server.stop().await;

    let watch = Stopwatch::start();
    let again = TestServer::start_in(folder, "").await;
    let took = watch.elapsed();
    assert_eq!(judged(&again, &admin, &key).await, "allowed");
    let count = again.serving.as_ref().unwrap().app.index.snapshot().credential_count();
    assert_eq!(count as usize, CREDENTIALS + 1);
    eprintln!("{count} credentials: the node serves {took:?} after its start began");
}
