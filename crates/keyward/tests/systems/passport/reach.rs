//! What keys may do: their owner is a member who holds roles, never a super admin.

use super::*;

const NOTHING: [&str; 0] = [];

#[test]
fn p22_a_key_has_at_most_the_access_of_its_creator() {
    let town = Town::start();
    town.give("Viewer", &town.shop.front);
    town.give("Application Developer", &town.shop.back);
    let (viewer, developer) = (town.key(&town.shop.front), town.key(&town.shop.back));
    for key in [&viewer, &developer] {
        assert_eq!(town.judged(key, "files:read", &home(&town, key)), "allowed");
    }
    let back = format!("/workspaces/{}", uuid(&town.shop.back));
    assert_eq!(town.judged(&developer, "files:edit", &town.shop.back), "allowed");
    let renamed = town.send(&developer.caller(), "PATCH", &back, &json!({ "_name": "Shop Rear" })).expect(200);
    assert_eq!(renamed.id("/_name"), "Shop Rear");

    // Twins: what she may elsewhere, or not at all.
    let front = format!("/workspaces/{}", uuid(&town.shop.front));
    assert_eq!(town.judged(&viewer, "files:edit", &town.shop.front), "owner_lacks");
    let mine = json!({ "_name": "Mine" });
    town.send(&viewer.caller(), "PATCH", &front, &mine).passport_error(403, "permission_denied");
    let native = format!("/v1/workspaces/{}", town.shop.front);
    town.server.patch(&viewer.caller(), &native, &json!({ "name": "Mine" })).problem(403, "permission_denied");
    town.ask(&developer.caller(), Request::new("DELETE", &format!("{BASE}{back}")))
        .passport_error(403, "permission_denied");
    assert_eq!(town.judged(&developer, "files:publish", &town.shop.back), "allowed");
    assert_eq!(town.judged(&developer, "workspaces:delete", &town.shop.back), "owner_lacks");
}

#[test]
fn p23_a_key_of_an_application_gives_nothing_in_its_workspaces() {
    let town = Town::start();
    for at in [&town.shop.app, &town.shop.front, &town.shop.team] {
        town.give("Application Developer", at);
    }
    let key = town.key(&town.shop.app);
    assert_eq!(town.judged(&key, "files:read", &town.shop.app), "allowed");
    // Twins: what she may herself in the workspace, her key of the application may not; nor one of the organization.
    for inside in [&town.shop.front, &town.shop.team] {
        for permission in ["files:read", "items:edit", "workspaces:share", "usergroups:share"] {
            assert_eq!(town.judged(&key, permission, inside), "out_of_reach", "{permission}");
        }
    }
    town.give("Viewer", &town.ada.organization);
    let key = town.key(&town.ada.organization);
    assert_eq!(town.judged(&key, "files:read", &town.ada.organization), "allowed");
    for inside in [&town.shop.app, &town.shop.front, &town.staff] {
        assert_eq!(town.judged(&key, "files:read", inside), "out_of_reach");
    }
    let of_front = town.key(&town.shop.front);
    assert_eq!(town.judged(&of_front, "files:read", &town.shop.front), "allowed");
}

