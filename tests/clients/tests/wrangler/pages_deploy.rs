//! `wrangler pages deploy`: files and functions, for production and for previews, again and again.

use std::path::Path;

use coffer_testkit::{GatewayClient, Instance, Reply, wait};
use serde_json::{Value, json};

use crate::client::{Printed, Wrangler};
use crate::project::Project;
use crate::tail::{Tail, events, until};

/// Runs before every function, files included, and marks what comes back.
const MIDDLEWARE: &str = r#"
export const onRequest: PagesFunction = async (context) => {
    const response = await context.next();
    const marked = new Response(response.body, response);
    marked.headers.set("x-middleware", "ran");
    return marked;
};
"#;
/// What reads the secret, and what the deployment is told about itself.
const SECRET: &str = r#"
interface Env { API_KEY: string; CF_PAGES: string; CF_PAGES_BRANCH: string; CF_PAGES_COMMIT_SHA: string }
export const onRequestGet: PagesFunction<Env> = ({ env, params, request }) => {
    console.log("uses", env.API_KEY, new URL(request.url).pathname);
    return Response.json({
        key: env.API_KEY, name: params.name, pages: env.CF_PAGES, branch: env.CF_PAGES_BRANCH,
        commit: env.CF_PAGES_COMMIT_SHA,
    });
};
"#;
/// Hands a file over by itself.
const HANDS_OVER: &str = r#"
export async function onRequest(context) {
    const response = await context.env.ASSETS.fetch(new URL("/data.json", context.request.url));
    return new Response(`handed over: ${await response.text()}`);
}
"#;
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// The hosts of all Pages projects.
fn gateway(instance: &Instance) -> GatewayClient {
    instance.gateway_of("pages.localhost")
}

/// The reply at a host, once it is the expected one.
async fn reply_at(
    instance: &Instance,
    host: &str,
    path: &str,
    fits: impl Fn(&Reply) -> bool,
) -> Reply {
    let gateway = gateway(instance);
    let (reply, _) =
        wait::until(
            &format!("{host}{path} to answer as expected"),
            async || match gateway.get(host, path).await {
                Ok(reply) if fits(&reply) => Ok(reply),
                other => Err(format!("{other:?}")),
            },
        )
        .await
        .unwrap();
    reply
}

/// What `/api/secret/x` says at a host, once it has this secret.
async fn has_secret(instance: &Instance, host: &str, secret: &str) -> Value {
    let fits = |reply: &Reply| reply.json()["key"] == secret;
    reply_at(instance, host, "/api/secret/x", fits).await.json()
}

async fn run(wrangler: &Wrangler, arguments: &[&str], input: &str) -> Printed {
    let arguments = [&["pages"][..], arguments].concat();
    wrangler.run_with(&arguments, input).await
}

async fn create(wrangler: &Wrangler, name: &str) {
    let create = ["project", "create", name, "--production-branch", "main"];
    run(wrangler, &create, "").await.succeeded();
}

async fn put(wrangler: &Wrangler, project: &str, environment: &str, value: &str) {
    let put = ["secret", "put", "API_KEY", "--project-name", project];
    let put = [&put[..], &["--env", environment]].concat();
    run(wrangler, &put, value).await.succeeded();
}

/// Deploys `public` of a directory; the first digits of the deployment's id come with what was printed.
async fn deploy(
    wrangler: &Wrangler,
    directory: &Path,
    project: &str,
    branch: &str,
) -> (Printed, String) {
    let deploy = ["pages", "deploy", "public", "--project-name", project];
    let about = ["--branch", branch, "--commit-hash", COMMIT];
    let arguments = [&deploy[..], &about, &["--commit-dirty=true"]].concat();
    let printed = wrangler.run_in(directory, &arguments, "").await.succeeded();
    let printed = printed.says(&["Deployment complete! Take a peek over at http://"]);
    let digits = printed.after("Take a peek over at http://");
    let digits = digits.split('.').next().unwrap().to_owned();
    (printed, digits)
}

async fn listed(wrangler: &Wrangler, project: &str) -> Vec<Value> {
    let list = ["deployment", "list", "--project-name", project, "--json"];
    let printed = run(wrangler, &list, "").await.succeeded();
    serde_json::from_str(&printed.stdout).unwrap()
}

fn id_of(listed: &[Value], digits: &str) -> String {
    let mut ids = listed.iter().map(|one| one["Id"].as_str().unwrap());
    ids.find(|id| id.starts_with(digits)).unwrap().to_owned()
}

fn shop() -> Project {
    Project::empty()
        .with("public/index.html", "<h1>home</h1>")
        .with("public/about.html", "about")
        .with("public/404.html", "nothing here")
        .with("public/data.json", "[1]")
        .with("public/_headers", "/about\n  X-Mine: yes\n")
        .with("public/_redirects", "/old /about 301\n")
        .with("functions/_middleware.ts", MIDDLEWARE)
        .with("functions/api/secret/[name].ts", SECRET)
        .with("functions/hand.js", HANDS_OVER)
}

