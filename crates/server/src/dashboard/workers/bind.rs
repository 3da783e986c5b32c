//! The form that binds a Worker to a secret of a store; who may create secrets can do so in place.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use coffer_engine::{
    BindSecrets, Direction, EditSettings, Engine, Error, ManageSecrets, NewBindingKind, NewSecret,
    Permit, Problem, Result, SecretFilter, SecretList, SecretOrder, Slice, StoreList, StoreOrder,
    ViewSecrets, WorkerFacts,
};
use coffer_protocol::secrets_store::Store;
use coffer_types::{BindingName, Permission, Scope, StoreId};

use super::edit::{self, Then};
use super::head::{WorkerPath, place_of};
use crate::api::SecretProblems;
use crate::app::App;
use crate::dashboard::filters;
use crate::dashboard::form::Form;
use crate::dashboard::page::{respond, respond_with};
use crate::dashboard::refusal::{problem_at, sentence};
use crate::dashboard::shell::Shell;
use crate::dashboard::visit::{Submit, Visit, refused_in};

/// Names that a browser is given to choose from; others can be typed.
const MOST_NAMES: u32 = 500;
/// Stores to choose from; more than anyone was seen to have.
const MOST_STORES: u32 = 100;

#[derive(Template)]
#[template(path = "workers/bind.html")]
struct BindPage {
    shell: Shell,
    back: String,
    stores: Vec<Store>,
    names: Vec<String>,
    typed: Typed,
    deployable: bool,
    value_limit: u32,
    told: Told,
}

/// What was typed, without a value.
#[derive(Default)]
struct Typed {
    binding: String,
    store: String,
    secret: String,
    new_name: String,
    new_comment: String,
    /// Whether the part that creates a secret is open.
    creates: bool,
}

/// What is said of it.
#[derive(Default)]
struct Told {
    created: bool,
    problem: Option<String>,
    binding: Option<String>,
    secret: Option<String>,
    new_name: Option<String>,
    new_value: Option<String>,
    new_comment: Option<String>,
}

/// Shows the empty form.
pub(super) async fn show(
    State(app): State<App>,
    Path(path): Path<WorkerPath>,
    Visit { permit, shell }: Visit<EditSettings>,
) -> Response {
    match start(&app, &permit, &path).await {
        Ok((facts, stores)) => {
            let page = BindPage::new(
                &app.engine,
                &permit,
                shell,
                &facts,
                stores,
                Typed::default(),
            );
            respond(&page.await)
        }
        Err(error) => refused_in(shell, &error),
    }
}

/// Adds the binding, or creates a secret for it.
pub(super) async fn bind(
    State(app): State<App>,
    Path(path): Path<WorkerPath>,
    Submit {
        permit,
        shell,
        form,
    }: Submit<EditSettings>,
) -> Response {
    let (facts, stores) = match start(&app, &permit, &path).await {
        Ok(found) => found,
        Err(error) => return refused_in(shell, &error),
    };
    let mut typed = Typed::of(&form);
    if form.has("create") {
        typed.creates = true;
        let made = create(&app.engine, &permit, &stores, &typed, &form).await;
        if made.is_ok() {
            typed.secret = std::mem::take(&mut typed.new_name);
            typed.new_comment.clear();
            typed.creates = false;
        }
        let page = BindPage::new(&app.engine, &permit, shell, &facts, stores, typed).await;
        return match made {
            Ok(()) => respond(&page.with_created()),
            Err(error) => page.refuse_new(&error),
        };
    }
    let then = Then::of(&form);
    let done = async {
        let edit = typed.parse(&facts, &stores)?;
        edit::apply(&app.engine, &permit, &facts.script.id, vec![edit], then).await
    };
    match done.await {
        Ok(()) => {
            let place = place_of(&shell, &facts.script.id);
            Redirect::to(&format!("{place}/settings?done={}", then.done())).into_response()
        }
        Err(error) => {
            let page = BindPage::new(&app.engine, &permit, shell, &facts, stores, typed);
            page.await.refuse(&error)
        }
    }
}

/// The Worker, and the stores of the account.
async fn start(
    app: &App,
    permit: &Permit<EditSettings>,
    path: &WorkerPath,
) -> Result<(WorkerFacts, Vec<Store>)> {
    permit.and::<BindSecrets>()?;
    let facts = app.engine.worker(permit, &path.name()?).await?;
    let oldest_first = StoreList {
        order: StoreOrder::Created,
        direction: Direction::Ascending,
        slice: Slice {
            limit: MOST_STORES,
            offset: 0,
        },
    };
    let view = permit.and::<ViewSecrets>()?;
    let stores = app.engine.list_stores(&view, oldest_first).await?.stores;
    Ok((facts, stores))
}

/// Creates the secret that was typed, for Workers.
async fn create(
    engine: &Engine,
    permit: &Permit<EditSettings>,
    stores: &[Store],
    typed: &Typed,
    form: &Form,
) -> Result<()> {
    let permit = permit.and::<ManageSecrets>()?;
    let limit = permit.account().limits.value_bytes;
    let mut problems = SecretProblems::default();
    let name = problems.name("/0", Some(&typed.new_name));
    let value = problems.value("/0", form.secret("value"), limit);
    let comment = (!typed.new_comment.is_empty()).then_some(typed.new_comment.as_str());
    let comment = problems.comment("/0", comment);
    let new = match (name, value, comment) {
        (Some(name), Some(value), Some(comment)) => Some(NewSecret {
            name,
            value,
            scopes: coffer_types::Scopes::from_iter([Scope::Workers]),
            comment,
        }),
        _ => None,
    };
    let new = problems.finish(Some(Vec::from_iter(new)))?;
    let store = typed
        .store_of(stores)
        .ok_or(coffer_engine::Missing::Store)?;
    engine.create_secrets(&permit, store, new).await.map(drop)
}

