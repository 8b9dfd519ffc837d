//! What keys are, how long they live, and the page where they are made.

use std::time::Duration;

use keyward_core::labels::Input;
use keyward_core::time::Timestamp;

use super::*;

#[test]
fn p01_an_api_key_opens_the_api_without_an_access_token() {
    let town = Town::seen_by_eva();
    let key = town.key(&town.shop.app);
    let found = town.get(&key.caller(), "/apps").expect(200);
    assert_eq!(found.body["_list"][0]["_id"], uuid(&town.shop.app));
    assert_eq!(town.server.get(&key.caller(), "/v1/sessions/current").expect(200).id("/id"), key.id);

    // Twins: nothing, half of it, a wrong secret, an unknown id, and the pair as one string.
    town.get(&As::Anonymous, "/apps").passport_error(401, "unauthenticated");
    let (id, secret) = (key.public_id.clone(), key.secret().to_owned());
    let wrong = if secret.starts_with('a') { "b" } else { "a" }.to_owned() + &secret[1..];
    town.get(&As::Basic(id.clone(), wrong), "/apps").passport_error(401, "unknown");
    town.get(&As::Basic(id.chars().rev().collect(), secret.clone()), "/apps").passport_error(401, "unknown");
    town.get(&As::Basic(id.clone(), String::new()), "/apps").passport_error(401, "malformed");
    town.get(&As::Bearer(format!("{id}:{secret}")), "/apps").passport_error(401, "malformed");
    town.get(&As::Bearer(secret), "/apps").passport_error(401, "malformed");
}

#[test]
fn p02_an_api_key_is_not_exchanged_for_access_tokens() {
    let town = Town::seen_by_eva();
    let key = town.key(&town.shop.app);
    let refused = town.exchange(&key.caller(), &town.shop.app).expect(400);
    assert_eq!(refused.body["error"], "unauthorized_client");
    let form = Request::post("/oauth2/token").form(&[("grant_type", "client_credentials")]);
    assert_eq!(town.server.send(&form.by(&key.caller())).expect(400).body["error"], "unauthorized_client");
    let in_body =
        [("grant_type", "client_credentials"), ("client_id", &*key.public_id), ("client_secret", key.secret())];
    let in_body = town.server.send(&Request::post("/oauth2/token").form(&in_body));
    assert_eq!(in_body.expect(401).body["error"], "invalid_client");

    // Whoever does not have the secret learns nothing of the kind; and what the endpoint is for works.
    let wrong = As::Basic(key.public_id.clone(), "0".repeat(key.secret().len()));
    assert_eq!(town.exchange(&wrong, &town.shop.app).expect(401).body["error"], "invalid_client");
    let access = town.access_key(&town.shop.app);
    let token = town.exchange(&access.caller(), &town.shop.app).expect(200);
    assert_eq!((&token.body["token_type"], &token.body["expires_in"]), (&json!("Bearer"), &json!(3_600)));
    assert_eq!(token.header("cache-control"), Some("no-store"));
    town.get(&As::Bearer(token.id("/access_token")), "/apps").expect(200);
}

#[test]
fn p03_api_keys_go_wherever_access_tokens_go() {
    let (town, behind) = Town::with_files();
    let key = town.key(&town.shop.app).caller();
    let access = town.access_key(&town.shop.app);
    let token = town.token(&access, &town.shop.app);
    let app = uuid(&town.shop.app);
    let paths = [
        "/organizations".to_owned(),
        "/apps".to_owned(),
        "/workspaces".to_owned(),
        "/usergroups".to_owned(),
        "/permissions".to_owned(),
        format!("/apps/{app}"),
        format!("/workspaces/{}", uuid(&town.shop.front)),
        format!("/usergroups/{}", uuid(&town.shop.team)),
    ];
    for path in paths {
        let (by_key, by_token) = (town.get(&key, &path).expect(200), town.get(&token, &path).expect(200));
        assert_eq!(by_key.body, by_token.body, "{path}");
        // Twins: nothing, the access key as it is, and a session, which is for the console.
        town.get(&As::Anonymous, &path).passport_error(401, "unauthenticated");
        town.get(&access.caller(), &path).passport_error(401, "wrong_use");
        town.get(&town.eva.caller, &path).passport_error(401, "unknown");
    }

    // Another service, behind the proxy: it learns which key it was, and not the key.
    for by in [&key, &token] {
        town.files(by, &town.shop.app).expect(200);
        let received = behind.received().remove(0);
        assert_eq!(received.header("x-keyward-owner"), Some(&*town.eva.user));
        assert_eq!(received.header("authorization"), None);
    }
    town.files(&As::Anonymous, &town.shop.app).passport_error(401, "unauthenticated");
    town.files(&access.caller(), &town.shop.app).passport_error(401, "wrong_use");
    town.files(&town.eva.caller, &town.shop.app).passport_error(401, "unknown");
    assert_eq!(behind.received().len(), 0);
}

