use keyward_core::permission::PatternSet;
use keyward_core::role::Holder;

use super::*;
use crate::ops::testing::{Admin, START, TestApp, at, name};
use crate::ops::users::{get, suspend};
use crate::ops::{namespaces, roles};

async fn role(app: &TestApp, admin: &Admin, called: &str, patterns: &[&str]) -> String {
    let patterns: PatternSet = patterns.iter().map(|pattern| pattern.parse().unwrap()).collect();
    roles::create(app, &at(START, admin.caller.clone()), name(called), patterns).await.unwrap();
    called.to_owned()
}

#[tokio::test]
async fn what_members_hold_says_from_where_they_have_it() {
    let (app, admin) = TestApp::set_up().await;
    let ctx = at(START, admin.caller.clone());
    let (grace, caller) = app.member(&admin, "grace@example.com", false).await;
    let (eve, eves) = app.member(&admin, "eve@example.com", false).await;
    let reading = role(&app, &admin, "Reading", &["items:read"]).await;
    let shop = namespaces::create_application(&app, &ctx, name("Shop")).await.unwrap().value.id;
    let group = namespaces::create_user_group(&app, &ctx, None, name("Support")).await.unwrap().value.id;
    let NamespaceId::UserGroup(support) = group else { panic!("no group") };
    grants::create(&app, &ctx, Holder::User(grace), reading.clone(), None).await.unwrap();
    grants::create(&app, &ctx, Holder::UserGroup(support), reading, Some(shop)).await.unwrap();
    namespaces::add_member(&app, &ctx, support, grace).await.unwrap();
    assert_eq!(namespaces::members_among(&app, &ctx, support, &[grace, eve]).await.unwrap(), [grace].into());

    let told = |held: &[Held]| -> Vec<(String, Option<String>)> {
        let one = |held: &Held| (held.grant.place.name.to_string(), held.through.as_ref().map(|g| g.name.to_string()));
        held.iter().map(one).collect()
    };
    let both = [("Acme".to_owned(), None), ("Shop".to_owned(), Some("Support".to_owned()))];
    let all = held(&app, &ctx, &[grace, eve]).await.unwrap();
    assert_eq!((told(&all[&grace]), told(&all[&eve])), (both.to_vec(), vec![]));
    // Everybody sees their own; of others nothing without `grants:read`.
    assert_eq!(told(&held(&app, &at(START, caller), &[grace]).await.unwrap()[&grace]), both);
    let hidden = held(&app, &at(START, eves.clone()), &[grace]).await.unwrap();
    assert_eq!(hidden[&grace], []);
    assert_eq!(ending(&app, &ctx, grace).await.unwrap().groups[0].name, name("Support"));
    assert_eq!(ending(&app, &at(START, eves), grace).await.unwrap_err().code, ErrorCode::PermissionDenied);
}

#[tokio::test]
async fn what_is_offered_is_what_would_be_done() {
    let (app, admin) = TestApp::set_up().await;
    let ctx = at(START, admin.caller.clone());
    let (grace, caller) = app.member(&admin, "grace@example.com", false).await;
    let (eve, _) = app.member(&admin, "eve@example.com", false).await;
    let people = role(&app, &admin, "People", &["users:*"]).await;
    let more = role(&app, &admin, "More", &["roles:*"]).await;
    grants::create(&app, &ctx, Holder::User(grace), people, None).await.unwrap();
    let graces = at(START, caller);
    let may = async |id| {
        let member = get(&app, &graces, id).await.unwrap();
        may_manage(&app, &graces, &operations::USERS_SUSPEND, &member).map_err(|error| error.code)
    };
    assert_eq!(may(grace).await, Ok(()));
    assert_eq!(may(eve).await, Ok(()));
    assert_eq!(may(admin.user).await, Err(ErrorCode::ExceedsOwnRights));
    grants::create(&app, &ctx, Holder::User(eve), more, None).await.unwrap();
    assert_eq!(may(eve).await, Err(ErrorCode::ExceedsOwnRights));
    assert_eq!(suspend(&app, &graces, eve).await.unwrap_err().code, ErrorCode::ExceedsOwnRights);
}

#[tokio::test]
async fn the_last_super_admin_is_known() {
    let (app, admin) = TestApp::set_up().await;
    let ctx = at(START, admin.caller.clone());
    let is_last = async |id| is_last_super_admin(&app, &get(&app, &ctx, id).await.unwrap().membership);
    assert!(is_last(admin.user).await);
    let (grace, _) = app.member(&admin, "grace@example.com", true).await;
    assert!(!is_last(admin.user).await && !is_last(grace).await);
    suspend(&app, &ctx, grace).await.unwrap();
    assert!(is_last(admin.user).await && !is_last(grace).await);
}
