//! One request on its way through: what it carries, whether it may, and what the upstream answers.

use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::Response;
use http::header::{CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, TRANSFER_ENCODING, UPGRADE};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderValue, Method, StatusCode, Uri};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::upgrade::OnUpgrade;
use keyward_api::error::ErrorCode;
use keyward_core::namespace::NamespaceId;

use super::body::{Answer, Held, Outgoing};
use super::headers;
use super::path::Path;
use super::routes::Way;
use super::standing::{Question, Standing};
use super::tunnel;
use crate::app::App;
use crate::config::NamespaceSource;
use crate::net::limits::{BodyFault, RequestLimits};
use crate::net::{Arrival, Line};
use crate::ops::admission::admit;
use crate::ops::context::{Caller, Ctx};
use crate::ops::error::OpError;
use crate::surfaces::dialect::{Arrived, Asked};
use crate::surfaces::form::{Form, InvalidForm, is_form};
use crate::surfaces::trouble::Trouble;
use crate::surfaces::visit::{tell, visit};

/// The answer to a request for `path`, which is `way`'s.
pub(super) async fn answer(
    app: &Arc<App>,
    way: &Way,
    limits: RequestLimits,
    path: &Path,
    request: Request,
) -> Response {
    let (mut head, body) = request.into_parts();
    let ctx = visit(app, &head);
    let mut parcel = Parcel::new(&head, body);
    // Dialects read what a path stands for: of all its spellings they see one. The upstream gets the client's.
    if let Some(uri) = respelled(path, head.uri.query()) {
        head.uri = uri;
    }
    let standing = match parcel.read(way, &head, limits.timeout).await {
        Ok(()) => admitted(app, way, &ctx, path, parcel.arrived(&head)).await,
        Err(trouble) => Err(trouble),
    };
    let standing = match standing {
        Ok(standing) => standing,
        Err(trouble) => {
            parcel.let_go(&head).await;
            return way.dialect.refuse(&ctx, Some(parcel.arrived(&head)), &trouble);
        }
    };
    let ctx = Ctx {
        organization: Some(standing.identity.organization),
        caller: Caller::Credential(standing.identity.clone()),
        ..ctx
    };
    tell(&head, &ctx);
    let Ok(place) = Arc::clone(&way.places).try_acquire_owned() else {
        let detail = "the server behind this route has as many requests as it may: retry";
        let busy = OpError::wait(ErrorCode::Unavailable, detail, Duration::from_secs(1));
        return way.dialect.refuse(&ctx, Some(parcel.arrived(&head)), &busy.into());
    };
    let held = Held { _place: place, _client: head.extensions.get::<Line>().map(Line::attend) };
    let told = without_headers(&head);
    let sent = send(way, &ctx, head, &mut parcel, standing, held).await;
    sent.unwrap_or_else(|trouble| way.dialect.refuse(&ctx, Some(parcel.arrived(&told)), &trouble))
}

/// What is read of a request where its dialect looks for credentials, and what goes on.
struct Parcel {
    /// As the client wrote it.
    target: PathAndQuery,
    /// Empty where the dialect reads no forms.
    query: Form,
    /// The body, where it is a form that the dialect reads.
    form: Option<Form>,
    body: Payload,
}

enum Payload {
    Stream(Body),
    Whole(Bytes),
}

impl Parcel {
    fn new(head: &Parts, body: Body) -> Self {
        let target = head.uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
        Self { target, query: Form::default(), form: None, body: Payload::Stream(body) }
    }

    /// Reads what has to be read before anything is decided.
    async fn read(&mut self, way: &Way, head: &Parts, patience: Duration) -> Result<(), Trouble> {
        if !way.dialect.reads_forms() {
            return Ok(());
        }
        self.query = Form::parse(self.target.query().unwrap_or_default().as_bytes())?;
        if head.headers.get_all(CONTENT_TYPE).iter().count() > 1 {
            return Err(Trouble::Invalid("Content-Type"));
        }
        if !is_form(&head.headers) {
            return Ok(());
        }
        if head.headers.contains_key(CONTENT_ENCODING) {
            return Err(InvalidForm::Encoding.into());
        }
        let bytes = match std::mem::replace(&mut self.body, Payload::Whole(Bytes::new())) {
            Payload::Stream(body) => whole(body, patience).await?,
            Payload::Whole(bytes) => bytes,
        };
        self.form = Some(Form::parse(&bytes)?);
        self.body = Payload::Whole(bytes);
        Ok(())
    }

    /// Reads what is on its way and for nobody: some clients of HTTP/2 take an answer that comes before they have sent
    /// everything for a failure. Only what is short, and without `Expect`, whose clients wait to be asked.
    async fn let_go(&mut self, head: &Parts) {
        let Payload::Stream(body) = &mut self.body else { return };
        let is_short = body.size_hint().upper().is_some_and(|length| length <= MAX_UNREAD_BYTES);
        if is_short && !head.headers.contains_key(EXPECT) {
            let rest = async { while let Some(Ok(_)) = body.frame().await {} };
            let _whole_or_not = tokio::time::timeout(UNREAD_PATIENCE, rest).await;
        }
    }

