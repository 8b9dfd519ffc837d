//! What kinds, credentials, roles, namespaces and grants *are*, and how they may change: pure functions over values.
//!
//! Absent by design: async, I/O, SQL, HTTP, a clock, a random generator. Time ([`time::Timestamp`]) and randomness
//! ([`entropy::Entropy`]) are arguments. Start with [`kind`], [`credential`] and one file of `profiles/`.

pub mod access_token;
pub mod administration;
pub mod audit;
pub mod change;
pub mod credential;
pub mod decision;
pub mod digest;
pub mod effective;
pub mod entropy;
pub mod format;
pub mod id;
pub mod keyring;
pub mod kind;
pub mod labels;
pub mod law;
pub mod limit;
pub mod manage;
pub mod mint;
pub mod name;
pub mod namespace;
pub mod organization;
pub mod permission;
pub mod profile;
pub mod rights;
pub mod role;
pub mod rows;
pub mod seal;
pub mod second_factor;
pub mod secret;
pub mod signed;
pub mod time;
pub mod user;