#[test]
fn p24_what_the_creator_loses_the_key_loses() {
    let town = Town::start();
    town.give("Application Owner", &town.shop.app);
    let grant = town.give("Application Developer", &town.shop.front);
    let (key, of_app) = (town.key(&town.shop.front), town.key(&town.shop.app));
    let path = format!("/workspaces/{}", uuid(&town.shop.front));
    let native = format!("/v1/workspaces/{}", town.shop.front);
    for (turn, key) in [(1, &key), (2, &of_app)] {
        town.send(&key.caller(), "PATCH", &path, &json!({ "_name": format!("Front {turn}") })).expect(200);
        town.server.patch(&key.caller(), &native, &json!({ "name": "Shop Front" })).expect(200);
    }

    // She is viewer there from now on: when the call returns, the keys of both namespaces are.
    town.give("Viewer", &town.shop.front);
    town.server.ungrant(&town.ada.caller, &grant);
    for key in [&key, &of_app] {
        let mine = json!({ "_name": "Mine" });
        town.send(&key.caller(), "PATCH", &path, &mine).passport_error(403, "permission_denied");
        town.server.patch(&key.caller(), &native, &json!({ "name": "Mine" })).problem(403, "permission_denied");
        assert_eq!(town.sees(key, "workspaces"), ["Shop Front"]);
    }
    assert_eq!(town.judged(&key, "files:edit", &town.shop.front), "owner_lacks");
    assert_eq!(town.judged(&key, "files:read", &town.shop.front), "allowed");

    // Suspended, she has no keys; back again, she has them.
    let act = |verb: &str| {
        town.server.post(&town.ada.caller, &format!("/v1/users/{}/{verb}", town.eva.user), &json!({})).expect(200)
    };
    let token = town.token(&town.access_key(&town.shop.app), &town.shop.app);
    act("suspend");
    for by in [&key.caller(), &of_app.caller(), &token] {
        town.get(by, "/workspaces").passport_error(401, "owner_inactive");
    }
    act("enable");
    town.get(&key.caller(), "/workspaces").expect(200);
    town.get(&token, "/workspaces").expect(200);
    // Removed, she has none for ever.
    town.server.delete(&town.ada.caller, &format!("/v1/users/{}", town.eva.user)).expect(200);
    for by in [&key.caller(), &of_app.caller(), &token] {
        town.get(by, "/workspaces").passport_error(401, "revoked");
    }
}

#[test]
fn p25_a_workspace_key_lists_that_workspace() {
    let town = Town::seen_by_eva();
    assert_eq!(town.sees(&town.key(&town.shop.front), "workspaces"), ["Shop Front"]);
    assert_eq!(town.sees(&town.key(&town.bank.back), "workspaces"), ["Bank Back"]);
    // Twins: groups, which are not its own; and the workspace beside it.
    let key = town.key(&town.shop.front);
    assert_eq!(town.sees(&key, "usergroups"), NOTHING);
    is_hidden(&town, &key, "workspaces", &town.shop.back);
}

#[test]
fn p26_a_workspace_key_lists_the_application_of_its_workspace() {
    let town = Town::seen_by_eva();
    let key = town.key(&town.bank.front);
    assert_eq!(town.sees(&key, "apps"), ["Bank"]);
    is_shown(&town, &key, "apps", &town.bank.app);
    // Twins: the other one, and more than reading.
    is_hidden(&town, &key, "apps", &town.shop.app);
    town.give("Application Owner", &town.bank.app);
    is_fixed(&town, &key, "apps", &town.bank.app);
    assert_eq!(town.judged(&key, "files:read", &town.bank.app), "out_of_reach");
}

#[test]
fn p27_a_workspace_key_lists_the_organization_of_that_application() {
    let town = Town::seen_by_eva();
    let other = town.server.organization(&town.ada, "Other", &["passport"], "olga@example.com");
    let key = town.key(&town.bank.front);
    assert_eq!(town.sees(&key, "organizations"), ["Acme"]);
    is_shown(&town, &key, "organizations", &town.ada.organization);
    // Twins: another organization, and more than reading.
    is_hidden(&town, &key, "organizations", &other.organization);
    town.give("Organization owner", &town.ada.organization);
    is_fixed(&town, &key, "organizations", &town.ada.organization);
    assert_eq!(town.judged(&key, "files:read", &town.ada.organization), "out_of_reach");
}

#[test]
fn p28_a_user_group_key_lists_that_user_group() {
    let town = Town::seen_by_eva();
    let (team, staff) = (town.key(&town.shop.team), town.key(&town.staff));
    assert_eq!(town.sees(&team, "usergroups"), ["Shop Team"]);
    assert_eq!(town.sees(&staff, "usergroups"), ["Staff"]);
    for (key, own) in [(&team, &town.shop.team), (&staff, &town.staff)] {
        is_shown(&town, key, "usergroups", own);
        // Twins: the groups beside it, and workspaces.
        is_hidden(&town, key, "usergroups", &town.bank.team);
        assert_eq!(town.sees(key, "workspaces"), NOTHING);
    }
    is_hidden(&town, &team, "usergroups", &town.staff);
}

