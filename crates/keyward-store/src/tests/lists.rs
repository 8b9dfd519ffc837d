//! Lists: what they show, to whom, and in what order.

use keyward_core::credential::{CallerId, Credential};
use keyward_core::id::CredentialId;
use keyward_core::namespace::{NamespaceId, NamespaceKind};
use keyward_core::role::Holder;
use keyward_core::time::Timestamp;

use super::fixtures::*;
use crate::testing::TestStore;
use crate::{
    CredentialFilter, CredentialSort, CredentialState, GrantFilter, IncludeEnded, Link, MemberFilter, NamespaceFilter,
    Order, Page, SortBy, Store, StoreError, Use, Visible, Writer,
};

const SORTS: [SortBy; 5] = [SortBy::Name, SortBy::CreatedAt, SortBy::UpdatedAt, SortBy::LastUsedAt, SortBy::ExpiresAt];
const ORDERS: [Order; 2] = [Order::Ascending, Order::Descending];

/// A filter as it is written here: on the number of a credential and its record.
type Shown = fn(u128, &Credential) -> bool;

/// The moment at which the lists are looked at.
const NOW: i64 = 1_000;

/// Applications 1 to 3 with a workspace each, and thirty credentials that differ in everything a list can ask for.
async fn populate(store: &Store) {
    furnish(store).await;
    commit(store, async |tx| {
        for n in 2..=3 {
            tx.put_namespace(&an_application(ORG, n)).await?;
            tx.put_namespace(&a_workspace(ORG, n, app(n))).await?;
        }
        for n in 0..30 {
            tx.put_credential(&varied(n), None).await?;
            if n % 4 == 0 {
                tx.put_grant(&a_grant(n + 1, Holder::Credential(cred(n)), 1, app(1))).await?;
            }
            if n % 11 == 0 {
                tx.put_link(&imported(n)).await?;
            }
        }
        Ok(())
    })
    .await
    .unwrap();
    let used: Result<(), StoreError> = store
        .side_write(async |w: &mut Writer| {
            let uses: Vec<Use> = (0..30)
                .filter_map(|n| used(n).map(|at| Use { credential: cred(n), slot: 1, at, allowed: true }))
                .collect();
            w.record_uses(&uses).await
        })
        .await;
    used.unwrap();
}

fn varied(n: u128) -> Credential {
    let credential = Credential {
        name: name(if n.is_multiple_of(6) {
            "Straße 100%_\\"
        } else {
            ["Alpha", "BETA", "gamma"][usize::try_from(n % 3).unwrap()]
        }),
        namespace: lives_in(n),
        owner: n.is_multiple_of(5).then(|| user(2)),
        expires_at: [None, Some(at(500)), Some(at(1_000)), Some(at(1_001)), Some(at(2_000))]
            [usize::try_from(n % 5).unwrap()],
        kind: if n.is_multiple_of(2) { "keyward/api" } else { "keyward/service" }.parse().unwrap(),
        created_by: if n % 9 == 4 { CallerId::Credential(cred(1)) } else { CallerId::System },
        created_at: at(i64::try_from(n % 10).unwrap() * 100),
        ..a_credential(n)
    };
    match n % 8 {
        3 => credential.disable(at(600)).unwrap(),
        5 => revoked(credential, 600),
        _ => credential,
    }
}

fn lives_in(n: u128) -> NamespaceId {
    match n % 7 {
        0 => ORG.into(),
        m @ 1..=3 => app(m),
        m => workspace(m - 3),
    }
}

fn used(n: u128) -> Option<Timestamp> {
    n.is_multiple_of(3).then(|| at(700 + i64::try_from(n % 4).unwrap() * 100))
}

fn imported(n: u128) -> Link {
    Link { organization: ORG, credential: cred(n), namespace: app(3), created_by: CallerId::System, created_at: at(1) }
}

