//! Pages of the audit log: which events they have, and that the database walks an index for each.

use coffer_store::rows::audit::NewEvent;
use coffer_store::rows::audit_query::{
    self, ColumnValue, EventColumn, EventCondition, EventQuery, EventsOf, Position,
};
use coffer_store::rows::{Direction, Slice};
use coffer_store::{StoreError, Written};
use coffer_types::audit::ResourceKind;
use coffer_types::{AccountId, Timestamp, UserId};

use crate::support::{Fixture, now};

const DIRECTIONS: [Direction; 2] = [Direction::Ascending, Direction::Descending];

/// Adds events: each a resource, an actor, and how many microseconds later than now.
async fn add(fixture: &Fixture, events: &[(&str, &str, i64)]) {
    let events: Vec<NewEvent> = events
        .iter()
        .map(|(resource, actor, later)| {
            let mut event = fixture.event(resource);
            (*actor).clone_into(&mut event.actor.id);
            event.at = now().plus_micros(*later);
            event
        })
        .collect();
    add_events(fixture, events).await;
}

async fn add_events(fixture: &Fixture, events: Vec<NewEvent>) {
    fixture
        .store
        .write::<(), StoreError, _>(move |_tx| {
            let written = Written::with_events((), events.clone()).unwrap();
            Box::pin(async move { Ok(written) })
        })
        .await
        .unwrap();
}

fn query(fixture: &Fixture, conditions: Vec<EventCondition>, direction: Direction) -> EventQuery {
    EventQuery {
        of: EventsOf::Account(fixture.account_id),
        since: None,
        before: None,
        conditions,
        direction,
    }
}

fn texts(column: EventColumn, values: &[&str], negated: bool) -> EventCondition {
    let values = values
        .iter()
        .map(|text| ColumnValue::Text((*text).to_owned()));
    EventCondition {
        column,
        values: values.collect(),
        negated,
    }
}

async fn resources(fixture: &Fixture, query: &EventQuery) -> Vec<String> {
    let mut reader = fixture.store.reader().await.unwrap();
    let found = audit_query::page(&mut reader, query, None, Slice::ALL).await;
    let found = found.unwrap().into_iter();
    found.map(|stored| stored.event.resource_id).collect()
}

/// Every page of a size, one after the other.
async fn paged(fixture: &Fixture, query: &EventQuery, limit: u32) -> Vec<String> {
    let mut reader = fixture.store.reader().await.unwrap();
    let (mut after, mut seen) = (None, Vec::new());
    let slice = Slice { limit, offset: 0 };
    loop {
        let page = audit_query::page(&mut reader, query, after, slice)
            .await
            .unwrap();
        let Some(last) = page.last() else { return seen };
        after = Some(last.position);
        seen.extend(page.iter().map(|stored| stored.event.resource_id.clone()));
    }
}

