//! From the root key to a sealed value, and everything on the way that is refused.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::sync::Arc;

use coffer_crypto::{
    CryptoError, Keyring, KeyringError, MacLabel, RootKey, Sealer, SecretValue, SystemRandom,
    TokenKind, TokenText, WrappedMasterKey, context,
};
use coffer_types::limits::MAX_SECRET_VALUE_BYTES;
use coffer_types::{
    AccountId, Owner, Place, SecretId, StoreId, ValueVersion, WorkerId, WorkerSecretId,
    WrappedAccountKey,
};

const ACCOUNT: AccountId = AccountId::from_bytes([1; 16]);
const OTHER_ACCOUNT: AccountId = AccountId::from_bytes([2; 16]);

fn root_key(byte: u8) -> RootKey {
    RootKey::from_bytes(&[byte; 32]).unwrap()
}

fn keyring() -> (Arc<Keyring>, WrappedMasterKey) {
    let (keyring, wrapped) = Keyring::create(&root_key(1), &SystemRandom).unwrap();
    (Arc::new(keyring), wrapped)
}

fn account_key(keyring: &Keyring, account_id: AccountId, version: u32) -> WrappedAccountKey {
    keyring
        .new_account_key(account_id, version, &SystemRandom)
        .unwrap()
}

fn sealer(keyring: &Arc<Keyring>) -> Sealer {
    keyring.sealer(Arc::new(SystemRandom))
}

fn place(account_id: AccountId, secret: u8) -> Place {
    Place {
        account_id,
        owner: Owner::Store(
            StoreId::from_bytes([3; 16]),
            SecretId::from_bytes([secret; 16]),
        ),
        value_version: ValueVersion::FIRST,
    }
}

fn value(text: &str) -> SecretValue {
    SecretValue::new(text.to_owned())
}

/// Opens as an edge does: with a leased key and the envelope's crate.
fn opened(
    keyring: &Arc<Keyring>,
    key: &WrappedAccountKey,
    place: &Place,
    sealed: &[u8],
) -> Option<String> {
    let key = keyring.leases().lease(place.account_id, key).unwrap();
    let plaintext = coffer_envelope::open(&key, &context(place), sealed).ok()?;
    Some(String::from_utf8(plaintext.expose_secret().to_vec()).unwrap())
}

#[test]
fn a_value_sealed_before_a_restart_opens_after_it() {
    let (keyring, wrapped) = keyring();
    let key = account_key(&keyring, ACCOUNT, 1);
    let place = place(ACCOUNT, 4);
    let keys = std::slice::from_ref(&key);
    let sealed = sealer(&keyring)
        .seal(keys, &place, &value("schlüssel"))
        .unwrap();
    drop(keyring);

    let keyring = Arc::new(Keyring::open(&root_key(1), &[wrapped]).unwrap());
    assert_eq!(
        opened(&keyring, &key, &place, &sealed).unwrap(),
        "schlüssel"
    );
}

#[test]
fn a_root_key_that_does_not_fit() {
    let (_, wrapped) = keyring();
    let error = Keyring::open(&root_key(2), &[wrapped]).unwrap_err();
    assert_eq!(error, KeyringError::WrongRootKey);
    assert!(error.to_string().contains("does not fit this database"));
}

#[test]
fn damaged_master_keys() {
    let (_, good) = keyring();
    let open = |keys: &[WrappedMasterKey]| Keyring::open(&root_key(1), keys).map(|_| ());
    assert_eq!(open(&[]), Err(KeyringError::NoMasterKey));
    assert_eq!(
        open(&[good.clone(), good.clone()]),
        Err(KeyringError::Repeated(1))
    );

    let renamed = WrappedMasterKey {
        version: 2,
        ..good.clone()
    };
    let cut = WrappedMasterKey {
        wrapped: good.wrapped[1..].to_vec(),
        ..good.clone()
    };
    let empty = WrappedMasterKey {
        wrapped: Vec::new(),
        ..good.clone()
    };
    for bad in [renamed, cut, empty] {
        assert_eq!(
            open(std::slice::from_ref(&bad)),
            Err(KeyringError::WrongRootKey)
        );
        let both = [good.clone(), WrappedMasterKey { version: 7, ..bad }];
        assert_eq!(open(&both), Err(KeyringError::WrongRootKey));
    }
    assert_eq!(open(&[good]), Ok(()));
}