pub(super) async fn a_list_of_credentials_shows_what_was_asked_for(store: TestStore) {
    populate(&store).await;
    let cases: Vec<(CredentialFilter, Shown)> = vec![
        (all(), |_, _| true),
        (CredentialFilter { kinds: kinds(&["keyward/api"]), ..all() }, |n, _| n % 2 == 0),
        (CredentialFilter { kinds: kinds(&["keyward/api", "keyward/service", "a/b"]), ..all() }, |_, _| true),
        (states(&[CredentialState::Revoked]), |_, c| c.is_revoked()),
        (states(&[CredentialState::Expired]), |_, c| !c.is_revoked() && c.is_expired(at(NOW))),
        (states(&[CredentialState::Disabled]), |n, c| n % 8 == 3 && !c.is_expired(at(NOW))),
        (states(&[CredentialState::Active]), |n, c| n % 8 != 3 && n % 8 != 5 && !c.is_expired(at(NOW))),
        (states(&[CredentialState::Active, CredentialState::Disabled]), |_, c| is_alive(c)),
        (CredentialFilter { include_ended: IncludeEnded::No, ..all() }, |_, c| is_alive(c)),
        (CredentialFilter { include_ended: IncludeEnded::OfKinds(kinds(&["keyward/api"])), ..all() }, |n, c| {
            n % 2 == 0 || is_alive(c)
        }),
        (CredentialFilter { include_ended: IncludeEnded::OfKinds(Vec::new()), ..all() }, |_, c| is_alive(c)),
        (CredentialFilter { owner: Some(user(2)), ..all() }, |n, _| n % 5 == 0),
        (CredentialFilter { created_by: Some(CallerId::Credential(cred(1))), ..all() }, |n, _| n % 9 == 4),
        (CredentialFilter { public_id: Some("kw_7".into()), ..all() }, |n, _| n == 7),
        (CredentialFilter { role: Some(role(1)), ..all() }, |n, _| n % 4 == 0),
        (CredentialFilter { expires_before: Some(at(1_001)), ..all() }, |n, _| matches!(n % 5, 1 | 2)),
        (CredentialFilter { unused_since: Some(at(800)), ..all() }, |n, c| {
            c.created_at < at(800) && used(n).is_none_or(|used| used < at(800))
        }),
        (CredentialFilter { never_used: true, ..all() }, |n, _| n % 3 != 0),
        (search("LPH"), |n, _| n % 3 == 0 && n % 6 != 0),
        (search("strasse"), |n, _| n % 6 == 0),
        (search("100%_\\"), |n, _| n % 6 == 0),
        (search("100_"), |_, _| false),
        (search("  "), |_, _| true),
        (search("kw_12"), |n, _| n == 12),
        (search("kw_1"), |n, _| n == 1),
        (search(&cred(7).to_string()), |n, _| n == 7),
        (CredentialFilter { namespace: Some(app(3)), ..all() }, |n, _| n % 7 == 3 || n % 11 == 0),
    ];
    for (filter, shown) in cases {
        check(&store, &filter, shown).await;
    }
}

pub(super) async fn a_list_of_credentials_hides_what_may_not_be_seen(store: TestStore) {
    populate(&store).await;
    let seen = |visible: Vec<Visible>| CredentialFilter { visible_namespaces: visible, ..all() };
    let some = |ids: &[NamespaceId], children_of| Visible::Some { ids: ids.to_vec(), children_of };
    let cases: Vec<(CredentialFilter, Shown)> = vec![
        (seen(vec![Visible::All]), |_, _| true),
        (seen(vec![some(&[], None)]), |_, _| false),
        (seen(vec![some(&[app(1), workspace(2)], None)]), |n, _| matches!(n % 7, 1 | 5)),
        (seen(vec![some(&[app(2)], Some(app(2)))]), |n, _| matches!(n % 7, 2 | 5)),
        (seen(vec![some(&[], Some(app(2)))]), |n, _| n % 7 == 5),
        (seen(vec![some(&[app(1), app(2)], None), some(&[app(2), ORG.into()], None)]), |n, _| n % 7 == 2),
        (seen(vec![some(&[app(1)], None), Visible::All]), |n, _| n % 7 == 1),
        (seen(vec![some(&[app(3)], None)]), |n, _| n % 7 == 3 || n % 11 == 0),
        (CredentialFilter { owned_by_caller_too: Some(user(2)), ..seen(vec![some(&[app(1)], None)]) }, |n, _| {
            n % 7 == 1 || n % 5 == 0
        }),
        (
            CredentialFilter {
                owned_by_caller_too: Some(user(2)),
                owner: Some(user(2)),
                ..seen(vec![some(&[app(1)], None)])
            },
            |n, _| n % 5 == 0,
        ),
    ];
    for (filter, shown) in cases {
        check(&store, &filter, shown).await;
    }
    let mut reader = store.read().await.unwrap();
    let foreign = reader.credentials(OTHER_ORG, &all(), CredentialSort::NEWEST, &Page::first(99), at(NOW)).await;
    assert_eq!(foreign.unwrap(), []);
}

