//! Tokens that a shop signs itself, for the browsers of its customers.

#![expect(clippy::unwrap_used, reason = "a case that cannot be set up has failed")]

use std::sync::Arc;
use std::time::Duration;

use app::customer_token_key::CustomerTokenKey;
use app::ports::{Caller, Expected, SignIn, TenantChange, TenantCommit};
use app::{Entropy, Store};
use async_trait::async_trait;
use payment::TenantId;
use serde_json::{Value, json};
use signin::{
    CUSTOMER_TOKEN_LIFE_MAX, CustomerTokens, Doorkeeper, IdentityProvider, IdentityProviderOptions,
    KeySource,
};
use store::{Keyring, SqliteStore};
use testkit::identity_provider::unsigned;
use testkit::{SigningKey, TestEntropy, TestIdentityProvider, builders};

const PUBLIC_URL: &str = "https://pay.example.test";
const ISSUER: &str = "https://id.example.test/";
const SHOP: &str = "tenant-1";
const NOBODY: &str = "nobody whom this app knows has signed the token";

/// An app with an identity provider, and tenants that sign tokens for their customers.
struct Door {
    provider: Arc<TestIdentityProvider>,
    /// The shop's own pairs of keys.
    shop: TestIdentityProvider,
    entropy: Arc<TestEntropy>,
    store: Arc<SqliteStore>,
    keeper: Doorkeeper,
}

struct Source(Arc<TestIdentityProvider>);

#[async_trait]
impl KeySource for Source {
    async fn fetch(&self) -> Result<Vec<u8>, String> {
        Ok(self.0.key_set().to_string().into_bytes())
    }
}

impl Door {
    /// The shop has given its public keys, one of each kind.
    async fn new() -> Self {
        let entropy = Arc::new(TestEntropy::new());
        let keyring = Keyring::from_base64(&Keyring::generate().unwrap()).unwrap();
        let store = Arc::new(SqliteStore::inline(keyring, entropy.as_ref()).unwrap());
        let provider = Arc::new(TestIdentityProvider::new());
        let clock_skew = Duration::from_secs(60);
        let options = IdentityProviderOptions {
            issuer: ISSUER.to_owned(),
            audience: "aop-app".to_owned(),
            customer_audience: None,
            tenant_claim: "tenant_identifier".to_owned(),
            clock_skew,
        };
        let source = Box::new(Source(provider.clone()));
        let keeper = Doorkeeper {
            operator: None,
            tokens: store.clone(),
            entropy: entropy.clone(),
            identity_provider: Some(IdentityProvider::new(options, source)),
            customer_tokens: CustomerTokens::new(store.clone(), PUBLIC_URL, clock_skew),
        };
        let door = Self { provider, shop: TestIdentityProvider::new(), entropy, store, keeper };
        door.configure(SHOP, &SigningKey::ALL.map(|key| door.shop.public_pem(key))).await;
        door
    }

    /// The tenant has these public keys from now on.
    async fn configure(&self, tenant: &str, keys: &[String]) {
        let id = TenantId::new(tenant);
        let stored = self.store.tenant(&id).await.unwrap();
        let expected = stored.map_or(Expected::Absent, |old| Expected::Version(old.version));
        let mut tenant = builders::tenant(id, self.entropy.as_ref());
        tenant.settings.customer_token_keys =
            keys.iter().map(|pem| CustomerTokenKey::from_pem(pem).unwrap()).collect();
        let (now, change, messages) = (self.entropy.now(), TenantChange::Keep, Vec::new());
        let commit = TenantCommit { tenant, expected, now, change, messages };
        self.store.commit_tenant(commit).await.unwrap();
    }

    /// Claims that are good now, with some replaced; null takes one away.
    fn claims(&self, other: Value) -> Value {
        let now = self.entropy.now().as_second();
        let mut claims =
            json!({"iss": SHOP, "aud": PUBLIC_URL, "sub": "DE--21", "iat": now, "exp": now + 900});
        for (name, value) in other.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        claims
    }

