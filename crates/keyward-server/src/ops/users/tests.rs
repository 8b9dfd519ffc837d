use super::*;
use std::time::Duration;

use keyward_core::credential::State;
use keyward_core::permission::PatternSet;
use keyward_core::secret::Secret;

use crate::ops::credentials::{self, Create, RoleChoice};
use crate::ops::testing::{Admin, START, TestApp, accept as answer, at, name, secret};
use crate::ops::{grants, roles};

#[test]
fn addresses_are_compared_without_case_and_surrounding_space() {
    assert_eq!(folded("  Ada@Example.COM "), "ada@example.com");
}

#[test]
fn what_is_no_address_is_refused() {
    assert_eq!(checked_email("Ada@Example.com").unwrap(), "ada@example.com");
    for wrong in ["", "ada", "@example.com", "ada@", "ada@b@c", "a da@example.com", "ada@.com", "ada\u{0}@example.com"]
    {
        assert_eq!(checked_email(wrong).unwrap_err().code, ErrorCode::InvalidValue, "{wrong:?}");
    }
    let longest = format!("{}@example.com", "a".repeat(MAX_EMAIL_BYTES - "@example.com".len()));
    assert!(checked_email(&longest).is_ok());
    assert!(checked_email(&format!("a{longest}")).is_err());
}

/// A role of these patterns; its name.
async fn role(app: &TestApp, admin: &Admin, called: &str, patterns: &[&str]) -> String {
    let patterns: PatternSet = patterns.iter().map(|p| p.parse().unwrap()).collect();
    roles::create(app, &at(START, admin.caller.clone()), name(called), patterns).await.unwrap();
    called.to_owned()
}

async fn grant(app: &TestApp, admin: &Admin, user: UserId, role: String) {
    grants::create(app, &at(START, admin.caller.clone()), Holder::User(user), role, None).await.unwrap();
}

fn invitation(email: &str, role: Option<&str>, super_admin: bool) -> Invite {
    let roles = role.map(|role| RoleChoice { role: role.to_owned(), namespace: None }).into_iter().collect();
    Invite { email: email.to_owned(), super_admin, roles }
}

async fn invited(app: &TestApp, by: &Caller, invite: Invite) -> Result<Secret, ErrorCode> {
    let done = super::invite(app, &at(START, by.clone()), invite).await;
    done.map(|done| done.value.token).map_err(|error| error.code)
}

async fn accepted(app: &TestApp, token: &Secret, seconds: u64) -> Result<UserId, ErrorCode> {
    let ctx = at(START.plus(Duration::from_secs(seconds)), Caller::Anonymous);
    let done = accept(app, &ctx, answer(secret(token.expose()))).await;
    done.map(|done| done.value.user).map_err(|error| error.code)
}

#[tokio::test]
async fn an_invitation_makes_a_member_once() {
    let (app, admin) = TestApp::set_up().await;
    let auditor = role(&app, &admin, "Auditing", &["audit:read"]).await;
    let token = invited(&app, &admin.caller, invitation("Grace@Example.com", Some(&auditor), false)).await.unwrap();
    let user = accepted(&app, &token, 1).await.unwrap();
    let member = get(&app, &at(START, admin.caller.clone()), user).await.unwrap();
    assert_eq!((member.user.email.as_str(), member.membership.super_admin), ("grace@example.com", false));
    let held = app.store.read().await.unwrap().grants_of(admin.organization, Holder::User(user)).await.unwrap();
    assert_eq!(held.len(), 1);
    let log = keyward_store::Scope::Organization(admin.organization);
    let newest = app.store.read().await.unwrap().audit(log, &keyward_store::AuditFilter::default(), None, 1).await;
    let entry = newest.unwrap()[0].entry().unwrap();
    assert_eq!((entry.operation.as_str(), &entry.details["user"]), ("invitations.accept", &user.to_string().into()));
    assert_eq!(accepted(&app, &token, 2).await, Err(ErrorCode::InvitationInvalid));
    app.sign_in("grace@example.com").await;
    let again = invited(&app, &admin.caller, invitation("grace@example.com", None, false)).await;
    assert_eq!(again.err(), Some(ErrorCode::AlreadyMember));
}

