//! How traffic is divided among versions.

use serde::{Deserialize, Serialize};

use crate::id::VersionId;

/// A share of traffic in hundredths of a per cent: 1 (0.01 %) to 10,000 (100 %).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percentage(u16);

/// Shares that do not make a deployment. The message says what would be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSplit {
    /// A share below 0.01 or above 100, or finer than two decimals.
    #[error("a percentage must be between 0.01 and 100 with at most two decimals")]
    Percentage,
    /// No version or more than two.
    #[error("a deployment must have one or two versions")]
    Count,
    /// The shares do not make a whole.
    #[error("the percentages must sum to 100")]
    Sum,
    /// One version twice.
    #[error("a version must appear once in a deployment")]
    Repeated,
}

impl Percentage {
    /// All traffic.
    pub const ALL: Self = Self(10_000);

    /// The share in hundredths of a per cent.
    pub const fn hundredths(self) -> u16 {
        self.0
    }
}

impl TryFrom<f64> for Percentage {
    type Error = InvalidSplit;

    fn try_from(percent: f64) -> Result<Self, InvalidSplit> {
        let hundredths = (percent * 100.0).round();
        if !(0.01..=100.0).contains(&percent) || (percent * 100.0 - hundredths).abs() > 1e-6 {
            return Err(InvalidSplit::Percentage);
        }
        // In range by the check above, so the cast is exact.
        Ok(Self(hundredths as u16))
    }
}

impl Serialize for Percentage {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_multiple_of(100) {
            serializer.serialize_u16(self.0 / 100)
        } else {
            serializer.serialize_f64(f64::from(self.0) / 100.0)
        }
    }
}

impl<'de> Deserialize<'de> for Percentage {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        f64::deserialize(deserializer)?
            .try_into()
            .map_err(serde::de::Error::custom)
    }
}

/// One or two versions with shares that sum to 100 %.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Split(Vec<Share>);

/// One version's share of a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// The version.
    pub version_id: VersionId,
    /// Its share.
    pub percentage: Percentage,
}

impl Split {
    /// All traffic to one version.
    pub fn whole(version_id: VersionId) -> Self {
        Self(vec![Share {
            version_id,
            percentage: Percentage::ALL,
        }])
    }

    /// The shares, in the order given.
    pub fn shares(&self) -> &[Share] {
        &self.0
    }

    /// Whether the version has a share.
    pub fn contains(&self, version_id: VersionId) -> bool {
        self.0.iter().any(|share| share.version_id == version_id)
    }
}

impl TryFrom<Vec<Share>> for Split {
    type Error = InvalidSplit;

    fn try_from(shares: Vec<Share>) -> Result<Self, InvalidSplit> {
        match shares.as_slice() {
            [_] => {}
            [one, two] if one.version_id == two.version_id => return Err(InvalidSplit::Repeated),
            [_, _] => {}
            _ => return Err(InvalidSplit::Count),
        }
        let sum: u32 = shares
            .iter()
            .map(|share| u32::from(share.percentage.0))
            .sum();
        if sum == u32::from(Percentage::ALL.0) {
            Ok(Self(shares))
        } else {
            Err(InvalidSplit::Sum)
        }
    }
}

impl<'de> Deserialize<'de> for Split {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<Share>::deserialize(deserializer)?
            .try_into()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(shares: &str) -> Result<Split, serde_json::Error> {
        serde_json::from_str(shares)
    }

    #[test]
    fn shares_make_a_whole() {
        let one = r#"{"version_id":"c5e9c03c-4448-49b4-a1b1-b19bf4cd2241","percentage":"#;
        let two = r#"{"version_id":"c4f43ab0-03a1-4b34-bbef-e14176147081","percentage":"#;
        assert!(split(&format!("[{one}100}}]")).is_ok());
        let gradual = split(&format!("[{one}99.95}},{two}0.05}}]")).unwrap();
        assert_eq!(gradual.shares()[1].percentage.hundredths(), 5);
        assert!(serde_json::to_string(&gradual).unwrap().contains("99.95"));
        for bad in [
            "[]".to_owned(),
            format!("[{one}99}}]"),
            format!("[{one}-1}},{two}101}}]"),
            format!("[{one}50}},{one}50}}]"),
            format!("[{one}0.001}},{two}99.999}}]"),
            format!("[{one}0}},{two}100}}]"),
            format!(
                "[{one}40}},{two}40}},{{\"version_id\":\"c4f43ab0-03a1-4b34-bbef-e14176147082\",\"percentage\":20}}]"
            ),
        ] {
            assert!(split(&bad).is_err(), "{bad}");
        }
    }
}
