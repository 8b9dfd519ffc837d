//! What unique indexes promise, and what batches do to rules.

use keyward_core::change::Revision;
use keyward_core::credential::{CallerId, Credential, RevokeReason};
use keyward_core::kind::{Kind, OnCreate};
use keyward_core::limit::{Admission, LimitReached, admit};
use keyward_core::role::Holder;

use super::fixtures::*;
use super::support::{ORGANIZATION, Occupied, Refused, entry, queued};
use crate::testing::TestStore;
use crate::{Conflict, IdempotencyRecord, Placing, Store, StoreError, Tx};

pub(super) async fn every_conflict_is_named(store: TestStore) {
    furnish(&store).await;
    commit(&store, async |tx| {
        let placing = Placing { scope_key: "s".into(), place: Some(1), name_scope: Some("n".into()) };
        tx.put_credential(&a_credential(1), Some(&placing)).await?;
        tx.put_grant(&a_grant(1, Holder::User(user(2)), 1, app(1))).await?;
        tx.put_session(&a_session(1, 1)).await?;
        tx.put_invitation(&an_invitation(1)).await?;
        tx.put_idempotency("c", "k", &a_record()).await
    })
    .await
    .unwrap();
    for conflict in Conflict::ALL {
        let result = commit(&store, async move |tx| provoke(tx, conflict).await).await;
        match result {
            Err(StoreError::Conflict { constraint }) => assert_eq!(constraint, conflict),
            other => panic!("{conflict:?}: {other:?}"),
        }
    }
    // What is revoked is in nobody's way, and a name is taken within its scope and kind only.
    commit(&store, async |tx| {
        tx.put_credential(&revoked(a_credential(1), 9), None).await?;
        let placing = Placing { scope_key: "s".into(), place: Some(1), name_scope: Some("n".into()) };
        tx.put_credential(&named(2, "CREDENTIAL 1"), Some(&placing)).await?;
        let elsewhere = Placing { scope_key: "t".into(), place: Some(1), name_scope: Some("m".into()) };
        tx.put_credential(&named(3, "Credential 1"), Some(&elsewhere)).await?;
        let nowhere = Placing { scope_key: "s".into(), place: None, name_scope: None };
        tx.put_credential(&named(4, "Credential 1"), Some(&nowhere)).await
    })
    .await
    .unwrap();
}

async fn provoke(tx: &mut Tx, conflict: Conflict) -> Result<(), StoreError> {
    let free = Placing { scope_key: "s".into(), place: Some(2), name_scope: Some("n".into()) };
    match conflict {
        Conflict::NamespaceName => {
            let mut twin = a_workspace(ORG, 7, app(1));
            twin.name = name("NAMESPACE 1");
            tx.put_namespace(&twin).await
        }
        Conflict::SiteKey => {
            let mut twin = an_application(OTHER_ORG, 107);
            twin.site_key = Some("3_1".into());
            tx.put_namespace(&twin).await
        }
        Conflict::Email => {
            let mut twin = a_user(7);
            twin.email = a_user(1).email;
            tx.put_user(&twin).await
        }
        Conflict::RoleName => {
            let mut twin = a_role(ORG, 7, &["*"]);
            twin.name = name("role 1");
            tx.put_role(&twin).await
        }
        Conflict::Grant => tx.put_grant(&a_grant(7, Holder::User(user(2)), 1, app(1))).await,
        Conflict::PublicId => {
            let twin = Credential { public_id: "kw_1".into(), ..named(7, "Other") };
            tx.put_credential(&twin, Some(&free)).await
        }
        Conflict::Place => {
            let taken = Placing { place: Some(1), ..free };
            tx.put_credential(&named(7, "Other"), Some(&taken)).await
        }
        Conflict::CredentialName => tx.put_credential(&named(7, "credential 1"), Some(&free)).await,
        Conflict::Session => {
            let mut twin = a_session(7, 1);
            twin.public_id = "s1".into();
            tx.put_session(&twin).await
        }
        Conflict::Invitation => {
            let mut twin = an_invitation(7);
            twin.public_id = "i1".into();
            tx.put_invitation(&twin).await
        }
        Conflict::IdempotencyKey => tx.put_idempotency("c", "k", &a_record()).await,
    }
}

pub(super) async fn a_rename_to_a_taken_name_is_refused(store: TestStore) {
    furnish(&store).await;
    commit(&store, async |tx| {
        let placing = Placing { scope_key: "s".into(), place: None, name_scope: Some("n".into()) };
        tx.put_credential(&a_credential(1), Some(&placing)).await?;
        tx.put_credential(&a_credential(2), Some(&placing)).await
    })
    .await
    .unwrap();
    // Without a placing the one from the creation stays.
    let renamed = commit(&store, async |tx| tx.put_credential(&named(2, "Credential 1"), None).await).await;
    assert!(matches!(renamed, Err(StoreError::Conflict { constraint: Conflict::CredentialName })), "{renamed:?}");
}

pub(super) async fn concurrent_creators_make_exactly_as_many_as_the_limit_allows(store: TestStore) {
    furnish(&store).await;
    let nodes = some_nodes(&store).await;
    // Gateway Hub allows one of a kind, Gigya fifteen.
    for (limit, kind, first) in [(1, "keyward/one", 1), (15, "keyward/fifteen", 51)] {
        let kind = Kind { id: kind.parse().unwrap(), ..a_limited_kind(limit, OnCreate::Refuse) };
        let creations = nodes.iter().cycle().zip(first..first + CREATORS).map(|(node, n)| {
            let (node, kind) = (node.clone(), kind.clone());
            tokio::spawn(async move { create(&node, kind, n).await })
        });
        let mut created = 0;
        for creation in creations.collect::<Vec<_>>() {
            match creation.await.unwrap() {
                Ok(()) => created += 1,
                Err(refused) => assert!(matches!(refused, Refused::ByRule), "a rule, never the index: {refused:?}"),
            }
        }
        assert_eq!(created, limit);
        let places = store.read().await.unwrap().places(&ORG.to_string(), &kind.id).await.unwrap();
        assert_eq!(places.iter().map(|(place, _)| *place).collect::<Vec<_>>(), (1..=limit).collect::<Vec<u32>>());
    }
}

