//! The operator's own keys at Stripe, for tenants without keys of their own.

use payment::Mode;

use super::{Fallback, Key, Kind};

/// The keys of one mode.
#[derive(Debug)]
pub struct PlatformModeKeys {
    /// The mode they are for.
    pub mode: Mode,
    /// What calls are made with.
    pub secret_key: Key,
    /// What pages are opened with.
    pub publishable_key: Key,
    /// What webhooks are signed with.
    pub webhook_secrets: Key,
}

const fn key(
    name: &'static str,
    variable: &'static str,
    kind: Kind,
    secret: bool,
    doc: &'static str,
) -> Key {
    Key { name, variable, kind, fallback: Fallback::Nothing, secret, doc }
}

/// What a secret key begins with.
const SECRET_TEST: Kind = Kind::StripeKey(&["sk_test_", "rk_test_"]);
const SECRET_LIVE: Kind = Kind::StripeKey(&["sk_live_", "rk_live_"]);
const PUBLISHABLE_TEST: Kind = Kind::StripeKey(&["pk_test_"]);
const PUBLISHABLE_LIVE: Kind = Kind::StripeKey(&["pk_live_"]);

/// Test and live, each apart.
pub static PLATFORM: [PlatformModeKeys; 2] = [
    PlatformModeKeys {
        mode: Mode::Test,
        secret_key: key(
            "platform.test.secret_key",
            "PAYBRIDGE_PLATFORM_TEST_SECRET_KEY",
            SECRET_TEST,
            true,
            "The secret key of your own Connect platform at Stripe, in test mode: with it, and \
             `Stripe-Account`, the app works in the accounts that `paybridge tenant account bind` \
             gave to tenants. Needs the two keys below.",
        ),
        publishable_key: key(
            "platform.test.publishable_key",
            "PAYBRIDGE_PLATFORM_TEST_PUBLISHABLE_KEY",
            PUBLISHABLE_TEST,
            false,
            "The publishable key of the platform in test mode, for payment pages of such tenants.",
        ),
        webhook_secrets: key(
            "platform.test.webhook_secrets",
            "PAYBRIDGE_PLATFORM_TEST_WEBHOOK_SECRETS",
            Kind::SigningSecrets,
            true,
            "The signing secrets of the platform's Connect endpoints for `{public_url}/webhooks/test`, \
             with commas between them: several at once while one is replaced.",
        ),
    },
    PlatformModeKeys {
        mode: Mode::Live,
        secret_key: key(
            "platform.live.secret_key",
            "PAYBRIDGE_PLATFORM_LIVE_SECRET_KEY",
            SECRET_LIVE,
            true,
            "The secret key of the platform in live mode.",
        ),
        publishable_key: key(
            "platform.live.publishable_key",
            "PAYBRIDGE_PLATFORM_LIVE_PUBLISHABLE_KEY",
            PUBLISHABLE_LIVE,
            false,
            "The publishable key of the platform in live mode.",
        ),
        webhook_secrets: key(
            "platform.live.webhook_secrets",
            "PAYBRIDGE_PLATFORM_LIVE_WEBHOOK_SECRETS",
            Kind::SigningSecrets,
            true,
            "The signing secrets of the platform's Connect endpoints for `{public_url}/webhooks`, with \
             commas between them.",
        ),
    },
];
