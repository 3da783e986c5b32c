//! Secrets under concurrent writers: each writer owns a group of names.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use coffer_testkit::api::ApiError;
use coffer_testkit::{Answer, ApiClient, Instance, Ledger, SeededRandom, wait};
use serde_json::{Value, json};

const GROUPS: usize = 3;
const NAMES_PER_GROUP: usize = 4;
const READER: &str = "reader";

/// The generation of each secret of a group that is there. Value and comment are written together and both
/// carry it.
type Group = BTreeMap<String, u64>;

/// All secrets, and what was acknowledged about them.
pub(crate) struct Secrets {
    store_id: String,
    ledger: Arc<Ledger<Group>>,
    ids: BTreeMap<String, String>,
    api: ApiClient,
    acknowledged: Arc<AtomicU64>,
}

/// The only writer of one group.
pub(crate) struct Writer {
    group: String,
    names: Vec<String>,
    ids: BTreeMap<String, String>,
    path: String,
    api: ApiClient,
    ledger: Arc<Ledger<Group>>,
    random: Arc<SeededRandom>,
    acknowledged: Arc<AtomicU64>,
}

impl Secrets {
    /// Creates every secret, and a Worker that reads them all.
    pub(crate) async fn prepare(instance: &Instance) -> Self {
        let api = instance.api();
        let answer = api
            .post("/secrets_store/stores", &json!({ "name": "crash" }))
            .await;
        let answer = answer.unwrap().success().unwrap();
        let store_id = answer.result()["id"].as_str().unwrap().to_owned();
        let mut secrets = Self {
            store_id,
            ledger: Arc::default(),
            ids: BTreeMap::new(),
            api,
            acknowledged: Arc::default(),
        };
        for mut writer in Writer::one_for_each_group(&secrets, &Arc::new(SeededRandom::new(0))) {
            writer.create().await.unwrap();
        }
        secrets.ids = secrets.listed().await.1;
        secrets.deploy_reader(instance).await;
        secrets
    }

    /// How many writes were acknowledged.
    pub(crate) fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::SeqCst)
    }

    /// Compares what is there after a crash with what was acknowledged, and what a Worker reads with what the
    /// API shows.
    pub(crate) async fn check(&mut self, instance: &Instance, context: &str) {
        let (groups, ids) = self.listed().await;
        let violations = self.ledger.settle(&groups);
        assert_eq!(violations, [], "{context}");
        self.ids = ids;

        let present: BTreeMap<_, _> = groups.into_values().flatten().collect();
        let expected: BTreeMap<_, _> = all_names()
            .map(|name| {
                let seen = present.get(&name).map_or_else(
                    || format!("rejected: Secret \"{name}\" not found"),
                    |generation| value(&name, *generation),
                );
                (name, seen)
            })
            .collect();
        let expected = json!(expected);
        let gateway = instance.gateway();
        wait::until("the Worker to read what the API shows", async || {
            let reply = gateway
                .get(READER, "/")
                .await
                .map_err(|error| error.to_string())?;
            let seen = reply.json();
            if seen == expected {
                Ok(())
            } else {
                Err(format!("{seen} instead of {expected}"))
            }
        })
        .await
        .unwrap_or_else(|late| panic!("{context}: {late}"));
    }

    /// All that the API lists: the groups' states, and the ids by name.
    async fn listed(&self) -> (BTreeMap<String, Group>, BTreeMap<String, String>) {
        let path = format!("{}?per_page=100", secrets_path(&self.store_id));
        let answer = self.api.get(&path).await.unwrap().success().unwrap();
        let mut groups: BTreeMap<String, Group> = BTreeMap::new();
        let mut ids = BTreeMap::new();
        for secret in answer.result().as_array().unwrap() {
            let name = secret["name"].as_str().unwrap().to_owned();
            let generation = secret["comment"].as_str().unwrap().parse().unwrap();
            let group = name.split_once('_').unwrap().0.to_owned();
            ids.insert(name.clone(), secret["id"].as_str().unwrap().to_owned());
            groups.entry(group).or_default().insert(name, generation);
        }
        (groups, ids)
    }

    async fn deploy_reader(&self, instance: &Instance) {
        let bindings: Vec<Value> = all_names()
            .map(|name| {
                json!({
                    "name": name,
                    "type": "secrets_store_secret",
                    "store_id": self.store_id,
                    "secret_name": name,
                })
            })
            .collect();
        let code = r"
            export default {
                async fetch(request, env) {
                    const read = async ([name, binding]) => {
                        try {
                            return [name, await binding.get()];
                        } catch (error) {
                            return [name, `rejected: ${error.message}`];
                        }
                    };
                    const all = await Promise.all(Object.entries(env).map(read));
                    return Response.json(Object.fromEntries(all));
                },
            };";
        let answer = instance
            .api()
            .deploy_worker(READER, code, &json!(bindings))
            .await;
        answer.unwrap().success().unwrap();
    }
}

