//! The commands about Workers, by Wrangler and by `coffer` in its place, leave the same state.

use coffer_testkit::Instance;
use serde_json::{Value, json};

use crate::client::Wrangler;
use crate::deploy::reply_where;
use crate::project::{Project, READER};
use crate::tail::{Tail, until};

/// A project with what a configuration may say of a Worker.
fn project(name: &str, other: &str) -> Project {
    Project::new(json!({
        "name": name,
        "main": "src/index.ts",
        "vars": { "GREETING": "hello", "SETTINGS": { "deep": [1, "two", null] } },
        "services": [{ "binding": "OTHER", "service": other }],
        "version_metadata": { "binding": "VERSION" },
        "assets": { "directory": "public", "binding": "ASSETS", "run_worker_first": ["/"] },
        "triggers": { "crons": ["*/5 * * * *"] },
        "observability": { "enabled": true },
        "rules": [{ "type": "Text", "globs": ["**/*.txt"], "fallthrough": true }],
    }))
    .with("public/index.html", "<h1>x</h1>\n")
    .with("public/drafts/a.html", "not served")
    .with("public/.assetsignore", "drafts\n")
    .with("public/_headers", "/*\n  x-from: headers\n")
    .with("src/words.txt", "some words\n")
    .with("src/inner.ts", "export const inner: string = \"typed\";\n")
    .with(
        "src/index.ts",
        "import words from \"./words.txt\";\nimport { inner } from \"./inner\";\n\
         export default { fetch(request: Request, env: any) {\n\
             return Response.json([env.GREETING, env.SETTINGS, env.SECRET ?? null, words, inner]);\n\
         } };\n",
    )
}

/// What the API says of a Worker, without what is different in any two: ids, times, names.
async fn state(instance: &Instance, name: &str) -> Value {
    let get = async |path: String| {
        let answer = instance.api().get(&path).await.unwrap().success().unwrap();
        answer.result().clone()
    };
    let script = format!("/workers/scripts/{name}");
    let versions = get(format!("{script}/versions")).await;
    let newest = versions["items"][0]["id"].as_str().unwrap().to_owned();
    let newest = get(format!("{script}/versions/{newest}")).await;
    let deployments = get(format!("{script}/deployments")).await;
    let shares: Vec<_> = deployments["deployments"][0]["versions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|share| share["percentage"].clone())
        .collect();
    let mut bindings = newest["resources"]["bindings"].as_array().unwrap().clone();
    bindings.sort_by_key(|binding| binding["name"].to_string());
    json!({
        "bindings": bindings,
        "handlers": newest["resources"]["script"]["handlers"],
        "runtime": newest["resources"]["script_runtime"],
        "message": newest["annotations"]["workers/message"],
        "tag": newest["annotations"]["workers/tag"],
        "versions": versions["items"].as_array().unwrap().len(),
        "shares": shares,
        "secrets": get(format!("{script}/secrets")).await,
        "schedules": get(format!("{script}/schedules")).await["schedules"][0]["cron"],
        "subdomain": get(format!("{script}/subdomain")).await,
        "observability": get(format!("{script}/script-settings")).await["observability"],
    })
}

/// Takes a Worker through its life, and looks at its state at each step.
async fn life(instance: &Instance, program: &Wrangler, name: &str, other: &str) -> Vec<Value> {
    let project = project(name, other);
    let run = async |arguments: &[&str], input: &str| {
        program
            .run_in(project.path(), arguments, input)
            .await
            .succeeded()
    };
    let mut states = Vec::new();
    run(&["deploy"], "").await;
    states.push(state(instance, name).await);
    run(&["secret", "put", "SECRET"], "first\n").await;
    states.push(state(instance, name).await);
    run(
        &["secret", "bulk"],
        r#"{"A": "1", "B": "2", "SECRET": null}"#,
    )
    .await;
    states.push(state(instance, name).await);
    run(&["secret", "delete", "A"], "y\n").await;
    states.push(state(instance, name).await);
    run(
        &["versions", "upload", "--message", "new", "--tag", "t"],
        "",
    )
    .await;
    states.push(state(instance, name).await);
    let put = ["versions", "secret", "put", "SECRET", "--message", "again"];
    run(&put, "second").await;
    states.push(state(instance, name).await);

    let versions = |value: Value| value["items"].as_array().unwrap().clone();
    let path = format!("/workers/scripts/{name}/versions");
    let answer = instance.api().get(&path).await.unwrap().success().unwrap();
    let versions = versions(answer.result().clone());
    let id = |at: usize| versions[at]["id"].as_str().unwrap();
    let shares = [format!("{}@10%", id(0)), format!("{}@90%", id(2))];
    run(&["versions", "deploy", &shares[0], &shares[1], "--yes"], "").await;
    states.push(state(instance, name).await);
    run(
        &["versions", "deploy", &format!("{}@100%", id(0)), "-y"],
        "",
    )
    .await;
    let answered =
        json!(["hello", { "deep": [1, "two", null] }, "second", "some words\n", "typed"]);
    reply_where(instance, name, |reply| reply.json() == answered).await;
    states.push(state(instance, name).await);
    run(&["rollback", id(2), "--message", "back", "--yes"], "").await;
    states.push(state(instance, name).await);
    run(&["deploy", "--keep-vars"], "").await;
    states.push(state(instance, name).await);
    states
}

#[tokio::test]
async fn the_same_commands_leave_the_same_state() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let coffer = Wrangler::of(&instance).or_rather_coffer();
    let other =
        Project::new(json!({ "name": "other", "main": "index.js" })).with("index.js", READER);
    coffer
        .run_in(other.path(), &["deploy"], "")
        .await
        .succeeded();

    let by_wrangler = life(&instance, &wrangler, "by-wrangler", "other").await;
    let by_coffer = life(&instance, &coffer, "by-coffer", "other").await;
    for (step, (theirs, ours)) in by_wrangler.iter().zip(&by_coffer).enumerate() {
        assert_eq!(ours, theirs, "after step {step}");
    }
    coffer
        .run(&["delete", "--name", "by-coffer", "--force"])
        .await
        .succeeded();
    let gone = instance
        .api()
        .get("/workers/scripts/by-coffer/secrets")
        .await
        .unwrap();
    assert_eq!(gone.status, 404);
}

