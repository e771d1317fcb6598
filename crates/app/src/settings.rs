//! Checks a tenant's configuration and merges it into what is stored. Every wrong field is named.

use payment::Mode;
use protocol::configure::{Configuration, masked};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::checkout::InvalidField;
use crate::customer_token_key;
use crate::offered::{self, DEFAULT_METHOD, OfferedMethod};
use crate::redirects::is_safe;
use crate::tenant::{BusinessModel, Credentials, Language, Settings};

/// The most payment methods a tenant may have.
pub const METHODS_MAX: usize = 20;
/// The longest title of a payment page, in characters.
pub const TITLE_MAX: usize = 100;
/// The longest addition to the descriptor on a shopper's statement, in characters.
pub const DESCRIPTOR_SUFFIX_MAX: usize = 22;

/// The keys of a tenant, checked by their form.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    pub secret: SecretString,
    pub publishable: String,
    pub mode: Mode,
    pub webhook_secrets: Vec<SecretString>,
}

type Checked<T> = Result<T, Vec<InvalidField>>;

/// The keys after merging, each checked by its prefix, all of one mode.
pub(crate) fn keys(new: &Configuration, known: Option<&Credentials>) -> Checked<Keys> {
    let mut wrong = Vec::new();
    let secret = secret_key(new, known);
    let old = known.and_then(Credentials::own_keys);
    let publishable =
        new.publishable_key.clone().or_else(|| old.map(|old| old.publishable.clone()));
    let secret_mode = mode_of(
        "secretKey",
        secret.as_ref().map(|key| key.expose_secret()),
        &["sk_", "rk_"],
        &mut wrong,
    );
    let publishable_mode = mode_of("publishableKey", publishable.as_deref(), &["pk_"], &mut wrong);
    let environment = environment(new, &mut wrong);
    let mode = secret_mode.unwrap_or(Mode::Test);
    if publishable_mode.is_some_and(|other| other != mode) && secret_mode.is_some() {
        let problem = format!("is not a {} key, but secretKey is; send a pair", mode.name());
        wrong.push(InvalidField::new("publishableKey", problem));
    }
    if environment.is_some_and(|wanted| wanted != mode) && secret_mode.is_some() {
        let problem = format!("does not fit secretKey, which is a {} key", mode.name());
        wrong.push(InvalidField::new("environment", problem));
    }
    let webhook_secrets = webhook_secrets(new, known, &mut wrong);
    match (secret, publishable) {
        (Some(secret), Some(publishable)) if wrong.is_empty() => {
            Ok(Keys { secret, publishable, mode, webhook_secrets })
        }
        _ => Err(wrong),
    }
}

/// The keys where `secret` turned out to belong to another account than the tenant's last one.
/// What is not sent anew is then that account's own, `before`, if it was ever configured: a
/// publishable key of another account lets every shopper fail, and a signing secret of another
/// account, perhaps of its test mode, proves nothing.
pub(crate) fn keys_of_another_account(
    new: &Configuration,
    keys: Keys,
    last: &Credentials,
    before: Option<&Credentials>,
) -> Checked<Keys> {
    let mut wrong = Vec::new();
    let publishable_of = |of: &Credentials| of.own_keys().map(|pair| pair.publishable.clone());
    let of_last = publishable_of(last);
    let sent = new.publishable_key.clone().filter(|key| Some(key) != of_last.as_ref());
    let publishable = sent.or_else(|| before.and_then(publishable_of));
    if publishable.is_none() {
        let problem = "belongs to the account that was configured before; send that of secretKey's";
        wrong.push(InvalidField::new("publishableKey", problem));
    }
    let webhook_secrets = webhook_secrets(new, before, &mut wrong);
    match publishable {
        Some(publishable) if wrong.is_empty() => Ok(Keys { publishable, webhook_secrets, ..keys }),
        Some(_) | None => Err(wrong),
    }
}

/// The secret key after merging. A form that shows the masked key may send it back as it is: that
/// means "unchanged".
fn secret_key(new: &Configuration, known: Option<&Credentials>) -> Option<SecretString> {
    let old = known.and_then(Credentials::own_keys).map(|old| &old.secret);
    match (&new.secret_key, old) {
        (Some(given), Some(old)) => Some(unmasked(given, [old])),
        (Some(given), None) => Some(given.clone()),
        (None, old) => old.cloned(),
    }
}