#[test]
fn p04_an_api_key_is_an_id_and_a_secret_and_no_access_key() {
    let town = Town::seen_by_eva();
    let (key, access) = (town.key(&town.shop.app), town.access_key(&town.shop.app));
    let is_alphanumeric = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    assert!(key.public_id.len() == 20 && is_alphanumeric(&key.public_id), "{}", key.public_id);
    assert!(key.secret().len() == 43 && is_alphanumeric(key.secret()));
    let id = &access.public_id;
    assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_uppercase()), "{id}");
    assert!(access.secret().len() == 64 && is_alphanumeric(access.secret()));

    // Twins: one in the place of the other, and halves that do not belong together.
    town.get(&access.caller(), "/apps").passport_error(401, "wrong_use");
    town.exchange(&key.caller(), &town.shop.app).expect(400);
    let mixed = As::Basic(key.public_id.clone(), access.secret().to_owned());
    town.get(&mixed, "/apps").passport_error(401, "malformed");
    let other = town.key(&town.shop.app);
    let mixed = As::Basic(key.public_id.clone(), other.secret().to_owned());
    town.get(&mixed, "/apps").passport_error(401, "unknown");
}

#[test]
fn p05_there_may_be_several_and_creating_another_revokes_none() {
    let town = Town::seen_by_eva();
    let keys: Vec<Key> = (0..5).map(|_| town.key(&town.shop.app)).collect();
    for key in &keys {
        town.get(&key.caller(), "/apps").expect(200);
    }
    assert_eq!(town.server.listed(&town.eva.caller, &format!("?kind={API_KEY}&state=active")).len(), 5);
    // Twin: one that is revoked is refused while the others go on.
    town.revoke(&keys[4]);
    town.get(&keys[4].caller(), "/apps").passport_error(401, "revoked");
    town.get(&keys[0].caller(), "/apps").expect(200);
}

#[test]
fn p06_a_new_user_access_key_revokes_the_one_before() {
    let town = Town::seen_by_eva();
    let first = town.access_key(&town.shop.app);
    let token = town.token(&first, &town.shop.app);
    town.get(&token, "/apps").expect(200);
    // There is one for each user, over all applications.
    let second = town.access_key(&town.bank.app);
    assert_eq!(town.exchange(&first.caller(), &town.shop.app).expect(401).body["error"], "invalid_client");
    town.get(&token, "/apps").passport_error(401, "revoked");
    let at_the_bank = town.token(&second, &town.bank.app);
    assert_eq!(town.get(&at_the_bank, "/apps").expect(200).body["_list"][0]["_name"], "Bank");

    // Twins: another application than its own; and one of somebody else, which does not end hers.
    assert_eq!(town.exchange(&second.caller(), &town.shop.app).expect(401).body["error"], "invalid_client");
    let ben = town.server.member_with(&town.ada, "ben@example.com", "Viewer", &town.bank.app);
    town.server.create(&ben.caller, &access_key(&town.bank.app));
    town.get(&at_the_bank, "/apps").expect(200);
    // The list of access keys does not show those that ended.
    let listed = town.server.listed(&town.eva.caller, &format!("?kind={ACCESS_KEY}"));
    assert_eq!(listed, [&*second.id]);
}

