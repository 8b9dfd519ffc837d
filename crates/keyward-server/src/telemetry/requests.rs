//! One wide event per request, and the request's id.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::middleware::{self, Next};
use axum::response::Response;
use http::HeaderValue;
use keyward_core::id::{CredentialId, OrganizationId, RequestId, UserId};

use super::metrics::{self, HTTP_REQUEST_DURATION, PROXIED_REQUEST_DURATION};
use crate::clock::{self, Stopwatch};
use crate::entropy::OsEntropy;
use crate::net::Arrival;

/// The answer's header that names the request, for support and for the audit log.
pub const REQUEST_ID: &str = "keyward-request-id";

/// Who made a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallerKind {
    /// Nobody that could be told.
    Anonymous,
    /// A signed-in person.
    Session,
    /// A machine with a credential.
    Credential,
    /// The node itself.
    System,
}

impl CallerKind {
    /// The word in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Session => "session",
            Self::Credential => "credential",
            Self::System => "system",
        }
    }
}

/// What is learnt about a request while it is answered. An extension of every request that [`observe`] saw; each fact
/// is kept the first time it is told.
#[derive(Clone, Debug)]
pub struct Facts(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    id: RequestId,
    caller: OnceLock<CallerKind>,
    operation: OnceLock<&'static str>,
    route: OnceLock<Arc<str>>,
    organization: OnceLock<OrganizationId>,
    credential: OnceLock<CredentialId>,
    user: OnceLock<UserId>,
}

impl Facts {
    /// Nothing known yet but the name of the request.
    pub fn new(id: RequestId) -> Self {
        Self(Arc::new(Inner {
            id,
            caller: OnceLock::new(),
            operation: OnceLock::new(),
            route: OnceLock::new(),
            organization: OnceLock::new(),
            credential: OnceLock::new(),
            user: OnceLock::new(),
        }))
    }

    /// The name of the request. Always made here; what a client sends under any name is not believed.
    pub fn id(&self) -> RequestId {
        self.0.id
    }

    /// Who makes the request.
    pub fn caller(&self, kind: CallerKind) {
        let _first_wins = self.0.caller.set(kind);
    }

    /// The operation's id, such as `credentials.revoke`.
    pub fn operation(&self, id: &'static str) {
        let _first_wins = self.0.operation.set(id);
    }

    /// The route it took, where that is not a router's: the pattern of its path.
    pub fn route(&self, template: &Arc<str>) {
        let _first_wins = self.0.route.set(Arc::clone(template));
    }

    /// The organization it is about.
    pub fn organization(&self, id: OrganizationId) {
        let _first_wins = self.0.organization.set(id);
    }

    /// The credential that made the request.
    pub fn credential(&self, id: CredentialId) {
        let _first_wins = self.0.credential.set(id);
    }

    /// The person who made the request.
    pub fn user(&self, id: UserId) {
        let _first_wins = self.0.user.set(id);
    }
}

/// Gives every request of `router` its [`Facts`], logs one event when it is answered, and counts the time.
///
/// To be applied last, so that it is outermost, and after all routes were added.
pub fn observe(router: Router) -> Router {
    router.layer(middleware::from_fn(one_event))
}

