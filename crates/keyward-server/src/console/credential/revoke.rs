//! Ending a credential for ever.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use keyward_core::credential::RevokeReason;

use super::act::Act;
use super::{LATELY, Subject, refused};
use crate::app::App;
use crate::console::gate::Fields;
use crate::console::page::{self, Notice, Refused};
use crate::console::ui::Wrong;
use crate::console::why;
use crate::ops::credentials::{self, Revoked};
use crate::ops::receipts::Done;

/// So many other places or credentials that would be hit make it worth typing the name.
const MANY: usize = 3;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/o/{organization}/credentials/{id}/revoke", get(open).post(submit))
}

async fn open(State(app): State<Arc<App>>, subject: Subject) -> Result<Response, Refused> {
    Ok(asking(&app, &subject, RevokeReason::Requested).await?.answer(&app, StatusCode::OK))
}

async fn submit(State(app): State<Arc<App>>, subject: Subject, fields: Fields) -> Result<Response, Refused> {
    let (typed, descendants, reason) = (fields.text("typed"), fields.ticked("descendants"), why::given(&fields));
    let asked = asking(&app, &subject, reason).await?;
    if asked.typed.is_some() && asked.obstacle.is_none() && !is_confirmed(typed, subject.credential().name.as_str()) {
        let mut wrong = Wrong::default();
        wrong.add("typed", "this is not its name: nothing was revoked");
        let again = Act { wrong, typed: Some(typed.to_owned()), with_descendants: descendants, ..asked };
        return Ok(again.answer(&app, StatusCode::UNPROCESSABLE_ENTITY));
    }
    drop(asked);
    let ctx = subject.visit.ctx();
    match credentials::revoke(&app, ctx, subject.credential().id, reason, descendants).await {
        Ok(done) => Ok(page::lead(&subject.visit.visitor, &subject.back_to_list(), Some(told(&subject, &done)))),
        Err(error) => {
            let (status, error) = refused(error)?;
            let subject = subject.again(&app).await?;
            let asked = asking(&app, &subject, reason).await?;
            Ok(Act { wrong: Wrong::of(&error, &[]), with_descendants: descendants, ..asked }.answer(&app, status))
        }
    }
}

async fn asking<'a>(app: &App, subject: &'a Subject, reason: RevokeReason) -> Result<Act<'a>, Refused> {
    let importers = subject.held.imported_by.len();
    let descendants = credentials::descendants(app, subject.visit.ctx(), subject.credential().id).await?.len();
    let imported = match importers {
        0 => None,
        1 => Some("One other application uses it. It stops there too.".to_owned()),
        many => Some(format!("{many} other applications use it. It stops there too.")),
    };
    Ok(Act {
        danger: true,
        obstacle: subject.revoked(),
        warnings: imported.into_iter().collect(),
        uses: subject.uses_since(subject.now().minus(LATELY)),
        uses_say: "It is in use:",
        whys: why::offered(reason),
        descendants,
        typed: (importers + descendants >= MANY).then(String::new),
        ..Act::new(subject, &subject.labels().revoke, "/revoke")
    })
}

fn is_confirmed(typed: &str, name: &str) -> bool {
    typed.trim() == name
}

/// What was done, in the words of the kind.
fn told(subject: &Subject, done: &Done<Revoked>) -> Notice {
    let also = match done.value.descendants.len() {
        0 => String::new(),
        1 => " So was the credential that it had made.".to_owned(),
        many => format!(" So were the {many} credentials that it had made."),
    };
    Notice::proven(subject.words(&subject.labels().revoke.done) + &also, &done.receipt)
}
