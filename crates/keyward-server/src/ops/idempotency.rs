//! Creating once although asked twice: the idempotency key of a creation, kept for 24 hours per caller.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use keyward_api::error::ErrorCode;
use keyward_core::digest::DigestPurpose;
use keyward_core::time::Timestamp;
use keyward_store::{IdempotencyRecord, Reader, StoreError, Writer};

use crate::app::App;
use crate::ops::context::Ctx;
use crate::ops::error::OpError;

/// How long a key is remembered.
pub const REMEMBERED: Duration = Duration::from_hours(24);

/// A creation that names an idempotency key.
#[derive(Clone, Debug)]
pub struct Replay {
    caller: String,
    key: String,
    request: [u8; 32],
}

/// The key of this request, if it has one. `request` is everything that was asked for.
pub fn of(app: &App, ctx: &Ctx, request: &str) -> Option<Replay> {
    let key = ctx.idempotency_key.clone()?;
    let request = app.ring().current_pepper().digest_for(DigestPurpose::IdempotencyKey, request);
    Some(Replay { caller: ctx.caller_id().to_string(), key, request })
}

/// The id of what the same request made earlier. Another request under the same key is refused.
pub async fn replayed<I: FromStr>(
    reader: &mut Reader,
    replay: Option<&Replay>,
    now: Timestamp,
) -> Result<Option<I>, OpError> {
    let Some(replay) = replay else { return Ok(None) };
    let Some(earlier) = reader.idempotency(&replay.caller, &replay.key).await? else { return Ok(None) };
    if now.since(earlier.created_at) > REMEMBERED {
        return Ok(None);
    }
    // An id of another sort is of another operation.
    match earlier.made.parse() {
        Ok(made) if earlier.request_hash == replay.request => Ok(Some(made)),
        _ => Err(OpError::new(
            ErrorCode::IdempotencyKeyReused,
            "this idempotency key was used for another request: use a new key for each creation",
        )),
    }
}

/// Remembers what was made.
pub async fn keep(
    writer: &mut Writer,
    replay: Option<&Replay>,
    made: impl Display,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(replay) = replay else { return Ok(()) };
    let record = IdempotencyRecord { request_hash: replay.request, made: made.to_string(), created_at: now };
    writer.put_idempotency(&replay.caller, &replay.key, &record).await
}

/// Forgets keys that are older than [`REMEMBERED`].
pub async fn purge(app: &App, now: Timestamp) -> Result<u64, StoreError> {
    let before = now.minus(REMEMBERED);
    app.store.side_write(async move |writer: &mut Writer| writer.purge_idempotency(before).await).await
}
