//! Gainsight NXT, Access key and M2M OAuth: rule by rule of the vendor's page (S1 to S19), each with a twin that is refused.
//!
//! `wire` has what no rule numbers: the shapes of requests and answers, and every published code that Keyward sends.

mod wire;

use std::sync::Barrier;
use std::thread;

use keyward_core::kind::Kind;
use keyward_core::labels::{ActionStyle, Input};
use serde_json::{Value, json};

use crate::support::{As, Key, Person, Reply, Request, Server, Upstream, exchange};

/// Rules without a test yet.
pub(crate) const PENDING: &[&str] = &[];

const ACCESS_KEY: &str = "gainsight/access_key";
const M2M: &str = "gainsight/m2m_oauth";

/// Where M2M OAuth credentials are exchanged.
const TOKEN: &str = "/v1/users/m2m/oauth/token";
/// An endpoint of the platform that reads.
const READ: &str = "/v1/meta/services/objects/list?po=company&em=false";
/// The Event API.
const EVENT: &str = "/v1/eventManager/event";

/// A node in front of the platform, with an organization: its super admin, and an admin, who holds the role `Admin`.
struct World {
    server: Server,
    platform: Upstream,
    owner: Person,
    admin: Person,
}

impl World {
    /// All of the platform is behind one route, so that what belongs to the Event APIs is known by its path alone.
    fn start() -> Self {
        Self::start_with(&|platform| route("/v1/*", platform, "objects:read"))
    }

    fn start_with(routes: &dyn Fn(&Upstream) -> String) -> Self {
        let platform = Upstream::start();
        let surfaces =
            ["dialect:gainsight", "proxy"].map(|name| format!("[[surface]]\nname = \"{name}\"\nlistener = \"api\"\n"));
        let server = Server::start_with_api(&(surfaces.concat() + &routes(&platform)));
        let owner = server.set_up(&["gainsight"]);
        let admin = server.member_with(&owner, "admin@example.com", "Admin", &owner.organization);
        Self { server, platform, owner, admin }
    }

    /// The organization's Access key, made by the admin.
    fn access_key(&self) -> Key {
        self.server.create(&self.admin.caller, &connection(ACCESS_KEY, "Gainsight API"))
    }

    /// M2M OAuth, made by the super admin.
    fn m2m(&self, name: &str) -> Key {
        self.server.create(&self.owner.caller, &connection(M2M, name))
    }

    fn create(&self, by: &Person, kind: &str, name: &str) -> Reply {
        self.server.send(&creation(by, kind, name))
    }

    /// An access token for M2M OAuth, asked for as the vendor's clients do: without a body.
    fn token(&self, key: &Key) -> String {
        self.exchange(key).expect(200).id("/access_token")
    }

    fn exchange(&self, key: &Key) -> Reply {
        self.server.ask("api", &Request::post(TOKEN).by(&key.caller()).header("content-type", "application/json"))
    }

    /// Asks the platform with an Access key.
    fn with_key(&self, request: Request, key: &Key) -> Reply {
        self.server.ask("api", &request.header("Accesskey", key.token()))
    }

    /// Asks the platform with an access token.
    fn with_token(&self, request: Request, token: &str) -> Reply {
        self.server.ask("api", &request.by(&As::Bearer(token.to_owned())))
    }

    /// The answers of the native API to requests that are sent at the same moment, in their order.
    fn at_once(&self, requests: impl IntoIterator<Item = Request>) -> Vec<Reply> {
        let address = self.server.address("management");
        let asking: Vec<_> = requests.into_iter().map(|request| request.to_bytes(address)).collect();
        let ready = &Barrier::new(asking.len());
        thread::scope(|scope| {
            let ask = |bytes: &Vec<u8>| {
                let bytes = bytes.clone();
                scope.spawn(move || {
                    ready.wait();
                    exchange(address, &bytes)
                })
            };
            let asked: Vec<_> = asking.iter().map(ask).collect();
            asked.into_iter().map(|one| one.join().unwrap()).collect()
        })
    }

