//! Refusals as pages, and as sentences beside fields.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use coffer_engine::{Error, Invalid, Missing};

use super::filters;
use super::page::respond_with;
use super::shell::Shell;

/// Why a page is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// Nothing is there, or nothing that the user may know of.
    NotFound(&'static str),
    /// The user's roles do not permit it.
    Forbidden,
    /// The form is of another session, or of none.
    OldForm,
    /// Another site's page made the browser send it.
    OtherSite,
    /// Too many attempts went wrong; seconds to wait.
    TooManyAttempts(u32),
    /// The database is away.
    Unavailable,
    /// What was asked for does not go with how things are.
    Conflict,
    /// A defect.
    Internal,
}

impl Refused {
    /// That of an error which no field of a page explains.
    pub(super) fn of(error: &Error) -> Self {
        match error {
            Error::NotFound(what) => Self::NotFound(sought(*what)),
            Error::Denied | Error::BeyondBindings(_) | Error::NoUser | Error::WrongLocation(_) => {
                Self::Forbidden
            }
            Error::Unauthenticated(_) => Self::OldForm,
            Error::TooManyAttempts {
                retry_after_seconds,
            } => Self::TooManyAttempts(*retry_after_seconds),
            Error::Conflict(_) | Error::LimitExceeded(_) | Error::Invalid(_) => Self::Conflict,
            Error::Unavailable(reason) => {
                tracing::warn!(reason, "unavailable");
                Self::Unavailable
            }
            Error::Internal(reason) => {
                tracing::error!(reason, "internal error");
                Self::Internal
            }
        }
    }

    pub(super) const fn status(self) -> StatusCode {
        match self {
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Forbidden | Self::OldForm | Self::OtherSite => StatusCode::FORBIDDEN,
            Self::TooManyAttempts(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Conflict => StatusCode::CONFLICT,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::NotFound(_) => "Nothing here",
            Self::Forbidden => "Not permitted",
            Self::OldForm => "This page is out of date",
            Self::OtherSite => "Refused",
            Self::TooManyAttempts(_) => "Too many attempts",
            Self::Unavailable => "Not available right now",
            Self::Conflict => "That cannot be done now",
            Self::Internal => "Something went wrong",
        }
    }

    fn text(self) -> String {
        match self {
            Self::NotFound(what) => format!(
                "There is no such {what}. It may have been deleted or renamed, or the address is not whole."
            ),
            Self::Forbidden => "Your roles in this account do not permit this. Whoever manages its members can \
                 change that."
                .to_owned(),
            Self::OldForm => "You signed in again or signed out since this page was opened. Go back, reload the page \
                 and send it once more; nothing was changed."
                .to_owned(),
            Self::OtherSite => {
                "The request came from another site's page. Nothing was changed.".to_owned()
            }
            Self::TooManyAttempts(seconds) => format!("Try again in {seconds} seconds."),
            Self::Unavailable => {
                "The database does not answer. Nothing was changed; try again in a moment.".to_owned()
            }
            Self::Conflict => {
                "Things have changed since the page was opened. Reload it and look again; nothing was changed."
                    .to_owned()
            }
            Self::Internal => {
                "This is a defect of Coffer. The log of the server tells more, under the number of this request."
                    .to_owned()
            }
        }
    }

    /// The refusal inside the shell of an account.
    pub(super) fn page_in(self, shell: Shell) -> RefusalPage {
        RefusalPage {
            title: self.title(),
            text: self.text(),
            is_forbidden: self == Self::Forbidden,
            shell,
        }
    }
}

/// A refusal to someone whose account is not known.
impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let page = Notice {
            title: self.title(),
            text: self.text(),
        };
        let mut response = respond_with(self.status(), &page);
        if let Self::TooManyAttempts(seconds) = self {
            let seconds = HeaderValue::from(seconds);
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}

/// A page that tells one thing.
#[derive(Template)]
#[template(path = "notice.html")]
pub(super) struct Notice {
    pub(super) title: &'static str,
    pub(super) text: String,
}

/// A refusal to someone who is signed in.
#[derive(Template)]
#[template(path = "refusal.html")]
pub(super) struct RefusalPage {
    title: &'static str,
    text: String,
    is_forbidden: bool,
    shell: Shell,
}

/// A refusal outside of any account.
pub(super) fn refused(error: &Error) -> Response {
    Refused::of(error).into_response()
}

/// What is wrong with the part of a request at this pointer, as a sentence to stand beside its field.
pub(super) fn problem_at(problems: &[Invalid], pointer: &str) -> Option<String> {
    let found = problems.iter().find(|one| one.pointer == pointer)?;
    Some(sentence(&found.problem))
}

/// A message of the engine as a sentence: without the word that programs read, and with a capital and a full stop.
pub(super) fn sentence(message: &impl std::fmt::Display) -> String {
    let text = message.to_string();
    let is_code = |word: &str| {
        word.contains('_')
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    let text = match text.split_once(": ") {
        Some((word, rest)) if is_code(word) => rest,
        _ => &text,
    };
    let mut letters = text.chars();
    let mut sentence: String = letters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    sentence.push_str(letters.as_str());
    if !sentence.ends_with(['.', '!', '?']) {
        sentence.push('.');
    }
    sentence
}

const fn sought(what: Missing) -> &'static str {
    match what {
        Missing::Account => "account",
        Missing::Store => "store",
        Missing::Secret | Missing::WorkerSecret => "secret",
        Missing::Worker => "Worker",
        Missing::Version | Missing::AnyVersion => "version",
        Missing::Deployment => "deployment",
        Missing::Session => "session",
        Missing::AuditEvent => "event",
        Missing::Member | Missing::Membership => "member",
        Missing::Invitation | Missing::LiveInvitation => "invitation",
        Missing::Token => "API token",
        Missing::PagesProject => "Pages project",
        Missing::Passkey => "passkey",
        _ => "page",
    }
}

#[cfg(test)]
mod tests {
    use coffer_engine::Problem;

    use super::*;

    #[test]
    fn messages_become_sentences() {
        assert_eq!(
            sentence(&Problem::SecretNameEmpty),
            "Give the secret a name."
        );
        assert_eq!(sentence(&"a name: must fit"), "A name: must fit.");
        assert_eq!(sentence(&""), ".");
    }
}