    fn token(&self, other: Value) -> String {
        self.shop.token(SigningKey::Ed, &self.claims(other))
    }

    async fn told(&self, token: &str) -> String {
        match self.keeper.caller(Some(token)).await {
            Ok(caller) => format!("{caller:?}"),
            Err(error) => error.to_string(),
        }
    }
}

fn customer() -> Caller {
    Caller::Customer(TenantId::new(SHOP))
}

#[tokio::test]
async fn a_shop_signs_for_its_customers_with_each_kind_of_key() {
    let door = Door::new().await;
    for key in SigningKey::ALL {
        let token = door.shop.token(key, &door.claims(json!({})));
        assert_eq!(door.keeper.caller(Some(&token)).await.unwrap(), customer(), "{key:?}");
        let header = json!({"alg": key.names().1});
        let no_id = door.shop.token_with(key, &header, &door.claims(json!({"sub": null})));
        assert_eq!(door.keeper.caller(Some(&no_id)).await.unwrap(), customer(), "{key:?}");
    }
    for audience in [json!("https://pay.example.test/"), json!(["another", PUBLIC_URL])] {
        let token = door.token(json!({"aud": audience}));
        assert_eq!(door.keeper.caller(Some(&token)).await.unwrap(), customer(), "{audience}");
    }
}

#[tokio::test]
async fn c78_a_customers_token_that_is_not_good_is_refused_with_the_reason() {
    let door = Door::new().await;
    let now = door.entropy.now().as_second();
    let life = i64::try_from(CUSTOMER_TOKEN_LIFE_MAX.as_secs()).unwrap();
    let cases = [
        (json!({"aud": "https://pay.elsewhere.test"}), "not for this app (aud)"),
        (json!({"aud": "aop-app"}), "not for this app (aud)"),
        (json!({"aud": null}), "not for this app (aud)"),
        (json!({"iat": now - 900, "exp": now - 60}), "has expired (exp)"),
        (json!({"exp": null}), "does not say when it ends (exp)"),
        (json!({"exp": "never"}), "exp is no number of seconds"),
        (json!({"iat": null}), "does not say when it was issued (iat)"),
        (json!({"iat": now + 61}), "was issued in the future (iat)"),
        (json!({"nbf": now + 61}), "not valid yet (nbf)"),
        (json!({"exp": now + life + 1}), "good for more than 3600 seconds"),
        (json!({"iat": now - life, "exp": now + 1}), "good for more than 3600 seconds"),
        (json!({"iat": 0, "exp": 4e9}), "good for more than 3600 seconds"),
    ];
    for (claims, reason) in cases {
        let told = door.told(&door.token(claims.clone())).await;
        assert!(told.contains(reason), "{claims}: {told}");
    }
    let good = [
        json!({"exp": now + life}),
        json!({"iat": now + 60, "exp": now + 60 + life}),
        json!({"iat": now - 900, "exp": now - 59}),
        json!({"nbf": now + 60}),
    ];
    for claims in good {
        let token = door.token(claims.clone());
        assert_eq!(door.keeper.caller(Some(&token)).await.unwrap(), customer(), "{claims}");
    }
}

#[tokio::test]
async fn c78_a_shop_signs_for_itself_alone_and_nothing_is_told_of_others() {
    let door = Door::new().await;
    let other = TestIdentityProvider::new();
    door.configure("tenant-2", &[other.public_pem(SigningKey::Ed)]).await;
    door.configure("without-keys", &[]).await;
    let by_other = |claims| other.token(SigningKey::Ed, &door.claims(claims));
    let cases = [
        ("another tenant's key", by_other(json!({}))),
        ("as another tenant", door.token(json!({"iss": "tenant-2"}))),
        ("as a tenant without keys", door.token(json!({"iss": "without-keys"}))),
        ("as nobody", door.token(json!({"iss": "tenant-9"}))),
        ("without a name", door.token(json!({"iss": null}))),
        ("with a name that is no text", door.token(json!({"iss": [SHOP]}))),
        ("with a long name", door.token(json!({"iss": "t".repeat(256)}))),
        ("by the identity provider", door.provider.token(SigningKey::Ed, &door.claims(json!({})))),
    ];
    let mut told = Vec::new();
    for (name, token) in cases {
        let words = door.told(&token).await;
        assert!(words.contains(NOBODY), "{name}: {words}");
        told.push(words);
    }
    told.dedup();
    assert_eq!(told.len(), 1, "the same words, whether there is such a tenant or not");
    // Its own is good for its own tenant, whatever else it claims.
    let claims = json!({"iss": "tenant-2", "tenant_identifier": SHOP, "roles": ["operator"]});
    let own = door.keeper.caller(Some(&by_other(claims))).await.unwrap();
    assert_eq!(own, Caller::Customer(TenantId::new("tenant-2")));
}

