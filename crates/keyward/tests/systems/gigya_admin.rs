//! Gigya's management calls: `admin.*`, each as it is done and as it is refused.
//!
//! Who calls is an application of the site `Shop` in `_adminGroup`, there and at the account itself, which the owner of
//! the account has made so.

use serde_json::{Value, json};

use crate::support::{App, As, Key, Person, Reply, Request, Server};

/// An account with two sites, and an application that administrates the account and the first site.
struct Ground {
    server: Server,
    owner: Person,
    shop: App,
    blog: App,
    admin: Key,
}

type Fields<'a> = &'a [(&'a str, &'a str)];

impl Ground {
    fn start() -> Self {
        let server = Server::start_with_api(DIALECT);
        let owner = server.set_up(&["gigya"]);
        let by = &owner.caller;
        let (shop, blog) = (server.app(by, "Shop"), server.app(by, "Blog"));
        let admin = server.create(by, &application("Provisioning", &shop, "_adminGroup"));
        for place in [&owner.organization, &blog.id] {
            server.grant(by, &admin.id, "_adminGroup", place);
        }
        Self { server, owner, shop, blog, admin }
    }

    /// Another application of the first site, made by the owner.
    fn application(&self, name: &str, group: &str) -> Key {
        self.server.create(&self.owner.caller, &application(name, &self.shop, group))
    }

    /// Calls a method on the first site as the administrating application.
    fn call(&self, method: &str, fields: Fields<'_>) -> Reply {
        self.call_on(&self.shop, method, fields)
    }

    fn call_on(&self, site: &App, method: &str, fields: Fields<'_>) -> Reply {
        self.call_as((&self.admin.public_id, self.admin.secret()), site, method, fields)
    }

    /// Calls a method as whom a key and a secret say.
    fn call_as(&self, (key, secret): (&str, &str), site: &App, method: &str, fields: Fields<'_>) -> Reply {
        let own = [("apiKey", &*site.site_key), ("userKey", key), ("secret", secret)];
        let all: Vec<_> = own.iter().chain(fields).copied().collect();
        self.send(&Request::post(&format!("/admin.{method}")).form(&all))
    }

    fn send(&self, request: &Request) -> Reply {
        self.server.ask("api", &request.clone().over_https()).expect(200)
    }

    /// What an application may do at a place: `allowed`, or the reason why not.
    fn judged(&self, user: &(String, String), permission: &str, place: &str) -> String {
        let question = json!({ "id": user.0, "secret": user.1, "permission": permission, "namespace": place });
        self.server.verify(&self.owner.caller, &question)
    }

    /// Creates an application by a call: its key and its secret.
    fn created(&self, name: &str, fields: Fields<'_>) -> (String, String) {
        let fields: Vec<_> = [("name", name)].iter().chain(fields).copied().collect();
        let user = self.call("createUserKey", &fields).done();
        (user.id("/user/userKey"), user.id("/user/secret"))
    }

    /// A group as the list of all shows it.
    fn group(&self, name: &str) -> Value {
        self.call("getGroups", &[]).done().body["groups"][name].clone()
    }
}

trait Answered {
    /// The reply, which must be of success.
    fn done(self) -> Self;
    /// The reply, which must be this error, and say something about this.
    fn refused(self, code: u64, about: &str) -> Self;
}

impl Answered for Reply {
    #[track_caller]
    fn done(self) -> Self {
        assert_eq!(self.body["errorCode"], 0, "{}", self.text);
        self
    }

    #[track_caller]
    fn refused(self, code: u64, about: &str) -> Self {
        assert_eq!(self.body["errorCode"], code, "{}", self.text);
        let details = self.body["errorDetails"].as_str().unwrap();
        assert!(details.contains(about), "{details}");
        self
    }
}

fn application(name: &str, site: &App, group: &str) -> Value {
    let roles = json!([{ "role": group, "namespace": site.id }]);
    json!({ "kind": "gigya/application_key", "name": name, "namespace": site.id, "roles": roles })
}

/// A JSON array of one key.
fn one(key: &str) -> String {
    json!([key]).to_string()
}

fn sites(keys: &[&str]) -> String {
    json!({ "allowSites": keys }).to_string()
}

/// An ACL that allows these methods.
fn acl(methods: &[(&str, &str)]) -> String {
    let mut api = json!({});
    for (namespace, method) in methods {
        api[namespace][method] = json!({ "_ace": { "perms": "x" } });
    }
    json!({ "_api": api }).to_string()
}

