//! How much secrets are used: beside each secret stands what a look at all rows would find, whatever happens.

use coffer_store::rows::secret_reads::{self, Reads};
use coffer_store::rows::secrets::{self, SecretFilter, SecretOrder, SecretRow};
use coffer_store::rows::versions::{self, VersionFacts, VersionRow};
use coffer_store::rows::workers::{self, WorkerRow};
use coffer_store::rows::{Direction, Slice, secret_uses};
use coffer_store::{StoreError, Tx, Written};
use coffer_testkit::SeededRandom;
use coffer_types::{Scopes, SecretId, VersionId, WorkerId};
use serde_json::json;
use sqlx::ConnectOptions;

use crate::support::{Fixture, insert_secret, now};

/// One write.
#[derive(Clone, Debug)]
enum Change {
    Secret(SecretRow),
    NoSecret(SecretId),
    Worker(WorkerRow),
    NoWorker(WorkerId),
    Version(Box<VersionRow>),
    NoVersion(VersionId),
    Read(SecretId, WorkerId, i64),
}

async fn apply(tx: &mut Tx<'_>, fixture: Place, change: Change) -> Result<(), StoreError> {
    match change {
        Change::Secret(row) => insert_secret(tx, row).await,
        Change::NoSecret(id) => secrets::delete(tx, id).await.map(drop),
        Change::Worker(row) => workers::insert(tx, &row, 100).await.map(drop),
        Change::NoWorker(id) => workers::delete(tx, id).await,
        Change::Version(row) => versions::insert(tx, &row).await,
        Change::NoVersion(id) => versions::delete(tx, id).await,
        Change::Read(secret_id, worker_id, seconds) => {
            let at = now().plus_micros(seconds * 1_000_000);
            let reads = Reads {
                first_at: at,
                last_at: at,
                count: 1,
            };
            secret_reads::add(tx, fixture.0, secret_id, worker_id, reads).await
        }
    }
}

#[derive(Clone, Copy)]
struct Place(coffer_types::AccountId);

async fn write(fixture: &Fixture, change: Change) {
    let (place, event) = (Place(fixture.account_id), fixture.event("a"));
    let written = fixture.store.write::<(), StoreError, _>(move |tx| {
        let (change, event) = (change.clone(), event.clone());
        Box::pin(async move {
            apply(tx, place, change).await?;
            Ok(Written::new((), event))
        })
    });
    written.await.unwrap();
}

fn worker(fixture: &Fixture, random: &SeededRandom, name: &str) -> WorkerRow {
    WorkerRow {
        id: WorkerId::random(random),
        account_id: fixture.account_id,
        name: name.parse().unwrap(),
        subdomain_enabled: true,
        previews_enabled: true,
        settings: workers::WorkerSettings::default(),
        last_version: 0,
        created_at: now(),
        modified_at: now(),
    }
}

/// A version that binds these secrets, each by two names.
fn version(
    fixture: &Fixture,
    random: &SeededRandom,
    worker: &WorkerRow,
    number: u32,
    names: &[&str],
) -> VersionRow {
    let twice = names.iter().flat_map(|name| [(name, "A"), (name, "B")]);
    let bindings: Vec<_> = twice
        .map(|(name, end)| {
            json!({ "name": format!("{name}_{end}"), "type": "secrets_store_secret",
                "store_id": fixture.store_id, "secret_name": name })
        })
        .collect();
    let facts: VersionFacts = serde_json::from_value(json!({
        "main_module": null, "modules": [], "bindings": bindings, "compatibility_date": null,
        "compatibility_flags": [], "annotations": {}, "source": "api", "author_id": "a", "author_email": null,
        "etag": "", "handlers": [], "startup_time_ms": 0,
    }))
    .unwrap();
    VersionRow {
        id: VersionId::random(random),
        worker_id: worker.id,
        number,
        facts,
        created_at: now(),
    }
}

/// What stands beside each secret, and what a look at all rows finds.
async fn told_and_found(fixture: &Fixture) -> (Vec<String>, Vec<String>) {
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(fixture.files().database())
        .read_only(true);
    let mut connection = options.connect().await.unwrap();
    let mut column = async |query: &'static str| -> Vec<String> {
        sqlx::query_scalar(query)
            .fetch_all(&mut connection)
            .await
            .unwrap()
    };
    let told =
        column("SELECT name || ' ' || workers || ' ' || last_read_at FROM secrets ORDER BY name")
            .await;
    let found = column(
        "SELECT name || ' ' || (SELECT count(DISTINCT versions.worker_id) FROM version_secrets \
         JOIN versions ON versions.id = version_secrets.version_id WHERE secret_name = secrets.name) \
         || ' ' || coalesce((SELECT max(last_at) FROM secret_reads WHERE secret_id = secrets.id), 0) \
         FROM secrets ORDER BY name",
    )
    .await;
    (told, found)
}

