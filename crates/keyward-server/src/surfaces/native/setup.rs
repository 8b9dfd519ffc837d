//! `POST /v1/setup`, and the same as a plain form at `/setup`: no script, nothing from elsewhere.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::{HeaderValue, StatusCode, header};
use keyward_api::error::{ErrorCode, Problem};
use keyward_api::limits;
use keyward_api::setup as wire;
use keyward_api::values::SecretText;
use keyward_core::name::Name;
use keyward_core::secret::Secret;
use serde::Deserialize;

use crate::app::App;
use crate::ops::context::Ctx;
use crate::ops::setup::{self, First, SetUp};
use crate::surfaces::native::answer::{Answer, Problematic};
use crate::surfaces::native::extract::{Json, body};

/// What the page may load and where its form may go: this server.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What is chosen where nothing was.
const USUAL_PROFILE: &str = "keyward";

/// Create the first operator, once, with the set-up token that the server printed.
#[utoipa::path(post, path = "/v1/setup", operation_id = "setup.create", tag = "setup", security(()), request_body = wire::Setup,
    responses((status = 201, body = wire::SetupDone), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Json(input): Json<wire::Setup>,
) -> Result<Answer<wire::SetupDone>, Problematic> {
    let first = First {
        email: input.email,
        name: input.name,
        password: input.password.into_secret(),
        organization: input.organization,
        profiles: input.profiles,
    };
    let done = setup::create(&app, &ctx, input.token.into_secret(), first).await?;
    let SetUp { user, organization } = done.value;
    Ok(Answer::created(wire::SetupDone { user, organization }).at(done.revision))
}

/// The form. It is for people, so the reference has only what it does.
pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/setup", get(empty).post(submit)).route("/setup/setup.css", get(style))
}

async fn empty(State(app): State<Arc<App>>) -> Response {
    page(StatusCode::OK, &Form::of(&app, &Typed::default(), Wrong::default()))
}

async fn submit(State(app): State<Arc<App>>, ctx: Ctx, request: Request) -> Result<Response, Problematic> {
    let mut typed = typed(request).await?;
    let password = std::mem::take(&mut typed.password).into_secret();
    let problem = match typed.first(password) {
        Ok((token, first)) => match setup::create(&app, &ctx, token, first).await {
            Ok(done) => return Ok(page(StatusCode::CREATED, &Done::of(&typed, done.value))),
            Err(error) => Problematic::from(error).0,
        },
        Err(problem) => problem,
    };
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Ok(page(status, &Form::of(&app, &typed, Wrong::of(&problem))))
}

async fn style() -> Response {
    let headers = [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "public, max-age=3600")];
    (headers, include_str!("../../../assets/setup.css")).into_response()
}

/// What somebody typed.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Typed {
    token: SecretText,
    email: String,
    name: String,
    password: SecretText,
    organization: String,
    profile: String,
}

impl Typed {
    /// What that asks for. Names that are none are told together.
    fn first(&self, password: Secret) -> Result<(Secret, First), Box<Problem>> {
        let name = Name::new(&self.name);
        let wanted = Some(self.organization.as_str()).filter(|text| !text.trim().is_empty());
        let organization = wanted.map(Name::new).transpose();
        match (name, organization) {
            (Ok(name), Ok(organization)) => {
                let token = Secret::from_string(self.token.expose().trim().to_owned());
                let profiles = Some(self.profile.clone()).filter(|profile| !profile.is_empty()).into_iter().collect();
                Ok((token, First { email: self.email.clone(), name, password, organization, profiles }))
            }
            (name, organization) => {
                let mut problem = Problem::new(ErrorCode::InvalidValue);
                if let Err(wrong) = name {
                    problem = problem.with_error("/name", wrong.to_string());
                }
                if let Err(wrong) = organization {
                    problem = problem.with_error("/organization", wrong.to_string());
                }
                Err(Box::new(problem))
            }
        }
    }
}

/// The body as a form.
async fn typed(request: Request) -> Result<Typed, Problematic> {
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.and_then(|value| value.split(';').next()).unwrap_or_default();
    if !essence.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        let detail = "send the form as `application/x-www-form-urlencoded`, or JSON to `/v1/setup`";
        return Err(Problem::new(ErrorCode::WrongContentType).with_detail(detail).into());
    }
    let body = body(request, limits::MAX_BODY_BYTES).await?;
    // What the parser says may repeat what was typed.
    serde_urlencoded::from_bytes(&body).map_err(|_| {
        let detail = "this is not what the form at `/setup` sends: open it again";
        Problem::new(ErrorCode::InvalidValue).with_detail(detail).into()
    })
}

/// What is wrong, each beside its field; what belongs to none, above all.
#[derive(Default)]
struct Wrong {
    general: Option<String>,
    token: Option<String>,
    email: Option<String>,
    name: Option<String>,
    password: Option<String>,
    organization: Option<String>,
    profile: Option<String>,
}

impl Wrong {
    fn of(problem: &Problem) -> Self {
        let mut wrong = Self::default();
        if problem.is(ErrorCode::SetupTokenInvalid) {
            wrong.token = Some(problem.detail.clone());
            return wrong;
        }
        for error in &problem.errors {
            let field = match error.pointer.split('/').nth(1) {
                Some("token") => &mut wrong.token,
                Some("email") => &mut wrong.email,
                Some("name") => &mut wrong.name,
                Some("password") => &mut wrong.password,
                Some("organization") => &mut wrong.organization,
                Some("profiles") => &mut wrong.profile,
                _ => &mut wrong.general,
            };
            field.get_or_insert_with(|| error.message.clone());
        }
        if problem.errors.is_empty() {
            wrong.general = Some(problem.detail.clone());
        }
        wrong
    }
}

