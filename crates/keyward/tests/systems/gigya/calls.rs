//! The rules that are seen where methods are called.

use serde_json::{Value, json};

use super::{ACCOUNT, Cloud, Envelope as _, error_of, form, query};
use crate::support::{As, Key, Request};

const QUERY: (&str, &str) = ("query", "select UID, identities.provider, identities.providerUID from accounts limit 10");

#[test]
fn g01_methods_are_called_with_an_application_key_and_its_secret() {
    let account = Cloud::start();
    let key = account.application("Export", "_adminGroup");
    account.call(&key, "accounts.search", &[QUERY]).served();
    let third_party = form("accounts.search", &account.fields(&key, &[QUERY])).header("user-agent", "Partner/1.0");
    account.send(&third_party).served();
    assert_eq!(account.upstream.received().len(), 2);

    // Twins: without key and secret, and with an application that nobody made.
    account.send(&form("accounts.search", &[("apiKey", &account.site.site_key), QUERY])).failed(400_002);
    let mut fields = account.fields(&key, &[QUERY]);
    fields[1].1 = "AJxXXxXxxX2X";
    account.send(&form("accounts.search", &fields)).failed(403_005);
    assert_eq!(account.upstream.received().len(), 0);
}

#[test]
fn g02_a_user_key_has_the_rights_of_its_user() {
    let account = Cloud::start();
    let sam = account.server.member_with(&account.owner, "sam@example.com", "_read_only", &account.site.id);
    let key = account.user_key(&sam);
    account.call(&key, "accounts.search", &[QUERY]).served();

    // Twin: what the user may not do; and it is so at once when that changes.
    account.call(&key, "accounts.setAccountInfo", &[]).failed(403_007);
    let writers = account.group("writers", &["accounts:setAccountInfo"]);
    let grant = account.server.grant(&account.owner.caller, &sam.user, &writers, &account.site.id);
    account.call(&key, "accounts.setAccountInfo", &[]).served();
    account.server.ungrant(&account.owner.caller, &grant);
    account.call(&key, "accounts.setAccountInfo", &[]).failed(403_007);
}

#[test]
fn g03_calls_are_in_the_audit_log_under_the_name_of_the_key() {
    let account = Cloud::start();
    let key = account.application("Nightly export", "_read_only");
    let sam = account.server.member_with(&account.owner, "sam@example.com", "_read_only", &account.site.id);
    let user_key = account.user_key(&sam);
    account.call(&key, "accounts.search", &[QUERY]).served();
    account.call(&user_key, "accounts.search", &[QUERY]).served();
    for (key, name) in [(&key, "Nightly export"), (&user_key, "Mine")] {
        let [used] = &account.uses(key)[..] else { panic!("one use: {:?}", account.uses(key)) };
        assert_eq!((&used["details"]["public_id"], &used["details"]["name"]), (&json!(key.public_id), &json!(name)));
        assert_eq!(used["outcome"], "done");
    }

    // Twins: a use that was refused is there as such; whoever does not have the secret is nobody.
    account.call(&key, "accounts.setSchema", &[]).failed(403_007);
    let mut fields = account.fields(&key, &[]);
    let wrong = "0".repeat(32);
    fields[2].1 = &wrong;
    account.send(&form("accounts.search", &fields)).failed(403_005);
    let uses = account.uses(&key);
    assert_eq!(uses.len(), 2, "{uses:?}");
    assert_ne!(uses[0]["outcome"], "done", "{uses:?}");
}

