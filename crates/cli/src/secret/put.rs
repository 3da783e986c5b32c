//! `coffer secret put`.

use clap::Args;
use http::Method;
use serde_json::json;
use zeroize::Zeroizing;

use super::{NewSecret, SecretText};
use crate::api::{Answer, ApiError, Body, Form, Part};
use crate::failure::Failure;
use crate::output::{self, prompt};
use crate::random;
use crate::value;
use crate::worker::{Worker, WorkerFlags};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  coffer secret put API_KEY\n  openssl rand -hex 32 | coffer secret put API_KEY --name my-worker\n  coffer secret put TLS_KEY --raw < key.pem"
)]
pub(crate) struct Put {
    /// The secret's name: the property of `env`
    key: String,
    /// Keep the newline at the end of stdin
    #[arg(long)]
    raw: bool,
    #[command(flatten)]
    worker: WorkerFlags,
}

impl Put {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let worker = self.worker.open().await?;
        let value = value::read(&format!("Value of {}", self.key), self.raw)?;
        let put = set(&worker, &self.key, &value).await;
        match put {
            Err(error) if Worker::is_missing(&error) => {
                create(&worker).await?;
                set(&worker, &self.key, &value).await?;
            }
            other => other?,
        }
        if output::is_json() {
            output::json(&json!({ "name": self.key, "worker": worker.name() }));
        } else {
            output::note(format_args!(
                "Secret {} is set, and Worker {} deployed with it",
                self.key,
                worker.name()
            ));
        }
        Ok(())
    }
}

async fn set(worker: &Worker, name: &str, value: &str) -> Result<(), ApiError> {
    let secret = NewSecret {
        name,
        text: SecretText::new(value),
    };
    let path = worker.script_path("/secrets");
    let _: Answer<serde_json::Value> = worker
        .api()
        .write(Method::PUT, &path, &[], Body::json(&secret))
        .await?;
    Ok(())
}

/// Makes a Worker that has no code yet, as there must be one to have a secret.
pub(crate) async fn create(worker: &Worker) -> Result<(), Failure> {
    let name = worker.name();
    if output::may_ask() {
        let question =
            format!("There is no Worker {name}. Make one without code, to have the secret?");
        if !prompt::confirm(&question, true, "run `coffer deploy` first")? {
            return Err(Failure::not_found(format!(
                "there is no Worker {name}, and nothing was changed"
            )));
        }
    }
    let main = format!("{name}.js");
    let metadata = json!({ "main_module": main, "bindings": [], "logpush": false });
    let mut form = Form::default();
    form.add(Part {
        name: "metadata".to_owned(),
        file_name: None,
        content_type: Some("application/json".to_owned()),
        content: Zeroizing::new(metadata.to_string().into_bytes()),
    });
    form.add(Part {
        name: main.clone(),
        file_name: Some(main),
        content_type: Some("application/javascript+module".to_owned()),
        content: Zeroizing::new(b"export default { fetch() {} };\n".to_vec()),
    });
    let body = form.body(&random::boundary());
    let _: Answer<serde_json::Value> = worker
        .api()
        .write(Method::PUT, &worker.script_path(""), &[], body)
        .await?;
    output::note(format_args!("Worker {name} is made, without code yet"));
    Ok(())
}
