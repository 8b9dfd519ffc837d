//! Lists of credentials.

use std::collections::HashMap;

use keyward_core::credential::{CallerId, Credential, Slot};
use keyward_core::id::{CredentialId, OrganizationId, RoleId, UserId};
use keyward_core::kind::KindId;
use keyward_core::name::Name;
use keyward_core::namespace::NamespaceId;
use keyward_core::role::{Grant, Holder};
use keyward_core::time::Timestamp;

use super::credentials::StoredSlot;
use super::grants::{WHERE, held_by};
use super::lists::{Page, Visible, containing, one_of};
use super::{Columns, Record};
use crate::error::StoreError;
use crate::tx::{Query, Reader};

/// Which credentials a list shows. The default shows all of the organization.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CredentialFilter {
    /// These; with none of them, any.
    pub ids: Vec<CredentialId>,
    /// Of one of these kinds; with none of them, of any.
    pub kinds: Vec<KindId>,
    /// In one of these states; with none of them, in any.
    pub states: Vec<CredentialState>,
    /// Living in, or imported into, exactly this namespace.
    pub namespace: Option<NamespaceId>,
    /// Living in, or imported into, namespaces in all of these; with none of them, every one.
    pub visible_namespaces: Vec<Visible>,
    /// And those that this user owns, wherever they live.
    pub owned_by_caller_too: Option<UserId>,
    /// Owned by this user.
    pub owner: Option<UserId>,
    /// Made by this user or credential.
    pub created_by: Option<CallerId>,
    /// With exactly this public id.
    pub public_id: Option<String>,
    /// Holding this role somewhere.
    pub role: Option<RoleId>,
    /// With this in their name, or with exactly this public id or id.
    pub search: Option<String>,
    /// Ending, or ended, before this.
    pub expires_before: Option<Timestamp>,
    /// Not used since this, and not created since either.
    pub unused_since: Option<Timestamp>,
    /// Only those that were never used.
    pub never_used: bool,
    /// Whether it shows revoked and expired ones.
    pub include_ended: IncludeEnded,
}

/// The state of a credential as people see it. The later ones in this list hide the earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CredentialState {
    /// It can be used.
    Active,
    /// It cannot be used until it is enabled.
    Disabled,
    /// It ended by itself.
    Expired,
    /// It was ended.
    Revoked,
}

/// Whether a list shows credentials that ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum IncludeEnded {
    /// All of them.
    #[default]
    All,
    /// None of them.
    No,
    /// Those of these kinds.
    OfKinds(Vec<KindId>),
}

/// What a list is sorted by, and which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CredentialSort {
    /// By what, and then by id.
    pub by: SortBy,
    /// Which way, also for the ids.
    pub order: Order,
}

/// What credentials can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortBy {
    /// The name, folded.
    Name,
    /// When they were created.
    CreatedAt,
    /// When they were last changed: what was revoked, when it was revoked.
    UpdatedAt,
    /// When they were last used; never comes before all others.
    LastUsedAt,
    /// When they end; never comes after all others.
    ExpiresAt,
}

/// Which way a list is sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// From small to large, old to new.
    Ascending,
    /// From large to small, new to old.
    Descending,
}

/// A position in a list of credentials.
pub type CredentialCursor = (SortKey, CredentialId);

/// What a row of the list is sorted by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SortKey {
    /// A folded name.
    Name(String),
    /// Microseconds: an instant, or the beginning or the end of time for never.
    Time(i64),
}

/// A row of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialRow {
    /// The record.
    pub credential: Credential,
    /// When any of its secrets was last used.
    pub last_used_at: Option<Timestamp>,
    /// When each slot that was used was last used, by its number.
    pub slots_last_used: Vec<(u32, Timestamp)>,
}

impl CredentialSort {
    /// The newest first.
    pub const NEWEST: CredentialSort = CredentialSort { by: SortBy::CreatedAt, order: Order::Descending };
}

impl CredentialRow {
    /// Where the row stands in a list that is sorted so.
    pub fn cursor(&self, sort: CredentialSort) -> CredentialCursor {
        let credential = &self.credential;
        let key = match sort.by {
            SortBy::Name => SortKey::Name(credential.name.folded()),
            SortBy::CreatedAt => SortKey::Time(credential.created_at.micros()),
            SortBy::UpdatedAt => SortKey::Time(credential.updated_at.micros()),
            SortBy::LastUsedAt => SortKey::Time(self.last_used_at.map_or(i64::MIN, Timestamp::micros)),
            SortBy::ExpiresAt => SortKey::Time(credential.expires_at.map_or(i64::MAX, Timestamp::micros)),
        };
        (key, credential.id)
    }
}