#[test]
fn g04_a_request_names_site_key_and_the_secret_of_that_key() {
    let account = Cloud::start();
    let (key, other) = (account.application("One", "_read_only"), account.application("Two", "_read_only"));
    account.call(&key, "accounts.search", &[QUERY]).served();

    // Twins: each of the three is missing, is empty, and is another one's.
    for (at, name) in ["apiKey", "userKey", "secret"].into_iter().enumerate() {
        let mut fields = account.fields(&key, &[]);
        fields[at].1 = "";
        for fields in [fields.clone(), fields.iter().copied().filter(|(field, _)| *field != name).collect()] {
            let refused = account.send(&form("accounts.search", &fields)).failed(400_002);
            assert!(refused.id("/errorDetails").contains(name), "{}", refused.text);
        }
    }
    let mut fields = account.fields(&key, &[]);
    fields[2].1 = other.secret();
    account.send(&form("accounts.search", &fields)).failed(403_005);
    let mut fields = account.fields(&key, &[]);
    fields[0].1 = "3_mKxxxxXXXXXXXXxxxxxxxxXXXXxxXxxxxxxxxxxxxxxxxxxXXXXXXXXXXXXxxxxx";
    account.send(&form("accounts.search", &fields)).failed(400_093);
}

#[test]
fn g05_a_secret_in_the_clear_is_taken_over_https_alone() {
    let account = Cloud::start();
    let key = account.application("Export", "_read_only");
    account.call(&key, "accounts.search", &[QUERY]).served();
    account.upstream.received();

    // Twins: over http, whether right, wrong or of nobody; also where the target only claims https.
    let mut fields = account.fields(&key, &[]);
    let right = account.send(&Request::post("/accounts.search").form(&fields)).failed(403_006);
    fields[2].1 = "wrong";
    let wrong = account.send(&Request::post("/accounts.search").form(&fields)).failed(403_006);
    fields[1].1 = "nobody";
    let nobody = account.send(&Request::post("/accounts.search").form(&fields)).failed(403_006);
    assert_eq!((error_of(&right), error_of(&wrong)), (error_of(&wrong), error_of(&nobody)));
    let claimed = Request::post("https://accounts.us1.gigya.com/accounts.search").form(&account.fields(&key, &[]));
    account.send(&claimed).failed(403_006);
    let exchange = account.fields(&key, &[("grant_type", "none")]);
    account.send(&Request::post("/socialize.getToken").form(&exchange)).failed(403_006);
    account.send(&Request::post("/admin.getUserSites").form(&account.fields(&key, &[]))).failed(403_006);
    assert_eq!((account.upstream.received().len(), account.uses(&key).len()), (0, 1));
}

#[test]
fn g07_applications_have_permissions_of_their_own() {
    let account = Cloud::start();
    let search = account.group("searchers", &["accounts:search"]);
    let store = account.group("storers", &["ds:store"]);
    let (one, two) = (account.application("One", &search), account.application("Two", &store));
    account.call(&one, "accounts.search", &[QUERY]).served();
    account.call(&two, "ds.store", &[]).served();

    // Twins: each what the other may.
    account.call(&one, "ds.store", &[]).failed(403_007);
    account.call(&two, "accounts.search", &[QUERY]).failed(403_007);
}

#[test]
fn g08_groups_give_permissions_to_applications_and_users() {
    let account = Cloud::start();
    let by = &account.owner.caller;
    let key = account.application("Help desk", "_customer_service");
    account.call(&key, "accounts.setAccountInfo", &[]).served();
    account.call(&key, "accounts.setSchema", &[]).failed(403_007);
    let team = account.server.usergroup(by, "Team", None);
    account.server.grant(by, &team, "_customer_service", &account.site.id);
    let sam = account.server.member_with(&account.owner, "sam@example.com", "_no_permissions", &account.site.id);
    let user_key = account.user_key(&sam);
    account.call(&user_key, "accounts.setAccountInfo", &[]).failed(403_007);
    account.server.add_to_group(by, &team, &sam.user);
    account.call(&user_key, "accounts.setAccountInfo", &[]).served();

    // Twins: out of the group again; and an application has exactly one.
    account.server.delete(by, &format!("/v1/usergroups/{team}/members/{}", sam.user)).expect(200);
    account.call(&user_key, "accounts.setAccountInfo", &[]).failed(403_007);
    let at = |role: &str| json!({ "role": role, "namespace": account.site.id });
    for roles in [json!([]), json!([at("_read_only"), at("_customer_service")])] {
        let mut asked = account.asked("Another", "_read_only");
        asked["roles"] = roles;
        account.server.post(by, "/v1/credentials", &asked).problem(422, "wrong_roles");
    }
}

