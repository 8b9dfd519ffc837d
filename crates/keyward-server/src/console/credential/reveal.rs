//! Showing the secret again.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use keyward_core::kind::Reveal;

use super::act::Act;
use super::{Subject, refused};
use crate::app::App;
use crate::console::keys::issued::{self, Why};
use crate::console::page::Refused;
use crate::console::ui::Wrong;
use crate::ops::credentials;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/o/{organization}/credentials/{id}/reveal", get(open).post(submit))
}

async fn open(State(app): State<Arc<App>>, subject: Subject) -> Response {
    asking(&subject).answer(&app, StatusCode::OK)
}

async fn submit(State(app): State<Arc<App>>, subject: Subject) -> Result<Response, Refused> {
    match credentials::reveal(&app, subject.visit.ctx(), subject.credential().id).await {
        Ok(done) => Ok(issued::shown(&app, &subject.visit, &subject.page, &done, Why::Revealed, &subject.back())),
        Err(error) => {
            let (status, error) = refused(error)?;
            let subject = subject.again(&app).await?;
            Ok(Act { wrong: Wrong::of(&error, &[]), ..asking(&subject) }.answer(&app, status))
        }
    }
}

fn asking(subject: &Subject) -> Act<'_> {
    let once = (subject.kind.reveal == Reveal::Once).then(|| {
        format!(
            "The secret of this {} was shown once, when it was made: nobody can show it again.",
            subject.labels().singular
        )
    });
    Act { obstacle: once.or_else(|| subject.revoked()), ..Act::new(subject, &subject.labels().reveal, "/reveal") }
}
