//! The keys that secrets are encrypted with before they are stored.
//!
//! A master key of the [`Keyring`] wraps one data key for each tenant, and the data key seals the
//! tenant's credentials. So another master key means wrapping few short keys anew.
//!
//! XChaCha20-Poly1305 with a random nonce of 24 bytes: so long that random ones never meet. The
//! nonce comes from the operating system and not from the entropy port, because it never shows
//! and must not repeat when a simulation does.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use thiserror::Error;
use zeroize::Zeroizing;

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
/// So many bytes of a key's SHA-256 name it. They tell nothing about the key.
const KEY_ID_BYTES: usize = 8;

/// One key that encrypts, and older ones that still decrypt what they encrypted.
pub struct Keyring {
    active: Key,
    older: Vec<Key>,
}

/// A key and its id.
pub(crate) struct Key {
    pub id: String,
    bytes: Zeroizing<[u8; KEY_BYTES]>,
}

/// Why a text is not an encryption key.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// It is not base64.
    #[error(
        "the encryption key is not base64 (letters, digits, + and /, ending in =); `paybridge \
         keys generate` makes one"
    )]
    NotBase64,
    /// It has another length.
    #[error(
        "the encryption key has {0} bytes and needs {KEY_BYTES}; `paybridge keys generate` makes one"
    )]
    Length(usize),
    /// The operating system gives no randomness.
    #[error("the operating system gives no random numbers: {0}")]
    NoRandomness(String),
}

/// An encrypted value with the id of the key that opens it.
pub(crate) struct Sealed {
    pub key_id: String,
    pub bytes: Vec<u8>,
}

impl Keyring {
    /// A keyring with one key, of 32 bytes in base64.
    ///
    /// # Errors
    /// [`KeyError::NotBase64`], [`KeyError::Length`].
    pub fn from_base64(key: &SecretString) -> Result<Self, KeyError> {
        Ok(Self { active: Key::from_base64(key)?, older: Vec::new() })
    }

    /// Adds a key that was the active one before: it opens what it has sealed.
    ///
    /// # Errors
    /// [`KeyError::NotBase64`], [`KeyError::Length`].
    pub fn with_older(mut self, key: &SecretString) -> Result<Self, KeyError> {
        self.older.push(Key::from_base64(key)?);
        Ok(self)
    }

    /// A keyring from the bytes of its keys.
    pub fn from_bytes<'a>(
        active: &[u8; KEY_BYTES],
        older: impl IntoIterator<Item = &'a [u8; KEY_BYTES]>,
    ) -> Self {
        let key = |bytes: &[u8; KEY_BYTES]| Key::new(Zeroizing::new(*bytes));
        Self { active: key(active), older: older.into_iter().map(key).collect() }
    }

    /// A new random key, in base64.
    ///
    /// # Errors
    /// [`KeyError::NoRandomness`].
    pub fn generate() -> Result<SecretString, KeyError> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        fill_random(bytes.as_mut_slice())?;
        Ok(SecretString::from(STANDARD.encode(bytes.as_slice())))
    }

    /// The id of the key that new values are sealed with. No secret.
    pub fn active_id(&self) -> &str {
        &self.active.id
    }

    /// The ids of all keys, the active one first. No secrets.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.active).chain(&self.older).map(|key| key.id.as_str())
    }

    /// Encrypts with the active key: see [`Key::seal`].
    pub(crate) fn seal(&self, plain: &[u8], context: &[u8]) -> Result<Sealed, KeyError> {
        self.active.seal(plain, context)
    }

    /// Decrypts; `None` where the key is missing, or the value or its context is not the one
    /// that was sealed.
    pub(crate) fn open(&self, sealed: &Sealed, context: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let mut keys = std::iter::once(&self.active).chain(&self.older);
        keys.find(|key| key.id == sealed.key_id)?.open(sealed, context)
    }

    /// Encrypts a data key with the active key.
    pub(crate) fn wrap(&self, key: &Key, context: &[u8]) -> Result<Sealed, KeyError> {
        self.seal(key.bytes.as_slice(), context)
    }

    /// Decrypts a data key; `None` as for [`open`](Self::open).
    pub(crate) fn unwrap(&self, wrapped: &Sealed, context: &[u8]) -> Option<Key> {
        let plain = self.open(wrapped, context)?;
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        if plain.len() != KEY_BYTES {
            return None;
        }
        bytes.copy_from_slice(&plain);
        Some(Key::new(bytes))
    }
}

/// The ids only: a key never shows.
impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let older: Vec<_> = self.older.iter().map(|key| &key.id).collect();
        f.debug_struct("Keyring").field("active", &self.active.id).field("older", &older).finish()
    }
}

