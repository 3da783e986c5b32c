//! Tails: who follows a Worker's logs, and what reaches them.
//!
//! A tail lives in the memory of the server that made it: it ends with its WebSocket, and what was not sent is gone.
//! Its address lets one client in, once. What edges capture comes without secret values.

mod create;
mod delete;
mod filter;
mod follow;
mod list;
mod pages;
mod queue;
mod registry;
mod sink;

pub use create::NewTail;
pub use follow::{TailEnd, TailFrame, TailStream};
pub use list::TailView;
pub(crate) use registry::Tails;
