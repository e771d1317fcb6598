//! Amounts as the readers of a language write them: CLDR's patterns for the languages of the page.

use payment::Money;

use crate::page::language::Language;

/// Keeps an amount in one line.
const NO_BREAK: char = '\u{a0}';

/// How a language writes numbers.
struct Style {
    decimal: char,
    group: char,
    /// The first group is split off where at least so many digits stand before it.
    digits_before_group_min: usize,
    /// Whether the currency stands before the number.
    leads: bool,
}

fn style(language: Language) -> Style {
    let (decimal, group, digits_before_group_min, leads) = match language {
        Language::En => ('.', ',', 1, true),
        Language::De => (',', '.', 1, false),
        Language::Fr => (',', '\u{202f}', 1, false),
        Language::Es => (',', '.', 2, false),
        Language::It => (',', '.', 2, false),
        Language::Nl => (',', '.', 1, true),
        Language::Pl => (',', NO_BREAK, 2, false),
    };
    Style { decimal, group, digits_before_group_min, leads }
}

/// The currency: its sign where the readers of the language know no other currency by it, else its
/// code.
fn sign(money: Money, language: Language) -> &'static str {
    match (money.currency().code(), language) {
        ("EUR", _) => "€",
        ("GBP", Language::En) => "£",
        ("USD", Language::En) => "$",
        ("PLN", Language::Pl) => "zł",
        (code, _) => code,
    }
}

/// `189,79 €` in German, `€189.79` in English.
pub(crate) fn amount(money: Money, language: Language) -> String {
    let style = style(language);
    let number = number(money, &style);
    let sign = sign(money, language);
    if !style.leads {
        return format!("{number}{NO_BREAK}{sign}");
    }
    let is_code = sign.bytes().all(|byte| byte.is_ascii_uppercase());
    if is_code || language == Language::Nl {
        format!("{sign}{NO_BREAK}{number}")
    } else {
        format!("{sign}{number}")
    }
}

/// The same with a minus sign before it: what is taken off an order.
pub(crate) fn negative(money: Money, language: Language) -> String {
    format!("−{}", amount(money, language))
}

fn number(money: Money, style: &Style) -> String {
    let decimals = usize::from(money.currency().exponent());
    let digits = format!("{:0width$}", money.minor(), width = decimals + 1);
    let (whole, part) = digits.split_at(digits.len() - decimals);
    let mut number = grouped(whole, style);
    if decimals > 0 {
        number.push(style.decimal);
        number.push_str(part);
    }
    number
}

fn grouped(whole: &str, style: &Style) -> String {
    let splits = whole.len() >= 3 + style.digits_before_group_min;
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if splits && at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(style.group);
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use payment::Currency;
    use proptest::prelude::*;

    use super::*;

    fn shown(minor: i64, currency: &str) -> String {
        let money = Money::new(minor, Currency::parse(currency).unwrap()).unwrap();
        let shown = Language::ALL.map(|language| amount(money, language));
        shown.join(" | ").replace(NO_BREAK, "~").replace('\u{202f}', "_")
    }

    /// As a browser's `Intl.NumberFormat` writes them.
    #[test]
    fn each_language_has_its_own_way() {
        let cases = [
            (18_979, "EUR"),
            (5, "EUR"),
            (123_456, "EUR"),
            (123_456_789, "EUR"),
            (123_456, "GBP"),
            (123_456, "PLN"),
            (123_456, "USD"),
            (12_345, "JPY"),
            (1_234_560, "KWD"),
            (0, "EUR"),
            (i64::MAX, "EUR"),
        ];
        let lines = cases.map(|(minor, currency)| shown(minor, currency));
        insta::assert_snapshot!(lines.join("\n"), @"
        €189.79 | 189,79~€ | 189,79~€ | 189,79~€ | 189,79~€ | €~189,79 | 189,79~€
        €0.05 | 0,05~€ | 0,05~€ | 0,05~€ | 0,05~€ | €~0,05 | 0,05~€
        €1,234.56 | 1.234,56~€ | 1_234,56~€ | 1234,56~€ | 1234,56~€ | €~1.234,56 | 1234,56~€
        €1,234,567.89 | 1.234.567,89~€ | 1_234_567,89~€ | 1.234.567,89~€ | 1.234.567,89~€ | €~1.234.567,89 | 1~234~567,89~€
        £1,234.56 | 1.234,56~GBP | 1_234,56~GBP | 1234,56~GBP | 1234,56~GBP | GBP~1.234,56 | 1234,56~GBP
        PLN~1,234.56 | 1.234,56~PLN | 1_234,56~PLN | 1234,56~PLN | 1234,56~PLN | PLN~1.234,56 | 1234,56~zł
        $1,234.56 | 1.234,56~USD | 1_234,56~USD | 1234,56~USD | 1234,56~USD | USD~1.234,56 | 1234,56~USD
        JPY~12,345 | 12.345~JPY | 12_345~JPY | 12.345~JPY | 12.345~JPY | JPY~12.345 | 12~345~JPY
        KWD~1,234.560 | 1.234,560~KWD | 1_234,560~KWD | 1234,560~KWD | 1234,560~KWD | KWD~1.234,560 | 1234,560~KWD
        €0.00 | 0,00~€ | 0,00~€ | 0,00~€ | 0,00~€ | €~0,00 | 0,00~€
        €92,233,720,368,547,758.07 | 92.233.720.368.547.758,07~€ | 92_233_720_368_547_758,07~€ | 92.233.720.368.547.758,07~€ | 92.233.720.368.547.758,07~€ | €~92.233.720.368.547.758,07 | 92~233~720~368~547~758,07~€
        ");
    }

    proptest! {
        #[test]
        fn no_digit_is_lost(minor in 0..=i64::MAX, currency in prop::sample::select(vec!["EUR", "JPY", "KWD", "ISK", "MGA"])) {
            let money = Money::new(minor, Currency::parse(currency).unwrap()).unwrap();
            for language in Language::ALL {
                let digits: String =
                    amount(money, language).chars().filter(char::is_ascii_digit).collect();
                prop_assert_eq!(digits.parse::<i64>().unwrap(), minor);
            }
        }
    }
}
