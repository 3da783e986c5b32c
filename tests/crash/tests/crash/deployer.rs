//! A Worker that is deployed again and again: code and variable carry the same mark.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use coffer_testkit::api::ApiError;
use coffer_testkit::{ApiClient, Instance, Ledger, wait};
use serde_json::json;

const WORKER: &str = "marked";

/// The only deployer of the Worker.
#[derive(Clone)]
pub(crate) struct Deployer {
    api: ApiClient,
    ledger: Arc<Ledger<u64>>,
    acknowledged: Arc<AtomicU64>,
}

impl Deployer {
    /// Deploys the first mark.
    pub(crate) async fn prepare(instance: &Instance) -> Self {
        let deployer = Self {
            api: instance.api(),
            ledger: Arc::default(),
            acknowledged: Arc::default(),
        };
        deployer.deploy(1).await.unwrap();
        deployer
    }

    /// How many deploys were acknowledged.
    pub(crate) fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::SeqCst)
    }

    /// Deploys the next mark until the server is gone.
    pub(crate) async fn deploy_until_unreachable(self) {
        loop {
            let mark = self.ledger.acknowledged(WORKER).unwrap() + 1;
            match self.deploy(mark).await {
                Ok(()) => {}
                Err(ApiError::Unreachable(_)) => return,
                Err(error) => panic!("{WORKER}: {error}"),
            }
        }
    }

    /// Compares what is deployed after a crash with what was acknowledged, and what the Worker answers with
    /// what the API shows.
    pub(crate) async fn check(&self, instance: &Instance, context: &str) {
        let answer = self
            .api
            .get(&format!("/workers/scripts/{WORKER}/settings"))
            .await;
        let answer = answer.unwrap().success().unwrap();
        let bindings = answer.result()["bindings"].as_array().unwrap();
        let mark = bindings
            .iter()
            .find(|binding| binding["name"] == "MARK")
            .unwrap();
        let mark: u64 = mark["text"].as_str().unwrap().parse().unwrap();
        let found = BTreeMap::from([(WORKER.to_owned(), mark)]);
        assert_eq!(self.ledger.settle(&found), [], "{context}");

        let expected = format!("{mark} {mark}");
        let gateway = instance.gateway();
        wait::until("the Worker that the API shows", async || {
            let reply = gateway
                .get(WORKER, "/")
                .await
                .map_err(|error| error.to_string())?;
            if reply.text == expected {
                Ok(())
            } else {
                Err(reply.text)
            }
        })
        .await
        .unwrap_or_else(|late| panic!("{context}: {late}"));
    }

    async fn deploy(&self, mark: u64) -> Result<(), ApiError> {
        let code = format!(
            "export default {{ fetch: (request, env) => new Response(`{mark} ${{env.MARK}}`) }};"
        );
        let bindings = json!([{ "name": "MARK", "type": "plain_text", "text": mark.to_string() }]);
        self.ledger.attempt(WORKER, Some(mark));
        self.api
            .deploy_worker(WORKER, &code, &bindings)
            .await?
            .success()?;
        self.ledger.acknowledge(WORKER);
        self.acknowledged.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}