#[test]
fn an_application_is_created_with_its_secret() {
    let account = Ground::start();
    let made = account.call("createUserKey", &[("name", "Export"), ("keyType", "highRate")]).done();
    let user = (made.id("/user/userKey"), made.id("/user/secret"));
    assert!(user.0.starts_with('A') && user.0.len() == 12 && user.1.len() == 32, "{}", made.text);
    assert_eq!(made.body["user"]["name"], "Export");
    assert_eq!(made.body["user"]["groups"], json!(["_no_permissions"]));
    assert_eq!(account.judged(&user, "accounts:search", &account.shop.id), "not_granted");
    let reader = account.created("Reader", &[("groupID", "_read_only")]);
    assert_eq!(account.judged(&reader, "accounts:search", &account.shop.id), "allowed");
    assert_eq!(account.judged(&reader, "accounts:search", &account.blog.id), "not_granted");

    account.call("createUserKey", &[]).refused(400_002, "`name`");
    account.call("createUserKey", &[("name", "a\nb")]).refused(400_006, "`name`");
    account.call("createUserKey", &[("name", "a"), ("name", "b")]).refused(400_006, "`name`");
    account.call("createUserKey", &[("name", "x"), ("groupID", "nothing")]).refused(400_006, "`nothing`");
    for (name, account_id) in [("partnerID", "17"), ("ownerPartnerId", "org_00000000000000000000000001")] {
        account.call("createUserKey", &[("name", "x"), (name, account_id)]).refused(400_006, "there is no account");
    }
    account.call("createUserKey", &[("name", "x"), ("ownerPartnerId", &account.owner.organization)]).done();
}

#[test]
fn an_application_is_shown_without_its_secret() {
    let account = Ground::start();
    let export = account.application("Export", "_read_only");
    let own = account.call("getUserKey", &[("getSelf", "true")]).done();
    assert_eq!(own.body["user"], json!({ "userKey": account.admin.public_id, "name": "Provisioning" }));
    let other = account.call("getUserKey", &[("targetUserKey", &export.public_id)]).done();
    let shown = json!({ "userKey": export.public_id, "name": "Export", "groups": ["_read_only"] });
    assert_eq!(other.body["user"], shown);
    for reply in [own, other] {
        assert!(!reply.text.contains(account.admin.secret()) && !reply.text.contains(export.secret()));
    }
    // Of a site that does not have it, it is as unknown as one that does not exist (G22).
    let unknown = account.call("getUserKey", &[("targetUserKey", "AAAAAAAAAAAA")]).refused(400_006, "targetUserKey");
    let elsewhere = account.call_on(&account.blog, "getUserKey", &[("targetUserKey", &export.public_id)]);
    let of = |reply: &Reply, key: &str| reply.id("/errorDetails").replace(key, "KEY");
    assert_eq!(of(&unknown, "AAAAAAAAAAAA"), of(&elsewhere, &export.public_id));
}

#[test]
fn an_application_is_renamed_and_put_into_another_group() {
    let account = Ground::start();
    let user = account.created("Export", &[]);
    let target = ("targetUserKey", &*user.0);
    let changed = account.call("updateUserKey", &[target, ("name", "Nightly"), ("groupID", "_read_only")]).done();
    let shown = json!({ "userKey": user.0, "name": "Nightly", "groups": ["_read_only"] });
    assert_eq!(changed.body["user"], shown);
    assert_eq!(account.judged(&user, "accounts:search", &account.shop.id), "allowed");
    account.call("updateUserKey", &[("name", "x")]).refused(400_002, "`targetUserKey`");
    account.call("updateUserKey", &[("targetUserKey", "none"), ("name", "x")]).refused(400_006, "`none`");
    account.call("updateUserKey", &[target, ("groupID", "nothing")]).refused(400_006, "`nothing`");
    account.call_on(&account.blog, "updateUserKey", &[target, ("name", "x")]).refused(400_006, "targetUserKey");
}

/// G14, and what holds of an import: deleted in the parent, it is gone everywhere; in an importer, from there.
#[test]
fn a_deleted_application_is_gone() {
    let account = Ground::start();
    let user = account.created("Export", &[("groupID", "_read_only")]);
    let target = ("targetUserKey", &*user.0);
    let import = [target, ("groupID", "_read_only")];
    account.call_on(&account.blog, "addExistingApplication", &import).done();
    assert_eq!(account.judged(&user, "accounts:search", &account.blog.id), "allowed");
    account.call_on(&account.blog, "deleteUserKey", &[target]).done();
    assert_eq!(account.judged(&user, "accounts:search", &account.blog.id), "not_granted");
    assert_eq!(account.judged(&user, "accounts:search", &account.shop.id), "allowed");

    account.call_on(&account.blog, "addExistingApplication", &import).done();
    account.call("deleteUserKey", &[target]).done();
    for site in [&account.shop, &account.blog] {
        assert_eq!(account.judged(&user, "accounts:search", &site.id), "revoked");
        account.call_on(site, "deleteUserKey", &[target]).refused(400_006, "targetUserKey");
    }
    // Never the caller's own by omission.
    account.call("deleteUserKey", &[]).refused(400_002, "`targetUserKey`");
    // A person's key is theirs.
    let sam = account.server.member_with(&account.owner, "sam@example.com", "_read_only", &account.shop.id);
    let key = user_key(&account.server, &sam);
    account.call("deleteUserKey", &[("targetUserKey", &key.public_id)]).refused(403_007, "signed-in");
}

