//! What a Pages project's file may not say.

use crate::field::Field;
use crate::layers::Layers;

/// Keys that a Pages project has nothing to do with.
const FOREIGN: [&str; 12] = [
    "account_id",
    "assets",
    "base_dir",
    "build",
    "find_additional_modules",
    "preview_urls",
    "route",
    "routes",
    "rules",
    "tail_consumers",
    "triggers",
    "workers_dev",
];

/// Tells of each.
pub(super) fn check(layers: &Layers<'_>) {
    let Some(output) = layers.top_field("pages_build_output_dir") else {
        return;
    };
    if let Some(main) = layers.field("main") {
        main.error(
            "\"main\" is for a Worker and \"pages_build_output_dir\" for a Pages project; leave one of them out",
        );
    }
    for key in FOREIGN {
        if let Some(field) = layers.field(key) {
            let path = &field.path;
            field.error(format!(
                "\"{path}\" is not for Pages projects; leave it out"
            ));
        }
    }
    if layers.top_field("name").is_none() {
        output.error("a Pages project needs \"name\" at the top level: the project's name");
    }
    let environments = layers.top_field("env").and_then(|field| field.table());
    let environments = environments.map(|table| table.fields()).unwrap_or_default();
    for (name, field) in &environments {
        if !matches!(*name, "production" | "preview") {
            let Field { path, .. } = field;
            field.error(format!(
                "\"{path}\" is no environment of a Pages project; those are \"production\" and \"preview\""
            ));
        }
    }
}
