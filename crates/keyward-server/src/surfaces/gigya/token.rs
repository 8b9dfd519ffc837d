//! `socialize.getToken`: a credential is exchanged for an access token that counts at one site.
//!
//! The account's own secret comes as HTTP Basic beside the site's key; a key of an application or a user comes in the
//! body, with its secret, beside the site's key as `client_id`.

use axum::response::Response;
use http::{Method, header};
use keyward_core::access_token::{Asked, GrantError};
use keyward_core::decision::{Denial, Reason};
use keyward_core::id::{ApplicationId, OrganizationId};
use keyward_core::kind::KindId;
use serde_json::{Map, Value};

use crate::app::App;
use crate::ops::access_tokens::{self, Issued, NotIssued, Place};
use crate::ops::context::{Caller, Ctx};
use crate::ops::presented::Carried;
use crate::surfaces::dialect::Arrived;
use crate::surfaces::gigya::envelope::{Code, Echo};
use crate::surfaces::gigya::parameters::{API_KEY, OAUTH_TOKEN, SECRET, SIGNATURE, USER_KEY, check, get};
use crate::surfaces::gigya::{Settings, read, refusal};
use crate::surfaces::presented::{Unreadable, authorized};
use crate::surfaces::trouble::Trouble;
use crate::surfaces::visit::tell;

/// The answer to `socialize.getToken`.
pub(super) async fn answer(
    app: &App,
    settings: &Settings,
    mut ctx: Ctx,
    arrived: Arrived<'_>,
    echo: &Echo,
) -> Response {
    match exchange(app, settings, &ctx, arrived).await {
        Ok(Issued { token, expires_in, identity, .. }) => {
            ctx.organization = Some(identity.organization);
            ctx.caller = Caller::Credential(identity);
            tell(arrived.head, &ctx);
            let fields = [("access_token", Value::from(token.expose())), ("expires_in", Value::from(expires_in))];
            echo.success(Map::from_iter(fields.map(|(name, value)| (name.to_owned(), value))))
        }
        Err(No::Trouble(trouble)) => refusal::answer(echo, refusal::USUAL, &trouble),
        Err(No::Denied(denial)) => refusal::denied(echo, of_exchange(denial.reason), denial.reason, denial.retry_after),
        Err(No::Grant(error)) => echo.failure(Code::InvalidGrant, &error.to_string()),
        Err(No::GrantType) => {
            echo.failure(Code::UnsupportedGrant, "`grant_type` must be `none` or `client_credentials`")
        }
    }
}

/// Why there is no token.
enum No {
    Trouble(Trouble),
    Denied(Denial),
    Grant(GrantError),
    GrantType,
}

async fn exchange(app: &App, settings: &Settings, ctx: &Ctx, arrived: Arrived<'_>) -> Result<Issued, No> {
    if arrived.head.method != Method::POST {
        return Err(Trouble::Method("POST".to_owned()).into());
    }
    if !ctx.secure {
        return Err(Trouble::from(Reason::InsecureTransport).into());
    }
    check(false, arrived)?;
    // Addresses are kept where bodies are not (RFC 6749 section 2.3.1).
    let in_address = [SECRET, CLIENT_SECRET].into_iter().find(|name| arrived.query.get(name).is_some());
    if let Some(name) = in_address {
        return Err(Trouble::Invalid(name).into());
    }
    let grant = get(arrived, GRANT_TYPE).ok_or(Trouble::Missing(GRANT_TYPE))?;
    if !["none", "client_credentials"].contains(&grant) {
        return Err(No::GrantType);
    }
    let is_of_account = arrived.head.headers.contains_key(header::AUTHORIZATION);
    let exchanged = if is_of_account { of_account(app, settings, arrived) } else { of_body(app, arrived) };
    let Exchanged { carried, organization, site } = exchanged?;
    let place = Place { dialect: Some("gigya"), organization, namespace: None };
    let asked = Asked { namespace: site.map(Into::into), ..Asked::default() };
    Ok(access_tokens::issue(app, ctx, &carried, place, asked).await?)
}

/// What is exchanged, and the site to which the token is to be narrowed.
struct Exchanged {
    carried: Carried,
    organization: Option<OrganizationId>,
    site: Option<ApplicationId>,
}

/// The account's secret, under the key of one of its sites. A key that no site has gets the same answer as a wrong
/// secret, for the same work.
fn of_account(app: &App, settings: &Settings, arrived: Arrived<'_>) -> Result<Exchanged, Trouble> {
    let others = [USER_KEY, SECRET, SIGNATURE, OAUTH_TOKEN, "client_id", CLIENT_SECRET];
    let mut headers = arrived.head.headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (headers.next(), headers.next()) else { return Err(Unreadable::Several.into()) };
    if others.into_iter().any(|name| get(arrived, name).is_some()) {
        return Err(Unreadable::Several.into());
    }
    let Carried::Pair(site_key, secret, travelled) = authorized(value)? else {
        return Err(Unreadable::Malformed.into());
    };
    if get(arrived, API_KEY).is_some_and(|named| named != site_key) {
        return Err(Trouble::Invalid(API_KEY));
    }
    let site = app.index.snapshot().site(&site_key);
    let kind = format!("{}/{ACCOUNT_SECRET}", settings.profile).parse::<KindId>().ok();
    let id =
        site.zip(kind).and_then(|((organization, _), kind)| access_tokens::only_public_id(app, organization, &kind));
    let carried = Carried::Pair(id.unwrap_or_else(|| NOBODY.to_owned()), secret, travelled);
    let (organization, site) = site.unzip();
    Ok(Exchanged { carried, organization, site })
}

/// A key of an application or a user.
fn of_body(app: &App, arrived: Arrived<'_>) -> Result<Exchanged, Trouble> {
    if [SIGNATURE, OAUTH_TOKEN, CLIENT_SECRET].into_iter().any(|name| get(arrived, name).is_some()) {
        return Err(Unreadable::Several.into());
    }
    let client = get(arrived, "client_id");
    let named = get(arrived, API_KEY);
    if client.zip(named).is_some_and(|(client, named)| client != named) {
        return Err(Trouble::Invalid(API_KEY));
    }
    let site_key = client.or(named).ok_or(Trouble::Missing("client_id"))?;
    let (organization, site) = app.index.snapshot().site(site_key).ok_or(Trouble::Invalid(API_KEY))?;
    let secret = get(arrived, SECRET).ok_or(Trouble::Missing(SECRET))?;
    let carried = read::pair(arrived, secret)?;
    Ok(Exchanged { carried, organization: Some(organization), site: Some(site) })
}

/// What cannot be exchanged is no grant; everything else is as it is at every other method.
const fn of_exchange(reason: Reason) -> Code {
    match reason {
        Reason::WrongCarrier | Reason::WrongUse => Code::InvalidGrant,
        other => refusal::of_reason(other, refusal::USUAL),
    }
}

impl From<Trouble> for No {
    fn from(trouble: Trouble) -> Self {
        No::Trouble(trouble)
    }
}

impl From<NotIssued> for No {
    fn from(no: NotIssued) -> Self {
        match no {
            NotIssued::Denied(denial) => No::Denied(denial),
            NotIssued::Grant(error) => No::Grant(error),
            NotIssued::Failed(error) => No::Trouble(error.into()),
        }
    }
}

const GRANT_TYPE: &str = "grant_type";
const CLIENT_SECRET: &str = "client_secret";
/// The kind that the account's secret is.
const ACCOUNT_SECRET: &str = "account_secret";
/// As long as the public id of an account's secret, and nobody's.
const NOBODY: &str = "0000000000000000";
