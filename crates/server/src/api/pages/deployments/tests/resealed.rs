//! Values sealed anew under a new key of their account: those of stores, Workers, projects and deployments.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::http::Method;
use coffer_crypto::SystemRandom;
use coffer_engine::Installation;
use coffer_engine::keys::{KeyRotationError, Keys};
use coffer_protocol::feed::{ChangeSource, Record, Snapshot, Subject};
use coffer_store::rows::changes::{self, ChangeSubject};
use coffer_store::rows::sealed_values::{self, SealedIn, SealedValue};
use coffer_types::{AccountId, ValueVersion};
use serde_json::{Value, json};

use crate::api::pages::testing::{SITE, id_of};
use crate::testing::{TestApp, result};

const STORES: &str = "/accounts/{account_id}/secrets_store/stores";

fn keys_of(app: &TestApp) -> Keys {
    Installation::of_parts(
        app.store.clone(),
        Arc::clone(&app.keyring),
        app.clock.clone(),
        Arc::new(SystemRandom),
    )
    .keys()
}

/// Walks to the end, and gives how many values were sealed anew and how many are damaged.
async fn walk(keys: &Keys, account_id: AccountId) -> (u32, u32) {
    let (mut done, mut after) = ((0, 0), None);
    loop {
        let step = keys.reseal(account_id, after.as_deref()).await.unwrap();
        done = (done.0 + step.resealed, done.1 + step.damaged);
        match step.next {
            Some(next) => after = Some(next),
            None => return done,
        }
    }
}

/// The versions of keys that what edges have is sealed under.
fn sealed_under(snapshot: &Snapshot) -> BTreeSet<u32> {
    let version = |sealed: &[u8]| coffer_envelope::key_version(sealed).unwrap();
    let mut found = BTreeSet::new();
    for record in &snapshot.records {
        match record {
            Record::Secret(secret) => {
                found.insert(version(&secret.sealed));
            }
            Record::Version(one) => {
                found.extend(one.secrets.iter().map(|secret| version(&secret.sealed)));
            }
            _ => {}
        }
    }
    found
}

/// An application with a value of every kind; gives the secret of the store, and the deployment.
async fn filled() -> (TestApp, String, String, Value) {
    let app = TestApp::with_site().await;
    let made = app
        .request(Method::POST, STORES, Some(json!({ "name": "dev" })))
        .await;
    let store_id = result(&made)["id"].as_str().unwrap().to_owned();
    let secret_id = app.create_secret(&store_id, "KEY", "of the store").await;
    let bindings = json!([{ "name": "OWN", "type": "secret_text", "text": "of the Worker" }]);
    app.upload("reader", bindings).await;
    // A second version inherits the same value.
    app.upload_version("reader", json!([{ "name": "OWN", "type": "inherit" }]))
        .await;
    let set = json!({ "type": "secret_text", "value": "of the project" });
    let body = json!({ "deployment_configs": { "production": { "env_vars": { "SITE": set } } } });
    result(&app.request(Method::PATCH, SITE, Some(body)).await);
    let deployment = app.deployed_code("main", &json!([])).await;
    (app, store_id, secret_id, deployment)
}

