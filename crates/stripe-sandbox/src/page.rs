//! The frame of every page a person sees: its look, its language, its content security policy.

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};

use crate::language::Language;

/// The style of all pages, readable in light and dark and from 320 px up.
pub(crate) const STYLE: &str = include_str!("../web/page/page.css");
/// Where it is served.
pub(crate) const STYLE_PATH: &str = "/_sandbox/page.css";

/// A page, ready to be answered with.
pub(crate) struct Page {
    language: Language,
    status: StatusCode,
    title: &'static str,
    body: String,
    script: Option<&'static str>,
    forms_lead_to: Option<String>,
}

impl Page {
    /// A page of this title; the body is HTML.
    pub(crate) fn new(language: Language, title: &'static str, body: String) -> Self {
        Self { language, status: StatusCode::OK, title, body, script: None, forms_lead_to: None }
    }

    pub(crate) fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// The script it runs, by its path.
    pub(crate) fn script(mut self, path: &'static str) -> Self {
        self.script = Some(path);
        self
    }

    /// Where its forms may lead besides here, as a source of a content security policy: browsers hold the redirect that
    /// answers a form to `form-action`, too.
    pub(crate) fn forms_lead_to(mut self, source: Option<String>) -> Self {
        self.forms_lead_to = source;
        self
    }

    fn document(&self) -> String {
        let script = self
            .script
            .map(|path| format!("<script src=\"{path}\" defer></script>"))
            .unwrap_or_default();
        format!(
            "<!doctype html>\n<html lang=\"{lang}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
             <link rel=\"icon\" href=\"data:,\">\n\
             <link rel=\"stylesheet\" href=\"{STYLE_PATH}\">\n{script}</head>\n<body>\n\
             <main>\n{body}\n<p class=\"stand-in\">{stand_in}</p>\n</main>\n</body>\n</html>\n",
            lang = self.language.tag(),
            title = self.title,
            body = self.body,
            stand_in = self.language.pick(
                "A stand-in for Stripe. No real money moves.",
                "Ein Stellvertreter für Stripe. Es fließt kein echtes Geld.",
            ),
        )
    }

    /// The page and nothing else: no script or style but its own, no address handed on.
    fn policy(&self) -> String {
        format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; base-uri 'none'; \
             form-action 'self' {}; frame-ancestors *",
            self.forms_lead_to.as_deref().unwrap_or_default()
        )
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        html(self.status, self.document(), &self.policy())
    }
}

/// An HTML answer under a content security policy. The address of a page may hold a secret and is not handed on.
pub(crate) fn html(status: StatusCode, document: String, policy: &str) -> Response {
    let mut response = (status, document).into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // Every source in a policy comes from a parsed address, so this is a header.
    if let Ok(policy) = HeaderValue::from_str(policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}
