//! How much of anything one request may carry or ask for, each with its reason.

/// How many items a page holds when the request does not say: a screenful or two.
pub const DEFAULT_PAGE: u16 = 50;
/// How many items a page may hold: one page stays below a megabyte and one query below a tenth of a second.
pub const MAX_PAGE: u16 = 200;
/// The longest cursor, in bytes: ours have fewer than a hundred, so anything longer was not issued here.
pub const MAX_CURSOR_BYTES: usize = 256;
/// How many requests one `POST /v1/verify` may judge: enough for a page of a list, and less work than one change.
pub const MAX_VERIFY_BATCH: usize = 100;
/// The largest request body, in bytes, unless another limit is named for the operation: forty times a usual one.
pub const MAX_BODY_BYTES: usize = 64 * 1024;
/// The largest body of `POST /v1/verify`: [`MAX_VERIFY_BATCH`] requests of 2 KiB and the brackets around them.
pub const MAX_VERIFY_BODY_BYTES: usize = 208 * 1024;
/// The largest profile, in bytes: what the parser of profiles reads.
pub const MAX_PROFILE_BYTES: usize = 256 * 1024;
/// The largest body of `PUT /v1/profiles/{profile}`: a text may double when it is quoted as JSON.
pub const MAX_PROFILE_BODY_BYTES: usize = 2 * MAX_PROFILE_BYTES + 1024;
/// All headers of a request together, in bytes: a browser with many cookies stays below it.
pub const MAX_HEADER_BYTES: usize = 16 * 1024;
/// The longest path with its query, in bytes: a search with every filter stays below it.
pub const MAX_TARGET_BYTES: usize = 4 * 1024;
/// How many roles one request may name for a credential or an invitation: more than anybody can review.
pub const MAX_ROLES_PER_REQUEST: usize = 100;
/// How many API groups a judged request may belong to: profiles define a handful.
pub const MAX_GROUPS_PER_REQUEST: usize = 16;
/// The longest text that is presented as a credential, in bytes: signed tokens are the longest of them.
pub const MAX_PRESENTED_BYTES: usize = 8 * 1024;
/// The longest idempotency key, in characters: a UUID has 36.
pub const MAX_IDEMPOTENCY_KEY_CHARS: usize = 128;
/// How long an answer to an idempotency key is remembered, in seconds: longer than any client retries by itself.
pub const IDEMPOTENCY_SECONDS: u64 = 24 * 60 * 60;
/// The longest e-mail address, in bytes (RFC 5321, section 4.5.3.1.3, less the angle brackets).
pub const MAX_EMAIL_BYTES: usize = 254;
/// The shortest password, in characters (NIST SP 800-63B-4, section 3.1.1.2, for passwords that stand alone).
pub const MIN_PASSWORD_CHARS: usize = 15;
/// The longest password, in bytes: longer ones cost work and add nothing.
pub const MAX_PASSWORD_BYTES: usize = 1024;
/// How long an invitation can be accepted, in seconds: over a weekend.
pub const INVITATION_SECONDS: u64 = 72 * 60 * 60;
/// How long `at_least` waits for a revision to arrive, in milliseconds: longer than a healthy feed ever takes.
pub const AT_LEAST_WAIT_MS: u64 = 1_000;
/// How many changes `changes.list` answers at most: a follower that is far behind catches up in few requests.
pub const MAX_CHANGES: u16 = 1_000;
