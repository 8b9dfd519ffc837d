use std::time::Duration;

use super::*;
use crate::ops::context::Caller;
use crate::ops::sessions::{Opened, Pending, SignIn, Step};
use crate::ops::testing::{Admin, PASSWORD, START, TestApp, accept, at, from, name, secret};
use crate::ops::users::{self, Accept, Invite};

/// An admin with a second factor, confirmed with the code of the step that begins with [`START`].
struct World {
    app: TestApp,
    admin: Admin,
    shared: Secret,
    recovery: Vec<Secret>,
}

fn later(seconds: u64) -> Timestamp {
    START.plus(Duration::from_secs(seconds))
}

fn sign_in(password: &str, code: Option<&str>) -> SignIn {
    SignIn { email: "Admin@example.com".to_owned(), password: secret(password), code: code.map(secret) }
}

fn code_of<T>(result: Result<T, OpError>) -> ErrorCode {
    result.err().expect("a refusal").code
}

impl World {
    async fn new() -> Self {
        let (app, admin) = TestApp::set_up().await;
        let ctx = at(START, admin.caller.clone());
        let shared = begin(&app, &ctx).await.unwrap().value.secret;
        let recovery = confirm(&app, &ctx, rules::code(&shared, START).unwrap()).await.unwrap().value;
        Self { app, admin, shared, recovery }
    }

    /// What the application shows so many seconds after the start.
    fn code(&self, seconds: u64) -> String {
        rules::code(&self.shared, later(seconds)).unwrap().expose().to_owned()
    }

    async fn at_once(&self, seconds: u64, code: &str) -> Result<Opened, OpError> {
        let ctx = from("192.0.2.7", at(later(seconds), Caller::Anonymous));
        sessions::create_at_once(&self.app, &ctx, sign_in(PASSWORD, Some(code))).await.map(|done| done.value)
    }

    async fn first_step(&self, seconds: u64) -> Pending {
        let ctx = at(later(seconds), Caller::Anonymous);
        match sessions::create(&self.app, &ctx, sign_in(PASSWORD, None)).await.unwrap().value {
            Step::CodeNeeded(pending) => pending,
            Step::Open(_) => panic!("no code was needed"),
        }
    }

    async fn second_step(&self, source: &str, seconds: u64, token: &str, code: &str) -> Result<Opened, OpError> {
        let ctx = from(source, at(later(seconds), Caller::Anonymous));
        sessions::complete(&self.app, &ctx, token, secret(code)).await.map(|done| done.value)
    }

    async fn status(&self) -> Status {
        status(&self.app, &at(START, self.admin.caller.clone())).await.unwrap()
    }
}

#[tokio::test]
async fn a_second_factor_counts_once_it_is_confirmed() {
    let (app, admin) = TestApp::set_up().await;
    let ctx = at(START, admin.caller.clone());
    assert_eq!(code_of(confirm(&app, &ctx, secret("123456")).await), ErrorCode::WrongState);
    let void = begin(&app, &ctx).await.unwrap().value.secret;
    let begun = begin(&app, &ctx).await.unwrap().value;
    assert!(begun.uri.expose().starts_with("otpauth://totp/Keyward:admin%40example.com?secret="));
    assert!(begun.uri.expose().contains(begun.secret.expose()));

    let anonymous = at(START, Caller::Anonymous);
    let step = sessions::create(&app, &anonymous, sign_in(PASSWORD, None)).await.unwrap().value;
    assert!(matches!(step, Step::Open(_)), "nothing is confirmed yet");
    assert_eq!(code_of(confirm(&app, &ctx, rules::code(&void, START).unwrap()).await), ErrorCode::WrongCode);
    assert_eq!(status(&app, &ctx).await.unwrap(), Status { confirmed_at: None, codes_left: 0 });

    let codes = confirm(&app, &ctx, rules::code(&begun.secret, START).unwrap()).await.unwrap().value;
    assert_eq!(codes.len(), rules::RECOVERY_CODES);
    assert_eq!(status(&app, &ctx).await.unwrap(), Status { confirmed_at: Some(START), codes_left: 10 });
    let step = sessions::create(&app, &anonymous, sign_in(PASSWORD, None)).await.unwrap().value;
    assert!(matches!(step, Step::CodeNeeded(_)));
    let refused = sessions::create_at_once(&app, &anonymous, sign_in(PASSWORD, None)).await;
    assert_eq!(code_of(refused), ErrorCode::SecondFactorRequired);
    let wrong = sessions::create(&app, &anonymous, sign_in("another-password", Some("123456"))).await;
    assert_eq!(code_of(wrong), ErrorCode::SignInFailed, "the password comes first");
    assert_eq!(code_of(begin(&app, &ctx).await), ErrorCode::WrongState, "what counts is not replaced by beginning");
}

