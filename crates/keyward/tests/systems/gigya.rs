//! Gigya (SAP Customer Data Cloud), application keys: rule by rule of the vendor's page (G1 to G24), each with a twin that is refused.

/// Rules without a test yet.
pub(crate) const PENDING: &[&str] = &[
    "g01_", "g02_", "g03_", "g04_", "g05_", "g06_", "g07_", "g08_", "g09_", "g10_", "g11_", "g12_", "g13_", "g14_",
    "g15_", "g16_", "g17_", "g18_", "g19_", "g20_", "g21_", "g22_", "g23_", "g24_",
];
