//! What is bound to a Worker under a name.

use std::path::PathBuf;

use super::names::Names;
use crate::field::{Field, Table};
use crate::json::Json;
use crate::layers::Layers;

/// A variable: text, or JSON if the file has anything else.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Json,
}

/// A secret of a Secrets Store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretsStoreBinding {
    /// The name by which the Worker reads it.
    pub binding: String,
    /// The store, as the file names it: of a local store that is any text.
    pub store_id: String,
    /// The secret's name in the store.
    pub secret_name: String,
}

/// Another Worker.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceBinding {
    /// The name by which the Worker calls it.
    pub binding: String,
    /// The Worker's name.
    pub service: String,
    /// The class that is called, if not the default export.
    pub entrypoint: Option<String>,
    /// `environment`.
    pub environment: Option<String>,
    /// What the class is given as `ctx.props`.
    pub props: Option<Json>,
}

/// A file that is bound as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartBinding {
    /// The name by which the Worker reads it.
    pub binding: String,
    /// The file.
    pub path: PathBuf,
}

pub(super) fn vars(layers: &Layers<'_>, names: &Names) -> Vec<Variable> {
    let fields = members(layers, "vars");
    let read = fields.into_iter().filter_map(|(name, field)| {
        names.take(name, &field);
        Some(Variable {
            name: name.to_owned(),
            value: field.json()?,
        })
    });
    read.collect()
}

pub(super) fn required_secrets(layers: &Layers<'_>, names: &Names) -> Option<Vec<String>> {
    let table = layers.field("secrets")?.table()?;
    table.only(&["required"]);
    let Some(required) = table.field("required") else {
        return Some(Vec::new());
    };
    let read = required.items_of("a list of names")?;
    let read = read.iter().filter_map(|field| {
        let name = field.words()?;
        names.take(&name, field);
        Some(name)
    });
    Some(read.collect())
}

pub(super) fn secrets_store_secrets(
    layers: &Layers<'_>,
    names: &Names,
) -> Vec<SecretsStoreBinding> {
    let each = |table: &Table<'_>| {
        table.only(&["binding", "store_id", "secret_name"]);
        let binding = bound(table, names);
        let store_id = words(table, "store_id", "the id of a Secrets Store");
        let secret_name = words(table, "secret_name", "the name of a secret in the store");
        Some(SecretsStoreBinding {
            binding: binding?,
            store_id: store_id?,
            secret_name: secret_name?,
        })
    };
    each_of(layers, "secrets_store_secrets", each)
}

pub(super) fn services(layers: &Layers<'_>, names: &Names) -> Vec<ServiceBinding> {
    let each = |table: &Table<'_>| {
        table.only(&[
            "binding",
            "service",
            "entrypoint",
            "environment",
            "props",
            "remote",
            "dev",
        ]);
        let binding = bound(table, names);
        let service = words(table, "service", "the name of a Worker");
        let text = |key: &str| table.field(key)?.words();
        let props = table.field("props").and_then(|field| {
            field.table()?;
            field.json()
        });
        Some(ServiceBinding {
            entrypoint: text("entrypoint"),
            environment: text("environment"),
            props,
            binding: binding?,
            service: service?,
        })
    };
    each_of(layers, "services", each)
}

pub(super) fn version_metadata(layers: &Layers<'_>, names: &Names) -> Option<String> {
    let table = layers.field("version_metadata")?.table()?;
    table.only(&["binding"]);
    bound(&table, names)
}

pub(super) fn parts(layers: &Layers<'_>, key: &str, names: &Names) -> Vec<PartBinding> {
    let fields = members(layers, key);
    let read = fields.into_iter().filter_map(|(name, field)| {
        names.take(name, &field);
        Some(PartBinding {
            binding: name.to_owned(),
            path: field.path()?,
        })
    });
    read.collect()
}

/// The members of an object that is a key's value.
fn members<'a>(layers: &Layers<'a>, key: &str) -> Vec<(&'a str, Field<'a>)> {
    let table = layers.field(key).and_then(|field| field.table());
    let Some(table) = table else {
        return Vec::new();
    };
    table.warn_of_repeated();
    table.fields()
}

fn each_of<T>(layers: &Layers<'_>, key: &str, each: impl Fn(&Table<'_>) -> Option<T>) -> Vec<T> {
    let items = layers.field(key).and_then(|field| field.items());
    let items = items.unwrap_or_default();
    items
        .iter()
        .filter_map(|item| each(&item.table()?))
        .collect()
}

fn bound(table: &Table<'_>, names: &Names) -> Option<String> {
    let field = table.required("binding", "the name by which the Worker knows it")?;
    let name = field.words()?;
    names.take(&name, &field);
    Some(name)
}

fn words(table: &Table<'_>, key: &str, why: &str) -> Option<String> {
    table.required(key, why)?.words()
}
