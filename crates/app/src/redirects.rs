//! Checks where the payment page may send the shopper, before it is stored: never an open
//! redirect.

use payment::{Mode, Redirects};
use url::{Host, Url};

use crate::checkout::InvalidField;

/// Checks every redirect address: https (http on loopback in test mode), and an origin of the
/// tenant's list where it has one.
pub(crate) fn check(
    redirects: &Redirects,
    mode: Mode,
    origins: &[String],
) -> Result<(), InvalidField> {
    let fields = [
        ("redirectSuccessUrl", &redirects.success),
        ("redirectCancelUrl", &redirects.cancel),
        ("checkoutSummaryPageUrl", &redirects.summary),
    ];
    for (field, url) in fields {
        if let Some(url) = url {
            check_one(url, mode, origins).map_err(|problem| InvalidField::new(field, problem))?;
        }
    }
    Ok(())
}

pub(crate) fn check_one(text: &str, mode: Mode, origins: &[String]) -> Result<(), String> {
    let url = Url::parse(text).map_err(|_| "is not an address; send an absolute https address")?;
    if !is_safe(&url, mode) {
        return Err("is not an https address; send one (http only on loopback in test mode)".into());
    }
    if !origins.is_empty() && !origins.contains(&url.origin().ascii_serialization()) {
        return Err("is not at an origin of the tenant's shopOrigins; add it there".into());
    }
    Ok(())
}

/// Whether an address may be sent to: https, or http to this very machine while no money is real.
pub(crate) fn is_safe(url: &Url, mode: Mode) -> bool {
    match url.scheme() {
        "https" => url.host().is_some(),
        "http" => mode == Mode::Test && is_loopback(url),
        _ => false,
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_safe_addresses_pass() {
        let no_list: [String; 0] = [];
        let pass = |text, mode| check_one(text, mode, &no_list).is_ok();
        assert!(pass("https://shop.example.test/de/success", Mode::Live));
        assert!(pass("http://127.0.0.1:8082/success", Mode::Test));
        assert!(pass("http://localhost/success", Mode::Test));
        assert!(!pass("http://127.0.0.1:8082/success", Mode::Live));
        assert!(!pass("http://shop.example.test/", Mode::Test));
        assert!(!pass("javascript:alert(1)", Mode::Test));
        assert!(!pass("/relative", Mode::Test));
        assert!(!pass("//shop.example.test", Mode::Test));
        assert!(!pass("http://127.0.0.1.evil.test/", Mode::Test));
    }

    #[test]
    fn a_list_of_origins_is_kept_to() {
        let list = ["https://shop.example.test".to_owned()];
        assert!(check_one("https://shop.example.test/x?y=1", Mode::Live, &list).is_ok());
        assert!(check_one("https://shop.example.test:444/x", Mode::Live, &list).is_err());
        assert!(check_one("https://shop.example.test.evil.test/", Mode::Live, &list).is_err());
        assert!(check_one("https://shop.example.test@evil.test/", Mode::Live, &list).is_err());
    }
}
