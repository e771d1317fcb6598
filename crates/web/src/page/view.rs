//! What stands on a page, for the template that writes it.

use app::payment_page::{Opened, PageState, PaymentPage};
use app::ports::ShopperStep;
use askama::Template;
use http::StatusCode;
use payment::{Mode, PspAccountId};
use secrecy::ExposeSecret;
use serde::Serialize;

use crate::page::amount::amount;
use crate::page::colour::Look;
use crate::page::language::Language;
use crate::page::order::Order;
use crate::page::texts::{Texts, filled};
use crate::page::visit::Visit;

/// One document. Not `Debug`: it may carry what opens the payment.
#[derive(Template)]
#[template(path = "page.html")]
pub(crate) struct View<'a> {
    language: Language,
    texts: &'static Texts,
    nonce: &'a str,
    style: &'static str,
    script: &'static str,
    /// The page's state, for its script and for whoever tests it.
    state: &'static str,
    look: Look,
    brand: Brand<'a>,
    test: bool,
    order: Option<Order>,
    card: Card,
    back: Option<&'a str>,
    stripe_js: Option<&'a str>,
    data: Option<String>,
}

/// Whose page it is.
#[derive(Default)]
struct Brand<'a> {
    title: Option<&'a str>,
    icon: Option<&'a str>,
    initial: Option<char>,
}

/// What the shopper reads and does.
enum Card {
    /// She pays.
    Form { pay: String, message: Option<String>, finish: bool },
    /// She is told how it stands.
    Notice {
        tone: &'static str,
        sign: char,
        title: &'static str,
        text: &'static str,
        actions: Vec<Action>,
    },
}

/// Where she may go on.
struct Action {
    id: &'static str,
    label: &'static str,
    href: String,
    /// Whether it leads out of the shop's frame.
    leaves: bool,
}

/// One thing to say about a payment, or about none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    Processing,
    Paid,
    Canceled,
    Unknown,
    Disconnected,
    Unreachable,
    Broken,
}

impl Notice {
    /// What to say of a payment that nothing can be done about here.
    pub(crate) fn of(state: &PageState) -> Self {
        match state {
            PageState::Paid => Self::Paid,
            PageState::Processing(_) => Self::Processing,
            PageState::Canceled => Self::Canceled,
            PageState::Disconnected => Self::Disconnected,
            PageState::Unreachable => Self::Unreachable,
            PageState::Payable(_) | PageState::Superseded(_) => Self::Unknown,
        }
    }

    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::Processing | Self::Paid | Self::Canceled => StatusCode::OK,
            Self::Unknown => StatusCode::NOT_FOUND,
            Self::Disconnected => StatusCode::FORBIDDEN,
            Self::Unreachable | Self::Broken => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Processing => "processing",
            Self::Paid => "paid",
            Self::Canceled => "canceled",
            Self::Unknown => "unknown",
            Self::Disconnected => "disconnected",
            Self::Unreachable => "unreachable",
            Self::Broken => "broken",
        }
    }

    fn card(self, texts: &'static Texts, actions: Vec<Action>) -> Card {
        let (tone, sign, title, text) = match self {
            Self::Processing => ("wait", '…', texts.processing_title, texts.processing),
            Self::Paid => ("ok", '✓', texts.paid_title, texts.paid),
            Self::Canceled => ("wait", '–', texts.canceled_title, texts.canceled),
            Self::Unknown => ("bad", '?', texts.unknown_title, texts.unknown),
            Self::Disconnected => ("bad", '!', texts.disconnected_title, texts.disconnected),
            Self::Unreachable => ("bad", '!', texts.unreachable_title, texts.unreachable),
            Self::Broken => ("bad", '!', texts.broken_title, texts.broken),
        };
        Card::Notice { tone, sign, title, text, actions }
    }
}

impl<'a> View<'a> {
    /// The page on which an attempt is paid.
    pub(crate) fn form(visit: &'a Visit<'a>, page: &'a PaymentPage, opened: &Opened) -> Self {
        let mut view = Self::of_payment(visit, page, opened.view.amount);
        let texts = view.texts;
        let (message, finish) = match opened.step {
            ShopperStep::Finish => (None, true),
            ShopperStep::Pay { declined: None } => (None, false),
            ShopperStep::Pay { declined: Some(decline) } => {
                (Some(format!("{} {}", texts.decline(decline), texts.not_charged)), false)
            }
        };
        let pay = filled(texts.pay, &amount(opened.view.amount, view.language));
        view.state = "payable";
        view.card = Card::Form { pay, message, finish };
        view.back = back(page);
        view.with_stripe(visit, page, opened)
    }

    /// The money is on its way. The page goes on by itself once it is there.
    pub(crate) fn processing(visit: &'a Visit<'a>, page: &'a PaymentPage, opened: &Opened) -> Self {
        let view = Self::notice(visit, page, Notice::Processing);
        view.with_stripe(visit, page, opened)
    }

    /// One thing to say about a payment.
    pub(crate) fn notice(visit: &'a Visit<'a>, page: &'a PaymentPage, notice: Notice) -> Self {
        let mut view = Self::of_payment(visit, page, page.payment.checkout.total);
        view.state = notice.name();
        view.card = notice.card(view.texts, actions(visit, page, view.texts, notice));
        view
    }

    /// The page that leads out of a frame.
    pub(crate) fn leaving(
        visit: &'a Visit<'a>,
        page: &'a PaymentPage,
        why: Notice,
        target: &str,
    ) -> Self {
        let mut view = Self::of_payment(visit, page, page.payment.checkout.total);
        let texts = view.texts;
        let on = Action { id: "on", label: texts.on, href: target.to_owned(), leaves: true };
        view.state = why.name();
        view.card = why.card(texts, vec![on]);
        view.data = json(&Leaving { state: "leaving", leave_to: target });
        view
    }