    fn arrived<'p>(&'p self, head: &'p Parts) -> Arrived<'p> {
        Arrived { head, query: &self.query, body: self.form.as_ref() }
    }

    /// Takes the credential out. What held none of it goes on byte by byte as it came. The target, and the body.
    fn strip(&mut self, way: &Way, head: &mut Parts) -> (String, Outgoing) {
        let count = |form: &Form| form.iter().count();
        let (in_query, in_form) = (count(&self.query), self.form.as_ref().map(count));
        way.dialect.strip(head, &mut self.query, self.form.as_mut());
        let target = match self.query.encoded() {
            _ if count(&self.query) == in_query => self.target.to_string(),
            query if query.is_empty() => self.target.path().to_owned(),
            query => format!("{}?{query}", self.target.path()),
        };
        let body = match (std::mem::replace(&mut self.body, Payload::Whole(Bytes::new())), &self.form) {
            (Payload::Whole(_), Some(form)) if Some(count(form)) != in_form => Outgoing::whole(form.encoded().into()),
            (Payload::Whole(bytes), _) => Outgoing::whole(bytes),
            (Payload::Stream(body), _) => Outgoing::stream(body),
        };
        (target, body)
    }
}

/// A form, whole.
async fn whole(body: Body, patience: Duration) -> Result<Bytes, BodyFault> {
    // What is announced as too large is not even asked for.
    if body.size_hint().lower() > MAX_FORM_BYTES as u64 {
        return Err(BodyFault::TooLarge);
    }
    match tokio::time::timeout(patience, Limited::new(body, MAX_FORM_BYTES).collect()).await {
        Err(_) => Err(BodyFault::TooSlow),
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(BodyFault::TooLarge),
        Ok(Err(_)) => Err(BodyFault::Broken),
    }
}

/// Who the request is from, if it may be made.
async fn admitted(
    app: &Arc<App>,
    way: &Way,
    ctx: &Ctx,
    path: &Path,
    arrived: Arrived<'_>,
) -> Result<Standing, Trouble> {
    let Asked { carried, permission, namespace } = way.dialect.read(app, ctx, arrived)?;
    let carried = carried.ok_or(Trouble::NoCredential)?;
    let permission = permission.or_else(|| way.route.permission.as_ref().map(ToString::to_string));
    if permission.is_none() && way.route.groups.is_empty() && way.dialect.derives_permissions() {
        // Nobody can say what this path asks for.
        return Err(Trouble::NotFound);
    }
    let namespace = match (namespace, way.route.namespace) {
        (None, Some(source)) => Some(named(source, way, path, arrived.head)?),
        (namespace, _) => namespace,
    };
    let groups = groups_of(app, way, &arrived.head.method, path);
    let question = Question { permission, namespace, groups, source: ctx.source, secure: ctx.secure };
    let groups = question.groups();
    let identity = admit(app, ctx, &carried, &question.request(&groups)).await?;
    Ok(Standing { app: Arc::clone(app), identity, question })
}

/// The API groups of the route, and those of the profiles of its dialect to which the path belongs.
fn groups_of(app: &App, way: &Way, method: &Method, path: &Path) -> Vec<String> {
    let mut groups: Vec<String> = way.route.groups.iter().map(|group| group.0.clone()).collect();
    let path = path.decoded();
    let index = app.index.snapshot();
    for (_, profile) in index.profiles().filter(|(_, profile)| profile.surface.dialect == way.dialect.name()) {
        for group in profile.groups_of_request(method.as_str(), &path) {
            if !groups.iter().any(|known| known == group) {
                groups.push(group.to_owned());
            }
        }
    }
    groups
}

/// The namespace that the request names where the route says.
fn named(source: NamespaceSource, way: &Way, path: &Path, head: &Parts) -> Result<NamespaceId, Trouble> {
    let query;
    let mut values: Vec<&str> = match source {
        NamespaceSource::Path(name) => way.route.path.captured(name, path.segments()).into_iter().collect(),
        NamespaceSource::Query(name) => {
            query = Form::parse(head.uri.query().unwrap_or_default().as_bytes())?;
            query.values(name).collect()
        }
        NamespaceSource::Header(name) => {
            let values = head.headers.get_all(name).iter().map(|value| value.to_str());
            values.collect::<Result<_, _>>().map_err(|_| Trouble::Invalid(source.name()))?
        }
    };
    match (values.pop(), values.is_empty()) {
        (None, _) => Err(Trouble::Missing(source.name())),
        (Some(only), true) => NamespaceId::from_str(only).map_err(|_| Trouble::Invalid(source.name())),
        // Which of them the upstream would read, nobody knows.
        (Some(_), false) => Err(Trouble::Invalid(source.name())),
    }
}

