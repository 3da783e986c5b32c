//! The form of a token: what was typed, what it asks for, and what is wrong with it.

use coffer_engine::{Error, Invalid, Problem, TokenSettings};
use coffer_protocol::tokens::{
    Condition, GroupRequest, PolicyRequest, RequestIp, Token, TokenRequest, TokenStatus,
};
use coffer_types::{AccountId, Effect, GroupScope, PermissionGroup, Resource, Timestamp};
use serde_json::{Map, Value};

use super::owner::Owner;
use crate::api::token_settings;
use crate::dashboard::form::Form;
use crate::dashboard::refusal::sentence;

/// A form as it was typed.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields {
    pub(super) name: String,
    pub(super) is_disabled: bool,
    /// Ids of groups.
    pub(super) groups: Vec<String>,
    /// Whether what is about accounts is about every one.
    pub(super) every_account: bool,
    /// Ids of accounts.
    pub(super) accounts: Vec<String>,
    pub(super) within: String,
    pub(super) not_in: String,
    pub(super) not_before: String,
    pub(super) expires_on: String,
}

/// What is wrong, each beside its field.
#[derive(Clone, Debug, Default)]
pub(super) struct Problems {
    pub(super) name: Option<String>,
    pub(super) groups: Option<String>,
    pub(super) accounts: Option<String>,
    pub(super) within: Option<String>,
    pub(super) not_in: Option<String>,
    pub(super) not_before: Option<String>,
    pub(super) expires_on: Option<String>,
    /// What belongs to no field.
    pub(super) other: Option<String>,
}

impl Fields {
    /// What was typed into a form.
    pub(super) fn read(form: &Form) -> Self {
        Self {
            name: form.text("name"),
            is_disabled: form.text("status") == "disabled",
            groups: form.texts("group"),
            every_account: form.text("accounts") != "some",
            accounts: form.texts("account"),
            within: form.text("within"),
            not_in: form.text("not_in"),
            not_before: form.text("not_before"),
            expires_on: form.text("expires_on"),
        }
    }

    /// Whether a group is chosen.
    pub(super) fn has(&self, group: &PermissionGroup) -> bool {
        self.groups.iter().any(|id| id == group.id)
    }

    /// Whether an account is chosen.
    pub(super) fn is_about(&self, account_id: &AccountId) -> bool {
        let id = account_id.to_string();
        self.accounts.contains(&id)
    }

    /// A token as the form shows it, and whether the form has room for all that its policies say.
    pub(super) fn of(token: &Token, owner: Owner) -> (Self, bool) {
        let ranges = |pick: fn(&RequestIp) -> &Option<Vec<String>>| {
            let condition = token.condition.as_ref();
            let ranges = condition.and_then(|condition| condition.request_ip.as_ref());
            let list = ranges.and_then(|ranges| pick(ranges).as_ref());
            list.map(|list| list.join("\n")).unwrap_or_default()
        };
        let fields = Self {
            name: token.name.to_string(),
            is_disabled: token.status == TokenStatus::Disabled,
            within: ranges(|ranges| &ranges.within),
            not_in: ranges(|ranges| &ranges.not_in),
            not_before: typed(token.not_before),
            expires_on: typed(token.expires_on),
            every_account: true,
            ..Self::default()
        };
        match fields.clone().with_policies(token, owner) {
            Some(whole) => (whole, true),
            None => (fields, false),
        }
    }

    /// The groups and accounts of the token's policies; `None` if they say more than the form can.
    fn with_policies(mut self, token: &Token, owner: Owner) -> Option<Self> {
        let mut about_accounts: Option<Vec<Resource>> = None;
        for policy in &token.policies {
            let names = policy.resources.keys();
            let resources = names.map(|name| name.parse().ok());
            let resources: Vec<Resource> = resources.collect::<Option<_>>()?;
            let is_of_user = resources
                .iter()
                .all(|one| Some(*one) == owner.user_resource());
            if policy.effect != Effect::Allow {
                return None;
            }
            if !is_of_user {
                match &about_accounts {
                    Some(others) if *others != resources => return None,
                    _ => about_accounts = Some(resources),
                }
            }
            for group in &policy.permission_groups {
                PermissionGroup::by_id(&group.id)?;
                self.groups.push(group.id.clone());
            }
        }
        let resources = about_accounts.unwrap_or_else(|| vec![Resource::EveryAccount]);
        self.every_account = resources.contains(&Resource::EveryAccount);
        for resource in resources {
            match (resource, owner) {
                (Resource::EveryAccount, _) => {}
                (Resource::Account(id), Owner::Account(own)) if id != own => return None,
                (Resource::Account(id), _) => self.accounts.push(id.to_string()),
                (Resource::User(_), _) => return None,
            }
        }
        Some(self)
    }

