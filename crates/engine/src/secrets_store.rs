//! Secrets Stores and their secrets.

mod access;
mod quota;
mod secrets;
mod stores;

pub use secrets::{DuplicateSecret, NewSecret, SecretChanges, SecretList, SecretPage};
pub use stores::{StoreList, StorePage};
