//! The languages of the payment page, and which one a shopper reads.

use http::HeaderMap;
use http::header::ACCEPT_LANGUAGE;

/// Of a browser's list of languages so many are looked at.
const ENTRIES_MAX: usize = 20;

/// A language of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    En,
    De,
    Fr,
    Es,
    It,
    Nl,
    Pl,
}

impl Language {
    /// Every language.
    pub(crate) const ALL: [Self; 7] =
        [Self::En, Self::De, Self::Fr, Self::Es, Self::It, Self::Nl, Self::Pl];

    /// Its code, the same for browsers (BCP 47) and for Stripe.js.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
            Self::Fr => "fr",
            Self::Es => "es",
            Self::It => "it",
            Self::Nl => "nl",
            Self::Pl => "pl",
        }
    }

    /// The language of the order's locale, where it is one of ours; else the browser's; else
    /// English.
    pub(crate) fn choose(locale: Option<&str>, headers: &HeaderMap) -> Self {
        locale.and_then(Self::of_locale).or_else(|| Self::of_browser(headers)).unwrap_or(Self::En)
    }

    /// `de_DE`, as shops write it, or `de-DE`, as browsers do.
    fn of_locale(locale: &str) -> Option<Self> {
        let language = locale.split(['_', '-']).next()?;
        Self::ALL.into_iter().find(|known| known.code().eq_ignore_ascii_case(language.trim()))
    }

    /// The language that the browser likes best; of equals the first one it names.
    fn of_browser(headers: &HeaderMap) -> Option<Self> {
        let list = headers.get(ACCEPT_LANGUAGE)?.to_str().ok()?;
        let mut best: Option<(u16, Self)> = None;
        for entry in list.split(',').take(ENTRIES_MAX) {
            let (tag, parameter) = entry.split_once(';').unwrap_or((entry, ""));
            let (Some(language), weight) = (Self::of_locale(tag), weight(parameter)) else {
                continue;
            };
            if weight > best.map_or(0, |(best, _)| best) {
                best = Some((weight, language));
            }
        }
        best.map(|(_, language)| language)
    }
}

/// A `q=0.8` in thousandths. What is not named is as good as can be, what does not read is not
/// wanted.
fn weight(parameter: &str) -> u16 {
    let Some(value) = parameter.trim().strip_prefix("q=") else { return 1000 };
    let (whole, part) = value.split_once('.').unwrap_or((value, ""));
    let thousandths = format!("{part:0<3}").get(..3).and_then(|part| part.parse().ok());
    match (whole.trim(), thousandths) {
        ("1", _) => 1000,
        ("0", Some(thousandths)) => thousandths,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(locale: Option<&str>, accepted: &str) -> &'static str {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_LANGUAGE, accepted.parse().unwrap());
        Language::choose(locale, &headers).code()
    }

    #[test]
    fn the_orders_locale_comes_before_the_browsers() {
        assert_eq!(chosen(Some("de_DE"), "fr"), "de");
        assert_eq!(chosen(Some("NL-be"), "fr"), "nl");
        assert_eq!(chosen(Some("pl"), ""), "pl");
        assert_eq!(chosen(Some("ja_JP"), "fr-CH"), "fr");
        assert_eq!(chosen(None, "ja"), "en");
        assert_eq!(Language::choose(None, &HeaderMap::new()).code(), "en");
    }

    #[test]
    fn the_browser_says_what_it_likes_best() {
        assert_eq!(chosen(None, "it;q=0.5, es;q=0.9, en;q=0.8"), "es");
        assert_eq!(chosen(None, "ja, nl-NL;q=0.9, pl;q=0.9"), "nl");
        assert_eq!(chosen(None, "en;q=0.1,de"), "de");
        assert_eq!(chosen(None, "de;q=0, fr;q=0.001"), "fr");
        assert_eq!(chosen(None, "de;q=x, *"), "en");
        assert_eq!(chosen(None, "de;q=0.ü"), "en");
    }
}
