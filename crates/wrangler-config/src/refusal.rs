//! Why a project's configuration cannot be used.

use std::path::{Path, PathBuf};

use crate::bounds::MAX_FILE_BYTES;
use crate::problem::Problem;

/// Why a file cannot be used. `Display` says it in full, several lines for what has a place in the file.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The file cannot be read.
    #[error("failed to read {}: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// The file is too large.
    #[error("{} has more than {MAX_FILE_BYTES} bytes; is it the file that is meant?", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The file is no text.
    #[error("{} is not UTF-8; save it as UTF-8", path.display())]
    Encoding {
        /// The file.
        path: PathBuf,
    },
    /// The file's name tells no format.
    #[error("{} is neither .json, .jsonc nor .toml", path.display())]
    Format {
        /// The file.
        path: PathBuf,
    },
    /// Something in the file is wrong.
    #[error("{}", joined(.0))]
    Invalid(Vec<Problem>),
    /// What a build tool left cannot be used.
    #[error("{} {message}", path.display())]
    Built {
        /// The file.
        path: PathBuf,
        /// Why, and what to do.
        message: String,
    },
    /// A value of a `.env` file becomes larger than a file may be.
    #[error("{}: the value of {name} refers to others until it is too large", path.display())]
    Grown {
        /// The last file that was read.
        path: PathBuf,
        /// The entry.
        name: String,
    },
    /// The environment is not in the file.
    #[error("{} has no environment {name:?}; {}", path.display(), existing(.known))]
    UnknownEnvironment {
        /// The file.
        path: PathBuf,
        /// What was asked for.
        name: String,
        /// Those that are there.
        known: Vec<String>,
    },
}

fn joined(problems: &[Problem]) -> String {
    let all: Vec<_> = problems.iter().map(ToString::to_string).collect();
    all.join("\n")
}

fn existing(known: &[String]) -> String {
    if known.is_empty() {
        return "it has none (each is an object in \"env\")".to_owned();
    }
    format!("it has {}", known.join(", "))
}

/// Reads a file within the bound.
pub(crate) fn read(path: &Path) -> Result<String, Refusal> {
    use std::io::Read as _;
    let unreadable = |cause| Refusal::Unreadable {
        path: path.to_owned(),
        cause,
    };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(Refusal::TooLarge {
            path: path.to_owned(),
        });
    }
    String::from_utf8(bytes).map_err(|_| Refusal::Encoding {
        path: path.to_owned(),
    })
}
