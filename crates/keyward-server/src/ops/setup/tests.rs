use super::*;
use keyward_core::digest::PepperVersion;

use crate::ops::testing::{PASSWORD, START, TestApp, at, first, secret};

#[test]
fn the_link_lives_half_an_hour_and_works_once() {
    let made = Timestamp::from_seconds(1_000_000);
    let digest = Digest { pepper: PepperVersion::new(1), bytes: [0; 32] };
    let kept = SetupToken { digest, created_at: made, used_at: None };
    assert!(is_open(&kept, made));
    assert!(is_open(&kept, made.plus(Duration::from_secs(1_799))));
    assert!(!is_open(&kept, made.plus(LINK_LIVES)));
    assert!(!is_open(&SetupToken { used_at: Some(made), ..kept }, made));
}

fn anonymous(seconds: u64) -> Ctx {
    at(START.plus(Duration::from_secs(seconds)), Caller::Anonymous)
}

#[tokio::test]
async fn the_first_start_is_set_up_once() {
    let app = TestApp::start().await;
    let token = prepare(&app, START).await.unwrap().unwrap();
    let done = create(&app, &anonymous(60), secret(token.expose()), first("ada@example.com")).await.unwrap().value;
    let mut reader = app.store.read().await.unwrap();
    let user = reader.user(done.user).await.unwrap().unwrap();
    assert!(user.operator && user.email == "ada@example.com");
    let membership = reader.membership(done.organization.unwrap(), done.user).await.unwrap().unwrap();
    assert!(membership.super_admin);
    drop(reader);
    let again = create(&app, &anonymous(61), token, first("eve@example.com")).await.unwrap_err();
    assert_eq!(again.code, ErrorCode::SetupDone);
    assert!(prepare(&app, START).await.unwrap().is_none());
    app.sign_in("ada@example.com").await;
}

#[tokio::test]
async fn only_the_newest_token_counts_and_not_for_long() {
    let app = TestApp::start().await;
    let old = prepare(&app, START).await.unwrap().unwrap();
    let app = app.restart().await;
    let new = prepare(&app, START).await.unwrap().unwrap();
    let code = async |seconds, token: &Secret| {
        let done = create(&app, &anonymous(seconds), secret(token.expose()), first("ada@example.com")).await;
        done.map(|done| done.value).map_err(|error| error.code)
    };
    assert_eq!(code(1, &old).await, Err(ErrorCode::SetupTokenInvalid));
    assert_eq!(code(1, &secret("kwset_junk")).await, Err(ErrorCode::SetupTokenInvalid));
    assert_eq!(code(1_800, &new).await, Err(ErrorCode::SetupTokenInvalid));
    assert!(code(1_799, &new).await.is_ok());
}

#[tokio::test]
async fn what_is_wrong_with_the_first_operator_uses_nothing_up() {
    let app = TestApp::start().await;
    let token = prepare(&app, START).await.unwrap().unwrap();
    let code = async |first| create(&app, &anonymous(1), secret(token.expose()), first).await.map_err(|e| e.code);
    let short = First { password: secret("too short"), ..first("ada@example.com") };
    assert_eq!(code(short).await.unwrap_err(), ErrorCode::PasswordTooShort);
    assert_eq!(code(first("ada")).await.unwrap_err(), ErrorCode::InvalidValue);
    let unknown = First { profiles: vec!["nonsense".to_owned()], ..first("ada@example.com") };
    assert_eq!(code(unknown).await.unwrap_err(), ErrorCode::UnknownProfile);
    let without = First { organization: None, password: secret(PASSWORD), ..first("ada@example.com") };
    assert_eq!(code(without).await.unwrap().value.organization, None);
}

#[tokio::test]
async fn nobody_but_the_machine_sets_up_without_a_token() {
    let app = TestApp::start().await;
    let refused = init(&app, &anonymous(0), first("eve@example.com")).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::SetupTokenInvalid);
    assert!(init(&app, &at(START, Caller::System), first("ada@example.com")).await.is_ok());
    let again = init(&app, &at(START, Caller::System), first("eve@example.com")).await.unwrap_err();
    assert_eq!(again.code, ErrorCode::SetupDone);
}
