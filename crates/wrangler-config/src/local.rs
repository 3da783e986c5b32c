//! The values that local development gives a Worker: from `.dev.vars` or, if there is none, from `.env`.
//!
//! Values are held in memory that is wiped, and no message and no `Debug` shows one.

mod expand;

use std::collections::HashSet;
use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::bounds::MAX_FILE_BYTES;
use crate::config::Config;
use crate::refusal::Refusal;
use crate::source::beside;

/// Names and values of this process's environment.
pub type Environment = Vec<(String, Zeroizing<String>)>;

/// Where local values come from.
pub struct LocalSources<'a> {
    /// The directory of the configuration file.
    pub directory: &'a Path,
    /// The environment of the configuration.
    pub environment: Option<&'a str>,
    /// Files that take the place of all others, the last counting most; paths from the directory.
    pub files: &'a [PathBuf],
    /// Whether `.env` files are read where there is no `.dev.vars`.
    pub dot_env: bool,
    /// Whether everything in this process's environment is a value too, where `.env` files are read.
    pub process_values: bool,
    /// This process's environment; asked for only if it is needed.
    pub process: &'a dyn Fn() -> Environment,
}

/// A name with its value.
pub struct LocalValue {
    /// The name.
    pub name: String,
    /// The value, wiped when it is dropped.
    pub value: Zeroizing<String>,
}

/// What was found.
#[derive(Debug, Default)]
pub struct LocalValues {
    /// Each name once. They count more than variables of the configuration.
    pub values: Vec<LocalValue>,
    /// The files they are from, in the order in which they were read.
    pub files: Vec<PathBuf>,
    /// Names of `secrets.required` that have no value.
    pub missing: Vec<String>,
    /// Files with the lines, counted from 1, that are neither an entry nor a comment.
    pub ignored_lines: Vec<(PathBuf, Vec<usize>)>,
}

impl fmt::Debug for LocalValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalValue")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl LocalSources<'_> {
    /// The values for a Worker: if its configuration has `secrets`, only those that it requires and those that stand
    /// in for a variable; else all.
    ///
    /// # Errors
    /// If a file cannot be read, or a value of a `.env` file grows too large as references are put in.
    pub fn read(&self, config: &Config) -> Result<LocalValues, Refusal> {
        let required = config.required_secrets.as_deref();
        let mut found = self.read_all(self.process_values || required.is_some())?;
        if let Some(required) = required {
            let variables = config.vars.iter().map(|variable| variable.name.as_str());
            let wanted: HashSet<&str> = required
                .iter()
                .map(String::as_str)
                .chain(variables)
                .collect();
            found
                .values
                .retain(|value| wanted.contains(value.name.as_str()));
            let there: HashSet<&str> = found.values.iter().map(|one| one.name.as_str()).collect();
            let missing = required
                .iter()
                .filter(|name| !there.contains(name.as_str()));
            found.missing = missing.cloned().collect();
        }
        Ok(found)
    }

    /// Every value of the files, whatever a configuration says.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_every(&self) -> Result<LocalValues, Refusal> {
        self.read_all(self.process_values)
    }

    fn read_all(&self, with_process: bool) -> Result<LocalValues, Refusal> {
        let mut found = LocalValues::default();
        if self.files.is_empty()
            && let Some(path) = self.dev_vars()
        {
            add(&mut found, &path)?;
            return Ok(found);
        }
        if !self.dot_env {
            return Ok(found);
        }
        for path in self.dot_env_files() {
            add(&mut found, &path)?;
        }
        let process = if with_process {
            (self.process)()
        } else {
            Environment::new()
        };
        found.values = expand::expand(found.values, process).map_err(|name| Refusal::Grown {
            path: found.files.last().cloned().unwrap_or_default(),
            name,
        })?;
        Ok(found)
    }

    /// `.dev.vars` of the environment, or else of all.
    fn dev_vars(&self) -> Option<PathBuf> {
        let own = self.environment.map(|name| format!(".dev.vars.{name}"));
        own.into_iter()
            .chain([".dev.vars".to_owned()])
            .map(|name| beside(self.directory, name))
            .find(|path| path.is_file())
    }

    /// The named files, or those of the usual names that are there.
    fn dot_env_files(&self) -> Vec<PathBuf> {
        if !self.files.is_empty() {
            let files = self.files.iter();
            return files.map(|path| beside(self.directory, path)).collect();
        }
        let mut names = vec![".env".to_owned(), ".env.local".to_owned()];
        if let Some(environment) = self.environment {
            names.push(format!(".env.{environment}"));
            names.push(format!(".env.{environment}.local"));
        }
        let paths = names.into_iter().map(|name| beside(self.directory, name));
        paths.filter(|path| path.is_file()).collect()
    }
}

/// Adds a file's values, in place of earlier ones of their names.
fn add(found: &mut LocalValues, path: &Path) -> Result<(), Refusal> {
    let text = read_secret(path)?;
    let file = coffer_secrets_file::read_dotenv(&text);
    for entry in file.entries {
        let Some(value) = entry.value else { continue };
        let name = entry.name;
        match found.values.iter_mut().find(|one| one.name == name) {
            Some(earlier) => earlier.value = value,
            None => found.values.push(LocalValue { name, value }),
        }
    }
    if !file.ignored_lines.is_empty() {
        found
            .ignored_lines
            .push((path.to_owned(), file.ignored_lines));
    }
    found.files.push(path.to_owned());
    Ok(())
}

/// A file's text within the bound, in memory that is wiped.
fn read_secret(path: &Path) -> Result<Zeroizing<String>, Refusal> {
    let unreadable = |cause| Refusal::Unreadable {
        path: path.to_owned(),
        cause,
    };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let size = file.metadata().map_err(unreadable)?.len();
    let too_large = || Refusal::TooLarge {
        path: path.to_owned(),
    };
    if size > MAX_FILE_BYTES {
        return Err(too_large());
    }
    // As large as it will be from the beginning: text that moves as it grows would leave itself behind.
    let room = usize::try_from(MAX_FILE_BYTES).unwrap_or(0) + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    file.take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(too_large());
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| Refusal::Encoding {
        path: path.to_owned(),
    })?;
    Ok(Zeroizing::new(text.to_owned()))
}

#[cfg(test)]
mod tests;
