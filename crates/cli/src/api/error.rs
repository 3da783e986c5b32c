//! Why a call of the API failed.

use coffer_protocol::v4::ErrorInfo;
use http::StatusCode;

use crate::failure::Failure;
use crate::output::printable;

/// A failed call.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    /// The token or key has characters that no header can have.
    #[error(
        "the API token or key holds a line break or another character that none has: copy it again, without spaces \
         around it"
    )]
    Credentials,
    /// The address is none.
    #[error("{0}")]
    Address(String),
    /// No answer came.
    #[error("{place} cannot be reached: {reason}; {outcome}")]
    Away {
        /// Where it should be.
        place: String,
        /// What the system says.
        reason: String,
        /// Whether anything was done.
        outcome: Outcome,
    },
    /// The server says no.
    #[error("{}", .errors.iter().map(told).collect::<Vec<_>>().join("\n"))]
    Refused {
        /// The status.
        status: StatusCode,
        /// Why.
        errors: Vec<ErrorInfo>,
    },
    /// Something else answered.
    #[error(
        "what answered with status {status} is not Coffer's API: check COFFER_API_URL, and proxies before it; {outcome}"
    )]
    NotTheApi {
        /// The status.
        status: StatusCode,
        /// Whether anything was done: a gateway may have lost the answer.
        outcome: Outcome,
    },
    /// A newer or older server.
    #[error(
        "the server's answer has another shape than this coffer knows ({0}): use the coffer of the server's version"
    )]
    UnknownShape(serde_json::Error),
}

/// Whether a request whose answer is missing was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was never sent.
    NothingDone,
    /// It only asked.
    OnlyRead,
    /// It was sent, and the answer was lost.
    Unknown,
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NothingDone => "nothing was sent, and nothing was changed",
            Self::OnlyRead => "nothing was changed",
            Self::Unknown => {
                "the request was sent and its answer was lost, so it may or may not have been carried out: look before \
                 you repeat it"
            }
        })
    }
}

/// An error as it is told: its sentence, whose further lines are set in, and the number to look up.
fn told(error: &ErrorInfo) -> String {
    let lines: Vec<_> = error.message.lines().map(printable).collect();
    format!("{} [code: {}]", lines.join("\n  "), error.code)
}

impl ApiError {
    /// Whether the server named this code.
    pub(crate) fn has_code(&self, code: u32) -> bool {
        matches!(self, Self::Refused { errors, .. } if errors.iter().any(|error| error.code == code))
    }

    /// Whether the server's sentence begins with this word, as `store_not_found`: some codes are those of several.
    pub(crate) fn says(&self, word: &str) -> bool {
        matches!(self, Self::Refused { errors, .. } if errors.iter().any(|error| error.message.starts_with(word)))
    }

    /// The status, if the server answered.
    pub(crate) const fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Refused { status, .. } | Self::NotTheApi { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether a connection that broke may have been the reason, or a gateway that met no server. Writes carry a key,
    /// so that they are done once.
    pub(super) const fn is_worth_another_try(&self) -> bool {
        match self {
            Self::Away { outcome, .. } => !matches!(outcome, Outcome::NothingDone),
            Self::NotTheApi { status, .. } => matches!(status.as_u16(), 502..=504),
            _ => false,
        }
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        let hint = match error.status() {
            Some(StatusCode::UNAUTHORIZED) => {
                "\nthe token or key is missing, wrong, expired or disabled: `coffer whoami` shows who you are, \
                 `coffer login` makes a new one"
            }
            Some(StatusCode::FORBIDDEN) => {
                "\nthe token or role lacks a permission for this: `coffer whoami` shows who you are"
            }
            _ => "",
        };
        let message = format!("{error}{hint}");
        // A limit of the account is in the way; nothing is wrong with what was sent.
        if error.says("maximum_") {
            return Self::conflict(message);
        }
        if matches!(error, ApiError::Address(_) | ApiError::Credentials) {
            return Self::usage(message);
        }
        match error.status() {
            Some(StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY) => {
                Self::usage(message)
            }
            Some(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => Self::denied(message),
            Some(StatusCode::NOT_FOUND) => Self::not_found(message),
            Some(StatusCode::CONFLICT) => Self::conflict(message),
            _ => Self::sentence(message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_message_stay_lines_and_move_no_cursor() {
        let error: ErrorInfo = serde_json::from_value(serde_json::json!({
            "code": 10021, "message": "it does not start:\nline 3\u{1b}[2J",
        }))
        .unwrap();
        assert_eq!(
            told(&error),
            "it does not start:\n  line 3\u{fffd}[2J [code: 10021]"
        );
    }
}
