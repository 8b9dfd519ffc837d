//! Failed sign-ins: who has to wait how long after how many.
//!
//! Three counts are kept for each attempt, in the database, so that a restart forgives nothing:
//!
//! | counted for | consequence | why |
//! |---|---|---|
//! | source and account | barred, longer each time ([`bar`]) | guessing one person's password |
//! | source | barred, on a ladder twenty times as long, anew each day | guessing one password for many people |
//! | account | answered late ([`delay`]), never barred | many sources that guess: barring would let them lock out its owner |
//!
//! An account is counted under the address that was typed, whether anybody has it: the answers tell nothing about that.
//! Codes of a second factor are counted on their own: a right password forgives no wrong code.
//! Subjects are kept as keyed digests, because people type passwords where their address belongs.

use std::net::IpAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyward_api::error::ErrorCode;
use keyward_core::digest::DigestPurpose;
use keyward_core::id::UserId;
use keyward_core::time::Timestamp;
use keyward_store::{StoreError, Writer};

use crate::app::App;
use crate::ops::context::Ctx;
use crate::ops::error::OpError;

/// The failures of a source that stand for one of a source and account: many people share an address.
pub const SOURCE_FACTOR: u32 = 20;
/// The longest time that an attempt on an account is answered late.
pub const LONGEST_DELAY: Duration = Duration::from_secs(2);

/// After how many failures one is barred, and how long. From the last step on, each failure bars again.
pub const LADDER: [(u32, Duration); 5] = [
    (5, Duration::from_secs(30)),
    (10, Duration::from_mins(1)),
    (15, Duration::from_mins(10)),
    (20, Duration::from_hours(1)),
    (25, Duration::from_hours(24)),
];
/// The failures on an account that add a step to its delay, and that step.
const DELAY_STEP: (u32, Duration) = (10, Duration::from_millis(200));
/// Failures older than this count no more. Longer than the longest bar, so that waiting for its end forgives nothing.
const FORGOTTEN_AFTER: Duration = Duration::from_hours(48);

/// How long one is barred by the `failures`-th failure.
pub fn bar(failures: u32) -> Option<Duration> {
    let (last, longest) = LADDER[LADDER.len() - 1];
    if failures >= last {
        return Some(longest);
    }
    LADDER.iter().find(|(step, _)| *step == failures).map(|(_, bar)| *bar)
}

/// How much later an attempt on an account with so many failures is answered.
pub fn delay(failures: u32) -> Duration {
    let (per, step) = DELAY_STEP;
    step.saturating_mul(failures / per).min(LONGEST_DELAY)
}

/// What is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guess<'a> {
    /// The password of whoever has this address.
    Password(&'a str),
    /// A code of this user's second factor.
    Code(UserId),
}

/// An attempt that was let through and counted as failed; it stays so unless it succeeds.
#[derive(Clone, Debug)]
pub struct Attempt {
    pair: String,
    source: String,
    account: String,
    at: Timestamp,
}

/// Counts a guess before anything is compared, so that attempts at the same time are counted too.
/// Refuses it while its source is barred.
pub async fn begin(app: &App, ctx: &Ctx, guess: Guess<'_>) -> Result<Attempt, OpError> {
    let attempt = Attempt::new(app, ctx, guess);
    let counted = attempt.clone();
    let failures = app
        .store
        .side_write(async move |writer: &mut Writer| {
            for subject in [&counted.pair, &counted.source] {
                let until = writer.attempts(subject).await?.and_then(|a| a.locked_until);
                if let Some(until) = until.filter(|until| *until > counted.at) {
                    return Err(barred(until.since(counted.at)));
                }
            }
            count(writer, &counted.pair, counted.at, 1).await?;
            let since = counted.at.minus(FORGOTTEN_AFTER);
            Ok(writer.record_attempt(&counted.account, counted.at, since).await?.failures)
        })
        .await?;
    let delay = delay(failures.saturating_sub(1));
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    Ok(attempt)
}

impl Attempt {
    /// It was the right one: source and account have a clean slate together. Part of the job that acts on the success.
    pub async fn succeeded(&self, writer: &mut Writer) -> Result<(), StoreError> {
        writer.clear_attempts(&self.pair).await?;
        writer.clear_attempts(&self.account).await
    }

