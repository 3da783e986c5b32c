//! The store and the secret that arguments name, each by its id or its name.

use clap::Args;
use coffer_protocol::secrets_store::{Secret, Store};
use coffer_types::{SecretId, SecretName, StoreId};

use super::place::{explained, path_in};
use crate::api::Answer;
use crate::failure::Failure;
use crate::output::printable;
use crate::target::Target;

/// Names further off than this are no slips of the fingers: the similarity of two texts, from 0 to 1.
const SIMILAR: f64 = 0.8;
/// One letter more, less, or in another place is always a slip.
const SLIP: usize = 1;
/// Names that an error offers.
const MAX_OFFERED: usize = 3;

/// A store, as it was named.
#[derive(Debug)]
pub(super) struct ChosenStore {
    /// Its id.
    pub(super) id: StoreId,
    text: String,
}

impl std::fmt::Display for ChosenStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

/// A secret that is there.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct SecretFlags {
    /// The secret: its name, or its id
    #[arg(value_name = "SECRET")]
    secret: Option<String>,
    /// The secret, by its id
    #[arg(long, value_name = "ID")]
    secret_id: Option<SecretId>,
    /// The secret, by its name
    #[arg(long, value_name = "NAME")]
    secret_name: Option<SecretName>,
}

impl SecretFlags {
    /// The secret of the store.
    ///
    /// # Errors
    /// Not found, with names that are like it.
    pub(super) async fn find(
        &self,
        target: &Target,
        store: &ChosenStore,
    ) -> Result<Secret, Failure> {
        match (&self.secret, self.secret_id, &self.secret_name) {
            (_, Some(id), _) => with_id(target, store, id).await,
            (_, _, Some(name)) => with_name(target, store, name.as_str()).await,
            (text, ..) => find_secret(target, store, text.as_deref().unwrap_or_default()).await,
        }
    }
}

/// The secret of a store that a text names, by its name or its id.
///
/// # Errors
/// As [`SecretFlags::find`].
pub(super) async fn find_secret(
    target: &Target,
    store: &ChosenStore,
    text: &str,
) -> Result<Secret, Failure> {
    match text.parse() {
        // A name may look like an id, too.
        Ok(id) => match with_id(target, store, id).await {
            Err(failure) if failure.is_not_found() => {
                with_name(target, store, text).await.map_err(|_| failure)
            }
            found => found,
        },
        Err(_) => with_name(target, store, text).await,
    }
}

async fn with_id(target: &Target, store: &ChosenStore, id: SecretId) -> Result<Secret, Failure> {
    let path = path_in(target, store.id, &format!("/secrets/{id}"));
    let found: Result<Answer<Secret>, _> = target.api().read(&path, &[]).await;
    match found {
        Ok(answer) => Ok(answer.result),
        Err(error) if error.says("secret_not_found") => Err(Failure::not_found(format!(
            "there is no secret {id} in store {store}"
        ))),
        Err(error) => Err(explained(target, store, error)),
    }
}

async fn with_name(target: &Target, store: &ChosenStore, name: &str) -> Result<Secret, Failure> {
    let path = path_in(target, store.id, "/secrets");
    let failed = |error| explained(target, store, error);
    let found: Vec<Secret> = target
        .api()
        .read_all(&path, &[("search", name)])
        .await
        .map_err(failed)?;
    let mut found = found.into_iter();
    if let Some(secret) = found.find(|secret| secret.name.as_str() == name) {
        return Ok(secret);
    }
    let all: Vec<Secret> = target.api().read_all(&path, &[]).await.map_err(failed)?;
    let like = offered(name, all.iter().map(|secret| secret.name.as_str()));
    Err(Failure::not_found(format!(
        "there is no secret {} in store {store}{like}",
        printable(name)
    )))
}

/// The store that a text names, by its id or its name.
///
/// # Errors
/// Not found, with names that are like it. Whether there is a store with an id is left to what is done with it.
pub(super) async fn find_store(target: &Target, text: &str) -> Result<ChosenStore, Failure> {
    let chosen = |id| ChosenStore {
        id,
        text: printable(text),
    };
    if let Ok(id) = text.parse() {
        return Ok(chosen(id));
    }
    let stores: Vec<Store> = target
        .api()
        .read_all(&target.path("/secrets_store/stores"), &[])
        .await?;
    if let Some(store) = stores.iter().find(|store| store.name.as_str() == text) {
        return Ok(chosen(store.id));
    }
    let name = printable(text);
    let like = offered(text, stores.iter().map(|store| store.name.as_str()));
    let place = target.api().place();
    let hint = match (like.is_empty(), target.is_local()) {
        (false, _) => like,
        (true, true) => {
            format!(": `coffer secrets-store store create {name}` makes it")
        }
        (true, false) => {
            ": `coffer secrets-store store list --remote` shows those that are there".to_owned()
        }
    };
    Err(Failure::not_found(format!(
        "there is no store {name} in {place}{hint}"
    )))
}

/// A question after what is not there, that offers what is like it; nothing if nothing is.
fn offered<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> String {
    let folded = wanted.to_lowercase();
    let mut like: Vec<(f64, &str)> = names
        .filter_map(|name| {
            let other = name.to_lowercase();
            let similarity = strsim::jaro_winkler(&folded, &other);
            let is_slip = strsim::damerau_levenshtein(&folded, &other) <= SLIP;
            (similarity >= SIMILAR || is_slip).then_some((similarity, name))
        })
        .collect();
    like.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(other.1)));
    let like: Vec<_> = like
        .iter()
        .take(MAX_OFFERED)
        .map(|(_, name)| printable(name))
        .collect();
    match like.as_slice() {
        [] => String::new(),
        like => format!(": did you mean {}?", like.join(" or ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_like_it_is_offered_and_nothing_else() {
        let names = || ["STRIPE_KEY", "STRIPE_KEYS", "SENDGRID", "PGPASSWORD"].into_iter();
        assert_eq!(
            offered("STRIPE_KYE", names()),
            ": did you mean STRIPE_KEY or STRIPE_KEYS?"
        );
        assert_eq!(offered("sendgrid", names()), ": did you mean SENDGRID?");
        assert_eq!(offered("dve", ["dev"].into_iter()), ": did you mean dev?");
        assert_eq!(offered("DATABASE_URL", names()), "");
        assert_eq!(offered("A", std::iter::empty()), "");
    }
}