impl Typed {
    fn of(form: &Form) -> Self {
        Self {
            binding: form.text("binding"),
            store: form.text("store"),
            secret: form.text("secret"),
            new_name: form.text("new-name"),
            new_comment: form.text("new-comment"),
            creates: false,
        }
    }

    /// The chosen store, the oldest unless another is.
    fn store_of(&self, stores: &[Store]) -> Option<StoreId> {
        let named = stores
            .iter()
            .find(|store| store.id.to_string() == self.store);
        named.or(stores.first()).map(|store| store.id)
    }

    fn parse(
        &self,
        facts: &WorkerFacts,
        stores: &[Store],
    ) -> Result<(BindingName, Option<NewBindingKind>)> {
        let refused = |pointer: &str, text: String| Error::invalid(pointer, Problem::Upload(text));
        let mut bindings = facts.settings.bindings.iter();
        if bindings.any(|one| one.name.as_str() == self.binding) {
            let text = "the Worker has a binding of this name: choose another".to_owned();
            return Err(refused("binding", text));
        }
        let name = self.binding.parse();
        let name = name.map_err(|error: coffer_types::name::InvalidName| {
            refused("binding", format!("a variable's name {error}"))
        })?;
        if self.secret.is_empty() {
            return Err(refused("secret", "choose a secret".to_owned()));
        }
        let store = self.store_of(stores).ok_or(coffer_engine::Missing::Store)?;
        let kind = NewBindingKind::SecretsStoreSecret {
            store_id: store.to_string(),
            secret_name: self.secret.clone(),
        };
        Ok((name, Some(kind)))
    }
}

impl BindPage {
    async fn new(
        engine: &Engine,
        permit: &Permit<EditSettings>,
        shell: Shell,
        facts: &WorkerFacts,
        stores: Vec<Store>,
        typed: Typed,
    ) -> Self {
        let store = typed.store_of(&stores);
        Self {
            back: format!("{}/settings", place_of(&shell, &facts.script.id)),
            names: match store {
                Some(store) => names(engine, permit, store).await.unwrap_or_default(),
                None => Vec::new(),
            },
            shell,
            stores,
            typed,
            deployable: facts.is_latest_deployed(),
            value_limit: permit.account().limits.value_bytes,
            told: Told::default(),
        }
    }

    fn with_created(mut self) -> Self {
        self.told.created = true;
        self
    }

    /// The form again, with why the binding was refused.
    fn refuse(mut self, error: &Error) -> Response {
        match error {
            Error::Invalid(problems) => {
                self.told.binding = problem_at(problems, "binding");
                self.told.secret = problem_at(problems, "secret");
                for one in problems {
                    match &one.problem {
                        Problem::SecretBindingMissing { .. } => {
                            self.told.secret =
                                Some("The store has no secret of this name.".to_owned());
                        }
                        Problem::SecretBindingUnauthorized => {
                            self.told.secret = Some(
                                "The secret is not for Workers: its scope has to say so."
                                    .to_owned(),
                            );
                        }
                        _ => {}
                    }
                }
                if self.told.binding.is_none() && self.told.secret.is_none() {
                    self.told.problem = edit::problem(error);
                }
            }
            other => self.told.problem = edit::problem(other),
        }
        self.again(error)
    }

    /// The form again, with why no secret was created.
    fn refuse_new(mut self, error: &Error) -> Response {
        match error {
            Error::Invalid(problems) => {
                self.told.new_name = problem_at(problems, "/0/name");
                self.told.new_value = problem_at(problems, "/0/value");
                self.told.new_comment = problem_at(problems, "/0/comment");
            }
            Error::Conflict(_) => {
                let taken =
                    "The store has a secret of this name. Choose it above, or another name.";
                self.told.new_name = Some(taken.to_owned());
            }
            Error::LimitExceeded(_) => self.told.problem = Some(sentence(error)),
            _ => {}
        }
        self.again(error)
    }

    fn again(self, error: &Error) -> Response {
        let Told {
            problem,
            binding,
            secret,
            new_name,
            new_value,
            new_comment,
            ..
        } = &self.told;
        let told = [problem, binding, secret, new_name, new_value, new_comment];
        if told.iter().any(|one| one.is_some()) {
            respond_with(StatusCode::BAD_REQUEST, &self)
        } else {
            refused_in(self.shell, error)
        }
    }
}

/// The names of the secrets that Workers may read.
async fn names(
    engine: &Engine,
    permit: &Permit<EditSettings>,
    store_id: StoreId,
) -> Result<Vec<String>> {
    let list = SecretList {
        filter: SecretFilter {
            store_id,
            search: None,
            scopes: coffer_types::Scopes::from_iter([Scope::Workers]),
            pending: None,
        },
        order: SecretOrder::Name,
        direction: Direction::Ascending,
        slice: Slice {
            limit: MOST_NAMES,
            offset: 0,
        },
    };
    let found = engine
        .list_secrets(&permit.and::<ViewSecrets>()?, list)
        .await?;
    let names = found.secrets.iter();
    Ok(names.map(|secret| secret.name.to_string()).collect())
}
