//! Secrets Stores and their secrets.

mod access;
mod protection;
mod quota;
mod secrets;
mod stores;
mod unused;
mod usage;

pub use protection::BoundSecret;
pub use secrets::{DuplicateSecret, NewSecret, SecretChanges, SecretList, SecretPage};
pub use stores::{StoreList, StorePage};
pub use unused::{UnusedList, UnusedPage};