#[tokio::test]
async fn a_code_signs_in_once_and_around_its_step() {
    let world = World::new().await;
    assert_eq!(code_of(world.at_once(0, &world.code(0)).await), ErrorCode::WrongCode, "it confirmed the factor");
    assert!(world.at_once(31, &world.code(60)).await.is_ok(), "a clock that is ahead");
    assert_eq!(code_of(world.at_once(61, &world.code(60)).await), ErrorCode::WrongCode, "used");
    assert_eq!(code_of(world.at_once(61, &world.code(30)).await), ErrorCode::WrongCode, "earlier than the last one");
    assert_eq!(code_of(world.at_once(150, &world.code(119)).await), ErrorCode::WrongCode, "two steps before");
    assert!(world.at_once(150, &world.code(120)).await.is_ok(), "a clock that is behind");
}

#[tokio::test]
async fn of_two_who_use_a_code_at_once_one_gets_in() {
    let world = World::new().await;
    for code in [world.code(60), world.recovery[0].expose().to_owned()] {
        let (first, second) = tokio::join!(world.at_once(60, &code), world.at_once(60, &code));
        assert_ne!(first.is_ok(), second.is_ok());
    }
}

#[tokio::test]
async fn a_sign_in_that_waits_is_no_session_and_is_completed_once() {
    let world = World::new().await;
    let pending = world.first_step(60).await;
    let token = pending.token.expose();
    assert_eq!(pending.expires_at, later(660));
    assert!(!sessions::is_session_token(token));
    let refused = sessions::authenticate(&world.app, token, later(60)).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::InvalidCredential);
    let own = sessions::list(&world.app, &at(later(60), world.admin.caller.clone())).await.unwrap();
    assert_eq!(own.len(), 1);

    // Its public half with another secret, a session's token, and junk.
    let (public_id, _) = token.rsplit_once('_').unwrap();
    let forged = keyward_core::format::NativeToken::renew(public_id, &mut world.app.entropy());
    let session = world.at_once(60, &world.code(60)).await.unwrap();
    for wrong in [forged.expose(), session.token.expose(), "kwsgn_junk", ""] {
        let refused = world.second_step("192.0.2.1", 90, wrong, &world.code(90)).await;
        assert_eq!(code_of(refused), ErrorCode::SessionEnded, "{wrong}");
    }
    assert_eq!(code_of(world.second_step("192.0.2.1", 60, token, "no code").await), ErrorCode::WrongCode);
    let opened = world.second_step("192.0.2.1", 90, token, &world.code(90)).await.unwrap();
    assert_ne!(opened.token.expose(), token);
    assert_eq!((opened.session.signed_in_at, opened.user.id), (later(90), world.admin.user));
    assert!(sessions::authenticate(&world.app, opened.token.expose(), later(90)).await.is_ok());
    assert_eq!(code_of(world.second_step("192.0.2.1", 120, token, &world.code(120)).await), ErrorCode::SessionEnded);
    assert!(
        world.second_step("192.0.2.1", 120, world.first_step(120).await.token.expose(), &world.code(120)).await.is_ok()
    );
}

