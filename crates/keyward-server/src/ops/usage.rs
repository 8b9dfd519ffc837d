//! How often credentials are used, and when last: noted on the way of every decision, written in batches.

use std::cmp::Reverse;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError, TryLockError};
use std::time::Duration;

use keyward_api::operations;
use keyward_core::id::{CredentialId, OrganizationId};
use keyward_core::kind::KindId;
use keyward_core::time::Timestamp;
use keyward_store::{CredentialFilter, CredentialRow, CredentialSort, Page, Store, StoreError, Use, Visible, Writer};
use tokio::sync::Notify;

use crate::app::App;
use crate::ops::authority;
use crate::ops::context::{Caller, Ctx};
use crate::ops::error::OpError;
use crate::ops::visibility;
use crate::telemetry::metrics::{USES_DROPPED, USES_QUEUED};

pub use keyward_store::{DailyUse, Period, UsageFilter, day_of};

/// How far back counts can be asked for; older ones are forgotten.
pub const KEPT_DAYS: u32 = 90;
/// How long a use may wait to be written.
pub const WRITE_EVERY: Duration = Duration::from_secs(1);

/// Queues that threads spread over, so that they do not wait for each other.
const SHARDS: usize = 16;
/// Uses that one queue holds. All of them together are a second of the fastest node, in 6 MB.
const PER_SHARD: usize = 8_192;
/// Uses that are written in one statement's worth of work; a longer job would keep other writers waiting.
const PER_WRITE: usize = 4_096;
/// Credentials whose counts are brought up to a new day in one job.
const PER_RENEWAL: u32 = 256;

/// A credential with how much it was used over some days.
#[derive(Clone, Debug)]
pub struct Used {
    /// The record and its last uses.
    pub row: CredentialRow,
    /// How many uses of the days were allowed.
    pub allowed: u64,
    /// How many were refused.
    pub refused: u64,
    /// The uses of each day that has any.
    pub days: Vec<DailyUse>,
}

/// Uses that wait to be written. Noting one never waits: when there is no room it is dropped and counted.
pub struct Usage {
    shards: [Mutex<Vec<Use>>; SHARDS],
    queued: AtomicUsize,
    dropped: AtomicU64,
    filling: Notify,
}

impl Usage {
    /// Empty queues, with room made in advance.
    pub fn new() -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::new(Vec::with_capacity(PER_SHARD))),
            queued: AtomicUsize::new(0),
            dropped: AtomicU64::new(0),
            filling: Notify::new(),
        }
    }

    /// Notes the use of a secret. Never waits and never allocates.
    pub fn record(&self, credential: CredentialId, slot: u32, at: Timestamp, allowed: bool) {
        let first = shard_of_this_thread();
        for shard in (0..SHARDS).map(|step| &self.shards[(first + step) % SHARDS]) {
            let mut queue = match shard.try_lock() {
                Ok(queue) => queue,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => continue,
            };
            if queue.len() < PER_SHARD {
                queue.push(Use { credential, slot, at, allowed });
                // While the queue is locked, so that nothing is counted out before it was counted in.
                let queued = self.queued.fetch_add(1, Relaxed) + 1;
                drop(queue);
                if queued == SHARDS * PER_SHARD / 2 {
                    self.filling.notify_one();
                }
                return;
            }
        }
        self.dropped.fetch_add(1, Relaxed);
    }

    /// Writes what waits; how many uses. What cannot be written is dropped and counted: usage is worth no outage.
    pub async fn flush(&self, store: &Store) -> Result<usize, StoreError> {
        let uses = self.take();
        #[expect(clippy::cast_precision_loss, reason = "the queues hold far fewer than 2^52")]
        USES_QUEUED.gauge(&[]).set(uses.len() as f64);
        let mut written = Ok(());
        for part in uses.chunks(PER_WRITE) {
            let uses = part.to_vec();
            let part_written = store.side_write(async move |writer: &mut Writer| writer.record_uses(&uses).await).await;
            if part_written.is_err() {
                self.dropped.fetch_add(part.len() as u64, Relaxed);
                written = part_written;
            }
        }
        USES_DROPPED.counter(&[]).increment(self.dropped.swap(0, Relaxed));
        written.map(|()| uses.len())
    }

    /// Returns when it is time to write: after [`WRITE_EVERY`], or when the queues are filling up.
    pub async fn due(&self) {
        tokio::select! {
            () = tokio::time::sleep(WRITE_EVERY) => {}
            () = self.filling.notified() => {}
        }
    }

    fn take(&self) -> Vec<Use> {
        let mut taken = Vec::new();
        for shard in &self.shards {
            // The new room is made before the lock, under which nothing but the exchange happens.
            let room = Vec::with_capacity(PER_SHARD);
            let mut uses = {
                let mut queue = shard.lock().unwrap_or_else(PoisonError::into_inner);
                let uses = std::mem::replace(&mut *queue, room);
                self.queued.fetch_sub(uses.len(), Relaxed);
                uses
            };
            taken.append(&mut uses);
        }
        taken
    }
}

impl Default for Usage {
    fn default() -> Self {
        Self::new()
    }
}

