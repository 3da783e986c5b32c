//! How traffic divides, through the choice that every request takes.

use proptest::prelude::*;

use super::*;

/// Requests of one measurement.
const REQUESTS: u64 = 100_000;
/// What may lie on either side of the accepted shares: 99.9 % lie between them.
const TAIL: f64 = 0.0005;

fn version(digit: u8) -> VersionId {
    let id = format!("{digit}5e9c03c-4448-49b4-a1b1-b19bf4cd2241");
    id.parse().unwrap()
}

/// A Worker with the newer version (2) at this weight and the older (1) at the rest.
fn target(newer_weight: u32) -> Target {
    let lane = |digit, weight| Lane {
        slot: Slot::new(version(digit)),
        weight,
    };
    Target {
        worker_id: WorkerId::from_bytes([7; 16]),
        name: "shop".parse().unwrap(),
        enabled: true,
        shares: vec![lane(2, newer_weight), lane(1, 10_000 - newer_weight)],
        previews: HashMap::new(),
    }
}

fn request<'a>(key: Option<&'a str>, overrides: Option<&'a str>) -> RouteRequest<'a> {
    RouteRequest {
        host: "shop.dev.localhost",
        target: "/",
        version_key: key,
        version_overrides: overrides,
    }
}

fn takes_newer(target: &Target, request: &RouteRequest<'_>, chance: &Chance) -> bool {
    target.choose(request, chance).unwrap().version_id() == version(2)
}

/// The probabilities of at most and of at least so many of [`REQUESTS`], each with this chance.
fn tails(chance: f64, seen: u64) -> (f64, f64) {
    let requests = REQUESTS as f64;
    // In logarithms: the first terms are far below what a float can hold.
    let mut term = requests * (1.0 - chance).ln();
    let (mut at_most, mut at_least) = (0.0, 0.0);
    for count in 0..=REQUESTS {
        if count <= seen {
            at_most += term.exp();
        }
        if count >= seen {
            at_least += term.exp();
        }
        let count = count as f64;
        term += ((requests - count) / (count + 1.0) * chance / (1.0 - chance)).ln();
    }
    (at_most, at_least)
}

fn is_within_bound(weight: u32, seen: u64) -> bool {
    let (at_most, at_least) = tails(f64::from(weight) / 10_000.0, seen);
    at_most > TAIL && at_least > TAIL
}

#[test]
fn a_hundred_thousand_requests_divide_as_deployed() {
    for weight in [1000, 5000, 9000, 10, 9990, 1] {
        let (target, chance) = (target(weight), Chance::new(20_261_122));
        let taken = (0..REQUESTS)
            .filter(|_| takes_newer(&target, &request(None, None), &chance))
            .count() as u64;
        assert!(is_within_bound(weight, taken), "{weight}: {taken}");
    }
}

#[test]
fn a_hundred_thousand_keys_divide_as_deployed() {
    for weight in [1000, 5000, 9000, 10, 9990] {
        let (target, chance) = (target(weight), Chance::new(1));
        let taken = (0..REQUESTS)
            .map(|number| format!("user-{number}"))
            .filter(|key| takes_newer(&target, &request(Some(key), None), &chance))
            .count() as u64;
        assert!(is_within_bound(weight, taken), "{weight}: {taken}");
    }
}

#[test]
fn the_bound_is_one() {
    // The exact quantiles of the binomial distribution with 100,000 draws of 0.1 %.
    assert!(is_within_bound(10, 100) && is_within_bound(10, 70) && is_within_bound(10, 133));
    assert!(!is_within_bound(10, 65) && !is_within_bound(10, 140));
    assert!(!is_within_bound(5000, 50_600) && !is_within_bound(9000, 89_600));
}

proptest! {
    /// Whatever the key and the steps: once on the newer version, always on it while its share only grows.
    #[test]
    fn no_key_moves_back_while_the_share_is_raised(
        key in ".{0,40}",
        mut weights in proptest::collection::vec(1_u32..10_000, 2..12),
    ) {
        weights.sort_unstable();
        let mut was_newer = false;
        for weight in weights {
            let target = target(weight);
            // Two edges, each with its own chance, agree on a key.
            let chances = [Chance::new(1), Chance::new(u64::from(weight))];
            let newer = chances.map(|chance| {
                takes_newer(&target, &request(Some(&key), None), &chance)
            });
            prop_assert_eq!(newer[0], newer[1]);
            prop_assert!(newer[0] || !was_newer, "moved back at {}", weight);
            was_newer = newer[0];
        }
    }

    /// An override counts whatever the key says; one for another Worker or for no deployed version does not.
    #[test]
    fn an_override_names_a_deployed_version(key in "[a-z]{1,8}", weight in 1_u32..10_000) {
        let (target, chance) = (target(weight), Chance::new(3));
        let with = |overrides: &str| takes_newer(&target, &request(Some(&key), Some(overrides)), &chance);
        let plain = takes_newer(&target, &request(Some(&key), None), &chance);
        for (digit, is_newer) in [(1, false), (2, true)] {
            prop_assert_eq!(with(&format!("shop=\"{}\"", version(digit))), is_newer);
            prop_assert_eq!(with(&format!("other=\"x\", shop=\"{}\"", version(digit))), is_newer);
            prop_assert_eq!(with(&format!("other=\"{}\"", version(digit))), plain);
        }
        prop_assert_eq!(with(&format!("shop=\"{}\"", version(3))), plain);
        prop_assert_eq!(with("shop="), plain);
    }
}
