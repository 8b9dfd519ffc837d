//! The clock of the machine, which is also the clock of the node.

use std::thread;
use std::time::Duration;

use keyward_core::time::Timestamp;
use keyward_server::clock;

/// The time; prints as RFC 3339.
pub(crate) fn now() -> Timestamp {
    clock::now()
}

/// Looks until something is so, for what comes with time alone. What must be so at once is asserted, not awaited.
#[track_caller]
pub(crate) fn until(what: &str, is_so: impl Fn() -> bool) {
    let begun = now();
    while !is_so() {
        assert!(now().since(begun) < PATIENCE, "it never came to be that {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// What has not come by then does not come; a slow machine is no reason to fail.
const PATIENCE: Duration = Duration::from_mins(1);