    fn kind(&self, kind: &str) -> Kind {
        self.server.kind(&self.admin.caller, kind)
    }
}

fn creation(by: &Person, kind: &str, name: &str) -> Request {
    Request::post("/v1/credentials").by(&by.caller).json(&connection(kind, name))
}

fn connection(kind: &str, name: &str) -> Value {
    json!({ "kind": kind, "name": name })
}

fn route(path: &str, platform: &Upstream, permission: &str) -> String {
    format!(
        "[[route]]\npath = \"{path}\"\nupstream = \"{}\"\ndialect = \"gainsight\"\npermission = \"{permission}\"\n",
        platform.url()
    )
}

impl Reply {
    /// The platform's own answer.
    #[track_caller]
    fn reached(&self) {
        assert_eq!((self.status, &self.body["reached"]), (200, &json!(true)), "{}", self.text);
    }

    /// A failure in the vendor's envelope.
    #[track_caller]
    fn failure(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self.body["errorCode"].as_str()), (status, Some(code)), "{}", self.text);
        assert_eq!(self.header("content-type"), Some("application/json"), "{}", self.text);
        let fields: Vec<_> = self.body.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["errorCode", "errorDesc", "message", "requestId", "result"], "{}", self.text);
        assert_eq!(self.body["result"], false);
        let request = self.id("/requestId");
        let parts: Vec<_> = request.split('-').map(str::len).collect();
        assert!(parts == [8, 4, 4, 4, 12] && request.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit()), "{request}");
        assert!(!self.id("/errorDesc").is_empty() && !self.id("/message").is_empty());
        self
    }

    /// An error of OAuth's own.
    #[track_caller]
    fn oauth(self, status: u16, error: &str) -> Self {
        assert_eq!((self.status, self.body["error"].as_str()), (status, Some(error)), "{}", self.text);
        self
    }
}

#[test]
fn s01_access_key_and_m2m_oauth_authenticate_calls() {
    let tenant = World::start();
    let (key, m2m) = (tenant.access_key(), tenant.m2m("Nightly sync"));
    tenant.with_key(Request::get(READ), &key).reached();
    tenant.with_token(Request::get(READ), &tenant.token(&m2m)).reached();

    // Twins: nothing, each as if it were the other, and what is exchanged without being exchanged.
    tenant.server.ask("api", &Request::get(READ)).failure(401, "GS_APIG_2401");
    tenant.with_token(Request::get(READ), key.token()).failure(401, "GS_APIG_2401");
    let as_key = Request::get(READ).header("Accesskey", m2m.secret());
    tenant.server.ask("api", &as_key).failure(401, "GS_APIG_2401");
    let token_as_key = Request::get(READ).header("Accesskey", &tenant.token(&m2m));
    tenant.server.ask("api", &token_as_key).failure(401, "GS_APIG_2401");
    tenant.server.ask("api", &Request::get(READ).by(&m2m.caller())).failure(401, "GS_APIG_2401");
    let (id, secret) = key.token().split_at(16);
    for pair in [(id, secret), (key.token(), ""), ("", key.token())] {
        let basic = As::Basic(pair.0.to_owned(), pair.1.to_owned());
        tenant.server.ask("api", &Request::post(TOKEN).by(&basic)).oauth(401, "invalid_client");
    }
    let as_header = Request::post(TOKEN).header("Accesskey", key.token());
    tenant.server.ask("api", &as_header).oauth(401, "invalid_client");
}