#[test]
fn p07_each_key_is_restricted_to_one_namespace() {
    let town = Town::seen_by_eva();
    let key = town.key(&town.shop.front);
    assert_eq!(town.server.shown(&town.eva.caller, &key.id).id("/namespace"), town.shop.front);
    assert_eq!(town.judged(&key, "files:read", &town.shop.front), "allowed");
    assert_eq!(town.judged(&key, "files:read", &town.shop.back), "out_of_reach");

    // Twins: two of them, roles at others, and another one later.
    let mut body = api_key(&town.shop.front);
    body["namespace"] = json!([town.shop.front, town.shop.back]);
    town.create(&body).problem(400, "invalid_value");
    body["namespace"] = json!(town.shop.front);
    body["roles"] = json!([{ "role": "Viewer", "namespace": town.shop.back }]);
    town.create(&body).problem(422, "wrong_roles");
    let moved = town.server.edit(&town.eva.caller, &key.id, json!({ "namespace": town.shop.back }));
    moved.problem(400, "unknown_field");
}

#[test]
fn p08_the_namespace_is_of_one_of_four_types() {
    let town = Town::seen_by_eva();
    for namespace in [&town.ada.organization, &town.shop.app, &town.shop.front, &town.shop.team, &town.staff] {
        let key = town.key(namespace);
        assert_eq!(town.server.shown(&town.eva.caller, &key.id).id("/namespace"), *namespace);
        assert_eq!(town.judged(&key, "files:read", namespace), "allowed");
    }
    // Twins: something else, something that is not there, and somebody else's.
    town.create(&api_key(&town.eva.user)).problem(400, "invalid_value");
    let nowhere = format!("{}0", &town.shop.app[..town.shop.app.len() - 1]);
    let other = town.server.organization(&town.ada, "Other", &["passport"], "olga@example.com");
    let theirs = town.server.app(&other.caller, "Theirs").id;
    for namespace in [&nowhere, &other.organization, &theirs] {
        town.create(&api_key(namespace)).problem(422, "unknown_namespace");
    }
    // Access keys are for applications alone.
    for namespace in [&town.ada.organization, &town.shop.front, &town.shop.team] {
        town.create(&access_key(namespace)).problem(422, "wrong_namespace");
    }
}

#[test]
fn p09_a_key_reaches_nothing_outside_its_namespace() {
    let town = Town::seen_by_eva();
    let key = town.key(&town.bank.front);
    assert_eq!(town.sees(&key, "workspaces"), ["Bank Front"]);
    town.get(&key.caller(), &format!("/workspaces/{}", uuid(&town.bank.front))).expect(200);
    assert_eq!(town.judged(&key, "files:read", &town.bank.front), "allowed");
    // Twins: everywhere else, although eva may be there.
    for outside in [&town.bank.back, &town.shop.front] {
        town.get(&key.caller(), &format!("/workspaces/{}", uuid(outside))).passport_error(404, "not_found");
        town.server.get(&key.caller(), &format!("/v1/workspaces/{outside}")).problem(404, "not_found");
    }
    for outside in town.everywhere().iter().filter(|at| **at != town.bank.front) {
        assert_eq!(town.judged(&key, "files:read", outside), "out_of_reach", "{outside}");
    }
}

#[test]
fn p10_several_keys_of_one_namespace_exist_side_by_side() {
    let town = Town::seen_by_eva();
    let (first, second) = (town.key(&town.shop.front), town.key(&town.shop.front));
    assert_ne!(first.public_id, second.public_id);
    assert_ne!(first.secret(), second.secret());
    for key in [&first, &second] {
        assert_eq!(town.sees(key, "workspaces"), ["Shop Front"]);
    }
    // Twin: the id of the one and the secret of the other.
    let mixed = As::Basic(first.public_id.clone(), second.secret().to_owned());
    town.get(&mixed, "/workspaces").passport_error(401, "unknown");
}

#[test]
fn p11_revoking_one_affects_no_other() {
    let town = Town::seen_by_eva();
    let [first, same, other] = [&town.shop.front, &town.shop.front, &town.bank.app].map(|at| town.key(at));
    let access = town.access_key(&town.shop.app);
    town.revoke(&first);
    town.get(&first.caller(), "/organizations").passport_error(401, "revoked");
    for key in [&same, &other] {
        town.get(&key.caller(), "/organizations").expect(200);
    }
    town.token(&access, &town.shop.app);
    // Twin: who may not revoke it does not.
    let ben = town.server.member_with(&town.ada, "ben@example.com", "Viewer", &town.shop.front);
    town.server.act(&ben.caller, &same.id, "revoke", json!({})).problem(403, "permission_denied");
    town.get(&same.caller(), "/organizations").expect(200);
}

