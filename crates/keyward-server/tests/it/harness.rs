//! A node on a free port with a database of its own, and people and credentials to talk to it as.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use keyward_server::config::{Config, Environment, Flags, load};
use keyward_server::serve::{Serving, serve};
use keyward_server::telemetry::log;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A password that every user of the tests has: long enough, and not common.
pub(crate) const PASSWORD: &str = "blue-Kettle-47-marches";

/// A running node.
pub(crate) struct TestServer {
    pub(crate) serving: Option<Serving>,
    pub(crate) url: String,
    pub(crate) folder: TempDir,
    pub(crate) http: reqwest::Client,
}

/// An answer, whole.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
    pub(crate) body: Value,
}

/// Who asks.
#[derive(Debug, Clone)]
pub(crate) enum As {
    Anonymous,
    Bearer(String),
    Basic(String, String),
}

/// A first super admin (also operator) with their organization.
#[derive(Debug, Clone)]
pub(crate) struct Admin {
    pub(crate) caller: As,
    pub(crate) user: String,
    pub(crate) organization: String,
}

impl TestServer {
    /// A node on SQLite, in a fresh folder.
    pub(crate) async fn start() -> Self {
        Self::start_with("").await
    }

    /// The same with more configuration.
    pub(crate) async fn start_with(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::start_in(folder, more).await
    }

    /// A node that has one more profile.
    pub(crate) async fn start_with_profile(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let profiles = folder.path().join("profiles");
        std::fs::create_dir(&profiles).unwrap();
        std::fs::write(profiles.join("own.toml"), text).unwrap();
        let more = format!("profiles = \"{}\"", profiles.display());
        Self::start_in(folder, &more).await
    }

    /// A node in a folder that may hold an earlier node's data.
    pub(crate) async fn start_in(folder: TempDir, more: &str) -> Self {
        let config = config(folder.path(), more);
        let serving = serve(config).await.unwrap();
        let url = format!("http://{}", address(&serving));
        Self { serving: Some(serving), url, folder, http: client() }
    }

    /// Stops the node and gives its folder back.
    pub(crate) async fn stop(mut self) -> TempDir {
        self.serving.take().unwrap().stop().await;
        self.folder
    }

    /// The token of the first set-up.
    pub(crate) fn setup_token(&self) -> String {
        self.serving.as_ref().unwrap().setup.as_ref().unwrap().expose().to_owned()
    }

    /// Sets the node up: a super admin `admin@example.com` of an organization on the profiles, signed in.
    pub(crate) async fn set_up(&self, profiles: &[&str]) -> Admin {
        let body = json!({
            "token": self.setup_token(), "email": "admin@example.com", "name": "Ada", "password": PASSWORD,
            "organization": "Acme", "profiles": profiles,
        });
        let reply = self.post(&As::Anonymous, "/v1/setup", body).await.expect(201);
        let (user, organization) = (reply.id("/user"), reply.id("/organization"));
        Admin { caller: self.sign_in("admin@example.com").await, user, organization }
    }

    /// Signs a user of the tests in.
    pub(crate) async fn sign_in(&self, email: &str) -> As {
        let body = json!({ "email": email, "password": PASSWORD });
        let reply = self.post(&As::Anonymous, "/v1/sessions", body).await.expect(201);
        As::Bearer(reply.id("/token"))
    }

    /// Another member of the admin's organization: their id, and them signed in.
    pub(crate) async fn member(&self, admin: &Admin, email: &str, super_admin: bool) -> (String, As) {
        let invitation = json!({ "email": email, "super_admin": super_admin });
        let invited = self.post(&admin.caller, "/v1/users", invitation).await.expect(201);
        let accept = json!({ "token": invited.id("/token"), "name": email, "password": PASSWORD });
        let accepted = self.post(&As::Anonymous, "/v1/invitations/accept", accept).await.expect(201);
        (accepted.id("/user"), self.sign_in(email).await)
    }

    /// A role of the admin's organization; its id.
    pub(crate) async fn role(&self, admin: &Admin, name: &str, patterns: &[&str]) -> String {
        let body = json!({ "name": name, "patterns": patterns });
        self.post(&admin.caller, "/v1/roles", body).await.expect(201).id("/id")
    }

    /// A grant.
    pub(crate) async fn grant(&self, admin: &Admin, holder: &str, role: &str, namespace: &str) -> String {
        let body = json!({ "holder": holder, "role": role, "namespace": namespace });
        self.post(&admin.caller, "/v1/grants", body).await.expect(201).id("/grant/id")
    }

