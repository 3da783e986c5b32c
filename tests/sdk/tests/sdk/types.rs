//! The scripts are of the types that the SDK publishes: what they send and what they read.

use crate::script::{node, run};

#[tokio::test]
async fn the_typescript_scripts_use_the_sdk_as_its_types_say() {
    let mut compiler = node();
    compiler.args(["node_modules/typescript/bin/tsc", "--project", "typescript"]);
    run("tsc", compiler).await;
}
