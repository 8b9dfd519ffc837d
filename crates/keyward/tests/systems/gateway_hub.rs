//! ITRS Geneos Gateway Hub, application keys: rule by rule of the vendor's page (H1 to H17), each with a twin that is
//! refused.
//!
//! `security` has what no key may ever do (H6), `wire` what no rule numbers: the shapes of requests and answers.

mod security;
mod wire;

use keyward_core::kind::Kind;
use keyward_core::labels::{ActionStyle, Input};
use serde_json::{Value, json};

use crate::support::{As, Key, Person, Reply, Request, Server, Upstream};

/// Rules without a test yet.
pub(crate) const PENDING: &[&str] = &[];

const KIND: &str = "gateway_hub/application_key";
const TOKEN: &str = "/oauth2/token";
const GRANT: [(&str, &str); 1] = [("grant_type", "client_credentials")];

/// A node in front of a hub, with an organization: its super admin, and somebody of the Web Console who administers it.
struct Hub {
    server: Server,
    upstream: Upstream,
    owner: Person,
    admin: Person,
}

impl Hub {
    fn start() -> Self {
        let upstream = Upstream::start();
        let surfaces = ["dialect:gateway_hub", "proxy"]
            .map(|name| format!("[[surface]]\nname = \"{name}\"\nlistener = \"api\"\n"));
        // What can be viewed and what can be edited, resource by resource; the last route is for everything else.
        let routes = [
            ("/ping", &["GET"][..], "ping:read"),
            ("/entities/*", &["GET"], "entities:read"),
            ("/entities/*", &["POST", "PUT", "DELETE"], "entities:edit"),
            ("/metrics/query", &["POST"], "metrics:read"),
            ("/security/*", &["GET"], "security:read"),
            ("/security/*", &["POST", "PUT", "PATCH", "DELETE"], "security:edit"),
            ("/*", &[], "gateways:read"),
        ];
        let routes = routes.map(|(path, methods, permission)| {
            let methods = if methods.is_empty() { String::new() } else { format!("methods = {methods:?}\n") };
            format!(
                "[[route]]\npath = \"{path}\"\n{methods}upstream = \"{}\"\ndialect = \"gateway_hub\"\n\
                 permission = \"{permission}\"\n",
                upstream.url()
            )
        });
        let server = Server::start_with_api(&(surfaces.concat() + &routes.concat()));
        let owner = server.set_up(&["gateway_hub"]);
        let admin = server.member_with(&owner, "admin@example.com", "Administrator", &owner.organization);
        Self { server, upstream, owner, admin }
    }

    /// A key with roles, made in the Web Console.
    fn key(&self, name: &str, roles: &[&str]) -> Key {
        self.server.create(&self.admin.caller, &identity(name, roles))
    }

    fn create(&self, by: &Person, body: &Value) -> Reply {
        self.server.post(&by.caller, "/v1/credentials", body)
    }

    /// Asks for an access token.
    fn exchange(&self, key: &Key) -> Reply {
        self.server.ask("api", &Request::post(TOKEN).by(&key.caller()).form(&GRANT))
    }

    fn token(&self, key: &Key) -> As {
        As::Bearer(self.exchange(key).expect(200).id("/access_token"))
    }

    /// Asks the hub.
    fn ask(&self, by: &As, method: &str, path: &str) -> Reply {
        self.server.ask("api", &Request::new(method, path).by(by))
    }

    fn rotated(&self, key: &Key) -> Key {
        self.server.rotate(&self.admin.caller, &key.id)
    }

    fn kind(&self) -> Kind {
        self.server.kind(&self.admin.caller, KIND)
    }
}

fn identity(name: &str, roles: &[&str]) -> Value {
    let roles: Vec<_> = roles.iter().map(|role| json!({ "role": role })).collect();
    json!({ "kind": KIND, "name": name, "roles": roles })
}

impl Reply {
    /// The hub's own answer.
    #[track_caller]
    fn hub_answered(&self) {
        assert_eq!((self.status, &self.body["reached"]), (200, &json!(true)), "{}", self.text);
    }

    /// The published body of a request without a good token.
    #[track_caller]
    fn unauthorized(self) -> Self {
        assert_eq!(self.status, 401, "{}", self.text);
        let published =
            json!({ "title": "Authorization failed", "body": "The request needs a valid authorization token." });
        assert_eq!(self.body, published);
        assert!(self.header("www-authenticate").unwrap().starts_with("Bearer"));
        self
    }

