//! Why there is nothing to upload.

use std::io;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// Why code could not be bundled.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BundleError {
    /// Nothing says where the code begins.
    #[error(
        "where does the code begin? Name the file on the command line, or as \"main\" in the configuration"
    )]
    NoEntry,
    /// The file that is named is not there.
    #[error("there is no file {}, where the code should begin", .0.display())]
    EntryMissing(PathBuf),
    /// The code is Python.
    #[error("{} is Python, which Coffer does not run", .0.display())]
    Python(PathBuf),
    /// It would have to be translated.
    #[error("{} is not JavaScript, and without bundling files are uploaded as they are: leave no_bundle out", .0.display())]
    NotJavaScript(PathBuf),
    /// esbuild is not installed.
    #[error(
        "esbuild, which bundles the code, is not installed: run `npm install --save-dev esbuild` in {}, or upload the \
         files as they are with --no-bundle", .0.display()
    )]
    EsbuildMissing(PathBuf),
    /// esbuild cannot be run.
    #[error("{} cannot be run: {source}", .program.display())]
    EsbuildFails {
        /// The program.
        program: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// esbuild refuses the code, in its own words.
    #[error("{0}")]
    Refused(String),
    /// A file or directory cannot be used.
    #[error("{} cannot be read: {reason}", .path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// A rule that cannot be followed.
    #[error("{0}")]
    Rule(String),
    /// More files than are taken.
    #[error("{} holds more than {most} files: name with base_dir where the modules are", .directory.display())]
    TooManyFiles {
        /// Where.
        directory: PathBuf,
        /// The bound.
        most: usize,
    },
    /// The project's own command failed.
    #[error("the build command `{command}` failed: {reason}")]
    Build {
        /// The command.
        command: String,
        /// How it ended.
        reason: String,
    },
}

impl BundleError {
    pub(super) fn read(path: &Path, error: &dyn std::fmt::Display) -> Self {
        Self::Unreadable {
            path: path.to_owned(),
            reason: error.to_string(),
        }
    }

    pub(super) fn outside(file: &Path, base: &Path) -> Self {
        Self::Rule(format!(
            "{} is not below {}, where modules are looked for: correct base_dir",
            file.display(),
            base.display()
        ))
    }
}

impl From<BundleError> for Failure {
    fn from(error: BundleError) -> Self {
        match error {
            BundleError::NoEntry | BundleError::Rule(_) | BundleError::NotJavaScript(_) => {
                Self::usage(error)
            }
            BundleError::EntryMissing(_) => Self::not_found(error),
            _ => Self::sentence(error),
        }
    }
}
