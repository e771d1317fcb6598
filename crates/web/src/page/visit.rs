//! One request for a page: who asks, and how the answer gets to her.

use app::payment_page::PaymentPage;
use axum::response::Response;
use http::{HeaderMap, StatusCode};

use crate::page::language::Language;
use crate::page::policy::{self, Policy};
use crate::page::view::{Notice, View};
use crate::state::WebState;

/// One request for a page.
pub(crate) struct Visit<'a> {
    pub(crate) state: &'a WebState,
    headers: &'a HeaderMap,
    nonce: String,
}

impl<'a> Visit<'a> {
    pub(crate) fn new(state: &'a WebState, headers: &'a HeaderMap) -> Self {
        // Two ids have more than the 128 random bits that a nonce should have.
        let entropy = &state.context.entropy;
        let nonce = format!("{}{}", entropy.new_id().simple(), entropy.new_id().simple());
        Self { state, headers, nonce }
    }

    pub(crate) fn nonce(&self) -> &str {
        &self.nonce
    }

    /// The language for the shopper of an order, or of none.
    pub(crate) fn language(&self, locale: Option<&str>) -> Language {
        Language::choose(locale, self.headers)
    }

    /// Whether the page is in a frame of the shop's. Browsers that do not say so are sent on as if
    /// it were not: the shop then shows in its own frame.
    pub(crate) fn is_framed(&self) -> bool {
        let destination = self.headers.get("sec-fetch-dest");
        destination.is_some_and(|value| value == "iframe" || value == "frame")
    }

    /// Sends the shopper to the shop. Out of a frame only a page can lead her.
    pub(crate) fn leave(&self, page: &PaymentPage, target: &str, why: Notice) -> Response {
        if !self.is_framed()
            && let Some(response) = policy::onward(target)
        {
            return response;
        }
        let view = View::leaving(self, page, why, target);
        self.show(StatusCode::OK, Some(page), &view)
    }

    /// Shows a document. Only the tenant's own shop may frame it.
    pub(crate) fn show(
        &self,
        status: StatusCode,
        page: Option<&PaymentPage>,
        view: &View<'_>,
    ) -> Response {
        let report_to = format!("{}/app-payment/csp-report", self.state.context.site.public_url);
        let settings = page.map(|page| &page.settings);
        let policy = Policy {
            nonce: &self.nonce,
            icon: settings.and_then(|settings| settings.brand_favicon.as_deref()),
            stripe: view.loads_stripe().then_some(&self.state.page.stripe),
            framed_by: settings
                .map(|settings| settings.shop_origins.as_slice())
                .unwrap_or_default(),
            report_to: &report_to,
        };
        match askama::Template::render(view) {
            Ok(html) => policy::document(status, &policy, html),
            Err(error) => {
                tracing::error!(%error, "the payment page cannot be written: this is a bug");
                policy::document(StatusCode::INTERNAL_SERVER_ERROR, &policy, String::new())
            }
        }
    }

    /// A page about no payment in particular.
    pub(crate) fn notice(&self, status: StatusCode, notice: Notice) -> Response {
        let view = View::of_nothing(self, notice);
        self.show(status, None, &view)
    }
}
