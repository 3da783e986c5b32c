//! What may be done by who may bind secrets of a store but not deploy: change such bindings of a Worker that is
//! there, and nothing else.

use coffer_types::{Binding, BindingKind, Module, Permission, Split};

use super::current::Current;
use super::publish::Draft;
use super::view;
use crate::authorize::Permit;
use crate::error::{Error, Result};

impl Current {
    /// Whether all traffic goes to the newest version.
    pub(super) fn is_latest_deployed(&self) -> bool {
        let whole = self.latest.as_ref().map(|latest| Split::whole(latest.id));
        let active = self.active.as_ref().map(|deployment| &deployment.split);
        active.is_some() && active == whole.as_ref()
    }
}

/// Refuses a version that is more than the latest one with other bindings to secrets of stores, unless the caller
/// may deploy. It may be deployed only where all traffic goes to the latest: dividing traffic is for who may
/// deploy.
///
/// # Errors
/// [`Error::BeyondBindings`] with all that it changes besides.
pub(super) fn check_within<P>(permit: &Permit<P>, draft: &Draft) -> Result<()> {
    if permit.also_permits(Permission::DeployWorkers) {
        return Ok(());
    }
    let beyond = beyond_bindings(draft);
    if beyond.is_empty() {
        Ok(())
    } else {
        Err(Error::BeyondBindings(beyond))
    }
}

fn beyond_bindings(draft: &Draft) -> Vec<String> {
    let Some((current, latest)) = draft
        .before
        .as_ref()
        .and_then(|current| Some((current, current.latest.as_ref()?)))
    else {
        return vec!["the code (the Worker has no version yet)".to_owned()];
    };
    let (before, after) = (&latest.facts, &draft.facts);
    let mut settings = current.worker.clone();
    draft.settings.apply(&mut settings);
    let same_code = before.main_module == after.main_module
        && before.format == after.format
        && before.assets == after.assets
        && by_name(&before.modules) == by_name(&after.modules);
    let parts = [
        ("the code", same_code),
        (
            "compatibility_date",
            before.compatibility_date == after.compatibility_date,
        ),
        (
            "compatibility_flags",
            before.compatibility_flags == after.compatibility_flags,
        ),
        ("limits", before.limits == after.limits),
        ("placement", before.placement == after.placement),
        (
            "settings of the Worker",
            view::script_settings(&current.worker) == view::script_settings(&settings),
        ),
        (
            "how traffic is divided",
            draft.deploy.is_none() || current.is_latest_deployed(),
        ),
    ];
    let mut beyond: Vec<String> = parts
        .into_iter()
        .filter(|(_, same)| !same)
        .map(|(part, _)| part.to_owned())
        .collect();
    let bindings = other_bindings(&before.bindings, &after.bindings);
    beyond.extend(bindings.map(|name| format!("binding {name}")));
    beyond
}

fn by_name(modules: &[Module]) -> Vec<&Module> {
    let mut sorted: Vec<_> = modules.iter().collect();
    sorted.sort_by(|one, other| one.name.cmp(&other.name));
    sorted
}

/// The names of bindings that differ and are to no secret of a store, before or after. A per-Worker secret that is
/// set anew differs, whatever its value.
fn other_bindings<'b>(
    before: &'b [Binding],
    after: &'b [Binding],
) -> impl Iterator<Item = &'b coffer_types::BindingName> {
    let changed = |one: &&Binding, among: &[Binding]| !is_of_store(one) && !among.contains(one);
    let gone = before.iter().filter(move |one| changed(one, after));
    let new = after.iter().filter(move |one| {
        // What differs before and after is named once.
        let replaced = before
            .iter()
            .any(|other| other.name == one.name && !is_of_store(other));
        changed(one, before) && !replaced
    });
    gone.chain(new).map(|one| &one.name)
}

const fn is_of_store(binding: &Binding) -> bool {
    matches!(binding.kind, BindingKind::SecretsStoreSecret { .. })
}
