//! Every scenario, each on a server of its own.

use crate::scenario::{run, run_with};

#[tokio::test]
async fn sign_in() {
    run("sign_in").await;
}

#[tokio::test]
async fn device_login() {
    run("device_login").await;
}

#[tokio::test]
async fn secrets_store() {
    run("secrets_store").await;
}

#[tokio::test]
async fn two_browsers_edit_one_secret() {
    run("two_browsers").await;
}

#[tokio::test]
async fn keyboard() {
    run("keyboard").await;
}

#[tokio::test]
async fn without_a_script() {
    run("no_script").await;
}

#[tokio::test]
async fn every_page() {
    run("every_page").await;
}

#[tokio::test]
async fn account_switcher() {
    run("accounts").await;
}

#[tokio::test]
async fn roles() {
    run("roles").await;
}

#[tokio::test]
async fn hostile_text() {
    run("hostile").await;
}

#[tokio::test]
async fn workers() {
    run("workers").await;
}

#[tokio::test]
async fn import() {
    run("import").await;
}

#[tokio::test]
async fn import_of_variables() {
    run("variable_import").await;
}

#[tokio::test]
async fn requests_errors_and_uses() {
    run("traffic").await;
}

#[tokio::test]
async fn gradual_deployment() {
    run("gradual").await;
}

#[tokio::test]
async fn live_logs() {
    run("logs").await;
}

#[tokio::test]
async fn pages_projects() {
    run("pages_projects").await;
}

#[tokio::test]
async fn members() {
    run("members").await;
}

#[tokio::test]
async fn tokens() {
    run("tokens").await;
}

#[tokio::test]
async fn second_factor() {
    run("second_factor").await;
}

#[tokio::test]
async fn sessions() {
    run("sessions").await;
}

#[tokio::test]
async fn guessed_passwords() {
    // By the hour, so that no attempt is let by again while the scenario looks.
    run_with("attempts", &["--failed-attempts-per-address", "20/hour"]).await;
}

#[tokio::test]
async fn other_sites() {
    run("other_sites").await;
}

#[tokio::test]
async fn passkeys() {
    run("passkeys").await;
}

#[tokio::test]
async fn audit_log() {
    run("audit_log").await;
}
