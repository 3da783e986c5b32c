//! Appends events to the audit log of an installation that nobody serves, durably and signed: first each in a
//! transaction of its own for some seconds, from many writers at once, which tells how many the log takes; then
//! hundreds in one, until there are as many as asked for. `bench/run` measures with it.
//!
//! `append_events DATA_DIRECTORY ACCOUNT_ID SECONDS COUNT` prints one line of JSON.

use std::error::Error;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use coffer_crypto::{Keyring, RootKey, SystemRandom, WrappedMasterKey};
use coffer_engine::log;
use coffer_store::rows::audit::{EventActor, EventRequest, EventToken, NewEvent, RawRequest};
use coffer_store::rows::instance;
use coffer_store::{Files, Store, StoreError, Written};
use coffer_types::audit::{Action, ActorContext, ActorKind, Outcome, ResourceKind};
use coffer_types::{AccountId, AuditEventId, Clock, RequestId, SystemClock, Timestamp, TokenId};
use futures::future::try_join_all;
use serde_json::json;

/// Writers at once: as many as make full groups.
const WRITERS: usize = 256;
/// Events in one transaction where only the count matters.
const EVENTS_AT_ONCE: u64 = 500;
/// The events are spread over this many microseconds before now: 30 days.
const SPREAD_MICROS: i64 = 30 * 24 * 3600 * 1_000_000;
/// Users who act in turn.
const ACTORS: u64 = 50;

/// What the events have in common.
#[derive(Clone, Copy)]
struct Events {
    account_id: AccountId,
    first_at: Timestamp,
    micros_apart: i64,
}

#[tokio::main]
#[allow(clippy::print_stdout, reason = "a program that prints its result")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, directory, account_id, seconds, count] = arguments.as_slice() else {
        return Err("append_events DATA_DIRECTORY ACCOUNT_ID SECONDS COUNT".into());
    };
    let (seconds, count): (u64, u64) = (seconds.parse()?, count.parse()?);
    let store = open(Path::new(directory)).await?;
    let events = Events {
        account_id: account_id.parse()?,
        first_at: SystemClock.now().plus_micros(-SPREAD_MICROS),
        micros_apart: SPREAD_MICROS / i64::try_from(count.max(1))?,
    };
    let (began, before) = (started(), store.log_head().size);
    one_by_one(&store, events, Duration::from_secs(seconds)).await?;
    let appended = store.log_head().size - before;
    let one_by_one = appended as f64 / began.elapsed().as_secs_f64();

    let (began, before) = (started(), store.log_head().size);
    while store.log_head().size < count {
        let from = store.log_head().size;
        let batch = EVENTS_AT_ONCE.min(count - from);
        append(
            &store,
            (from..from + batch)
                .map(|number| event(events, number))
                .collect(),
        )
        .await?;
    }
    let size = store.log_head().size;
    let together = (size - before) as f64 / began.elapsed().as_secs_f64();
    store.close().await;
    println!(
        "{}",
        json!({ "size": size, "one_by_one": one_by_one, "together": together })
    );
    Ok(())
}

#[allow(
    clippy::disallowed_methods,
    reason = "elapsed time is what is measured"
)]
fn started() -> Instant {
    Instant::now()
}

/// Opens the database as the server does, so that its own key signs.
async fn open(directory: &Path) -> Result<Store, Box<dyn Error>> {
    let mut opening = Store::begin(&Files::new(directory)).await?;
    let master_keys = instance::master_keys(&mut opening).await?.into_iter();
    let master_keys: Vec<_> = master_keys
        .map(|row| WrappedMasterKey {
            version: row.version,
            wrapped: row.wrapped,
        })
        .collect();
    let id = instance::id(&mut opening).await?.unwrap_or_default();
    let root_key = RootKey::load(&directory.join("root.key"))?;
    let signer = log::signer(&Keyring::open(&root_key, &master_keys)?, &id)?;
    let store = opening.finish(Some(signer)).await?;
    match store.log_head().damage {
        None => Ok(store),
        Some(damage) => Err(damage.to_string().into()),
    }
}

async fn one_by_one(store: &Store, events: Events, time: Duration) -> Result<(), StoreError> {
    let (began, next) = (started(), AtomicU64::new(store.log_head().size));
    let writer = || async {
        while began.elapsed() < time {
            let number = next.fetch_add(1, Ordering::Relaxed);
            append(store, vec![event(events, number)]).await?;
        }
        Ok(())
    };
    try_join_all((0..WRITERS).map(|_| writer())).await.map(drop)
}

async fn append(store: &Store, events: Vec<NewEvent>) -> Result<(), StoreError> {
    store
        .write(move |_| {
            let written = Written::with_events((), events.clone());
            let none = || StoreError::Unavailable("no event".to_owned());
            Box::pin(async move { written.ok_or_else(none) })
        })
        .await
}

/// The event of a change of a secret, as the API makes them.
fn event(events: Events, number: u64) -> NewEvent {
    let steps = i64::try_from(number).unwrap_or(i64::MAX);
    let at = events
        .first_at
        .plus_micros(steps.saturating_mul(events.micros_apart));
    let actor = number % ACTORS;
    let (action, method) = match number % 10 {
        0 => (Action::Create, "POST"),
        1 => (Action::Delete, "DELETE"),
        _ => (Action::Update, "PATCH"),
    };
    let secret = format!("{:032x}", number / 10);
    NewEvent {
        id: AuditEventId::random(&SystemRandom),
        account_id: Some(events.account_id),
        at,
        action,
        outcome: if number % 100 == 99 {
            Outcome::Failure
        } else {
            Outcome::Success
        },
        resource_kind: ResourceKind::Secret,
        actor: EventActor {
            id: format!("{actor:032x}"),
            email: format!("user{actor}@example.com").parse().ok(),
            context: ActorContext::ApiToken,
            ip: Some(format!("192.0.2.{actor}")),
            kind: ActorKind::User,
            token: Some(EventToken {
                id: TokenId::random(&SystemRandom),
                name: "deploy from CI".to_owned(),
            }),
        },
        request: EventRequest {
            id: RequestId::random(&SystemRandom),
            raw: Some(RawRequest {
                method: method.to_owned(),
                path: format!(
                    "/client/v4/accounts/{}/secrets_store/stores/{:032x}/secrets/{secret}",
                    events.account_id, 1
                ),
                user_agent: "wrangler/4.164.0".to_owned(),
                status: 200,
            }),
        },
        details: json!({
            "before": { "comment": "the old comment", "scopes": ["workers"] },
            "after": { "comment": format!("comment {number}"), "scopes": ["workers"] },
        }),
        resource_id: secret,
    }
}