#[test]
fn the_newest_account_key_seals_and_older_ones_still_open() {
    let (keyring, _) = keyring();
    let (first, second) = (
        account_key(&keyring, ACCOUNT, 1),
        account_key(&keyring, ACCOUNT, 2),
    );
    let (from, to) = (place(ACCOUNT, 4), place(ACCOUNT, 5));
    let sealer = sealer(&keyring);
    let old = sealer
        .seal(std::slice::from_ref(&first), &from, &value("v"))
        .unwrap();
    assert_eq!(coffer_envelope::key_version(&old), Ok(1));

    // In whatever order the keys come.
    for keys in [
        [first.clone(), second.clone()],
        [second.clone(), first.clone()],
    ] {
        let new = sealer.seal(&keys, &from, &value("v")).unwrap();
        assert_eq!(coffer_envelope::key_version(&new), Ok(2));
        let copy = sealer.reseal(&keys, &from, &old, &to).unwrap();
        assert_eq!(coffer_envelope::key_version(&copy), Ok(2));
        assert_eq!(opened(&keyring, &second, &to, &copy).unwrap(), "v");
        assert_eq!(opened(&keyring, &second, &from, &copy), None);
        assert_eq!(opened(&keyring, &first, &from, &old).unwrap(), "v");
    }
}

#[test]
fn a_value_is_resealed_for_a_worker() {
    let (keyring, _) = keyring();
    let keys = [account_key(&keyring, ACCOUNT, 1)];
    let from = place(ACCOUNT, 4);
    let to = Place {
        owner: Owner::Worker(
            WorkerId::from_bytes([3; 16]),
            WorkerSecretId::from_bytes([4; 16]),
        ),
        ..from
    };
    let sealer = sealer(&keyring);
    let sealed = sealer.seal(&keys, &from, &value("v")).unwrap();
    let moved = sealer.reseal(&keys, &from, &sealed, &to).unwrap();
    assert_eq!(opened(&keyring, &keys[0], &to, &moved).unwrap(), "v");
    assert_eq!(opened(&keyring, &keys[0], &to, &sealed), None);
}

#[test]
fn what_is_not_resealed() {
    let (keyring, _) = keyring();
    let keys = [account_key(&keyring, ACCOUNT, 1)];
    let other_keys = [account_key(&keyring, OTHER_ACCOUNT, 1)];
    let (from, to) = (place(ACCOUNT, 4), place(ACCOUNT, 5));
    let sealer = sealer(&keyring);
    let sealed = sealer.seal(&keys, &from, &value("v")).unwrap();
    sealer
        .seal(&other_keys, &place(OTHER_ACCOUNT, 4), &value("w"))
        .unwrap();

    let refused = Err(CryptoError::DoesNotOpen);
    let reseal = |keys: &[WrappedAccountKey], from: &Place, sealed: &[u8], to: &Place| {
        sealer.reseal(keys, from, sealed, to).map(|_| ())
    };
    assert_eq!(reseal(&keys, &to, &sealed, &from), refused, "another place");
    assert_eq!(reseal(&keys, &from, &sealed[1..], &to), refused, "damaged");
    assert_eq!(reseal(&keys, &from, b"", &to), refused, "nothing");
    assert_eq!(reseal(&[], &from, &sealed, &to), refused, "without its key");
    assert_eq!(
        reseal(&other_keys, &from, &sealed, &to),
        refused,
        "another account's key"
    );
    let there = place(OTHER_ACCOUNT, 5);
    assert_eq!(
        reseal(&keys, &from, &sealed, &there),
        refused,
        "into another account"
    );
    assert_eq!(reseal(&other_keys, &from, &sealed, &there), refused);
    assert_eq!(reseal(&keys, &from, &sealed, &to), Ok(()));
}

#[test]
fn a_value_is_compared_where_it_is_sealed_and_nowhere_else() {
    let (keyring, _) = keyring();
    let (first, second) = (
        account_key(&keyring, ACCOUNT, 1),
        account_key(&keyring, ACCOUNT, 2),
    );
    let here = place(ACCOUNT, 4);
    let sealer = sealer(&keyring);
    let sealed = sealer
        .seal(std::slice::from_ref(&first), &here, &value("schlüssel\r\n"))
        .unwrap();
    // Also after the account has a newer key.
    let keys = [first, second];
    let matches = |place: &Place, text: &str| sealer.matches(&keys, place, &sealed, &value(text));
    assert_eq!(matches(&here, "schlüssel\r\n"), Ok(true));
    for other in [
        "",
        "schlüssel",
        "schlüssel\n",
        "schlüssel\r\n\0",
        "Schlüssel\r\n",
    ] {
        assert_eq!(matches(&here, other), Ok(false), "{other:?}");
    }
    let refused = Err(CryptoError::DoesNotOpen);
    assert_eq!(matches(&place(ACCOUNT, 5), "schlüssel\r\n"), refused);
    let without = sealer.matches(&keys[1..], &here, &sealed, &value("schlüssel\r\n"));
    assert_eq!(without, refused);
}

