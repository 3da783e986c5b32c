//! The top level of a file and the environment that is laid over it.

use crate::field::{Field, Table};
use crate::keys::{self, Reach, Use};
use crate::report::Report;
use crate::words::{quoted, unknown};

/// Where a key is looked up.
pub(crate) struct Layers<'a> {
    top: Table<'a>,
    environment: Option<Environment<'a>>,
    pub(crate) report: &'a Report<'a>,
}

struct Environment<'a> {
    name: &'a str,
    table: Table<'a>,
}

impl<'a> Layers<'a> {
    pub(crate) fn new(top: Table<'a>, environment: Option<(&'a str, Table<'a>)>) -> Self {
        Self {
            report: top.report,
            top,
            environment: environment.map(|(name, table)| Environment { name, table }),
        }
    }

    /// The environment's value of a key, or the top level's if the key is inherited.
    pub(crate) fn field(&self, key: &str) -> Option<Field<'a>> {
        let reach = keys::known(key).map_or(Reach::Inherited, |known| known.reach);
        let own = self.environment_field(key);
        match (&self.environment, reach) {
            (None, _) | (_, Reach::Top) => self.top.field(key),
            (Some(_), Reach::Inherited) => own.or_else(|| self.top.field(key)),
            (Some(_), Reach::Own) => own,
        }
    }

    /// The environment's own value of a key.
    pub(crate) fn environment_field(&self, key: &str) -> Option<Field<'a>> {
        self.environment.as_ref()?.table.field(key)
    }

    /// The top level's value of a key.
    pub(crate) fn top_field(&self, key: &str) -> Option<Field<'a>> {
        self.top.field(key)
    }

    pub(crate) fn environment_name(&self) -> Option<&'a str> {
        self.environment.as_ref().map(|one| one.name)
    }

    /// Warns of every key that is not read, by name and line.
    pub(crate) fn check_keys(&self) {
        check_keys(&self.top, None);
        if let Some(environment) = &self.environment {
            check_keys(&environment.table, Some(environment.name));
            self.check_own(environment);
        }
    }

    /// Warns of keys that the environment should say for itself and does not.
    fn check_own(&self, environment: &Environment<'a>) {
        let name = environment.name;
        for member in self.top.members() {
            let key = &member.key;
            let own = keys::known(key)
                .is_some_and(|known| known.reach == Reach::Own && known.used == Use::Read);
            if own && environment.table.field(key).is_none() {
                let message = format!(
                    "\"{key}\" is not inherited, and \"env.{name}\" has none; repeat it there if it is wanted"
                );
                self.report.warning(&member.key_span, message);
            }
        }
        for (key, what) in [("vars", "variable"), ("define", "definition")] {
            let members = |field: Option<Field<'a>>| field.filter(Field::is_object)?.table();
            let (Some(top), Some(own)) = (
                members(self.top.field(key)),
                members(environment.table.field(key)),
            ) else {
                continue;
            };
            let own: std::collections::HashSet<_> =
                own.members().iter().map(|one| one.key.as_str()).collect();
            for member in top.members() {
                if !own.contains(member.key.as_str()) && !self.report.is_full() {
                    let shown = quoted(&member.key);
                    let message = format!(
                        "the {what} {shown} is not inherited, and \"env.{name}.{key}\" lacks it; repeat it there if \
                         it is wanted"
                    );
                    self.report.warning(&member.key_span, message);
                }
            }
        }
    }
}

fn check_keys(table: &Table<'_>, environment: Option<&str>) {
    let names = keys::names();
    table.warn_of_repeated();
    for member in table.members() {
        let (key, span) = (member.key.as_str(), &member.key_span);
        let path = table.path_of(key);
        if table.report.is_full() {
            return;
        }
        let message = match keys::known(key) {
            None => unknown(&table.path, key, &names),
            Some(known) => match known.used {
                // Tools write lists of what there is none of.
                Use::Unsupported if member.value.is_empty() => continue,
                Use::Unsupported => {
                    format!("\"{path}\" belongs to what Coffer does not run; it is not read")
                }
                Use::Old(instead) => format!("\"{path}\" is no longer read; {instead}"),
                _ if environment.is_some() && known.reach == Reach::Top => {
                    format!(
                        "\"{path}\" is not read: \"{key}\" belongs to the top level of the file"
                    )
                }
                _ => continue,
            },
        };
        table.report.warning(span, message);
    }
}
