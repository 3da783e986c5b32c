//! The audit log as the first version of the API gives it: numbered pages, and all of it at once.

use std::net::IpAddr;

use coffer_protocol::audit::AuditLogV1;
use coffer_store::rows::audit_query::{
    ColumnValue, EventColumn, EventCondition, EventQuery, EventsOf, Position, StoredEvent,
};
use coffer_store::rows::{Direction, Slice};
use coffer_types::access::IpRange;
use coffer_types::audit::ResourceKind;
use coffer_types::limits::MAX_AUDIT_DEPTH;
use coffer_types::{Permission, Timestamp};
use futures::Stream;

use super::list::check_order;
use super::{filter, view};
use crate::authorize::{Permit, UserPermit, ViewAudit, ViewUser};
use crate::engine::Engine;
use crate::error::{Error, Problem, Result};

/// Events that are read at once where many are needed.
const BATCH: u32 = 1000;

/// Which events.
#[derive(Clone, Debug)]
pub struct FirstVersionQuery {
    /// The event with this id.
    pub id: Option<String>,
    /// Of this action: `access` (or `view`), `create`, `delete` or `update`.
    pub action_type: Option<String>,
    /// From this address or range.
    pub actor_ip: Option<IpRange>,
    /// By the actor with this address.
    pub actor_email: Option<String>,
    /// Of the zone with this name. There are no zones.
    pub zone_name: Option<String>,
    /// From this moment on.
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub before: Option<Timestamp>,
    /// Newest or oldest first.
    pub direction: Direction,
    /// Without what is about users and their sessions.
    pub hide_user_logs: bool,
}

/// Events in terms of rows, and what rows cannot be asked.
#[derive(Clone, Debug)]
struct Asked {
    rows: EventQuery,
    actor_ip: Option<IpRange>,
}

impl Engine {
    /// A part of an account's events. A page behind others costs as much as all of them, so that there is nothing
    /// behind the first [`MAX_AUDIT_DEPTH`].
    ///
    /// # Errors
    /// [`Error::Invalid`] at the parameter.
    pub async fn audit_logs_v1(
        &self,
        permit: &Permit<ViewAudit>,
        query: FirstVersionQuery,
        slice: Slice,
    ) -> Result<Vec<AuditLogV1>> {
        let asked = query.of(EventsOf::Account(permit.account_id()))?;
        self.first_version(&asked, slice).await
    }

    /// A part of what the user did, and of what was done to the user. A token is told of an account only if it
    /// may read that account's audit log.
    ///
    /// # Errors
    /// [`Error::Invalid`] at the parameter.
    pub async fn user_audit_logs(
        &self,
        permit: &UserPermit<ViewUser>,
        query: FirstVersionQuery,
        slice: Slice,
    ) -> Result<Vec<AuditLogV1>> {
        let asked = query.of(of_user(permit))?;
        self.first_version(&asked, slice).await
    }

    /// All of an account's events that there are now, some at a time.
    ///
    /// # Errors
    /// [`Error::Invalid`] at the parameter, before anything is read.
    pub fn export_audit_logs(
        &self,
        permit: &Permit<ViewAudit>,
        query: FirstVersionQuery,
    ) -> Result<impl Stream<Item = Result<Vec<AuditLogV1>>> + Send + use<>> {
        let asked = query.of(EventsOf::Account(permit.account_id()))?;
        Ok(self.export(asked))
    }

    /// All that there is now of what [`user_audit_logs`](Self::user_audit_logs) gives, some at a time.
    ///
    /// # Errors
    /// [`Error::Invalid`] at the parameter, before anything is read.
    pub fn export_user_audit_logs(
        &self,
        permit: &UserPermit<ViewUser>,
        query: FirstVersionQuery,
    ) -> Result<impl Stream<Item = Result<Vec<AuditLogV1>>> + Send + use<>> {
        let asked = query.of(of_user(permit))?;
        Ok(self.export(asked))
    }

    fn export(
        &self,
        mut asked: Asked,
    ) -> impl Stream<Item = Result<Vec<AuditLogV1>>> + Send + use<> {
        // What comes later is left out, so that an export of a busy log ends.
        let now = self.clock.now().plus_micros(1);
        asked.rows.before = Some(asked.rows.before.map_or(now, |before| before.min(now)));
        let start = (self.clone(), asked, Some(None));
        futures::stream::try_unfold(start, |(engine, asked, place)| async move {
            let Some(after) = place else { return Ok(None) };
            let (events, next) = engine.batch(&asked, after).await?;
            let logs = events
                .into_iter()
                .map(|stored| view::first_version(stored.event));
            let place = next.map(Some);
            Ok::<_, Error>(Some((logs.collect(), (engine, asked, place))))
        })
    }

