//! The servers behind routes: pooled connections in HTTP/1.1, and how long they are waited for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::http::request::Parts;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderValue, Method, Request, Response, Uri, Version};
use hyper::body::{Body as _, Incoming};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use super::body::{Outgoing, Progress};
use crate::config::Route;
use crate::net::limits::BodyFault;
use crate::surfaces::trouble::Trouble;

/// The server behind one route.
pub(super) struct Upstream {
    client: Pool,
    scheme: Scheme,
    authority: Authority,
    /// What it is called in `Host`.
    pub(super) host: HeaderValue,
    base: String,
    timeout: Duration,
}

/// The clients of a node: one for each set of authorities that vouch for upstreams, and one for those without TLS.
#[derive(Default)]
pub(super) struct Upstreams(BTreeMap<Trusted, Pool>);

type Pool = Client<HttpsConnector<HttpConnector>, Outgoing>;

/// Who vouches for an upstream.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Trusted {
    /// Nobody: it has no certificate.
    Nobody,
    /// Whom the system trusts.
    System,
    /// The authorities of this file.
    File(PathBuf),
}

impl Upstreams {
    /// The server behind a route, or why it could not be spoken to.
    pub(super) fn open(&mut self, route: &Route) -> Result<Upstream, String> {
        let to = &route.upstream;
        let trusted = match (to.https, &route.upstream_ca) {
            (false, _) => Trusted::Nobody,
            (true, None) => Trusted::System,
            (true, Some(file)) => Trusted::File(file.clone()),
        };
        let client = match self.0.get(&trusted) {
            Some(client) => client.clone(),
            None => self.0.entry(trusted.clone()).or_insert(client(trusted.roots()?)?).clone(),
        };
        let invalid = || format!("`{}` is no authority", to.authority);
        Ok(Upstream {
            client,
            scheme: if to.https { Scheme::HTTPS } else { Scheme::HTTP },
            authority: to.authority.parse().map_err(|_| invalid())?,
            host: HeaderValue::from_str(&to.authority).map_err(|_| invalid())?,
            base: to.base.clone(),
            timeout: route.timeout,
        })
    }
}

impl Trusted {
    fn roots(&self) -> Result<RootCertStore, String> {
        match self {
            Trusted::Nobody => Ok(RootCertStore::empty()),
            Trusted::System => system_roots(),
            Trusted::File(file) => read_roots(file),
        }
    }
}

impl Upstream {
    /// Where a request for `target` goes: the same path and query, behind the base.
    pub(super) fn uri(&self, target: &str) -> Option<Uri> {
        let target = PathAndQuery::try_from(format!("{}{target}", self.base)).ok()?;
        let uri = Uri::builder().scheme(self.scheme.clone()).authority(self.authority.clone());
        uri.path_and_query(target).build().ok()
    }

    /// Sends a request and waits for the head of the answer. A request that changes nothing and has no body is sent once
    /// more when the connection broke before anything was answered: a kept connection may have been closed by the
    /// upstream at that moment.
    pub(super) async fn send(&self, mut head: Parts, body: Outgoing) -> Result<Response<Incoming>, Trouble> {
        head.version = Version::HTTP_11;
        let progress = body.progress();
        let again = (is_safe(&head.method) && body.is_end_stream()).then(|| head.clone());
        let first = self.client.request(Request::from_parts(head, body));
        let answer = async {
            match (first.await, again) {
                (Err(error), Some(head)) if !error.is_connect() => {
                    self.client.request(Request::from_parts(head, Outgoing::empty())).await
                }
                (answer, _) => answer,
            }
        };
        match self.in_time(answer, &progress).await? {
            Ok(answer) => Ok(answer),
            // Whether the client or the upstream broke off, its own body tells.
            Err(_) if progress.is_broken() => Err(Trouble::Body(BodyFault::Broken)),
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(upstream = %self.authority, %error, cause, "an upstream did not answer");
                Err(Trouble::UpstreamDown)
            }
        }
    }

    /// Waits as long as something of the request's body moves, and for the time of the route then.
    async fn in_time<T>(&self, answer: impl Future<Output = T>, progress: &Progress) -> Result<T, Trouble> {
        tokio::pin!(answer);
        loop {
            let seen = progress.moved();
            tokio::select! {
                answered = &mut answer => return Ok(answered),
                () = tokio::time::sleep(self.timeout) => {}
            }
            if progress.moved() != seen {
                continue;
            }
            if progress.waits_for_client() {
                return Err(Trouble::Body(BodyFault::TooSlow));
            }
            tracing::warn!(upstream = %self.authority, "an upstream took too long to answer");
            return Err(Trouble::UpstreamTimeout);
        }
    }
}

/// Methods that change nothing (RFC 9110 section 9.2.1), so that asking twice is asking once.
fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

fn client(roots: RootCertStore) -> Result<Pool, String> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
    let tls = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS is not available ({error})"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector =
        HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().wrap_connector(tcp);
    let client = Client::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(KEEP_ALIVE)
        .pool_max_idle_per_host(IDLE_CONNECTIONS)
        .set_host(false)
        .build(connector);
    Ok(client)
}

fn read_roots(file: &Path) -> Result<RootCertStore, String> {
    let unreadable = |why: String| format!("`{}` cannot be read ({why})", file.display());
    let certificates = CertificateDer::pem_file_iter(file).map_err(|e| unreadable(e.to_string()))?;
    let certificates: Vec<_> = certificates.collect::<Result<_, _>>().map_err(|e| unreadable(e.to_string()))?;
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(certificates);
    if added == 0 { Err(format!("`{}` has no certificate that can be used", file.display())) } else { Ok(roots) }
}

fn system_roots() -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if added == 0 { Err("this system has no authorities that vouch for certificates".to_owned()) } else { Ok(roots) }
}

/// How long a server may take to accept a connection: longer than any that is up.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a connection is kept for the next request: shorter than the servers that close the earliest commonly do.
const KEEP_ALIVE: Duration = Duration::from_secs(4);
/// Connections to one server that are kept.
const IDLE_CONNECTIONS: usize = 64;
