//! The root key's file: how it is made, and everything that it is refused for.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use coffer_crypto::{Keyring, RootKey, RootKeyError, SystemRandom};
use tempfile::TempDir;

/// A directory with a root key in it, and the key's path.
fn created() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("root.key");
    RootKey::create(&path, &SystemRandom).unwrap();
    (directory, path)
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Replaces the file's content, as its owner could.
fn replace(path: &Path, content: &[u8]) {
    set_mode(path, 0o600);
    fs::write(path, content).unwrap();
    set_mode(path, 0o400);
}

/// The error of loading, which names the file and never its content.
fn refusal(path: &Path) -> RootKeyError {
    let error = RootKey::load(path).map(|_| ()).unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(text.contains(path.to_str().unwrap()), "{text}");
    if path.is_file() {
        let content = fs::read_to_string(path).unwrap();
        for word in content.split([':', '\n']).filter(|word| word.len() > 20) {
            assert!(!text.contains(word), "{text}");
        }
    }
    error
}

#[test]
fn a_created_key_is_private_and_loads_as_the_same_key() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("root.key");
    let created = RootKey::create(&path, &SystemRandom).unwrap();
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o400);
    let names: Vec<_> = fs::read_dir(directory.path()).unwrap().collect();
    assert_eq!(names.len(), 1, "nothing else is left behind");

    let (_, wrapped) = Keyring::create(&created, &SystemRandom).unwrap();
    let loaded = RootKey::load(&path).unwrap();
    assert!(Keyring::open(&loaded, &[wrapped]).is_ok());
    assert_eq!(format!("{created:?} {loaded:#?}"), "RootKey RootKey");
}

#[test]
fn two_created_keys_differ() {
    let ((_one, first), (_other, second)) = (created(), created());
    assert_ne!(fs::read(first).unwrap(), fs::read(second).unwrap());
}

#[test]
fn an_existing_file_is_not_overwritten() {
    let (directory, path) = created();
    let before = fs::read(&path).unwrap();
    let error = RootKey::create(&path, &SystemRandom).unwrap_err();
    assert!(matches!(error, RootKeyError::Exists(_)), "{error}");
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);

    // Whatever it is: an empty file, and a link to nowhere.
    let empty = directory.path().join("empty.key");
    fs::write(&empty, b"").unwrap();
    let dangling = directory.path().join("dangling.key");
    std::os::unix::fs::symlink(directory.path().join("nowhere"), &dangling).unwrap();
    for path in [&empty, &dangling] {
        let error = RootKey::create(path, &SystemRandom).unwrap_err();
        assert!(matches!(error, RootKeyError::Exists(_)), "{error}");
    }
    assert!(fs::read(&empty).unwrap().is_empty());
    assert!(!directory.path().join("nowhere").exists());
}

#[test]
fn a_key_cannot_be_created_in_a_missing_directory() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("missing/root.key");
    let error = RootKey::create(&path, &SystemRandom).unwrap_err();
    assert!(matches!(error, RootKeyError::Io { .. }), "{error}");
    assert!(error.to_string().contains("cannot be created"), "{error}");
}

#[test]
fn modes() {
    let (_directory, path) = created();
    for mode in [0o400, 0o600, 0o500, 0o700] {
        set_mode(&path, mode);
        assert!(RootKey::load(&path).is_ok(), "{mode:o}");
    }
    for mode in [
        0o440, 0o644, 0o404, 0o420, 0o402, 0o410, 0o401, 0o666, 0o777,
    ] {
        set_mode(&path, mode);
        let error = refusal(&path);
        assert!(
            matches!(error, RootKeyError::OpenToOthers { .. }),
            "{error}"
        );
        assert!(
            error.to_string().contains(&format!("(mode {mode:04o})")),
            "{error}"
        );
        assert!(error.to_string().contains("chmod 0400"), "{error}");
    }
}

#[test]
fn a_missing_file() {
    let directory = tempfile::tempdir().unwrap();
    let error = refusal(&directory.path().join("root.key"));
    assert!(matches!(error, RootKeyError::Missing(_)), "{error}");
}

#[test]
fn an_empty_file() {
    let (_directory, path) = created();
    replace(&path, b"");
    let error = refusal(&path);
    assert!(matches!(error, RootKeyError::Empty(_)), "{error}");
}

#[test]
fn a_truncated_or_lengthened_file() {
    let (_directory, path) = created();
    let whole = fs::read(&path).unwrap();
    let mut others: Vec<Vec<u8>> = (1..whole.len()).map(|end| whole[..end].to_vec()).collect();
    others.push([&whole[..], b"\n"].concat());
    others.push([&whole[..], &vec![b'0'; 1 << 20]].concat());
    for content in others {
        replace(&path, &content);
        let error = refusal(&path);
        assert!(matches!(error, RootKeyError::Length(_)), "{error}");
    }
}

#[test]
fn a_file_of_the_right_length_that_is_no_root_key() {
    let (_directory, path) = created();
    let whole = String::from_utf8(fs::read(&path).unwrap()).unwrap();
    let no_digit = format!("{}g\n", &whole[..whole.len() - 2]);
    for content in [
        whole.replace("-v1:", "-v2:"),
        whole.replace("coffer", "Coffer"),
        whole.replace('\n', "0"),
        no_digit,
        "\0".repeat(whole.len()),
    ] {
        assert_eq!(content.len(), whole.len());
        replace(&path, content.as_bytes());
        let error = refusal(&path);
        assert!(matches!(error, RootKeyError::Format(_)), "{error}");
    }
}

#[test]
fn what_is_no_regular_file() {
    let directory = tempfile::tempdir().unwrap();
    let error = refusal(directory.path());
    assert!(matches!(error, RootKeyError::NotAFile(_)), "{error}");
    let socket = directory.path().join("socket");
    let _listener = UnixListener::bind(&socket).unwrap();
    for path in [&socket, Path::new("/dev/null")] {
        let error = refusal(path);
        assert!(matches!(error, RootKeyError::NotAFile(_)), "{error}");
    }
}
