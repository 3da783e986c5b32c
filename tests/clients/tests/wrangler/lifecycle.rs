//! `wrangler delete`.

use coffer_testkit::Instance;
use serde_json::json;

use crate::client::Wrangler;
use crate::deploy::{deploy, read, reply_where};
use crate::project::reader;
use crate::store::Store;

#[tokio::test]
async fn a_deleted_worker_is_gone_and_its_store_secret_is_not() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let store = Store::create(&instance).await;
    store.add("STRIPE_KEY", "sk_live", &["workers"]).await;
    let project = reader("passing", &store.id, &["STRIPE_KEY"]);
    deploy(&wrangler, &project).await.succeeded();
    let put = ["secret", "put", "API_TOKEN", "--name", "passing"];
    wrangler.run_with(&put, "tok").await.succeeded();
    reply_where(&instance, "passing", |reply| {
        reply.json()["text"]["API_TOKEN"] == "tok"
    })
    .await;

    wrangler
        .run_in(project.path(), &["delete"], "")
        .await
        .succeeded()
        .says(&["Successfully deleted passing"]);
    reply_where(&instance, "passing", |reply| reply.status == 404).await;
    let api = instance.api();
    let script = api
        .get("/workers/scripts/passing/deployments")
        .await
        .unwrap();
    assert_eq!(
        (script.status, script.codes()),
        (404, vec![10007]),
        "{}",
        script.json
    );
    let service = api.get("/workers/services/passing").await.unwrap();
    assert_eq!(
        (service.status, service.codes()),
        (404, vec![10090]),
        "{}",
        service.json
    );
    assert_eq!(store.names().await, ["STRIPE_KEY"]);
    wrangler
        .run_in(project.path(), &["delete"], "")
        .await
        .failed()
        .says(&["[code: 10"]);

    // The same name again begins anew: the old Worker's secret is not there.
    deploy(&wrangler, &project).await.succeeded();
    let answer = read(&instance, "passing").await;
    assert_eq!(answer["text"], json!({ "GREETING": "hello" }));
    assert_eq!(answer["store"], json!({ "STRIPE_KEY": "sk_live" }));
}
