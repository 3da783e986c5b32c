//! Where a project answers.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, TcpListener};

use crate::failure::Failure;

/// Listens, and gives the address with the port that it became.
///
/// # Errors
/// A conflict if something listens there already; with the flag that chooses another.
pub(super) fn bind(ip: IpAddr, port: u16) -> Result<(TcpListener, SocketAddr), Failure> {
    let wanted = SocketAddr::new(ip, port);
    let listener = TcpListener::bind(wanted).map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => {
            let who = holder(port).map_or_else(String::new, |who| format!(" by {who}"));
            Failure::conflict(format!(
                "port {port} is in use{who}: stop that program, or choose another with --port (0 is any that is free)"
            ))
        }
        ErrorKind::PermissionDenied => Failure::sentence(format!(
            "this user may not listen at port {port}: choose one above 1023 with --port"
        )),
        ErrorKind::AddrNotAvailable => Failure::usage(format!(
            "{ip} is no address of this machine: choose another with --ip"
        )),
        _ => Failure::error(&format!("failed to listen at {wanted} (--ip, --port)"), error),
    })?;
    listener
        .set_nonblocking(true)
        .and_then(|()| listener.local_addr())
        .map(|bound| (listener, bound))
        .map_err(|error| Failure::error("failed to listen", error))
}

/// The address for a browser.
pub(super) fn url(bound: SocketAddr) -> String {
    let host = match bound.ip() {
        ip if ip.is_loopback() || ip.is_unspecified() => "localhost".to_owned(),
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    };
    format!("http://{host}:{}", bound.port())
}

/// Which process listens at a port, by what the kernel shows to this user.
fn holder(port: u16) -> Option<String> {
    let inode = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| std::fs::read_to_string(table).ok())
        .find_map(|table| listening_inode(&table, port))?;
    let wanted = format!("socket:[{inode}]");
    let processes = std::fs::read_dir("/proc").ok()?;
    for process in processes.flatten() {
        let name = process.file_name();
        let Some(id) = name
            .to_str()
            .filter(|name| name.bytes().all(|b| b.is_ascii_digit()))
        else {
            continue;
        };
        let Ok(descriptors) = std::fs::read_dir(process.path().join("fd")) else {
            continue;
        };
        let holds = descriptors
            .flatten()
            .filter_map(|one| std::fs::read_link(one.path()).ok())
            .any(|link| link.as_os_str() == wanted.as_str());
        if holds {
            let command = std::fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            let command = crate::output::printable(command.trim());
            return Some(format!("{command} (process {id})"));
        }
    }
    None
}

/// The inode of the socket that listens at a port, in a table of the kernel's.
fn listening_inode(table: &str, port: u16) -> Option<String> {
    const LISTENS: &str = "0A";
    let end = format!(":{port:04X}");
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        let [_, local, _, state, ..] = fields.as_slice() else {
            return None;
        };
        let inode = fields.get(9)?;
        (local.ends_with(&end) && *state == LISTENS).then(|| (*inode).to_owned())
    })
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    #[test]
    fn who_has_a_port_is_named() {
        let (_listener, bound) = bind(IpAddr::V4(Ipv4Addr::LOCALHOST), 0).unwrap();
        let refused = bind(bound.ip(), bound.port()).unwrap_err().message();
        assert!(refused.contains("--port"), "{refused}");
        let own = format!("(process {})", std::process::id());
        assert!(refused.contains(&own), "{refused}");
        assert_eq!(url(bound), format!("http://localhost:{}", bound.port()));
        let any = SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), 80);
        assert_eq!(url(any), "http://localhost:80");
    }
}