impl Reader {
    /// Credentials with when they were last used. `now` decides which have expired.
    pub async fn credentials(
        &mut self,
        organization: OrganizationId,
        filter: &CredentialFilter,
        sort: CredentialSort,
        page: &Page<CredentialCursor>,
        now: Timestamp,
    ) -> Result<Vec<CredentialRow>, StoreError> {
        let few = self.holders_are_few(organization, filter).await?;
        let list = List { organization, filter, few, now };
        let ids = match sort.by {
            SortBy::ExpiresAt => self.dated_ids(&list, sort, page).await?,
            SortBy::LastUsedAt if !list.is_narrow() => self.dated_ids(&list, sort, page).await?,
            SortBy::Name | SortBy::CreatedAt | SortBy::UpdatedAt | SortBy::LastUsedAt => {
                self.ids(sort.page(list.conditions(list.select(SELECT_IDS)), page)).await?
            }
        };
        self.rows(&ids).await
    }

    /// The ids of a page of a list that is sorted by times that not all have: those that have one stand on one side,
    /// the others by their ids on the other. Asked for apart, an index has each in its order.
    async fn dated_ids(
        &mut self,
        list: &List<'_>,
        sort: CredentialSort,
        page: &Page<CredentialCursor>,
    ) -> Result<Vec<CredentialId>, StoreError> {
        let never = if sort.by == SortBy::ExpiresAt { i64::MAX } else { i64::MIN };
        let never_first = (sort.by == SortBy::ExpiresAt) == (sort.order == Order::Descending);
        let sides = if never_first { [Side::Never, Side::Dated] } else { [Side::Dated, Side::Never] };
        let reached = match &page.after {
            None => sides[0],
            Some((SortKey::Time(at), _)) if *at == never => Side::Never,
            Some(_) => Side::Dated,
        };
        let mut ids: Vec<CredentialId> = Vec::new();
        for side in sides.into_iter().skip_while(|side| *side != reached) {
            let missing = page.limit.saturating_sub(u32::try_from(ids.len()).unwrap_or(u32::MAX));
            if missing == 0 {
                break;
            }
            let after = page.after.as_ref().filter(|_| side == reached);
            let query = side.page(list.conditions(side.select(sort.by, list)), sort, after);
            ids.extend(self.ids(query.sql(" LIMIT ").arg(missing)).await?);
        }
        Ok(ids)
    }

    /// Whether the role that is asked for is held so rarely that a list begins with who holds it.
    async fn holders_are_few(
        &mut self,
        organization: OrganizationId,
        filter: &CredentialFilter,
    ) -> Result<bool, StoreError> {
        let Some(role) = filter.role else { return Ok(false) };
        let sql = "SELECT COUNT(*) FROM
            (SELECT 1 FROM grants g WHERE g.organization = $1 AND g.role = $2 LIMIT $3) found";
        let (found,): (u64,) = self.one(sql, (organization, role, MANY)).await?;
        Ok(found < MANY)
    }

    async fn ids(&mut self, query: Query) -> Result<Vec<CredentialId>, StoreError> {
        let ids: Vec<(CredentialId,)> = self.list(query).await?;
        Ok(ids.into_iter().map(|(id,)| id).collect())
    }

