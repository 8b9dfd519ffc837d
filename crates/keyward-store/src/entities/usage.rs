//! When credentials were last used, and how often on which day. Counted elsewhere, written here in batches.
//!
//! Next to the days of each credential there are two kinds of sums, so that nothing goes through all of them: of
//! namespaces by day, and of each credential over a [`Period`]. `record.rs` writes all three in one transaction.

mod record;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use keyward_core::id::{CredentialId, OrganizationId, UserId};
use keyward_core::kind::KindId;
use keyward_core::namespace::NamespaceId;
use keyward_core::time::Timestamp;

use super::lists::{Page, Visible, one_of};
use super::{Columns, Record};
use crate::error::StoreError;
use crate::tx::{Query, Reader};

/// One use of a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use {
    /// Which.
    pub credential: CredentialId,
    /// The slot whose secret it was.
    pub slot: u32,
    /// When.
    pub at: Timestamp,
    /// Whether the answer was yes. Only then was the credential used; otherwise it counts as refused.
    pub allowed: bool,
}

/// The uses of one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DailyUse {
    /// The day in UTC, counted from 1970-01-01.
    pub day: i64,
    /// How many were allowed.
    pub allowed: u64,
    /// How many were refused.
    pub refused: u64,
}

/// The last days, of which sums are kept for each credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// Thirty.
    Month,
    /// Ninety.
    Quarter,
}

/// Which uses to list. Every condition that is given must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageFilter {
    /// Only those of this credential.
    pub credential: Option<CredentialId>,
    /// Only those of credentials of one of these kinds; with none of them, of any.
    pub kinds: Vec<KindId>,
    /// Only those of credentials that live in this namespace.
    pub namespace: Option<NamespaceId>,
    /// Only those of credentials that live where the caller may see them.
    pub visible: Visible,
    /// And of this user's, wherever they live.
    pub owned_by_caller_too: Option<UserId>,
    /// Not before this day.
    pub from_day: i64,
    /// Before this day.
    pub until_day: Option<i64>,
}

impl Period {
    /// How many days it has.
    pub const fn days(self) -> u32 {
        match self {
            Period::Month => 30,
            Period::Quarter => 90,
        }
    }

    /// Where its sums are.
    const fn column(self) -> &'static str {
        match self {
            Period::Month => "r.in_30_days",
            Period::Quarter => "r.in_90_days",
        }
    }
}

/// The day of an instant in UTC, counted from 1970-01-01.
pub const fn day_of(at: Timestamp) -> i64 {
    at.seconds().div_euclid(24 * 60 * 60)
}

impl Reader {
    /// The uses of all these credentials together, on each day that has any.
    pub async fn uses_by_day(
        &mut self,
        organization: OrganizationId,
        filter: &UsageFilter,
    ) -> Result<Vec<DailyUse>, StoreError> {
        if filter.credential.is_some() {
            let query = filter.conditions(Query::new(DAYS).arg(organization), organization);
            return self.list(query.sql(" GROUP BY u.day ORDER BY u.day")).await;
        }
        let mut days: Vec<DailyUse> = self.list(filter.sums(organization)).await?;
        if let Some(owner) = filter.owner_elsewhere() {
            days.extend(self.list::<DailyUse>(filter.owned_elsewhere(organization, owner)).await?);
        }
        let mut together: BTreeMap<i64, DailyUse> = BTreeMap::new();
        for DailyUse { day, allowed, refused } in days {
            let sum = together.entry(day).or_insert(DailyUse { day, allowed: 0, refused: 0 });
            sum.allowed += allowed;
            sum.refused += refused;
        }
        Ok(together.into_values().collect())
    }

    /// Of these credentials, at most `count` with the most uses in a period up to today, allowed and refused ones
    /// together; the most used first. What the filter says of days counts for nothing.
    ///
    /// Until [`Writer::renew_recent_uses`] has run, days that have just left the period still count.
    pub async fn most_used(
        &mut self,
        organization: OrganizationId,
        filter: &UsageFilter,
        period: Period,
        count: u32,
    ) -> Result<Vec<CredentialId>, StoreError> {
        let uses = period.column();
        let select = || Query::new("SELECT r.credential, ").sql(uses).sql(" FROM ");
        let some = |query: Query| {
            let query =
                query.when(" AND r.credential = ", filter.credential).sql(" AND ").sql(uses).sql(" > 0 ORDER BY ");
            query.sql(uses).sql(" DESC, r.credential DESC LIMIT ").arg(count)
        };
        let mut most: Vec<(CredentialId, u64)> = Vec::new();
        if !filter.visible.is_nothing() {
            let seen =
                filter.of_kinds(select().sql("recent_uses r WHERE r.organization = ").arg(organization), "r.kind");
            let seen = seen.when(" AND r.namespace = ", filter.namespace).sql(" AND ");
            most = self.list(some(filter.visible.condition(seen, "r.namespace", organization))).await?;
        }
        if let Some(owner) = filter.owner_elsewhere() {
            let own = select().sql(RECENT_OF_OWNER).arg(organization).sql(" AND c.owner = ").arg(owner);
            let own = filter.of_kinds(own, "r.kind").when(" AND r.namespace = ", filter.namespace);
            most.extend(self.list::<(CredentialId, u64)>(some(own)).await?);
        }
        most.sort_unstable_by_key(|(credential, uses)| Reverse((*uses, *credential)));
        most.dedup();
        Ok(most.into_iter().take(count as usize).map(|(credential, _)| credential).collect())
    }

