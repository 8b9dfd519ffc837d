//! Every setting, declared once. The comments here are what `keyward.example.toml` and the reference say.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use std::{fs, io};

use ipnet::IpNet;
use zeroize::Zeroizing;

use super::env::KeyringText;
use super::routes::Route;
use super::table::section;
use super::value::{Bytes, DatabaseUrl, LogFormat, LogLevel, Name, PublicUrl};
use super::written::Origin;
use crate::net::forwarded::Trust;
use crate::net::hosts::{HostPattern, Mount, Prefix};
use crate::net::limits::{ConnectionLimits, RequestLimits};
use crate::net::tls::CertificateSource;
use crate::net::{self, Surface};

section! {
    /// Where this node keeps what it writes, and what it reads besides this file.
    [""]
    pub(super) struct Root {
        /// The folder for the database of SQLite and for the key ring. It is made when it does not exist.
        data_dir: PathBuf = "keyward-data";
        /// A folder with profiles of your own (`*.toml`), besides the built-in ones.
        profiles: Option<PathBuf> = "";
    }
}

section! {
    /// Where the truth is kept.
    ["database"]
    pub struct Database {
        /// `sqlite://FILE` for one node (a relative file lies in `data_dir`), or `postgres://USER@HOST/DATABASE` for
        /// several. In this file it holds no password; see `password_file`.
        url: DatabaseUrl = "sqlite://keyward.db";
        /// A file that holds the password of the PostgreSQL user, and nothing else.
        password_file: Option<PathBuf> = "";
        /// Connections to the database that this node opens at most.
        connections: u32 = "16", "2" to "1000";
    }
}

section! {
    /// The keys that protect what the database holds. They are never in the database.
    ["keyring"]
    pub struct Keyring {
        /// The key ring file (a relative one lies in `data_dir`); only its owner may read it. The variable
        /// `KEYWARD_KEYRING` can hold the key ring's text instead.
        file: PathBuf = "keyring";
    }
}

section! {
    /// How clients reach this node.
    ["server"]
    pub struct Server {
        /// The address under which people and clients reach the console and the API. Its host is one of the node's own
        /// hosts; links, cookies and token metadata are made from it.
        public_url: Option<PublicUrl> = "";
        /// The proxies in front of this node, as addresses or ranges. Their `X-Forwarded-For` and `X-Forwarded-Proto`
        /// are believed; everybody else's are not. `Forwarded` is never read.
        trusted_proxies: Vec<IpNet> = "";
        /// For development: clients on the loopback interface are believed, too, when they send
        /// `X-Forwarded-Proto: https`.
        insecure_loopback: bool = "false";
    }
}

section! {
    /// What clients may take of this node's time and memory.
    ["limits"]
    pub struct Limits {
        /// Open connections of one listener. One more is answered 503 and closed.
        connections: u32 = "10000", "1" to "1000000";
        /// Time for a TLS handshake, and for the head of a request once its first byte has come.
        header_timeout: Duration = "10s", "100ms" to "5m";
        /// Time that a connection may stay open between requests, and that an answer may lie unread. Longer than the
        /// same time of proxies in front, so that they and not this node close what both want to use.
        idle_timeout: Duration = "75s", "100ms" to "1h";
        /// Time to answer a request, its body's arrival included. Does not hold for proxied routes.
        request_timeout: Duration = "30s", "100ms" to "10m";
        /// Bytes of a request's body. Does not hold for proxied routes.
        body: Bytes = "64KiB", "1KiB" to "16MiB";
        /// Time for requests in flight to finish when the node stops.
        drain: Duration = "20s", "0s" to "10m";
    }
}

section! {
    /// Where this node listens. Without any there is one, called `management`, on 127.0.0.1:8080.
    ["listener"]
    pub struct Listener {
        /// What `[[surface]]` calls it.
        name: Name = "";
        /// The IP address and port.
        address: SocketAddr = "";
        /// The PEM file of the certificate, followed by what leads up to its root. A changed file is used within half a
        /// minute, or at once on SIGHUP; open connections stay.
        certificate as "tls.certificate": Option<PathBuf> = "";
        /// The PEM file of the private key.
        key as "tls.key": Option<PathBuf> = "";
        /// For development: TLS with a certificate for `localhost` that is made at each start.
        development_self_signed: bool = "false";
    }
}

section! {
    /// Which surface answers where. Without any, `native`, `console`, `oauth`, `verify` and `gateways` answer on the
    /// first listener. `native` and `console` share listener and host with neither `proxy` nor a dialect.
    ["surface"]
    pub struct Mounted {
        /// What answers: `native` (management API), `console`, `oauth`, `verify`, `gateways`, `proxy` (the proxied
        /// routes) or `dialect:NAME` (a vendor's wire format).
        name as "name": Surface = "";
        /// The name of a listener. May be left out when there is only one.
        listener: Option<Name> = "";
        /// For which host, without port; `*` for every host. Left out: for the node's own hosts, which are IP addresses,
        /// `localhost` and the host of `server.public_url`. A request for a host that is served nowhere is answered 421.
        host: Option<HostPattern> = "";
        /// Under which path.
        prefix: Option<Prefix> = "";
    }
}

