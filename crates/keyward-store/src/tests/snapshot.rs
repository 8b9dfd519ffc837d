//! The snapshot and the feed say the same, and both engines do.

use std::collections::BTreeMap;

use keyward_core::change::{Change, Revision};
use keyward_core::credential::Slot;
use keyward_core::entropy::{Entropy, Seeded};
use keyward_core::role::Holder;
use keyward_core::user::Membership;

use super::fixtures::*;
use crate::testing::TestStore;
use crate::{CredentialFilter, CredentialSort, Page, Store, StoreError, Tx};

pub(super) async fn a_snapshot_is_the_fold_of_the_feed(store: TestStore) {
    assert_eq!(store.snapshot().await.unwrap().1, []);
    furnish(&store).await;
    let mut sorts = Vec::new();
    for seed in 0..4 {
        trace(&store, seed).await;
        let (start, snapshot) = store.snapshot().await.unwrap();
        let mut reader = store.read().await.unwrap();
        assert_eq!(start.revision(), reader.revision());
        let feed = reader.feed(Revision(0), 100_000).await.unwrap();
        sorts.extend(feed.iter().flat_map(|row| &row.changes).map(std::mem::discriminant));
        let folded = fold(feed.into_iter().flat_map(|row| row.changes));
        assert_eq!(snapshot.len(), folded.len(), "nothing twice");
        assert_eq!(fold(snapshot.clone()), folded);
        in_order(&snapshot);
    }
    let distinct: std::collections::HashSet<_> = sorts.into_iter().collect();
    assert_eq!(distinct.len(), 13, "the traces state every sort of change");
}

pub(super) async fn both_engines_answer_the_same(store: TestStore) {
    let reference = TestStore::sqlite().await;
    for store in [&store, &reference] {
        furnish(store).await;
    }
    for seed in 10..14 {
        for (answer, expected) in trace(&store, seed).await.iter().zip(&trace(&reference, seed).await) {
            assert_eq!(answer, expected);
        }
        assert_eq!(store.snapshot().await.unwrap().1, reference.snapshot().await.unwrap().1);
    }
    let feed = async |store: &Store| store.read().await.unwrap().feed(Revision(0), 100_000).await.unwrap();
    assert_eq!(feed(&store).await, feed(&reference).await);
}

pub(super) async fn a_snapshot_comes_in_pieces_without_a_seam(store: TestStore) {
    furnish(&store).await;
    // More than one piece; written by hand, because only the reading is of interest.
    let wanted = 4_050;
    for from in (0..wanted).step_by(150) {
        commit(&store, async move |tx| {
            for n in from..from + 150 {
                let mut credential = a_credential(n);
                if n % 3 == 0 {
                    credential.slots = vec![Slot { ends_at: Some(at(9)), ..a_slot(1) }, a_slot(2)];
                }
                tx.put_credential(&credential, None).await?;
            }
            Ok(())
        })
        .await
        .unwrap();
    }
    let (_, snapshot) = store.snapshot().await.unwrap();
    let mut n = 0;
    for change in snapshot {
        if let Change::Credential(credential) = change {
            assert_eq!(credential.id, cred(n));
            assert_eq!(credential.slots.len(), if n % 3 == 0 { 2 } else { 1 });
            assert!(credential.slots.iter().all(|slot| slot.sealed == Some(a_sealed())));
            n += 1;
        }
    }
    assert_eq!(n, wanted);
}

/// What is left of the changes of a feed, by what they are about.
fn fold(changes: impl IntoIterator<Item = Change>) -> BTreeMap<String, Change> {
    let mut left = BTreeMap::new();
    for change in changes {
        let (key, gone) = match &change {
            Change::Profile(profile) => (format!("profile {}", profile.name), false),
            Change::Organization(organization) => (organization.id.to_string(), false),
            Change::Namespace(namespace) => (namespace.id.to_string(), false),
            Change::NamespaceRemoved { id, .. } => (id.to_string(), true),
            Change::Membership(m) => (format!("{} in {}", m.user, m.organization), false),
            Change::MembershipRemoved { organization, user } => (format!("{user} in {organization}"), true),
            Change::GroupMember(m) => (format!("{} in {}", m.user, m.group), false),
            Change::GroupMemberRemoved(m) => (format!("{} in {}", m.user, m.group), true),
            Change::Role(role) => (role.id.to_string(), false),
            Change::RoleRemoved { id, .. } => (id.to_string(), true),
            Change::Grant(grant) => (grant.id.to_string(), false),
            Change::GrantRemoved { id, .. } => (id.to_string(), true),
            Change::Credential(credential) => (credential.id.to_string(), false),
        };
        if gone {
            assert!(left.remove(&key).is_some(), "{key} goes twice, or was never there");
        } else {
            left.insert(key, change);
        }
    }
    left
}

