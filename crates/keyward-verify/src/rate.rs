//! Rate limits: the generic cell rate algorithm in one word per credential.
//!
//! A credential that was not used for a window may be used `count` times at once; from then on one more use becomes
//! free every `window / count` (rounded up to a microsecond, so never more often). The word holds the time, in
//! microseconds, at which all of the allowance will be free again; zero for a credential that was never used.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use keyward_core::kind::Rate;
use keyward_core::time::Timestamp;

/// Takes one use from the allowance, or says how long to wait for one.
pub(crate) fn charge(word: &AtomicU64, rate: Rate, now: Timestamp) -> Result<(), Duration> {
    let mut full_at = word.load(Relaxed);
    loop {
        let next = after_use(full_at, rate, now)?;
        match word.compare_exchange_weak(full_at, next, Relaxed, Relaxed) {
            Ok(_) => return Ok(()),
            Err(changed) => full_at = changed,
        }
    }
}

/// What [`charge`] would answer, without taking anything.
pub(crate) fn peek(word: &AtomicU64, rate: Rate, now: Timestamp) -> Result<(), Duration> {
    after_use(word.load(Relaxed), rate, now).map(|_| ())
}

fn after_use(full_at: u64, rate: Rate, now: Timestamp) -> Result<u64, Duration> {
    let now = u64::try_from(now.micros()).unwrap_or(0);
    let count = u64::from(rate.count);
    let window = u64::try_from(rate.window.as_micros()).unwrap_or(u64::MAX);
    let Some(interval) = window.checked_add(count.wrapping_sub(1)).and_then(|w| w.checked_div(count)) else {
        // No uses at all, or a window without an end.
        return Err(rate.window);
    };
    let allowance = interval.saturating_mul(count);
    // Further ahead than any use could have brought it: the clock was set back. Nobody waits longer than a window.
    let full_at = full_at.clamp(now, now.saturating_add(allowance));
    let next = full_at.saturating_add(interval);
    match next.saturating_sub(now).checked_sub(allowance) {
        None | Some(0) => Ok(next),
        Some(wait) => Err(Duration::from_micros(wait)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rate(count: u32, window: Duration) -> Rate {
        Rate { count, window }
    }

    #[test]
    fn as_many_uses_as_allowed_at_once_and_then_evenly() {
        let (word, rate) = (AtomicU64::new(0), rate(7, Duration::from_secs(1)));
        let start = Timestamp::from_seconds(1_000);
        assert!((0..7).all(|_| charge(&word, rate, start).is_ok()));
        let wait = charge(&word, rate, start).unwrap_err();
        assert_eq!(wait, Duration::from_micros(142_858));
        assert!(charge(&word, rate, start.plus(wait).minus(Duration::from_micros(1))).is_err());
        assert_eq!(charge(&word, rate, start.plus(wait)), Ok(()));
        assert!(charge(&word, rate, start.plus(wait)).is_err());
    }

    #[test]
    fn a_refused_use_and_a_peek_take_nothing() {
        let (word, rate) = (AtomicU64::new(0), rate(1, Duration::from_mins(1)));
        let start = Timestamp::from_seconds(1_000);
        assert_eq!(peek(&word, rate, start), Ok(()));
        assert_eq!(charge(&word, rate, start), Ok(()));
        for _ in 0..100 {
            assert_eq!(charge(&word, rate, start), Err(Duration::from_mins(1)));
        }
        assert_eq!(charge(&word, rate, start.plus(Duration::from_mins(1))), Ok(()));
    }

    #[test]
    fn a_clock_that_was_set_back_locks_nobody_out() {
        let (word, rate) = (AtomicU64::new(0), rate(2, Duration::from_secs(10)));
        charge(&word, rate, Timestamp::from_seconds(1_000_000)).unwrap();
        let wait = charge(&word, rate, Timestamp::from_seconds(10)).unwrap_err();
        assert!(wait <= Duration::from_secs(10), "{wait:?}");
    }

    #[test]
    fn no_uses_is_none() {
        let never = rate(0, Duration::from_secs(1));
        assert!(charge(&AtomicU64::new(0), never, Timestamp::from_seconds(5)).is_err());
    }

    proptest! {
        #[test]
        fn no_span_sees_more_than_its_share(
            count in 1_u32..20,
            window in 1_u64..2_000_000,
            gaps in proptest::collection::vec(0_u64..300_000, 1..200),
        ) {
            let (word, rate) = (AtomicU64::new(0), rate(count, Duration::from_micros(window)));
            let mut now = Timestamp::from_seconds(1_000);
            let mut allowed: Vec<Timestamp> = Vec::new();
            for gap in gaps {
                now = now.plus(Duration::from_micros(gap));
                if charge(&word, rate, now).is_ok() {
                    allowed.push(now);
                }
            }
            for (i, first) in allowed.iter().enumerate() {
                for (j, last) in allowed.iter().enumerate().skip(i) {
                    let span = u128::from(u64::try_from(last.since(*first).as_micros()).unwrap());
                    let share = u128::from(count) + span * u128::from(count) / u128::from(window);
                    prop_assert!((j - i + 1) as u128 <= share, "{} uses in {span} us", j - i + 1);
                }
            }
        }
    }
}