#[tokio::test]
async fn each_refusal_has_its_exit_code_and_says_what_would_be_right() {
    let instance = Instance::start().await.unwrap();
    let coffer = Wrangler::of(&instance).or_rather_coffer();
    let none = ["secret", "list", "--name", "none"];
    coffer
        .run(&none)
        .await
        .ended_with(3)
        .says(&["there is no Worker none", "coffer deploy"]);
    coffer
        .run(&["secret", "list"])
        .await
        .ended_with(2)
        .says(&["which Worker?", "--name"]);
    Wrangler::with_token(&instance, "cfr_wrong")
        .or_rather_coffer()
        .run(&none)
        .await
        .ended_with(4)
        .says(&["coffer login"]);
    let project = Project::empty().with(
        "wrangler.jsonc",
        "{\n  \"name\": \"a\",\n  \"main\": [1],\n}",
    );
    coffer
        .run_in(project.path(), &["deploy"], "")
        .await
        .ended_with(2)
        .says(&["wrangler.jsonc:3:", "^"]);
    let required = Project::new(json!({
        "name": "needs", "main": "index.js", "no_bundle": true, "secrets": { "required": ["A", "B"] },
    }))
    .with("index.js", READER)
    .with("secrets.env", "A=1\n");
    coffer
        .run_in(
            required.path(),
            &["deploy", "--secrets-file", "secrets.env"],
            "",
        )
        .await
        .ended_with(2)
        .says(&["requires: B;", "Nothing was deployed"]);
    let broken = Project::new(json!({ "name": "broken", "main": "index.ts" }))
        .with("index.ts", "export default { fetch( {} };\n");
    coffer
        .run_in(broken.path(), &["deploy"], "")
        .await
        .ended_with(1)
        .says(&["index.ts"]);
    // Too long a value: it is refused by name, and nothing is made.
    let put = ["secret", "put", "LONG", "--name", "needs", "--no-input"];
    coffer
        .run_with(&put, "")
        .await
        .ended_with(2)
        .says(&["the value is empty"]);
    let api = instance.api();
    for name in ["needs", "broken", "a"] {
        let path = format!("/workers/scripts/{name}/secrets");
        assert_eq!(api.get(&path).await.unwrap().status, 404, "{name}");
    }
}

#[tokio::test]
async fn a_server_that_is_away_is_told_of_with_what_was_done() {
    let mut instance = Instance::start().await.unwrap();
    let coffer = Wrangler::of(&instance).or_rather_coffer();
    instance.kill().await.unwrap();
    coffer
        .run_with(
            &["secret", "bulk", "--name", "w"],
            r#"{"A": "canary-away"}"#,
        )
        .await
        .ended_with(1)
        .says(&[
            "cannot be reached",
            "nothing was sent, and nothing was changed",
        ])
        .never_says("canary-away");
}

