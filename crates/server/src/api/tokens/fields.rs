//! What a token is asked to be, parsed into types that cannot be wrong.

use axum::extract::Path;
use coffer_engine::{Error, Invalid, Missing, Problem, TokenSettings};
use coffer_protocol::tokens::{Condition, GroupRequest, PolicyRequest, TokenRequest};
use coffer_types::limits::{
    MAX_GROUPS_PER_TOKEN, MAX_IP_RANGES_PER_LIST, MAX_POLICIES_PER_TOKEN, MAX_RESOURCES_PER_TOKEN,
};
use coffer_types::{
    Effect, IpCondition, IpRange, PermissionGroup, Policy, Resource, Timestamp, TokenId, TokenName,
};
use serde::Deserialize;
use serde_json::{Map, Value};

/// How much of a wrong text its refusal repeats, in characters.
const MAX_REPEATED_CHARS: usize = 100;
/// What the resources of zones begin with, which Coffer does not have.
const ZONES: &str = "com.cloudflare.api.account.zone";

/// The token of a path.
#[derive(Debug, Deserialize)]
pub(super) struct TokenPath {
    token_id: String,
}

impl TokenPath {
    /// The token's id; a text that is none names no token.
    pub(super) fn id(Path(path): &Path<Self>) -> Result<TokenId, Error> {
        path.token_id.parse().map_err(|_| Missing::Token.into())
    }
}

/// Reads what a token is asked to be, or refuses it naming all that is wrong.
pub(crate) fn settings(request: TokenRequest) -> Result<TokenSettings, Error> {
    let mut fields = Fields::default();
    let name = fields.name(request.name.as_deref());
    let enabled = fields.status(request.status.as_deref());
    let policies = fields.policies(request.policies.unwrap_or_default());
    let condition = fields.condition(request.condition.unwrap_or_default());
    let not_before = fields.moment("/not_before", request.not_before.as_deref());
    let expires_on = fields.moment("/expires_on", request.expires_on.as_deref());
    match name {
        Some(name) if fields.wrong.is_empty() => Ok(TokenSettings {
            name,
            enabled,
            policies,
            condition,
            not_before,
            expires_on,
        }),
        _ => Err(Error::Invalid(fields.wrong)),
    }
}

/// Gathers what is wrong, so that one answer names it all. What is wrong is left out of what is parsed.
#[derive(Debug, Default)]
struct Fields {
    wrong: Vec<Invalid>,
}

impl Fields {
    fn refuse(&mut self, pointer: impl Into<String>, rule: impl Into<String>) {
        self.wrong.push(Invalid {
            pointer: pointer.into(),
            problem: Problem::Token(rule.into()),
        });
    }

    fn name(&mut self, name: Option<&str>) -> Option<TokenName> {
        let parsed = name.unwrap_or_default().parse();
        parsed
            .map_err(|error| {
                self.wrong.push(Invalid {
                    pointer: "/name".to_owned(),
                    problem: Problem::TokenName(error),
                });
            })
            .ok()
    }

    fn status(&mut self, status: Option<&str>) -> Option<bool> {
        match status {
            None => None,
            Some("active") => Some(true),
            Some("disabled") => Some(false),
            Some(_) => {
                let rule = "token_status_invalid: status must be active or disabled; a token becomes expired by its \
                            expires_on";
                self.refuse("/status", rule);
                None
            }
        }
    }

    fn moment(&mut self, pointer: &str, text: Option<&str>) -> Option<Timestamp> {
        let parsed = text?.parse();
        if parsed.is_err() {
            let rule = format!(
                "token_date_invalid: {} must be a date and time such as 2027-01-31T12:00:00Z",
                pointer.trim_start_matches('/'),
            );
            self.refuse(pointer, rule);
        }
        parsed.ok()
    }

    fn condition(&mut self, condition: Condition) -> IpCondition {
        let ranges = condition.request_ip.unwrap_or_default();
        IpCondition {
            within: self.ranges("in", &ranges.within.unwrap_or_default()),
            not_in: self.ranges("not_in", &ranges.not_in.unwrap_or_default()),
        }
    }

    fn ranges(&mut self, list: &str, texts: &[String]) -> Vec<IpRange> {
        let at = format!("/condition/request_ip/{list}");
        if texts.len() > MAX_IP_RANGES_PER_LIST {
            let rule = format!(
                "token_condition_too_long: name at most {MAX_IP_RANGES_PER_LIST} addresses or ranges"
            );
            self.refuse(at, rule);
            return Vec::new();
        }
        let mut ranges = Vec::with_capacity(texts.len());
        for (index, text) in texts.iter().enumerate() {
            match text.parse() {
                Ok(range) => ranges.push(range),
                Err(error) => {
                    let rule = format!("token_address_invalid: {} {error}", repeated(text));
                    self.refuse(format!("{at}/{index}"), rule);
                }
            }
        }
        ranges
    }

