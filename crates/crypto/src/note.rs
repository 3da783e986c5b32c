//! Signed notes (<https://c2sp.org/signed-note>) and the checkpoints of a transparency log in them
//! (<https://c2sp.org/tlog-checkpoint>), with Ed25519.

use std::fmt::{self, Display};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The signature algorithm's number in a key: Ed25519.
const ED25519_ALGORITHM: u8 = 1;
/// Bytes of a key's id, the beginning of a digest.
pub(crate) const KEY_ID_BYTES: usize = 4;
/// Bytes of a public key.
pub(crate) const PUBLIC_KEY_BYTES: usize = 32;
/// A signature's line begins with an em dash.
pub(crate) const SIGNATURE_PREFIX: &str = "\u{2014} ";

/// A text that is not a verifier key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a verifier key: expected name+hash+key, as `coffer audit key` prints it")]
pub struct InvalidVerifierKey;

/// Why a note is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidNote {
    /// No text with signatures below it.
    #[error("not a signed note")]
    Malformed,
    /// None of its signatures is this key's.
    #[error("not signed by this key")]
    NotSigned,
    /// The signature is of another text.
    #[error("the signature is not of this text")]
    WrongSignature,
    /// A signed text that is no checkpoint of this log.
    #[error("not a checkpoint of this log")]
    NoCheckpoint,
}

/// What a log was when a checkpoint was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Entries.
    pub size: u64,
    /// The root of the tree over them.
    pub root: [u8; 32],
}

impl Checkpoint {
    /// The text that is signed: the log's origin, the size and the root.
    pub(crate) fn text(&self, origin: &str) -> String {
        format!("{origin}\n{}\n{}\n", self.size, STANDARD.encode(self.root))
    }

    /// Extension lines, which may follow the root, are signed and not understood.
    fn parse(text: &str, origin: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        if lines.next()? != origin {
            return None;
        }
        let digits = lines.next()?;
        let size: u64 = digits.parse().ok()?;
        // One number has one form: no sign and no zeros before it.
        if size.to_string() != digits {
            return None;
        }
        let root = STANDARD.decode(lines.next()?).ok()?.try_into().ok()?;
        lines
            .all(|line| !line.is_empty())
            .then_some(Self { size, root })
    }
}

/// A public key with the name of who signs with it.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    public_key: [u8; PUBLIC_KEY_BYTES],
}

impl VerifierKey {
    pub(crate) const fn new(name: String, public_key: [u8; PUBLIC_KEY_BYTES]) -> Self {
        Self { name, public_key }
    }

    /// Reads `name+hash+key`.
    ///
    /// # Errors
    /// [`InvalidVerifierKey`] if it has another form or algorithm, or the hash is not of name and key.
    pub fn parse(text: &str) -> Result<Self, InvalidVerifierKey> {
        let parsed = || {
            let (name, rest) = text.trim_end().split_once('+')?;
            let (hash, key) = rest.split_once('+')?;
            let key = STANDARD.decode(key).ok()?;
            let (algorithm, public_key) = key.split_first()?;
            let public_key = public_key.try_into().ok()?;
            let fits = *algorithm == ED25519_ALGORITHM && is_key_name(name);
            let key = Self::new(name.to_owned(), public_key);
            (fits && hex::encode(key.id()) == hash).then_some(key)
        };
        parsed().ok_or(InvalidVerifierKey)
    }

    /// Who signs; also the origin in the log's checkpoints.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key alone.
    pub const fn public_key(&self) -> &[u8; PUBLIC_KEY_BYTES] {
        &self.public_key
    }

    pub(crate) fn id(&self) -> [u8; KEY_ID_BYTES] {
        let mut message = self.name.clone().into_bytes();
        message.extend([b'\n', ED25519_ALGORITHM]);
        message.extend(self.public_key);
        let mut id = [0; KEY_ID_BYTES];
        // SHA-256 gives 32 bytes.
        id.copy_from_slice(&digest(&SHA256, &message).as_ref()[..KEY_ID_BYTES]);
        id
    }

