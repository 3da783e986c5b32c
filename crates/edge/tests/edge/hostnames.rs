//! Workers at hosts of their own choice: whole hosts, routes, and both as they change.

use crate::support::{Plane, Site, Tenant, Worker};

/// Tells who it is and what it was asked.
fn worker(tenant: &Tenant, name: &str) -> Worker {
    let code = format!("export default {{ fetch: (r) => new Response(`{name} ${{r.url}}`) }};");
    tenant.worker(name, &code, vec![])
}

fn set(worker: &mut Worker, hosts: &[&str], routes: &[&str]) {
    worker.record.hosts = hosts.iter().map(|host| host.parse().unwrap()).collect();
    worker.record.routes = routes.iter().map(|text| text.parse().unwrap()).collect();
    worker.put();
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_and_routes_lead_to_workers_and_move() {
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let (mut shop, mut cart) = (worker(&tenant, "shop"), worker(&tenant, "cart"));
    set(&mut shop, &["shop.example.com"], &[]);
    set(
        &mut cart,
        &[],
        &["shop.example.com/cart/*", "*.example.org/*"],
    );
    let site = Site::start(&plane);
    for (host, path, expected) in [
        ("shop.example.com", "/", "shop http://shop.example.com/"),
        (
            "SHOP.example.com",
            "/x?y",
            "shop http://shop.example.com/x?y",
        ),
        (
            "shop.example.com",
            "/cart/1?a=b",
            "cart http://shop.example.com/cart/1?a=b",
        ),
        ("a.example.org", "/", "cart http://a.example.org/"),
        ("shop.dev.localhost", "/", "shop http://shop.dev.localhost/"),
    ] {
        let answer = site
            .fetch_until(host, path, |answer| answer.status == 200)
            .await;
        assert_eq!(answer.text.to_lowercase(), expected, "{host}{path}");
    }
    for host in ["example.org", "www.shop.example.com", "example.com"] {
        assert_eq!(site.fetch(host, "/").await.status, 404, "{host}");
    }

    // Off by its own name, a Worker still answers where it was given to.
    shop.record.subdomain_enabled = false;
    set(&mut shop, &["shop.example.com"], &[]);
    site.fetch_until("shop.dev.localhost", "/", |answer| answer.status == 404)
        .await;
    assert_eq!(site.fetch("shop.example.com", "/").await.status, 200);

    // The host moves: gained first, lost then, and at no time nobody's.
    set(&mut cart, &["shop.example.com"], &[]);
    set(&mut shop, &[], &[]);
    site.fetch_until("shop.example.com", "/", |answer| {
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.text.starts_with("cart ")
    })
    .await;
    set(&mut cart, &[], &[]);
    for host in ["shop.example.com", "a.example.org"] {
        site.fetch_until(host, "/", |answer| answer.status == 404)
            .await;
    }
}
