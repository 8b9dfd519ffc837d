//! Gainsight NXT, Access key and M2M OAuth: rule by rule of the vendor's page (S1 to S19), each with a twin that is refused.

/// Rules without a test yet.
pub(crate) const PENDING: &[&str] = &[
    "s01_", "s02_", "s03_", "s04_", "s05_", "s06_", "s07_", "s08_", "s09_", "s10_", "s11_", "s12_", "s13_", "s14_",
    "s15_", "s16_", "s17_", "s18_", "s19_",
];
