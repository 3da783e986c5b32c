//! What crosses a border between Coffer's parts: the v4 wire shapes and the feed that an edge follows.
//!
//! Knows serde and the domain's vocabulary. Must never know storage, the engine or a secret's value:
//! shapes that carry a value are defined where they are read, over `crypto`'s own type.
//!
//! To add a shape of the API: a type named by its noun in the module of its area, with the fields that real
//! clients read; what they leave out is an `Option`. To add something that edges follow: a kind of record and
//! of subject in [`feed`].

pub mod audit;
pub mod comparison;
pub mod device_logins;
pub mod feed;
pub mod hostnames;
pub mod identity;
pub mod keys;
pub mod members;
pub mod operator;
pub mod pages;
pub mod runtime;
pub mod secrets_store;
pub mod sessions;
pub mod tail;
pub mod tokens;
pub mod traffic;
pub mod usage;
pub mod usage_model;
pub mod v4;
pub mod workers;
