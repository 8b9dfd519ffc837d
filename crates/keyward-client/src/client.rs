//! Where the server is, who asks, and the connections to it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use keyward_api::SecretText;
use keyward_api::id::OrganizationId;
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Certificate, Url, redirect, retry};

use crate::error::Error;

/// A server and who asks it. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) base: Url,
    pub(crate) caller: Arc<Caller>,
    pub(crate) organization: Option<OrganizationId>,
}

/// How the client says who asks.
pub(crate) enum Caller {
    Nobody,
    Bearer(SecretText),
    Basic(String, SecretText),
    Header(HeaderName, SecretText),
}

impl Client {
    /// Begins to make a client of the server at `base_url`: scheme, host, port and, if the API is mounted below one, a
    /// path.
    pub fn builder(base_url: &str) -> Builder {
        Builder {
            base_url: base_url.to_owned(),
            caller: Ok(Caller::Nobody),
            organization: None,
            certificates: Vec::new(),
            user_agent: USER_AGENT.to_owned(),
            timeout: TIMEOUT,
            #[cfg(test)]
            resolver: None,
        }
    }

    /// The address of the server, without a slash at its end.
    pub fn base_url(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// The same server for another caller, who sends `token` as `Authorization: Bearer`.
    #[must_use]
    pub fn with_token(&self, token: SecretText) -> Self {
        Self { caller: Arc::new(Caller::Bearer(token)), ..self.clone() }
    }

    /// The same server for another caller, a credential of two parts, sent as `Authorization: Basic`.
    #[must_use]
    pub fn with_basic(&self, id: impl Into<String>, secret: SecretText) -> Self {
        Self { caller: Arc::new(Caller::Basic(id.into(), secret)), ..self.clone() }
    }

    /// The same server for another caller, whose credential travels in the header `name`, such as `X-API-Key`.
    pub fn with_header(&self, name: &str, secret: SecretText) -> Result<Self, Error> {
        Ok(Self { caller: Arc::new(Caller::Header(header_name(name)?, secret)), ..self.clone() })
    }

    /// The same server for nobody in particular.
    #[must_use]
    pub fn anonymous(&self) -> Self {
        Self { caller: Arc::new(Caller::Nobody), organization: None, ..self.clone() }
    }

    /// The same server and caller, for what is done in `organization`. Users who are members of several have to say so;
    /// credentials imply their own.
    #[must_use]
    pub fn with_organization(&self, organization: OrganizationId) -> Self {
        Self { organization: Some(organization), ..self.clone() }
    }
}

impl fmt::Debug for Client {
    /// The server alone: who asks is a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}

/// Makes a [`Client`].
pub struct Builder {
    base_url: String,
    caller: Result<Caller, Error>,
    organization: Option<OrganizationId>,
    certificates: Vec<u8>,
    user_agent: String,
    timeout: Duration,
    #[cfg(test)]
    pub(crate) resolver: Option<crate::tests::NoHost>,
}

impl Builder {
    /// Sends `token`, of a session or a credential, as `Authorization: Bearer`.
    #[must_use]
    pub fn token(self, token: SecretText) -> Self {
        Self { caller: Ok(Caller::Bearer(token)), ..self }
    }

    /// Sends a credential of two parts as `Authorization: Basic`.
    #[must_use]
    pub fn basic(self, id: impl Into<String>, secret: SecretText) -> Self {
        Self { caller: Ok(Caller::Basic(id.into(), secret)), ..self }
    }

    /// Sends a credential in the header `name`, such as `X-API-Key`.
    #[must_use]
    pub fn header(self, name: &str, secret: SecretText) -> Self {
        Self { caller: header_name(name).map(|name| Caller::Header(name, secret)), ..self }
    }

    /// Names the organization in which everything is done. Users who are members of several have to.
    #[must_use]
    pub fn organization(self, organization: OrganizationId) -> Self {
        Self { organization: Some(organization), ..self }
    }

    /// Trusts the certificates of `pem` (one or more, in PEM) besides those of the system.
    #[must_use]
    pub fn trust(self, pem: &[u8]) -> Self {
        Self { certificates: pem.to_vec(), ..self }
    }

    /// What the client calls itself; sessions are listed with it.
    #[must_use]
    pub fn user_agent(self, user_agent: impl Into<String>) -> Self {
        Self { user_agent: user_agent.into(), ..self }
    }

    /// How long a call may take, from connecting to the end of its answer; a minute if nothing is said. The server
    /// answers within its own time, 30 seconds by default.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// The client.
    pub fn build(self) -> Result<Client, Error> {
        let base = base(&self.base_url)?;
        // The server side may have done it already: a process has one.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let builder = reqwest::Client::builder()
            .user_agent(self.user_agent)
            .connect_timeout(CONNECT_TIMEOUT.min(self.timeout))
            .timeout(self.timeout)
            // The API has no redirects, and a credential must not follow one.
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false);
        let builder = if base.scheme() == "http" {
            // Without TLS nothing is verified, so the system's certificates need not be there.
            builder.tls_certs_only([])
        } else {
            builder.tls_certs_merge(certificates(&self.certificates)?)
        };
        #[cfg(test)]
        let builder = match self.resolver {
            Some(resolver) => builder.dns_resolver(resolver),
            None => builder,
        };
        let http = builder.build().map_err(|error| {
            Error::Invalid(format!("the connections cannot be prepared ({error}): check the system's certificates"))
        })?;
        Ok(Client { http, base, caller: Arc::new(self.caller?), organization: self.organization })
    }
}

fn base(text: &str) -> Result<Url, Error> {
    let invalid = |what: &str| Error::Invalid(format!("`{text}` {what}: write `https://HOST` or `http://HOST:PORT`"));
    let url = Url::parse(text).map_err(|_| invalid("is not the address of a server"))?;
    match url.scheme() {
        "http" | "https" => {}
        _ => return Err(invalid("is not an address of http or https")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Error::Invalid(
            "the address of the server holds a password: give it to the client instead".to_owned(),
        ));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(invalid("has a query or a fragment"));
    }
    Ok(url)
}

fn certificates(pem: &[u8]) -> Result<Vec<Certificate>, Error> {
    if pem.is_empty() {
        return Ok(Vec::new());
    }
    match Certificate::from_pem_bundle(pem) {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(Error::Invalid("there is no certificate in the file: give one or more in PEM".to_owned())),
    }
}

fn header_name(name: &str) -> Result<HeaderName, Error> {
    name.parse().map_err(|_| Error::Invalid(format!("`{name}` is not the name of a header")))
}

pub(crate) fn header_value(text: &str) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| Error::Invalid("what is to stand in a header has line breaks or control characters".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

const USER_AGENT: &str = concat!("keyward-client/", env!("CARGO_PKG_VERSION"));
/// Twice what a server takes that answers at all.
const TIMEOUT: Duration = Duration::from_mins(1);
/// A host that is there answers a handshake at once; three lost packets fit into it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
