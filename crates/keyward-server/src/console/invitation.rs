//! Accepting an invitation. Its token stands behind the `#` of the link, which no server and no log ever sees: a script
//! puts it into the form, or whoever was invited does.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use http::StatusCode;
use keyward_api::error::ErrorCode;
use keyward_api::limits::MIN_PASSWORD_CHARS;
use keyward_core::name::Name;

use super::gate::{Fields, Open};
use super::page;
use super::sign_in::{self, Carried};
use super::ui::{self, When, Wrong};
use crate::app::App;
use crate::ops::context::Ctx;
use crate::ops::error::OpError;
use crate::ops::sessions::{self, SignIn, Step};
use crate::ops::users::{self, Accept, Accepted, Offer};

#[derive(Template)]
#[template(path = "console/invitation/open.html")]
struct OpenPage {
    wrong: Wrong,
}

#[derive(Template)]
#[template(path = "console/invitation/accept.html")]
struct AcceptPage<'a> {
    offer: &'a Offer,
    lapses: When,
    token: &'a str,
    name: &'a str,
    with_code: bool,
    shortest_password: usize,
    wrong: Wrong,
}

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/invitation", get(empty).post(open)).route("/invitation/accept", post(accept))
}

async fn empty() -> Response {
    open_page(StatusCode::OK, Wrong::default())
}

async fn open(State(app): State<Arc<App>>, Open(ctx): Open, fields: Fields) -> Response {
    let token = fields.linked_token();
    match users::offer(&app, &ctx, &token).await {
        Ok(offer) => accept_page(StatusCode::OK, &ctx, &offer, &fields, false, Wrong::default()),
        Err(error) => not_open(&error),
    }
}

async fn accept(State(app): State<Arc<App>>, Open(ctx): Open, fields: Fields) -> Response {
    let offer = match users::offer(&app, &ctx, &fields.linked_token()).await {
        Ok(offer) => offer,
        Err(error) => return not_open(&error),
    };
    let name = match fields.given("name").map(Name::new).transpose() {
        Ok(name) => name,
        Err(error) => {
            let mut wrong = Wrong::default();
            wrong.add("name", error);
            return accept_page(StatusCode::UNPROCESSABLE_ENTITY, &ctx, &offer, &fields, false, wrong);
        }
    };
    let code = fields.given("code").map(|_| sign_in::typed_code(&fields));
    let input = Accept { token: fields.linked_token(), name, password: fields.secret("password"), code };
    match users::accept(&app, &ctx, input).await {
        Ok(done) => arrived(&app, &ctx, &offer, done.value, &fields).await,
        Err(error) => {
            let with_code = error.code == ErrorCode::SecondFactorRequired || fields.ticked("code");
            let wrong = Wrong::of(&error, &["name", "password", "code"]);
            accept_page(ui::status(&error), &ctx, &offer, &fields, with_code, wrong)
        }
    }
}

/// Signs the new member in with what they have just proved, and leads them to their organization.
async fn arrived(app: &App, ctx: &Ctx, offer: &Offer, accepted: Accepted, fields: &Fields) -> Response {
    let to = format!("/o/{}", accepted.organization);
    let input = SignIn { email: offer.email.clone(), password: fields.secret("password"), code: None };
    match sessions::create(app, ctx, input).await.map(|done| done.value) {
        Ok(Step::Open(opened)) => sign_in::welcome(ctx, &opened, &Carried { to, form: None }),
        // A code counts once, and theirs was used to accept.
        Ok(Step::CodeNeeded(_)) | Err(_) => page::lead_on(&format!("/sign-in?to={to}")),
    }
}

/// The token opens nothing, or nothing any more.
fn not_open(error: &OpError) -> Response {
    let mut wrong = Wrong::default();
    wrong.add("token", &error.detail);
    open_page(ui::status(error), wrong)
}

fn open_page(status: StatusCode, wrong: Wrong) -> Response {
    page::alone(status, "Invitation", &OpenPage { wrong })
}

fn accept_page(
    status: StatusCode,
    ctx: &Ctx,
    offer: &Offer,
    fields: &Fields,
    with_code: bool,
    wrong: Wrong,
) -> Response {
    let token = fields.linked_token();
    let page = AcceptPage {
        offer,
        lapses: When::of(offer.expires_at, ctx.at()),
        token: token.expose(),
        name: fields.text("name"),
        with_code,
        shortest_password: MIN_PASSWORD_CHARS,
        wrong,
    };
    page::alone(status, "Invitation", &page)
}
