//! Authenticator & Access: one's password and one's second factor.

use std::fmt::Write as _;
use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use http::StatusCode;
use keyward_api::error::ErrorCode;
use keyward_api::limits::MIN_PASSWORD_CHARS;
use keyward_core::secret::Secret;
use qrcodegen::{QrCode, QrCodeEcc};

use crate::app::App;
use crate::console::gate::{Fields, Visitor};
use crate::console::page::{self, Notice, Refused};
use crate::console::sign_in;
use crate::console::ui::{self, When, Wrong};
use crate::ops::error::OpError;
use crate::ops::second_factor::{self, Status};
use crate::ops::users;

const HERE: &str = "/me/access";
const TITLE: &str = "Authenticator & Access";

#[derive(Template)]
#[template(path = "console/account/access.html")]
struct Access<'a> {
    visitor: &'a Visitor,
    factor: Status,
    since: Option<When>,
}

#[derive(Template)]
#[template(path = "console/account/password.html")]
struct PasswordDialog<'a> {
    visitor: &'a Visitor,
    shortest_password: usize,
    wrong: Wrong,
}

#[derive(Template)]
#[template(path = "console/account/factor.html")]
struct FactorDialog<'a> {
    visitor: &'a Visitor,
    /// The new secret; none after a wrong code, when the authenticator has it already.
    begun: Option<Begun<'a>>,
    wrong: Wrong,
}

struct Begun<'a> {
    secret: &'a str,
    code: Drawn,
}

/// A QR code as one path of unit squares.
struct Drawn {
    size: i32,
    path: String,
}

#[derive(Template)]
#[template(path = "console/account/codes.html")]
struct CodesDialog<'a> {
    codes: &'a [Secret],
    first: bool,
}

#[derive(Template)]
#[template(path = "console/account/factor_remove.html")]
struct RemoveDialog<'a> {
    visitor: &'a Visitor,
}

#[derive(Template)]
#[template(path = "console/account/codes_renew.html")]
struct RenewDialog<'a> {
    visitor: &'a Visitor,
}

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route(HERE, get(show))
        .route("/me/access/password", get(ask_password).post(change_password))
        .route("/me/access/second-factor", post(begin))
        .route("/me/access/second-factor/confirm", post(confirm))
        .route("/me/access/second-factor/remove", get(ask_remove).post(remove))
        .route("/me/access/recovery-codes", get(ask_renew).post(renew))
}

async fn show(State(app): State<Arc<App>>, visitor: Visitor) -> Result<Response, Refused> {
    let factor = second_factor::status(&app, &visitor.ctx).await?;
    let since = factor.confirmed_at.map(|at| When::of(at, visitor.ctx.at()));
    Ok(page::own_page(&visitor, TITLE, HERE, &Access { visitor: &visitor, factor, since }))
}

async fn ask_password(visitor: Visitor) -> Response {
    password_dialog(StatusCode::OK, &visitor, Wrong::default())
}

async fn change_password(State(app): State<Arc<App>>, visitor: Visitor, fields: Fields) -> Response {
    let mut wrong = Wrong::default();
    if fields.text("new_password") != fields.text("repeated_password") {
        wrong.add("repeated_password", "this is not the same password as above");
        return password_dialog(StatusCode::UNPROCESSABLE_ENTITY, &visitor, wrong);
    }
    let (current, new) = (fields.secret("current_password"), fields.secret("new_password"));
    match users::password(&app, &visitor.ctx, current, new).await {
        Ok(_) => {
            let said = "Your password was changed. Your other sessions have ended.";
            page::lead(&visitor, HERE, Some(Notice::new(said)))
        }
        Err(error) => password_dialog(ui::status(&error), &visitor, named(&error)),
    }
}

/// What was refused, under the names that the fields have here.
fn named(error: &OpError) -> Wrong {
    let mut wrong = Wrong::default();
    for fault in &error.fields {
        match fault.pointer.as_str() {
            "/new" => wrong.add("new_password", &fault.message),
            "/current" => wrong.add("current_password", &fault.message),
            _ => wrong.say(&fault.message),
        }
    }
    if error.fields.is_empty() {
        wrong.say(&error.detail);
    }
    wrong
}

