//! Ports for servers under test.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below what the kernel gives to outgoing connections (32768 and up), so that no client takes a
/// server's port between two of its runs.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

static NEXT: AtomicU16 = AtomicU16::new(0);

/// A port of the loopback address that nothing listens on, another one with every call. Processes that
/// run at the same time start at different places.
pub(crate) fn unused() -> Option<u16> {
    let start = (std::process::id() % u32::from(COUNT))
        .try_into()
        .unwrap_or(0u16);
    (0..COUNT).find_map(|_| {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        // A large odd stride keeps neighbours in process ids apart.
        let offset = (u32::from(start) * 101 + u32::from(step)) % u32::from(COUNT);
        let port = FIRST + u16::try_from(offset).unwrap_or(0);
        TcpListener::bind(("127.0.0.1", port))
            .is_ok()
            .then_some(port)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_over_ports_in_use() {
        let first = unused().unwrap();
        let _held = TcpListener::bind(("127.0.0.1", first)).unwrap();
        let second = unused().unwrap();
        assert_ne!(first, second);
        assert!((FIRST..FIRST + COUNT).contains(&second));
    }
}
