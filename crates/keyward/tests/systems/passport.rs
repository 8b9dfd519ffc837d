//! Twinit Passport Service, API keys: rule by rule of the vendor's page (P1 to P36), each with a twin that is refused.

/// Rules without a test yet.
pub(crate) const PENDING: &[&str] = &[
    "p01_", "p02_", "p03_", "p04_", "p05_", "p06_", "p07_", "p08_", "p09_", "p10_", "p11_", "p12_", "p13_", "p14_",
    "p15_", "p16_", "p17_", "p18_", "p19_", "p20_", "p21_", "p22_", "p23_", "p24_", "p25_", "p26_", "p27_", "p28_",
    "p29_", "p30_", "p31_", "p32_", "p33_", "p34_", "p35_", "p36_",
];
