use std::time::Duration;

use super::*;
use crate::ops::credentials::{self, Create, RoleChoice};
use crate::ops::organizations;
use crate::ops::testing::{START, TestApp, at, name};

#[tokio::test]
async fn a_deletion_says_before_what_it_ends() {
    let (app, admin) = TestApp::set_up().await;
    let ctx = at(START, admin.caller.clone());
    let shop = create_application(&app, &ctx, name("Shop")).await.unwrap().value.id;
    let NamespaceId::Application(application) = shop else { panic!("no application") };
    assert_eq!(ending(&app, &ctx, shop).await.unwrap(), Ending { credentials: 0, namespaces: 0 });
    let till = create_workspace(&app, &ctx, application, name("Till")).await.unwrap().value.id;
    let input = Create {
        kind: "keyward/api".to_owned(),
        name: name("Nightly import"),
        namespace: Some(till),
        roles: vec![RoleChoice { role: "Viewer".to_owned(), namespace: Some(till) }],
        expires_at: None,
        sources: Vec::new(),
        owner: None,
        key_pair: false,
    };
    credentials::create(&app, &ctx, input).await.unwrap();
    assert_eq!(ending(&app, &ctx, shop).await.unwrap(), Ending { credentials: 1, namespaces: 1 });
    assert_eq!(credential_counts(&app, &ctx, &[shop, till]).await.unwrap(), [(till, 1)].into());

    // Who may not see it, or not its credentials, learns nothing.
    let (_, caller) = app.member(&admin, "grace@example.com", false).await;
    let graces = at(START, caller);
    assert_eq!(ending(&app, &graces, shop).await.unwrap_err().code, ErrorCode::NotFound);
    assert_eq!(place(&app, &graces, till).await.unwrap_err().code, ErrorCode::NotFound);
    assert_eq!(credential_counts(&app, &graces, &[shop, till]).await.unwrap(), BTreeMap::new());

    let stale = at(START.plus(Duration::from_secs(601)), admin.caller.clone());
    let refused = delete(&app, &stale, shop, Some("Shop".to_owned())).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::FreshSignInRequired);
    let done = delete(&app, &ctx, shop, Some("Shop".to_owned())).await.unwrap();
    assert_eq!(done.value.len(), 1);
}

#[tokio::test]
async fn places_say_to_which_application_they_belong() {
    let (app, admin) = TestApp::set_up().await;
    let ctx = at(START, admin.caller.clone());
    let shop = create_application(&app, &ctx, name("Shop")).await.unwrap().value.id;
    let NamespaceId::Application(application) = shop else { panic!("no application") };
    let of_application = create_user_group(&app, &ctx, Some(application), name("Cashiers")).await.unwrap().value.id;
    let of_organization = create_user_group(&app, &ctx, None, name("Auditors")).await.unwrap().value.id;
    let above = async |id| place(&app, &ctx, id).await.unwrap().application.map(|(id, _)| id);
    assert_eq!(above(of_application).await, Some(shop));
    assert_eq!(above(of_organization).await, None);
    assert_eq!(place(&app, &ctx, admin.organization.into()).await.unwrap().name, name("Acme"));
    // Not even to an operator, who is told of every organization elsewhere.
    let profiles = vec!["keyward".to_owned()];
    let made =
        organizations::create(&app, &ctx, name("Other"), profiles, "grace@example.com".to_owned()).await.unwrap();
    let other = made.value.organization.id;
    assert_eq!(place(&app, &ctx, other.into()).await.unwrap_err().code, ErrorCode::NotFound);
}
