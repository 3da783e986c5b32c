//! Secrets Stores and their secrets.

mod access;
mod protection;
mod quota;
mod reads;
mod secrets;
mod stores;
mod unused;
mod usage;
mod uses;

pub use protection::BoundSecret;
pub use reads::{ReadsDivision, ReadsPart};
pub use secrets::{Candidate, DuplicateSecret, NewSecret, SecretChanges, SecretList, SecretPage};
pub use stores::{StoreList, StorePage};
pub use unused::{UnusedList, UnusedPage};
pub use uses::SecretUse;
