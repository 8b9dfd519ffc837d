//! Last uses and counters.

use keyward_core::credential::Credential;
use keyward_core::time::Timestamp;

use super::fixtures::*;
use crate::testing::TestStore;
use crate::{DailyUse, Page, Store, StoreError, UsageFilter, Use, Visible, Writer, day_of};

const DAY: i64 = 24 * 60 * 60;

pub(super) async fn uses_are_counted_in_any_order(store: TestStore) {
    furnish(&store).await;
    commit(&store, async |tx| {
        tx.put_credential(&Credential { owner: Some(user(1)), ..a_credential(1) }, None).await?;
        tx.put_credential(&a_credential(2), None).await?;
        tx.put_credential(&Credential { organization: OTHER_ORG, ..a_credential(3) }, None).await
    })
    .await
    .unwrap();
    let used = |n: u128, slot, seconds, allowed| Use { credential: cred(n), slot, at: time(seconds), allowed };
    record(&store, vec![used(1, 1, 10, true), used(1, 2, 30, true), used(1, 1, 20, true), used(1, 1, 99, false)]).await;
    record(&store, vec![used(1, 1, 15, true), used(1, 1, DAY, true), used(2, 1, DAY, false)]).await;
    record(&store, vec![used(1, 1, 5, true), used(3, 1, 5, true)]).await;
    record(&store, Vec::new()).await;
    let mut reader = store.read().await.unwrap();
    let (last, slots) = reader.last_uses(cred(1)).await.unwrap();
    assert_eq!((last, slots), (Some(time(DAY)), vec![(1, time(DAY)), (2, time(30))]));
    assert_eq!(reader.last_uses(cred(2)).await.unwrap(), (None, Vec::new()), "a refusal is no use");
    let today = day_of(time(0));
    let days = |counts: [(u64, u64); 2]| {
        let [(a, b), (c, d)] = counts;
        vec![DailyUse { day: today, allowed: a, refused: b }, DailyUse { day: today + 1, allowed: c, refused: d }]
    };
    assert_eq!(reader.usage(ORG, Some(cred(1)), today).await.unwrap(), days([(5, 1), (1, 0)]));
    assert_eq!(reader.usage(ORG, None, today).await.unwrap(), days([(5, 1), (1, 1)]));
    assert_eq!(reader.usage(ORG, None, today + 1).await.unwrap(), days([(5, 1), (1, 1)])[1..]);
    assert_eq!(reader.usage(ORG, Some(cred(3)), today).await.unwrap(), []);

    // By day and credential, page by page, and no other organization's.
    let everything = UsageFilter {
        credential: None,
        namespace: None,
        visible: Visible::All,
        owned_by_caller_too: None,
        from_day: today,
        until_day: None,
    };
    let row = |n: u128, day, allowed, refused| (cred(n), DailyUse { day, allowed, refused });
    let all = [row(1, today, 5, 1), row(1, today + 1, 1, 0), row(2, today + 1, 0, 1)];
    assert_eq!(reader.uses(ORG, &everything, &Page::first(10)).await.unwrap(), all);
    let second = Page { after: Some((today, cred(1))), limit: 1 };
    assert_eq!(reader.uses(ORG, &everything, &second).await.unwrap(), all[1..2]);
    let one = UsageFilter { credential: Some(cred(1)), until_day: Some(today + 1), ..everything.clone() };
    assert_eq!(reader.uses(ORG, &one, &Page::first(10)).await.unwrap(), all[..1]);
    let nothing = Visible::Some { ids: Vec::new(), children_of: None };
    let hidden = UsageFilter { visible: nothing, ..everything };
    assert_eq!(reader.uses(ORG, &hidden, &Page::first(10)).await.unwrap(), []);
    let own = UsageFilter { owned_by_caller_too: Some(user(1)), ..hidden };
    assert_eq!(reader.uses(ORG, &own, &Page::first(10)).await.unwrap(), all[..2]);
    drop(reader);
    let purged: Result<u64, StoreError> =
        store.side_write(async move |w: &mut Writer| w.purge_usage(today + 1).await).await;
    assert_eq!(purged.unwrap(), 2);
}

pub(super) async fn many_uses_are_written_at_once(store: TestStore) {
    furnish(&store).await;
    let uses: Vec<Use> = (0..1_000)
        .map(|n| Use { credential: cred(n % 700), slot: 1, at: time(i64::try_from(n).unwrap()), allowed: true })
        .collect();
    // Two nodes at once, each in another order.
    let other = store.another().await;
    let backwards: Vec<Use> = uses.iter().rev().copied().collect();
    futures_util::future::join(record(&store, uses), record(&other, backwards)).await;
    let mut reader = store.read().await.unwrap();
    let (count, total): (u64, u64) =
        reader.one("SELECT COUNT(*), CAST(SUM(allowed) AS BIGINT) FROM daily_uses", ()).await.unwrap();
    assert_eq!((count, total), (700, 2_000));
    assert_eq!(reader.last_uses(cred(299)).await.unwrap().0, Some(time(999)));
    assert_eq!(reader.last_uses(cred(300)).await.unwrap().0, Some(time(300)));
}

/// Seconds after some midnight.
fn time(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(20_000 * DAY + seconds)
}

async fn record(store: &Store, uses: Vec<Use>) {
    let recorded: Result<(), StoreError> =
        store.side_write(async move |w: &mut Writer| w.record_uses(&uses).await).await;
    recorded.unwrap();
}
