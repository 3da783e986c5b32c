//! Events as sentences that people understand. None has a value: events have none.

use std::collections::BTreeMap;

use coffer_protocol::audit::AuditLog;
use coffer_types::{Role, Timestamp};
use serde_json::{Map, Value};

/// An event in the list: *who* **did** `what`, and more about it.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) at: Timestamp,
    /// Who.
    pub(super) actor: String,
    /// What was done to what kind of thing.
    pub(super) did: String,
    /// What the thing is called; empty if nothing tells.
    pub(super) name: String,
    /// What else there is to tell.
    pub(super) more: String,
    pub(super) is_refused: bool,
    pub(super) by_way_of: String,
    pub(super) address: String,
    /// The page of the event.
    pub(super) href: String,
    /// The event's id.
    pub(super) id: String,
}

impl Told {
    /// Tells an event. `names` has what secrets and Workers are called that are told by id alone; `place` is the list.
    pub(super) fn of(log: &AuditLog, names: &BTreeMap<String, String>, place: &str) -> Self {
        let event = Event::of(log);
        let is_refused = log.action.result == "failure";
        let (did, more) = if is_refused {
            event.refused()
        } else {
            event.done()
        };
        let name = event.name(names);
        let at = log.action.time;
        Self {
            at,
            actor: actor_name(log, names),
            did,
            name,
            more,
            is_refused,
            by_way_of: by_way_of(log),
            address: log.actor.ip_address.clone().unwrap_or_default(),
            href: format!("{place}/{}?at={}", log.id, at.as_micros()),
            id: log.id.to_string(),
        }
    }
}

/// Who acted, as people call them.
fn actor_name(log: &AuditLog, names: &BTreeMap<String, String>) -> String {
    let actor = &log.actor;
    if let Some(email) = &actor.email {
        return email.clone();
    }
    let name = match (actor.kind, log.action.kind) {
        ("account", _) => actor
            .token_name
            .as_ref()
            .map(|name| format!("The token {name}")),
        (_, "view") => names
            .get(&actor.id)
            .map(|name| format!("The Worker {name}")),
        ("system", _) => Some("The operator".to_owned()),
        _ => None,
    };
    name.unwrap_or_else(|| actor.id.clone())
}

/// By which door the actor came.
pub(super) fn by_way_of(log: &AuditLog) -> String {
    match (log.actor.context, &log.actor.token_name) {
        (Some("dash"), _) => "Dashboard".to_owned(),
        (Some("api_token"), Some(name)) => format!("Token {name}"),
        (Some("api_token"), None) => "API token".to_owned(),
        (Some("api_key"), _) => "Global API key".to_owned(),
        _ if log.action.kind == "view" => "Binding".to_owned(),
        _ => "Command line".to_owned(),
    }
}

/// An event's parts that sentences are made of.
struct Event<'l> {
    log: &'l AuditLog,
    before: Option<&'l Map<String, Value>>,
    after: &'l Map<String, Value>,
    further: &'l Map<String, Value>,
}

impl<'l> Event<'l> {
    fn of(log: &'l AuditLog) -> Self {
        let further = &log.resource.request;
        Self {
            log,
            before: further.get("before").and_then(Value::as_object),
            after: &log.resource.response,
            further,
        }
    }

    /// What the thing is called.
    fn name(&self, names: &BTreeMap<String, String>) -> String {
        let id = self.log.resource.id.as_deref().unwrap_or_default();
        if matches!(self.log.resource.kind, "session" | "account" | "user") {
            let name = text(self.after, "name").or_else(|| text(self.after, "email"));
            return name.unwrap_or_default().to_owned();
        }
        let own = self
            .after_or_before("name")
            .or_else(|| self.after_or_before("email"));
        let own = own.or_else(|| text(self.further, "name"));
        let own = own.or_else(|| names.get(id).map(String::as_str));
        let owner = || {
            let owner = text(self.further, "worker_name");
            owner.or_else(|| text(self.further, "project_name"))
        };
        own.or_else(owner).unwrap_or(id).to_owned()
    }

    /// A refused event: what was tried, and why it was not done.
    fn refused(&self) -> (String, String) {
        let reason = text(self.further, "reason");
        let reason = reason
            .map(|reason| format!(": {reason}"))
            .unwrap_or_default();
        let did = match (self.log.resource.kind, self.log.action.kind) {
            ("session", "create") => "could not sign in".to_owned(),
            (_, _) if text(self.further, "purpose").is_some() => {
                "did not give the password that was asked for".to_owned()
            }
            (kind, action) => format!("tried to {} {}", infinitive(action), thing(kind)),
        };
        (did, reason)
    }

    /// An event as it was done, and more of it.
    fn done(&self) -> (String, String) {
        let action = self.log.action.kind;
        let (did, more) = match self.log.resource.kind {
            "secret" => self.secret(action),
            "worker_secret" | "pages_secret" => return self.own_secret(action),
            "session" => self.session(action),
            "member" => self.member(action),
            "token" if self.flag("value_modified") => ("rolled the API token", String::new()),
            "user" if action == "create" => ("added the user", String::new()),
            "user" => (self.user(), String::new()),
            "account" if action == "update" => ("changed the account", String::new()),
            "version" if action == "create" => ("uploaded a version of the Worker", self.number()),
            "deployment" | "pages_deployment" if action == "create" => ("deployed", self.shares()),
            "tail" if action == "create" => ("began to follow the logs of", String::new()),
            "tail" => ("stopped following the logs of", String::new()),
            kind => return (format!("{} {}", past(action), thing(kind)), String::new()),
        };
        (did.to_owned(), more)
    }

