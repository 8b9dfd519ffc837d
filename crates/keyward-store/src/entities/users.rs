//! Users, their memberships in organizations and in user groups.

use keyward_core::change::Change;
use keyward_core::id::{OrganizationId, UserGroupId, UserId};
use keyward_core::role::Holder;
use keyward_core::user::{GroupMember, Membership, User};

use super::lists::{Page, containing};
use super::{Both, Columns, Record};
use crate::error::StoreError;
use crate::tx::{Query, Reader, Tx, Writer};

/// Which members to list. Every condition that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberFilter {
    /// Only those with this in name or address.
    pub search: Option<String>,
    /// Only those who are suspended, or only those who are not.
    pub suspended: Option<bool>,
}

impl Reader {
    /// The user.
    pub async fn user(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        self.find(Query::new(SELECT).sql(" WHERE u.id = ").arg(id)).await
    }

    /// The user who signs in with this address, which must be lower-cased.
    pub async fn user_by_email(&mut self, email: &str) -> Result<Option<User>, StoreError> {
        self.find(Query::new(SELECT).sql(" WHERE u.email = ").arg(email)).await
    }

    /// The hash of a user's password, in PHC form; `None` for those who have none.
    pub async fn password(&mut self, user: UserId) -> Result<Option<String>, StoreError> {
        let row: Option<(Option<String>,)> = self.optional("SELECT password FROM users WHERE id = $1", (user,)).await?;
        Ok(row.and_then(|(password,)| password))
    }

    /// Whether anybody can sign in yet.
    pub async fn any_user(&mut self) -> Result<bool, StoreError> {
        let (count,): (u64,) = self.one("SELECT COUNT(*) FROM (SELECT 1 FROM users LIMIT 1) AS found", ()).await?;
        Ok(count > 0)
    }

    /// A user's membership in an organization.
    pub async fn membership(
        &mut self,
        organization: OrganizationId,
        user: UserId,
    ) -> Result<Option<Membership>, StoreError> {
        let query = Query::new(SELECT_MEMBERSHIP).sql(" WHERE m.organization = ").arg(organization);
        self.find(query.sql(" AND m.user_id = ").arg(user)).await
    }

    /// A user's memberships, by organization.
    pub async fn memberships_of(&mut self, user: UserId) -> Result<Vec<Membership>, StoreError> {
        let query = Query::new(SELECT_MEMBERSHIP).sql(" WHERE m.user_id = ").arg(user);
        self.list(query.sql(" ORDER BY m.organization")).await
    }

    /// The members of an organization by folded name and id.
    pub async fn members(
        &mut self,
        organization: OrganizationId,
        filter: &MemberFilter,
        page: &Page<(String, UserId)>,
    ) -> Result<Vec<(User, Membership)>, StoreError> {
        let mut query = Query::new(
            "SELECT u.id, u.email, u.name, u.operator, u.created_at, u.updated_at,
                m.organization, m.user_id, m.super_admin, m.suspended_at, m.created_at, m.updated_at
            FROM memberships m JOIN users u ON u.id = m.user_id WHERE m.organization = ",
        )
        .arg(organization);
        if let Some(text) = &filter.search {
            let pattern = containing(text);
            query = query.sql(" AND (u.folded_name LIKE ").arg(&pattern).sql(" ESCAPE '\\'");
            query = query.sql(" OR u.email LIKE ").arg(&pattern).sql(" ESCAPE '\\')");
        }
        query = match filter.suspended {
            Some(true) => query.sql(" AND m.suspended_at IS NOT NULL"),
            Some(false) => query.sql(" AND m.suspended_at IS NULL"),
            None => query,
        };
        let rows: Vec<Both<_, _>> = self.list(by_name(query, page)).await?;
        Ok(rows.into_iter().map(|Both(user, membership)| (user, membership)).collect())
    }

    /// How many super admins of an organization are not suspended.
    pub async fn active_super_admins(&mut self, organization: OrganizationId) -> Result<u64, StoreError> {
        let sql = "SELECT COUNT(*) FROM memberships
            WHERE organization = $1 AND super_admin = TRUE AND suspended_at IS NULL";
        let (count,) = self.one(sql, (organization,)).await?;
        Ok(count)
    }

    /// The members of a user group by folded name and id.
    pub async fn group_members(
        &mut self,
        organization: OrganizationId,
        group: UserGroupId,
        page: &Page<(String, UserId)>,
    ) -> Result<Vec<User>, StoreError> {
        let query = Query::new(SELECT)
            .sql(" JOIN group_members g ON g.user_id = u.id WHERE g.organization = ")
            .arg(organization)
            .sql(" AND g.user_group = ")
            .arg(group);
        self.list(by_name(query, page)).await
    }

    /// The user groups of an organization of which `user` is a member, by id.
    pub async fn groups_of(
        &mut self,
        organization: OrganizationId,
        user: UserId,
    ) -> Result<Vec<UserGroupId>, StoreError> {
        let sql = "SELECT user_group FROM group_members WHERE organization = $1 AND user_id = $2 ORDER BY user_group";
        let rows: Vec<(UserGroupId,)> = self.all(sql, (organization, user)).await?;
        Ok(rows.into_iter().map(|(group,)| group).collect())
    }
}

