//! Records of every kind, one at a time.

use keyward_core::change::{Change, Revision};
use keyward_core::credential::State;
use keyward_core::id::{GrantId, InvitationId, SessionId};
use keyward_core::role::Holder;
use keyward_core::user::Membership;

use super::fixtures::*;
use crate::testing::TestStore;
use crate::{
    IdempotencyRecord, Link, Page, PendingSignIn, RoleUse, SecondFactor, SetupToken, Store, StoreError, Writer,
};

pub(super) async fn organizations_and_namespaces_come_back_as_they_went_in(store: TestStore) {
    furnish(&store).await;
    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.organization(ORG).await.unwrap(), Some(an_organization(ORG)));
    assert_eq!(reader.organizations(None, None, &Page::first(1)).await.unwrap(), [an_organization(ORG)]);
    assert_eq!(
        reader.organizations(None, None, &Page { after: Some(ORG), limit: 10 }).await.unwrap(),
        [an_organization(OTHER_ORG)]
    );
    let found = reader.organizations(Some(user(102)), None, &Page::first(9)).await.unwrap();
    assert_eq!(found, [an_organization(OTHER_ORG)], "those of which they are a member");
    let found = reader.organizations(None, Some("ZATION 1"), &Page::first(9)).await.unwrap();
    assert_eq!(found, [an_organization(ORG)], "by name");
    assert_eq!(reader.organizations_of(user(2)).await.unwrap(), [(an_organization(ORG), a_membership(ORG, 2))]);
    assert_eq!(reader.namespace(ORG, app(1)).await.unwrap(), Some(an_application(ORG, 1)));
    assert_eq!(reader.namespace_by_site_key("3_1").await.unwrap(), Some(an_application(ORG, 1)));
    assert_eq!(reader.namespace_children(ORG, app(1)).await.unwrap(), 1);
    assert_eq!(reader.namespace_children(ORG, ORG.into()).await.unwrap(), 2);

    let mut organization = an_organization(ORG);
    (organization.name, organization.suspended_at) = (name("Renamed"), Some(at(9)));
    let mut application = an_application(ORG, 1);
    (application.name, application.site_key) = (name("Renamed"), None);
    let expected = (organization.clone(), application.clone());
    commit(&store, async move |tx| {
        tx.put_organization(&organization).await?;
        tx.put_namespace(&application).await
    })
    .await
    .unwrap();
    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.organization(ORG).await.unwrap(), Some(expected.0));
    assert_eq!(reader.namespace(ORG, app(1)).await.unwrap(), Some(expected.1));
}

pub(super) async fn users_and_roles_come_back_as_they_went_in(store: TestStore) {
    furnish(&store).await;
    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.user(user(1)).await.unwrap(), Some(a_user(1)));
    assert_eq!(reader.user_by_email("user2@example.com").await.unwrap(), Some(a_user(2)));
    assert_eq!(reader.user_by_email("USER2@example.com").await.unwrap(), None);
    assert!(reader.any_user().await.unwrap());
    assert_eq!(reader.password(user(1)).await.unwrap(), None);
    assert_eq!(reader.membership(ORG, user(1)).await.unwrap(), Some(a_membership(ORG, 1)));
    assert_eq!(reader.memberships_of(user(1)).await.unwrap(), [a_membership(ORG, 1)]);
    assert_eq!(reader.active_super_admins(ORG).await.unwrap(), 1);
    assert_eq!(reader.role(ORG, role(1)).await.unwrap(), Some(a_role(ORG, 1, &["accounts:*"])));
    assert_eq!(reader.role_by_name(ORG, &name("ROLE 1")).await.unwrap().map(|r| r.id), Some(role(1)));
    assert_eq!(reader.role_count(ORG).await.unwrap(), 1);

    let admin = Membership { suspended_at: Some(at(9)), ..a_membership(ORG, 1) };
    commit(&store, async move |tx| {
        assert!(tx.set_password(user(1), "$argon2id$…").await?);
        assert!(!tx.set_password(user(99), "$argon2id$…").await?);
        tx.put_user(&keyward_core::user::User { email: "new@example.com".into(), ..a_user(1) }).await?;
        tx.put_membership(&admin).await?;
        tx.put_group_member(&a_group_member(1, 2)).await?;
        tx.put_group_member(&a_group_member(1, 2)).await?;
        tx.put_role(&a_role(ORG, 1, &["*"])).await
    })
    .await
    .unwrap();
    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.password(user(1)).await.unwrap().as_deref(), Some("$argon2id$…"));
    assert_eq!(reader.user(user(1)).await.unwrap().unwrap().email, "new@example.com");
    assert_eq!(reader.active_super_admins(ORG).await.unwrap(), 0);
    assert_eq!(reader.groups_of(ORG, user(2)).await.unwrap(), [group(1)]);
    assert_eq!(reader.group_members(ORG, group(1), &Page::first(9)).await.unwrap(), [a_user(2)]);
    assert_eq!(reader.role(ORG, role(1)).await.unwrap(), Some(a_role(ORG, 1, &["*"])));
    let last = reader.feed(Revision(1), 9).await.unwrap().pop().unwrap();
    assert_eq!(last.changes.len(), 3, "a user is no change, a second joining neither: {:?}", last.changes);
}

