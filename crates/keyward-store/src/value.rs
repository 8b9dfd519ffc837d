//! What goes into a statement and what comes out of a row, the same for both engines.
//!
//! Columns have one of four types: text, integers of 64 bits, bytes, truth. Everything else is said in these: an id is
//! its text, an instant its microseconds, a structured value its JSON.

use keyward_core::change::Revision;
use keyward_core::id;
use keyward_core::time::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments as _, Row as _};

use crate::error::StoreError;

/// One argument of a statement. `None` is SQL's null, which PostgreSQL wants typed.
#[derive(Debug, Clone)]
pub enum Arg {
    /// A text.
    Text(Option<String>),
    /// An integer.
    Int(Option<i64>),
    /// Bytes.
    Bytes(Option<Vec<u8>>),
    /// A truth value.
    Bool(Option<bool>),
}

/// What can be an argument of a statement.
pub trait ToArg {
    /// The value as an argument.
    fn to_arg(&self) -> Result<Arg, StoreError>;
    /// Null of this type.
    fn null() -> Arg;
}

/// The arguments of a statement, `$1` first: a tuple of up to sixteen values.
pub trait Args {
    /// The arguments in order.
    fn into_args(self) -> Result<Vec<Arg>, StoreError>;
}

/// What can be read from a column.
pub trait FromColumn: Sized {
    /// The value of the column at `index`, counted from zero.
    fn from_column(row: &Row, index: usize) -> Result<Self, StoreError>;
}

/// What can be read from a whole row: tuples of columns, and the types that the rows of a table stand for.
pub trait FromRow: Sized {
    /// The value of the row.
    fn from_row(row: &Row) -> Result<Self, StoreError>;
}

/// A row of either engine.
pub struct Row(pub(crate) AnyRow);

pub(crate) enum AnyRow {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    /// The value of the column at `index`, counted from zero.
    pub fn get<T: FromColumn>(&self, index: usize) -> Result<T, StoreError> {
        T::from_column(self, index)
    }

    fn is_null(&self, index: usize) -> Result<bool, StoreError> {
        use sqlx::ValueRef as _;
        Ok(match &self.0 {
            AnyRow::Sqlite(row) => row.try_get_raw(index)?.is_null(),
            AnyRow::Postgres(row) => row.try_get_raw(index)?.is_null(),
        })
    }
}

/// A structured value in a text column, as JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Json<T>(pub T);

macro_rules! primitives {
    ($($type:ty => $variant:ident),*) => {$(
        impl FromColumn for $type {
            fn from_column(row: &Row, index: usize) -> Result<Self, StoreError> {
                Ok(match &row.0 {
                    AnyRow::Sqlite(row) => row.try_get(index)?,
                    AnyRow::Postgres(row) => row.try_get(index)?,
                })
            }
        }

        impl ToArg for $type {
            fn to_arg(&self) -> Result<Arg, StoreError> { Ok(Arg::$variant(Some(self.clone()))) }
            fn null() -> Arg { Arg::$variant(None) }
        }
    )*};
}
primitives!(String => Text, i64 => Int, Vec<u8> => Bytes, bool => Bool);

impl ToArg for str {
    fn to_arg(&self) -> Result<Arg, StoreError> {
        Ok(Arg::Text(Some(self.to_owned())))
    }
    fn null() -> Arg {
        Arg::Text(None)
    }
}

impl ToArg for [u8] {
    fn to_arg(&self) -> Result<Arg, StoreError> {
        Ok(Arg::Bytes(Some(self.to_owned())))
    }
    fn null() -> Arg {
        Arg::Bytes(None)
    }
}

impl<const N: usize> ToArg for [u8; N] {
    fn to_arg(&self) -> Result<Arg, StoreError> {
        self.as_slice().to_arg()
    }
    fn null() -> Arg {
        Arg::Bytes(None)
    }
}

impl<const N: usize> FromColumn for [u8; N] {
    fn from_column(row: &Row, index: usize) -> Result<Self, StoreError> {
        let bytes: Vec<u8> = row.get(index)?;
        bytes.try_into().map_err(|bytes: Vec<u8>| StoreError::value("bytes", format!("{} instead of {N}", bytes.len())))
    }
}

impl<T: ToArg + ?Sized> ToArg for &T {
    fn to_arg(&self) -> Result<Arg, StoreError> {
        (**self).to_arg()
    }
    fn null() -> Arg {
        T::null()
    }
}

impl<T: ToArg> ToArg for Option<T> {
    fn to_arg(&self) -> Result<Arg, StoreError> {
        self.as_ref().map_or_else(|| Ok(T::null()), ToArg::to_arg)
    }
    fn null() -> Arg {
        T::null()
    }
}

impl<T: FromColumn> FromColumn for Option<T> {
    fn from_column(row: &Row, index: usize) -> Result<Self, StoreError> {
        if row.is_null(index)? { Ok(None) } else { T::from_column(row, index).map(Some) }
    }
}