/// Holds the list against a filter written here, in every order and on pages of every size.
async fn check(store: &Store, filter: &CredentialFilter, shown: Shown) {
    let expected: Vec<(u128, Credential)> = (0..30).map(|n| (n, varied(n))).filter(|(n, c)| shown(*n, c)).collect();
    let mut reader = store.read().await.unwrap();
    let count = reader.credential_count(ORG, filter, at(NOW)).await.unwrap();
    assert_eq!(count, u64::try_from(expected.len()).unwrap(), "{filter:?}");
    for (by, order) in SORTS.into_iter().flat_map(|by| ORDERS.map(|order| (by, order))) {
        let sort = CredentialSort { by, order };
        let mut rows = Vec::new();
        for limit in [1, 7, 100] {
            let mut page = Page::first(limit);
            rows.clear();
            loop {
                let found = reader.credentials(ORG, filter, sort, &page, at(NOW)).await.unwrap();
                let Some(last) = found.last() else { break };
                page.after = Some(last.cursor(sort));
                rows.extend(found);
                assert!(rows.len() <= 30, "a page that does not move on: {sort:?}");
            }
            let mut expected: Vec<_> = expected.iter().map(|(n, c)| (sort_key(by, *n, c), c.id)).collect();
            expected.sort();
            if order == Order::Descending {
                expected.reverse();
            }
            let ids: Vec<CredentialId> = rows.iter().map(|row| row.credential.id).collect();
            assert_eq!(ids, expected.into_iter().map(|(_, id)| id).collect::<Vec<_>>(), "{filter:?} {sort:?} {limit}");
        }
        for row in rows {
            let n = row.credential.id.bits();
            assert_eq!(row.credential, varied(n));
            assert_eq!(row.last_used_at, used(n));
            assert_eq!(row.slots_last_used, used(n).map(|at| (1, at)).into_iter().collect::<Vec<_>>());
        }
    }
}

fn sort_key(by: SortBy, n: u128, credential: &Credential) -> (String, i64) {
    match by {
        SortBy::Name => (credential.name.folded(), 0),
        SortBy::CreatedAt => (String::new(), credential.created_at.micros()),
        SortBy::UpdatedAt => (String::new(), credential.updated_at.micros()),
        SortBy::LastUsedAt => (String::new(), used(n).map_or(i64::MIN, Timestamp::micros)),
        SortBy::ExpiresAt => (String::new(), credential.expires_at.map_or(i64::MAX, Timestamp::micros)),
    }
}

pub(super) async fn pages_have_no_gap_and_no_repeat_while_rows_come(store: TestStore) {
    populate(&store).await;
    let visible = Visible::Some { ids: vec![app(1), app(2)], children_of: Some(app(2)) };
    let filter = CredentialFilter { visible_namespaces: vec![visible], ..all() };
    let sort = CredentialSort { by: SortBy::Name, order: Order::Ascending };
    let mut page = Page::first(2);
    let mut seen = Vec::new();
    for n in 100_u128.. {
        let rows = store.read().await.unwrap().credentials(ORG, &filter, sort, &page, at(NOW)).await.unwrap();
        let Some(last) = rows.last() else { break };
        page.after = Some(last.cursor(sort));
        seen.extend(rows.iter().map(|row| row.credential.id.bits()));
        assert!(seen.len() < 100, "a page that does not move on");
        // One before where we are, one after, and one that may not be seen.
        let before = Credential { name: name("A"), namespace: app(1), ..a_credential(n * 10) };
        let after = Credential { name: name("zz"), namespace: app(1), ..a_credential(n * 10 + 1) };
        let hidden = Credential { name: name("zz"), namespace: app(3), ..a_credential(n * 10 + 2) };
        if n < 105 {
            let put = [before, after, hidden];
            commit(&store, async move |tx| {
                for credential in &put {
                    tx.put_credential(credential, None).await?;
                }
                Ok(())
            })
            .await
            .unwrap();
        }
    }
    let mut once = seen.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), seen.len(), "no row twice: {seen:?}");
    let there = (0..30).filter(|n| matches!(n % 7, 1 | 2 | 5));
    let expected: Vec<u128> = there.chain((100..105).map(|n| n * 10 + 1)).collect();
    assert_eq!(once, expected, "every row that was there, and every one that came after the cursor");
}