pub(super) async fn a_credential_comes_back_as_it_went_in(store: TestStore) {
    furnish(&store).await;
    let mut credential = a_credential(1);
    credential.owner = Some(user(2));
    let mut plain = a_credential(2);
    (plain.expires_at, plain.sources, plain.denied) = (None, Vec::new(), keyward_core::kind::Denials::default());
    (plain.public_key, plain.slots[0].sealed) = (None, None);
    let disabled = a_credential(3).disable(at(7)).unwrap();
    let gone = revoked(a_credential(4), 8);
    let all = [credential, plain, disabled, gone];
    for credential in all.clone() {
        let put = credential.clone();
        commit(&store, async move |tx| tx.put_credential(&put, None).await).await.unwrap();
        let mut reader = store.read().await.unwrap();
        assert_eq!(reader.credential(ORG, credential.id).await.unwrap(), Some(credential.clone()));
        assert_eq!(reader.credential_anywhere(credential.id).await.unwrap(), Some(credential.clone()));
        let stated = reader.feed(Revision(reader.revision().0 - 1), 1).await.unwrap().remove(0).changes;
        assert_eq!(stated, [Change::Credential(Box::new(credential))], "sealed texts are stated with it");
    }

    // Every state may follow; a rotation with grace has two slots, and the next one forgets the first.
    let mut rotated = all[0].clone();
    rotated.slots = vec![keyward_core::credential::Slot { ends_at: Some(at(50)), ..a_slot(1) }, a_slot(2)];
    rotated.generation = 2;
    let mut again = rotated.clone();
    again.slots = vec![keyward_core::credential::Slot { ends_at: Some(at(60)), ..a_slot(2) }, a_slot(3)];
    for next in [rotated, again, all[0].clone().disable(at(61)).unwrap()] {
        let next = if matches!(next.state, State::Disabled { .. }) {
            keyward_core::credential::Credential { slots: vec![a_slot(3)], ..next }
        } else {
            next
        };
        let put = next.clone();
        commit(&store, async move |tx| tx.put_credential(&put, None).await).await.unwrap();
        assert_eq!(store.read().await.unwrap().credential(ORG, next.id).await.unwrap(), Some(next));
    }
}

pub(super) async fn what_never_changes_of_a_credential_is_refused(store: TestStore) {
    furnish(&store).await;
    commit(&store, async |tx| tx.put_credential(&a_credential(1), None).await).await.unwrap();
    let changed = |change: fn(&mut keyward_core::credential::Credential)| {
        let mut credential = a_credential(1);
        change(&mut credential);
        credential
    };
    for credential in [
        changed(|c| c.organization = OTHER_ORG),
        changed(|c| c.namespace = app(1)),
        changed(|c| c.kind = "keyward/service".parse().unwrap()),
        changed(|c| c.public_id = "kw_other".into()),
        changed(|c| c.created_by = keyward_core::credential::CallerId::System),
        changed(|c| c.created_at = at(9)),
        changed(|c| c.expires_at = None),
        changed(|c| c.public_key = None),
        changed(|c| c.public_key = Some(a_public_key(2))),
    ] {
        let result = commit(&store, async move |tx| tx.put_credential(&credential, None).await).await;
        assert!(matches!(result, Err(StoreError::Value(_))), "{result:?}");
    }
    assert_eq!(store.read().await.unwrap().credential(ORG, cred(1)).await.unwrap(), Some(a_credential(1)));
}