    /// The rows with these ids, which were found in an organization, in the order of these.
    async fn rows(&mut self, ids: &[CredentialId]) -> Result<Vec<CredentialRow>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        // Not by the organization again: of the two, SQLite would choose it, and go through all that it has.
        let query = one_of(Query::new(SELECT).sql(" WHERE c.id"), ids).sql(" ORDER BY c.id");
        let listed: Vec<Listed> = self.list(query).await?;
        let mut rows: Vec<CredentialRow> = listed.into_iter().map(|Listed(row)| row).collect();
        self.add_slots(&mut rows).await?;
        let place: HashMap<CredentialId, usize> = ids.iter().enumerate().map(|(place, id)| (*id, place)).collect();
        rows.sort_by_key(|row| place.get(&row.credential.id).copied());
        Ok(rows)
    }

    /// How many credentials a list has on all its pages together.
    pub async fn credential_count(
        &mut self,
        organization: OrganizationId,
        filter: &CredentialFilter,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let few = self.holders_are_few(organization, filter).await?;
        let list = List { organization, filter, few, now };
        let counts: Option<(u64,)> = self.find(list.conditions(list.select("SELECT COUNT(*)"))).await?;
        Ok(counts.map_or(0, |(count,)| count))
    }

    /// When a credential was last used, and each of its slots that was.
    pub async fn last_uses(
        &mut self,
        credential: CredentialId,
    ) -> Result<(Option<Timestamp>, Vec<(u32, Timestamp)>), StoreError> {
        let sql = "SELECT slot, at FROM last_uses WHERE credential = $1 ORDER BY slot";
        let slots: Vec<(u32, Timestamp)> = self.all(sql, (credential,)).await?;
        Ok((slots.iter().map(|(_, at)| *at).max(), slots))
    }

    /// What these credentials themselves hold, with the names of the roles, by id of the grant.
    pub async fn grants_of_credentials(
        &mut self,
        organization: OrganizationId,
        ids: &[CredentialId],
    ) -> Result<Vec<(Grant, Name)>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let holders: Vec<Holder> = ids.iter().copied().map(Holder::Credential).collect();
        let query = held_by(Query::new(SELECT_HELD).sql(WHERE), organization, &holders);
        let held: Vec<HeldGrant> = self.list(query.sql(" ORDER BY g.id")).await?;
        Ok(held.into_iter().map(|HeldGrant(grant, role)| (grant, role)).collect())
    }

    async fn add_slots(&mut self, rows: &mut [CredentialRow]) -> Result<(), StoreError> {
        let ids: Vec<CredentialId> = rows.iter().map(|row| row.credential.id).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let query = one_of(Query::new(SELECT_SLOTS).sql(" WHERE s.credential"), &ids);
        let slots: Vec<UsedSlot> = self.list(query.sql(" ORDER BY s.credential, s.number")).await?;
        for row in rows {
            let first = slots.partition_point(|used| used.credential < row.credential.id);
            let own = slots.iter().skip(first).take_while(|used| used.credential == row.credential.id);
            for UsedSlot { slot, last_used_at, .. } in own {
                row.slots_last_used.extend(last_used_at.map(|at| (slot.number, at)));
                row.credential.slots.push(slot.clone());
            }
        }
        Ok(())
    }
}

/// A list as it is asked for.
struct List<'f> {
    organization: OrganizationId,
    filter: &'f CredentialFilter,
    /// Whether it begins with the few who hold the role.
    few: bool,
    now: Timestamp,
}

impl List<'_> {
    /// Begins a statement that goes through what may be on the list.
    fn select(&self, columns: &'static str) -> Query {
        let query = Query::new(columns).sql(" FROM ");
        let query = match self.filter.role.filter(|_| self.few) {
            None => query.sql("credentials c WHERE c.organization = "),
            Some(role) => query.sql(HOLDERS).arg(self.organization).sql(" AND g.role = ").arg(role).sql(FIRST),
        };
        query.arg(self.organization)
    }

    /// Whether it may have little of much: then what it has is found first, and put into its order after that.
    fn is_narrow(&self) -> bool {
        let filter = self.filter;
        self.few
            || !filter.ids.is_empty()
            || filter.namespace.is_some()
            || filter.owner.is_some()
            || filter.created_by.is_some()
            || filter.public_id.is_some()
            || filter.search.is_some()
            || filter.never_used
            || filter.visible_namespaces.iter().any(|visible| *visible != Visible::All)
    }

    /// Appends ` AND …` for everything that is asked for and is not where it begins.
    fn conditions(&self, query: Query) -> Query {
        let query = self.filter.conditions(query, self.organization, self.now);
        match self.filter.role.filter(|_| !self.few) {
            None => query,
            Some(role) => query.sql(HOLDING).arg(self.organization).sql(" AND g.role = ").arg(role).sql(")"),
        }
    }
}

impl CredentialFilter {
    /// Appends ` AND …` for everything that is asked for but the role.
    fn conditions(&self, mut query: Query, organization: OrganizationId, now: Timestamp) -> Query {
        if !self.ids.is_empty() {
            query = one_of(query.sql(" AND c.id"), &self.ids);
        }
        if !self.kinds.is_empty() {
            query = one_of(query.sql(" AND c.kind"), &self.kinds);
        }
        query = self.in_states(query, now);
        query = self.ended(query, now);
        query = self.placed(query, organization);
        query = query.when(" AND c.owner = ", self.owner);
        query = query.when(" AND c.created_by = ", self.created_by);
        query = query.when(" AND c.public_id = ", self.public_id.as_deref());
        if let Some(text) = &self.search {
            query = query.sql(" AND (c.folded_name LIKE ").arg(containing(text)).sql(" ESCAPE '\\'");
            query = query.sql(WITH_PUBLIC_ID).arg(text).sql(") OR c.id = ").arg(text).sql(")");
        }
        query = query.when(" AND c.expires_at < ", self.expires_before);
        if let Some(since) = self.unused_since {
            query = query.sql(" AND c.created_at < ").arg(since).sql(NOT_USED_SINCE).arg(since).sql(")");
        }
        if self.never_used {
            query = query.sql(NEVER_USED);
        }
        query
    }