/// The secrets of endpoints made by hand after merging; masked ones that come back are the old. A
/// masked one that is not known is no secret: whoever saw the mask could sign with it.
pub(crate) fn webhook_secrets(
    new: &Configuration,
    known: Option<&Credentials>,
    wrong: &mut Vec<InvalidField>,
) -> Vec<SecretString> {
    let old: &[SecretString] = known.map(|old| old.webhook_secrets.as_slice()).unwrap_or_default();
    let secrets: Vec<SecretString> = match &new.webhook_secrets {
        Some(given) => given.iter().map(|secret| unmasked(secret, old)).collect(),
        None => old.to_vec(),
    };
    if !secrets.iter().all(|secret| is_signing_secret(secret.expose_secret())) {
        let problem = "has an entry that is no signing secret; copy those that begin with whsec_";
        wrong.push(InvalidField::new("webhookSecrets", problem));
    }
    secrets
}

fn is_signing_secret(text: &str) -> bool {
    text.strip_prefix("whsec_")
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_graphic()))
}

fn unmasked<'a>(
    given: &SecretString,
    known: impl IntoIterator<Item = &'a SecretString>,
) -> SecretString {
    let text = given.expose_secret();
    let old = known.into_iter().find(|old| masked(old.expose_secret()) == text);
    old.unwrap_or(given).clone()
}

/// The mode that a key's prefix says, or a complaint about the key. Its length says nothing.
fn mode_of(
    field: &str,
    key: Option<&str>,
    kinds: &[&str],
    wrong: &mut Vec<InvalidField>,
) -> Option<Mode> {
    let expected: Vec<String> =
        kinds.iter().flat_map(|kind| [format!("{kind}test_"), format!("{kind}live_")]).collect();
    let Some(key) = key.filter(|key| !key.is_empty()) else {
        let problem = format!("is missing; send a key that begins with {}", expected.join(" or "));
        wrong.push(InvalidField::new(field, problem));
        return None;
    };
    let rest = kinds.iter().find_map(|kind| key.strip_prefix(kind));
    let mode = rest.and_then(|rest| {
        [Mode::Test, Mode::Live]
            .into_iter()
            .find(|mode| rest.strip_prefix(mode.name()).is_some_and(|rest| rest.starts_with('_')))
    });
    let usable = key.bytes().all(|byte| byte.is_ascii_graphic());
    if mode.is_none() || !usable {
        let problem = format!("is not a key; it begins with {}", expected.join(" or "));
        wrong.push(InvalidField::new(field, problem));
        return None;
    }
    mode
}

pub(crate) fn environment(new: &Configuration, wrong: &mut Vec<InvalidField>) -> Option<Mode> {
    let name = new.environment.as_deref()?;
    let mode = Mode::from_name(name);
    if mode.is_none() {
        wrong.push(InvalidField::new("environment", "is neither test nor live"));
    }
    mode
}

/// The settings after merging: what is new wins, what is not mentioned stays. `is_kind` knows the
/// PSP's kinds of payment methods.
pub(crate) fn merge(
    old: Option<&Settings>,
    new: &Configuration,
    is_kind: &dyn Fn(&str) -> bool,
) -> Checked<Settings> {
    let mut settings = old.cloned().unwrap_or_default();
    let mut wrong = Vec::new();
    if let Some(name) = &new.business_model {
        match BusinessModel::from_name(name) {
            Some(model) => settings.business_model = model,
            None => {
                let problem = "is neither direct nor marketplace";
                wrong.push(InvalidField::new("businessModel", problem));
            }
        }
    }
    if let Some(code) = &new.onboarding_language {
        match Language::from_code(code) {
            Some(language) => settings.onboarding_language = language,
            None => {
                let problem = "is neither en nor de";
                wrong.push(InvalidField::new("onboardingLanguage", problem));
            }
        }
    }
    merge_look(&mut settings, new, &mut wrong);
    if let Some(methods) = &new.payment_methods {
        match offered::read_all(methods, is_kind) {
            Ok(methods) => settings.payment_methods = methods,
            Err(problem) => wrong.push(InvalidField::new("paymentMethods", problem)),
        }
    }
    merge_lists(&mut settings, new, &mut wrong);
    if let Some(shared) = new.shared_command_channel {
        settings.shared_command_channel = shared;
    }
    if settings.payment_methods.is_empty() {
        settings.payment_methods = vec![OfferedMethod::named(DEFAULT_METHOD)];
    }
    if wrong.is_empty() { Ok(settings) } else { Err(wrong) }
}