async fn begin(State(app): State<Arc<App>>, visitor: Visitor) -> Result<Response, Refused> {
    let begun = second_factor::begin(&app, &visitor.ctx).await?.value;
    let code = drawn(begun.uri.expose());
    let begun = Some(Begun { secret: begun.secret.expose(), code });
    Ok(factor_dialog(StatusCode::OK, &visitor, begun, Wrong::default()))
}

async fn confirm(State(app): State<Arc<App>>, visitor: Visitor, fields: Fields) -> Result<Response, Refused> {
    match second_factor::confirm(&app, &visitor.ctx, sign_in::typed_code(&fields)).await {
        Ok(done) => Ok(codes_dialog(&visitor, &done.value, true)),
        Err(error) if error.code == ErrorCode::FreshSignInRequired => Err(error.into()),
        Err(error) => Ok(factor_dialog(ui::status(&error), &visitor, None, Wrong::of(&error, &["code"]))),
    }
}

async fn ask_renew(visitor: Visitor) -> Response {
    page::own_dialog(StatusCode::OK, &visitor, "New recovery codes", HERE, &RenewDialog { visitor: &visitor })
}

async fn renew(State(app): State<Arc<App>>, visitor: Visitor) -> Result<Response, Refused> {
    let done = second_factor::renew_codes(&app, &visitor.ctx).await?;
    Ok(codes_dialog(&visitor, &done.value, false))
}

async fn ask_remove(visitor: Visitor) -> Response {
    page::own_dialog(StatusCode::OK, &visitor, "Remove the second factor", HERE, &RemoveDialog { visitor: &visitor })
}

async fn remove(State(app): State<Arc<App>>, visitor: Visitor) -> Result<Response, Refused> {
    second_factor::remove(&app, &visitor.ctx).await?;
    let said = "Your second factor was removed. Your password alone signs in again.";
    Ok(page::lead(&visitor, HERE, Some(Notice::new(said))))
}

fn password_dialog(status: StatusCode, visitor: &Visitor, wrong: Wrong) -> Response {
    let dialog = PasswordDialog { visitor, shortest_password: MIN_PASSWORD_CHARS, wrong };
    page::own_dialog(status, visitor, "Change your password", HERE, &dialog)
}

fn factor_dialog(status: StatusCode, visitor: &Visitor, begun: Option<Begun<'_>>, wrong: Wrong) -> Response {
    page::own_dialog(status, visitor, "Set up a second factor", HERE, &FactorDialog { visitor, begun, wrong })
}

fn codes_dialog(visitor: &Visitor, codes: &[Secret], first: bool) -> Response {
    page::own_dialog(StatusCode::OK, visitor, "Recovery codes", HERE, &CodesDialog { codes, first })
}

/// The text as a QR code; without squares when it is too long for one, which none of ours is.
fn drawn(text: &str) -> Drawn {
    let Ok(code) = QrCode::encode_text(text, QrCodeEcc::Medium) else {
        return Drawn { size: 0, path: String::new() };
    };
    let mut path = String::new();
    for y in 0..code.size() {
        for x in (0..code.size()).filter(|x| code.get_module(*x, y)) {
            // Writing into a text does not fail.
            let _ = write!(path, "M{x} {y}h1v1h-1z");
        }
    }
    Drawn { size: code.size(), path }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_becomes_a_picture() {
        let drawn = drawn("otpauth://totp/Keyward:ada@example.com?secret=JBSWY3DPEHPK3PXP&issuer=Keyward");
        assert!(drawn.size >= 21, "{}", drawn.size);
        // The finder in the corner: seven dark squares in its first row.
        assert!(drawn.path.starts_with("M0 0h1v1h-1zM1 0h1v1h-1zM2 0"), "{}", drawn.path);
        assert!(super::drawn(&"x".repeat(5_000)).path.is_empty());
    }

    #[test]
    fn faults_stand_beside_the_fields_of_the_dialog() {
        let error = OpError::field(ErrorCode::InvalidValue, "/new", "too short");
        assert_eq!(named(&error).with("new_password"), Some("Too short."));
        let error = OpError::new(ErrorCode::TooManyAttempts, "wait");
        assert_eq!(named(&error).general(), Some("Wait."));
    }
}
