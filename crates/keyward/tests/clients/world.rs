//! A node that speaks TLS with a certificate of its operator's, and a service behind it.

use std::net::SocketAddr;
use std::path::PathBuf;

use keyward_core::id::ApplicationId;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Key, Person, Received, Server, Upstream};

/// The node, its first person, and the service.
pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) owner: Person,
    pub(crate) upstream: Upstream,
    /// The authority that vouches for the node, in PEM.
    pub(crate) authority: PathBuf,
    _certificates: TempDir,
}

impl World {
    /// A node whose organization is on a profile. Its listener `api` answers with a surface, and with routes to the
    /// service: whole `[[route]]` tables without `listener` and `upstream`.
    pub(crate) fn start(profile: &str, surface: &str, routes: &[&str]) -> Self {
        let upstream = Upstream::start();
        let certificates = tempfile::tempdir().unwrap();
        let authority = certificates.path().join("authority.pem");
        let file = |name: &str| certificates.path().join(name).display().to_string();
        let (certificate, key) = (file("node.pem"), file("node.key"));
        let tls = format!("tls.certificate = \"{certificate}\"\ntls.key = \"{key}\"\n");
        let surfaces = [surface, "proxy"]
            .map(|surface| format!("[[surface]]\nname = \"{surface}\"\nlistener = \"api\"\nhost = \"*\"\n"));
        let routes = routes
            .iter()
            .map(|route| format!("[[route]]\nlistener = \"api\"\nupstream = \"{}\"\n{route}\n", upstream.url()));
        let configuration: String = [LISTENERS.to_owned(), tls].into_iter().chain(surfaces).chain(routes).collect();
        certify(&certificates);
        let server = Server::start_with(&configuration);
        let owner = server.set_up(&[profile]);
        Self { server, owner, upstream, authority, _certificates: certificates }
    }

    /// A credential of the owner's.
    #[track_caller]
    pub(crate) fn create(&self, body: &Value) -> Key {
        self.server.create(&self.owner.caller, body)
    }

    /// Ends a credential for ever.
    #[track_caller]
    pub(crate) fn revoke(&self, key: &Key) {
        self.server.revoke(&self.owner.caller, &key.id);
    }

    /// Where clients reach the node.
    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address("api")
    }

    /// The URL of a path at the node.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://{}{path}", self.address())
    }

    /// The one request that reached the service since this was asked last. It names the credential, and holds nothing of
    /// what the client showed.
    #[track_caller]
    pub(crate) fn passed_on(&self, key: &Key) -> Received {
        let received = self.upstream.received();
        let [one] = &received[..] else { panic!("{} requests reached the service", received.len()) };
        assert_eq!(one.header("x-keyward-credential"), Some(&*key.id), "{one:?}");
        assert_eq!(one.header("authorization"), None, "{one:?}");
        assert!(!format!("{one:?}{}", String::from_utf8_lossy(&one.body)).contains(key.secret()), "{one:?}");
        one.clone()
    }

    /// That nothing reached the service since somebody asked last.
    #[track_caller]
    pub(crate) fn passed_nothing_on(&self) {
        assert_eq!(self.upstream.received().len(), 0);
    }
}

/// The UUID inside the id of an application.
pub(crate) fn uuid(application: &str) -> String {
    let hex = format!("{:032x}", application.parse::<ApplicationId>().unwrap().bits());
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// An OAuth client of Keyward's own profile that may read items.
pub(crate) fn reading_client() -> Value {
    json!({ "kind": "keyward/oauth", "name": "Reader", "roles": [{ "role": "Viewer" }] })
}

/// Writes an authority, and a certificate that it made for the names by which clients call the node.
fn certify(folder: &TempDir) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.distinguished_name.push(DnType::CommonName, "Authority of the tests");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut node = CertificateParams::new(["127.0.0.1", GIGYA].map(str::to_owned).to_vec()).unwrap();
    node.use_authority_key_identifier_extension = true;
    let node = node.signed_by(&key, &authority).unwrap();
    let files = [("authority.pem", authority.pem()), ("node.pem", node.pem()), ("node.key", key.serialize_pem())];
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
}

/// The host that the vendor's clients call.
pub(crate) const GIGYA: &str = "accounts.us1.gigya.com";

/// Management apart, over plain HTTP. What follows is the certificate of the last listener.
const LISTENERS: &str = r#"
[[surface]]
name = "native"
listener = "management"

[[surface]]
name = "verify"
listener = "management"

[[listener]]
name = "management"
address = "127.0.0.1:0"

[[listener]]
name = "api"
address = "127.0.0.1:0"
"#;
