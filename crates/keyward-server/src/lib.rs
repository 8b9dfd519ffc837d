//! A running node: what it does (`ops`), how it is reached (`surfaces`), what runs by itself (`tasks`), and the ground
//! it stands on (`net`, `config`, `telemetry`). Start with [`ops`] and one file of [`surfaces`].

pub mod app;
pub mod clock;
pub mod config;
mod console;
pub mod entropy;
pub mod net;
pub mod ops;
pub mod proxy;
pub mod serve;
pub mod start;
pub mod surfaces;
pub mod tasks;
pub mod telemetry;
