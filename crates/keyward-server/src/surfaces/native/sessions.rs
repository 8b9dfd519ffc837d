//! `/v1/sessions`.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing;
use keyward_api::error::Problem;
use keyward_api::page;
use keyward_api::receipt::Confirmed;
use keyward_api::sessions as wire;
use keyward_api::values::SecretText;
use keyward_core::id::SessionId;
use keyward_core::organization::Organization;
use keyward_core::user::Membership;

use crate::app::App;
use crate::ops::context::{Caller, Ctx};
use crate::ops::credentials::FRESH_SIGN_IN;
use crate::ops::sessions::{self, SessionRecord, SignIn, Who};
use crate::surfaces::native::answer::{Answer, Problematic, receipt_of};
use crate::surfaces::native::extract::{Id, Json, Query, after_one, cursor, page_size};

type Result<T> = std::result::Result<Answer<T>, Problematic>;

/// `current` in the place of an id. The reference has it with the operation that takes one.
pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/v1/sessions/current", routing::delete(delete_current))
}

/// List one's own sessions.
#[utoipa::path(get, path = "/v1/sessions", operation_id = "sessions.list", tag = "sessions", params(wire::ListSessions),
    responses((status = 200, body = page::Page<wire::Session>), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Query(query): Query<wire::ListSessions>,
) -> Result<page::Page<wire::Session>> {
    let limit = page_size(query.limit)?;
    let after: Option<SessionId> = after_one(query.cursor.as_deref())?;
    let found = sessions::list(&app, &ctx).await?;
    let mut rest = found.iter().filter(|session| after.is_none_or(|after| session.id > after));
    let items: Vec<_> = rest.by_ref().take(limit as usize).map(|session| view(session, asking(&ctx))).collect();
    let next = rest.next().and(items.last()).map(|last| cursor(&[last.id.to_string()]));
    Ok(Answer::ok(page::Page { items, next }))
}

/// Sign in with e-mail and password.
#[utoipa::path(post, path = "/v1/sessions", operation_id = "sessions.create", tag = "sessions", security(()), request_body = wire::CreateSession,
    responses((status = 201, body = wire::CreatedSession), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Json(input): Json<wire::CreateSession>,
) -> Result<wire::CreatedSession> {
    let code = input.code.map(SecretText::into_secret);
    let input = SignIn { email: input.email, password: input.password.into_secret(), code };
    let done = sessions::create_at_once(&app, &ctx, input).await?;
    let opened = done.value;
    let session = view(&opened.session, Some(opened.session.id));
    let answer = wire::CreatedSession { token: SecretText::from(&opened.token), session };
    Ok(Answer::created(answer).at(done.revision))
}

/// Say who the caller is.
#[utoipa::path(get, path = "/v1/sessions/current", operation_id = "sessions.get", tag = "sessions",
    responses((status = 200, body = wire::WhoAmI), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn current(State(app): State<Arc<App>>, ctx: Ctx) -> Result<wire::WhoAmI> {
    let who = match sessions::get(&app, &ctx).await? {
        Who::User { session, user, organizations } => wire::WhoAmI::Session(wire::SessionCaller {
            session: view(&session, Some(session.id)),
            user: (&user).into(),
            organizations: organizations
                .iter()
                .map(|(organization, membership)| of(organization, membership))
                .collect(),
        }),
        Who::Credential(credential) => wire::WhoAmI::Credential((&credential).into()),
    };
    Ok(Answer::ok(who))
}

/// End one's own session; `current` is the one that asks.
#[utoipa::path(delete, path = "/v1/sessions/{session}", operation_id = "sessions.delete", tag = "sessions",
    params(("session" = String, Path, description = "Its id, or `current`.")),
    responses((status = 200, body = Confirmed), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn delete(State(app): State<Arc<App>>, ctx: Ctx, Id(id): Id<SessionId>) -> Result<Confirmed> {
    end(&app, &ctx, Some(id)).await
}

/// End all sessions of one's own but the one that asks.
#[utoipa::path(delete, path = "/v1/sessions", operation_id = "sessions.others.delete", tag = "sessions",
    responses((status = 200, body = wire::SessionsEnded), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn delete_others(State(app): State<Arc<App>>, ctx: Ctx) -> Result<wire::SessionsEnded> {
    let done = sessions::delete_others(&app, &ctx).await?;
    let ended = wire::SessionsEnded { ended: done.value as u64, receipt: receipt_of(&done) };
    Ok(Answer::ok(ended).at(done.revision))
}

async fn delete_current(State(app): State<Arc<App>>, ctx: Ctx) -> Result<Confirmed> {
    end(&app, &ctx, None).await
}

async fn end(app: &App, ctx: &Ctx, id: Option<SessionId>) -> Result<Confirmed> {
    let done = sessions::delete(app, ctx, id).await?;
    Ok(Answer::ok(Confirmed { receipt: receipt_of(&done) }).at(done.revision))
}

/// The session that asks.
fn asking(ctx: &Ctx) -> Option<SessionId> {
    match &ctx.caller {
        Caller::Session(signed_in) => Some(signed_in.session),
        Caller::Anonymous | Caller::Credential(_) | Caller::System => None,
    }
}

fn view(session: &SessionRecord, asking: Option<SessionId>) -> wire::Session {
    wire::Session {
        id: session.id,
        current: asking == Some(session.id),
        created_at: session.created_at.into(),
        fresh_until: session.signed_in_at.plus(FRESH_SIGN_IN).into(),
        expires_at: session.expires_at.into(),
        last_used_at: Some(session.last_seen_at.into()),
        source: session.source,
        user_agent: session.user_agent.clone(),
    }
}

fn of(organization: &Organization, membership: &Membership) -> wire::MemberOf {
    wire::MemberOf {
        id: organization.id,
        name: organization.name.clone(),
        super_admin: membership.super_admin,
        suspended: !membership.is_active() || !organization.is_active(),
    }
}
