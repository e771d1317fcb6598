//! Attributes as headers of a message (contract, shop, section 2, amqp).

use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable, LongString, ShortString};

/// What RabbitMQ calls "persistent".
const ON_DISK: u8 = 2;

/// The properties of a message that stays when RabbitMQ starts again.
pub(crate) fn properties<'a>(
    message_id: ShortString,
    attributes: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> BasicProperties {
    let mut headers = FieldTable::default();
    for (name, value) in attributes {
        if let Ok(name) = ShortString::try_new(name) {
            headers.insert(name, AMQPValue::LongString(LongString::from(value)));
        }
    }
    persistent(BasicProperties::default().with_message_id(message_id).with_headers(headers))
}

/// The same, kept on disk, and told to be JSON.
pub(crate) fn persistent(properties: BasicProperties) -> BasicProperties {
    let properties = properties.with_delivery_mode(ON_DISK);
    match ShortString::try_new("application/json") {
        Ok(json) => properties.with_content_type(json),
        Err(_) => properties,
    }
}

/// The attributes of a message that came in. What is no text is none.
pub(crate) fn attributes(properties: &BasicProperties) -> Vec<(&str, &str)> {
    let headers = properties.headers().iter().flat_map(|headers| headers.inner());
    headers.filter_map(|(name, value)| Some((name.as_str(), text(value)?))).collect()
}

fn text(value: &AMQPValue) -> Option<&str> {
    match value {
        AMQPValue::LongString(text) => std::str::from_utf8(text.as_bytes()).ok(),
        AMQPValue::ShortString(text) => Some(text.as_str()),
        _ => None,
    }
}
