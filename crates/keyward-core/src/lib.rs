//! What kinds, credentials, roles, namespaces and grants *are*, and how they may change: pure functions over values.
//!
//! Absent by design: async, I/O, SQL, HTTP, a clock, a random generator. Time ([`time::Timestamp`]) and randomness
//! ([`entropy::Entropy`]) are arguments. Start with [`kind`], [`credential`] and one file of `profiles/`.

pub mod entropy;
pub mod id;
pub mod time;