    /// A page about no payment in particular.
    pub(crate) fn of_nothing(visit: &'a Visit<'a>, notice: Notice) -> Self {
        let language = visit.language(None);
        let texts = Texts::of(language);
        Self {
            language,
            texts,
            nonce: visit.nonce(),
            style: include_str!("../../templates/page.css"),
            script: include_str!("../../templates/page.js"),
            state: notice.name(),
            look: Look::of(None),
            brand: Brand::default(),
            test: false,
            order: None,
            card: notice.card(texts, Vec::new()),
            back: None,
            stripe_js: None,
            data: None,
        }
    }

    /// Whether the document loads Stripe.js.
    pub(crate) fn loads_stripe(&self) -> bool {
        self.stripe_js.is_some()
    }

    fn of_payment(visit: &'a Visit<'a>, page: &'a PaymentPage, total: payment::Money) -> Self {
        let PaymentPage { payment, settings, .. } = page;
        let language = visit.language(payment.checkout.locale.as_deref());
        let title = settings.payment_page_title.as_deref();
        Self {
            language,
            texts: Texts::of(language),
            look: Look::of(settings.pay_button_color.as_deref()),
            brand: Brand {
                title,
                icon: settings.brand_favicon.as_deref(),
                initial: title.and_then(|title| title.chars().find(|sign| sign.is_alphanumeric())),
            },
            test: payment.account.mode == Mode::Test,
            order: Some(Order::of(&payment.checkout, total, language)),
            ..Self::of_nothing(visit, Notice::Unknown)
        }
    }

    fn with_stripe(mut self, visit: &'a Visit<'a>, page: &PaymentPage, opened: &Opened) -> Self {
        let stripe_js = visit.state.page.stripe_js_url.as_ref();
        let texts = self.texts;
        let tenant = &page.payment.tenant;
        self.data = json(&Paying {
            state: self.state,
            stripe_js,
            publishable_key: &opened.publishable_key,
            stripe_account: opened.account_id.as_ref().map(PspAccountId::as_str),
            client_secret: opened.client_secret.expose_secret(),
            locale: self.language.code(),
            return_url: visit.state.context.site.return_url(&opened.view.reference, tenant),
            texts: Spoken {
                paying: texts.paying,
                again: texts.again,
                insufficient_funds: texts.insufficient_funds,
                expired_card: texts.expired_card,
                incorrect_cvc: texts.incorrect_cvc,
                not_confirmed: texts.not_confirmed,
                passing: texts.passing,
                declined: texts.declined,
                not_charged: texts.not_charged,
                form_failed: texts.form_failed,
                unsure: texts.unsure,
            },
        });
        self.stripe_js = Some(stripe_js);
        self
    }

    /// The window's title: what to do here, and whose page it is.
    fn window_title(&self) -> String {
        let what = match &self.card {
            Card::Form { .. } => self.texts.pay_title,
            Card::Notice { title, .. } => title,
        };
        match self.brand.title {
            Some(brand) => format!("{what} · {brand}"),
            None => what.to_owned(),
        }
    }
}

/// Where the shopper goes without paying.
fn back(page: &PaymentPage) -> Option<&str> {
    let redirects = &page.payment.checkout.redirects;
    redirects.cancel.as_deref().or(redirects.summary.as_deref())
}

fn actions(
    visit: &Visit<'_>,
    page: &PaymentPage,
    texts: &'static Texts,
    notice: Notice,
) -> Vec<Action> {
    let success = page.payment.checkout.redirects.success.as_deref();
    let on = |href: &str| Action { id: "on", label: texts.on, href: href.to_owned(), leaves: true };
    let back = back(page).map(|href| Action {
        id: "back",
        label: texts.back,
        href: href.to_owned(),
        leaves: true,
    });
    let again = page.payment.reference().map(|reference| Action {
        id: "again",
        label: texts.again,
        href: visit.state.context.site.page_url(reference, &page.payment.tenant),
        leaves: false,
    });
    match notice {
        Notice::Processing | Notice::Paid => success.map(on).into_iter().collect(),
        Notice::Canceled | Notice::Disconnected | Notice::Unknown => back.into_iter().collect(),
        Notice::Unreachable | Notice::Broken => again.into_iter().chain(back).collect(),
    }
}

/// What the script needs in order to have the payment made. It carries what opens the payment.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Paying<'a> {
    state: &'a str,
    stripe_js: &'a str,
    publishable_key: &'a str,
    /// The account that the key works in, where it is that of the operator's platform.
    #[serde(skip_serializing_if = "Option::is_none")]
    stripe_account: Option<&'a str>,
    client_secret: &'a str,
    locale: &'a str,
    return_url: String,
    texts: Spoken,
}

/// What the script says.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Spoken {
    paying: &'static str,
    again: &'static str,
    insufficient_funds: &'static str,
    expired_card: &'static str,
    incorrect_cvc: &'static str,
    not_confirmed: &'static str,
    passing: &'static str,
    declined: &'static str,
    not_charged: &'static str,
    form_failed: &'static str,
    unsure: &'static str,
}

/// What the script needs in order to lead out of a frame.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Leaving<'a> {
    state: &'a str,
    leave_to: &'a str,
}

/// JSON that can stand in a document: nothing in it ends the element around it.
fn json(value: &impl Serialize) -> Option<String> {
    let text = serde_json::to_string(value).ok()?;
    Some(text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026"))
}
