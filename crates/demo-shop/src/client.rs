//! Calls to the app, each of which is noted in the live list.

use std::time::{Duration, Instant};

use http::{HeaderMap, Method, StatusCode};
use secrecy::ExposeSecret;

use crate::journal::{Direction, Note, duration};
use crate::shop::Shop;

/// The HTTP client.
pub(crate) struct Client(reqwest::Client);

/// A request to the app.
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// What was answered.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: String,
}

/// How a call shows in the live list.
pub(crate) struct Shown {
    pub(crate) title: String,
    /// What comes before the status.
    pub(crate) summary: Option<String>,
    pub(crate) order: Option<String>,
}

/// Nobody answered. The sentence says why.
#[derive(Debug, thiserror::Error)]
#[error("The app did not answer: {0}")]
pub(crate) struct NoAnswer(String);

impl Client {
    pub(crate) fn new(http: reqwest::Client) -> Self {
        Self(http)
    }

    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.0
    }
}

impl Shop {
    /// Makes a request with the shop's bearer token.
    pub(crate) async fn send(&self, request: Request) -> Result<Answer, NoAnswer> {
        let Request { method, url, headers, body } = request;
        let mut builder = self
            .client()
            .http()
            .request(method, url)
            .headers(headers)
            .bearer_auth(self.config().token.expose_secret());
        if !body.is_empty() {
            builder = builder.body(body);
        }
        let answer = builder.send().await.map_err(no_answer)?;
        let status = answer.status();
        let body = answer.text().await.map_err(no_answer)?;
        Ok(Answer { status, body })
    }

    /// Makes a request and notes it.
    pub(crate) async fn call(&self, request: Request, shown: Shown) -> Result<Answer, NoAnswer> {
        let at = self.now();
        let body = self.mask().body(&request.body);
        let began = Instant::now();
        let result = self.send(request).await;
        let took = began.elapsed();
        let (what, answer) = match &result {
            Ok(answer) => (answer.status.as_u16().to_string(), self.mask().body(&answer.body)),
            Err(error) => ("no answer".to_owned(), self.mask().text(error.to_string())),
        };
        let failed = !result.as_ref().is_ok_and(|answer| answer.status.is_success());
        let note = Note {
            at,
            direction: Direction::Out,
            title: shown.title,
            summary: summary(shown.summary, &what, took),
            failed,
            order: shown.order,
            body,
            answer,
        };
        self.change(|state, _| state.journal.add(note));
        result
    }
}

fn summary(first: Option<String>, what: &str, took: Duration) -> String {
    let first = first.map(|first| format!("{first} · ")).unwrap_or_default();
    format!("{first}{what} in {}", duration(took))
}

/// The whole story of the error but the address, which the reader knows.
fn no_answer(error: reqwest::Error) -> NoAnswer {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    NoAnswer(text)
}