pub(super) async fn nothing_is_found_under_another_organization(store: TestStore) {
    furnish(&store).await;
    commit(&store, async |tx| {
        tx.put_credential(&a_credential(1), None).await?;
        tx.put_grant(&a_grant(1, Holder::Credential(cred(1)), 1, app(1))).await?;
        tx.put_link(&a_link(1)).await?;
        tx.put_invitation(&an_invitation(1)).await
    })
    .await
    .unwrap();
    let mut reader = store.read().await.unwrap();
    let other = OTHER_ORG;
    assert_eq!(reader.credential(other, cred(1)).await.unwrap(), None);
    assert_eq!(reader.namespace(other, app(1)).await.unwrap(), None);
    assert_eq!(reader.membership(other, user(1)).await.unwrap(), None);
    assert_eq!(reader.role(other, role(1)).await.unwrap(), None);
    assert_eq!(reader.grant(other, GrantId::from_bits(1)).await.unwrap(), None);
    assert_eq!(reader.grants_of(other, Holder::Credential(cred(1))).await.unwrap(), []);
    assert_eq!(reader.link(other, cred(1), app(1)).await.unwrap(), None);
    assert_eq!(reader.invitation(other, InvitationId::from_bits(1)).await.unwrap(), None);
    assert_eq!(reader.descendants(other, cred(1)).await.unwrap(), []);
    commit(&store, async |tx| {
        assert!(!tx.remove_namespace(OTHER_ORG, app(1)).await?);
        assert!(!tx.remove_membership(OTHER_ORG, user(1)).await?);
        assert!(!tx.remove_role(OTHER_ORG, role(1)).await?);
        assert!(!tx.remove_invitation(OTHER_ORG, InvitationId::from_bits(1)).await?);
        Ok(())
    })
    .await
    .unwrap();
}

pub(super) async fn what_a_removal_takes_along_is_stated(store: TestStore) {
    furnish(&store).await;
    commit(&store, async |tx| {
        tx.put_credential(&a_credential(1), None).await?;
        tx.put_group_member(&a_group_member(1, 2)).await?;
        tx.put_group_member(&a_group_member(1, 3)).await?;
        tx.put_grant(&a_grant(1, Holder::User(user(2)), 1, app(1))).await?;
        tx.put_grant(&a_grant(2, Holder::UserGroup(group(1)), 1, workspace(1))).await?;
        tx.put_grant(&a_grant(3, Holder::Credential(cred(1)), 1, app(1))).await?;
        tx.put_grant(&a_grant(4, Holder::User(user(3)), 1, group(1).into())).await?;
        tx.put_link(&a_link(1)).await
    })
    .await
    .unwrap();
    let in_use = store.read().await.unwrap().role_use(ORG, role(1)).await.unwrap();
    assert_eq!(in_use, RoleUse { users: 2, groups: 1, credentials: 1 });

    assert_eq!(
        removal(&store, async |tx| tx.remove_membership(ORG, user(2)).await).await,
        [
            taken(1, Holder::User(user(2))),
            Change::GroupMemberRemoved(a_group_member(1, 2)),
            Change::MembershipRemoved { organization: ORG, user: user(2) },
        ]
    );
    assert_eq!(
        removal(&store, async |tx| tx.remove_namespace(ORG, group(1).into()).await).await,
        [
            taken(4, Holder::User(user(3))),
            taken(2, Holder::UserGroup(group(1))),
            Change::GroupMemberRemoved(a_group_member(1, 3)),
            Change::NamespaceRemoved { organization: ORG, id: group(1).into() },
        ]
    );
    commit(&store, async |tx| tx.put_credential(&revoked(a_credential(1), 9), None).await).await.unwrap();
    let in_use = store.read().await.unwrap().role_use(ORG, role(1)).await.unwrap();
    assert!(in_use.is_none(), "a revoked credential is no use: {in_use:?}");
    assert_eq!(
        removal(&store, async |tx| tx.remove_role(ORG, role(1)).await).await,
        [taken(3, Holder::Credential(cred(1))), Change::RoleRemoved { organization: ORG, id: role(1) }]
    );
    assert_eq!(
        removal(&store, async |tx| tx.remove_namespace(ORG, app(1)).await).await,
        [Change::NamespaceRemoved { organization: ORG, id: app(1) }]
    );
    assert_eq!(store.read().await.unwrap().links_of(ORG, cred(1)).await.unwrap(), []);
    // Nothing is stated of what was not there.
    assert_eq!(removal(&store, async |tx| tx.remove_role(ORG, role(1)).await).await, []);
    assert_eq!(
        removal(&store, async |tx| tx.remove_grant(&a_grant(1, Holder::User(user(2)), 1, app(1))).await).await,
        []
    );
    assert_eq!(removal(&store, async |tx| tx.remove_group_member(&a_group_member(1, 3)).await).await, []);
}

