//! Users' passwords, and the global API keys that only they open.

mod change;
mod confirm;
mod refusal;

use std::sync::Arc;

use coffer_crypto::{
    Keyring, PasswordError, PasswordHasher, PasswordSeal, PasswordSealError, SecretValue,
    TokenKind, TokenPepper, TokenText,
};
use coffer_store::rows::users::UserRow;
use coffer_types::{Email, Random, UserId, limits};

use crate::error::{Error, Problem, Result};

pub(crate) use confirm::Asked;

/// Hashes and checks passwords, and seals global API keys under them.
pub(crate) struct Passwords {
    hasher: PasswordHasher,
    pepper: TokenPepper,
    seal: PasswordSeal,
}

/// A password as it is kept.
pub(crate) struct NewPassword {
    /// Its Argon2id hash.
    pub(crate) password_hash: String,
    /// The user's global API key, that it opens.
    pub(crate) global_key: NewGlobalKey,
}

/// A global API key as it is kept, and its text, to be shown.
pub(crate) struct NewGlobalKey {
    /// The key.
    pub(crate) text: TokenText,
    /// Its MAC.
    pub(crate) mac: Vec<u8>,
    /// Its text, sealed under the user's password.
    pub(crate) sealed: Vec<u8>,
}

impl Passwords {
    /// With the keys of an installation.
    pub(crate) fn new(hasher: PasswordHasher, keyring: &Keyring) -> Self {
        Self {
            hasher,
            pepper: keyring.token_pepper(),
            seal: keyring.password_seal(),
        }
    }

    /// What to keep of a user's first password, with a new global API key that it opens. The password was
    /// checked before, by [`check`].
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the process is ending.
    pub(crate) async fn first(
        &self,
        user_id: UserId,
        password: &Arc<SecretValue>,
        random: &dyn Random,
    ) -> Result<NewPassword> {
        Ok(NewPassword {
            password_hash: self.hash(password).await?,
            global_key: self.new_global_key(user_id, password, random).await?,
        })
    }

    /// A new global API key, which the user's password opens.
    pub(crate) async fn new_global_key(
        &self,
        user_id: UserId,
        password: &Arc<SecretValue>,
        random: &dyn Random,
    ) -> Result<NewGlobalKey> {
        let text = TokenText::generate(TokenKind::GlobalKey, random);
        let sealed = self.seal(user_id, password, &text, random).await?;
        Ok(NewGlobalKey {
            mac: self.pepper.mac(&text).to_vec(),
            sealed,
            text,
        })
    }

    /// Seals a user's global API key under a password.
    pub(crate) async fn seal(
        &self,
        user_id: UserId,
        password: &Arc<SecretValue>,
        key: &TokenText,
        random: &dyn Random,
    ) -> Result<Vec<u8>> {
        let sealed = self
            .seal
            .seal(&self.hasher, user_id, password, key, random)
            .await;
        Ok(sealed?)
    }

    /// Opens a user's global API key with the user's password.
    ///
    /// # Errors
    /// [`Error::Internal`] if the password is not the one that sealed it, or it is damaged.
    pub(crate) async fn open(
        &self,
        user_id: UserId,
        password: &Arc<SecretValue>,
        sealed: &[u8],
    ) -> Result<TokenText> {
        let opened = self
            .seal
            .open(&self.hasher, user_id, password, sealed)
            .await;
        Ok(opened?)
    }

    /// The password's hash.
    pub(crate) async fn hash(&self, password: &Arc<SecretValue>) -> Result<String> {
        Ok(self.hasher.hash(Arc::clone(password)).await?)
    }

    /// Whether the password is the user's. Without a user, or for one who has no password yet, it takes as long
    /// and says no.
    pub(crate) async fn is_of(
        &self,
        user: Option<&UserRow>,
        password: &Arc<SecretValue>,
    ) -> Result<bool> {
        match user.filter(|user| !user.password_hash.is_empty()) {
            Some(user) => Ok(self
                .hasher
                .verify(Arc::clone(password), &user.password_hash)
                .await?),
            None => self.hash(password).await.map(|_| false),
        }
    }

    /// The password's hash anew, if the kept one was made with less or more work than is usual now.
    pub(crate) async fn renewed(
        &self,
        user: &UserRow,
        password: &Arc<SecretValue>,
    ) -> Result<Option<String>> {
        if self.hasher.is_current(&user.password_hash) {
            return Ok(None);
        }
        self.hash(password).await.map(Some)
    }
}

/// Checks a new password of the user with this address.
///
/// # Errors
/// [`Error::Invalid`] at `pointer`.
pub(crate) fn check(password: &SecretValue, email: &Email, pointer: &str) -> Result<()> {
    let text = password.expose_secret();
    let problem = if text.chars().count() < limits::MIN_PASSWORD_CHARS {
        Problem::PasswordTooShort(limits::MIN_PASSWORD_CHARS)
    } else if text.chars().count() > limits::MAX_PASSWORD_CHARS {
        Problem::PasswordTooLong(limits::MAX_PASSWORD_CHARS)
    } else if text.trim().eq_ignore_ascii_case(email.as_str()) {
        Problem::PasswordIsEmail
    } else {
        return Ok(());
    };
    Err(Error::invalid(pointer, problem))
}

impl From<PasswordError> for Error {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Malformed => Self::Internal(error.to_string()),
            PasswordError::Unavailable => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<PasswordSealError> for Error {
    fn from(error: PasswordSealError) -> Self {
        match error {
            PasswordSealError::DoesNotOpen => Self::Internal(error.to_string()),
            PasswordSealError::Unavailable => Self::Unavailable(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_passwords_have_bounds() {
        let email: Email = "admin@example.com".parse().unwrap();
        let checked = |text: &str| {
            let password = SecretValue::new(text.to_owned());
            check(&password, &email, "/new_password").map_err(|error| match error {
                Error::Invalid(problems) => problems[0].problem.clone(),
                other => panic!("{other}"),
            })
        };
        for good in ["twelve chars", "éééééééééééé", &"x".repeat(256)] {
            assert_eq!(checked(good), Ok(()));
        }
        let too_short = Err(Problem::PasswordTooShort(12));
        assert_eq!(checked(""), too_short);
        assert_eq!(checked("éééééé12345"), too_short);
        assert_eq!(
            checked(&"x".repeat(257)),
            Err(Problem::PasswordTooLong(256))
        );
        assert_eq!(checked("Admin@Example.com"), Err(Problem::PasswordIsEmail));
    }
}
