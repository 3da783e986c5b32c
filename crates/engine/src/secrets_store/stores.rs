//! Secrets Stores.

mod create;
mod delete;
mod find;
mod list;

pub use list::{StoreList, StorePage};

use coffer_protocol::secrets_store::Store;
use coffer_store::rows::stores::StoreRow;

/// The store as clients see it.
fn view(row: StoreRow) -> Store {
    Store {
        id: row.id,
        account_id: row.account_id,
        name: row.name,
        created: row.created_at,
        modified: row.modified_at,
    }
}
