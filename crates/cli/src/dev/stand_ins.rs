//! Secrets of stores, as bindings find them: those of the project's own Coffer, and values of `.dev.vars` that stand
//! in for them. Those are kept in a store of their own, so that code reads them in the same way, with `get()`.

use std::collections::HashMap;

use coffer_types::{StoreId, StoreName};
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::bindings::Plan;
use super::machine::Machine;
use crate::api::{Answer, ApiError, Body};
use crate::failure::Failure;
use crate::upload::BindingKind;

/// The store of the values that stand in.
const STORE: &str = "0000000000000000000000000000d0e5";
/// Its name.
const STORE_NAME: &str = "values of .dev.vars";
/// The only scope that is needed.
const SCOPE: &str = "workers";

#[derive(Deserialize)]
struct Store {
    id: StoreId,
    name: StoreName,
}

#[derive(Deserialize)]
struct Secret {
    id: String,
    name: String,
    #[serde(default)]
    scopes: Vec<String>,
}

#[derive(Serialize)]
struct New<'a> {
    name: &'a str,
    value: &'a str,
    scopes: [&'static str; 1],
}

/// Lets bindings to secrets of stores lead to what there is, and says where each leads.
///
/// # Errors
/// If the project's own Coffer refuses a value.
pub(super) async fn settle(plan: &mut Plan, machine: &Machine) -> Result<(), Failure> {
    let stand_ins = std::mem::take(&mut plan.stand_ins);
    keep(machine, &stand_ins).await?;
    let has_stand_in = |name: &str| stand_ins.iter().any(|(one, _)| one == name);
    let mut known: HashMap<String, HashMap<String, Secret>> = HashMap::new();
    let stores: Vec<Store> = match plan.bindings.iter().any(is_of_store) {
        true => machine.api.read_all(&stores(machine), &[]).await?,
        false => Vec::new(),
    };
    let mut told = Vec::new();
    for binding in &mut plan.bindings {
        let name = binding.name.clone();
        let BindingKind::SecretsStoreSecret {
            store_id,
            secret_name,
        } = &mut binding.kind
        else {
            continue;
        };
        if has_stand_in(&name) {
            STORE.clone_into(store_id);
            secret_name.clone_from(&name);
            continue;
        }
        let named = store_id.clone();
        let store = stores.iter().find(|store| is_store(store, &named));
        if let Some(store) = store {
            *store_id = store.id.to_string();
        } else if store_id.parse::<StoreId>().is_err() {
            // Nothing can be in it: `get()` says so by the secret's name.
            *store_id = "0".repeat(32);
        }
        if store.is_some() && !known.contains_key(store_id) {
            known.insert(store_id.clone(), secrets(machine, store_id).await?);
        }
        let found = known
            .get(store_id.as_str())
            .and_then(|secrets| secrets.get(secret_name.as_str()));
        told.push((
            name,
            named,
            secret_name.clone(),
            found.map(|one| one.scopes.contains(&SCOPE.to_owned())),
        ));
    }
    for (name, store, secret, found) in told {
        tell(plan, &name, &store, &secret, found);
    }
    Ok(())
}

/// Takes the values away that stood in: the file that they are from stays.
pub(super) async fn forget(machine: &Machine) {
    let _ = keep(machine, &[]).await;
}

fn tell(plan: &mut Plan, name: &str, store: &str, secret: &str, has_scope: Option<bool>) {
    match has_scope {
        Some(true) => plan.tell(name, format!("the local store {store}, {secret}"), false),
        Some(false) => {
            let row = format!("the local store {store}, {secret}, without the scope {SCOPE}");
            plan.tell(name, row, true);
            plan.warnings.push(format!(
                "the local secret {secret}, which env.{name} reads, is not for Workers: give it the scope with `coffer \
                 secrets-store secret update {store} {secret} --scopes {SCOPE}`"
            ));
        }
        None => {
            plan.tell(name, "no local value".to_owned(), true);
            plan.warnings.push(format!(
                "env.{name} has no local value, and its get() fails: put {name} into .dev.vars, or run `coffer \
                 secrets-store secret create {store} --name {secret} --scopes {SCOPE}`"
            ));
        }
    }
}

/// Makes these the values that stand in, and no others.
async fn keep(machine: &Machine, wanted: &[(String, Zeroizing<String>)]) -> Result<(), Failure> {
    let mut there = match secrets(machine, STORE).await {
        Ok(there) => there,
        Err(error) if error.status() == Some(http::StatusCode::NOT_FOUND) => {
            if wanted.is_empty() {
                return Ok(());
            }
            let body = Body::json(&json!({ "id": STORE, "name": STORE_NAME }));
            let _: Answer<Value> = machine
                .api
                .write(Method::POST, &stores(machine), &[], body)
                .await?;
            HashMap::new()
        }
        Err(error) => return Err(error.into()),
    };
    let path = format!("{}/{STORE}/secrets", stores(machine));
    let mut new = Vec::new();
    for (name, value) in wanted {
        match there.remove(name) {
            None => new.push(New {
                name,
                value,
                scopes: [SCOPE],
            }),
            Some(Secret { id, .. }) => {
                let body = Body::json(&HashMap::from([("value", value.as_str())]));
                let path = format!("{path}/{id}");
                let _: Answer<Value> = machine.api.write(Method::PATCH, &path, &[], body).await?;
            }
        }
    }
    if !new.is_empty() {
        let body = Body::json(&new);
        let _: Answer<Value> = machine.api.write(Method::POST, &path, &[], body).await?;
    }
    for Secret { id, .. } in there.into_values() {
        let path = format!("{path}/{id}");
        let query = [("force", "true")];
        let _: Answer<Value> = machine
            .api
            .write(Method::DELETE, &path, &query, Body::none())
            .await?;
    }
    Ok(())
}

async fn secrets(machine: &Machine, store: &str) -> Result<HashMap<String, Secret>, ApiError> {
    let path = format!("{}/{store}/secrets", stores(machine));
    let secrets: Vec<Secret> = machine.api.read_all(&path, &[]).await?;
    let named = secrets
        .into_iter()
        .map(|secret| (secret.name.clone(), secret));
    Ok(named.collect())
}

fn stores(machine: &Machine) -> String {
    machine.path("/secrets_store/stores")
}

fn is_of_store(binding: &crate::upload::Binding) -> bool {
    matches!(binding.kind, BindingKind::SecretsStoreSecret { .. })
}

/// Whether a configuration means this store, by id or by name.
fn is_store(store: &Store, text: &str) -> bool {
    text.parse().is_ok_and(|id: StoreId| id == store.id) || store.name.as_str() == text
}
