//! Fixed tokens: 32 random bytes after a prefix by which a leaked one is recognized.

use app::ports::TokenHash;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// What every fixed token begins with.
pub const PREFIX: &str = "pbt_";
/// So many random bytes make one.
const TOKEN_BYTES: usize = 32;

/// A new token. It comes from the operating system and not from the entropy port, because it must
/// not repeat when a simulation does.
///
/// # Errors
/// The operating system gives no random numbers.
pub fn generate() -> Result<SecretString, getrandom::Error> {
    let mut bytes = Zeroizing::new([0; TOKEN_BYTES]);
    getrandom::fill(bytes.as_mut_slice())?;
    let text = Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice()));
    Ok(SecretString::from([PREFIX, text.as_str()].concat()))
}

/// What is stored of a token. A plain hash suffices: nobody guesses 32 random bytes.
pub fn hash(token: &str) -> TokenHash {
    TokenHash(Sha256::digest(token.as_bytes()).into())
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn tokens_are_random_and_fit_a_header() {
        let (one, other) = (generate().unwrap(), generate().unwrap());
        let (one, other) = (one.expose_secret(), other.expose_secret());
        assert_ne!(one, other);
        assert!(one.starts_with(PREFIX) && one.len() == PREFIX.len() + 43, "{one}");
        assert!(one.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
        assert_ne!(hash(one), hash(other));
    }
}
