use keyward_core::decision::Purpose;
use keyward_core::secret::Secret;

use super::*;
use crate::ops::context::Caller;
use crate::ops::credentials::{self, Create};
use crate::ops::presented::Travelled;
use crate::ops::setup::{self, First};
use crate::ops::testing::{START, TestApp, at, first, name};

/// A node with a user key: its uses are recorded.
async fn user_key() -> (TestApp, Carried) {
    let app = TestApp::start().await;
    let first = First { profiles: vec!["gigya".to_owned()], ..first("ada@example.com") };
    setup::init(&app, &at(START, Caller::System), first).await.unwrap();
    let caller = app.sign_in("ada@example.com").await;
    let asked = Create {
        kind: "gigya/user_key".to_owned(),
        name: name("Mine"),
        namespace: None,
        roles: Vec::new(),
        expires_at: None,
        sources: Vec::new(),
        owner: None,
        key_pair: false,
    };
    let made = credentials::create(&app, &at(START, caller), asked).await.unwrap().value;
    let by = Travelled::Form("userKey".to_owned(), "secret".to_owned());
    (app, Carried::Pair(made.held.credential.public_id, made.secret.unwrap(), by))
}

fn anything<'a>() -> Request<'a> {
    Request { permission: None, namespace: None, groups: &[], source: None, secure: true, purpose: Purpose::Direct }
}

async fn uses(app: &TestApp, organization: OrganizationId) -> Vec<AuditEntry> {
    let mut reader = app.store.read().await.unwrap();
    let all = reader.audit_after(Scope::Organization(organization), 0, 100).await.unwrap();
    let entries = all.iter().map(|recorded| recorded.entry().unwrap());
    entries.filter(|entry| entry.operation == "credentials.use").collect()
}

#[tokio::test]
async fn a_use_is_recorded_with_the_name_that_the_credential_has() {
    let (app, carried) = user_key().await;
    let ctx = at(START, Caller::Anonymous);
    let identity = admit(&app, &ctx, &carried, &anything()).await.unwrap();
    let uses = uses(&app, identity.organization).await;
    assert_eq!(uses.len(), 1);
    assert_eq!(uses[0].outcome, Outcome::Done);
    assert_eq!(uses[0].caller, CallerId::Credential(identity.credential));
    assert_eq!(uses[0].details["public_id"], identity.public_id.as_str());
    assert_eq!(uses[0].details["name"], "Mine");
}

#[tokio::test]
async fn what_cannot_be_recorded_is_not_answered() {
    let (app, carried) = user_key().await;
    app.store.close().await;
    let refused = admit(&app, &at(START, Caller::Anonymous), &carried, &anything()).await.unwrap_err();
    assert!(matches!(refused, Refused::Failed(_)), "{refused:?}");
    // A refusal that should be recorded is told no more than that.
    let elsewhere = keyward_core::id::ApplicationId::from_bits(9).into();
    let denied = Request { namespace: Some(elsewhere), permission: Some("accounts:search"), ..anything() };
    let told = admit(&app, &at(START, Caller::Anonymous), &carried, &denied).await;
    assert!(matches!(told, Err(Refused::Failed(_))), "{told:?}");
}

#[tokio::test]
async fn a_refused_use_is_counted_and_a_wrong_secret_is_none() {
    let (app, carried) = user_key().await;
    let ctx = at(START, Caller::Anonymous);
    let organization = admit(&app, &ctx, &carried, &anything()).await.unwrap().organization;
    let Carried::Pair(id, secret, _) = carried else { panic!("a pair") };
    let wrong = Secret::from_string(secret.expose().chars().rev().collect());
    for carried in [Carried::Pair(id.clone(), secret, Travelled::Basic), Carried::Pair(id, wrong, Travelled::Vouched)] {
        admit(&app, &ctx, &carried, &anything()).await.unwrap_err();
    }
    app.usage.flush(&app.store).await.unwrap();
    let mut reader = app.store.read().await.unwrap();
    let days = reader.uses_by_day(organization, &crate::ops::usage::of_last(1, START)).await.unwrap();
    assert_eq!(days.iter().map(|day| (day.allowed, day.refused)).collect::<Vec<_>>(), [(1, 1)]);
}

#[tokio::test]
async fn junk_never_reaches_the_database() {
    let (app, carried) = user_key().await;
    let Carried::Pair(id, _, by) = carried else { panic!("a pair was made") };
    app.store.close().await;
    let wrong = || Secret::from_string("A".repeat(32));
    let (unknown, junk) = ("A0000000000A".to_owned(), "no".to_owned());
    for (id, secret, expected) in [
        (id, wrong(), Reason::Unknown),
        (unknown, wrong(), Reason::Unknown),
        (junk, Secret::from_string("junk".to_owned()), Reason::Malformed),
    ] {
        let carried = Carried::Pair(id, secret, by.clone());
        let refused = admit(&app, &at(START, Caller::Anonymous), &carried, &anything()).await;
        assert!(matches!(&refused, Err(Refused::Denied(denial)) if denial.reason == expected), "{refused:?}");
    }
}
