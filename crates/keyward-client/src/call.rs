//! One request, from its parts to its answer.

use std::fmt::{self, Display, Write as _};
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::ops::Deref;
use std::pin::Pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use keyward_api::operations::Method;
use keyward_api::{Operation, Page, Problem, SecretText, headers, limits};
use reqwest::header::{self, HeaderMap};
use reqwest::{RequestBuilder, Response, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::client::{Caller, Client, header_value};
use crate::error::{Error, Transport};

/// How often a request that could not be sent is tried again, if doing it twice would do no harm.
pub const MAX_RETRIES: u32 = 2;

/// A request that is ready to be sent. It does nothing until it is awaited.
#[must_use = "a call does nothing until it is awaited"]
pub struct Call<T> {
    client: Client,
    operation: &'static Operation,
    /// What it consists of, or why it cannot be made.
    parts: Result<Parts, Error>,
    answer: PhantomData<fn() -> T>,
}

struct Parts {
    url: Url,
    query: Vec<(String, String)>,
    headers: Vec<(&'static str, String)>,
    body: Option<Bytes>,
}

/// What was asked for, and what came with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer<T> {
    /// What was asked for.
    pub value: T,
    /// The HTTP status: 200, or 201 for what was created.
    pub status: u16,
    /// The revision at which this was true, or which the change made. Give it to another node as `at_least`.
    pub revision: Option<u64>,
    /// Names this state of the one record that was asked for: give it to [`Call::if_match`] when editing it.
    pub etag: Option<String>,
    /// The id of the request, by which the server's logs and its audit log know it.
    pub request: Option<String>,
}

impl<T> Answer<T> {
    /// What was asked for, alone.
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<T> Deref for Answer<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> Call<T> {
    pub(crate) fn new(client: &Client, operation: &'static Operation, arguments: &[&dyn Display]) -> Self {
        let url = url(&client.base, operation, arguments);
        let parts = url.map(|url| Parts { url, query: Vec::new(), headers: Vec::new(), body: None });
        Self { client: client.clone(), operation, parts, answer: PhantomData }
    }

    pub(crate) fn with_query<Q: Serialize>(mut self, query: &Q) -> Self {
        let pairs = pairs(query);
        self.parts = self.parts.and_then(|parts| Ok(Parts { query: pairs?, ..parts }));
        self
    }

    pub(crate) fn with_body<B: Serialize + ?Sized>(mut self, body: &B) -> Self {
        let body = serde_json::to_vec(body).map_err(|_| Error::Invalid("the request cannot be written".to_owned()));
        self.parts = self.parts.and_then(|parts| Ok(Parts { body: Some(body?.into()), ..parts }));
        self
    }

    /// Makes a creation safe to repeat: within 24 hours the same key, used by the same caller, creates nothing twice.
    /// A repetition answers the record without its secret.
    pub fn idempotency_key(self, key: impl Into<String>) -> Self {
        self.with_header(headers::IDEMPOTENCY_KEY, key.into())
    }

    /// Does it only if the record is still the one that `etag` names ([`Answer::etag`]); otherwise the problem is
    /// `stale_if_match`.
    pub fn if_match(self, etag: impl Into<String>) -> Self {
        self.with_header(header::IF_MATCH.as_str(), etag.into())
    }

    /// Reads the answer as another type, such as a JSON value that keeps what this version does not know.
    pub fn read_as<V>(self) -> Call<V> {
        Call { client: self.client, operation: self.operation, parts: self.parts, answer: PhantomData }
    }

    /// What it does.
    pub fn operation(&self) -> &'static Operation {
        self.operation
    }

    /// The same request as a line for a shell, which prints status, headers and body of its answer. It contains the
    /// credential of the caller.
    pub fn to_curl(&self) -> Result<SecretText, &Error> {
        let parts = self.parts.as_ref()?;
        let mut line = String::from("curl -sSi");
        if self.operation.method != Method::Get && !(self.operation.method == Method::Post && parts.body.is_some()) {
            let _ = write!(line, " -X {}", self.operation.method.as_str());
        }
        let _ = write!(line, " {}", quoted(parts.whole_url().as_str()));
        let mut header = |name: &str, value: &str| {
            let _ = write!(line, " \\\n  -H {}", quoted(&format!("{name}: {value}")));
        };
        match &*self.client.caller {
            Caller::Nobody => {}
            Caller::Bearer(token) => header("Authorization", &format!("Bearer {}", token.expose())),
            Caller::Header(name, secret) => header(name.as_str(), secret.expose()),
            Caller::Basic(id, secret) => {
                let _ = write!(line, " \\\n  -u {}", quoted(&format!("{id}:{}", secret.expose())));
            }
        }
        let mut header = |name: &str, value: &str| {
            let _ = write!(line, " \\\n  -H {}", quoted(&format!("{name}: {value}")));
        };
        if let Some(organization) = &self.client.organization {
            header("Keyward-Organization", &organization.to_string());
        }
        parts.headers.iter().for_each(|(name, value)| header(name, value));
        if let Some(body) = &parts.body {
            header("Content-Type", "application/json");
            let _ = write!(line, " \\\n  -d {}", quoted(&String::from_utf8_lossy(body)));
        }
        Ok(SecretText::new(line))
    }

    fn with_header(mut self, name: &'static str, value: String) -> Self {
        if let Ok(parts) = &mut self.parts {
            parts.headers.push((name, value));
        }
        self
    }

    /// Sends it and waits for the head of the answer.
    async fn respond(self) -> Result<(Client, Response), Error> {
        let parts = self.parts?;
        let tries = if may_repeat(self.operation, &parts) { 1 + MAX_RETRIES } else { 1 };
        let mut tried = 0;
        loop {
            let request = self.client.request(self.operation.method, &parts)?;
            tried += 1;
            match request.send().await {
                Ok(response) => return Ok((self.client, response)),
                Err(error) if error.is_connect() && tried < tries => tokio::time::sleep(PAUSE * tried * tried).await,
                Err(error) => return Err(self.client.transport(error)),
            }
        }
    }
}

impl<T: DeserializeOwned> Call<T> {
    /// Sends it and reads the answer; awaiting the call does the same.
    pub async fn send(self) -> Result<Answer<T>, Error> {
        let (client, response) = self.respond().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = body(&client, response).await?;
        if !status.is_success() {
            return Err(refusal(status.as_u16(), &body));
        }
        let value = serde_json::from_slice(&body).map_err(|error| unexpected(status.as_u16(), &error))?;
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok(Answer {
            value,
            status: status.as_u16(),
            revision: text(headers::REVISION).and_then(|revision| revision.parse().ok()),
            etag: text(header::ETAG.as_str()),
            request: text(headers::REQUEST_ID),
        })
    }
}

impl<T: DeserializeOwned> Call<Page<T>> {
    /// Reads page after page until the list ends or `at_most` items are there; then `next` of the answer says where it
    /// goes on.
    pub async fn all(self, at_most: usize) -> Result<Page<T>, Error> {
        let mut all = Page { items: Vec::new(), next: None };
        let Parts { url, mut query, headers, body } = self.parts?;
        query.retain(|(name, _)| name != "limit");
        while all.items.len() < at_most {
            let left = (at_most - all.items.len()).min(usize::from(limits::MAX_PAGE));
            let mut query = query.clone();
            query.push(("limit".to_owned(), left.to_string()));
            if let Some(cursor) = all.next.take() {
                query.retain(|(name, _)| name != "cursor");
                query.push(("cursor".to_owned(), cursor));
            }
            let parts = Parts { url: url.clone(), query, headers: headers.clone(), body: body.clone() };
            let (client, operation) = (self.client.clone(), self.operation);
            let page = Call::<Page<T>> { client, operation, parts: Ok(parts), answer: PhantomData }.send().await?;
            all.items.extend(page.value.items);
            all.next = page.value.next;
            if all.next.is_none() {
                break;
            }
        }
        Ok(all)
    }
}

impl Call<Export> {
    /// Sends it; the answer is then read piece by piece.
    pub async fn open(self) -> Result<Export, Error> {
        let (client, response) = self.respond().await?;
        let status = response.status();
        if status.is_success() {
            return Ok(Export { client, response });
        }
        Err(refusal(status.as_u16(), &body(&client, response).await?))
    }
}

impl<T: DeserializeOwned + 'static> IntoFuture for Call<T> {
    type Output = Result<Answer<T>, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// A long answer, one JSON object a line, as it arrives.
pub struct Export {
    client: Client,
    response: Response,
}

impl Export {
    /// The next piece; `None` at the end. Pieces do not end where lines end.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        self.response.chunk().await.map_err(|error| self.client.transport(error))
    }
}

