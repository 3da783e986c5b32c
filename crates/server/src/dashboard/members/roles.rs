//! The roles in a form: each with what it is for, and whether it is chosen.

use coffer_engine::{Conflict, Error, Problem};
use coffer_protocol::members::Member;
use coffer_types::Role;

use crate::dashboard::form::Form;
use crate::dashboard::refusal::sentence;

/// A role that can be chosen.
pub(super) struct Choice {
    pub(super) role: Role,
    pub(super) is_chosen: bool,
}

/// The roles, and what is wrong with what was chosen.
pub(super) struct Choices {
    pub(super) roles: Vec<Choice>,
    pub(super) problem: Option<String>,
}

impl Choices {
    pub(super) fn of(chosen: &[Role]) -> Self {
        let roles = Role::ALL.into_iter().map(|role| Choice {
            role,
            is_chosen: chosen.contains(&role),
        });
        Self {
            roles: roles.collect(),
            problem: None,
        }
    }

    /// The same, with what is wrong with them if it is about them.
    pub(super) fn with_problem(mut self, error: &Error) -> Self {
        self.problem = match error {
            Error::Conflict(Conflict::LastSuperAdministrator) => Some(LAST.to_owned()),
            Error::Invalid(problems) => problems
                .iter()
                .find(|one| one.pointer.starts_with("/roles"))
                .map(|one| sentence(&one.problem)),
            _ => None,
        };
        self
    }
}

/// Why the last Super Administrator stays.
pub(super) const LAST: &str =
    "Nobody else is a Super Administrator of this account. Give somebody else that role first.";

/// The roles that a form names, each once.
pub(super) fn chosen(form: &Form) -> Vec<Role> {
    let named = form.texts("role");
    let is_named = |role: &Role| named.iter().any(|word| word == role.as_str());
    Role::ALL.into_iter().filter(is_named).collect()
}

/// Those of a member.
pub(super) fn of_member(member: &Member) -> Vec<Role> {
    let ids = member.roles.iter();
    ids.filter_map(|role| Role::by_id(&role.id)).collect()
}

/// Refuses that there are none.
pub(super) fn check(roles: &[Role]) -> Result<(), Error> {
    match roles.is_empty() {
        true => Err(Error::invalid("/roles", Problem::RolesEmpty)),
        false => Ok(()),
    }
}
