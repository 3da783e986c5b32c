//! Comparing values with those that are sealed: which are the same, and nothing else of them.

use std::collections::{HashMap, HashSet};

use coffer_crypto::SecretValue;
use coffer_protocol::comparison::{Compared, Comparison};
use coffer_store::Written;
use coffer_store::rows::audit::NewEvent;
use coffer_store::rows::secrets;
use coffer_types::audit::{Action, ResourceKind};
use coffer_types::limits::MAX_COMPARED_PER_REQUEST;
use coffer_types::{SecretName, StoreId};
use serde_json::json;

use super::place_of;
use crate::authorize::{ManageSecrets, Permit};
use crate::engine::Engine;
use crate::error::{Error, Problem, Result};
use crate::mutate::About;

/// A value to compare with that of the secret of a name.
#[derive(Debug)]
pub struct Candidate {
    /// The secret's name.
    pub name: SecretName,
    /// The value that it may have.
    pub value: SecretValue,
}

impl Engine {
    /// Tells of each value whether the secret of its name has it, in the order given. Only those who may replace a value
    /// may ask, wrong ones are limited, and each question is in the audit log.
    ///
    /// # Errors
    /// [`crate::Missing::Store`]; [`Error::Invalid`] for an empty or too long list or a name twice;
    /// [`Error::TooManyAttempts`] after many values that were wrong.
    pub async fn compare_secrets(
        &self,
        permit: &Permit<ManageSecrets>,
        store_id: StoreId,
        candidates: Vec<Candidate>,
    ) -> Result<Vec<Compared>> {
        if let Some(compared) = self.repeated(&permit.caller).await? {
            return Ok(compared);
        }
        self.check_store(permit.account_id(), store_id).await?;
        check_list(&candidates)?;
        let count = u32::try_from(candidates.len()).unwrap_or(u32::MAX);
        self.guesses.begin(permit.account_id(), count)?;
        let compared = self.compare(permit, store_id, &candidates).await?;
        let right = count - counted(&compared, Comparison::Different);
        self.guesses.were_right(permit.account_id(), right);
        let event = self.comparison_event(permit, store_id, &compared);
        self.mutate(&permit.caller, move |_| {
            let written = Written::new(compared.clone(), event.clone());
            Box::pin(async move { Ok(written) })
        })
        .await
    }

    async fn compare(
        &self,
        permit: &Permit<ManageSecrets>,
        store_id: StoreId,
        candidates: &[Candidate],
    ) -> Result<Vec<Compared>> {
        let names: Vec<_> = candidates.iter().map(|one| one.name.clone()).collect();
        let mut reader = self.store.reader().await?;
        let found = secrets::sealed_with_names(&mut reader, store_id, &names).await?;
        drop(reader);
        let found: HashMap<_, _> = found
            .iter()
            .map(|(secret, sealed)| (&secret.name, (secret, sealed)))
            .collect();
        // A value may have been sealed anew under a key that is newer than the permit.
        let account = self.store.account(permit.account_id()).await?;
        let keys = account
            .as_ref()
            .map_or(&permit.account().keys, |account| &account.keys);
        candidates
            .iter()
            .map(|candidate| {
                let state = match found.get(&candidate.name) {
                    None => Comparison::Missing,
                    Some((secret, sealed)) => {
                        let place = place_of(secret);
                        match self
                            .sealer
                            .matches(keys, &place, sealed, &candidate.value)?
                        {
                            true => Comparison::Same,
                            false => Comparison::Different,
                        }
                    }
                };
                let name = candidate.name.clone();
                Ok(Compared { name, state })
            })
            .collect()
    }

    /// Which of them were the same is not told: who reads the log may not know of values as much.
    fn comparison_event(
        &self,
        permit: &Permit<ManageSecrets>,
        store_id: StoreId,
        compared: &[Compared],
    ) -> NewEvent {
        let names: Vec<_> = compared.iter().map(|one| &one.name).collect();
        let about = About {
            action: Action::Access,
            resource_kind: ResourceKind::Store,
            resource_id: store_id.to_string(),
            details: json!({
                "compared": names,
                "same": counted(compared, Comparison::Same),
                "different": counted(compared, Comparison::Different),
                "missing": counted(compared, Comparison::Missing),
            }),
        };
        self.event(&permit.caller, permit.account_id(), about)
    }
}

fn counted(compared: &[Compared], state: Comparison) -> u32 {
    let counted = compared.iter().filter(|one| one.state == state).count();
    u32::try_from(counted).unwrap_or(u32::MAX)
}

fn check_list(candidates: &[Candidate]) -> Result<()> {
    if candidates.is_empty() {
        let problem = Problem::SecretsEmpty(MAX_COMPARED_PER_REQUEST);
        return Err(Error::invalid("", problem));
    }
    if candidates.len() > MAX_COMPARED_PER_REQUEST {
        let problem = Problem::TooManySecrets(MAX_COMPARED_PER_REQUEST);
        return Err(Error::invalid("", problem));
    }
    let mut names = HashSet::new();
    for (index, one) in candidates.iter().enumerate() {
        if !names.insert(&one.name) {
            let problem = Problem::SecretNameRepeated(one.name.clone());
            return Err(Error::invalid(format!("/{index}/name"), problem));
        }
    }
    Ok(())
}
