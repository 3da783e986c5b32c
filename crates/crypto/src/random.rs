//! The machine's randomness.

use coffer_types::Random;

/// Randomness fit for keys, from the cryptographic library's generator, which the kernel seeds.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        if aws_lc_rs::rand::fill(bytes).is_err() {
            // There is no safe way on: a key of zeros must not come to be.
            std::process::abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_the_whole_buffer_differently_each_time() {
        let mut first = [0; 64];
        let mut second = [0; 64];
        SystemRandom.fill(&mut first);
        SystemRandom.fill(&mut second);
        assert_ne!(first, second);
        assert_ne!(first[32..], [0; 32]);
    }
}
