//! The keys about who may call.

use super::{Fallback, Key, Kind};

/// The words of `auth_mode`: a token is asked for.
pub const AUTH_MODE_TOKEN: &str = "token";
/// The words of `auth_mode`: nobody is asked.
pub const AUTH_MODE_NONE: &str = "none";
/// The longest clock skew, in seconds.
pub const CLOCK_SKEW_SECONDS_MAX: u64 = 600;
/// What to do when nothing says who may call.
pub const AUTH_ADVICE: &str = "choose a long random word for the operator (`paybridge keys generate` prints one) and set it \
     as PAYBRIDGE_AUTH_TOKEN or `auth_token`; or name your identity provider with `auth_issuer` \
     and `auth_jwks_url`. To try the app on this machine alone, `auth_mode` = \"none\" asks nobody";

/// Whether callers are asked who they are.
pub const AUTH_MODE: Key = Key {
    name: "auth_mode",
    variable: "PAYBRIDGE_AUTH_MODE",
    kind: Kind::OneOf(&[AUTH_MODE_TOKEN, AUTH_MODE_NONE]),
    fallback: Fallback::Value(AUTH_MODE_TOKEN),
    secret: false,
    doc: "Whether callers of the private API and the channels have to show a token. `none` believes \
          whatever tenant they name, and works on loopback only.",
};

/// What the operator shows.
pub const AUTH_TOKEN: Key = Key {
    name: "auth_token",
    variable: "PAYBRIDGE_AUTH_TOKEN",
    kind: Kind::Token,
    fallback: Fallback::Nothing,
    secret: true,
    doc: "The operator's token, sent as `Authorization: Bearer …`: it configures and disconnects any \
          tenant, and moves no money. Shops have tokens of their own, by `paybridge tenant token \
          issue` or from the identity provider. `serve` needs this or `auth_issuer`.",
};

/// Who signs tokens.
pub const AUTH_ISSUER: Key = Key {
    name: "auth_issuer",
    variable: "PAYBRIDGE_AUTH_ISSUER",
    kind: Kind::Text,
    fallback: Fallback::Nothing,
    secret: false,
    doc: "The identity provider whose signed tokens (JWT) are taken: their claim `iss`, to the \
          letter. RS256, ES256 and EdDSA are accepted.",
};

/// Where its keys are.
pub const AUTH_JWKS_URL: Key = Key {
    name: "auth_jwks_url",
    variable: "PAYBRIDGE_AUTH_JWKS_URL",
    kind: Kind::Url,
    fallback: Fallback::Nothing,
    secret: false,
    doc: "Where the identity provider publishes its keys (JSON Web Key Set). They are kept for an \
          hour, and fetched again when a token names one that is not among them.",
};

/// Whom tokens of shops are for.
pub const AUTH_AUDIENCE: Key = Key {
    name: "auth_audience",
    variable: "PAYBRIDGE_AUTH_AUDIENCE",
    kind: Kind::Text,
    fallback: Fallback::Value("aop-app"),
    secret: false,
    doc: "What the claim `aud` of a shop's signed token has to name.",
};

/// Whom tokens of customers are for.
pub const AUTH_CUSTOMER_AUDIENCE: Key = Key {
    name: "auth_customer_audience",
    variable: "PAYBRIDGE_AUTH_CUSTOMER_AUDIENCE",
    kind: Kind::Text,
    fallback: Fallback::Nothing,
    secret: false,
    doc: "What the claim `aud` names in a token that the identity provider signed for a customer. Such \
          a token opens the endpoints for browsers alone, from an origin in the tenant's \
          `shopOrigins`. Not set, browsers call with tokens that their shop signed itself, for \
          tenants with `customerTokenKeys`.",
};

/// Which claim names the tenant.
pub const AUTH_TENANT_CLAIM: Key = Key {
    name: "auth_tenant_claim",
    variable: "PAYBRIDGE_AUTH_TENANT_CLAIM",
    kind: Kind::Text,
    fallback: Fallback::Value("tenant_identifier"),
    secret: false,
    doc: "The claim of a signed token that names the tenant; the tenant of the call has to be the \
          same.",
};

/// How far the clocks may differ.
pub const AUTH_CLOCK_SKEW_SECONDS: Key = Key {
    name: "auth_clock_skew_seconds",
    variable: "PAYBRIDGE_AUTH_CLOCK_SKEW_SECONDS",
    kind: Kind::Number { of: "seconds", min: 0, max: CLOCK_SKEW_SECONDS_MAX },
    fallback: Fallback::Value("60"),
    secret: false,
    doc: "How far the clocks of whoever signs tokens, the identity provider or a shop, and of this \
          machine may differ when a signed token begins and ends.",
};

/// All of them, in the order of the reference.
pub(super) static ALL: [Key; 8] = [
    AUTH_MODE,
    AUTH_TOKEN,
    AUTH_ISSUER,
    AUTH_JWKS_URL,
    AUTH_AUDIENCE,
    AUTH_CUSTOMER_AUDIENCE,
    AUTH_TENANT_CLAIM,
    AUTH_CLOCK_SKEW_SECONDS,
];
