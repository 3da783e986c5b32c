//! Keys: what there is, and their rotation.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use coffer_engine::keys::KeyRotationError;
use coffer_protocol::keys::{
    KeyStatus, NewAccountKey, NewMasterKey, NewRootKey, Reseal, Resealed, RotateAccountKey,
};

use super::OperatorApp;
use super::answer::{Asked, Told, refused};

/// What was done with keys, or why it was not.
type KeysTold<T> = Result<Told<T>, Response>;

pub(super) async fn status(State(app): State<OperatorApp>) -> KeysTold<KeyStatus> {
    told(app.operator.keys().status().await)
}

pub(super) async fn rotate_root(State(app): State<OperatorApp>) -> KeysTold<NewRootKey> {
    told(app.operator.keys().rotate_root().await)
}

pub(super) async fn rotate_master(State(app): State<OperatorApp>) -> KeysTold<NewMasterKey> {
    told(app.operator.keys().rotate_master().await)
}

pub(super) async fn rotate_account(
    State(app): State<OperatorApp>,
    Asked(asked): Asked<RotateAccountKey>,
) -> KeysTold<NewAccountKey> {
    told(app.operator.keys().rotate_account(asked.account_id).await)
}

pub(super) async fn reseal(
    State(app): State<OperatorApp>,
    Asked(asked): Asked<Reseal>,
) -> KeysTold<Resealed> {
    let Reseal { account_id, after } = asked;
    told(
        app.operator
            .keys()
            .reseal(account_id, after.as_deref())
            .await,
    )
}

#[allow(clippy::result_large_err, reason = "axum's answer, given on at once")]
fn told<T>(result: Result<T, KeyRotationError>) -> KeysTold<T> {
    result
        .map(Told::Ok)
        .map_err(|error| refused(status_of(&error), &error.to_string()))
}

/// The command's exit code follows from it.
const fn status_of(error: &KeyRotationError) -> StatusCode {
    match error {
        KeyRotationError::Cursor(_) => StatusCode::BAD_REQUEST,
        KeyRotationError::NoAccount(_) => StatusCode::NOT_FOUND,
        KeyRotationError::Busy => StatusCode::CONFLICT,
        KeyRotationError::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        KeyRotationError::NoFile
        | KeyRotationError::Keys(_)
        | KeyRotationError::RootKey(_)
        | KeyRotationError::NotPromoted { .. }
        | KeyRotationError::DamagedKey(_)
        | KeyRotationError::Crypto(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
