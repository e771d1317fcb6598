//! Who buys, where it goes, and in which language the payment page greets her.

/// A country that the shop ships to.
#[derive(Debug, PartialEq, Eq)]
pub struct Country {
    /// ISO 3166, two letters.
    pub code: &'static str,
    /// Its name.
    pub name: &'static str,
}

/// A locale of the shop.
#[derive(Debug, PartialEq, Eq)]
pub struct Locale {
    /// As the shop spells it.
    pub name: &'static str,
    /// The language's own name.
    pub label: &'static str,
}

/// The countries that are offered.
pub const COUNTRIES: [Country; 10] = [
    Country { code: "DE", name: "Germany" },
    Country { code: "AT", name: "Austria" },
    Country { code: "CH", name: "Switzerland" },
    Country { code: "FR", name: "France" },
    Country { code: "ES", name: "Spain" },
    Country { code: "IT", name: "Italy" },
    Country { code: "NL", name: "Netherlands" },
    Country { code: "PL", name: "Poland" },
    Country { code: "GB", name: "United Kingdom" },
    Country { code: "US", name: "United States" },
];

/// The locales that are offered. The payment page does not speak the last one's language, and takes the
/// browser's.
pub const LOCALES: [Locale; 9] = [
    Locale { name: "en_US", label: "English (en_US)" },
    Locale { name: "en_GB", label: "English (en_GB)" },
    Locale { name: "de_DE", label: "Deutsch (de_DE)" },
    Locale { name: "fr_FR", label: "Français (fr_FR)" },
    Locale { name: "es_ES", label: "Español (es_ES)" },
    Locale { name: "it_IT", label: "Italiano (it_IT)" },
    Locale { name: "nl_NL", label: "Nederlands (nl_NL)" },
    Locale { name: "pl_PL", label: "Polski (pl_PL)" },
    Locale { name: "sv_SE", label: "Svenska (sv_SE), shown in the browser's language" },
];

/// The longest text of a field, in characters.
pub const TEXT_MAX: usize = 100;

/// Who buys, and where it goes.
#[derive(Clone, Debug)]
pub struct Customer {
    /// Her first name.
    pub first_name: String,
    /// Her last name.
    pub last_name: String,
    /// Where the invoice goes.
    pub email: String,
    /// The street.
    pub street: String,
    /// The number in it.
    pub house: String,
    /// The postal code.
    pub zip: String,
    /// The city.
    pub city: String,
    /// The country.
    pub country: &'static Country,
}

impl Customer {
    /// The one whom the form is filled with at first.
    #[must_use]
    pub fn example() -> Self {
        Self {
            first_name: "Ada".to_owned(),
            last_name: "Example".to_owned(),
            email: "ada@example.test".to_owned(),
            street: "Example Street".to_owned(),
            house: "12".to_owned(),
            zip: "10115".to_owned(),
            city: "Berlin".to_owned(),
            country: &COUNTRIES[0],
        }
    }
}

impl Country {
    /// The country of a code.
    #[must_use]
    pub fn find(code: &str) -> Option<&'static Self> {
        COUNTRIES.iter().find(|country| country.code == code)
    }
}

impl Locale {
    /// The locale of a name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        LOCALES.iter().find(|locale| locale.name == name)
    }
}
