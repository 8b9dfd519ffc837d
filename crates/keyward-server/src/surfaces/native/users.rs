//! `/v1/users` and `/v1/invitations`.

use std::sync::Arc;

use axum::extract::State;
use keyward_api::error::Problem;
use keyward_api::invitations as invited;
use keyward_api::page;
use keyward_api::receipt::Confirmed;
use keyward_api::roles::RoleHeld;
use keyward_api::sessions::SignedInUser;
use keyward_api::users as wire;
use keyward_api::values::SecretText;
use keyward_core::id::{InvitationId, UserId};

use crate::app::App;
use crate::ops::Page;
use crate::ops::context::Ctx;
use crate::ops::credentials::RoleChoice;
use crate::ops::receipts::Done;
use crate::ops::users::{self, Accept, Invite, Invited, Member, MemberFilter, Open};
use crate::surfaces::native::answer::{Answer, Problematic, receipt_of};
use crate::surfaces::native::extract::{Id, Json, Query, after_one, after_two, next, page_size};

type Result<T> = std::result::Result<Answer<T>, Problematic>;

/// List the members of the organization.
#[utoipa::path(get, path = "/v1/users", operation_id = "users.list", tag = "users", params(wire::ListUsers),
    responses((status = 200, body = page::Page<wire::User>), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Query(query): Query<wire::ListUsers>,
) -> Result<page::Page<wire::User>> {
    let limit = page_size(query.limit)?;
    let after = after_two(query.cursor.as_deref())?;
    let filter =
        MemberFilter { search: query.name, suspended: query.state.map(|state| state == wire::UserState::Suspended) };
    let found = users::list(&app, &ctx, &filter, &Page { after, limit }).await?;
    let next = next(&found, limit, |last| [last.user.name.folded(), last.user.id.to_string()]);
    Ok(Answer::ok(page::Page { items: found.iter().map(view).collect(), next }))
}

