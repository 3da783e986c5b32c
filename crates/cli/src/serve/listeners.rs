//! The listeners: inherited from whoever started the process, such as systemd, or bound here.
//!
//! Inherited ones outlive the process: while it is restarted, connections wait in their queues.

use std::io;
use std::net::{SocketAddr, TcpListener};

use listenfd::ListenFd;

use crate::config::Config;
use crate::environment;
use crate::failure::Failure;

/// What names the inherited listener of the API, and, without names, the first.
const API: &str = "api";
/// What names the inherited listener of the Workers, and, without names, the second.
const WORKERS: &str = "workers";

/// Both listeners, and where clients find them.
pub(super) struct Listeners {
    pub(super) api: (TcpListener, SocketAddr),
    pub(super) workers: (TcpListener, SocketAddr),
}

/// Takes the listeners that were inherited, and binds those that were not.
///
/// # Errors
/// A sentence for an address that cannot be had, or a descriptor that is no listener.
pub(super) fn listen(config: &Config) -> Result<Listeners, Failure> {
    let names = environment::first(&["LISTEN_FDNAMES"]).unwrap_or_default();
    let (api, workers) = inherited(ListenFd::from_env(), &names)?;
    let or_bind = |inherited: Option<TcpListener>, address, flag| match inherited {
        Some(listener) => located(listener),
        None => bind(address, flag),
    };
    Ok(Listeners {
        api: or_bind(api, config.listen, "--listen")?,
        workers: or_bind(workers, config.workers_listen, "--workers-listen")?,
    })
}

type Inherited = (Option<TcpListener>, Option<TcpListener>);

fn inherited(mut descriptors: ListenFd, names: &str) -> Result<Inherited, Failure> {
    let count = descriptors.len();
    let names: Vec<_> = names.split(':').collect();
    let place = |name: &str, otherwise: usize| {
        let is_named = names.contains(&API) || names.contains(&WORKERS);
        match names.iter().position(|other| *other == name) {
            Some(place) => Some(place),
            None if is_named => None,
            None => Some(otherwise),
        }
    };
    let (api, workers) = (place(API, 0), place(WORKERS, 1));
    let expected = [api, workers]
        .into_iter()
        .flatten()
        .filter(|place| *place < count);
    if expected.count() < count {
        return Err(Failure::usage(format!(
            "{count} listening sockets were handed over: hand over the API's and then the Workers', or name them \
             {API:?} and {WORKERS:?}"
        )));
    }
    let mut take = |place: Option<usize>, what: &str| match place.filter(|place| *place < count) {
        None => Ok(None),
        Some(place) => descriptors.take_tcp_listener(place).map_err(|error| {
            Failure::error(&format!("failed to take over the {what} listener"), error)
        }),
    };
    Ok((take(api, "API's")?, take(workers, "Workers'")?))
}

/// Listens at the address, and says where that is: port 0 becomes a free one.
fn bind(address: SocketAddr, flag: &str) -> Result<(TcpListener, SocketAddr), Failure> {
    let listener = TcpListener::bind(address).map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => Failure::conflict(format!(
            "{address} is in use: stop the program that listens there, or choose another address with {flag}"
        )),
        io::ErrorKind::PermissionDenied => Failure::sentence(format!(
            "this user may not listen on {address}: choose a port above 1023 with {flag}"
        )),
        _ => Failure::error(&format!("failed to listen on {address} ({flag})"), error),
    })?;
    located(listener)
}

fn located(listener: TcpListener) -> Result<(TcpListener, SocketAddr), Failure> {
    listener
        .set_nonblocking(true)
        .and_then(|()| listener.local_addr())
        .map(|bound| (listener, bound))
        .map_err(|error| Failure::error("failed to listen", error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_descriptors_nothing_is_inherited() {
        for names in ["", "api:workers", "unknown"] {
            let (api, workers) = inherited(ListenFd::empty(), names).unwrap();
            assert!(api.is_none() && workers.is_none(), "{names}");
        }
    }
}
