use app::limits::CHANNEL_READ_MAX;
use http::Method;
use protocol::channel::{ChannelEntry, DeleteMessages, PostedMessage};
use protocol::message::PaymentCommand;
use protocol::{Channel, MessageName};
use schemars::{Schema, SchemaGenerator, json_schema};

use super::recorded;
use crate::reference::operation::{JSON, Operation, Parameter, Topic, header, of};

const PATH: &str = "/message-channels/{channel}";

pub(super) fn describe() -> [Operation; 4] {
    [send(), read(), acknowledge(), push()]
}

fn send() -> Operation {
    Operation::new(Method::POST, PATH, Topic::Messages, "Send a command")
        .about(
            "Takes a command of the shop and keeps it until it is carried out; its result comes \
             as a message. The same `Correlation-Id` is the same command, sent twice or not. The \
             message's other attributes may be sent as headers as well.",
        )
        .parameter(channel(incoming))
        .parameter(needed(
            header("Transfer-Name", "Which command it is; `Name` does as well."),
            command,
        ))
        .parameter(needed(
            header("Tenant-Identifier", "The shop; old shops send `Store-Reference` instead."),
            crate::reference::operation::word,
        ))
        .parameter(correlation("Correlation-Id"))
        .body(&[JSON], of::<PaymentCommand>)
        .example("capture", recorded!("messages_in/capture_payment_full_http_channel"))
        .example("refund", recorded!("messages_in/refund_payment_partial_http_channel"))
        .example("cancel", recorded!("messages_in/cancel_payment_http_channel"))
        .answers_json("It is kept.", of::<PostedMessage>)
        .refuses(404, "There is no such channel.")
}

fn read() -> Operation {
    Operation::new(Method::GET, PATH, Topic::Messages, "Read messages")
        .about(
            "Returns the next messages in their order and hides them for ten seconds. They stay \
             until they are deleted; one that is read again and again and never deleted is set \
             aside for the operator.",
        )
        .parameter(channel(any))
        .parameter(consumer())
        .parameter(Parameter {
            name: "limit",
            place: "query",
            required: false,
            about: "At most so many; never more than 100 come.",
            schema: limit,
        })
        .answers_json("The messages; none is an empty list.", of::<Vec<ChannelEntry>>)
        .refuses(400, "`Consumer-Id` is missing, or `limit` is no number.")
        .refuses(404, "There is no such channel.")
}

fn acknowledge() -> Operation {
    Operation::new(Method::DELETE, PATH, Topic::Messages, "Delete messages")
        .about(
            "Deletes messages that were dealt with. Those that are gone already, or never were, \
             are nothing to do.",
        )
        .parameter(channel(any))
        .parameter(consumer())
        .body(&[JSON], of::<DeleteMessages>)
        .example("one", recorded!("requests/channel_ack_delete"))
        .answers_json("They are gone.", empty)
        .refuses(404, "There is no such channel.")
}

fn push() -> Operation {
    Operation::new(Method::POST, "/webhook/message-broker", Topic::Messages, "Push a command")
        .about(
            "The same as sending it on `payment-commands`, for shops that push over plain HTTP: \
             the attributes are headers that begin with `X-`.",
        )
        .parameter(needed(
            header("X-Transfer-Name", "Which command it is; `X-Name` does as well."),
            command,
        ))
        .parameter(needed(
            header("X-Tenant-Identifier", "The shop; old shops send `X-Store-Reference` instead."),
            crate::reference::operation::word,
        ))
        .parameter(correlation("X-Correlation-Id"))
        .body(&[JSON], of::<PaymentCommand>)
        .example("capture", recorded!("messages_in/capture_payment_full_plain_http"))
        .answers_json("It is kept.", of::<PostedMessage>)
}

fn needed(parameter: Parameter, schema: fn(&mut SchemaGenerator) -> Schema) -> Parameter {
    Parameter { required: true, schema, ..parameter }
}

fn channel(schema: fn(&mut SchemaGenerator) -> Schema) -> Parameter {
    Parameter { name: "channel", place: "path", required: true, about: "The channel.", schema }
}

fn correlation(name: &'static str) -> Parameter {
    let about = "The shop's id of the command. One that is not visible ASCII counts as missing.";
    Parameter { schema: text, ..header(name, about) }
}

fn consumer() -> Parameter {
    needed(header("Consumer-Id", "The shop that reads."), crate::reference::operation::word)
}

fn any(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": Channel::ALL.map(Channel::name)})
}

fn incoming(_: &mut SchemaGenerator) -> Schema {
    let incoming = Channel::ALL.into_iter().filter(|channel| channel.is_incoming());
    let names: Vec<&str> = incoming.map(Channel::name).collect();
    json_schema!({"type": "string", "enum": names})
}

fn command(_: &mut SchemaGenerator) -> Schema {
    let commands = MessageName::ALL.iter().filter(|name| name.channel().is_incoming());
    let names: Vec<&str> = commands.map(|name| name.name()).collect();
    json_schema!({"type": "string", "enum": names})
}

fn limit(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "integer",
        "minimum": 1,
        "maximum": u32::MAX,
        "default": CHANNEL_READ_MAX,
    })
}

fn empty(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object", "maxProperties": 0})
}

fn text(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string"})
}
