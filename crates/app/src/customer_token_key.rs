//! The public keys of the pairs with which a tenant's shop signs tokens for its customers' browsers.
//! The private ones never leave the shop.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use spki::der::asn1::UintRef;
use spki::der::{Decode, Reader, SliceReader};
use spki::{ObjectIdentifier, SubjectPublicKeyInfoRef};

/// The most keys a tenant may have: one that signs, the next one, and some room.
pub const CUSTOMER_TOKEN_KEYS_MAX: usize = 4;
/// The shortest RSA key, in bits.
pub const RSA_BITS_MIN: usize = 2048;
/// The longest RSA key, in bits: one of more costs too much to verify with.
pub const RSA_BITS_MAX: usize = 8192;

/// What stands before and after a public key in PEM (RFC 7468).
const BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
/// See [`BEGIN`].
const END: &str = "-----END PUBLIC KEY-----";
/// What every private key in PEM has in its first line.
const PRIVATE: &str = "PRIVATE KEY-----";
/// So many characters are on a line of a PEM.
const LINE_CHARS: usize = 64;

/// RFC 8017, `rsaEncryption`.
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// RFC 5480, `id-ecPublicKey` and `secp256r1`.
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// See [`EC`].
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
/// RFC 8410, `id-Ed25519`.
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
/// An uncompressed point of P-256: a mark, and two coordinates.
const P256_BYTES: usize = 65;
/// See [`P256_BYTES`].
const UNCOMPRESSED: u8 = 4;
/// A key of Ed25519.
const ED25519_BYTES: usize = 32;

/// The one algorithm that a key signs with. It follows from the key, and never from a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenAlgorithm {
    /// RSA with PKCS#1 padding and SHA-256.
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl TokenAlgorithm {
    /// Its name in a token (RFC 7518, RFC 8037).
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }
}

/// A public key that verifies tokens of one tenant's customers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerTokenKey {
    algorithm: TokenAlgorithm,
    public: Vec<u8>,
    pem: String,
}

impl CustomerTokenKey {
    /// Reads a key as `openssl pkey -pubout` prints it. How its lines are broken does not matter: a
    /// form may have joined them.
    ///
    /// # Errors
    /// What is wrong with it, as the rest of a sentence; nothing of it is repeated.
    pub fn from_pem(text: &str) -> Result<Self, String> {
        if text.contains(PRIVATE) {
            return Err(
                "has a private key, which must never leave the shop: make a new pair, and \
                        send the public key of that"
                    .to_owned(),
            );
        }
        let no_key = || {
            format!(
                "has an entry that is no public key; send each as `openssl pkey -pubout` prints \
                 it, from {BEGIN} to {END}"
            )
        };
        let body = text.trim().strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END));
        let mut body = body.ok_or_else(no_key)?.to_owned();
        body.retain(|character| !character.is_ascii_whitespace());
        let der = STANDARD.decode(&body).map_err(|_| no_key())?;
        let info = SubjectPublicKeyInfoRef::try_from(der.as_slice()).map_err(|_| no_key())?;
        let public = info.subject_public_key.as_bytes().ok_or_else(no_key)?;
        let kind = (info.algorithm.oid, info.algorithm.parameters_oid().ok());
        let algorithm = match kind {
            (RSA, _) => rsa(public)?,
            (EC, Some(P256))
                if public.len() == P256_BYTES && public.first() == Some(&UNCOMPRESSED) =>
            {
                TokenAlgorithm::Es256
            }
            (ED25519, _) if public.len() == ED25519_BYTES => TokenAlgorithm::EdDsa,
            _ => {
                return Err("has a key of a kind that is not taken; taken are RSA, P-256 and \
                            Ed25519"
                    .to_owned());
            }
        };
        Ok(Self { algorithm, public: public.to_vec(), pem: pem(&body) })
    }

    /// What it signs with.
    pub fn algorithm(&self) -> TokenAlgorithm {
        self.algorithm
    }

    /// The key itself: for RSA as in PKCS#1, for P-256 an uncompressed point, for Ed25519 its bytes.
    pub fn public(&self) -> &[u8] {
        &self.public
    }

    /// The same as PEM, which [`Self::from_pem`] reads.
    pub fn pem(&self) -> &str {
        &self.pem
    }
}

/// Reads the keys of a configuration.
///
/// # Errors
/// What is wrong with the first that is.
pub(crate) fn read_all(texts: &[String]) -> Result<Vec<CustomerTokenKey>, String> {
    if texts.len() > CUSTOMER_TOKEN_KEYS_MAX {
        return Err(format!("has more than {CUSTOMER_TOKEN_KEYS_MAX} keys; take old ones out"));
    }
    texts.iter().map(|text| CustomerTokenKey::from_pem(text)).collect()
}

fn rsa(public: &[u8]) -> Result<TokenAlgorithm, String> {
    match rsa_bits(public) {
        Ok(bits) if (RSA_BITS_MIN..=RSA_BITS_MAX).contains(&bits) => Ok(TokenAlgorithm::Rs256),
        Ok(_) | Err(_) => {
            Err(format!("has an RSA key that is not of {RSA_BITS_MIN} to {RSA_BITS_MAX} bits"))
        }
    }
}

