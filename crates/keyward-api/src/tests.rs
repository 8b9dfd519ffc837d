//! What holds for all types, all operations and all errors, and the reference that is generated from them.

mod catalogue;
mod conversions;
mod documents;
mod operations;
mod reference;
mod samples;
