//! Whole projects, bundled by the esbuild of the client tests.

use std::os::unix::fs::symlink;
use std::path::Path;

use coffer_types::{Format, ModuleKind};
use coffer_wrangler_config::Project;

use super::{BundleError, Bundled, Purpose, Recipe, bundle};

/// A project of these files, the first its configuration, with the packages of the client tests.
fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    let packages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clients/node_modules");
    symlink(packages, directory.path().join("node_modules")).unwrap();
    directory
}

fn recipe(directory: &Path) -> Recipe {
    let project = Project::open(&directory.join("wrangler.jsonc")).unwrap();
    let config = project.config(None).unwrap().config;
    Recipe::new(Some(&config), None, Purpose::Development).unwrap()
}

async fn bundled(files: &[(&str, &str)]) -> Result<Bundled, BundleError> {
    let directory = project(files);
    bundle(&recipe(directory.path())).await
}

fn names(bundled: &Bundled) -> Vec<(&str, ModuleKind)> {
    let modules = bundled.modules.iter();
    modules.map(|one| (one.name.as_str(), one.kind)).collect()
}

fn code(bundled: &Bundled) -> &str {
    std::str::from_utf8(&bundled.modules[0].content).unwrap()
}

#[tokio::test]
async fn typescript_with_files_beside_it_is_bundled() {
    let bundled = bundled(&[
        (
            "wrangler.jsonc",
            r#"{ "name": "w", "main": "src/index.ts", "compatibility_date": "2026-01-01",
                "compatibility_flags": ["nodejs_compat"], "define": { "BUILD": "\"7\"" },
                "alias": { "old-name": "./src/lib/other.ts" } }"#,
        ),
        (
            "src/index.ts",
            r#"
            import text from "./note.txt";
            import wasm from "./add.wasm?module";
            import { Buffer } from "buffer";
            import { env } from "cloudflare:workers";
            import { other } from "old-name";
            declare const BUILD: string;
            interface Env { A: string }
            export default { fetch(): Response {
                console.log(wasm, Buffer, env, process.env.NODE_ENV, other);
                return new Response(text + BUILD);
            } };"#,
        ),
        ("src/lib/other.ts", "export const other: number = 11;"),
        ("src/note.txt", "hello"),
        ("src/add.wasm", "\0asm"),
    ])
    .await
    .unwrap();
    assert_eq!(bundled.format, Format::Modules);
    let names = names(&bundled);
    assert_eq!(names.len(), 3, "{names:?}");
    assert_eq!(names[0], ("index.js", ModuleKind::EsModule));
    let text = names
        .iter()
        .find(|(_, kind)| *kind == ModuleKind::Text)
        .unwrap();
    let wasm = names
        .iter()
        .find(|(_, kind)| *kind == ModuleKind::Wasm)
        .unwrap();
    let code = code(&bundled);
    for expected in [
        format!("from \"./{}\"", text.0),
        format!("from \"./{}\"", wasm.0),
        "from \"node:buffer\"".to_owned(),
        "from \"cloudflare:workers\"".to_owned(),
        "\"development\"".to_owned(),
        "other = 11".to_owned(),
        "\"7\"".to_owned(),
    ] {
        assert!(code.contains(&expected), "{expected} in {code}");
    }
    assert!(!code.contains("?module"), "{code}");
    let sources: Vec<_> = bundled
        .sources
        .iter()
        .map(|path| path.file_name().unwrap())
        .collect();
    for expected in ["index.ts", "other.ts", "note.txt", "add.wasm"] {
        assert!(sources.iter().any(|name| *name == expected), "{sources:?}");
    }
}

