//! What holds for all histories of a small deployment.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use keyward_core::change::{Change, Committed, Revision};
use keyward_core::credential::RevokeReason;
use keyward_core::decision::Reason;
use keyward_core::id::{CredentialId, GrantId, UserId};
use keyward_core::keyring::KeyRing;
use keyward_core::namespace::NamespaceId;
use keyward_core::organization::Organization;
use keyward_core::rights;
use keyward_core::role::{Grant, Holder, Role};
use keyward_core::user::{GroupMember, Membership};
use keyward_verify::{Index, Subject};
use proptest::prelude::*;

use crate::support::*;

/// Keys of every kind of authority, in two organizations; made once, for making them is slow.
static KEYS: LazyLock<(Arc<KeyRing>, Vec<Issued>)> = LazyLock::new(|| {
    let mut fixture = Fixture::new();
    let kinds = ["plain", "live", "confined", "owned", "whole", "bare", "pair"];
    let mut keys: Vec<Issued> = kinds.map(|kind| fixture.make(kind)).into();
    keys[2].record.namespace = APP.into();
    let mut foreign = fixture.make("plain");
    foreign.record.organization = OTHER;
    foreign.record.namespace = OTHER.into();
    keys.push(foreign);
    (Arc::clone(&fixture.ring), keys)
});

const USERS: [UserId; 2] = [OWNER, UserId::from_bits(50)];
const PERMISSIONS: [&str; 4] = ["items:read", "items:edit", "apps:read", "credentials:create"];

fn places() -> [NamespaceId; 6] {
    [ORG.into(), APP.into(), WORKSPACE.into(), GROUP.into(), OTHER.into(), OTHER_APP.into()]
}

/// One step of a history, drawn as four numbers.
type Step = (u8, usize, usize, usize);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    proptest::collection::vec((0_u8..12, 0_usize..64, 0_usize..64, 0_usize..64), 1..40)
}

/// What the steps changed, one commit for each. Keys change as their rules allow.
fn history(steps: &[Step]) -> Vec<Committed> {
    let mut keys: Vec<_> = KEYS.1.iter().map(|key| key.record.clone()).collect();
    let start = beginning().into_iter().chain(KEYS.1.iter().map(Issued::change)).collect();
    let changes = steps.iter().map(|step| vec![change(*step, &mut keys)]);
    let commits = [start].into_iter().chain(changes).zip(1..);
    commits.map(|(changes, revision)| Committed { revision: Revision(revision), changes }).collect()
}

fn change((sort, a, b, c): Step, keys: &mut [keyward_core::credential::Credential]) -> Change {
    let organization = [ORG, OTHER][a % 2];
    let user = USERS[b % 2];
    let place = places()[b % 6];
    let part = [NamespaceId::from(APP), WORKSPACE.into(), GROUP.into()][b % 3];
    let role = [EDITOR, READER][a / 2 % 2];
    let key = keys[a % keys.len()].id;
    let holder = [Holder::User(user), Holder::UserGroup(GROUP), Holder::Credential(key)][c % 3];
    match sort {
        0 => Change::Membership(Membership {
            organization,
            super_admin: c % 4 == 0,
            suspended_at: (c % 3 == 0).then_some(START),
            ..membership(user)
        }),
        1 => Change::MembershipRemoved { organization, user },
        2 => Change::Role(Role {
            organization: if c % 8 == 0 { OTHER } else { ORG },
            ..self::role(role, [&["items:*"][..], &["items:read"], &["*"], &[]][c % 4])
        }),
        3 => Change::RoleRemoved { organization: ORG, id: role },
        4 | 5 => Change::Grant(Grant {
            id: GrantId::from_bits(100 + (a % 8) as u128),
            organization: if c % 7 == 0 { OTHER } else { ORG },
            holder: [Holder::User(user), Holder::UserGroup(GROUP), Holder::Credential(key)][a % 3],
            role,
            namespace: place,
            created_at: START,
        }),
        6 => Change::GrantRemoved { organization: ORG, id: GrantId::from_bits(100 + (a % 8) as u128), holder },
        7 => Change::Namespace(namespace(part, ORG, if b % 3 == 0 { ORG.into() } else { NamespaceId::from(APP) })),
        8 => Change::NamespaceRemoved { organization: ORG, id: part },
        9 if c % 2 == 0 => Change::GroupMember(GroupMember { organization, group: GROUP, user }),
        9 => Change::GroupMemberRemoved(GroupMember { organization, group: GROUP, user }),
        10 => Change::Organization(Organization {
            suspended_at: (c % 3 == 0).then_some(START),
            ..self::organization(organization)
        }),
        _ => {
            let key = &mut keys[a % KEYS.1.len()];
            let changed = match c % 4 {
                0 => key.clone().revoke(START, RevokeReason::Requested),
                1 => key.clone().disable(START),
                _ => key.clone().enable(START),
            };
            *key = changed.unwrap_or_else(|_| key.clone());
            Change::Credential(Box::new(key.clone()))
        }
    }
}