impl Writer {
    /// The writers of all groups, each with its own share of the randomness.
    pub(crate) fn one_for_each_group(secrets: &Secrets, random: &Arc<SeededRandom>) -> Vec<Self> {
        let of = |group| {
            let names: Vec<_> = names_of(group).collect();
            Self {
                group: group_name(group),
                ids: names
                    .iter()
                    .filter_map(|name| Some((name.clone(), secrets.ids.get(name)?.clone())))
                    .collect(),
                names,
                path: secrets_path(&secrets.store_id),
                api: secrets.api.clone(),
                ledger: Arc::clone(&secrets.ledger),
                random: Arc::new(SeededRandom::new(random.next_u64())),
                acknowledged: Arc::clone(&secrets.acknowledged),
            }
        };
        (0..GROUPS).map(of).collect()
    }

    /// Writes until the server is gone.
    pub(crate) async fn write_until_unreachable(mut self) {
        loop {
            let group = self.ledger.acknowledged(&self.group);
            let written = match group {
                None => self.create().await,
                Some(group) => self.change(group).await,
            };
            match written {
                Ok(()) => {}
                Err(ApiError::Unreachable(_)) => return,
                Err(error) => panic!("{}: {error}", self.group),
            }
        }
    }

    /// Creates the whole group in one request: all or nothing.
    pub(crate) async fn create(&mut self) -> Result<(), ApiError> {
        let created: Group = self.names.iter().map(|name| (name.clone(), 1)).collect();
        let secret = |name: &String| json!({ "name": name, "value": value(name, 1), "comment": "1", "scopes": ["workers"] });
        let body = Value::Array(self.names.iter().map(secret).collect());
        self.ledger.attempt(&self.group, Some(created));
        let answer = self.api.post(&self.path, &body).await?.success()?;
        self.acknowledge();
        for secret in answer.result().as_array().unwrap() {
            let name = secret["name"].as_str().unwrap().to_owned();
            self.ids
                .insert(name, secret["id"].as_str().unwrap().to_owned());
        }
        Ok(())
    }

    /// Edits one secret of the group or, one time in four, deletes it.
    async fn change(&mut self, mut group: Group) -> Result<(), ApiError> {
        let chosen = self.random.below(group.len() as u64);
        let name = group
            .keys()
            .nth(usize::try_from(chosen).unwrap())
            .unwrap()
            .clone();
        let path = format!("{}/{}", self.path, self.ids[&name]);
        if self.random.below(4) == 0 {
            group.remove(&name);
            let remaining = (!group.is_empty()).then_some(group);
            self.ledger.attempt(&self.group, remaining);
            self.finished(self.api.delete(&path).await?)
        } else {
            let generation = group[&name] + 1;
            let body = json!({
                "value": value(&name, generation),
                "comment": generation.to_string(),
            });
            group.insert(name, generation);
            self.ledger.attempt(&self.group, Some(group));
            self.finished(self.api.patch(&path, &body).await?)
        }
    }

    fn finished(&self, answer: Answer) -> Result<(), ApiError> {
        answer.success()?;
        self.acknowledge();
        Ok(())
    }

    fn acknowledge(&self) {
        self.ledger.acknowledge(&self.group);
        self.acknowledged.fetch_add(1, Ordering::SeqCst);
    }
}

fn all_names() -> impl Iterator<Item = String> {
    (0..GROUPS).flat_map(names_of)
}

fn names_of(group: usize) -> impl Iterator<Item = String> {
    (0..NAMES_PER_GROUP).map(move |index| format!("{}_{index}", group_name(group)))
}

fn group_name(group: usize) -> String {
    format!("GROUP{group}")
}

fn value(name: &str, generation: u64) -> String {
    format!("{name}-{generation}")
}

fn secrets_path(store_id: &str) -> String {
    format!("/secrets_store/stores/{store_id}/secrets")
}
