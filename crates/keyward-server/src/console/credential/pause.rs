//! Stopping a credential for a while, and letting it be used again.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use keyward_core::credential::State as Standing;

use super::act::Act;
use super::{Subject, refused};
use crate::app::App;
use crate::console::page::{self, Notice, Refused};
use crate::console::ui::Wrong;
use crate::ops::credentials;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/o/{organization}/credentials/{id}/disable", get(open_disable).post(disable))
        .route("/o/{organization}/credentials/{id}/enable", get(open_enable).post(enable))
}

async fn open_disable(State(app): State<Arc<App>>, subject: Subject) -> Response {
    disabling(&subject).answer(&app, StatusCode::OK)
}

async fn open_enable(State(app): State<Arc<App>>, subject: Subject) -> Response {
    enabling(&subject).answer(&app, StatusCode::OK)
}

async fn disable(State(app): State<Arc<App>>, subject: Subject) -> Result<Response, Refused> {
    match credentials::disable(&app, subject.visit.ctx(), subject.credential().id).await {
        Ok(done) => {
            let notice = Notice::proven(subject.words(&subject.labels().disable.done), &done.receipt);
            Ok(page::lead(&subject.visit.visitor, &subject.back(), Some(notice)))
        }
        Err(error) => {
            let (status, error) = refused(error)?;
            let subject = subject.again(&app).await?;
            Ok(Act { wrong: Wrong::of(&error, &[]), ..disabling(&subject) }.answer(&app, status))
        }
    }
}

async fn enable(State(app): State<Arc<App>>, subject: Subject) -> Result<Response, Refused> {
    match credentials::enable(&app, subject.visit.ctx(), subject.credential().id).await {
        Ok(done) => {
            let notice = Notice::proven(subject.words(&subject.labels().enable.done), &done.receipt);
            Ok(page::lead(&subject.visit.visitor, &subject.back(), Some(notice)))
        }
        Err(error) => {
            let (status, error) = refused(error)?;
            let subject = subject.again(&app).await?;
            Ok(Act { wrong: Wrong::of(&error, &[]), ..enabling(&subject) }.answer(&app, status))
        }
    }
}

fn disabling(subject: &Subject) -> Act<'_> {
    let already = match subject.credential().state {
        Standing::Disabled { at } => Some(format!("It was disabled {} already.", subject.when(at).relative)),
        _ => None,
    };
    let lately = subject.uses_since(subject.now().minus(super::LATELY));
    Act {
        obstacle: subject.revoked().or(already),
        uses: lately,
        uses_say: "It is still in use:",
        ..Act::new(subject, &subject.labels().disable, "/disable")
    }
}

fn enabling(subject: &Subject) -> Act<'_> {
    let already = match subject.credential().state {
        Standing::Active => Some("It is enabled already.".to_owned()),
        _ => None,
    };
    Act { obstacle: subject.revoked().or(already), ..Act::new(subject, &subject.labels().enable, "/enable") }
}
