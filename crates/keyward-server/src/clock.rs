//! The one place that reads clocks.
//!
//! Everything below the edge takes time as a value: a surface reads [`now`] once and fixes it for the whole operation.
//! Which clock answers which question:
//!
//! | question | clock | why |
//! |---|---|---|
//! | is it expired, when did it happen | [`now`] | people and other systems mean the same instant |
//! | how old is what this node knows | [`Boot`] | goes on while the machine sleeps, never jumps |
//! | how fast do requests come | [`coarse`] | a few milliseconds late is right for a rate, and it costs least |
//! | how long did this take | [`Stopwatch`] | never jumps |

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use keyward_core::time::Timestamp;
use rustix::time::{ClockId, Timespec, clock_gettime};

/// The wall clock.
///
/// A clock set before 1970 reads as the epoch, at which nothing issued since has been issued yet and nothing is fresh.
#[expect(clippy::disallowed_methods, reason = "this is where the wall clock is read")]
pub fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::EPOCH.plus(since_epoch)
}

/// An instant on the clock that counts from the start of the machine and does not stop while it sleeps.
///
/// `Instant` stops on Linux while a laptop or a virtual machine is suspended: a node that woke up would take what it
/// knew before for fresh. Only differences mean something, and only on one machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Boot(Duration);

impl Boot {
    /// This instant.
    pub fn now() -> Self {
        Self(duration(clock_gettime(BOOT)))
    }

    /// From a time since the start of the machine, for tests and for values kept as numbers.
    pub const fn from_start(elapsed: Duration) -> Self {
        Self(elapsed)
    }

    /// The time since the start of the machine.
    pub const fn since_start(self) -> Duration {
        self.0
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub fn since(self, earlier: Boot) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// Time since the start of the machine, at most a few milliseconds late (the kernel's tick), never going back.
///
/// For rates only. It costs about a quarter of a precise reading and needs no task that keeps it going.
pub fn coarse() -> Duration {
    duration(clock_gettime(COARSE))
}

/// Measures how long something takes.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Begins to measure.
    #[expect(clippy::disallowed_methods, reason = "this is where durations are measured")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// The time since the start.
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// The kernels that have neither clock are for development; there a machine that slept may take old knowledge for fresh.
#[cfg(not(target_os = "linux"))]
const BOOT: ClockId = ClockId::Monotonic;
#[cfg(not(target_os = "linux"))]
const COARSE: ClockId = ClockId::Monotonic;
#[cfg(target_os = "linux")]
const BOOT: ClockId = ClockId::Boottime;
#[cfg(target_os = "linux")]
const COARSE: ClockId = ClockId::MonotonicCoarse;

/// Neither clock is ever negative or has more than a thousand million nanoseconds in its second.
fn duration(reading: Timespec) -> Duration {
    Duration::new(u64::try_from(reading.tv_sec).unwrap_or(0), u32::try_from(reading.tv_nsec).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wall_clock_is_past_the_release_of_this_crate() {
        assert!(now() > Timestamp::from_seconds(1_700_000_000));
    }

    #[test]
    fn the_clocks_do_not_go_back() {
        let (boot, rate) = (Boot::now(), coarse());
        assert!(Boot::now() >= boot);
        assert!(coarse() >= rate);
    }

    #[test]
    fn an_earlier_instant_is_no_time_after_a_later_one() {
        let (early, late) = (Boot::from_start(Duration::from_secs(1)), Boot::from_start(Duration::from_secs(3)));
        assert_eq!(late.since(early), Duration::from_secs(2));
        assert_eq!(early.since(late), Duration::ZERO);
    }
}
