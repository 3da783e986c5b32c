//! `coffer admin limits`.

use coffer_protocol::operator::{Account, ChangeLimits};

use super::{account, chosen, operated};
use crate::arguments::Limits;
use crate::failure::Failure;

/// Sets the limits that are named, and shows them all.
pub(super) async fn run(arguments: &Limits) -> Result<(), Failure> {
    let operated = operated(&arguments.settings).await?;
    let before = chosen(&operated, arguments.account).await?;
    let change = ChangeLimits {
        account: before.id,
        stores: arguments.stores,
        secrets: arguments.secrets,
        value_bytes: arguments.value_bytes,
        workers: arguments.workers,
    };
    let after: Account = operated.ask("/accounts/limits", &change).await?;
    operated.close().await;
    account::show(&[after]);
    Ok(())
}
