//! Local development: the same project by `wrangler dev` and by `coffer dev`, and what `coffer dev` does when things
//! change or are wrong.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;

use coffer_testkit::wait;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Child;
use tokio::sync::Mutex;

use crate::client::Wrangler;
use crate::project::Project;

const STORE: &str = "0123456789abcdef0123456789abcdef";

const WORKER: &str = r#"
import { greet } from "greeter";
import { Buffer } from "node:buffer";
import path from "path";
import words from "./words.txt";
import { Typed } from "./typed";

export default {
    async fetch(request: Request, env: any): Promise<Response> {
        const url = new URL(request.url);
        const read = async (name: string) => {
            try { return await env[name].get(); } catch (error) { return `rejected: ${(error as Error).message}`; }
        };
        switch (url.pathname) {
            case "/env": return Response.json({
                text: env.GREETING, json: env.SETTINGS, overridden: env.OVERRIDDEN, secret: env.API_TOKEN,
                store: await read("KEY"), gone: await read("GONE"),
            });
            case "/code": return Response.json([
                greet("you"), words.trim(), new Typed("x").shown(), path.join("a", "..", "b"),
                Buffer.from("hi").toString("base64"), process.env.NODE_ENV, Typed.name,
            ]);
            case "/request": return Response.json({
                method: request.method, body: await request.text(), header: request.headers.get("x-test"),
                query: url.search,
            });
            case "/asset": return env.ASSETS.fetch(new URL("/page.html", request.url));
            case "/self": return env.SELF.fetch(new URL("/request?from=self", request.url));
            case "/status": return new Response(null, { status: 204, headers: { "x-answer": "none" } });
            case "/redirect": return Response.redirect(new URL("/env", "https://example.com/"), 302);
            default: return new Response(`no ${url.pathname}`, { status: 404 });
        }
    },
};
"#;

/// A project with most of what a project has.
fn project() -> Project {
    let project = Project::new(json!({
        "name": "developed",
        "main": "src/index.ts",
        "compatibility_flags": ["nodejs_compat"],
        "vars": { "GREETING": "hello", "SETTINGS": { "deep": [1, "two", null] }, "OVERRIDDEN": "by the file" },
        "assets": { "directory": "public", "binding": "ASSETS" },
        "services": [{ "binding": "SELF", "service": "developed" }],
        "secrets_store_secrets": [
            { "binding": "KEY", "store_id": STORE, "secret_name": "key" },
            { "binding": "GONE", "store_id": STORE, "secret_name": "gone" },
        ],
    }))
    .with(".dev.vars", "API_TOKEN='from $dev vars'\nOVERRIDDEN=by-dev-vars\n")
    .with("public/index.html", "<h1>index</h1>\n")
    .with("public/page.html", "<h1>page</h1>\n")
    .with("src/index.ts", WORKER)
    .with("src/words.txt", "some words\n")
    .with(
        "src/typed.ts",
        "export class Typed { constructor(private inner: string) {} shown(): string { return `<${this.inner}>` } }\n",
    )
    .with(
        "node_modules/greeter/package.json",
        r#"{ "name": "greeter", "exports": { "workerd": "./workerd.js", "default": "./other.js" } }"#,
    )
    .with("node_modules/greeter/workerd.js", "export const greet = (who) => `hello ${who} on workerd`;\n")
    .with("node_modules/greeter/other.js", "export const greet = () => 'elsewhere';\n");
    add_packages(&project);
    project
}

/// Puts esbuild and workerd among a project's packages, as npm would.
fn add_packages(project: &Project) {
    let packages = Path::new(env!("CARGO_MANIFEST_DIR")).join("node_modules");
    let own = project.path().join("node_modules");
    std::fs::create_dir_all(&own).unwrap();
    for scope in ["@esbuild", "@cloudflare"] {
        symlink(packages.join(scope), own.join(scope)).unwrap();
    }
}

/// A development server that runs.
struct Served {
    child: Child,
    printed: Arc<Mutex<String>>,
    url: String,
}

impl Served {
    /// Starts one, and waits until it answers. `before` is what it prints before its address.
    async fn start(
        program: &Wrangler,
        project: &Project,
        arguments: &[&str],
        before: &str,
    ) -> Self {
        let mut served = Self::spawn(program, project, arguments);
        let printed = Arc::clone(&served.printed);
        let url = wait::until("the address", || async {
            let printed = printed.lock().await.clone();
            let rest = printed.split_once(before).map(|(_, rest)| rest.to_owned());
            let line = rest.and_then(|rest| rest.lines().next().map(|line| line.trim().to_owned()));
            line.filter(|line| line.starts_with("http")).ok_or(printed)
        })
        .await;
        served.url = url.unwrap().0;
        served
    }

