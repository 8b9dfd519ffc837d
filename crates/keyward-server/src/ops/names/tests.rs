//! Who is told which names.

use super::*;
use crate::ops::namespaces;
use crate::ops::testing::{START, TestApp, at, name};

#[tokio::test]
async fn names_are_told_to_those_who_may_read_the_records() {
    let (app, admin) = TestApp::set_up().await;
    let ctx = at(START, admin.caller.clone());
    let shop = namespaces::create_application(&app, &ctx, name("Shop")).await.unwrap().value.id;
    let (grace, caller) = app.member(&admin, "grace@example.com", false).await;
    let organization = NamespaceId::from(admin.organization);
    let wanted = Wanted {
        users: BTreeSet::from([admin.user, grace]),
        namespaces: BTreeSet::from([shop, organization]),
        ..Wanted::default()
    };

    let told = readable(&app, &ctx, wanted.clone()).await.unwrap();
    assert_eq!(told.or_id(shop), "Shop");
    assert_eq!(told.or_id(admin.organization), "Acme");
    assert_eq!((told.or_id(admin.user), told.or_id(grace)), ("Ada".to_owned(), "Grace".to_owned()));

    // Somebody without a role knows themselves, and where they are.
    let told = readable(&app, &at(START, caller), wanted).await.unwrap();
    assert_eq!((told.get(shop), told.get(admin.user)), (None, None));
    assert_eq!(told.or_id(shop), shop.to_string());
    assert_eq!((told.or_id(admin.organization), told.or_id(grace)), ("Acme".to_owned(), "Grace".to_owned()));
}

#[test]
fn whatever_is_an_id_is_wanted_by_its_sort() {
    let mut wanted = Wanted::default();
    let organization = OrganizationId::from_bits(1);
    for text in [UserId::from_bits(2).to_string(), organization.to_string(), "items:read".to_owned()] {
        wanted.id(&text);
    }
    assert_eq!(wanted.users, BTreeSet::from([UserId::from_bits(2)]));
    assert_eq!(wanted.namespaces, BTreeSet::from([organization.into()]));
    assert!(wanted.credentials.is_empty() && wanted.roles.is_empty());
}
