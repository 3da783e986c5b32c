//! What Wrangler shows, and what answers, when versions and deployments were deleted through the API, for which
//! Wrangler has no command.

use coffer_testkit::Instance;
use serde_json::{Value, json};

use crate::client::Wrangler;
use crate::deploy::{deploy, reply_where};
use crate::project::Project;

/// Deploys a Worker that answers with this text, and tells the version's id.
async fn deployed(wrangler: &Wrangler, project: &Project, text: &str) -> String {
    let code = format!("export default {{ fetch() {{ return new Response('{text}') }} }}");
    project.write("index.js", code);
    let deployed = deploy(wrangler, project).await.succeeded();
    deployed.after("Current Version ID:").to_owned()
}

#[tokio::test]
async fn a_deleted_version_is_in_no_list_and_answers_no_more() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let settings = json!({ "name": "shop", "main": "index.js", "preview_urls": true });
    let project = Project::new(settings);
    let first = deployed(&wrangler, &project, "first").await;
    let second = deployed(&wrangler, &project, "second").await;
    // It runs when it is deleted.
    let preview = format!("{}-shop", &first[..8]);
    reply_where(&instance, &preview, |reply| reply.text == "first").await;

    let api = instance.api();
    let versions = "/workers/workers/shop/versions";
    let refused = api.delete(&format!("{versions}/{second}")).await.unwrap();
    assert_eq!((refused.status, refused.codes()), (409, vec![1003]));
    let deleted = api.delete(&format!("{versions}/{first}")).await.unwrap();
    assert_eq!(deleted.success().unwrap().result(), &Value::Null);

    let gone = instance.gateway().get(&preview, "/").await.unwrap();
    assert_eq!(gone.status, 404);
    reply_where(&instance, "shop", |reply| reply.text == "second").await;
    for command in [
        ["versions", "list"],
        ["deployments", "list"],
        ["deployments", "status"],
    ] {
        let shown = wrangler
            .run(&[&command[..], &["--name", "shop"]].concat())
            .await;
        shown.succeeded().says(&[&second]).never_says(&first);
    }
    let back = ["rollback", &first, "--name", "shop", "--yes"];
    let back = wrangler.run(&back).await;
    back.failed().says(&["100146"]);
    reply_where(&instance, "shop", |reply| reply.text == "second").await;
}
