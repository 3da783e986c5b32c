//! The edge: runs Workers on workerd and gives each what it may have.
//!
//! It follows the control plane's changes into a replica (`replica`), finds the version that answers a
//! request (`routing`), keeps one workerd process (`process`) for each version in use, writes that process's
//! configuration (`config`), delivers store secrets to it on its private socket (`delivery`), runs Workers by the clock (`cron`), and passes HTTP
//! between clients and it (`gateway`). It is the only holder of leased account keys together with the
//! envelope's crate, and so the only part of Coffer that can open a value (`opening`).
//!
//! It must never know the control plane's SQL or the API's routes: what it learns comes through
//! `coffer_protocol::feed`.
//!
//! To add a kind of binding: a variant in `coffer_types::BindingKind`, its lines in `config/bindings.rs`, and
//! the place of its fields in `schema/workerd.capnp`. To add a reason for ending a process: a variant of
//! `process::watch::End`. Bounds are in [`RuntimeConfig`] and beside what they bound.

mod assets;
mod check;
mod config;
mod cron;
mod delivery;
mod descriptors;
mod edge;
mod gateway;
mod launch;
mod local;
mod metrics;
mod opening;
mod private_socket;
mod process;
mod replica;
mod routing;
mod settings;
mod shares;
mod tail;
mod traffic;
mod trial;
mod workerd;
#[allow(
    clippy::all,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    dead_code,
    unused,
    reason = "generated from schema/workerd.capnp by capnpc"
)]
#[rustfmt::skip]
mod workerd_capnp;

pub use check::WorkerdCheck;
pub use descriptors::raise_descriptor_limit;
pub use edge::{Development, Edge, EdgeConfig, EdgeError};
pub use gateway::{AnsweredRequest, RequestObserver};
pub use local::{LOCAL_MARK, LocalError, local_values};
pub use process::RuntimeDirError;
pub use settings::RuntimeConfig;
pub use trial::{TrialError, try_runtime};
pub use workerd::{WorkerdMissing, find_workerd};