impl Writer {
    /// Creates a user, or gives them a new state. Passwords have their own way.
    pub async fn put_user(&mut self, user: &User) -> Result<(), StoreError> {
        let User { id, email, name, operator, created_at, updated_at } = user;
        self.exec(
            "INSERT INTO users (id, email, name, folded_name, operator, created_at, updated_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7)
                ON CONFLICT (id) DO UPDATE SET email = excluded.email, name = excluded.name,
                folded_name = excluded.folded_name, operator = excluded.operator, updated_at = excluded.updated_at",
            (id, email, name, name.folded(), operator, created_at, updated_at),
        )
        .await?;
        Ok(())
    }

    /// Replaces the hash of a user's password. Whether there is such a user.
    pub async fn set_password(&mut self, user: UserId, phc: &str) -> Result<bool, StoreError> {
        Ok(self.exec("UPDATE users SET password = $1 WHERE id = $2", (phc, user)).await? > 0)
    }
}

impl Tx {
    /// Makes a user a member, or gives the membership a new state.
    pub async fn put_membership(&mut self, membership: &Membership) -> Result<(), StoreError> {
        let Membership { organization, user, super_admin, suspended_at, created_at, updated_at } = membership;
        self.exec(
            "INSERT INTO memberships (organization, user_id, super_admin, suspended_at, created_at, updated_at)
                VALUES ($1, $2, $3, $4, $5, $6)
                ON CONFLICT (organization, user_id) DO UPDATE SET super_admin = excluded.super_admin,
                suspended_at = excluded.suspended_at, updated_at = excluded.updated_at",
            (organization, user, super_admin, suspended_at, created_at, updated_at),
        )
        .await?;
        self.change(Change::Membership(membership.clone()));
        Ok(())
    }

    /// Ends a membership, with the user's own grants and places in groups. Whether there was one.
    pub async fn remove_membership(&mut self, organization: OrganizationId, user: UserId) -> Result<bool, StoreError> {
        self.remove_grants_of(organization, Holder::User(user)).await?;
        let sql = "DELETE FROM group_members WHERE organization = $1 AND user_id = $2
            RETURNING organization, user_group, user_id";
        let places: Vec<GroupMember> = self.returning(sql, (organization, user)).await?;
        self.state_left(places);
        let sql = "DELETE FROM memberships WHERE organization = $1 AND user_id = $2";
        let found = self.exec(sql, (organization, user)).await? > 0;
        if found {
            self.change(Change::MembershipRemoved { organization, user });
        }
        Ok(found)
    }

    /// Puts a member into a user group. Nothing happens when they are in it.
    pub async fn put_group_member(&mut self, member: &GroupMember) -> Result<(), StoreError> {
        let sql = "INSERT INTO group_members (organization, user_group, user_id) VALUES ($1, $2, $3)
            ON CONFLICT (organization, user_group, user_id) DO NOTHING";
        if self.exec(sql, (member.organization, member.group, member.user)).await? > 0 {
            self.change(Change::GroupMember(*member));
        }
        Ok(())
    }

    /// Takes a member out of a user group. Whether they were in it.
    pub async fn remove_group_member(&mut self, member: &GroupMember) -> Result<bool, StoreError> {
        let sql = "DELETE FROM group_members WHERE organization = $1 AND user_group = $2 AND user_id = $3";
        let found = self.exec(sql, (member.organization, member.group, member.user)).await? > 0;
        if found {
            self.change(Change::GroupMemberRemoved(*member));
        }
        Ok(found)
    }

    /// States that these are members of their groups no more.
    pub(super) fn state_left(&mut self, mut members: Vec<GroupMember>) {
        // The order in which a statement returns rows is nobody's promise.
        members.sort();
        for member in members {
            self.change(Change::GroupMemberRemoved(member));
        }
    }
}

impl Record for User {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(User {
            id: columns.take()?,
            email: columns.take()?,
            name: columns.take()?,
            operator: columns.take()?,
            created_at: columns.take()?,
            updated_at: columns.take()?,
        })
    }
}

impl Record for Membership {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Membership {
            organization: columns.take()?,
            user: columns.take()?,
            super_admin: columns.take()?,
            suspended_at: columns.take()?,
            created_at: columns.take()?,
            updated_at: columns.take()?,
        })
    }
}

impl Record for GroupMember {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(GroupMember { organization: columns.take()?, group: columns.take()?, user: columns.take()? })
    }
}

fn by_name(query: Query, page: &Page<(String, UserId)>) -> Query {
    let query = match &page.after {
        Some((name, id)) => query.sql(" AND (u.folded_name, u.id) > ").tuple((name, id)),
        None => query,
    };
    query.sql(" ORDER BY u.folded_name, u.id LIMIT ").arg(page.limit)
}

pub(super) const SELECT: &str = "SELECT u.id, u.email, u.name, u.operator, u.created_at, u.updated_at FROM users u";
pub(super) const SELECT_MEMBERSHIP: &str =
    "SELECT m.organization, m.user_id, m.super_admin, m.suspended_at, m.created_at, m.updated_at FROM memberships m";
