//! The audit log is only ever added to.

use coffer_store::rows::audit;
use sqlx::ConnectOptions;

use crate::support::Fixture;

#[tokio::test]
async fn the_database_itself_refuses_to_change_the_past() {
    let fixture = Fixture::new().await;
    for index in 0..3 {
        fixture
            .insert_secret(fixture.secret(&format!("N{index}")))
            .await
            .unwrap();
    }
    let before = audit::all(&mut fixture.store.reader().await.unwrap())
        .await
        .unwrap();
    assert_eq!(before.len(), 4);
    fixture.store.close().await;
    // Past the store, with a connection that may do everything.
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(fixture.files().database());
    let mut connection = options.connect().await.unwrap();
    for sql in [
        "UPDATE audit_events SET actor_id = 'someone else'",
        "UPDATE audit_events SET details = '{}' WHERE seq = 2",
        "UPDATE OR REPLACE audit_events SET seq = 1 WHERE seq = 2",
        "DELETE FROM audit_events",
        "DELETE FROM audit_events WHERE seq = 1",
        "REPLACE INTO audit_events SELECT * FROM audit_events WHERE seq = 1",
        "INSERT OR REPLACE INTO audit_events SELECT * FROM audit_events",
    ] {
        let error = sqlx::raw_sql(sql)
            .execute(&mut connection)
            .await
            .unwrap_err();
        assert!(
            error.to_string().contains("the audit log is append-only"),
            "{sql}: {error}"
        );
    }
    drop(connection);
    let files = fixture.files();
    drop(fixture.store);
    let store = coffer_store::Store::open(&files).await.unwrap();
    assert_eq!(
        audit::all(&mut store.reader().await.unwrap())
            .await
            .unwrap(),
        before
    );
}

#[tokio::test]
async fn events_are_kept_in_the_order_of_their_writes() {
    let fixture = Fixture::new().await;
    let rows: Vec<_> = (0..50)
        .map(|index| fixture.secret(&format!("N{index}")))
        .collect();
    let ids: Vec<_> = rows.iter().map(|row| row.id.to_string()).collect();
    let inserts = rows.into_iter().map(|row| fixture.insert_secret(row));
    for done in futures::future::join_all(inserts).await {
        done.unwrap();
    }
    let events = audit::all(&mut fixture.store.reader().await.unwrap())
        .await
        .unwrap();
    let told: Vec<_> = events[1..]
        .iter()
        .map(|event| event.resource_id.clone())
        .collect();
    assert_eq!(told, ids);
    assert!((1..).zip(&events).all(|(place, event)| event.seq == place));
}
