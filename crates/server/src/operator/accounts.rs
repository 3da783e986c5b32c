//! Accounts.

use axum::extract::State;
use coffer_protocol::operator::{Account, ChangeLimits, NewAccount, RenameAccount, User};
use serde::Serialize;

use super::OperatorApp;
use super::answer::{Asked, Told, ToldOnce};

/// An account that was made.
#[derive(Serialize)]
pub(super) struct Created {
    account: Account,
    user: User,
    /// The password of a user who was made with it. It is told once.
    password: Option<ToldOnce>,
}

pub(super) async fn list(State(app): State<OperatorApp>) -> Told<Vec<Account>> {
    app.operator.accounts().await.into()
}

pub(super) async fn create(
    State(app): State<OperatorApp>,
    Asked(new): Asked<NewAccount>,
) -> Told<Created> {
    let created = app.operator.create_account(new).await;
    let created = created.map(|created| Created {
        account: created.account,
        user: created.user,
        password: created.password.as_ref().map(ToldOnce::from),
    });
    created.into()
}

pub(super) async fn rename(
    State(app): State<OperatorApp>,
    Asked(rename): Asked<RenameAccount>,
) -> Told<Account> {
    app.operator.rename_account(rename).await.into()
}

pub(super) async fn change_limits(
    State(app): State<OperatorApp>,
    Asked(change): Asked<ChangeLimits>,
) -> Told<Account> {
    app.operator.change_limits(change).await.into()
}