    /// A refusal in the same shape.
    #[track_caller]
    fn titled(self, status: u16, title: &str) -> Self {
        assert_eq!((self.status, self.body["title"].as_str()), (status, Some(title)), "{}", self.text);
        let fields: Vec<_> = self.body.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["body", "title"], "{}", self.text);
        self
    }

    /// An error of RFC 6749.
    #[track_caller]
    fn rfc(self, status: u16, error: &str) -> Self {
        assert_eq!((self.status, self.body["error"].as_str()), (status, Some(error)), "{}", self.text);
        self
    }
}

#[test]
fn h01_the_page_manages_oauth_client_credentials() {
    let hub = Hub::start();
    let labels = hub.kind().labels;
    assert_eq!((&*labels.menu_path(), &*labels.title), ("Web Console > Application keys", "Application keys"));
    assert!(labels.notes[0].contains("using OAuth 2.0"));
    assert_eq!(labels.help[0].text, "OAuth documentation");
    let key = hub.key("Dashboard", &["Operator"]);
    let answer = hub.exchange(&key).expect(200);
    assert_eq!((&answer.body["token_type"], &answer.body["expires_in"]), (&json!("Bearer"), &json!(300)));
    // Twins: other grants of OAuth 2.0 are none of this page.
    for grant in ["password", "authorization_code", "refresh_token", "implicit"] {
        let request = Request::post(TOKEN).by(&key.caller()).form(&[("grant_type", grant)]);
        hub.server.ask("api", &request).rfc(400, "unsupported_grant_type");
    }
}

#[test]
fn h02_a_credential_is_a_client_id_and_a_client_secret() {
    let hub = Hub::start();
    let made = hub.create(&hub.admin, &identity("Dashboard", &["Operator"])).expect(201);
    let secret = made.body["secret"].as_object().unwrap();
    let fields: Vec<_> = secret.keys().map(String::as_str).filter(|field| !secret[*field].is_null()).collect();
    assert!(fields.contains(&"client_id") && fields.contains(&"client_secret"), "{fields:?}");
    let key = Key::of(&made);
    assert_eq!(made.id("/secret/client_id"), key.public_id);
    assert!(key.public_id.len() == 32 && key.public_id.bytes().all(|b| b.is_ascii_hexdigit()), "{}", key.public_id);
    hub.exchange(&key).expect(200);
    // Twins: either without the other, the two the other way round, and with another's.
    let other = hub.key("Another", &["Operator"]);
    for (id, secret) in [
        (&*key.public_id, ""),
        ("", key.secret()),
        (key.secret(), &key.public_id),
        (&key.public_id, other.secret()),
        (&other.public_id, key.secret()),
    ] {
        let request = Request::post(TOKEN).by(&As::Basic(id.to_owned(), secret.to_owned())).form(&GRANT);
        hub.server.ask("api", &request).rfc(401, "invalid_client");
    }
}

#[test]
fn h03_it_is_exchanged_and_opens_nothing_by_itself() {
    let hub = Hub::start();
    let key = hub.key("Dashboard", &["Operator"]);
    let token = hub.token(&key);
    hub.ask(&token, "GET", "/ping").hub_answered();
    hub.ask(&token, "GET", "/entities/42").hub_answered();
    hub.server.ask("api", &Request::post("/metrics/query").by(&token).json(&json!({}))).hub_answered();
    for received in hub.upstream.received() {
        assert_eq!(received.header("authorization"), None);
        assert_eq!(received.header("x-keyward-public-id"), Some(&*key.public_id));
    }
    // Twins: the credentials themselves, in every way, and nothing at all.
    let bare = hub.ask(&As::Anonymous, "GET", "/ping").unauthorized();
    assert_eq!(bare.header("www-authenticate"), Some("Bearer"));
    for direct in [
        Request::get("/ping").by(&key.caller()),
        Request::get("/ping").by(&As::Bearer(key.secret().to_owned())),
        Request::get("/ping").header("x-api-key", key.secret()),
        Request::get(&format!("/ping?client_id={}&client_secret={}", key.public_id, key.secret())),
        Request::get("/ping").header("authorization", "Bearer"),
        Request::get("/ping").header("authorization", "Bearer kwat_nonsense"),
    ] {
        hub.server.ask("api", &direct).unauthorized();
    }
    let As::Bearer(text) = &token else { panic!("a token") };
    hub.server.ask("api", &Request::get(&format!("/ping?access_token={text}"))).unauthorized();
    assert_eq!(hub.upstream.received().len(), 0);
}

