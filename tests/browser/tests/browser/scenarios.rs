//! Every scenario, each on a server of its own.

use crate::scenario::run;

#[tokio::test]
async fn sign_in() {
    run("sign_in").await;
}

#[tokio::test]
async fn secrets_store() {
    run("secrets_store").await;
}
