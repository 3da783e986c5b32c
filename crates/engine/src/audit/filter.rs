//! What a page of the audit log can be filtered by, and what that means for rows.

use std::net::IpAddr;

use coffer_store::rows::audit_query::{ColumnValue, EventColumn, EventCondition};
use coffer_types::audit::{Action, ActorContext, ActorKind, Outcome, ResourceKind};
use coffer_types::{Email, limits};

use super::products::{self, KINDS};
use crate::error::{Error, Problem, Result};

/// A field that the second version of the API filters by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "each is named as its parameter is")]
pub enum AuditField {
    AccountName,
    ActionResult,
    ActionType,
    ActorContext,
    ActorEmail,
    ActorId,
    ActorIpAddress,
    ActorTokenId,
    ActorTokenName,
    ActorType,
    AuditLogId,
    Id,
    RawCfRayId,
    RawMethod,
    RawStatusCode,
    RawUri,
    ResourceId,
    ResourceProduct,
    ResourceType,
    ResourceScope,
    ProductCategory,
    ZoneId,
    ZoneName,
}

/// Values that a field must have one of, or none of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AuditFilter {
    /// The field.
    pub field: AuditField,
    /// Whether it must have none of the values.
    pub negated: bool,
    /// The values as they came, at least one.
    pub values: Vec<String>,
}

impl AuditField {
    /// Every field.
    pub const ALL: [Self; 23] = [
        Self::AccountName,
        Self::ActionResult,
        Self::ActionType,
        Self::ActorContext,
        Self::ActorEmail,
        Self::ActorId,
        Self::ActorIpAddress,
        Self::ActorTokenId,
        Self::ActorTokenName,
        Self::ActorType,
        Self::AuditLogId,
        Self::Id,
        Self::RawCfRayId,
        Self::RawMethod,
        Self::RawStatusCode,
        Self::RawUri,
        Self::ResourceId,
        Self::ResourceProduct,
        Self::ResourceType,
        Self::ResourceScope,
        Self::ProductCategory,
        Self::ZoneId,
        Self::ZoneName,
    ];

    /// The parameter's name; that of its negation has `.not` after it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AccountName => "account_name",
            Self::ActionResult => "action_result",
            Self::ActionType => "action_type",
            Self::ActorContext => "actor_context",
            Self::ActorEmail => "actor_email",
            Self::ActorId => "actor_id",
            Self::ActorIpAddress => "actor_ip_address",
            Self::ActorTokenId => "actor_token_id",
            Self::ActorTokenName => "actor_token_name",
            Self::ActorType => "actor_type",
            Self::AuditLogId => "audit_log_id",
            Self::Id => "id",
            Self::RawCfRayId => "raw_cf_ray_id",
            Self::RawMethod => "raw_method",
            Self::RawStatusCode => "raw_status_code",
            Self::RawUri => "raw_uri",
            Self::ResourceId => "resource_id",
            Self::ResourceProduct => "resource_product",
            Self::ResourceType => "resource_type",
            Self::ResourceScope => "resource_scope",
            Self::ProductCategory => "product_category",
            Self::ZoneId => "zone_id",
            Self::ZoneName => "zone_name",
        }
    }

    /// Whether it can be negated.
    pub const fn has_negation(self) -> bool {
        !matches!(self, Self::ProductCategory)
    }
}

/// The filters of a request as conditions on an account's events.
///
/// # Errors
/// [`Problem::Parameter`] at the parameter with a value that it cannot have, or with too many.
pub(super) fn conditions(
    account_name: &str,
    filters: &[AuditFilter],
) -> Result<Vec<EventCondition>> {
    let products = products_of(filters)?;
    let others = filters.iter().filter(|filter| !is_product(filter));
    let others = others.map(|filter| filter.condition(account_name));
    others.chain(products.map(Ok)).collect()
}

/// A product that must be there, by its own name or by its category's.
const fn is_product(filter: &AuditFilter) -> bool {
    !filter.negated
        && matches!(
            filter.field,
            AuditField::ResourceProduct | AuditField::ProductCategory
        )
}

/// The one condition of the products and the categories that are asked for: a category adds to the products.
fn products_of(filters: &[AuditFilter]) -> Result<Option<EventCondition>> {
    let mut products: Option<Vec<&str>> = None;
    for filter in filters.iter().filter(|filter| is_product(filter)) {
        filter.check_count()?;
        let products = products.get_or_insert_default();
        for value in &filter.values {
            if filter.field == AuditField::ResourceProduct {
                products.push(value);
                continue;
            }
            let categories = products::categories();
            let category = categories
                .into_iter()
                .find(|category| category.value.eq_ignore_ascii_case(value));
            let category = category.ok_or_else(|| {
                filter.refused("must be one of those that …/logs/audit/product_categories lists")
            })?;
            products.extend(category.products.iter().map(|product| product.value));
        }
    }
    Ok(products
        .map(|products| kinds_where(false, |kind| products.contains(&products::product(kind)))))
}

/// The condition that an event is about a kind of thing for which this holds, or does not.
fn kinds_where(negated: bool, holds: impl Fn(ResourceKind) -> bool) -> EventCondition {
    let kinds = KINDS.into_iter().filter(|kind| holds(*kind));
    let values = kinds.map(|kind| ColumnValue::Text(kind.as_str().to_owned()));
    EventCondition {
        column: EventColumn::ResourceKind,
        values: values.collect(),
        negated,
    }
}