#[test]
fn s02_admins_generate_and_developers_send_headers() {
    let tenant = World::start();
    let key = tenant.access_key();
    for name in ["Accesskey", "accesskey", "AccessKey", "ACCESSKEY"] {
        tenant.server.ask("api", &Request::get(READ).header(name, key.token())).reached();
    }
    // The platform never sees it, and is told who asks.
    for received in tenant.platform.received() {
        assert_eq!((received.header("accesskey"), received.header("authorization")), (None, None));
        assert_eq!(received.header("x-keyward-credential"), Some(&*key.id));
        assert!(!format!("{received:?}").contains(key.token()));
    }

    // Twins: in the URL, in the body, and by who is no admin.
    for at in ["Accesskey", "accesskey", "access_token"] {
        let refused = tenant.server.ask("api", &Request::get(&format!("{READ}&{at}={}", key.token())));
        assert!(!refused.failure(401, "GS_APIG_2401").text.contains(key.token()));
    }
    let in_body = Request::post("/v1/data/objects/query/Company").form(&[("Accesskey", key.token())]);
    tenant.server.ask("api", &in_body).failure(401, "GS_APIG_2401");
    let viewer = tenant.server.member_with(&tenant.owner, "viewer@example.com", "Viewer", &tenant.owner.organization);
    tenant.server.revoke(&tenant.admin.caller, &key.id);
    for by in [&viewer, &tenant.server.member(&tenant.owner, "nobody@example.com")] {
        tenant.create(by, ACCESS_KEY, "Mine").problem(403, "permission_denied");
        tenant.create(by, M2M, "Mine").problem(403, "permission_denied");
    }
    assert_eq!(tenant.platform.received().len(), 0);
}

#[test]
fn s03_an_organization_has_one_access_key_whoever_is_quick() {
    let tenant = World::start();
    let replies = tenant.at_once((0..50).map(|n| creation(&tenant.admin, ACCESS_KEY, &format!("Connection {n}"))));
    let (made, refused): (Vec<_>, Vec<_>) = replies.into_iter().partition(|reply| reply.status == 201);
    assert_eq!(made.len(), 1);
    for reply in refused {
        reply.problem(409, "limit_reached");
    }
    assert_eq!(tenant.server.listed(&tenant.admin.caller, "").len(), 1);
    tenant.with_key(Request::get(READ), &Key::of(&made[0])).reached();

    // Twins: once more, also by the super admin; but another organization has one of its own.
    tenant.create(&tenant.owner, ACCESS_KEY, "Another").problem(409, "limit_reached");
    let other = tenant.server.organization(&tenant.owner, "Other", &["gainsight"], "olga@example.com");
    tenant.create(&other, ACCESS_KEY, "Theirs").expect(201);
    tenant.create(&other, ACCESS_KEY, "Theirs too").problem(409, "limit_reached");
}

#[test]
fn s04_an_organization_has_fifteen_m2m_oauth_keys_whoever_is_quick() {
    let tenant = World::start();
    let replies = tenant.at_once((0..50).map(|n| creation(&tenant.owner, M2M, &format!("Connection {n}"))));
    let (made, refused): (Vec<_>, Vec<_>) = replies.into_iter().partition(|reply| reply.status == 201);
    assert_eq!(made.len(), 15);
    for reply in refused {
        reply.problem(409, "limit_reached");
    }
    let keys: Vec<Key> = made.iter().map(Key::of).collect();
    for key in &keys {
        tenant.exchange(key).expect(200);
    }

    // Twin: the sixteenth; one that is deleted makes room for exactly one.
    tenant.create(&tenant.owner, M2M, "The sixteenth").problem(409, "limit_reached");
    tenant.server.act(&tenant.owner.caller, &keys[0].id, "disable", json!({})).expect(200);
    tenant.create(&tenant.owner, M2M, "The sixteenth").problem(409, "limit_reached");
    tenant.server.revoke(&tenant.owner.caller, &keys[0].id);
    tenant.create(&tenant.owner, M2M, "The sixteenth").expect(201);
    tenant.create(&tenant.owner, M2M, "The seventeenth").problem(409, "limit_reached");
    // The Access key is not among them.
    tenant.access_key();
}

