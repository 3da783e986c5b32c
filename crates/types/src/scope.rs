//! The services that may use a secret.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A service that a secret can be scoped to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Scope {
    /// Access policies.
    Access = 1,
    /// AI Gateway.
    AiGateway = 2,
    /// Containers.
    Containers = 4,
    /// Digital experience monitoring.
    Dex = 8,
    /// Web search.
    Websearch = 16,
    /// Workers.
    Workers = 32,
}

/// A text that names no scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be one of access, ai_gateway, containers, dex, websearch, workers")]
pub struct UnknownScope;

impl Scope {
    /// Every scope, in the alphabetical order in which the API returns them.
    pub const ALL: [Self; 6] = [
        Self::Access,
        Self::AiGateway,
        Self::Containers,
        Self::Dex,
        Self::Websearch,
        Self::Workers,
    ];

    /// The scope's name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::AiGateway => "ai_gateway",
            Self::Containers => "containers",
            Self::Dex => "dex",
            Self::Websearch => "websearch",
            Self::Workers => "workers",
        }
    }
}

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        Self::ALL
            .into_iter()
            .find(|scope| scope.as_str() == text)
            .ok_or(UnknownScope)
    }
}

/// A set of scopes. It is written sorted and without repetition.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Scopes(u8);

impl Scopes {
    /// Whether no scope is in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether the scope is in the set.
    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & scope as u8 != 0
    }

    /// Whether the sets share a scope.
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The scopes in alphabetical order.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL
            .into_iter()
            .filter(move |scope| self.contains(*scope))
    }

    /// The set as a bit mask, for storage.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The set stored as this bit mask; unknown bits are dropped.
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & 0x3f)
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope as u8))
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.iter().map(Scope::as_str))
            .finish()
    }
}

impl Serialize for Scope {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for Scopes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Scopes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<Scope>::deserialize(deserializer)?
            .into_iter()
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_sorted_and_once() {
        let scopes: Scopes = serde_json::from_str(r#"["workers","ai_gateway","workers"]"#).unwrap();
        assert_eq!(
            serde_json::to_string(&scopes).unwrap(),
            r#"["ai_gateway","workers"]"#
        );
        assert!(serde_json::from_str::<Scopes>(r#"["Workers"]"#).is_err());
        assert!(Scopes::default().is_empty());
        assert_eq!(Scopes::from_bits(scopes.bits()), scopes);
    }
}