#[tokio::test]
async fn a_sign_in_waits_ten_minutes() {
    let world = World::new().await;
    let (first, second) = (world.first_step(60).await, world.first_step(60).await);
    assert!(world.second_step("192.0.2.1", 659, first.token.expose(), &world.code(659)).await.is_ok());
    let late = world.second_step("192.0.2.1", 660, second.token.expose(), &world.code(690)).await;
    assert_eq!(code_of(late), ErrorCode::SessionEnded);
    assert!(sessions::purge(&world.app, later(661)).await.unwrap() >= 1);
}

#[tokio::test]
async fn wrong_codes_bar_their_source_and_nobody_else() {
    let world = World::new().await;
    let pending = world.first_step(60).await;
    for attempt in 0..5 {
        // The right password in between forgives none of them.
        let pending = world.first_step(60).await;
        let wrong = world.second_step("192.0.2.1", 60, pending.token.expose(), "not one").await;
        assert_eq!(code_of(wrong), ErrorCode::WrongCode, "{attempt}");
    }
    let token = pending.token.expose();
    assert_eq!(code_of(world.second_step("192.0.2.1", 60, token, &world.code(60)).await), ErrorCode::TooManyAttempts);
    let recovery = world.recovery[0].expose();
    assert_eq!(code_of(world.second_step("192.0.2.1", 60, token, recovery).await), ErrorCode::TooManyAttempts);
    // The owner elsewhere, and later from here.
    assert!(world.second_step("192.0.2.2", 60, token, &world.code(60)).await.is_ok());
    let pending = world.first_step(91).await;
    assert!(world.second_step("192.0.2.1", 91, pending.token.expose(), &world.code(91)).await.is_ok());
}

#[tokio::test]
async fn codes_are_not_counted_with_passwords() {
    let world = World::new().await;
    for _ in 0..5 {
        assert_eq!(code_of(world.at_once(60, "not one").await), ErrorCode::WrongCode);
    }
    assert_eq!(code_of(world.at_once(60, &world.code(60)).await), ErrorCode::TooManyAttempts);
    let ctx = from("192.0.2.7", at(later(60), Caller::Anonymous));
    assert!(sessions::create(&world.app, &ctx, sign_in(PASSWORD, None)).await.is_ok(), "the password was never wrong");
}

#[tokio::test]
async fn a_recovery_code_signs_in_once() {
    let world = World::new().await;
    let [first, second, ..] = &world.recovery[..] else { panic!() };
    let pending = world.first_step(60).await;
    assert!(world.second_step("192.0.2.1", 60, pending.token.expose(), first.expose()).await.is_ok());
    assert_eq!(world.status().await.codes_left, 9);
    assert_eq!(code_of(world.at_once(60, first.expose()).await), ErrorCode::WrongCode);
    assert!(world.at_once(60, &second.expose().to_uppercase().replace('-', "")).await.is_ok());
    assert_eq!(world.status().await.codes_left, 8);

    let renewed = renew_codes(&world.app, &at(later(60), world.admin.caller.clone())).await.unwrap().value;
    assert_eq!((renewed.len(), world.status().await.codes_left), (10, 10));
    assert_eq!(code_of(world.at_once(60, world.recovery[2].expose()).await), ErrorCode::WrongCode);
    assert!(world.at_once(60, renewed[0].expose()).await.is_ok());
}

