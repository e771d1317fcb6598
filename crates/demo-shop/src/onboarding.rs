//! Sending a merchant to the onboarding, as the merchant portal of a marketplace does.

use http::{HeaderName, HeaderValue, Method};
use url::Url;

use crate::client::{Answer, Request, Shown};
use crate::merchant::Merchant;
use crate::payment::message;
use crate::shop::Shop;
use crate::wire::merchant::{Onboarded, Onboarding};
use crate::wire::php;

/// The way in which the shop begins an onboarding: it calls the app, which answers an address.
const STRATEGY: &str = "api";
/// The way in which it uses what was answered: it sends the browser there.
const REDIRECT: &str = "redirect";

impl Shop {
    /// Asks the app where a merchant goes on. Returns the address, or a sentence that says why not.
    pub(crate) async fn onboard(&self, merchant: &'static Merchant) -> Result<String, String> {
        let Some(begins) = self.read(|state| {
            let invitation = state.merchants.invitation.as_ref();
            invitation.map(|invitation| invitation.onboarding.clone())
        }) else {
            return Err("No app onboards merchants now. Connect it as a marketplace on the Apps \
                        page, then try again."
                .to_owned());
        };
        if begins.strategy != STRATEGY {
            return Err(format!("The shop knows no onboarding by {:?}.", begins.strategy));
        }
        let path = Url::parse(&begins.url)
            .map_or_else(|_| begins.url.clone(), |url| url.path().to_owned());
        let mut headers = self.private_headers()?;
        let header = HeaderName::from_static("x-merchant-reference");
        headers.insert(header, HeaderValue::from_static(merchant.reference));
        let back = format!("{}/merchants/{}/back", self.config().address, merchant.reference);
        let body = php::call(&Onboarding::of(merchant.reference, merchant.name, &back));
        let request = Request { method: Method::POST, url: begins.url, headers, body };
        let summary = Some(merchant.reference.to_owned());
        let shown = Shown { title: format!("POST {path}"), summary, order: None };
        let answer = self.call(request, shown).await.map_err(|error| error.to_string())?;
        address(&answer)
    }
}

/// Where the merchant goes on. The shop looks at the body alone.
fn address(answer: &Answer) -> Result<String, String> {
    let read: Onboarded = serde_json::from_str(&answer.body).map_err(|_| {
        format!("The app answered {}, and nothing that can be read.", answer.status)
    })?;
    let Some(url) = read.url else {
        let why = message(&answer.body);
        return Err(why.unwrap_or_else(|| format!("The app answered {}.", answer.status)));
    };
    if read.strategy.as_deref() != Some(REDIRECT) {
        return Err("The app wants to be shown in a way that this shop does not know.".to_owned());
    }
    let is_web = Url::parse(&url).is_ok_and(|url| ["http", "https"].contains(&url.scheme()));
    if is_web { Ok(url) } else { Err("The app's address for the onboarding is none.".to_owned()) }
}
