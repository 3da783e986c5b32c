//! Each kind of binding as a Worker sees it from inside.

use coffer_protocol::feed::VersionRecord;
use coffer_types::{
    Binding, BindingKind, Format, KeyDescription, KeyFormat, KeyUsage, ModuleKind, Split, Timestamp,
};
use serde_json::{Value, json};

use crate::support::{Plane, Site, Tenant, Worker};

/// `(module (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add))`
const ADD: &[u8] = b"\0asm\x01\0\0\0\x01\x07\x01\x60\x02\x7f\x7f\x01\x7f\x03\x02\x01\0\x07\x07\x01\x03add\0\0\x0a\x09\x01\x07\0\x20\0\x20\x01\x6a\x0b";

fn binding(name: &str, kind: BindingKind) -> Binding {
    Binding {
        name: name.parse().unwrap(),
        kind,
    }
}

/// What a Worker with this version answers.
async fn answer(worker: &mut Worker, version: &VersionRecord) -> Value {
    worker.add_version(version);
    worker.deploy(Split::whole(version.version_id));
    let site = Site::start(worker.plane());
    let answer = site
        .fetch_until(&worker.host(), "/", |answer| answer.status == 200)
        .await;
    serde_json::from_str(&answer.text).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_knows_which_it_is() {
    let mut worker = Tenant::new(&Plane::new(), "dev").idle_worker("shop");
    let code = "export default { fetch: (_, env) => Response.json([env.V, env.V.timestamp]) };";
    let metadata = binding("V", BindingKind::VersionMetadata {});
    let mut version = worker.version(code, vec![metadata]);
    version.tag = Some("v1.2".to_owned());
    version.created_at = Some(Timestamp::from_micros(1_700_000_000_123_456));
    let id = version.version_id;
    let time = "2023-11-14T22:13:20.123456Z";
    let expected = json!([{ "id": id, "tag": "v1.2", "timestamp": time }, time]);
    assert_eq!(answer(&mut worker, &version).await, expected);
}

/// A key for HMAC with SHA-256: the bytes 1, 2, 3, 4.
const HMAC_KEY: &str = "AQIDBA==";
/// The same as a JSON web key.
const HMAC_JWK: &str = r#"{"kty":"oct","k":"AQIDBA","alg":"HS256"}"#;
/// A pair of keys on P-256, made for this test alone: PKCS#8 and SPKI in DER, as base64.
const PRIVATE_KEY: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgwFFprarCmJjkjnNegGW4nDZqysNyorK5hhvQMdJOy+uhRANCAAQRlmERV4722M6Swj5m/5wz+TtR48fR1V+8YNMaeTdddcVhyoIH3t+rPWF5/+6/CpT8Uv8a7p/AWqx8+geP+KGN";
const PUBLIC_KEY: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEZZhEVeO9tjOksI+Zv+cM/k7UePH0dVfvGDTGnk3XXXFYcqCB97fqz1hef/uvwqU/FL/Gu6fwFqsfPoHj/ihjQ==";

#[tokio::test(flavor = "multi_thread")]
async fn a_key_works_and_does_not_come_out() {
    let mut worker = Tenant::new(&Plane::new(), "dev").idle_worker("shop");
    let code = r#"export default { async fetch(_, env) {
        const data = new TextEncoder().encode("message");
        const hex = (bytes) => [...new Uint8Array(bytes)].map((b) => b.toString(16).padStart(2, "0")).join("");
        const ecdsa = { name: "ECDSA", hash: "SHA-256" };
        const signed = await crypto.subtle.sign(ecdsa, env.PRIVATE, data);
        const refused = (promise) => promise.then(() => "gave it out", (error) => error.name);
        return Response.json({
            kind: env.RAW instanceof CryptoKey,
            raw: hex(await crypto.subtle.sign("HMAC", env.RAW, data)),
            jwk: hex(await crypto.subtle.sign("HMAC", env.JWK, data)),
            verified: await crypto.subtle.verify(ecdsa, env.PUBLIC, signed, data),
            usages: env.RAW.usages,
            exported: await refused(crypto.subtle.exportKey("raw", env.RAW)),
            misused: await refused(crypto.subtle.verify("HMAC", env.RAW, signed, data)),
        });
    } };"#;
    let mut version = worker.version(code, Vec::new());
    let hmac = json!({ "name": "HMAC", "hash": "SHA-256" });
    let ecdsa = json!({ "name": "ECDSA", "namedCurve": "P-256" });
    for (name, format, algorithm, usage, material) in [
        ("RAW", KeyFormat::Raw, &hmac, KeyUsage::Sign, HMAC_KEY),
        ("JWK", KeyFormat::Jwk, &hmac, KeyUsage::Sign, HMAC_JWK),
        (
            "PRIVATE",
            KeyFormat::Pkcs8,
            &ecdsa,
            KeyUsage::Sign,
            PRIVATE_KEY,
        ),
        (
            "PUBLIC",
            KeyFormat::Spki,
            &ecdsa,
            KeyUsage::Verify,
            PUBLIC_KEY,
        ),
    ] {
        let key = KeyDescription {
            format,
            algorithm: algorithm.clone(),
            usages: vec![usage],
        };
        worker.add_sealed(&mut version, name, material, |secret| {
            BindingKind::SecretKey { secret, key }
        });
    }
    // HMAC-SHA-256 of "message" under the bytes 1, 2, 3, 4, as OpenSSL computes it.
    let expected = "5f01c7b34d06a9a691ce38763233650228841097fcbf61ca855680c2ba87c786";
    let answer = answer(&mut worker, &version).await;
    assert_eq!(
        answer,
        json!({
            "kind": true,
            "raw": expected,
            "jwk": expected,
            "verified": true,
            "usages": ["sign"],
            "exported": "InvalidAccessError",
            "misused": "InvalidAccessError",
        })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn modules_of_every_kind_are_imported() {
    let mut worker = Tenant::new(&Plane::new(), "dev").idle_worker("shop");
    let code = r#"
        import text from "./notes/a.txt";
        import bytes from "./b.bin";
        import add from "./add.wasm";
        import data from "./c.json";
        import common from "./d.cjs";
        import { Buffer } from "node:buffer";
        const { exports } = new WebAssembly.Instance(add);
        export default { fetch: () => Response.json([
            text, [...new Uint8Array(bytes)], exports.add(2, 3), data.a, common.answer, Buffer.from("x").toString("hex"),
        ]) };"#;
    let mut version = worker.version(code, Vec::new());
    version.compatibility_flags = vec!["nodejs_compat".to_owned()];
    version.compatibility_date = "2024-09-23".to_owned();
    for (name, kind, content) in [
        ("notes/a.txt", ModuleKind::Text, "text ☃".as_bytes()),
        ("b.bin", ModuleKind::Data, &[0, 255, 10]),
        ("add.wasm", ModuleKind::Wasm, ADD),
        ("c.json", ModuleKind::Json, br#"{"a":[1]}"#),
        (
            "d.cjs",
            ModuleKind::CommonJs,
            b"module.exports = { answer: 42 };",
        ),
        ("index.js.map", ModuleKind::SourceMap, b"{}"),
    ] {
        worker.add_module(&mut version, name, kind, content);
    }
    let expected = json!(["text ☃", [0, 255, 10], 5, [1], 42, "78"]);
    assert_eq!(answer(&mut worker, &version).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_worker_has_variables() {
    let mut worker = Tenant::new(&Plane::new(), "dev").idle_worker("shop");
    let code = r#""use strict";
        const { exports } = new WebAssembly.Instance(ADD);
        addEventListener("fetch", (event) => event.respondWith(handle()));
        async function handle() {
            return Response.json([
                TEXT, [...new Uint8Array(BYTES)], exports.add(2, 3), VARIABLE, DATA, TOKEN, META.tag,
                KEY instanceof CryptoKey,
            ]);
        }"#;
    let part = |name: &str| name.parse().unwrap();
    let bindings = vec![
        binding("TEXT", BindingKind::TextBlob { part: part("a") }),
        binding("BYTES", BindingKind::DataBlob { part: part("b") }),
        binding("ADD", BindingKind::WasmModule { part: part("c") }),
        binding(
            "VARIABLE",
            BindingKind::PlainText {
                text: "plain".to_owned(),
            },
        ),
        binding(
            "DATA",
            BindingKind::Json {
                json: json!({ "a": 1 }),
            },
        ),
        binding("META", BindingKind::VersionMetadata {}),
    ];
    let mut version = worker.version(code, bindings);
    version.format = Format::ServiceWorker;
    version.modules[0].kind = ModuleKind::CommonJs;
    version.compatibility_date = "2022-03-01".to_owned();
    worker.add_module(&mut version, "a", ModuleKind::Text, "text ☃".as_bytes());
    worker.add_module(&mut version, "b", ModuleKind::Data, &[0, 255]);
    worker.add_module(&mut version, "c", ModuleKind::Wasm, ADD);
    worker.add_secret(&mut version, "TOKEN", "s3cret");
    let key = KeyDescription {
        format: KeyFormat::Raw,
        algorithm: json!({ "name": "HMAC", "hash": "SHA-256" }),
        usages: vec![KeyUsage::Sign],
    };
    worker.add_sealed(&mut version, "KEY", HMAC_KEY, |secret| {
        BindingKind::SecretKey { secret, key }
    });
    let expected = json!(["text ☃", [0, 255], 5, "plain", { "a": 1 }, "s3cret", "", true]);
    assert_eq!(answer(&mut worker, &version).await, expected);
}