#[tokio::test]
async fn whoever_proves_themselves_again_has_a_new_session_for_the_old_one() {
    let world = World::new().await;
    let opened = world.at_once(60, &world.code(60)).await.unwrap();
    let caller = Caller::Session(sessions::authenticate(&world.app, opened.token.expose(), later(60)).await.unwrap());
    let again = async |seconds, password: &str, code: Option<&str>| {
        let ctx = at(later(seconds), caller.clone());
        sessions::again(&world.app, &ctx, secret(password), code.map(secret)).await.map(|done| done.value)
    };
    assert_eq!(code_of(again(900, PASSWORD, None).await), ErrorCode::SecondFactorRequired);
    assert_eq!(code_of(again(900, "another-password", Some("1")).await), ErrorCode::WrongPassword);
    assert_eq!(code_of(again(900, PASSWORD, Some("not one")).await), ErrorCode::WrongCode);
    assert!(sessions::authenticate(&world.app, opened.token.expose(), later(900)).await.is_ok());
    let fresh = again(900, PASSWORD, Some(&world.code(900))).await.unwrap();
    assert_eq!((fresh.session.signed_in_at, fresh.user.id), (later(900), world.admin.user));
    assert_ne!(fresh.session.id, opened.session.id);
    let old = sessions::authenticate(&world.app, opened.token.expose(), later(900)).await.unwrap_err();
    assert_eq!(old.code, ErrorCode::SessionEnded);
    assert!(sessions::authenticate(&world.app, fresh.token.expose(), later(900)).await.is_ok());
    // Whoever was signed out does not come back that way.
    assert_eq!(code_of(again(930, PASSWORD, Some(&world.code(930))).await), ErrorCode::SessionEnded);
    assert_eq!(code_of(again(930, PASSWORD, None).await), ErrorCode::SecondFactorRequired);
}

#[tokio::test]
async fn every_change_needs_a_fresh_sign_in() {
    let world = World::new().await;
    let (app, caller) = (&world.app, &world.admin.caller);
    let stale = at(later(601), caller.clone());
    let refused = [
        code_of(begin(app, &stale).await),
        code_of(confirm(app, &stale, secret("123456")).await),
        code_of(renew_codes(app, &stale).await),
        code_of(remove(app, &stale).await),
    ];
    assert_eq!(refused, [ErrorCode::FreshSignInRequired; 4]);
    assert!(status(app, &stale).await.is_ok());
    assert!(renew_codes(app, &at(later(600), caller.clone())).await.is_ok());
}

#[tokio::test]
async fn without_a_second_factor_the_password_is_enough_again() {
    let world = World::new().await;
    let ctx = at(later(60), world.admin.caller.clone());
    let pending = world.first_step(60).await;
    remove(&world.app, &ctx).await.unwrap();
    assert_eq!(world.status().await, Status { confirmed_at: None, codes_left: 0 });
    let completed = world.second_step("192.0.2.1", 60, pending.token.expose(), &world.code(60)).await;
    assert_eq!(code_of(completed), ErrorCode::SessionEnded);
    let ignored = world.at_once(60, "what was a code").await;
    assert!(ignored.is_ok());
    assert_eq!(code_of(remove(&world.app, &ctx).await), ErrorCode::WrongState);
    assert_eq!(code_of(renew_codes(&world.app, &ctx).await), ErrorCode::WrongState);
    assert!(begin(&world.app, &ctx).await.is_ok());
}

#[tokio::test]
async fn a_new_password_ends_what_waits_and_is_no_fresh_sign_in() {
    let world = World::new().await;
    let pending = world.first_step(60).await;
    let caller = world.admin.caller.clone();
    let ctx = at(later(900), caller.clone());
    users::password(&world.app, &ctx, secret(PASSWORD), secret("harbour-thimble-cactus")).await.unwrap();
    let completed = world.second_step("192.0.2.1", 600, pending.token.expose(), &world.code(600)).await;
    assert_eq!(code_of(completed), ErrorCode::SessionEnded);
    let own = sessions::list(&world.app, &ctx).await.unwrap();
    assert_eq!(own[0].signed_in_at, START, "somebody with the session and the password alone");
}

#[tokio::test]
async fn a_stolen_password_joins_no_organization() {
    let (app, admin) = TestApp::set_up().await;
    let (_, grace) = app.member(&admin, "grace@example.com", false).await;
    let ctx = at(START, grace.clone());
    let shared = begin(&app, &ctx).await.unwrap().value.secret;
    confirm(&app, &ctx, rules::code(&shared, START).unwrap()).await.unwrap();
    let Caller::Session(signed_in) = grace else { panic!() };
    users::remove(&app, &at(START, admin.caller.clone()), signed_in.user).await.unwrap();

    let invite = Invite { email: "grace@example.com".to_owned(), super_admin: false, roles: Vec::new() };
    let invited = users::invite(&app, &at(START, admin.caller.clone()), invite).await.unwrap().value;
    let accepted = async |code: Option<Secret>| {
        let input = Accept { code, ..accept(secret(invited.token.expose())) };
        users::accept(&app, &at(later(60), Caller::Anonymous), input).await.map(drop)
    };
    assert_eq!(code_of(accepted(None).await), ErrorCode::SecondFactorRequired);
    assert_eq!(code_of(accepted(Some(secret("not one"))).await), ErrorCode::WrongCode);
    assert!(accepted(rules::code(&shared, later(60))).await.is_ok());
}

