//! ITRS Geneos Gateway Hub, application keys: rule by rule of the vendor's page (H1 to H17), each with a twin that is refused.

/// Rules without a test yet.
pub(crate) const PENDING: &[&str] = &[
    "h01_", "h02_", "h03_", "h04_", "h05_", "h06_", "h07_", "h08_", "h09_", "h10_", "h11_", "h12_", "h13_", "h14_",
    "h15_", "h16_", "h17_",
];