#[test]
fn s05_a_key_that_was_found_right_opens_the_rest_apis() {
    let tenant = World::start_with(&|platform| {
        route("/v1/meta/*", platform, "meta:read")
            + &route("/v1/data/objects/*", platform, "objects:write")
            + &route("/v1/users/services/list", platform, "users.list:read")
    });
    let (key, m2m) = (tenant.access_key(), tenant.m2m("Nightly sync"));
    let token = tenant.token(&m2m);
    let asked = || {
        [
            Request::get(READ),
            Request::get("/v1/meta/services/objects/Company/describe?idd=true"),
            Request::post("/v1/data/objects/query/Company").json(&json!({ "select": ["Name"], "limit": 1 })),
            Request::post("/v1/users/services/list").json(&json!({})),
        ]
    };
    for request in asked() {
        tenant.with_key(request.clone(), &key).reached();
        tenant.with_token(request, &token).reached();
    }
    let received = tenant.platform.received();
    assert_eq!(received.len(), 8);
    assert_eq!((&*received[0].path, &*received[0].query), ("/v1/meta/services/objects/list", "po=company&em=false"));
    assert_eq!(received[4].body, json!({ "select": ["Name"], "limit": 1 }).to_string().as_bytes());

    // Twins: one character off, another organization's key after it was revoked, nothing, and junk.
    let text = key.token();
    let off = format!("{}{}", &text[..text.len() - 1], if text.ends_with('a') { 'b' } else { 'a' });
    for wrong in [&*off, &text[..text.len() - 1], "nonsense", "", &"a".repeat(10_000)] {
        for request in asked() {
            tenant.server.ask("api", &request.header("Accesskey", wrong)).failure(401, "GS_APIG_2401");
        }
    }
    assert_eq!(tenant.platform.received().len(), 0);
}

#[test]
fn s06_an_access_key_can_be_reset_at_any_time() {
    let tenant = World::start();
    let mut key = tenant.access_key();
    for _ in 0..3 {
        key = tenant.server.rotate(&tenant.admin.caller, &key.id);
        tenant.with_key(Request::get(READ), &key).reached();
    }
    // The connection is the same one, and there is still only one.
    assert_eq!(tenant.server.listed(&tenant.admin.caller, ""), [&*key.id]);
    // Twins: by who is no admin, and by the key itself.
    let viewer = tenant.server.member_with(&tenant.owner, "viewer@example.com", "Viewer", &tenant.owner.organization);
    let rotate = json!({ "confirm": true });
    tenant.server.act(&viewer.caller, &key.id, "rotate", rotate.clone()).problem(403, "permission_denied");
    tenant.server.act(&As::Bearer(key.token().to_owned()), &key.id, "rotate", rotate).expect(401);
    tenant.with_key(Request::get(READ), &key).reached();
}

#[test]
fn s07_after_a_reset_the_old_key_fails_at_once() {
    let tenant = World::start();
    let old = tenant.access_key();
    tenant.with_key(Request::get(READ), &old).reached();
    let new = tenant.server.rotate(&tenant.admin.caller, &old.id);
    assert_ne!(old.token(), new.token());
    for _ in 0..20 {
        tenant.with_key(Request::get(READ), &old).failure(401, "GS_APIG_2401");
        tenant.with_key(Request::get(READ), &new).reached();
    }
    // Twin: to let the old one go on for a while.
    let grace = json!({ "confirm": true, "grace_seconds": 60 });
    tenant.server.act(&tenant.admin.caller, &new.id, "rotate", grace).problem(422, "grace_too_long");
    tenant.with_key(Request::get(READ), &new).reached();
}

