//! Which bindings a version's format has: modules import their parts, a service worker finds them in variables.

use coffer_types::{BindingKind, BindingName, Format, Module};

use crate::error::Problem;

/// The code that bindings are for.
#[derive(Clone, Copy)]
pub(crate) struct Written<'a> {
    pub(crate) format: Format,
    pub(crate) modules: &'a [Module],
}

impl Written<'_> {
    /// Refuses a binding that code of this format cannot have.
    pub(super) fn check(&self, name: &BindingName, kind: &BindingKind) -> Result<(), Problem> {
        let refused = |rule: String| {
            let kind = kind.type_name();
            Err(Problem::Script(format!(
                "binding {name} of type {kind} {rule}"
            )))
        };
        match (self.format, kind, kind.part()) {
            (Format::Modules, _, Some(part)) => refused(format!(
                "is for service workers: import \"./{part}\" from a module instead"
            )),
            (Format::ServiceWorker, _, Some(part)) => {
                if self.modules.iter().any(|module| module.name == *part) {
                    Ok(())
                } else {
                    refused(format!(
                        "names the part {part}, which the upload does not have"
                    ))
                }
            }
            (_, _, None) => Ok(()),
        }
    }
}
