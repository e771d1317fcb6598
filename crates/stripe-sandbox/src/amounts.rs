//! Currencies and what Stripe accepts as an amount in each.

use crate::error::ApiError;

/// Stripe takes at most eight digits.
pub(crate) const AMOUNT_MAX: i64 = 99_999_999;

/// The smallest charge where the table names none, in the currency's smallest unit.
const MINIMUM_ELSEWHERE: i64 = 50;

/// The currencies Stripe presents prices in, lower-case as the API writes them.
const CURRENCIES: &[&str] = &[
    "aed", "afn", "all", "amd", "ang", "aoa", "ars", "aud", "awg", "azn", "bam", "bbd", "bdt",
    "bgn", "bhd", "bif", "bmd", "bnd", "bob", "brl", "bsd", "bwp", "byn", "bzd", "cad", "cdf",
    "chf", "clp", "cny", "cop", "crc", "cve", "czk", "djf", "dkk", "dop", "dzd", "egp", "etb",
    "eur", "fjd", "fkp", "gbp", "gel", "gip", "gmd", "gnf", "gtq", "gyd", "hkd", "hnl", "htg",
    "huf", "idr", "ils", "inr", "isk", "jmd", "jod", "jpy", "kes", "kgs", "khr", "kmf", "krw",
    "kwd", "kyd", "kzt", "lak", "lbp", "lkr", "lrd", "lsl", "mad", "mdl", "mga", "mkd", "mmk",
    "mnt", "mop", "mur", "mvr", "mwk", "mxn", "myr", "mzn", "nad", "ngn", "nio", "nok", "npr",
    "nzd", "omr", "pab", "pen", "pgk", "php", "pkr", "pln", "pyg", "qar", "ron", "rsd", "rub",
    "rwf", "sar", "sbd", "scr", "sek", "sgd", "shp", "sle", "sos", "srd", "std", "szl", "thb",
    "tjs", "tnd", "top", "try", "ttd", "twd", "tzs", "uah", "ugx", "usd", "uyu", "uzs", "vnd",
    "vuv", "wst", "xaf", "xcd", "xof", "xpf", "yer", "zar", "zmw",
];

/// The smallest charge by currency, from Stripe's page on supported currencies.
const MINIMUMS: &[(&str, i64)] = &[
    ("aed", 200),
    ("bgn", 100),
    ("czk", 1_500),
    ("dkk", 250),
    ("gbp", 30),
    ("hkd", 400),
    ("huf", 17_500),
    ("mxn", 1_000),
    ("myr", 200),
    ("nok", 300),
    ("pln", 200),
    ("ron", 200),
    ("sek", 300),
    ("thb", 1_000),
];

/// Currencies without a smaller unit, as the API takes them.
const WITHOUT_DECIMALS: &[&str] = &[
    "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf",
    "xof", "xpf",
];

/// Currencies in thousandths.
const WITH_THREE_DECIMALS: &[&str] = &["bhd", "jod", "kwd", "omr", "tnd"];

/// An amount as a person reads it: `12.50 EUR`.
pub(crate) fn in_words(amount: i64, currency: &str, point: char) -> String {
    let decimals = match currency {
        none if WITHOUT_DECIMALS.contains(&none) => 0,
        three if WITH_THREE_DECIMALS.contains(&three) => 3,
        _ => 2,
    };
    let digits = format!("{amount:0>width$}", width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    let point = if decimals == 0 { String::new() } else { point.to_string() };
    format!("{whole}{point}{fraction} {}", currency.to_uppercase())
}

/// Checks a currency and gives it in lower case.
pub(crate) fn currency(text: &str) -> Result<String, ApiError> {
    let lower = text.to_ascii_lowercase();
    if CURRENCIES.contains(&lower.as_str()) {
        Ok(lower)
    } else {
        Err(ApiError::invalid(format!("Invalid currency: {text}")).param("currency"))
    }
}

/// Checks the amount of a payment.
pub(crate) fn payment_amount(amount: i64, currency: &str) -> Result<i64, ApiError> {
    positive(amount, "amount")?;
    let minimum = MINIMUMS
        .iter()
        .find(|(name, _)| *name == currency)
        .map_or(MINIMUM_ELSEWHERE, |(_, minimum)| *minimum);
    if amount < minimum {
        return Err(ApiError::invalid(format!(
            "The amount must be at least {minimum} in the smallest unit of {currency}."
        ))
        .code("amount_too_small")
        .param("amount"));
    }
    Ok(amount)
}

/// Checks an amount that only has to be one.
pub(crate) fn positive(amount: i64, param: &str) -> Result<i64, ApiError> {
    if amount < 1 {
        return Err(ApiError::invalid("This value must be greater than or equal to 1.")
            .code("parameter_invalid_integer")
            .param(param));
    }
    if amount > AMOUNT_MAX {
        return Err(ApiError::invalid(format!("The amount must be no more than {AMOUNT_MAX}."))
            .code("amount_too_large")
            .param(param));
    }
    Ok(amount)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_currency_has_its_minimum() {
        for (name, minimum) in [("eur", 50), ("gbp", 30), ("huf", 17_500), ("jpy", 50)] {
            assert!(payment_amount(minimum, name).is_ok(), "{name}");
            assert!(payment_amount(minimum - 1, name).is_err(), "{name}");
        }
        assert!(payment_amount(AMOUNT_MAX + 1, "eur").is_err());
        assert!(currency("zzz").is_err());
        assert_eq!(currency("EUR").unwrap(), "eur");
    }

    #[test]
    fn an_amount_is_written_with_the_decimals_of_its_currency() {
        assert_eq!(in_words(1_250, "eur", ','), "12,50 EUR");
        assert_eq!(in_words(5, "eur", '.'), "0.05 EUR");
        assert_eq!(in_words(1_250, "jpy", '.'), "1250 JPY");
        assert_eq!(in_words(1_250, "kwd", '.'), "1.250 KWD");
    }
}