/// What a change needs to be understood comes before it.
fn in_order(snapshot: &[Change]) {
    let rank = |change: &Change| match change {
        Change::Profile(_) => 0,
        Change::Organization(_) => 1,
        Change::Namespace(_) => 2,
        Change::Membership(_) => 3,
        Change::GroupMember(_) => 4,
        Change::Role(_) => 5,
        Change::Grant(_) => 6,
        Change::Credential(_) => 7,
        other => panic!("a snapshot has no removals: {other:?}"),
    };
    assert!(snapshot.is_sorted_by_key(rank));
    let mut known = vec![ORG.into(), OTHER_ORG.into()];
    for change in snapshot {
        if let Change::Namespace(namespace) = change {
            assert!(known.contains(&namespace.parent), "{} before what is above it", namespace.id);
            known.push(namespace.id);
        }
    }
}

/// Two hundred steps that the seed decides, and what each was answered.
async fn trace(store: &Store, seed: u64) -> Vec<String> {
    let mut entropy = Seeded::new(seed);
    let mut answers = Vec::new();
    for step in 0..200_i64 {
        let mut dice = [0; 4];
        entropy.fill(&mut dice);
        // As with real ids, none is used twice: which of two broken constraints is named would be the engine's choice.
        let grant = u128::from(seed) * 1_000 + u128::from(step.unsigned_abs());
        let answer = commit(store, async move |tx| play(tx, dice, step, grant).await).await.map_err(|e| match e {
            StoreError::Constraint { kind, .. } => format!("{kind:?}"),
            other => other.to_string(),
        });
        answers.push(format!("{dice:?} {answer:?}"));
    }
    let mut reader = store.read().await.unwrap();
    let (filter, page) = (CredentialFilter::default(), Page::first(500));
    let rows = reader.credentials(ORG, &filter, CredentialSort::NEWEST, &page, at(50)).await;
    answers.push(format!("{:?}", rows.unwrap()));
    for n in 0..8 {
        answers.push(format!("{:?}", reader.role_use(ORG, role(n)).await.unwrap()));
        answers.push(format!("{:?}", reader.descendants(ORG, cred(n)).await.unwrap()));
        answers.push(format!("{:?}", reader.groups_of(ORG, user(n)).await.unwrap()));
    }
    answers
}

/// One step: whatever the dice say, valid or not.
async fn play(tx: &mut Tx, dice: [u8; 4], step: i64, grant: u128) -> Result<(), StoreError> {
    let [what, first, second, third] = dice;
    let (many, few, case) = (u128::from(first % 40), u128::from(second % 8), third % 3);
    let holder = match case {
        0 => Holder::User(user(few)),
        1 => Holder::UserGroup(group(few)),
        _ => Holder::Credential(cred(many)),
    };
    match what % 16 {
        0 => tx.put_profile(&a_profile(u32::from(first))).await,
        1 => tx.put_namespace(&a_workspace(ORG, few + 10, app(1))).await,
        2 => tx.put_namespace(&a_group(ORG, few + 10, if case == 0 { ORG.into() } else { app(1) })).await,
        3 => tx.remove_namespace(ORG, workspace(few + 10)).await.map(drop),
        4 => tx.remove_namespace(ORG, group(few + 10).into()).await.map(drop),
        5 => tx.put_membership(&Membership { super_admin: case == 0, ..a_membership(ORG, few) }).await,
        6 => tx.remove_membership(ORG, user(few)).await.map(drop),
        7 => tx.put_group_member(&a_group_member(u128::from(second % 4) + 1, few)).await,
        8 => tx.remove_group_member(&a_group_member(u128::from(second % 4) + 1, few)).await.map(drop),
        9 => tx.put_role(&a_role(ORG, few, &["accounts:*", "events:read"])).await,
        10 if case == 0 => tx.remove_role(ORG, role(few)).await.map(drop),
        10 | 11 => tx.put_grant(&a_grant(grant, holder, few, app(1))).await,
        12 => {
            let held = tx.grants_of(ORG, holder).await?;
            for grant in held.iter().take(1) {
                tx.remove_grant(grant).await?;
            }
            Ok(())
        }
        13 => {
            let mut next = tx.credential(ORG, cred(many)).await?.unwrap_or_else(|| a_credential(many));
            next.generation += 1;
            next.slots = vec![a_slot(next.generation)];
            tx.put_credential(&next, None).await
        }
        14 => match tx.credential(ORG, cred(many)).await? {
            Some(found) if case == 0 && !found.is_revoked() => tx.put_credential(&revoked(found, step), None).await,
            Some(found) => match found.slots.first().map(|slot| (slot.number, slot.digest)) {
                Some((number, digest)) => {
                    let newer = a_digest(digest.pepper.number() + 1, number);
                    tx.move_digest(cred(many), number, &digest, &newer).await.map(drop)
                }
                None => Ok(()),
            },
            None => Ok(()),
        },
        _ => tx.put_organization(&an_organization(if case == 0 { ORG } else { OTHER_ORG })).await,
    }
}
