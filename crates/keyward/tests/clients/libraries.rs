//! OAuth libraries of JavaScript and Python: how each is run, and what each can do at the token endpoints of all systems.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::curl::bearer;
use crate::support::Key;
use crate::world::{World, reading_client, uuid};

/// A library, and the few lines that use it.
#[derive(Debug, Clone, Copy)]
struct Library {
    name: &'static str,
    /// What runs a script that comes on its standard input.
    runs: &'static [&'static str],
    /// Where the packages are found, below where they are installed.
    packages: &'static str,
    script: &'static str,
}

const LIBRARIES: [Library; 3] = [
    Library {
        name: "simple-oauth2",
        runs: &["node", "--input-type=module", "-"],
        packages: "npm",
        script: include_str!("npm/simple-oauth2.mjs"),
    },
    Library {
        name: "@badgateway/oauth2-client",
        runs: &["node", "--input-type=module", "-"],
        packages: "npm",
        script: include_str!("npm/badgateway.mjs"),
    },
    Library {
        name: "requests-oauth2client",
        runs: &["python3", "-"],
        packages: "python/packages",
        script: include_str!("python/requests_oauth2client.py"),
    },
];

/// What a script is told.
#[derive(Debug, Clone)]
struct Task {
    token_url: String,
    /// Instead of `token_url`, for libraries that find it by the server's description.
    issuer: Option<String>,
    id: String,
    secret: String,
    authentication: &'static str,
    scope: Option<&'static str>,
    /// What is asked for with the token.
    resource_url: String,
}

impl Task {
    fn new(world: &World, key: &Key, token_path: &str, resource: &str) -> Self {
        Self {
            token_url: world.url(token_path),
            issuer: None,
            id: key.public_id.clone(),
            secret: key.secret().to_owned(),
            authentication: "basic",
            scope: None,
            resource_url: world.url(resource),
        }
    }

    /// The same with another secret.
    fn with_secret(&self, secret: &str) -> Self {
        Self { secret: secret.to_owned(), ..self.clone() }
    }
}

/// What came of it: `{"token": …, "resource": {"status", "body"}}`, or `{"error": {"status", "code"}}` as the library
/// tells errors.
struct Outcome(Value);

impl Library {
    #[track_caller]
    fn run(&self, world: &World, task: &Task) -> Outcome {
        let packages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/clients").join(self.packages);
        assert!(packages.is_dir(), "{} is not installed: `cargo xtask test` does that", self.name);
        let mut command = Command::new(self.runs[0]);
        command.args(&self.runs[1..]).current_dir(packages);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Node, and the Python library `requests`.
        command.env("NODE_EXTRA_CA_CERTS", &world.authority).env("REQUESTS_CA_BUNDLE", &world.authority);
        command.env("NO_PROXY", "*").env("no_proxy", "*");
        command.env("TOKEN_URL", &task.token_url).env("RESOURCE_URL", &task.resource_url);
        command.env("CLIENT_ID", &task.id).env("CLIENT_SECRET", &task.secret);
        command.env("AUTHENTICATION", task.authentication).env("SCOPE", task.scope.unwrap_or_default());
        command.env("ISSUER", task.issuer.as_deref().unwrap_or_default());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(self.script.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {errors}", self.name);
        Outcome(serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}: no JSON: {errors}", self.name)))
    }
}

impl Outcome {
    /// A token that lives so many seconds at most, and the answer that it opened.
    #[track_caller]
    fn granted(&self, lifetime: u64, status: u64) -> &Value {
        let left = self.0["token"]["expires_in"].as_u64();
        assert!(left.is_some_and(|left| (1..=lifetime).contains(&left)), "{}", self.0);
        assert_eq!(self.0["resource"]["status"], status, "{}", self.0);
        &self.0["resource"]["body"]
    }

    #[track_caller]
    fn access_token(&self) -> &str {
        self.0["token"]["access_token"].as_str().unwrap()
    }

