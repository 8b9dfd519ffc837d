//! A node of its own for each test: the program, with a configuration, in a fresh folder.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use super::http::{As, Reply, Request, exchange};
use crate::process::{self, Node};

/// A running node. It ends when this is dropped, and its folder with it.
pub(crate) struct Server {
    folder: TempDir,
    node: Option<Node>,
    listeners: Vec<(String, SocketAddr)>,
}

impl Server {
    /// A node with everything that answers without being configured, on one listener, `management`.
    pub(crate) fn start() -> Self {
        Self::start_with("[[listener]]\nname = \"management\"\naddress = \"127.0.0.1:0\"\n")
    }

    /// A node with two listeners: `management` for the native API and the console, and `api` for what `configured`
    /// says (`[[surface]]` and `[[route]]`, each with `listener = "api"`). `X-Forwarded-Proto: https` is believed.
    pub(crate) fn start_with_api(configured: &str) -> Self {
        Self::start_of("", configured)
    }

    /// The same with settings of the node itself, which stand before every section.
    pub(crate) fn start_of(settings: &str, configured: &str) -> Self {
        Self::start_with(&format!("{settings}\n{TWO_LISTENERS}\n{configured}"))
    }

    /// A node with a whole configuration but `data_dir`. Its listeners are at `127.0.0.1:0`, its own first; a relative
    /// path in it starts from the folder of the node.
    pub(crate) fn start_with(configuration: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), format!("data_dir = \"data\"\n{configuration}")).unwrap();
        let mut server = Self { folder, node: None, listeners: Vec::new() };
        server.start_again();
        server
    }

    /// Starts the node again on what it left, on other ports.
    pub(crate) fn start_again(&mut self) {
        assert!(self.node.is_none(), "it runs");
        let configuration = std::fs::read_to_string(self.folder.path().join(FILE)).unwrap();
        let node =
            Node::start(process::command(self.folder.path(), &["serve", "--config", FILE, "--log-level", "warn"]));
        let listeners = (0..configuration.matches("[[listener]]").count()).map(|_| {
            let (name, url) = node.listening();
            (name, url.rsplit('/').next().unwrap().parse().unwrap())
        });
        self.listeners = listeners.collect();
        self.node = Some(node);
    }

    /// Ends the node in good order.
    pub(crate) fn stop(&mut self) {
        let node = self.node.take().unwrap();
        node.signal("TERM");
        assert_eq!(node.ended(), Some(0));
    }

    /// Ends the node at once, whatever it is doing.
    pub(crate) fn kill(&mut self) {
        let node = self.node.take().unwrap();
        node.signal("KILL");
        assert_eq!(node.ended(), None);
    }

    /// Where the node keeps everything: its configuration, and `data`.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The token of the first set-up, which the node printed.
    pub(crate) fn setup_token(&self) -> String {
        let page = self.node.as_ref().unwrap().line_with("/setup#");
        page.split_once('#').unwrap().1.trim().to_owned()
    }

    /// Where a listener is.
    pub(crate) fn address(&self, listener: &str) -> SocketAddr {
        self.listeners.iter().find(|(name, _)| name == listener).unwrap().1
    }

    /// Asks a listener.
    #[track_caller]
    pub(crate) fn ask(&self, listener: &str, request: &Request) -> Reply {
        let address = self.address(listener);
        exchange(address, &request.to_bytes(address))
    }

    /// Sends a listener exactly these bytes.
    #[track_caller]
    pub(crate) fn ask_bytes(&self, listener: &str, bytes: &[u8]) -> Reply {
        exchange(self.address(listener), bytes)
    }

    /// Asks the native API.
    #[track_caller]
    pub(crate) fn send(&self, request: &Request) -> Reply {
        let address = self.listeners[0].1;
        exchange(address, &request.to_bytes(address))
    }

    #[track_caller]
    pub(crate) fn get(&self, by: &As, path: &str) -> Reply {
        self.send(&Request::get(path).by(by))
    }

    #[track_caller]
    pub(crate) fn post(&self, by: &As, path: &str, body: &Value) -> Reply {
        self.send(&Request::post(path).by(by).json(body))
    }

    #[track_caller]
    pub(crate) fn patch(&self, by: &As, path: &str, body: &Value) -> Reply {
        self.send(&Request::new("PATCH", path).by(by).json(body))
    }

    #[track_caller]
    pub(crate) fn put(&self, by: &As, path: &str) -> Reply {
        self.send(&Request::new("PUT", path).by(by))
    }

    #[track_caller]
    pub(crate) fn delete(&self, by: &As, path: &str) -> Reply {
        self.send(&Request::new("DELETE", path).by(by))
    }
}

/// The configuration of a node, in its folder.
const FILE: &str = "keyward.toml";

/// Management apart from everything else, as the configuration demands where there is a dialect or a proxy.
const TWO_LISTENERS: &str = r#"
[server]
insecure_loopback = true

[[listener]]
name = "management"
address = "127.0.0.1:0"

[[listener]]
name = "api"
address = "127.0.0.1:0"

[[surface]]
name = "native"
listener = "management"

[[surface]]
name = "console"
listener = "management"

[[surface]]
name = "verify"
listener = "management"
"#;
