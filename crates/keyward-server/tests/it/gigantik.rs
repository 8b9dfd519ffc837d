//! Gigantik CMS, API Keys: rule by rule of the vendor's page (K1 to K21), each with a request that is refused.
//!
//! What only a page can show is tested as the words of the recorded profile, from which the page is made.

use std::path::Path;

use keyward_core::kind::Kind;
use keyward_core::labels::Input;
use keyward_core::profile::Profile;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Admin, As, Reply, TestServer};

/// A node with a CMS: its owner, and people with the roles that the profile brings.
struct Cms {
    server: TestServer,
    /// The super admin of the organization.
    owner: Admin,
    /// Members with the roles `Admin` and `Editor`, and one without any.
    admin: As,
    editor: As,
    nobody: As,
}

impl Cms {
    async fn start() -> Self {
        let server = TestServer::start().await;
        let owner = server.set_up(&["gigantik"]).await;
        let (id, admin) = server.member(&owner, "admin.of.cms@example.com", false).await;
        server.grant(&owner, &id, "Admin", &owner.organization).await;
        let (id, editor) = server.member(&owner, "editor@example.com", false).await;
        server.grant(&owner, &id, "Editor", &owner.organization).await;
        let (_, nobody) = server.member(&owner, "nobody@example.com", false).await;
        Self { server, owner, admin, editor, nobody }
    }

    /// A key with a role, made by the CMS Admin: its id, and the key.
    async fn key(&self, name: &str, role: &str) -> (String, String) {
        self.server.credential(&self.admin, key(name, role)).await
    }

    /// Whether a key may do something: `allowed`, or the reason why not.
    async fn judged(&self, key: &str, permission: &str) -> String {
        self.judged_at(key, permission, &self.owner.organization).await
    }

    async fn judged_at(&self, key: &str, permission: &str, namespace: &str) -> String {
        let body = json!({ "credential": key, "permission": permission, "namespace": namespace });
        let answer = self.server.post(&self.owner.caller, "/v1/verify", body).await.expect(200).body;
        answer["reason"].as_str().unwrap_or(if answer["allowed"] == true { "allowed" } else { "nothing" }).to_owned()
    }

    /// The rules and words of the kind, as the node has recorded them.
    async fn kind(&self) -> Kind {
        let profile = self.server.get(&self.owner.caller, "/v1/profiles/gigantik").await.expect(200);
        let profile = Profile::parse("gigantik", &profile.id("/text")).unwrap();
        Kind::clone(&profile.kinds[0])
    }

    /// One key as the API shows it.
    async fn shown(&self, id: &str) -> Reply {
        self.server.get(&self.admin, &format!("/v1/credentials/{id}")).await.expect(200)
    }
}

fn key(name: &str, role: &str) -> Value {
    json!({ "kind": "gigantik/api_key", "name": name, "roles": [{ "role": role }] })
}

