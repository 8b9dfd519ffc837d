//! Last uses and counters.

use keyward_core::credential::Credential;
use keyward_core::id::CredentialId;
use keyward_core::time::Timestamp;

use super::fixtures::*;
use crate::testing::TestStore;
use crate::{
    CredentialFilter, CredentialSort, DailyUse, Order, Page, Period, Reader, SortBy, Store, StoreError, UsageFilter,
    Use, Visible, Writer, day_of,
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

    let most = async |reader: &mut Reader, filter: &UsageFilter, period, count| -> Vec<u128> {
        let most = reader.most_used(ORG, filter, period, count).await.unwrap();
        most.into_iter().map(CredentialId::bits).collect()
    };
    for count in 0..6 {
        let expected = &[3, 1, 2, 4][..4.min(count)];
        assert_eq!(most(&mut reader, &everything, Period::Month, u32::try_from(count).unwrap()).await, expected);
    }
    let day = |day, allowed, refused| DailyUse { day, allowed, refused };
    let by_day = reader.uses_by_day(ORG, &everything).await.unwrap();
    assert_eq!(by_day, [day(today, 2, 0), day(today + 1, 9, 4)]);

    // What may not be seen is not in any sum.
    let place = Visible::Some { ids: vec![app(1)], children_of: None };
    let seen = UsageFilter { visible: place, ..everything.clone() };
    assert_eq!(most(&mut reader, &seen, Period::Quarter, 9).await, [1]);
    assert_eq!(reader.uses_by_day(ORG, &seen).await.unwrap(), [day(today, 2, 0), day(today + 1, 0, 3)]);
    let own_too = UsageFilter { owned_by_caller_too: Some(user(1)), ..seen.clone() };
    assert_eq!(most(&mut reader, &own_too, Period::Quarter, 9).await, [1, 2]);
    assert_eq!(most(&mut reader, &own_too, Period::Quarter, 1).await, [1]);
    assert_eq!(reader.uses_by_day(ORG, &own_too).await.unwrap(), [day(today, 2, 0), day(today + 1, 4, 3)]);
    // What one owns where one sees everything anyhow counts once.
    let own_here = Visible::Some { ids: vec![ORG.into()], children_of: None };
    let own_here = UsageFilter { visible: own_here, owned_by_caller_too: Some(user(1)), ..everything.clone() };
    assert_eq!(most(&mut reader, &own_here, Period::Quarter, 9).await, [3, 2, 4]);
    assert_eq!(reader.uses_by_day(ORG, &own_here).await.unwrap(), [day(today + 1, 9, 1)]);
    let nothing = Visible::Some { ids: Vec::new(), children_of: None };
    let own = UsageFilter { visible: nothing, owned_by_caller_too: Some(user(1)), ..everything.clone() };
    assert_eq!(most(&mut reader, &own, Period::Quarter, 9).await, [2]);
    assert_eq!(reader.uses_by_day(ORG, &own).await.unwrap(), [day(today + 1, 4, 0)]);
    let none = UsageFilter { owned_by_caller_too: Some(user(2)), ..own };
    assert!(most(&mut reader, &none, Period::Quarter, 9).await.is_empty());
    assert_eq!(reader.uses_by_day(ORG, &none).await.unwrap(), []);

    let kinds = vec!["keyward/service".parse().unwrap(), "keyward/oauth".parse().unwrap()];
    let of_kind = UsageFilter { kinds, ..everything.clone() };
    assert_eq!(most(&mut reader, &of_kind, Period::Month, 9).await, [2]);
    assert_eq!(reader.uses_by_day(ORG, &of_kind).await.unwrap(), [day(today + 1, 4, 0)]);
    let own_of_kind = UsageFilter { kinds: of_kind.kinds, ..own_too };
    assert_eq!(most(&mut reader, &own_of_kind, Period::Month, 9).await, [2]);
    assert_eq!(reader.uses_by_day(ORG, &own_of_kind).await.unwrap(), [day(today + 1, 4, 0)]);
    let there = UsageFilter { namespace: Some(app(1)), until_day: Some(today + 1), ..everything };
    assert_eq!(most(&mut reader, &there, Period::Month, 9).await, [1]);
    assert_eq!(reader.uses_by_day(ORG, &there).await.unwrap(), [day(today, 2, 0)]);

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

/// Two nodes write at once, most of it of the same days and places, while the counts of old days are forgotten.
pub(super) async fn sums_are_those_of_the_days(store: TestStore) {
    furnish(&store).await;
    commit(&store, async |tx| {
        for n in 0..60 {
            let kind = if n % 3 == 0 { "keyward/service" } else { "keyward/api" };
            let (kind, namespace) = (kind.parse().unwrap(), if n % 2 == 0 { app(1) } else { ORG.into() });
            let organization = if n % 7 == 0 { OTHER_ORG } else { ORG };
            tx.put_credential(&Credential { kind, namespace, organization, ..a_credential(n) }, None).await?;
        }
        Ok(())
    })
    .await
    .unwrap();
    let other = store.another().await;
    let uses = |from: i64| -> Vec<Use> {
        let of = |n: i64| Use {
            credential: cred(u128::try_from(n % 61).unwrap()),
            slot: 1,
            at: time((n * 31 % 100 - 99) * DAY),
            allowed: n % 5 != 0,
        };
        (from..from + 400).map(of).collect()
    };
    let (today, oldest) = (day_of(time(0)), day_of(time(-90 * DAY)));
    for round in 0..4 {
        let renewing = renew(&store, today, oldest);
        tokio::join!(record(&store, uses(round * 800)), record(&other, uses(round * 800 + 350)), renewing);
        compare_sums(&store, false).await;
    }
    assert!(renew(&store, today, oldest).await <= 60);
    compare_sums(&store, true).await;
    assert_eq!(renew(&store, today, oldest).await, 0, "nothing is behind any more");

    // Ninety days without a use later, nothing is left.
    assert_eq!(renew(&other, today + 100, oldest + 100).await, 60);
    let mut reader = store.read().await.unwrap();
    for table in ["SELECT COUNT(*) FROM recent_uses", "SELECT COUNT(*) FROM summed_uses"] {
        assert_eq!(reader.one::<(u64,)>(table, ()).await.unwrap(), (0,), "{table}");
    }
    // But for the uses of what was never there.
    let stray: (u64,) =
        reader.one("SELECT COUNT(*) FROM daily_uses WHERE credential <> $1", (cred(60),)).await.unwrap();
    assert_eq!(stray, (0,));
}

/// Compares what is kept as sums with what the days amount to; the recent uses only when they were renewed.
async fn compare_sums(store: &Store, renewed: bool) {
    let mut reader = store.read().await.unwrap();
    let mut differing: Vec<&str> = Vec::new();
    let oldest = day_of(time(-90 * DAY));
    for (what, sql) in [("missing sums", MISSING_SUMS), ("sums of nothing", SUMS_OF_NOTHING)] {
        if reader.one::<(u64,)>(sql, (oldest,)).await.unwrap() != (0,) {
            differing.push(what);
        }
    }
    if renewed && reader.one::<(u64,)>(WRONG_RECENTLY, (day_of(time(0)),)).await.unwrap() != (0,) {
        differing.push("recent uses");
    }
    assert!(differing.is_empty(), "{differing:?}");
}

/// What the day's work of forgetting does: of how many credentials.
async fn renew(store: &Store, today: i64, oldest: i64) -> u64 {
    let mut all = 0;
    loop {
        let some = async move |w: &mut Writer| w.renew_recent_uses(today, oldest, 16).await;
        let renewed: Result<u64, StoreError> = store.side_write(some).await;
        match renewed.unwrap() {
            0 => break,
            renewed => all += renewed,
        }
    }
    let purge = async move |w: &mut Writer| w.purge_summed_uses(oldest).await;
    store.side_write::<u64, StoreError, _>(purge).await.unwrap();
    all
}

/// The days that are kept, by organization, namespace and kind; and with an empty namespace.
macro_rules! added_up {
    () => {
        "(SELECT c.organization, c.namespace, c.kind, u.day, SUM(u.allowed) AS allowed, SUM(u.refused) AS refused
            FROM daily_uses u JOIN credentials c ON c.id = u.credential WHERE u.day >= $1
            GROUP BY c.organization, c.namespace, c.kind, u.day
        UNION ALL
        SELECT c.organization, '', c.kind, u.day, SUM(u.allowed), SUM(u.refused)
            FROM daily_uses u JOIN credentials c ON c.id = u.credential WHERE u.day >= $1
            GROUP BY c.organization, c.kind, u.day)"
    };
}

const MISSING_SUMS: &str = concat!(
    "SELECT COUNT(*) FROM (SELECT * FROM ",
    added_up!(),
    " a EXCEPT SELECT organization, namespace, kind, day, allowed, refused FROM summed_uses) b"
);
const SUMS_OF_NOTHING: &str = concat!(
    "SELECT COUNT(*) FROM (SELECT organization, namespace, kind, day, allowed, refused FROM summed_uses WHERE day >= $1
    EXCEPT SELECT * FROM ",
    added_up!(),
    " a) b"
);
const WRONG_RECENTLY: &str = "SELECT COUNT(*) FROM credentials c LEFT JOIN recent_uses r ON r.credential = c.id
    WHERE (SELECT COALESCE(SUM(u.allowed + u.refused), 0) FROM daily_uses u
            WHERE u.credential = c.id AND u.day > $1 - 30) <> COALESCE(r.in_30_days, 0)
        OR (SELECT COALESCE(SUM(u.allowed + u.refused), 0) FROM daily_uses u
            WHERE u.credential = c.id AND u.day > $1 - 90) <> COALESCE(r.in_90_days, 0)
        OR r.day <> $1 OR r.organization <> c.organization OR r.namespace <> c.namespace OR r.kind <> c.kind";

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