pub(super) async fn credentials_are_found_by_what_they_belong_to(store: TestStore) {
    furnish(&store).await;
    let made_by = |n, maker| keyward_core::credential::Credential {
        created_by: keyward_core::credential::CallerId::Credential(cred(maker)),
        ..a_credential(n)
    };
    // 1 made 2 and 3, 2 made 4, 4 made 5; 2 and 3 are revoked.
    let all = [
        keyward_core::credential::Credential { owner: Some(user(2)), namespace: app(1), ..a_credential(1) },
        revoked(made_by(2, 1), 9),
        revoked(keyward_core::credential::Credential { owner: Some(user(2)), namespace: app(1), ..made_by(3, 1) }, 9),
        made_by(4, 2),
        made_by(5, 4),
        a_credential(6),
    ];
    commit(&store, async move |tx| {
        for credential in &all {
            tx.put_credential(credential, None).await?;
        }
        Ok(())
    })
    .await
    .unwrap();
    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.descendants(ORG, cred(1)).await.unwrap(), [cred(4), cred(5)]);
    assert_eq!(reader.descendants(ORG, cred(6)).await.unwrap(), []);
    assert_eq!(reader.credentials_owned_by(ORG, user(2)).await.unwrap(), [cred(1)]);
    assert_eq!(reader.credentials_living_in(ORG, app(1)).await.unwrap(), [cred(1)]);
    assert_eq!(reader.kinds_in_use("keyward").await.unwrap(), [("keyward/api".parse().unwrap(), 4)]);
    assert_eq!(reader.kinds_in_use("key").await.unwrap(), []);
    assert_eq!(reader.peppers_in_use().await.unwrap(), [(1, 4)]);
}

pub(super) async fn a_digest_moves_to_a_newer_pepper(store: TestStore) {
    furnish(&store).await;
    commit(&store, async |tx| tx.put_credential(&a_credential(1), None).await).await.unwrap();
    let (old, new) = (a_digest(1, 1), a_digest(2, 7));
    // Read before the digest moved, written after: the move stays, and is what the feed says.
    let stale = store.read().await.unwrap().credential(ORG, cred(1)).await.unwrap().unwrap();
    commit(&store, async move |tx| {
        assert!(!tx.move_digest(cred(1), 1, &a_digest(1, 2), &new).await?, "only the digest that was confirmed");
        assert!(tx.move_digest(cred(1), 1, &old, &new).await?);
        assert!(!tx.move_digest(cred(1), 1, &old, &new).await?);
        tx.put_credential(&stale.clone().disable(at(9)).unwrap(), None).await
    })
    .await
    .unwrap();
    let mut reader = store.read().await.unwrap();
    let stored = reader.credential(ORG, cred(1)).await.unwrap().unwrap();
    assert_eq!(stored.slots[0].digest, new);
    assert_eq!(stored.slots[0].sealed, Some(a_sealed()));
    let feed = reader.feed(Revision(2), 1).await.unwrap().remove(0).changes;
    assert_eq!(feed.len(), 2);
    assert_eq!(feed[1], Change::Credential(Box::new(stored)));

    let moved: Result<bool, StoreError> =
        store.side_write(async move |w: &mut Writer| w.move_digest(cred(1), 1, &new, &a_digest(3, 3)).await).await;
    assert!(moved.unwrap());
    // The digest has moved; what is sealed needs the version that sealed it.
    assert_eq!(store.read().await.unwrap().peppers_in_use().await.unwrap(), [(1, 1), (3, 1)]);
}