impl Key {
    /// A new random key.
    pub fn random() -> Result<Self, KeyError> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        fill_random(bytes.as_mut_slice())?;
        Ok(Self::new(bytes))
    }

    fn new(bytes: Zeroizing<[u8; KEY_BYTES]>) -> Self {
        let digest = Sha256::digest(bytes.as_slice());
        Self { id: hex::encode(&digest[..KEY_ID_BYTES]), bytes }
    }

    fn from_base64(text: &SecretString) -> Result<Self, KeyError> {
        let decoded = STANDARD
            .decode(text.expose_secret().trim())
            .map(Zeroizing::new)
            .map_err(|_| KeyError::NotBase64)?;
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        if decoded.len() != KEY_BYTES {
            return Err(KeyError::Length(decoded.len()));
        }
        bytes.copy_from_slice(&decoded);
        Ok(Self::new(bytes))
    }

    /// Encrypts. `context` is not stored: who opens the value has to name the same one, so that
    /// a value that was moved to another row does not open.
    pub fn seal(&self, plain: &[u8], context: &[u8]) -> Result<Sealed, KeyError> {
        let mut nonce = [0; NONCE_BYTES];
        fill_random(&mut nonce)?;
        let payload = Payload { msg: plain, aad: context };
        let text = self
            .cipher()
            .encrypt(XNonce::from_slice(&nonce), payload)
            // Only a text of more than 256 GiB cannot be encrypted.
            .map_err(|error| KeyError::NoRandomness(error.to_string()))?;
        let bytes = [nonce.as_slice(), &text].concat();
        Ok(Sealed { key_id: self.id.clone(), bytes })
    }

    /// Decrypts; `None` where the value or its context is not the one that was sealed.
    pub fn open(&self, sealed: &Sealed, context: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, text) = sealed.bytes.split_at_checked(NONCE_BYTES)?;
        let payload = Payload { msg: text, aad: context };
        self.cipher().decrypt(XNonce::from_slice(nonce), payload).ok().map(Zeroizing::new)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.bytes.as_slice().into())
    }
}

fn fill_random(bytes: &mut [u8]) -> Result<(), KeyError> {
    getrandom::fill(bytes).map_err(|error| KeyError::NoRandomness(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyring() -> (Keyring, SecretString) {
        let key = Keyring::generate().unwrap();
        (Keyring::from_base64(&key).unwrap(), key)
    }

    #[test]
    fn what_was_sealed_opens_with_the_same_key_and_context_only() {
        let (keyring, _) = keyring();
        let sealed = keyring.seal(b"secret", b"tenant-1").unwrap();
        assert_eq!(keyring.open(&sealed, b"tenant-1").unwrap().as_slice(), b"secret");
        assert!(keyring.open(&sealed, b"tenant-2").is_none(), "moved to another tenant");
        let (other, _) = self::keyring();
        assert!(other.open(&sealed, b"tenant-1").is_none(), "another key");
    }

    #[test]
    fn a_changed_or_cut_value_does_not_open() {
        let (keyring, _) = keyring();
        let mut sealed = keyring.seal(b"secret", b"").unwrap();
        *sealed.bytes.last_mut().unwrap() ^= 1;
        assert!(keyring.open(&sealed, b"").is_none());
        sealed.bytes.truncate(3);
        assert!(keyring.open(&sealed, b"").is_none());
    }

    #[test]
    fn the_same_secret_never_looks_the_same() {
        let (keyring, _) = keyring();
        let one = keyring.seal(b"secret", b"").unwrap();
        let two = keyring.seal(b"secret", b"").unwrap();
        assert_ne!(one.bytes, two.bytes);
        assert_eq!(one.key_id, two.key_id);
    }

    #[test]
    fn an_older_key_still_opens_and_the_new_one_seals() {
        let (old, old_key) = keyring();
        let sealed = old.seal(b"secret", b"").unwrap();
        let (new, _) = keyring();
        let both = new.with_older(&old_key).unwrap();
        assert_eq!(both.open(&sealed, b"").unwrap().as_slice(), b"secret");
        assert_eq!(both.seal(b"secret", b"").unwrap().key_id, both.active_id());
        assert_ne!(both.active_id(), old.active_id());
    }

    #[test]
    fn a_text_that_is_no_key_is_refused_with_what_to_do() {
        let refused = |text: &str| Keyring::from_base64(&text.into()).map(|_| ()).unwrap_err();
        assert_eq!(refused("not base64!"), KeyError::NotBase64);
        assert_eq!(refused("c2hvcnQ="), KeyError::Length(5));
        assert_eq!(refused(""), KeyError::Length(0));
        assert!(refused("").to_string().contains("paybridge keys generate"));
    }

    #[test]
    fn a_keyring_does_not_show_its_keys() {
        let (keyring, key) = keyring();
        assert!(!format!("{keyring:?}").contains(key.expose_secret()));
    }
}