/// The form with everything that was typed, less the password.
#[derive(Template)]
#[template(path = "setup.html")]
struct Form<'a> {
    token: &'a str,
    email: &'a str,
    name: &'a str,
    organization: &'a str,
    profiles: Vec<Choice<'a>>,
    wrong: Wrong,
    shortest_password: usize,
    longest_email: usize,
}

/// A profile to choose.
struct Choice<'a> {
    name: &'a str,
    title: &'a str,
    chosen: bool,
}

impl<'a> Form<'a> {
    fn of(app: &'a App, typed: &'a Typed, wrong: Wrong) -> Self {
        let chosen = Some(typed.profile.as_str()).filter(|profile| !profile.is_empty()).unwrap_or(USUAL_PROFILE);
        let choice = |name: &'a str, title: &'a str| Choice { name, title, chosen: name == chosen };
        Self {
            token: typed.token.expose(),
            email: &typed.email,
            name: &typed.name,
            organization: &typed.organization,
            profiles: app.profiles.iter().map(|(text, profile)| choice(&text.name, &profile.title)).collect(),
            wrong,
            shortest_password: limits::MIN_PASSWORD_CHARS,
            longest_email: limits::MAX_EMAIL_BYTES,
        }
    }
}

/// The answer when all went well.
#[derive(Template)]
#[template(path = "setup_done.html")]
struct Done<'a> {
    email: &'a str,
    user: String,
    organization: Option<(&'a str, String)>,
}

impl<'a> Done<'a> {
    fn of(typed: &'a Typed, made: SetUp) -> Self {
        let organization = made.organization.map(|id| (typed.organization.trim(), id.to_string()));
        Self { email: typed.email.trim(), user: made.user.to_string(), organization }
    }
}

fn page(status: StatusCode, page: &impl Template) -> Response {
    let Ok(html) = page.render() else {
        return Problematic::from(Problem::new(ErrorCode::Internal)).into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    ];
    (status, headers, html).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(form: &str) -> Typed {
        serde_urlencoded::from_str(form).unwrap()
    }

    fn rendered(typed: &Typed, wrong: Wrong) -> String {
        let form = Form {
            token: typed.token.expose(),
            email: &typed.email,
            name: &typed.name,
            organization: &typed.organization,
            profiles: vec![Choice { name: "keyward", title: "Keyward", chosen: true }],
            wrong,
            shortest_password: limits::MIN_PASSWORD_CHARS,
            longest_email: limits::MAX_EMAIL_BYTES,
        };
        form.render().unwrap()
    }

    #[test]
    fn what_was_typed_stays_less_the_password() {
        let typed =
            typed("token=kwset_A&email=ada%40example.com&name=Ada+Lovelace&password=correct+horse&organization=Acme");
        let html = rendered(&typed, Wrong::default());
        for kept in ["kwset_A", "ada@example.com", "Ada Lovelace", "Acme"] {
            assert!(html.contains(&format!("value=\"{kept}\"")), "{kept}");
        }
        assert!(!html.contains("correct horse"));
        assert!(!html.contains("class=\"problem\""));
    }

    #[test]
    fn markup_that_was_typed_is_text() {
        let typed = typed("email=%22%3E%3Cscript%3E");
        let html = rendered(&typed, Wrong::of(&Problem::new(ErrorCode::Internal).with_detail("<b>")));
        assert!(!html.contains("<script") && !html.contains("<b>"), "{html}");
    }

    #[test]
    fn the_pages_need_nothing_that_the_policy_forbids() {
        let done =
            Done { email: "ada@example.com", user: "usr_1".into(), organization: Some(("Acme", "org_1".into())) };
        for html in [rendered(&Typed::default(), Wrong::default()), done.render().unwrap()] {
            for forbidden in ["<script", "<style", " style=", "<img", "http://", "https://", " onclick="] {
                assert!(!html.contains(forbidden), "{forbidden}: {html}");
            }
        }
    }

    #[test]
    fn problems_stand_beside_their_fields() {
        let problem = Problem::new(ErrorCode::UnknownProfile)
            .with_error("/profiles/0", "no such profile")
            .with_error("/email", "no address")
            .with_error("/elsewhere", "something else");
        let html = rendered(&Typed::default(), Wrong::of(&problem));
        assert!(html.contains("<span class=\"problem\" id=\"profile-problem\">no such profile</span>"), "{html}");
        assert!(html.contains("<span class=\"problem\" id=\"email-problem\">no address</span>"));
        assert!(html.contains("<p class=\"problem\" role=\"alert\">something else</p>"));
        assert_eq!(html.matches("aria-invalid").count(), 2);
        let token = Wrong::of(&Problem::new(ErrorCode::SetupTokenInvalid));
        assert!(token.token.is_some() && token.general.is_none());
        assert!(Wrong::of(&Problem::new(ErrorCode::SetupDone)).general.is_some());
    }

    #[test]
    fn names_that_are_none_are_told_together() {
        let Err(problem) = typed("name=&organization=%0A%E2%80%AE").first(Secret::from_string(String::new())) else {
            panic!("neither is a name");
        };
        let pointers: Vec<_> = problem.errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(pointers, ["/name", "/organization"]);
    }

    #[test]
    fn an_organization_is_only_made_where_one_is_named() {
        let (token, first) = typed("token=+kwset_A%0A&name=Ada&organization=+&profile=")
            .first(Secret::from_string(String::new()))
            .unwrap();
        assert_eq!(token.expose(), "kwset_A");
        assert_eq!((first.organization, first.profiles.len()), (None, 0));
    }
}
