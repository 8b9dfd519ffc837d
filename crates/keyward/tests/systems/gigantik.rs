//! Gigantik CMS, API keys: rule by rule of the vendor's page (K1 to K21), each with a twin that is refused.
//!
//! What only a page can show is tested as the words of the recorded profile, from which the page is made, together with
//! the operation behind it.

use std::path::Path;

use keyward_core::kind::Kind;
use keyward_core::labels::{ActionStyle, Input};
use serde_json::{Value, json};

use crate::support::{As, Key, Person, Reply, Request, Server, Upstream};

/// Rules without a test yet.
pub(crate) const PENDING: &[&str] = &[];

const KIND: &str = "gigantik/api_key";

/// A node with a CMS: the super admin of its organization, and a member with the role `Admin` that the profile brings.
struct Cms {
    server: Server,
    owner: Person,
    admin: Person,
}

impl Cms {
    fn start() -> Self {
        Self::set_up(Server::start())
    }

    /// The same, with the API of the CMS behind the proxy: articles are read with `GET`, and published with `POST`.
    fn with_api() -> (Self, Upstream) {
        let behind = Upstream::start();
        let route = |method: &str, permission: &str| {
            format!(
                "[[route]]\npath = \"/articles\"\nmethods = [\"{method}\"]\nupstream = \"{}\"\n\
                 permission = \"{permission}\"\ndialect = \"gigantik\"\n",
                behind.url()
            )
        };
        let routes = [route("GET", "content:read"), route("POST", "content:publish")].concat();
        let api = format!("[[surface]]\nname = \"proxy\"\nlistener = \"api\"\n{routes}");
        (Self::set_up(Server::start_with_api(&api)), behind)
    }

    fn set_up(server: Server) -> Self {
        let owner = server.set_up(&["gigantik"]);
        let admin = server.member_with(&owner, "admin@example.com", "Admin", &owner.organization);
        Self { server, owner, admin }
    }

    /// A member with the role `Editor`, who may not manage keys.
    fn editor(&self) -> Person {
        self.server.member_with(&self.owner, "editor@example.com", "Editor", &self.owner.organization)
    }

    /// A key with a role, made by the CMS Admin.
    fn key(&self, name: &str, role: &str) -> Key {
        self.server.create(&self.admin.caller, &key(name, role))
    }

    /// Asks for a key.
    fn create(&self, by: &Person, body: &Value) -> Reply {
        self.server.post(&by.caller, "/v1/credentials", body)
    }

    /// Whether a key may do something in the organization: `allowed`, or the reason why not.
    fn judged(&self, key: &Key, permission: &str) -> String {
        self.server.judged(&self.owner.caller, key, permission, &self.owner.organization)
    }

    /// Asks the API behind the proxy.
    fn call(&self, request: &Request) -> Reply {
        self.server.ask("api", request)
    }

    /// Who a caller is to the node.
    fn whoami(&self, caller: &As) -> Reply {
        self.server.get(caller, "/v1/sessions/current")
    }

    /// The rules and words of the kind; whoever is not signed in does not see them.
    fn kind(&self) -> Kind {
        self.server.get(&As::Anonymous, "/v1/profiles/gigantik").problem(401, "unauthenticated");
        self.server.kind(&self.admin.caller, KIND)
    }
}

/// A refusal in the words of the vendor.
#[track_caller]
fn refused(reply: &Reply, status: u16) {
    assert_eq!(reply.status, status, "{}", reply.text);
    let error = reply.body["error"].as_object().unwrap_or_else(|| panic!("{}", reply.text));
    assert!(error["code"].is_string() && error["message"].is_string(), "{}", reply.text);
}

fn key(name: &str, role: &str) -> Value {
    json!({ "kind": KIND, "name": name, "roles": [{ "role": role }] })
}

