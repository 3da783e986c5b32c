//! Which version of a deployment answers one request.

use std::sync::atomic::{AtomicU64, Ordering};

use coffer_types::{VersionId, WorkerId};

use super::table::Lane;

/// Points on the line that a deployment divides: hundredths of a per cent.
const POINTS: u64 = 10_000;
/// Where FNV-1a starts, and what it multiplies by: its published 64-bit constants.
const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;
/// SplitMix64's published increment.
const GOLDEN_GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// Points without a key: evenly spread, not secret.
#[derive(Debug)]
pub(super) struct Chance(AtomicU64);

impl Chance {
    pub(super) const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    pub(super) fn point(&self) -> u32 {
        scaled(mixed(self.0.fetch_add(GOLDEN_GAMMA, Ordering::Relaxed)))
    }
}

/// The point of a version key, the same on every edge.
pub(super) fn sticky_point(worker_id: WorkerId, key: &str) -> u32 {
    let bytes = worker_id.as_bytes().iter().chain(key.as_bytes());
    scaled(mixed(bytes.fold(FNV_OFFSET, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(FNV_PRIME)
    })))
}

/// The lane at a point. The newest version comes first and so begins at zero: raising its share moves keys to
/// it and none from it.
pub(super) fn at(lanes: &[Lane], point: u32) -> Option<&Lane> {
    let mut end = 0;
    lanes
        .iter()
        .find(|lane| {
            end += lane.weight;
            point < end
        })
        .or(lanes.last())
}

/// The version that `Cloudflare-Workers-Version-Overrides` names for a Worker: `name="id"` pairs, separated by
/// commas.
pub(super) fn overridden(overrides: &str, worker: &str) -> Option<VersionId> {
    overrides.split(',').find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        let id = value.strip_prefix('"')?.strip_suffix('"')?;
        (name == worker).then(|| id.parse().ok())?
    })
}

/// SplitMix64's finaliser: every bit of the input reaches every bit of the output.
const fn mixed(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

const fn scaled(bits: u64) -> u32 {
    // Below POINTS, so the cast is exact.
    ((bits as u128 * POINTS as u128) >> 64) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::Slot;

    fn version(digit: u8) -> VersionId {
        format!("{digit}5e9c03c-4448-49b4-a1b1-b19bf4cd2241")
            .parse()
            .unwrap()
    }

    fn lanes(newest_weight: u32) -> [Lane; 2] {
        let lane = |digit, weight| Lane {
            slot: Slot::new(version(digit)),
            weight,
        };
        [lane(2, newest_weight), lane(1, 10_000 - newest_weight)]
    }

    fn newest_keys(newest_weight: u32) -> Vec<usize> {
        let lanes = lanes(newest_weight);
        let worker = WorkerId::from_bytes([7; 16]);
        (0..2000)
            .filter(|key| {
                let point = sticky_point(worker, &format!("user-{key}"));
                at(&lanes, point).unwrap().slot.version_id() == version(2)
            })
            .collect()
    }

    #[test]
    fn a_raised_share_only_takes_keys() {
        let shares = [0, 100, 1000, 5000, 9900, 10_000].map(newest_keys);
        for pair in shares.windows(2) {
            assert!(pair[0].iter().all(|key| pair[1].contains(key)));
        }
        assert_eq!((shares[0].len(), shares[5].len()), (0, 2000));
        assert!(
            (900..1100).contains(&shares[3].len()),
            "{}",
            shares[3].len()
        );
    }

    #[test]
    fn without_a_key_traffic_follows_the_shares() {
        let (chance, lanes) = (Chance::new(1), lanes(2500));
        let newest = (0..10_000)
            .filter(|_| at(&lanes, chance.point()).unwrap().slot.version_id() == version(2))
            .count();
        assert!((2200..2800).contains(&newest), "{newest}");
    }

    #[test]
    fn overrides_name_a_worker_and_a_version() {
        let id = version(3);
        let parse = |text: &str| overridden(text, "shop");
        assert_eq!(parse(&format!("shop=\"{id}\"")), Some(id));
        assert_eq!(parse(&format!("other=\"x\", shop=\"{id}\"")), Some(id));
        for bad in [
            "",
            "shop",
            "shop=",
            "shop=\"\"",
            "shop=\"nonsense\"",
            &format!("shops=\"{id}\""),
            &format!("shop={id}"),
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
