use std::time::Duration;

use keyward_core::permission::PatternSet;

use super::*;
use crate::ops::context::Caller;
use crate::ops::credentials::RoleChoice;
use crate::ops::testing::{START, TestApp, accept, at, name};
use crate::ops::users::{self, Invite};
use crate::ops::{grants, roles};

fn invitation(email: &str, role: Option<&str>) -> Invite {
    let roles = role.map(|role| RoleChoice { role: role.to_owned(), namespace: None }).into_iter().collect();
    Invite { email: email.to_owned(), super_admin: false, roles }
}

#[tokio::test]
async fn open_invitations_say_who_sent_them_to_what() {
    let (app, admin) = TestApp::set_up().await;
    let ctx = at(START, admin.caller.clone());
    let patterns: PatternSet = ["audit:read".parse().unwrap()].into_iter().collect();
    roles::create(&app, &ctx, name("Auditing"), patterns).await.unwrap();
    users::invite(&app, &ctx, invitation("grace@example.com", Some("Auditing"))).await.unwrap();
    let shown = open(&app, &ctx, &Page::first(9)).await.unwrap();
    assert_eq!(shown.len(), 1);
    assert_eq!(shown[0].invitation.email, "grace@example.com");
    assert!(matches!(&shown[0].invited_by, Some(Called::User(user)) if user.id == admin.user), "{shown:?}");
    let (role, place) = &shown[0].roles[0];
    assert_eq!((role.name.as_str(), place.name.as_str()), ("Auditing", "Acme"));

    // Nobody who may not invite, and not after its time.
    let (eve, caller) = app.member(&admin, "eve@example.com", false).await;
    let seen = async || open(&app, &at(START, caller.clone()), &Page::first(9)).await.unwrap().len();
    grants::create(&app, &ctx, Holder::User(eve), "Viewer".to_owned(), None).await.unwrap();
    assert_eq!(seen().await, 0);
    let patterns: PatternSet = ["users:invite".parse().unwrap()].into_iter().collect();
    roles::create(&app, &ctx, name("Inviting"), patterns).await.unwrap();
    grants::create(&app, &ctx, Holder::User(eve), "Inviting".to_owned(), None).await.unwrap();
    assert_eq!(seen().await, 1);
    let later = at(START.plus(Duration::from_hours(72)), admin.caller.clone());
    assert_eq!(open(&app, &later, &Page::first(9)).await.unwrap(), []);
}

#[tokio::test]
async fn a_withdrawn_invitation_is_worth_nothing() {
    let (app, admin) = TestApp::set_up().await;
    let ctx = at(START, admin.caller.clone());
    let invited = users::invite(&app, &ctx, invitation("grace@example.com", None)).await.unwrap().value;
    let id = invited.invitation.id;

    let (eve, caller) = app.member(&admin, "eve@example.com", false).await;
    let refused = withdraw(&app, &at(START, caller.clone()), id).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::PermissionDenied);
    let patterns: PatternSet = ["users:invite".parse().unwrap()].into_iter().collect();
    roles::create(&app, &ctx, name("Inviting"), patterns).await.unwrap();
    grants::create(&app, &ctx, Holder::User(eve), "Inviting".to_owned(), None).await.unwrap();
    assert_eq!(withdraw(&app, &at(START, caller), id).await.unwrap().value, "grace@example.com");

    let late = users::accept(&app, &at(START, Caller::Anonymous), accept(invited.token)).await;
    assert_eq!(late.unwrap_err().code, ErrorCode::InvitationInvalid);
    assert_eq!(withdraw(&app, &ctx, id).await.unwrap_err().code, ErrorCode::NotFound);
}

#[tokio::test]
async fn what_was_accepted_is_not_withdrawn() {
    let (app, admin) = TestApp::set_up().await;
    let ctx = at(START, admin.caller.clone());
    let invited = users::invite(&app, &ctx, invitation("grace@example.com", None)).await.unwrap().value;
    let id = invited.invitation.id;
    users::accept(&app, &at(START, Caller::Anonymous), accept(invited.token)).await.unwrap();
    assert_eq!(withdraw(&app, &ctx, id).await.unwrap_err().code, ErrorCode::NotFound);
    assert_eq!(open(&app, &ctx, &Page::first(9)).await.unwrap(), []);
}
