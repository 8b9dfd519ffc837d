//! Uses on their way into the database: last uses, days, and the sums of both kinds.

use std::collections::{BTreeMap, BTreeSet};

use keyward_core::id::{CredentialId, OrganizationId};
use keyward_core::kind::KindId;
use keyward_core::namespace::NamespaceId;
use keyward_core::time::Timestamp;

use super::{Period, Use, day_of};
use crate::entities::lists::one_of;
use crate::error::StoreError;
use crate::feed::chunk;
use crate::tx::{Query, Writer};
use crate::value::{Arg, Args, ToArg};

/// Allowed and refused uses.
#[derive(Clone, Copy, Default)]
struct Counts {
    allowed: u64,
    refused: u64,
}

/// What never changes of a credential, and its sums are kept by.
struct Place {
    organization: OrganizationId,
    namespace: NamespaceId,
    kind: KindId,
}

/// What was used, by what it is written by. Everything is sorted, so that two nodes that write at once take the rows in
/// the same order and never wait in a circle.
#[derive(Default)]
struct Batch {
    last: BTreeMap<(CredentialId, u32), Timestamp>,
    days: BTreeMap<(CredentialId, i64), Counts>,
}

impl Writer {
    /// Adds uses to what is known. In any order, also late ones: a last use never moves back.
    pub async fn record_uses(&mut self, uses: &[Use]) -> Result<(), StoreError> {
        let batch = Batch::of(uses);
        let last: Vec<_> = batch.last.iter().map(|((credential, slot), at)| (*credential, *slot, *at)).collect();
        self.upsert("INSERT INTO last_uses (credential, slot, at) VALUES ", &last, LATER).await?;
        let days = batch.days.iter().map(|((credential, day), c)| (*credential, *day, c.allowed, c.refused));
        let days: Vec<_> = days.collect();
        self.upsert("INSERT INTO daily_uses (credential, day, allowed, refused) VALUES ", &days, MORE_IN_A_DAY).await?;
        let places = self.places_of(&batch).await?;
        self.upsert(INTO_SUMS, &batch.sums(&places)?, MORE_IN_A_SUM).await?;
        for day in batch.days.keys().map(|(_, day)| *day).collect::<BTreeSet<_>>() {
            self.upsert(INTO_RECENT, &batch.recent(&places, day)?, MORE_RECENTLY).await?;
        }
        Ok(())
    }

    /// Brings what credentials were lately used up to the period that ends `today`, and forgets their counts of days
    /// before `oldest`: of at most `count` of those that are behind; how many there were.
    pub async fn renew_recent_uses(&mut self, today: i64, oldest: i64, count: u32) -> Result<u64, StoreError> {
        let behind: Vec<(CredentialId,)> = self
            .all("SELECT credential FROM recent_uses WHERE day < $1 ORDER BY credential LIMIT $2", (today, count))
            .await?;
        // One by one, in the order in which uses are recorded meanwhile.
        for (credential,) in &behind {
            self.exec("DELETE FROM daily_uses WHERE credential = $1 AND day < $2", (credential, oldest)).await?;
            let begins = [Period::Month, Period::Quarter].map(|period| today - i64::from(period.days()));
            self.exec(RENEW, (credential, today, begins[0], begins[1])).await?;
            self.exec(FORGET, (credential,)).await?;
        }
        Ok(behind.len() as u64)
    }

    /// Forgets the sums of days before `oldest`; how many.
    pub async fn purge_summed_uses(&mut self, oldest: i64) -> Result<u64, StoreError> {
        self.exec("DELETE FROM summed_uses WHERE day < $1", (oldest,)).await
    }

    /// Where the credentials live that were used. What was never there is in no sum.
    async fn places_of(&mut self, batch: &Batch) -> Result<BTreeMap<CredentialId, Place>, StoreError> {
        let mut ids: Vec<CredentialId> = batch.days.keys().map(|(credential, _)| *credential).collect();
        ids.dedup();
        let mut places = BTreeMap::new();
        for ids in ids.chunks(MOST_ROWS) {
            let query = one_of(Query::new("SELECT id, organization, namespace, kind FROM credentials WHERE id"), ids);
            let rows: Vec<(CredentialId, OrganizationId, NamespaceId, KindId)> = self.list(query).await?;
            let placed = rows
                .into_iter()
                .map(|(id, organization, namespace, kind)| (id, Place { organization, namespace, kind }));
            places.extend(placed);
        }
        Ok(places)
    }