#[test]
fn p29_a_key_of_an_applications_user_group_lists_that_application() {
    let town = Town::seen_by_eva();
    let key = town.key(&town.shop.team);
    assert_eq!(town.sees(&key, "apps"), ["Shop"]);
    is_shown(&town, &key, "apps", &town.shop.app);
    // Twins: the other one, more than reading, and the group of an organization, which has no application.
    is_hidden(&town, &key, "apps", &town.bank.app);
    town.give("Application Owner", &town.shop.app);
    is_fixed(&town, &key, "apps", &town.shop.app);
    assert_eq!(town.sees(&town.key(&town.staff), "apps"), NOTHING);
}

#[test]
fn p30_a_key_of_an_applications_user_group_lists_the_organization_of_that_application() {
    let town = Town::seen_by_eva();
    let other = town.server.organization(&town.ada, "Other", &["passport"], "olga@example.com");
    let key = town.key(&town.bank.team);
    assert_eq!(town.sees(&key, "organizations"), ["Acme"]);
    is_shown(&town, &key, "organizations", &town.ada.organization);
    is_hidden(&town, &key, "organizations", &other.organization);
    town.give("Organization owner", &town.ada.organization);
    is_fixed(&town, &key, "organizations", &town.ada.organization);
}

#[test]
fn p31_a_key_of_an_organizations_user_group_lists_that_organization() {
    let town = Town::seen_by_eva();
    let other = town.server.organization(&town.ada, "Other", &["passport"], "olga@example.com");
    let key = town.key(&town.staff);
    assert_eq!(town.sees(&key, "organizations"), ["Acme"]);
    is_shown(&town, &key, "organizations", &town.ada.organization);
    is_hidden(&town, &key, "organizations", &other.organization);
    // Twin: the applications of the organization are none of its own.
    is_hidden(&town, &key, "apps", &town.shop.app);
}

#[test]
fn p32_an_application_key_lists_that_application() {
    let town = Town::seen_by_eva();
    for (at, name) in [(&town.shop, "Shop"), (&town.bank, "Bank")] {
        let key = town.key(&at.app);
        assert_eq!(town.sees(&key, "apps"), [name]);
        is_shown(&town, &key, "apps", &at.app);
    }
    is_hidden(&town, &town.key(&town.shop.app), "apps", &town.bank.app);
}

#[test]
fn p33_an_application_key_lists_the_organization_of_its_application() {
    let town = Town::seen_by_eva();
    let other = town.server.organization(&town.ada, "Other", &["passport"], "olga@example.com");
    let key = town.key(&town.shop.app);
    assert_eq!(town.sees(&key, "organizations"), ["Acme"]);
    is_shown(&town, &key, "organizations", &town.ada.organization);
    is_hidden(&town, &key, "organizations", &other.organization);
    town.give("Organization owner", &town.ada.organization);
    is_fixed(&town, &key, "organizations", &town.ada.organization);
    // She may make applications; this key may not.
    town.send(&key.caller(), "POST", "/apps", &json!({ "_name": "Third" })).passport_error(403, "permission_denied");
}

