//! The messages as AsyncAPI 3.

use protocol::attributes::{
    ACTOR_ID, CORRELATION_ID, EMITTER, EVENT, NAME, PUBLISHER, STORE_REFERENCE, TENANT_IDENTIFIER,
    TIMESTAMP, TRANSFER_NAME,
};
use protocol::{Channel, MessageName};
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::reference::TITLE;
use crate::reference::messages::{self, Message};
use crate::reference::schemas::Schemas;

const ABOUT: &str = "What a shop and the app tell each other. Seen from the app: it sends events \
    and receives commands.\n\n\
    A message is a payload with attributes beside it. Over `http-channel` the shop reads and sends \
    at `/message-channels/{channel}`, and the attributes of what it sends are headers with dashes \
    (`Transfer-Name`); over plain HTTP they begin with `X-` (`X-Transfer-Name`). Through RabbitMQ they are headers by \
    their own names, and the shop's token is the header `authorization`; through SQS and SNS they are message attributes of the type \
    String in the same way. \
    Every message keeps its id, its bytes and its timestamp however often it is delivered. \
    Messages of one order come in their order.";

/// The document.
pub(crate) fn document() -> Value {
    // The dialect that AsyncAPI takes unless a schema says otherwise.
    let mut schemas = Schemas::new(&SchemaSettings::draft07());
    let described = messages::all();
    let mut components = Map::new();
    for message in &described {
        components.insert(message.name.name().to_owned(), component(message, &mut schemas));
    }
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": TITLE,
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": {"name": "MIT OR Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "app": {
                "host": "pay.example.com",
                "protocol": "https",
                "description": "The app, at its `public_url`.",
            },
            "rabbitmq": {
                "host": "rabbitmq.example.com",
                "protocol": "amqps",
                "description": "RabbitMQ, for channels whose transport is `amqp`.",
            },
        },
        "channels": channels(&described),
        "operations": operations(&described),
        "components": {"messages": components, "schemas": schemas.named()},
    })
}

fn on(channel: Channel, described: &[Message]) -> impl Iterator<Item = &'static str> {
    let messages = described.iter().filter(move |message| message.name.channel() == channel);
    messages.map(|message| message.name.name())
}

fn channels(described: &[Message]) -> Value {
    let mut channels = Map::new();
    for channel in Channel::ALL {
        let messages: Map<String, Value> = on(channel, described)
            .map(|name| (name.to_owned(), json!({"$ref": format!("#/components/messages/{name}")})))
            .collect();
        let channel_object = json!({
            "address": channel.name(),
            "description": about(channel),
            "messages": messages,
            "bindings": {"amqp": {
                "is": "queue",
                "queue": {
                    "name": queue(channel),
                    "durable": true,
                    "exclusive": false,
                    "autoDelete": false,
                },
                "bindingVersion": "0.3.0",
            }},
        });
        channels.insert(channel.name().to_owned(), channel_object);
    }
    Value::Object(channels)
}

/// The queue of RabbitMQ, as it is called unless the configuration says otherwise.
fn queue(channel: Channel) -> String {
    if channel.is_incoming() {
        format!("paybridge.{}", channel.name())
    } else {
        format!("paybridge.{{tenant}}.{}", channel.name())
    }
}

/// What a channel is for.
fn about(channel: Channel) -> &'static str {
    match channel {
        Channel::PaymentMethodCommands => "Payment methods that come and go.",
        Channel::PaymentCommands => "What to do with a payment.",
        Channel::PaymentEvents => "What became of a payment.",
        Channel::MerchantAppEvents => "The onboarding of merchants.",
        Channel::AppEvents => "The state of the app itself.",
    }
}

fn operations(described: &[Message]) -> Value {
    let mut operations = Map::new();
    for channel in Channel::ALL {
        let name = channel.name();
        let messages: Vec<Value> = on(channel, described)
            .map(|message| json!({"$ref": format!("#/channels/{name}/messages/{message}")}))
            .collect();
        let action = if channel.is_incoming() { "receive" } else { "send" };
        let operation = json!({
            "action": action,
            "channel": {"$ref": format!("#/channels/{name}")},
            "summary": about(channel),
            "messages": messages,
        });
        operations.insert(format!("{action}-{name}"), operation);
    }
    Value::Object(operations)
}

fn component(message: &Message, schemas: &mut Schemas) -> Value {
    let incoming = message.name.channel().is_incoming();
    let payload = match incoming {
        true => schemas.read(message.payload),
        false => schemas.written(message.payload),
    };
    json!({
        "name": message.name.name(),
        "title": message.name.name(),
        "summary": message.about,
        "headers": if incoming { incoming_attributes() } else { outgoing_attributes(message.name) },
        "payload": payload,
        "examples": [{"name": "example", "payload": message.example}],
    })
}

fn text(about: &str) -> Value {
    json!({"type": "string", "description": about})
}

fn outgoing_attributes(name: MessageName) -> Value {
    let named = json!({"const": name.name()});
    json!({
        "type": "object",
        "properties": {
            NAME: named,
            TRANSFER_NAME: named,
            EVENT: named,
            TIMESTAMP: text("When the message was made: `2026-11-22T15:16:24.087734`, in UTC."),
            CORRELATION_ID: text("The message's id, the same at every delivery."),
            TENANT_IDENTIFIER: text("The shop."),
            STORE_REFERENCE: text("The shop, for old ones."),
            ACTOR_ID: text("The app."),
            PUBLISHER: text("The app."),
            EMITTER: text("The app."),
        },
        "required": [
            NAME, TRANSFER_NAME, EVENT, TIMESTAMP, CORRELATION_ID, TENANT_IDENTIFIER,
            STORE_REFERENCE, ACTOR_ID, PUBLISHER, EMITTER,
        ],
    })
}

fn incoming_attributes() -> Value {
    json!({
        "type": "object",
        "properties": {
            TRANSFER_NAME: text("The message's name."),
            NAME: text("The message's name, where `transferName` is missing."),
            TENANT_IDENTIFIER: text("The shop."),
            STORE_REFERENCE: text("The shop, where `tenantIdentifier` is missing."),
            CORRELATION_ID: text("The shop's id of the message: the same one is carried out once."),
            TIMESTAMP: text("When the shop made it."),
        },
    })
}
