//! Requests as a test wants them on the wire, to the byte, and answers whole.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// Who asks.
#[derive(Debug, Clone)]
pub(crate) enum As {
    Anonymous,
    /// `Authorization: Bearer …`: a session, a key of one string, or an access token.
    Bearer(String),
    /// `Authorization: Basic …`: an id and a secret, as they are.
    Basic(String, String),
}

/// A request. Nothing in it is corrected: a header that is given twice is sent twice.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    /// A request for a target: a path with its query, or a whole URL (which goes on the request line as it stands).
    pub(crate) fn new(method: &str, target: &str) -> Self {
        Self { method: method.to_owned(), target: target.to_owned(), headers: Vec::new(), body: Vec::new() }
    }

    pub(crate) fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    pub(crate) fn post(target: &str) -> Self {
        Self::new("POST", target)
    }

    /// One more header. `Host` replaces the one that names the address.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn by(self, caller: &As) -> Self {
        match caller {
            As::Anonymous => self,
            As::Bearer(token) => self.header("authorization", &format!("Bearer {token}")),
            As::Basic(id, secret) => {
                let pair = STANDARD.encode(format!("{id}:{secret}"));
                self.header("authorization", &format!("Basic {pair}"))
            }
        }
    }

    /// As a proxy in front would pass on what came over https. It counts with `server.insecure_loopback`.
    pub(crate) fn over_https(self) -> Self {
        self.header("x-forwarded-proto", "https")
    }

    pub(crate) fn body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("content-type", content_type)
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    pub(crate) fn form(self, fields: &[(&str, &str)]) -> Self {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.body("application/x-www-form-urlencoded", body)
    }

    /// What goes over the wire to an address. `Host` and `Content-Length` are added where they are missing.
    pub(crate) fn to_bytes(&self, address: SocketAddr) -> Vec<u8> {
        let Self { method, target, headers, body } = self;
        let has = |wanted: &str| headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted));
        let mut head = format!("{method} {target} HTTP/1.1\r\n");
        if !has("host") {
            let _ = write!(head, "host: {address}\r\n");
        }
        if !has("content-length") && !has("transfer-encoding") && (method != "GET" || !body.is_empty()) {
            let _ = write!(head, "content-length: {}\r\n", body.len());
        }
        for (name, value) in headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        let mut bytes = (head + "connection: close\r\n\r\n").into_bytes();
        bytes.extend_from_slice(body);
        bytes
    }
}

/// An answer, whole.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    /// The body as it came.
    pub(crate) text: String,
    /// The body as JSON; null if it is none.
    pub(crate) body: Value,
}

impl Reply {
    /// The reply, which must have this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// The reply, which must be this problem of the native API.
    #[track_caller]
    pub(crate) fn problem(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self.body["code"].as_str()), (status, Some(code)), "{}", self.text);
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.text);
        self
    }

    /// The text at a JSON Pointer.
    #[track_caller]
    pub(crate) fn id(&self, pointer: &str) -> String {
        let found = self.body.pointer(pointer).and_then(Value::as_str);
        found.unwrap_or_else(|| panic!("no text at `{pointer}` of {}", self.text)).to_owned()
    }

    /// The first header of a name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

/// Sends bytes to an address and reads the one answer.
#[track_caller]
pub(crate) fn exchange(address: SocketAddr, bytes: &[u8]) -> Reply {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // A server that refuses the head may close before it has read the body.
    let _ = stream.write_all(bytes);
    let Message { first, headers, body } = Message::read(&mut BufReader::new(stream), true).unwrap();
    let status = first.split(' ').nth(1).unwrap().parse().unwrap();
    let text = String::from_utf8(body).unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Reply { status, headers, text, body }
}

/// The first header of a name.
pub(crate) fn header<'a>(headers: &'a [(String, String)], wanted: &str) -> Option<&'a str> {
    headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.as_str())
}

/// A request or an answer of HTTP/1.1.
pub(super) struct Message {
    /// The request line or the status line.
    pub(super) first: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Message {
    /// Reads the next one; there is none when the other side closed. A body without a length goes on `to_the_end` of
    /// the connection in answers, and is empty in requests.
    pub(super) fn read(stream: &mut impl BufRead, to_the_end: bool) -> Option<Self> {
        let first = line(stream)?;
        let mut headers = Vec::new();
        while let Some((name, value)) = line(stream)?.split_once(':') {
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
        let mut body = Vec::new();
        if header(&headers, "transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
            while let size @ 1.. = usize::from_str_radix(&line(stream)?, 16).ok()? {
                body.resize(body.len() + size, 0);
                let from = body.len() - size;
                stream.read_exact(&mut body[from..]).ok()?;
                line(stream)?;
            }
            line(stream)?;
        } else if let Some(length) = header(&headers, "content-length") {
            body.resize(length.parse().ok()?, 0);
            stream.read_exact(&mut body).ok()?;
        } else if to_the_end {
            stream.read_to_end(&mut body).ok()?;
        }
        Some(Self { first, headers, body })
    }
}

/// A line without its end.
fn line(stream: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    let count = stream.read_line(&mut line).ok()?;
    (count > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned())
}

/// A server that says nothing for so long is broken; a slow machine is not.
const PATIENCE: Duration = Duration::from_mins(1);
