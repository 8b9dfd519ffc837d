//! The reverse proxy: keys in front of any API.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::Request;
use axum::response::Response;
use tower::Service;
use tower::service_fn;

use crate::app::App;
use crate::net::limits::RequestLimits;
use crate::surfaces::dialect::Dialect;
use crate::surfaces::gigya;
use crate::surfaces::trouble::Trouble;
use crate::surfaces::visit::visit;

/// What answers at a place of dialects and proxied routes for every path that no router knows.
#[derive(Clone)]
pub struct Front {
    app: Arc<App>,
    limits: RequestLimits,
    /// In whose words is said that there is no such path.
    pub dialect: Dialect,
    /// Whether the routes of the proxy answer here.
    pub proxied: bool,
}

impl Front {
    /// A place without anything.
    pub fn new(app: &Arc<App>, limits: RequestLimits) -> Self {
        Self { app: Arc::clone(app), limits, dialect: Dialect::Native, proxied: false }
    }

    /// As a service.
    pub fn service(
        self,
    ) -> impl Service<Request, Response = Response, Error = Infallible, Future: Send + 'static> + Clone + Send + Sync + 'static
    {
        service_fn(move |request| {
            let front = self.clone();
            async move { Ok(front.answer(request).await) }
        })
    }

    async fn answer(&self, request: Request) -> Response {
        if let Dialect::Gigya(settings) = &self.dialect
            && gigya::is_own(request.uri().path())
        {
            return gigya::answer(&self.app, settings, request).await;
        }
        let (head, _) = request.into_parts();
        self.dialect.refuse(&visit(&self.app, &head), None, &Trouble::NotFound)
    }
}