#[tokio::test]
async fn code_that_is_found_beside_stays_outside() {
    let bundled = bundled(&[
        (
            "wrangler.jsonc",
            r#"{ "name": "w", "main": "src/index.js", "find_additional_modules": true,
                "rules": [{ "type": "Text", "globs": ["**/*.md"], "fallthrough": true }] }"#,
        ),
        (
            "src/index.js",
            "import { hello } from './lang/en.mjs';
            export default { async fetch(r) { const name = new URL(r.url).pathname;
              return new Response(hello + (await import('./lang' + name + '.mjs')).hello) } };",
        ),
        ("src/lang/en.mjs", "export const hello = 'hello';"),
        ("src/lang/de.mjs", "export const hello = 'hallo';"),
        ("src/about.md", "# about"),
    ])
    .await
    .unwrap();
    assert_eq!(
        names(&bundled),
        [
            ("index.js", ModuleKind::EsModule),
            ("about.md", ModuleKind::Text),
            ("lang/de.mjs", ModuleKind::EsModule),
            ("lang/en.mjs", ModuleKind::EsModule),
        ]
    );
    let code = code(&bundled);
    assert!(code.contains("from \"./lang/en.mjs\""), "{code}");
    assert!(!code.contains("hallo"), "{code}");
}

#[tokio::test]
async fn files_are_taken_as_they_are_where_nothing_is_bundled() {
    let files = [
        (
            "wrangler.jsonc",
            r#"{ "name": "w", "main": "index.js", "no_bundle": true }"#,
        ),
        ("index.js", "import './lib/a.js'; export default {}"),
        ("lib/a.js", "export const a = 1;"),
        ("lib/page.html", "<p>"),
    ];
    let directory = project(&files);
    std::fs::remove_file(directory.path().join("node_modules")).unwrap();
    let bundled = bundle(&recipe(directory.path())).await.unwrap();
    assert_eq!(
        names(&bundled),
        [
            ("index.js", ModuleKind::EsModule),
            ("lib/a.js", ModuleKind::EsModule),
            ("lib/page.html", ModuleKind::Text),
        ]
    );
    assert_eq!(code(&bundled), files[1].1);
}

#[tokio::test]
async fn a_script_that_listens_is_told_from_a_module() {
    let script = "import { greeting } from './greeting.ts';
        addEventListener('fetch', event => event.respondWith(new Response(greeting)));";
    let config = r#"{ "name": "w", "main": "index.js" }"#;
    let bundled = bundled(&[
        ("wrangler.jsonc", config),
        ("index.js", script),
        ("greeting.ts", "export const greeting: string = 'hello';"),
    ])
    .await
    .unwrap();
    assert_eq!(bundled.format, Format::ServiceWorker);
    assert_eq!(names(&bundled), [("index.js", ModuleKind::CommonJs)]);
    let code = code(&bundled);
    assert!(code.contains("(() => {"), "{code}");
}

#[tokio::test]
async fn what_is_wrong_is_told_with_its_place() {
    let config = (
        "wrangler.jsonc",
        r#"{ "name": "w", "main": "src/index.ts" }"#,
    );
    for (content, expected) in [
        ("export default {\n  fetch( { }\n", "src/index.ts:3:"),
        ("import a from './away.js'; export default a", "./away.js"),
        (
            "import fs from 'fs'; export default { fs }",
            "nodejs_compat",
        ),
    ] {
        let refused = bundled(&[config, ("src/index.ts", content)])
            .await
            .unwrap_err();
        assert!(matches!(refused, BundleError::Refused(_)), "{refused:?}");
        assert!(refused.to_string().contains(expected), "{refused}");
    }
}