    fn spawn(program: &Wrangler, project: &Project, arguments: &[&str]) -> Self {
        let mut child = program
            .command(project.path())
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let printed = Arc::default();
        keep(&printed, child.stdout.take().unwrap());
        keep(&printed, child.stderr.take().unwrap());
        Self {
            child,
            printed,
            url: String::new(),
        }
    }

    async fn coffer(project: &Project, arguments: &[&str]) -> Self {
        let coffer = Wrangler::alone().or_rather_coffer();
        let arguments = [&["dev", "--port", "0"], arguments].concat();
        Self::start(&coffer, project, &arguments, "ready ").await
    }

    async fn ask(&self, path: &str) -> (u16, String) {
        let answer = client()
            .get(format!("{}{path}", self.url))
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// Waits until a path is answered with this.
    async fn until_answer(&self, path: &str, expected: &str) {
        wait::until("the answer", || async {
            let (_, text) = self.ask(path).await;
            if text == expected { Ok(()) } else { Err(text) }
        })
        .await
        .unwrap();
    }

    /// Waits until something is printed.
    async fn until_printed(&self, text: &str) {
        wait::until(text, || async {
            let printed = self.printed.lock().await.clone();
            if printed.contains(text) {
                Ok(())
            } else {
                Err(printed)
            }
        })
        .await
        .unwrap();
    }

    /// Interrupts it, as ctrl-c does, and waits for its end.
    async fn interrupt(mut self) -> ExitStatus {
        let id = self.child.id().unwrap().to_string();
        let told = tokio::process::Command::new("kill")
            .args(["-INT", &id])
            .status()
            .await;
        assert!(told.unwrap().success());
        self.child.wait().await.unwrap()
    }
}

fn keep(printed: &Arc<Mutex<String>>, from: impl AsyncRead + Send + Unpin + 'static) {
    let printed = Arc::clone(printed);
    tokio::spawn(async move {
        let mut lines = BufReader::new(from).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let mut printed = printed.lock().await;
            printed.push_str(&line);
            printed.push('\n');
        }
    });
}

fn client() -> reqwest::Client {
    let policy = reqwest::redirect::Policy::none();
    reqwest::Client::builder().redirect(policy).build().unwrap()
}

/// Requests that the project is asked.
const ASKED: [(&str, &str, &str); 13] = [
    ("GET", "/", ""),
    ("GET", "/page.html", ""),
    ("GET", "/page", ""),
    ("GET", "/env", ""),
    ("GET", "/code", ""),
    ("GET", "/asset", ""),
    ("GET", "/self", ""),
    ("GET", "/status", ""),
    ("GET", "/redirect", ""),
    ("GET", "/nothing", ""),
    ("POST", "/request?a=1&b=%20x", "a body\r\nof lines"),
    ("PUT", "/request", ""),
    ("DELETE", "/request", ""),
];

