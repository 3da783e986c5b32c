//! Keys in the place of others: what opens before, between and after, and what stays the same.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use coffer_crypto::{
    CryptoError, Keyring, KeyringError, MacLabel, RootKey, RootKeyError, RootKeyFiles,
    SystemRandom, WrappedMasterKey,
};
use coffer_types::{AccountId, WrappedAccountKey};

const ACCOUNT: AccountId = AccountId::from_bytes([1; 16]);

fn root_key(byte: u8) -> RootKey {
    RootKey::from_bytes(&[byte; 32]).unwrap()
}

fn leases(keyring: &Arc<Keyring>, key: &WrappedAccountKey) -> bool {
    keyring.leases().lease(ACCOUNT, key).is_ok()
}

/// What follows from a ring and was given out: it must never change.
fn derived(keyring: &Keyring) -> Vec<Vec<u8>> {
    let mut derived: Vec<_> = [
        MacLabel::Token,
        MacLabel::Session,
        MacLabel::Cursor,
        MacLabel::Request,
        MacLabel::Assets,
    ]
    .into_iter()
    .map(|label| keyring.mac_key(label).sign(b"message").to_vec())
    .collect();
    let verifier = keyring.signing_key("log").unwrap().verifier().to_string();
    derived.push(verifier.into_bytes());
    derived
}

#[test]
fn under_a_new_root_key_the_ring_is_the_same_and_the_old_one_opens_it_no_more() {
    let (keyring, first) = Keyring::create(&root_key(1), &SystemRandom).unwrap();
    let second = keyring
        .next_master_key(&root_key(1), std::slice::from_ref(&first), &SystemRandom)
        .unwrap();
    let before = [first, second];
    let rewrap = |from: u8, keys: &[WrappedMasterKey]| {
        Keyring::rewrap_master_keys(&root_key(from), &root_key(2), keys, &SystemRandom)
    };
    let after = rewrap(1, &before).unwrap();
    let opened = Keyring::open(&root_key(2), &after).unwrap();
    assert_eq!(derived(&opened), derived(&keyring));
    let refused =
        |byte, keys: &[WrappedMasterKey]| Keyring::open(&root_key(byte), keys).unwrap_err();
    assert_eq!(refused(1, &after), KeyringError::WrongRootKey);
    // Half of each fits neither: that is why both are written in one transaction.
    let mixed = [before[0].clone(), after[1].clone()];
    assert_eq!(refused(1, &mixed), KeyringError::WrongRootKey);
    assert_eq!(refused(2, &mixed), KeyringError::WrongRootKey);
    assert_eq!(rewrap(3, &before).unwrap_err(), KeyringError::WrongRootKey);
    assert_eq!(rewrap(1, &[]).unwrap_err(), KeyringError::NoMasterKey);
}

#[test]
fn a_new_master_key_wraps_what_comes_and_changes_nothing_that_follows_from_the_first() {
    let (keyring, first) = Keyring::create(&root_key(1), &SystemRandom).unwrap();
    let keyring = Arc::new(keyring);
    let kept = [first];
    let old = keyring.new_account_key(ACCOUNT, 1, &SystemRandom).unwrap();
    assert_eq!(
        keyring.next_master_key(&root_key(2), &kept, &SystemRandom),
        Err(KeyringError::WrongRootKey)
    );

    // One that was not committed is replaced, and nothing is wrapped under it.
    let lost = keyring
        .next_master_key(&root_key(1), &kept, &SystemRandom)
        .unwrap();
    let second = keyring
        .next_master_key(&root_key(1), &kept, &SystemRandom)
        .unwrap();
    assert_eq!((lost.version, second.version), (2, 2));
    let before = keyring.new_account_key(ACCOUNT, 2, &SystemRandom).unwrap();
    assert_eq!(before.master_version, 1);

    // Before the commit is told of, what it wraps is read already.
    let new = keyring
        .rewrap_account_key(ACCOUNT, &old, 2, &SystemRandom)
        .unwrap();
    assert_eq!((new.version, new.master_version), (1, 2));
    assert!(leases(&keyring, &new) && leases(&keyring, &old));
    keyring.use_master_key(2);
    keyring.use_master_key(9);
    let after = keyring.new_account_key(ACCOUNT, 2, &SystemRandom).unwrap();
    assert_eq!(after.master_version, 2);

    let restarted = Keyring::open(&root_key(1), &[second.clone(), kept[0].clone()]).unwrap();
    assert_eq!(derived(&restarted), derived(&keyring));
    let restarted = Arc::new(restarted);
    assert!(
        [&old, &new, &before, &after]
            .iter()
            .all(|key| leases(&restarted, key))
    );
    let next = restarted
        .new_account_key(ACCOUNT, 3, &SystemRandom)
        .unwrap();
    assert_eq!(next.master_version, 2);

    // Without the first, another would be derived from, and no token would be known any more.
    let alone = Keyring::open(&root_key(1), &[second]).unwrap_err();
    assert_eq!(alone, KeyringError::NoFirst);
}

