//! What every answer looks like, and every code that is ever sent.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::{Cloud, Envelope as _, enveloped, form, query};
use crate::support::{Key, Reply, Request};

/// An account on a profile of the operator's own, which differs from the built-in one in what that leaves out: JSONP,
/// and a limit of uses.
struct Own {
    account: Cloud,
    _folder: tempfile::TempDir,
}

impl Own {
    fn start() -> Self {
        let built_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../profiles/gigya.toml");
        let text = std::fs::read_to_string(built_in).unwrap();
        let own = text
            .replacen("name = \"gigya\"", "name = \"acme\"", 1)
            .replacen("jsonp = false", "jsonp = true", 1)
            .replacen("transferable = true", "transferable = true\nrate = \"12 per 1h\"", 1);
        let folder = tempfile::tempdir().unwrap();
        let file: PathBuf = folder.path().join("acme.toml");
        std::fs::write(file, own).unwrap();
        let configured = format!("profiles = \"{}\"", folder.path().display());
        Self { account: Cloud::of_profile("acme", &configured), _folder: folder }
    }

    fn application(&self, group: &str) -> Key {
        let mut asked = self.account.asked("Export", group);
        asked["kind"] = json!("acme/application_key");
        self.account.server.create(&self.account.owner.caller, &asked)
    }
}

/// A way to get a code.
struct Row {
    code: u64,
    /// The status of HTTP where that is asked for.
    status: u16,
    request: Box<Ask>,
}

/// What is sent, with these fields more.
type Ask = dyn Fn(&Cloud, &Keys, &[(&str, &str)]) -> Reply;

/// The keys with which the codes are got.
struct Keys {
    /// Of the group that may do everything.
    admin: Key,
    /// Of the group that reads.
    reader: Key,
    /// Of the owner of the account.
    owner: Key,
    partner: Key,
}

fn row(code: u64, status: u16, request: impl Fn(&Cloud, &Keys, &[(&str, &str)]) -> Reply + 'static) -> Row {
    Row { code, status, request: Box::new(request) }
}

/// Calls a method with a key and two lots of fields.
fn call(account: &Cloud, key: &Key, method: &str, fields: &[(&str, &str)], more: &[(&str, &str)]) -> Reply {
    account.call(key, method, &[fields, more].concat())
}

/// Calls a method with these fields alone.
fn bare(account: &Cloud, method: &str, fields: &[(&str, &str)], more: &[(&str, &str)]) -> Reply {
    account.send(&form(method, &[fields, more].concat()))
}

fn rows() -> Vec<Row> {
    const SEARCH: &str = "accounts.search";
    const TOKEN: &str = "socialize.getToken";
    let none = ("grant_type", "none");
    vec![
        row(400_001, 400, |account, keys, more| call(account, &keys.reader, SEARCH, &[("sig", "x")], more)),
        row(400_002, 400, |account, _, more| bare(account, SEARCH, &[("apiKey", &account.site.site_key)], more)),
        row(400_003, 400, |account, keys, more| {
            let group = [("groupID", "team"), ("aclID", "_read_only")];
            call(account, &keys.owner, "admin.createGroup", &group, more)
        }),
        row(400_006, 400, |account, keys, more| {
            let group = [("groupID", "another"), ("aclID", "nothing like it")];
            call(account, &keys.owner, "admin.createGroup", &group, more)
        }),
        row(400_006, 400, |account, keys, more| call(account, &keys.reader, SEARCH, &[("format", "xml")], more)),
        row(400_013, 400, |account, keys, more| {
            call(account, &keys.reader, TOKEN, &[("grant_type", "password")], more)
        }),
        row(400_014, 400, move |account, keys, more| call(account, &keys.partner, TOKEN, &[none], more)),
        row(400_093, 400, |account, keys, more| {
            let fields = [("apiKey", "3_x"), ("userKey", &*keys.reader.public_id), ("secret", keys.reader.secret())];
            bare(account, SEARCH, &fields, more)
        }),
        row(403_000, 403, |account, keys, more| call(account, &keys.admin, "admin.openSesame", &[], more)),
        row(403_002, 403, |account, keys, more| {
            let at = "1795313753";
            super::signed::call(account, &keys.reader, at, "once upon a time", more)
        }),
        row(403_003, 403, |account, keys, more| {
            let fields = [
                ("apiKey", &*account.site.site_key),
                ("userKey", &*keys.reader.public_id),
                ("timestamp", "1795313753"),
                ("nonce", "1"),
                ("sig", "2P13s6GcWDe7KbLwTB2w/HtxzxI="),
            ];
            bare(account, SEARCH, &fields, more)
        }),
        row(403_004, 403, |account, keys, more| {
            let at = crate::support::now().seconds().to_string();
            super::signed::call(account, &keys.reader, &at, "twice", &[]).expect(200);
            super::signed::call(account, &keys.reader, &at, "twice", more)
        }),
        row(403_005, 403, |account, keys, more| {
            let fields =
                [("apiKey", &*account.site.site_key), ("userKey", "AJxXXxXxxX2X"), ("secret", keys.reader.secret())];
            bare(account, SEARCH, &fields, more)
        }),
        row(403_006, 403, |account, keys, more| {
            let fields = account.fields(&keys.reader, more);
            account.send(&Request::post("/accounts.search").form(&fields))
        }),
        row(403_007, 403, |account, keys, more| call(account, &keys.reader, "accounts.setSchema", &[], more)),
        row(403_025, 403, |account, _, more| bare(account, SEARCH, &[("oauth_token", "kwat_x")], more)),
        // The same for the methods that are answered here.
        row(403_007, 403, |account, keys, more| call(account, &keys.reader, "admin.getGroups", &[], more)),
        row(403_005, 403, |account, _, more| {
            let fields = [("apiKey", &*account.site.site_key), ("userKey", "x"), ("secret", "y")];
            bare(account, "admin.getGroups", &fields, more)
        }),
        row(400_001, 400, |account, keys, more| {
            account.send(&query("admin.createGroup", &account.fields(&keys.admin, more)))
        }),
        row(500_001, 503, |account, keys, more| call(account, &keys.admin, "gone.away", &[], more)),
    ]
}

