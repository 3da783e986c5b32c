use super::*;
use crate::limits::MAX_ROUTE_PATTERN_BYTES;

#[test]
fn hosts_are_lower_case_names_of_two_labels_or_more() {
    for (given, expected) in [
        ("shop.example.com", "shop.example.com"),
        ("Shop.Example.COM", "shop.example.com"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("a-1.b2", "a-1.b2"),
    ] {
        assert_eq!(given.parse::<Hostname>().unwrap().as_str(), expected);
    }
    let long = format!("{}.com", vec!["a"; 126].join("."));
    assert_eq!(long.len(), 255);
    for (given, expected) in [
        ("", InvalidHostname::Empty),
        ("https://shop.example.com", InvalidHostname::Scheme),
        ("shop.example.com/cart", InvalidHostname::More),
        ("me@shop.example.com", InvalidHostname::More),
        ("shop.example.com:8080", InvalidHostname::Port),
        ("*.example.com", InvalidHostname::Wildcard),
        ("192.0.2.1", InvalidHostname::Address),
        ("192.0.2.0x1f", InvalidHostname::Address),
        ("3221225985", InvalidHostname::Address),
        ("2001:db8::1", InvalidHostname::Address),
        ("[2001:db8::1]", InvalidHostname::Address),
        ("localhost", InvalidHostname::Local),
        ("a.localhost", InvalidHostname::Local),
        ("shop", InvalidHostname::OneLabel),
        ("shop.example.com.", InvalidHostname::Characters),
        ("shop..example.com", InvalidHostname::Characters),
        ("-shop.example.com", InvalidHostname::Characters),
        ("shop-.example.com", InvalidHostname::Characters),
        ("a_b.example.com", InvalidHostname::Characters),
        ("a b.example.com", InvalidHostname::Characters),
        ("bücher.example", InvalidHostname::Punycode),
        ("xn--.example", InvalidHostname::Characters),
        ("xn--a-.example", InvalidHostname::Characters),
        ("xn--zzzzzzzzzzz99999.example", InvalidHostname::Punycode),
        (&long, InvalidHostname::TooLong),
        (&format!("{}.com", "a".repeat(64)), InvalidHostname::TooLong),
    ] {
        assert_eq!(given.parse::<Hostname>(), Err(expected), "{given}");
    }
    let longest = format!("{}.{}", "a".repeat(63), "b".repeat(63));
    assert!(longest.parse::<Hostname>().is_ok());
}

#[test]
fn what_is_below_a_name_is_so_by_whole_labels() {
    let host: Hostname = "shop.example.com".parse().unwrap();
    for (other, expected) in [
        ("shop.example.com", true),
        ("example.com", true),
        ("com", true),
        ("ample.com", false),
        ("a.shop.example.com", false),
    ] {
        assert_eq!(host.is_at_or_below(other), expected, "{other}");
    }
}

#[test]
fn patterns_are_written_in_one_way() {
    for (given, expected) in [
        ("example.com", "example.com/"),
        ("Example.com/A", "example.com/A"),
        ("example.com/*", "example.com/*"),
        ("*.example.com/v1/*", "*.example.com/v1/*"),
        ("*example.com/v1*", "*example.com/v1*"),
    ] {
        let pattern: RoutePattern = given.parse().unwrap();
        assert_eq!(pattern.to_string(), expected);
        assert_eq!(expected.parse::<RoutePattern>().unwrap(), pattern);
        let json = serde_json::to_string(&pattern).unwrap();
        assert_eq!(
            serde_json::from_str::<RoutePattern>(&json).unwrap(),
            pattern
        );
    }
}

#[test]
fn what_is_no_pattern_is_refused() {
    let long = format!("example.com/{}", "a".repeat(MAX_ROUTE_PATTERN_BYTES));
    for (given, expected) in [
        (long.as_str(), InvalidPattern::TooLong),
        ("*", InvalidPattern::EveryHost),
        ("*/*", InvalidPattern::EveryHost),
        ("*./a", InvalidPattern::EveryHost),
        ("example.com/*.jpg", InvalidPattern::Infix),
        ("example.com/**", InvalidPattern::Infix),
        ("a.*.example.com/", InvalidPattern::Infix),
        ("**.example.com/", InvalidPattern::Infix),
        ("example.com*", InvalidPattern::Infix),
        ("example.com/?a=b", InvalidPattern::Query),
        ("example.com/#a", InvalidPattern::Query),
        ("example.com/a b", InvalidPattern::Path),
        ("example.com/ü", InvalidPattern::Path),
        ("example.com/a\\b", InvalidPattern::Path),
        ("example.com/a/../b", InvalidPattern::Dots),
        ("example.com/./*", InvalidPattern::Dots),
        ("example.com/%2E%2e/b", InvalidPattern::Dots),
        (
            "https://example.com/*",
            InvalidPattern::Host(InvalidHostname::Scheme),
        ),
        ("", InvalidPattern::Host(InvalidHostname::Empty)),
        ("/a", InvalidPattern::Host(InvalidHostname::Empty)),
        (
            "example.com:80/*",
            InvalidPattern::Host(InvalidHostname::Port),
        ),
        (
            "192.0.2.1/*",
            InvalidPattern::Host(InvalidHostname::Address),
        ),
        ("*.com/*", InvalidPattern::Host(InvalidHostname::OneLabel)),
        (
            "*.localhost/*",
            InvalidPattern::Host(InvalidHostname::Local),
        ),
    ] {
        assert_eq!(given.parse::<RoutePattern>(), Err(expected), "{given}");
    }
}

#[test]
fn hosts_and_targets_match() {
    for (pattern, host, target, expected) in [
        ("example.com", "example.com", "/", true),
        ("example.com", "example.com", "/?a=b", false),
        ("example.com", "example.com", "/a", false),
        ("example.com", "www.example.com", "/", false),
        ("example.com/a*", "example.com", "/a", true),
        ("example.com/a*", "example.com", "/abc?d", true),
        ("example.com/a/*", "example.com", "/a", false),
        ("example.com/A", "example.com", "/a", false),
        ("*.example.com/*", "a.b.example.com", "/x", true),
        ("*.example.com/*", "example.com", "/x", false),
        ("*example.com/*", "example.com", "/x", true),
        ("*example.com/*", "a.example.com", "/x", true),
        ("*example.com/*", "notexample.com", "/x", false),
    ] {
        let parsed: RoutePattern = pattern.parse().unwrap();
        let found = parsed.host().matches(host) && parsed.matches_target(target);
        assert_eq!(found, expected, "{pattern} {host}{target}");
    }
}

#[test]
fn what_is_more_specific_comes_first() {
    let mut patterns: Vec<RoutePattern> = ["a.b/*", "a.b/x/*", "a.b/x", "a.b/xy*", "a.b/"]
        .iter()
        .map(|text| text.parse().unwrap())
        .collect();
    patterns.sort_by_key(RoutePattern::path_order);
    let sorted: Vec<_> = patterns.iter().map(ToString::to_string).collect();
    assert_eq!(sorted, ["a.b/x", "a.b/", "a.b/x/*", "a.b/xy*", "a.b/*"]);
}
