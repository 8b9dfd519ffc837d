use keyward_api::operations::CREDENTIALS_VERIFY;

use super::*;
use crate::ops::credentials::{self, Create, RoleChoice};
use crate::ops::testing::{Admin, START, TestApp, at, name};

async fn with_key() -> (TestApp, Admin, CredentialId) {
    let (app, admin) = TestApp::set_up().await;
    let viewer = RoleChoice { role: "Viewer".to_owned(), namespace: None };
    let input = Create {
        kind: "keyward/api".to_owned(),
        name: name("Import"),
        namespace: None,
        roles: vec![viewer],
        expires_at: None,
        sources: Vec::new(),
        owner: None,
        key_pair: false,
    };
    let issued = credentials::create(&app, &at(START, admin.caller.clone()), input).await.unwrap().value;
    (app, admin, issued.held.credential.id)
}

fn about(id: CredentialId, permission: &str) -> Question {
    Question {
        judged: Judged::Unpresented(id),
        permission: Some(permission.to_owned()),
        namespace: None,
        groups: Vec::new(),
        source: None,
        secure: true,
        explain: true,
    }
}

#[tokio::test]
async fn a_session_that_may_verify_has_a_credential_explained_without_its_secret() {
    let (app, admin, id) = with_key().await;
    let ctx = at(START, admin.caller.clone());
    let organization = admit(&app, &ctx, &CREDENTIALS_VERIFY).unwrap();
    let asked = async |permission| answer(&app, &ctx, organization, &about(id, permission)).await.unwrap();
    assert_eq!(asked("items:read").await.denial, None);
    let refused = asked("items:delete").await;
    assert_eq!(refused.denial.map(|denial| denial.reason), Some(Reason::NotGranted));
    assert_eq!(refused.identity, Some(Known { credential: id, slot: None }));
    assert_eq!(refused.explanation.unwrap().findings.len(), keyward_core::decision::Check::ALL.len());
}

#[tokio::test]
async fn a_member_who_may_not_verify_may_not_have_anything_explained() {
    let (app, admin, _) = with_key().await;
    let (_, grace) = app.member(&admin, "grace@example.com", false).await;
    let refused = admit(&app, &at(START, grace), &CREDENTIALS_VERIFY).unwrap_err();
    assert_eq!(refused.code, ErrorCode::PermissionDenied);
}

#[tokio::test]
async fn without_explain_nothing_is_said_of_what_was_not_presented() {
    let (app, admin, id) = with_key().await;
    let ctx = at(START, admin.caller.clone());
    let question = Question { explain: false, ..about(id, "items:read") };
    let refused = answer(&app, &ctx, admin.organization, &question).await.map(drop).unwrap_err();
    assert_eq!(refused.code, ErrorCode::InvalidValue);
}

#[tokio::test]
async fn another_organizations_credential_is_explained_as_unknown() {
    let (app, admin, id) = with_key().await;
    let ctx = at(START, admin.caller.clone());
    let other = OrganizationId::from_bits(7);
    let answered = answer(&app, &ctx, other, &about(id, "items:read")).await.unwrap();
    assert_eq!(answered.denial.map(|denial| denial.reason), Some(Reason::Unknown));
    assert!(answered.identity.is_none() && answered.explanation.is_none());
}
