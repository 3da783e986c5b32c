//! Who may let a Worker read a secret of a store, and which secrets there are to read.

use coffer_store::Rows;
use coffer_store::rows::versions::VersionRow;
use coffer_store::rows::{secrets, stores};
use coffer_types::{
    AccountId, Binding, BindingKind, BindingName, Permission, Scope, SecretName, StoreId,
};

use crate::authorize::Permit;
use crate::error::{Error, Invalid, Problem, Result};

/// Refuses a binding to a secret of a store unless the caller may bind, the secret is there in the caller's own
/// account, and it is for Workers. Whether it is there is not told to who may not bind.
pub(super) async fn check_bindable<P: Sync>(
    rows: &mut impl Rows,
    permit: &Permit<P>,
    binding: &BindingName,
    store_id: StoreId,
    secret_name: &SecretName,
) -> Result<Result<(), Problem>> {
    if !permit.also_permits(Permission::BindSecrets) {
        return Ok(Err(Problem::SecretBindingUnauthorized));
    }
    check_there(rows, permit.account_id(), binding, store_id, secret_name).await
}

/// Refuses bindings that were found to be for the caller to make, if their secrets have gone since. It is asked in
/// the transaction that makes the version, so that none is deployed without a secret that was there.
pub(super) async fn check_still_there(
    rows: &mut impl Rows,
    account_id: AccountId,
    bindings: &[Binding],
) -> Result<()> {
    let mut problems = Vec::new();
    for (name, store_id, secret_name) in to_stores(bindings) {
        let checked = check_there(rows, account_id, name, store_id, secret_name).await?;
        problems.extend(checked.err());
    }
    refuse_any("/bindings", problems)
}

async fn check_there(
    rows: &mut impl Rows,
    account_id: AccountId,
    binding: &BindingName,
    store_id: StoreId,
    secret_name: &SecretName,
) -> Result<Result<(), Problem>> {
    let found = match stores::find(rows, account_id, store_id).await? {
        None => None,
        Some(_) => secrets::with_name(rows, store_id, secret_name).await?,
    };
    Ok(match found {
        None => Err(Problem::SecretBindingMissing {
            binding: binding.to_string(),
            store: store_id.to_string(),
            secret: secret_name.to_string(),
        }),
        Some(secret) if !secret.scopes.contains(Scope::Workers) => {
            Err(Problem::SecretBindingUnauthorized)
        }
        Some(_) => Ok(()),
    })
}

/// Refuses versions with a binding to a secret of a store that could not be made now; every one is named.
/// The caller leaves out what serves already: it reads what it reads.
pub(super) async fn check_deployable<P: Sync>(
    rows: &mut impl Rows,
    permit: &Permit<P>,
    versions: impl Iterator<Item = &VersionRow> + Send,
) -> Result<()> {
    let mut problems = Vec::new();
    for version in versions {
        for (name, store_id, secret_name) in to_stores(&version.facts.bindings) {
            let checked = check_bindable(rows, permit, name, store_id, secret_name).await?;
            problems.extend(checked.err());
        }
    }
    refuse_any("/versions", problems)
}

/// Those of the bindings that are to secrets of stores.
fn to_stores(bindings: &[Binding]) -> impl Iterator<Item = (&BindingName, StoreId, &SecretName)> {
    bindings.iter().filter_map(|binding| match &binding.kind {
        BindingKind::SecretsStoreSecret {
            store_id,
            secret_name,
        } => Some((&binding.name, *store_id, secret_name)),
        _ => None,
    })
}

/// Refuses if there is any problem; each is told at the same place of the request.
fn refuse_any(pointer: &str, problems: Vec<Problem>) -> Result<()> {
    if problems.is_empty() {
        return Ok(());
    }
    let at_pointer = |problem| Invalid {
        pointer: pointer.to_owned(),
        problem,
    };
    Err(Error::Invalid(
        problems.into_iter().map(at_pointer).collect(),
    ))
}
