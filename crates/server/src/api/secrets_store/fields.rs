//! Fields that several requests of this area share, parsed into types that cannot be wrong.

use axum::extract::Path;
use coffer_engine::{Error, Invalid, Missing, Permit, Problem, SecretValue};
use coffer_types::name::InvalidName;
use coffer_types::{Comment, Scope, Scopes, SecretId, SecretName, StoreId};
use serde::Deserialize;

use crate::app::App;

/// The store of a path.
#[derive(Debug, Deserialize)]
pub(super) struct StorePath {
    store_id: String,
}

/// The secret of a path.
#[derive(Debug, Deserialize)]
pub(super) struct SecretPath {
    store_id: String,
    secret_id: String,
}

impl StorePath {
    /// The store's id; a text that is none names no store.
    pub(super) fn id(Path(path): &Path<Self>) -> Result<StoreId, Error> {
        path.store_id.parse().map_err(|_| Missing::Store.into())
    }
}

impl SecretPath {
    /// The store's id.
    pub(super) fn store_id(Path(path): &Path<Self>) -> Result<StoreId, Error> {
        path.store_id.parse().map_err(|_| Missing::Store.into())
    }

    /// The secret's id, if it is one. The store is looked for first, so the refusal is left to later.
    pub(super) fn secret_id(Path(path): &Path<Self>) -> SecretId {
        // No secret has this id: ids are random.
        path.secret_id
            .parse()
            .unwrap_or(SecretId::from_bytes([0; 16]))
    }
}

/// What was parsed of a request, or its refusal; but that of an unknown store comes before any other.
pub(super) async fn parsed_in<P, T>(
    app: &App,
    permit: &Permit<P>,
    store_id: StoreId,
    parsed: Result<T, Error>,
) -> Result<T, Error> {
    if parsed.is_err() {
        app.engine.known_store(permit, store_id).await?;
    }
    parsed
}

/// Gathers the problems of a request, so that one answer names them all.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<Invalid>);

impl Problems {
    /// The value, or `None` after its problem was noted.
    fn note<T>(&mut self, pointer: String, parsed: Result<T, Problem>) -> Option<T> {
        parsed
            .map_err(|problem| self.0.push(Invalid { pointer, problem }))
            .ok()
    }

    pub(crate) fn name(&mut self, at: &str, name: Option<&str>) -> Option<SecretName> {
        let parsed = name
            .unwrap_or_default()
            .parse()
            .map_err(|error| match error {
                InvalidName::Empty => Problem::SecretNameEmpty,
                other => Problem::SecretName(other),
            });
        self.note(format!("{at}/name"), parsed)
    }

    pub(crate) fn scopes(&mut self, at: &str, scopes: &[String]) -> Option<Scopes> {
        if scopes.is_empty() {
            return self.note(format!("{at}/scopes"), Err(Problem::ScopesEmpty));
        }
        let mut parsed = Vec::with_capacity(scopes.len());
        for (index, scope) in scopes.iter().enumerate() {
            let scope = scope.parse::<Scope>().map_err(Problem::ScopeUnknown);
            parsed.push(self.note(format!("{at}/scopes/{index}"), scope)?);
        }
        Some(parsed.into_iter().collect())
    }

    pub(crate) fn comment(&mut self, at: &str, comment: Option<&str>) -> Option<Option<Comment>> {
        let parsed = comment
            .map(str::parse)
            .transpose()
            .map_err(Problem::Comment);
        self.note(format!("{at}/comment"), parsed)
    }

    /// A value of at most `limit` bytes.
    pub(crate) fn value(
        &mut self,
        at: &str,
        value: Option<SecretValue>,
        limit: u32,
    ) -> Option<SecretValue> {
        let checked = value.ok_or(Problem::ValueEmpty).and_then(|value| {
            match Problem::of_value(&value, limit) {
                None => Ok(value),
                Some(problem) => Err(problem),
            }
        });
        self.note(format!("{at}/value"), checked)
    }

    /// The refusal, if there was a problem.
    pub(crate) fn into_result(self) -> Result<(), Error> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(self.0))
        }
    }

    /// What was parsed, or the refusal of all that was not.
    pub(crate) fn finish<T>(self, parsed: Option<T>) -> Result<T, Error> {
        self.into_result()?;
        parsed.ok_or_else(|| Error::Internal("a field was neither parsed nor refused".to_owned()))
    }
}