#[test]
fn a_key_is_rewrapped_for_its_own_account_alone() {
    let (keyring, first) = Keyring::create(&root_key(1), &SystemRandom).unwrap();
    keyring
        .next_master_key(&root_key(1), &[first], &SystemRandom)
        .unwrap();
    let key = keyring.new_account_key(ACCOUNT, 1, &SystemRandom).unwrap();
    let refused = Err(CryptoError::DoesNotOpen);
    let other = AccountId::from_bytes([2; 16]);
    let rewrap = |account, key: &WrappedAccountKey, master| {
        keyring.rewrap_account_key(account, key, master, &SystemRandom)
    };
    assert_eq!(rewrap(other, &key, 2), refused);
    assert_eq!(rewrap(ACCOUNT, &key, 3), refused);
    let renamed = WrappedAccountKey { version: 2, ..key };
    assert_eq!(rewrap(ACCOUNT, &renamed, 2), refused);
}

#[test]
fn a_fingerprint_tells_keys_apart_and_nothing_of_them() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("root.key");
    let key = RootKey::create(&path, &SystemRandom).unwrap();
    assert_eq!(key.fingerprint().len(), 16);
    assert_eq!(
        key.fingerprint(),
        RootKey::load(&path).unwrap().fingerprint()
    );
    assert_ne!(root_key(1).fingerprint(), root_key(2).fingerprint());
    let text = fs::read_to_string(&path).unwrap();
    assert!(!text.contains(key.fingerprint()));
}

/// Which key opens, and whether it was the next.
fn found(files: &RootKeyFiles, wrapped: &WrappedMasterKey) -> Result<(String, bool), RootKeyError> {
    let wrapped = std::slice::from_ref(wrapped);
    let open = |key: &RootKey| {
        Keyring::open(key, wrapped).map_err(|_| RootKeyError::Missing("does not fit".into()))
    };
    let found = files.find(open, |_| true)?;
    Ok((found.key.fingerprint().to_owned(), found.is_next))
}

#[test]
fn after_a_crash_at_any_step_one_of_the_two_files_is_found() {
    let directory = tempfile::tempdir().unwrap();
    let files = RootKeyFiles::new(directory.path().join("root.key"));
    let old = RootKey::create(files.current(), &SystemRandom).unwrap();
    let (_, before) = Keyring::create(&old, &SystemRandom).unwrap();
    let old_print = old.fingerprint().to_owned();

    // What an attempt that crashed before its commit left is not used, and replaced by the next attempt.
    let lost = files.prepare(&SystemRandom).unwrap();
    assert_eq!(found(&files, &before).unwrap(), (old_print.clone(), false));
    let new = files.prepare(&SystemRandom).unwrap();
    assert_ne!(lost.fingerprint(), new.fingerprint());
    let new_print = new.fingerprint().to_owned();
    let kept = std::slice::from_ref(&before);
    let after = Keyring::rewrap_master_keys(&old, &new, kept, &SystemRandom).unwrap();

    // Crashed after the commit: the next one fits.
    assert_eq!(found(&files, &after[0]).unwrap(), (new_print.clone(), true));
    // Crashed while the key before was being kept.
    fs::hard_link(files.current(), files.former(&old_print)).unwrap();
    assert_eq!(found(&files, &after[0]).unwrap(), (new_print.clone(), true));
    let kept = files.promote().unwrap();
    assert_eq!(kept.as_deref(), Some(files.former(&old_print).as_path()));
    assert_eq!(found(&files, &after[0]).unwrap(), (new_print, false));
    assert!(!files.next().exists());
    for file in [files.current(), &files.former(&old_print)] {
        let mode = fs::metadata(file).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o400, "{}", file.display());
    }
    // The key before opens what was copied before.
    let former = RootKey::load(&files.former(&old_print)).unwrap();
    assert!(Keyring::open(&former, &[before]).is_ok());
}

#[test]
fn with_the_next_key_alone_it_is_found_and_a_stranger_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let files = RootKeyFiles::new(directory.path().join("root.key"));
    let next = files.prepare(&SystemRandom).unwrap();
    let (_, wrapped) = Keyring::create(&next, &SystemRandom).unwrap();
    assert!(found(&files, &wrapped).unwrap().1);
    let (_, strange) = Keyring::create(&root_key(7), &SystemRandom).unwrap();
    assert!(matches!(
        found(&files, &strange),
        Err(RootKeyError::Missing(_))
    ));
    // Where nothing was in use, nothing is kept.
    assert_eq!(files.promote().unwrap(), None);
    assert!(!found(&files, &wrapped).unwrap().1);
}
