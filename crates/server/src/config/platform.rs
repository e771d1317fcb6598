//! What the keys of the operator's platform mean together.

use app::platform::{Platform, PlatformKeys};
use app::tenant::KeyPair;
use payment::Mode;
use secrecy::SecretString;

use super::keys::{self, Key, Kind, PlatformModeKeys};
use super::{Reader, parse};

impl Reader<'_> {
    /// Those of a mode are there together or not at all; otherwise there is a problem.
    pub(super) fn platform(&mut self) -> Platform {
        let mut platform = Platform::default();
        for keys in &keys::PLATFORM {
            let of_mode = self.platform_keys(keys);
            match keys.mode {
                Mode::Test => platform.test = of_mode,
                Mode::Live => platform.live = of_mode,
            }
        }
        platform
    }

    fn platform_keys(&mut self, keys: &PlatformModeKeys) -> Option<PlatformKeys> {
        let secret = self.stripe_key(&keys.secret_key).map(SecretString::from);
        let publishable = self.stripe_key(&keys.publishable_key);
        let webhook_secrets = self.read(&keys.webhook_secrets, parse::signing_secrets);
        let all = [&keys.secret_key, &keys.publishable_key, &keys.webhook_secrets];
        let set = all.into_iter().find(|key| self.settings.get(key).is_some())?;
        for missing in all {
            self.misses::<()>(missing, set);
        }
        let pair = KeyPair { secret: secret?, publishable: publishable? };
        Some(PlatformKeys { pair, webhook_secrets: webhook_secrets? })
    }

    fn stripe_key(&mut self, key: &Key) -> Option<String> {
        let Kind::StripeKey(beginnings) = key.kind else { return None };
        self.read(key, |text| parse::stripe_key(text, beginnings))
    }
}