#[tokio::test]
async fn an_invitation_ends_and_is_replaced() {
    let (app, admin) = TestApp::set_up().await;
    let invite = || invitation("grace@example.com", None, false);
    let first = invited(&app, &admin.caller, invite()).await.unwrap();
    let second = invited(&app, &admin.caller, invite()).await.unwrap();
    assert_eq!(accepted(&app, &first, 1).await, Err(ErrorCode::InvitationInvalid));
    assert_eq!(accepted(&app, &second, 72 * 3_600).await, Err(ErrorCode::InvitationInvalid));
    assert!(accepted(&app, &second, 72 * 3_600 - 1).await.is_ok());
}

#[tokio::test]
async fn an_existing_user_joins_with_their_own_password() {
    let (app, admin) = TestApp::set_up().await;
    let (grace, _) = app.member(&admin, "grace@example.com", false).await;
    remove(&app, &at(START, admin.caller.clone()), grace).await.unwrap();
    let token = invited(&app, &admin.caller, invitation("grace@example.com", None, false)).await.unwrap();
    let guess =
        Accept { token: secret(token.expose()), name: None, password: secret("another-password-of-mine"), code: None };
    let refused = accept(&app, &at(START, Caller::Anonymous), guess).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::SignInFailed);
    assert_eq!(accepted(&app, &token, 1).await, Ok(grace));
}

#[tokio::test]
async fn nobody_invites_to_more_than_they_hold_then_and_now() {
    let (app, admin) = TestApp::set_up().await;
    let inviting = role(&app, &admin, "Inviting", &["users:*", "audit:read"]).await;
    let more = role(&app, &admin, "More", &["roles:*"]).await;
    let auditing = role(&app, &admin, "Auditing", &["audit:read"]).await;
    let (grace, caller) = app.member(&admin, "grace@example.com", false).await;
    grant(&app, &admin, grace, inviting).await;
    let beyond = invited(&app, &caller, invitation("eve@example.com", Some(&more), false)).await;
    assert_eq!(beyond.err(), Some(ErrorCode::ExceedsOwnRights));
    let beyond = invited(&app, &caller, invitation("eve@example.com", None, true)).await;
    assert_eq!(beyond.err(), Some(ErrorCode::ExceedsOwnRights));
    let token = invited(&app, &caller, invitation("eve@example.com", Some(&auditing), false)).await.unwrap();

    // What was sent with a right that is gone cannot be accepted any more.
    suspend(&app, &at(START, admin.caller.clone()), grace).await.unwrap();
    assert_eq!(accepted(&app, &token, 1).await, Err(ErrorCode::InvitationInvalid));
    enable(&app, &at(START, admin.caller.clone()), grace).await.unwrap();
    assert!(accepted(&app, &token, 2).await.is_ok());
}

#[tokio::test]
async fn an_organization_keeps_a_super_admin() {
    let (app, admin) = TestApp::set_up().await;
    let ctx = at(START, admin.caller.clone());
    assert_eq!(edit(&app, &ctx, admin.user, Some(false)).await.unwrap_err().code, ErrorCode::LastSuperAdmin);
    assert_eq!(suspend(&app, &ctx, admin.user).await.unwrap_err().code, ErrorCode::LastSuperAdmin);
    assert_eq!(remove(&app, &ctx, admin.user).await.unwrap_err().code, ErrorCode::LastSuperAdmin);
    let (grace, _) = app.member(&admin, "grace@example.com", true).await;
    suspend(&app, &ctx, grace).await.unwrap();
    // A suspended one does not count.
    assert_eq!(edit(&app, &ctx, admin.user, Some(false)).await.unwrap_err().code, ErrorCode::LastSuperAdmin);
    enable(&app, &ctx, grace).await.unwrap();
    assert!(!edit(&app, &ctx, admin.user, Some(false)).await.unwrap().value.membership.super_admin);
}