/// Invite somebody to the organization; the answer carries a one-time link.
#[utoipa::path(post, path = "/v1/users", operation_id = "users.invite", tag = "users", request_body = wire::InviteUser,
    responses((status = 201, body = invited::Invitation), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn invite(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Json(input): Json<wire::InviteUser>,
) -> Result<invited::Invitation> {
    let choice =
        |role: keyward_api::roles::RoleAt| RoleChoice { role: role.role.to_string(), namespace: role.namespace };
    let roles = input.roles.into_iter().map(choice).collect();
    let done = users::invite(&app, &ctx, Invite { email: input.email, super_admin: input.super_admin, roles }).await?;
    Ok(Answer::created(invitation(&app, &done.value)).at(done.revision))
}

/// Get a member of the organization.
#[utoipa::path(get, path = "/v1/users/{user}", operation_id = "users.get", tag = "users", params(("user" = String, Path)),
    responses((status = 200, body = wire::User), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn get(State(app): State<Arc<App>>, ctx: Ctx, Id(id): Id<UserId>) -> Result<wire::User> {
    let member = users::get(&app, &ctx, id).await?;
    Ok(Answer::ok(view(&member)).tagged(member.membership.updated_at))
}

/// Make a member super admin, or no longer.
#[utoipa::path(patch, path = "/v1/users/{user}", operation_id = "users.edit", tag = "users", params(("user" = String, Path)),
    request_body = wire::EditUser,
    responses((status = 200, body = wire::UserChanged), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn edit(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Id(id): Id<UserId>,
    Json(input): Json<wire::EditUser>,
) -> Result<wire::UserChanged> {
    Ok(changed(&users::edit(&app, &ctx, id, input.super_admin).await?))
}

/// Suspend a member: their live credentials and sessions stop in this organization.
#[utoipa::path(post, path = "/v1/users/{user}/suspend", operation_id = "users.suspend", tag = "users", params(("user" = String, Path)),
    responses((status = 200, body = wire::UserChanged), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn suspend(State(app): State<Arc<App>>, ctx: Ctx, Id(id): Id<UserId>) -> Result<wire::UserChanged> {
    Ok(changed(&users::suspend(&app, &ctx, id).await?))
}

/// Let a suspended member act again.
#[utoipa::path(post, path = "/v1/users/{user}/enable", operation_id = "users.enable", tag = "users", params(("user" = String, Path)),
    responses((status = 200, body = wire::UserChanged), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn enable(State(app): State<Arc<App>>, ctx: Ctx, Id(id): Id<UserId>) -> Result<wire::UserChanged> {
    Ok(changed(&users::enable(&app, &ctx, id).await?))
}

/// Remove a member: their grants end and their live credentials are revoked.
#[utoipa::path(delete, path = "/v1/users/{user}", operation_id = "users.remove", tag = "users", params(("user" = String, Path)),
    responses((status = 200, body = wire::UserRemoved), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn remove(State(app): State<Arc<App>>, ctx: Ctx, Id(id): Id<UserId>) -> Result<wire::UserRemoved> {
    let done = users::remove(&app, &ctx, id).await?;
    let receipt = receipt_of(&done);
    Ok(Answer::ok(wire::UserRemoved { revoked: done.value, receipt }).at(done.revision))
}

/// Change one's own password: all other sessions of one's own end.
#[utoipa::path(put, path = "/v1/users/current/password", operation_id = "users.password", tag = "users",
    request_body = wire::ChangePassword,
    responses((status = 200, body = Confirmed), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn password(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Json(input): Json<wire::ChangePassword>,
) -> Result<Confirmed> {
    let done = users::password(&app, &ctx, input.current.into_secret(), input.new.into_secret()).await?;
    Ok(Answer::ok(Confirmed { receipt: receipt_of(&done) }).at(done.revision))
}

/// Change what one is called.
#[utoipa::path(patch, path = "/v1/users/current", operation_id = "users.profile", tag = "users",
    request_body = wire::EditProfile,
    responses((status = 200, body = SignedInUser), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn profile(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Json(input): Json<wire::EditProfile>,
) -> Result<SignedInUser> {
    let done = users::profile(&app, &ctx, input.name).await?;
    Ok(Answer::ok(SignedInUser::from(&done.value)).at(done.revision))
}

/// List the open invitations to the organization.
#[utoipa::path(get, path = "/v1/invitations", operation_id = "invitations.list", tag = "invitations", params(invited::ListInvitations),
    responses((status = 200, body = page::Page<invited::OpenInvitation>), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn invitations(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Query(query): Query<invited::ListInvitations>,
) -> Result<page::Page<invited::OpenInvitation>> {
    let limit = page_size(query.limit)?;
    let after = after_one(query.cursor.as_deref())?;
    let found = users::open(&app, &ctx, &Page { after, limit }).await?;
    let next = next(&found, limit, |last| [last.invitation.id.to_string()]);
    Ok(Answer::ok(page::Page { items: found.iter().map(open_view).collect(), next }))
}

/// Take an open invitation back: its link is worth nothing any more.
#[utoipa::path(delete, path = "/v1/invitations/{invitation}", operation_id = "invitations.withdraw", tag = "invitations",
    params(("invitation" = String, Path)),
    responses((status = 200, body = Confirmed), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn withdraw(State(app): State<Arc<App>>, ctx: Ctx, Id(id): Id<InvitationId>) -> Result<Confirmed> {
    let done = users::withdraw(&app, &ctx, id).await?;
    Ok(Answer::ok(Confirmed { receipt: receipt_of(&done) }).at(done.revision))
}

/// Accept an invitation and, as a new user, choose name and password.
#[utoipa::path(post, path = "/v1/invitations/accept", operation_id = "invitations.accept", tag = "invitations", security(()),
    request_body = invited::AcceptInvitation,
    responses((status = 201, body = invited::InvitationAccepted), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn accept(
    State(app): State<Arc<App>>,
    ctx: Ctx,
    Json(input): Json<invited::AcceptInvitation>,
) -> Result<invited::InvitationAccepted> {
    let accept = Accept {
        token: input.token.into_secret(),
        name: input.name,
        password: input.password.into_secret(),
        code: input.code.map(SecretText::into_secret),
    };
    let done = users::accept(&app, &ctx, accept).await?;
    let accepted = done.value;
    let answer = invited::InvitationAccepted { user: accepted.user, organization: accepted.organization };
    Ok(Answer::created(answer).at(done.revision))
}

/// An invitation as the one who made it sees it, with its link. Without `server.public_url` the node does not know under
/// which address people reach it: the link is then the path alone.
pub(super) fn invitation(app: &App, made: &Invited) -> invited::Invitation {
    let base = app.config.server.public_url.as_ref().map(ToString::to_string).unwrap_or_default();
    invited::Invitation {
        id: made.invitation.id,
        email: made.invitation.email.clone(),
        token: SecretText::from(&made.token),
        url: SecretText::from(&made.link(&base)),
        expires_at: made.invitation.expires_at.into(),
    }
}

fn changed(done: &Done<Member>) -> Answer<wire::UserChanged> {
    let answer = wire::UserChanged { user: view(&done.value), receipt: receipt_of(done) };
    Answer::ok(answer).at(done.revision).tagged(done.value.membership.updated_at)
}

fn view(member: &Member) -> wire::User {
    wire::User::of(&member.user, &member.membership)
}

fn open_view(open: &Open) -> invited::OpenInvitation {
    let held = open.roles.iter().map(|(role, place)| RoleHeld {
        role: role.id,
        role_name: Some(role.name.clone()),
        namespace: place.id,
    });
    invited::OpenInvitation {
        id: open.invitation.id,
        email: open.invitation.email.clone(),
        super_admin: open.invitation.super_admin,
        roles: held.collect(),
        invited_by: open.invitation.invited_by,
        created_at: open.invitation.created_at.into(),
        expires_at: open.invitation.expires_at.into(),
    }
}
