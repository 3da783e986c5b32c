//! Why a command failed, and its exit code.

use std::fmt::Display;
use std::process::ExitCode;

use coffer_engine::Error as EngineError;

/// A failed command. Exit codes: 1 error, 2 usage, 3 not found, 4 denied, 5 conflict.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    code: u8,
}

impl Failure {
    /// An error of what was being done, with its cause.
    pub(crate) fn error(doing: &str, cause: impl Display) -> Self {
        Self {
            message: format!("{doing}: {cause}"),
            code: 1,
        }
    }

    /// An error whose sentence says it all.
    pub(crate) fn sentence(message: impl Display) -> Self {
        Self {
            message: message.to_string(),
            code: 1,
        }
    }

    /// Exit code 1 where what was printed says it all.
    pub(crate) const fn silent() -> Self {
        Self {
            message: String::new(),
            code: 1,
        }
    }

    /// A program that was run for somebody, and how it ended: its exit code is the command's.
    pub(crate) const fn of_program(code: u8) -> Self {
        Self {
            message: String::new(),
            code,
        }
    }

    /// A program that cannot be run, with the exit code that shells have for it.
    pub(crate) fn no_program(message: impl Display, code: u8) -> Self {
        Self {
            message: message.to_string(),
            code,
        }
    }

    /// A wrong argument or setting.
    pub(crate) fn usage(message: impl Display) -> Self {
        Self {
            message: message.to_string(),
            code: 2,
        }
    }

    /// Something that is not there.
    pub(crate) fn not_found(message: impl Display) -> Self {
        Self {
            message: message.to_string(),
            code: 3,
        }
    }

    /// Something that may not be done.
    pub(crate) fn denied(message: impl Display) -> Self {
        Self {
            message: message.to_string(),
            code: 4,
        }
    }

    /// Something that is in the way.
    pub(crate) fn conflict(message: impl Display) -> Self {
        Self {
            message: message.to_string(),
            code: 5,
        }
    }

    /// The same failure, with a sentence about what to do next.
    pub(crate) fn advised(mut self, advice: &str) -> Self {
        self.message = format!("{}; {advice}", self.message);
        self
    }

    /// The same, after what was done before it failed.
    pub(crate) fn after(mut self, done: impl Display) -> Self {
        self.message = format!("{done}: {}", self.message);
        self
    }

    pub(crate) fn message(&self) -> String {
        self.message.clone()
    }

    pub(crate) const fn is_not_found(&self) -> bool {
        self.code == 3
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        let code = match &error {
            EngineError::Invalid(_) => 2,
            EngineError::NotFound(_) => 3,
            EngineError::Unauthenticated(_)
            | EngineError::Denied
            | EngineError::BeyondBindings(_)
            | EngineError::NoUser
            | EngineError::WrongLocation(_)
            | EngineError::TooManyAttempts { .. } => 4,
            EngineError::Conflict(_) | EngineError::LimitExceeded(_) => 5,
            EngineError::Unavailable(_) | EngineError::Internal(_) => 1,
        };
        Self {
            message: error.to_string(),
            code,
        }
    }
}
