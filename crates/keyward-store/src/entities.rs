//! The records: one file per noun. Each adds reads to [`Reader`](crate::Reader), writes that no index is made of to
//! [`Writer`](crate::Writer), and writes that state their [`Change`](keyward_core::change::Change) to
//! [`Tx`](crate::Tx).
//!
//! No rules here. Nothing found is `None`, and an organization's records are found under its own id only. What
//! somebody may see of a list is a condition of its statement ([`Visible`]), never a filter on a page that was read.

mod attempts;
mod conflict;
mod credential_list;
mod credentials;
mod facts;
mod grants;
mod idempotency;
mod invitations;
mod links;
mod lists;
mod namespaces;
mod nonces;
mod organizations;
mod profiles;
mod roles;
mod second_factors;
mod sessions;
mod settings;
mod setup;
mod several;
mod snapshot;
mod usage;
mod users;

use keyward_core::digest::{Digest, PepperVersion};
use keyward_core::name::Name;

use crate::error::StoreError;
use crate::tx::{Query, Reader};
use crate::value::{Arg, FromColumn, FromRow, Row, ToArg};

pub use attempts::Attempts;
pub use conflict::Conflict;
pub use credential_list::{
    CredentialCursor, CredentialFilter, CredentialRow, CredentialSort, CredentialState, IncludeEnded, Order, SortBy,
    SortKey,
};
pub use credentials::Placing;
pub use grants::GrantFilter;
pub use idempotency::IdempotencyRecord;
pub use invitations::{Invitation, InvitedGrant};
pub use links::Link;
pub use lists::{Page, Visible};
pub(crate) use lists::{each_of, one_of};
pub use namespaces::NamespaceFilter;
pub use nonces::{UseRecorded, UsedNonce};
pub use roles::RoleUse;
pub use second_factors::SecondFactor;
pub use sessions::{PendingSignIn, SessionRecord};
pub use setup::SetupToken;
pub use usage::{DailyUse, Period, UsageFilter, Use, day_of};
pub use users::MemberFilter;

impl Reader {
    /// The first row of a query, if there is one.
    async fn find<R: FromRow>(&mut self, query: Query) -> Result<Option<R>, StoreError> {
        Ok(self.list(query).await?.into_iter().next())
    }
}

/// What a run of columns stands for. Unlike [`FromRow`], it can begin anywhere in a row, as joins need.
trait Record: Sized {
    /// Takes its columns.
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError>;
}

/// Two records side by side in the rows of a join.
struct Both<A, B>(A, B);

/// The columns of a row, from left to right.
struct Columns<'a> {
    row: &'a Row,
    next: usize,
}

impl Columns<'_> {
    /// The next column.
    fn take<T: FromColumn>(&mut self) -> Result<T, StoreError> {
        let value = self.row.get(self.next)?;
        self.next += 1;
        Ok(value)
    }
}

impl<R: Record> FromRow for R {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        R::read(&mut Columns { row, next: 0 })
    }
}

impl<A: Record, B: Record> Record for Both<A, B> {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Both(A::read(columns)?, B::read(columns)?))
    }
}

impl Record for Digest {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Digest { pepper: PepperVersion::new(columns.take()?), bytes: columns.take()? })
    }
}

impl ToArg for Name {
    fn to_arg(&self) -> Result<Arg, StoreError> {
        self.as_str().to_arg()
    }
    fn null() -> Arg {
        str::null()
    }
}

impl FromColumn for Name {
    fn from_column(row: &Row, index: usize) -> Result<Self, StoreError> {
        Name::try_from(String::from_column(row, index)?).map_err(|e| StoreError::value("Name", e))
    }
}
