//! Requests of the vendors' clients: what goes over the wire, and the same as a line for a shell.
//!
//! They name the vendors' own hosts. Nothing leaves this machine for that: every name leads to the demo's listener, here as
//! in the printed lines, whose `--connect-to` says so.

use std::fmt::Write as _;
use std::future::ready;
use std::net::SocketAddr;
use std::sync::Arc;

use form_urlencoded::Serializer;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, redirect};
use serde_json::Value;

use crate::failure::Failure;

/// The way to the listener for the vendors' clients.
#[derive(Clone)]
pub(super) struct Wire {
    client: reqwest::Client,
    listener: SocketAddr,
}

impl Wire {
    /// A way on which every host is this listener, whose certificate nobody vouches for.
    pub(super) fn to(listener: SocketAddr) -> Result<Self, Failure> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .dns_resolver(Arc::new(Here(listener)))
            .danger_accept_invalid_certs(true)
            .http1_only()
            .user_agent("keyward-demo")
            .build()
            .map_err(|error| Failure::local(format!("there is no client for the vendors' hosts: {error}")))?;
        Ok(Self { client, listener })
    }

    /// A request that reads.
    pub(super) fn get(&self, url: impl Into<String>) -> Request {
        self.request(Method::GET, url.into())
    }

    /// A request that does something.
    pub(super) fn post(&self, url: impl Into<String>) -> Request {
        self.request(Method::POST, url.into())
    }

    /// A request that replaces something.
    pub(super) fn put(&self, url: impl Into<String>) -> Request {
        self.request(Method::PUT, url.into())
    }

    fn request(&self, method: Method, url: String) -> Request {
        Request { wire: self.clone(), method, url, basic: None, headers: Vec::new(), body: Body::Nothing }
    }
}

/// Every name is one address.
struct Here(SocketAddr);

impl Resolve for Here {
    fn resolve(&self, _: Name) -> Resolving {
        let here: Addrs = Box::new(std::iter::once(self.0));
        Box::pin(ready(Ok(here)))
    }
}

/// A request as a vendor's client makes it.
pub(super) struct Request {
    wire: Wire,
    method: Method,
    url: String,
    basic: Option<(String, String)>,
    headers: Vec<(&'static str, String)>,
    body: Body,
}

enum Body {
    Nothing,
    Form(Vec<(String, String)>),
    Json(Value),
}

impl Request {
    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn bearer(self, token: &str) -> Self {
        self.header("Authorization", format!("Bearer {token}"))
    }

    pub(super) fn basic(self, id: &str, secret: &str) -> Self {
        Self { basic: Some((id.to_owned(), secret.to_owned())), ..self }
    }

    pub(super) fn form(self, fields: &[(&str, &str)]) -> Self {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { body: Body::Form(fields), ..self }
    }

    pub(super) fn json(self, body: Value) -> Self {
        Self { body: Body::Json(body), ..self }
    }

    /// The same request as a line for a shell, which prints status, headers and body of its answer.
    pub(super) fn to_curl(&self) -> String {
        let mut line = format!("curl -sSi --insecure --connect-to ::{}", self.wire.listener);
        let implied = match &self.body {
            Body::Nothing => Method::GET,
            Body::Form(_) | Body::Json(_) => Method::POST,
        };
        // A refusal may come before such a body was read, which not every version of curl takes well in HTTP/2.
        if matches!(self.body, Body::Json(_)) {
            line.push_str(" --http1.1");
        }
        if self.method != implied {
            let _ = write!(line, " -X {}", self.method);
        }
        let _ = write!(line, " {}", quoted(&self.url));
        let mut option = |name: &str, value: &str| {
            let _ = write!(line, " \\\n  {name} {}", quoted(value));
        };
        if let Some((id, secret)) = &self.basic {
            option("-u", &format!("{id}:{secret}"));
        }
        for (name, value) in &self.headers {
            option("-H", &format!("{name}: {value}"));
        }
        match &self.body {
            Body::Nothing => {}
            Body::Form(fields) => {
                for (name, value) in fields {
                    option("--data-urlencode", &format!("{name}={value}"));
                }
            }
            Body::Json(body) => {
                option("-H", "Content-Type: application/json");
                option("-d", &body.to_string());
            }
        }
        line
    }

    /// Sends it, and reads the status and the JSON of its answer.
    pub(super) async fn send(self) -> Result<(u16, Value), Failure> {
        let Self { wire, method, url, basic, headers, body } = self;
        let mut request = wire.client.request(method, &url);
        if let Some((id, secret)) = basic {
            request = request.basic_auth(id, Some(secret));
        }
        for (name, value) in headers {
            request = request.header(name, value);
        }
        request = match body {
            Body::Nothing => request,
            Body::Form(fields) => {
                let form = Serializer::new(String::new()).extend_pairs(fields).finish();
                request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form)
            }
            Body::Json(body) => request.header(CONTENT_TYPE, "application/json").body(body.to_string()),
        };
        let failed = |error: reqwest::Error| Failure::local(format!("{url}: {error}"));
        let answer = request.send().await.map_err(failed)?;
        let status = answer.status().as_u16();
        let body = answer.bytes().await.map_err(failed)?;
        let body = serde_json::from_slice(&body);
        Ok((status, body.map_err(|error| Failure::local(format!("{url} answers what is not JSON: {error}")))?))
    }
}

/// As one word of a POSIX shell.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn wire() -> Wire {
        keyward_server::net::tls::install_provider();
        Wire::to(SocketAddr::from(([127, 0, 0, 1], 8443))).unwrap()
    }

    #[test]
    fn a_request_is_printed_as_it_is_typed() {
        let form = [("apiKey", "3_k"), ("query", "select UID from accounts where a = 'b'")];
        let line = wire().post("https://accounts.us1.gigya.com/accounts.search").form(&form).to_curl();
        let expected = r"curl -sSi --insecure --connect-to ::127.0.0.1:8443 https://accounts.us1.gigya.com/accounts.search \
  --data-urlencode apiKey=3_k \
  --data-urlencode 'query=select UID from accounts where a = '\''b'\'''";
        assert_eq!(line, expected);
        let line = wire().get("https://x/?a=b&c=d").header("Accesskey", "k").to_curl();
        assert!(line.ends_with(" 'https://x/?a=b&c=d' \\\n  -H 'Accesskey: k'"), "{line}");
        assert!(wire().post("https://x/").basic("i", "s").to_curl().ends_with(" -X POST https://x/ \\\n  -u i:s"));
        let line = wire().put("https://x/").json(json!({ "a": 1 })).to_curl();
        assert!(line.contains(" --http1.1 -X PUT https://x/ \\\n") && line.ends_with(r#" -d '{"a":1}'"#), "{line}");
    }
}
