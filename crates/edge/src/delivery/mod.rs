//! Delivery: what a process asks for on its private socket, and who is told that it read.
//!
//! The socket is the capability. Which version asks is known by the socket it came in on, never by what
//! it says; it can ask only for secrets that the version binds, in the version's own account, that have the
//! `workers` scope at this moment.

mod access;
mod answer;
mod query;
mod server;

pub(crate) use access::AccessLog;
pub(crate) use answer::Client;
pub(crate) use server::serve;