    fn policies(&mut self, requests: Vec<PolicyRequest>) -> Vec<Policy> {
        if let Some((pointer, rule)) = over_a_bound(&requests) {
            self.refuse(pointer, rule);
            return Vec::new();
        }
        let mut policies = Vec::with_capacity(requests.len());
        for (index, request) in requests.into_iter().enumerate() {
            let at = format!("/policies/{index}");
            let effect = self.effect(&at, request.effect.as_deref());
            let policy = Policy {
                effect: effect.unwrap_or(Effect::Deny),
                permission_groups: self.groups(&at, request.permission_groups.unwrap_or_default()),
                resources: self.resources(&at, &request.resources.unwrap_or_default()),
            };
            policies.push(policy);
        }
        policies
    }

    fn effect(&mut self, at: &str, effect: Option<&str>) -> Option<Effect> {
        match effect {
            Some("allow") => Some(Effect::Allow),
            Some("deny") => Some(Effect::Deny),
            _ => {
                let rule = "token_effect_invalid: effect must be allow or deny";
                self.refuse(format!("{at}/effect"), rule);
                None
            }
        }
    }

    fn groups(&mut self, at: &str, requests: Vec<GroupRequest>) -> Vec<String> {
        let at = format!("{at}/permission_groups");
        if requests.is_empty() {
            let rule = "token_groups_empty: name at least one permission group by its id";
            self.refuse(at, rule);
            return Vec::new();
        }
        let mut groups = Vec::with_capacity(requests.len());
        for (index, request) in requests.into_iter().enumerate() {
            let id = request.id.unwrap_or_default();
            if PermissionGroup::by_id(&id).is_some() {
                groups.push(id);
            } else {
                let rule = format!(
                    "token_group_unknown: there is no permission group {}; …/tokens/permission_groups lists them",
                    repeated(&id),
                );
                self.refuse(format!("{at}/{index}/id"), rule);
            }
        }
        groups
    }

    fn resources(&mut self, at: &str, map: &Map<String, Value>) -> Vec<Resource> {
        let at = format!("{at}/resources");
        if map.is_empty() {
            let rule = "token_resources_empty: name at least one resource, such as \
                        \"com.cloudflare.api.account.*\": \"*\"";
            self.refuse(at, rule);
            return Vec::new();
        }
        let mut resources = Vec::with_capacity(map.len());
        for (name, value) in map {
            match resource(name, value) {
                Ok(resource) => resources.push(resource),
                Err(rule) => {
                    let name = name.replace('~', "~0").replace('/', "~1");
                    self.refuse(format!("{at}/{}", repeated(&name)), rule);
                }
            }
        }
        resources
    }
}

/// Which bound is exceeded, and where; also the lower one.
fn over_a_bound(policies: &[PolicyRequest]) -> Option<(&'static str, String)> {
    let sum = |count: fn(&PolicyRequest) -> usize| policies.iter().map(count).sum::<usize>();
    let groups = sum(|policy| policy.permission_groups.as_ref().map_or(0, Vec::len));
    let resources = sum(|policy| policy.resources.as_ref().map_or(0, Map::len));
    let rule = if policies.is_empty() {
        "token_policies_empty: a token needs at least one policy".to_owned()
    } else if policies.len() > MAX_POLICIES_PER_TOKEN {
        format!("token_too_large: a token has at most {MAX_POLICIES_PER_TOKEN} policies")
    } else if groups > MAX_GROUPS_PER_TOKEN {
        format!(
            "token_too_large: the policies of a token name at most {MAX_GROUPS_PER_TOKEN} permission groups"
        )
    } else if resources > MAX_RESOURCES_PER_TOKEN {
        format!(
            "token_too_large: the policies of a token name at most {MAX_RESOURCES_PER_TOKEN} resources"
        )
    } else {
        return None;
    };
    Some(("/policies", rule))
}

/// The resource of an entry `"name": "*"`, or of a nested one that means the same.
fn resource(name: &str, value: &Value) -> Result<Resource, String> {
    if name.starts_with(ZONES) {
        return Err(no_zones());
    }
    let resource: Resource = name
        .parse()
        .map_err(|error| format!("token_resource_unknown: {} is {error}", repeated(name)))?;
    match value {
        Value::String(all) if all == "*" => Ok(resource),
        Value::Object(nested) => all_of(name, nested).map(|()| resource),
        _ => Err("token_resource_invalid: its value must be \"*\"".to_owned()),
    }
}

/// Whether a nested map names all of the resource that it stands in.
fn all_of(name: &str, nested: &Map<String, Value>) -> Result<(), String> {
    if nested.keys().any(|inner| inner.starts_with(ZONES)) {
        return Err(no_zones());
    }
    let all = |(inner, value): (&String, &Value)| (inner == "*" || inner == name) && value == "*";
    if !nested.is_empty() && nested.iter().all(all) {
        Ok(())
    } else {
        Err(
            "token_resource_invalid: nothing is nested in it, so its value must be \"*\""
                .to_owned(),
        )
    }
}

fn no_zones() -> String {
    "token_zones_not_offered: there are no zones here, so no com.cloudflare.api.account.zone resources; use \
     \"com.cloudflare.api.account.<id>\": \"*\""
        .to_owned()
}

/// The beginning of a text that a client sent, which may be long.
fn repeated(text: &str) -> String {
    text.chars().take(MAX_REPEATED_CHARS).collect()
}