    /// The library's own error.
    #[track_caller]
    fn failed(&self, status: u64, code: &str) {
        assert_eq!(self.0, json!({ "error": { "status": status, "code": code } }));
    }
}

#[test]
#[cfg_attr(not(feature = "client-tests"), ignore = "needs client libraries: `cargo xtask test` installs them")]
fn at_the_token_endpoint_of_keyward() {
    let items = "path = \"/items\"\npermission = \"items:read\"";
    let orders = "path = \"/orders\"\npermission = \"items:edit\"";
    let world = World::start("keyward", "oauth", &[items, orders]);
    for library in LIBRARIES {
        let key = world.create(&reading_client());
        let task = Task::new(&world, &key, "/oauth2/token", "/items");
        for authentication in ["basic", "post"] {
            let outcome = library.run(&world, &Task { authentication, ..task.clone() });
            assert_eq!(outcome.granted(3_600, 200), &json!({ "reached": true }));
            assert_eq!(world.passed_on(&key).path, "/items");

            let wrong = Task { authentication, ..task.with_secret(&"0".repeat(43)) };
            library.run(&world, &wrong).failed(401, "invalid_client");
            world.passed_nothing_on();
        }

        let outcome = library.run(&world, &Task { scope: Some("items:read"), ..task.clone() });
        assert_eq!(outcome.0["token"]["scope"], "items:read");
        outcome.granted(3_600, 200);
        world.passed_on(&key);
        for scope in ["items:delete", "items:read nonsense:read"] {
            library.run(&world, &Task { scope: Some(scope), ..task.clone() }).failed(400, "invalid_scope");
        }
        let refused = library.run(&world, &Task { resource_url: world.url("/orders"), ..task.clone() });
        refused.granted(3_600, 403);

        // With the credential go all tokens that were issued for it.
        let open = |token: &str| bearer(&world, token, "/items").status;
        assert_eq!(open(outcome.access_token()), 200);
        world.passed_on(&key);
        world.revoke(&key);
        assert_eq!(open(outcome.access_token()), 401);
        library.run(&world, &task).failed(401, "invalid_client");
        world.passed_nothing_on();
    }
}

#[test]
#[cfg_attr(not(feature = "client-tests"), ignore = "needs client libraries: `cargo xtask test` installs them")]
fn who_finds_the_token_endpoint_by_the_servers_description() {
    let world = World::start("keyward", "oauth", &["path = \"/items\"\npermission = \"items:read\""]);
    let key = world.create(&reading_client());
    let found = Task { token_url: String::new(), issuer: Some(world.url("")), ..Task::new(&world, &key, "", "/items") };
    for library in LIBRARIES.into_iter().filter(|library| library.name != "simple-oauth2") {
        library.run(&world, &found).granted(3_600, 200);
        world.passed_on(&key);
        library.run(&world, &found.with_secret("wrong")).failed(401, "invalid_client");
    }
}

#[test]
#[cfg_attr(not(feature = "client-tests"), ignore = "needs client libraries: `cargo xtask test` installs them")]
fn at_the_token_endpoint_of_gateway_hub() {
    let entities = "path = \"/entities\"\ndialect = \"gateway_hub\"\npermission = \"entities:read\"";
    let gateways = "path = \"/gateways\"\ndialect = \"gateway_hub\"\npermission = \"gateways:edit\"";
    let world = World::start("gateway_hub", "dialect:gateway_hub", &[entities, gateways]);
    for library in LIBRARIES {
        let roles = json!([{ "role": "Operator" }]);
        let key = world.create(&json!({ "kind": "gateway_hub/application_key", "name": library.name, "roles": roles }));
        let task = Task::new(&world, &key, "/oauth2/token", "/entities");
        for authentication in ["basic", "post"] {
            let task = Task { authentication, ..task.clone() };
            assert_eq!(library.run(&world, &task).granted(300, 200), &json!({ "reached": true }));
            world.passed_on(&key);
            library.run(&world, &task.with_secret("wrong")).failed(401, "invalid_client");
        }
        let refused = library.run(&world, &Task { resource_url: world.url("/gateways"), ..task.clone() });
        assert_eq!(refused.granted(300, 403)["title"], "Access denied");
        library.run(&world, &Task { scope: Some("gateways:edit"), ..task.clone() }).failed(400, "invalid_scope");
        world.revoke(&key);
        library.run(&world, &task).failed(401, "invalid_client");
        world.passed_nothing_on();
    }
}

#[test]
#[cfg_attr(not(feature = "client-tests"), ignore = "needs client libraries: `cargo xtask test` installs them")]
fn at_the_token_endpoint_of_gainsight() {
    let meta = "path = \"/v1/meta/*\"\ndialect = \"gainsight\"\npermission = \"meta:read\"";
    let events = "path = \"/v1/eventManager/*\"\ndialect = \"gainsight\"\npermission = \"events:write\"";
    let world = World::start("gainsight", "dialect:gainsight", &[meta, events]);
    for library in LIBRARIES {
        let key = world.create(&json!({ "kind": "gainsight/m2m_oauth", "name": library.name }));
        let task =
            Task::new(&world, &key, "/v1/users/m2m/oauth/token", "/v1/meta/services/objects/list?po=company&em=false");
        assert_eq!(library.run(&world, &task).granted(86_400, 200), &json!({ "reached": true }));
        assert_eq!(world.passed_on(&key).query, "po=company&em=false");

        // Twins: M2M is never for events; and the secret is another.
        let refused = library.run(&world, &Task { resource_url: world.url("/v1/eventManager/event"), ..task.clone() });
        assert_eq!(refused.granted(86_400, 403)["result"], false);
        library.run(&world, &task.with_secret("wrong")).failed(401, "invalid_client");
        world.revoke(&key);
        library.run(&world, &task).failed(401, "invalid_client");
        world.passed_nothing_on();
    }
}

#[test]
#[cfg_attr(not(feature = "client-tests"), ignore = "needs client libraries: `cargo xtask test` installs them")]
fn at_the_token_endpoint_of_passport() {
    let world = World::start("passport", "dialect:passport", &[]);
    let by = &world.owner.caller;
    let app = world.server.app(by, "Shop").id;
    world.server.workspace(by, "Front", &app);
    for library in LIBRARIES {
        // Making a user access key revokes the one before.
        let key = world.create(&json!({ "kind": "passport/user_access_key", "name": library.name, "namespace": app }));
        let path = format!("/passportsvc/api/v1/auth/token?appId={}", uuid(&app));
        let task = Task::new(&world, &key, &path, "/passportsvc/api/v1/workspaces");
        let outcome = library.run(&world, &task);
        assert_eq!(outcome.granted(3_600, 200)["_list"][0]["_name"], "Front");
        let short = Task { token_url: format!("{}&expires_in=60", task.token_url), ..task.clone() };
        library.run(&world, &short).granted(60, 200);

        // Twins: an API key is no way to a token; and the secret is another.
        let api_key = world.create(&json!({ "kind": "passport/api_key", "name": library.name, "namespace": app }));
        let by_api_key = Task { id: api_key.public_id.clone(), ..task.with_secret(api_key.secret()) };
        library.run(&world, &by_api_key).failed(400, "unauthorized_client");
        library.run(&world, &task.with_secret("wrong")).failed(401, "invalid_client");
        world.revoke(&key);
        library.run(&world, &task).failed(401, "invalid_client");
    }
}