impl AuditFilter {
    fn condition(&self, account_name: &str) -> Result<EventCondition> {
        use AuditField as F;
        self.check_count()?;
        let listed = |value: &str| self.values.iter().any(|one| one == value);
        match self.field {
            F::AccountName => Ok(self.all_or_nothing(listed(account_name))),
            // There are no zones, so no event is of one.
            F::ZoneId | F::ZoneName => Ok(self.all_or_nothing(false)),
            F::ActionResult => self.one_of(
                EventColumn::Outcome,
                &[Outcome::Success.as_str(), Outcome::Failure.as_str()],
            ),
            F::ActionType => self.action_types(),
            F::ActorContext => self.one_of(
                EventColumn::ActorContext,
                &[
                    ActorContext::ApiKey.as_str(),
                    ActorContext::ApiToken.as_str(),
                    ActorContext::Dash.as_str(),
                    "oauth",
                    "origin_ca_key",
                ],
            ),
            F::ActorType => self.one_of(
                EventColumn::ActorKind,
                &[
                    ActorKind::Account.as_str(),
                    "cloudflare_admin",
                    ActorKind::System.as_str(),
                    ActorKind::User.as_str(),
                ],
            ),
            F::ResourceScope => {
                self.check_words(&["accounts", "user", "zones", "memberships"])?;
                Ok(kinds_where(self.negated, |kind| {
                    listed(products::scope(kind))
                }))
            }
            F::ResourceProduct | F::ProductCategory => Ok(kinds_where(self.negated, |kind| {
                listed(products::product(kind))
            })),
            F::ActorEmail => self.texts(EventColumn::ActorEmail, |value| {
                email(value).ok_or("must be an e-mail address")
            }),
            F::ActorIpAddress => self.texts(EventColumn::ActorIp, |value| {
                let address: Option<IpAddr> = value.parse().ok();
                let address = address.map(|address| address.to_canonical().to_string());
                address.ok_or("must be an IPv4 or IPv6 address")
            }),
            F::RawStatusCode => self.statuses(),
            F::RawMethod => self.texts(EventColumn::Method, |value| Ok(value.to_ascii_uppercase())),
            F::ActorId => self.as_they_are(EventColumn::ActorId),
            F::ActorTokenId => self.as_they_are(EventColumn::TokenId),
            F::ActorTokenName => self.as_they_are(EventColumn::TokenName),
            F::AuditLogId | F::Id => self.as_they_are(EventColumn::Id),
            F::RawCfRayId => self.as_they_are(EventColumn::RequestId),
            F::RawUri => self.as_they_are(EventColumn::Path),
            F::ResourceId => self.as_they_are(EventColumn::ResourceId),
            F::ResourceType => self.as_they_are(EventColumn::ResourceKind),
        }
    }

    /// Every event, or none: the field has the same value in all.
    fn all_or_nothing(&self, listed: bool) -> EventCondition {
        EventCondition {
            column: EventColumn::Id,
            values: Vec::new(),
            // None of no values is what every event has.
            negated: listed != self.negated,
        }
    }

    fn action_types(&self) -> Result<EventCondition> {
        self.texts(EventColumn::Action, |value| {
            let action = action(value).ok_or(ACTION_RULE)?;
            Ok(action.as_str().to_owned())
        })
    }

    fn one_of(&self, column: EventColumn, words: &[&str]) -> Result<EventCondition> {
        self.check_words(words)?;
        self.as_they_are(column)
    }

    fn statuses(&self) -> Result<EventCondition> {
        let number = |value: &String| {
            let status: Option<i64> = value.parse().ok();
            let status = status.filter(|status| (100..=599).contains(status));
            status
                .map(ColumnValue::Number)
                .ok_or_else(|| self.refused("must be a number from 100 to 599"))
        };
        Ok(EventCondition {
            column: EventColumn::Status,
            values: self.values.iter().map(number).collect::<Result<_>>()?,
            negated: self.negated,
        })
    }

    fn as_they_are(&self, column: EventColumn) -> Result<EventCondition> {
        self.texts(column, |value| Ok(value.to_owned()))
    }

    fn texts(
        &self,
        column: EventColumn,
        parse: impl Fn(&str) -> Result<String, &'static str>,
    ) -> Result<EventCondition> {
        let values = self.values.iter().map(|value| parse(value));
        let values = values.map(|value| match value {
            Ok(text) => Ok(ColumnValue::Text(text)),
            Err(rule) => Err(self.refused(rule)),
        });
        Ok(EventCondition {
            column,
            values: values.collect::<Result<_>>()?,
            negated: self.negated,
        })
    }

    fn check_words(&self, words: &[&str]) -> Result<()> {
        if self
            .values
            .iter()
            .all(|value| words.contains(&value.as_str()))
        {
            return Ok(());
        }
        Err(self.refused(&format!("must be one of {}", words.join(", "))))
    }

    fn check_count(&self) -> Result<()> {
        if self.values.len() <= limits::MAX_FILTER_VALUES {
            return Ok(());
        }
        let rule = format!("may be repeated {} times", limits::MAX_FILTER_VALUES);
        Err(self.refused(&rule))
    }

    fn refused(&self, rule: &str) -> Error {
        let not = if self.negated { ".not" } else { "" };
        let name = format!("{}{not}", self.field.name());
        let problem = Problem::Parameter(format!("{name} {rule}"));
        Error::invalid(name, problem)
    }
}

/// What an action must be, in words.
pub(super) const ACTION_RULE: &str = "must be one of access (or view), create, delete, update";

/// The action that a word stands for. Both versions of the API take the same words: the first one's events say
/// `access` where the second one's say `view`.
pub(super) fn action(word: &str) -> Option<Action> {
    Some(match word {
        "access" | "view" => Action::Access,
        "create" => Action::Create,
        "delete" => Action::Delete,
        "update" => Action::Update,
        _ => return None,
    })
}

/// An address in the form in which events have it.
pub(super) fn email(text: &str) -> Option<String> {
    let email = Email::normalised(text).ok()?;
    Some(email.as_str().to_owned())
}
