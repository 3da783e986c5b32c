//! What an authenticator says of itself (WebAuthn Level 3, 6.1), and of a credential that it made (6.5).

use coffer_types::limits::MAX_CREDENTIAL_ID_BYTES;
use minicbor::Decoder;

use super::{InvalidPasskey, PasskeyKey};

/// Bits of the flags.
const USER_PRESENT: u8 = 1;
const USER_VERIFIED: u8 = 1 << 2;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const HAS_CREDENTIAL: u8 = 1 << 6;
const HAS_EXTENSIONS: u8 = 1 << 7;
/// Bytes of the authenticator's model, which nobody asks about here.
const MODEL_BYTES: usize = 16;

/// What an authenticator says with each signature, and with a new credential.
#[derive(Debug)]
pub struct AuthenticatorData<'d> {
    /// The SHA-256 of the relying party's id.
    pub relying_party: [u8; 32],
    /// How many signatures were made, for all that the authenticator counts; 0 if it does not.
    pub sign_count: u32,
    /// The credential, if it is new.
    pub credential: Option<NewCredential<'d>>,
    flags: u8,
}

/// A credential that an authenticator made.
#[derive(Debug)]
pub struct NewCredential<'d> {
    /// Its id.
    pub id: &'d [u8],
    /// Its public key.
    pub key: PasskeyKey,
    /// The same as it is kept.
    pub key_bytes: &'d [u8],
}

impl<'d> AuthenticatorData<'d> {
    /// Reads it from bytes with nothing behind it.
    ///
    /// # Errors
    /// [`InvalidPasskey`].
    pub fn parse(bytes: &'d [u8]) -> Result<Self, InvalidPasskey> {
        let (relying_party, rest) = split::<32>(bytes)?;
        let ([flags], rest) = split::<1>(rest)?;
        let (sign_count, mut rest) = split::<4>(rest)?;
        // A backup of what cannot be backed up.
        if flags & (BACKUP_ELIGIBLE | BACKED_UP) == BACKED_UP {
            return Err(InvalidPasskey::Malformed);
        }
        let mut credential = None;
        if flags & HAS_CREDENTIAL != 0 {
            let (found, after) = NewCredential::parse(rest)?;
            (credential, rest) = (Some(found), after);
        }
        if flags & HAS_EXTENSIONS != 0 {
            let mut decoder = Decoder::new(rest);
            decoder.probe().map()?;
            decoder.skip()?;
            rest = after(rest, decoder.position())?.1;
        }
        if !rest.is_empty() {
            return Err(InvalidPasskey::Malformed);
        }
        Ok(Self {
            relying_party: *relying_party,
            sign_count: u32::from_be_bytes(*sign_count),
            credential,
            flags: *flags,
        })
    }

    /// Whether somebody touched the authenticator, or did the like.
    pub const fn is_user_present(&self) -> bool {
        self.flags & USER_PRESENT != 0
    }

    /// Whether the authenticator found out who that was, such as by a fingerprint or a PIN.
    pub const fn is_user_verified(&self) -> bool {
        self.flags & USER_VERIFIED != 0
    }

    /// Whether the credential may leave the authenticator, to be on others too. That never changes.
    pub const fn is_backup_eligible(&self) -> bool {
        self.flags & BACKUP_ELIGIBLE != 0
    }
}

impl<'d> NewCredential<'d> {
    /// Reads it, and gives what comes behind it.
    fn parse(bytes: &'d [u8]) -> Result<(Self, &'d [u8]), InvalidPasskey> {
        let (_, rest) = split::<MODEL_BYTES>(bytes)?;
        let (length, rest) = split::<2>(rest)?;
        let length = usize::from(u16::from_be_bytes(*length));
        if length == 0 || length > MAX_CREDENTIAL_ID_BYTES {
            return Err(InvalidPasskey::Malformed);
        }
        let (id, rest) = after(rest, length)?;
        let mut decoder = Decoder::new(rest);
        let key = PasskeyKey::decode(&mut decoder)?;
        let (key_bytes, rest) = after(rest, decoder.position())?;
        Ok((Self { id, key, key_bytes }, rest))
    }
}

/// The authenticator data in an attestation object. The statement about it is passed over: no authenticator is asked
/// to prove what it is.
///
/// # Errors
/// [`InvalidPasskey::Malformed`].
pub fn authenticator_data_of(attestation: &[u8]) -> Result<&[u8], InvalidPasskey> {
    let mut decoder = Decoder::new(attestation);
    let count = decoder.map()?.ok_or(InvalidPasskey::Malformed)?;
    let mut found = None;
    for _ in 0..count {
        if decoder.str()? == "authData" {
            let data = decoder.bytes()?;
            if found.replace(data).is_some() {
                return Err(InvalidPasskey::Malformed);
            }
        } else {
            decoder.skip()?;
        }
    }
    if decoder.position() != attestation.len() {
        return Err(InvalidPasskey::Malformed);
    }
    found.ok_or(InvalidPasskey::Malformed)
}

fn split<const N: usize>(bytes: &[u8]) -> Result<(&[u8; N], &[u8]), InvalidPasskey> {
    bytes.split_first_chunk().ok_or(InvalidPasskey::Malformed)
}

fn after(bytes: &[u8], length: usize) -> Result<(&[u8], &[u8]), InvalidPasskey> {
    bytes
        .split_at_checked(length)
        .ok_or(InvalidPasskey::Malformed)
}
