//! How long the lists of a hundred thousand credentials take. Told, not judged: machines differ.

use std::fmt::Write as _;
use std::time::Duration;

use keyward_core::credential::Credential;
use keyward_core::role::Holder;
use keyward_core::time::Timestamp;

use super::fixtures::*;
use crate::testing::TestStore;
use crate::{
    CredentialFilter, CredentialSort, CredentialState, IncludeEnded, Order, Page, SortBy, Store, StoreError, Use,
    Visible, Writer,
};

const CREDENTIALS: u128 = 100_000;
const AT_ONCE: u128 = 500;
/// A day of the made-up times, in seconds.
const DAY: i64 = 86_400;
const NOW: i64 = 730 * DAY;

/// `cargo test --release -p keyward-store a_hundred_thousand -- --ignored --nocapture`
#[tokio::test]
#[ignore = "takes a while; run it in release"]
async fn lists_of_a_hundred_thousand_credentials() {
    let store = TestStore::sqlite().await;
    seed(&store).await;
    let cases = [
        ("all", filter()),
        ("not ended", CredentialFilter { include_ended: IncludeEnded::No, ..filter() }),
        ("rare kind", CredentialFilter { kinds: vec!["keyward/service".parse().unwrap()], ..filter() }),
        ("disabled", CredentialFilter { states: vec![CredentialState::Disabled], ..filter() }),
        ("namespace", CredentialFilter { namespace: Some(app(7)), ..filter() }),
        ("owner", CredentialFilter { owner: Some(user(3)), ..filter() }),
        ("frequent role", CredentialFilter { role: Some(role(1)), ..filter() }),
        ("rare role", CredentialFilter { role: Some(role(2)), ..filter() }),
        ("search", CredentialFilter { search: Some("night".into()), ..filter() }),
        ("search in vain", CredentialFilter { search: Some("zzzz".into()), ..filter() }),
        ("search an id", CredentialFilter { search: Some("kw_777".into()), ..filter() }),
        ("expires soon", CredentialFilter { expires_before: Some(at(NOW + 7 * DAY)), ..filter() }),
        ("unused for long", CredentialFilter { unused_since: Some(at(NOW - 90 * DAY)), ..filter() }),
        ("of one namespace", CredentialFilter { visible_namespaces: vec![only(7)], ..filter() }),
    ];
    for (what, filter) in cases {
        let mut line = format!("{what:16}");
        for by in [SortBy::CreatedAt, SortBy::Name, SortBy::LastUsedAt, SortBy::ExpiresAt] {
            for order in [Order::Descending, Order::Ascending] {
                let took = fastest(&store, &filter, CredentialSort { by, order }).await;
                write!(line, " {:6.1}", took.as_secs_f64() * 1_000.0).unwrap();
            }
        }
        println!("{line}");
    }
}

/// Two years of credentials with names of two words and a number, in fifty applications, most of them used, many ended.
async fn seed(store: &Store) {
    furnish(store).await;
    commit(store, async |tx| tx.put_role(&a_role(ORG, 2, &["*"])).await).await.unwrap();
    let mut from = 0;
    while from < CREDENTIALS {
        let some = from..from + AT_ONCE;
        let made = some.clone();
        commit(store, async move |tx| {
            for n in made.clone() {
                tx.put_credential(&made_up(n), None).await?;
                let of = if n % 2_000 == 0 { 2 } else { 1 };
                tx.put_grant(&a_grant(n + 1, Holder::Credential(cred(n)), of, ORG.into())).await?;
            }
            Ok(())
        })
        .await
        .unwrap();
        let used = some.filter(|n| n % 3 != 0);
        let uses: Vec<Use> = used
            .map(|n| Use { credential: cred(n), slot: 1, at: created(n).plus(days(n % 60)), allowed: true })
            .collect();
        let recorded: Result<(), StoreError> =
            store.side_write(async move |w: &mut Writer| w.record_uses(&uses).await).await;
        recorded.unwrap();
        from += AT_ONCE;
    }
}

fn made_up(n: u128) -> Credential {
    const WORDS: [&str; 8] = ["Nightly", "Import", "Billing", "Export", "Status", "Deploy", "Report", "Mobile"];
    // Any order but that of creation.
    let number = n * 7_919 % 99_991;
    let word = |of: u128| WORDS[usize::try_from(of % 8).unwrap()];
    let credential = Credential {
        name: name(&format!("{} {} {number}", word(number), word(number / 8))),
        kind: if n.is_multiple_of(500) { "keyward/service" } else { "keyward/api" }.parse().unwrap(),
        namespace: if n.is_multiple_of(3) { app(n % 50) } else { ORG.into() },
        owner: Some(user(1 + n % 40)),
        created_at: created(n),
        expires_at: (!n.is_multiple_of(10)).then(|| created(n).plus(days(90))),
        ..a_credential(n)
    };
    match n % 22 {
        0 | 7 | 14 => revoked(credential, 600),
        11 => credential.disable(at(600)).unwrap(),
        _ => credential,
    }
}

fn created(n: u128) -> Timestamp {
    at(NOW * i64::try_from(n).unwrap() / i64::try_from(CREDENTIALS).unwrap())
}

fn days(count: u128) -> Duration {
    Duration::from_secs(u64::try_from(count).unwrap() * DAY.unsigned_abs())
}

fn only(n: u128) -> Visible {
    Visible::Some { ids: vec![app(n)], children_of: None }
}

/// What a page of one kind asks for.
fn filter() -> CredentialFilter {
    CredentialFilter { kinds: vec!["keyward/api".parse().unwrap()], ..CredentialFilter::default() }
}

/// The fastest of several, so that what else the machine does counts little.
async fn fastest(store: &Store, filter: &CredentialFilter, sort: CredentialSort) -> Duration {
    let mut fastest = Duration::MAX;
    for _ in 0..5 {
        #[expect(clippy::disallowed_methods, reason = "measures")]
        let begun = std::time::Instant::now();
        let mut reader = store.read().await.unwrap();
        reader.credentials(ORG, filter, sort, &Page::first(51), at(NOW)).await.unwrap();
        fastest = fastest.min(begun.elapsed());
    }
    fastest
}