#[test]
fn g09_one_key_and_one_secret_work_on_every_method() {
    let account = Cloud::start();
    let key = account.application("Export", "_adminGroup");
    for method in ["accounts.search", "ds.search", "accounts.webhooks.getAll", "reports.getGMStats"] {
        account.call(&key, method, &[]).served();
    }
    account.call(&key, "socialize.getToken", &[("grant_type", "none"), ("client_id", &account.site.site_key)]);
    let paths: Vec<_> = account.upstream.received().into_iter().map(|one| one.path).collect();
    assert_eq!(paths, ["/accounts.search", "/ds.search", "/accounts.webhooks.getAll", "/reports.getGMStats"]);

    // Twin: there is no second secret to be had.
    account
        .server
        .act(&account.owner.caller, &key.id, "rotate", json!({ "confirm": true }))
        .problem(409, "never_rotates");
    account.call(&key, "accounts.search", &[]).served();
    let shown = account.server.shown(&account.owner.caller, &key.id);
    assert_eq!(shown.body["slots"].as_array().unwrap().len(), 1);
}

#[test]
fn g10_over_https_nothing_is_signed_and_nothing_checked() {
    let account = Cloud::start();
    let key = account.application("Export", "_read_only");
    // Without, and with what only signed requests need, which then has no meaning.
    account.call(&key, "accounts.search", &[QUERY]).served();
    account.call(&key, "accounts.search", &[("timestamp", "1"), ("nonce", "x")]).served();
    account.call(&key, "accounts.search", &[("timestamp", "1"), ("nonce", "x")]).served();

    // Twin: a signature beside the secret, however right it might be, is a second credential.
    let both = [("timestamp", "1"), ("nonce", "x"), ("sig", "2P13s6GcWDe7KbLwTB2w/HtxzxI=")];
    account.call(&key, "accounts.search", &both).failed(400_001);
}

#[test]
fn g13_whoever_has_the_pair_has_the_rights_of_the_application() {
    let account = Cloud::start();
    let key = account.application("Shared", "_read_only");
    for agent in ["Ann/1.0", "Bob/2.0"] {
        let request = form("accounts.search", &account.fields(&key, &[QUERY])).header("user-agent", agent);
        account.send(&request).served();
        // Twin: neither has more than the application.
        let request = form("accounts.setSchema", &account.fields(&key, &[])).header("user-agent", agent);
        account.send(&request).failed(403_007);
    }
    let uses = account.uses(&key);
    assert_eq!(uses.len(), 4);
    assert!(
        uses.iter().all(|one| one["caller"] == uses[0]["caller"] && one["details"]["name"] == "Shared"),
        "{uses:?}"
    );
}

#[test]
fn g14_deleting_the_application_ends_its_key_everywhere() {
    let account = Cloud::start();
    let (key, other) = (account.application("Old", "_adminGroup"), account.application("New", "_adminGroup"));
    let grant = [("grant_type", "none"), ("client_id", &*account.site.site_key)];
    let token = account.call(&key, "socialize.getToken", &grant).id("/access_token");
    let by_token =
        || Request::post("/accounts.search").form(&[QUERY]).header("authorization", &format!("OAuth {token}"));
    account.call(&key, "accounts.search", &[QUERY]).served();
    account.send(&by_token().over_https()).served();
    account.server.revoke(&account.owner.caller, &key.id);

    // Twins: the pair on every method, the token, another token; and the other application goes on.
    for method in ["accounts.search", "ds.search", "admin.getUserSites"] {
        account.call(&key, method, &[]).failed(403_005);
    }
    account.call(&key, "socialize.getToken", &grant).failed(403_005);
    account.send(&by_token().over_https()).failed(403_025);
    account.call(&other, "accounts.search", &[QUERY]).served();
}

