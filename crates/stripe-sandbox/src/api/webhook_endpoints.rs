//! Webhook endpoints: where events are sent.

use serde_json::{Value, json};
use url::Url;

use crate::api::lists;
use crate::desk::Desk;
use crate::error::ApiError;
use crate::params::{Metadata, Params};

/// Stripe's limit on endpoints of one account in one mode.
pub(crate) const ENDPOINTS_MAX: usize = 16;

/// One webhook endpoint.
#[derive(Debug, Clone)]
pub(crate) struct WebhookEndpoint {
    pub(crate) id: String,
    pub(crate) url: Url,
    pub(crate) secret: String,
    pub(crate) enabled: bool,
    /// Whether it gets the events of connected accounts, rather than those of the account itself.
    pub(crate) connect: bool,
    api_version: Option<String>,
    created: i64,
    description: Option<String>,
    enabled_events: Vec<String>,
    metadata: Metadata,
}

impl WebhookEndpoint {
    /// Whether it wants events of this type.
    pub(crate) fn wants(&self, kind: &str) -> bool {
        self.enabled && self.enabled_events.iter().any(|wanted| wanted == "*" || wanted == kind)
    }

    /// Without its secret, which is only shown at creation.
    pub(crate) fn render(&self, livemode: bool) -> Value {
        json!({
            "id": self.id,
            "object": "webhook_endpoint",
            "api_version": self.api_version,
            "application": null,
            "created": self.created,
            "description": self.description,
            "enabled_events": self.enabled_events,
            "livemode": livemode,
            "metadata": self.metadata,
            "status": if self.enabled { "enabled" } else { "disabled" },
            "url": self.url.as_str(),
        })
    }
}

/// Stripe wants https and a public address; a stand-in lives on loopback, so http and any host will do.
fn read_url(text: &str) -> Result<Url, ApiError> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(url),
        Ok(_) | Err(_) => {
            Err(ApiError::invalid("Invalid URL: it must start with https:// or http://")
                .code("url_invalid")
                .param("url"))
        }
    }
}

fn read_events(events: Vec<String>) -> Result<Vec<String>, ApiError> {
    if events.is_empty() {
        return Err(ApiError::missing("enabled_events"));
    }
    for (position, event) in events.iter().enumerate() {
        let known_shape = event.contains('.')
            && event.chars().all(|c| c.is_ascii_lowercase() || matches!(c, '.' | '_' | '0'..='9'));
        if event != "*" && !known_shape {
            let param = format!("enabled_events[{position}]");
            return Err(ApiError::invalid(format!("Invalid {param}: {event} is no event type."))
                .param(param));
        }
    }
    Ok(events)
}

pub(crate) fn create(desk: &mut Desk<'_>, mut params: Params) -> Result<Value, ApiError> {
    let url = read_url(&params.required("url")?)?;
    let events = params.list("enabled_events")?.unwrap_or_default();
    let enabled_events = read_events(events)?;
    let connect = params.boolean("connect")?.unwrap_or(false);
    let api_version = params.filled("api_version")?;
    let description = params.filled("description")?;
    let mut metadata = Metadata::new();
    params.metadata(&mut metadata)?;
    params.finish()?;
    if desk.objects.endpoints.len() >= ENDPOINTS_MAX {
        return Err(ApiError::invalid(format!(
            "You have reached the maximum of {ENDPOINTS_MAX} webhook endpoints."
        )));
    }
    let endpoint = WebhookEndpoint {
        id: desk.ids.next("we"),
        url,
        secret: format!("whsec_{}", desk.ids.secret("whsec")),
        enabled: true,
        connect,
        api_version,
        created: desk.second(),
        description,
        enabled_events,
        metadata,
    };
    let mut shown = endpoint.render(desk.livemode);
    if let Some(fields) = shown.as_object_mut() {
        fields.insert("secret".to_owned(), json!(endpoint.secret));
    }
    desk.objects.endpoints.put(&endpoint.id.clone(), endpoint);
    Ok(shown)
}

fn find(desk: &Desk<'_>, id: &str) -> Result<WebhookEndpoint, ApiError> {
    desk.objects
        .endpoints
        .get(id)
        .cloned()
        .ok_or_else(|| ApiError::not_found("webhook endpoint", id, "id"))
}

pub(crate) fn retrieve(desk: &Desk<'_>, id: &str, params: Params) -> Result<Value, ApiError> {
    params.finish()?;
    Ok(find(desk, id)?.render(desk.livemode))
}

pub(crate) fn update(desk: &mut Desk<'_>, id: &str, mut params: Params) -> Result<Value, ApiError> {
    let mut endpoint = find(desk, id)?;
    if let Some(url) = params.filled("url")? {
        endpoint.url = read_url(&url)?;
    }
    if let Some(events) = params.list("enabled_events")? {
        endpoint.enabled_events = read_events(events)?;
    }
    if let Some(disabled) = params.boolean("disabled")? {
        endpoint.enabled = !disabled;
    }
    if let Some(description) = params.text("description")? {
        endpoint.description = Some(description).filter(|text| !text.is_empty());
    }
    params.metadata(&mut endpoint.metadata)?;
    params.finish()?;
    desk.objects.endpoints.put(id, endpoint.clone());
    Ok(endpoint.render(desk.livemode))
}

pub(crate) fn delete(desk: &mut Desk<'_>, id: &str, params: Params) -> Result<Value, ApiError> {
    params.finish()?;
    match desk.objects.endpoints.remove(id) {
        Some(_) => Ok(json!({ "id": id, "object": "webhook_endpoint", "deleted": true })),
        None => Err(ApiError::not_found("webhook endpoint", id, "id")),
    }
}

pub(crate) fn list(desk: &Desk<'_>, mut params: Params) -> Result<Value, ApiError> {
    let page = lists::Page::read(&mut params)?;
    params.finish()?;
    page.cut(
        "/v1/webhook_endpoints",
        desk.objects.endpoints.newest_first(),
        |endpoint| &endpoint.id,
        |endpoint| endpoint.render(desk.livemode),
    )
}
