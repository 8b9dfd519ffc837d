//! From a request to its answer: the gate, the site, the hot endpoints, the router.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::service::Service;
use metrics::Counter;
use tower::ServiceExt as _;

use super::body::Body;
use super::forwarded::{Trust, client_address, over_https};
use super::hosts::{NotHere, Sites};
use super::line::Line;
use super::request::{Arrival, BadRequest, Peer, host_of, normalise, strip_prefix};
use super::watch::{InFlight, Watch};
use crate::telemetry::metrics::HTTP_REQUESTS;

/// What is mounted at one place of a listener.
#[derive(Clone, Default)]
pub struct Site {
    /// Asked first, before the router: the endpoints whose cost is the product (verification and gateway checks).
    pub hot: Option<Hot>,
    /// Everything else.
    pub router: Router,
}

/// The endpoints in front of a router. Called on the request's way, so it must not block.
pub type Hot = Arc<dyn Fn(Request<Incoming>) -> Answer + Send + Sync>;

/// What the endpoints in front of a router say to a request.
pub enum Answer {
    /// Answered from memory.
    Now(Response<Body>),
    /// Answered after something was awaited, such as the request's body.
    Later(Pin<Box<dyn Future<Output = Response<Body>> + Send>>),
    /// Not theirs: the router's.
    Pass(Request<Incoming>),
}

/// What all connections of a listener share.
pub(super) struct Listening {
    pub(super) name: Arc<str>,
    pub(super) trust: Trust,
    pub(super) sites: Sites<Site>,
    pub(super) answered: Answered,
}

/// One connection's service.
pub(super) struct Serving {
    pub(super) listening: Arc<Listening>,
    pub(super) peer: Arc<Peer>,
    pub(super) watch: Arc<Watch>,
    /// None in HTTP/2.
    pub(super) line: Option<Line>,
}

impl Service<Request<Incoming>> for Serving {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Serve;

    fn call(&self, request: Request<Incoming>) -> Serve {
        let step = match self.dispatch(request) {
            Ok(step) => step,
            Err(refused) => Step::Now(Some(*refused)),
        };
        Serve { step, in_flight: Some(self.watch.begin()), listening: Arc::clone(&self.listening) }
    }
}

impl Serving {
    fn dispatch(&self, mut request: Request<Incoming>) -> Result<Step, Box<Response<Body>>> {
        normalise(&mut request).map_err(bad_request)?;
        let host = host_of(&request).unwrap_or_default();
        let (site, prefix) = self.listening.sites.find(host, request.uri().path()).map_err(not_here)?;
        let (peer, trust) = (self.peer.address.ip(), &self.listening.trust);
        let arrival = Arrival {
            client: client_address(peer, request.headers(), trust),
            https: over_https(self.peer.tls, peer, request.headers(), trust),
            peer: Arc::clone(&self.peer),
            prefix: prefix.shared(),
        };
        strip_prefix(&mut request, prefix.as_str());
        request.extensions_mut().insert(arrival);
        let mut request = match &site.hot {
            None => request,
            Some(hot) => match hot(request) {
                Answer::Pass(request) => request,
                Answer::Now(response) => return Ok(Step::Now(Some(response))),
                Answer::Later(future) => return Ok(Step::Later(future)),
            },
        };
        if let Some(line) = &self.line {
            request.extensions_mut().insert(line.clone());
        }
        let routed = site.router.clone().oneshot(request);
        Ok(Step::Later(Box::pin(async move {
            match routed.await {
                Ok(response) => response.map(Body::from),
                Err(never) => match never {},
            }
        })))
    }
}

/// An answer on its way.
pub(super) struct Serve {
    step: Step,
    in_flight: Option<InFlight>,
    listening: Arc<Listening>,
}

/// An answer at hand is not boxed, so that it costs no allocation.
enum Step {
    Now(Option<Response<Body>>),
    Later(Pin<Box<dyn Future<Output = Response<Body>> + Send>>),
}

impl Future for Serve {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let response = match &mut self.step {
            Step::Now(response) => match response.take() {
                Some(response) => response,
                // Asked again after it was answered, which nobody does.
                None => return Poll::Pending,
            },
            Step::Later(future) => match future.as_mut().poll(cx) {
                Poll::Ready(response) => response,
                Poll::Pending => return Poll::Pending,
            },
        };
        self.listening.answered.count(response.status());
        Poll::Ready(Ok(match self.in_flight.take() {
            Some(in_flight) => response.map(|body| body.with(in_flight)),
            None => response,
        }))
    }
}

/// One counter for each class of status, found once.
pub(super) struct Answered([Counter; 5]);

impl Answered {
    pub(super) fn new(listener: &str) -> Self {
        Self(["1xx", "2xx", "3xx", "4xx", "5xx"].map(|class| HTTP_REQUESTS.counter(&[listener, class])))
    }

    fn count(&self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).clamp(1, 5) - 1;
        self.0[class].increment(1);
    }
}

fn bad_request(why: BadRequest) -> Box<Response<Body>> {
    Box::new(refusal(StatusCode::BAD_REQUEST, why.sentence()))
}

fn not_here(why: NotHere) -> Box<Response<Body>> {
    Box::new(match why {
        NotHere::Host => refusal(
            StatusCode::MISDIRECTED_REQUEST,
            "nothing is served here for this host: name it in `host` of a `[[surface]]`\n",
        ),
        NotHere::Path => refusal(StatusCode::NOT_FOUND, "not found\n"),
    })
}

/// Plain text, because before a site is known nobody knows whose error format would be right.
fn refusal(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
