//! A place in the domain's words and in the envelope's.

use coffer_envelope::Context;
use coffer_types::{Owner, Place};

/// What an envelope is bound to when its value lives at this place. Sealing and opening both use it.
pub fn context(place: &Place) -> Context {
    let (owner, secret_id) = match &place.owner {
        Owner::Store(store_id, secret_id) => (
            coffer_envelope::Owner::Store(*store_id.as_bytes()),
            *secret_id.as_bytes(),
        ),
        Owner::Worker(worker_id, secret_id) => (
            coffer_envelope::Owner::Worker(*worker_id.as_bytes()),
            *secret_id.as_bytes(),
        ),
    };
    Context {
        account_id: *place.account_id.as_bytes(),
        owner,
        secret_id,
        value_version: place.value_version.0,
    }
}

#[cfg(test)]
mod tests {
    use coffer_types::{AccountId, SecretId, StoreId, ValueVersion, WorkerId, WorkerSecretId};

    use super::*;

    #[test]
    fn every_fact_of_the_place_is_bound() {
        let account_id = AccountId::from_bytes([1; 16]);
        let value_version = ValueVersion(7);
        let owner = Owner::Store(StoreId::from_bytes([2; 16]), SecretId::from_bytes([3; 16]));
        let expected = Context {
            account_id: [1; 16],
            owner: coffer_envelope::Owner::Store([2; 16]),
            secret_id: [3; 16],
            value_version: 7,
        };
        let place = Place {
            account_id,
            owner,
            value_version,
        };
        assert_eq!(context(&place), expected);

        let owner = Owner::Worker(
            WorkerId::from_bytes([2; 16]),
            WorkerSecretId::from_bytes([3; 16]),
        );
        let place = Place { owner, ..place };
        let owner = coffer_envelope::Owner::Worker([2; 16]);
        assert_eq!(context(&place), Context { owner, ..expected });
    }
}
