//! What can go wrong with sealing.

/// Why nothing was sealed, re-sealed or leased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CryptoError {
    /// A sealed value or a wrapped key does not open: damaged, moved, or under another key. Which of
    /// them is not said, so that nobody can learn by trying.
    #[error("the sealed value or its key does not open")]
    DoesNotOpen,
    /// The value is longer than an envelope holds.
    #[error(
        "the value is too long to seal: at most {} bytes",
        coffer_envelope::MAX_PLAINTEXT_BYTES
    )]
    TooLong,
    /// The account has no key to seal under.
    #[error("the account has no key: create one before sealing")]
    NoAccountKey,
}

impl From<coffer_envelope::Error> for CryptoError {
    fn from(error: coffer_envelope::Error) -> Self {
        match error {
            coffer_envelope::Error::DoesNotOpen => Self::DoesNotOpen,
            coffer_envelope::Error::TooLong => Self::TooLong,
        }
    }
}