#[test]
fn every_code_is_sent_and_the_status_of_http_only_where_it_is_asked_for() {
    let account = Cloud::start();
    let keys = Keys {
        admin: account.application("Admin", "_adminGroup"),
        reader: account.application("Reader", "_read_only"),
        owner: account.user_key(&account.owner),
        partner: account.server.create(&account.owner.caller, &json!({ "kind": super::ACCOUNT, "name": "Account" })),
    };
    account.group("team", &["accounts:search"]);
    for Row { code, status, request } in rows() {
        request(&account, &keys, &[]).failed_with(200, code);
        for not in ["false", "0", ""] {
            request(&account, &keys, &[("httpStatusCodes", not)]).failed_with(200, code);
        }
        let context = "ä \"quoted\" \u{2028}";
        let asked = [("HTTPStatusCodes", "TRUE"), ("context", context)];
        let told = request(&account, &keys, &asked).failed_with(status, code);
        assert_eq!(told.id("/context"), context, "{code}");
        assert_eq!(told.header("content-type"), Some("application/json; charset=utf-8"), "{code}");
    }
    let owned = Own::start();
    let key = owned.application("_read_only");
    (0..12).for_each(|_| drop(owned.account.call(&key, "accounts.search", &[]).served()));
    let limited = owned.account.call(&key, "accounts.search", &[]).failed_with(200, 403_048);
    assert!(limited.header("retry-after").is_some_and(|seconds| seconds.parse::<u32>().is_ok()), "{limited:?}");
    let asked = [("httpStatusCodes", "true")];
    owned.account.call(&key, "accounts.search", &asked).failed_with(403, 403_048);
}

#[test]
fn an_answer_has_the_fields_of_every_answer() {
    let account = Cloud::start();
    let key = account.application("Admin", "_adminGroup");
    let ask = |more: &[(&str, &str)]| account.call(&key, "admin.getUserSites", more).expect(200);
    let (first, second) = (ask(&[]), ask(&[("context", "{\"a\": 1}"), ("httpStatusCodes", "true")]));
    for reply in [&first, &second] {
        enveloped(reply);
        assert_eq!(reply.body["errorCode"], 0, "{}", reply.text);
        assert_eq!((reply.body.get("errorMessage"), reply.body.get("errorDetails")), (None, None));
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    }
    assert_eq!((first.body.get("context"), second.id("/context")), (None, "{\"a\": 1}".to_owned()));
    assert_ne!(first.id("/callId"), second.id("/callId"));
    assert!(first.text.starts_with("{\"callId\":\""), "{}", first.text);
}

