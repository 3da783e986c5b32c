//! Versions as they are tried at upload, and as traffic is divided among them.

use std::collections::HashSet;
use std::fs;
use std::time::Duration;

use bytes::Bytes;
use coffer_edge::{RuntimeConfig, WorkerdCheck};
use coffer_protocol::feed::VersionRecord;
use coffer_protocol::runtime::{Candidate, StartCheck, StartError, Started};
use coffer_types::{
    BindingKind, Format, KeyDescription, KeyFormat, KeyUsage, Module, ModuleKind, Percentage,
    Split, VersionId,
};

use crate::support::{Plane, Site, Tenant, Worker, runtime};

/// A place to try versions.
struct Bench {
    tenant: Tenant,
    worker: Worker,
    directory: tempfile::TempDir,
    check: WorkerdCheck,
}

impl Bench {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(adjust: impl FnOnce(&mut RuntimeConfig)) -> Self {
        let tenant = Tenant::new(&Plane::new(), "dev");
        let directory = tempfile::tempdir().unwrap();
        let mut config = runtime(directory.path());
        adjust(&mut config);
        Self {
            worker: tenant.idle_worker("shop"),
            check: WorkerdCheck::new(config, tenant.plane.keyring.leases()).unwrap(),
            tenant,
            directory,
        }
    }

    async fn check(
        &self,
        version: &VersionRecord,
        contents: &[&[u8]],
    ) -> Result<Started, StartError> {
        let contents: Vec<_> = contents
            .iter()
            .map(|one| Bytes::copy_from_slice(one))
            .collect();
        let candidate = Candidate {
            account: &self.tenant.account,
            version,
            contents: &contents,
        };
        self.check.check(candidate).await
    }

    /// Tries one module.
    async fn check_code(&mut self, code: &str) -> Result<Started, StartError> {
        let version = self.worker.version(code, vec![]);
        self.check(&version, &[code.as_bytes()]).await
    }

    /// What a refused version's author reads.
    async fn refusal(&mut self, code: &str) -> String {
        match self.check_code(code).await {
            Err(StartError::Refused(text)) => {
                assert!(
                    !text.contains(&self.directory.path().display().to_string()),
                    "{text}"
                );
                assert!(text.chars().count() <= 2001);
                text
            }
            other => panic!("not refused: {other:?}"),
        }
    }
}

