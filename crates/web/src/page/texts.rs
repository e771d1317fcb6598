//! What a shopper reads, in every language. A text that is missing does not compile.

mod de;
mod en;
mod es;
mod fr;
mod it;
mod nl;
mod pl;

use app::ports::Decline;

use crate::page::language::Language;

/// The texts of one language. In some, `{}` stands for what differs.
#[derive(Debug)]
pub(crate) struct Texts {
    /// What the window is called.
    pub(crate) pay_title: &'static str,
    /// The order's reference follows `{}`.
    pub(crate) order: &'static str,
    /// Heading of the order's items.
    pub(crate) your_order: &'static str,
    /// What was left out of a long list.
    pub(crate) more_items: &'static str,
    /// What the items alone do not explain.
    pub(crate) other_costs: &'static str,
    /// The order's total.
    pub(crate) total: &'static str,
    /// On a payment of the test mode.
    pub(crate) test_mode: &'static str,
    /// Heading of the form.
    pub(crate) how: &'static str,
    /// While the form is being loaded.
    pub(crate) loading: &'static str,
    /// The button; the total stands in place of `{}`.
    pub(crate) pay: &'static str,
    /// While the payment is being made.
    pub(crate) paying: &'static str,
    /// Under the button.
    pub(crate) secured: &'static str,
    /// Back to the shop, without paying.
    pub(crate) back: &'static str,
    /// On to the shop.
    pub(crate) on: &'static str,
    /// The page once more.
    pub(crate) again: &'static str,
    /// A step that was begun is open.
    pub(crate) finish: &'static str,
    /// Goes on with that step.
    pub(crate) finish_button: &'static str,
    /// Declined.
    pub(crate) insufficient_funds: &'static str,
    /// Declined.
    pub(crate) expired_card: &'static str,
    /// Declined.
    pub(crate) incorrect_cvc: &'static str,
    /// Declined.
    pub(crate) not_confirmed: &'static str,
    /// Declined.
    pub(crate) passing: &'static str,
    /// Declined.
    pub(crate) declined: &'static str,
    /// After every decline.
    pub(crate) not_charged: &'static str,
    /// Stripe.js or its form did not load.
    pub(crate) form_failed: &'static str,
    /// No answer after the button was pressed.
    pub(crate) unsure: &'static str,
    /// Without JavaScript.
    pub(crate) no_script: &'static str,
    /// The money is on its way.
    pub(crate) processing_title: &'static str,
    /// The money is on its way.
    pub(crate) processing: &'static str,
    /// Paid.
    pub(crate) paid_title: &'static str,
    /// Paid.
    pub(crate) paid: &'static str,
    /// Canceled or expired.
    pub(crate) canceled_title: &'static str,
    /// Canceled or expired.
    pub(crate) canceled: &'static str,
    /// No such payment.
    pub(crate) unknown_title: &'static str,
    /// No such payment.
    pub(crate) unknown: &'static str,
    /// The tenant is disconnected.
    pub(crate) disconnected_title: &'static str,
    /// The tenant is disconnected.
    pub(crate) disconnected: &'static str,
    /// The provider does not answer.
    pub(crate) unreachable_title: &'static str,
    /// The provider does not answer.
    pub(crate) unreachable: &'static str,
    /// Something broke.
    pub(crate) broken_title: &'static str,
    /// Something broke.
    pub(crate) broken: &'static str,
}

impl Texts {
    /// The texts of a language.
    pub(crate) fn of(language: Language) -> &'static Self {
        match language {
            Language::En => &en::EN,
            Language::De => &de::DE,
            Language::Fr => &fr::FR,
            Language::Es => &es::ES,
            Language::It => &it::IT,
            Language::Nl => &nl::NL,
            Language::Pl => &pl::PL,
        }
    }

    /// Why a try to pay was declined.
    pub(crate) fn decline(&self, decline: Decline) -> &'static str {
        match decline {
            Decline::InsufficientFunds => self.insufficient_funds,
            Decline::ExpiredCard => self.expired_card,
            Decline::IncorrectCvc => self.incorrect_cvc,
            Decline::NotConfirmed => self.not_confirmed,
            Decline::Passing => self.passing,
            Decline::Other => self.declined,
        }
    }
}

/// The text with `value` in its place.
pub(crate) fn filled(text: &str, value: &str) -> String {
    text.replacen("{}", value, 1)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Every text with the name of its field.
    fn all(texts: &Texts) -> Vec<(String, String)> {
        let shown = format!("{texts:?}");
        let fields = shown.trim_start_matches("Texts { ").trim_end_matches(" }");
        let fields = fields.split("\", ").map(|field| field.split_once(": \"").unwrap());
        fields
            .map(|(name, text)| (name.to_owned(), text.trim_end_matches('"').to_owned()))
            .collect()
    }

    #[test]
    fn every_text_is_translated_and_says_the_same_things() {
        let english = all(Texts::of(Language::En));
        assert!(english.len() > 40, "{english:?}");
        for language in Language::ALL {
            let texts = all(Texts::of(language));
            for ((name, english), (_, text)) in english.iter().zip(&texts) {
                let code = language.code();
                assert!(!text.trim().is_empty(), "{code} {name}");
                assert_eq!(
                    text.matches("{}").count(),
                    english.matches("{}").count(),
                    "{code} {name}"
                );
                // A word or two may be the same in two languages, a sentence never is.
                let sentence = english.split(' ').count() > 3;
                assert!(language == Language::En || !sentence || text != english, "{code} {name}");
                assert_eq!(text.ends_with('.'), english.ends_with('.'), "{code} {name}: {text}");
            }
        }
    }

    #[test]
    fn every_decline_has_words_of_its_own() {
        for language in Language::ALL {
            let texts = Texts::of(language);
            let told: BTreeSet<&str> = Decline::ALL.map(|decline| texts.decline(decline)).into();
            assert_eq!(told.len(), Decline::ALL.len(), "{}", language.code());
        }
    }

    #[test]
    fn a_value_takes_its_place_once() {
        assert_eq!(filled("Pay {}", "{}1"), "Pay {}1");
        assert_eq!(filled("nothing", "1"), "nothing");
    }
}
