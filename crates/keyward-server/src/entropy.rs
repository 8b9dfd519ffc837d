//! The one place that draws from the operating system's generator.

use keyward_core::entropy::Entropy;

/// Unpredictable bytes from the generator of the cryptographic library, which the operating system seeds.
///
/// It may be made wherever it is needed: it has no state of its own.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    #[expect(clippy::disallowed_methods, reason = "this is where the operating system's generator is read")]
    fn fill(&mut self, bytes: &mut [u8]) {
        if aws_lc_rs::rand::fill(bytes).is_err() {
            // Without randomness there is nothing safe left to do: an error that somebody handles becomes a secret of
            // zeroes. The library itself ends the process when its seed fails, so this line is a second lock on the door.
            tracing::error!("the operating system gives no randomness: ending the process");
            std::process::abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_draws_differ() {
        let (mut a, mut b) = ([0_u8; 32], [0_u8; 32]);
        OsEntropy.fill(&mut a);
        OsEntropy.fill(&mut b);
        assert_ne!(a, b);
        assert_ne!(a, [0; 32]);
    }
}
