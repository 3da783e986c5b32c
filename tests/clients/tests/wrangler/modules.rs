//! Workers of several modules: ES, text, JSON, WebAssembly and data.

use coffer_testkit::Instance;
use serde_json::json;

use crate::client::Wrangler;
use crate::deploy::{deploy, read};
use crate::project::Project;

/// A WebAssembly module that exports `answer: () -> i32`, which gives 42.
const ANSWER_WASM: &[u8] = &[
    0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, // magic, version 1
    0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7f, // types: () -> i32
    0x03, 0x02, 0x01, 0x00, // functions: one of type 0
    0x07, 0x0a, 0x01, 0x06, b'a', b'n', b's', b'w', b'e', b'r', 0x00, 0x00, // exports
    0x0a, 0x06, 0x01, 0x04, 0x00, 0x41, 0x2a, 0x0b, // code: i32.const 42
];

/// Every byte once: what no text encoding leaves as it is.
fn every_byte() -> Vec<u8> {
    (0..=255).collect()
}

#[tokio::test]
async fn a_bundled_worker_imports_every_kind() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let project = Project::new(json!({ "name": "kinds", "main": "src/index.js" }))
        .with(
            "src/double.js",
            "export const double = (number) => number * 2;\n",
        )
        .with("src/settings.json", r#"{ "depth": 3, "text": "ünïcode" }"#)
        .with("src/greeting.txt", "hello\n\"wörld\"\n")
        .with("src/bytes.bin", every_byte())
        .with("src/answer.wasm", ANSWER_WASM)
        .with(
            "src/index.js",
            r#"
import { double } from "./double.js";
import settings from "./settings.json";
import greeting from "./greeting.txt";
import bytes from "./bytes.bin";
import program from "./answer.wasm";

export default {
    async fetch() {
        const instance = await WebAssembly.instantiate(program);
        return Response.json({
            module: double(21),
            json: settings,
            text: greeting,
            data: Array.from(new Uint8Array(bytes)),
            wasm: instance.exports.answer(),
        });
    },
};
"#,
        );
    deploy(&wrangler, &project)
        .await
        .succeeded()
        .says(&["Uploaded kinds"]);
    assert_eq!(
        read(&instance, "kinds").await,
        json!({
            "module": 42,
            "json": { "depth": 3, "text": "ünïcode" },
            "text": "hello\n\"wörld\"\n",
            "data": every_byte(),
            "wasm": 42,
        })
    );
}

#[tokio::test]
async fn an_unbundled_worker_keeps_its_modules() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let project = Project::new(json!({
        "name": "unbundled",
        "main": "src/index.mjs",
        "no_bundle": true,
        "find_additional_modules": true,
        "base_dir": "src",
        "rules": [
            { "type": "ESModule", "globs": ["**/*.mjs"] },
            { "type": "Text", "globs": ["**/*.txt"] },
            { "type": "Data", "globs": ["**/*.bin"] },
            { "type": "CompiledWasm", "globs": ["**/*.wasm"] },
        ],
    }))
    .with(
        "src/parts/double.mjs",
        "export const double = (number) => number * 2;\n",
    )
    .with("src/parts/deep/greeting.txt", "hello")
    .with("src/bytes.bin", every_byte())
    .with("src/answer.wasm", ANSWER_WASM)
    .with(
        "src/index.mjs",
        r#"
import { double } from "./parts/double.mjs";
import greeting from "./parts/deep/greeting.txt";
import bytes from "./bytes.bin";
import program from "./answer.wasm";

export default {
    async fetch() {
        const late = await import("./parts/double.mjs");
        const instance = await WebAssembly.instantiate(program);
        return Response.json({
            module: double(late.double(1)),
            text: greeting,
            data: new Uint8Array(bytes).length,
            wasm: instance.exports.answer(),
        });
    },
};
"#,
    );
    let deployed = deploy(&wrangler, &project).await.succeeded();
    deployed.says(&[
        "Uploaded unbundled",
        "parts/double.mjs",
        "parts/deep/greeting.txt",
    ]);
    assert_eq!(
        read(&instance, "unbundled").await,
        json!({ "module": 4, "text": "hello", "data": 256, "wasm": 42 })
    );
}
