//! Pages: projects, their environments and their branches.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::binding::Binding;
use crate::limits;
use crate::name::{InvalidName, PagesBranch};

/// The most characters of a branch's name in a host name. The documented length of an alias.
const MAX_ALIAS_CHARS: usize = 28;

/// One of a project's two environments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PagesEnvironment {
    /// What the production branch is deployed to.
    Production,
    /// What every other branch is deployed to.
    Preview,
}

impl PagesEnvironment {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Production, Self::Preview];

    /// The environment's word in storage and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Preview => "preview",
        }
    }
}

impl fmt::Display for PagesEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How deployments to one environment run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PagesConfiguration {
    /// Variables and secrets by name, sorted. Only of the kinds `plain_text` and `secret_text`.
    pub variables: Vec<Binding>,
    /// The runtime's behaviour is fixed at this date, `YYYY-MM-DD`; that of the project's making if none is set.
    pub compatibility_date: Option<String>,
    /// Exceptions to that date.
    pub compatibility_flags: Vec<String>,
    /// Whether static files are served when functions cannot be; kept for clients.
    pub fail_open: bool,
    /// Whether each deployment takes the newest date; kept for clients.
    pub always_use_latest_compatibility_date: bool,
    /// The image that builds it; kept for clients.
    pub build_image_major_version: u32,
    /// The digest of the file that the configuration came from; kept for clients.
    pub wrangler_config_hash: Option<String>,
    /// The bound on CPU time; kept for clients.
    pub limits: Option<serde_json::Value>,
    /// Where it should run; kept for clients.
    pub placement: Option<serde_json::Value>,
}

impl Default for PagesConfiguration {
    fn default() -> Self {
        Self {
            variables: Vec::new(),
            compatibility_date: None,
            compatibility_flags: Vec::new(),
            fail_open: true,
            always_use_latest_compatibility_date: false,
            build_image_major_version: 3,
            wrangler_config_hash: None,
            limits: None,
            placement: None,
        }
    }
}

/// The configurations of both environments.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PagesConfigurations {
    /// That of production.
    pub production: PagesConfiguration,
    /// That of previews.
    pub preview: PagesConfiguration,
}

impl PagesConfigurations {
    /// That of one environment.
    pub const fn of(&self, environment: PagesEnvironment) -> &PagesConfiguration {
        match environment {
            PagesEnvironment::Production => &self.production,
            PagesEnvironment::Preview => &self.preview,
        }
    }

    /// That of one environment, to be changed.
    pub const fn of_mut(&mut self, environment: PagesEnvironment) -> &mut PagesConfiguration {
        match environment {
            PagesEnvironment::Production => &mut self.production,
            PagesEnvironment::Preview => &mut self.preview,
        }
    }
}

impl PagesBranch {
    /// The branch as a label of host names: what is no letter or digit becomes one dash; `None` if nothing is left.
    pub fn alias(&self) -> Option<String> {
        let mut label = String::new();
        for character in self.as_str().chars() {
            let lower = character.to_ascii_lowercase();
            if lower.is_ascii_alphanumeric() {
                label.push(lower);
            } else if !label.is_empty() && !label.ends_with('-') {
                label.push('-');
            }
        }
        label.truncate(MAX_ALIAS_CHARS);
        let label = label.trim_end_matches('-');
        (!label.is_empty()).then(|| label.to_owned())
    }
}

pub(crate) fn check_project_name(text: &str) -> Result<(), InvalidName> {
    if text.is_empty() {
        return Err(InvalidName::Empty);
    }
    if text.len() > limits::MAX_PAGES_PROJECT_NAME_CHARS {
        return Err(InvalidName::TooLong {
            max: limits::MAX_PAGES_PROJECT_NAME_CHARS,
            unit: "characters",
        });
    }
    let fits = text
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-');
    if fits {
        Ok(())
    } else {
        Err(InvalidName::Form {
            allowed: "lower-case letters, digits and -, not starting or ending with -",
        })
    }
}

pub(crate) fn check_branch(text: &str) -> Result<(), InvalidName> {
    if text.is_empty() {
        return Err(InvalidName::Empty);
    }
    if text.len() > limits::MAX_PAGES_BRANCH_BYTES {
        return Err(InvalidName::TooLong {
            max: limits::MAX_PAGES_BRANCH_BYTES,
            unit: "bytes",
        });
    }
    if text
        .chars()
        .any(|one| one.is_whitespace() || one.is_control())
    {
        return Err(InvalidName::Form {
            allowed: "printable characters without spaces",
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::PagesProjectName;

    #[test]
    fn project_names_are_host_labels() {
        for good in ["a", "my-site", "0", &"x".repeat(58)] {
            assert!(good.parse::<PagesProjectName>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "My",
            "-a",
            "a-",
            "a_b",
            "a.b",
            "a b",
            "é",
            &"x".repeat(59),
        ] {
            assert!(bad.parse::<PagesProjectName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_branch_is_a_label_in_host_names() {
        for (branch, alias) in [
            ("main", Some("main")),
            ("feature/New_Thing", Some("feature-new-thing")),
            ("--x--", Some("x")),
            ("é", None),
            (
                "dependabot/npm_and_yarn/lodash-4.17.21",
                Some("dependabot-npm-and-yarn-loda"),
            ),
            (
                "aaaaaaaaaaaaaaaaaaaaaaaaaaa/b",
                Some("aaaaaaaaaaaaaaaaaaaaaaaaaaa"),
            ),
        ] {
            let branch: PagesBranch = branch.parse().unwrap();
            assert_eq!(branch.alias().as_deref(), alias, "{branch}");
        }
        for bad in ["", "a b", "a\nb", "a\0", &"x".repeat(256)] {
            assert!(bad.parse::<PagesBranch>().is_err(), "{bad}");
        }
    }
}