#[test]
fn p12_an_expiry_date_is_optional() {
    let town = Town::seen_by_eva();
    let never = town.key(&town.shop.app);
    assert_eq!(town.server.shown(&town.eva.caller, &never.id).body.get("expires_at"), None);
    let mut body = api_key(&town.shop.app);
    body["expires_at"] = json!("2999-12-31T23:00:00+02:00");
    let key = town.server.create(&town.eva.caller, &body);
    assert_eq!(town.server.shown(&town.eva.caller, &key.id).id("/expires_at"), "2999-12-31T21:00:00Z");
    for key in [&never, &key] {
        town.get(&key.caller(), "/apps").expect(200);
    }
    // Twins: no instant, one without its offset, and one that is over.
    for (text, status, code) in [
        ("soon", 400, "invalid_value"),
        ("2999-12-31T23:00:00", 400, "invalid_value"),
        ("2020-01-01T00:00:00Z", 422, "expiry_in_past"),
    ] {
        body["expires_at"] = json!(text);
        town.create(&body).problem(status, code);
    }
    let mut access = access_key(&town.shop.app);
    access["expires_at"] = json!("2999-12-31T23:00:00Z");
    town.create(&access).problem(422, "expiry_not_supported");
}

/// By the clock of the node alone: what it says of the time is read from what it creates.
#[test]
fn p13_a_key_becomes_invalid_at_its_expiry() {
    let town = Town::seen_by_eva();
    let now = || {
        let probe = town.key(&town.shop.app);
        let at: Timestamp = town.server.shown(&town.eva.caller, &probe.id).id("/created_at").parse().unwrap();
        at
    };
    let mut body = api_key(&town.shop.app);
    // A machine that is busy may need longer than the life of the first key to use it once.
    let (key, end) = [600, 1_000, 1_500, 1_900]
        .into_iter()
        .find_map(|millis| {
            let end = now().plus(Duration::from_millis(millis));
            body["expires_at"] = json!(end.to_string());
            let key = town.create(&body);
            let key = (key.status == 201).then(|| Key::of(&key))?;
            let used = town.get(&key.caller(), "/apps");
            // Before its end it is accepted; a refusal may only be seen after it.
            assert!(used.status == 200 || now() >= end, "{}", used.text);
            (used.status == 200).then_some((key, end))
        })
        .unwrap();
    let never = town.key(&town.shop.app);
    std::thread::sleep(end.since(now()));
    assert!(now() >= end);
    town.get(&key.caller(), "/apps").passport_error(401, "expired");
    town.server.get(&key.caller(), "/v1/apps").problem(401, "invalid_credential");
    assert_eq!(town.judged(&key, "files:read", &town.shop.app), "expired");
    // It is in the list, and marked; the twin without an end goes on.
    let listed = town.server.get(&town.eva.caller, &format!("/v1/credentials?kind={API_KEY}")).expect(200);
    let state = |id: &str| {
        let all = listed.body["items"].as_array().unwrap();
        all.iter().find(|one| one["id"] == id).unwrap()["state"].clone()
    };
    assert_eq!((state(&key.id), state(&never.id)), (json!("expired"), json!("active")));
    town.get(&never.caller(), "/apps").expect(200);
    // Nothing brings it back.
    town.server.act(&town.eva.caller, &key.id, "enable", json!({})).problem(409, "wrong_state");
}

#[test]
fn p14_the_expiry_cannot_be_changed() {
    let town = Town::seen_by_eva();
    let mut body = api_key(&town.shop.app);
    body["expires_at"] = json!("2999-12-31T21:00:00Z");
    let (with, without) = (town.server.create(&town.eva.caller, &body), town.key(&town.shop.app));
    for by in [&town.eva.caller, &town.ada.caller] {
        for (key, end) in
            [(&with, json!("2999-12-31T22:00:00Z")), (&with, Value::Null), (&without, json!("2999-12-31T21:00:00Z"))]
        {
            let edited = town.server.edit(by, &key.id, json!({ "expires_at": end }));
            assert!([400, 403].contains(&edited.status), "{}", edited.text);
        }
    }
    let shown = |key: &Key| town.server.shown(&town.eva.caller, &key.id).body.get("expires_at").cloned();
    assert_eq!((shown(&with), shown(&without)), (Some(json!("2999-12-31T21:00:00Z")), None));
    assert!(!town.kind(API_KEY).labels.edit.asks_for(Input::ExpiresAt));
    // Nor is anything else of it changed.
    let renamed = town.server.edit(&town.eva.caller, &with.id, json!({ "name": "other" }));
    renamed.problem(422, "immutable_field");
}

