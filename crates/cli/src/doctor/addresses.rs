//! Whether the addresses can be listened at, and TLS be spoken there.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use coffer_protocol::operator::Status;

use super::finding::Finding;
use crate::config::Config;
use crate::tls::CertificateFiles;

/// How long an address of this machine may take to answer.
const ANSWER: Duration = Duration::from_secs(1);
const SECURE: &str = "name a certificate, or put a proxy that speaks TLS in front and set --public-url to its https:// \
    address: browsers keep sessions only over HTTPS or on localhost";

/// Looks at both listeners. `server` is the one that runs, which holds the addresses.
pub(super) fn look(config: &Config, server: Option<&Status>) -> Vec<Finding> {
    let mut findings = vec![
        address("API address", config.listen, "--listen", server),
        address(
            "Workers address",
            config.workers_listen,
            "--workers-listen",
            server,
        ),
    ];
    findings.extend(certificate("API certificate", config.tls.as_ref()));
    findings.extend(certificate(
        "Workers certificate",
        config.workers_tls.as_ref(),
    ));
    if config.tls.is_none() && !config.listen.ip().is_loopback() {
        let is_https = config.public_url().starts_with("https://");
        findings.push(if is_https {
            Finding::ok(
                "TLS",
                format!("spoken in front, at {}", config.public_url()),
            )
        } else {
            let found = format!("the API speaks plain HTTP on {}", config.listen);
            Finding::warn("TLS", found, SECURE)
        });
    }
    findings
}

fn address(
    check: &'static str,
    address: SocketAddr,
    flag: &str,
    server: Option<&Status>,
) -> Finding {
    if let Some(server) = server {
        return while_served(check, address, flag, server.pid);
    }
    match TcpListener::bind(address) {
        Ok(_) => Finding::ok(check, format!("{address} is free")),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Finding::fail(
            check,
            format!("{address} is in use"),
            format!("stop the program that listens there, or choose another address with {flag}"),
        ),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Finding::fail(
            check,
            format!("this user may not listen on {address}"),
            format!(
                "choose a port above 1023 with {flag}, or start Coffer by systemd with its sockets"
            ),
        ),
        Err(error) => Finding::fail(
            check,
            format!("{address}: {error}"),
            format!("choose an address of this machine with {flag}"),
        ),
    }
}

/// While a server runs, the address should be listened at. Which program does cannot be seen.
fn while_served(
    check: &'static str,
    address: SocketAddr,
    flag: &str,
    pid: impl std::fmt::Display,
) -> Finding {
    match TcpStream::connect_timeout(&address, ANSWER) {
        Ok(_) => Finding::ok(
            check,
            format!("{address} answers, and the server ({pid}) runs"),
        ),
        Err(_) => Finding::warn(
            check,
            format!("nothing answers at {address}, though the server ({pid}) runs"),
            format!("look with the settings that the server was started with: {flag}, or --config"),
        ),
    }
}

fn certificate(check: &'static str, files: Option<&CertificateFiles>) -> Option<Finding> {
    files.map(|files| match files.check() {
        Ok(()) => Finding::ok(check, "read, and its key belongs to it"),
        Err(failure) => Finding::fail(
            check,
            failure.message(),
            "correct the files, or the names of the files",
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::super::finding::Outcome;
    use super::*;

    #[test]
    fn an_address_is_looked_at_while_a_server_runs() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let look = || while_served("API address", address, "--listen", 1);
        assert_eq!(look().outcome, Outcome::Ok);
        drop(listener);
        let found = look();
        assert_eq!(found.outcome, Outcome::Warn);
        assert!(found.found.starts_with("nothing answers"));
    }
}