#[test]
fn what_is_not_sealed() {
    let (keyring, _) = keyring();
    let keys = [account_key(&keyring, ACCOUNT, 1)];
    let sealer = sealer(&keyring);
    let seal = |keys: &[WrappedAccountKey], text: &str| {
        sealer
            .seal(keys, &place(ACCOUNT, 4), &value(text))
            .map(|_| ())
    };
    assert_eq!(seal(&[], "v"), Err(CryptoError::NoAccountKey));
    // Exactly what an operator may allow fits.
    let longest = "x".repeat(MAX_SECRET_VALUE_BYTES as usize);
    assert_eq!(seal(&keys, &longest), Ok(()));
    assert_eq!(
        seal(&keys, &format!("{longest}x")),
        Err(CryptoError::TooLong)
    );
    let others = [account_key(&keyring, OTHER_ACCOUNT, 1)];
    assert_eq!(seal(&others, "v"), Err(CryptoError::DoesNotOpen));
}

/// The same with a warm cache as without: what was unwrapped before does not vouch for other bytes.
#[test]
fn keys_that_are_not_leased() {
    let (keyring, _) = keyring();
    let leases = keyring.leases();
    let good = account_key(&keyring, ACCOUNT, 1);
    for _cold_then_warm in 0..2 {
        let mut damaged = good.clone();
        damaged.wrapped[20] ^= 1;
        let renamed = WrappedAccountKey {
            version: 2,
            ..good.clone()
        };
        let unknown_master = WrappedAccountKey {
            master_version: 9,
            ..good.clone()
        };
        for bad in [damaged, renamed, unknown_master] {
            let error = leases.lease(ACCOUNT, &bad).unwrap_err();
            assert_eq!(error, CryptoError::DoesNotOpen);
        }
        assert!(leases.lease(OTHER_ACCOUNT, &good).is_err());
        assert_eq!(leases.lease(ACCOUNT, &good).unwrap().version(), 1);
    }
    let (foreign, _) = self::keyring();
    assert!(foreign.leases().lease(ACCOUNT, &good).is_err());
}

#[test]
fn a_leased_key_is_unwrapped_once() {
    let (keyring, _) = keyring();
    let key = account_key(&keyring, ACCOUNT, 1);
    let first = keyring.leases().lease(ACCOUNT, &key).unwrap();
    let second = keyring.leases().lease(ACCOUNT, &key).unwrap();
    assert!(Arc::ptr_eq(&first, &second));
}

#[test]
fn derived_keys_survive_a_restart_and_differ_between_databases() {
    let (keyring, wrapped) = keyring();
    let token = TokenText::generate(TokenKind::ApiToken, &SystemRandom);
    let stored = keyring.token_pepper().mac(&token);
    let session = keyring.mac_key(MacLabel::Session).sign(b"session");

    let again = Keyring::open(&root_key(1), &[wrapped]).unwrap();
    assert!(again.token_pepper().verify(&token, &stored));
    assert!(
        again
            .mac_key(MacLabel::Session)
            .verify(b"session", &session)
    );
    assert!(!again.mac_key(MacLabel::Cursor).verify(b"session", &session));

    let (other, _) = self::keyring();
    assert!(!other.token_pepper().verify(&token, &stored));
}

#[test]
fn debug_prints_only_names() {
    let (keyring, _) = keyring();
    assert_eq!(format!("{keyring:?}"), "Keyring");
    assert_eq!(format!("{:?}", sealer(&keyring)), "Sealer");
    assert_eq!(format!("{:?}", keyring.leases()), "KeyLeases");
    assert_eq!(format!("{:?}", keyring.token_pepper()), "TokenPepper");
    assert_eq!(format!("{:?}", root_key(0xab)), "RootKey");
}

/// A database from which every trace of a signing key was removed goes on with the same key.
#[test]
fn the_signing_key_follows_from_the_first_master_key_alone() {
    let (keyring, wrapped) = keyring();
    let key = |keyring: &Keyring, name| keyring.signing_key(name).unwrap().verifier().to_string();
    let again = Keyring::open(&root_key(1), &[wrapped]).unwrap();
    assert_eq!(key(&keyring, "log"), key(&again, "log"));
    let (other, _) = Keyring::create(&root_key(1), &SystemRandom).unwrap();
    assert_ne!(key(&keyring, "log"), key(&other, "log"));
    assert!(keyring.signing_key("two words").is_err());
}
