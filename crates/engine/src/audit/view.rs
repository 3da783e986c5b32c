//! Events as the two versions of the API tell them.

use coffer_protocol::audit::{
    ActionV1, ActorV1, AuditAccount, AuditAction, AuditActor, AuditLog, AuditLogV1, AuditRequest,
    AuditResource, OwnerV1, ResourceV1,
};
use coffer_store::rows::accounts::AccountRow;
use coffer_store::rows::audit::NewEvent;
use coffer_types::audit::{Action, ActorContext, ActorKind, Outcome};
use serde_json::{Map, Value};

use super::products;

/// An event of an account, for the second version.
pub(super) fn second_version(account: &AccountRow, event: NewEvent) -> AuditLog {
    let told = Told::of(event.details);
    let (actor, raw) = (event.actor, event.request.raw);
    let mut request = told.further;
    request.extend(told.before.map(|before| ("before".to_owned(), before)));
    let (token_id, token_name) = actor.token.map(|token| (token.id, token.name)).unzip();
    let kind = event.resource_kind;
    AuditLog {
        id: event.id,
        account: AuditAccount {
            id: account.id,
            name: account.name.clone(),
        },
        action: AuditAction {
            description: event.action.as_str(),
            result: event.outcome.as_str(),
            time: event.at,
            kind: action_type(event.action),
        },
        actor: AuditActor {
            context: context(actor.context),
            email: actor.email.map(|email| email.as_str().to_owned()),
            id: actor.id,
            ip_address: actor.ip,
            token_id,
            token_name,
            kind: actor.kind.as_str(),
        },
        raw: AuditRequest {
            cf_ray_id: event.request.id,
            status_code: raw.as_ref().map(|raw| raw.status),
            method: raw.as_ref().map(|raw| raw.method.clone()),
            uri: raw.as_ref().map(|raw| raw.path.clone()),
            user_agent: raw.map(|raw| raw.user_agent),
        },
        resource: AuditResource {
            id: (!event.resource_id.is_empty()).then_some(event.resource_id),
            product: products::product(kind),
            request,
            response: told.after.map(object).unwrap_or_default(),
            scope: products::scope(kind),
            kind: kind.as_str(),
        },
    }
}

/// An event for the first version.
pub(super) fn first_version(event: NewEvent) -> AuditLogV1 {
    let told = Told::of(event.details);
    let actor = event.actor;
    let owner = event
        .account_id
        .map_or_else(|| actor.id.clone(), |id| id.to_string());
    AuditLogV1 {
        id: event.id,
        action: ActionV1 {
            result: event.outcome == Outcome::Success,
            kind: event.action.as_str(),
        },
        actor: ActorV1 {
            id: actor.id,
            email: actor.email.map(|email| email.as_str().to_owned()),
            ip: actor.ip,
            kind: match actor.kind {
                ActorKind::User | ActorKind::Account => "user",
                ActorKind::System => "Cloudflare",
            },
        },
        interface: match actor.context {
            ActorContext::ApiToken | ActorContext::ApiKey => "API",
            ActorContext::Dash => "UI",
            ActorContext::System => "System",
        },
        metadata: told.further,
        new_value: text(told.after),
        old_value: text(told.before),
        owner: OwnerV1 { id: owner },
        resource: ResourceV1 {
            id: event.resource_id,
            kind: event.resource_kind.as_str(),
        },
        when: event.at,
    }
}

/// The second version's word for what was done.
const fn action_type(action: Action) -> &'static str {
    match action {
        Action::Access => "view",
        Action::Create | Action::Update | Action::Delete => action.as_str(),
    }
}

const fn context(context: ActorContext) -> Option<&'static str> {
    match context {
        ActorContext::System => None,
        ActorContext::ApiToken | ActorContext::ApiKey | ActorContext::Dash => {
            Some(context.as_str())
        }
    }
}

/// An event's details: metadata before and after, and what the action adds.
struct Told {
    before: Option<Value>,
    after: Option<Value>,
    further: Map<String, Value>,
}

impl Told {
    fn of(details: Value) -> Self {
        let mut further = object(details);
        Self {
            before: further.remove("before"),
            after: further.remove("after"),
            further,
        }
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        Value::Null => Map::new(),
        other => Map::from_iter([("value".to_owned(), other)]),
    }
}

fn text(value: Option<Value>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}