    /// Inserts rows, few different numbers of them at a time: few different statements to keep prepared.
    async fn upsert<T: Args + Clone>(
        &mut self,
        insert: &'static str,
        mut rows: &[T],
        on_conflict: &'static str,
    ) -> Result<(), StoreError> {
        while !rows.is_empty() {
            let (piece, rest) = rows.split_at(chunk(rows.len().min(MOST_ROWS)));
            rows = rest;
            let query = piece.iter().enumerate().fold(Query::new(insert), |query, (index, row)| {
                query.sql(if index == 0 { "" } else { ", " }).tuple(row.clone())
            });
            self.exec_query(query.sql(on_conflict)).await?;
        }
        Ok(())
    }
}

impl Batch {
    fn of(uses: &[Use]) -> Self {
        let mut batch = Self::default();
        for used in uses {
            let counts = batch.days.entry((used.credential, day_of(used.at))).or_default();
            if used.allowed {
                counts.allowed += 1;
                let at = batch.last.entry((used.credential, used.slot)).or_insert(used.at);
                *at = used.at.max(*at);
            } else {
                counts.refused += 1;
            }
        }
        batch
    }

    /// Rows of `summed_uses`: each place's own, and the organization's.
    fn sums(&self, places: &BTreeMap<CredentialId, Place>) -> Result<Vec<Vec<Arg>>, StoreError> {
        let mut sums: BTreeMap<(OrganizationId, Option<NamespaceId>, &KindId, i64), Counts> = BTreeMap::new();
        for ((credential, day), counts) in &self.days {
            let Some(place) = places.get(credential) else { continue };
            for namespace in [None, Some(place.namespace)] {
                let sum = sums.entry((place.organization, namespace, &place.kind, *day)).or_default();
                sum.allowed += counts.allowed;
                sum.refused += counts.refused;
            }
        }
        let rows = sums.into_iter().map(|((organization, namespace, kind, day), counts)| {
            let namespace = namespace.map_or_else(|| "".to_arg(), |namespace| namespace.to_arg())?;
            Ok(vec![
                organization.to_arg()?,
                namespace,
                kind.to_arg()?,
                day.to_arg()?,
                counts.allowed.to_arg()?,
                counts.refused.to_arg()?,
            ])
        });
        rows.collect()
    }

    /// Rows of `recent_uses` for what was used on a day.
    fn recent(&self, places: &BTreeMap<CredentialId, Place>, day: i64) -> Result<Vec<Vec<Arg>>, StoreError> {
        let mut rows = Vec::with_capacity(places.len());
        for (id, place) in places {
            let Some(counts) = self.days.get(&(*id, day)) else { continue };
            let uses = (counts.allowed + counts.refused).to_arg()?;
            rows.push(vec![
                id.to_arg()?,
                place.organization.to_arg()?,
                place.namespace.to_arg()?,
                place.kind.to_arg()?,
                day.to_arg()?,
                uses.clone(),
                uses,
            ]);
        }
        Ok(rows)
    }
}

const LATER: &str = " ON CONFLICT (credential, slot) DO UPDATE SET at = excluded.at WHERE last_uses.at < excluded.at";
const MORE_IN_A_DAY: &str = " ON CONFLICT (credential, day) DO UPDATE SET
    allowed = daily_uses.allowed + excluded.allowed, refused = daily_uses.refused + excluded.refused";
const INTO_SUMS: &str = "INSERT INTO summed_uses (organization, namespace, kind, day, allowed, refused) VALUES ";
const MORE_IN_A_SUM: &str = " ON CONFLICT (organization, namespace, kind, day) DO UPDATE SET
    allowed = summed_uses.allowed + excluded.allowed, refused = summed_uses.refused + excluded.refused";
const INTO_RECENT: &str =
    "INSERT INTO recent_uses (credential, organization, namespace, kind, day, in_30_days, in_90_days) VALUES ";
/// The period stays where it is until it is renewed; what was used before it is not in it.
const MORE_RECENTLY: &str = " ON CONFLICT (credential) DO UPDATE SET
    in_30_days = recent_uses.in_30_days + CASE WHEN excluded.day > recent_uses.day - 30 THEN excluded.in_30_days ELSE 0 END,
    in_90_days = recent_uses.in_90_days + CASE WHEN excluded.day > recent_uses.day - 90 THEN excluded.in_90_days ELSE 0 END";
const RENEW: &str = "UPDATE recent_uses SET day = $2,
    in_30_days = (SELECT CAST(COALESCE(SUM(u.allowed + u.refused), 0) AS BIGINT) FROM daily_uses u
        WHERE u.credential = $1 AND u.day > $3),
    in_90_days = (SELECT CAST(COALESCE(SUM(u.allowed + u.refused), 0) AS BIGINT) FROM daily_uses u
        WHERE u.credential = $1 AND u.day > $4)
    WHERE credential = $1";
const FORGET: &str = "DELETE FROM recent_uses WHERE credential = $1
    AND NOT EXISTS (SELECT 1 FROM daily_uses u WHERE u.credential = $1)";
/// Rows per statement: beyond this, more in one no longer pays.
const MOST_ROWS: usize = 256;