/// Writes uses for ever.
pub async fn flush_uses(app: &App) {
    loop {
        app.usage.due().await;
        if let Err(error) = app.usage.flush(&app.store).await {
            tracing::warn!(%error, "uses of credentials could not be written: they are missing from the counts");
        }
    }
}

/// Begins a new day: forgets counts that cannot be asked for any more, and lets the periods of all credentials end today.
/// Of how many credentials.
pub async fn begin_day(app: &App, now: Timestamp) -> Result<u64, StoreError> {
    let today = day_of(now);
    let oldest = today - i64::from(KEPT_DAYS);
    let mut all = 0;
    loop {
        let some = async move |writer: &mut Writer| writer.renew_recent_uses(today, oldest, PER_RENEWAL).await;
        match app.store.side_write::<_, StoreError, _>(some).await? {
            0 => break,
            renewed => all += renewed,
        }
    }
    let sums = async move |writer: &mut Writer| writer.purge_summed_uses(oldest).await;
    app.store.side_write::<_, StoreError, _>(sums).await?;
    Ok(all)
}

/// The uses of the last `days` days up to today, of every credential.
pub fn of_last(days: u32, now: Timestamp) -> UsageFilter {
    let tomorrow = day_of(now) + 1;
    UsageFilter {
        credential: None,
        kinds: Vec::new(),
        namespace: None,
        visible: Visible::All,
        owned_by_caller_too: None,
        from_day: tomorrow - i64::from(days),
        until_day: Some(tomorrow),
    }
}

/// The uses of each credential on each day: of those that live where `usage:read` is held, and of one's own. What the
/// filter says of visibility is replaced by what the caller may see; no further back than [`KEPT_DAYS`].
pub async fn get(
    app: &App,
    ctx: &Ctx,
    filter: UsageFilter,
    page: &Page<(i64, CredentialId)>,
) -> Result<Vec<(CredentialId, DailyUse)>, OpError> {
    let (organization, filter) = seen(app, ctx, filter)?;
    Ok(app.store.read().await?.uses(organization, &filter, page).await?)
}

/// The same, of all these credentials together, on each day that has any.
pub async fn by_day(app: &App, ctx: &Ctx, filter: UsageFilter) -> Result<Vec<DailyUse>, OpError> {
    let (organization, filter) = seen(app, ctx, filter)?;
    Ok(app.store.read().await?.uses_by_day(organization, &filter).await?)
}

/// Of the credentials of some kinds, or of any, those that were used most in the last days up to today: at most `count`,
/// the most used first.
pub async fn most_used(
    app: &App,
    ctx: &Ctx,
    kinds: Vec<KindId>,
    period: Period,
    count: u32,
) -> Result<Vec<Used>, OpError> {
    let (organization, filter) = seen(app, ctx, UsageFilter { kinds, ..of_last(period.days(), ctx.at()) })?;
    let mut reader = app.store.read().await?;
    let ids = reader.most_used(organization, &filter, period, count).await?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let these = CredentialFilter { ids: ids.clone(), ..CredentialFilter::default() };
    let rows = reader.credentials(organization, &these, CredentialSort::NEWEST, &Page::first(count), ctx.at()).await?;
    let days = reader.several_uses(&ids, filter.from_day).await?;
    let used = rows.into_iter().map(|row| {
        let own = days.iter().filter(|(credential, _)| *credential == row.credential.id);
        let days: Vec<DailyUse> = own.map(|(_, uses)| *uses).collect();
        let (allowed, refused) = days.iter().fold((0, 0), |(yes, no), day| (yes + day.allowed, no + day.refused));
        Used { row, allowed, refused, days }
    });
    // What was used only on the day that has just left the period is not among them.
    let mut used: Vec<Used> = used.filter(|used| !used.days.is_empty()).collect();
    used.sort_by_key(|used| Reverse((used.allowed + used.refused, used.row.credential.id)));
    Ok(used)
}

/// The filter with what the caller may see, and whose organization it is about.
fn seen(app: &App, ctx: &Ctx, mut filter: UsageFilter) -> Result<(OrganizationId, UsageFilter), OpError> {
    authority::admit(ctx, &operations::USAGE_GET)?;
    let organization = authority::organization(app, ctx)?;
    filter.visible = authority::with_giver(app, ctx, organization, |facts, giver| {
        Ok(visibility::of_administration(facts, giver, "usage:read"))
    })?;
    filter.owned_by_caller_too = match &ctx.caller {
        Caller::Session(signed_in) => Some(signed_in.user),
        Caller::Credential(_) | Caller::Anonymous | Caller::System => None,
    };
    filter.from_day = filter.from_day.max(day_of(ctx.at()) - i64::from(KEPT_DAYS));
    Ok((organization, filter))
}