    fn in_states(&self, mut query: Query, now: Timestamp) -> Query {
        if self.states.is_empty() {
            return query;
        }
        query = query.sql(" AND (1 = 0");
        for state in &self.states {
            query = match state {
                CredentialState::Revoked => query.sql(" OR c.revoked_at IS NOT NULL"),
                CredentialState::Expired => {
                    query.sql(" OR (c.revoked_at IS NULL AND c.expires_at <= ").arg(now).sql(")")
                }
                CredentialState::Disabled => alive(query.sql(" OR (c.disabled_at IS NOT NULL AND "), now).sql(")"),
                CredentialState::Active => alive(query.sql(" OR (c.disabled_at IS NULL AND "), now).sql(")"),
            };
        }
        query.sql(")")
    }

    fn ended(&self, query: Query, now: Timestamp) -> Query {
        match &self.include_ended {
            IncludeEnded::All => query,
            IncludeEnded::No => alive(query.sql(" AND "), now),
            IncludeEnded::OfKinds(kinds) => alive(one_of(query.sql(" AND (c.kind"), kinds).sql(" OR ("), now).sql("))"),
        }
    }

    fn placed(&self, mut query: Query, organization: OrganizationId) -> Query {
        if let Some(namespace) = self.namespace {
            query = query.sql(" AND (c.namespace = ").arg(namespace);
            query = query.sql(IMPORTED).arg(organization).sql(" AND l.namespace = ").arg(namespace).sql("))");
        }
        if self.visible_namespaces.iter().all(|visible| *visible == Visible::All) {
            return query;
        }
        query = query.sql(" AND (1 = 0").when(" OR c.owner = ", self.owned_by_caller_too).sql(" OR (1 = 1");
        for visible in self.visible_namespaces.iter().filter(|v| **v != Visible::All) {
            query = visible.condition(query.sql(" AND ("), "c.namespace", organization);
            query = query.sql(IMPORTED).arg(organization).sql(" AND ");
            query = visible.condition(query, "l.namespace", organization).sql("))");
        }
        query.sql("))")
    }
}

/// One side of a list that is sorted by times that not all have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    /// Those that have one.
    Dated,
    /// Those that have none.
    Never,
}

impl Side {
    fn select(self, by: SortBy, list: &List<'_>) -> Query {
        match (self, by) {
            // The newest use of what was not used since is older.
            (Side::Dated, SortBy::LastUsedAt) => {
                Query::new(SELECT_USED_IDS).arg(list.organization).when(" AND u.at < ", list.filter.unused_since)
            }
            (Side::Never, SortBy::LastUsedAt) => list.select(SELECT_IDS).sql(NEVER_USED),
            (Side::Dated, _) => list.select(SELECT_IDS).sql(" AND c.expires_at IS NOT NULL"),
            (Side::Never, _) => list.select(SELECT_IDS).sql(" AND c.expires_at IS NULL"),
        }
    }

    fn page(self, query: Query, sort: CredentialSort, after: Option<&CredentialCursor>) -> Query {
        let (beyond, direction) = sort.order.words();
        let (by, id) = match (self, sort.by) {
            (Side::Never, _) => (None, "c.id"),
            // The id as the index of the uses has it: many may be of the same instant.
            (Side::Dated, SortBy::LastUsedAt) => (Some("u.at"), "u.credential"),
            (Side::Dated, _) => (Some("c.expires_at"), "c.id"),
        };
        let query = match (by, after) {
            (_, None) => query,
            (None, Some((_, last))) => query.sql(" AND (").sql(id).sql(beyond).sql("(").arg(last).sql(")"),
            (Some(by), Some(cursor)) => after_cursor(query.sql(" AND (").sql(by).sql(", ").sql(id).sql(beyond), cursor),
        };
        let query = match by {
            None => query.sql(" ORDER BY "),
            Some(by) => query.sql(" ORDER BY ").sql(by).sql(direction).sql(", "),
        };
        query.sql(id).sql(direction)
    }
}

impl Order {
    /// The comparison with a position, and the direction.
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Order::Ascending => (") > ", ""),
            Order::Descending => (") < ", " DESC"),
        }
    }
}

