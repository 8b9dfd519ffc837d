//! When credentials were last used, and how often on which day. Counted elsewhere, written here in batches.

use std::collections::BTreeMap;

use keyward_core::id::{CredentialId, OrganizationId, UserId};
use keyward_core::kind::KindId;
use keyward_core::namespace::NamespaceId;
use keyward_core::time::Timestamp;

use super::lists::{Page, Visible, one_of};
use super::{Columns, Record};
use crate::error::StoreError;
use crate::feed::chunk;
use crate::tx::{Query, Reader, Writer};
use crate::value::Args;

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

/// How much a credential was used over some days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TotalUse {
    /// Which.
    pub credential: CredentialId,
    /// How many uses were allowed.
    pub allowed: u64,
    /// How many were refused.
    pub refused: u64,
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
        let query = Query::new(
            "SELECT u.day, CAST(SUM(u.allowed) AS BIGINT), CAST(SUM(u.refused) AS BIGINT)
            FROM credentials c JOIN daily_uses u ON u.credential = c.id WHERE c.organization = ",
        );
        let query = filter.conditions(query.arg(organization), organization);
        self.list(query.sql(" GROUP BY u.day ORDER BY u.day")).await
    }

    /// The uses of each credential over all these days together: of those with any, the most used first.
    pub async fn uses_by_credential(
        &mut self,
        organization: OrganizationId,
        filter: &UsageFilter,
        page: &Page<(u64, CredentialId)>,
    ) -> Result<Vec<TotalUse>, StoreError> {
        let query = Query::new(
            "SELECT u.credential, CAST(SUM(u.allowed) AS BIGINT), CAST(SUM(u.refused) AS BIGINT)
            FROM credentials c JOIN daily_uses u ON u.credential = c.id WHERE c.organization = ",
        );
        let mut query = filter.conditions(query.arg(organization), organization).sql(" GROUP BY u.credential");
        if let Some((uses, credential)) = &page.after {
            query = query.sql(" HAVING (CAST(SUM(u.allowed + u.refused) AS BIGINT), u.credential) < ");
            query = query.tuple((uses, credential));
        }
        let query = query.sql(" ORDER BY CAST(SUM(u.allowed + u.refused) AS BIGINT) DESC, u.credential DESC LIMIT ");
        self.list(query.arg(page.limit)).await
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
        let query = if self.kinds.is_empty() { query } else { one_of(query.sql(" AND c.kind"), &self.kinds) };
        let query = query.sql(" AND u.day >= ").arg(self.from_day).when(" AND u.day < ", self.until_day);
        let query = self.visible.condition(query.sql(" AND ("), "c.namespace", organization);
        query.when(" OR c.owner = ", self.owned_by_caller_too).sql(")")
    }
}

impl Writer {
    /// Adds uses to what is known. In any order, also late ones: a last use never moves back.
    pub async fn record_uses(&mut self, uses: &[Use]) -> Result<(), StoreError> {
        // Sorted, so that two nodes that write at once take the rows in the same order and never wait in a circle.
        let mut last: BTreeMap<(CredentialId, u32), Timestamp> = BTreeMap::new();
        let mut counts: BTreeMap<(CredentialId, i64), (u64, u64)> = BTreeMap::new();
        for used in uses {
            let (allowed, refused) = counts.entry((used.credential, day_of(used.at))).or_default();
            if used.allowed {
                *allowed += 1;
                let at = last.entry((used.credential, used.slot)).or_insert(used.at);
                *at = used.at.max(*at);
            } else {
                *refused += 1;
            }
        }
        let last: Vec<_> = last.into_iter().map(|((credential, slot), at)| (credential, slot, at)).collect();
        let counts: Vec<_> =
            counts.into_iter().map(|((credential, day), (yes, no))| (credential, day, yes, no)).collect();
        for rows in chunks(&last) {
            let query = rows_of("INSERT INTO last_uses (credential, slot, at) VALUES ", rows);
            self.exec_query(query.sql(
                " ON CONFLICT (credential, slot) DO UPDATE SET at = excluded.at WHERE last_uses.at < excluded.at",
            ))
            .await?;
        }
        for rows in chunks(&counts) {
            let query = rows_of("INSERT INTO daily_uses (credential, day, allowed, refused) VALUES ", rows);
            self.exec_query(query.sql(
                " ON CONFLICT (credential, day) DO UPDATE SET allowed = daily_uses.allowed + excluded.allowed,
                refused = daily_uses.refused + excluded.refused",
            ))
            .await?;
        }
        Ok(())
    }

    /// Forgets the counts of days before `day`; how many.
    pub async fn purge_usage(&mut self, day: i64) -> Result<u64, StoreError> {
        self.exec("DELETE FROM daily_uses WHERE day < $1", (day,)).await
    }
}

impl Record for DailyUse {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(DailyUse { day: columns.take()?, allowed: columns.take()?, refused: columns.take()? })
    }
}

impl Record for TotalUse {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(TotalUse { credential: columns.take()?, allowed: columns.take()?, refused: columns.take()? })
    }
}

/// Pieces whose lengths are few different powers of two: few different statements to keep prepared.
fn chunks<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let (piece, rest) = rows.split_at(chunk(rows.len().min(MOST_ROWS)));
        rows = rest;
        (!piece.is_empty()).then_some(piece)
    })
}

fn rows_of<T: Args + Copy>(insert: &'static str, rows: &[T]) -> Query {
    rows.iter()
        .enumerate()
        .fold(Query::new(insert), |query, (index, row)| query.sql(if index == 0 { "" } else { ", " }).tuple(*row))
}

/// Rows per statement: beyond this, more in one no longer pays.
const MOST_ROWS: usize = 256;
