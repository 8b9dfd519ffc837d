//! What is told to whom; a rotation that is sent twice.

use std::time::Duration;

use keyward_api::error::ErrorCode;
use keyward_core::effective::Stopped;
use keyward_core::permission::Pattern;
use keyward_core::role::Holder;

use super::*;
use crate::ops::context::Caller;
use crate::ops::credentials::{Confirmed, Create, Held, RoleChoice, create, disable, get, import, rotate};
use crate::ops::testing::{Admin, START, TestApp, at, first, name};
use crate::ops::{grants, namespaces, setup};

/// An API key with a role at the organization.
async fn made(app: &TestApp, ctx: &Ctx, role: &str) -> Held {
    let roles = vec![RoleChoice { role: role.to_owned(), namespace: None }];
    let input = Create {
        kind: "keyward/api".to_owned(),
        name: name("Nightly"),
        namespace: None,
        roles,
        expires_at: None,
        sources: Vec::new(),
        owner: None,
        key_pair: false,
    };
    create(app, ctx, input).await.unwrap().value.held
}

#[tokio::test]
async fn why_it_may_do_nothing_is_told_to_those_who_may_read_it() {
    let (app, admin) = TestApp::set_up().await;
    let ctx = at(START, admin.caller.clone());
    let key = made(&app, &ctx, "Viewer").await;
    assert_eq!(effective(&app, &ctx, &key).unwrap().stopped, None);
    let key = disable(&app, &ctx, key.credential.id).await.unwrap().value;
    assert!(matches!(effective(&app, &ctx, &key).unwrap().stopped, Some(Stopped::Disabled(_))));
    let (_, caller) = app.member(&admin, "grace@example.com", false).await;
    assert_eq!(effective(&app, &at(START, caller), &key).unwrap_err().code, ErrorCode::PermissionDenied);
}

#[tokio::test]
async fn who_reads_it_where_it_was_imported_sees_what_belongs_there() {
    let app = TestApp::start().await;
    let first = setup::First { profiles: vec!["gigya".to_owned()], ..first("admin@example.com") };
    let done = setup::init(&app, &at(START, Caller::System), first).await.unwrap().value;
    let caller = app.sign_in("admin@example.com").await;
    let admin = Admin { user: done.user, organization: done.organization.unwrap(), caller };
    let ctx = at(START, admin.caller.clone());
    let place = |text| namespaces::create_application(&app, &ctx, name(text));
    let home = place("Home").await.unwrap().value.id;
    let other = place("Other").await.unwrap().value.id;
    let group = |role: &str, at| vec![RoleChoice { role: role.to_owned(), namespace: Some(at) }];
    let input = Create {
        kind: "application_key".to_owned(),
        name: name("Application"),
        namespace: Some(home),
        roles: group("_read_only", home),
        expires_at: None,
        sources: Vec::new(),
        owner: None,
        key_pair: false,
    };
    let key = create(&app, &ctx, input).await.unwrap().value.held.credential;
    let (grace, caller) = app.member(&admin, "grace@example.com", false).await;
    let by_grace = at(START, caller);
    let patterns = ["credentials:read"].map(|text| text.parse::<Pattern>().unwrap());
    roles::create(&app, &ctx, name("Looks"), patterns.into_iter().collect()).await.unwrap();
    grants::create(&app, &ctx, Holder::User(grace), "Looks".to_owned(), Some(other)).await.unwrap();
    assert_eq!(get(&app, &by_grace, key.id).await.map(drop).unwrap_err().code, ErrorCode::PermissionDenied);
    import(&app, &ctx, key.public_id.clone(), other, group("_customer_service", other)).await.unwrap();
    let (held, _) = get(&app, &by_grace, key.id).await.unwrap();
    assert_eq!(held.imported_by, [other]);
    assert_eq!(held.grants.iter().map(|(_, role)| role.as_str()).collect::<Vec<_>>(), ["_customer_service"]);
    let places: Vec<_> = effective(&app, &by_grace, &held).unwrap().places.iter().map(|at| at.namespace).collect();
    assert_eq!(places, [other]);
    let (held, _) = get(&app, &ctx, key.id).await.unwrap();
    assert_eq!(effective(&app, &ctx, &held).unwrap().places.len(), 2);
}

#[tokio::test]
async fn roles_that_are_too_much_are_marked() {
    let (app, admin) = TestApp::set_up().await;
    let ctx = at(START, admin.caller.clone());
    let key = made(&app, &ctx, "Viewer").await.credential;
    let (grace, caller) = app.member(&admin, "grace@example.com", false).await;
    let patterns = ["credentials:*", "roles:read"].map(|text| text.parse::<Pattern>().unwrap());
    roles::create(&app, &ctx, name("Keys"), patterns.into_iter().collect()).await.unwrap();
    let organization = Some(admin.organization.into());
    grants::create(&app, &ctx, Holder::User(grace), "Keys".to_owned(), organization).await.unwrap();
    let offers = role_offers(&app, &at(START, caller), &key, admin.organization.into()).await.unwrap();
    let offered: Vec<_> = offers.iter().map(|offer| (offer.role.name.as_str(), offer.grantable)).collect();
    assert_eq!(
        offered,
        [("Admin", false), ("Editor", false), ("Keys", true), ("Verifier", true), ("Viewer", false)],
        "by name"
    );
    let every = role_offers(&app, &ctx, &key, admin.organization.into()).await.unwrap();
    assert!(every.iter().all(|offer| offer.grantable));
}

#[tokio::test]
async fn what_hangs_on_a_credential_is_counted() {
    let (app, admin) = TestApp::set_up().await;
    let ctx = at(START, admin.caller.clone());
    let key = made(&app, &ctx, "Viewer").await.credential;
    assert_eq!(descendants(&app, &ctx, key.id).await.unwrap(), []);
    let stranger = at(START, Caller::Anonymous);
    assert_eq!(descendants(&app, &stranger, key.id).await.unwrap_err().code, ErrorCode::Unauthenticated);
}

#[tokio::test]
async fn a_rotation_that_is_sent_twice_is_done_once() {
    let (app, admin) = TestApp::set_up().await;
    let ctx = at(START, admin.caller.clone());
    let key = made(&app, &ctx, "Viewer").await.credential;
    let later = START.plus(Duration::from_secs(1));
    let seen = Ctx { if_match: Some(key.updated_at), ..at(later, admin.caller.clone()) };
    let rotate = || rotate(&app, &seen, key.id, None, Confirmed::Yes);
    assert!(rotate().await.unwrap().value.secret.is_some());
    assert_eq!(rotate().await.map(drop).unwrap_err().code, ErrorCode::StaleIfMatch);
    let (held, _) = get(&app, &ctx, key.id).await.unwrap();
    assert_eq!(held.credential.generation, 2);
}