pub(super) async fn sessions_end_once(store: TestStore) {
    furnish(&store).await;
    let side = async |job: SideJob| side(&store, job).await;
    side(SideJob::Put).await;
    let find = async || store.read().await.unwrap().session_by_public_id("s1").await.unwrap().unwrap();
    assert_eq!(find().await, a_session(1, 1));
    assert_eq!(store.read().await.unwrap().session_by_public_id("s9").await.unwrap(), None);
    assert_eq!(side(SideJob::Touch(20)).await, 1);
    assert_eq!(side(SideJob::Touch(15)).await, 0, "never back");
    assert_eq!(find().await.last_seen_at, at(20));
    assert_eq!(side(SideJob::End(30)).await, 1);
    assert_eq!(side(SideJob::End(40)).await, 0);
    assert_eq!(side(SideJob::Touch(50)).await, 0, "an ended one is not revived");
    assert_eq!(find().await.ended_at, Some(at(30)));
    let open = store.read().await.unwrap().sessions_of(user(1)).await.unwrap();
    assert_eq!(open, [a_session(2, 1)]);
    assert_eq!(side(SideJob::EndAll(60)).await, 1);
    assert_eq!(side(SideJob::Purge(1_000)).await, 0);
    assert_eq!(side(SideJob::Purge(1_001)).await, 3);
}

pub(super) async fn a_sign_in_ends_once(store: TestStore) {
    furnish(&store).await;
    let pending = |n: u128, of: u128| PendingSignIn {
        public_id: format!("p{n}"),
        user: user(of),
        digest: a_digest(1, 7),
        created_at: at(1),
        expires_at: at(600),
    };
    let done: Result<_, StoreError> = store
        .side_write(async move |w: &mut Writer| {
            for sign_in in [pending(1, 1), pending(2, 1), pending(3, 2)] {
                w.put_sign_in(&sign_in).await?;
            }
            let found = (w.sign_in_by_public_id("p1").await?, w.sign_in_by_public_id("s1").await?);
            let ended = (w.end_sign_in("p1").await?, w.end_sign_in("p1").await?);
            Ok((found, ended, w.end_sign_ins_of(user(1)).await?))
        })
        .await;
    assert_eq!(done.unwrap(), ((Some(pending(1, 1)), None), (true, false), 1));
    let purge = async |seconds| {
        let purged: Result<_, StoreError> =
            store.side_write(async move |w: &mut Writer| w.purge_sign_ins(at(seconds)).await).await;
        purged.unwrap()
    };
    assert_eq!((purge(600).await, purge(601).await), (0, 1));
}

pub(super) async fn a_second_factor_comes_back_as_it_went_in(store: TestStore) {
    furnish(&store).await;
    let begun = SecondFactor { user: user(1), sealed: a_sealed(), begun_at: at(1), confirmed_at: None, last_step: 0 };
    let used = SecondFactor { confirmed_at: Some(at(2)), last_step: 60_000_000, ..begun.clone() };
    for factor in [begun, used] {
        let put = factor.clone();
        commit(&store, async move |tx| tx.put_second_factor(&put).await).await.unwrap();
        let mut reader = store.read().await.unwrap();
        assert_eq!(reader.second_factor(user(1)).await.unwrap(), Some(factor));
        assert_eq!(reader.second_factor(user(2)).await.unwrap(), None);
    }
    commit(&store, async |tx| tx.put_recovery_codes(user(1), &[a_digest(2, 1)]).await).await.unwrap();
    // Neither may lose the version of the key ring that it needs.
    assert_eq!(store.read().await.unwrap().peppers_in_use().await.unwrap(), [(1, 1), (2, 1)]);
    commit(&store, async |tx| {
        assert!(tx.remove_second_factor(user(1)).await?);
        assert!(!tx.remove_second_factor(user(1)).await?);
        Ok(())
    })
    .await
    .unwrap();
    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.second_factor(user(1)).await.unwrap(), None);
    assert_eq!(reader.recovery_codes(user(1)).await.unwrap(), [], "its codes went with it");
}

