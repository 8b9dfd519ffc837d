//! Where unpredictable bytes come from: an argument, like time.

/// A source of unpredictable bytes.
///
/// The server passes the operating system's generator; tests pass [`Seeded`], so that what they make is the same every time.
pub trait Entropy {
    /// Fills `bytes` with unpredictable values.
    fn fill(&mut self, bytes: &mut [u8]);
}

/// A reproducible source for tests and examples. **Never** for secrets that protect anything.
pub struct Seeded(blake3::OutputReader);

impl Seeded {
    /// The same seed yields the same bytes.
    pub fn new(seed: u64) -> Self {
        Self(
            blake3::Hasher::new_derive_key("keyward seeded entropy for tests")
                .update(&seed.to_le_bytes())
                .finalize_xof(),
        )
    }
}

impl Entropy for Seeded {
    fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill(bytes);
    }
}