#[test]
fn answers_are_scripts_only_where_the_surface_has_that() {
    let account = Cloud::start();
    let key = account.application("Reader", "_read_only");
    let jsonp = [("format", "jsonp"), ("callback", "f")];
    let token = |account: &Cloud, key: &Key| {
        let grant = [("grant_type", "none"), ("client_id", &*account.site.site_key)];
        account.call(key, "socialize.getToken", &grant).id("/access_token")
    };
    let by_token = token(&account, &key);
    let fields = [("oauth_token", &*by_token), jsonp[0], jsonp[1]];
    account.send(&query("accounts.search", &fields)).failed(400_006);
    assert_eq!(account.upstream.received().len(), 0);

    let owned = Own::start();
    let (account, key) = (&owned.account, owned.application("_read_only"));
    let by_token = token(account, &key);
    let ask = |method: &str, format: &str, callback: &str| {
        let fields =
            [("oauth_token", &*by_token), ("format", format), ("callback", callback), ("context", "</script>")];
        account.send(&query(method, &fields))
    };
    ask("accounts.search", "jsonp", "a.b_1$").served();
    let received = account.upstream.received().remove(0);
    assert!(received.query.contains("format=jsonp&callback=a.b_1"), "{}", received.query);
    let refused = ask("accounts.setSchema", "JSONP", "a.b_1$").expect(200);
    assert_eq!(refused.header("content-type"), Some("text/javascript; charset=utf-8"));
    assert_eq!(refused.header("x-content-type-options"), Some("nosniff"));
    let inside = refused.text.strip_prefix("/**/a.b_1$(").and_then(|rest| rest.strip_suffix(");"));
    let inside: serde_json::Value = serde_json::from_str(inside.unwrap()).unwrap();
    assert_eq!((&inside["errorCode"], &inside["context"]), (&json!(403_007), &json!("</script>")));

    // A callback is asked for, and is a name.
    ask("accounts.search", "jsonp", "").failed(400_002);
    for bad in ["alert(1)", "f;", "a b", "\u{e4}", "<script>", &"a".repeat(65)] {
        let refused = ask("accounts.search", "jsonp", bad).failed(400_006);
        assert_eq!(refused.header("content-type"), Some("application/json; charset=utf-8"), "{bad}");
    }
    // Not with a secret, which would stand in a page; and never where keys are managed or tokens made.
    account.send(&query("accounts.search", &account.fields(&key, &jsonp))).failed(400_006);
    for method in ["admin.getGroups", "admin.getUserSites", "socialize.getToken"] {
        let refused = ask(method, "jsonp", "f");
        assert!(refused.body["errorCode"].as_u64().unwrap() >= 400_000, "{}", refused.text);
        assert_eq!(refused.header("content-type"), Some("application/json; charset=utf-8"), "{method}");
    }
    // What says how to answer is there once.
    let twice = [("oauth_token", &*by_token), ("format", "json"), ("Format", "jsonp"), ("callback", "f")];
    account.send(&query("accounts.search", &twice)).failed(400_006);
}

#[test]
fn nothing_that_is_sent_is_answered_otherwise() {
    let account = Cloud::start();
    let key = account.application("Admin", "_adminGroup");
    let good = form_urlencoded::Serializer::new(String::new()).extend_pairs(account.fields(&key, &[])).finish();
    let methods = ["accounts.search", "admin.getGroups", "admin.createGroup", "socialize.getToken"];
    let form_type = "application/x-www-form-urlencoded";
    let large = format!("{good}&query={}", "x".repeat(10 * 1024 * 1024));
    let many = format!("{good}&{}", "a=1&".repeat(600));
    let bodies: [(&str, &[u8]); 12] = [
        (form_type, b"%"),
        (form_type, b"a=%zz"),
        (form_type, b"a=\xff\xfe"),
        (form_type, b"apiKey=%00&userKey=%00&secret=%00"),
        (form_type, b"\x00\x01\x02"),
        (form_type, large.as_bytes()),
        (form_type, many.as_bytes()),
        ("application/json", b"{\"apiKey\": 1}"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\n--x--"),
        ("text/xml", b"<a/>"),
        ("", b"apiKey=1"),
        (form_type, b""),
    ];
    for method in methods {
        for (kind, body) in bodies {
            let reply = account.send(&Request::post(&format!("/{method}")).body(kind, body).over_https());
            let code = reply.body["errorCode"].as_u64().unwrap_or_else(|| panic!("{method} {kind}: {}", reply.text));
            assert!((400_001..=403_999).contains(&code), "{method} {kind}: {}", reply.text);
            reply.failed(code);
        }
        for target in ["?%", "?a=%zz", "?%ff=1", "?apiKey=%C3%28", "?secret", "?&&&", "?=&=", "?userKey=a&userKey=b"] {
            let reply = account.send(&Request::post(&format!("/{method}{target}")).over_https());
            let code = reply.body["errorCode"].as_u64().unwrap_or_else(|| panic!("{method}{target}: {}", reply.text));
            assert!((400_001..=403_999).contains(&code), "{method}{target}: {}", reply.text);
            reply.failed(code);
        }
        for header in ["", "Basic", "Basic !", "Basic Og==", "Bearer", "Bearer x", "OAuth", "Digest a", "a"] {
            let reply =
                account.send(&Request::post(&format!("/{method}")).header("authorization", header).over_https());
            let code = reply.body["errorCode"].as_u64().unwrap_or_else(|| panic!("{method} {header}: {}", reply.text));
            assert!((400_001..=403_999).contains(&code), "{method} {header}: {}", reply.text);
        }
    }
    // Paths that are no methods, or not this one.
    for path in [
        "/",
        "/accounts",
        "/accounts.",
        "/.search",
        "/a/accounts.search",
        "/admin",
        "/admin.",
        "/admin.x.getGroups",
        "//admin.getGroups",
        "/accounts.search%2F..%2Fx",
        "/admin.getGroups:x",
    ] {
        let reply = account.send(&Request::post(path).body(form_type, &*good).over_https());
        assert!(
            [400_001, 403_000].contains(&reply.body["errorCode"].as_u64().unwrap_or_default()),
            "{path}: {}",
            reply.text
        );
    }
    // Nothing reached the service, and the node is well.
    assert_eq!(account.upstream.received().len(), 0);
    account.call(&key, "accounts.search", &[]).served();
}
