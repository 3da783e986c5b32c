//! What a page says of what was just done. The address holds a word only, so that no link can put a sentence of its
//! own into a page.

/// Each word with its sentence, sorted by word.
const NOTICES: &[(&str, &str)] = &[
    ("account-left", "You left the account."),
    ("account-saved", "The account's settings were saved."),
    ("deployed", "The deployment is active."),
    (
        "device-approved",
        "The device is signed in within seconds. You can close this page.",
    ),
    (
        "device-denied",
        "The device was denied. It was given nothing.",
    ),
    ("global-key-changed", "The global API key was changed."),
    ("invitation-refused", "The invitation was refused."),
    ("member-removed", "The member was removed."),
    ("member-saved", "The roles were saved."),
    ("pages-deleted", "The project was deleted."),
    (
        "pages-rolled-back",
        "The deployment answers at the project's address again.",
    ),
    (
        "pages-saved",
        "The change was saved. Deployments made from now on have it.",
    ),
    (
        "passkey-added",
        "The passkey was added. It signs you in from now on.",
    ),
    (
        "passkey-removed",
        "The passkey was removed. It no longer signs you in.",
    ),
    (
        "password-changed",
        "The password was changed. Your other sessions have ended.",
    ),
    ("profile-saved", "Your profile was saved."),
    (
        "second-factor-removed",
        "The authenticator app was removed. Your password alone signs you in.",
    ),
    ("secret-deleted", "The secret was deleted."),
    ("secret-duplicated", "The secret was duplicated."),
    ("secret-saved", "The changes were saved."),
    (
        "secrets-created",
        "Saved. The value can no longer be viewed.",
    ),
    ("session-ended", "The session has ended."),
    ("token-deleted", "The token was deleted."),
    ("token-saved", "The token was saved."),
    (
        "token-shown",
        "That was done before, and the token was shown then. If it was lost, roll the token.",
    ),
    ("version-deployed", "A new version was deployed."),
    (
        "version-saved",
        "A version was saved. It is not deployed yet.",
    ),
    ("worker-deleted", "The Worker was deleted."),
];

/// The sentence of a word.
pub(super) fn notice(word: &str) -> Option<&'static str> {
    let found = NOTICES.binary_search_by_key(&word, |(word, _)| word).ok()?;
    NOTICES.get(found).map(|(_, sentence)| *sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_sorted() {
        assert!(NOTICES.is_sorted_by_key(|(word, _)| *word));
        assert!(
            NOTICES
                .iter()
                .all(|(word, sentence)| notice(word) == Some(sentence))
        );
        assert_eq!(notice("<b>"), None);
        assert_eq!(notice(""), None);
    }
}
