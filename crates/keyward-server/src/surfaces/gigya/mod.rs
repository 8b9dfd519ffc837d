//! The dialect `gigya`: methods by path (`/{namespace}.{method}`), credentials as parameters, one envelope for everything.
//!
//! A method is the permission `namespace:method` at the application whose site key the parameter `apiKey` is. `admin.*`
//! and `socialize.getToken` are answered here; every other method is somebody else's, behind the proxy.
//!
//! A credential comes in one of four ways, and never in two at once:
//! - `userKey` and `secret`, as they are, over https alone. GET is taken too, as the vendor's own page shows it; what
//!   changes something, or has a secret in its answer, wants POST, and so do the methods that are answered here.
//! - a signature over everything else: `sig`, with `userKey`, `timestamp` and `nonce`
//! - a JWT of its holder's own making, as `Authorization: Bearer`
//! - an access token of `socialize.getToken`, as `Authorization: OAuth` or `oauth_token`
//!
//! JSONP runs in web pages, where a secret is not one for long: it does not go with `secret`, nor with the methods that
//! are answered here.

pub mod admin;
pub mod envelope;
mod method;
mod parameters;
mod read;
pub mod refusal;
mod token;

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::request::Parts;
use http::{HeaderMap, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use keyward_core::decision::{Purpose, Reason, Request as Question};
use keyward_core::id::{ApplicationId, OrganizationId};
use zeroize::Zeroizing;

use crate::app::App;
use crate::net::limits::BodyFault;
use crate::ops::admission;
use crate::ops::context::{Caller, Ctx};
use crate::surfaces::dialect::{self, Arrived, Asked, InvalidSurface, Row};
use crate::surfaces::form::{Form, is_form};
use crate::surfaces::trouble::Trouble;
use crate::surfaces::visit::{tell, visit};

use envelope::Echo;
use method::Method;

/// What the profile lets choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The profile whose surface this is: its permissions are the methods, its kinds the credentials.
    pub profile: String,
    /// Whether answers may be JSONP.
    pub jsonp: bool,
    /// How far the clocks of signing clients may be off, in seconds.
    pub signature_window_seconds: u32,
    /// The hosts that clients may have signed.
    pub hosts: Vec<String>,
}

impl Settings {
    /// Reads the settings of a profile.
    pub fn read(settings: &mut dialect::Settings<'_>) -> Result<Self, InvalidSurface> {
        Ok(Self {
            profile: settings.profile().to_owned(),
            jsonp: settings.flag("jsonp", false)?,
            signature_window_seconds: settings.number("signature_window_seconds", 120, 1..=3_600)?,
            hosts: settings.texts("hosts")?,
        })
    }

    /// How far the clocks of signing clients may be off.
    fn window(&self) -> Duration {
        Duration::from_secs(self.signature_window_seconds.into())
    }
}

/// What a request carries and asks for: a method that a server behind the proxy has.
pub fn read(settings: &Settings, app: &App, ctx: &Ctx, arrived: Arrived<'_>) -> Result<Asked, Trouble> {
    let method = Method::of_path(app, settings, arrived.head.uri.path()).ok_or(Trouble::NotFound)?;
    parameters::check(settings.jsonp, arrived)?;
    let (carried, site) = read::credential(settings, app, ctx, arrived)?;
    Ok(Asked { carried, permission: Some(method.permission()), namespace: Some(site.into()) })
}

/// Takes the credential out of a request that goes on to somebody else, however it was carried.
pub fn strip(head: &mut Parts, query: &mut Form, body: Option<&mut Form>) {
    head.headers.remove(header::AUTHORIZATION);
    let is_taken = |name: &str| parameters::OF_CREDENTIALS.iter().any(|taken| taken.eq_ignore_ascii_case(name));
    query.take_out(is_taken);
    if let Some(body) = body {
        body.take_out(is_taken);
    }
}

/// The answer to a request that is not served.
pub fn refuse(settings: &Settings, ctx: &Ctx, arrived: Option<Arrived<'_>>, trouble: &Trouble) -> Response {
    let means = arrived.map_or(refusal::USUAL, read::means);
    refusal::answer(&Echo::of(settings, ctx, arrived), means, trouble)
}

/// How a reason is answered to who sends `userKey` and `secret`.
pub fn row(reason: Reason) -> Row {
    let code = refusal::of_reason(reason, refusal::USUAL);
    Row { status: code.http_status().as_u16(), code: code.as_str(), text: code.message() }
}

/// Whether Keyward itself answers this path (`/admin.createGroup`, `/socialize.getToken`), and not a server behind it.
pub fn is_own(path: &str) -> bool {
    let first = path.trim_start_matches('/').split('.').next().unwrap_or_default();
    first.eq_ignore_ascii_case(ADMIN) || is_get_token(path)
}

fn is_get_token(path: &str) -> bool {
    path.strip_prefix('/').is_some_and(|name| name.eq_ignore_ascii_case(GET_TOKEN))
}