#[tokio::test]
async fn k1_one_opaque_string_authenticates_and_authorizes() {
    let cms = Cms::start().await;
    let (id, key) = cms.key("website", "Editor").await;
    assert!(key.starts_with("gig_") && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'), "{key}");

    let who = cms.server.get(&As::Bearer(key.clone()), "/v1/sessions/current").await.expect(200);
    assert_eq!(who.body["id"], *id);
    assert_eq!(cms.judged(&key, "content:publish").await, "allowed");

    // Twins: a part of it, and the same taken apart into an id and a secret.
    let (public_id, secret) = key.rsplit_once('_').unwrap();
    for part in [public_id, secret, &key[..key.len() - 1]] {
        assert_eq!(cms.judged(part, "content:publish").await, "malformed");
        let part = As::Bearer(part.to_owned());
        cms.server.get(&part, "/v1/sessions/current").await.problem(401, "invalid_credential");
    }
    let pair = As::Basic(public_id.to_owned(), secret.to_owned());
    cms.server.get(&pair, "/v1/sessions/current").await.problem(401, "invalid_credential");
}

#[tokio::test]
async fn k2_what_a_key_may_do_is_said_by_its_own_role() {
    let cms = Cms::start().await;
    let (_, viewer) = cms.key("report", "Viewer").await;
    let (_, editor) = cms.key("website", "Editor").await;
    assert_eq!(cms.judged(&viewer, "content:read").await, "allowed");
    assert_eq!(cms.judged(&editor, "content:publish").await, "allowed");

    // Twins: the same permission with the other key, and the same key at another namespace.
    assert_eq!(cms.judged(&viewer, "content:publish").await, "not_granted");
    assert_eq!(cms.judged(&editor, "orders:refund").await, "not_granted");
    let (app, _) = cms.server.places(&cms.owner, "Shop").await;
    assert_eq!(cms.judged_at(&editor, "content:publish", &app).await, "not_granted");
}

#[tokio::test]
async fn k3_keys_are_generated_by_an_admin_in_the_platform() {
    let cms = Cms::start().await;
    let (_, made) = cms.key("website", "Viewer").await;
    assert_eq!(cms.judged(&made, "content:read").await, "allowed");

    // Twins: an editor, a member without a role, nobody at all, and a key that holds the very role of the admin.
    let body = || key("another", "Viewer");
    cms.server.post(&cms.editor, "/v1/credentials", body()).await.problem(403, "permission_denied");
    cms.server.post(&cms.nobody, "/v1/credentials", body()).await.problem(403, "permission_denied");
    cms.server.post(&As::Anonymous, "/v1/credentials", body()).await.problem(401, "unauthenticated");
    let (id, admin) = cms.key("automation", "Admin").await;
    let admin = As::Bearer(admin);
    cms.server.post(&admin, "/v1/credentials", body()).await.problem(403, "session_required");
    let path = format!("/v1/credentials/{id}");
    cms.server.patch(&admin, &path, json!({ "name": "x" })).await.problem(403, "session_required");
    cms.server.post(&admin, &format!("{path}/revoke"), json!({})).await.problem(403, "session_required");
}

#[tokio::test]
async fn k4_keys_never_expire() {
    let cms = Cms::start().await;
    let (id, made) = cms.key("website", "Viewer").await;
    assert_eq!(cms.shown(&id).await.body.get("expires_at"), None);
    assert_eq!(cms.judged(&made, "content:read").await, "allowed");
    let kind = cms.kind().await;
    assert!(!kind.labels.create.asks_for(Input::ExpiresAt));

    // Twin: an end is refused, however far away it is.
    let mut body = key("for a while", "Viewer");
    body["expires_at"] = json!("2999-01-01T00:00:00Z");
    let refused = cms.server.post(&cms.admin, "/v1/credentials", body).await;
    assert_eq!(refused.problem(422, "expiry_not_supported").body["errors"][0]["pointer"], "/expires_at");
}

#[tokio::test]
async fn k5_keys_work_from_tools_without_session_cookie_or_browser() {
    let cms = Cms::start().await;
    let (id, made) = cms.key("automation", "Viewer").await;
    let carried = [("authorization", format!("Bearer {made}")), ("x-api-key", made.clone())];
    for (name, value) in &carried {
        let answer = cms.server.send(&As::Anonymous, Method::GET, "/v1/sessions/current", None, &[(name, value)]).await;
        let answer = answer.expect(200);
        assert_eq!(answer.body["id"], *id, "{name}");
        assert!(!answer.headers.contains_key("set-cookie"), "{name}");
    }

    // Twins: where browsers and careless tools put keys; nothing there counts.
    let cookie = ("cookie", format!("key={made}"));
    let by_cookie = [(cookie.0, cookie.1.as_str())];
    let answer = cms.server.send(&As::Anonymous, Method::GET, "/v1/sessions/current", None, &by_cookie).await;
    answer.problem(401, "unauthenticated");
    let query = format!("/v1/sessions/current?api_key={made}");
    let answer = cms.server.get(&As::Anonymous, &query).await;
    assert_ne!(answer.status, 200, "{}", answer.text);
    assert!(!answer.text.contains(&made), "{}", answer.text);
    let both = [(carried[0].0, carried[0].1.as_str()), (carried[1].0, carried[1].1.as_str())];
    let answer = cms.server.send(&As::Anonymous, Method::GET, "/v1/sessions/current", None, &both).await;
    answer.problem(400, "two_credentials");
}

#[tokio::test]
async fn k6_the_page_warns_to_keep_keys_secret() {
    let labels = Cms::start().await.kind().await.labels;
    assert!(labels.cautions.iter().any(|c| c.contains("stored securely and not be provided to the public")));
}

#[tokio::test]
async fn k7_the_page_is_organization_api_keys() {
    let cms = Cms::start().await;
    let labels = cms.kind().await.labels;
    assert_eq!((labels.menu_path().as_str(), labels.title.as_str()), ("Organization > API Keys", "API Keys"));

    // What stands behind the menu: keys belong to the organization, and to nothing below it.
    let (app, workspace) = cms.server.places(&cms.owner, "Shop").await;
    for elsewhere in [app, workspace] {
        let mut body = key("website", "Viewer");
        body["namespace"] = json!(elsewhere);
        cms.server.post(&cms.owner.caller, "/v1/credentials", body).await.problem(422, "wrong_namespace");
    }
}

#[tokio::test]
async fn k8_the_button_create_api_key_opens_the_window_of_that_name() {
    let labels = Cms::start().await.kind().await.labels;
    assert_eq!((labels.create.button.as_str(), labels.create.title.as_str()), ("Create API Key", "Create API Key"));
    let asked: Vec<_> = labels.create.fields().map(|field| (field.input, field.label.as_str())).collect();
    assert_eq!(asked, [(Input::Name, "Name"), (Input::Roles, "Role")]);
}

#[tokio::test]
async fn k9_a_key_needs_a_name() {
    let cms = Cms::start().await;
    let (id, _) = cms.key("Nightly export of the shop", "Viewer").await;
    assert_eq!(cms.shown(&id).await.body["name"], "Nightly export of the shop");

    // Twins: without, and with nothing in it.
    let mut body = key("", "Viewer");
    let refused = cms.server.post(&cms.admin, "/v1/credentials", body.clone()).await.problem(400, "invalid_value");
    assert_eq!(refused.body["errors"][0]["pointer"], "/name");
    body["name"] = json!("   ");
    cms.server.post(&cms.admin, "/v1/credentials", body.clone()).await.problem(400, "invalid_value");
    body.as_object_mut().unwrap().remove("name");
    let refused = cms.server.post(&cms.admin, "/v1/credentials", body).await.problem(400, "missing_field");
    assert_eq!(refused.body["errors"][0]["pointer"], "/name");
}

#[tokio::test]
async fn k10_the_role_is_selected_and_sets_the_permissions() {
    let cms = Cms::start().await;
    let (id, made) = cms.key("website", "Viewer").await;
    let roles = &cms.shown(&id).await.body["roles"];
    assert_eq!((roles.as_array().unwrap().len(), &roles[0]["role_name"]), (1, &json!("Viewer")));
    assert_eq!(cms.judged(&made, "media:read").await, "allowed");
    assert_eq!(cms.judged(&made, "media:upload").await, "not_granted");

    // Twins: none, two, and one that does not exist.
    for (roles, code) in [
        (json!([]), "wrong_roles"),
        (json!([{ "role": "Viewer" }, { "role": "Editor" }]), "wrong_roles"),
        (json!([{ "role": "Janitor" }]), "unknown_role"),
    ] {
        let body = json!({ "kind": "gigantik/api_key", "name": "x", "roles": roles });
        cms.server.post(&cms.admin, "/v1/credentials", body).await.problem(422, code);
    }
}

#[tokio::test]
async fn k11_learn_more_stands_beside_the_role() {
    let labels = Cms::start().await.kind().await.labels;
    let role = labels.create.fields().find(|field| field.input == Input::Roles).unwrap();
    let help = role.help.as_ref().unwrap();
    assert_eq!((help.text.as_str(), help.url.as_str()), ("Learn More", "https://docs.gigantik.io/docs/api-keys"));
}

#[tokio::test]
async fn k12_the_role_of_a_key_is_at_most_the_role_of_its_creator() {
    let cms = Cms::start().await;
    for role in ["Admin", "Editor", "Viewer"] {
        cms.key(role, role).await;
    }
    cms.server.credential(&cms.owner.caller, key("of the owner", "Owner")).await;

    // Twins: the role above the creator's, by name and by id, and one of their own making that has a little more.
    let refused = cms.server.post(&cms.admin, "/v1/credentials", key("too much", "Owner")).await;
    refused.problem(403, "exceeds_own_rights");
    let listed = cms.server.get(&cms.owner.caller, "/v1/roles?name=Owner").await.expect(200);
    let refused = cms.server.post(&cms.admin, "/v1/credentials", key("too much", &listed.id("/items/0/id"))).await;
    refused.problem(403, "exceeds_own_rights");
    cms.server.role(&cms.owner, "Viewer and settings", &["content:read", "settings:edit"]).await;
    let refused = cms.server.post(&cms.admin, "/v1/credentials", key("too much", "Viewer and settings")).await;
    refused.problem(403, "exceeds_own_rights");

    // What was made stays when its creator is less later: the comparison is one of the creation.
    let (id, boss) = cms.server.member(&cms.owner, "boss@example.com", false).await;
    let grant = cms.server.grant(&cms.owner, &id, "Admin", &cms.owner.organization).await;
    let (_, made) = cms.server.credential(&boss, key("of the boss", "Admin")).await;
    cms.server.delete(&cms.owner.caller, &format!("/v1/grants/{grant}")).await.expect(200);
    assert_eq!(cms.judged(&made, "orders:refund").await, "allowed");
    let refused = cms.server.post(&boss, "/v1/credentials", key("another", "Admin")).await;
    refused.problem(403, "permission_denied");
}

#[tokio::test]
async fn k13_the_button_of_the_window_is_create_and_view() {
    let cms = Cms::start().await;
    assert_eq!(cms.kind().await.labels.create.submit, "Create & View");
    // Creating is viewing: the answer of the creation has the key in it.
    let created = cms.server.post(&cms.admin, "/v1/credentials", key("website", "Viewer")).await.expect(201);
    assert!(created.id("/secret/token").starts_with("gig_"));
    // Twin: a creation that is refused shows none.
    let refused = cms.server.post(&cms.editor, "/v1/credentials", key("website", "Viewer")).await.expect(403);
    assert!(!refused.text.contains("gig_"), "{}", refused.text);
}

#[tokio::test]
async fn k14_a_message_says_that_the_key_was_created_and_shows_it() {
    let labels = Cms::start().await.kind().await.labels;
    assert_eq!(labels.issued.message, "The API Key was successfully created.");
    assert_eq!(labels.issued.secret, "API Key");
    assert!(labels.issued.notes.iter().any(|note| note.contains("it can only be seen once")));
}

#[tokio::test]
async fn k15_a_key_is_seen_once() {
    let cms = Cms::start().await;
    let (id, made) = cms.key("website", "Viewer").await;
    let secret = made.rsplit_once('_').unwrap().1;
    let path = format!("/v1/credentials/{id}");
    let edited = cms.server.patch(&cms.admin, &path, json!({ "name": "shop" })).await.expect(200);
    let later = [
        cms.shown(&id).await,
        edited,
        cms.server.get(&cms.admin, "/v1/credentials").await.expect(200),
        cms.server.get(&cms.admin, "/v1/audit").await.expect(200),
        cms.server.get(&As::Bearer(made.clone()), "/v1/sessions/current").await.expect(200),
    ];
    for reply in later {
        assert!(!reply.text.contains(secret), "{}", reply.text);
    }
    // Twins: asking for it again, right after signing in, as the highest that there is.
    let owner = cms.server.sign_in("admin@example.com").await;
    for by in [&owner, &cms.admin] {
        cms.server.post(by, &format!("{path}/reveal"), json!({})).await.problem(409, "not_revealable");
    }
    let reveal = cms.server.post(&As::Bearer(made), &format!("{path}/reveal"), json!({})).await;
    reveal.problem(403, "session_required");
}

#[tokio::test]
async fn k16_nobody_can_retrieve_a_key_because_none_is_stored() {
    let cms = Cms::start().await;
    let labels = cms.kind().await.labels;
    assert!(labels.issued.cautions.iter().any(|c| c.contains("can not retrieve any API keys on your behalf")));
    let (id, made) = cms.key("website", "Viewer").await;
    let secret = made.rsplit_once('_').unwrap().1.to_owned();
    // After a use and an orderly end nothing waits to be written.
    assert_eq!(cms.judged(&made, "content:read").await, "allowed");
    let folder = cms.server.stop().await;
    assert!(is_written(folder.path(), &id), "the record is on the disk");
    assert!(!is_written(folder.path(), &secret), "the secret is on the disk");
}

#[tokio::test]
async fn k17_the_list_shows_earlier_keys_with_their_actions() {
    let cms = Cms::start().await;
    let labels = cms.kind().await.labels;
    assert_eq!(labels.columns.last().map(|column| column.heading.as_str()), Some("Actions"));
    assert_eq!(labels.actions, keyward_core::labels::ActionStyle::Icons);
    let (first, _) = cms.key("first", "Viewer").await;
    let (second, _) = cms.key("second", "Viewer").await;
    let listed = cms.server.get(&cms.admin, "/v1/credentials").await.expect(200);
    let ids: Vec<&str> = listed.body["items"].as_array().unwrap().iter().filter_map(|c| c["id"].as_str()).collect();
    assert_eq!(ids, [second.as_str(), &first]);
    // Twin: who may not see keys sees an empty list.
    let listed = cms.server.get(&cms.editor, "/v1/credentials").await.expect(200);
    assert_eq!(listed.body["items"], json!([]));
}

#[tokio::test]
async fn k18_the_name_of_a_key_can_be_edited_and_nothing_else() {
    let cms = Cms::start().await;
    let (id, made) = cms.key("website", "Viewer").await;
    let path = format!("/v1/credentials/{id}");
    let edited = cms.server.patch(&cms.admin, &path, json!({ "name": "shop" })).await.expect(200);
    assert_eq!(edited.body["credential"]["name"], "shop");
    assert_eq!(cms.judged(&made, "content:read").await, "allowed");

    // Twins: its role, its networks, its value; and the name, by who may not.
    let role = json!({ "roles": [{ "role": "Editor" }] });
    cms.server.patch(&cms.owner.caller, &path, role).await.problem(422, "immutable_field");
    let networks = json!({ "sources": ["10.0.0.0/8"] });
    let refused = cms.server.patch(&cms.owner.caller, &path, networks).await.expect(422);
    assert!(["immutable_field", "wrong_sources"].contains(&refused.body["code"].as_str().unwrap()), "{}", refused.text);
    let value = json!({ "token": "gig_mine" });
    cms.server.patch(&cms.owner.caller, &path, value).await.problem(400, "unknown_field");
    let name = json!({ "name": "mine" });
    cms.server.patch(&cms.editor, &path, name).await.problem(403, "permission_denied");
    assert_eq!(cms.shown(&id).await.body["name"], "shop");
    assert_eq!(cms.judged(&made, "content:publish").await, "not_granted");
}

#[tokio::test]
async fn k19_a_removed_key_fails_at_its_next_call() {
    let cms = Cms::start().await;
    let (id, made) = cms.key("website", "Viewer").await;
    let (_, other) = cms.key("other", "Viewer").await;
    let path = format!("/v1/credentials/{id}/revoke");

    // Twin: who may not remove it does not, and it goes on working.
    cms.server.post(&cms.editor, &path, json!({})).await.problem(403, "permission_denied");
    assert_eq!(cms.judged(&made, "content:read").await, "allowed");

    let removed = cms.server.post(&cms.admin, &path, json!({})).await.expect(200);
    assert_eq!(removed.body["receipt"]["confirmed"], true);
    assert_eq!(cms.judged(&made, "content:read").await, "revoked");
    let refused = cms.server.get(&As::Bearer(made), "/v1/sessions/current").await;
    assert_eq!(refused.problem(401, "invalid_credential").body["reason"], "revoked");
    assert_eq!(cms.judged(&other, "content:read").await, "allowed");
}

#[tokio::test]
async fn k20_lost_and_published_keys_are_to_be_deleted() {
    let cms = Cms::start().await;
    let labels = cms.kind().await.labels;
    let strongly = "strongly recommended to delete any API keys lost, misplaced or accidentally released publicly";
    assert!(labels.cautions.iter().any(|caution| caution.contains(strongly)));
    assert_eq!(labels.revoke.button, "Delete");

    let (id, made) = cms.key("published", "Viewer").await;
    let why = json!({ "reason": "compromised" });
    let removed = cms.server.post(&cms.admin, &format!("/v1/credentials/{id}/revoke"), why).await.expect(200);
    assert_eq!(removed.body["credential"]["revoke_reason"], "compromised");
    assert_eq!(cms.judged(&made, "content:read").await, "revoked");
    // Twin: what was removed does not come back.
    let again = cms.server.post(&cms.admin, &format!("/v1/credentials/{id}/enable"), json!({})).await;
    again.problem(409, "wrong_state");
}

#[tokio::test]
async fn k21_keys_exist_side_by_side_and_none_is_regenerated() {
    let cms = Cms::start().await;
    let mut keys = Vec::new();
    for _ in 0..5 {
        keys.push(cms.key("the same name", "Viewer").await);
    }
    for (_, made) in &keys {
        assert_eq!(cms.judged(made, "content:read").await, "allowed");
    }
    // Twin: to replace the value of one.
    let (id, made) = &keys[0];
    let path = format!("/v1/credentials/{id}/rotate");
    let refused = cms.server.post(&cms.owner.caller, &path, json!({ "confirm": true })).await;
    refused.problem(409, "never_rotates");
    assert_eq!(cms.judged(made, "content:read").await, "allowed");
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
