use super::sign_in::MAX_SESSIONS_PER_USER;
use super::*;
use keyward_core::digest::{Digest, PepperVersion};
use keyward_core::id::UserId;

use crate::ops::testing::{PASSWORD, START, TestApp, at, from, secret};

const LIMITS: config::Sessions = config::Sessions { idle: Duration::from_mins(30), absolute: Duration::from_hours(12) };

fn session() -> SessionRecord {
    let start = Timestamp::from_seconds(1_000_000);
    SessionRecord {
        id: SessionId::from_bits(1),
        user: UserId::from_bits(1),
        public_id: "kwses_0123456789abcdef".to_owned(),
        digest: Digest { pepper: PepperVersion::new(1), bytes: [0; 32] },
        created_at: start,
        signed_in_at: start,
        last_seen_at: start,
        expires_at: start.plus(LIMITS.absolute),
        ended_at: None,
        source: None,
        user_agent: None,
    }
}

#[test]
fn a_session_ends_when_it_is_not_used() {
    let session = session();
    let at = |seconds| session.created_at.plus(Duration::from_secs(seconds));
    assert!(is_live(&session, &LIMITS, at(1_799)));
    assert!(!is_live(&session, &LIMITS, at(1_800)));
}

#[test]
fn a_session_ends_however_much_it_is_used() {
    let start = session();
    let at = |seconds| start.created_at.plus(Duration::from_secs(seconds));
    let used = SessionRecord { last_seen_at: at(43_199), ..start.clone() };
    assert!(is_live(&used, &LIMITS, at(43_199)));
    assert!(!is_live(&used, &LIMITS, at(43_200)));
}

#[test]
fn an_ended_session_stays_ended() {
    let start = session();
    let ended = SessionRecord { ended_at: Some(start.created_at), ..start };
    assert!(!is_live(&ended, &LIMITS, ended.created_at));
}

#[test]
fn uses_are_noted_often_enough_to_keep_a_used_session_alive() {
    assert_eq!(note_every(&LIMITS), Duration::from_mins(1));
    let short = config::Sessions { idle: Duration::from_mins(1), ..LIMITS };
    assert_eq!(note_every(&short), Duration::from_secs(15));
}

fn later(seconds: u64) -> Timestamp {
    START.plus(Duration::from_secs(seconds))
}

fn admin(password: &str, code: Option<&str>) -> SignIn {
    SignIn { email: "admin@example.com".to_owned(), password: secret(password), code: code.map(secret) }
}

async fn try_from(app: &TestApp, source: &str, time: Timestamp, password: &str) -> Result<Opened, ErrorCode> {
    let ctx = from(source, at(time, Caller::Anonymous));
    let input = admin(password, None);
    create_at_once(app, &ctx, input).await.map(|done| done.value).map_err(|error| error.code)
}

#[tokio::test]
async fn a_token_belongs_to_its_user_until_the_session_ends() {
    let (app, admin) = TestApp::set_up().await;
    let opened = try_from(&app, "192.0.2.1", START, PASSWORD).await.unwrap();
    let token = opened.token.expose();
    assert!(is_session_token(token));
    let signed_in = authenticate(&app, token, later(60)).await.unwrap();
    assert_eq!((signed_in.user, signed_in.session, signed_in.operator), (admin.user, opened.session.id, true));
    assert_eq!(signed_in.signed_in_at, START);

    // The use a minute later was noted, so the session is idle from there.
    assert!(authenticate(&app, token, later(60 + 1_799)).await.is_ok());
    delete(&app, &at(later(2_000), Caller::Session(signed_in)), None).await.unwrap();
    assert_eq!(authenticate(&app, token, later(2_000)).await.unwrap_err().code, ErrorCode::SessionEnded);
}

#[tokio::test]
async fn a_session_that_is_not_used_ends() {
    let (app, _) = TestApp::set_up().await;
    let opened = try_from(&app, "192.0.2.1", START, PASSWORD).await.unwrap();
    assert_eq!(
        authenticate(&app, opened.token.expose(), later(1_800)).await.unwrap_err().code,
        ErrorCode::SessionEnded
    );
}

#[tokio::test]
async fn a_token_of_nobody_is_not_accepted() {
    let (app, _) = TestApp::set_up().await;
    let opened = try_from(&app, "192.0.2.1", START, PASSWORD).await.unwrap();
    let (_, of_nobody) = keyward_core::format::NativeToken::generate(&"kwses".parse().unwrap(), &mut app.entropy());
    // The right id with another secret.
    let forged = keyward_core::format::NativeToken::renew(&opened.session.public_id, &mut app.entropy());
    for token in [of_nobody.expose(), forged.expose(), "kwses_junk", "", &opened.session.public_id] {
        assert_eq!(authenticate(&app, token, START).await.unwrap_err().code, ErrorCode::InvalidCredential);
    }
}

