//! Twinit Passport Service, API keys: rule by rule of the vendor's page (P1 to P36), each with a twin that is refused.
//!
//! `keys` has what keys are and how long they live (P1 to P17, and the page P18 to P21), `reach` what they may do
//! (P22 to P36), `wire` what no rule numbers: the shapes of requests and answers.

mod keys;
mod reach;
mod wire;

use keyward_core::kind::Kind;
use serde_json::{Value, json};

use crate::support::{App, As, Key, Person, Reply, Request, Server, Upstream};

/// Rules without a test yet.
pub(crate) const PENDING: &[&str] = &[];

const API_KEY: &str = "passport/api_key";
const ACCESS_KEY: &str = "passport/user_access_key";

/// Where the dialect answers.
const BASE: &str = "/passportsvc/api/v1";

/// The dialect beside the native API, and the token endpoint of OAuth beside it.
const SURFACES: &str = r#"
[[surface]]
name = "dialect:passport"
listener = "api"

[[surface]]
name = "oauth"
listener = "management"
"#;

/// A node with an organization that has two applications, each with workspaces and a user group of its own, and a user
/// group of the organization's. `ada` is its super admin; `eva` is a member who holds what the test gives her.
struct Town {
    server: Server,
    ada: Person,
    eva: Person,
    shop: Place,
    bank: Place,
    /// A user group of the organization.
    staff: String,
}

/// An application with what stands below it.
struct Place {
    app: String,
    /// Two workspaces.
    front: String,
    back: String,
    /// A user group of the application.
    team: String,
}

impl Town {
    fn start() -> Self {
        Self::start_with(SURFACES, "passport")
    }

    fn start_with(configured: &str, profile: &str) -> Self {
        let server = Server::start_with_api(configured);
        let ada = server.set_up(&[profile]);
        let eva = server.member(&ada, "eva@example.com");
        let place = |name: &str| {
            let App { id: app, .. } = server.app(&ada.caller, name);
            Place {
                front: server.workspace(&ada.caller, &format!("{name} Front"), &app),
                back: server.workspace(&ada.caller, &format!("{name} Back"), &app),
                team: server.usergroup(&ada.caller, &format!("{name} Team"), Some(&app)),
                app,
            }
        };
        let (shop, bank) = (place("Shop"), place("Bank"));
        let staff = server.usergroup(&ada.caller, "Staff", None);
        Self { server, ada, eva, shop, bank, staff }
    }

    /// A town where eva is viewer of everything.
    fn seen_by_eva() -> Self {
        let town = Self::start();
        for at in town.everywhere() {
            town.give("Viewer", &at);
        }
        town
    }

    /// A town with a file service behind the proxy, where eva is viewer of everything.
    fn with_files() -> (Self, Upstream) {
        let behind = Upstream::start();
        let route = format!(
            "[[surface]]\nname = \"proxy\"\nlistener = \"api\"\n[[route]]\npath = \"/filesvc/api/v1/files\"\n\
             upstream = \"{}\"\npermission = \"files:read\"\nnamespace = \"query:nsfilter\"\ndialect = \"passport\"\n",
            behind.url()
        );
        let town = Self::start_with(&format!("{SURFACES}{route}"), "passport");
        for at in town.everywhere() {
            town.give("Viewer", &at);
        }
        (town, behind)
    }

    /// Asks the file service for the files of a namespace.
    fn files(&self, by: &As, namespace: &str) -> Reply {
        self.ask(by, Request::get(&format!("/filesvc/api/v1/files?nsfilter={namespace}")))
    }

    /// Every namespace there is.
    fn everywhere(&self) -> Vec<String> {
        let below = [&self.shop, &self.bank].map(|at| [&at.app, &at.front, &at.back, &at.team]);
        let all = below.into_iter().flatten().chain([&self.staff, &self.ada.organization]);
        all.cloned().collect()
    }

    /// Gives eva a role at a namespace.
    fn give(&self, role: &str, namespace: &str) -> String {
        self.server.grant(&self.ada.caller, &self.eva.user, role, namespace)
    }