#[test]
fn p34_an_application_key_makes_reads_edits_and_deletes_what_is_inside() {
    let town = Town::start();
    for at in [&town.shop.app, &town.bank.app, &town.bank.front] {
        town.give("Application Owner", at);
    }
    let key = town.key(&town.shop.app);
    for (list, inside) in [("workspaces", &town.shop.front), ("usergroups", &town.shop.team)] {
        let caller = key.caller();
        // What she may not see, neither may her key, although it reaches it.
        assert_eq!(town.sees(&key, list), NOTHING);
        let path = format!("/{list}/{}", uuid(inside));
        town.get(&caller, &path).passport_error(404, "not_found");
        let grant = town.give("Viewer", inside);
        assert_eq!(town.sees(&key, list).len(), 1);
        is_shown(&town, &key, list, inside);
        // Bounded by what she may there: reading is not editing, and editing not deleting.
        let mine = json!({ "_name": "Mine" });
        town.send(&caller, "PUT", &path, &mine).passport_error(403, "permission_denied");
        town.give("Application Owner", inside);
        town.server.ungrant(&town.ada.caller, &grant);
        let edited = town.send(&caller, "PUT", &path, &json!({ "_name": format!("New {list}") })).expect(200);
        assert_eq!(edited.id("/_name"), format!("New {list}"));
        let native = format!("/v1/{list}/{inside}");
        town.server.patch(&caller, &native, &json!({ "name": "Newer" })).expect(200);
        town.ask(&caller, Request::new("DELETE", &format!("{BASE}{path}"))).expect(204);
        town.get(&caller, &path).passport_error(404, "not_found");
        assert_eq!(town.sees(&key, list), NOTHING);

        // Made in its own application, without saying so; and natively.
        let made = town.send(&caller, "POST", &format!("/{list}"), &json!({ "_name": "Made" })).expect(201);
        let by_ada = town.server.get(&town.ada.caller, &format!("/v1/{list}?name=Made")).expect(200);
        assert_eq!(
            (uuid(&by_ada.id("/items/0/id")), by_ada.id("/items/0/app")),
            (made.id("/_id"), town.shop.app.clone())
        );
        let native = json!({ "name": "Made too", "app": town.shop.app });
        town.server.post(&caller, &format!("/v1/{list}"), &native).expect(201);
        // Twin: in the other application, which she owns too.
        let elsewhere = json!({ "_name": "Elsewhere", "_appId": uuid(&town.bank.app) });
        town.send(&caller, "POST", &format!("/{list}"), &elsewhere).passport_error(404, "not_found");
        let elsewhere = json!({ "name": "Elsewhere", "app": town.bank.app });
        town.server.post(&caller, &format!("/v1/{list}"), &elsewhere).problem(403, "permission_denied");
        // Twin: a key of something else in the same application.
        let beside = town.key(&town.bank.front).caller();
        let inside_too = json!({ "_name": "Beside", "_appId": uuid(&town.bank.app) });
        town.send(&beside, "POST", &format!("/{list}"), &inside_too).passport_error(403, "permission_denied");
    }
    // Twin: outside its application, an edit is not even told that there is something.
    let path = format!("/workspaces/{}", uuid(&town.bank.front));
    town.send(&key.caller(), "PUT", &path, &json!({ "_name": "Mine" })).passport_error(404, "not_found");
    town.ask(&key.caller(), Request::new("DELETE", &format!("{BASE}{path}"))).passport_error(404, "not_found");
}

#[test]
fn p35_the_special_rules_hold_for_the_passport_service_alone() {
    let (town, behind) = Town::with_files();
    for at in town.everywhere() {
        town.give("Application Owner", &at);
    }
    // Reading and writing records above and below is what the special rules give; nothing of another service.
    let (of_app, of_front, of_team) = (town.key(&town.shop.app), town.key(&town.shop.front), town.key(&town.shop.team));
    for (key, permission, namespace) in [
        (&of_app, "workspaces:edit", &town.shop.front),
        (&of_app, "usergroups:delete", &town.shop.team),
        (&of_front, "apps:read", &town.shop.app),
        (&of_team, "organizations:read", &town.ada.organization),
    ] {
        assert_eq!(town.judged(key, permission, namespace), "allowed", "{permission}");
    }
    for (key, namespace) in [
        (&of_app, &town.shop.front),
        (&of_app, &town.shop.team),
        (&of_app, &town.ada.organization),
        (&of_front, &town.shop.app),
        (&of_team, &town.shop.app),
    ] {
        for permission in
            ["files:read", "items:create", "scripts:run", "orchestrators:assign", "permission_profiles:read"]
        {
            assert_eq!(town.judged(key, permission, namespace), "out_of_reach", "{permission}");
            assert_eq!(town.judged(key, permission, &home(&town, key)), "allowed", "{permission}");
        }
    }
    // So says the file service behind the proxy.
    for key in [&of_app, &of_front, &of_team] {
        town.files(&key.caller(), &home(&town, key)).expect(200);
    }
    assert_eq!(behind.received().len(), 3);
    town.files(&of_app.caller(), &town.shop.front).passport_error(403, "out_of_reach");
    town.files(&of_front.caller(), &town.shop.app).passport_error(403, "out_of_reach");
    town.files(&of_team.caller(), &town.ada.organization).passport_error(403, "out_of_reach");
    assert_eq!(behind.received().len(), 0);
}

