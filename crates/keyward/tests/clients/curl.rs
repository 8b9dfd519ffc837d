//! curl, as the vendors' pages use it.

use std::process::Command;

use serde_json::{Value, json};

use crate::support::{App, Key};
use crate::world::{GIGYA, World};

/// What curl says.
#[derive(Debug)]
pub(crate) struct Said {
    /// Its own exit code.
    code: i32,
    pub(crate) status: u16,
    body: Value,
}

/// Gets a path of the node with an access token.
#[track_caller]
pub(crate) fn bearer(world: &World, token: &str, path: &str) -> Said {
    curl(world, &["--header", &format!("Authorization: Bearer {token}"), &world.url(path)])
}

#[test]
#[cfg_attr(not(feature = "client-tests"), ignore = "needs curl: `cargo xtask test` installs it")]
fn the_command_of_gigyas_page() {
    let shop = Shop::start();
    let key = shop.application("Export");
    shop.world.upstream.answers(200, accounts());

    let said = shop.search(&key.public_id, key.secret(), &[]);
    assert_eq!((said.code, said.status), (0, 200), "{said:?}");
    assert_eq!(said.body, accounts());
    let received = shop.world.passed_on(&key);
    assert_eq!((&*received.method, &*received.path), ("POST", "/accounts.search"));
    let fields: Vec<(String, String)> = form_urlencoded::parse(&received.body).into_owned().collect();
    assert!(fields.contains(&("query".to_owned(), QUERY.to_owned())), "{fields:?}");
    assert!(fields.contains(&("format".to_owned(), "json".to_owned())), "{fields:?}");

    // Twins: another secret, and the secret of another key.
    let other = shop.application("Other");
    for secret in [&*"0".repeat(32), other.secret()] {
        shop.refused(&shop.search(&key.public_id, secret, &[]), 403_005);
    }
    // Such clients may ask for the status that the error has.
    let failed = shop.search(&key.public_id, "wrong", &["--fail", "--data-urlencode", "httpStatusCodes=true"]);
    assert_eq!((failed.code, failed.status), (22, 403), "{failed:?}");

    shop.world.revoke(&key);
    shop.refused(&shop.search(&key.public_id, key.secret(), &[]), 403_005);
    assert_eq!(shop.search(&other.public_id, other.secret(), &[]).body["errorCode"], 0);
    shop.world.passed_on(&other);
}

#[test]
#[cfg_attr(not(feature = "client-tests"), ignore = "needs curl: `cargo xtask test` installs it")]
fn a_token_request_of_gainsights_clients() {
    let meta = "path = \"/v1/meta/*\"\ndialect = \"gainsight\"\npermission = \"meta:read\"";
    let world = World::start("gainsight", "dialect:gainsight", &[meta]);
    let key = world.create(&json!({ "kind": "gainsight/m2m_oauth", "name": "Nightly" }));
    let url = world.url("/v1/users/m2m/oauth/token");
    // They announce JSON, and send nothing.
    let ask = |secret: &str| {
        let user = format!("{}:{secret}", key.public_id);
        curl(&world, &["--request", "POST", "--user", &user, "--header", "Content-Type: application/json", &url])
    };
    let said = ask(key.secret());
    assert_eq!(
        (said.status, &said.body["token_type"], &said.body["expires_in"]),
        (200, &json!("Bearer"), &json!(86_400))
    );
    let objects = "/v1/meta/services/objects/list?po=company&em=false";
    assert_eq!(bearer(&world, said.body["access_token"].as_str().unwrap(), objects).body, json!({ "reached": true }));
    world.passed_on(&key);

    let refused = ask("wrong");
    assert_eq!((refused.status, &refused.body["error"]), (401, &json!("invalid_client")));
    world.revoke(&key);
    assert_eq!(ask(key.secret()).status, 401);
    let refused = bearer(&world, said.body["access_token"].as_str().unwrap(), objects);
    assert_eq!((refused.status, &refused.body["errorCode"]), (401, &json!("GS_APIG_2401")));
    world.passed_nothing_on();
}

/// A site of Gigya's with its service.
struct Shop {
    world: World,
    site: App,
}

impl Shop {
    fn start() -> Self {
        let world = World::start("gigya", "dialect:gigya", &["path = \"/*\"\ndialect = \"gigya\""]);
        let site = world.server.app(&world.owner.caller, "Shop");
        Self { world, site }
    }

    fn application(&self, name: &str) -> Key {
        let roles = json!([{ "role": "_read_only", "namespace": self.site.id }]);
        let kind = "gigya/application_key";
        self.world.create(&json!({ "kind": kind, "name": name, "namespace": self.site.id, "roles": roles }))
    }

    /// The command of the page, to the vendor's host, which is this node; more arguments come first.
    fn search(&self, user_key: &str, secret: &str, more: &[&str]) -> Said {
        let (api_key, user_key) = (format!("apiKey={}", self.site.site_key), format!("userKey={user_key}"));
        let (secret, query) = (format!("secret={secret}"), format!("query={QUERY}"));
        let here = format!("{GIGYA}:443:{}", self.world.address());
        let url = format!("https://{GIGYA}/accounts.search");
        let mut arguments = vec!["--connect-to", &here];
        arguments.extend(more);
        for field in [&*api_key, &user_key, &secret, "format=json", &query] {
            arguments.extend(["--data-urlencode", field]);
        }
        arguments.push(&url);
        curl(&self.world, &arguments)
    }

    /// That an error was told in the envelope, and nothing reached the service.
    #[track_caller]
    fn refused(&self, said: &Said, code: u64) {
        assert_eq!((said.code, said.status, &said.body["errorCode"]), (0, 200, &json!(code)), "{said:?}");
        self.world.passed_nothing_on();
    }
}

#[track_caller]
fn curl(world: &World, arguments: &[&str]) -> Said {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--noproxy", "*", "--cacert"]).arg(&world.authority);
    let output = command.args(["--write-out", "\n%{http_code}"]).args(arguments).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (body, status) = text.rsplit_once('\n').unwrap();
    let code = output.status.code().unwrap();
    assert!([0, 22].contains(&code), "{}", String::from_utf8_lossy(&output.stderr));
    Said { code, status: status.parse().unwrap(), body: serde_json::from_str(body).unwrap_or(Value::Null) }
}

/// What the service answers to the query of the page: two accounts, in the vendor's envelope.
fn accounts() -> Value {
    let account = |uid: &str, provider: &str| json!({ "UID": uid, "identities": [{ "provider": provider, "providerUID": format!("{provider}-{uid}") }] });
    json!({
        "results": [account("5fd1", "site"), account("a802", "saml")], "objectsCount": 2, "totalCount": 2,
        "callId": "0a1b2c3d4e5f60718293a4b5c6d7e8f9", "errorCode": 0, "apiVersion": 2, "statusCode": 200,
        "statusReason": "OK", "time": "2015-03-22T11:42:25.943Z",
    })
}

const QUERY: &str = "select UID, identities.provider, identities.providerUID from accounts limit 10";