#[tokio::test]
async fn c78_a_shops_key_is_no_identity_provider() {
    let door = Door::new().await;
    let as_provider = json!({"iss": ISSUER, "aud": "aop-app", "tenant_identifier": SHOP});
    let token = door.token(as_provider.clone());
    let told = door.told(&token).await;
    assert!(told.contains("signature is not right"), "{told}");
    // A tenant of the same name does not make it one either.
    door.configure(ISSUER, &[door.shop.public_pem(SigningKey::Ed)]).await;
    let told = door.told(&token).await;
    assert!(told.contains("signature is not right"), "{told}");
    let token = door.provider.token(SigningKey::Ed, &door.claims(as_provider));
    let tenant = Caller::Tenant(TenantId::new(SHOP));
    assert_eq!(door.keeper.caller(Some(&token)).await.unwrap(), tenant);
}

#[tokio::test]
async fn c78_a_customers_token_that_was_tampered_with_is_refused() {
    let door = Door::new().await;
    let claims = door.claims(json!({}));
    let good = door.token(json!({}));
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let (header, _) = signed.split_once('.').unwrap();
    let later = door.claims(json!({"exp": door.entropy.now().as_second() + 1800}));
    let none = unsigned(&json!({"alg": "none"}), &claims);
    let crit = json!({"alg": "EdDSA", "crit": ["b64"], "b64": false});
    let (_, payload) = none.split_once('.').unwrap();
    let cases = [
        ("other claims", format!("{}.{signature}", unsigned(&json!({"alg": "EdDSA"}), &later))),
        ("no signature", format!("{signed}.")),
        ("alg none", format!("{none}.")),
        ("claims that do not read", format!("{header}.AAAA.{signature}")),
        ("header that does not read", format!("AAAA.{payload}.{signature}")),
        ("HS256 with the public key", door.shop.token_by_public_key(&claims)),
        ("extensions", door.shop.token_with(SigningKey::Ed, &crit, &claims)),
        (
            "one key's signature as another's",
            door.shop.token_with(SigningKey::Ed, &json!({"alg": "ES256"}), &claims),
        ),
    ];
    for (name, token) in cases {
        let told = door.told(&token).await;
        assert!(told.starts_with("Authorization: "), "{name}: {told}");
    }
}

#[tokio::test]
async fn two_keys_serve_while_one_is_replaced_and_one_that_is_taken_out_ends_at_once() {
    let door = Door::new().await;
    let next = TestIdentityProvider::new();
    let (old_key, next_key) =
        (door.shop.public_pem(SigningKey::Ec), next.public_pem(SigningKey::Ec));
    let old = door.shop.token(SigningKey::Ec, &door.claims(json!({})));
    let new = next.token(SigningKey::Ec, &door.claims(json!({})));
    door.configure(SHOP, std::slice::from_ref(&old_key)).await;
    assert!(door.told(&new).await.contains(NOBODY));
    door.configure(SHOP, &[old_key, next_key.clone()]).await;
    for token in [&old, &new] {
        assert_eq!(door.keeper.caller(Some(token)).await.unwrap(), customer());
    }
    door.configure(SHOP, &[next_key]).await;
    assert_eq!(door.keeper.caller(Some(&new)).await.unwrap(), customer());
    assert!(door.told(&old).await.contains(NOBODY));
}