    /// It was not: held against the source too.
    pub async fn failed(&self, app: &App) -> Result<(), StoreError> {
        let (source, at) = (self.source.clone(), self.at);
        app.store.side_write(async move |writer: &mut Writer| count(writer, &source, at, SOURCE_FACTOR).await).await
    }

    /// It was the right one, though what it was part of goes no further yet: the same at once.
    pub async fn forgiven(&self, app: &App) -> Result<(), StoreError> {
        let attempt = self.clone();
        app.store.side_write(async move |writer: &mut Writer| attempt.succeeded(writer).await).await
    }

    fn new(app: &App, ctx: &Ctx, guess: Guess<'_>) -> Self {
        let ring = app.ring();
        let subject = |text: String| {
            let digest = ring.current_pepper().digest_for(DigestPurpose::Attempts, &text);
            URL_SAFE_NO_PAD.encode(digest)
        };
        let (from, at) = (prefix(ctx.source), ctx.at());
        // No source contains a NUL, so no two subjects are the same text. The ladder of a source begins anew each day.
        let day = keyward_store::day_of(at);
        let (pair, account) = match guess {
            Guess::Password(email) => (format!("pair\0{from}\0{email}"), format!("account\0{email}")),
            Guess::Code(user) => (format!("code pair\0{from}\0{user}"), format!("code account\0{user}")),
        };
        let source = subject(format!("source\0{from}\0{day}"));
        Self { pair: subject(pair), source, account: subject(account), at }
    }
}

/// Forgets what counts no more.
pub async fn purge(app: &App, now: Timestamp) -> Result<u64, StoreError> {
    app.store.side_write(async move |writer: &mut Writer| writer.purge_attempts(now.minus(FORGOTTEN_AFTER)).await).await
}

/// Counts a failure of which `factor` stand for one on the ladder, and bars where that is due.
async fn count(writer: &mut Writer, subject: &str, at: Timestamp, factor: u32) -> Result<(), StoreError> {
    let failures = writer.record_attempt(subject, at, at.minus(FORGOTTEN_AFTER)).await?.failures;
    if failures.is_multiple_of(factor)
        && let Some(time) = bar(failures / factor)
    {
        writer.lock_attempts(subject, at.plus(time)).await?;
    }
    Ok(())
}

/// What one client can choose addresses within: a single IPv4 address, or the IPv6 network of a subscriber.
fn prefix(source: Option<IpAddr>) -> String {
    match source.map(|address| address.to_canonical()) {
        None => "local".to_owned(),
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

fn barred(wait: Duration) -> OpError {
    OpError::wait(
        ErrorCode::TooManyAttempts,
        "too many sign-ins failed from here: wait before you try again",
        // Rounded up, so that who waits as told does not come too early.
        Duration::from_secs(wait.as_secs() + 1),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ladder_bars_longer_and_longer() {
        let bars: Vec<_> = (0..=26).filter_map(|n| bar(n).map(|time| (n, time.as_secs()))).collect();
        assert_eq!(bars, [(5, 30), (10, 60), (15, 600), (20, 3_600), (25, 86_400), (26, 86_400)]);
        assert_eq!(bar(u32::MAX), bar(25));
    }

    #[test]
    fn waiting_for_the_end_of_the_longest_bar_forgives_nothing() {
        let longest = LADDER.iter().map(|(_, bar)| *bar).max().unwrap();
        assert!(FORGOTTEN_AFTER > longest);
        assert!(LADDER.is_sorted_by(|a, b| a.0 < b.0 && a.1 < b.1));
    }

    #[test]
    fn an_account_is_slowed_and_no_more() {
        assert_eq!(delay(0), Duration::ZERO);
        assert_eq!(delay(9), Duration::ZERO);
        assert_eq!(delay(10), Duration::from_millis(200));
        assert_eq!(delay(57), Duration::from_secs(1));
        assert_eq!(delay(u32::MAX), LONGEST_DELAY);
    }

    #[test]
    fn one_client_is_one_source() {
        let of = |text: &str| prefix(Some(text.parse().unwrap()));
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(prefix(None), "local");
    }
}