/// How long the modulus is (RFC 8017, `RSAPublicKey`), in bits, counted in whole bytes.
fn rsa_bits(public: &[u8]) -> spki::der::Result<usize> {
    let mut reader = SliceReader::new(public)?;
    let modulus_bytes = reader.sequence(|key| {
        let modulus = UintRef::decode(key)?;
        UintRef::decode(key)?;
        Ok(modulus.as_bytes().len())
    })?;
    Ok(reader.finish(modulus_bytes)? * 8)
}

fn pem(body: &str) -> String {
    let mut text = format!("{BEGIN}\n");
    for (index, character) in body.chars().enumerate() {
        if index > 0 && index % LINE_CHARS == 0 {
            text.push('\n');
        }
        text.push(character);
    }
    text.push('\n');
    text.push_str(END);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    // Each was printed by `openssl pkey -pubout`.
    const RSA_2048: &str = "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAwF0sf2JP69paHxpXvWKh
7oSnvIAlnTIM3lhLeMJJnIqYahzm1wgXpRI5/2u1vekmcZDfuzmfuAhgsyZc/8O2
5mq/QMIPS+pA6qKX2aRbExgh6ed4tsDT0KH/FP7WBl5HyWNySBYhl5lLDz++zjTT
gLi9yQ9Y/2FHxUjjwfNAhcfVnIfsJp1RgV654AhoI7gHYP0xHlRNe3evPUs9cUk5
NB27HsmsMyf7O4n6muJ6HvXjygOQ+db1oBJo00eir91uQNpaAkwfqUjq9JBMLANp
6sLBjJ/DNVrA+Dj0ZzsFulNnA8J2LbCe4TjFrd3s+v5Su1qZ2PVGHG02+/Re3sse
AwIDAQAB
-----END PUBLIC KEY-----";
    const RSA_1024: &str = "-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCwY7LWYBfasAiBJx+2gnIF2Vyq
lF6LiGC5HWPOO5TI6QpsyUy/mp7UP7XcL8XBTQV1Le8s2iX1In7OeviSM0otJV2K
cd0xt23Vy4BhynXwWbTsUHqJskxCfgLFywi90Rkpgyan/FDp2kzYF0V0anV5qITK
K3dB5YQ3m7YRnWlzQwIDAQAB
-----END PUBLIC KEY-----";
    const EC_P256: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEK8rRHSgn30xT+XIX1phmBylY3uKF
vN5tGJaF0scDqGfrYThSY6bqatSu707mgk8aNOZk2Y1Lg/MH4BfxSqiGaA==
-----END PUBLIC KEY-----";
    const EC_P384: &str = "-----BEGIN PUBLIC KEY-----
MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEqpRH+SKG7VjjozPmmKH2limd3pyjegqz
RDV+i40ZhD2+VKeb//VqxCQ9L0Ec8Wdoj3KiIKPMb/9RdxNpYXiJM57DSQPlI2Wm
OI0KrIdUbJNOZL4Ipmgnec2s0dtG88sl
-----END PUBLIC KEY-----";
    const ED: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAsknmFbqoNchE9dXzkw5/uetA8arP1js1IcY3VQ6ihj8=
-----END PUBLIC KEY-----";

    #[test]
    fn a_key_says_itself_what_it_signs_with() {
        for (pem, algorithm, bytes) in
            [(RSA_2048, "RS256", 270), (EC_P256, "ES256", 65), (ED, "EdDSA", 32)]
        {
            let key = CustomerTokenKey::from_pem(pem).unwrap();
            assert_eq!((key.algorithm().name(), key.public().len()), (algorithm, bytes));
            assert_eq!(key.pem(), pem);
        }
    }

    #[test]
    fn lines_may_be_broken_in_any_way() {
        let whole = CustomerTokenKey::from_pem(EC_P256).unwrap();
        for text in
            [EC_P256.replace('\n', "\r\n"), EC_P256.replace('\n', " "), format!("\n {EC_P256}\n")]
        {
            assert_eq!(CustomerTokenKey::from_pem(&text).unwrap(), whole, "{text:?}");
        }
    }

    #[test]
    fn c69_what_is_no_good_key_is_named_and_not_repeated() {
        let cut = EC_P256.replace("MFkwEwYHKoZIzj0C", "");
        let longer = ED.replace("MCow", "MCsw");
        for (text, problem) in [
            ("", "is no public key"),
            ("MCowBQYDK2VwAyEA", "is no public key"),
            (&cut, "is no public key"),
            (&longer, "is no public key"),
            (&ED.replace("PUBLIC KEY", "CERTIFICATE"), "is no public key"),
            (&ED.replace("PUBLIC KEY", "PRIVATE KEY"), "has a private key"),
            (&ED.replace("PUBLIC KEY", "RSA PRIVATE KEY"), "has a private key"),
            (RSA_1024, "RSA key that is not of 2048 to 8192 bits"),
            (EC_P384, "of a kind that is not taken"),
        ] {
            let told = CustomerTokenKey::from_pem(text).unwrap_err();
            assert!(told.contains(problem), "{text}: {told}");
            assert!(!told.contains("MCow"), "{told}");
        }
        let many = vec![ED.to_owned(); CUSTOMER_TOKEN_KEYS_MAX + 1];
        assert_eq!(read_all(&many).unwrap_err(), "has more than 4 keys; take old ones out");
        assert_eq!(read_all(&many[1..]).unwrap().len(), CUSTOMER_TOKEN_KEYS_MAX);
    }
}
