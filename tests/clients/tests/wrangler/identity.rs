//! `wrangler whoami`.

use coffer_testkit::Instance;

use crate::client::Wrangler;

#[tokio::test]
async fn whoami_names_the_user_and_the_account() {
    let instance = Instance::start().await.unwrap();
    let credentials = instance.credentials();
    let account = [credentials.account_name.as_str(), &credentials.account_id];

    Wrangler::of(&instance)
        .run(&["whoami"])
        .await
        .succeeded()
        .says(&["You are logged in with an"])
        .says(&account)
        .never_says(&credentials.api_token);

    Wrangler::with_global_key(&instance)
        .run(&["whoami"])
        .await
        .succeeded()
        .says(&["associated with the email", &credentials.email])
        .says(&account)
        .never_says(&credentials.global_api_key);
}

#[tokio::test]
async fn a_wrong_token_is_refused() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::with_token(
        &instance,
        "cfr_0000000000000000000000000000000000000000000AAAAAA",
    );
    wrangler
        .run(&["secrets-store", "store", "list", "--remote"])
        .await
        .failed()
        .says(&["A request to the Cloudflare API"])
        .says(&["/secrets_store/stores) failed"]);
}