#[tokio::test]
async fn beside_a_secret_stands_how_much_it_is_used() {
    let fixture = Fixture::new().await;
    let random = SeededRandom::new(7);
    let [one, other] = ["one", "other"].map(|name| worker(&fixture, &random, name));
    let [key, token] = ["KEY", "TOKEN"].map(|name| fixture.secret(name));
    let first = version(&fixture, &random, &one, 1, &["KEY", "TOKEN", "NONE"]);
    let second = version(&fixture, &random, &one, 2, &["KEY"]);
    let third = version(&fixture, &random, &other, 1, &["KEY"]);
    let again = fixture.secret("KEY");
    let steps = [
        (Change::Worker(one.clone()), ""),
        (Change::Worker(other.clone()), ""),
        (Change::Secret(key.clone()), "KEY 0"),
        (Change::Version(Box::new(first.clone())), "KEY 1"),
        // Bound before it was there.
        (Change::Secret(token), "KEY 1, TOKEN 1"),
        (Change::Version(Box::new(second.clone())), "KEY 1, TOKEN 1"),
        (Change::Version(Box::new(third)), "KEY 2, TOKEN 1"),
        (Change::NoVersion(first.id), "KEY 2, TOKEN 0"),
        (Change::Read(key.id, one.id, 5), "KEY 2 read, TOKEN 0"),
        // Told late: what is known is later.
        (Change::Read(key.id, other.id, 3), "KEY 2 read, TOKEN 0"),
        (Change::NoVersion(second.id), "KEY 1 read, TOKEN 0"),
        (Change::NoWorker(other.id), "KEY 0 read, TOKEN 0"),
        (Change::NoSecret(key.id), "TOKEN 0"),
        (Change::Secret(again), "KEY 0, TOKEN 0"),
    ];
    let read = format!(" {}", now().plus_micros(5_000_000).as_micros());
    for (change, expected) in steps {
        let step = format!("{change:?}");
        write(&fixture, change).await;
        let (told, found) = told_and_found(&fixture).await;
        assert_eq!(told, found, "{step}");
        let short: Vec<String> = told
            .iter()
            .map(|line| match line.strip_suffix(" 0") {
                Some(never) => never.to_owned(),
                None => line.replace(&read, " read"),
            })
            .collect();
        assert_eq!(short.join(", "), expected, "{step}");
    }
}

#[tokio::test]
async fn a_list_by_use_has_the_most_used_last_or_first() {
    let fixture = Fixture::new().await;
    let random = SeededRandom::new(7);
    let rows: Vec<SecretRow> = ["A", "B", "C"].map(|name| fixture.secret(name)).into();
    for row in &rows {
        write(&fixture, Change::Secret(row.clone())).await;
    }
    for (name, bound) in [("one", &["B", "C"][..]), ("other", &["B"])] {
        let worker = worker(&fixture, &random, name);
        let version = version(&fixture, &random, &worker, 1, bound);
        write(&fixture, Change::Worker(worker.clone())).await;
        write(&fixture, Change::Version(Box::new(version))).await;
        let reader = if name == "one" { 0 } else { 2 };
        let seconds = i64::try_from(reader).unwrap() + 1;
        write(&fixture, Change::Read(rows[reader].id, worker.id, seconds)).await;
    }
    let list = async |search: Option<&str>, order, way| {
        let filter = SecretFilter {
            store_id: fixture.store_id,
            search: search.map(str::to_owned),
            scopes: Scopes::default(),
            pending: None,
        };
        let mut reader = fixture.store.reader().await.unwrap();
        let page = secrets::list(&mut reader, &filter, order, way, Slice::ALL, 0).await;
        let names = page.unwrap().0.into_iter().map(|row| row.name.to_string());
        names.collect::<String>()
    };
    for search in [None, Some("")] {
        for (order, expected) in [
            (SecretOrder::Workers, "ACB"),
            (SecretOrder::LastRead, "BAC"),
        ] {
            let up = list(search, order, Direction::Ascending).await;
            let down = list(search, order, Direction::Descending).await;
            assert_eq!(up, expected, "{order:?}");
            assert_eq!(
                down.chars().rev().collect::<String>(),
                expected,
                "{order:?}"
            );
        }
    }
    let ids: Vec<SecretId> = rows.iter().map(|row| row.id).collect();
    let mut reader = fixture.store.reader().await.unwrap();
    let mut used = secret_uses::of(&mut reader, fixture.account_id, &ids)
        .await
        .unwrap();
    used.sort_by_key(|one| ids.iter().position(|id| *id == one.id));
    let workers: Vec<u32> = used.iter().map(|one| one.workers).collect();
    assert_eq!(workers, [0, 2, 1]);
    assert_eq!(used[0].last_read_at, Some(now().plus_micros(1_000_000)));
    assert_eq!(used[1].last_read_at, None);
}