    /// What the form asks for. A token that is there keeps the policies that the form has no room for, and moments
    /// that were not touched.
    pub(super) fn settings(
        &self,
        owner: Owner,
        before: Option<&Token>,
    ) -> Result<TokenSettings, Error> {
        let kept = before.filter(|token| !Self::of(token, owner).1);
        let policies = match kept {
            Some(token) => token.policies.iter().map(again).collect(),
            None => self.policies(owner),
        };
        let status = if self.is_disabled {
            "disabled"
        } else {
            "active"
        };
        let lines = |text: &str| -> Vec<String> {
            let lines = text.split([',', '\n', ' ', '\r']);
            let lines = lines.filter(|line| !line.is_empty());
            lines.map(str::to_owned).collect()
        };
        token_settings(TokenRequest {
            name: Some(self.name.clone()),
            status: Some(status.to_owned()),
            policies: Some(policies),
            condition: Some(Condition {
                request_ip: Some(RequestIp {
                    within: Some(lines(&self.within)),
                    not_in: Some(lines(&self.not_in)),
                }),
            }),
            not_before: moment(&self.not_before, before.and_then(|token| token.not_before)),
            expires_on: moment(&self.expires_on, before.and_then(|token| token.expires_on)),
        })
    }

    fn policies(&self, owner: Owner) -> Vec<PolicyRequest> {
        let account_resources = match owner {
            Owner::Account(id) => vec![Resource::Account(id).to_string()],
            Owner::User(_) if self.every_account => vec![Resource::EveryAccount.to_string()],
            Owner::User(_) => {
                let ids = self.accounts.iter();
                let scope = GroupScope::Account.as_str();
                ids.map(|id| format!("{scope}.{id}")).collect()
            }
        };
        let user_resources = owner.user_resource().map(|one| one.to_string());
        let of_user = |id: &&String| {
            let group = PermissionGroup::by_id(id);
            group.is_some_and(|group| group.scope == GroupScope::User)
        };
        let (about_user, about_accounts): (Vec<_>, Vec<_>) = self.groups.iter().partition(of_user);
        let policies = [
            (about_accounts, account_resources),
            (about_user, user_resources.into_iter().collect()),
        ];
        let policies = policies
            .into_iter()
            .filter(|(groups, _)| !groups.is_empty());
        policies
            .map(|(groups, resources)| PolicyRequest {
                effect: Some("allow".to_owned()),
                permission_groups: Some(groups.into_iter().map(|id| group(id)).collect()),
                resources: Some(resources_map(resources)),
            })
            .collect()
    }
}

impl Problems {
    /// What an error says, each beside its field.
    pub(super) fn of(error: &Error) -> Self {
        let mut told = Self::default();
        let Error::Invalid(problems) = error else {
            told.other = Some(sentence(error));
            return told;
        };
        for one in problems {
            let field = match one.pointer.as_str() {
                "/name" => &mut told.name,
                "/not_before" => &mut told.not_before,
                "/expires_on" => &mut told.expires_on,
                at if at.starts_with("/condition/request_ip/in") => &mut told.within,
                at if at.starts_with("/condition/request_ip/not_in") => &mut told.not_in,
                at if at.contains("/resources") => &mut told.accounts,
                at if at.starts_with("/policies") => &mut told.groups,
                _ => &mut told.other,
            };
            field.get_or_insert_with(|| advice(one));
        }
        told
    }
}

/// What to do about a field. The engine's own words name fields as the API does.
fn advice(problem: &Invalid) -> String {
    let Problem::Token(rule) = &problem.problem else {
        return sentence(&problem.problem);
    };
    let code = rule.split_once(':').map_or("", |(code, _)| code);
    match code {
        "token_date_invalid" => "Write a date and a time of day.".to_owned(),
        "token_expired" => "Choose a moment that is yet to come.".to_owned(),
        "token_never_valid" => "It must become valid before it expires.".to_owned(),
        "token_policies_empty" => "Choose at least one permission.".to_owned(),
        "token_resources_empty" => "Choose at least one account.".to_owned(),
        _ => sentence(&problem.problem),
    }
}

/// A moment as a field for one shows it, in UTC.
fn typed(at: Option<Timestamp>) -> String {
    let text = at.map(|at| at.to_string()).unwrap_or_default();
    text.chars().take("2026-01-31T12:00:00".len()).collect()
}

/// What was typed as a moment in UTC; the moment of before if it was not touched.
fn moment(text: &str, before: Option<Timestamp>) -> Option<String> {
    match text {
        "" => None,
        same if same == typed(before) => before.map(|before| before.to_string()),
        whole if whole.ends_with('Z') => Some(whole.to_owned()),
        minute if minute.len() == "2026-01-31T12:00".len() => Some(format!("{minute}:00Z")),
        other => Some(format!("{other}Z")),
    }
}

fn again(policy: &coffer_protocol::tokens::Policy) -> PolicyRequest {
    let effect = match policy.effect {
        Effect::Allow => "allow",
        Effect::Deny => "deny",
    };
    let ids = policy.permission_groups.iter().map(|one| &one.id);
    PolicyRequest {
        effect: Some(effect.to_owned()),
        permission_groups: Some(ids.map(|id| group(id)).collect()),
        resources: Some(resources_map(policy.resources.keys().cloned().collect())),
    }
}

fn group(id: &str) -> GroupRequest {
    GroupRequest {
        id: Some(id.to_owned()),
    }
}

fn resources_map(names: Vec<String>) -> Map<String, Value> {
    let all = |name| (name, Value::String("*".to_owned()));
    names.into_iter().map(all).collect()
}