/// Nobody looks before: the index alone decides.
pub(super) async fn concurrent_creators_take_a_name_once(store: TestStore) {
    furnish(&store).await;
    let creations = some_nodes(&store).await.into_iter().cycle().zip(1..=CREATORS).map(|(node, n)| {
        tokio::spawn(async move {
            let text = if n % 2 == 0 { "Reporting" } else { "  REPORTING " };
            let placing = Placing { scope_key: "s".into(), place: None, name_scope: Some("n".into()) };
            commit(&node, async move |tx| tx.put_credential(&named(n, text), Some(&placing)).await).await
        })
    });
    let mut created = 0;
    for creation in creations.collect::<Vec<_>>() {
        match creation.await.unwrap() {
            Ok(_) => created += 1,
            Err(StoreError::Conflict { constraint: Conflict::CredentialName }) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(created, 1);
    assert_eq!(store.check().await.unwrap().revision, Revision(2), "who was refused left nothing");
}

pub(super) async fn concurrent_creators_supersede_one_another(store: TestStore) {
    furnish(&store).await;
    let kind = a_limited_kind(1, OnCreate::Supersede);
    let creations = some_nodes(&store).await.into_iter().cycle().zip(1..=CREATORS).map(|(node, n)| {
        let kind = kind.clone();
        tokio::spawn(async move { create(&node, kind, n).await })
    });
    for creation in creations.collect::<Vec<_>>() {
        creation.await.unwrap().unwrap();
    }
    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.places(&ORG.to_string(), &kind.id).await.unwrap().len(), 1);
    let mut superseded = 0;
    for n in 1..=CREATORS {
        superseded += u32::from(reader.credential(ORG, cred(n)).await.unwrap().unwrap().is_revoked());
    }
    assert_eq!(superseded, 49);
}

pub(super) async fn a_caller_revoked_earlier_in_the_batch_cannot_act(store: TestStore) {
    furnish(&store).await;
    commit(&store, async |tx| tx.put_credential(&a_credential(1), None).await).await.unwrap();
    let occupied = Occupied::new(&store).await;
    let act = |n: u128| {
        let store = store.store.clone();
        async move {
            let job = async move |tx: &mut Tx| {
                let caller = tx.credential(ORG, cred(1)).await?.ok_or(Refused::ByRule)?;
                if caller.is_revoked() {
                    return Err(Refused::ByRule);
                }
                let made = Credential { created_by: CallerId::Credential(cred(1)), ..a_credential(n) };
                tx.put_credential(&made, None).await?;
                Ok(((), entry("credentials.create", "test")))
            };
            store.write(ORGANIZATION, job).await.map(drop)
        }
    };
    let revoke = {
        let store = store.store.clone();
        async move {
            let job = async |tx: &mut Tx| {
                let caller = tx.credential(ORG, cred(1)).await?.ok_or(Refused::ByRule)?;
                let revoked = caller.revoke(at(9), RevokeReason::Requested).map_err(|_| Refused::ByRule)?;
                tx.put_credential(&revoked, None).await?;
                Ok(((), entry("credentials.revoke", "test")))
            };
            store.write(ORGANIZATION, job).await.map(drop)
        }
    };
    let mut tasks = queued(vec![act(2)]);
    tasks.extend(queued(vec![revoke]));
    tasks.extend(queued(vec![act(3)]));
    occupied.release().await;
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    assert!(matches!(answers.as_slice(), [Ok(()), Ok(()), Err(Refused::ByRule)]), "{answers:?}");
    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.descendants(ORG, cred(1)).await.unwrap(), [cred(2)]);
}

/// As an operation creates: look at the places, ask the rule, write.
async fn create(store: &Store, kind: Kind, n: u128) -> Result<(), Refused> {
    let job = async move |tx: &mut Tx| {
        let scope_key = ORG.to_string();
        let places = tx.places(&scope_key, &kind.id).await?;
        let place = match admit(&kind, &places).map_err(|LimitReached { .. }| Refused::ByRule)? {
            Admission::Free { place } => place,
            Admission::Supersede { place, revoke } => {
                for id in revoke {
                    let earlier = tx.credential(ORG, id).await?.ok_or(Refused::ByRule)?;
                    let earlier = earlier.revoke(at(9), RevokeReason::Superseded).map_err(|_| Refused::ByRule)?;
                    tx.put_credential(&earlier, None).await?;
                }
                Some(place)
            }
        };
        let placing = Placing { scope_key, place, name_scope: None };
        tx.put_credential(&Credential { kind: kind.id.clone(), ..a_credential(n) }, Some(&placing)).await?;
        Ok(((), entry("credentials.create", "test")))
    };
    store.write(ORGANIZATION, job).await.map(drop)
}

/// Several on one database.
async fn some_nodes(store: &TestStore) -> [Store; 4] {
    [store.store.clone(), store.another().await, store.another().await, store.another().await]
}

fn named(n: u128, text: &str) -> Credential {
    Credential { name: name(text), ..a_credential(n) }
}

/// How many create at once.
const CREATORS: u128 = 50;

fn a_record() -> IdempotencyRecord {
    IdempotencyRecord { request_hash: [1; 32], made: cred(1).to_string(), created_at: at(1) }
}
