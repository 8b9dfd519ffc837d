//! How the product is reached. A surface parses its own wire format, calls an operation or `decide`, and renders the
//! answer in its own words. No rules here.

pub mod dialect;
pub mod form;
pub mod gainsight;
pub mod gateway_hub;
pub mod gigantik;
pub mod gigya;
pub mod hiding;
pub mod native;
pub mod oauth;
pub mod passport;
pub mod presented;
pub mod trouble;
pub mod visit;