#[tokio::test]
async fn every_kind_of_value_is_sealed_anew_and_edges_are_told_and_nothing_else_changes() {
    let (app, store_id, secret_id, deployment) = filled().await;
    let keys = keys_of(&app);
    let account_id = app.first.account_id;
    let path = format!("{STORES}/{store_id}/secrets/{secret_id}");
    let shown = app.request(Method::GET, &path, None).await.2;
    let before = app.engine.snapshot().await.unwrap();
    assert_eq!(sealed_under(&before), BTreeSet::from([1]));

    let new = keys.rotate_account(account_id).await.unwrap();
    assert_eq!(new.version, 2);
    // Until a value is sealed anew, it opens under the key that it has.
    assert_eq!(app.env("reader").await["OWN"], "of the Worker");
    // Of the store, the Worker, the project, and the deployment's copy.
    assert_eq!(walk(&keys, account_id).await, (4, 0));
    assert_eq!(walk(&keys, account_id).await, (0, 0));

    let after = app.engine.snapshot().await.unwrap();
    assert_eq!(sealed_under(&after), BTreeSet::from([2]));
    assert_eq!(app.env("reader").await["OWN"], "of the Worker");
    let told = app.told(&deployment).await.unwrap();
    assert_eq!(app.opened(&told).await["SITE"], "of the project");
    let changes = app.engine.changes(before.seq).await.unwrap();
    let subjects: Vec<_> = changes.iter().map(|change| change.subject).collect();
    assert!(subjects.contains(&Subject::Account(account_id)));
    assert!(subjects.contains(&Subject::Secret(secret_id.parse().unwrap())));
    assert!(subjects.contains(&Subject::Version(id_of(&deployment))));
    let versions = subjects
        .iter()
        .filter(|one| matches!(one, Subject::Version(_)));
    assert_eq!(
        versions.count(),
        3,
        "both of the Worker, and the deployment"
    );
    assert_eq!(app.request(Method::GET, &path, None).await.2, shown);

    // What is deployed next is copied from what is sealed anew, and a duplicate is sealed under the new key.
    let next = app.deployed_code("main", &json!([])).await;
    let told = app.told(&next).await.unwrap();
    assert_eq!(app.opened(&told).await["SITE"], "of the project");
    let path = format!("{path}/duplicate");
    let body = json!({ "name": "COPY", "scopes": ["workers"] });
    result(&app.request(Method::POST, &path, Some(body)).await);
    let last = app.engine.snapshot().await.unwrap();
    assert_eq!(sealed_under(&last), BTreeSet::from([2]));
}

#[tokio::test]
async fn a_damaged_value_stays_as_it_is_and_stops_nothing() {
    let (app, _, secret_id, _) = filled().await;
    let keys = keys_of(&app);
    let account_id = app.first.account_id;
    let mut sealed = app.sealed(&secret_id).await.unwrap();
    *sealed.last_mut().unwrap() ^= 1;
    let damaged = SealedValue {
        kept_in: SealedIn::Secret(
            coffer_types::StoreId::from_bytes([0; 16]),
            secret_id.parse().unwrap(),
            ValueVersion::FIRST,
        ),
        sealed: sealed.clone(),
    };
    app.add_rows(move |tx| {
        let damaged = damaged.clone();
        Box::pin(async move { sealed_values::replace(tx, &damaged).await })
    })
    .await;
    keys.rotate_account(account_id).await.unwrap();
    assert_eq!(walk(&keys, account_id).await, (3, 1));
    assert_eq!(app.sealed(&secret_id).await, Some(sealed));
    assert_eq!(walk(&keys, account_id).await, (0, 1));
    let nobody = AccountId::from_bytes([9; 16]);
    let refused = keys.reseal(nobody, None).await;
    assert!(matches!(refused, Err(KeyRotationError::NoAccount(id)) if id == nobody));
    for cursor in ["", "0", "x.y.z", "300.a.b"] {
        let refused = keys.reseal(account_id, Some(cursor)).await;
        assert!(
            matches!(refused, Err(KeyRotationError::Cursor(_))),
            "{cursor}"
        );
    }
}

#[tokio::test]
async fn an_edge_that_is_behind_gets_the_keys_with_what_is_sealed_under_them() {
    let (app, _, secret_id, _) = filled().await;
    let keys = keys_of(&app);
    let account_id = app.first.account_id;
    let before = app.engine.snapshot().await.unwrap().seq;
    let secret = ChangeSubject::Secret(secret_id.parse().unwrap());
    // The secret's change is among the first that are given at once, the new key's comes later.
    app.add_rows(move |tx| {
        Box::pin(async move {
            changes::record(tx, account_id, secret).await?;
            for number in 0..600_u16 {
                let mut id = [0; 16];
                id[..2].copy_from_slice(&number.to_be_bytes());
                let gone = ChangeSubject::Worker(coffer_types::WorkerId::from_bytes(id));
                changes::record(tx, account_id, gone).await?;
            }
            Ok(())
        })
    })
    .await;
    keys.rotate_account(account_id).await.unwrap();
    walk(&keys, account_id).await;
    let first = app.engine.changes(before).await.unwrap();
    let sealed = first.iter().find_map(|change| match &change.record {
        Some(Record::Secret(secret)) => Some(secret.sealed.clone()),
        _ => None,
    });
    assert_eq!(coffer_envelope::key_version(&sealed.unwrap()).unwrap(), 2);
    let known = first.iter().find_map(|change| match &change.record {
        Some(Record::Account(account)) => Some(account.keys.len()),
        _ => None,
    });
    assert_eq!(known, Some(2));
}