#[test]
fn p15_a_key_can_be_revoked_at_any_time() {
    let town = Town::seen_by_eva();
    let (key, unused) = (town.key(&town.shop.app), town.key(&town.shop.app));
    town.get(&key.caller(), "/apps").expect(200);
    for key in [&key, &unused] {
        town.revoke(key);
        town.get(&key.caller(), "/apps").passport_error(401, "revoked");
        town.server.get(&key.caller(), "/v1/apps").problem(401, "invalid_credential");
        assert_eq!(town.judged(key, "files:read", &town.shop.app), "revoked");
    }
    // The list goes on to show it, marked.
    let listed = town.server.get(&town.eva.caller, &format!("/v1/credentials?kind={API_KEY}")).expect(200);
    assert!(listed.body["items"].as_array().unwrap().iter().all(|one| one["state"] == "revoked"), "{}", listed.text);
    assert_eq!(listed.body["items"].as_array().unwrap().len(), 2);
    // Twins: it does not come back.
    town.server.act(&town.eva.caller, &key.id, "enable", json!({})).problem(409, "wrong_state");
    town.server.act(&town.eva.caller, &key.id, "rotate", json!({ "confirm": true })).problem(409, "never_rotates");
    town.get(&key.caller(), "/apps").passport_error(401, "revoked");
}

#[test]
fn p16_revoking_works_with_and_without_an_expiry() {
    let town = Town::seen_by_eva();
    let mut body = api_key(&town.shop.app);
    body["expires_at"] = json!("2999-12-31T21:00:00Z");
    let with = town.server.create(&town.eva.caller, &body);
    let kept = town.server.create(&town.eva.caller, &body);
    for key in [&with, &town.key(&town.shop.app)] {
        town.get(&key.caller(), "/apps").expect(200);
        town.revoke(key);
        town.get(&key.caller(), "/apps").passport_error(401, "revoked");
        // Once more is the same.
        town.revoke(key);
    }
    // Twin: one with the same expiry that is not revoked.
    town.get(&kept.caller(), "/apps").expect(200);
}

#[test]
fn p17_creating_one_takes_access_to_a_namespace_and_no_application() {
    let town = Town::start();
    // Twins: with no access to any, and to another.
    for namespace in [&town.ada.organization, &town.shop.app, &town.staff] {
        town.create(&api_key(namespace)).problem(403, "permission_denied");
    }
    town.give("Viewer", &town.staff);
    let key = town.key(&town.staff);
    assert_eq!(town.sees(&key, "usergroups"), ["Staff"]);
    town.create(&api_key(&town.shop.app)).problem(403, "permission_denied");
    // A user access key takes an application, and access to it.
    town.create(&access_key(&town.staff)).problem(422, "wrong_namespace");
    town.create(&access_key(&town.shop.app)).problem(403, "permission_denied");
    town.give("Viewer", &town.shop.app);
    town.access_key(&town.shop.app);
    // A key makes no keys, not even for where it may be.
    town.server.post(&key.caller(), "/v1/credentials", &api_key(&town.staff)).problem(403, "session_required");
}

#[test]
fn p18_the_page_is_reached_from_the_profile_of_the_user() {
    let town = Town::seen_by_eva();
    let labels = town.kind(API_KEY).labels;
    assert_eq!(labels.menu_path(), "User profile > Authenticator & Access > API keys");
    assert_eq!((&*labels.title, &*labels.pane), ("Account setting", "API Keys"));
    // What stands behind it: one's own keys, without any permission to see keys. Twin: nobody else's.
    let own = town.key(&town.shop.app);
    town.server.create(&town.ada.caller, &api_key(&town.shop.app));
    assert_eq!(town.server.listed(&town.eva.caller, ""), [&*own.id]);
}