pub(super) async fn a_recovery_code_is_used_once(store: TestStore) {
    furnish(&store).await;
    let codes = [a_digest(1, 3), a_digest(1, 4), a_digest(2, 5)];
    let done: Result<_, StoreError> = store
        .side_write(async move |w: &mut Writer| {
            w.put_recovery_codes(user(1), &[a_digest(1, 9)]).await?;
            w.put_recovery_codes(user(1), &codes).await?;
            w.put_recovery_codes(user(2), &codes).await?;
            let used = (w.use_recovery_code(user(1), &codes[1]).await?, w.use_recovery_code(user(1), &codes[1]).await?);
            let replaced = w.use_recovery_code(user(1), &a_digest(1, 9)).await?;
            Ok((used, replaced))
        })
        .await;
    assert_eq!(done.unwrap(), ((true, false), false));
    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.recovery_codes(user(1)).await.unwrap(), [codes[0], codes[2]]);
    assert_eq!(reader.recovery_codes(user(2)).await.unwrap(), codes, "others keep theirs");
}

pub(super) async fn one_time_links_are_used_once(store: TestStore) {
    furnish(&store).await;
    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.setup_token().await.unwrap(), None);
    drop(reader);
    let token = SetupToken { digest: a_digest(1, 4), created_at: at(1), used_at: None };
    let newer = SetupToken { digest: a_digest(1, 5), ..token.clone() };
    let expected = newer.clone();
    let used: Result<_, StoreError> = store
        .side_write(async move |w: &mut Writer| {
            w.put_setup_token(&token).await?;
            w.put_setup_token(&newer).await?;
            w.put_invitation(&an_invitation(1)).await?;
            w.put_invitation(&an_invitation(2)).await?;
            let first =
                (w.use_setup_token(at(2)).await?, w.accept_invitation(an_invitation(1).id, user(2), at(9)).await?);
            Ok((
                first,
                w.use_setup_token(at(3)).await?,
                w.accept_invitation(an_invitation(1).id, user(3), at(9)).await?,
            ))
        })
        .await;
    assert_eq!(used.unwrap(), ((true, true), false, false));
    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.setup_token().await.unwrap(), Some(SetupToken { used_at: Some(at(2)), ..expected }));
    let accepted = crate::Invitation { accepted: Some((at(9), user(2))), ..an_invitation(1) };
    assert_eq!(reader.invitation_by_public_id("i1").await.unwrap(), Some(accepted));
    assert_eq!(reader.invitations(ORG, &Page::first(9)).await.unwrap(), [an_invitation(2)]);
    assert_eq!(reader.open_invitations(ORG, at(999), &Page::first(9)).await.unwrap(), [an_invitation(2)]);
    assert_eq!(reader.open_invitations(ORG, at(1_000), &Page::first(9)).await.unwrap(), []);
}

pub(super) async fn failures_are_counted_until_forgotten(store: TestStore) {
    let count = async |seconds: i64, since: i64| {
        let counted: Result<_, StoreError> =
            store.side_write(async move |w: &mut Writer| w.record_attempt("ip", at(seconds), at(since)).await).await;
        counted.unwrap().failures
    };
    assert_eq!((count(1, 0).await, count(2, 0).await, count(3, 0).await), (1, 2, 3));
    let locked: Result<(), StoreError> = store
        .side_write(async |w: &mut Writer| {
            w.lock_attempts("ip", at(50)).await?;
            w.lock_attempts("ip", at(40)).await
        })
        .await;
    locked.unwrap();
    assert_eq!(count(9, 4).await, 1, "those before are forgotten");
    let held = store.read().await.unwrap().attempts("ip").await.unwrap().unwrap();
    assert_eq!((held.failures, held.locked_until, held.updated_at), (1, Some(at(50)), at(9)));
    let purged: Result<_, StoreError> = store
        .side_write(async |w: &mut Writer| {
            let kept = w.purge_attempts(at(50)).await?;
            w.record_attempt("account", at(10), at(0)).await?;
            w.clear_attempts("account").await?;
            Ok((kept, w.purge_attempts(at(51)).await?))
        })
        .await;
    assert_eq!(purged.unwrap(), (0, 1), "who is barred is remembered");
}