#[test]
fn s08_create_connection_is_in_connectors() {
    let tenant = World::start();
    for kind in [ACCESS_KEY, M2M] {
        let labels = tenant.kind(kind).labels;
        assert_eq!((&*labels.menu_path(), &*labels.title), ("Administration > Connectors 2.0", "Connectors 2.0"));
        assert_eq!((&*labels.create.button, &*labels.create.title), ("Create Connection", "Create Connection"));
    }
    // Both are on one page, and belong to the organization. Twin: to nothing below it.
    assert!(tenant.kind(ACCESS_KEY).labels.shares_page_with(&tenant.kind(M2M).labels));
    let app = tenant.server.app(&tenant.owner.caller, "Shop").id;
    for kind in [ACCESS_KEY, M2M] {
        let mut body = connection(kind, "Elsewhere");
        body["namespace"] = json!(app);
        tenant.server.post(&tenant.owner.caller, "/v1/credentials", &body).problem(422, "wrong_namespace");
    }
}

#[test]
fn s09_the_connector_is_gainsight_api() {
    let tenant = World::start();
    for kind in [ACCESS_KEY, M2M] {
        let create = tenant.kind(kind).labels.create;
        let field = create.fields().next().unwrap().clone();
        assert_eq!((field.input, &*field.label, &*field.value), (Input::Fixed, "Connector", "Gainsight API"));
    }
    // Twin: it cannot be another one.
    let mut body = connection(ACCESS_KEY, "Salesforce");
    body["connector"] = json!("Salesforce");
    tenant.server.post(&tenant.admin.caller, "/v1/credentials", &body).problem(400, "unknown_field");
}

#[test]
fn s10_a_connection_has_a_name() {
    let tenant = World::start();
    for kind in [ACCESS_KEY, M2M] {
        let create = tenant.kind(kind).labels.create;
        let field = create.fields().find(|field| field.input == Input::Name).unwrap();
        assert_eq!(field.label, "Name of the connection");
        let made = tenant.create(&tenant.owner, kind, "Nightly sync").expect(201);
        assert_eq!(made.id("/credential/name"), "Nightly sync");
        tenant.server.revoke(&tenant.owner.caller, &made.id("/credential/id"));
        // Twins: nothing in it, only spaces, and none.
        for empty in ["", "  "] {
            let refused = tenant.create(&tenant.owner, kind, empty).problem(400, "invalid_value");
            assert_eq!(refused.id("/errors/0/pointer"), "/name");
        }
        let none = json!({ "kind": kind });
        tenant.server.post(&tenant.owner.caller, "/v1/credentials", &none).problem(400, "missing_field");
    }
}

#[test]
fn s11_the_authentication_type_is_chosen() {
    let tenant = World::start();
    for (kind, choice) in [(ACCESS_KEY, "Access_Key"), (M2M, "OAuth")] {
        let labels = tenant.kind(kind).labels;
        assert_eq!(labels.choice, choice);
        let field = labels.create.fields().find(|field| field.input == Input::Kind).unwrap();
        assert_eq!(field.label, "Authentication Type");
        assert!(labels.columns.iter().any(|column| column.heading == "Authentication Type"));
        let made = tenant.create(&tenant.owner, kind, "Nightly sync").expect(201);
        assert_eq!(made.id("/credential/kind"), kind);
    }
    // Twins: there is no third, and nothing is neither.
    tenant.create(&tenant.owner, "gainsight/basic", "Another").problem(422, "unknown_kind");
    tenant.create(&tenant.owner, "keyward/api", "Another").problem(422, "unknown_kind");
    let none = json!({ "name": "Another" });
    tenant.server.post(&tenant.owner.caller, "/v1/credentials", &none).problem(400, "missing_field");
}