#[tokio::test]
async fn logs_are_followed_and_cannot_move_the_cursor() {
    let instance = Instance::start().await.unwrap();
    let coffer = Wrangler::of(&instance).or_rather_coffer();
    let project = Project::new(json!({ "name": "loud", "main": "index.js", "no_bundle": true })).with(
        "index.js",
        "export default { fetch() { console.log(\"one\\u001b[2J\", { two: 2 }); throw new TypeError(\"no\"); } };",
    );
    coffer
        .run_in(project.path(), &["deploy"], "")
        .await
        .succeeded();
    let arguments = ["tail", "loud", "--format", "pretty", "--status", "error"];
    let tail = Tail::spawn(&coffer, &arguments);
    until(&tail, "the tail", async || {
        tail.text().await.contains("Following Worker loud")
    })
    .await;
    until(&tail, "the exception", async || {
        instance.gateway().get("loud", "/x").await.unwrap();
        tail.text().await.contains("TypeError: no")
    })
    .await;
    let (status, text) = tail.interrupt().await;
    assert!(status.success(), "{status}");
    assert!(text.contains("/x - exception"), "{text}");
    assert!(text.contains("(log) one\u{fffd}[2J {\"two\":2}"), "{text}");
}

/// What the API says of a project's newest deployment, without what is different in any two.
async fn deployed(instance: &Instance, project: &str) -> Value {
    let path = format!("/pages/projects/{project}/deployments");
    let answer = instance.api().get(&path).await.unwrap().success().unwrap();
    let newest = &answer.result()[0];
    json!({
        "environment": newest["environment"],
        "trigger": newest["deployment_trigger"]["metadata"],
        "env_vars": newest["env_vars"],
        "uses_functions": newest["uses_functions"],
        "date": newest["compatibility_date"],
    })
}

#[tokio::test]
async fn a_site_is_the_same_whoever_deploys_it() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let coffer = Wrangler::of(&instance).or_rather_coffer();
    let site = Project::empty()
        .with("public/index.html", "<h1>home</h1>\n")
        .with("public/a/b.txt", "text")
        .with("public/_headers", "/*\n  x-from: headers\n")
        .with("public/_redirects", "/old /a/b.txt 302\n")
        .with(
            "functions/_middleware.ts",
            "export const onRequest = async (context: any) => {\n  const answer = await context.next();\n  \
             const marked = new Response(answer.body, answer);\n  marked.headers.set(\"x-middleware\", \"ran\");\n  \
             return marked;\n};\n",
        )
        .with(
            "functions/api/[name].ts",
            "export const onRequestGet = ({ env, params }: any) => Response.json([params.name, env.KEY ?? null]);\n",
        )
        .with(
            "functions/files/[[path]].js",
            "export const onRequest = ({ params }) => Response.json(params.path);\n",
        );
    let mut states = Vec::new();
    for (program, name) in [(&wrangler, "by-wrangler"), (&coffer, "by-coffer")] {
        let run = async |arguments: &[&str], input: &str| {
            let arguments = [&["pages"][..], arguments].concat();
            program
                .run_in(site.path(), &arguments, input)
                .await
                .succeeded()
        };
        run(
            &["project", "create", name, "--production-branch", "main"],
            "",
        )
        .await;
        run(&["secret", "put", "KEY", "--project-name", name], "v").await;
        let about = ["--commit-hash", "0123456789abcdef0123456789abcdef01234567"];
        let about = [
            &about[..],
            &["--commit-message", "said", "--commit-dirty=true"],
        ]
        .concat();
        for branch in ["main", "other"] {
            let deploy = [
                "deploy",
                "public",
                "--project-name",
                name,
                "--branch",
                branch,
            ];
            run(&[&deploy[..], &about].concat(), "").await;
            states.push(deployed(&instance, name).await);
        }
        let gateway = instance.gateway_of("pages.localhost");
        for path in ["/", "/a/b.txt", "/old", "/api/x", "/files/a/b", "/none"] {
            let reply = gateway.get(name, path).await.unwrap();
            states.push(json!([
                path,
                reply.status,
                reply.text,
                reply
                    .headers
                    .get("x-from")
                    .map(|value| value.to_str().unwrap()),
                reply
                    .headers
                    .get("x-middleware")
                    .map(|value| value.to_str().unwrap()),
            ]));
        }
    }
    let (by_wrangler, by_coffer) = states.split_at(states.len() / 2);
    assert_eq!(by_coffer, by_wrangler);
    assert_eq!(by_coffer[5][2], "[\"x\",\"v\"]");
}