/// Types that are an integer in the database.
macro_rules! integers {
    ($($type:ty, $to:expr, $from:expr;)*) => {$(
        impl ToArg for $type {
            fn to_arg(&self) -> Result<Arg, StoreError> {
                let to: fn(&$type) -> Option<i64> = $to;
                let number = to(self).ok_or_else(|| StoreError::value(stringify!($type), "too large"))?;
                Ok(Arg::Int(Some(number)))
            }
            fn null() -> Arg { Arg::Int(None) }
        }

        impl FromColumn for $type {
            fn from_column(row: &Row, index: usize) -> Result<Self, StoreError> {
                let from: fn(i64) -> Option<$type> = $from;
                let number = i64::from_column(row, index)?;
                from(number).ok_or_else(|| StoreError::value(stringify!($type), format!("`{number}` is out of range")))
            }
        }
    )*};
}
integers! {
    Timestamp, |t| Some(t.micros()), |n| Some(Timestamp::from_micros(n));
    Revision, |r| i64::try_from(r.0).ok(), |n| u64::try_from(n).ok().map(Revision);
    u64, |n| i64::try_from(*n).ok(), |n| u64::try_from(n).ok();
    u32, |n| Some(i64::from(*n)), |n| u32::try_from(n).ok();
}

/// Types that are a text in the database: what they display is what they parse.
macro_rules! texts {
    ($($type:ty),*) => {$(
        impl ToArg for $type {
            fn to_arg(&self) -> Result<Arg, StoreError> { Ok(Arg::Text(Some(self.to_string()))) }
            fn null() -> Arg { Arg::Text(None) }
        }

        impl FromColumn for $type {
            fn from_column(row: &Row, index: usize) -> Result<Self, StoreError> {
                String::from_column(row, index)?.parse().map_err(|e| StoreError::value(stringify!($type), e))
            }
        }
    )*};
}
texts!(
    id::OrganizationId,
    id::ApplicationId,
    id::WorkspaceId,
    id::UserGroupId,
    id::UserId,
    id::CredentialId,
    id::RoleId,
    id::GrantId,
    id::SessionId,
    id::InvitationId,
    id::NodeId,
    id::RequestId,
    id::AuditId,
    keyward_core::credential::CallerId,
    keyward_core::kind::KindId,
    keyward_core::namespace::NamespaceId,
    keyward_core::role::Holder,
    keyward_core::seal::Sealed,
    std::net::IpAddr,
    crate::Scope
);

impl<T: Serialize> ToArg for Json<T> {
    fn to_arg(&self) -> Result<Arg, StoreError> {
        serde_json::to_string(&self.0).map(|text| Arg::Text(Some(text))).map_err(|e| StoreError::value("JSON", e))
    }
    fn null() -> Arg {
        Arg::Text(None)
    }
}

impl<T: DeserializeOwned> FromColumn for Json<T> {
    fn from_column(row: &Row, index: usize) -> Result<Self, StoreError> {
        let text = String::from_column(row, index)?;
        serde_json::from_str(&text).map(Json).map_err(|e| StoreError::value("JSON", e))
    }
}

impl Args for () {
    fn into_args(self) -> Result<Vec<Arg>, StoreError> {
        Ok(Vec::new())
    }
}

impl Args for Vec<Arg> {
    fn into_args(self) -> Result<Vec<Arg>, StoreError> {
        Ok(self)
    }
}

macro_rules! tuples {
    ($($name:ident)*; $next:ident $($rest:ident)*) => {
        tuples!(@one $($name)* $next);
        tuples!($($name)* $next; $($rest)*);
    };
    ($($name:ident)*;) => {};
    (@one $($name:ident)*) => {
        impl<$($name: ToArg),*> Args for ($($name,)*) {
            #[expect(non_snake_case, reason = "one macro name serves as type and as variable")]
            fn into_args(self) -> Result<Vec<Arg>, StoreError> {
                let ($($name,)*) = self;
                Ok(vec![$($name.to_arg()?),*])
            }
        }

        impl<$($name: FromColumn),*> FromRow for ($($name,)*) {
            fn from_row(row: &Row) -> Result<Self, StoreError> {
                let mut columns = 0..;
                Ok(($($name::from_column(row, columns.next().unwrap_or(usize::MAX))?,)*))
            }
        }
    };
}
tuples!(; A B C D E F G H I J K L M N O P);

pub(crate) fn sqlite_arguments(args: Vec<Arg>) -> Result<SqliteArguments, StoreError> {
    let mut bound = SqliteArguments::default();
    for arg in args {
        match arg {
            Arg::Text(value) => bound.add(value),
            Arg::Int(value) => bound.add(value),
            Arg::Bytes(value) => bound.add(value),
            Arg::Bool(value) => bound.add(value),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(bound)
}

pub(crate) fn postgres_arguments(args: Vec<Arg>) -> Result<PgArguments, StoreError> {
    let mut bound = PgArguments::default();
    for arg in args {
        match arg {
            Arg::Text(value) => bound.add(value),
            Arg::Int(value) => bound.add(value),
            Arg::Bytes(value) => bound.add(value),
            Arg::Bool(value) => bound.add(value),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(bound)
}