#[test]
fn k01_one_opaque_string_authenticates_and_authorizes() {
    let cms = Cms::start();
    let made = cms.key("website", "Editor");
    let text = made.token();
    assert!(text.starts_with("gig_") && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'), "{text}");
    assert_eq!(cms.whoami(&made.caller()).expect(200).id("/id"), made.id);
    assert_eq!(cms.judged(&made, "content:publish"), "allowed");

    // Twins: a part of it, and the same taken apart into an id and a secret.
    let (public_id, secret) = text.rsplit_once('_').unwrap();
    for part in [public_id, secret, &text[..text.len() - 1]] {
        let question = json!({ "credential": part, "permission": "content:publish" });
        assert_eq!(cms.server.verify(&cms.owner.caller, &question), "malformed");
        cms.whoami(&As::Bearer(part.to_owned())).problem(401, "invalid_credential");
    }
    cms.whoami(&As::Basic(public_id.to_owned(), secret.to_owned())).problem(401, "invalid_credential");
}

#[test]
fn k02_what_a_key_may_do_is_said_by_its_own_role() {
    let (cms, behind) = Cms::with_api();
    let (viewer, editor) = (cms.key("report", "Viewer"), cms.key("website", "Editor"));
    cms.call(&Request::get("/articles").by(&viewer.caller())).expect(200);
    cms.call(&Request::post("/articles").by(&editor.caller())).expect(200);
    assert_eq!(behind.received().len(), 2);

    // Twins: the same request with the other key, the same key for what its maker may, and at another namespace.
    refused(&cms.call(&Request::post("/articles").by(&viewer.caller())), 403);
    assert_eq!(behind.received().len(), 0);
    assert_eq!(cms.judged(&editor, "orders:refund"), "not_granted");
    let app = cms.server.app(&cms.owner.caller, "Shop").id;
    assert_eq!(cms.server.judged(&cms.owner.caller, &editor, "content:publish", &app), "not_granted");
}

#[test]
fn k03_keys_are_generated_by_an_admin_in_the_platform() {
    let cms = Cms::start();
    assert_eq!(cms.judged(&cms.key("website", "Viewer"), "content:read"), "allowed");

    // Twins: an editor, a member without a role, nobody at all, and a key that holds the very role of the admin.
    let body = key("another", "Viewer");
    cms.create(&cms.editor(), &body).problem(403, "permission_denied");
    cms.create(&cms.server.member(&cms.owner, "nobody@example.com"), &body).problem(403, "permission_denied");
    cms.server.post(&As::Anonymous, "/v1/credentials", &body).problem(401, "unauthenticated");
    let admin = cms.key("automation", "Admin");
    cms.server.post(&admin.caller(), "/v1/credentials", &body).problem(403, "session_required");
    cms.server.edit(&admin.caller(), &admin.id, json!({ "name": "x" })).problem(403, "session_required");
    cms.server.act(&admin.caller(), &admin.id, "revoke", json!({})).problem(403, "session_required");
    assert_eq!(cms.server.listed(&cms.admin.caller, "?name=another"), [""; 0]);
}

#[test]
fn k04_keys_never_expire() {
    let cms = Cms::start();
    let made = cms.key("website", "Viewer");
    assert_eq!(cms.server.shown(&cms.admin.caller, &made.id).body.get("expires_at"), None);
    assert_eq!(cms.judged(&made, "content:read"), "allowed");
    let labels = cms.kind().labels;
    assert!(!labels.create.asks_for(Input::ExpiresAt) && !labels.edit.asks_for(Input::ExpiresAt));

    // Twins: an end is refused, however far away it is, at creation and later.
    let mut body = key("for a while", "Viewer");
    body["expires_at"] = json!("2999-01-01T00:00:00Z");
    let refused = cms.create(&cms.admin, &body).problem(422, "expiry_not_supported");
    assert_eq!(refused.id("/errors/0/pointer"), "/expires_at");
    let later = json!({ "expires_at": "2999-01-01T00:00:00Z" });
    cms.server.edit(&cms.admin.caller, &made.id, later).problem(400, "unknown_field");
}

#[test]
fn k05_keys_work_from_tools_without_session_cookie_or_browser() {
    let (cms, behind) = Cms::with_api();
    let made = cms.key("automation", "Viewer");
    let read = || Request::get("/articles");
    let bearer = format!("Bearer {}", made.token());
    for (name, value) in [("authorization", &*bearer), ("x-api-key", made.token())] {
        let answer = cms.call(&read().header(name, value)).expect(200);
        assert_eq!(answer.header("set-cookie"), None, "{name}");
        // The API behind learns which key it was, and not the key.
        let received = behind.received().remove(0);
        assert_eq!(received.header("x-keyward-credential"), Some(&*made.id), "{name}");
        assert!(!format!("{received:?}").contains(made.token()), "{received:?}");
    }

    // Twins: where browsers and careless tools put keys, and both headers at once.
    refused(&cms.call(&read().header("cookie", &format!("key={}", made.token()))), 401);
    let query = cms.call(&Request::get(&format!("/articles?api_key={}", made.token())));
    refused(&query, 401);
    assert!(!query.text.contains(made.token()), "{}", query.text);
    refused(&cms.call(&read().header("authorization", &bearer).header("x-api-key", made.token())), 401);
    assert_eq!(behind.received().len(), 0);
}

#[test]
fn k06_the_page_warns_to_keep_keys_secret() {
    let cms = Cms::start();
    let labels = cms.kind().labels;
    assert!(labels.cautions.iter().any(|c| c.contains("stored securely and not be provided to the public")));

    // What the node itself does for it: nothing on the way keeps the answer with the key.
    let created = cms.create(&cms.admin, &key("website", "Viewer")).expect(201);
    assert_eq!(created.header("cache-control"), Some("no-store"));
    let made = created.id("/secret/token");
    cms.whoami(&As::Bearer(made.clone())).expect(200);
    // Twin: a key in a URL, where logs and histories keep it, is not even read.
    let published = cms.server.get(&As::Anonymous, &format!("/v1/sessions/current?access_token={made}"));
    published.problem(401, "unauthenticated");
}

#[test]
fn k07_the_page_is_organization_api_keys() {
    let cms = Cms::start();
    let labels = cms.kind().labels;
    assert_eq!((&*labels.menu_path(), &*labels.title), ("Organization > API Keys", "API Keys"));

    // What stands behind the menu: keys belong to the organization. Twins: to nothing below it.
    let made = cms.key("website", "Viewer");
    assert_eq!(cms.server.shown(&cms.admin.caller, &made.id).id("/namespace"), cms.owner.organization);
    let app = cms.server.app(&cms.owner.caller, "Shop").id;
    let workspace = cms.server.workspace(&cms.owner.caller, "Shop", &app);
    for elsewhere in [app, workspace] {
        let mut body = key("website", "Viewer");
        body["namespace"] = json!(elsewhere);
        cms.create(&cms.owner, &body).problem(422, "wrong_namespace");
    }
}

#[test]
fn k08_the_button_create_api_key_opens_the_window_of_that_name() {
    let cms = Cms::start();
    let window = cms.kind().labels.create;
    assert_eq!((&*window.button, &*window.title), ("Create API Key", "Create API Key"));
    let asked: Vec<_> = window.fields().map(|field| (field.input, &*field.label)).collect();
    assert_eq!(asked, [(Input::Name, "Name"), (Input::Roles, "Role")]);
    cms.create(&cms.admin, &key("website", "Viewer")).expect(201);

    // Twins: what the window does not ask for cannot be sent past it.
    for (field, value, status, code) in [
        ("sources", json!(["10.0.0.0/8"]), 422, "wrong_sources"),
        ("key_pair", json!(true), 422, "no_key_pair"),
        ("scope", json!("all"), 400, "unknown_field"),
    ] {
        let mut body = key("website", "Viewer");
        body[field] = value;
        cms.create(&cms.admin, &body).problem(status, code);
    }
}

#[test]
fn k09_a_key_needs_a_name() {
    let cms = Cms::start();
    let window = cms.kind().labels.create;
    let field = window.fields().find(|field| field.input == Input::Name).unwrap();
    assert!(field.hint.contains("useful name") && field.hint.contains("intended use is clear"), "{}", field.hint);
    let made = cms.key("Nightly export of the shop", "Viewer");
    assert_eq!(cms.server.shown(&cms.admin.caller, &made.id).id("/name"), "Nightly export of the shop");

    // Twins: nothing in it, only spaces, and none.
    let mut body = key("", "Viewer");
    for empty in ["", "   "] {
        body["name"] = json!(empty);
        assert_eq!(cms.create(&cms.admin, &body).problem(400, "invalid_value").id("/errors/0/pointer"), "/name");
    }
    body.as_object_mut().unwrap().remove("name");
    assert_eq!(cms.create(&cms.admin, &body).problem(400, "missing_field").id("/errors/0/pointer"), "/name");
}

#[test]
fn k10_the_role_is_selected_and_sets_the_permissions() {
    let cms = Cms::start();
    assert!(cms.kind().labels.create.fields().any(|field| (field.input, &*field.label) == (Input::Roles, "Role")));
    let made = cms.key("website", "Viewer");
    let roles = cms.server.shown(&cms.admin.caller, &made.id).body["roles"].clone();
    assert_eq!((roles.as_array().unwrap().len(), &roles[0]["role_name"]), (1, &json!("Viewer")));
    assert_eq!(cms.judged(&made, "media:read"), "allowed");
    assert_eq!(cms.judged(&made, "media:upload"), "not_granted");

    // Twins: none, two, and one that does not exist.
    for (roles, code) in [
        (json!([]), "wrong_roles"),
        (json!([{ "role": "Viewer" }, { "role": "Editor" }]), "wrong_roles"),
        (json!([{ "role": "Janitor" }]), "unknown_role"),
    ] {
        cms.create(&cms.admin, &json!({ "kind": KIND, "name": "x", "roles": roles })).problem(422, code);
    }
}

#[test]
fn k11_learn_more_stands_beside_the_role() {
    let window = Cms::start().kind().labels.create;
    let help = |input| window.fields().find(|field| field.input == input).unwrap().help.clone();
    let article = help(Input::Roles).unwrap();
    assert_eq!((&*article.text, &*article.url), ("Learn More", "https://docs.gigantik.io/docs/api-keys"));
    // Twin: it stands beside the role alone.
    assert!(help(Input::Name).is_none());
}

#[test]
fn k12_the_role_of_a_key_is_at_most_the_role_of_its_creator() {
    let cms = Cms::start();
    for role in ["Admin", "Editor", "Viewer"] {
        cms.key(role, role);
    }
    cms.create(&cms.owner, &key("of the owner", "Owner")).expect(201);

    // Twins: the role above the creator's, by name and by id, and one of their own making that has a little more.
    cms.create(&cms.admin, &key("too much", "Owner")).problem(403, "exceeds_own_rights");
    let owner = cms.server.get(&cms.owner.caller, "/v1/roles?name=Owner").expect(200).id("/items/0/id");
    cms.create(&cms.admin, &key("too much", &owner)).problem(403, "exceeds_own_rights");
    cms.server.role(&cms.owner.caller, "Viewer and settings", &["content:read", "settings:edit"]);
    cms.create(&cms.admin, &key("too much", "Viewer and settings")).problem(403, "exceeds_own_rights");

    // What was made stays when its creator is less later: the comparison is one of the creation.
    let boss = cms.server.member(&cms.owner, "boss@example.com");
    let grant = cms.server.grant(&cms.owner.caller, &boss.user, "Admin", &cms.owner.organization);
    let made = cms.server.create(&boss.caller, &key("of the boss", "Admin"));
    cms.server.ungrant(&cms.owner.caller, &grant);
    assert_eq!(cms.judged(&made, "orders:refund"), "allowed");
    cms.create(&boss, &key("another", "Admin")).problem(403, "permission_denied");
}

#[test]
fn k13_the_button_of_the_window_is_create_and_view() {
    let cms = Cms::start();
    assert_eq!(cms.kind().labels.create.submit, "Create & View");
    // Creating is viewing: the answer of the creation has the key in it. Twin: one that is refused shows none.
    let created = cms.create(&cms.admin, &key("website", "Viewer")).expect(201);
    assert!(created.id("/secret/token").starts_with("gig_"));
    let refused = cms.create(&cms.editor(), &key("website", "Viewer")).problem(403, "permission_denied");
    assert!(!refused.text.contains("gig_"), "{}", refused.text);
}

#[test]
fn k14_a_message_says_that_the_key_was_created_and_shows_it() {
    let cms = Cms::start();
    let issued = cms.kind().labels.issued;
    assert_eq!(issued.message, "The API Key was successfully created.");
    assert_eq!(issued.secret, "API Key");
    assert!(issued.notes.iter().any(|note| note.contains("it can only be seen once")));

    let create = Request::post("/v1/credentials").by(&cms.admin.caller).header("idempotency-key", "click-1");
    let create = create.json(&key("website", "Viewer"));
    let shown = cms.server.send(&create).expect(201);
    assert!(shown.id("/secret/token").starts_with("gig_"));
    // Twin: a second click on the same button creates no second key, and shows none.
    let again = cms.server.send(&create).expect(200);
    assert_eq!((again.id("/credential/id"), &again.body["secret"]), (shown.id("/credential/id"), &Value::Null));
}

#[test]
fn k15_a_key_is_seen_once() {
    let cms = Cms::start();
    let made = cms.key("website", "Viewer");
    let secret = made.token().rsplit_once('_').unwrap().1;
    let admin = &cms.admin.caller;
    let later = [
        cms.server.shown(admin, &made.id),
        cms.server.edit(admin, &made.id, json!({ "name": "shop" })).expect(200),
        cms.server.get(admin, "/v1/credentials").expect(200),
        cms.server.get(admin, "/v1/audit").expect(200),
        cms.whoami(&made.caller()).expect(200),
        cms.server.act(admin, &made.id, "disable", json!({})).expect(200),
        cms.server.act(admin, &made.id, "enable", json!({})).expect(200),
    ];
    for reply in later {
        assert!(!reply.text.contains(secret), "{}", reply.text);
    }
    // Twins: asking for it again, right after signing in, as the highest that there is.
    let owner = cms.server.sign_in(&cms.owner.email);
    for by in [&owner, admin] {
        cms.server.act(by, &made.id, "reveal", json!({})).problem(409, "not_revealable");
    }
    cms.server.act(&made.caller(), &made.id, "reveal", json!({})).problem(403, "session_required");
}

#[test]
fn k16_nobody_can_retrieve_a_key_because_none_is_stored() {
    let mut cms = Cms::start();
    let issued = cms.kind().labels.issued;
    assert!(issued.cautions.iter().any(|c| c.contains("can not retrieve any API keys on your behalf")));
    let made = cms.key("website", "Viewer");
    let secret = made.token().rsplit_once('_').unwrap().1;
    // After a use and an orderly end nothing waits to be written.
    assert_eq!(cms.judged(&made, "content:read"), "allowed");
    cms.server.stop();
    assert!(is_written(cms.server.folder(), &made.id), "the record is on the disk");
    // Twin: the secret, which whoever has the whole disk looks for.
    assert!(!is_written(cms.server.folder(), secret), "the secret is on the disk");
    // The key works on: what is kept is enough to recognise it.
    cms.server.start_again();
    assert_eq!(cms.judged(&made, "content:read"), "allowed");
}

#[test]
fn k17_the_list_shows_earlier_keys_with_their_actions() {
    let cms = Cms::start();
    let labels = cms.kind().labels;
    assert_eq!(labels.columns.last().map(|column| &*column.heading), Some("Actions"));
    assert_eq!(labels.actions, ActionStyle::Icons);
    let (first, second) = (cms.key("first", "Viewer"), cms.key("second", "Viewer"));
    assert_eq!(cms.server.listed(&cms.admin.caller, ""), [&*second.id, &first.id]);
    // Twins: who may not see keys sees an empty list, and who is not signed in none.
    assert_eq!(cms.server.listed(&cms.editor().caller, ""), [""; 0]);
    cms.server.get(&As::Anonymous, "/v1/credentials").problem(401, "unauthenticated");
}

#[test]
fn k18_the_name_of_a_key_can_be_edited_and_nothing_else() {
    let cms = Cms::start();
    let fields: Vec<_> = cms.kind().labels.edit.fields().map(|field| field.input).collect();
    assert_eq!(fields, [Input::Name]);
    let made = cms.key("website", "Viewer");
    cms.key("a later one", "Viewer");
    let edited = cms.server.edit(&cms.admin.caller, &made.id, json!({ "name": "shop" })).expect(200);
    assert_eq!(edited.id("/credential/name"), "shop");
    assert_eq!(cms.judged(&made, "content:read"), "allowed");

    // Twins: its role, its networks, its value; and the name, by who may not.
    let edit = |changes| cms.server.edit(&cms.owner.caller, &made.id, changes);
    edit(json!({ "roles": [{ "role": "Editor" }] })).problem(422, "immutable_field");
    edit(json!({ "sources": ["10.0.0.0/8"] })).problem(422, "immutable_field");
    edit(json!({ "token": "gig_mine" })).problem(400, "unknown_field");
    let by_editor = cms.server.edit(&cms.editor().caller, &made.id, json!({ "name": "mine" }));
    by_editor.problem(403, "permission_denied");
    assert_eq!(cms.server.shown(&cms.admin.caller, &made.id).id("/name"), "shop");
    assert_eq!(cms.judged(&made, "content:publish"), "not_granted");
}

#[test]
fn k19_a_removed_key_fails_at_its_next_call() {
    let (cms, behind) = Cms::with_api();
    let (made, other) = (cms.key("website", "Viewer"), cms.key("other", "Viewer"));
    let read = |with: &Key| cms.call(&Request::get("/articles").by(&with.caller()));

    // Twin: who may not remove it does not, and it goes on working.
    let editor = cms.editor().caller;
    cms.server.act(&editor, &made.id, "revoke", json!({})).problem(403, "permission_denied");
    read(&made).expect(200);

    let removed = cms.server.act(&cms.admin.caller, &made.id, "revoke", json!({})).expect(200);
    assert_eq!(removed.body["receipt"]["confirmed"], true);
    behind.received();
    refused(&read(&made), 401);
    assert_eq!(behind.received().len(), 0);
    assert_eq!(cms.judged(&made, "content:read"), "revoked");
    read(&other).expect(200);
}

#[test]
fn k20_lost_and_published_keys_are_to_be_deleted() {
    let mut cms = Cms::start();
    let labels = cms.kind().labels;
    let strongly = "strongly recommended to delete any API keys lost, misplaced or accidentally released publicly";
    assert!(labels.cautions.iter().any(|caution| caution.contains(strongly)));
    assert_eq!(labels.revoke.button, "Delete");

    let made = cms.key("published", "Viewer");
    let why = json!({ "reason": "compromised" });
    let removed = cms.server.act(&cms.admin.caller, &made.id, "revoke", why).expect(200);
    assert_eq!(removed.id("/credential/revoke_reason"), "compromised");
    assert_eq!(cms.judged(&made, "content:read"), "revoked");
    // Twins: what was removed does not come back, neither on request nor when the node is killed.
    cms.server.act(&cms.admin.caller, &made.id, "enable", json!({})).problem(409, "wrong_state");
    cms.server.kill();
    cms.server.start_again();
    assert_eq!(cms.judged(&made, "content:read"), "revoked");
}

#[test]
fn k21_keys_exist_side_by_side_and_none_is_regenerated() {
    let cms = Cms::start();
    let keys: Vec<_> = (0..5).map(|_| cms.key("the same name", "Viewer")).collect();
    for made in &keys {
        assert_eq!(cms.judged(made, "content:read"), "allowed");
    }
    // Twin: to replace the value of one.
    let rotate = json!({ "confirm": true });
    cms.server.act(&cms.owner.caller, &keys[0].id, "rotate", rotate).problem(409, "never_rotates");
    assert_eq!(cms.judged(&keys[0], "content:read"), "allowed");
    // One is removed when its window is closed, and leaves the others alone.
    cms.server.revoke(&cms.admin.caller, &keys[0].id);
    assert_eq!(cms.judged(&keys[0], "content:read"), "revoked");
    assert_eq!(cms.judged(&keys[1], "content:read"), "allowed");
}

/// Whether a text stands in any file of a folder.
fn is_written(folder: &Path, text: &str) -> bool {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).any(|path| {
        if path.is_dir() {
            return is_written(&path, text);
        }
        std::fs::read(&path).unwrap().windows(text.len()).any(|bytes| bytes == text.as_bytes())
    })
}