#[test]
fn p36_an_organization_key_reaches_its_own_organization() {
    let town = Town::start();
    town.give("Organization owner", &town.ada.organization);
    let key = town.key(&town.ada.organization);
    assert_eq!(town.sees(&key, "organizations"), ["Acme"]);
    is_shown(&town, &key, "organizations", &town.ada.organization);
    let path = format!("/organizations/{}", uuid(&town.ada.organization));
    town.send(&key.caller(), "PATCH", &path, &json!({ "_name": "Acme Limited" })).expect(200);
    assert_eq!(town.sees(&key, "organizations"), ["Acme Limited"]);
    assert_eq!(town.judged(&key, "files:edit", &town.ada.organization), "allowed");

    // Twins: what is inside it is no part of it, even where she owns it; and another organization.
    for at in town.everywhere().iter().filter(|at| **at != town.ada.organization) {
        town.give("Application Owner", at);
    }
    for list in ["apps", "workspaces", "usergroups"] {
        assert_eq!(town.sees(&key, list), NOTHING, "{list}");
    }
    is_hidden(&town, &key, "apps", &town.shop.app);
    assert_eq!(town.judged(&key, "files:read", &town.shop.app), "out_of_reach");
    let other = town.server.organization(&town.ada, "Other", &["passport"], "olga@example.com");
    is_hidden(&town, &key, "organizations", &other.organization);
    // And what she loses, it loses.
    let viewer = town.server.member(&town.ada, "vic@example.com");
    town.server.grant(&town.ada.caller, &viewer.user, "Viewer", &town.ada.organization);
    let key = town.server.create(&viewer.caller, &api_key(&town.ada.organization));
    assert_eq!(town.sees(&key, "organizations"), ["Acme Limited"]);
    town.send(&key.caller(), "PATCH", &path, &json!({ "_name": "Mine" })).passport_error(403, "permission_denied");
}

/// Where a key lives.
#[track_caller]
fn home(town: &Town, key: &Key) -> String {
    town.server.shown(&town.eva.caller, &key.id).id("/namespace")
}

/// A key reads a record, in the dialect and natively.
#[track_caller]
fn is_shown(town: &Town, key: &Key, list: &str, id: &str) {
    let shown = town.get(&key.caller(), &format!("/{list}/{}", uuid(id))).expect(200);
    assert_eq!(shown.id("/_id"), uuid(id));
    town.server.get(&key.caller(), &format!("/v1/{list}/{id}")).expect(200);
}

/// A key is told that there is no such record, in the dialect and natively.
#[track_caller]
fn is_hidden(town: &Town, key: &Key, list: &str, id: &str) {
    town.get(&key.caller(), &format!("/{list}/{}", uuid(id))).passport_error(404, "not_found");
    town.server.get(&key.caller(), &format!("/v1/{list}/{id}")).problem(404, "not_found");
}

/// A key that reads a record changes nothing of it, in the dialect and natively.
#[track_caller]
fn is_fixed(town: &Town, key: &Key, list: &str, id: &str) {
    let path = format!("/{list}/{}", uuid(id));
    town.send(&key.caller(), "PATCH", &path, &json!({ "_name": "Mine" })).passport_error(403, "permission_denied");
    let native = format!("/v1/{list}/{id}");
    town.server.patch(&key.caller(), &native, &json!({ "name": "Mine" })).problem(403, "permission_denied");
    is_shown(town, key, list, id);
}
