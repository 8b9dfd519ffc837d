//! What the tests of all vendors do over the native API to have a world to test in: people, places, rights, keys.

use keyward_core::kind::Kind;
use keyward_core::profile::Profile;
use serde_json::{Value, json};

use super::http::{As, Reply, Request};
use super::server::Server;

/// The password of everybody: long enough, and not common.
pub(crate) const PASSWORD: &str = "blue-Kettle-47-marches";

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) email: String,
    /// Their id.
    pub(crate) user: String,
    /// Their session.
    pub(crate) caller: As,
    /// The id of their organization.
    pub(crate) organization: String,
}

/// An application.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(crate) id: String,
    /// Its public site key.
    pub(crate) site_key: String,
}

/// A credential whose secret was just shown.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) public_id: String,
    secret: Value,
}

impl Key {
    /// The one that was just created or rotated.
    pub(crate) fn of(reply: &Reply) -> Self {
        let (id, public_id) = (reply.id("/credential/id"), reply.id("/credential/public_id"));
        Self { id, public_id, secret: reply.body["secret"].clone() }
    }

    /// The one string, for kinds that are one.
    #[track_caller]
    pub(crate) fn token(&self) -> &str {
        self.secret["token"].as_str().unwrap()
    }

    /// The secret half, for kinds of two parts.
    #[track_caller]
    pub(crate) fn secret(&self) -> &str {
        self.secret["secret"].as_str().or(self.secret["client_secret"].as_str()).unwrap()
    }

    /// The secret, carried as its parts usually are: a bearer token, or both halves as HTTP Basic.
    pub(crate) fn caller(&self) -> As {
        match self.secret["token"].as_str() {
            Some(token) => As::Bearer(token.to_owned()),
            None => As::Basic(self.public_id.clone(), self.secret().to_owned()),
        }
    }
}

/// People.
impl Server {
    /// Sets the node up: `owner@example.com`, operator of the deployment and super admin of the organization `Acme` on
    /// these profiles.
    #[track_caller]
    pub(crate) fn set_up(&self, profiles: &[&str]) -> Person {
        let email = "owner@example.com";
        let body = json!({
            "token": self.setup_token(), "email": email, "name": "Ada", "password": PASSWORD,
            "organization": "Acme", "profiles": profiles,
        });
        let reply = self.post(&As::Anonymous, "/v1/setup", &body).expect(201);
        self.person(email, &reply.id("/user"), &reply.id("/organization"))
    }

    /// Another organization, of which the new user with this address is super admin.
    #[track_caller]
    pub(crate) fn organization(&self, operator: &Person, name: &str, profiles: &[&str], email: &str) -> Person {
        let body = json!({ "name": name, "profiles": profiles, "super_admin": email });
        let made = self.post(&operator.caller, "/v1/organizations", &body).expect(201);
        let user = self.accept(email, &made.id("/invitation/token"));
        self.person(email, &user, &made.id("/organization/id"))
    }

    /// A member of somebody's organization, who holds nothing.
    #[track_caller]
    pub(crate) fn member(&self, by: &Person, email: &str) -> Person {
        self.invited(by, json!({ "email": email }))
    }

    /// A member of somebody's organization, who holds a role at a namespace.
    #[track_caller]
    pub(crate) fn member_with(&self, by: &Person, email: &str, role: &str, namespace: &str) -> Person {
        self.invited(by, json!({ "email": email, "roles": [{ "role": role, "namespace": namespace }] }))
    }

    /// Another super admin of somebody's organization.
    #[track_caller]
    pub(crate) fn super_admin(&self, by: &Person, email: &str) -> Person {
        self.invited(by, json!({ "email": email, "super_admin": true }))
    }

    /// A session of somebody, as after typing the password just now.
    #[track_caller]
    pub(crate) fn sign_in(&self, email: &str) -> As {
        let body = json!({ "email": email, "password": PASSWORD });
        As::Bearer(self.post(&As::Anonymous, "/v1/sessions", &body).expect(201).id("/token"))
    }

    #[track_caller]
    fn invited(&self, by: &Person, invitation: Value) -> Person {
        let invited = self.post(&by.caller, "/v1/users", &invitation).expect(201);
        let email = invitation["email"].as_str().unwrap();
        let user = self.accept(email, &invited.id("/token"));
        self.person(email, &user, &by.organization)
    }

    #[track_caller]
    fn accept(&self, email: &str, token: &str) -> String {
        let body = json!({ "token": token, "name": email, "password": PASSWORD });
        self.post(&As::Anonymous, "/v1/invitations/accept", &body).expect(201).id("/user")
    }

    #[track_caller]
    fn person(&self, email: &str, user: &str, organization: &str) -> Person {
        let caller = self.sign_in(email);
        Person { email: email.to_owned(), user: user.to_owned(), caller, organization: organization.to_owned() }
    }
}

/// Places and rights. Everything is named by its id; roles also by their names.
impl Server {
    #[track_caller]
    pub(crate) fn app(&self, by: &As, name: &str) -> App {
        let made = self.post(by, "/v1/apps", &json!({ "name": name })).expect(201);
        App { id: made.id("/id"), site_key: made.id("/site_key") }
    }

    #[track_caller]
    pub(crate) fn workspace(&self, by: &As, name: &str, app: &str) -> String {
        self.post(by, "/v1/workspaces", &json!({ "name": name, "app": app })).expect(201).id("/id")
    }