/// An empty text takes a setting away.
fn merge_look(settings: &mut Settings, new: &Configuration, wrong: &mut Vec<InvalidField>) {
    let fields: [(&str, &Option<String>, &mut Option<String>, Check); 4] = [
        ("paymentPageTitle", &new.payment_page_title, &mut settings.payment_page_title, title),
        ("brandFavicon", &new.brand_favicon, &mut settings.brand_favicon, https),
        ("payButtonColor", &new.pay_button_color, &mut settings.pay_button_color, color),
        (
            "statementDescriptorSuffix",
            &new.statement_descriptor_suffix,
            &mut settings.statement_descriptor_suffix,
            descriptor_suffix,
        ),
    ];
    for (field, given, setting, check) in fields {
        match given.as_deref() {
            None => {}
            Some("") => *setting = None,
            Some(text) => match check(text) {
                Ok(()) => *setting = Some(text.to_owned()),
                Err(problem) => wrong.push(InvalidField::new(field, problem)),
            },
        }
    }
}

type Check = fn(&str) -> Result<(), String>;

fn title(text: &str) -> Result<(), String> {
    if text.chars().count() > TITLE_MAX {
        return Err(format!("is longer than {TITLE_MAX} characters"));
    }
    Ok(())
}

fn https(text: &str) -> Result<(), String> {
    match Url::parse(text) {
        Ok(url) if is_safe(&url, Mode::Live) => Ok(()),
        Ok(_) | Err(_) => Err("is not an https address".into()),
    }
}

fn color(text: &str) -> Result<(), String> {
    let digits = text.strip_prefix('#').unwrap_or_default();
    if digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Ok(());
    }
    Err("is not a colour; send one such as #1b7a43".into())
}

/// What card schemes print: at most 22 characters, a letter among them, none of `< > \ ' " *`.
fn descriptor_suffix(text: &str) -> Result<(), String> {
    let usable =
        text.chars().all(|c| (c.is_ascii_graphic() || c == ' ') && !"<>\\'\"*".contains(c));
    if usable
        && text.len() <= DESCRIPTOR_SUFFIX_MAX
        && text.chars().any(|c| c.is_ascii_alphabetic())
    {
        return Ok(());
    }
    Err(format!(
        "is not printable on a statement; send at most {DESCRIPTOR_SUFFIX_MAX} Latin characters \
         with a letter among them, none of < > \\ ' \" *"
    ))
}

fn merge_lists(settings: &mut Settings, new: &Configuration, wrong: &mut Vec<InvalidField>) {
    if let Some(origins) = &new.shop_origins {
        match origins.iter().map(|text| origin(text)).collect() {
            Ok(origins) => settings.shop_origins = origins,
            Err(problem) => wrong.push(InvalidField::new("shopOrigins", problem)),
        }
    }
    if let Some(keys) = &new.customer_token_keys {
        match customer_token_key::read_all(keys) {
            Ok(keys) => settings.customer_token_keys = keys,
            Err(problem) => wrong.push(InvalidField::new("customerTokenKeys", problem)),
        }
    }
    if let Some(links) = &new.onboarding_links {
        match links.iter().find(|link| https(link).is_err()) {
            None => settings.onboarding_links.clone_from(links),
            Some(link) => {
                let problem = format!("has {link:?}, which is not an https address");
                wrong.push(InvalidField::new("onboardingLinks", problem));
            }
        }
    }
}

