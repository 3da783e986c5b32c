//! What tests stand on: a running Coffer, clients of its API and its gateway, a clock and a randomness
//! that are chosen, marked values that must never turn up, and the book-keeping of crash tests.
//!
//! Knows the command line and the HTTP interfaces, as an operator does. Must never know a secret's
//! internals, SQL or keys, and production code must not depend on it: `deny.toml` refuses that.
//!
//! To add a fixture: one module named by its noun, errors instead of panics, and no sleeping: offer a way to
//! wait for the thing, as [`wait::until`] does.

pub mod api;
pub mod canary;
pub mod clock;
pub mod credentials;
pub mod gateway;
pub mod instance;
pub mod ledger;
mod output;
mod port;
pub mod process;
pub mod random;
pub mod wait;
mod worker;

pub use api::{Answer, ApiClient};
pub use canary::{Canary, Leak};
pub use clock::FixedClock;
pub use credentials::Credentials;
pub use gateway::{GatewayClient, Reply};
pub use instance::{Instance, InstanceError, Settings};
pub use ledger::Ledger;
pub use random::SeededRandom;
