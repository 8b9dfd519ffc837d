//! How the product is reached. A surface parses its own wire format, calls an operation or `decide`, and renders the
//! answer in its own words. No rules here.

pub mod hiding;
pub mod native;
pub mod presented;