    /// A user group of an application, or of the organization.
    #[track_caller]
    pub(crate) fn usergroup(&self, by: &As, name: &str, app: Option<&str>) -> String {
        self.post(by, "/v1/usergroups", &json!({ "name": name, "app": app })).expect(201).id("/id")
    }

    /// Puts somebody into a user group.
    #[track_caller]
    pub(crate) fn add_to_group(&self, by: &As, group: &str, user: &str) {
        self.put(by, &format!("/v1/usergroups/{group}/members/{user}")).expect(200);
    }

    #[track_caller]
    pub(crate) fn role(&self, by: &As, name: &str, patterns: &[&str]) -> String {
        self.post(by, "/v1/roles", &json!({ "name": name, "patterns": patterns })).expect(201).id("/id")
    }

    /// Grants a role at a namespace to a user, a user group or a credential.
    #[track_caller]
    pub(crate) fn grant(&self, by: &As, holder: &str, role: &str, namespace: &str) -> String {
        let body = json!({ "holder": holder, "role": role, "namespace": namespace });
        self.post(by, "/v1/grants", &body).expect(201).id("/grant/id")
    }

    /// Takes a grant away.
    #[track_caller]
    pub(crate) fn ungrant(&self, by: &As, grant: &str) {
        self.delete(by, &format!("/v1/grants/{grant}")).expect(200);
    }
}

/// Credentials. What must succeed gives a [`Key`]; to see a refusal, [`Server::act`] gives every answer.
impl Server {
    /// Creates one: `{"kind": "profile/kind", "name": …, "namespace": …, "roles": [{"role": …, "namespace": …}], …}`.
    #[track_caller]
    pub(crate) fn create(&self, by: &As, body: &Value) -> Key {
        Key::of(&self.post(by, "/v1/credentials", body).expect(201))
    }

    /// Gives one a new secret, where its kind allows it.
    #[track_caller]
    pub(crate) fn rotate(&self, by: &As, id: &str) -> Key {
        Key::of(&self.act(by, id, "rotate", json!({ "confirm": true })).expect(200))
    }

    /// Ends one for ever. When this returns, it is in force.
    #[track_caller]
    pub(crate) fn revoke(&self, by: &As, id: &str) {
        self.act(by, id, "revoke", json!({})).expect(200);
    }

    /// Asks for `rotate`, `revoke`, `reveal`, `disable`, `enable` or `unlink`.
    #[track_caller]
    pub(crate) fn act(&self, by: &As, id: &str, verb: &str, body: Value) -> Reply {
        self.post(by, &format!("/v1/credentials/{id}/{verb}"), &body)
    }

    /// Asks for a change of its fields.
    #[track_caller]
    pub(crate) fn edit(&self, by: &As, id: &str, changes: Value) -> Reply {
        self.patch(by, &format!("/v1/credentials/{id}"), &changes)
    }

    /// Asks for one of another application, by its public id.
    #[track_caller]
    pub(crate) fn import(&self, by: &As, public_id: &str, app: &str, roles: Value) -> Reply {
        let body = json!({ "public_id": public_id, "namespace": app, "roles": roles });
        self.post(by, "/v1/credentials/import", &body)
    }

    /// One as the API shows it.
    #[track_caller]
    pub(crate) fn shown(&self, by: &As, id: &str) -> Reply {
        self.get(by, &format!("/v1/credentials/{id}")).expect(200)
    }

    /// The ids that a list shows to somebody, in its order. `query` is empty, or begins with `?`.
    #[track_caller]
    pub(crate) fn listed(&self, by: &As, query: &str) -> Vec<String> {
        let listed = self.get(by, &format!("/v1/credentials{query}")).expect(200);
        listed.body["items"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    }

    /// Whether a key may do something: `allowed`, or the reason why not.
    #[track_caller]
    pub(crate) fn judged(&self, by: &As, key: &Key, permission: &str, namespace: &str) -> String {
        let mut question = json!({ "permission": permission, "namespace": namespace });
        match key.caller() {
            As::Basic(id, secret) => (question["id"], question["secret"]) = (json!(id), json!(secret)),
            _ => question["credential"] = json!(key.token()),
        }
        self.verify(by, &question)
    }

    /// The answer to a question of `POST /v1/verify`: `allowed`, or the reason why not.
    #[track_caller]
    pub(crate) fn verify(&self, by: &As, question: &Value) -> String {
        let answer = self.post(by, "/v1/verify", question).expect(200);
        match answer.body["allowed"].as_bool() {
            Some(true) => "allowed".to_owned(),
            _ => answer.id("/reason"),
        }
    }

    /// The rules and words of a kind (`profile/kind`) as the node has recorded them; its pages are made from them.
    #[track_caller]
    pub(crate) fn kind(&self, by: &As, kind: &str) -> Kind {
        let profile = kind.split_once('/').unwrap().0;
        let text = self.get(by, &format!("/v1/profiles/{profile}")).expect(200).id("/text");
        let profile = Profile::parse(profile, &text).unwrap();
        let found = profile.kinds.iter().find(|found| found.id.to_string() == kind);
        Kind::clone(found.unwrap_or_else(|| panic!("no kind `{kind}`")))
    }

    /// The latest entries of the organization's audit log, the newest first.
    #[track_caller]
    pub(crate) fn audit(&self, by: &As) -> Vec<Value> {
        let request = Request::get("/v1/audit?limit=200").by(by);
        self.send(&request).expect(200).body["items"].as_array().unwrap().clone()
    }
}