section! {
    /// How current a node's knowledge must be for it to decide. This is how long a revoked credential may live on a
    /// node that has lost the database, and the longest time a revocation waits for other nodes.
    ["freshness"]
    pub struct Freshness {
        /// A node that has not heard from the database for longer denies everything, with 503.
        bound: Duration = "5s", "1s" to "1h";
        /// How often a node asks the database for changes when nothing wakes it earlier.
        poll: Duration = "500ms", "10ms" to "10m";
        /// Answer from old knowledge for so long beyond the bound instead of denying. Revoked credentials then live
        /// that much longer on a node that has lost the database.
        serve_stale: Option<Duration> = "", "1s" to "1d";
    }
}

section! {
    /// What is logged, to standard error.
    ["log"]
    pub struct Log {
        /// `text` for people, `json` for machines.
        format: LogFormat = "text";
        /// From which level on: `error`, `warn`, `info` (one line for each request), `debug` or `trace`.
        level: LogLevel = "info";
    }
}

section! {
    /// What is counted.
    ["metrics"]
    pub struct Metrics {
        /// Whether `GET /metrics` answers, where the management API does.
        enabled: bool = "true";
    }
}

section! {
    /// How long people stay signed in to the console.
    ["sessions"]
    pub struct Sessions {
        /// Time without a request after which a session ends.
        idle: Duration = "30m", "1m" to "30d";
        /// Time after which a session ends in any case.
        absolute: Duration = "12h", "5m" to "90d";
    }
}

section! {
    /// Checking passwords is slow on purpose; this is how much of it happens at once.
    ["passwords"]
    pub struct Passwords {
        /// Passwords that are checked at the same time; each takes a core and 19 MiB of memory.
        workers: u32 = "2", "1" to "64";
        /// Passwords that may wait to be checked. One more is answered 503.
        queue: u32 = "64", "1" to "10000";
    }
}

/// A node's configuration, complete and checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The folder for the database of SQLite and for the key ring, from the working directory or absolute.
    pub data_dir: PathBuf,
    /// A folder with profiles of the operator's own.
    pub profiles: Option<PathBuf>,
    /// `[database]`. The file of a `sqlite://` URL lies in [`Config::data_dir`] unless it is absolute: see
    /// [`Config::sqlite_file`].
    pub database: Database,
    /// `[keyring]`; the file is complete with its folder.
    pub keyring: Keyring,
    /// The text of the key ring, if the environment has it.
    pub keyring_text: Option<KeyringText>,
    /// `[server]`.
    pub server: Server,
    /// `[limits]`.
    pub limits: Limits,
    /// `[[listener]]`, at least one.
    pub listeners: Vec<Listener>,
    /// `[[surface]]`, each on a listener that exists, without overlaps.
    pub mounts: Vec<Mount>,
    /// `[[route]]`, each where `proxy` is mounted, and where it was written. Whether they fit the profiles is for
    /// [`crate::proxy::check`] to say.
    pub routes: Vec<(Route, Origin)>,
    /// `[freshness]`.
    pub freshness: Freshness,
    /// `[log]`.
    pub log: Log,
    /// `[metrics]`.
    pub metrics: Metrics,
    /// `[sessions]`.
    pub sessions: Sessions,
    /// `[passwords]`.
    pub passwords: Passwords,
}

impl Config {
    /// The URL of the database, with the password of `database.password_file` if there is one. Reads that file.
    pub fn database_url(&self) -> io::Result<DatabaseUrl> {
        let Some(file) = &self.database.password_file else { return Ok(self.database.url.clone()) };
        let password = Zeroizing::new(fs::read_to_string(file)?);
        Ok(self.database.url.with_password(password.trim_end_matches(['\r', '\n'])))
    }

    /// What the listeners have in common.
    pub fn network(&self) -> net::Settings {
        let limits = ConnectionLimits {
            connections: self.limits.connections as usize,
            header_timeout: self.limits.header_timeout,
            idle_timeout: self.limits.idle_timeout,
            drain: self.limits.drain,
        };
        let trust = Trust {
            proxies: self.server.trusted_proxies.clone(),
            loopback_may_claim_https: self.server.insecure_loopback,
        };
        net::Settings { limits, trust }
    }

    /// What a request may take, outside proxied routes.
    pub fn request_limits(&self) -> RequestLimits {
        RequestLimits { timeout: self.limits.request_timeout, body: self.limits.body.0 }
    }

    /// The host of `server.public_url`.
    pub fn public_host(&self) -> Option<&str> {
        self.server.public_url.as_ref().map(PublicUrl::host)
    }

    /// The file of the database, when it is one of SQLite.
    pub fn sqlite_file(&self) -> Option<PathBuf> {
        // Joining an absolute path yields that path.
        self.database.url.sqlite_file().map(|file| self.data_dir.join(file))
    }
}

impl Listener {
    /// Where its certificate comes from, if it does TLS.
    pub fn certificate_source(&self) -> Option<CertificateSource> {
        match (&self.certificate, &self.key) {
            (Some(certificate), Some(key)) => {
                Some(CertificateSource::Files { certificate: certificate.clone(), key: key.clone() })
            }
            _ => self.development_self_signed.then_some(CertificateSource::SelfSigned),
        }
    }
}