#[tokio::test]
async fn pages_follow_each_other_by_time_whatever_else_is_asked() {
    let fixture = Fixture::new().await;
    // Several of one moment, and some that came later than what happened after them.
    let events: Vec<_> = (0..40)
        .map(|index| {
            (
                ["a", "b", "c"][index % 3],
                ["x", "y"][index % 2],
                [0, 5, 5, -3][index % 4],
            )
        })
        .collect();
    add(&fixture, &events).await;
    for direction in DIRECTIONS {
        for conditions in [
            vec![],
            vec![texts(EventColumn::ResourceId, &["a"], false)],
            vec![texts(
                EventColumn::ResourceId,
                &["a", "c", "a", "none"],
                false,
            )],
            vec![texts(EventColumn::ActorId, &["x", "y"], false)],
            vec![
                texts(EventColumn::ActorId, &["x"], false),
                texts(EventColumn::ResourceId, &["a", "b"], false),
            ],
            vec![texts(EventColumn::ResourceId, &["a"], true)],
        ] {
            let query = query(&fixture, conditions, direction);
            let mut reader = fixture.store.reader().await.unwrap();
            let whole = audit_query::page(&mut reader, &query, None, Slice::ALL).await;
            let whole = whole.unwrap();
            assert!(whole.len() > 5);
            let places: Vec<_> = whole
                .iter()
                .map(|stored| (stored.position.at, stored.position.seq))
                .collect();
            let mut sorted = places.clone();
            sorted.sort_unstable();
            sorted.dedup();
            if direction == Direction::Descending {
                sorted.reverse();
            }
            assert_eq!(places, sorted, "{query:?}");
            let whole: Vec<_> = whole
                .into_iter()
                .map(|stored| stored.event.resource_id)
                .collect();
            for limit in [1, 3, 1000] {
                assert_eq!(paged(&fixture, &query, limit).await, whole, "{query:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_column_without_a_value_has_none_of_the_values() {
    let fixture = Fixture::new().await;
    let mut with = fixture.event("with");
    with.actor.ip = Some("192.0.2.1".to_owned());
    let without = fixture.event("without");
    add_events(&fixture, vec![with, without]).await;
    for (values, negated, expected) in [
        (&["192.0.2.1"][..], false, &["with"][..]),
        (&["192.0.2.1"], true, &["setup", "without"]),
        (&["192.0.2.2"], true, &["setup", "with", "without"]),
        (&[], false, &[]),
        (&[], true, &["setup", "with", "without"]),
        // What looks like SQL is a text like any other.
        (&["' OR '1' = '1"], false, &[]),
    ] {
        let conditions = vec![texts(EventColumn::ActorIp, values, negated)];
        let found = resources(&fixture, &query(&fixture, conditions, Direction::Ascending)).await;
        assert_eq!(found, expected, "{values:?} {negated}");
    }
}

#[tokio::test]
async fn a_range_has_its_beginning_and_not_its_end() {
    let fixture = Fixture::new().await;
    add(&fixture, &[("a", "x", 10), ("b", "x", 20), ("c", "x", 30)]).await;
    let mut query = query(&fixture, vec![], Direction::Ascending);
    query.since = Some(now().plus_micros(10));
    query.before = Some(now().plus_micros(30));
    assert_eq!(resources(&fixture, &query).await, ["a", "b"]);
    query.before = query.since;
    assert!(resources(&fixture, &query).await.is_empty());
}

#[tokio::test]
async fn a_user_s_events_are_found_once_and_in_the_accounts_that_are_told() {
    let fixture = Fixture::new().await;
    let id = UserId::from_bytes([7; 16]);
    let user = id.to_string();
    let other = AccountId::from_bytes([9; 16]);
    add(
        &fixture,
        &[
            ("mine", &user, 1),
            // A thing of another kind that has the same id is none of the user's business.
            (&user, "someone", 2),
            (&user, &user, 3),
            ("x", "y", 4),
        ],
    )
    .await;
    let mut to_the_user = fixture.event(&user);
    to_the_user.resource_kind = ResourceKind::User;
    "someone".clone_into(&mut to_the_user.actor.id);
    to_the_user.at = now().plus_micros(2);
    add_events(&fixture, vec![to_the_user]).await;
    let mut elsewhere = fixture.event("elsewhere");
    elsewhere.account_id = Some(other);
    elsewhere.actor.id.clone_from(&user);
    let mut nowhere = elsewhere.clone();
    nowhere.account_id = None;
    "nowhere".clone_into(&mut nowhere.resource_id);
    nowhere.id = fixture.event("").id;
    add_events(&fixture, vec![elsewhere, nowhere]).await;
    let of = |accounts| EventQuery {
        of: EventsOf::User { id, accounts },
        ..query(&fixture, vec![], Direction::Ascending)
    };
    let all = resources(&fixture, &of(None)).await;
    assert_eq!(all, ["elsewhere", "nowhere", "mine", &user, &user]);
    let some = resources(&fixture, &of(Some(vec![other]))).await;
    assert_eq!(some, ["elsewhere", "nowhere"]);
    assert_eq!(resources(&fixture, &of(Some(vec![]))).await, ["nowhere"]);
}

#[tokio::test]
async fn every_page_walks_an_index_in_its_own_order() {
    let fixture = Fixture::new().await;
    let position = Position { at: now(), seq: 3 };
    let many: Vec<String> = (0..40).map(|number| number.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let columns = [
        EventColumn::Id,
        EventColumn::Action,
        EventColumn::Outcome,
        EventColumn::ResourceKind,
        EventColumn::ResourceId,
        EventColumn::ActorId,
        EventColumn::ActorKind,
        EventColumn::ActorEmail,
        EventColumn::ActorContext,
        EventColumn::ActorIp,
        EventColumn::TokenId,
        EventColumn::TokenName,
        EventColumn::RequestId,
        EventColumn::Method,
        EventColumn::Path,
        EventColumn::Status,
        EventColumn::Anywhere,
    ];
    let mut sets = vec![vec![]];
    for column in columns {
        for values in [&["a"][..], &["a", "b", "c"], &many] {
            for negated in [false, true] {
                sets.push(vec![texts(column, values, negated)]);
            }
        }
    }
    sets.push(vec![
        texts(EventColumn::ResourceId, &["a", "b"], false),
        texts(EventColumn::ActorId, &["a", "b"], false),
        texts(EventColumn::ResourceKind, &["secret"], false),
    ]);
    sets.push(vec![
        texts(EventColumn::ResourceId, &many, false),
        texts(EventColumn::ActorId, &["a"], false),
    ]);
    let user = EventsOf::User {
        id: UserId::from_bytes([7; 16]),
        accounts: Some(vec![fixture.account_id]),
    };
    let mut reader = fixture.store.reader().await.unwrap();
    for conditions in sets {
        for direction in DIRECTIONS {
            for (since, after) in [
                (None, None),
                (Some(now()), None),
                (Some(now()), Some(position)),
            ] {
                for of in [EventsOf::Account(fixture.account_id), user.clone()] {
                    let query = EventQuery {
                        of,
                        since,
                        before: since.map(|_| Timestamp::from_micros(i64::MAX)),
                        ..query(&fixture, conditions.clone(), direction)
                    };
                    let slice = Slice {
                        limit: 100,
                        offset: 0,
                    };
                    let plan = audit_query::plan(&mut reader, &query, after, slice)
                        .await
                        .unwrap();
                    check(&query, &plan);
                }
            }
        }
    }
}

/// Every step is a search of an index, and nothing is sorted: what is merged comes in order.
fn check(query: &EventQuery, plan: &[String]) {
    let searches = plan
        .iter()
        .filter(|step| step.starts_with("SEARCH audit_events USING INDEX audit_events_by_"));
    assert!(searches.count() > 0, "{query:?} {plan:#?}");
    for step in plan {
        let scans = step.starts_with("SCAN");
        assert!(
            !scans && !step.contains("TEMP B-TREE"),
            "{query:?} {plan:#?}"
        );
    }
    // The time bounds the search, too.
    if query.since.is_some() {
        let bounded = |step: &String| {
            step.contains("at>") || step.contains("at<") || step.contains("(at,seq)")
        };
        let mut searches = plan.iter().filter(|step| step.starts_with("SEARCH"));
        assert!(searches.all(bounded), "{query:?} {plan:#?}");
    }
}