    /// An API key of eva's, restricted to a namespace.
    #[track_caller]
    fn key(&self, namespace: &str) -> Key {
        self.server.create(&self.eva.caller, &api_key(namespace))
    }

    /// A user access key of eva's, for an application.
    #[track_caller]
    fn access_key(&self, app: &str) -> Key {
        self.server.create(&self.eva.caller, &access_key(app))
    }

    /// Asks for a key as eva.
    fn create(&self, body: &Value) -> Reply {
        self.server.post(&self.eva.caller, "/v1/credentials", body)
    }

    /// Asks the dialect.
    #[track_caller]
    fn ask(&self, by: &As, request: Request) -> Reply {
        self.server.ask("api", &request.by(by))
    }

    /// Asks the dialect for a path below its base.
    #[track_caller]
    fn get(&self, by: &As, path: &str) -> Reply {
        self.ask(by, Request::get(&format!("{BASE}{path}")))
    }

    #[track_caller]
    fn send(&self, by: &As, method: &str, path: &str, body: &Value) -> Reply {
        self.ask(by, Request::new(method, &format!("{BASE}{path}")).json(body))
    }

    /// The names in a list (`apps`, …) as a key sees it: the same in the dialect and in the native API.
    #[track_caller]
    fn sees(&self, key: &Key, list: &str) -> Vec<String> {
        let names = |items: &Value, field: &str| {
            let all = items.as_array().unwrap().iter().map(|one| one[field].as_str().unwrap().to_owned());
            let mut all: Vec<String> = all.collect();
            all.sort();
            all
        };
        let foreign = self.get(&key.caller(), &format!("/{list}")).expect(200);
        let native = self.server.get(&key.caller(), &format!("/v1/{list}")).expect(200);
        let seen = names(&foreign.body["_list"], "_name");
        assert_eq!(seen, names(&native.body["items"], "name"), "{list}: the dialect and the native API agree");
        assert_eq!(foreign.body["_total"], seen.len());
        seen
    }

    /// Exchanges an access key for an access token.
    fn exchange(&self, key: &As, app: &str) -> Reply {
        self.ask(key, Request::post(&format!("{BASE}/auth/token?appId={}", uuid(app))))
    }

    /// An access token of a user access key.
    #[track_caller]
    fn token(&self, key: &Key, app: &str) -> As {
        As::Bearer(self.exchange(&key.caller(), app).expect(200).id("/access_token"))
    }

    /// Whether a key may do something at a namespace: `allowed`, or the reason why not.
    #[track_caller]
    fn judged(&self, key: &Key, permission: &str, namespace: &str) -> String {
        self.server.judged(&self.ada.caller, key, permission, namespace)
    }

    #[track_caller]
    fn revoke(&self, key: &Key) {
        self.server.revoke(&self.eva.caller, &key.id);
    }

    /// The rules and words of a kind.
    fn kind(&self, kind: &str) -> Kind {
        self.server.kind(&self.eva.caller, kind)
    }
}

impl Reply {
    /// The reply, which must be this refusal of the dialect.
    #[track_caller]
    fn passport_error(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self.body["_error"]["code"].as_str()), (status, Some(code)), "{}", self.text);
        assert_eq!(self.header("content-type"), Some("application/json"), "{}", self.text);
        assert!(!self.id("/_error/message").is_empty());
        self
    }
}

fn api_key(namespace: &str) -> Value {
    json!({ "kind": API_KEY, "name": "key", "namespace": namespace })
}

fn access_key(app: &str) -> Value {
    json!({ "kind": ACCESS_KEY, "name": "key", "namespace": app })
}

/// The UUID inside one of Keyward's ids.
fn uuid(id: &str) -> String {
    const DIGITS: &str = "0123456789abcdefghjkmnpqrstvwxyz";
    let (_, digits) = id.split_once('_').unwrap();
    let bits = digits.chars().fold(0_u128, |bits, digit| bits << 5 | DIGITS.find(digit).unwrap() as u128);
    let hex = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