/// An origin in its canonical form: scheme, host and port, nothing more.
fn origin(text: &str) -> Result<String, String> {
    let complaint =
        || format!("has {text:?}, which is no origin; send one such as https://shop.example");
    let url = Url::parse(text).map_err(|_| complaint())?;
    let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    if !is_safe(&url, Mode::Test) || !bare || !url.username().is_empty() {
        return Err(complaint());
    }
    Ok(url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::{Access, KeyPair};

    fn read(text: &str) -> Configuration {
        Configuration::from_text(text).unwrap()
    }

    fn merged(old: Option<&Settings>, text: &str) -> Checked<Settings> {
        merge(old, &read(text), &|kind| kind == "card")
    }

    fn wrong_keys(text: &str) -> Vec<String> {
        keys(&read(text), None).unwrap_err().into_iter().map(|field| field.field).collect()
    }

    #[test]
    fn c69_keys_that_do_not_fit_are_named() {
        assert_eq!(wrong_keys("{}"), ["secretKey", "publishableKey"]);
        assert_eq!(
            wrong_keys(r#"{"secretKey":"pk_test_1","publishableKey":"sk_test_1"}"#),
            ["secretKey", "publishableKey"]
        );
        assert_eq!(
            wrong_keys(r#"{"secretKey":"sk_test_1","publishableKey":"pk_live_1"}"#),
            ["publishableKey"]
        );
        assert_eq!(
            wrong_keys(
                r#"{"secretKey":"rk_live_1","publishableKey":"pk_live_1","environment":"test"}"#
            ),
            ["environment"]
        );
        assert_eq!(
            wrong_keys(
                r#"{"secretKey":"sk_test_1","publishableKey":"pk_test_1","webhookSecrets":["x"]}"#
            ),
            ["webhookSecrets"]
        );
        assert_eq!(
            wrong_keys(r#"{"secretKey":"sk_test_\u0000","publishableKey":"pk_test_1"}"#),
            ["secretKey"]
        );
    }

    #[test]
    fn a_pair_of_keys_says_its_mode() {
        let text = r#"{"secretKey":"rk_live_1","publishableKey":"pk_live_1"}"#;
        assert_eq!(keys(&read(text), None).unwrap().mode, Mode::Live);
        let text = r#"{"secretKey":"sk_test_1","publishableKey":"pk_test_1"}"#;
        assert_eq!(keys(&read(text), None).unwrap().mode, Mode::Test);
    }

    #[test]
    fn a_masked_secret_that_comes_back_is_unchanged() {
        let known = Credentials {
            account: payment::Account {
                id: payment::PspAccountId::new("acct_1"),
                mode: Mode::Test,
            },
            access: Access::Own(KeyPair {
                secret: "sk_test_51Abcdefgh1234".into(),
                publishable: "pk_test_1".into(),
            }),
            access_since: jiff::Timestamp::UNIX_EPOCH,
            endpoint: None,
            merchant_endpoint: None,
            webhook_secrets: vec!["whsec_0123456789abcdef".into()],
        };
        let text = r#"{"secretKey":"sk_test_…1234","webhookSecrets":["whsec_…cdef","whsec_new"]}"#;
        let keys = keys(&read(text), Some(&known)).unwrap();
        assert_eq!(keys.secret.expose_secret(), "sk_test_51Abcdefgh1234");
        let secrets: Vec<_> = keys.webhook_secrets.iter().map(|s| s.expose_secret()).collect();
        assert_eq!(secrets, ["whsec_0123456789abcdef", "whsec_new"]);
    }

    #[test]
    fn c67_what_is_not_mentioned_stays() {
        let old =
            merged(None, r##"{"paymentPageTitle":"Old","payButtonColor":"#112233"}"##).unwrap();
        let new = merged(Some(&old), r#"{"paymentPageTitle":"New"}"#).unwrap();
        assert_eq!(new.payment_page_title.as_deref(), Some("New"));
        assert_eq!(new.pay_button_color.as_deref(), Some("#112233"));
        assert_eq!(new.payment_methods, [OfferedMethod::named(DEFAULT_METHOD)]);
        let cleared = merged(Some(&new), r#"{"payButtonColor":""}"#).unwrap();
        assert_eq!(cleared.pay_button_color, None);
    }

    #[test]
    fn c69_every_wrong_setting_is_named_at_once() {
        let text = r#"{"businessModel":"x","brandFavicon":"http://a.test/f.ico","payButtonColor":"red",
            "statementDescriptorSuffix":"***","shopOrigins":["https://shop.test/path"],
            "onboardingLinks":["javascript:x"],"paymentMethods":[""]}"#;
        let fields: Vec<_> =
            merged(None, text).unwrap_err().into_iter().map(|field| field.field).collect();
        assert_eq!(
            fields,
            [
                "businessModel",
                "brandFavicon",
                "payButtonColor",
                "statementDescriptorSuffix",
                "paymentMethods",
                "shopOrigins",
                "onboardingLinks"
            ]
        );
    }

    #[test]
    fn origins_are_kept_in_their_canonical_form() {
        let text = r#"{"shopOrigins":["https://Shop.Example:443/","http://127.0.0.1:8082"]}"#;
        let settings = merged(None, text).unwrap();
        assert_eq!(settings.shop_origins, ["https://shop.example", "http://127.0.0.1:8082"]);
    }
}
