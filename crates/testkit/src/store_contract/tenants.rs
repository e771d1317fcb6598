//! Tenants and their credentials.

use std::sync::Arc;

use app::customer_token_key::CustomerTokenKey;
use app::offered::{CaptureMode, CheckoutStrategy, OfferedMethod, Terms};
use app::ports::{CommitOutcome, Expected, Store, TenantChange};
use app::tenant::{Access, BusinessModel, Credentials, KeyPair, Language, Settings, TenantStatus};
use jiff::Timestamp;
use payment::{Mode, TenantId};
use secrecy::ExposeSecret;

use super::world::World;
use crate::builders::{account, account_named, credentials, message, tenant, tenant_id};
use crate::identity_provider::{SigningKey, TestIdentityProvider};

/// Keys, since when, an endpoint, and the secrets of others.
type Shown = (Option<[String; 2]>, Timestamp, Option<[String; 3]>, Vec<String>);

/// Everything a person would compare.
fn shown(credentials: &Credentials) -> Shown {
    let keys = credentials.own_keys();
    (
        keys.map(|pair| [pair.secret.expose_secret().to_owned(), pair.publishable.clone()]),
        credentials.access_since,
        credentials.endpoint.as_ref().map(|endpoint| {
            let secret = endpoint.secret.expose_secret().to_owned();
            [endpoint.id.clone(), endpoint.url.clone(), secret]
        }),
        credentials.webhook_secrets.iter().map(|s| s.expose_secret().to_owned()).collect(),
    )
}

/// Every field.
pub async fn a_tenant_comes_back_with_settings_and_methods(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let mut full = tenant(TenantId::new("tenant-full"), &world.entropy);
    full.status = TenantStatus::Disconnected;
    full.account = account_named("acct_live", Mode::Live);
    let keys = TestIdentityProvider::new();
    full.settings = Settings {
        business_model: BusinessModel::Marketplace,
        payment_page_title: Some("Größe \"M\"".into()),
        brand_favicon: Some("https://shop.example/icon.png".into()),
        pay_button_color: Some("#a0b1c2".into()),
        statement_descriptor_suffix: Some("SHOP".into()),
        onboarding_language: Language::German,
        onboarding_links: vec!["https://shop.example/help".into()],
        payment_methods: vec![
            OfferedMethod::named("Stripe"),
            OfferedMethod {
                name: "Cards".into(),
                strategy: CheckoutStrategy::Embedded,
                terms: Terms { kinds: vec!["card".into()], capture: CaptureMode::Automatic },
            },
        ],
        shop_origins: vec!["https://a.example".into(), "https://b.example".into()],
        customer_token_keys: SigningKey::ALL
            .map(|key| CustomerTokenKey::from_pem(&keys.public_pem(key)).unwrap())
            .into(),
        shared_command_channel: true,
    };
    let mut gone = full.methods["Stripe"].clone();
    gone.active = false;
    full.methods.insert("Klarna".into(), gone);
    let commit = world.tenant_commit(full.clone(), Expected::Absent, TenantChange::Keep);
    world.store.commit_tenant(commit).await.unwrap();
    let stored = world.store.tenant(&full.id).await.unwrap().unwrap();
    assert_eq!((&stored.value, stored.version), (&full, 1));

    for (version, name) in [(1, "Klarna"), (2, "Stripe")] {
        full.methods.remove(name);
        let expected = Expected::Version(version);
        let commit = world.tenant_commit(full.clone(), expected, TenantChange::Keep);
        world.store.commit_tenant(commit).await.unwrap();
        let stored = world.store.tenant(&full.id).await.unwrap().unwrap();
        assert_eq!((&stored.value, stored.version), (&full, version + 1));
    }
    let unknown = TenantId::new("tenant-unknown");
    assert_eq!(world.store.tenant(&unknown).await.unwrap(), None);
}

/// Two people configure at once.
pub async fn a_tenant_is_written_at_the_expected_version(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let mut changed = tenant(tenant_id(), &world.entropy);
    changed.status = TenantStatus::Disconnected;
    let secrets = || TenantChange::Credentials(Box::new(credentials(account())));
    for expected in [Expected::Absent, Expected::Version(2)] {
        let mut commit = world.tenant_commit(changed.clone(), expected, secrets());
        commit.messages = vec![message(&world.entropy, "AppConfigUpdated")];
        let outcome = world.store.commit_tenant(commit).await.unwrap();
        assert_eq!(outcome, CommitOutcome::Conflict);
    }
    let stored = world.store.tenant(&tenant_id()).await.unwrap().unwrap();
    assert_eq!((stored.value.status, stored.version), (TenantStatus::Connected, 1));
    assert!(world.store.all_credentials(&tenant_id()).await.unwrap().is_empty());
    assert!(world.poll(100).await.is_empty());
    let addressee = async || world.store.addressee(&tenant_id()).await.unwrap().unwrap();
    let before = addressee().await;
    assert_eq!((before.status, before.credentials.len()), (TenantStatus::Connected, 0));
    let commit = world.tenant_commit(changed, Expected::Version(1), secrets());
    assert_eq!(world.store.commit_tenant(commit).await.unwrap(), CommitOutcome::Committed);
    let after = addressee().await;
    assert_eq!((after.status, after.credentials.len()), (TenantStatus::Disconnected, 1));
    assert!(world.store.addressee(&TenantId::new("tenant-unknown")).await.unwrap().is_none());
}

