//! Fields that several requests of this area share, parsed into types that cannot be wrong.

use axum::extract::Path;
use coffer_engine::{Error, Invalid, Missing, Problem};
use coffer_types::{AccountId, Email, MemberId, Role};
use serde::Deserialize;

/// The member of a path.
#[derive(Debug, Deserialize)]
pub(super) struct MemberPath {
    member_id: String,
}

impl MemberPath {
    /// The member's id; a text that is none names no member.
    pub(super) fn id(Path(path): &Path<Self>) -> Result<MemberId, Error> {
        path.member_id.parse().map_err(|_| Missing::Member.into())
    }
}

/// What a member is to be: roles, or the same written as policies.
#[derive(Debug, Deserialize)]
pub(super) struct Membership {
    roles: Option<Vec<Named>>,
    policies: Option<Vec<PolicyFields>>,
}

/// Something by its id: bare, or in an object with whatever else clients repeat.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Named {
    Bare(String),
    Object { id: String },
}

impl Named {
    fn id(&self) -> &str {
        match self {
            Self::Bare(id) | Self::Object { id } => id,
        }
    }
}

#[derive(Debug, Deserialize)]
struct PolicyFields {
    access: String,
    #[serde(default)]
    permission_groups: Vec<Named>,
    #[serde(default)]
    resource_groups: Vec<Named>,
}

/// Gathers the problems of a request, so that one answer names them all.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<Invalid>);

impl Problems {
    pub(super) fn note(&mut self, pointer: impl Into<String>, problem: Problem) {
        let pointer = pointer.into();
        self.0.push(Invalid { pointer, problem });
    }

    pub(super) fn email(&mut self, text: &str) -> Option<Email> {
        match Email::normalised(text) {
            Ok(email) => Some(email),
            Err(error) => {
                self.note("/email", Problem::Email(error));
                None
            }
        }
    }

    /// The roles that are asked for, each once: by themselves, by policies, or by both alike.
    pub(super) fn roles(&mut self, account_id: AccountId, asked: &Membership) -> Vec<Role> {
        let by_id = asked
            .roles
            .as_deref()
            .map(|roles| self.known("/roles", roles));
        let by_policies = asked
            .policies
            .as_deref()
            .map(|policies| self.of_policies(account_id, policies));
        match (by_id, by_policies) {
            (Some(roles), None) | (None, Some(roles)) => roles,
            (Some(roles), Some(others)) => {
                // Both are in the order in which roles are listed.
                if self.0.is_empty() && roles != others {
                    let rule = "send roles or policies; together they must mean the same";
                    self.note("/policies", Problem::NotOffered(rule));
                }
                roles
            }
            (None, None) => self.known("/roles", &[]),
        }
    }

    /// A member's policy allows roles in the whole account; nothing else can be had.
    fn of_policies(&mut self, account_id: AccountId, policies: &[PolicyFields]) -> Vec<Role> {
        if policies.is_empty() {
            self.note("/policies", Problem::RolesEmpty);
        }
        let mut roles = Vec::new();
        for (index, policy) in policies.iter().enumerate() {
            let at = format!("/policies/{index}");
            if policy.access != "allow" {
                let rule = "a member's policy can only allow: leave the role out instead";
                self.note(format!("{at}/access"), Problem::NotOffered(rule));
            }
            let groups = self.known(
                &format!("{at}/permission_groups"),
                &policy.permission_groups,
            );
            roles.extend(groups);
            self.whole_account(&at, account_id, &policy.resource_groups);
        }
        each_once(&roles)
    }

    fn whole_account(&mut self, at: &str, account_id: AccountId, groups: &[Named]) {
        const RULE: &str =
            "a member's policy is about the whole account: name the account's id alone";
        if groups.is_empty() {
            self.note(format!("{at}/resource_groups"), Problem::NotOffered(RULE));
        }
        for (index, group) in groups.iter().enumerate() {
            if group.id() != account_id.to_string() {
                let pointer = format!("{at}/resource_groups/{index}");
                self.note(pointer, Problem::NotOffered(RULE));
            }
        }
    }

    fn known(&mut self, at: &str, named: &[Named]) -> Vec<Role> {
        if named.is_empty() {
            self.note(at, Problem::RolesEmpty);
        }
        let mut roles = Vec::new();
        for (index, one) in named.iter().enumerate() {
            match Role::by_id(one.id()) {
                Some(role) => roles.push(role),
                None => self.note(format!("{at}/{index}"), Problem::RoleUnknown),
            }
        }
        each_once(&roles)
    }

    /// The refusal, if there was a problem.
    pub(super) fn into_result(self) -> Result<(), Error> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(self.0))
        }
    }
}

/// Each role once, in the order in which roles are listed.
fn each_once(roles: &[Role]) -> Vec<Role> {
    let named = |role: &Role| roles.contains(role);
    Role::ALL.into_iter().filter(named).collect()
}