#[test]
fn s12_generate_access_key_shows_a_key_for_all_requests() {
    let tenant = World::start();
    let labels = tenant.kind(ACCESS_KEY).labels;
    assert_eq!(labels.create.submit, "Generate Access Key");
    assert_eq!((&*labels.issued.secret, &*labels.issued.message), ("Access Key", "A new access key is generated."));
    assert!(!labels.issued.copy.is_empty() && labels.issued.notes[0].contains("all REST API requests"));
    let shown = tenant.create(&tenant.admin, ACCESS_KEY, "Gainsight API").expect(201);
    let key = Key::of(&shown);
    for request in [Request::get(READ), Request::new("DELETE", "/v1/data/objects/Company/1"), Request::post(EVENT)] {
        tenant.with_key(request, &key).reached();
    }
    // Twin: it is shown at that moment, and never again.
    let admin = &tenant.admin.caller;
    let later = [
        tenant.server.shown(admin, &key.id),
        tenant.server.get(admin, "/v1/credentials").expect(200),
        tenant.server.edit(admin, &key.id, json!({ "name": "Renamed" })).expect(200),
    ];
    for reply in later {
        assert!(!reply.text.contains(key.token()), "{}", reply.text);
    }
    tenant
        .server
        .act(&tenant.server.sign_in(&tenant.admin.email), &key.id, "reveal", json!({}))
        .problem(409, "not_revealable");
}

#[test]
fn s13_three_dots_lead_to_edit_connection() {
    let tenant = World::start();
    for kind in [ACCESS_KEY, M2M] {
        let labels = tenant.kind(kind).labels;
        assert_eq!(labels.actions, ActionStyle::Menu);
        assert_eq!((&*labels.edit.button, &*labels.edit.title), ("Edit Connection", "Edit Connection"));
        assert!(labels.edit.asks_for(Input::Name));
    }
    let key = tenant.access_key();
    let edit = |by: &Person, changes| tenant.server.edit(&by.caller, &key.id, changes);
    let edited = edit(&tenant.admin, json!({ "name": "Renamed" })).expect(200);
    assert_eq!(edited.id("/credential/name"), "Renamed");
    tenant.with_key(Request::get(READ), &key).reached();
    // Twins: what the dialog does not have, and who may not.
    edit(&tenant.owner, json!({ "roles": [{ "role": "Viewer" }] })).problem(422, "immutable_field");
    edit(&tenant.owner, json!({ "kind": M2M })).problem(400, "unknown_field");
    let viewer = tenant.server.member_with(&tenant.owner, "viewer@example.com", "Viewer", &tenant.owner.organization);
    edit(&viewer, json!({ "name": "Mine" })).problem(403, "permission_denied");
}

#[test]
fn s14_re_generate_asks_first() {
    let tenant = World::start();
    let rotate = tenant.kind(ACCESS_KEY).labels.rotate;
    assert!(rotate.within_edit);
    assert_eq!((&*rotate.button, &*rotate.submit), ("Re-Generate Access Key", "Re-Generate"));
    assert!(rotate.cautions[0].contains("all future API requests to the specific Gainsight org will fail"));
    let old = tenant.access_key();
    // Twin: whoever does not confirm keeps the old key.
    for cancelled in [json!({}), json!({ "confirm": false })] {
        tenant.server.act(&tenant.admin.caller, &old.id, "rotate", cancelled).problem(409, "confirm_required");
        tenant.with_key(Request::get(READ), &old).reached();
    }
    let shown = tenant.server.act(&tenant.admin.caller, &old.id, "rotate", json!({ "confirm": true })).expect(200);
    tenant.with_key(Request::get(READ), &Key::of(&shown)).reached();
    tenant.with_key(Request::get(READ), &old).failure(401, "GS_APIG_2401");
}