    fn secret(&self, action: &str) -> (&'static str, String) {
        let more = |told: bool, text: &str| if told { text.to_owned() } else { String::new() };
        match action {
            "create" if self.further.contains_key("duplicated_from_id") => {
                ("duplicated a secret as", String::new())
            }
            "create" => ("created the secret", String::new()),
            "update" => {
                let replaced = self.flag("value_modified");
                (
                    "edited the secret",
                    more(replaced, " and replaced its value"),
                )
            }
            "delete" => {
                let forced = self.flag("forced");
                (
                    "deleted the secret",
                    more(forced, " although Workers use it"),
                )
            }
            _ => {
                let reads = self.further.get("reads").and_then(Value::as_u64);
                let times = reads.filter(|reads| *reads > 1);
                let times = times
                    .map(|reads| format!(" {reads} times"))
                    .unwrap_or_default();
                ("read the secret", times)
            }
        }
    }

    /// A Worker's own secret, or a Pages project's.
    fn own_secret(&self, action: &str) -> (String, String) {
        let did = match action {
            "create" => "added the secret",
            "update" => "replaced the value of the secret",
            _ => "removed the secret",
        };
        let worker = text(self.further, "worker_name").map(|name| format!(" of the Worker {name}"));
        let project = || {
            let name = text(self.further, "project_name")?;
            let environment = text(self.further, "environment").unwrap_or_default();
            Some(format!(" of the Pages project {name} ({environment})"))
        };
        (did.to_owned(), worker.or_else(project).unwrap_or_default())
    }

    fn session(&self, action: &str) -> (&'static str, String) {
        match (action, text(self.further, "reason")) {
            ("create", _) => ("signed in", String::new()),
            (_, Some("too many")) => ("was signed out of the oldest session", String::new()),
            _ => ("signed out", String::new()),
        }
    }

    fn member(&self, action: &str) -> (&'static str, String) {
        let before = self.before.and_then(|before| text(before, "status"));
        match (action, before, text(self.after, "status")) {
            ("create", ..) => ("invited", self.roles()),
            ("update", Some("pending"), Some("accepted")) => {
                ("accepted the invitation as", String::new())
            }
            ("update", _, Some("rejected")) => ("refused the invitation as", String::new()),
            ("update", Some("pending"), Some("pending")) => ("invited again", self.roles()),
            ("update", ..) => ("changed the roles of", self.roles()),
            (_, Some("pending"), _) => ("withdrew the invitation of", String::new()),
            _ => ("removed the member", String::new()),
        }
    }

    fn user(&self) -> &'static str {
        if self.flag("password_modified") {
            "changed the password"
        } else if self.after.contains_key("has_password") {
            "chose a password"
        } else if self.further.contains_key("global_key")
            || self.further.contains_key("global_key_enabled")
        {
            "changed the global API key"
        } else if self.further.contains_key("sessions_ended") {
            "signed out everywhere"
        } else {
            "changed the user's details"
        }
    }

    fn roles(&self) -> String {
        let roles = self.after.get("roles").and_then(Value::as_array);
        let titles: Vec<_> = roles
            .into_iter()
            .flatten()
            .filter_map(|role| role.as_str()?.parse::<Role>().ok())
            .map(Role::title)
            .collect();
        match titles.is_empty() {
            true => String::new(),
            false => format!(": {}", titles.join(", ")),
        }
    }

    fn number(&self) -> String {
        let number = self.further.get("number").and_then(Value::as_u64);
        number
            .map(|number| format!(", number {number}"))
            .unwrap_or_default()
    }

    /// Which versions get how much, if there are several.
    fn shares(&self) -> String {
        let versions = self.further.get("versions").and_then(Value::as_array);
        match versions.map_or(0, Vec::len) {
            0 | 1 => String::new(),
            count => format!(", split between {count} versions"),
        }
    }

    fn after_or_before(&self, key: &str) -> Option<&'l str> {
        let before = self.before.and_then(|before| text(before, key));
        text(self.after, key).or(before)
    }

    fn flag(&self, key: &str) -> bool {
        self.further.get(key) == Some(&Value::Bool(true))
    }
}

fn text<'m>(map: &'m Map<String, Value>, key: &str) -> Option<&'m str> {
    map.get(key)?.as_str().filter(|text| !text.is_empty())
}

fn past(action: &str) -> &'static str {
    match action {
        "create" => "created",
        "update" => "edited",
        "delete" => "deleted",
        _ => "read",
    }
}

fn infinitive(action: &str) -> &'static str {
    match action {
        "create" => "create",
        "update" => "edit",
        "delete" => "delete",
        _ => "read",
    }
}

fn thing(kind: &str) -> &'static str {
    match kind {
        "secret" => "the secret",
        "store" => "the store",
        "worker" => "the Worker",
        "version" => "a version of the Worker",
        "deployment" => "a deployment of the Worker",
        "worker_secret" => "a secret of a Worker",
        "pages_project" => "the Pages project",
        "pages_secret" => "a secret of a Pages project",
        "pages_deployment" => "a deployment of the Pages project",
        "member" => "the member",
        "token" => "the API token",
        "session" => "the session",
        "tail" => "the followed log",
        "user" => "the user",
        _ => "the account",
    }
}