impl CredentialSort {
    /// Appends the condition, the order and the length of a page.
    fn page(self, query: Query, page: &Page<CredentialCursor>) -> Query {
        let by = match self.by {
            SortBy::Name => "c.folded_name",
            SortBy::CreatedAt => "c.created_at",
            SortBy::UpdatedAt => "c.updated_at",
            SortBy::LastUsedAt => LAST_USED_OR_NEVER,
            SortBy::ExpiresAt => "c.expires_at",
        };
        let (beyond, direction) = self.order.words();
        let query = match &page.after {
            None => query,
            Some(cursor) => after_cursor(query.sql(" AND (").sql(by).sql(", c.id").sql(beyond), cursor),
        };
        let query = query.sql(" ORDER BY ").sql(by).sql(direction).sql(", c.id").sql(direction);
        query.sql(" LIMIT ").arg(page.limit)
    }
}

/// Appends a position to compare with.
fn after_cursor(query: Query, (key, id): &CredentialCursor) -> Query {
    match key {
        SortKey::Name(name) => query.tuple((name, id)),
        SortKey::Time(micros) => query.tuple((micros, id)),
    }
}

/// Neither revoked nor expired.
fn alive(query: Query, now: Timestamp) -> Query {
    query.sql("c.revoked_at IS NULL AND (c.expires_at IS NULL OR c.expires_at > ").arg(now).sql(")")
}

/// A row before its slots.
struct Listed(CredentialRow);

impl Record for Listed {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        let credential = Credential::read(columns)?;
        Ok(Listed(CredentialRow { credential, last_used_at: columns.take()?, slots_last_used: Vec::new() }))
    }
}

struct UsedSlot {
    credential: CredentialId,
    slot: Slot,
    last_used_at: Option<Timestamp>,
}

struct HeldGrant(Grant, Name);

impl Record for HeldGrant {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(HeldGrant(Grant::read(columns)?, columns.take()?))
    }
}

impl Record for UsedSlot {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        let StoredSlot { credential, slot } = StoredSlot::read(columns)?;
        Ok(UsedSlot { credential, slot, last_used_at: columns.take()? })
    }
}

const SELECT: &str = "SELECT c.id, c.organization, c.kind, c.name, c.public_id, c.namespace, c.owner,
    c.created_by, c.created_at, c.updated_at, c.disabled_at, c.revoked_at, c.revoke_reason, c.generation,
    c.expires_at, c.sources, c.denied, c.public_key,
    (SELECT MAX(u.at) FROM last_uses u WHERE u.credential = c.id)
    FROM credentials c";
const SELECT_IDS: &str = "SELECT c.id";
/// With the newest use of each alone. `CROSS JOIN` has SQLite begin with the uses, which are in their order.
const SELECT_USED_IDS: &str = "SELECT c.id FROM last_uses u CROSS JOIN credentials c
    WHERE c.id = u.credential AND NOT EXISTS (SELECT 1 FROM last_uses v
        WHERE v.credential = u.credential AND (v.at > u.at OR (v.at = u.at AND v.slot > u.slot))) AND c.organization = ";
const NEVER_USED: &str = " AND NOT EXISTS (SELECT 1 FROM last_uses u WHERE u.credential = c.id)";
const NOT_USED_SINCE: &str = " AND NOT EXISTS (SELECT 1 FROM last_uses u WHERE u.credential = c.id AND u.at >= ";
const LAST_USED_OR_NEVER: &str =
    "COALESCE((SELECT MAX(u.at) FROM last_uses u WHERE u.credential = c.id), -9223372036854775807 - 1)";
const SELECT_SLOTS: &str = "SELECT s.credential, s.number, s.pepper, s.digest, s.sealed, s.created_at, s.ends_at, u.at
    FROM slots s LEFT JOIN last_uses u ON u.credential = s.credential AND u.slot = s.number";
const SELECT_HELD: &str = "SELECT g.id, g.organization, g.holder, g.role, g.namespace, g.created_at, r.name
    FROM grants g JOIN roles r ON r.organization = g.organization AND r.id = g.role";
/// Credentials that hold a role. `CROSS JOIN` has SQLite begin with them.
const HOLDERS: &str = "(SELECT DISTINCT g.holder FROM grants g WHERE g.organization = ";
const FIRST: &str = ") h CROSS JOIN credentials c WHERE c.id = h.holder AND c.organization = ";
const HOLDING: &str = " AND EXISTS (SELECT 1 FROM grants g WHERE g.holder = c.id AND g.organization = ";
const WITH_PUBLIC_ID: &str = " OR c.id IN (SELECT p.id FROM credentials p WHERE p.public_id = ";
const IMPORTED: &str = " OR c.id IN (SELECT l.credential FROM links l WHERE l.organization = ";
/// So many who hold a role are looked for among the rows of a list, in its order; fewer are found first.
const MANY: u64 = 2_000;
