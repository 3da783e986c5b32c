//! From where an API token may be used.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// A range of addresses, or one address. An IPv6 form of IPv4 addresses is the IPv4 range that it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IpRange {
    range: IpNet,
    /// Written without a length, and so shown.
    is_address: bool,
}

/// A text that is no range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be an IPv4 or IPv6 address, or a range such as 203.0.113.0/24 or 2001:db8::/32 in CIDR form"
)]
pub struct InvalidIpRange;

/// How many bits of an IPv6 address say that it is a form of an IPv4 address.
const MAPPED_BITS: u8 = 96;

impl FromStr for IpRange {
    type Err = InvalidIpRange;

    fn from_str(text: &str) -> Result<Self, InvalidIpRange> {
        let (address, length) = match text.split_once('/') {
            None => (text, None),
            Some((address, length)) => (address, Some(length)),
        };
        let address: IpAddr = address.parse().map_err(|_| InvalidIpRange)?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let length = length.map_or(Ok(longest), parse_length)?;
        let range = match (address, address.to_canonical()) {
            (IpAddr::V6(_), IpAddr::V4(inner)) => {
                // A shorter length would mean some IPv6 addresses and all of IPv4 at once.
                let length = length.checked_sub(MAPPED_BITS).ok_or(InvalidIpRange)?;
                IpNet::new(inner.into(), length)
            }
            _ => IpNet::new(address, length),
        };
        Ok(Self {
            range: range.map_err(|_| InvalidIpRange)?,
            is_address: !text.contains('/'),
        })
    }
}

impl IpRange {
    /// Whether an address is one of the range. The IPv6 form of an IPv4 address is that address.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.range.contains(&address.to_canonical())
    }

    /// The address, if the range is one alone; in its own form, as [`contains`](Self::contains) compares it.
    pub fn address(&self) -> Option<IpAddr> {
        (self.range.prefix_len() == self.range.max_prefix_len()).then(|| self.range.addr())
    }

    /// Whether the range is all of the addresses of its kind.
    pub fn is_everything(&self) -> bool {
        self.range.prefix_len() == 0
    }
}

/// A length in its one decimal form: no sign, no leading zero.
fn parse_length(text: &str) -> Result<u8, InvalidIpRange> {
    let length: u8 = text.parse().map_err(|_| InvalidIpRange)?;
    if length.to_string() == text {
        Ok(length)
    } else {
        Err(InvalidIpRange)
    }
}

impl fmt::Display for IpRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_address {
            self.range.addr().fmt(f)
        } else {
            self.range.fmt(f)
        }
    }
}

impl Serialize for IpRange {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for IpRange {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The addresses from which a token may be used. An empty list limits nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IpCondition {
    /// If there are any, only from these.
    #[serde(rename = "in", default, skip_serializing_if = "Vec::is_empty")]
    pub within: Vec<IpRange>,
    /// Never from these, whatever the other list says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_in: Vec<IpRange>,
}

impl IpCondition {
    /// Whether it limits nothing.
    pub fn is_empty(&self) -> bool {
        self.within.is_empty() && self.not_in.is_empty()
    }