/// Spreads threads evenly, whatever their ids are.
fn shard_of_this_thread() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static SHARD: usize = NEXT.fetch_add(1, Relaxed) % SHARDS;
    }
    SHARD.with(|shard| *shard)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::credentials::{self, Create, RoleChoice};
    use crate::ops::testing::{START, TestApp, at, name};

    const AT: Timestamp = Timestamp::from_seconds(1_000);

    fn credential(number: u128) -> CredentialId {
        CredentialId::from_bits(number)
    }

    #[test]
    fn what_is_noted_is_taken_once() {
        let usage = Usage::new();
        usage.record(credential(1), 1, AT, true);
        usage.record(credential(2), 3, AT, false);
        let taken = usage.take();
        assert_eq!(taken.len(), 2);
        assert!(taken.contains(&Use { credential: credential(2), slot: 3, at: AT, allowed: false }));
        assert!(usage.take().is_empty());
        assert_eq!(usage.queued.load(Relaxed), 0);
    }

    #[test]
    fn what_finds_no_room_is_dropped_and_counted() {
        let usage = Usage::new();
        for _ in 0..SHARDS * PER_SHARD + 3 {
            usage.record(credential(1), 1, AT, true);
        }
        assert_eq!(usage.dropped.load(Relaxed), 3);
        assert_eq!(usage.take().len(), SHARDS * PER_SHARD);
    }

    #[test]
    fn nothing_is_lost_when_many_threads_note_at_once() {
        let usage = Usage::new();
        let mut taken = 0;
        std::thread::scope(|threads| {
            let noting: Vec<_> = (0..8)
                .map(|number| {
                    let usage = &usage;
                    threads.spawn(move || (0..5_000).for_each(|_| usage.record(credential(number), 1, AT, true)))
                })
                .collect();
            while !noting.iter().all(std::thread::ScopedJoinHandle::is_finished) {
                taken += usage.take().len();
            }
        });
        taken += usage.take().len();
        let dropped = usize::try_from(usage.dropped.load(Relaxed)).unwrap();
        assert_eq!(taken + dropped, 40_000);
    }

    #[tokio::test]
    async fn uses_are_shown_to_those_who_may_see_their_credentials() {
        let (app, admin) = TestApp::set_up().await;
        let ctx = at(START, admin.caller.clone());
        let mut ids = Vec::new();
        for title in ["Import", "Export", "Idle"] {
            let role = RoleChoice { role: "Verifier".to_owned(), namespace: None };
            let input = Create {
                kind: "keyward/service".to_owned(),
                name: name(title),
                namespace: None,
                roles: vec![role],
                expires_at: None,
                sources: Vec::new(),
                owner: None,
                key_pair: false,
            };
            let issued = credentials::create(&app, &ctx, input).await.unwrap();
            ids.push(issued.value.held.credential.id);
        }
        let yesterday = START.minus(Duration::from_hours(24));
        app.usage.record(ids[0], 1, START, true);
        app.usage.record(ids[1], 1, START, true);
        app.usage.record(ids[1], 1, yesterday, false);
        app.usage.flush(&app.store).await.unwrap();

        let today = day_of(START);
        let used = most_used(&app, &ctx, Vec::new(), Period::Month, 9).await.unwrap();
        let told = used.iter().map(|used| (used.row.credential.name.as_str(), used.allowed, used.days.len()));
        assert_eq!(told.collect::<Vec<_>>(), [("Export", 1, 2), ("Import", 1, 1)]);
        let days = by_day(&app, &ctx, of_last(2, START)).await.unwrap();
        let day = |day, allowed, refused| DailyUse { day, allowed, refused };
        assert_eq!(days, [day(today - 1, 0, 1), day(today, 2, 0)]);
        assert_eq!(by_day(&app, &ctx, of_last(1, START)).await.unwrap(), days[1..]);

        let (_, grace) = app.member(&admin, "grace@example.com", false).await;
        let hers = at(START, grace);
        assert_eq!(by_day(&app, &hers, of_last(2, START)).await.unwrap(), []);
        assert!(most_used(&app, &hers, Vec::new(), Period::Month, 9).await.unwrap().is_empty());

        // A month later nothing of it is in a month, and all of it in a quarter.
        let later = START.plus(Duration::from_hours(30 * 24));
        let then = at(later, admin.caller.clone());
        assert!(most_used(&app, &then, Vec::new(), Period::Month, 9).await.unwrap().is_empty());
        assert_eq!(begin_day(&app, later).await.unwrap(), 2);
        assert_eq!(begin_day(&app, later).await.unwrap(), 0);
        let used = most_used(&app, &then, Vec::new(), Period::Quarter, 1).await.unwrap();
        assert_eq!(used.iter().map(|used| used.row.credential.id).collect::<Vec<_>>(), [ids[1]]);
        begin_day(&app, START.plus(Duration::from_hours(100 * 24))).await.unwrap();
        assert_eq!(by_day(&app, &ctx, of_last(2, START)).await.unwrap(), []);
    }

    #[tokio::test]
    async fn filling_queues_are_written_early() {
        let usage = Usage::new();
        for _ in 0..SHARDS * PER_SHARD / 2 {
            usage.record(credential(1), 1, AT, true);
        }
        // Without the notice this would take a second, which the test does not measure: it looks for the notice itself.
        let noticed = std::pin::pin!(usage.filling.notified());
        assert!(futures_util::FutureExt::now_or_never(noticed).is_some());
    }
}