/// What a server answers to a list of requests, as far as the project decides it.
async fn answers(url: &str, requests: &[(&str, &str, &'static str)]) -> Vec<Value> {
    let mut answers = Vec::new();
    for &(method, path, body) in requests {
        let request = client()
            .request(method.parse().unwrap(), format!("{url}{path}"))
            .header("x-test", "given")
            .body(body);
        let answer = request.send().await.unwrap();
        let header = |name: &str| {
            let value = answer.headers().get(name);
            value.map(|value| value.to_str().unwrap().to_owned())
        };
        let (kind, location, own) = (
            header("content-type"),
            header("location"),
            header("x-answer"),
        );
        let status = answer.status();
        let body = answer.text().await.unwrap();
        // The local server of `wrangler pages dev` writes a sentence below a redirect, which no browser shows.
        let (kind, body) = match status.is_redirection() {
            true => (None, None),
            false => (kind, Some(body)),
        };
        answers.push(json!({
            "asked": format!("{method} {path}"),
            "status": status.as_u16(),
            "headers": [kind, location, own],
            "body": body,
        }));
    }
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_answers_as_under_wrangler() {
    let project = project();
    let wrangler = Wrangler::alone();
    let coffer = Wrangler::alone().or_rather_coffer();
    let make = |value: &'static str| {
        [
            "secrets-store",
            "secret",
            "create",
            STORE,
            "--name",
            "key",
            "--scopes",
            "workers",
            "--value",
            value,
        ]
    };
    // The same command makes the secret for either; each has its own, of the same value.
    for program in [&wrangler, &coffer] {
        program
            .run_in(project.path(), &make("value of the store"), "")
            .await
            .succeeded();
    }
    let arguments = [
        "dev",
        "--port",
        "0",
        "--ip",
        "127.0.0.1",
        "--inspector-port",
        "0",
    ];
    let original = Served::start(&wrangler, &project, &arguments, "Ready on ").await;
    let expected = answers(&original.url, &ASKED).await;
    original.interrupt().await;
    let ours = Served::coffer(&project, &[]).await;
    let given = answers(&ours.url, &ASKED).await;
    for (given, expected) in given.iter().zip(&expected) {
        assert_eq!(given, expected);
    }
    let environment = &expected[3]["body"].as_str().unwrap();
    assert!(environment.contains("value of the store"), "{environment}");
    assert!(environment.contains("rejected: "), "{environment}");
    assert!(ours.interrupt().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_saved_answers_and_what_is_broken_does_not() {
    let project = project();
    let served = Served::coffer(&project, &[]).await;
    served.until_printed("env.GONE has no local value").await;
    let source = "import { part } from './part';\nexport default { fetch: (_, env) => new Response(part + env.API_TOKEN) };";
    project.write("src/part.ts", "export const part = 'first ';");
    project.write("src/index.ts", source);
    served.until_answer("/x", "first from $dev vars").await;
    // A file that another imports.
    project.write("src/part.ts", "export const part = 'second ';");
    served.until_answer("/x", "second from $dev vars").await;
    // A value of the Worker.
    project.write(".dev.vars", "API_TOKEN=other\n");
    served.until_answer("/x", "second other").await;
    // Broken code: the last version goes on, until it is mended.
    project.write("src/part.ts", "export const part = ");
    served
        .until_printed("The last version that worked goes on answering")
        .await;
    served.until_printed("src/part.ts:1:").await;
    assert_eq!(served.ask("/x").await.1, "second other");
    // Code that builds and does not start.
    project.write(
        "src/part.ts",
        "throw new Error('not today');\nexport const part = '';",
    );
    served.until_printed("not today").await;
    assert_eq!(served.ask("/x").await.1, "second other");
    project.write("src/part.ts", "export const part = 'third ';");
    served.until_answer("/x", "third other").await;
    // A file that is served as it is.
    project.write("public/new.txt", "new");
    served.until_answer("/new.txt", "new").await;
    served.until_printed("GET /x 200").await;
    assert!(served.interrupt().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn local_secrets_are_read_as_they_are_made() {
    let project = project();
    project.write(".dev.vars", "KEY=stands in\n");
    let served = Served::coffer(&project, &[]).await;
    served
        .until_printed(".dev.vars, in place of the store's")
        .await;
    let read = async |name: &str| {
        let (_, text) = served.ask("/env").await;
        serde_json::from_str::<Value>(&text).unwrap()[name].clone()
    };
    assert_eq!(read("store").await, "stands in");
    assert_eq!(read("gone").await, "rejected: Secret \"gone\" not found");
    // Another command on the same directory: the one that serves does it.
    let coffer = Wrangler::alone().or_rather_coffer();
    let arguments = [
        "secrets-store",
        "secret",
        "create",
        STORE,
        "--name",
        "gone",
        "--scopes",
        "workers",
    ];
    coffer
        .run_in(project.path(), &arguments, "made later")
        .await
        .succeeded();
    wait::until("the new secret", || async {
        match read("gone").await {
            Value::String(text) if text == "made later" => Ok(()),
            other => Err(other.to_string()),
        }
    })
    .await
    .unwrap();
    assert!(served.interrupt().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_the_way_is_named() {
    let project = project();
    let served = Served::coffer(&project, &[]).await;
    let port = served.url.rsplit(':').next().unwrap();
    let coffer = Wrangler::alone().or_rather_coffer();
    let run = async |arguments: &[&str]| coffer.run_in(project.path(), arguments, "").await;
    run(&["dev", "--port", port])
        .await
        .ended_with(5)
        .says(&["--port", "(process "]);
    run(&["dev", "--port", "0"])
        .await
        .ended_with(5)
        .says(&["coffer dev", "--persist-to"]);
    let data = project.path().join(".coffer");
    let data = data.to_str().unwrap();
    run(&[
        "serve",
        "--data",
        data,
        "--listen",
        "127.0.0.1:0",
        "--workers-listen",
        "127.0.0.1:0",
    ])
    .await
    .ended_with(5)
    .says(&["local development"]);
    assert!(served.interrupt().await.success());

    run(&["dev", "--workerd", "/nowhere/workerd"])
        .await
        .ended_with(1)
        .says(&["npm install workerd"]);
    run(&["dev", "away.ts"])
        .await
        .ended_with(3)
        .says(&["away.ts"]);
    run(&["dev", "--var", "novalue"])
        .await
        .ended_with(2)
        .says(&["NAME:VALUE"]);
    project.write(".coffer/local.json", r#"{"format":99,"directory":"/"}"#);
    run(&["dev"]).await.ended_with(5).says(&["newer Coffer"]);
    project.write("wrangler.json", "{ \"name\": }");
    run(&["dev"])
        .await
        .ended_with(2)
        .says(&["wrangler.json:1:"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pages_project_answers_as_under_wrangler() {
    let project = Project::new(json!({
        "name": "site",
        "pages_build_output_dir": "public",
        "vars": { "MODE": "production" },
        "env": { "preview": { "vars": { "MODE": "preview" } } },
    }))
    .with(".dev.vars", "TOKEN=of dev vars\n")
    .with("public/index.html", "<h1>index</h1>\n")
    .with("public/about.html", "<h1>about</h1>\n")
    .with("public/404.html", "<h1>none</h1>\n")
    .with("public/_redirects", "/old /about 302\n")
    .with(
        "functions/_middleware.ts",
        "export const onRequest: PagesFunction = async ({ next }) => { const answer = await next(); answer.headers.set('x-answer', 'passed'); return answer; };",
    )
    .with(
        "functions/api/[id].ts",
        "export const onRequestGet = ({ params, env, functionPath }: any) => Response.json([params.id, env.TOKEN, functionPath]);
         export const onRequestPost = async ({ request }: any) => new Response(await request.text(), { status: 201 });",
    )
    .with("functions/files/[[path]].js", "export const onRequest = ({ params }) => Response.json(params);");
    add_packages(&project);
    let asked = [
        ("GET", "/", ""),
        ("GET", "/about", ""),
        ("GET", "/about.html", ""),
        ("GET", "/old", ""),
        ("GET", "/nothing", ""),
        ("GET", "/api/7", ""),
        ("POST", "/api/7", "a body"),
        ("GET", "/api/7/8", ""),
        ("GET", "/files", ""),
        ("GET", "/files/a/b%20c", ""),
    ];
    let wrangler = Wrangler::alone();
    let arguments = [
        "pages",
        "dev",
        "--port",
        "0",
        "--ip",
        "127.0.0.1",
        "--inspector-port",
        "0",
    ];
    let original = Served::start(&wrangler, &project, &arguments, "Ready on ").await;
    let expected = answers(&original.url, &asked).await;
    original.interrupt().await;
    let coffer = Wrangler::alone().or_rather_coffer();
    let ours = Served::start(
        &coffer,
        &project,
        &["pages", "dev", "--port", "0"],
        "ready ",
    )
    .await;
    let given = answers(&ours.url, &asked).await;
    for (given, expected) in given.iter().zip(&expected) {
        assert_eq!(given, expected);
    }
    project.write(
        "functions/api/[id].ts",
        "export const onRequest = ({ env }) => new Response(env.MODE);",
    );
    ours.until_answer("/api/7", "preview").await;
    project.write("public/new.txt", "new");
    ours.until_answer("/new.txt", "new").await;
    assert!(ours.interrupt().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_get_values_and_show_none() {
    let project = Project::empty().with(
        ".dev.vars",
        "TOKEN=a-long-token\nLINES=\"line number one\\nline number two\"\nPIN=123\n",
    );
    let coffer = Wrangler::alone().or_rather_coffer();
    let run = async |arguments: &[&str]| coffer.run_in(project.path(), arguments, "").await;
    let script =
        "printf 'x a-long'; printf -- '-token y\\n'; echo \"$LINES\" >&2; echo $PIN; exit 7";
    run(&["run", "--mask", "--", "sh", "-c", script])
        .await
        .ended_with(7)
        .says(&["x *** y", "123", "not masked", "PIN"])
        .never_says("a-long-token")
        .never_says("line number");
    run(&[
        "run",
        "--only",
        "TOKEN",
        "--",
        "sh",
        "-c",
        "echo [$TOKEN][$PIN]",
    ])
    .await
    .succeeded()
    .says(&["[a-long-token][]"]);
    run(&["run", "--", "sh", "-c", "kill -TERM $$"])
        .await
        .failed();
    run(&["run", "--mask", "--", "sh", "-c", "kill -TERM $$"])
        .await
        .ended_with(143);
    run(&["run", "--only", "AWAY", "--", "true"])
        .await
        .ended_with(3)
        .says(&["AWAY"]);
    run(&["run", "--", "no-such-program"]).await.ended_with(127);
    let arguments = [
        "secrets-store",
        "secret",
        "create",
        STORE,
        "--name",
        "STORED",
        "--scopes",
        "workers",
    ];
    coffer
        .run_in(project.path(), &arguments, "of the store")
        .await
        .succeeded();
    run(&[
        "run",
        "--store",
        STORE,
        "--",
        "sh",
        "-c",
        "echo [$STORED][$TOKEN]",
    ])
    .await
    .succeeded()
    .says(&["[of the store][]"]);
    run(&["run", "--store", "none", "--", "true"])
        .await
        .ended_with(3);
    std::fs::remove_file(project.path().join(".dev.vars")).unwrap();
    run(&["run", "--", "true"])
        .await
        .ended_with(3)
        .says(&[".dev.vars"]);
}
