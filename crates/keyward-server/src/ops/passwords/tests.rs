use super::*;
use keyward_core::entropy::Seeded;

const SALT: Salt = [7; 16];

fn secret(text: &str) -> Secret {
    Secret::from_string(text.to_owned())
}

fn pool(workers: u32, queue: u32) -> Passwords {
    Passwords::new(&config::Passwords { workers, queue })
}

#[test]
fn the_parameters_are_those_that_are_used() {
    let made = hash(&secret("mosquito-teapot-gravel"), SALT).unwrap();
    assert!(made.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{made}");
    assert_eq!((MEMORY_KIB, PASSES, LANES), (19_456, 2, 1));
}

#[tokio::test]
async fn a_password_matches_its_own_hash_only() {
    let pool = pool(1, 8);
    let stored = pool.hash(secret("mosquito-teapot-gravel"), SALT).await.unwrap();
    let check = |text: &str| pool.check(secret(text), Some(stored.clone()), SALT);
    assert_eq!(check("mosquito-teapot-gravel").await.unwrap(), Checked::Match { renewed: None });
    assert_eq!(check("mosquito-teapot-Gravel").await.unwrap(), Checked::Mismatch);
    assert_eq!(check("").await.unwrap(), Checked::Mismatch);
}

#[test]
fn nobody_is_compared_with_todays_parameters() {
    let parsed = PasswordHash::new(NOBODY).unwrap();
    assert!(is_current(&parsed));
    assert_eq!(check(&secret("anything"), None, SALT).unwrap(), Checked::Mismatch);
}

#[test]
fn a_hash_of_other_parameters_is_renewed() {
    let params = Params::new(64, 1, 1, None).unwrap();
    let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let stored: PasswordHash = weak.hash_password_with_salt(b"mosquito-teapot-gravel", &SALT).unwrap();
    let found = check(&secret("mosquito-teapot-gravel"), Some(&stored.to_string()), SALT).unwrap();
    let Checked::Match { renewed: Some(renewed) } = found else { panic!("{found:?}") };
    let again = check(&secret("mosquito-teapot-gravel"), Some(&renewed), SALT).unwrap();
    assert_eq!(again, Checked::Match { renewed: None });
    // Not for a guess.
    assert_eq!(check(&secret("another"), Some(&stored.to_string()), SALT).unwrap(), Checked::Mismatch);
}

#[test]
fn a_stored_hash_that_is_none_is_our_fault() {
    assert_eq!(check(&secret("anything"), Some("plain"), SALT).unwrap_err().code, ErrorCode::Internal);
}

#[tokio::test]
async fn one_too_many_is_refused_at_once() {
    let pool = pool(1, 1);
    let (started, waiting) = (Arc::new(Semaphore::new(0)), Arc::new(std::sync::Barrier::new(2)));
    let running = {
        let (started, waiting) = (Arc::clone(&started), Arc::clone(&waiting));
        pool.run(move || {
            started.add_permits(1);
            waiting.wait();
        })
    };
    let queued = pool.run(|| ());
    let third = async {
        started.acquire().await.unwrap().forget();
        let refused = pool.run(|| ()).await.unwrap_err();
        tokio::task::spawn_blocking(move || waiting.wait()).await.unwrap();
        refused
    };
    let (running, queued, refused) = tokio::join!(running, queued, third);
    running.unwrap();
    queued.unwrap();
    assert_eq!(refused.code, ErrorCode::Unavailable);
    assert_eq!(refused.retry_after, Some(COME_BACK));
    // And there is room again.
    pool.run(|| ()).await.unwrap();
}

#[test]
fn a_new_password_is_long_enough_and_not_obvious() {
    let code = |text: &str| accept(&secret(text), "ada@example.com", "Ada Lovelace").map_err(|e| e.code);
    assert_eq!(code("mosquito-teapot"), Ok(()));
    assert_eq!(code("mosquito-teapo"), Err(ErrorCode::PasswordTooShort));
    assert_eq!(code(&"é".repeat(14)), Err(ErrorCode::PasswordTooShort));
    assert_eq!(code("passwordpassword"), Err(ErrorCode::PasswordTooCommon));
    let long: String = {
        let mut random = [0_u8; MAX_PASSWORD_BYTES];
        Seeded::new(3).fill(&mut random);
        random.iter().map(|byte| char::from(b'!' + byte % 90)).collect()
    };
    assert_eq!(code(&long), Ok(()));
    assert_eq!(code(&format!("{long}x")), Err(ErrorCode::PasswordTooLong));
}

#[test]
fn salts_differ() {
    let mut entropy = Seeded::new(1);
    assert_ne!(salt(&mut entropy), salt(&mut entropy));
}