/// G18 to G23.
#[test]
fn an_existing_application_is_added() {
    let account = Ground::start();
    let user = account.created("Export", &[("groupID", "_read_only")]);
    let import = |site: &App, key: &str, group: &str| {
        account.call_on(site, "addExistingApplication", &[("targetUserKey", key), ("groupID", group)])
    };
    import(&account.blog, "AAAAAAAAAAAA", "_read_only").refused(400_006, "public id");
    import(&account.blog, &user.0, "nothing").refused(400_006, "`nothing`");
    import(&account.blog, "", "_read_only").refused(400_002, "`targetUserKey`");
    import(&account.blog, &user.0, "").refused(400_002, "`groupID`");
    let added = import(&account.blog, &user.0, "_customer_service").done();
    let shown = json!({ "userKey": user.0, "name": "Export", "groups": ["_customer_service"] });
    assert_eq!(added.body["user"], shown, "G20: the name that it has in the parent");
    assert_eq!(account.judged(&user, "accounts:setAccountInfo", &account.blog.id), "allowed");
    assert_eq!(account.judged(&user, "accounts:setAccountInfo", &account.shop.id), "not_granted", "G23");
    import(&account.blog, &user.0, "_read_only").refused(400_003, "already");
    import(&account.shop, &user.0, "_read_only").refused(400_003, "already");
    let target = ("targetUserKey", &*user.0);
    account.call_on(&account.blog, "updateUserKey", &[target, ("name", "x")]).refused(400_006, "imported");

    let foreign = account.server.organization(&account.owner, "Other", &["gigya"], "foreign@example.com");
    let site = account.server.app(&foreign.caller, "Foreign");
    let key = account.server.create(&foreign.caller, &application("Foreign", &site, "_read_only"));
    import(&account.shop, &key.public_id, "_read_only").refused(400_006, "public id");
    account.call_on(&site, "getGroups", &[]).refused(403_005, "");
}

/// The way that provisioning scripts take: an application in the group without permissions, an ACL, a group with both.
#[test]
fn a_script_provisions_an_application() {
    let account = Ground::start();
    let partner = ("partnerID", &*account.owner.organization);
    let user = account.created("export", &[("keyType", "highRate"), ("ownerPartnerId", partner.1)]);
    let users = one(&user.0);
    let nothing = [partner, ("groupID", "_no_permissions"), ("addUsers", &users)];
    account.call("updateGroup", &nothing).done();
    let search = acl(&[("accounts", "search"), ("accounts.webhooks", "getStatus")]);
    account.call("setACL", &[partner, ("aclID", "standard_application"), ("acl", &search)]).done();
    let (scope, group) = (sites(&[&account.shop.site_key]), ("groupID", "shop_export"));
    let wanted = [partner, group, ("aclID", "standard_application"), ("scope", &scope), ("setUsers", &users)];
    account.call("createGroup", &wanted).done();
    account.call("createGroup", &wanted).refused(400_003, "shop_export");

    assert_eq!(account.judged(&user, "accounts:search", &account.shop.id), "allowed");
    assert_eq!(account.judged(&user, "accounts.webhooks:getStatus", &account.shop.id), "allowed");
    assert_eq!(account.judged(&user, "accounts:setAccountInfo", &account.shop.id), "not_granted");
    let shown = json!({
        "aclID": "shop_export", "description": "", "users": [user.0],
        "scope": { "allowPartners": [], "allowSites": [account.shop.site_key] },
    });
    assert_eq!(account.group("shop_export"), shown);
    assert_eq!(account.group("_no_permissions")["users"], json!([]), "an application is in one group a site");
    let of_group = account.call("getGroupUsers", &[partner, group]).done();
    assert_eq!(of_group.body["users"][0]["name"], "export");
    assert_eq!(of_group.body["users"][0]["userKey"], *user.0);
    let read = account.call("getACL", &[partner, ("aclID", "shop_export")]).done();
    assert_eq!(read.body["acl"].to_string(), search);

    // The group has an ACL of its own: the one that it was made from can change without it.
    account.call("setACL", &[("aclID", "standard_application"), ("acl", &acl(&[("ds", "get")]))]).done();
    assert_eq!(account.judged(&user, "accounts:search", &account.shop.id), "allowed");
    account.call("updateGroup", &[group, ("aclID", "standard_application")]).done();
    assert_eq!(account.judged(&user, "accounts:search", &account.shop.id), "not_granted");
    assert_eq!(account.judged(&user, "ds:get", &account.shop.id), "allowed");
}

