use super::*;

/// A Worker, which is its name here, with its hosts and its routes.
type Worker = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

fn hosts(workers: &[Worker]) -> Hosts<&'static str> {
    let mut made = Hosts::beside("workers.example");
    for (name, hosts, routes) in workers {
        let hosts: Vec<Hostname> = hosts.iter().map(|host| host.parse().unwrap()).collect();
        let routes: Vec<RoutePattern> = routes.iter().map(|text| text.parse().unwrap()).collect();
        made.add(&hosts, &routes, &Arc::new(*name));
    }
    made.sort();
    made
}

#[test]
fn the_most_specific_answers() {
    let hosts = hosts(&[
        ("shop", &["shop.example.com"], &["shop.example.com/only"]),
        ("cart", &[], &["shop.example.com/cart/*", "other.example/*"]),
        ("pay", &[], &["shop.example.com/cart/pay*"]),
        ("any", &[], &["*.example.com/api/*"]),
        ("deep", &[], &["*.eu.example.com/*"]),
        ("apex", &[], &["*example.com/api/v1/*"]),
    ]);
    for (host, target, expected) in [
        ("shop.example.com", "/", Some("shop")),
        ("shop.example.com", "/only", Some("shop")),
        ("shop.example.com", "/cart/", Some("cart")),
        ("shop.example.com", "/cart", Some("shop")),
        ("shop.example.com", "/cart/pay?x", Some("pay")),
        // A route counts more than a host as a whole, that of one host more than that of many.
        ("shop.example.com", "/api/x", Some("any")),
        ("a.eu.example.com", "/api/x", Some("deep")),
        // Of what is as wide, that without the name itself.
        ("b.example.com", "/api/v1/x", Some("any")),
        ("example.com", "/api/v1/x", Some("apex")),
        ("example.com", "/api/x", None),
        ("eu.example.com", "/", None),
        ("notexample.com", "/api/v1/x", None),
        ("other.example", "/x", Some("cart")),
        ("a.other.example", "/x", None),
        ("nowhere.example", "/", None),
        ("com", "/", None),
        ("", "/", None),
        ("[::1]", "/api/v1/", None),
    ] {
        let found = hosts.find(host, target).copied();
        assert_eq!(found, expected, "{host}{target}");
    }
}

#[test]
fn the_workers_domain_is_for_their_names_only() {
    let routes = &["*.workers.example/*", "*.b.example/*"];
    let hosts = hosts(&[("all", &["a.workers.example"], routes)]);
    assert_eq!(hosts.find("a.workers.example", "/"), None);
    assert_eq!(hosts.find("workers.example", "/"), None);
    assert_eq!(hosts.find("a.b.example", "/").copied(), Some("all"));
    assert_eq!(hosts.find("xworkers.example", "/"), None);
}

#[test]
fn no_detour_leads_past_a_route() {
    let hosts = hosts(&[
        ("admin", &[], &["a.example/admin/*"]),
        ("rest", &["a.example"], &[]),
    ]);
    for (target, expected) in [
        ("/admin/x", "admin"),
        ("/x/../admin/x", "admin"),
        ("/x/%2E./admin/x", "admin"),
        ("/./admin/x", "admin"),
        ("/x\\..\\admin\\x", "admin"),
        ("/admin/../x", "rest"),
        ("/admin/..", "rest"),
        ("/../../admin/", "admin"),
        ("/x?/../admin/x", "rest"),
        ("/...", "rest"),
    ] {
        assert_eq!(
            hosts.find("a.example", target).copied(),
            Some(expected),
            "{target}"
        );
    }
}

#[test]
fn dots_are_resolved_as_urls_are() {
    for (target, expected) in [
        ("/", "/"),
        ("/a/b?c/../d", "/a/b?c/../d"),
        ("/a/./b", "/a/b"),
        ("/a/../b", "/b"),
        ("/a/b/..", "/a/"),
        ("/a/.", "/a/"),
        ("/..", "/"),
        ("/a/.%2e?q", "/?q"),
        ("/a//../b", "/a/b"),
        ("*", "*"),
    ] {
        assert_eq!(resolved(target), expected, "{target}");
    }
}