#[test]
fn what_is_missing_is_named() {
    let directory = project(&[("wrangler.jsonc", r#"{ "name": "w", "main": "away.js" }"#)]);
    let project = Project::open(&directory.path().join("wrangler.jsonc")).unwrap();
    let config = project.config(None).unwrap().config;
    let of = |config, entry| Recipe::new(config, entry, Purpose::Deployment).unwrap_err();
    assert!(matches!(
        of(Some(&config), None),
        BundleError::EntryMissing(_)
    ));
    assert!(matches!(of(None, None), BundleError::NoEntry));
}

/// Answers of a bundled Worker that Node.js runs, to paths.
async fn run_in_node(bundled: &Bundled, asked: &[(&str, &str)]) -> Vec<serde_json::Value> {
    let directory = tempfile::tempdir().unwrap();
    for module in &bundled.modules {
        std::fs::write(directory.path().join(&module.name), &module.content).unwrap();
    }
    let driver = format!(
        "import worker from './index.js';\n\
         const env = {{ NAME: 'env', ASSETS: {{ fetch: async (request) => new Response(`file ${{new URL(request.url).pathname}}`) }} }};\n\
         const ctx = {{ waitUntil() {{}}, passThroughOnException() {{}} }};\n\
         const answers = [];\n\
         for (const [method, path] of {}) {{\n\
           try {{\n\
             const answer = await worker.fetch(new Request(`http://host${{path}}`, {{ method }}), env, ctx);\n\
             answers.push([answer.status, await answer.text(), answer.headers.get('x-passed')]);\n\
           }} catch (error) {{ answers.push(['threw', error.message, null]); }}\n\
         }}\n\
         console.log(JSON.stringify(answers));\n",
        serde_json::to_string(asked).unwrap()
    );
    std::fs::write(
        directory.path().join("package.json"),
        r#"{ "type": "module" }"#,
    )
    .unwrap();
    std::fs::write(directory.path().join("driver.js"), driver).unwrap();
    let node =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clients/node_modules/.bin/node");
    let ran = tokio::process::Command::new(node)
        .arg("driver.js")
        .current_dir(directory.path())
        .output()
        .await
        .unwrap();
    let told = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(ran.status.success(), "{told}");
    serde_json::from_slice(&ran.stdout).unwrap()
}

#[tokio::test]
async fn functions_become_a_worker_that_leads_requests() {
    let directory = project(&[
        ("functions/index.ts", "export const onRequestGet = () => new Response('home');"),
        (
            "functions/_middleware.ts",
            "const pass = async ({ next, data }) => { data.seen = ['outer']; const answer = await next(); answer.headers.set('x-passed', 'yes'); return answer; };
             export const onRequest = [pass];",
        ),
        (
            "functions/api/_middleware.js",
            "export async function onRequest({ next, data }) { data.seen.push('inner'); return next(); }",
        ),
        (
            "functions/api/[id].ts",
            "import { shown } from '../shown';
             export const onRequestGet = ({ params, data, functionPath, env }: any) => Response.json([shown(params.id), data.seen, functionPath, env.NAME]);
             export const onRequestPost = () => new Response('posted', { status: 201 });",
        ),
        ("functions/api/list.js", "export const onRequest = () => new Response('list');"),
        (
            "functions/files/[[path]].js",
            "export const onRequest = ({ params, next }) => params.path?.[0] === 'through' ? next() : Response.json(params.path ?? null);",
        ),
        ("functions/open.js", "export const onRequest = (context) => { context.passThroughOnException(); throw new Error('no'); };"),
        ("functions/wrong.js", "export const onRequest = () => 'text';"),
        ("functions/shown.ts", "export const shown = (text: string) => `<${text}>`;"),
    ]);
    let recipe = Recipe::of_pages(None, directory.path(), Purpose::Development).unwrap();
    let functions = super::bundle_functions(&directory.path().join("functions"), &recipe).await;
    let functions = functions.unwrap().unwrap();
    assert!(
        functions.routes.contains(r#""include":["/*"]"#),
        "{}",
        functions.routes
    );
    let asked = [
        ("GET", "/"),
        ("GET", "/api/7"),
        ("POST", "/api/7"),
        ("GET", "/api/list/"),
        ("PUT", "/api/7"),
        ("GET", "/files"),
        ("GET", "/files/a/b"),
        ("GET", "/files/through/x"),
        ("GET", "/open"),
        ("GET", "/wrong"),
        ("GET", "/shown"),
        ("POST", "/"),
    ];
    let answers = run_in_node(&functions.bundled, &asked).await;
    let expected = serde_json::json!([
        [200, "home", "yes"],
        [
            200,
            "[\"<7>\",[\"outer\",\"inner\"],\"/api/7\",\"env\"]",
            "yes"
        ],
        [201, "posted", "yes"],
        [200, "list", "yes"],
        [200, "file /api/7", "yes"],
        [200, "null", "yes"],
        [200, "[\"a\",\"b\"]", "yes"],
        [200, "file /files/through/x", "yes"],
        [200, "file /open", null],
        ["threw", "the function at /wrong returned no Response", null],
        [200, "file /shown", "yes"],
        [200, "file /", "yes"],
    ]);
    for (given, expected) in answers.iter().zip(expected.as_array().unwrap()) {
        assert_eq!(given, expected);
    }
}
