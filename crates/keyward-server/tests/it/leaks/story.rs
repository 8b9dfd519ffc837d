//! A whole story in which every secret of the product is made, used rightly, and used wrongly.

use std::time::Duration;

use keyward_core::second_factor::code;
use keyward_core::secret::Secret;
use keyward_core::time::Timestamp;
use keyward_server::clock;
use reqwest::Method;
use serde_json::{Value, json};

use super::misplaced;
use super::needles::Needles;
use crate::harness::{As, PASSWORD, Reply, TestServer};

/// What somebody typed where something else belongs.
pub(crate) const MISTYPED: &str = "green-Ladder-58-orchards";

const CHANGED: &str = "amber-Teapot-69-harbours";

/// A story on the way: what was answered, and which secrets there are.
pub(crate) struct Story {
    pub(crate) server: TestServer,
    pub(crate) needles: Needles,
    /// Every answer but those that hand a new secret out, with the question.
    pub(crate) replies: Vec<(String, Reply)>,
    /// The public ids of the credentials.
    pub(crate) public_ids: Vec<String>,
    /// One secret of each sort, to be sent to the wrong places.
    pub(crate) samples: Vec<String>,
    /// An operator, who is a member of nothing.
    pub(crate) operator: As,
    admin: As,
    organization: String,
    verifier: As,
}

/// A new credential: what its client holds.
struct Held {
    id: String,
    /// Of two parts: the first one.
    user: Option<String>,
    secret: String,
}

/// Tells the story.
pub(crate) async fn told() -> Story {
    let server = TestServer::start_with_profile(include_str!("vault.toml")).await;
    let mut needles = Needles::none();
    needles.password("the password", PASSWORD);
    needles.password("the changed password", CHANGED);
    needles.password("the mistyped password", MISTYPED);
    let mut story = Story {
        needles,
        replies: Vec::new(),
        public_ids: Vec::new(),
        samples: vec![MISTYPED.to_owned()],
        operator: As::Anonymous,
        admin: As::Anonymous,
        organization: String::new(),
        verifier: As::Anonymous,
        server,
    };
    story.set_up().await;
    story.people().await;
    story.second_factor().await;
    story.verifier().await;
    let kinds = story.kinds().await;
    for kind in &kinds {
        story.life_of(kind).await;
    }
    misplaced::everywhere(&mut story).await;
    story
}

impl Story {
    /// Asks, and keeps the answer: it hands nothing out.
    pub(crate) async fn ask(&mut self, by: &As, method: &str, path: &str, body: Option<Value>) -> Reply {
        self.ask_with(by, method, path, body, &[]).await
    }

