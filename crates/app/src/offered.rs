//! The payment methods that a tenant offers: what the shop is told of each, and how an order that
//! names one is paid.

use protocol::configure::MethodConfiguration;
pub use protocol::message::CheckoutStrategy;
use protocol::order::method_key;

use crate::settings::{METHODS_MAX, TITLE_MAX};

/// The payment method of a tenant that names none.
pub const DEFAULT_METHOD: &str = "Stripe";

/// A payment method that the shop offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferedMethod {
    /// Its name in the shop.
    pub name: String,
    /// Where the payment form is.
    pub strategy: CheckoutStrategy,
    /// How it is paid.
    pub terms: Terms,
}

/// How an order is paid. By default by everything the account offers, captured on command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// The only kinds that may pay it, in the PSP's words; none of them stands for all.
    pub kinds: Vec<String>,
    /// When the money is taken.
    pub capture: CaptureMode,
}

/// When the money of a payment is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CaptureMode {
    /// It is held at checkout and captured on command, where the kind can hold money.
    #[default]
    Manual,
    /// It is captured at checkout.
    Automatic,
}

impl CaptureMode {
    const ALL: [Self; 2] = [Self::Manual, Self::Automatic];

    /// The word of the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Automatic => "automatic",
        }
    }

    /// The mode of that name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }
}

impl OfferedMethod {
    /// A method of that name with nothing special about it.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            strategy: CheckoutStrategy::HostedPaymentPage,
            terms: Terms::default(),
        }
    }

    /// As the configuration says it.
    pub fn configuration(&self) -> MethodConfiguration {
        let Self { name, strategy, terms } = self;
        let plain = Self::named(name);
        MethodConfiguration {
            name: name.clone(),
            strategy: (*strategy != plain.strategy).then(|| strategy.name().to_owned()),
            types: terms.kinds.clone(),
            capture: (terms.capture != plain.terms.capture)
                .then(|| terms.capture.name().to_owned()),
        }
    }

    /// Reads one of the configuration. `is_kind` knows the PSP's kinds.
    ///
    /// # Errors
    /// What is wrong, to be put behind the name of the field.
    pub fn read(
        configured: &MethodConfiguration,
        is_kind: &dyn Fn(&str) -> bool,
    ) -> Result<Self, String> {
        let name = configured.name.trim();
        if name.is_empty() || name.chars().count() > TITLE_MAX {
            return Err(format!("has a name that is empty or longer than {TITLE_MAX} characters"));
        }
        let mut method = Self::named(name);
        if let Some(word) = &configured.strategy {
            method.strategy = CheckoutStrategy::from_name(word).ok_or_else(|| {
                let known = CheckoutStrategy::ALL.map(CheckoutStrategy::name).join(", ");
                format!("has the strategy {word:?} at {name:?}; send one of {known}")
            })?;
        }
        if let Some(word) = &configured.capture {
            method.terms.capture = CaptureMode::from_name(word).ok_or_else(|| {
                format!("has the capture {word:?} at {name:?}; send manual or automatic")
            })?;
        }
        if let Some(kind) = configured.types.iter().find(|kind| !is_kind(kind)) {
            return Err(format!(
                "has the type {kind:?} at {name:?}, which the payment provider does not have; send \
                 one such as card"
            ));
        }
        method.terms.kinds.clone_from(&configured.types);
        Ok(method)
    }
}

/// Reads the methods of a configuration. The first of two with one name wins; the shop cannot tell
/// them apart.
///
/// # Errors
/// What is wrong, to be put behind the name of the field.
pub(crate) fn read_all(
    configured: &[MethodConfiguration],
    is_kind: &dyn Fn(&str) -> bool,
) -> Result<Vec<OfferedMethod>, String> {
    let mut methods: Vec<OfferedMethod> = Vec::new();
    for method in configured {
        let method = OfferedMethod::read(method, is_kind)?;
        if !methods.iter().any(|known| known.name == method.name) {
            methods.push(method);
        }
    }
    if methods.len() > METHODS_MAX {
        return Err(format!("has more than {METHODS_MAX} names"));
    }
    Ok(methods)
}

/// How an order that names this method is paid. An order that names none of them, because the shop
/// renamed it, say, is paid as the only method there is, or else without limits: a checkout never
/// fails over a name.
pub fn terms(methods: &[OfferedMethod], named: Option<&str>) -> Terms {
    let method = match methods {
        [only] => Some(only),
        many => many.iter().find(|method| Some(method_key(&method.name).as_str()) == named),
    };
    method.map(|method| method.terms.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn method(name: &str, kinds: &[&str]) -> OfferedMethod {
        let kinds = kinds.iter().map(|&kind| kind.to_owned()).collect();
        OfferedMethod { terms: Terms { kinds, ..Terms::default() }, ..OfferedMethod::named(name) }
    }

    #[test]
    fn an_order_is_paid_as_the_method_that_it_names() {
        let methods = [method("Stripe", &[]), method("PayPal Express", &["paypal"])];
        assert_eq!(terms(&methods, Some("paypal-express")).kinds, ["paypal"]);
        assert_eq!(terms(&methods, Some("stripe")), Terms::default());
        assert_eq!(terms(&methods, Some("renamed")), Terms::default());
        assert_eq!(terms(&methods, None), Terms::default());
        assert_eq!(terms(&methods[1..], None).kinds, ["paypal"], "there is no other");
    }

    #[test]
    fn what_was_read_is_shown_as_it_was_sent() {
        let sent = MethodConfiguration {
            name: "PayPal Express".into(),
            strategy: Some("express-checkout".into()),
            types: vec!["paypal".into()],
            capture: Some("automatic".into()),
        };
        let read = OfferedMethod::read(&sent, &|kind| kind == "paypal").unwrap();
        assert_eq!(read.configuration(), sent);
        assert_eq!(OfferedMethod::named("a").configuration().strategy, None);
    }

    #[test]
    fn c69_what_is_wrong_about_a_method_is_named() {
        let wrong = |change: fn(&mut MethodConfiguration)| {
            let mut method =
                MethodConfiguration { name: "Cards".into(), ..MethodConfiguration::default() };
            change(&mut method);
            OfferedMethod::read(&method, &|kind| kind == "card").unwrap_err()
        };
        assert_eq!(
            wrong(|method| method.name = " ".into()),
            "has a name that is empty or longer than 100 characters"
        );
        assert_eq!(
            wrong(|method| method.strategy = Some("iframe".into())),
            "has the strategy \"iframe\" at \"Cards\"; send one of hosted-payment-page, embedded, \
             express-checkout"
        );
        assert_eq!(
            wrong(|method| method.capture = Some("later".into())),
            "has the capture \"later\" at \"Cards\"; send manual or automatic"
        );
        assert_eq!(
            wrong(|method| method.types = vec!["card".into(), "cards".into()]),
            "has the type \"cards\" at \"Cards\", which the payment provider does not have; send one \
             such as card"
        );
    }
}
