//! Takes a command of the shop: puts it into the inbox, and only then says thanks.

use payment::{Command, CommandId, Currency, Items, Money, OrderItemId, OrderReference, TenantId};
use protocol::message::PaymentCommand;
use protocol::{Attributes, MessageName};
use thiserror::Error;
use uuid::Uuid;

use crate::checkout::InvalidField;
use crate::context::Context;
use crate::ports::{InboxItem, InboxKind, Received, StoreError};

/// Why a command was not taken.
#[derive(Debug, Error)]
pub enum CommandError {
    /// A part of it is missing or wrong.
    #[error(transparent)]
    Invalid(#[from] InvalidField),
    /// The tenant was never configured.
    #[error("tenantIdentifier: the tenant is not known; configure the app for it first")]
    UnknownTenant,
    /// It cannot be stored now.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A command as it is understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReadCommand {
    pub order: OrderReference,
    pub command: Command,
    pub currency: Currency,
}

impl Context {
    /// Takes a command and returns our id of the message. When this returns, it is durable; the
    /// same one again is taken as well, and changes nothing.
    ///
    /// # Errors
    /// [`CommandError`]; nothing is stored then.
    pub async fn receive_command(
        &self,
        attributes: &Attributes,
        body: &[u8],
    ) -> Result<CommandId, CommandError> {
        let name = command_name(attributes)?;
        let tenant = attributes.tenant().ok_or_else(|| {
            InvalidField::new("tenantIdentifier", "is missing; send the tenant's identifier")
        })?;
        let tenant = TenantId::new(tenant);
        let read = read_command(name, body)?;
        if self.store.tenant(&tenant).await?.is_none() {
            return Err(CommandError::UnknownTenant);
        }
        let id = CommandId::new(self.entropy.new_id());
        let item = InboxItem {
            id,
            tenant,
            kind: InboxKind::Command,
            external_id: external_id(name, attributes, body),
            name: name.name().to_owned(),
            order_key: Some(read.order.as_str().to_owned()),
            body: body.to_vec(),
            attributes: as_json(attributes),
            received_at: self.entropy.now(),
        };
        let received = self.store.receive(item).await?;
        let outcome = match received {
            Received::New => "new",
            Received::Duplicate => "duplicate",
        };
        metrics::counter!("paybridge_commands_total", "name" => name.name(), "outcome" => outcome)
            .increment(1);
        Ok(id)
    }
}

fn command_name(attributes: &Attributes) -> Result<MessageName, InvalidField> {
    let expected = "send CapturePayment, RefundPayment or CancelPayment";
    let name = attributes
        .message_name()
        .ok_or_else(|| InvalidField::new("name", format!("is missing; {expected}")))?;
    MessageName::from_name(name)
        .filter(|known| known.channel() == protocol::Channel::PaymentCommands)
        .ok_or_else(|| InvalidField::new("name", format!("is not a command; {expected}")))
}

/// The sender's identity of a command (rule R3): its correlation id, or where it has none, a hash
/// of its body and timestamp.
fn external_id(name: MessageName, attributes: &Attributes, body: &[u8]) -> String {
    let id = match attributes.correlation_id() {
        Some(id) => id.to_owned(),
        None => {
            let timestamp = attributes.timestamp().unwrap_or_default();
            let mut content = timestamp.as_bytes().to_vec();
            content.push(0);
            content.extend_from_slice(body);
            Uuid::new_v5(&Uuid::NAMESPACE_OID, &content).to_string()
        }
    };
    format!("{}:{id}", name.name())
}

fn as_json(attributes: &Attributes) -> String {
    let map: serde_json::Map<String, serde_json::Value> = attributes
        .iter()
        .map(|(name, value)| (name.to_owned(), serde_json::Value::from(value)))
        .collect();
    serde_json::Value::Object(map).to_string()
}

/// Reads a command's payload. The shop's signs are dropped: a refund arrives negative.
pub(crate) fn read_command(name: MessageName, body: &[u8]) -> Result<ReadCommand, InvalidField> {
    let payload: PaymentCommand = protocol::from_json(body)
        .map_err(|invalid| InvalidField { field: invalid.field, problem: invalid.problem })?;
    let order =
        payload.order_reference.as_deref().filter(|order| !order.is_empty()).ok_or_else(|| {
            InvalidField::new("orderReference", "is missing; send the order's reference")
        })?;
    let items: Items = payload.order_item_ids.iter().copied().map(OrderItemId).collect();
    if items.is_empty() {
        let problem = "is missing; send the ids of the items the command is for";
        return Err(InvalidField::new("orderItemIds", problem));
    }
    let code = payload.currency_iso_code.as_deref().ok_or_else(|| {
        InvalidField::new("currencyIsoCode", "is missing; send an ISO 4217 code such as EUR")
    })?;
    let currency = Currency::parse(code)
        .map_err(|error| InvalidField::new("currencyIsoCode", error.to_string()))?;
    let command = match name {
        MessageName::CapturePayment => {
            Command::Capture { items, amount: amount(&payload, currency)? }
        }
        MessageName::RefundPayment => {
            Command::Refund { items, amount: amount(&payload, currency)? }
        }
        _ => Command::Cancel { items },
    };
    Ok(ReadCommand { order: OrderReference::new(order), command, currency })
}

fn amount(payload: &PaymentCommand, currency: Currency) -> Result<Money, InvalidField> {
    let minor = payload
        .amount_minor()
        .ok_or_else(|| InvalidField::new("amount", "is missing; send it in minor units"))?;
    Money::new(minor, currency).map_err(|error| InvalidField::new("amount", error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes(headers: &[(&str, &str)]) -> Attributes {
        Attributes::from_headers(protocol::Dialect::HttpChannel, headers.iter().copied())
    }

    #[test]
    fn the_same_command_has_the_same_identity_and_another_one_has_not() {
        let name = MessageName::CapturePayment;
        let with = attributes(&[("Correlation-Id", "a")]);
        assert_eq!(external_id(name, &with, b"1"), external_id(name, &with, b"2"));
        assert_ne!(
            external_id(name, &with, b"1"),
            external_id(MessageName::CancelPayment, &with, b"1")
        );

        let without = attributes(&[("Timestamp", "2026-11-22T15:16:24.087734")]);
        assert_eq!(external_id(name, &without, b"1"), external_id(name, &without, b"1"));
        assert_ne!(external_id(name, &without, b"1"), external_id(name, &without, b"2"));
        let later = attributes(&[("Timestamp", "2026-11-22T15:16:25.000000")]);
        assert_ne!(external_id(name, &without, b"1"), external_id(name, &later, b"1"));
    }

    #[test]
    fn c46_a_refund_arrives_negative_and_is_absolute() {
        let body = br#"{"orderReference":"DE--1","orderItemIds":[1001],"currencyIsoCode":"EUR","amount":-9999}"#;
        let read = read_command(MessageName::RefundPayment, body).unwrap();
        let Command::Refund { amount, .. } = read.command else { panic!("not a refund") };
        assert_eq!(amount.minor(), 9999);
    }

    #[test]
    fn a_part_that_is_missing_is_named() {
        let cases: [(&[u8], &str); 5] = [
            (b"{}", "orderReference"),
            (br#"{"orderReference":"A"}"#, "orderItemIds"),
            (br#"{"orderReference":"A","orderItemIds":[]}"#, "orderItemIds"),
            (br#"{"orderReference":"A","orderItemIds":[1]}"#, "currencyIsoCode"),
            (br#"{"orderReference":"A","orderItemIds":[1],"currencyIsoCode":"EUR"}"#, "amount"),
        ];
        for (body, field) in cases {
            let error = read_command(MessageName::CapturePayment, body).unwrap_err();
            assert_eq!(error.field, field);
        }
    }
}