    pub(crate) async fn ask_with(
        &mut self,
        by: &As,
        method: &str,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Reply {
        let reply = self.issued(by, method, path, body, headers).await;
        self.keep(format!("{method} {path}"), reply.clone());
        reply
    }

    pub(crate) fn keep(&mut self, question: String, reply: Reply) {
        self.replies.push((question, reply));
    }

    pub(crate) fn admin(&self) -> As {
        self.admin.clone()
    }

    /// Asks for something that hands a secret out.
    async fn issued(&self, by: &As, method: &str, path: &str, body: Option<Value>, headers: &[(&str, &str)]) -> Reply {
        self.server.send(by, Method::from_bytes(method.as_bytes()).unwrap(), path, body, headers).await
    }

    /// The first operator, and an organization on every profile with its super admin.
    async fn set_up(&mut self) {
        let token = self.server.setup_token();
        self.needles.token("the set-up token", &token);
        self.samples.push(token.clone());
        let set_up = |token: &str, password: &str| {
            Some(json!({ "token": token, "email": "olga@example.com", "name": "Olga", "password": password }))
        };
        let path = "/v1/setup";
        self.ask(&As::Anonymous, "POST", path, set_up(&wrong(&token), PASSWORD))
            .await
            .problem(403, "setup_token_invalid");
        self.ask(&As::Anonymous, "POST", path, set_up(&token, "short")).await.expect(422);
        self.ask(&As::Anonymous, "POST", path, set_up(&token, PASSWORD)).await.expect(201);
        self.ask(&As::Anonymous, "POST", path, set_up(&token, PASSWORD)).await.problem(409, "setup_done");
        let operator = self.sign_in("olga@example.com", "the operator's session").await;

        let listed = self.ask(&operator, "GET", "/v1/profiles", None).await.expect(200);
        let names: Vec<_> = listed.body["items"].as_array().unwrap().iter().map(|p| p["name"].clone()).collect();
        let body = json!({ "name": "Acme", "profiles": names, "super_admin": "ada@example.com" });
        let made = self.issued(&operator, "POST", "/v1/organizations", Some(body), &[]).await.expect(201);
        let token = made.id("/invitation/token");
        self.needles.token("the first invitation", &token);
        let accept = json!({ "token": token, "name": "Ada", "password": PASSWORD });
        self.ask(&As::Anonymous, "POST", "/v1/invitations/accept", Some(accept)).await.expect(201);
        self.organization = made.id("/organization/id");
        self.operator = operator;
        self.admin = self.sign_in("ada@example.com", "the session").await;
        if let As::Bearer(token) = self.admin() {
            self.samples.push(token);
        }
    }

    /// Somebody is invited, accepts, signs in and out.
    async fn people(&mut self) {
        let admin = self.admin();
        let invite = json!({ "email": "sam@example.com" });
        let invited = self.issued(&admin, "POST", "/v1/users", Some(invite), &[]).await.expect(201);
        let token = invited.id("/token");
        self.needles.token("the invitation", &token);
        self.samples.push(token.clone());
        let accept = |token: &str, password: &str| json!({ "token": token, "name": "Sam", "password": password });
        let path = "/v1/invitations/accept";
        self.ask(&As::Anonymous, "POST", path, Some(accept(&wrong(&token), PASSWORD)))
            .await
            .problem(403, "invitation_invalid");
        self.ask(&As::Anonymous, "POST", path, Some(accept(&token, "short"))).await.expect(422);
        self.ask(&As::Anonymous, "POST", path, Some(accept(&token, PASSWORD))).await.expect(201);
        self.ask(&As::Anonymous, "POST", path, Some(accept(&token, PASSWORD))).await.problem(403, "invitation_invalid");

        let sign_in = json!({ "email": "sam@example.com", "password": MISTYPED });
        self.ask(&As::Anonymous, "POST", "/v1/sessions", Some(sign_in)).await.problem(401, "sign_in_failed");
        let sam = self.sign_in("sam@example.com", "an ended session").await;
        self.ask(&sam, "GET", "/v1/sessions/current", None).await.expect(200);
        let change = |current: &str| Some(json!({ "current": current, "new": CHANGED }));
        let path = "/v1/users/current/password";
        self.ask(&sam, "PUT", path, change(MISTYPED)).await.problem(403, "wrong_password");
        self.ask(&sam, "PUT", path, change(PASSWORD)).await.expect(200);
        self.ask(&sam, "DELETE", "/v1/sessions/current", None).await.expect(200);
        self.ask(&sam, "GET", "/v1/sessions", None).await.problem(401, "session_ended");
        let As::Bearer(token) = sam else { unreachable!() };
        self.ask(&As::Bearer(wrong(&token)), "GET", "/v1/sessions", None).await.problem(401, "invalid_credential");
    }

    /// The operator has a second factor for a while.
    async fn second_factor(&mut self) {
        let (operator, path) = (self.operator.clone(), "/v1/users/current/second-factor");
        let begun = self.issued(&operator, "POST", path, None, &[]).await.expect(201);
        let secret = begun.id("/secret");
        self.needles.random("the secret of a second factor", &secret);
        self.samples.push(secret.clone());
        let shown = |later| {
            let at = Timestamp::from_seconds(clock::now().seconds() + later);
            code(&Secret::from_string(secret.clone()), at).unwrap().expose().to_owned()
        };
        let confirm = format!("{path}/confirm");
        self.ask(&operator, "POST", &confirm, Some(json!({ "code": MISTYPED }))).await.problem(403, "wrong_code");
        let right = json!({ "code": shown(0) });
        let confirmed = self.issued(&operator, "POST", &confirm, Some(right), &[]).await.expect(200);
        let renew = format!("{path}/recovery-codes");
        let renewed = self.issued(&operator, "POST", &renew, None, &[]).await.expect(200);
        let mut codes = Vec::new();
        for answer in [confirmed, renewed] {
            codes = serde_json::from_value::<Vec<String>>(answer.body["recovery_codes"].clone()).unwrap();
            for code in &codes {
                self.needles.password("a recovery code", code);
                self.needles.password("a recovery code", &code.replace('-', ""));
            }
        }
        let sign_in = |code: &str| Some(json!({ "email": "olga@example.com", "password": PASSWORD, "code": code }));
        for code in [&codes[0], &shown(30)] {
            let reply = self.issued(&As::Anonymous, "POST", "/v1/sessions", sign_in(code), &[]).await.expect(201);
            self.needles.token("a session with a second factor", &reply.id("/token"));
            self.ask(&As::Anonymous, "POST", "/v1/sessions", sign_in(code)).await.problem(403, "wrong_code");
        }
        self.ask(&operator, "GET", path, None).await.expect(200);
        self.ask(&operator, "DELETE", path, None).await.expect(200);
    }

    async fn sign_in(&mut self, email: &str, what: &str) -> As {
        let body = json!({ "email": email, "password": PASSWORD });
        let reply = self.issued(&As::Anonymous, "POST", "/v1/sessions", Some(body), &[]).await.expect(201);
        self.needles.token(what, &reply.id("/token"));
        As::Bearer(reply.id("/token"))
    }

    /// A service that asks about keys.
    async fn verifier(&mut self) {
        let admin = self.admin();
        let role = json!({ "name": "Story reader", "patterns": ["items:read"] });
        self.ask(&admin, "POST", "/v1/roles", Some(role)).await.expect(201);
        let body = json!({ "kind": "keyward/service", "name": "verifier", "roles": [{ "role": "Verifier" }] });
        let made = self.issued(&admin, "POST", "/v1/credentials", Some(body), &[]).await.expect(201);
        let token = made.id("/secret/token");
        self.needles.token("the verifier", &token);
        self.samples.push(token.clone());
        self.verifier = As::Bearer(token);
    }

    /// Every kind of every profile, as the reference of profiles tells of it.
    async fn kinds(&mut self) -> Vec<Value> {
        let admin = self.admin();
        let listed = self.ask(&admin, "GET", "/v1/profiles", None).await.expect(200);
        let mut kinds = Vec::new();
        for profile in listed.body["items"].as_array().unwrap() {
            let path = format!("/v1/profiles/{}", profile["name"].as_str().unwrap());
            let got = self.ask(&admin, "GET", &path, None).await.expect(200);
            kinds.extend(got.body["kinds"].as_array().unwrap().clone());
        }
        assert!(kinds.len() >= 5, "{kinds:?}");
        kinds
    }

    /// Created, repeated, used rightly and wrongly, shown again, replaced, and ended: as far as its kind allows.
    async fn life_of(&mut self, kind: &Value) {
        let admin = self.admin();
        let name = kind["id"].as_str().unwrap().to_owned();
        let body = self.creation(kind, &name).await;
        let once = [("idempotency-key", name.as_str())];
        let made = self.issued(&admin, "POST", "/v1/credentials", Some(body.clone()), &once).await.expect(201);
        self.ask_with(&admin, "POST", "/v1/credentials", Some(body), &once).await.expect(200);
        let held = self.held(&name, &made.body["credential"], &made.body["secret"]);
        self.use_of(&held).await;
        if kind["reveal"] == "always" {
            let path = format!("/v1/credentials/{}/reveal", held.id);
            let shown = self.issued(&admin, "POST", &path, None, &[]).await.expect(200);
            assert_eq!(shown.body["secret"], made.body["secret"]);
        }
        if kind["rotate"].is_object() {
            let path = format!("/v1/credentials/{}/rotate", held.id);
            let body = json!({ "confirm": true });
            let replaced = self.issued(&admin, "POST", &path, Some(body), &[]).await.expect(200);
            let newer = self.held(&format!("{name}, replaced"), &replaced.body["credential"], &replaced.body["secret"]);
            self.use_of(&held).await;
            self.use_of(&newer).await;
        }
        for path in ["", "?public_id=x"] {
            self.ask(&admin, "GET", &format!("/v1/credentials{path}"), None).await.expect(200);
        }
        self.ask(&admin, "GET", &format!("/v1/credentials/{}", held.id), None).await.expect(200);
        let path = format!("/v1/credentials/{}/revoke", held.id);
        self.ask(&admin, "POST", &path, Some(json!({}))).await.expect(200);
        self.use_of(&held).await;
    }

    /// What creates one of a kind.
    async fn creation(&mut self, kind: &Value, name: &str) -> Value {
        let mut body = json!({ "kind": name, "name": name });
        let place = kind["lives_in"][0].as_str().unwrap();
        body["namespace"] = self.place(place).await.into();
        let needs_role = kind["authority"] == "group" || kind["min_roles"].as_u64().is_some_and(|min| min > 0);
        if needs_role {
            body["roles"] = json!([{ "role": "Story reader" }]);
        }
        let expiry = &kind["expiry"];
        if expiry["mode"] == "required" && expiry["default_seconds"].is_null() {
            let tomorrow = clock::now().plus(Duration::from_hours(24));
            body["expires_at"] = serde_json::to_value(keyward_api::values::Time(tomorrow)).unwrap();
        }
        body
    }

    /// A namespace of this kind.
    async fn place(&mut self, kind: &str) -> String {
        let admin = self.admin();
        let name = json!({ "name": format!("Place {}", self.replies.len()) });
        match kind {
            "organization" => self.organization.clone(),
            "application" => self.ask(&admin, "POST", "/v1/apps", Some(name)).await.expect(201).id("/id"),
            "user_group" => self.ask(&admin, "POST", "/v1/usergroups", Some(name)).await.expect(201).id("/id"),
            _ => {
                let app = self.ask(&admin, "POST", "/v1/apps", Some(name.clone())).await.expect(201).id("/id");
                let body = json!({ "name": name["name"], "app": app });
                self.ask(&admin, "POST", "/v1/workspaces", Some(body)).await.expect(201).id("/id")
            }
        }
    }

    fn held(&mut self, what: &str, credential: &Value, secret: &Value) -> Held {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let id = text(&credential["id"]).unwrap();
        self.public_ids.push(text(&credential["public_id"]).unwrap());
        if let Some(token) = text(&secret["token"]) {
            let has_own_form = token.matches('_').count() >= 2;
            if has_own_form {
                self.needles.token(what, &token);
            } else {
                self.needles.random(what, &token);
            }
            return Held { id, user: None, secret: token };
        }
        let user = text(&secret["id"]).or_else(|| text(&secret["client_id"]));
        let secret = text(&secret["secret"]).or_else(|| text(&secret["client_secret"])).unwrap();
        if what == "vault/pair" {
            self.samples.push(secret.clone());
        }
        self.needles.random(what, secret.rsplit_once('_').map_or(secret.as_str(), |(_, random)| random));
        Held { id, user, secret }
    }

    /// Presented to whoever takes it, and judged by whoever may: right, and with another secret.
    async fn use_of(&mut self, held: &Held) {
        let verifier = self.verifier.clone();
        for secret in [held.secret.clone(), wrong(&held.secret)] {
            let judged = match &held.user {
                None => json!({ "credential": secret }),
                Some(id) => json!({ "id": id, "secret": secret }),
            };
            let mut explained = judged.clone();
            explained["explain"] = true.into();
            self.ask(&verifier, "POST", "/v1/verify", Some(judged.clone())).await.expect(200);
            self.ask(&verifier, "POST", "/v1/verify", Some(explained)).await.expect(200);
            self.ask(&verifier, "POST", "/v1/verify", Some(json!([judged]))).await.expect(200);
            let by = match &held.user {
                None => As::Bearer(secret.clone()),
                Some(id) => As::Basic(id.clone(), secret.clone()),
            };
            self.ask(&by, "GET", "/v1/sessions/current", None).await;
            self.ask_with(&As::Anonymous, "GET", "/v1/sessions/current", None, &[("x-api-key", &secret)]).await;
        }
    }
}

/// Another secret that looks the same, and keeps most of what is looked for.
pub(crate) fn wrong(secret: &str) -> String {
    let last = if secret.ends_with('A') { 'B' } else { 'A' };
    format!("{}{last}", &secret[..secret.len() - 1])
}
