//! Workers: every way of uploading, and what answers afterwards.

use coffer_testkit::Instance;

use crate::script::Sdk;

#[tokio::test]
async fn python_drives_workers() {
    drive(Sdk::Python).await;
}

#[tokio::test]
async fn typescript_drives_workers() {
    drive(Sdk::TypeScript).await;
}

async fn drive(sdk: Sdk) {
    let instance = Instance::start().await.unwrap();
    let summary = sdk.run("workers", &instance).await;

    let gateway = instance.gateway();
    for (worker, expected) in summary.as_object().unwrap() {
        let reply = gateway.get(worker, "/").await.unwrap();
        assert_eq!((reply.status, &reply.json()), (200, expected), "{worker}");
    }
    let scripts = instance.api().get("/workers/scripts").await.unwrap();
    let scripts = scripts.success().unwrap();
    let names = scripts.result().as_array().unwrap().iter();
    let names: Vec<_> = names.map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(names, ["form", "json"]);
    assert!(!instance.output().contains("marked"));
}
