//! `/message-channels/{channel}`: the http-channel. The shop sends its commands with POST, reads
//! what the app has to tell with GET, and deletes what it has dealt with by DELETE.

use app::limits::CHANNEL_READ_MAX;
use app::ports::{ChannelMessage, MessageId};
use app::receive_command::CommandError;
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use http::{HeaderMap, StatusCode};
use payment::TenantId;
use protocol::channel::{ChannelEntry, DeleteMessages, PostedMessage};
use protocol::{Attributes, Channel, Dialect};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::auth::SignedIn;
use crate::body;
use crate::error::Failure;
use crate::state::WebState;
use crate::tenant::Consumer;

/// At most so many messages are deleted by one call.
const DELETE_MAX: usize = 1000;

/// Takes a command.
pub(crate) async fn send(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Path(channel): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<PostedMessage>, Failure> {
    let channel = known(&channel)?;
    if !channel.is_incoming() {
        let message = format!(
            "{} is written by the app; send commands to {}.",
            channel.name(),
            Channel::PaymentCommands.name()
        );
        return Err(Failure::new(StatusCode::BAD_REQUEST, message));
    }
    let body = body::read(body).await?;
    take_command(&state, &signed_in, Dialect::HttpChannel, &headers, &body).await
}

/// Puts a command of the caller's own tenant into the inbox (rule R5), whichever way it came.
pub(crate) async fn take_command(
    state: &WebState,
    signed_in: &SignedIn,
    dialect: Dialect,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Json<PostedMessage>, Failure> {
    let texts =
        headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let attributes = Attributes::from_headers(dialect, texts);
    if let Some(tenant) = attributes.tenant() {
        signed_in.may_act_for(&TenantId::new(tenant))?;
    }
    let id = state.context.receive_command(&attributes, body).await.map_err(refused)?;
    state.wake_worker();
    Ok(Json(PostedMessage { message_id: id.to_string() }))
}

fn refused(error: CommandError) -> Failure {
    match error {
        CommandError::Store(error) => Failure::store(&error),
        CommandError::Invalid(_) | CommandError::UnknownTenant => {
            Failure::new(StatusCode::BAD_REQUEST, error.to_string())
        }
    }
}

/// Returns the next messages. They stay until they are deleted.
pub(crate) async fn read(
    State(state): State<WebState>,
    Consumer(tenant): Consumer,
    Path(channel): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<Vec<ChannelEntry>>, Failure> {
    let channel = known(&channel)?;
    let limit = limit(query.as_deref().unwrap_or_default())?;
    let messages = state.context.read_channel(&tenant, channel.name(), limit).await?;
    Ok(Json(messages.into_iter().map(entry).collect()))
}

/// Deletes messages; those that are gone already, or never were, are nothing to do.
pub(crate) async fn acknowledge(
    State(state): State<WebState>,
    Consumer(tenant): Consumer,
    Path(channel): Path<String>,
    body: Body,
) -> Result<Json<Value>, Failure> {
    let channel = known(&channel)?;
    let body = body::read(body).await?;
    let request: DeleteMessages = protocol::from_json(&body).map_err(|invalid| {
        let message = format!("{invalid}; send {{\"messageIds\":[\"…\"]}}");
        Failure::new(StatusCode::BAD_REQUEST, message)
    })?;
    if request.message_ids.len() > DELETE_MAX {
        let message = format!("messageIds: more than {DELETE_MAX}; delete them in several calls");
        return Err(Failure::new(StatusCode::BAD_REQUEST, message));
    }
    let ids: Vec<MessageId> = request
        .message_ids
        .iter()
        .filter_map(|id| Uuid::parse_str(id).ok())
        .map(MessageId)
        .collect();
    state.context.delete_messages(&tenant, channel.name(), &ids).await?;
    Ok(Json(json!({})))
}

fn known(name: &str) -> Result<Channel, Failure> {
    Channel::from_name(name).ok_or_else(|| {
        let names = Channel::ALL.map(Channel::name).join(", ");
        Failure::new(StatusCode::NOT_FOUND, format!("There is no such channel; there are {names}."))
    })
}

/// The `limit` of a query; none, or a larger one than there is, is the most there is.
fn limit(query: &str) -> Result<u32, Failure> {
    let Some(text) = query.split('&').find_map(|pair| pair.strip_prefix("limit=")) else {
        return Ok(CHANNEL_READ_MAX);
    };
    match text.parse::<u32>() {
        Ok(limit) if limit > 0 => Ok(limit.min(CHANNEL_READ_MAX)),
        Ok(_) | Err(_) => Err(Failure::new(
            StatusCode::BAD_REQUEST,
            format!("limit: must be a whole number from 1 to {CHANNEL_READ_MAX}"),
        )),
    }
}

fn entry(message: ChannelMessage) -> ChannelEntry {
    ChannelEntry {
        message_id: message.id.0.hyphenated().to_string(),
        message_body: message.body,
        message_attributes: message.attributes.into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_a_number_that_makes_sense() {
        assert_eq!(limit("").unwrap(), CHANNEL_READ_MAX);
        assert_eq!(limit("limit=7").unwrap(), 7);
        assert_eq!(limit("a=b&limit=7&c").unwrap(), 7);
        assert_eq!(limit("limit=4000000000").unwrap(), CHANNEL_READ_MAX);
        for wrong in ["limit=0", "limit=-1", "limit=", "limit=x", "limit=99999999999"] {
            assert!(limit(wrong).is_err(), "{wrong}");
        }
    }
}
