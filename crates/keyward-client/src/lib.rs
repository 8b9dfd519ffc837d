//! Rust SDK for a Keyward server: typed calls over HTTP.
