//! Names that nobody can guess.

use coffer_crypto::SystemRandom;
use coffer_types::Random;

/// 32 random hex digits.
pub(crate) fn hex() -> String {
    let mut bytes = [0; 16];
    SystemRandom.fill(&mut bytes);
    bytes.map(|byte| format!("{byte:02x}")).concat()
}

/// What separates the parts of a form.
pub(crate) fn boundary() -> String {
    format!("coffer-{}", hex())
}