#[test]
fn s15_generate_oauth_credentials_shows_key_and_secret() {
    let tenant = World::start();
    let labels = tenant.kind(M2M).labels;
    assert_eq!(labels.create.submit, "Generate OAuth Credentials");
    assert_eq!((&*labels.issued.id, &*labels.issued.secret), ("OAuth API Key", "OAuth API Secret"));
    assert!(!labels.issued.copy.is_empty() && labels.issued.notes[0].contains("all of the REST API requests"));
    let shown = tenant.create(&tenant.owner, M2M, "Nightly sync").expect(201);
    let key = Key::of(&shown);
    assert_eq!(shown.id("/secret/client_id"), key.public_id);
    let answer = tenant.exchange(&key).expect(200);
    let fields: Vec<_> = answer.body.as_object().unwrap().keys().collect();
    assert_eq!(fields, ["access_token", "expires_in", "token_type"]);
    assert_eq!((&answer.body["token_type"], &answer.body["expires_in"]), (&json!("Bearer"), &json!(86_400)));
    let token = answer.id("/access_token");
    for request in [Request::get(READ), Request::new("PUT", "/v1/data/objects/Company").json(&json!({}))] {
        tenant.with_token(request, &token).reached();
    }
    // Twins: half of it, and another's half.
    let other = tenant.m2m("Another");
    for (id, secret) in [(&*key.public_id, ""), ("", key.secret()), (&key.public_id, other.secret())] {
        let basic = As::Basic(id.to_owned(), secret.to_owned());
        tenant.server.ask("api", &Request::post(TOKEN).by(&basic)).oauth(401, "invalid_client");
    }
    let shown = tenant.server.shown(&tenant.owner.caller, &key.id);
    assert!(!shown.text.contains(key.secret()), "{}", shown.text);
}

#[test]
fn s16_super_admins_alone_create_and_manage_m2m_oauth() {
    let tenant = World::start();
    let key = tenant.m2m("Nightly sync");
    let sue = tenant.server.super_admin(&tenant.owner, "sue@example.com");
    // Twins first: the admin, for each thing that can be done; the super admin does it then.
    tenant.create(&tenant.admin, M2M, "Mine").problem(403, "permission_denied");
    let rename = json!({ "name": "Renamed" });
    tenant.server.edit(&tenant.admin.caller, &key.id, rename.clone()).problem(403, "permission_denied");
    tenant.server.edit(&sue.caller, &key.id, rename).expect(200);
    for (verb, body) in
        [("disable", json!({})), ("enable", json!({})), ("rotate", json!({ "confirm": true })), ("revoke", json!({}))]
    {
        let act = |by: &Person| tenant.server.act(&by.caller, &key.id, verb, body.clone());
        act(&tenant.admin).problem(403, "permission_denied");
        act(&sue).expect(200);
    }
    // A super admin who is none any more does not either; an admin has the Access key.
    let admin_key = tenant.access_key();
    tenant.server.rotate(&tenant.admin.caller, &admin_key.id);
    tenant.server.revoke(&tenant.admin.caller, &admin_key.id);
    let less = json!({ "super_admin": false });
    tenant.server.patch(&tenant.owner.caller, &format!("/v1/users/{}", sue.user), &less).expect(200);
    tenant.create(&sue, M2M, "Another").problem(403, "permission_denied");
}

#[test]
fn s17_m2m_oauth_cannot_be_used_for_event_apis() {
    // Known by the path alone, and by the permission that its route names.
    let by_permission = |platform: &Upstream| {
        route("/v1/*", platform, "objects:read") + &route("/*/eventManager/*", platform, "events:write")
    };
    for tenant in [World::start(), World::start_with(&by_permission)] {
        let (key, m2m) = (tenant.access_key(), tenant.m2m("Nightly sync"));
        let token = tenant.token(&m2m);
        let event = |path: &str| {
            let request = Request::post(path).header("eventName", "Renewal").header("eventVersion", "v01");
            request.json(&json!({ "customer": "Acme" }))
        };
        tenant.with_token(Request::get(READ), &token).reached();
        tenant.with_key(event(EVENT), &key).reached();
        tenant.platform.received();
        for path in [EVENT, "/v1/EventManager/Event", "/v1/eventmanager/event/", "/v1/eventManager/other?x=1"] {
            tenant.with_token(event(path), &token).failure(403, "GS_APIG_2401");
        }
        for path in ["/v1//eventManager/event", "/v1/./eventManager/event", "/v1/x/../eventManager/event"] {
            tenant.with_token(event(path), &token).failure(400, "GSOBJ_1023");
        }
        // Also with a token that was asked for without narrowing, by another of them, after a new secret.
        let again = tenant.server.rotate(&tenant.owner.caller, &m2m.id);
        tenant.with_token(event(EVENT), &tenant.token(&again)).failure(403, "GS_APIG_2401");
        let paths: Vec<_> = tenant.platform.received().into_iter().map(|received| received.path).collect();
        assert_eq!(paths, [""; 0]);
    }
}

