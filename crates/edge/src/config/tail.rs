//! The internal Worker that hears what the version's own does, in its configuration.

use std::path::Path;

use capnp::struct_list;

use super::write_external;
use crate::tail::TAIL_WORKER;
use crate::workerd_capnp::{service, worker};

/// How many services it takes.
pub(super) const SERVICES: u32 = 2;
/// The service that is the internal Worker.
const LISTENER: &str = "tail";
/// The service that leads to the daemon.
const SOCKET: &str = "tail-socket";
/// The internal Worker's own: it depends on no change of behaviour.
const COMPATIBILITY_DATE: &str = "2026-01-01";

/// Writes the internal Worker and its way to the daemon, at this place and the next.
pub(super) fn write(
    socket: &Path,
    mut services: struct_list::Builder<'_, service::Owned>,
    place: u32,
) {
    let mut listener = services.reborrow().get(place);
    listener.set_name(LISTENER);
    let mut worker = listener.init_worker();
    worker.set_compatibility_date(COMPATIBILITY_DATE);
    let mut module = worker.reborrow().init_modules(1).get(0);
    module.set_name("tail.js");
    module.set_es_module(TAIL_WORKER);
    let mut daemon = worker.init_bindings(1).get(0);
    daemon.set_name("daemon");
    daemon.init_service().set_name(SOCKET);

    let mut way = services.get(place + 1);
    way.set_name(SOCKET);
    write_external(socket, way).init_http();
}

/// Lets the internal Worker hear of what this one does.
pub(super) fn be_told(worker: worker::Builder<'_>) {
    worker.init_tails(1).get(0).set_name(LISTENER);
}
