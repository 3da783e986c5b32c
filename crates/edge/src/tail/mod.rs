//! Live logs: while a Worker is followed, its processes are started with a second, internal Worker beside the
//! version's own, to which the runtime tells every invocation. What it hears it sends to the process's private
//! tail socket; here it loses every secret value and goes to the [`TailSink`](coffer_protocol::tail::TailSink).
//!
//! A process that nobody follows has none of this: [`follow`] lets the routing replace processes when the first
//! tail of a Worker begins and when the last ends, as a deployment does.

mod follow;
mod port;
mod redact;
mod server;

pub(crate) use follow::follow;
pub(crate) use port::{Cut, TailPort};
pub(crate) use server::serve;

/// The code of the internal Worker.
pub(crate) const TAIL_WORKER: &str = include_str!("tail.js");
