//! The app catalog's part: connecting and disconnecting the app.

use http::{HeaderName, HeaderValue, Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::client::{Answer, Request, Shown};
use crate::merchant::BusinessModel;
use crate::shop::Shop;
use crate::wire::php;

/// What a person has filled in on the Apps page.
#[derive(Clone, Debug)]
pub(crate) struct Configuration {
    pub(crate) model: BusinessModel,
    pub(crate) publishable_key: String,
    pub(crate) secret_key: SecretString,
    pub(crate) title: String,
    pub(crate) button_color: String,
    pub(crate) shop_origins: Vec<String>,
}

/// What came of disconnecting.
#[derive(Debug)]
pub(crate) enum Disconnected {
    /// It is done.
    Done,
    /// The app asks first.
    Asks(Question),
}

/// The app's question, with the words for both answers.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) message: String,
    pub(crate) ok: String,
    pub(crate) cancel: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Keys<'a> {
    business_model: &'static str,
    environment: &'static str,
    publishable_key: &'a str,
    secret_key: &'a str,
    payment_page_title: &'a str,
    pay_button_color: &'a str,
    shop_origins: &'a [String],
}

#[derive(Deserialize)]
struct Errors {
    errors: Vec<ErrorEntry>,
}

#[derive(Deserialize)]
struct ErrorEntry {
    message: String,
    #[serde(default)]
    confirm: Option<Confirm>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Confirm {
    label_ok: String,
    label_cancel: String,
}

impl Shop {
    /// Connects the app, or changes its configuration. The errors are the app's, one a field.
    pub(crate) async fn configure(&self, configuration: &Configuration) -> Result<(), Vec<String>> {
        let text = php::call(&Keys {
            business_model: configuration.model.name(),
            environment: "test",
            publishable_key: &configuration.publishable_key,
            secret_key: configuration.secret_key.expose_secret(),
            payment_page_title: &configuration.title,
            pay_button_color: &configuration.button_color,
            shop_origins: &configuration.shop_origins,
        });
        let body =
            json!({"data": {"type": "configuration", "attributes": {"configuration": text}}});
        let answer = self.catalog_call("configure", php::call(&body), 0).await;
        let answer = answer.map_err(|error| vec![error])?;
        if answer.status != StatusCode::OK {
            return Err(errors(&answer).0);
        }
        self.change(|state, _| state.merchants.model = configuration.model);
        Ok(())
    }

    /// Disconnects the app, after so many of its questions were confirmed.
    pub(crate) async fn disconnect(&self, confirmed: usize) -> Result<Disconnected, Vec<String>> {
        let answer = self.catalog_call("disconnect", "{}".to_owned(), confirmed).await;
        let answer = answer.map_err(|error| vec![error])?;
        if answer.status.is_success() {
            return Ok(Disconnected::Done);
        }
        match errors(&answer) {
            (messages, Some(confirm)) if answer.status == StatusCode::CONFLICT => {
                Ok(Disconnected::Asks(Question {
                    message: messages.join(" "),
                    ok: confirm.label_ok,
                    cancel: confirm.label_cancel,
                }))
            }
            (messages, _) => Err(messages),
        }
    }

    async fn catalog_call(
        &self,
        endpoint: &str,
        body: String,
        confirmed: usize,
    ) -> Result<Answer, String> {
        let path = format!("/private/{endpoint}");
        let mut headers = self.private_headers()?;
        if confirmed > 0 {
            let header = HeaderName::from_static("x-confirmation-status");
            // One value for each question, in their order.
            let answers = vec!["true"; confirmed].join(",");
            let answers = HeaderValue::try_from(answers).map_err(|error| error.to_string())?;
            headers.insert(header, answers);
        }
        let url = format!("{}{path}", self.config().app);
        let request = Request { method: Method::POST, url, headers, body };
        let shown = Shown { title: format!("POST {path}"), summary: None, order: None };
        self.call(request, shown).await.map_err(|error| error.to_string())
    }
}

fn errors(answer: &Answer) -> (Vec<String>, Option<Confirm>) {
    let Ok(Errors { errors }) = serde_json::from_str(&answer.body) else {
        return (vec![format!("The app answered {}.", answer.status)], None);
    };
    let mut confirm = None;
    let messages = errors.into_iter().map(|entry| {
        confirm = confirm.take().or(entry.confirm);
        entry.message
    });
    (messages.collect(), confirm)
}