impl fmt::Debug for Export {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Export")
    }
}

impl Client {
    fn request(&self, method: Method, parts: &Parts) -> Result<RequestBuilder, Error> {
        let method = match method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Patch => reqwest::Method::PATCH,
            Method::Delete => reqwest::Method::DELETE,
        };
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, header::HeaderValue::from_static(ACCEPT));
        match &*self.caller {
            Caller::Nobody | Caller::Basic(..) => {}
            Caller::Bearer(token) => {
                let value = SecretText::new(format!("Bearer {}", token.expose()));
                headers.insert(header::AUTHORIZATION, header_value(value.expose())?);
            }
            Caller::Header(name, secret) => {
                headers.insert(name.clone(), header_value(secret.expose())?);
            }
        }
        if let Some(organization) = &self.organization {
            headers.insert(headers::ORGANIZATION, header_value(&organization.to_string())?);
        }
        for (name, value) in &parts.headers {
            headers.insert(*name, header_value(value)?);
        }
        if parts.body.is_some() {
            headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
        }
        let mut request = self.http.request(method, parts.whole_url()).headers(headers);
        if let Caller::Basic(id, secret) = &*self.caller {
            request = request.basic_auth(id, Some(secret.expose()));
        }
        Ok(match &parts.body {
            Some(body) => request.body(body.clone()),
            None => request,
        })
    }

    fn transport(&self, error: reqwest::Error) -> Error {
        Error::Transport(Transport::new(self.base_url(), error))
    }
}