#[test]
fn an_acl_is_set_before_its_group() {
    let account = Ground::start();
    let user = account.created("Export", &[]);
    account.call("setACL", &[("aclID", "search"), ("acl", &acl(&[("accounts", "search")]))]).done();
    let wanted = [("groupID", "search"), ("aclID", "search"), ("addUsers", &*one(&user.0))];
    account.call("createGroup", &wanted).done();
    assert_eq!(account.judged(&user, "accounts:search", &account.shop.id), "allowed");
    account.call("createGroup", &wanted).refused(400_003, "`search`");
}

#[test]
fn users_of_a_group_come_and_go() {
    let account = Ground::start();
    let (first, second) = (account.created("First", &[]), account.created("Second", &[]));
    let sam = account.server.member_with(&account.owner, "sam@example.com", "_no_permissions", &account.shop.id);
    let eva = account.server.member(&account.owner, "eva@example.com");
    let sams = user_key(&account.server, &sam).public_id;
    let search = acl(&[("accounts", "search")]);
    account.call("setACL", &[("aclID", "search"), ("acl", &search)]).done();
    let group = ("groupID", "search");
    let both = sites(&[&account.shop.site_key, &account.blog.id]);
    let update = |fields: Fields<'_>| {
        let fields: Vec<_> = [group].iter().chain(fields).copied().collect();
        account.call("updateGroup", &fields)
    };

    // By a user key or an id; on another site, an application is imported by that.
    let all = json!([first.0, sams, eva.user]).to_string();
    update(&[("addUsers", &all), ("scope", &both)]).done();
    let users = account.group("search")["users"].as_array().unwrap().clone();
    for key in [&first.0, &sams, &eva.user] {
        assert!(users.contains(&json!(key)), "{users:?}");
    }
    assert_eq!(users.len(), 3);
    assert_eq!(account.judged(&first, "accounts:search", &account.blog.id), "allowed");
    let listed = account.server.listed(&account.owner.caller, &format!("?namespace={}", account.blog.id));
    assert_eq!(listed.len(), 1, "it is among the applications of the other site");
    let named = account.call("getGroupUsers", &[group]).done();
    let named = named.body["users"].as_array().unwrap();
    assert!(named.iter().any(|user| user["email"] == "sam@example.com" && user["userKey"] == *sams), "{named:?}");
    update(&[("addUsers", &all), ("scope", &both)]).done();

    // Everybody else leaves the sites that are named, and no other.
    update(&[("setUsers", &one(&second.0))]).done();
    assert_eq!(account.judged(&first, "accounts:search", &account.shop.id), "not_granted");
    assert_eq!(account.judged(&first, "accounts:search", &account.blog.id), "allowed");
    assert_eq!(account.judged(&second, "accounts:search", &account.shop.id), "allowed");
    update(&[("removeUsers", &all)]).done();
    assert_eq!(account.judged(&first, "accounts:search", &account.blog.id), "not_granted");
    assert_eq!(account.group("search")["users"], json!([second.0]));
    assert_eq!(account.group("_no_permissions")["users"].as_array().unwrap().len(), 2, "First, and Sam as before");

    account.call("deleteGroup", &[group]).refused(400_006, "held by");
    update(&[("setUsers", "[]")]).done();
    account.call("deleteGroup", &[group]).done();
    account.call("getGroupUsers", &[group]).refused(400_006, "`search`");
}