pub(super) async fn lists_of_namespaces_are_filtered_and_paged(store: TestStore) {
    populate(&store).await;
    let some = |ids: &[NamespaceId], children_of| Visible::Some { ids: ids.to_vec(), children_of };
    let none = NamespaceFilter::default;
    let cases = [
        (none(), vec![app(1), group(1).into(), workspace(1), app(2), workspace(2), app(3), workspace(3)]),
        (
            NamespaceFilter { kind: Some(NamespaceKind::Workspace), ..none() },
            vec![workspace(1), workspace(2), workspace(3)],
        ),
        (NamespaceFilter { parent: Some(app(2)), ..none() }, vec![workspace(2)]),
        (
            NamespaceFilter { parent: Some(ORG.into()), kind: Some(NamespaceKind::Application), ..none() },
            vec![app(1), app(2), app(3)],
        ),
        (NamespaceFilter { search: Some("SPACE 3".into()), ..none() }, vec![app(3), workspace(3)]),
        (NamespaceFilter { visible: vec![some(&[app(2)], Some(app(2)))], ..none() }, vec![app(2), workspace(2)]),
        (
            NamespaceFilter {
                visible: vec![some(&[app(2), app(3)], None), some(&[app(3)], Some(ORG.into()))],
                ..none()
            },
            vec![app(2), app(3)],
        ),
        (NamespaceFilter { visible: vec![some(&[], None)], ..none() }, vec![]),
    ];
    let mut reader = store.read().await.unwrap();
    for (filter, expected) in cases {
        for limit in [1, 2, 50] {
            let mut page = Page::first(limit);
            let mut ids = Vec::new();
            loop {
                let rows = reader.namespaces(ORG, &filter, &page).await.unwrap();
                let Some(last) = rows.last() else { break };
                page.after = Some((last.name.folded(), last.id));
                ids.extend(rows.iter().map(|n| n.id));
                assert!(ids.len() <= 7, "a page that does not move on");
            }
            assert_eq!(ids, expected, "{filter:?}");
        }
    }
}

pub(super) async fn lists_of_people_roles_and_grants_are_paged(store: TestStore) {
    populate(&store).await;
    commit(&store, async |tx| {
        for n in 2..=6 {
            tx.put_role(&a_role(ORG, n, &["*"])).await?;
            tx.put_grant(&a_grant(100 + n, Holder::User(user(2)), n, app(1 + n % 3))).await?;
        }
        tx.put_group_member(&a_group_member(1, 1)).await?;
        tx.put_group_member(&a_group_member(1, 3)).await
    })
    .await
    .unwrap();
    let mut reader = store.read().await.unwrap();

    let first = reader.members(ORG, &MemberFilter::default(), &Page::first(2)).await.unwrap();
    assert_eq!(first, [(a_user(1), a_membership(ORG, 1)), (a_user(2), a_membership(ORG, 2))]);
    let after = Some((first[1].0.name.folded(), first[1].0.id));
    let second = reader.members(ORG, &MemberFilter::default(), &Page { after, limit: 2 }).await.unwrap();
    assert_eq!(second, [(a_user(3), a_membership(ORG, 3))]);
    for (text, found) in [("SER 2", vec![user(2)]), ("user3@", vec![user(3)]), ("%", vec![]), ("user103", vec![])] {
        let filter = MemberFilter { search: Some(text.into()), suspended: None };
        let members = reader.members(ORG, &filter, &Page::first(9)).await.unwrap();
        assert_eq!(members.iter().map(|(user, _)| user.id).collect::<Vec<_>>(), found, "{text}");
    }
    for (suspended, count) in [(true, 0), (false, 3)] {
        let filter = MemberFilter { search: None, suspended: Some(suspended) };
        assert_eq!(reader.members(ORG, &filter, &Page::first(9)).await.unwrap().len(), count);
    }
    let in_group = reader.group_members(ORG, group(1), &Page::first(1)).await.unwrap();
    assert_eq!(in_group, [a_user(1)]);
    let after = Some((in_group[0].name.folded(), in_group[0].id));
    assert_eq!(reader.group_members(ORG, group(1), &Page { after, limit: 9 }).await.unwrap(), [a_user(3)]);

    let roles = reader.roles(ORG, None, &Page::first(4)).await.unwrap();
    assert_eq!(roles.iter().map(|r| r.id).collect::<Vec<_>>(), [role(1), role(2), role(3), role(4)]);
    let after = Some((roles[3].name.folded(), roles[3].id));
    assert_eq!(reader.roles(ORG, None, &Page { after, limit: 4 }).await.unwrap().len(), 2);
    assert_eq!(reader.roles(ORG, Some("OLE 5"), &Page::first(4)).await.unwrap()[0].id, role(5));

    let filter = GrantFilter { holder: Some(Holder::User(user(2))), ..GrantFilter::default() };
    let grants = reader.grants(ORG, &filter, &Page::first(3)).await.unwrap();
    let rest = reader.grants(ORG, &filter, &Page { after: Some(grants[2].id), limit: 9 }).await.unwrap();
    let ids: Vec<u128> = grants.iter().chain(&rest).map(|g| g.id.bits()).collect();
    assert_eq!(ids, [102, 103, 104, 105, 106]);
    let visible = vec![Visible::Some { ids: vec![app(1)], children_of: None }];
    let filter = GrantFilter { visible, role: Some(role(3)), ..GrantFilter::default() };
    assert_eq!(reader.grants(ORG, &filter, &Page::first(9)).await.unwrap().len(), 1);
    assert_eq!(reader.grants_of_role(ORG, role(1)).await.unwrap().len(), 8);
}

