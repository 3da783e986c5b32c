//! Opening sealed values: the one place that does.

use coffer_crypto::KeyLeases;
use coffer_envelope::Plaintext;
use coffer_protocol::feed::{AccountRecord, SecretRecord, VersionRecord};
use coffer_types::{BindingName, Owner, Place, ValueVersion};

/// A sealed value does not open here. One error for every reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a sealed value does not open under the account's keys")]
pub(crate) struct DoesNotOpen;

/// Opens the present value of a store secret.
pub(crate) fn store_secret(
    leases: &KeyLeases,
    account: &AccountRecord,
    secret: &SecretRecord,
) -> Result<Plaintext, DoesNotOpen> {
    let place = Place {
        account_id: secret.account_id,
        owner: Owner::Store(secret.store_id, secret.secret_id),
        value_version: secret.value_version,
    };
    open(leases, account, &place, &secret.sealed)
}

/// Opens the values of a version's `secret_text` bindings. Such a value is sealed once and never replaced.
pub(crate) fn worker_secrets(
    leases: &KeyLeases,
    account: &AccountRecord,
    version: &VersionRecord,
) -> Result<Vec<(BindingName, Plaintext)>, DoesNotOpen> {
    let open_one = |secret: &coffer_protocol::feed::SealedWorkerSecret| {
        let place = Place {
            account_id: version.account_id,
            owner: Owner::Worker(version.worker_id, secret.secret_id),
            value_version: ValueVersion::FIRST,
        };
        let value = open(leases, account, &place, &secret.sealed)?;
        Ok((secret.name.clone(), value))
    };
    version.secrets.iter().map(open_one).collect()
}

fn open(
    leases: &KeyLeases,
    account: &AccountRecord,
    place: &Place,
    sealed: &[u8],
) -> Result<Plaintext, DoesNotOpen> {
    // The caller has matched both; a mistake there must not cross accounts.
    if account.account_id != place.account_id {
        return Err(DoesNotOpen);
    }
    let version = coffer_envelope::key_version(sealed).map_err(|_| DoesNotOpen)?;
    let wrapped = account
        .keys
        .iter()
        .find(|key| key.version == version)
        .ok_or(DoesNotOpen)?;
    let key = leases
        .lease(account.account_id, wrapped)
        .map_err(|_| DoesNotOpen)?;
    coffer_envelope::open(&key, &coffer_crypto::context(place), sealed).map_err(|_| DoesNotOpen)
}
