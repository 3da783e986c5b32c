//! Edits of a Worker's bindings: each makes a version, which is deployed at once or kept for later.

use coffer_engine::{
    Conflict, EditSettings, Engine, Error, NewBindingKind, Permit, Result, VersionPatch,
};
use coffer_types::{BindingName, WorkerName};

use crate::dashboard::form::Form;
use crate::dashboard::refusal::sentence;

/// Bindings to set and, without a kind, to remove.
pub(in crate::dashboard) type Edits = Vec<(BindingName, Option<NewBindingKind>)>;

/// What becomes of the version that an edit makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// All traffic goes to it.
    Deploy,
    /// It waits to be deployed.
    Save,
}

impl Then {
    /// As the pressed button says; a form that was sent without one only saves.
    pub(super) fn of(form: &Form) -> Self {
        if form.text("then") == "deploy" {
            Self::Deploy
        } else {
            Self::Save
        }
    }

    /// The word for the notice of what was done.
    pub(super) const fn done(self) -> &'static str {
        match self {
            Self::Deploy => "version-deployed",
            Self::Save => "version-saved",
        }
    }
}

/// Makes a version of the latest with these edits.
pub(super) async fn apply(
    engine: &Engine,
    permit: &Permit<EditSettings>,
    name: &WorkerName,
    bindings: Edits,
    then: Then,
) -> Result<()> {
    let patch = VersionPatch {
        bindings,
        deploy: then == Then::Deploy,
        only_if_deployed: true,
        ..VersionPatch::default()
    };
    let made = engine.patch_latest_version(permit, name, patch).await;
    made.map(drop)
}

/// Why an edit was refused, if another try can mend it.
pub(super) fn problem(error: &Error) -> Option<String> {
    match error {
        Error::Invalid(problems) => {
            let sentences = problems.iter().map(|one| sentence(&one.problem));
            Some(sentences.collect::<Vec<_>>().join(" "))
        }
        Error::Conflict(Conflict::LatestVersionNotDeployed) => Some(
            "Traffic does not go to the latest version alone, so deploying this would also deploy code that is not \
             in use. Save a version instead, or deploy the latest version first."
                .to_owned(),
        ),
        Error::Conflict(Conflict::WorkerChanged) => Some(
            "Someone else changed the Worker at the same time. Nothing was done; look at it again and repeat this."
                .to_owned(),
        ),
        Error::Conflict(_) | Error::LimitExceeded(_) => Some(sentence(error)),
        _ => None,
    }
}