/// The answer to a request for a path of Keyward's own ([`is_own`]).
pub async fn answer(app: &App, settings: &Settings, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let ctx = visit(app, &head);
    let query = match Form::parse(head.uri.query().unwrap_or_default().as_bytes()) {
        Ok(query) => query,
        Err(invalid) => return refuse(settings, &ctx, None, &invalid.into()),
    };
    let body = match form_of(&head.headers, body).await {
        Ok(body) => body,
        Err(trouble) => {
            let arrived = Arrived { head: &head, query: &query, body: None };
            return refuse(settings, &ctx, Some(arrived), &trouble);
        }
    };
    let arrived = Arrived { head: &head, query: &query, body: body.as_ref() };
    let echo = Echo::of(settings, &ctx, Some(arrived)).without_callback();
    let means = read::means(arrived);
    if is_get_token(head.uri.path()) {
        return token::answer(app, settings, ctx, arrived, &echo).await;
    }
    let method = Method::of_path(app, settings, head.uri.path()).filter(|method| method.namespace() == ADMIN);
    let Some(method) = method else { return refusal::answer(&echo, means, &Trouble::NotFound) };
    match admitted(app, settings, ctx, arrived, &method).await {
        Ok((ctx, site)) => {
            let parameters = parameters::of_method(query, body);
            admin::answer(app, &ctx, site, method.name(), &parameters, &echo).await
        }
        Err(trouble) => refusal::answer(&echo, means, &trouble),
    }
}

/// Who calls a method of `admin.*`, and on which site; they may.
async fn admitted(
    app: &App,
    settings: &Settings,
    mut ctx: Ctx,
    arrived: Arrived<'_>,
    method: &Method,
) -> Result<(Ctx, (OrganizationId, ApplicationId)), Trouble> {
    if method.changes() && arrived.head.method != http::Method::POST {
        return Err(Trouble::Method("POST".to_owned()));
    }
    parameters::check(false, arrived)?;
    let (carried, application) = read::credential(settings, app, &ctx, arrived)?;
    let carried = carried.ok_or(Trouble::NoCredential)?;
    let index = app.index.snapshot();
    let profile = index.profile(&settings.profile);
    let path = method.path();
    let groups =
        profile.map(|profile| profile.groups_of_request(http::Method::POST.as_str(), &path)).unwrap_or_default();
    let question = Question {
        permission: Some(&method.permission()),
        namespace: Some(application.into()),
        groups: &groups,
        source: ctx.source,
        secure: ctx.secure,
        purpose: Purpose::Direct,
    };
    let identity = admission::admit(app, &ctx, &carried, &question).await?;
    let organization = identity.organization;
    ctx.organization = Some(organization);
    ctx.caller = Caller::Credential(identity);
    tell(arrived.head, &ctx);
    Ok((ctx, (organization, application)))
}

/// The form in a body; `None` for no body at all.
async fn form_of(headers: &HeaderMap, body: Body) -> Result<Option<Form>, Trouble> {
    let whole = tokio::time::timeout(PATIENCE, Limited::new(body, MAX_FORM_BYTES).collect()).await;
    let bytes = match whole {
        Err(_) => return Err(BodyFault::TooSlow.into()),
        Ok(Ok(collected)) => Zeroizing::new(Vec::from(collected.to_bytes())),
        Ok(Err(error)) if error.is::<LengthLimitError>() => return Err(BodyFault::TooLarge.into()),
        Ok(Err(_)) => return Err(BodyFault::Broken.into()),
    };
    match is_form(headers) {
        true => Ok(Some(Form::parse(&bytes)?)),
        false if bytes.is_empty() => Ok(None),
        false => Err(BodyFault::Broken.into()),
    }
}

const ADMIN: &str = "admin";
const GET_TOKEN: &str = "socialize.getToken";

/// The longest form, in bytes: that of the proxy.
const MAX_FORM_BYTES: usize = 1024 * 1024;
/// For the body to arrive.
const PATIENCE: Duration = Duration::from_secs(20);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_paths_are_those_of_the_admin_methods_and_of_tokens() {
        for own in ["/admin.createGroup", "/ADMIN.x", "/admin.x.y", "/admin", "//admin.x", "/Socialize.GetToken"] {
            assert!(is_own(own), "{own}");
        }
        for other in ["/", "/accounts.search", "/administration.get", "/x/admin.get", "/socialize.getTokens", "/\u{e4}"]
        {
            assert!(!is_own(other), "{other}");
        }
    }

    #[test]
    fn nothing_of_a_credential_goes_on() {
        let request =
            http::Request::post("/accounts.search").header("authorization", "OAuth t").header("accept", "*/*");
        let (mut head, ()) = request.body(()).unwrap().into_parts();
        let mut query = Form::parse(b"apiKey=k&USERKEY=u&x=1&oauth_token=t").unwrap();
        let mut body = Form::parse(b"secret=s&query=q&Sig=s&timestamp=1&nonce=2&format=json").unwrap();
        strip(&mut head, &mut query, Some(&mut body));
        assert_eq!((&*query.encoded(), &*body.encoded()), ("apiKey=k&x=1", "query=q&format=json"));
        assert_eq!(head.headers.keys().collect::<Vec<_>>(), [header::ACCEPT]);
    }
}
