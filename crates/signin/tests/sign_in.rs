//! Who is let in, and who is not and why.

#![expect(clippy::unwrap_used, reason = "a case that cannot be set up has failed")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use app::Entropy;
use app::ports::{Caller, NewToken, SignIn, SignInError, Tokens};
use async_trait::async_trait;
use jiff::SignedDuration;
use payment::TenantId;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use signin::{
    CustomerTokens, Doorkeeper, IdentityProvider, IdentityProviderOptions, KEYS_REFETCH_MIN,
    KEYS_STALE_MAX, KEYS_TTL, KeySource, token,
};
use store::{Keyring, SqliteStore};
use testkit::identity_provider::unsigned;
use testkit::{SigningKey, TestEntropy, TestIdentityProvider};

const ISSUER: &str = "https://id.example.test/";

/// The keys, or nothing while they are down.
#[derive(Clone, Default)]
struct Source {
    keys: Arc<Mutex<Option<Value>>>,
    fetched: Arc<AtomicUsize>,
}

#[async_trait]
impl KeySource for Source {
    async fn fetch(&self) -> Result<Vec<u8>, String> {
        self.fetched.fetch_add(1, Ordering::SeqCst);
        let keys = self.keys.lock().unwrap().clone();
        keys.map(|keys| keys.to_string().into_bytes()).ok_or_else(|| "down".to_owned())
    }
}

struct Door {
    provider: TestIdentityProvider,
    source: Source,
    entropy: Arc<TestEntropy>,
    tokens: Arc<SqliteStore>,
    keeper: Doorkeeper,
}

impl Door {
    fn new() -> Self {
        let provider = TestIdentityProvider::new();
        let source = Source::default();
        *source.keys.lock().unwrap() = Some(provider.key_set());
        let entropy = Arc::new(TestEntropy::new());
        let keyring = Keyring::from_base64(&Keyring::generate().unwrap()).unwrap();
        let tokens = Arc::new(SqliteStore::inline(keyring, entropy.as_ref()).unwrap());
        let options = IdentityProviderOptions {
            issuer: ISSUER.to_owned(),
            audience: "aop-app".to_owned(),
            customer_audience: Some("shop-front".to_owned()),
            tenant_claim: "tenant_identifier".to_owned(),
            clock_skew: Duration::from_secs(60),
        };
        let customer_tokens =
            CustomerTokens::new(tokens.clone(), "https://pay.example.test", options.clock_skew);
        let keeper = Doorkeeper {
            operator: Some(SecretString::from("the-operators-word")),
            tokens: tokens.clone(),
            entropy: entropy.clone(),
            identity_provider: Some(IdentityProvider::new(options, Box::new(source.clone()))),
            customer_tokens,
        };
        Self { provider, source, entropy, tokens, keeper }
    }

    /// Claims that are good now, with some replaced; null takes one away.
    fn claims(&self, other: Value) -> Value {
        let now = self.entropy.now().as_second();
        let mut claims = json!({
            "iss": ISSUER, "aud": "aop-app", "sub": "client", "exp": now + 300, "iat": now,
            "tenant_identifier": "tenant-1",
        });
        for (name, value) in other.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        claims
    }

    fn token(&self, other: Value) -> String {
        self.provider.token(SigningKey::Ec, &self.claims(other))
    }

    async fn told(&self, token: &str) -> String {
        match self.keeper.caller(Some(token)).await {
            Ok(caller) => format!("{caller:?}"),
            Err(error) => error.to_string(),
        }
    }

    /// How often the keys were fetched.
    fn fetched(&self) -> usize {
        self.source.fetched.load(Ordering::SeqCst)
    }
}

fn tenant_1() -> Caller {
    Caller::Tenant(TenantId::new("tenant-1"))
}