impl Parts {
    fn whole_url(&self) -> Url {
        let mut url = self.url.clone();
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        url
    }
}

/// Whether doing it twice does no harm: reading, setting, deleting, and creating under an idempotency key.
fn may_repeat(operation: &Operation, parts: &Parts) -> bool {
    let keyed = parts.headers.iter().any(|(name, _)| *name == headers::IDEMPOTENCY_KEY);
    keyed || !operation.changes || matches!(operation.method, Method::Get | Method::Put | Method::Delete)
}

/// The base with the operation's path, whose parameters are filled in, in order.
fn url(base: &Url, operation: &Operation, arguments: &[&dyn Display]) -> Result<Url, Error> {
    let mut url = base.clone();
    let mut arguments = arguments.iter();
    {
        let mut path = url.path_segments_mut().map_err(|()| Error::Invalid("the address has no path".to_owned()))?;
        path.pop_if_empty();
        for segment in operation.path.split('/').skip(1) {
            if !segment.starts_with('{') {
                path.push(segment);
                continue;
            }
            let argument = arguments.next().map(ToString::to_string).unwrap_or_default();
            // These would not stay a segment of their own.
            if matches!(argument.as_str(), "" | "." | "..") {
                return Err(Error::Invalid(format!("`{argument}` cannot stand for `{segment}`: give an identifier")));
            }
            path.push(&argument);
        }
    }
    Ok(url)
}

/// The fields of a query: texts, numbers and flags; those that are absent are left out.
fn pairs<Q: Serialize>(query: &Q) -> Result<Vec<(String, String)>, Error> {
    match serde_json::to_value(query) {
        Ok(serde_json::Value::Object(fields)) => Ok(fields
            .into_iter()
            .filter_map(|(name, value)| match value {
                serde_json::Value::Null => None,
                serde_json::Value::String(text) => Some((name, text)),
                other => Some((name, other.to_string())),
            })
            .collect()),
        _ => Err(Error::Invalid("the query cannot be written".to_owned())),
    }
}

async fn body(client: &Client, mut response: Response) -> Result<Bytes, Error> {
    let status = response.status().as_u16();
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| client.transport(error))? {
        if body.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err(Error::Unexpected { status, what: format!("more than {MAX_ANSWER_BYTES} bytes") });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn refusal(status: u16, body: &[u8]) -> Error {
    match serde_json::from_slice::<Problem>(body) {
        Ok(problem) => Error::Problem(Box::new(problem)),
        Err(_) => Error::Unexpected { status, what: "no problem details".to_owned() },
    }
}

fn unexpected(status: u16, error: &serde_json::Error) -> Error {
    // The parser's message may quote what it found.
    let what = if error.is_data() { "JSON of another shape" } else { "what is not JSON" };
    let place = format!("line {}, column {}", error.line(), error.column());
    Error::Unexpected { status, what: format!("{what} ({place})") }
}

/// As one word of a POSIX shell.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

const ACCEPT: &str = "application/json, application/problem+json, application/x-ndjson";
/// Between two tries: once, then four times this.
const PAUSE: Duration = Duration::from_millis(100);
/// The largest answer: a page stays below a megabyte, an export is not read whole.
const MAX_ANSWER_BYTES: usize = 32 * 1024 * 1024;