pub(super) async fn several_records_are_found_by_their_ids(store: TestStore) {
    populate(&store).await;
    commit(&store, async |tx| {
        tx.put_grant(&a_grant(101, Holder::User(user(1)), 1, app(1))).await?;
        tx.put_grant(&a_grant(102, Holder::User(user(2)), 1, app(2))).await?;
        tx.put_grant(&a_grant(103, Holder::UserGroup(group(1)), 1, app(2))).await?;
        tx.put_group_member(&a_group_member(1, 1)).await?;
        tx.put_group_member(&a_group_member(1, 3)).await
    })
    .await
    .unwrap();
    let mut reader = store.read().await.unwrap();
    // Others' are not found, and neither is what does not exist.
    let mut users = reader.several_users(&[user(3), user(1), user(99)]).await.unwrap();
    users.sort_by_key(|user| user.id);
    assert_eq!(users, [a_user(1), a_user(3)]);
    let foreign = app(101);
    let mut places = reader.several_namespaces(ORG, &[workspace(2), foreign, app(1)]).await.unwrap();
    places.sort_by_key(|place| place.id);
    assert_eq!(places.iter().map(|place| place.id).collect::<Vec<_>>(), [app(1), workspace(2)]);
    let names = reader.several_credential_names(ORG, &[cred(7), cred(999)]).await.unwrap();
    assert_eq!(names, [(cred(7), varied(7).name)]);
    assert_eq!(reader.several_credential_names(OTHER_ORG, &[cred(7)]).await.unwrap(), []);

    let holders = [Holder::User(user(1)), Holder::User(user(2)), Holder::UserGroup(group(1))];
    let ids = |grants: Vec<keyward_core::role::Grant>| grants.iter().map(|g| g.id.bits()).collect::<Vec<_>>();
    assert_eq!(ids(reader.several_grants(ORG, &holders, &[]).await.unwrap()), [101, 102, 103]);
    let visible = [Visible::Some { ids: vec![app(2)], children_of: None }];
    assert_eq!(ids(reader.several_grants(ORG, &holders[1..], &visible).await.unwrap()), [102, 103]);
    assert_eq!(ids(reader.several_grants(ORG, &holders[..1], &visible).await.unwrap()), []);
    let members = reader.several_group_members(ORG, &[user(3), user(2)]).await.unwrap();
    assert_eq!(members, [a_group_member(1, 3)]);

    let counts = reader.credential_counts(ORG, &[ORG.into(), app(1), group(1).into()]).await.unwrap();
    let living = |at| (0..30).filter(|n| lives_in(*n) == at && !varied(*n).is_revoked()).count() as u64;
    let mut expected = vec![(ORG.into(), living(ORG.into())), (app(1), living(app(1)))];
    expected.sort_by_key(|(id, _): &(NamespaceId, u64)| id.to_string());
    assert_eq!(counts, expected);

    assert_eq!(reader.several_users(&[]).await.unwrap(), []);
    assert_eq!(reader.several_namespaces(ORG, &[]).await.unwrap(), []);
    assert_eq!(reader.several_credential_names(ORG, &[]).await.unwrap(), []);
    assert_eq!(reader.several_grants(ORG, &[], &[]).await.unwrap(), []);
    assert_eq!(reader.several_group_members(ORG, &[]).await.unwrap(), []);
    assert_eq!(reader.credential_counts(ORG, &[]).await.unwrap(), []);
}

fn all() -> CredentialFilter {
    CredentialFilter::default()
}

fn states(states: &[CredentialState]) -> CredentialFilter {
    CredentialFilter { states: states.to_vec(), ..all() }
}

fn search(text: &str) -> CredentialFilter {
    CredentialFilter { search: Some(text.into()), ..all() }
}

fn kinds(kinds: &[&str]) -> Vec<keyward_core::kind::KindId> {
    kinds.iter().map(|k| k.parse().unwrap()).collect()
}

fn is_alive(credential: &Credential) -> bool {
    !credential.is_revoked() && !credential.is_expired(at(NOW))
}