async fn one_event(mut request: Request, next: Next) -> Response {
    let watch = Stopwatch::start();
    let facts = Facts::new(RequestId::new(clock::now(), &mut OsEntropy));
    request.extensions_mut().insert(facts.clone());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let arrival = request.extensions().get::<Arrival>().cloned();

    let mut response = next.run(request).await;

    let elapsed = watch.elapsed();
    let status = response.status();
    let listener = arrival.as_ref().map_or("", |a| &*a.peer.listener);
    HTTP_REQUEST_DURATION.histogram(&[listener, metrics::class(status)]).record(elapsed.as_secs_f64());
    let inner = &*facts.0;
    let proxied = inner.route.get().map(|route| &**route);
    if let Some(route) = proxied {
        PROXIED_REQUEST_DURATION.histogram(&[route, metrics::class(status)]).record(elapsed.as_secs_f64());
    }
    // Absent by design: path, query, headers, body, and the client's address. An unmatched path may hold anything.
    tracing::info!(
        request.id = %inner.id,
        listener,
        method = if STANDARD.contains(&method) { method.as_str() } else { "other" },
        route = route.as_ref().map(MatchedPath::as_str).or(proxied).unwrap_or("unmatched"),
        status = status.as_u16(),
        duration_ms = elapsed.as_secs_f64() * 1e3,
        caller = inner.caller.get().map(|kind| kind.as_str()),
        operation = inner.operation.get(),
        organization.id = inner.organization.get().map(tracing::field::display),
        credential.id = inner.credential.get().map(tracing::field::display),
        user.id = inner.user.get().map(tracing::field::display),
        "request"
    );
    if let Ok(id) = HeaderValue::try_from(inner.id.to_string()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// A method is a word of the client's choice; only these are repeated.
const STANDARD: [http::Method; 7] = [
    http::Method::GET,
    http::Method::HEAD,
    http::Method::POST,
    http::Method::PUT,
    http::Method::PATCH,
    http::Method::DELETE,
    http::Method::OPTIONS,
];

#[cfg(test)]
pub(crate) mod tests {
    use std::io::{self, Write};
    use std::sync::Mutex;

    use axum::body::Body;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;
    use crate::config::{Log, LogFormat, LogLevel};
    use crate::telemetry::log::subscriber;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The answer, and the log line.
    pub(crate) async fn ask(router: Router, method: &str, target: &str) -> (Response, String) {
        let lines = Lines::default();
        let writer = lines.clone();
        let log = Log { format: LogFormat::Json, level: LogLevel::Info };
        let _guard = tracing::subscriber::set_default(subscriber(&log, move || writer.clone()));
        let request = http::Request::builder()
            .method(method)
            .uri(target)
            .header("authorization", "Bearer s3cret-header")
            .body(Body::from("s3cret-body"))
            .unwrap();
        let response = observe(router).oneshot(request).await.unwrap();
        (response, String::from_utf8(lines.0.lock().unwrap().clone()).unwrap())
    }

    #[tokio::test]
    async fn one_event_says_what_happened_and_nothing_that_was_sent() {
        let organization: OrganizationId = "org_00000000000000000000000001".parse().unwrap();
        let handler = move |request: Request| async move {
            let facts = request.extensions().get::<Facts>().unwrap();
            facts.caller(CallerKind::Credential);
            facts.operation("credentials.get");
            facts.operation("credentials.list");
            facts.organization(organization);
            "s3cret-answer"
        };
        let router = Router::new().route("/v1/credentials/{id}", get(handler));
        let (response, text) = ask(router, "GET", "/v1/credentials/s3cret-path?s3cret-query=1").await;

        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(!text.contains("s3cret"), "{text}");
        let event: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(event["route"], "/v1/credentials/{id}");
        assert_eq!((&event["method"], &event["status"]), (&"GET".into(), &200.into()));
        assert_eq!((&event["caller"], &event["operation"]), (&"credential".into(), &"credentials.get".into()));
        assert_eq!(event["organization.id"], organization.to_string());
        assert_eq!(event["request.id"], response.headers()[REQUEST_ID].to_str().unwrap());
        assert!(event["duration_ms"].is_number() && event.get("user.id").is_none(), "{text}");
    }

    #[tokio::test]
    async fn a_proxied_request_is_told_by_the_pattern_of_its_route() {
        let handler = async |request: Request| {
            let template: Arc<str> = "/v1/{app}/*".into();
            request.extensions().get::<Facts>().unwrap().route(&template);
        };
        let (_, text) = ask(Router::new().fallback(handler), "GET", "/v1/s3cret/x?s3cret").await;
        let event: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(event["route"], "/v1/{app}/*");
        assert!(!text.contains("s3cret"), "{text}");
    }

    #[tokio::test]
    async fn what_matches_no_route_and_a_method_of_the_clients_own_are_not_repeated() {
        let (response, text) = ask(Router::new(), "S3CRET", "/s3cret").await;
        assert_eq!(response.status(), http::StatusCode::NOT_FOUND);
        let event: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&event["route"], &event["method"]), (&"unmatched".into(), &"other".into()));
        assert!(!text.to_lowercase().contains("s3cret"), "{text}");
    }
}