#[tokio::test]
async fn others_are_ended_and_the_asking_one_stays() {
    let world = World::new().await;
    let (_, grace) = world.app.member(&world.admin, "grace@example.com", false).await;
    let other = world.at_once(60, &world.code(60)).await.unwrap();
    let pending = world.first_step(60).await;
    let ctx = at(later(90), world.admin.caller.clone());
    assert_eq!(sessions::delete_others(&world.app, &ctx).await.unwrap().value, 1);
    assert_eq!(sessions::list(&world.app, &ctx).await.unwrap().len(), 1);
    assert!(sessions::authenticate(&world.app, other.token.expose(), later(90)).await.is_err());
    let completed = world.second_step("192.0.2.1", 90, pending.token.expose(), &world.code(90)).await;
    assert_eq!(code_of(completed), ErrorCode::SessionEnded);
    assert_eq!(sessions::list(&world.app, &at(later(90), grace)).await.unwrap().len(), 1);
    assert_eq!(sessions::delete_others(&world.app, &ctx).await.unwrap().value, 0);
}

#[tokio::test]
async fn a_new_name_is_shown_wherever_names_are() {
    let (app, admin) = TestApp::set_up().await;
    let ctx = at(later(5), admin.caller.clone());
    let renamed = users::profile(&app, &ctx, name("Ada King")).await.unwrap().value;
    assert_eq!((renamed.name.as_str(), renamed.updated_at), ("Ada King", later(5)));
    assert_eq!(users::get(&app, &ctx, admin.user).await.unwrap().user, renamed);
    let filter = users::MemberFilter { search: Some("king".to_owned()), suspended: None };
    let found = users::list(&app, &ctx, &filter, &crate::ops::Page::first(9)).await.unwrap();
    assert_eq!(found.len(), 1);
    let sessions::Who::User { user, .. } = sessions::get(&app, &ctx).await.unwrap() else { panic!() };
    assert_eq!(user, renamed);
}

/// Keys that are to be retired are left behind.
#[tokio::test]
async fn a_secret_moves_to_the_newest_key_when_its_code_is_used() {
    let world = World::new().await;
    let mut ring = keyward_core::keyring::KeyRing::parse(world.app.ring().to_text().expose()).unwrap();
    let second = ring.add(START, &mut world.app.entropy()).unwrap();
    ring.promote(second).unwrap();
    world.app.set_ring(ring);
    let version = async || {
        let factor = world.app.store.read().await.unwrap().second_factor(world.admin.user).await.unwrap();
        factor.unwrap().sealed.version()
    };
    assert_ne!(version().await, second);
    world.at_once(60, &world.code(60)).await.unwrap();
    assert_eq!(version().await, second);
    world.at_once(90, &world.code(90)).await.unwrap();
}

/// What else wants a fresh sign-in: deleting namespaces, and whatever makes a credential able to do everything.
mod sensitive {
    use keyward_core::namespace::NamespaceId;
    use keyward_core::permission::PatternSet;
    use keyward_core::role::Holder;

    use super::*;
    use crate::ops::credentials::{self, Create, EditRequest, RoleChoice};
    use crate::ops::{grants, namespaces, roles};

    fn choice(role: &str) -> RoleChoice {
        RoleChoice { role: role.to_owned(), namespace: None }
    }

    fn key(called: &str, role: &str, namespace: Option<NamespaceId>) -> Create {
        Create {
            kind: "keyward/api".to_owned(),
            name: name(called),
            namespace,
            roles: vec![choice(role)],
            expires_at: None,
            sources: Vec::new(),
            owner: None,
            key_pair: false,
        }
    }

