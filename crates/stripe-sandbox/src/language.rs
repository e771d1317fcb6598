//! The languages the pages speak.

use http::{HeaderMap, header};

/// A language of the pages; whoever asks for another one gets English.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    German,
}

impl Language {
    /// The one the address asks for by `locale=`, else the first one the browser likes best.
    pub(crate) fn of(query: Option<&str>, headers: &HeaderMap) -> Self {
        let asked = query.and_then(|query| {
            query.split('&').find_map(|pair| pair.strip_prefix("locale=")).map(str::to_owned)
        });
        let preferred = || {
            headers
                .get(header::ACCEPT_LANGUAGE)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned)
        };
        let tag = asked.or_else(preferred).unwrap_or_default();
        if tag.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("de")) {
            Self::German
        } else {
            Self::English
        }
    }

    /// The `lang` of a page.
    pub(crate) fn tag(self) -> &'static str {
        self.pick("en", "de")
    }

    /// What stands between an amount's whole and its fraction.
    pub(crate) fn decimal_point(self) -> char {
        match self {
            Self::English => '.',
            Self::German => ',',
        }
    }

    pub(crate) fn pick(self, english: &'static str, german: &'static str) -> &'static str {
        match self {
            Self::English => english,
            Self::German => german,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_wins_over_the_browser() {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, "de-AT,de;q=0.9".parse().unwrap());
        assert_eq!(Language::of(None, &headers), Language::German);
        assert_eq!(Language::of(Some("a=1&locale=en-GB"), &headers), Language::English);
        assert_eq!(Language::of(Some("locale=fr"), &headers), Language::English);
        assert_eq!(Language::of(None, &HeaderMap::new()), Language::English);
    }
}
