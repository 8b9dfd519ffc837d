//! Last uses and counters.

use keyward_core::credential::Credential;
use keyward_core::time::Timestamp;

use super::fixtures::*;
use crate::testing::TestStore;
use crate::{
    CredentialFilter, CredentialSort, DailyUse, Order, Page, SortBy, Store, StoreError, TotalUse, UsageFilter, Use,
    Visible, Writer, day_of,
};

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
    let everything = every_use_since(today);
    let of = |n: u128| UsageFilter { credential: Some(cred(n)), ..everything.clone() };
    assert_eq!(reader.uses_by_day(ORG, &of(1)).await.unwrap(), days([(5, 1), (1, 0)]));
    assert_eq!(reader.uses_by_day(ORG, &everything).await.unwrap(), days([(5, 1), (1, 1)]));
    let later = UsageFilter { from_day: today + 1, ..everything.clone() };
    assert_eq!(reader.uses_by_day(ORG, &later).await.unwrap(), days([(5, 1), (1, 1)])[1..]);
    assert_eq!(reader.uses_by_day(ORG, &of(3)).await.unwrap(), []);

    // By day and credential, page by page, and no other organization's.
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

pub(super) async fn uses_are_added_up_by_day_and_by_credential(store: TestStore) {
    furnish(&store).await;
    commit(&store, async |tx| {
        tx.put_credential(&Credential { namespace: app(1), ..a_credential(1) }, None).await?;
        let service = "keyward/service".parse().unwrap();
        tx.put_credential(&Credential { owner: Some(user(1)), kind: service, ..a_credential(2) }, None).await?;
        for n in 3..=5 {
            tx.put_credential(&a_credential(n), None).await?;
        }
        tx.put_credential(&Credential { organization: OTHER_ORG, ..a_credential(6) }, None).await
    })
    .await
    .unwrap();
    let used = |n: u128, count: u64, days, allowed| {
        let at = time(days * DAY);
        (0..count).map(move |_| Use { credential: cred(n), slot: 1, at, allowed })
    };
    let uses = used(1, 2, 0, true).chain(used(1, 3, 1, false)).chain(used(2, 4, 1, true)).chain(used(3, 5, 1, true));
    record(&store, uses.chain(used(4, 1, 1, false)).chain(used(6, 99, 1, true)).collect()).await;
    let today = day_of(time(0));
    let everything = every_use_since(today);
    let mut reader = store.read().await.unwrap();

    let total = |n: u128, allowed, refused| TotalUse { credential: cred(n), allowed, refused };
    let all = [total(3, 5, 0), total(1, 2, 3), total(2, 4, 0), total(4, 0, 1)];
    for limit in [1, 2, 10] {
        let mut page = Page::first(limit);
        let mut found = Vec::new();
        loop {
            let rows = reader.uses_by_credential(ORG, &everything, &page).await.unwrap();
            let Some(last) = rows.last() else { break };
            page.after = Some((last.allowed + last.refused, last.credential));
            found.extend(rows);
            assert!(found.len() <= all.len(), "a page that does not move on");
        }
        assert_eq!(found, all, "pages of {limit}");
    }
    let day = |day, allowed, refused| DailyUse { day, allowed, refused };
    let by_day = reader.uses_by_day(ORG, &everything).await.unwrap();
    assert_eq!(by_day, [day(today, 2, 0), day(today + 1, 9, 4)]);

    // What may not be seen is not in any sum.
    let place = Visible::Some { ids: vec![app(1)], children_of: None };
    let seen = UsageFilter { visible: place, ..everything.clone() };
    assert_eq!(reader.uses_by_credential(ORG, &seen, &Page::first(9)).await.unwrap(), [total(1, 2, 3)]);
    let own_too = UsageFilter { owned_by_caller_too: Some(user(1)), ..seen.clone() };
    let ours = [total(1, 2, 3), total(2, 4, 0)];
    assert_eq!(reader.uses_by_credential(ORG, &own_too, &Page::first(9)).await.unwrap(), ours);
    assert_eq!(reader.uses_by_day(ORG, &own_too).await.unwrap(), [day(today, 2, 0), day(today + 1, 4, 3)]);
    let kinds = vec!["keyward/service".parse().unwrap(), "keyward/oauth".parse().unwrap()];
    let of_kind = UsageFilter { kinds, ..everything };
    assert_eq!(reader.uses_by_credential(ORG, &of_kind, &Page::first(9)).await.unwrap(), [total(2, 4, 0)]);

    let several = reader.several_uses(&[cred(2), cred(1), cred(5)], today + 1).await.unwrap();
    assert_eq!(several, [(cred(1), day(today + 1, 0, 3)), (cred(2), day(today + 1, 4, 0))]);
    assert_eq!(reader.several_uses(&[], today).await.unwrap(), []);

    // Only one that was refused was never used.
    let never = CredentialFilter { never_used: true, ..CredentialFilter::default() };
    let sort = CredentialSort { by: SortBy::UpdatedAt, order: Order::Ascending };
    let rows = reader.credentials(ORG, &never, sort, &Page::first(9), time(2 * DAY)).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.credential.id).collect::<Vec<_>>(), [cred(4), cred(5)]);
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

fn every_use_since(from_day: i64) -> UsageFilter {
    UsageFilter {
        credential: None,
        kinds: Vec::new(),
        namespace: None,
        visible: Visible::All,
        owned_by_caller_too: None,
        from_day,
        until_day: None,
    }
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
