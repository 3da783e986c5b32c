//! From where a request comes, when proxies that the operator trusts stand in front.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, HeaderName};
use coffer_types::IpRange;
use coffer_types::limits::MAX_PROXIES_IN_FRONT;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address of the client whose request a peer sent.
///
/// That is the peer, unless it is a trusted proxy. Such a proxy has added the address of its own peer at the
/// end of `X-Forwarded-For`; if that is a trusted proxy too, the address before counts, and so on. What
/// stands further to the left was sent by the client and may be anything, so it is never looked at. Where
/// an entry that counts is no address, the last trusted proxy stands for the client: a proxy that
/// writes such things limits its own clients, and none escapes by it.
pub(crate) fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpRange]) -> IpAddr {
    let mut client = peer.to_canonical();
    let is_trusted = |address| trusted.iter().any(|range| range.contains(address));
    if !is_trusted(client) {
        return client;
    }
    let lines = headers.get_all(X_FORWARDED_FOR).into_iter();
    // Several lines are one list. Header lines of any count and length were bounded when they were read.
    let entries = lines
        .rev()
        .flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
    for entry in entries.take(MAX_PROXIES_IN_FRONT) {
        let Some(address) = parse(entry) else { break };
        client = address;
        if !is_trusted(client) {
            break;
        }
    }
    client
}

/// An address, alone or with the port that some proxies add.
fn parse(entry: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(entry).ok()?.trim();
    let address = text
        .parse()
        .or_else(|_| text.parse().map(|address: SocketAddr| address.ip()))
        .or_else(|error| {
            let inner = text
                .strip_prefix('[')
                .and_then(|text| text.strip_suffix(']'));
            inner.map_or(Err(error), str::parse)
        });
    Some(address.ok()?.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn from(peer: &str, lines: &[&[u8]], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(X_FORWARDED_FOR, HeaderValue::from_bytes(line).unwrap());
        }
        let trusted: Vec<_> = trusted.iter().map(|text| text.parse().unwrap()).collect();
        client_address(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    const PROXIES: &[&str] = &["10.0.0.0/8", "2001:db8:ffff::/48"];

    #[test]
    fn nobody_is_believed_who_is_not_named() {
        for peer in ["127.0.0.1", "::1", "192.0.2.1"] {
            assert_eq!(from(peer, &[b"203.0.113.1"], &[]), peer);
            assert_eq!(from(peer, &[b"203.0.113.1"], PROXIES), peer);
        }
        assert_eq!(
            from("::ffff:192.0.2.1", &[b"203.0.113.1"], PROXIES),
            "192.0.2.1"
        );
    }

    #[test]
    fn what_a_trusted_proxy_added_counts_and_what_it_was_sent_does_not() {
        for (lines, client) in [
            (&[][..], "10.0.0.1"),
            (&[&b"203.0.113.1"[..]], "203.0.113.1"),
            (&[b"198.51.100.9, 203.0.113.1"], "203.0.113.1"),
            (&[b"198.51.100.9", b"203.0.113.1"], "203.0.113.1"),
            // A trusted address that a client made up, left of what the proxy saw.
            (&[b"10.0.0.2,203.0.113.1"], "203.0.113.1"),
            (&[b"\xff\xfe,,;' drop table, 203.0.113.1"], "203.0.113.1"),
            // A chain of proxies.
            (
                &[b"198.51.100.9, 203.0.113.1, 10.0.0.3,2001:db8:ffff::7"],
                "203.0.113.1",
            ),
            (&[b"203.0.113.1", b"10.0.0.3", b"10.9.9.9"], "203.0.113.1"),
            // A client inside.
            (&[b"10.0.0.9, 10.0.0.3"], "10.0.0.9"),
            // The forms in which proxies write.
            (&[b"203.0.113.1:4711"], "203.0.113.1"),
            (&[b"2001:db8::1"], "2001:db8::1"),
            (&[b"[2001:db8::1]"], "2001:db8::1"),
            (&[b"[2001:db8::1]:4711"], "2001:db8::1"),
            (&[b"\t ::ffff:203.0.113.1 "], "203.0.113.1"),
        ] {
            assert_eq!(from("10.0.0.1", lines, PROXIES), client, "{lines:?}");
            assert_eq!(from("::ffff:10.0.0.1", lines, PROXIES), client, "{lines:?}");
        }
    }

    #[test]
    fn what_is_no_address_leaves_the_proxy_that_wrote_it() {
        for line in [
            &b""[..],
            b"unknown",
            b"203.0.113.1,",
            b"203.0.113.1, ",
            b"203.0.113.1;",
            b"203.0.113.256",
            b"203.0.113.1/32",
            b"203.0.113.1:",
            b"203.0.113.1:99999",
            b"[203.0.113.1]x",
            b"[]",
            b"\xff",
            b"for=203.0.113.1",
            b"0xcb.0.113.1",
            b"203.0.113.01",
        ] {
            assert_eq!(from("10.0.0.1", &[line], PROXIES), "10.0.0.1", "{line:?}");
        }
        assert_eq!(
            from("10.0.0.1", &[b"203.0.113.1, x, 10.0.0.3"], PROXIES),
            "10.0.0.3"
        );
    }

    #[test]
    fn a_list_without_end_is_not_followed() {
        let list = format!("203.0.113.1{}", ", 10.0.0.2".repeat(MAX_PROXIES_IN_FRONT));
        assert_eq!(from("10.0.0.1", &[list.as_bytes()], PROXIES), "10.0.0.2");
    }
}
