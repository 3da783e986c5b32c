//! Custom domains and routes: set, moved, replaced and freed, as a configuration and as flags.

use coffer_testkit::{Instance, Reply, wait};
use serde_json::{Value, json};

use crate::client::Wrangler;
use crate::deploy::deploy;
use crate::project::Project;

/// A Worker that tells its name and what it was asked.
fn project(name: &str, more: &Value) -> Project {
    let mut configuration = json!({ "name": name, "main": "index.js" });
    for (key, value) in more.as_object().unwrap() {
        configuration[key] = value.clone();
    }
    let code = format!("export default {{ fetch: (r) => new Response(`{name} ${{r.url}}`) }};");
    Project::new(configuration).with("index.js", code)
}

fn configure(project: &Project, name: &str, more: &Value) {
    let mut configuration =
        json!({ "name": name, "main": "index.js", "compatibility_date": "2026-11-01" });
    for (key, value) in more.as_object().unwrap() {
        configuration[key] = value.clone();
    }
    project.write("wrangler.json", configuration.to_string());
}

/// Waits until a host and path are answered by this Worker, or by nobody.
async fn answered_by(instance: &Instance, host: &str, path: &str, name: Option<&str>) {
    let (label, domain) = host.split_once('.').unwrap();
    let gateway = instance.gateway_of(domain);
    let fits = |reply: &Reply| match name {
        Some(name) => reply.text.starts_with(&format!("{name} http://{host}")),
        None => reply.status == 404,
    };
    wait::until(
        &format!("{host}{path} to be answered by {name:?}"),
        async || match gateway.get(label, path).await {
            Ok(reply) if fits(&reply) => Ok(reply),
            other => Err(format!("{other:?}")),
        },
    )
    .await
    .unwrap();
}

#[tokio::test]
async fn a_custom_domain_is_set_moved_and_freed() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let both = json!([
        { "pattern": "shop.example.com", "custom_domain": true },
        { "pattern": "www.example.com", "custom_domain": true, "zone_name": "example.com" },
    ]);
    let shop = project("shop", &json!({ "routes": both }));
    deploy(&wrangler, &shop).await.succeeded().says(&[
        "shop.example.com (custom domain)",
        "www.example.com (custom domain - zone name: example.com)",
    ]);
    answered_by(&instance, "shop.example.com", "/x", Some("shop")).await;
    answered_by(&instance, "www.example.com", "/", Some("shop")).await;
    // With hosts of its own, it is not at that of its name unless it says so.
    answered_by(&instance, "shop.dev.localhost", "/", None).await;

    // Another deploy with less, and one with what the first has.
    let one = json!([{ "pattern": "shop.example.com", "custom_domain": true }]);
    configure(
        &shop,
        "shop",
        &json!({ "routes": one, "workers_dev": true }),
    );
    deploy(&wrangler, &shop).await.succeeded();
    answered_by(&instance, "www.example.com", "/", None).await;
    answered_by(&instance, "shop.example.com", "/", Some("shop")).await;
    answered_by(&instance, "shop.dev.localhost", "/", Some("shop")).await;
    let blog = project("blog", &json!({}));
    let flags = ["deploy", "--domains", "shop.example.com"];
    let moved = wrangler.run_in(blog.path(), &flags, "").await.succeeded();
    moved.says(&["shop.example.com (custom domain)"]);
    answered_by(&instance, "shop.example.com", "/", Some("blog")).await;

    // `triggers deploy` takes it back without another version.
    let back = wrangler
        .run_in(shop.path(), &["triggers", "deploy"], "")
        .await;
    back.succeeded().says(&["shop.example.com (custom domain)"]);
    answered_by(&instance, "shop.example.com", "/", Some("shop")).await;
    let delete = ["delete", "--name", "shop", "--force"];
    wrangler.run(&delete).await.succeeded();
    answered_by(&instance, "shop.example.com", "/", None).await;
    let api = instance.api();
    let left = api.get("/workers/domains").await.unwrap();
    assert_eq!(left.success().unwrap().result(), &json!([]));
}

#[tokio::test]
async fn routes_of_every_spelling_lead_to_a_worker() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let routes = json!([
        "api.example.com/v1/*",
        { "pattern": "*.example.org/*", "zone_name": "example.org" },
        { "pattern": "old.example.net/*", "zone_id": "0123456789abcdef0123456789abcdef" },
    ]);
    let api = project("api", &json!({ "routes": routes }));
    deploy(&wrangler, &api).await.succeeded().says(&[
        "api.example.com/v1/*",
        "*.example.org/* (zone name: example.org)",
        "old.example.net/* (zone id: 0123456789abcdef0123456789abcdef)",
    ]);
    answered_by(&instance, "api.example.com", "/v1/x?y", Some("api")).await;
    answered_by(&instance, "api.example.com", "/v2", None).await;
    answered_by(&instance, "deep.a.example.org", "/", Some("api")).await;
    answered_by(&instance, "old.example.net", "/", Some("api")).await;

    // Another Worker takes what is more specific, and is told who has the rest.
    let next = project("next", &json!({ "route": "api.example.com/v1/next/*" }));
    deploy(&wrangler, &next).await.succeeded();
    answered_by(&instance, "api.example.com", "/v1/next/x", Some("next")).await;
    answered_by(&instance, "api.example.com", "/v1/nex", Some("api")).await;
    configure(&next, "next", &json!({ "route": "api.example.com/v1/*" }));
    let refused = deploy(&wrangler, &next).await.failed();
    refused.says(&["api.example.com/v1/*", "\"api\" is already assigned"]);
    configure(
        &next,
        "next",
        &json!({ "route": "api.example.com/v1/*", "workers_dev": true }),
    );
    let refused = deploy(&wrangler, &next).await.failed();
    refused.says(&["another Worker's of this account", "10020"]);
    answered_by(&instance, "api.example.com", "/v1/next/x", Some("next")).await;

    // What a deploy does not name any more is gone; flags say it too.
    let flags = ["deploy", "--routes", "api.example.com/v2*"];
    configure(&api, "api", &json!({}));
    wrangler.run_in(api.path(), &flags, "").await.succeeded();
    answered_by(&instance, "api.example.com", "/v2", Some("api")).await;
    for (host, path) in [
        ("api.example.com", "/v1/x"),
        ("a.example.org", "/"),
        ("old.example.net", "/"),
    ] {
        answered_by(&instance, host, path, None).await;
    }
}

#[tokio::test]
async fn what_cannot_be_had_is_told_in_words() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    for (routes, words) in [
        (
            json!(["127.0.0.1/*"]),
            "Could not find zone for `127.0.0.1`",
        ),
        (
            json!(["other.dev.localhost/*"]),
            "Could not find zone for `other.dev.localhost`",
        ),
        (
            json!([{ "pattern": "other.dev.localhost", "custom_domain": true }]),
            "must not be localhost or below it",
        ),
        (
            json!([{ "pattern": "a.example.com/*.jpg", "zone_name": "example.com" }]),
            "may have a * only where its host begins",
        ),
        (
            json!([{ "pattern": "a.example.com/*", "zone_name": "example.org" }]),
            "not in the zone of this name",
        ),
    ] {
        let project = project("w", &json!({ "routes": routes }));
        deploy(&wrangler, &project).await.failed().says(&[words]);
    }
    let api = instance.api();
    let routes = api.get("/workers/scripts/w/routes").await.unwrap();
    assert_eq!(routes.success().unwrap().result(), &json!([]));
}