#[test]
fn s18_two_m2m_connections_cannot_have_one_name() {
    let tenant = World::start();
    let replies = tenant.at_once((0..20).map(|_| creation(&tenant.owner, M2M, "Nightly sync")));
    let (made, refused): (Vec<_>, Vec<_>) = replies.into_iter().partition(|reply| reply.status == 201);
    assert_eq!(made.len(), 1);
    for reply in refused {
        reply.problem(409, "name_taken");
    }
    // Twins: in other letters, after renaming, and both at once.
    for same in ["NIGHTLY SYNC", " Nightly sync ", "Nightly sync"] {
        tenant.create(&tenant.owner, M2M, same).problem(409, "name_taken");
    }
    let second = tenant.m2m("Another");
    let rename = |id: &str, name: &str| tenant.server.edit(&tenant.owner.caller, id, json!({ "name": name }));
    rename(&second.id, "nightly Sync").problem(409, "name_taken");
    let third = tenant.m2m("A third");
    let both = tenant.at_once([&second.id, &third.id].map(|id| {
        let path = format!("/v1/credentials/{id}");
        Request::new("PATCH", &path).by(&tenant.owner.caller).json(&json!({ "name": "The same" }))
    }));
    let mut statuses: Vec<_> = both.iter().map(|reply| reply.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    // To its own name it can be renamed; what was deleted gives its name back; another organization has names of its own.
    let first = made[0].id("/credential/id");
    rename(&first, "NIGHTLY sync").expect(200);
    tenant.server.revoke(&tenant.owner.caller, &first);
    tenant.m2m("Nightly sync");
    let other = tenant.server.organization(&tenant.owner, "Other", &["gainsight"], "olga@example.com");
    tenant.create(&other, M2M, "Nightly sync").expect(201);
}

#[test]
fn s19_a_connection_is_one_credential_with_a_name_and_a_type() {
    let tenant = World::start();
    let (key, m2m) = (tenant.access_key(), tenant.m2m("Nightly sync"));
    let mut listed = tenant.server.listed(&tenant.admin.caller, "");
    listed.sort();
    let mut made = [key.id.clone(), m2m.id.clone()];
    made.sort();
    assert_eq!(listed, made);
    for (id, name, kind) in [(&key.id, "Gainsight API", ACCESS_KEY), (&m2m.id, "Nightly sync", M2M)] {
        let shown = tenant.server.shown(&tenant.admin.caller, id);
        assert_eq!((&*shown.id("/name"), &*shown.id("/kind")), (name, kind));
    }
    // Twin: a second secret for the same connection is no second connection: the first secret ends.
    let again = tenant.server.rotate(&tenant.owner.caller, &m2m.id);
    assert_eq!((&again.id, &again.public_id), (&m2m.id, &m2m.public_id));
    tenant.exchange(&m2m).oauth(401, "invalid_client");
    tenant.exchange(&again).expect(200);
    // What has ended is no connection any more.
    tenant.server.revoke(&tenant.owner.caller, &m2m.id);
    tenant.exchange(&again).oauth(401, "invalid_client");
    tenant.server.act(&tenant.owner.caller, &m2m.id, "enable", json!({})).problem(409, "wrong_state");
}
