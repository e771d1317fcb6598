//! API keys: who calls, and what the key may do.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::error::{ApiError, ErrorKind};
use crate::ids;

/// The suffix of a key that is always refused, so that a wrong key can be tested.
const INVALID_SUFFIX: &str = "invalid";

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grade {
    /// `sk_` and `rk_`: everything.
    Secret,
    /// `pk_`: what a browser may.
    Publishable,
}

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The account the key belongs to.
    pub(crate) account: String,
    pub(crate) livemode: bool,
    pub(crate) grade: Grade,
}

/// Reads the `Authorization` header: `Bearer key`, or Basic with the key as the user name.
pub(crate) fn authenticate(header: Option<&str>) -> Result<Caller, ApiError> {
    let key = header.and_then(key_of).ok_or_else(|| {
        unauthorized(
            "You did not provide an API key. Provide it as a Bearer token, or as the user name of Basic \
             authentication."
                .to_owned(),
        )
    })?;
    caller_of(&key)
        .ok_or_else(|| unauthorized(format!("Invalid API Key provided: {}", masked(&key))))
}

fn key_of(header: &str) -> Option<String> {
    let (scheme, rest) = header.split_once(' ')?;
    let key = if scheme.eq_ignore_ascii_case("bearer") {
        rest.trim().to_owned()
    } else if scheme.eq_ignore_ascii_case("basic") {
        let decoded = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
        decoded.split_once(':').map_or(decoded.clone(), |(user, _)| user.to_owned())
    } else {
        return None;
    };
    (!key.is_empty()).then_some(key)
}

fn caller_of(key: &str) -> Option<Caller> {
    let mut parts = key.splitn(3, '_');
    let grade = match parts.next()? {
        "sk" | "rk" => Grade::Secret,
        "pk" => Grade::Publishable,
        _ => return None,
    };
    let livemode = match parts.next()? {
        "test" => false,
        "live" => true,
        _ => return None,
    };
    let suffix = parts.next()?;
    let well_formed = !suffix.is_empty()
        && suffix.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    if !well_formed || suffix == INVALID_SUFFIX {
        return None;
    }
    Some(Caller { account: ids::account_id(suffix), livemode, grade })
}

fn unauthorized(message: String) -> ApiError {
    ApiError::new(401, ErrorKind::InvalidRequest, message)
}

/// A key as Stripe repeats it: its kind and its last four characters.
fn masked(key: &str) -> String {
    let shown: String = key.chars().take(8).collect();
    let last: Vec<char> = key.chars().rev().take(4).collect();
    format!("{shown}****{}", last.into_iter().rev().collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bearer_and_basic_name_the_same_caller() {
        let bearer = authenticate(Some("Bearer sk_test_a")).unwrap();
        let basic = format!("Basic {}", STANDARD.encode("sk_test_a:"));
        assert_eq!(authenticate(Some(&basic)).unwrap(), bearer);
        assert!(!bearer.livemode);
    }

    #[test]
    fn all_keys_of_a_suffix_are_one_account_and_modes_differ() {
        let secret = authenticate(Some("Bearer sk_test_a")).unwrap();
        let public = authenticate(Some("Bearer pk_test_a")).unwrap();
        let live = authenticate(Some("Bearer rk_live_a")).unwrap();
        assert_eq!(secret.account, public.account);
        assert_eq!(public.grade, Grade::Publishable);
        assert_eq!(secret.account, live.account);
        assert!(live.livemode);
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for header in [
            None,
            Some("Bearer "),
            Some("Bearer garbage"),
            Some("Bearer sk_prod_a"),
            Some("Bearer sk_test_"),
            Some("Bearer sk_test_invalid"),
            Some("Digest sk_test_a"),
            Some("Basic %%%"),
        ] {
            assert_eq!(authenticate(header).unwrap_err().status(), 401, "{header:?}");
        }
    }
}
