//! Gigya (SAP Customer Data Cloud), application keys: rule by rule of the vendor's page (G1 to G24), each with a twin that is
//! refused, and what its wire format asks for beyond the page.

use serde_json::{Value, json};

use crate::support::{App, Key, Person, Reply, Request, Server, Upstream};

mod answers;
mod calls;
mod pages;
mod signed;
mod tokens;

/// Rules without a test yet.
pub(crate) const PENDING: &[&str] = &[];

const APPLICATION: &str = "gigya/application_key";
const USER: &str = "gigya/user_key";
const ACCOUNT: &str = "gigya/account_secret";

/// The vendor's cloud: a node, an account with one site, and the service that has its methods.
struct Cloud {
    server: Server,
    upstream: Upstream,
    owner: Person,
    site: App,
}

/// Fields of a form.
type Fields<'a> = Vec<(&'a str, &'a str)>;

impl Cloud {
    fn start() -> Self {
        Self::of_profile("gigya", "")
    }

    /// An account on a profile, with settings of the node itself.
    fn of_profile(profile: &str, configured: &str) -> Self {
        let upstream = Upstream::start();
        let server = Server::start_of(configured, &format!("{METHODS}upstream = \"{}\"\n", upstream.url()));
        let owner = server.set_up(&[profile]);
        let site = server.app(&owner.caller, "Shop");
        Self { server, upstream, owner, site }
    }

    /// An application of the site that holds a permissions group there.
    fn application(&self, name: &str, group: &str) -> Key {
        self.server.create(&self.owner.caller, &self.asked(name, group))
    }

    /// What asks for one.
    fn asked(&self, name: &str, group: &str) -> Value {
        let roles = json!([{ "role": group, "namespace": self.site.id }]);
        json!({ "kind": APPLICATION, "name": name, "namespace": self.site.id, "roles": roles })
    }

    /// A group of the account's own.
    fn group(&self, name: &str, patterns: &[&str]) -> String {
        self.server.role(&self.owner.caller, name, patterns)
    }

    /// The user key of somebody, as they make it themselves.
    fn user_key(&self, of: &Person) -> Key {
        self.server.create(&of.caller, &json!({ "kind": USER, "name": "Mine" }))
    }

    /// Calls a method of the site with a key, as the vendor's page shows it.
    fn call(&self, key: &Key, method: &str, more: &[(&str, &str)]) -> Reply {
        self.send(&form(method, &self.fields(key, more)))
    }

    /// The fields of a call.
    fn fields<'a>(&'a self, key: &'a Key, more: &[(&'a str, &'a str)]) -> Fields<'a> {
        let mut fields = vec![("apiKey", &*self.site.site_key), ("userKey", &*key.public_id), ("secret", key.secret())];
        fields.extend(more);
        fields
    }

    /// Sends a request to the site of the methods.
    fn send(&self, request: &Request) -> Reply {
        self.server.ask("api", request)
    }

    /// What of the audit log tells of uses of a key, the newest first.
    fn uses(&self, key: &Key) -> Vec<Value> {
        let all = self.server.audit(&self.owner.caller);
        all.into_iter().filter(|one| one["operation"] == "credentials.use" && one["target"] == *key.id).collect()
    }
}

/// A method called with a form, over https.
fn form(method: &str, fields: &[(&str, &str)]) -> Request {
    Request::post(&format!("/{method}")).form(fields).over_https()
}

/// The same with the fields in the query.
fn query(method: &str, fields: &[(&str, &str)]) -> Request {
    let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    Request::get(&format!("/{method}?{text}")).over_https()
}

trait Envelope {
    /// The reply of the service behind the node.
    fn served(self) -> Self;
    /// The node's own envelope with an error, at the HTTP status that clients get who ask for none.
    fn failed(self, code: u64) -> Self;
    /// The same at a status.
    fn failed_with(self, status: u16, code: u64) -> Self;
}

impl Envelope for Reply {
    #[track_caller]
    fn served(self) -> Self {
        assert_eq!(self.body["reached"], true, "{}", self.text);
        self.expect(200)
    }

    #[track_caller]
    fn failed(self, code: u64) -> Self {
        self.failed_with(200, code)
    }

    #[track_caller]
    fn failed_with(self, status: u16, code: u64) -> Self {
        assert_eq!(self.body["errorCode"], code, "{}", self.text);
        enveloped(&self);
        assert!(self.body["errorMessage"].is_string() && self.body["errorDetails"].is_string(), "{}", self.text);
        self.expect(status)
    }
}

/// What every envelope has.
#[track_caller]
fn enveloped(reply: &Reply) {
    let Value::Object(body) = &reply.body else { panic!("no envelope: {}", reply.text) };
    let call = body["callId"].as_str().unwrap();
    assert!(call.len() == 32 && call.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')), "{call}");
    assert_eq!(body["apiVersion"], 2);
    let (code, status) = (body["errorCode"].as_u64().unwrap(), body["statusCode"].as_u64().unwrap());
    assert_eq!(status, if code == 0 { 200 } else { code / 1_000 }, "{}", reply.text);
    let reason = match status {
        200 => "OK",
        400 => "Bad Request",
        403 => "Forbidden",
        500 => "Internal Server Error",
        other => panic!("no such status: {other}"),
    };
    assert_eq!(body["statusReason"], reason);
    let time = body["time"].as_str().unwrap();
    assert!(time.len() == "2015-03-22T11:42:25.943Z".len() && time.ends_with('Z'), "{time}");
    assert_eq!(&time[19..20], ".", "{time}");
    assert!(time.parse::<keyward_core::time::Timestamp>().is_ok(), "{time}");
    assert_eq!(reply.header("cache-control"), Some("no-store"));
}

/// An error without what is different in every answer.
fn error_of(reply: &Reply) -> Value {
    let mut body = reply.body.clone();
    for once in ["callId", "time"] {
        body.as_object_mut().unwrap().remove(once);
    }
    body
}

/// The methods, which answer for every host. The upstream of the last route is added.
const METHODS: &str = r#"
[[surface]]
name = "dialect:gigya"
listener = "api"
host = "*"

[[surface]]
name = "proxy"
listener = "api"
host = "*"

# Nobody listens there.
[[route]]
path = "/gone.*"
upstream = "http://127.0.0.1:9"
dialect = "gigya"

[[route]]
path = "/*"
dialect = "gigya"
"#;
