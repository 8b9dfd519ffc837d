use keyward_core::credential::RevokeReason;
use keyward_core::id::CredentialId;

use super::*;
use crate::ops::context::Caller;
use crate::ops::credentials::{Create, create, disable, get, list, names, revoke};
use crate::ops::testing::{Admin, START, TestApp, at, name};
use crate::ops::{CredentialFilter, CredentialSort, Page};

async fn made(app: &TestApp, caller: &Caller, kind: &str) -> CredentialId {
    let input = Create {
        kind: kind.to_owned(),
        name: name("Nightly import"),
        namespace: None,
        roles: vec![crate::ops::credentials::RoleChoice { role: "Viewer".to_owned(), namespace: None }],
        expires_at: None,
        sources: Vec::new(),
        owner: None,
        key_pair: false,
    };
    create(app, &at(START, caller.clone()), input).await.unwrap().value.held.credential.id
}

async fn offered(app: &TestApp, asks: &Caller, admin: &Admin, id: CredentialId) -> Vec<Offer> {
    let (held, _) = get(app, &at(START, admin.caller.clone()), id).await.unwrap();
    offers(app, &at(START, asks.clone()), &held.credential).unwrap()
}

#[tokio::test]
async fn what_is_offered_depends_on_state_and_rights() {
    let (app, admin) = TestApp::set_up().await;
    let (_, member) = app.member(&admin, "member@example.com", false).await;
    let ctx = at(START, admin.caller.clone());
    let id = made(&app, &admin.caller, "api").await;
    let whole = [Offer::Edit, Offer::Rotate, Offer::Disable, Offer::Revoke];
    assert_eq!(offered(&app, &admin.caller, &admin, id).await, whole);
    assert_eq!(offered(&app, &member, &admin, id).await, []);
    disable(&app, &ctx, id).await.unwrap();
    let stopped = [Offer::Edit, Offer::Rotate, Offer::Enable, Offer::Revoke];
    assert_eq!(offered(&app, &admin.caller, &admin, id).await, stopped);
    revoke(&app, &ctx, id, RevokeReason::Requested, false).await.unwrap();
    assert_eq!(offered(&app, &admin.caller, &admin, id).await, []);
}

#[tokio::test]
async fn a_live_credential_is_renewed_by_its_owner_alone() {
    let (app, admin) = TestApp::set_up().await;
    let (_, other) = app.member(&admin, "other@example.com", true).await;
    let id = made(&app, &admin.caller, "management").await;
    assert!(offered(&app, &admin.caller, &admin, id).await.contains(&Offer::Rotate));
    let others = offered(&app, &other, &admin, id).await;
    assert!(!others.contains(&Offer::Rotate) && others.contains(&Offer::Revoke), "{others:?}");
}

#[tokio::test]
async fn creating_is_offered_to_those_who_may_create_somewhere() {
    let (app, admin) = TestApp::set_up().await;
    let (_, member) = app.member(&admin, "member@example.com", false).await;
    let kind = app.index.snapshot().kind(&"keyward/api".parse().unwrap()).unwrap().clone();
    let may = |caller: &Caller, place| may_create(&app, &at(START, caller.clone()), &kind, place);
    assert!(may(&admin.caller, None) && may(&admin.caller, Some(admin.organization.into())));
    assert!(!may(&member, None) && !may(&member, Some(admin.organization.into())));
}

#[tokio::test]
async fn a_list_tells_what_its_rows_hold_and_who_stands_in_them() {
    let (app, admin) = TestApp::set_up().await;
    let ctx = at(START, admin.caller.clone());
    let id = made(&app, &admin.caller, "management").await;
    made(&app, &admin.caller, "api").await;
    let page = Page::first(10);
    let one = CredentialFilter { ids: vec![id], ..CredentialFilter::default() };
    let listed = list(&app, &ctx, one, CredentialSort::NEWEST, &page).await.unwrap();
    let roles: Vec<_> = listed.iter().flat_map(|one| &one.grants).map(|(_, role)| role.as_str()).collect();
    assert_eq!((listed.len(), roles), (1, vec!["Viewer"]));
    let names = names(&app, &ctx, &listed).await.unwrap();
    assert_eq!(names.or_id(admin.user), "Ada");
    let all = list(&app, &ctx, CredentialFilter::default(), CredentialSort::NEWEST, &page).await.unwrap();
    assert_eq!(all.len(), 2);
}
