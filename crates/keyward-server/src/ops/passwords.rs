//! Passwords: Argon2id in a bounded pool, and what a password must be like.

mod guessable;

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use keyward_api::error::ErrorCode;
use keyward_api::limits::{MAX_PASSWORD_BYTES, MIN_PASSWORD_CHARS};
use keyward_core::entropy::Entropy;
use keyward_core::secret::Secret;
use tokio::sync::Semaphore;

use crate::config;
use crate::ops::error::OpError;
use crate::telemetry::metrics::PASSWORD_CHECKS;

/// Memory of one computation, in KiB (OWASP Password Storage Cheat Sheet, Argon2id).
pub const MEMORY_KIB: u32 = 19 * 1024;
/// Passes over the memory (the same source).
pub const PASSES: u32 = 2;
/// Lanes, computed one after the other.
pub const LANES: u32 = 1;

/// How long a sign-in should stay away that found the pool full: a handful of computations.
const COME_BACK: Duration = Duration::from_secs(2);
/// What is compared for those who have no password, so that they are answered no sooner than others. The parameters are
/// today's; that no password has this hash does not matter, for the answer is a mismatch in any case.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$a2V5d2FyZC1ub2JvZHk$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Makes equal passwords different hashes.
pub type Salt = [u8; 16];

/// The pool in which passwords are hashed and compared. Each computation takes a core and 19 MiB for tens of
/// milliseconds, on purpose; so only so many run at a time, only so many wait, and the next is refused at once.
pub struct Passwords {
    workers: Arc<Semaphore>,
    /// Those who compute and those who wait.
    places: Arc<Semaphore>,
}

/// What comparing a password with a stored hash found.
#[derive(Debug, PartialEq, Eq)]
pub enum Checked {
    /// It is another one, or there is none.
    Mismatch,
    /// It is the one.
    Match {
        /// A new hash of it, when the stored one was made with other parameters than today's.
        renewed: Option<String>,
    },
}

impl Passwords {
    /// A pool of the configured size.
    pub fn new(config: &config::Passwords) -> Self {
        let (workers, queue) = (config.workers as usize, config.queue as usize);
        Self { workers: Arc::new(Semaphore::new(workers)), places: Arc::new(Semaphore::new(workers + queue)) }
    }

    /// The hash of a new password, in PHC form.
    pub async fn hash(&self, password: Secret, salt: Salt) -> Result<String, OpError> {
        self.run(move || hash(&password, salt)).await?
    }

    /// Whether `password` is the one that `stored` is the hash of. Takes as long when nothing is stored. `salt` is for
    /// the new hash, should one be due.
    pub async fn check(&self, password: Secret, stored: Option<String>, salt: Salt) -> Result<Checked, OpError> {
        let checked = self.run(move || check(&password, stored.as_deref(), salt)).await??;
        let result = if checked == Checked::Mismatch { "mismatch" } else { "match" };
        PASSWORD_CHECKS.counter(&[result]).increment(1);
        Ok(checked)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, OpError> {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            PASSWORD_CHECKS.counter(&["overloaded"]).increment(1);
            return Err(OpError::wait(
                ErrorCode::Unavailable,
                "too many passwords are being checked at this moment: try again in a few seconds",
                COME_BACK,
            ));
        };
        let worker = Arc::clone(&self.workers).acquire_owned().await.map_err(|_| broken("the pool is closed"))?;
        let done = tokio::task::spawn_blocking(move || {
            // Kept until the work ends: a request that is dropped does not stop it.
            let _both = (place, worker);
            work()
        });
        done.await.map_err(|_| broken("a computation in the pool panicked"))
    }
}

/// A salt for a new hash.
pub fn salt(entropy: &mut impl Entropy) -> Salt {
    let mut salt = Salt::default();
    entropy.fill(&mut salt);
    salt
}

/// Whether `password` may be the new password of somebody with this address and name: long enough, not absurdly long,
/// and not made of what comes to a guesser's mind first. There are no rules about sorts of characters, and it is used as
/// it stands.
pub fn accept(password: &Secret, email: &str, name: &str) -> Result<(), OpError> {
    let text = password.expose();
    if text.chars().count() < MIN_PASSWORD_CHARS {
        return Err(refused(
            ErrorCode::PasswordTooShort,
            format!("the password has fewer than {MIN_PASSWORD_CHARS} characters: several words will do"),
        ));
    }
    if text.len() > MAX_PASSWORD_BYTES {
        return Err(refused(
            ErrorCode::PasswordTooLong,
            format!("the password has more than {MAX_PASSWORD_BYTES} bytes: choose a shorter one"),
        ));
    }
    if guessable::is_guessable(text, &[email, name]) {
        return Err(refused(
            ErrorCode::PasswordTooCommon,
            "the password is made of common passwords, rows of characters, your name or your address: choose another",
        ));
    }
    Ok(())
}

fn hash(password: &Secret, salt: Salt) -> Result<String, OpError> {
    let hash = argon2().hash_password_with_salt(password.expose().as_bytes(), &salt);
    hash.map(|hash| hash.to_string()).map_err(broken)
}

fn check(password: &Secret, stored: Option<&str>, salt: Salt) -> Result<Checked, OpError> {
    let parsed = PasswordHash::new(stored.unwrap_or(NOBODY)).map_err(|e| broken(format!("a stored password: {e}")))?;
    let matches = argon2().verify_password(password.expose().as_bytes(), &parsed).is_ok();
    if !matches || stored.is_none() {
        return Ok(Checked::Mismatch);
    }
    let renewed = if is_current(&parsed) { None } else { Some(hash(password, salt)?) };
    Ok(Checked::Match { renewed })
}

/// Whether a hash was made as new ones are.
fn is_current(hash: &PasswordHash) -> bool {
    let params = Params::try_from(hash);
    hash.algorithm.as_str() == Algorithm::Argon2id.as_str()
        && hash.version == Some(Version::V0x13.into())
        && params.is_ok_and(|p| (p.m_cost(), p.t_cost(), p.p_cost()) == (MEMORY_KIB, PASSES, LANES))
}

fn argon2() -> Argon2<'static> {
    const PARAMS: Params = match Params::new(MEMORY_KIB, PASSES, LANES, None) {
        Ok(params) => params,
        // Never taken: these are parameters that the library accepts, as a test shows.
        Err(_) => Params::DEFAULT,
    };
    Argon2::new(Algorithm::Argon2id, Version::V0x13, PARAMS)
}

fn refused(code: ErrorCode, detail: impl std::fmt::Display) -> OpError {
    OpError::field(code, "/password", detail)
}

fn broken(why: impl std::fmt::Display) -> OpError {
    OpError::new(ErrorCode::Internal, format!("the password could not be computed with: {why}"))
}

#[cfg(test)]
mod tests;