    /// The text of a note that this key signed. Signatures of other keys are passed over.
    ///
    /// # Errors
    /// [`InvalidNote`]; the text of such a note is nobody's.
    pub fn verify<'n>(&self, note: &'n str) -> Result<&'n str, InvalidNote> {
        // The last empty line divides text and signatures; both end with their line.
        let at = note.rfind("\n\n").ok_or(InvalidNote::Malformed)?;
        let (text, signatures) = (&note[..=at], &note[at + 2..]);
        let lines = signatures
            .strip_suffix('\n')
            .ok_or(InvalidNote::Malformed)?;
        let mut verdict = Err(InvalidNote::NotSigned);
        for line in lines.split('\n') {
            let (name, signature) = line
                .strip_prefix(SIGNATURE_PREFIX)
                .and_then(|rest| rest.split_once(' '))
                .ok_or(InvalidNote::Malformed)?;
            let bytes = STANDARD
                .decode(signature)
                .map_err(|_| InvalidNote::Malformed)?;
            let (id, signature) = bytes
                .split_first_chunk::<KEY_ID_BYTES>()
                .ok_or(InvalidNote::Malformed)?;
            if name == self.name && *id == self.id() {
                UnparsedPublicKey::new(&ED25519, &self.public_key)
                    .verify(text.as_bytes(), signature)
                    .map_err(|_| InvalidNote::WrongSignature)?;
                verdict = Ok(text);
            }
        }
        verdict
    }

    /// The checkpoint in a note that this key signed about its own log.
    ///
    /// # Errors
    /// [`InvalidNote`].
    pub fn checkpoint(&self, note: &str) -> Result<Checkpoint, InvalidNote> {
        let text = self.verify(note)?;
        Checkpoint::parse(text, &self.name).ok_or(InvalidNote::NoCheckpoint)
    }
}

/// A key's name is not empty and holds neither white space nor `+`.
pub(crate) fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '+')
}

impl Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = vec![ED25519_ALGORITHM];
        key.extend(self.public_key);
        let (name, id) = (&self.name, hex::encode(self.id()));
        write!(f, "{name}+{id}+{}", STANDARD.encode(key))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifierKey({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example in the documentation of Go's `golang.org/x/mod/sumdb/note`.
    const KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const NOTE: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\
        \n\
        \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    #[test]
    fn a_note_of_another_implementation_verifies() {
        let key = VerifierKey::parse(KEY).unwrap();
        assert_eq!(key.to_string(), KEY);
        let text = key.verify(NOTE).unwrap();
        assert!(text.ends_with("your problem is.\n"));
        assert_eq!(key.checkpoint(NOTE), Err(InvalidNote::NoCheckpoint));
        let with_another = format!("{NOTE}\u{2014} Other AAAAAAAA\n");
        assert_eq!(key.verify(&with_another), Ok(text));
    }

    #[test]
    fn a_changed_note_does_not() {
        let key = VerifierKey::parse(KEY).unwrap();
        let edited = NOTE.replace("answer", "Answer");
        assert_eq!(key.verify(&edited), Err(InvalidNote::WrongSignature));
        let other = NOTE.replace("PeterNeumann", "Someone");
        assert_eq!(key.verify(&other), Err(InvalidNote::NotSigned));
        for malformed in [
            "",
            "text\n",
            "text\n\n",
            NOTE.trim_end(),
            &NOTE.replace('\u{2014}', "-"),
            &format!("{NOTE}\u{2014} Other !\n"),
            &format!("{NOTE}\u{2014} Other AAA=\n"),
        ] {
            assert_eq!(
                key.verify(malformed),
                Err(InvalidNote::Malformed),
                "{malformed}"
            );
        }
    }

    #[test]
    fn keys_of_other_forms_are_refused() {
        for text in [
            "",
            "PeterNeumann",
            "PeterNeumann+c74f20a3",
            "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "Peter+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "PeterNeumann+c74f20a3+AhpcAQcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "PeterNeumann+c74f20a3+ARpc",
            "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        ] {
            assert_eq!(VerifierKey::parse(text), Err(InvalidVerifierKey), "{text}");
        }
    }

    #[test]
    fn a_checkpoint_has_one_form() {
        let checkpoint = Checkpoint {
            size: 7,
            root: [1; 32],
        };
        let text = checkpoint.text("log");
        assert_eq!(Checkpoint::parse(&text, "log"), Some(checkpoint));
        assert_eq!(
            Checkpoint::parse(&format!("{text}extension\n"), "log"),
            Some(checkpoint)
        );
        for other in [
            text.replace("log", "other"),
            text.replace("\n7\n", "\n07\n"),
            text.replace("\n7\n", "\n+7\n"),
            text.replace("\n7\n", "\n\n"),
            text.replace("AQE=", "AQF="),
            format!("{text}\n"),
            text.trim_end().to_owned(),
        ] {
            assert_eq!(Checkpoint::parse(&other, "log"), None, "{other}");
        }
    }
}