#[test]
fn h04_a_key_is_created_given_a_new_secret_and_removed() {
    let hub = Hub::start();
    let key = hub.key("Dashboard", &["Operator"]);
    hub.exchange(&key).expect(200);
    let again = hub.rotated(&key);
    hub.exchange(&again).expect(200);
    hub.server.revoke(&hub.admin.caller, &key.id);
    hub.exchange(&again).rfc(401, "invalid_client");
    // Twins: nothing else can be done with one, nor any of it by who does not look after keys.
    let key = hub.key("Another", &["Operator"]);
    let edit = |changes| hub.server.edit(&hub.admin.caller, &key.id, changes);
    edit(json!({ "name": "Renamed" })).problem(422, "immutable_field");
    edit(json!({ "roles": [{ "role": "Administrator" }] })).problem(422, "immutable_field");
    let operator = hub.server.member_with(&hub.owner, "operator@example.com", "Operator", &hub.owner.organization);
    hub.create(&operator, &identity("Mine", &["Operator"])).problem(403, "permission_denied");
    for (verb, body) in [("rotate", json!({ "confirm": true })), ("revoke", json!({}))] {
        let refused = hub.server.act(&operator.caller, &key.id, verb, body);
        assert!([403, 404].contains(&refused.status), "{}", refused.text);
    }
    hub.exchange(&key).expect(200);
}

#[test]
fn h05_its_roles_decide_what_it_views_and_what_it_edits() {
    let hub = Hub::start();
    let owner = &hub.owner.caller;
    hub.server.role(owner, "Viewer of entities", &["entities:read"]);
    hub.server.role(owner, "Editor of entities", &["entities:read", "entities:edit"]);
    let pings = hub.server.role(owner, "Pings", &["ping:read"]);
    let viewer = hub.key("Viewer", &["Viewer of entities"]);
    let editor = hub.key("Editor", &["Editor of entities"]);
    let both = hub.key("Both", &["Viewer of entities", "Pings"]);
    let (viewing, editing, either) = (hub.token(&viewer), hub.token(&editor), hub.token(&both));
    for token in [&viewing, &editing, &either] {
        hub.ask(token, "GET", "/entities/42").hub_answered();
    }
    for method in ["POST", "PUT", "DELETE"] {
        hub.ask(&editing, method, "/entities/42").hub_answered();
        // Twins: who may only look.
        for token in [&viewing, &either] {
            let refused = hub.ask(token, method, "/entities/42").titled(403, "Access denied");
            assert_eq!(refused.header("www-authenticate"), Some("Bearer error=\"insufficient_scope\""));
        }
    }
    hub.ask(&either, "GET", "/ping").hub_answered();
    for token in [&viewing, &editing] {
        hub.ask(token, "GET", "/ping").titled(403, "Access denied");
    }
    let built_in = hub.token(&hub.key("Operator", &["Operator"]));
    hub.ask(&built_in, "GET", "/entities/42").hub_answered();
    hub.ask(&built_in, "PUT", "/entities/42").titled(403, "Access denied");
    hub.ask(&hub.token(&hub.key("Administrator", &["Administrator"])), "PUT", "/entities/42").hub_answered();

    // A role that a key holds cannot be deleted; what is taken out of it, no token has any more. The built-in ones stay.
    hub.server.delete(owner, &format!("/v1/roles/{pings}")).problem(409, "role_in_use");
    let role = hub.server.get(owner, &format!("/v1/roles/{pings}")).expect(200);
    let edit = Request::new("PATCH", &format!("/v1/roles/{pings}")).by(owner);
    let edit = edit.header("if-match", role.header("etag").unwrap()).json(&json!({ "patterns": ["metrics:read"] }));
    hub.server.send(&edit).expect(200);
    hub.ask(&either, "GET", "/ping").titled(403, "Access denied");
    hub.server.revoke(&hub.admin.caller, &both.id);
    hub.server.delete(owner, &format!("/v1/roles/{pings}")).expect(200);
    let administrator = hub.server.get(owner, "/v1/roles?name=Administrator").expect(200).id("/items/0/id");
    hub.server.delete(owner, &format!("/v1/roles/{administrator}")).problem(409, "template_role_read_only");
}

