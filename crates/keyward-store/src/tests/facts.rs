//! The rows from which rights are computed.

use keyward_core::credential::Credential;
use keyward_core::permission::Rights;
use keyward_core::rights::{Facts as _, Member, exists, is_at_or_above, user_allow, user_rights};
use keyward_core::role::Holder;
use keyward_core::rows::Rows;
use keyward_core::user::Membership;

use super::fixtures::*;
use crate::testing::TestStore;

/// User 2 holds a role at the workspace and is in a group that holds one at the application; user 3 is in a group of
/// another name and suspended; a credential of user 2 holds one at the user group.
async fn granted(store: &TestStore) {
    furnish(store).await;
    commit(store, async |tx| {
        tx.put_namespace(&a_group(ORG, 2, app(1))).await?;
        tx.put_role(&a_role(ORG, 2, &["events:read"])).await?;
        tx.put_group_member(&a_group_member(1, 2)).await?;
        tx.put_group_member(&a_group_member(2, 3)).await?;
        tx.put_membership(&Membership { suspended_at: Some(at(9)), ..a_membership(ORG, 3) }).await?;
        tx.put_grant(&a_grant(1, Holder::User(user(2)), 1, workspace(1))).await?;
        tx.put_grant(&a_grant(2, Holder::UserGroup(group(1)), 2, app(1))).await?;
        tx.put_grant(&a_grant(3, Holder::UserGroup(group(2)), 1, ORG.into())).await?;
        let credential = Credential { owner: Some(user(2)), namespace: workspace(1), ..a_credential(1) };
        tx.put_credential(&credential, None).await?;
        tx.put_grant(&a_grant(4, Holder::Credential(cred(1)), 1, group(2).into())).await
    })
    .await
    .unwrap();
}

pub(super) async fn a_user_is_loaded_with_everything_that_counts(store: TestStore) {
    granted(&store).await;
    let mut reader = store.read().await.unwrap();
    let mut rows = Rows::new(ORG);
    reader.load_user(&mut rows, user(2)).await.unwrap();
    assert_eq!(rows.member(user(2)), Some(Member { active: true, super_admin: false }));
    assert!(user_allow(&rows, user(2), workspace(1), "accounts:get"));
    assert!(!user_allow(&rows, user(2), app(1), "accounts:get"));
    assert!(user_allow(&rows, user(2), app(1), "events:read"), "through the group");
    assert!(is_at_or_above(&rows, ORG.into(), workspace(1)), "with all that is above");
    // Not what concerns others, and nothing twice.
    assert_eq!(rows.grants_of(Holder::UserGroup(group(2))), []);
    reader.load_user(&mut rows, user(2)).await.unwrap();
    assert_eq!(rows.grants_of(Holder::User(user(2))).len(), 1);
    assert_eq!(rows.grants_of(Holder::UserGroup(group(1))).len(), 1);

    reader.load_user(&mut rows, user(1)).await.unwrap();
    assert!(user_allow(&rows, user(1), workspace(1), "users:delete"), "a super admin");
    reader.load_user(&mut rows, user(3)).await.unwrap();
    assert_eq!(user_rights(&rows, user(3), ORG.into()), Rights::none(), "a suspended member");
    reader.load_user(&mut rows, user(101)).await.unwrap();
    assert_eq!(rows.member(user(101)), None, "a member of another organization");
}

pub(super) async fn a_credential_is_loaded_with_its_owner(store: TestStore) {
    granted(&store).await;
    let mut reader = store.read().await.unwrap();
    let mut rows = Rows::new(ORG);
    reader.load_credential(&mut rows, cred(1)).await.unwrap();
    assert_eq!(rows.grants_of(Holder::Credential(cred(1))).len(), 1);
    assert!(is_at_or_above(&rows, app(1), group(2).into()), "where it holds a role");
    assert!(exists(&rows, workspace(1)), "where it lives");
    assert!(user_allow(&rows, user(2), app(1), "events:read"), "its owner");

    let mut foreign = Rows::new(OTHER_ORG);
    reader.load_credential(&mut foreign, cred(1)).await.unwrap();
    reader.load_namespace(&mut foreign, workspace(1)).await.unwrap();
    assert_eq!(foreign.namespaces().count(), 0);
    assert_eq!(foreign.grants_of(Holder::Credential(cred(1))), []);
}

pub(super) async fn a_namespace_is_loaded_with_what_is_above(store: TestStore) {
    granted(&store).await;
    let mut reader = store.read().await.unwrap();
    let mut rows = Rows::new(ORG);
    reader.load_namespace(&mut rows, workspace(1)).await.unwrap();
    reader.load_namespace(&mut rows, ORG.into()).await.unwrap();
    reader.load_namespace(&mut rows, workspace(9)).await.unwrap();
    let known: Vec<_> = rows.namespaces().collect();
    assert_eq!(known, [(app(1), ORG.into()), (workspace(1), app(1))]);
}
