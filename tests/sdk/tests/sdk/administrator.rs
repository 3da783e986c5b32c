//! The administrator, by the second way to prove it.

use coffer_testkit::api::Authorization;
use coffer_testkit::{Answer, Instance};
use reqwest::Method;

/// What the user's global API key is shown at a path anywhere below the base URL.
pub(crate) async fn shown_by_key(instance: &Instance, path: &str) -> Answer {
    let credentials = instance.credentials();
    let api = instance.api().acting_as(Authorization::GlobalKey {
        email: credentials.email.clone(),
        key: credentials.global_api_key.clone(),
    });
    let answer = api.send(api.request_anywhere(Method::GET, path)).await;
    answer.unwrap().success().unwrap()
}