    /// Whether a request from this address may use the token. What cannot be checked is not met: an unknown
    /// address is refused if there is any limit.
    pub fn allows(&self, address: Option<IpAddr>) -> bool {
        let Some(address) = address.map(|address| address.to_canonical()) else {
            return self.is_empty();
        };
        let any = |ranges: &[IpRange]| ranges.iter().any(|one| one.range.contains(&address));
        !any(&self.not_in) && (self.within.is_empty() || any(&self.within))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn condition(within: &[&str], not_in: &[&str]) -> IpCondition {
        let parse = |ranges: &[&str]| ranges.iter().map(|one| one.parse().unwrap()).collect();
        IpCondition {
            within: parse(within),
            not_in: parse(not_in),
        }
    }

    fn allows(condition: &IpCondition, address: &str) -> bool {
        condition.allows(Some(address.parse().unwrap()))
    }

    #[test]
    fn ranges_are_read_and_shown() {
        for (text, shown) in [
            ("203.0.113.7", "203.0.113.7"),
            ("203.0.113.7/32", "203.0.113.7/32"),
            ("203.0.113.0/24", "203.0.113.0/24"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("2001:DB8::1", "2001:db8::1"),
            ("2001:db8::/32", "2001:db8::/32"),
            ("::/0", "::/0"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
            ("::ffff:cb00:7107/128", "203.0.113.7/32"),
            ("::ffff:203.0.113.0/120", "203.0.113.0/24"),
            ("::ffff:0:0/96", "0.0.0.0/0"),
        ] {
            let range: IpRange = text.parse().unwrap();
            assert_eq!(range.to_string(), shown);
            let json = serde_json::to_string(&range).unwrap();
            assert_eq!(serde_json::from_str::<IpRange>(&json).unwrap(), range);
        }
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for text in [
            "",
            "/",
            "/24",
            "203.0.113.0/",
            "203.0.113.0/33",
            "203.0.113.0/024",
            "203.0.113.0/+24",
            "203.0.113.0/-1",
            "203.0.113.0/24/24",
            "203.0.113.0/255.255.255.0",
            "203.0.113",
            "203.0.113.256",
            "0203.0.113.1",
            " 203.0.113.1",
            "203.0.113.1 ",
            "2001:db8::/129",
            "::ffff:203.0.113.0/95",
            "2001:db8",
            "[2001:db8::1]",
            "fe80::1%eth0",
            "localhost",
            "*",
        ] {
            assert_eq!(text.parse::<IpRange>(), Err(InvalidIpRange), "{text}");
        }
    }

    #[test]
    fn the_list_of_exceptions_wins() {
        let both = condition(
            &["203.0.113.0/24", "2001:db8::/32"],
            &["203.0.113.128/25", "2001:db8:1::/48"],
        );
        for (address, allowed) in [
            ("203.0.113.0", true),
            ("203.0.113.127", true),
            ("203.0.113.128", false),
            ("203.0.114.0", false),
            ("203.0.112.255", false),
            ("::ffff:203.0.113.1", true),
            ("::ffff:203.0.113.200", false),
            ("2001:db8::1", true),
            ("2001:db8:1::1", false),
            ("2001:db9::1", false),
        ] {
            assert_eq!(allows(&both, address), allowed, "{address}");
        }
        let all_but = condition(&[], &["203.0.113.7"]);
        assert!(allows(&all_but, "203.0.113.8") && allows(&all_but, "2001:db8::1"));
        assert!(!allows(&all_but, "203.0.113.7") && !allows(&all_but, "::ffff:203.0.113.7"));
        assert!(!allows(&condition(&["::ffff:203.0.113.0/120"], &[]), "::1"));
        assert!(allows(
            &condition(&["::ffff:203.0.113.0/120"], &[]),
            "203.0.113.9"
        ));
    }

    #[test]
    fn an_unknown_address_meets_no_limit() {
        assert!(IpCondition::default().allows(None));
        assert!(!condition(&["0.0.0.0/0", "::/0"], &[]).allows(None));
        assert!(!condition(&[], &["203.0.113.7"]).allows(None));
    }

    proptest! {
        #[test]
        fn a_range_is_read_as_it_is_written(address: IpAddr, length in 0u8..=128) {
            let address = address.to_canonical();
            let longest = if address.is_ipv4() { 32 } else { 128 };
            let text = format!("{address}/{}", length.min(longest));
            let range: IpRange = text.parse().unwrap();
            prop_assert_eq!(range.to_string().parse::<IpRange>(), Ok(range));
            prop_assert!(condition(&[&text], &[]).allows(Some(address)));
            prop_assert!(!condition(&[&text], &[&text]).allows(Some(address)));
        }

        #[test]
        fn parsing_never_panics(text in "[0-9a-f:./%]{0,45}") {
            if let Ok(range) = text.parse::<IpRange>() {
                prop_assert_eq!(range.to_string().parse::<IpRange>(), Ok(range));
            }
        }
    }
}