#[test]
fn p19_the_button_is_generate_new_api_key_and_earlier_keys_stay() {
    let town = Town::seen_by_eva();
    let labels = town.kind(API_KEY).labels;
    assert_eq!(labels.create.button, "Generate New API Key");
    assert!(labels.notes.iter().any(|note| note.contains("previously created API keys will not be revoked")));
    let earlier = town.key(&town.shop.app);
    town.key(&town.shop.app);
    town.get(&earlier.caller(), "/apps").expect(200);
    // Twin: the page of access keys says the opposite, and so it is.
    let labels = town.kind(ACCESS_KEY).labels;
    assert_eq!(labels.create.button, "Generate New Access Key");
    assert!(labels.cautions.iter().any(|caution| caution.contains("revokes the earlier one")));
    let earlier = town.access_key(&town.shop.app);
    town.access_key(&town.shop.app);
    town.exchange(&earlier.caller(), &town.shop.app).expect(401);
}

#[test]
fn p20_the_window_asks_for_name_namespace_and_expiry_date() {
    let town = Town::seen_by_eva();
    let window = town.kind(API_KEY).labels.create;
    assert_eq!((&*window.title, &*window.submit), ("API keys", "Generate"));
    let asked: Vec<_> = window.fields().map(|field| (field.input, &*field.label)).collect();
    let wanted = [(Input::Name, "Name"), (Input::Namespace, "Namespace"), (Input::ExpiresAt, "Expiry Date")];
    assert_eq!(asked, wanted);
    let body = json!({
        "kind": API_KEY, "name": "third party", "namespace": town.shop.app, "expires_at": "2999-12-31T21:00:00Z",
    });
    town.create(&body).expect(201);
    // Twins: no name, and what the window does not ask for.
    for (field, value, status, code) in [
        ("name", json!(""), 400, "invalid_value"),
        ("sources", json!(["10.0.0.0/8"]), 422, "wrong_sources"),
        ("roles", json!([{ "role": "Viewer" }]), 422, "wrong_roles"),
        ("owner", json!(town.ada.user), 403, "owner_only"),
        ("secret", json!("mine"), 400, "unknown_field"),
    ] {
        let mut body = body.clone();
        body[field] = value;
        town.create(&body).problem(status, code);
    }
}

#[test]
fn p21_the_result_is_an_id_and_a_secret_shown_once() {
    let mut town = Town::seen_by_eva();
    let issued = town.kind(API_KEY).labels.issued;
    assert_eq!((&*issued.id, &*issued.secret), ("API Key ID", "Secret"));
    assert!(issued.notes.iter().any(|note| note.contains("store in a safe place")));
    let created = town.create(&api_key(&town.shop.app)).expect(201);
    assert_eq!(created.header("cache-control"), Some("no-store"));
    let key = Key::of(&created);
    assert!(created.text.contains(key.secret()) && created.text.contains(&key.public_id));
    // Twins: every way to see it again.
    let secret = key.secret();
    for reply in [
        town.server.shown(&town.eva.caller, &key.id),
        town.server.get(&town.eva.caller, "/v1/credentials").expect(200),
        town.server.get(&town.ada.caller, "/v1/audit").expect(200),
        town.get(&key.caller(), "/apps").expect(200),
        town.server.get(&key.caller(), "/v1/sessions/current").expect(200),
        town.server.act(&town.eva.caller, &key.id, "disable", json!({})).expect(200),
        town.server.act(&town.eva.caller, &key.id, "enable", json!({})).expect(200),
    ] {
        assert!(!reply.text.contains(secret), "{}", reply.text);
    }
    let fresh = town.server.sign_in(&town.eva.email);
    town.server.act(&fresh, &key.id, "reveal", json!({})).problem(409, "not_revealable");
    town.server.act(&key.caller(), &key.id, "reveal", json!({})).problem(403, "session_required");
    // What is kept recognises it, also after a restart.
    town.server.stop();
    town.server.start_again();
    town.get(&key.caller(), "/apps").expect(200);
    // The access key says it in its own words.
    let issued = town.kind(ACCESS_KEY).labels.issued;
    assert_eq!((&*issued.id, &*issued.secret), ("Access Key", "Secret Key"));
    assert_eq!(issued.copied, "Copied");
    assert_eq!(issued.download.as_deref(), Some("Download"));
}
