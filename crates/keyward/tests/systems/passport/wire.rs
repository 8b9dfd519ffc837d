//! What no rule numbers: the shapes of records, lists and refusals, and the carriers of keys.

use std::collections::BTreeSet;

use super::*;

const OF_ALL: [&str; 8] =
    ["_id", "_name", "_shortName", "_description", "_userType", "_namespaces", "_userAttributes", "_metadata"];

/// A town where eva owns an application, what is in it, and a key of it.
fn owned() -> (Town, As) {
    let town = Town::start();
    for at in [&town.shop.app, &town.shop.front, &town.shop.back, &town.shop.team] {
        town.give("Application Owner", at);
    }
    let key = town.key(&town.shop.app).caller();
    (town, key)
}

fn names(reply: &Reply) -> Vec<&str> {
    reply.body["_list"].as_array().unwrap().iter().map(|one| one["_name"].as_str().unwrap()).collect()
}

#[test]
fn records_have_the_fields_of_the_vendors_pages() {
    let (town, key) = owned();
    town.server.add_to_group(&town.ada.caller, &town.shop.team, &town.eva.user);
    for (list, own, more) in [
        ("organizations", &town.ada.organization, &["_orgOwner"][..]),
        ("apps", &town.shop.app, &["_authorizedGrantTypes", "_orgId", "_redirectUris", "_whitelistedApps"]),
        ("workspaces", &town.shop.front, &[]),
        ("usergroups", &town.shop.team, &["_isMember"]),
    ] {
        let record = town.get(&key, &format!("/{list}/{}", uuid(own))).expect(200).body;
        let fields: BTreeSet<&str> = record.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(fields, OF_ALL.iter().chain(more).copied().collect(), "{list}");
        // As in the list, with a slash at its end or without.
        for path in [format!("/{list}"), format!("/{list}/")] {
            let listed = town.get(&key, &path).expect(200).body["_list"].clone();
            assert!(listed.as_array().unwrap().contains(&record), "{listed}");
        }
    }
    let front = town.get(&key, &format!("/workspaces/{}", uuid(&town.shop.front))).body;
    assert_eq!((&front["_name"], &front["_shortName"]), (&json!("Shop Front"), &json!("shop_front")));
    assert_eq!((&front["_description"], &front["_userAttributes"]), (&json!(""), &json!({})));
    let namespace = front["_namespaces"][0].as_str().unwrap();
    let mark = namespace.strip_prefix("shop_front_").unwrap();
    assert!(mark.len() == 8 && mark.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{namespace}");
    let created = front["_metadata"]["_createdAt"].as_i64().unwrap();
    assert!(created > 1_600_000_000_000 && front["_metadata"]["_updatedAt"] == created, "{front}");
    let app = town.get(&key, &format!("/apps/{}", town.shop.app)).expect(200).body;
    assert_eq!(app["_orgId"], uuid(&town.ada.organization));
    let group = town.get(&key, &format!("/usergroups/{}", uuid(&town.shop.team))).body;
    assert_eq!(group["_isMember"], true);
}

#[test]
fn lists_are_filtered_and_paged_from_an_offset() {
    let (town, key) = owned();
    for name in ["Airport", "Hospital 1", "Hospital 2"] {
        let made = town.send(&key, "POST", "/workspaces", &json!({ "_name": name })).expect(201);
        let id = town.server.get(&town.ada.caller, &format!("/v1/workspaces?name={}", name.replace(' ', "%20")));
        let id = id.expect(200).id("/items/0/id");
        assert_eq!(uuid(&id), made.id("/_id"));
        town.give("Viewer", &id);
    }
    let list = |query: &str| town.get(&key, &format!("/workspaces?{query}")).expect(200);
    let all = ["Airport", "Hospital 1", "Hospital 2", "Shop Back", "Shop Front"];
    for (query, found) in [
        ("", &all[..]),
        ("_name=Airport", &["Airport"]),
        ("_name=Airport&_name=Shop%20Back", &["Airport", "Shop Back"]),
        ("_name=airport", &[]),
        ("_name=Air", &[]),
        ("_shortName=hospital_2&_shortName=shop_front", &["Hospital 2", "Shop Front"]),
        ("_name=Airport&_shortName=hospital_2", &[]),
        ("query=hosp", &["Hospital 1", "Hospital 2"]),
        ("query=H*2", &["Hospital 2"]),
        ("query=shop_b", &["Shop Back"]),
        ("query=*o*", &["Airport", "Hospital 1", "Hospital 2", "Shop Back", "Shop Front"]),
        ("query=2*H", &[]),
        ("_userType=", &all),
        ("_userType=project_workspace", &[]),
        ("_userAttributes.location=Gotham", &[]),
        ("_offset=0&_pageSize=1000", &all),
        (&format!("_appId={}", uuid(&town.shop.app)), &all),
        (&format!("_appId={}", uuid(&town.bank.app)), &[]),
        ("_=1732300000", &all),
    ] {
        let reply = list(query);
        assert_eq!(names(&reply), found, "{query}");
        assert_eq!((&reply.body["_total"], &reply.body["_offset"]), (&json!(found.len()), &json!(0)), "{query}");
    }
    for (offset, size, found) in [(0, 2, &all[..2]), (2, 2, &all[2..4]), (4, 2, &all[4..]), (5, 2, &[]), (999, 1, &[])]
    {
        let reply = list(&format!("_offset={offset}&_pageSize={size}"));
        assert_eq!(names(&reply), found);
        let told = (&reply.body["_offset"], &reply.body["_pageSize"], &reply.body["_total"]);
        assert_eq!(told, (&json!(offset), &json!(found.len()), &json!(5)));
    }
    for wrong in [
        "_offset=-1",
        "_offset=x",
        "_offset=+1",
        "_offset=1&_offset=2",
        "_pageSize=0",
        "_pageSize=1001",
        "_pageSize=",
        "_offset=99999999999999999999",
        "_appId=x",
        "_orgId=x",
        "query=%ff",
        "_name=%zz",
    ] {
        town.get(&key, &format!("/workspaces?{wrong}")).passport_error(400, "invalid");
    }
    let of = |organization: &str| names(&town.get(&key, &format!("/apps?_orgId={organization}")).expect(200)).len();
    assert_eq!((of(&uuid(&town.ada.organization)), of(&uuid(&town.shop.app))), (1, 0));
}

#[test]
fn what_would_be_lost_is_refused_and_what_is_there_is_taken() {
    let (town, key) = owned();
    let create = |body: &Value| town.send(&key, "POST", "/workspaces", body);
    for lost in [
        json!({ "_name": "Mine", "_shortName": "other" }),
        json!({ "_name": "Mine", "_description": "about it" }),
        json!({ "_name": "Mine", "_userType": "project_workspace" }),
        json!({ "_name": "Mine", "_userAttributes": { "location": "here" } }),
        json!({ "_name": "Mine", "_id": uuid(&town.shop.front) }),
        json!({ "_name": "Mine", "_orgId": "x" }),
        json!({ "_name": "" }),
        json!({ "_name": 1 }),
        json!("Mine"),
        json!([]),
        json!([{ "_name": "Mine" }, "Mine"]),
    ] {
        create(&lost).passport_error(400, "invalid_value");
    }
    create(&json!({})).passport_error(400, "missing_field");
    create(&json!({ "_name": "Mine", "name": "Mine" })).passport_error(400, "unknown_field");
    create(&json!({ "_name": "Mine", "_appId": "x" })).passport_error(400, "invalid");
    create(&json!({ "_name": "shop front" })).passport_error(400, "name_taken");
    // None of these made anything.
    assert_eq!(names(&town.get(&town.key(&town.shop.app).caller(), "/workspaces").expect(200)).len(), 2);

    let whole = json!({
        "_name": "Mine", "_shortName": "mine", "_description": "", "_userType": "", "_userAttributes": {}, "_id": null,
    });
    let made = create(&whole).expect(201);
    assert_eq!(made.id("/_shortName"), "mine");
    let several = json!([{ "_name": "One" }, { "_name": "Two", "_shortName": "two" }]);
    let several = town.send(&key, "POST", "/usergroups", &several).expect(201);
    assert_eq!((names(&several), &several.body["_total"]), (vec!["One", "Two"], &json!(2)));

    // What was read is sent back with another name, whole or in part.
    let path = format!("/workspaces/{}", uuid(&town.shop.front));
    let mut read = town.get(&key, &path).expect(200).body;
    read["_name"] = json!("Checkout");
    let edited = town.send(&key, "PUT", &path, &read).expect(200);
    assert_eq!((edited.id("/_name"), edited.id("/_shortName")), ("Checkout".to_owned(), "checkout".to_owned()));
    town.send(&key, "PATCH", &path, &json!({ "_name": "Tills", "_shortName": "tills" })).expect(200);
    assert_eq!(town.send(&key, "PATCH", &path, &json!({})).expect(200).id("/_name"), "Tills");
    town.send(&key, "PUT", &path, &json!({ "_description": "" })).passport_error(400, "missing_field");
    for lost in [json!({ "_description": "about it" }), json!({ "_name": "X", "_shortName": "y" }), json!([])] {
        town.send(&key, "PATCH", &path, &lost).passport_error(400, "invalid_value");
    }
    let other = format!("/workspaces/{}", uuid(&town.shop.back));
    town.send(&key, "PATCH", &other, &json!({ "_name": "Tills" })).passport_error(400, "name_taken");
}

#[test]
fn what_is_not_empty_is_deleted_by_its_name() {
    let (town, key) = owned();
    let path = format!("/workspaces/{}", uuid(&town.shop.front));
    let inside = town.key(&town.shop.front);
    let delete = |path: &str| town.ask(&key, Request::new("DELETE", &format!("{BASE}{path}")));
    delete(&path).passport_error(400, "namespace_not_empty");
    delete(&format!("{path}?confirm=Shop%20Back")).passport_error(400, "namespace_not_empty");
    town.get(&inside.caller(), "/workspaces").expect(200);
    let deleted = delete(&format!("{path}?confirm=Shop%20Front")).expect(204);
    assert_eq!(deleted.text, "");
    town.get(&inside.caller(), "/workspaces").passport_error(401, "revoked");
    delete(&path).passport_error(404, "not_found");
}

#[test]
fn whatever_is_wrong_is_told_in_the_words_of_the_dialect() {
    let (town, key) = owned();
    // There is no such record, or it is another organization's: nobody can tell.
    let other = town.server.organization(&town.ada, "Other", &["passport"], "olga@example.com");
    let theirs = town.server.app(&other.caller, "Theirs").id;
    let nowhere = "0f02c817-8655-423e-9d22-5439187078f9";
    let told = [uuid(&theirs), nowhere.to_owned(), uuid(&town.bank.app)].map(|id| {
        let mut told = Vec::new();
        for method in ["GET", "DELETE", "PUT", "PATCH"] {
            let path = format!("{BASE}/apps/{id}");
            let request = Request::new(method, &path).json(&json!({ "_name": "Mine" }));
            let reply = town.ask(&key, request).passport_error(404, "not_found");
            told.push(reply.text);
        }
        told
    });
    assert_eq!((&told[0], &told[0]), (&told[1], &told[2]));
    for id in ["x", "1", "org_x", &town.shop.front, &uuid(&town.shop.app)[1..], "%ff", "%00"] {
        town.get(&key, &format!("/apps/{id}")).passport_error(400, "invalid_id");
    }
    // Bodies.
    let post = |body: &[u8]| {
        let path = format!("{BASE}/workspaces");
        town.ask(&key, Request::post(&path).body("application/json", body))
    };
    let deep = "[".repeat(5_000);
    for body in [&b""[..], b"{", b"{]", b"\xff", b"_name=Mine", deep.as_bytes()] {
        post(body).passport_error(400, "malformed_json");
    }
    for size in [100 * 1024, 10 * 1024 * 1024] {
        post(&vec![b' '; size]).passport_error(413, "body");
    }
    // Methods and paths.
    for (method, path, allow) in [
        ("DELETE", "/apps", "GET, HEAD, POST"),
        ("POST", "/organizations", "GET, HEAD"),
        ("DELETE", &*format!("/organizations/{}", uuid(&town.ada.organization)), "GET, HEAD, PUT, PATCH"),
        ("POST", &*format!("/apps/{}", uuid(&town.shop.app)), "GET, HEAD, PUT, PATCH, DELETE"),
        ("PATCH", "/permissions", "GET, HEAD, PUT, POST, DELETE"),
    ] {
        let refused = town.ask(&key, Request::new(method, &format!("{BASE}{path}")));
        assert_eq!(refused.passport_error(405, "method_not_allowed").header("allow"), Some(allow));
    }
    for path in ["/users", "/apps/x/y", "", "/"] {
        town.get(&key, path).passport_error(404, "not_found");
    }
    // Who asks comes before everything else.
    let both = Request::get(&format!("{BASE}/apps/x?_offset=x")).by(&key).by(&key);
    town.server.ask("api", &both).passport_error(400, "two_credentials");
    town.get(&As::Anonymous, "/apps/x?_offset=x").passport_error(401, "unauthenticated");
    let refused = town.server.ask("api", &Request::get(&format!("{BASE}/apps")).header("authorization", "Basic x"));
    let refused = refused.passport_error(401, "unreadable_credential");
    assert!(refused.header("www-authenticate").is_some_and(|challenge| challenge.starts_with("Basic")));
}

#[test]
fn the_pair_of_headers_is_taken_where_the_profile_says_so() {
    let town = Town::seen_by_eva();
    let key = town.key(&town.shop.app);
    let request = Request::get(&format!("{BASE}/apps"));
    let pair = request.clone().header("X-API-Key-Id", &key.public_id).header("X-API-Key-Secret", key.secret());
    town.server.ask("api", &pair).passport_error(401, "unauthenticated");

    let folder = tempfile::tempdir().unwrap();
    let built_in = keyward_core::profile::built_in("passport").unwrap();
    let own = built_in.replacen("name = \"passport\"", "name = \"own_passport\"", 1);
    let own = own.replacen("api_key_headers = false", "api_key_headers = true", 1);
    std::fs::write(folder.path().join("own_passport.toml"), own).unwrap();
    let server = Server::start_of(&format!("profiles = {:?}", folder.path()), SURFACES);
    let owner = server.set_up(&["own_passport"]);
    let app = server.app(&owner.caller, "Shop").id;
    let body = json!({ "kind": "own_passport/api_key", "name": "key", "namespace": app });
    let key = server.create(&owner.caller, &body);
    let with = |id: &str, secret: &str| {
        server.ask("api", &request.clone().header("x-api-key-id", id).header("x-api-key-secret", secret))
    };
    with(&key.public_id, key.secret()).expect(200);
    // Twins: a wrong secret, half of it, and both ways at once.
    with(&key.public_id, &"0".repeat(43)).passport_error(401, "unknown");
    server
        .ask("api", &request.clone().header("x-api-key-id", &key.public_id))
        .passport_error(401, "unreadable_credential");
    let twice = request.clone().by(&key.caller()).header("x-api-key-id", "a").header("x-api-key-secret", "b");
    server.ask("api", &twice).passport_error(400, "two_credentials");
    server.ask("api", &request.by(&key.caller())).expect(200);
}

#[test]
fn tokens_are_of_one_application_and_live_as_long_as_was_asked() {
    let town = Town::seen_by_eva();
    let key = town.access_key(&town.shop.app).caller();
    let app = uuid(&town.shop.app);
    let ask = |query: &str| town.ask(&key, Request::post(&format!("{BASE}/auth/token{query}")));
    assert_eq!(ask(&format!("?appId={app}&expires_in=60")).expect(200).body["expires_in"], 60);
    // Never longer than the kind says.
    assert_eq!(ask(&format!("?appId={app}&expires_in=86400")).expect(200).body["expires_in"], 3_600);
    assert_eq!(ask(&format!("?appId={}", town.shop.app)).expect(200).body["token_type"], "Bearer");
    for query in [
        "",
        "?appId=",
        "?appId=x",
        &format!("?appId={app}&appId={app}"),
        &format!("?appId={app}&expires_in=0"),
        &format!("?appId={app}&expires_in=soon"),
        &format!("?appId={app}&expires_in=-1"),
    ] {
        assert_eq!(ask(query).expect(400).body["error"], "invalid_request", "{query}");
    }
    // Another application, and one that is not there.
    for other in [uuid(&town.bank.app), "0f02c817-8655-423e-9d22-5439187078f9".to_owned()] {
        assert_eq!(ask(&format!("?appId={other}")).expect(401).body["error"], "invalid_client");
    }
    let anonymous = Request::post(&format!("{BASE}/auth/token?appId={app}"));
    assert_eq!(town.server.ask("api", &anonymous).expect(401).body["error"], "invalid_client");
    let get = town.get(&key, &format!("/auth/token?appId={app}")).expect(405);
    assert_eq!(get.header("allow"), Some("POST"));
}

#[test]
fn permissions_are_the_grants_at_a_namespace() {
    let town = Town::start();
    town.give("Organization owner", &town.ada.organization);
    town.give("Viewer", &town.shop.front);
    let role = town.server.role(&town.ada.caller, "Editor of files", &["files:read", "files:edit"]);
    town.server.grant(&town.ada.caller, &town.shop.team, &role, &town.shop.front);
    town.server.grant(&town.ada.caller, &town.shop.team, "Viewer", &town.shop.back);
    let key = town.key(&town.ada.organization).caller();
    let list = |namespace: &str| town.get(&key, &format!("/permissions?nsfilter={namespace}")).expect(200).body;
    let of_group = json!({
        "_namespace": uuid(&town.shop.front), "_resourceDesc": { "irn": "filesvc:file:*" },
        "_user": { "_id": uuid(&town.shop.team), "_type": "usergroup" }, "_actions": ["READ", "EDIT"],
    });
    let listed = list(&uuid(&town.shop.front));
    assert!(listed["_list"].as_array().unwrap().contains(&of_group), "{listed}");
    let hers = listed["_list"].as_array().unwrap().iter().filter(|one| one["_user"]["_type"] == "user");
    assert!(hers.clone().count() > 1 && hers.clone().all(|one| one["_actions"] == json!(["READ"])), "{listed}");
    // Without a filter it is the namespace of the key, and a key that reads its record names it so.
    let own = town.key(&town.shop.front).caller();
    let listed = town.get(&own, "/permissions").expect(200).body;
    let name = listed["_list"][0]["_namespace"].as_str().unwrap().to_owned();
    assert!(name.starts_with("shop_front_"), "{name}");
    assert_eq!(listed["_total"], list(&name)["_total"]);
    // Twin: who may not see grants sees none.
    let ben = town.server.member_with(&town.ada, "ben@example.com", "Viewer", &town.shop.front);
    let bens = town.server.create(&ben.caller, &api_key(&town.shop.front));
    assert_eq!(town.get(&bens.caller(), "/permissions").expect(200).body["_total"], 0);
    // Nor is a namespace that is not there told apart from one without grants.
    assert_eq!(list("shop_00000000")["_total"], 0);
    assert_eq!(list("nonsense")["_total"], 0);
}

#[test]
fn a_written_permission_is_a_grant_of_a_role_with_exactly_its_actions() {
    let town = Town::start();
    let kim = town.server.member(&town.ada, "kim@example.com");
    let boss = town.server.create(&town.ada.caller, &api_key(&town.ada.organization)).caller();
    let organization = uuid(&town.ada.organization);
    let wanted = json!({
        "_namespace": organization, "_resourceDesc": { "irn": "itemsvc:nameduseritem:*" },
        "_user": { "_id": uuid(&kim.user), "_type": "user" }, "_actions": ["RUN", "READ", "READ"],
    });
    let roles = || town.server.get(&town.ada.caller, "/v1/roles?name=itemsvc").expect(200).body["items"].clone();
    // Not even the owner of everything gives what a key of the organization does not reach. Nothing is left of it.
    let mut inside = wanted.clone();
    inside["_namespace"] = json!(town.shop.front);
    town.send(&boss, "PUT", "/permissions", &inside).passport_error(403, "exceeds_own_rights");
    assert_eq!(roles(), json!([]));
    for _ in 0..2 {
        let given = town.send(&boss, "PUT", "/permissions", &wanted).expect(201).body;
        assert_eq!(given["_list"][0]["_actions"], json!(["READ", "RUN"]));
    }
    assert_eq!(roles()[0]["patterns"], json!(["items:read", "items:run"]));
    let kims = town.server.create(&kim.caller, &api_key(&town.ada.organization));
    assert_eq!(town.judged(&kims, "items:run", &town.ada.organization), "allowed");
    assert_eq!(town.judged(&kims, "items:edit", &town.ada.organization), "owner_lacks");
    let listed = town.get(&boss, &format!("/permissions?nsfilter={organization}")).expect(200).body;
    assert_eq!((&listed["_total"], &listed["_list"][0]["_user"]), (&json!(1), &wanted["_user"]));
    town.send(&kims.caller(), "DELETE", "/permissions", &wanted).passport_error(404, "not_found");
    town.send(&boss, "DELETE", "/permissions", &wanted).expect(204);
    assert_eq!(town.judged(&kims, "items:run", &town.ada.organization), "owner_lacks");
    town.send(&boss, "DELETE", "/permissions", &wanted).passport_error(404, "not_found");

    // Twins: what nobody can read, what is not there, and who may not.
    for (pointer, value, code) in [
        ("/_actions", json!(["FLY"]), "invalid"),
        ("/_actions", json!([]), "invalid"),
        ("/_resourceDesc/irn", json!("filesvc:folder:*"), "invalid"),
        ("/_resourceDesc/irn", json!("filesvc:file:8a972d06-e881-4452-b140-ab5644d743ec"), "invalid"),
        ("/_user/_type", json!("apikey"), "invalid"),
        ("/_user/_id", json!("x"), "invalid"),
        ("/_user/_id", json!(uuid(&town.shop.app)), "unknown_user"),
        ("/_namespace", json!("shop_00000000"), "invalid"),
    ] {
        let mut wrong = wanted.clone();
        *wrong.pointer_mut(pointer).unwrap() = value;
        town.send(&boss, "PUT", "/permissions", &wrong).passport_error(400, code);
    }
    town.send(&kims.caller(), "PUT", "/permissions", &wanted).passport_error(403, "permission_denied");
}