#[tokio::test]
async fn functions_read_the_secrets_of_their_environment_and_keep_them() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    create(&wrangler, "shop").await;
    put(&wrangler, "shop", "production", "sk_live_marked").await;
    put(&wrangler, "shop", "preview", "sk_test_marked").await;
    let project = shop();
    let (printed, first) = deploy(&wrangler, project.path(), "shop", "main").await;
    printed
        .says(&["Uploading Functions bundle", "Uploading _headers"])
        .never_says("marked");

    let answer = has_secret(&instance, "shop", "sk_live_marked").await;
    assert_eq!(
        answer,
        json!({
            "key": "sk_live_marked", "name": "x", "pages": "1", "branch": "main", "commit": COMMIT,
        })
    );
    let pages = gateway(&instance);
    let home = pages.get("shop", "/").await.unwrap();
    assert_eq!((home.status, home.text.as_str()), (200, "<h1>home</h1>"));
    assert_eq!(home.headers["x-middleware"], "ran");
    let about = pages.get("shop", "/about").await.unwrap();
    assert_eq!((about.status, about.text.as_str()), (200, "about"));
    assert_eq!(about.headers["x-mine"], "yes");
    for (path, status, text) in [
        ("/old", 200, "about"),
        ("/hand", 200, "handed over: [1]"),
        ("/none", 404, "nothing here"),
    ] {
        let reply = pages.get("shop", path).await.unwrap();
        assert_eq!(
            (reply.status, reply.text.as_str()),
            (status, text),
            "{path}"
        );
    }
    has_secret(&instance, &format!("{first}.shop"), "sk_live_marked").await;
    let unknown = pages.get("none.shop", "/").await.unwrap();
    assert_eq!(unknown.status, 404);
    assert!(unknown.text.contains("Coffer error 1015"), "{unknown:?}");

    // A preview has the other secret, and production stays what it is.
    let (_, preview) = deploy(&wrangler, project.path(), "shop", "feature/New").await;
    for host in ["feature-new.shop", &format!("{preview}.shop")] {
        let answer = has_secret(&instance, host, "sk_test_marked").await;
        assert_eq!(answer["branch"], "feature/New");
    }
    has_secret(&instance, "shop", "sk_live_marked").await;

    // A new value is for new deployments.
    put(&wrangler, "shop", "production", "sk_new_marked").await;
    has_secret(&instance, "shop", "sk_live_marked").await;
    project.write("public/about.html", "changed");
    let (printed, second) = deploy(&wrangler, project.path(), "shop", "main").await;
    printed.says(&["Uploaded 1 files (3 already uploaded)"]);
    has_secret(&instance, "shop", "sk_new_marked").await;
    let changed = pages.get("shop", "/about").await.unwrap();
    assert_eq!(changed.text, "changed");
    has_secret(&instance, &format!("{first}.shop"), "sk_live_marked").await;
    let kept = pages.get(&format!("{first}.shop"), "/about").await.unwrap();
    assert_eq!(kept.text, "about");

    lists_and_deletes(&instance, &wrangler, [&first, &preview, &second]).await;
}

/// The end of the test above.
async fn lists_and_deletes(instance: &Instance, wrangler: &Wrangler, digits: [&String; 3]) {
    let [first, preview, second] = digits;
    let all = listed(wrangler, "shop").await;
    let told: Vec<_> = all
        .iter()
        .map(|one| json!([one["Environment"], one["Branch"], one["Source"]]))
        .collect();
    assert_eq!(
        told,
        [
            json!(["Production", "main", "0123456"]),
            json!(["Preview", "feature/New", "0123456"]),
            json!(["Production", "main", "0123456"]),
        ]
    );
    assert_eq!(all[0]["Id"], id_of(&all, second));
    let remove = |id: String, more: &'static [&'static str]| async move {
        let delete = ["deployment", "delete", &id, "--project-name", "shop"];
        run(wrangler, &[&delete[..], more].concat(), "").await
    };
    // What answers at the project's own host stays, whoever wants it gone.
    remove(id_of(&all, second), &["--force"]).await.failed();
    has_secret(instance, "shop", "sk_new_marked").await;
    let first_id = id_of(&all, first);
    remove(first_id.clone(), &["--force"])
        .await
        .succeeded()
        .says(&[&format!("Successfully deleted deployment {first_id}")]);
    let gone = |reply: &Reply| reply.status == 404;
    reply_at(instance, &format!("{first}.shop"), "/", gone).await;
    remove(id_of(&all, preview), &["--force"]).await.succeeded();
    reply_at(instance, "feature-new.shop", "/", gone).await;
    assert_eq!(listed(wrangler, "shop").await.len(), 1);

    let delete = ["project", "delete", "shop", "--yes"];
    run(wrangler, &delete, "").await.succeeded();
    for host in ["shop", &format!("{second}.shop")] {
        reply_at(instance, host, "/", gone).await;
    }
}

