//! Headers with a meaning of Keyward's own, in lower case as HTTP/2 sends them.

use std::time::Duration;

/// Answers to management requests: the revision at which they were true, or which they made.
pub const REVISION: &str = "keyward-revision";
/// Requests of users who are members of several organizations: the id of the one that is meant.
pub const ORGANIZATION: &str = "keyward-organization";
/// Requests that create a credential: the same key within 24 hours by the same caller creates nothing twice.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// The id of the request, in every answer: what logs and the audit log know it by.
pub const REQUEST_ID: &str = "keyward-request-id";
/// The content type of every native error (RFC 9457).
pub const PROBLEM_JSON: &str = "application/problem+json";
/// The content type of an audit export: one JSON object a line.
pub const NDJSON: &str = "application/x-ndjson";

/// A wait as `Retry-After` and `retry_after` tell it: whole seconds (RFC 9110 section 10.2.3), rounded up, so that whoever
/// waits so long has waited long enough.
pub fn retry_after(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_never_told_shorter_than_it_is() {
        for (wait, seconds) in [(0, 0), (1, 1), (999, 1), (1_000, 1), (1_001, 2)] {
            assert_eq!(retry_after(Duration::from_millis(wait)), seconds, "{wait} ms");
        }
    }
}