/// R1: the old ones stay for the payments of the old account.
pub async fn credentials_of_several_accounts_stay_beside_each_other(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let accounts = [
        account(),
        account_named("acct_test_1", Mode::Live),
        account_named("acct_test_2", Mode::Test),
    ];
    for (version, account) in (1..).zip(&accounts) {
        world.advance(1);
        let change = TenantChange::Credentials(Box::new(credentials(account.clone())));
        let tenant = tenant(tenant_id(), &world.entropy);
        let commit = world.tenant_commit(tenant, Expected::Version(version), change);
        assert_eq!(world.store.commit_tenant(commit).await.unwrap(), CommitOutcome::Committed);
    }
    for account in &accounts {
        let stored = world.store.credentials(&tenant_id(), account).await.unwrap().unwrap();
        assert_eq!(&stored.account, account);
        assert_eq!(shown(&stored), shown(&credentials(account.clone())));
        let means = world.store.call_means(&tenant_id(), account).await.unwrap().unwrap();
        assert_eq!(&means.credentials.account, account);
        assert_eq!(shown(&means.credentials), shown(&stored));
        assert_eq!(means.settings, tenant(tenant_id(), &world.entropy).settings);
    }
    let all = world.store.all_credentials(&tenant_id()).await.unwrap();
    let newest_first: Vec<_> = all.iter().map(|credentials| &credentials.account).collect();
    assert_eq!(newest_first, accounts.iter().rev().collect::<Vec<_>>());
    let addressee = world.store.addressee(&tenant_id()).await.unwrap().unwrap();
    let asked_at_once: Vec<_> = addressee.credentials.iter().map(shown).collect();
    assert_eq!(asked_at_once, all.iter().map(shown).collect::<Vec<_>>());

    // Configured again without an endpoint: those of the account are replaced.
    world.advance(1);
    let mut bare = credentials(accounts[0].clone());
    bare.endpoint = None;
    bare.webhook_secrets.clear();
    bare.access = Access::Own(KeyPair {
        secret: "sk_test_rolled".into(),
        publishable: "pk_test_rolled".into(),
    });
    bare.access_since = world.now();
    let change = TenantChange::Credentials(Box::new(bare.clone()));
    let commit =
        world.tenant_commit(tenant(tenant_id(), &world.entropy), Expected::Version(4), change);
    world.store.commit_tenant(commit).await.unwrap();
    let stored = world.store.credentials(&tenant_id(), &accounts[0]).await.unwrap().unwrap();
    assert_eq!(shown(&stored), shown(&bare));
    let all = world.store.all_credentials(&tenant_id()).await.unwrap();
    assert_eq!((all.len(), &all[0].account), (3, &accounts[0]));
    let unknown = account_named("acct_unknown", Mode::Test);
    assert!(world.store.credentials(&tenant_id(), &unknown).await.unwrap().is_none());
    assert!(world.store.call_means(&tenant_id(), &unknown).await.unwrap().is_none());
}

/// AddPaymentMethod and AppConfigUpdated come with the configuration or not at all.
pub async fn messages_of_a_tenant_commit_are_told(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let told = message(&world.entropy, "AddPaymentMethod");
    let tenant = tenant(tenant_id(), &world.entropy);
    let mut commit = world.tenant_commit(tenant, Expected::Version(1), TenantChange::Keep);
    commit.messages = vec![told.clone()];
    world.store.commit_tenant(commit).await.unwrap();
    assert_eq!(world.poll(100).await, [told.id]);
}

/// R4: it travels to the PSP, so it never changes.
pub async fn an_installation_has_one_id(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    let id = world.store.installation().await.unwrap();
    assert_eq!(world.store.installation().await.unwrap(), id);
    assert_ne!(id, world.new_id());
}

/// Whoever goes through all of them page by page meets each once.
pub async fn tenants_are_gone_through_in_order(store: Arc<dyn Store>) {
    let world = World::new(store).await;
    for id in ["b", "ä", "a"] {
        let tenant = tenant(TenantId::new(id), &world.entropy);
        let commit = world.tenant_commit(tenant, Expected::Absent, TenantChange::Keep);
        world.store.commit_tenant(commit).await.unwrap();
    }
    let (mut found, mut last) = (Vec::new(), None);
    loop {
        let page = world.store.tenants(last.as_ref(), 2).await.unwrap();
        let Some(end) = page.last() else { break };
        assert!(page.len() <= 2);
        last = Some(end.clone());
        found.extend(page);
    }
    for id in ["b", "ä", "a"] {
        let times = found.iter().filter(|tenant| tenant.as_str() == id).count();
        assert_eq!(times, 1, "{found:?}");
    }
}
