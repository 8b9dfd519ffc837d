//! The reverse proxy: keys in front of any API.
//!
//! A request's path is read once ([`path`]) and leads to one route ([`routes`]). Its dialect reads the credential, and
//! admission decides. Only then is the upstream asked ([`upstream`]): without the credential, with headers that say who
//! asks ([`headers`]), with bodies that stream both ways ([`body`]) and end when the credential does ([`standing`]).

mod body;
mod forward;
mod headers;
mod path;
mod pattern;
mod routes;
mod standing;
mod tunnel;
mod upstream;

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::Request;
use axum::response::Response;
use tower::Service;
use tower::service_fn;

use self::routes::Match;
use crate::app::App;
use crate::net::limits::RequestLimits;
use crate::surfaces::dialect::Dialect;
use crate::surfaces::gigya;
use crate::surfaces::trouble::Trouble;
use crate::surfaces::visit::visit;
use crate::telemetry::requests::Facts;

pub use path::{Ambiguous, Path};
pub use pattern::Pattern;
pub use routes::{Routes, check};

/// What answers at a place of dialects and proxied routes for every path that no router knows.
#[derive(Clone)]
pub struct Front {
    app: Arc<App>,
    limits: RequestLimits,
    /// The dialect that is mounted here, in whose words is said that there is no such path.
    pub dialect: Option<Dialect>,
    /// The routes of the proxy that answer here.
    pub routes: Routes,
}

impl Front {
    /// A place without anything.
    pub fn new(app: &Arc<App>, limits: RequestLimits) -> Self {
        Self { app: Arc::clone(app), limits, dialect: None, routes: Routes::default() }
    }

    /// As a service.
    pub fn service(
        self,
    ) -> impl Service<Request, Response = Response, Error = Infallible, Future: Send + 'static> + Clone + Send + Sync + 'static
    {
        let front = Arc::new(self);
        service_fn(move |request| {
            let front = Arc::clone(&front);
            // Boxed, because it is large and others are made of it.
            async move { Ok(Box::pin(front.answer(request)).await) }
        })
    }

    async fn answer(&self, request: Request) -> Response {
        if let Some(Dialect::Gigya(settings)) = &self.dialect
            && gigya::is_own(request.uri().path())
        {
            return Box::pin(gigya::answer(&self.app, settings, request)).await;
        }
        let Ok(path) = Path::read(request.uri().path()) else {
            let words = self.routes.words_for(request.uri().path());
            return self.refuse(words, request, &Trouble::AmbiguousPath);
        };
        match self.routes.find(request.method(), &path) {
            Match::Way(way) => {
                if let Some(facts) = request.extensions().get::<Facts>() {
                    facts.route(&way.template);
                }
                forward::answer(&self.app, way, self.limits, &path, request).await
            }
            Match::Method(way, methods) => self.refuse(Some(&way.dialect), request, &Trouble::Method(methods)),
            Match::Nowhere => self.refuse(None, request, &Trouble::NotFound),
        }
    }

    fn refuse(&self, words: Option<&Dialect>, request: Request, trouble: &Trouble) -> Response {
        let (head, _) = request.into_parts();
        let words = words.or(self.dialect.as_ref()).or(self.routes.words());
        words.unwrap_or(&Dialect::Native).refuse(&visit(&self.app, &head), None, trouble)
    }
}
