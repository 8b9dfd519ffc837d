//! The rows from which rights are computed inside a transaction: core's `rights` over what is true there.

use std::ops::ControlFlow;

use keyward_core::id::{CredentialId, UserGroupId, UserId};
use keyward_core::namespace::NamespaceId;
use keyward_core::permission::PatternSet;
use keyward_core::rights::{Facts as _, Member};
use keyward_core::role::Holder;
use keyward_core::rows::Rows;

use super::grants::{WHERE, held_by};
use super::{Columns, Record};
use crate::error::StoreError;
use crate::tx::{Query, Reader};
use crate::value::Json;

impl Reader {
    /// Adds what concerns a user: membership, groups, their own and the groups' grants, and the namespaces of those
    /// with all that is above them. Nothing for a user who is no member.
    pub async fn load_user(&mut self, rows: &mut Rows, user: UserId) -> Result<(), StoreError> {
        let organization = rows.organization();
        let Some(membership) = self.membership(organization, user).await? else { return Ok(()) };
        rows.add_member(user, Member { active: membership.is_active(), super_admin: membership.super_admin });
        let mut holders = vec![Holder::User(user)];
        for group in self.groups_of(organization, user).await? {
            if !is_in_group(rows, user, group) {
                rows.add_group_member(user, group);
            }
            holders.push(Holder::UserGroup(group));
        }
        self.add_held(rows, &holders).await
    }

    /// Adds what concerns a credential: its grants, where it lives, the namespaces of both with all that is above them,
    /// and what concerns its owner. Nothing for a credential of another organization.
    pub async fn load_credential(&mut self, rows: &mut Rows, id: CredentialId) -> Result<(), StoreError> {
        let organization = rows.organization();
        let sql = "SELECT namespace, owner FROM credentials WHERE id = $1 AND organization = $2";
        let found: Option<(NamespaceId, Option<UserId>)> = self.optional(sql, (id, organization)).await?;
        let Some((namespace, owner)) = found else { return Ok(()) };
        self.load_namespace(rows, namespace).await?;
        if let Some(owner) = owner {
            self.load_user(rows, owner).await?;
        }
        self.add_held(rows, &[Holder::Credential(id)]).await
    }

    /// Adds a namespace with all that is above it. Nothing for one of another organization, or the organization itself.
    pub async fn load_namespace(&mut self, rows: &mut Rows, namespace: NamespaceId) -> Result<(), StoreError> {
        let sql = "SELECT n.parent, p.parent FROM namespaces n
            LEFT JOIN namespaces p ON p.organization = n.organization AND p.id = n.parent
            WHERE n.organization = $1 AND n.id = $2";
        let found: Option<(NamespaceId, Option<NamespaceId>)> =
            self.optional(sql, (rows.organization(), namespace)).await?;
        if let Some((parent, above)) = found {
            add_ancestors(rows, namespace, Some(parent), above);
        }
        Ok(())
    }

    async fn add_held(&mut self, rows: &mut Rows, holders: &[Holder]) -> Result<(), StoreError> {
        let query = held_by(Query::new(SELECT_HELD).sql(WHERE), rows.organization(), holders);
        let held: Vec<Held> = self.list(query.sql(" ORDER BY g.id")).await?;
        for Held { holder, namespace, patterns, parent, above } in held {
            add_ancestors(rows, namespace, parent, above);
            // Loading somebody twice states nothing twice.
            if !rows.grants_of(holder).iter().any(|(at, known)| *at == namespace && *known == patterns) {
                rows.add_grant(holder, namespace, patterns);
            }
        }
        Ok(())
    }
}

/// A grant with the patterns of its role and what is above its namespace.
struct Held {
    holder: Holder,
    namespace: NamespaceId,
    patterns: PatternSet,
    parent: Option<NamespaceId>,
    above: Option<NamespaceId>,
}

impl Record for Held {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Held {
            holder: columns.take()?,
            namespace: columns.take()?,
            patterns: columns.take::<Json<_>>()?.0,
            parent: columns.take()?,
            above: columns.take()?,
        })
    }
}

/// Three levels at most: an organization has nothing above it, and no row.
fn add_ancestors(rows: &mut Rows, namespace: NamespaceId, parent: Option<NamespaceId>, above: Option<NamespaceId>) {
    let Some(parent) = parent else { return };
    rows.add_namespace(namespace, parent);
    if let Some(above) = above {
        rows.add_namespace(parent, above);
    }
}

fn is_in_group(rows: &Rows, user: UserId, group: UserGroupId) -> bool {
    rows.groups(user, &mut |known| if known == group { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        .is_break()
}

const SELECT_HELD: &str = "SELECT g.holder, g.namespace, r.patterns, n.parent, p.parent FROM grants g
    JOIN roles r ON r.organization = g.organization AND r.id = g.role
    LEFT JOIN namespaces n ON n.organization = g.organization AND n.id = g.namespace
    LEFT JOIN namespaces p ON p.organization = n.organization AND p.id = n.parent";
