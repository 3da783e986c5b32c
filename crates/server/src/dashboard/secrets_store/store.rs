//! The account's store. An account has one unless its limits were raised; the dashboard shows the oldest.

use coffer_engine::{
    Direction, Engine, ManageSecrets, Permit, Result, Slice, StoreList, StoreOrder, ViewSecrets,
};
use coffer_protocol::secrets_store::Store;
use coffer_types::StoreName;

/// The name of a store that the dashboard makes.
const NAME: &str = "default_secrets_store";

/// The account's store, if it has one.
pub(super) async fn find(engine: &Engine, permit: &Permit<ViewSecrets>) -> Result<Option<Store>> {
    let oldest = StoreList {
        order: StoreOrder::Created,
        direction: Direction::Ascending,
        slice: Slice {
            limit: 1,
            offset: 0,
        },
    };
    let stores = engine.list_stores(permit, oldest).await?.stores;
    Ok(stores.into_iter().next())
}

/// The account's store, made if there is none yet.
pub(super) async fn find_or_create(
    engine: &Engine,
    permit: &Permit<ManageSecrets>,
) -> Result<Store> {
    let view = permit.and::<ViewSecrets>()?;
    if let Some(store) = find(engine, &view).await? {
        return Ok(store);
    }
    let name: StoreName = NAME
        .parse()
        .map_err(|error| coffer_engine::Error::Internal(format!("{NAME}: {error}")))?;
    engine.create_store(permit, name).await
}
