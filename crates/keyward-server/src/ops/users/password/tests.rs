use std::time::Duration;

use super::*;
use crate::ops::context::Caller;
use crate::ops::testing::{PASSWORD, START, TestApp, at, secret};

const NEW: &str = "lantern-orchard-biscuit";

async fn change(app: &TestApp, seconds: u64, caller: &Caller, from: &str, to: &str) -> Result<(), ErrorCode> {
    let ctx = at(START.plus(Duration::from_secs(seconds)), caller.clone());
    password(app, &ctx, secret(from), secret(to)).await.map(|_| ()).map_err(|error| error.code)
}

async fn session(app: &TestApp, caller: &Caller) -> Option<SessionRecord> {
    let Caller::Session(signed_in) = caller else { panic!("a user is signed in") };
    let sessions = app.store.read().await.unwrap().sessions_of(signed_in.user).await.unwrap();
    sessions.into_iter().find(|session| session.id == signed_in.session)
}

#[tokio::test]
async fn the_session_that_asks_stays_and_is_fresh() {
    let (app, admin) = TestApp::set_up().await;
    let other = app.sign_in("admin@example.com").await;
    let before = session(&app, &admin.caller).await.unwrap();
    assert_eq!(change(&app, 900, &admin.caller, PASSWORD, NEW).await, Ok(()));
    let now = START.plus(Duration::from_mins(15));
    let wanted = SessionRecord { signed_in_at: now, ..before };
    assert_eq!(session(&app, &admin.caller).await, Some(wanted), "its end is no later than before");
    assert_eq!(session(&app, &other).await, None);
}

#[tokio::test]
async fn a_session_that_was_ended_meanwhile_changes_nothing() {
    let (app, admin) = TestApp::set_up().await;
    sessions::delete(&app, &at(START, admin.caller.clone()), None).await.unwrap();
    assert_eq!(change(&app, 0, &admin.caller, PASSWORD, NEW).await, Err(ErrorCode::SessionEnded));
    // The password is what it was.
    app.sign_in("admin@example.com").await;
}

#[tokio::test]
async fn of_two_changes_at_once_one_is_made() {
    let (app, admin) = TestApp::set_up().await;
    let (first, second) = tokio::join!(
        change(&app, 0, &admin.caller, PASSWORD, NEW),
        change(&app, 0, &admin.caller, PASSWORD, "harbour-thimble-cactus"),
    );
    let mut both = [first, second];
    both.sort_by_key(Result::is_err);
    assert_eq!(both, [Ok(()), Err(ErrorCode::WrongPassword)]);
}

#[tokio::test]
async fn wrong_passwords_climb_the_ladder_of_sign_ins() {
    let (app, admin) = TestApp::set_up().await;
    for _ in 0..5 {
        assert_eq!(change(&app, 0, &admin.caller, "not-the-current-one", NEW).await, Err(ErrorCode::WrongPassword));
    }
    assert_eq!(change(&app, 29, &admin.caller, PASSWORD, NEW).await, Err(ErrorCode::TooManyAttempts));
    let sign_in = at(START, Caller::Anonymous);
    let input = sessions::SignIn { email: "admin@example.com".to_owned(), password: secret(PASSWORD), code: None };
    let barred = sessions::create(&app, &sign_in, input).await.err().unwrap();
    assert_eq!(barred.code, ErrorCode::TooManyAttempts);
    assert_eq!(change(&app, 31, &admin.caller, PASSWORD, NEW).await, Ok(()));
    // Success began anew.
    assert_eq!(change(&app, 31, &admin.caller, PASSWORD, NEW).await, Err(ErrorCode::WrongPassword));
}