#[test]
fn h07_new_api_key_opens_the_window_of_that_name() {
    let hub = Hub::start();
    let window = hub.kind().labels.create;
    assert_eq!((&*window.button, &*window.title), ("New API Key", "New API Key"));
    let steps: Vec<Vec<_>> = window.steps.iter().map(|s| s.fields.iter().map(|f| f.input).collect()).collect();
    assert_eq!(steps, [[Input::Name], [Input::Roles]]);
    // Twins: what the window does not ask for cannot be sent past it.
    for (field, value, status, code) in [
        ("expires_at", json!("2099-01-01T00:00:00Z"), 422, "expiry_not_supported"),
        ("sources", json!(["10.0.0.0/8"]), 422, "wrong_sources"),
        ("key_pair", json!(true), 422, "no_key_pair"),
        ("client_id", json!("mine"), 400, "unknown_field"),
    ] {
        let mut body = identity("Dashboard", &["Operator"]);
        body[field] = value;
        hub.create(&hub.admin, &body).problem(status, code);
    }
    hub.create(&hub.admin, &identity("Dashboard", &["Operator"])).expect(201);
}

#[test]
fn h08_the_first_step_asks_for_the_name() {
    let hub = Hub::start();
    let window = hub.kind().labels.create;
    let field = &window.steps[0].fields[0];
    assert_eq!((field.input, &*field.label), (Input::Name, "Name"));
    assert!(field.hint.contains("identity associated with this set of API keys"));
    let key = hub.key("Dashboard", &["Operator"]);
    assert_eq!(hub.server.shown(&hub.admin.caller, &key.id).id("/name"), "Dashboard");
    // Twins: none, nothing in it, and one that is there, whatever its letters.
    let mut body = identity("", &["Operator"]);
    hub.create(&hub.admin, &body).problem(400, "invalid_value");
    body.as_object_mut().unwrap().remove("name");
    hub.create(&hub.admin, &body).problem(400, "missing_field");
    hub.create(&hub.admin, &identity("DASHBOARD", &["Operator"])).problem(409, "name_taken");
}