    /// An application, and a workspace in it; their ids.
    pub(crate) async fn places(&self, admin: &Admin, name: &str) -> (String, String) {
        let app = self.post(&admin.caller, "/v1/apps", json!({ "name": name })).await.expect(201).id("/id");
        let body = json!({ "name": name, "app": app });
        let workspace = self.post(&admin.caller, "/v1/workspaces", body).await.expect(201).id("/id");
        (app, workspace)
    }

    /// A credential of one string: its id, and its token.
    pub(crate) async fn credential(&self, by: &As, body: Value) -> (String, String) {
        let reply = self.post(by, "/v1/credentials", body).await.expect(201);
        (reply.id("/credential/id"), reply.id("/secret/token"))
    }

    pub(crate) async fn get(&self, by: &As, path: &str) -> Reply {
        self.send(by, Method::GET, path, None, &[]).await
    }

    pub(crate) async fn post(&self, by: &As, path: &str, body: Value) -> Reply {
        self.send(by, Method::POST, path, Some(body), &[]).await
    }

    pub(crate) async fn patch(&self, by: &As, path: &str, body: Value) -> Reply {
        self.send(by, Method::PATCH, path, Some(body), &[]).await
    }

    pub(crate) async fn put(&self, by: &As, path: &str, body: Value) -> Reply {
        self.send(by, Method::PUT, path, Some(body), &[]).await
    }

    pub(crate) async fn delete(&self, by: &As, path: &str) -> Reply {
        self.send(by, Method::DELETE, path, None, &[]).await
    }

    /// Any request.
    pub(crate) async fn send(
        &self,
        by: &As,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Reply {
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        request = match by {
            As::Anonymous => request,
            As::Bearer(token) => request.bearer_auth(token),
            As::Basic(id, secret) => request.basic_auth(id, Some(secret)),
        };
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        Reply::read(request.send().await.unwrap()).await
    }
}

impl Reply {
    pub(crate) async fn read(response: reqwest::Response) -> Self {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Self { status, headers, text, body }
    }

    /// The reply, which must have this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// The reply, which must be this problem.
    #[track_caller]
    pub(crate) fn problem(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self.body["code"].as_str()), (status, Some(code)), "{}", self.text);
        assert_eq!(self.headers["content-type"], "application/problem+json", "{}", self.text);
        assert_eq!(self.body["status"], status, "{}", self.text);
        assert_eq!(self.body["type"], format!("urn:keyward:problem:{code}"), "{}", self.text);
        assert!(self.body["instance"].as_str().is_some_and(|id| id.starts_with("req_")), "{}", self.text);
        self
    }

    /// The text at a JSON Pointer.
    #[track_caller]
    pub(crate) fn id(&self, pointer: &str) -> String {
        let found = self.body.pointer(pointer).and_then(Value::as_str);
        found.unwrap_or_else(|| panic!("no text at `{pointer}` of {}", self.text)).to_owned()
    }
}

/// The configuration of a node of the tests.
pub(crate) fn config(folder: &Path, more: &str) -> Config {
    let file = folder.join("keyward.toml");
    let base = format!(
        "data_dir = {:?}\n{more}\n[[listener]]\nname = \"management\"\naddress = \"127.0.0.1:0\"\n",
        folder.join("data").display().to_string()
    );
    std::fs::write(&file, base).unwrap();
    let flags = Flags { config: Some(file), ..Flags::default() };
    load(&flags, &Environment::default()).unwrap().config
}

/// Where a node listens.
pub(crate) fn address(serving: &Serving) -> SocketAddr {
    serving.addresses[0].1
}

/// A client that keeps no cookies and follows no redirects.
pub(crate) fn client() -> reqwest::Client {
    keyward_server::net::tls::install_provider();
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

/// Everything that the process logs from the first call on, at the finest level that can be configured. All nodes of
/// all tests write into it.
pub(crate) fn log_lines() -> Arc<Mutex<Vec<u8>>> {
    static LINES: OnceLock<Lines> = OnceLock::new();
    let lines = LINES.get_or_init(|| {
        let lines = Lines::default();
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path(), "[log]\nlevel = \"trace\"\nformat = \"json\"");
        let writer = lines.clone();
        let subscriber = log::subscriber(&config.log, move || writer.clone());
        tracing::dispatcher::set_global_default(subscriber.into()).unwrap();
        lines
    });
    Arc::clone(&lines.0)
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