pub(super) async fn a_setting_is_what_it_was_last_set_to(store: TestStore) {
    let set: Result<(), StoreError> = store
        .side_write(async |w: &mut Writer| {
            w.put_setting("key_ring", "first").await?;
            w.put_setting("key_ring", "second").await
        })
        .await;
    set.unwrap();
    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.setting("key_ring").await.unwrap().as_deref(), Some("second"));
    assert_eq!(reader.setting("other").await.unwrap(), None);
}

pub(super) async fn an_idempotency_key_is_kept_for_its_caller(store: TestStore) {
    furnish(&store).await;
    let record = IdempotencyRecord { request_hash: [7; 32], made: cred(1).to_string(), created_at: at(1) };
    let kept = record.clone();
    commit(&store, async move |tx| tx.put_idempotency("usr_1", "key", &kept).await).await.unwrap();
    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.idempotency("usr_1", "key").await.unwrap(), Some(record));
    assert_eq!(reader.idempotency("usr_2", "key").await.unwrap(), None);
    let purged: Result<_, StoreError> = store
        .side_write(async |w: &mut Writer| Ok((w.purge_idempotency(at(1)).await?, w.purge_idempotency(at(2)).await?)))
        .await;
    assert_eq!(purged.unwrap(), (0, 1));
}

pub(super) async fn profiles_and_links_come_back_as_they_went_in(store: TestStore) {
    furnish(&store).await;
    commit(&store, async |tx| {
        tx.put_profile(&a_profile(1)).await?;
        tx.put_profile(&a_profile(2)).await?;
        tx.put_credential(&a_credential(1), None).await?;
        tx.put_link(&a_link(1)).await
    })
    .await
    .unwrap();
    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.recorded_profile("keyward").await.unwrap(), Some(a_profile(2)));
    assert_eq!(reader.recorded_profiles().await.unwrap(), [a_profile(2)]);
    assert_eq!(reader.recorded_profile("gigya").await.unwrap(), None);
    assert_eq!(reader.link(ORG, cred(1), app(1)).await.unwrap(), Some(a_link(1)));
    drop(reader);
    commit(&store, async |tx| {
        assert!(tx.remove_link(ORG, cred(1), app(1)).await?);
        assert!(!tx.remove_link(ORG, cred(1), app(1)).await?);
        Ok(())
    })
    .await
    .unwrap();
}

fn a_link(n: u128) -> Link {
    Link {
        organization: ORG,
        credential: cred(n),
        namespace: app(1),
        created_by: keyward_core::credential::CallerId::System,
        created_at: at(1),
    }
}

fn taken(grant: u128, holder: Holder) -> Change {
    Change::GrantRemoved { organization: ORG, id: GrantId::from_bits(grant), holder }
}

/// What a removal states.
async fn removal<F>(store: &Store, job: F) -> Vec<Change>
where
    F: AsyncFn(&mut crate::Tx) -> Result<bool, StoreError> + Send + 'static,
{
    let revision = commit(store, async move |tx| job(tx).await.map(drop)).await.unwrap();
    let mut reader = store.read().await.unwrap();
    reader.feed(Revision(revision.0 - 1), 1).await.unwrap().remove(0).changes
}

#[derive(Clone, Copy)]
enum SideJob {
    Put,
    Touch(i64),
    End(i64),
    EndAll(i64),
    Purge(i64),
}

async fn side(store: &Store, job: SideJob) -> u64 {
    let first = SessionId::from_bits(1);
    let done: Result<u64, StoreError> = store
        .side_write(async move |w: &mut Writer| {
            Ok(match job {
                SideJob::Put => {
                    for session in [a_session(1, 1), a_session(2, 1), a_session(3, 2)] {
                        w.put_session(&session).await?;
                    }
                    3
                }
                SideJob::Touch(seconds) => u64::from(w.touch_session(first, at(seconds)).await?),
                SideJob::End(seconds) => u64::from(w.end_session(first, at(seconds)).await?),
                SideJob::EndAll(seconds) => w.end_sessions_of(user(1), at(seconds)).await?,
                SideJob::Purge(seconds) => w.purge_sessions(at(seconds)).await?,
            })
        })
        .await;
    done.unwrap()
}