#[test]
fn h09_the_second_step_asks_for_one_or_more_roles() {
    let hub = Hub::start();
    let window = hub.kind().labels.create;
    assert_eq!(window.next, "Next");
    let field = &window.steps[1].fields[0];
    assert_eq!((field.input, &*field.label), (Input::Roles, "Roles"));
    assert!(field.hint.contains("one or more Gateway Hub roles"));
    hub.key("One", &["Operator"]);
    hub.key("Two", &["Operator", "Administrator"]);
    // Twins: none, more than there may be, and one that does not exist.
    hub.create(&hub.admin, &identity("None", &[])).problem(422, "wrong_roles");
    let mut without = identity("None", &[]);
    without.as_object_mut().unwrap().remove("roles");
    hub.create(&hub.admin, &without).problem(422, "wrong_roles");
    let names: Vec<String> = (0..21).map(|n| format!("Role {n}")).collect();
    for name in &names {
        hub.server.role(&hub.owner.caller, name, &["ping:read"]);
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    hub.create(&hub.admin, &identity("Many", &names)).problem(422, "wrong_roles");
    hub.create(&hub.admin, &identity("Many", &names[..20])).expect(201);
    hub.create(&hub.admin, &identity("Unknown", &["Janitor"])).problem(422, "unknown_role");
}

#[test]
fn h10_generate_api_key_shows_the_new_keys() {
    let hub = Hub::start();
    let labels = hub.kind().labels;
    assert_eq!(labels.create.submit, "Generate API Key");
    assert_eq!((&*labels.issued.title, &*labels.issued.message), ("API Keys", "The new API Keys:"));
    let shown = hub.create(&hub.admin, &identity("Dashboard", &["Operator"])).expect(201);
    assert_eq!(shown.header("cache-control"), Some("no-store"));
    hub.exchange(&Key::of(&shown)).expect(200);
    // Twin: what is refused shows none.
    let refused = hub.create(&hub.admin, &identity("Dashboard", &["Operator"])).problem(409, "name_taken");
    assert!(refused.body.get("secret").is_none(), "{}", refused.text);
}

#[test]
fn h11_both_values_can_be_copied() {
    let hub = Hub::start();
    let issued = hub.kind().labels.issued;
    assert_eq!((&*issued.id, &*issued.secret), ("client_id", "client_secret"));
    assert!(!issued.copy.is_empty() && !issued.copied.is_empty());
    assert!(issued.notes[0].contains("store them securely"));
    // As they are copied they work. Twin: with something that was copied along.
    let key = hub.key("Dashboard", &["Operator"]);
    hub.exchange(&key).expect(200);
    for (id, secret) in [
        (format!("{} ", key.public_id), key.secret().to_owned()),
        (key.public_id.clone(), format!("{}\n", key.secret())),
    ] {
        let request = Request::post(TOKEN).by(&As::Basic(id, secret)).form(&GRANT);
        hub.server.ask("api", &request).rfc(401, "invalid_client");
    }
}

#[test]
fn h12_after_close_the_secret_cannot_be_recovered() {
    let mut hub = Hub::start();
    let issued = hub.kind().labels.issued;
    assert_eq!(issued.close, "Close");
    assert!(issued.cautions[0].contains("cannot recover API keys once you have closed"));
    let key = hub.key("Dashboard", &["Operator"]);
    let token = hub.token(&key);
    let admin = &hub.admin.caller;
    for later in [
        hub.server.shown(admin, &key.id),
        hub.server.get(admin, "/v1/credentials").expect(200),
        hub.server.get(admin, "/v1/audit").expect(200),
        hub.server.get(&token, &format!("/v1/credentials/{}", key.id)),
    ] {
        assert!(!later.text.contains(key.secret()), "{}", later.text);
    }
    // Twin: asking for it, right after signing in, as the highest that there is.
    let owner = hub.server.sign_in(&hub.owner.email);
    hub.server.act(&owner, &key.id, "reveal", json!({})).problem(409, "not_revealable");
    // Nor is it in any file of the node, and it works on.
    hub.server.stop();
    assert!(!is_written(hub.server.folder(), key.secret()), "the secret is on the disk");
    hub.server.start_again();
    hub.exchange(&key).expect(200);
}

#[test]
fn h13_pointing_at_an_identity_offers_regenerate_and_delete() {
    let hub = Hub::start();
    let labels = hub.kind().labels;
    assert_eq!(labels.actions, ActionStyle::Hover);
    assert_eq!((&*labels.rotate.button, &*labels.revoke.button), ("Regenerate", "Delete"));
    assert!(!labels.rotate.within_edit);
    // Twin: there is nothing to edit, and nothing to see again.
    assert_eq!(labels.edit.fields().count(), 0);
    let key = hub.key("Dashboard", &["Operator"]);
    hub.server.edit(&hub.admin.caller, &key.id, json!({ "name": "Another" })).problem(422, "immutable_field");
    hub.server.revoke(&hub.admin.caller, &hub.rotated(&key).id);
}

#[test]
fn h14_regenerate_asks_in_a_window_and_shows_the_new_keys() {
    let hub = Hub::start();
    let labels = hub.kind().labels;
    assert_eq!((&*labels.rotate.title, &*labels.rotate.submit), ("Regenerate API key", "Regenerate API key"));
    let old = hub.key("Dashboard", &["Operator"]);
    let (token, rotate) = (hub.token(&old), |body| hub.server.act(&hub.admin.caller, &old.id, "rotate", body));
    // Twin: without the button of the window everything stays.
    rotate(json!({})).problem(409, "confirm_required");
    rotate(json!({ "confirm": true, "grace_seconds": 1 })).problem(422, "grace_too_long");
    hub.exchange(&old).expect(200);
    hub.ask(&token, "GET", "/ping").hub_answered();
    let shown = rotate(json!({ "confirm": true })).expect(200);
    let new = Key::of(&shown);
    assert_eq!(shown.id("/secret/client_id"), old.public_id);
    assert_ne!(new.secret(), old.secret());
    // The old secret is dead, and so are the tokens that it got.
    hub.exchange(&old).rfc(401, "invalid_client");
    hub.ask(&token, "GET", "/ping").unauthorized();
    hub.ask(&hub.token(&new), "GET", "/ping").hub_answered();
    assert!(!hub.server.shown(&hub.admin.caller, &old.id).text.contains(new.secret()));
}

#[test]
fn h15_regenerating_replaces_the_secret_alone() {
    let hub = Hub::start();
    let (old, other) = (hub.key("Dashboard", &["Operator", "Administrator"]), hub.key("Another", &["Operator"]));
    let (before, others) = (hub.token(&old), hub.token(&other));
    let what = |key: &Key| {
        let shown = hub.server.shown(&hub.admin.caller, &key.id).body;
        ["id", "name", "public_id", "kind", "roles", "namespace", "created_at"].map(|field| shown[field].clone())
    };
    let shown = what(&old);
    let new = hub.rotated(&old);
    assert_eq!(what(&new), shown);
    assert_eq!((&new.id, &new.public_id), (&old.id, &old.public_id));
    hub.ask(&hub.token(&new), "PUT", "/entities/42").hub_answered();
    // The others are untouched. Twins: the old secret, at once and for ever, and every token that was issued before.
    hub.exchange(&other).expect(200);
    hub.ask(&others, "GET", "/ping").hub_answered();
    for _ in 0..20 {
        hub.exchange(&old).rfc(401, "invalid_client");
        hub.ask(&before, "GET", "/ping").unauthorized();
    }
    let newest = hub.rotated(&new);
    for dead in [&old, &new] {
        hub.exchange(dead).rfc(401, "invalid_client");
    }
    hub.exchange(&newest).expect(200);
}

#[test]
fn h16_deleting_is_for_ever() {
    let mut hub = Hub::start();
    let revoke = hub.kind().labels.revoke;
    assert_eq!((&*revoke.button, &*revoke.submit), ("Delete", "Delete"));
    assert!(revoke.cautions[0].contains("permanent and cannot be undone"));
    let (key, other) = (hub.key("Dashboard", &["Operator"]), hub.key("Another", &["Operator"]));
    let token = hub.token(&key);
    hub.server.revoke(&hub.admin.caller, &key.id);
    hub.exchange(&key).rfc(401, "invalid_client");
    hub.ask(&token, "GET", "/ping").unauthorized();
    // Twins: no way back, not even when the node is killed; a new one of the same name is another one.
    let act = |verb, body| hub.server.act(&hub.owner.caller, &key.id, verb, body);
    act("enable", json!({})).problem(409, "wrong_state");
    act("rotate", json!({ "confirm": true })).problem(409, "wrong_state");
    act("revoke", json!({})).expect(200);
    let again = hub.key("Dashboard", &["Operator"]);
    assert_ne!((&again.id, &again.public_id), (&key.id, &key.public_id));
    hub.server.kill();
    hub.server.start_again();
    hub.exchange(&key).rfc(401, "invalid_client");
    hub.ask(&token, "GET", "/ping").unauthorized();
    for alive in [&again, &other] {
        hub.exchange(alive).expect(200);
    }
}

#[test]
fn h17_nothing_expires_and_identities_exist_side_by_side() {
    let hub = Hub::start();
    let keys: Vec<Key> = (0..5).map(|n| hub.key(&format!("Dashboard {n}"), &["Operator"])).collect();
    for key in &keys {
        assert!(hub.server.shown(&hub.admin.caller, &key.id).body["expires_at"].is_null());
        hub.exchange(key).expect(200);
    }
    let labels = hub.kind().labels;
    assert!(!labels.create.asks_for(Input::ExpiresAt));
    // Twins: no end can be given to one, neither at its creation nor later.
    let mut body = identity("Short-lived", &["Operator"]);
    body["expires_at"] = json!("2099-01-01T00:00:00Z");
    hub.create(&hub.admin, &body).problem(422, "expiry_not_supported");
    let later = json!({ "expires_at": "2099-01-01T00:00:00Z" });
    let refused = hub.server.edit(&hub.admin.caller, &keys[0].id, later);
    assert!([400, 422].contains(&refused.status), "{}", refused.text);
    hub.server.revoke(&hub.admin.caller, &keys[0].id);
    hub.exchange(&keys[0]).rfc(401, "invalid_client");
    hub.exchange(&keys[1]).expect(200);
}

/// Whether a text stands in any file of a folder.
fn is_written(folder: &std::path::Path, text: &str) -> bool {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).any(|path| {
        if path.is_dir() {
            return is_written(&path, text);
        }
        std::fs::read(&path).unwrap().windows(text.len()).any(|bytes| bytes == text.as_bytes())
    })
}