#[tokio::test]
async fn nobody_touches_those_whose_rights_exceed_theirs() {
    let (app, admin) = TestApp::set_up().await;
    let managing = role(&app, &admin, "Managing", &["users:*"]).await;
    let (grace, caller) = app.member(&admin, "grace@example.com", false).await;
    let (other, _) = app.member(&admin, "other@example.com", false).await;
    grant(&app, &admin, grace, managing).await;
    let ctx = at(START, caller);
    assert_eq!(suspend(&app, &ctx, admin.user).await.unwrap_err().code, ErrorCode::ExceedsOwnRights);
    assert_eq!(edit(&app, &ctx, grace, Some(true)).await.unwrap_err().code, ErrorCode::ExceedsOwnRights);
    suspend(&app, &ctx, other).await.unwrap();
    enable(&app, &ctx, other).await.unwrap();
    let more = role(&app, &admin, "More", &["roles:*"]).await;
    grant(&app, &admin, other, more).await;
    assert_eq!(remove(&app, &ctx, other).await.unwrap_err().code, ErrorCode::ExceedsOwnRights);
}

#[tokio::test]
async fn removing_a_member_revokes_what_acts_with_their_rights() {
    let (app, admin) = TestApp::set_up().await;
    let (grace, caller) = app.member(&admin, "grace@example.com", true).await;
    let create = |kind: &str, role: Option<&str>| Create {
        kind: kind.to_owned(),
        name: name(kind.rsplit('/').next().unwrap()),
        namespace: None,
        roles: role.map(|role| RoleChoice { role: role.to_owned(), namespace: None }).into_iter().collect(),
        expires_at: Some(START.plus(Duration::from_hours(1))),
        sources: Vec::new(),
        owner: None,
        key_pair: false,
    };
    let auditing = role(&app, &admin, "Auditing", &["audit:read"]).await;
    let ctx = at(START, caller);
    let live = credentials::create(&app, &ctx, create("keyward/management", Some(&auditing))).await.unwrap();
    let other = credentials::create(&app, &ctx, create("keyward/api", Some(&auditing))).await.unwrap();
    let (live, other) = (live.value.held.credential.id, other.value.held.credential.id);
    let revoked = remove(&app, &at(START, admin.caller.clone()), grace).await.unwrap().value;
    assert_eq!(revoked, [live]);
    let mut reader = app.store.read().await.unwrap();
    let state = reader.credential(admin.organization, live).await.unwrap().unwrap().state;
    assert_eq!(state, State::Revoked { at: START, reason: RevokeReason::OwnerRemoved });
    assert!(!reader.credential(admin.organization, other).await.unwrap().unwrap().is_revoked());
    assert!(reader.membership(admin.organization, grace).await.unwrap().is_none());
}

#[tokio::test]
async fn a_suspended_member_acts_no_more_here() {
    let (app, admin) = TestApp::set_up().await;
    let (grace, caller) = app.member(&admin, "grace@example.com", true).await;
    let ctx = at(START, caller);
    assert_eq!(list(&app, &ctx, &MemberFilter::default(), &Page::first(10)).await.unwrap().len(), 2);
    suspend(&app, &at(START, admin.caller.clone()), grace).await.unwrap();
    assert!(list(&app, &ctx, &MemberFilter::default(), &Page::first(10)).await.is_err());
    assert!(suspend(&app, &ctx, admin.user).await.is_err());
    let suspended = MemberFilter { suspended: Some(true), ..MemberFilter::default() };
    let found = list(&app, &at(START, admin.caller.clone()), &suspended, &Page::first(10)).await.unwrap();
    assert_eq!(found.iter().map(|member| member.user.id).collect::<Vec<_>>(), [grace]);
    // Their session itself goes on.
    assert!(crate::ops::sessions::list(&app, &ctx).await.is_ok());
}

#[tokio::test]
async fn who_may_not_see_members_sees_themselves() {
    let (app, admin) = TestApp::set_up().await;
    let (grace, caller) = app.member(&admin, "grace@example.com", false).await;
    let ctx = at(START, caller);
    assert_eq!(list(&app, &ctx, &MemberFilter::default(), &Page::first(10)).await.unwrap(), []);
    assert_eq!(get(&app, &ctx, grace).await.unwrap().user.id, grace);
    assert_eq!(get(&app, &ctx, admin.user).await.unwrap_err().code, ErrorCode::PermissionDenied);
}
