//! Pages projects.

use coffer_testkit::Instance;

use crate::script::Sdk;

#[tokio::test]
async fn python_drives_pages() {
    drive(Sdk::Python).await;
}

#[tokio::test]
async fn typescript_drives_pages() {
    drive(Sdk::TypeScript).await;
}

async fn drive(sdk: Sdk) {
    let instance = Instance::start().await.unwrap();
    let summary = sdk.run("pages", &instance).await;

    let projects = instance.api().get("/pages/projects").await.unwrap();
    let projects = projects.success().unwrap();
    assert_eq!(projects.json["result_info"]["total_count"], 1);
    let project = &projects.result()[0];
    assert_eq!(project["id"], summary["project"]);
    assert_eq!(project["production_branch"], summary["branch"]);
    assert!(!instance.output().contains("marked"));
}
