//! The demo's server: its folder, its configuration, and the services behind it.

use std::fmt::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use keyward_server::config::{Environment, Flags, resolve, written};
use keyward_server::serve::{self, Serving};
use keyward_server::telemetry::log;

use super::upstream::Upstream;
use crate::commands::serve::Urls;
use crate::failure::Failure;

/// What a folder must be for the demo, and for how long it is there.
pub(super) enum Folder {
    /// Removed at the end.
    Temporary(tempfile::TempDir),
    /// Stays.
    Kept(PathBuf),
}

impl Folder {
    pub(super) fn choose(wanted: Option<PathBuf>) -> Result<Self, Failure> {
        let Some(folder) = wanted else {
            let made = tempfile::Builder::new().prefix("keyward-demo-").tempdir();
            return made
                .map(Folder::Temporary)
                .map_err(|e| Failure::local(format!("there is no temporary folder: {e}")));
        };
        match std::fs::read_dir(&folder).map(|mut entries| entries.next().is_none()) {
            Ok(false) => Err(Failure::Usage(format!(
                "`{}` is not empty, and the demo starts from nothing: name another folder, or `keyward serve` from it",
                folder.display()
            ))),
            Ok(true) | Err(_) => Ok(Folder::Kept(folder)),
        }
    }

    fn path(&self) -> String {
        match self {
            Folder::Temporary(folder) => folder.path().display().to_string(),
            Folder::Kept(folder) => folder.display().to_string(),
        }
    }
}

/// The server, for as long as it is there.
pub(super) struct Server {
    pub(super) serving: Serving,
    /// Where people and scripts manage.
    pub(super) url: String,
    /// Where the vendors' clients connect to, whatever host they name.
    pub(super) vendors: SocketAddr,
    /// Ends when this does.
    _upstream: Upstream,
}

impl Server {
    /// Serves from the folder. Neither a configuration file nor the environment is read: the demo is always the same.
    pub(super) async fn start(folder: &Folder, listen: Option<SocketAddr>) -> Result<Self, Failure> {
        let upstream = Upstream::start().await?;
        let management = listen.map_or_else(|| free_address(8080), |address| address.to_string());
        // Whoever names an address may start several demos, which must not be after the same second one.
        let vendors = if listen.is_some() { "127.0.0.1:0".to_owned() } else { free_address(8443) };
        let configured = configuration(&management, &vendors, upstream.address);
        let wrong = |problems: keyward_server::config::Problems| Failure::Usage(problems.to_string());
        let written = written(Path::new("demo"), &configured).map_err(wrong)?;
        let flags = Flags { data_dir: Some(folder.path()), log_level: Some("warn".to_owned()), ..Flags::default() };
        // Links that the server makes lead to it, where its port is known in advance.
        let known = Some(&management).filter(|address| !address.ends_with(":0"));
        let links = known.map(|address| ("KEYWARD_SERVER_PUBLIC_URL", format!("http://{address}")));
        let loaded = resolve(written, &flags, &Environment::from_pairs(links)).map_err(wrong)?;
        log::install(&loaded.config.log);
        let urls = Urls::of(&loaded.config);
        let serving = serve::serve(loaded.config).await?;
        let url = urls.people(&serving);
        let vendors = serving.addresses.iter().find(|(name, _)| &**name == VENDORS).map(|(_, address)| *address);
        let vendors = vendors.ok_or_else(|| Failure::local("the listener for the vendors' clients is not there"))?;
        Ok(Self { serving, url, vendors, _upstream: upstream })
    }
}

/// A usual port, unless somebody has it.
fn free_address(port: u16) -> String {
    let usual = format!("127.0.0.1:{port}");
    if TcpListener::bind(&usual).is_ok() { usual } else { "127.0.0.1:0".to_owned() }
}

/// Management on one listener, and on the other every vendor's host, with the vendor's dialect and the routes to what is
/// behind it.
fn configuration(management: &str, vendors: &str, upstream: SocketAddr) -> String {
    let mut text = format!(
        "[[listener]]\nname = \"management\"\naddress = \"{management}\"\n\n\
         [[listener]]\nname = \"{VENDORS}\"\naddress = \"{vendors}\"\ndevelopment_self_signed = true\n"
    );
    for surface in ["native", "console", "oauth", "verify", "gateways"] {
        let _ = write!(text, "\n[[surface]]\nname = \"{surface}\"\nlistener = \"management\"\n");
    }
    for (dialect, host) in HOSTS {
        for surface in [&format!("dialect:{dialect}"), "proxy"] {
            let _ = write!(text, "\n[[surface]]\nname = \"{surface}\"\nlistener = \"{VENDORS}\"\nhost = \"{host}\"\n");
        }
    }
    for Way { dialect, method, path, more } in WAYS {
        let hosts = HOSTS.iter().filter(|(of, _)| of == dialect);
        for (_, host) in hosts {
            let _ = write!(
                text,
                "\n[[route]]\npath = \"{path}\"\nmethods = [{method}]\nhost = \"{host}\"\ndialect = \"{dialect}\"\n\
                 upstream = \"http://{upstream}/{dialect}\"\n{more}\n"
            );
        }
    }
    text
}

/// The listener for the vendors' clients.
const VENDORS: &str = "vendors";

/// The hosts that the vendors' clients name.
const HOSTS: &[(&str, &str)] = &[
    ("gigantik", "api.gigantik.io"),
    ("gigya", "accounts.us1.gigya.com"),
    ("gigya", "socialize.us1.gigya.com"),
    ("gainsight", "acme.gainsightcloud.com"),
    ("gateway_hub", "myhub"),
    ("passport", "sandbox-api.invicara.com"),
];

/// A `[[route]]` at every host of a dialect.
struct Way {
    dialect: &'static str,
    /// As elements of a list.
    method: &'static str,
    path: &'static str,
    /// More lines.
    more: &'static str,
}

const fn way(dialect: &'static str, method: &'static str, path: &'static str, more: &'static str) -> Way {
    Way { dialect, method, path, more }
}

const WAYS: &[Way] = &[
    way("gigantik", r#""GET""#, "/content/articles", r#"permission = "content:read""#),
    way("gigantik", r#""POST""#, "/content/articles", r#"permission = "content:publish""#),
    way("gigantik", r#""POST""#, "/orders/refunds", r#"permission = "orders:refund""#),
    // The dialect derives the permission from the method that the path names.
    way("gigya", r#""GET", "POST""#, "/*", ""),
    way("gainsight", r#""GET""#, "/v1/meta/services/objects/list", r#"permission = "meta:read""#),
    way("gainsight", r#""POST""#, "/v1/eventManager/event", r#"permission = "events:write""#),
    way("gateway_hub", r#""GET""#, "/entities", r#"permission = "entities:read""#),
    way("gateway_hub", r#""PUT""#, "/security/settings", r#"permission = "security:edit""#),
    way("passport", r#""GET""#, "/filesvc/api/v1/files", "permission = \"files:read\"\nnamespace = \"query:nsfilter\""),
    way(
        "passport",
        r#""POST""#,
        "/filesvc/api/v1/files",
        "permission = \"files:create\"\nnamespace = \"query:nsfilter\"",
    ),
];