    fn patterns(pattern: &str) -> PatternSet {
        [pattern.parse().unwrap()].into_iter().collect()
    }

    const STALE: ErrorCode = ErrorCode::FreshSignInRequired;

    #[tokio::test]
    async fn a_namespace_is_deleted_by_who_signed_in_lately() {
        let (app, admin) = TestApp::set_up().await;
        let (fresh, stale) = (at(later(600), admin.caller.clone()), at(later(601), admin.caller.clone()));
        let place = namespaces::create_application(&app, &stale, name("Shop")).await.unwrap().value.id;
        assert_eq!(code_of(namespaces::delete(&app, &stale, place, None).await), STALE);
        assert!(namespaces::delete(&app, &fresh, place, None).await.is_ok());
    }

    #[tokio::test]
    async fn an_unlimited_credential_is_made_by_who_signed_in_lately() {
        let (app, admin) = TestApp::set_up().await;
        let (fresh, stale) = (at(later(600), admin.caller.clone()), at(later(601), admin.caller.clone()));
        let shop = namespaces::create_application(&app, &stale, name("Shop")).await.unwrap().value.id;
        assert_eq!(code_of(credentials::create(&app, &stale, key("all", "Admin", None)).await), STALE);
        assert!(credentials::create(&app, &fresh, key("all", "Admin", None)).await.is_ok());
        // Everything in one place, and less than everything: neither is unlimited.
        assert!(credentials::create(&app, &stale, key("shop", "Admin", Some(shop))).await.is_ok());
        assert!(credentials::create(&app, &stale, key("reader", "Viewer", None)).await.is_ok());
    }

    #[tokio::test]
    async fn a_credential_becomes_unlimited_through_who_signed_in_lately() {
        let (app, admin) = TestApp::set_up().await;
        let (fresh, stale) = (at(later(600), admin.caller.clone()), at(later(601), admin.caller.clone()));
        let made = credentials::create(&app, &stale, key("reader", "Viewer", None)).await.unwrap().value;
        let id = made.held.credential.id;
        let give = |role: &str| EditRequest { roles: Some(vec![choice(role)]), ..EditRequest::default() };
        // By an edit of its roles.
        assert_eq!(code_of(credentials::edit(&app, &stale, id, give("Admin")).await), STALE);
        assert!(credentials::edit(&app, &fresh, id, give("Admin")).await.is_ok());
        assert!(credentials::edit(&app, &stale, id, give("Admin")).await.is_ok(), "it is unlimited already");
        assert!(credentials::edit(&app, &stale, id, give("Viewer")).await.is_ok(), "it becomes less");
        // By a grant.
        let grant = async |ctx: &Ctx| grants::create(&app, ctx, Holder::Credential(id), "Admin".to_owned(), None).await;
        assert_eq!(code_of(grant(&stale).await), STALE);
        assert!(grant(&fresh).await.is_ok());
        let to_a_person = Holder::User(admin.user);
        assert!(grants::create(&app, &stale, to_a_person, "Admin".to_owned(), None).await.is_ok());

        // By an edit of a role that it holds.
        let wide = async |ctx: &Ctx, role, pattern: &str| {
            let input = roles::EditRequest { patterns: Some(patterns(pattern)), ..roles::EditRequest::default() };
            roles::edit(&app, ctx, role, input).await.map(drop)
        };
        let held = roles::create(&app, &stale, name("Held"), patterns("items:read")).await.unwrap().value.id;
        assert_eq!(wide(&stale, held, "items:*").await.map_err(|error| error.code), Ok(()));
        credentials::create(&app, &stale, key("holder", "Held", None)).await.unwrap();
        assert_eq!(wide(&stale, held, "*").await.map_err(|error| error.code), Err(STALE));
        assert!(wide(&stale, held, "orders:*").await.is_ok());
        assert!(wide(&fresh, held, "*").await.is_ok());
    }
}
