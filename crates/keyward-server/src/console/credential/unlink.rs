//! Giving up an imported credential: it stays where it was made.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use keyward_core::namespace::NamespaceId;

use super::act::Act;
use super::{Subject, refused};
use crate::app::App;
use crate::console::page::{self, Notice, Refused};
use crate::console::ui::Wrong;
use crate::ops::credentials;
use crate::ops::error::OpError;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/o/{organization}/credentials/{id}/unlink", get(open).post(submit))
}

async fn open(State(app): State<Arc<App>>, subject: Subject) -> Result<Response, Refused> {
    importer(&subject)?;
    Ok(asking(&subject).answer(&app, StatusCode::OK))
}

async fn submit(State(app): State<Arc<App>>, subject: Subject) -> Result<Response, Refused> {
    let from = importer(&subject)?;
    match credentials::unlink(&app, subject.visit.ctx(), subject.credential().id, from).await {
        Ok(done) => {
            let notice = Notice::proven(subject.words(&subject.labels().unlink.done), &done.receipt);
            Ok(page::lead(&subject.visit.visitor, &subject.back_to_list(), Some(notice)))
        }
        Err(error) => {
            let (status, error) = refused(error)?;
            Ok(Act { wrong: Wrong::of(&error, &[]), ..asking(&subject) }.answer(&app, status))
        }
    }
}

/// The application that is meant, which must have imported it.
fn importer(subject: &Subject) -> Result<NamespaceId, OpError> {
    let named = subject.seen_in.filter(|namespace| subject.held.imported_by.contains(namespace));
    named.ok_or_else(|| OpError::not_found("imported credential"))
}

fn asking(subject: &Subject) -> Act<'_> {
    Act { danger: true, back: subject.back_to_list(), ..Act::new(subject, &subject.labels().unlink, "/unlink") }
}
