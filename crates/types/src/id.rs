//! Typed identifiers: mixing two kinds does not compile.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::clock::Random;

/// A text that is not an identifier of the expected form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier: expected {expected}")]
pub struct InvalidId {
    expected: &'static str,
}

macro_rules! hex_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// 16 random bytes, written as 32 lower-case hexadecimal digits.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; 16]);

        impl $name {
            /// A new identifier from the given randomness.
            pub fn random(random: &dyn Random) -> Self {
                let mut bytes = [0; 16];
                random.fill(&mut bytes);
                Self(bytes)
            }

            /// The identifier made of these 16 bytes.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The identifier's 16 bytes.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut digits = [0; 32];
                hex::encode_to_slice(self.0, &mut digits).map_err(|_| fmt::Error)?;
                f.write_str(std::str::from_utf8(&digits).map_err(|_| fmt::Error)?)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let mut bytes = [0; 16];
                let canonical = !text.bytes().any(|byte| byte.is_ascii_uppercase());
                match hex::decode_to_slice(text, &mut bytes) {
                    Ok(()) if canonical => Ok(Self(bytes)),
                    _ => Err(InvalidId { expected: "32 lower-case hexadecimal digits" }),
                }
            }
        }

        text_serde!($name);
    };
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// A random (version 4) UUID in its hyphenated lower-case form.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(uuid::Uuid);

        impl $name {
            /// A new identifier from the given randomness.
            pub fn random(random: &dyn Random) -> Self {
                let mut bytes = [0; 16];
                random.fill(&mut bytes);
                Self(uuid::Builder::from_random_bytes(bytes).into_uuid())
            }

            /// The identifier's 16 bytes.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// The identifier as 32 hexadecimal digits without hyphens.
            pub fn simple(&self) -> String {
                self.0.simple().to_string()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self.0.as_hyphenated(), f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                uuid::Uuid::try_parse(text)
                    .map(Self)
                    .map_err(|_| InvalidId { expected: "a UUID" })
            }
        }

        text_serde!($name);
    };
}

macro_rules! text_serde {
    ($name:ident) => {
        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

hex_id!(/// An account: the tenant that owns stores, Workers and members.
    AccountId);
hex_id!(/// A user, who may be a member of several accounts.
    UserId);
hex_id!(/// A user's membership of one account.
    MemberId);
hex_id!(/// An API token.
    TokenId);
hex_id!(/// A signed-in session of a user.
    SessionId);
hex_id!(/// A passkey of a user.
    PasskeyId);
hex_id!(/// A Secrets Store.
    StoreId);
hex_id!(/// An account-level secret in a store.
    SecretId);
hex_id!(/// A Worker (its `tag` in the API).
    WorkerId);
hex_id!(/// One sealed value of a `secret_text` binding of a Worker.
    WorkerSecretId);
hex_id!(/// A Worker's further host name.
    WorkerHostId);
hex_id!(/// A route to a Worker.
    WorkerRouteId);
hex_id!(/// What clients take for the zone of a host name.
    ZoneId);
hex_id!(/// An edge: one running replica that serves Workers.
    EdgeId);
hex_id!(/// Somebody who follows a Worker's logs.
    TailId);
hex_id!(/// One request to the API, as logged and returned in `cf-ray`.
    RequestId);
uuid_id!(/// A version of a Worker.
    VersionId);
uuid_id!(/// A deployment of a Worker.
    DeploymentId);
uuid_id!(/// A Pages project.
    PagesProjectId);
uuid_id!(/// An event in the audit log.
    AuditEventId);

impl PagesProjectId {
    /// The owner of the project's secrets: its functions run as a Worker that has the same bytes for its id.
    pub const fn worker_id(self) -> WorkerId {
        WorkerId::from_bytes(*self.0.as_bytes())
    }
}

impl VersionId {
    /// The first eight digits, as used in preview host names.
    pub fn short(&self) -> String {
        let mut digits = self.simple();
        digits.truncate(8);
        digits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_form_parses() {
        let id: AccountId = "00112233445566778899aabbccddeeff".parse().unwrap();
        assert_eq!(id.to_string(), "00112233445566778899aabbccddeeff");
        for bad in [
            "",
            "0",
            "00112233445566778899AABBCCDDEEFF",
            "00112233445566778899aabbccddeeff0",
            "zz112233445566778899aabbccddeeff",
        ] {
            assert!(bad.parse::<AccountId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_version_is_short_in_host_names() {
        let id: VersionId = "c5e9c03c-4448-49b4-a1b1-b19bf4cd2241".parse().unwrap();
        assert_eq!(id.short(), "c5e9c03c");
        assert_eq!(id.simple(), "c5e9c03c444849b4a1b1b19bf4cd2241");
    }
}