fn module(worker: &Worker, name: &str, kind: ModuleKind, content: &[u8]) -> Module {
    let _ = worker;
    Module {
        name: name.parse().unwrap(),
        kind,
        digest: coffer_types::Digest([0; 32]),
        size: content.len() as u64,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn handlers_of_objects_and_classes() {
    let mut bench = Bench::new();
    let object = "export default { fetch() {}, scheduled() {}, other() {}, queue: 1 };";
    let started = bench.check_code(object).await.unwrap();
    assert_eq!(started.handlers, ["fetch", "scheduled"]);
    let class = r#"import { WorkerEntrypoint } from "cloudflare:workers";
        export default class extends WorkerEntrypoint { fetch() { return new Response(); } method() {} }"#;
    assert_eq!(bench.check_code(class).await.unwrap().handlers, ["fetch"]);
    let none = bench.check_code("export const x = 1;").await;
    assert_eq!(none.unwrap().handlers, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_worker_is_tried_without_being_asked() {
    let mut bench = Bench::new();
    let mut check = async |code: &str| {
        let mut version = bench.worker.version(code, vec![]);
        version.format = Format::ServiceWorker;
        bench.check(&version, &[code.as_bytes()]).await
    };
    let code = "addEventListener('fetch', () => { throw new Error('asked') });\naddEventListener('scheduled', () => {});";
    assert_eq!(check(code).await.unwrap().handlers, ["fetch", "scheduled"]);
    assert!(check("const x = 1;").await.unwrap().handlers.is_empty());
    let refused = check("const x = 1;\nthrow new TypeError('out of luck');").await;
    let refused = refused.unwrap_err().to_string();
    assert!(
        refused.contains("TypeError: out of luck") && refused.contains(":2"),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_none_is_refused_and_not_quoted() {
    let mut bench = Bench::new();
    let code = "export default {};";
    for (format, algorithm, material) in [
        (KeyFormat::Pkcs8, "ECDSA", "bWFya2VkLWNhbmFyeQ=="),
        (KeyFormat::Spki, "NOPE", "bWFya2VkLWNhbmFyeQ=="),
        (KeyFormat::Jwk, "HMAC", r#"{"kty":"marked-canary"}"#),
    ] {
        let mut version = bench.worker.version(code, vec![]);
        let key = KeyDescription {
            format,
            algorithm: serde_json::json!({ "name": algorithm, "namedCurve": "P-256", "hash": "SHA-256" }),
            usages: vec![KeyUsage::Verify],
        };
        bench
            .worker
            .add_sealed(&mut version, "K", material, |secret| {
                BindingKind::SecretKey { secret, key }
            });
        let refused = bench.check(&version, &[code.as_bytes()]).await.unwrap_err();
        let StartError::Refused(text) = refused else {
            panic!("not refused: {refused}");
        };
        assert!(
            !text.contains("marked-canary") && !text.contains("bWFya2Vk"),
            "{text}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn faulty_code_is_refused_with_the_runtimes_words() {
    let mut bench = Bench::new();
    let syntax = bench.refusal("export default {{ fetch() {} };").await;
    assert!(
        syntax.contains("SyntaxError") && syntax.contains("index.js:1"),
        "{syntax}"
    );
    let thrown = bench
        .refusal("const x = 1;\nthrow new TypeError('out of luck');")
        .await;
    assert!(
        thrown.contains("TypeError: out of luck") && thrown.contains("index.js:2"),
        "{thrown}"
    );
    let missing = bench
        .refusal("import './nowhere.js'; export default {};")
        .await;
    assert!(missing.contains("nowhere.js"), "{missing}");
    let io = bench
        .refusal("await fetch('http://example.com'); export default {};")
        .await;
    assert!(io.contains("global scope"), "{io}");
    let long = bench
        .refusal(&format!("throw new Error('{}');", "x".repeat(50_000)))
        .await;
    assert!(long.ends_with('…'), "{}", long.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_at_hand_and_do_not_come_back() {
    let mut bench = Bench::new();
    let code =
        r#"import { env } from "cloudflare:workers"; throw new Error("it is " + env.TOKEN);"#;
    let mut version = bench
        .worker
        .version(code, vec![bench.tenant.binding("S", "KEY")]);
    bench
        .worker
        .add_secret(&mut version, "TOKEN", "marked-canary");
    let refused = bench.check(&version, &[code.as_bytes()]).await.unwrap_err();
    assert!(refused.to_string().contains("it is REDACTED"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn code_that_hangs_or_eats_memory_is_refused() {
    let mut bench = Bench::with(|config| config.start_timeout = Duration::from_secs(2));
    let hung = bench.refusal("for (;;) {}").await;
    assert!(hung.contains("not ready within 2000 ms"), "{hung}");
    let waits = bench
        .refusal("await new Promise(() => {}); export default {};")
        .await;
    assert!(!waits.is_empty());
    let mut bench = Bench::with(|config| config.start_timeout = Duration::from_secs(20));
    let heap = "const all = []; for (;;) all.push(new Array(1000).fill({}));";
    let eats = bench.refusal(heap).await;
    assert!(
        eats.contains("more memory to start than its 128 MiB"),
        "{eats}"
    );
    let talks =
        "for (let line = 0; line < 1000; line++) console.log(line); throw new Error('at last');";
    let talks = bench.refusal(talks).await;
    assert!(talks.contains("at last"), "{talks}");
}

#[tokio::test(flavor = "multi_thread")]
async fn compatibility_is_bounded() {
    let mut bench = Bench::new();
    let code = "export default { fetch() {} };";
    let mut future = bench.worker.version(code, vec![]);
    future.compatibility_date = "2099-01-01".to_owned();
    let refused = bench.check(&future, &[code.as_bytes()]).await.unwrap_err();
    assert!(refused.to_string().contains("2099-01-01"), "{refused}");
    for (flag, word) in [
        ("experimental", "experimental"),
        ("no_such_flag", "no_such_flag"),
    ] {
        let mut version = bench.worker.version(code, vec![]);
        version.compatibility_flags = vec![flag.to_owned()];
        let refused = bench.check(&version, &[code.as_bytes()]).await.unwrap_err();
        assert!(matches!(refused, StartError::Refused(_)));
        assert!(refused.to_string().contains(word), "{refused}");
    }
    let mut old = bench
        .worker
        .version(code, vec![bench.tenant.binding("S", "KEY")]);
    old.compatibility_date = "2021-01-01".to_owned();
    assert_eq!(
        bench
            .check(&old, &[code.as_bytes()])
            .await
            .unwrap()
            .handlers,
        ["fetch"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_and_a_missing_runtime() {
    let mut bench = Bench::new();
    let mut draft = bench.worker.version("", vec![]);
    draft.main_module = None;
    let refused = bench.check(&draft, &[b""]).await.unwrap_err();
    assert!(matches!(refused, StartError::Refused(_)));

    let mut bench = Bench::with(|config| config.workerd = "/nowhere/workerd".into());
    let failed = bench.check_code("export default {};").await.unwrap_err();
    assert!(matches!(failed, StartError::Unavailable(_)), "{failed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_module_under_any_name() {
    // The smallest WebAssembly module: its magic number and version.
    let wasm: &[u8] = b"\0asm\x01\0\0\0";
    let mut bench = Bench::new();
    let main = r#"
import text from "../data/a text.txt"; import json from "../data/ü.json"; import data from "../data/raw%20.bin";
import wasm from "./m.wasm"; import common from "./old.cjs"; import { deep } from "./../lib/a/b.js";
if (text !== "héllo" || json.a !== 1 || new Uint8Array(data)[1] !== 255) throw new Error("content");
if (!(wasm instanceof WebAssembly.Module) || common.x !== 2 || deep !== 3) throw new Error("kind");
export default { fetch() {} };"#;
    let parts: Vec<(&str, ModuleKind, &[u8])> = vec![
        ("data/a text.txt", ModuleKind::Text, "héllo".as_bytes()),
        ("data/ü.json", ModuleKind::Json, b"{\"a\":1}"),
        ("data/raw%20.bin", ModuleKind::Data, &[0, 255]),
        (
            "src/index with space.js",
            ModuleKind::EsModule,
            main.as_bytes(),
        ),
        ("src/m.wasm", ModuleKind::Wasm, wasm),
        (
            "src/old.cjs",
            ModuleKind::CommonJs,
            b"module.exports = { x: 2 };",
        ),
        (
            "lib/a/b.js",
            ModuleKind::EsModule,
            b"export const deep = 3;",
        ),
        ("src/index.js.map", ModuleKind::SourceMap, b"{}"),
    ];
    let mut version = bench.worker.version("", vec![]);
    version.main_module = Some("src/index with space.js".parse().unwrap());
    version.modules = parts
        .iter()
        .map(|(name, kind, content)| module(&bench.worker, name, *kind, content))
        .collect();
    let contents: Vec<_> = parts.iter().map(|(_, _, content)| *content).collect();
    let started = bench.check(&version, &contents).await;
    assert_eq!(started.unwrap().handlers, ["fetch"]);

    version.modules[0].kind = ModuleKind::EsModule;
    let broken: Vec<&[u8]> = std::iter::once(&b"\xff"[..])
        .chain(contents.into_iter().skip(1))
        .collect();
    let refused = bench.check(&version, &broken).await.unwrap_err();
    assert!(refused.to_string().contains("not UTF-8"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_a_check() {
    let mut bench = Bench::new();
    bench
        .check_code("export default { fetch() {} };")
        .await
        .unwrap();
    let left: HashSet<_> = fs::read_dir(bench.directory.path().join("run/check"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(left, ["lock", "empty"].map(str::to_owned).into());
}

/// Answers with its version's name.
fn says(name: &str) -> String {
    format!("export default {{ fetch() {{ return new Response('{name}'); }} }};")
}

fn halves(old: VersionId, new: VersionId, new_percent: f64) -> Split {
    let share = |version_id, percent| coffer_types::deployment::Share {
        version_id,
        percentage: Percentage::try_from(percent).unwrap(),
    };
    Split::try_from(vec![
        share(new, new_percent),
        share(old, 100.0 - new_percent),
    ])
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn traffic_is_divided_pinned_and_overridden() {
    let plane = Plane::new();
    let mut worker = Tenant::new(&plane, "dev").idle_worker("shop");
    let (old, new) = (
        worker.version(&says("old"), vec![]),
        worker.version(&says("new"), vec![]),
    );
    worker.add_version(&old);
    worker.add_version(&new);
    worker.deploy(halves(old.version_id, new.version_id, 50.0));
    let site = Site::start(&plane);
    let host = worker.host();
    site.fetch_text(&host, "/", "old").await;
    site.fetch_text(&host, "/", "new").await;

    let by_key = async |key: &str| {
        let headers = [("cloudflare-workers-version-key", key)];
        site.fetch_with(&host, "/", &headers).await.text
    };
    let mut took_new = Vec::new();
    for key in (0..40).map(|key| format!("user-{key}")) {
        let first = by_key(&key).await;
        assert_eq!(
            by_key(&key).await,
            first,
            "a key is always answered by one version"
        );
        took_new.extend((first == "new").then_some(key));
    }
    assert!((5..35).contains(&took_new.len()));
    let old_id = old.version_id;
    for name in ["shop", "other"] {
        let overrides = format!("{name}=\"{old_id}\"");
        let headers = [
            ("cloudflare-workers-version-overrides", overrides.as_str()),
            ("cloudflare-workers-version-key", took_new[0].as_str()),
        ];
        let answer = site.fetch_with(&host, "/", &headers).await.text;
        assert_eq!(answer, if name == "shop" { "old" } else { "new" });
    }
    worker.deploy(halves(old.version_id, new.version_id, 75.0));
    // Applied once some other key has moved; those of the newer version stay.
    for key in &took_new {
        assert_eq!(by_key(key).await, "new");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn previews_answer_when_they_are_on() {
    let plane = Plane::new();
    let mut worker = Tenant::new(&plane, "dev").worker("shop", &says("deployed"), vec![]);
    let other = worker.version(&says("preview"), vec![]);
    worker.add_version(&other);
    let site = Site::start(&plane);
    site.fetch_text(&worker.host(), "/", "deployed").await;
    let preview = format!("{}-{}", other.version_id.short(), worker.host());
    site.fetch_text(&preview, "/", "preview").await;
    let unknown = format!("00000000-{}", worker.host());
    assert_eq!(site.fetch(&unknown, "/").await.status, 404);

    worker.record.previews_enabled = false;
    worker.put();
    site.fetch_until(&preview, "/", |answer| answer.status == 404)
        .await;
    worker.record.subdomain_enabled = false;
    worker.put();
    site.fetch_until(&worker.host(), "/", |answer| answer.status == 404)
        .await;
    worker.record.previews_enabled = true;
    worker.put();
    site.fetch_text(&preview, "/", "preview").await;
    assert_eq!(site.fetch("nobody.dev.localhost", "/").await.status, 404);
}