/// Sends the request on, without what is not for the upstream, and makes the answer out of what comes back.
async fn send(
    way: &Way,
    ctx: &Ctx,
    mut head: Parts,
    parcel: &mut Parcel,
    standing: Standing,
    held: Held,
) -> Result<Response, Trouble> {
    let (target, body) = parcel.strip(way, &mut head);
    let upgrade = wanted_upgrade(&mut head, &body);
    let arrival = head.extensions.get::<Arrival>().cloned();
    headers::outgoing(&mut head.headers, &way.upstream.host, arrival.as_ref(), ctx);
    if upgrade.is_some() {
        head.headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        head.headers.insert(UPGRADE, HeaderValue::from_static(WEBSOCKET));
    }
    frame(&mut head, &body);
    // A request without a namespace means the organization.
    let namespace = standing.question.namespace.unwrap_or(standing.identity.organization.into());
    headers::identify(&mut head.headers, &standing.identity, ctx, &namespace.to_string());
    head.uri = way.upstream.uri(&target).ok_or(Trouble::AmbiguousPath)?;
    let extensions = std::mem::take(&mut head.extensions);

    let mut ended = Box::pin(standing.ended());
    let response = tokio::select! {
        biased;
        denial = &mut ended => return Err(Trouble::Denied(denial)),
        response = way.upstream.send(head, body) => response?,
    };
    let idle = way.route.idle_timeout;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        let (client, line) = upgrade.zip(extensions.get::<Line>()).ok_or(Trouble::UpstreamDown)?;
        let (answer, upstream) = switched(response)?;
        line.then(async move {
            let _held = held;
            tunnel::run(client, upstream, ended, idle).await;
        });
        return Ok(answer);
    }
    let (mut head, body) = response.into_parts();
    headers::incoming(&mut head.headers);
    let mut answer = Response::new(Body::new(Answer::new(body, ended, idle, held)));
    (*answer.status_mut(), *answer.headers_mut()) = (head.status, head.headers);
    Ok(answer)
}

/// The client's side of a connection that it wants to become a WebSocket. Nothing else goes through: what another
/// protocol carries (HTTP/2 in the clear, for one) would be requests that nobody decides about.
fn wanted_upgrade(head: &mut Parts, body: &Outgoing) -> Option<OnUpgrade> {
    let wanted = head.method == Method::GET && body.is_end_stream() && headers::asks_for(&head.headers, WEBSOCKET);
    head.extensions.remove::<OnUpgrade>().filter(|_| wanted)
}

/// The answer that ends HTTP on the client's connection, if it is what the client asked for, and the upstream's side.
fn switched(mut response: http::Response<Incoming>) -> Result<(Response, OnUpgrade), Trouble> {
    if !headers::asks_for(response.headers(), WEBSOCKET) {
        return Err(Trouble::UpstreamDown);
    }
    let upstream = hyper::upgrade::on(&mut response);
    let (mut head, _) = response.into_parts();
    headers::incoming(&mut head.headers);
    head.headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    head.headers.insert(UPGRADE, HeaderValue::from_static(WEBSOCKET));
    let mut answer = Response::new(Body::empty());
    (*answer.status_mut(), *answer.headers_mut()) = (head.status, head.headers);
    Ok((answer, upstream))
}

/// Says where the body ends, in one way: by its length where that is known, else in chunks, whatever the method.
fn frame(head: &mut Parts, body: &Outgoing) {
    let usual = matches!(head.method, Method::POST | Method::PUT | Method::PATCH);
    match body.size_hint().exact() {
        Some(0) if !usual => {}
        Some(length) => drop(head.headers.insert(CONTENT_LENGTH, length.into())),
        None if body.is_end_stream() => {}
        None => drop(head.headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"))),
    }
}

/// What a refusal may still need of a request when its head has gone on.
fn without_headers(head: &Parts) -> Parts {
    let (mut told, ()) = http::Request::new(()).into_parts();
    (told.method, told.uri, told.extensions) = (head.method.clone(), head.uri.clone(), head.extensions.clone());
    told
}

fn respelled(path: &Path, query: Option<&str>) -> Option<Uri> {
    let path = path.canonical();
    let target = query.map_or_else(|| path.clone(), |query| format!("{path}?{query}"));
    PathAndQuery::try_from(target).ok().map(Uri::from)
}

const WEBSOCKET: &str = "websocket";
/// Bytes of a body that is read although its request is refused, and the time for them.
const MAX_UNREAD_BYTES: u64 = 64 * 1024;
const UNREAD_PATIENCE: Duration = Duration::from_secs(1);
/// Bytes of a form that is read for its credential.
const MAX_FORM_BYTES: usize = 1024 * 1024;