#[test]
fn what_a_group_cannot_be_is_refused() {
    let account = Ground::start();
    let user = account.created("Export", &[("groupID", "_read_only")]);
    let users = one(&user.0);
    let update = |fields: Fields<'_>| {
        let fields: Vec<_> = [("groupID", "_read_only")].iter().chain(fields).copied().collect();
        account.call("updateGroup", &fields)
    };
    for wrong in ["{", "[1]", r#"{"a":1}"#, "AbCd", r#""AbCd""#] {
        update(&[("addUsers", wrong)]).refused(400_006, "`addUsers`");
    }
    for wrong in ["{", "[]x", r#"{"denySites":[]}"#, r#"{"allowSites":"x"}"#, "{}", &sites(&["3_nothing"])] {
        update(&[("addUsers", &users), ("scope", wrong)]).refused(400_006, "`scope`");
    }
    update(&[("addUsers", &users), ("scope", r#"{"allowPartners":["17"]}"#)]).refused(400_006, "`17`");
    update(&[("scope", &sites(&[&account.shop.site_key]))]).refused(400_006, "`scope`");
    update(&[("addUsers", &one("AAAAAAAAAAAA"))]).refused(400_006, "`addUsers`");
    update(&[("addUsers", &one("usr_00000000000000000000000001"))]).refused(400_006, "`addUsers`");
    update(&[("setUsers", &users), ("addUsers", &users)]).refused(400_006, "`setUsers`");
    account.call("updateGroup", &[("addUsers", &users)]).refused(400_002, "`groupID`");
    account.call("updateGroup", &[("groupID", "nothing"), ("addUsers", &users)]).refused(400_006, "`nothing`");
    // The built-in groups are as they are, and an application is always in one.
    update(&[("aclID", "_customer_service")]).refused(400_006, "profile");
    account.call("deleteGroup", &[("groupID", "_read_only")]).refused(400_006, "profile");
    update(&[("removeUsers", &users)]).done();
    let last = [("groupID", "_no_permissions"), ("removeUsers", &*users)];
    account.call("updateGroup", &last).refused(400_006, "always in a group");

    let create = |fields: Fields<'_>| account.call("createGroup", fields);
    create(&[("aclID", "_read_only")]).refused(400_002, "`groupID`");
    create(&[("groupID", "new")]).refused(400_002, "`aclID`");
    create(&[("groupID", "_new"), ("aclID", "_read_only")]).refused(400_006, "`_`");
    create(&[("groupID", "new"), ("aclID", "nothing")]).refused(400_006, "`nothing`");
    create(&[("groupID", "new"), ("aclID", "_no_permissions")]).refused(400_006, "at least one");
    create(&[("groupID", "new"), ("aclID", "_read_only"), ("removeUsers", &users)]).refused(400_006, "`removeUsers`");
    assert_eq!(account.group("new"), Value::Null);
}

#[test]
fn what_is_of_another_account_is_unknown() {
    let account = Ground::start();
    let foreign = account.server.organization(&account.owner, "Other", &["gigya"], "foreign@example.com");
    let site = account.server.app(&foreign.caller, "Foreign");
    let key = account.server.create(&foreign.caller, &application("Foreign", &site, "_read_only")).public_id;
    let role = account.server.role(&foreign.caller, "foreign", &["accounts:search"]);
    let own = one(&account.created("Export", &[]).0);
    let (target, group) = (("targetUserKey", &*key), ("groupID", "_read_only"));
    for (method, fields) in [
        ("getUserKey", vec![target]),
        ("updateUserKey", vec![target, ("name", "x")]),
        ("deleteUserKey", vec![target]),
        ("addExistingApplication", vec![target, group]),
        ("getEffectiveACL", vec![target]),
        ("getEffectiveACL", vec![("groupIDs", &*role)]),
        ("getUserSites", vec![target]),
        ("updateGroup", vec![group, ("addUsers", &*one(&key))]),
        ("updateGroup", vec![group, ("addUsers", &*one(&foreign.user))]),
        ("updateGroup", vec![group, ("addUsers", &*own), ("scope", &*sites(&[&site.site_key]))]),
        ("updateGroup", vec![group, ("addUsers", &*own), ("scope", &*sites(&[&site.id]))]),
        ("updateGroup", vec![("groupID", &*role), ("addUsers", &*own)]),
        ("createGroup", vec![("groupID", "new"), ("aclID", &*role)]),
        ("getGroupUsers", vec![("groupID", "foreign")]),
        ("getACL", vec![("aclID", "foreign")]),
        ("getACL", vec![("aclID", "_read_only"), ("partnerID", &*foreign.organization)]),
    ] {
        account.call(method, &fields).refused(400_006, "there is no");
    }
    let shown = account.call("getGroups", &[]).done();
    assert!(![&*key, &*role, "foreign"].iter().any(|text| shown.text.contains(text)), "{}", shown.text);
}

#[test]
fn what_an_acl_cannot_be_is_refused() {
    let account = Ground::start();
    let set = |text: &str| account.call("setACL", &[("aclID", "new"), ("acl", text)]);
    let entry = json!({ "_ace": { "perms": "x" } });
    for wrong in [
        "{".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        json!({ "_api": {} }).to_string(),
        json!({ "_api": { "accounts": { "search": { "_ace": { "perms": "r" } } } } }).to_string(),
        json!({ "_api": { "accounts": { "search": { "_ace": { "perms": "x", "params": ["query"] } } } } }).to_string(),
        json!({ "_api": { "accounts": { "search": { "_ace": { "perms": "x" }, "query": entry } } } }).to_string(),
        json!({ "_api": { "accounts": { "search": entry } }, "_inherit": ["_admin"] }).to_string(),
    ] {
        set(&wrong).refused(400_006, "");
    }
    account.call("setACL", &[("aclID", "new")]).refused(400_002, "`acl`");
    account.call("setACL", &[("acl", &acl(&[("ds", "get")]))]).refused(400_002, "`aclID`");
    account.call("setACL", &[("aclID", "_new"), ("acl", &acl(&[("ds", "get")]))]).refused(400_006, "`_`");
    account.call("setACL", &[("aclID", "_read_only"), ("acl", &acl(&[("ds", "get")]))]).refused(400_006, "profile");
    account.call("getACL", &[("aclID", "new")]).refused(400_006, "`new`");
    account.call("getACL", &[]).refused(400_002, "`aclID`");
    let whole = json!({ "_api": { "accounts": entry } }).to_string();
    set(&whole).done();
    assert_eq!(account.call("getACL", &[("aclID", "new")]).done().body["acl"].to_string(), whole);
}

#[test]
fn the_effective_acl_is_what_may_be_called() {
    let account = Ground::start();
    let user = account.created("Export", &[("groupID", "_read_only")]);
    let of_user = account.call("getEffectiveACL", &[("targetUserKey", &user.0)]).done();
    let api = &of_user.body["eACL"]["_api"];
    assert_eq!(api["accounts"]["search"], json!({ "_ace": { "perms": "x" } }));
    assert_eq!(api["reports"]["getGMStats"], json!({ "_ace": { "perms": "x" } }), "patterns are spelled out");
    assert_eq!((&api["accounts"]["setAccountInfo"], &api["admin"]), (&Value::Null, &Value::Null));
    let of_group = account.call("getEffectiveACL", &[("groupIDs", r#"["_read_only"]"#)]).done();
    assert_eq!(of_group.body["eACL"]["_api"]["accounts"], api["accounts"]);
    let own = account.call("getEffectiveACL", &[]).done();
    assert_eq!(own.body["eACL"]["_api"]["admin"]["createGroup"], json!({ "_ace": { "perms": "x" } }));
    account.call("getEffectiveACL", &[("targetUserKey", "none")]).refused(400_006, "`none`");
    account.call("getEffectiveACL", &[("groupIDs", "nothing")]).refused(400_006, "`nothing`");
    let both = [("targetUserKey", &*user.0), ("groupIDs", "_read_only")];
    account.call("getEffectiveACL", &both).refused(400_006, "not both");
}

#[test]
fn sites_are_created_and_shown() {
    let account = Ground::start();
    let made = account.call("createSite", &[("baseDomain", "news.example"), ("dataCenter", "eu1")]).done();
    let (key, id) = (made.id("/apiKey"), made.id("/siteID"));
    assert!(key.starts_with("3_") && key.len() == 66, "{key}");
    assert_eq!(account.server.get(&account.owner.caller, &format!("/v1/apps/{id}")).expect(200).body["site_key"], *key);
    account.call("createSite", &[("baseDomain", "NEWS.example")]).refused(400_003, "NEWS.example");
    account.call("createSite", &[]).refused(400_002, "`baseDomain`");
    // Nobody has been given a group there, so nobody can call anything there.
    let new = App { id, site_key: key };
    account.call_on(&new, "getSiteConfig", &[]).refused(403_007, "");

    let config = account.call("getSiteConfig", &[]).done();
    assert_eq!(config.body["baseDomain"], "Shop");
    assert_eq!(
        (&config.body["apiKey"], &config.body["siteID"]),
        (&json!(account.shop.site_key), &json!(account.shop.id))
    );
    let shop = json!({ "siteID": account.shop.id, "apiKey": account.shop.site_key, "baseDomain": "Shop" });
    let blog = json!({ "siteID": account.blog.id, "apiKey": account.blog.site_key, "baseDomain": "Blog" });
    let of = |fields: Fields<'_>| account.call("getUserSites", fields).done().body["sites"][0].clone();
    let all = of(&[("targetPartnerID", &account.owner.organization)]);
    assert_eq!(all, json!({ "partnerID": account.owner.organization, "sites": [shop, blog] }));
    let user = account.created("Export", &[]);
    assert_eq!(of(&[("targetUserKey", &user.0)])["sites"], json!([shop]));
    account.call("getUserSites", &[("targetUserKey", "none")]).refused(400_006, "`none`");
    account.call("getUserSites", &[("targetPartnerID", "17")]).refused(400_006, "`17`");
}

/// What changes something needs POST, and no answer is a script.
#[test]
fn changes_need_post_and_answers_are_json() {
    let account = Ground::start();
    let own = |fields: Fields<'_>| {
        let key = [("apiKey", &*account.shop.site_key), ("userKey", &*account.admin.public_id)];
        let all: Vec<_> = key.iter().chain(&[("secret", account.admin.secret())]).chain(fields).copied().collect();
        form_urlencoded::Serializer::new(String::new()).extend_pairs(all).finish()
    };
    let get =
        |method: &str, fields: Fields<'_>| account.send(&Request::get(&format!("/admin.{method}?{}", own(fields))));
    for method in [
        "createUserKey",
        "updateUserKey",
        "deleteUserKey",
        "addExistingApplication",
        "createGroup",
        "updateGroup",
        "deleteGroup",
        "setACL",
        "createSite",
    ] {
        get(method, &[("name", "x")]).refused(400_001, "POST");
    }
    get("getGroups", &[]).done();
    get("getGroups", &[("format", "jsonp"), ("callback", "f")]).refused(400_006, "format");
    account.call("makeCoffee", &[]).refused(403_000, "method");
    account.call("deleteSite", &[]).refused(403_000, "method");
}

/// An application in a group that may search, and nothing else.
#[test]
fn who_may_not_administrate_does_not() {
    let account = Ground::start();
    let reader = account.application("Reader", "_read_only");
    let target = ("targetUserKey", &*account.admin.public_id);
    for (method, fields) in [
        ("createUserKey", vec![("name", "x")]),
        ("getUserKey", vec![target]),
        ("updateUserKey", vec![target, ("name", "x")]),
        ("deleteUserKey", vec![target]),
        ("addExistingApplication", vec![target, ("groupID", "_read_only")]),
        ("getGroups", vec![]),
        ("getGroupUsers", vec![("groupID", "_read_only")]),
        ("createGroup", vec![("groupID", "x"), ("aclID", "_read_only")]),
        ("updateGroup", vec![("groupID", "_adminGroup"), ("addUsers", &one(&reader.public_id))]),
        ("deleteGroup", vec![("groupID", "_read_only")]),
        ("getACL", vec![("aclID", "_read_only")]),
        ("setACL", vec![("aclID", "x"), ("acl", &acl(&[("ds", "get")]))]),
        ("getEffectiveACL", vec![target]),
        ("createSite", vec![("baseDomain", "x")]),
        ("getSiteConfig", vec![]),
        ("getUserSites", vec![]),
    ] {
        account.call_as((&reader.public_id, reader.secret()), &account.shop, method, &fields).refused(403_007, "");
    }
    assert_eq!(account.group("_adminGroup")["users"], json!([account.admin.public_id]));
}

/// The method alone is not enough: each asks for what its operation asks for, where that is.
#[test]
fn each_method_needs_what_its_operation_needs() {
    let account = Ground::start();
    let by = &account.owner.caller;
    account.server.role(by, "calls", &["admin:*"]);
    let caller = account.application("Caller", "calls");
    let caller = (&*caller.public_id, caller.secret());
    let call = |method: &str, fields: Fields<'_>| account.call_as(caller, &account.shop, method, fields);
    call("createUserKey", &[("name", "x")]).refused(403_007, "credentials:create");
    call("getGroups", &[]).refused(403_007, "roles:read");
    call("createGroup", &[("groupID", "x"), ("aclID", "_read_only")]).refused(403_007, "roles:read");
    call("setACL", &[("aclID", "x"), ("acl", &acl(&[("ds", "get")]))]).refused(403_007, "roles:read");
    call("createSite", &[("baseDomain", "x")]).refused(403_007, "apps:create");
    call("getUserKey", &[("targetUserKey", &account.admin.public_id)]).refused(403_007, "credentials:read");
    assert_eq!(call("getUserKey", &[]).done().body["user"]["name"], "Caller");

    // One that administrates a site, and not the account: applications yes, groups no.
    let local = account.application("Local", "_adminGroup");
    let local = (&*local.public_id, local.secret());
    let on_site = |method: &str, fields: Fields<'_>| account.call_as(local, &account.shop, method, fields);
    let made = on_site("createUserKey", &[("name", "x"), ("groupID", "_read_only")]).done();
    let target = ("targetUserKey", &*made.id("/user/userKey"));
    on_site("updateUserKey", &[target, ("groupID", "_customer_service")]).done();
    on_site("getGroups", &[]).refused(403_007, "roles:read");
    on_site("deleteUserKey", &[target]).done();
    account.call_as(local, &account.blog, "getUserKey", &[]).refused(403_007, "");
}

/// The law of no amplification.
#[test]
fn nobody_gives_what_they_do_not_hold() {
    let account = Ground::start();
    let by = &account.owner.caller;
    let managing = ["admin:*", "credentials:*", "roles:*", "grants:*", "users:read", "accounts:search"];
    account.server.role(by, "managers", &managing);
    let weak = account.application("Weak", "managers");
    account.server.grant(by, &weak.id, "managers", &account.owner.organization);
    let call = |method: &str, fields: Fields<'_>| {
        account.call_as((&weak.public_id, weak.secret()), &account.shop, method, fields)
    };
    let search = acl(&[("accounts", "search")]);
    let more = acl(&[("accounts", "search"), ("accounts", "setAccountInfo")]);
    call("setACL", &[("aclID", "search"), ("acl", &search)]).done();
    call("setACL", &[("aclID", "search"), ("acl", &more)]).refused(403_007, "accounts:setAccountInfo");
    call("setACL", &[("aclID", "more"), ("acl", &more)]).refused(403_007, "accounts:setAccountInfo");
    call("createGroup", &[("groupID", "all"), ("aclID", "_adminGroup")]).refused(403_007, "`*`");
    call("updateGroup", &[("groupID", "search"), ("aclID", "_adminGroup")]).refused(403_007, "`*`");
    call("createUserKey", &[("name", "x"), ("groupID", "_adminGroup")]).refused(403_007, "`*`");
    let made = call("createUserKey", &[("name", "x"), ("groupID", "search")]).done();
    let key = made.id("/user/userKey");
    let target = ("targetUserKey", &*key);
    call("updateUserKey", &[target, ("groupID", "_adminGroup")]).refused(403_007, "`*`");
    for user in [&*key, &*weak.public_id] {
        call("updateGroup", &[("groupID", "_adminGroup"), ("addUsers", &one(user))]).refused(403_007, "`*`");
    }
    // Where it holds nothing, it gives nothing, not even the same.
    let blog = sites(&[&account.blog.site_key]);
    let elsewhere = [("groupID", "search"), ("addUsers", &*one(&key)), ("scope", &blog)];
    call("updateGroup", &elsewhere).refused(403_007, "accounts:search");
    assert_eq!(account.group("_adminGroup")["users"], json!([account.admin.public_id]));

    // What cannot be given to its users leaves no group behind.
    let wanted = [("groupID", "fresh"), ("aclID", "search"), ("addUsers", &*one(&key)), ("scope", &blog)];
    call("createGroup", &wanted).refused(403_007, "accounts:search");
    assert_eq!(account.group("fresh"), Value::Null);
    call("createGroup", &[("groupID", "fresh"), ("aclID", "search"), ("addUsers", &one(&key))]).done();
}

/// A person's key acts with their rights. What is bound to no person is not theirs to make.
#[test]
fn a_user_key_administrates_people() {
    let account = Ground::start();
    let key = user_key(&account.server, &account.owner);
    let eva = account.server.member(&account.owner, "eva@example.com");
    let call = |method: &str, fields: Fields<'_>| {
        account.call_as((&key.public_id, key.secret()), &account.shop, method, fields)
    };
    assert_eq!(call("getUserKey", &[("getSelf", "true")]).done().body["user"]["userKey"], *key.public_id);
    let read_only = ("groupID", "_read_only");
    call("updateGroup", &[read_only, ("addUsers", &one(&eva.user))]).done();
    let shown = call("getGroupUsers", &[read_only]).done();
    assert_eq!(shown.body["users"][0]["email"], "eva@example.com");
    let evas = user_key(&account.server, &eva);
    assert_eq!(account.group("_read_only")["users"], json!([evas.public_id]));
    assert_eq!(
        account.judged(&(evas.public_id.clone(), evas.secret().to_owned()), "accounts:search", &account.shop.id),
        "allowed"
    );
    call("createUserKey", &[("name", "x")]).refused(403_007, "owner");
}

#[test]
fn what_was_done_is_in_the_audit_log() {
    let account = Ground::start();
    account.created("Export", &[]);
    account.call("deleteGroup", &[("groupID", "_read_only")]).refused(400_006, "");
    let log = account.server.audit(&account.owner.caller);
    let by = |entry: &&Value| entry["caller"].to_string().contains(&account.admin.id);
    let of = |operation: &str| log.iter().filter(by).filter(|entry| entry["operation"] == operation).count();
    assert_eq!((of("credentials.create"), of("roles.delete")), (1, 1), "{log:?}");
}

/// The key of somebody, as they make it themselves.
fn user_key(server: &Server, of: &Person) -> Key {
    let as_owner: &As = &of.caller;
    server.create(as_owner, &json!({ "kind": "gigya/user_key", "name": "Mine" }))
}

/// The methods answer for every host.
const DIALECT: &str = r#"
[[surface]]
name = "dialect:gigya"
listener = "api"
"#;