#[test]
fn g15_requests_are_forms() {
    let account = Cloud::start();
    let key = account.application("Export", "_read_only");
    let fields = account.fields(&key, &[("format", "json"), QUERY]);
    account.send(&form("accounts.search", &fields)).served();
    let [received] = &account.upstream.received()[..] else { panic!("one request") };
    assert_eq!(
        (&*received.method, received.header("content-type")),
        ("POST", Some("application/x-www-form-urlencoded"))
    );
    let passed: Vec<(String, String)> = form_urlencoded::parse(&received.body).into_owned().collect();
    let wanted = [("apiKey", &*account.site.site_key), ("format", "json"), QUERY];
    assert_eq!(passed, wanted.map(|(name, value)| (name.to_owned(), value.to_owned())));
    // Names have no case, and reading works by GET, too.
    let fields = [("APIKey", fields[0].1), ("USERKEY", fields[1].1), ("Secret", fields[2].1)];
    account.send(&form("accounts.search", &fields)).served();
    account.send(&query("accounts.search", &fields)).served();

    // Twins: another type of body, a broken form, half of the fields in the address, and a field that is there twice.
    let json: Value =
        fields.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect::<serde_json::Map<_, _>>().into();
    let request = Request::post("/accounts.search").json(&json).over_https();
    assert!([400_001, 400_002].contains(&account.send(&request).body["errorCode"].as_u64().unwrap()));
    let broken = Request::post("/accounts.search").body("application/x-www-form-urlencoded", "apiKey=%zz").over_https();
    account.send(&broken).failed(400_001);
    let split = form(&format!("accounts.search?userKey={}", key.public_id), &[fields[0], fields[2]]);
    account.send(&split).failed(400_001);
    account.send(&form("accounts.search", &[fields[0], fields[1], fields[2], ("secret", "x")])).failed(400_001);
}

#[test]
fn g16_the_accounts_own_secret_does_not_go_with_the_key_of_an_application() {
    let account = Cloud::start();
    let key = account.application("Export", "_adminGroup");
    let partner = account.server.create(&account.owner.caller, &json!({ "kind": ACCOUNT, "name": "Account" }));
    let refused = |secret: &str| {
        let mut fields = account.fields(&key, &[]);
        fields[2].1 = secret;
        error_of(&account.send(&form("accounts.search", &fields)).failed(403_005))
    };
    // Twin of the twin: just as any wrong secret.
    assert_eq!(refused(partner.secret()), refused(&"x".repeat(32)));
    assert_eq!(account.uses(&key).len(), 0);

    // Where it does belong: beside the site's key, for a token.
    let basic = As::Basic(account.site.site_key.clone(), partner.secret().to_owned());
    let granted = account.send(&form("socialize.getToken", &[("grant_type", "none")]).by(&basic)).expect(200);
    assert_eq!(granted.body["errorCode"], 0, "{}", granted.text);
    // And not on its own, as if it were a key.
    let own = [("apiKey", &*account.site.site_key), ("userKey", &*partner.public_id), ("secret", partner.secret())];
    account.send(&form("accounts.search", &own)).failed(403_007);
}

#[test]
fn g17_accounts_are_searched_with_a_query() {
    let account = Cloud::start();
    let found = json!({ "errorCode": 0, "results": [{ "UID": "1" }], "objectsCount": 1, "totalCount": 1 });
    account.upstream.answers(200, found.clone());
    let key = account.application("Export", "_read_only");
    let reply = account.call(&key, "accounts.search", &[QUERY]).expect(200);
    assert_eq!(reply.body, found);
    let received = account.upstream.received().remove(0);
    let fields: Vec<(String, String)> = form_urlencoded::parse(&received.body).into_owned().collect();
    assert!(fields.contains(&(QUERY.0.to_owned(), QUERY.1.to_owned())), "{fields:?}");

    // Twins: without the permission, in whatever case the method is written.
    let none = account.application("None", "_no_permissions");
    for method in ["accounts.search", "accounts.SEARCH", "Accounts.Search"] {
        account.call(&key, method, &[QUERY]).expect(200);
        account.call(&none, method, &[QUERY]).failed(403_007);
    }
    assert_eq!(account.upstream.received().len(), 3);
    let keys: [&Key; 2] = [&key, &none];
    assert_eq!(keys.map(|key| account.uses(key).len()), [4, 3]);
}