/// The answer to every question that the small deployment allows.
fn answers(index: &Index) -> Vec<Option<Reason>> {
    let mut answers = Vec::new();
    for key in &KEYS.1 {
        answers.push(reason(index, key, &hello()));
        for permission in PERMISSIONS {
            for place in places() {
                answers.push(reason(index, key, &may(permission, place)));
            }
        }
    }
    answers
}

fn reason(index: &Index, key: &Issued, request: &keyward_core::decision::Request<'_>) -> Option<Reason> {
    answer(index.decide(&key.presented(), request, now())).err().map(|denial| denial.reason)
}

fn empty() -> Index {
    Index::new(Arc::clone(&KEYS.0))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn in_batches_one_by_one_or_at_once_the_answers_are_the_same(steps in steps(), sizes in proptest::collection::vec(1_usize..6, 1..8)) {
        let history = history(&steps);
        let (single, batched, loaded) = (empty(), empty(), empty());
        for commit in &history {
            single.apply(std::slice::from_ref(commit)).unwrap();
        }
        let mut rest = &history[..];
        for size in sizes.iter().cycle() {
            let (batch, later) = rest.split_at((*size).min(rest.len()));
            batched.apply(batch).unwrap();
            if later.is_empty() { break }
            rest = later;
        }
        let all = history.iter().flat_map(|commit| commit.changes.clone());
        loaded.load(single.revision(), all).unwrap();
        let expected = answers(&single);
        prop_assert_eq!(&expected, &answers(&batched));
        prop_assert_eq!(&expected, &answers(&loaded));
        prop_assert_eq!(single.revision(), batched.revision());
    }

    #[test]
    fn what_is_revoked_stays_revoked(steps in steps()) {
        let history = history(&steps);
        let index = empty();
        let mut revoked: BTreeSet<CredentialId> = BTreeSet::new();
        for commit in &history {
            index.apply(std::slice::from_ref(commit)).unwrap();
            // A feed that is read again, in any part, brings nothing back.
            index.apply(&history[..usize::try_from(commit.revision.0).unwrap()]).unwrap();
            for key in &KEYS.1 {
                let reason = reason(&index, key, &hello());
                if reason == Some(Reason::Revoked) {
                    revoked.insert(key.record.id);
                }
                prop_assert!(reason.is_some() || !revoked.contains(&key.record.id));
            }
        }
    }

    #[test]
    fn a_live_credential_never_does_more_than_its_owner(steps in steps()) {
        let index = empty();
        index.apply(&history(&steps)).unwrap();
        let snapshot = index.snapshot();
        for key in KEYS.1.iter().filter(|key| snapshot.kind(&key.record.kind).unwrap().is_live()) {
            let view = snapshot.credential(key.record.id).unwrap();
            let world = snapshot.organization(view.organization()).unwrap();
            for place in places() {
                let owners = rights::user_rights(&world, OWNER, place);
                prop_assert!(rights::credential_rights(&world, &view.holding(), place).within(&owners));
                for permission in PERMISSIONS {
                    let allowed = reason(&index, key, &may(permission, place)).is_none();
                    prop_assert!(!allowed || rights::user_allow(&world, OWNER, place, permission));
                }
            }
        }
    }

    #[test]
    fn no_credential_reaches_another_organization(steps in steps()) {
        let index = empty();
        index.apply(&history(&steps)).unwrap();
        for key in &KEYS.1 {
            let own = key.record.organization;
            for place in places() {
                let foreign = if [OTHER.into(), OTHER_APP.into()].contains(&place) { own == ORG } else { own == OTHER };
                for permission in PERMISSIONS {
                    prop_assert!(!foreign || reason(&index, key, &may(permission, place)).is_some());
                }
            }
        }
    }

    #[test]
    fn an_explanation_agrees_with_the_decision(steps in steps()) {
        let index = empty();
        index.apply(&history(&steps)).unwrap();
        for key in &KEYS.1 {
            for place in places() {
                let request = may("items:edit", place);
                let explained = index.explain(Subject::Presented(key.presented()), &request, now());
                prop_assert_eq!(explained.denial.map(|denial| denial.reason), reason(&index, key, &request));
            }
        }
    }
}