    async fn first_version(&self, asked: &Asked, slice: Slice) -> Result<Vec<AuditLogV1>> {
        if !is_within_reach(slice) {
            return Ok(Vec::new());
        }
        let found = match asked.actor_ip {
            None => self.read_audit(&asked.rows, None, slice).await?,
            Some(_) => self.picked(asked, slice).await?,
        };
        let logs = found.into_iter();
        Ok(logs
            .map(|stored| view::first_version(stored.event))
            .collect())
    }

    /// A part of those events that rows alone do not tell apart: they are looked at one by one.
    async fn picked(&self, asked: &Asked, slice: Slice) -> Result<Vec<StoredEvent>> {
        let (mut picked, mut passed) = (Vec::new(), 0);
        let mut place = Some(None);
        while let Some(after) = place {
            let (events, next) = self.batch(asked, after).await?;
            for event in events {
                if passed < slice.offset {
                    passed += 1;
                } else if picked.len() < slice.limit as usize {
                    picked.push(event);
                }
            }
            let full = picked.len() >= slice.limit as usize;
            place = next.filter(|_| !full).map(Some);
        }
        Ok(picked)
    }

    /// Those of the next thousand events that are asked for, and where to go on if there are more.
    async fn batch(
        &self,
        asked: &Asked,
        after: Option<Position>,
    ) -> Result<(Vec<StoredEvent>, Option<Position>)> {
        let slice = Slice {
            limit: BATCH,
            offset: 0,
        };
        let mut found = self.read_audit(&asked.rows, after, slice).await?;
        let is_whole = found.len() == BATCH as usize;
        let next = found
            .last()
            .filter(|_| is_whole)
            .map(|event| event.position);
        if let Some(range) = asked.actor_ip {
            found.retain(|stored| {
                let ip = stored.event.actor.ip.as_deref();
                let ip: Option<IpAddr> = ip.and_then(|ip| ip.parse().ok());
                ip.is_some_and(|ip| range.contains(ip))
            });
        }
        Ok((found, next))
    }
}

/// Whether a page is among those that are read at all.
fn is_within_reach(slice: Slice) -> bool {
    slice.offset.saturating_add(u64::from(slice.limit)) <= MAX_AUDIT_DEPTH
}

fn of_user(permit: &UserPermit<ViewUser>) -> EventsOf {
    let actor = &permit.caller.actor;
    let accounts = actor.token().map(|_| {
        let accounts = actor.accounts().into_iter();
        let readable = accounts.filter(|id| {
            let may = actor.permissions_in(*id);
            may.is_some_and(|may| may.contains(Permission::ViewAudit))
        });
        readable.collect()
    });
    EventsOf::User {
        id: permit.user_id(),
        accounts,
    }
}

impl FirstVersionQuery {
    fn of(self, of: EventsOf) -> Result<Asked> {
        check_order(self.since, self.before)?;
        let email = self.actor_email.map(|text| {
            filter::email(&text).ok_or_else(|| {
                let rule = "actor.email must be an e-mail address".to_owned();
                Error::invalid("actor.email", Problem::Parameter(rule))
            })
        });
        let action = self.action_type.map(|text| {
            let action = filter::action(&text).ok_or_else(|| {
                let rule = format!("action.type {}", filter::ACTION_RULE);
                Error::invalid("action.type", Problem::Parameter(rule))
            });
            action.map(|action| action.as_str().to_owned())
        });
        let is = |column, value: Option<String>| {
            value.map(|value| EventCondition {
                column,
                values: vec![ColumnValue::Text(value)],
                negated: false,
            })
        };
        let address = self.actor_ip.and_then(|range| range.address());
        let address = address.map(|address| address.to_string());
        let nothing = self.zone_name.map(|_| EventCondition {
            column: EventColumn::Id,
            values: Vec::new(),
            negated: false,
        });
        let without_users = self.hide_user_logs.then(|| EventCondition {
            column: EventColumn::ResourceKind,
            values: [ResourceKind::User, ResourceKind::Session]
                .map(|kind| ColumnValue::Text(kind.as_str().to_owned()))
                .to_vec(),
            negated: true,
        });
        let conditions = [
            is(EventColumn::Id, self.id),
            is(EventColumn::Action, action.transpose()?),
            is(EventColumn::ActorEmail, email.transpose()?),
            is(EventColumn::ActorIp, address),
            nothing,
            without_users,
        ];
        Ok(Asked {
            rows: EventQuery {
                of,
                since: self.since,
                before: self.before,
                conditions: conditions.into_iter().flatten().collect(),
                direction: self.direction,
            },
            actor_ip: self.actor_ip.filter(|range| range.address().is_none()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_reach_so_far_and_no_further() {
        let limit = 1000;
        let last = MAX_AUDIT_DEPTH - u64::from(limit);
        for (offset, expected) in [
            (0, true),
            (last, true),
            (last + 1, false),
            (u64::MAX, false),
        ] {
            assert_eq!(
                is_within_reach(Slice { limit, offset }),
                expected,
                "{offset}"
            );
        }
    }
}