    /// The uses of each of a few credentials on each day since `from_day` that has any, by credential and day.
    pub async fn several_uses(
        &mut self,
        credentials: &[CredentialId],
        from_day: i64,
    ) -> Result<Vec<(CredentialId, DailyUse)>, StoreError> {
        if credentials.is_empty() {
            return Ok(Vec::new());
        }
        let query = Query::new("SELECT u.credential, u.day, u.allowed, u.refused FROM daily_uses u WHERE u.credential");
        let query = one_of(query, credentials).sql(" AND u.day >= ").arg(from_day);
        let rows: Vec<(CredentialId, i64, u64, u64)> = self.list(query.sql(" ORDER BY u.credential, u.day")).await?;
        Ok(rows.into_iter().map(|(id, day, allowed, refused)| (id, DailyUse { day, allowed, refused })).collect())
    }

    /// The uses of each credential on each day that has any, by day and credential.
    pub async fn uses(
        &mut self,
        organization: OrganizationId,
        filter: &UsageFilter,
        page: &Page<(i64, CredentialId)>,
    ) -> Result<Vec<(CredentialId, DailyUse)>, StoreError> {
        let query = Query::new(
            "SELECT u.credential, u.day, u.allowed, u.refused
            FROM credentials c JOIN daily_uses u ON u.credential = c.id WHERE c.organization = ",
        );
        let mut query = filter.conditions(query.arg(organization), organization);
        if let Some((day, credential)) = &page.after {
            query = query.sql(" AND (u.day, u.credential) > ").tuple((day, credential));
        }
        let query = query.sql(" ORDER BY u.day, u.credential LIMIT ").arg(page.limit);
        let rows: Vec<(CredentialId, i64, u64, u64)> = self.list(query).await?;
        Ok(rows.into_iter().map(|(id, day, allowed, refused)| (id, DailyUse { day, allowed, refused })).collect())
    }
}

impl UsageFilter {
    /// Appends ` AND …` for everything that is asked for.
    fn conditions(&self, query: Query, organization: OrganizationId) -> Query {
        let query = query.when(" AND c.id = ", self.credential).when(" AND c.namespace = ", self.namespace);
        let query = self.on_days(self.of_kinds(query, "c.kind"), "u.day");
        let query = self.visible.condition(query.sql(" AND ("), "c.namespace", organization);
        query.when(" OR c.owner = ", self.owned_by_caller_too).sql(")")
    }

    /// The sums of the namespaces that may be seen, by day.
    fn sums(&self, organization: OrganizationId) -> Query {
        let query = Query::new(SUMS).arg(organization);
        let query = match (self.namespace, &self.visible) {
            (None, Visible::All) => query.sql(" AND s.namespace = ''"),
            (namespace, visible) => visible.condition(
                query.when(" AND s.namespace = ", namespace).sql(" AND "),
                "s.namespace",
                organization,
            ),
        };
        self.on_days(self.of_kinds(query, "s.kind"), "s.day").sql(" GROUP BY s.day")
    }

    /// Whose credentials are seen wherever they live, when not everything is.
    fn owner_elsewhere(&self) -> Option<UserId> {
        self.owned_by_caller_too.filter(|_| self.visible != Visible::All)
    }

    /// The uses of those that a user owns where they could see nothing otherwise, by day.
    fn owned_elsewhere(&self, organization: OrganizationId, owner: UserId) -> Query {
        let query = Query::new(DAYS_OF_OWNER).arg(organization).sql(" AND c.owner = ").arg(owner);
        // Nothing is in an empty list, but that it is not is no truth either.
        let query = self.visible.condition(query.sql(" AND ("), "r.namespace", organization).sql(" IS NOT TRUE)");
        let query = query.when(" AND r.namespace = ", self.namespace);
        self.on_days(self.of_kinds(query, "r.kind"), "u.day").sql(" GROUP BY u.day")
    }

    fn of_kinds(&self, query: Query, column: &'static str) -> Query {
        if self.kinds.is_empty() { query } else { one_of(query.sql(" AND ").sql(column), &self.kinds) }
    }

    fn on_days(&self, query: Query, column: &'static str) -> Query {
        let query = query.sql(" AND ").sql(column).sql(" >= ").arg(self.from_day);
        match self.until_day {
            None => query,
            Some(until) => query.sql(" AND ").sql(column).sql(" < ").arg(until),
        }
    }
}

impl Record for DailyUse {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(DailyUse { day: columns.take()?, allowed: columns.take()?, refused: columns.take()? })
    }
}

const DAYS: &str = "SELECT u.day, CAST(SUM(u.allowed) AS BIGINT), CAST(SUM(u.refused) AS BIGINT)
    FROM credentials c JOIN daily_uses u ON u.credential = c.id WHERE c.organization = ";
/// Where they live is told beside their recent uses, so that an index has all that is asked of the credentials: SQLite
/// would go through everybody's otherwise.
const DAYS_OF_OWNER: &str = "SELECT u.day, CAST(SUM(u.allowed) AS BIGINT), CAST(SUM(u.refused) AS BIGINT)
    FROM credentials c JOIN recent_uses r ON r.credential = c.id JOIN daily_uses u ON u.credential = c.id
    WHERE c.organization = ";
const SUMS: &str = "SELECT s.day, CAST(SUM(s.allowed) AS BIGINT), CAST(SUM(s.refused) AS BIGINT)
    FROM summed_uses s WHERE s.organization = ";
const RECENT_OF_OWNER: &str = "credentials c JOIN recent_uses r ON r.credential = c.id WHERE c.organization = ";