#[tokio::test]
async fn files_alone_are_deployed_without_a_process() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    create(&wrangler, "docs").await;
    let project = Project::empty()
        .with("public/index.html", "app")
        .with("public/style.css", "body{}");
    let (printed, digits) = deploy(&wrangler, project.path(), "docs", "main").await;
    printed.says(&["Uploaded 2 files"]);
    let is_app = |reply: &Reply| reply.status == 200 && reply.text == "app";
    reply_at(&instance, "docs", "/", is_app).await;
    // Without a 404 page every path is the application's.
    reply_at(&instance, "docs", "/any/where", is_app).await;
    let style = gateway(&instance).get("docs", "/style.css").await.unwrap();
    assert_eq!(style.text, "body{}");
    assert_eq!(style.headers["content-type"], "text/css; charset=utf-8");
    reply_at(&instance, &format!("{digits}.docs"), "/", is_app).await;

    // Nothing changed: nothing is sent, and it is a deployment all the same.
    let (printed, again) = deploy(&wrangler, project.path(), "docs", "main").await;
    printed.says(&["Uploaded 0 files (2 already uploaded)"]);
    assert_ne!(again, digits);
    let missing = run(&wrangler, &["deploy", "public", "--project-name", "no"], "").await;
    missing.failed();
}

#[tokio::test]
async fn a_worker_of_ones_own_decides_about_every_request() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    create(&wrangler, "own").await;
    put(&wrangler, "own", "production", "sk_own").await;
    let project = Project::empty().with("public/index.html", "home").with(
        "public/_worker.js",
        r#"
export default {
    async fetch(request, env) {
        const { pathname } = new URL(request.url);
        if (pathname === "/") return env.ASSETS.fetch(request);
        return new Response(`${env.API_KEY} ${pathname}`);
    },
};
"#,
    );
    let (printed, _) = deploy(&wrangler, project.path(), "own", "main").await;
    printed.says(&["Uploading Worker bundle"]);
    reply_at(&instance, "own", "/x", |reply| reply.text == "sk_own /x").await;
    reply_at(&instance, "own", "/", |reply| reply.text == "home").await;

    // Code that does not start is refused in the runtime's words, and what is deployed stays.
    project.write("public/_worker.js", "throw new Error('not today');");
    let deploy = ["pages", "deploy", "public", "--project-name", "own"];
    let deploy = [&deploy[..], &["--branch", "main", "--no-bundle"]].concat();
    let refused = wrangler.run_in(project.path(), &deploy, "").await.failed();
    refused.says(&["not today"]);
    reply_at(&instance, "own", "/", |reply| reply.text == "home").await;
    assert_eq!(listed(&wrangler, "own").await.len(), 1);
}

#[tokio::test]
async fn a_tail_tells_of_its_deployment_only_and_of_no_secret() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    create(&wrangler, "told").await;
    put(&wrangler, "told", "production", "sk_live_marked").await;
    put(&wrangler, "told", "preview", "sk_test_marked").await;
    let project = shop();
    let (_, live) = deploy(&wrangler, project.path(), "told", "main").await;
    let (_, preview) = deploy(&wrangler, project.path(), "told", "dev").await;
    has_secret(&instance, "told", "sk_live_marked").await;
    has_secret(&instance, "dev.told", "sk_test_marked").await;
    let all = listed(&wrangler, "told").await;
    let tail_of = |target: &str, more: &[&str]| {
        let tail = ["pages", "deployment", "tail", target];
        let about = ["--project-name", "told", "--format", "json"];
        Tail::spawn(&wrangler, &[&tail[..], &about, more].concat())
    };
    let of_live = tail_of(&id_of(&all, &live), &[]);
    let address = all.iter().find(|one| one["Branch"] == "dev").unwrap()["Deployment"].clone();
    let of_preview = tail_of(address.as_str().unwrap(), &["--environment", "preview"]);
    let pages = gateway(&instance);
    for (tail, host) in [(&of_live, "told"), (&of_preview, "dev.told")] {
        until(tail, "an event", async || {
            pages.get(host, "/api/secret/probe").await.unwrap();
            tail.text().await.contains("/api/secret/probe")
        })
        .await;
    }
    pages.get("told", "/api/secret/in-live").await.unwrap();
    let by_digits = format!("{preview}.told");
    pages
        .get(&by_digits, "/api/secret/in-preview")
        .await
        .unwrap();
    for (tail, own, other) in [
        (of_live, "in-live", "in-preview"),
        (of_preview, "in-preview", "in-live"),
    ] {
        until(&tail, own, async || tail.text().await.contains(own)).await;
        let (_, text) = tail.interrupt().await;
        assert!(!text.contains(other), "{text}");
        assert!(!text.contains("marked"), "{text}");
        let last = events(&text).pop().unwrap();
        assert_eq!(last["outcome"], "ok");
        let path = format!("/api/secret/{own}");
        assert_eq!(
            last["logs"][0]["message"],
            json!(["uses", "REDACTED", path])
        );
    }
    let unknown = "00000000-0000-4000-8000-000000000000";
    let tail = ["deployment", "tail", unknown, "--project-name", "told"];
    run(&wrangler, &tail, "").await.failed();
}
