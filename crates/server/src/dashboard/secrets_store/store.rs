//! The account's stores. An account has one unless its limits were raised; the oldest is shown unless another is
//! chosen.

use coffer_engine::{
    Direction, Engine, ManageSecrets, Permit, Result, Slice, StoreList, StoreOrder, ViewSecrets,
};
use coffer_protocol::secrets_store::Store;
use coffer_types::{StoreId, StoreName};
use serde::Deserialize;

/// The name of a store that the dashboard makes.
const NAME: &str = "default_secrets_store";
/// Stores to choose from; more than anyone was seen to have.
const MOST: u32 = 100;

/// The store that a page's address names. An account has at least that of [`find_or_create`], so an id that is none
/// of its stores' counts as nothing.
#[derive(Debug, Default, Deserialize)]
pub(super) struct StoreChoice {
    #[serde(default)]
    store: String,
}

impl StoreChoice {
    /// That of the store with this id.
    pub(super) fn of(id: StoreId) -> Self {
        Self {
            store: id.to_string(),
        }
    }

    /// The choice as the address has it; empty if it has none.
    pub(super) fn word(&self) -> &str {
        &self.store
    }
}

/// The stores of an account, and which is shown.
#[derive(Debug)]
pub(super) struct Stores {
    /// All of them, the oldest first.
    pub(super) all: Vec<Store>,
    /// The one that is shown.
    pub(super) chosen: Store,
}

impl Stores {
    /// Whether there is another to choose.
    pub(super) fn are_several(&self) -> bool {
        self.all.len() > 1
    }

    /// The chosen store as an address names it; empty for the one that is shown without a choice.
    pub(super) fn word(&self) -> String {
        match self.all.first() {
            Some(oldest) if oldest.id != self.chosen.id => self.chosen.id.to_string(),
            _ => String::new(),
        }
    }
}

/// The account's stores; `None` if it has none.
pub(super) async fn find(
    engine: &Engine,
    permit: &Permit<ViewSecrets>,
    choice: &StoreChoice,
) -> Result<Option<Stores>> {
    let oldest_first = StoreList {
        order: StoreOrder::Created,
        direction: Direction::Ascending,
        slice: Slice {
            limit: MOST,
            offset: 0,
        },
    };
    let all = engine.list_stores(permit, oldest_first).await?.stores;
    let named = all
        .iter()
        .find(|store| store.id.to_string() == choice.store);
    let chosen = named.or_else(|| all.first()).cloned();
    Ok(chosen.map(|chosen| Stores { all, chosen }))
}

/// The account's stores, of which one is made if there is none yet.
pub(super) async fn find_or_create(
    engine: &Engine,
    permit: &Permit<ManageSecrets>,
    choice: &StoreChoice,
) -> Result<Stores> {
    let view = permit.and::<ViewSecrets>()?;
    if let Some(stores) = find(engine, &view, choice).await? {
        return Ok(stores);
    }
    let name: StoreName = NAME
        .parse()
        .map_err(|error| coffer_engine::Error::Internal(format!("{NAME}: {error}")))?;
    let chosen = engine.create_store(permit, name, None).await?;
    Ok(Stores {
        all: vec![chosen.clone()],
        chosen,
    })
}