#[tokio::test]
async fn a_signed_token_names_its_tenant_with_each_kind_of_key() {
    let door = Door::new();
    for key in SigningKey::ALL {
        let token = door.provider.token(key, &door.claims(json!({})));
        assert_eq!(door.keeper.caller(Some(&token)).await.unwrap(), tenant_1(), "{key:?}");
    }
    let many = door.token(json!({"aud": ["another", "aop-app"]}));
    assert_eq!(door.keeper.caller(Some(&many)).await.unwrap(), tenant_1());
    let customer = door.token(json!({"aud": "shop-front"}));
    let customer = door.keeper.caller(Some(&customer)).await.unwrap();
    assert_eq!(customer, Caller::Customer(TenantId::new("tenant-1")));
    assert_eq!(door.fetched(), 1, "the keys are fetched once");
}

#[tokio::test]
async fn c78_a_token_that_is_not_good_is_refused_with_the_reason() {
    let door = Door::new();
    let now = door.entropy.now().as_second();
    let cases = [
        (json!({"iss": "https://id.evil.test/"}), "nobody whom this app knows has signed"),
        (json!({"iss": null}), "nobody whom this app knows has signed"),
        (json!({"aud": "another-app"}), "not for this app (aud)"),
        (json!({"aud": null}), "not for this app (aud)"),
        (json!({"aud": {"aop-app": true}}), "not for this app (aud)"),
        (json!({"exp": now - 61}), "has expired (exp)"),
        (json!({"exp": now - 60}), "has expired (exp)"),
        (json!({"exp": null}), "does not say when it ends (exp)"),
        (json!({"exp": "never"}), "exp is no number of seconds"),
        (json!({"exp": 1e300}), "exp is no number of seconds"),
        (json!({"nbf": now + 61}), "not valid yet (nbf)"),
        (json!({"tenant_identifier": null}), "names no tenant in its claim tenant_identifier"),
        (json!({"tenant_identifier": " "}), "names no tenant"),
        (json!({"tenant_identifier": ["tenant-1"]}), "names no tenant"),
        (json!({"tenant_identifier": "t".repeat(256)}), "names no tenant"),
    ];
    for (claims, reason) in cases {
        let told = door.told(&door.token(claims.clone())).await;
        assert!(told.contains(reason), "{claims}: {told}");
    }
    for good in [json!({"exp": now - 59}), json!({"nbf": now + 60}), json!({"exp": 4e9})] {
        let told = door.told(&door.token(good.clone())).await;
        assert!(told.contains("tenant-1"), "{good}: {told}");
    }
}

