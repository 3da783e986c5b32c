//! `coffer versions view`.

use anstyle::Style;
use clap::Args;
use coffer_protocol::workers::{BindingShape, BindingShapeKind, Version};
use coffer_types::VersionId;

use crate::failure::Failure;
use crate::output::{self, Table, facts};
use crate::worker::{WorkerFlags, annotated};

#[derive(Debug, Args)]
pub(crate) struct View {
    /// The version
    version_id: VersionId,
    #[command(flatten)]
    worker: WorkerFlags,
}

impl View {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let worker = self.worker.open().await?;
        let version = worker.version(self.version_id).await?;
        if output::is_json() {
            output::json(&version);
        } else {
            show(&version);
        }
        Ok(())
    }
}

fn show(version: &Version) {
    let metadata = &version.metadata;
    let runtime = &version.resources.script_runtime;
    let or_none = |text: &str| if text.is_empty() { "-" } else { text }.to_owned();
    facts(&[
        ("Version", version.id.to_string()),
        ("Number", version.number.to_string()),
        ("Created", output::moment(metadata.created_on)),
        (
            "Author",
            metadata
                .author_email
                .as_ref()
                .map_or_else(|| "-".to_owned(), ToString::to_string),
        ),
        ("Source", metadata.source.clone()),
        (
            "Tag",
            or_none(annotated(&version.annotations, "workers/tag")),
        ),
        (
            "Message",
            or_none(annotated(&version.annotations, "workers/message")),
        ),
        (
            "Handlers",
            or_none(&version.resources.script.handlers.join(", ")),
        ),
        (
            "Compatibility date",
            or_none(runtime.compatibility_date.as_deref().unwrap_or_default()),
        ),
        (
            "Compatibility flags",
            or_none(&runtime.compatibility_flags.join(", ")),
        ),
    ]);
    if version.resources.bindings.is_empty() {
        return;
    }
    output::data(&format!(
        "\n{}",
        output::on_stdout("Bindings", Style::new().bold())
    ));
    let mut table = Table::new(&["NAME", "TYPE", "WHAT IT GIVES"]);
    for binding in &version.resources.bindings {
        let (kind, gives) = binding_words(binding);
        table.row([binding.name.as_str(), kind, &gives]);
    }
    table.print();
}

/// A binding's kind and what it gives, in words; never a value of a secret: the API tells none.
pub(super) fn binding_words(binding: &BindingShape) -> (&'static str, String) {
    match &binding.kind {
        BindingShapeKind::PlainText { text } => ("text", format!("{text:?}")),
        BindingShapeKind::Json { json } => ("JSON", json.to_string()),
        BindingShapeKind::SecretText {} => ("secret", "hidden".to_owned()),
        BindingShapeKind::SecretsStoreSecret {
            store_id,
            secret_name,
        } => (
            "Secrets Store",
            format!("{secret_name} of store {store_id}"),
        ),
        BindingShapeKind::SecretKey { .. } => ("key", "hidden".to_owned()),
        BindingShapeKind::Service { service } => ("service", service.to_string()),
        BindingShapeKind::Assets {} => ("assets", "static files".to_owned()),
        BindingShapeKind::VersionMetadata {} => ("version", "which version this is".to_owned()),
        BindingShapeKind::TextBlob { part } => ("text blob", part.to_string()),
        BindingShapeKind::DataBlob { part } => ("data blob", part.to_string()),
        BindingShapeKind::WasmModule { part } => ("WebAssembly", part.to_string()),
    }
}