#[tokio::test]
async fn wrong_passwords_bar_their_source_and_nobody_else() {
    let (app, _) = TestApp::set_up().await;
    for _ in 0..5 {
        assert_eq!(try_from(&app, "192.0.2.1", START, "wrong").await.err(), Some(ErrorCode::SignInFailed));
    }
    // Even the right one, and after a restart.
    assert_eq!(try_from(&app, "192.0.2.1", START, PASSWORD).await.err(), Some(ErrorCode::TooManyAttempts));
    let app = app.restart().await;
    assert_eq!(try_from(&app, "192.0.2.1", later(29), PASSWORD).await.err(), Some(ErrorCode::TooManyAttempts));
    // The account is not barred from elsewhere, and not from there for ever.
    assert!(try_from(&app, "192.0.2.2", START, PASSWORD).await.is_ok());
    assert!(try_from(&app, "192.0.2.1", later(31), PASSWORD).await.is_ok());
    // Success began anew: four more are only failures.
    for _ in 0..4 {
        assert_eq!(try_from(&app, "192.0.2.1", later(32), "wrong").await.err(), Some(ErrorCode::SignInFailed));
    }
    assert!(try_from(&app, "192.0.2.1", later(32), PASSWORD).await.is_ok());
}

#[tokio::test]
async fn who_does_not_exist_is_answered_like_who_does() {
    let (app, _) = TestApp::set_up().await;
    let ctx = from("192.0.2.1", at(START, Caller::Anonymous));
    let mut answers = Vec::new();
    for email in ["nobody@example.com", "admin@example.com"] {
        for _ in 0..6 {
            let input = SignIn { email: email.to_owned(), ..admin("wrong", None) };
            let error = create(&app, &ctx, input).await.err().unwrap();
            answers.push((email, error.code, error.detail, error.retry_after));
        }
    }
    let (nobody, somebody) = answers.split_at(6);
    assert!(nobody.iter().zip(somebody).all(|(a, b)| (a.1, &a.2, a.3) == (b.1, &b.2, b.3)), "{answers:?}");
    assert_eq!(nobody[5].1, ErrorCode::TooManyAttempts);
}

#[tokio::test]
async fn people_see_and_end_their_own_sessions_only() {
    let (app, admin) = TestApp::set_up().await;
    let (_, other) = app.member(&admin, "grace@example.com", false).await;
    let ctx = at(START, admin.caller.clone());
    let own = list(&app, &ctx).await.unwrap();
    assert_eq!(own.len(), 1);
    let foreign = list(&app, &at(START, other.clone())).await.unwrap();
    assert_eq!(delete(&app, &ctx, Some(foreign[0].id)).await.unwrap_err().code, ErrorCode::NotFound);
    assert!(list(&app, &at(START, other)).await.is_ok_and(|sessions| sessions.len() == 1));
    let who = get(&app, &ctx).await.unwrap();
    let Who::User { user, organizations, session } = who else { panic!("{who:?}") };
    assert_eq!((user.id, session.id, organizations.len()), (admin.user, own[0].id, 1));
    assert!(organizations[0].1.super_admin);
}

#[tokio::test]
async fn one_session_too_many_ends_the_least_used() {
    let (app, admin) = TestApp::set_up().await;
    let Caller::Session(own) = admin.caller else { panic!() };
    let first = try_from(&app, "192.0.2.1", START, PASSWORD).await.unwrap();
    let (user, template) = (first.user.id, first.session.clone());
    // As many as there may be, each used later than the first.
    app.store
        .side_write(async move |writer: &mut Writer| {
            for number in 0..MAX_SESSIONS_PER_USER as u128 - 2 {
                let session = SessionRecord {
                    id: SessionId::from_bits(number + 1),
                    public_id: format!("kwses_{number}"),
                    last_seen_at: later(10),
                    ..template.clone()
                };
                writer.put_session(&session).await?;
            }
            writer.touch_session(own.session, later(10)).await?;
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
    assert!(authenticate(&app, first.token.expose(), later(1)).await.is_ok());
    try_from(&app, "192.0.2.1", later(20), PASSWORD).await.unwrap();
    let live = app.store.read().await.unwrap().sessions_of(user).await.unwrap();
    assert_eq!(live.len(), MAX_SESSIONS_PER_USER);
    assert_eq!(authenticate(&app, first.token.expose(), later(21)).await.unwrap_err().code, ErrorCode::SessionEnded);
}