#[tokio::test]
async fn c78_a_token_that_was_tampered_with_is_refused() {
    let door = Door::new();
    let claims = door.claims(json!({}));
    let (header, payload) = (json!({"alg": "ES256", "kid": "ec"}), &claims);
    let good = door.token(json!({}));
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let foreign = TestIdentityProvider::new();
    let other_claims = unsigned(&header, &door.claims(json!({"tenant_identifier": "tenant-2"})));
    let none = unsigned(&json!({"alg": "none", "kid": "ec"}), payload);
    let crit = json!({"alg": "ES256", "kid": "ec", "crit": ["b64"], "b64": false});
    let cases = [
        ("other claims", format!("{other_claims}.{signature}"), "signature is not right"),
        ("another's key", foreign.token(SigningKey::Ec, payload), "signature is not right"),
        ("no signature", format!("{signed}."), "signature is not right"),
        ("alg none", format!("{none}."), "does not read as a signed token"),
        ("HS256 with the public key", door.provider.token_by_public_key(payload), "algorithm"),
        (
            "a key of another kind",
            door.provider.token_with(
                SigningKey::Ed,
                &json!({"alg": "EdDSA", "kid": "rsa"}),
                payload,
            ),
            "another algorithm than its key is for",
        ),
        ("extensions", door.provider.token_with(SigningKey::Ec, &crit, payload), "crit"),
        ("nonsense", "a.b.c".to_owned(), "does not read as a signed token"),
        ("too long", format!("{}.b.c", "a".repeat(9000)), "longer than"),
    ];
    for (name, token, reason) in cases {
        let result = door.keeper.caller(Some(&token)).await;
        let Err(SignInError::Invalid(told)) = result else { panic!("{name}: {result:?}") };
        assert!(told.contains(reason), "{name}: {told}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_unknown_key_is_fetched_once_in_a_while_and_a_new_one_is_found() {
    let door = Door::new();
    assert_eq!(door.keeper.caller(Some(&door.token(json!({})))).await.unwrap(), tenant_1());
    let rotated = TestIdentityProvider::new();
    let header = json!({"alg": "ES256", "kid": "new"});
    let token = rotated.token_with(SigningKey::Ec, &header, &door.claims(json!({})));
    for _ in 0..5 {
        let told = door.told(&token).await;
        assert!(told.contains("does not have (kid)"), "{told}");
    }
    assert_eq!(door.fetched(), 1, "not for each request");

    let mut keys = rotated.key_set();
    keys["keys"][1]["kid"] = json!("new");
    *door.source.keys.lock().unwrap() = Some(keys);
    tokio::time::advance(KEYS_REFETCH_MIN).await;
    assert_eq!(door.keeper.caller(Some(&token)).await.unwrap(), tenant_1());
    assert_eq!(door.fetched(), 2);
    let told = door.told(&door.token(json!({}))).await;
    assert!(told.contains("(kid)"), "a key that was taken away verifies nothing: {told}");
}

#[tokio::test(start_paused = true)]
async fn while_the_keys_are_down_the_old_ones_serve_for_a_day() {
    let door = Door::new();
    let far = json!({"exp": door.entropy.now().as_second() + 1_000_000});
    let keys = door.source.keys.lock().unwrap().take();
    let nothing_yet = door.keeper.caller(Some(&door.token(far.clone()))).await;
    assert!(matches!(nothing_yet, Err(SignInError::Unavailable(_))), "{nothing_yet:?}");
    *door.source.keys.lock().unwrap() = keys;
    tokio::time::advance(KEYS_REFETCH_MIN).await;
    door.keeper.caller(Some(&door.token(far.clone()))).await.unwrap();

    *door.source.keys.lock().unwrap() = None;
    tokio::time::advance(KEYS_TTL * 2).await;
    door.keeper.caller(Some(&door.token(far.clone()))).await.unwrap();
    let header = json!({"alg": "ES256", "kid": "new"});
    let new = door.provider.token_with(SigningKey::Ec, &header, &door.claims(far.clone()));
    let unsure = door.keeper.caller(Some(&new)).await;
    assert!(matches!(unsure, Err(SignInError::Unavailable(_))), "it may be new: {unsure:?}");
    tokio::time::advance(KEYS_STALE_MAX).await;
    let too_old = door.keeper.caller(Some(&door.token(far))).await;
    assert!(matches!(too_old, Err(SignInError::Unavailable(_))), "{too_old:?}");
}

#[tokio::test]
async fn fixed_tokens_and_the_operators_word_are_known_to_the_letter() {
    let door = Door::new();
    let token = token::generate().unwrap();
    let text = token.expose_secret();
    let now = door.entropy.now();
    let new = NewToken {
        id: door.entropy.new_id(),
        tenant: TenantId::new("tenant-1"),
        hash: token::hash(text),
        label: "shop".into(),
        created_at: now,
        expires_at: Some(now + SignedDuration::from_hours(1)),
    };
    door.tokens.add_token(new).await.unwrap();
    assert_eq!(door.keeper.caller(Some(text)).await.unwrap(), tenant_1());
    assert_eq!(door.keeper.caller(Some("the-operators-word")).await.unwrap(), Caller::Operator);
    assert!(matches!(door.keeper.caller(None).await, Err(SignInError::Missing)));
    for wrong in [&text[..text.len() - 1], "the-operators-wor", "The-operators-word", "pbt_"] {
        let refused = door.keeper.caller(Some(wrong)).await;
        assert!(matches!(refused, Err(SignInError::Invalid(_))), "{wrong}: {refused:?}");
    }
    door.entropy.advance(SignedDuration::from_hours(1));
    assert!(matches!(door.keeper.caller(Some(text)).await, Err(SignInError::Invalid(_))));
}
