//! An identity provider: keys of each kind that is accepted, and tokens signed with them.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RsaKeyPair, RsaPublicKeyComponents,
};
use serde_json::{Value, json};

/// Made for tests and used nowhere else: `ring` makes no RSA keys.
const RSA: &[u8] = include_bytes!("rsa-for-tests.pk8");

/// What stands before the key itself in a `SubjectPublicKeyInfo` (RFC 5280): RSA of 2048 bits, P-256
/// and Ed25519.
const BEFORE_RSA: &[u8] = &[
    0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01,
    0x01, 0x05, 0x00, 0x03, 0x82, 0x01, 0x0f, 0x00,
];
const BEFORE_P256: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
const BEFORE_ED25519: &[u8] =
    &[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// One of its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SigningKey {
    /// RS256, id `rsa`.
    Rsa,
    /// ES256, id `ec`.
    Ec,
    /// `EdDSA`, id `ed`.
    Ed,
}

impl SigningKey {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::Rsa, Self::Ec, Self::Ed];

    /// Its id and its algorithm.
    pub fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Rsa => ("rsa", "RS256"),
            Self::Ec => ("ec", "ES256"),
            Self::Ed => ("ed", "EdDSA"),
        }
    }
}

/// An identity provider with one key of each kind.
pub struct TestIdentityProvider {
    rsa: RsaKeyPair,
    ec: EcdsaKeyPair,
    ed: Ed25519KeyPair,
}

impl Default for TestIdentityProvider {
    fn default() -> Self {
        Self::new()
    }
}

impl TestIdentityProvider {
    /// With new keys; that for RSA is always the same.
    pub fn new() -> Self {
        let random = SystemRandom::new();
        let ec = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let ed = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
        Self {
            rsa: RsaKeyPair::from_pkcs8(RSA).unwrap(),
            ec: EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, ec.as_ref(), &random)
                .unwrap(),
            ed: Ed25519KeyPair::from_pkcs8(ed.as_ref()).unwrap(),
        }
    }

    /// The public keys, as a JSON Web Key Set.
    pub fn key_set(&self) -> Value {
        json!({"keys": SigningKey::ALL.map(|key| self.public_key(key))})
    }

    fn public_key(&self, key: SigningKey) -> Value {
        let (id, algorithm) = key.names();
        match key {
            SigningKey::Rsa => {
                let public = RsaPublicKeyComponents::<Vec<u8>>::from(self.rsa.public());
                json!({
                    "kty": "RSA", "kid": id, "alg": algorithm, "use": "sig",
                    "n": encode(&public.n),
                    "e": encode(&public.e),
                })
            }
            SigningKey::Ec => {
                let point = &self.ec.public_key().as_ref()[1..];
                let (x, y) = point.split_at(32);
                json!({
                    "kty": "EC", "crv": "P-256", "kid": id, "alg": algorithm, "use": "sig",
                    "x": encode(x), "y": encode(y),
                })
            }
            SigningKey::Ed => json!({
                "kty": "OKP", "crv": "Ed25519", "kid": id, "alg": algorithm, "use": "sig",
                "x": encode(self.ed.public_key().as_ref()),
            }),
        }
    }

    /// A public key in PEM, as a shop sends it that signs tokens itself.
    pub fn public_pem(&self, key: SigningKey) -> String {
        let (before, public) = match key {
            SigningKey::Rsa => (BEFORE_RSA, self.rsa.public_key().as_ref()),
            SigningKey::Ec => (BEFORE_P256, self.ec.public_key().as_ref()),
            SigningKey::Ed => (BEFORE_ED25519, self.ed.public_key().as_ref()),
        };
        let body = STANDARD.encode([before, public].concat());
        format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n")
    }

    /// A token with these claims.
    pub fn token(&self, key: SigningKey, claims: &Value) -> String {
        let (id, algorithm) = key.names();
        self.token_with(key, &json!({"typ": "JWT", "alg": algorithm, "kid": id}), claims)
    }

    /// A token with this header, which may lie.
    pub fn token_with(&self, key: SigningKey, header: &Value, claims: &Value) -> String {
        let message = unsigned(header, claims);
        let random = SystemRandom::new();
        let signature = match key {
            SigningKey::Rsa => {
                let mut signature = vec![0; self.rsa.public().modulus_len()];
                let signed = message.as_bytes();
                self.rsa.sign(&RSA_PKCS1_SHA256, &random, signed, &mut signature).unwrap();
                signature
            }
            SigningKey::Ec => self.ec.sign(&random, message.as_bytes()).unwrap().as_ref().to_vec(),
            SigningKey::Ed => self.ed.sign(message.as_bytes()).as_ref().to_vec(),
        };
        format!("{message}.{}", encode(&signature))
    }

    /// A token "signed" with the public RSA key as if it were a password.
    pub fn token_by_public_key(&self, claims: &Value) -> String {
        let message = unsigned(&json!({"alg": "HS256", "kid": "rsa"}), claims);
        let public = self.rsa.public_key().as_ref();
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, public);
        format!("{message}.{}", encode(ring::hmac::sign(&key, message.as_bytes()).as_ref()))
    }
}

/// Header and claims of a token, without a signature.
pub fn unsigned(header: &Value, claims: &Value) -> String {
    format!("{}.{}", encode(header.to_string().as_bytes()), encode(claims.to_string().as_bytes()))
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
