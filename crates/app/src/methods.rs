//! Tells the shop its payment methods and whether the app is active.

use jiff::{SignedDuration, Timestamp};
use protocol::message::{
    AppConfigUpdated, DeletePaymentMethod, PaymentMethod as MethodMessage, body,
};
use protocol::{Channel, MessageName};

use crate::context::Context;
use crate::messages::{Blocks, message};
use crate::offered::OfferedMethod;
use crate::ports::NewMessage;
use crate::tenant::{PaymentMethod, Tenant, TenantStatus};

/// The provider's name in the shop.
const PROVIDER: &str = "Stripe";
/// Messages about the app itself are delivered one after the other under this key.
const APP_CONFIG_KEY: &str = "app-config";

/// Compares the methods that the tenant is to have with those its shop was told of, and tells the
/// difference: a new one is added, a changed one updated, one that went deleted (case 73).
pub(crate) fn diff(context: &Context, tenant: &mut Tenant, now: Timestamp) -> Vec<NewMessage> {
    let mut messages = Vec::new();
    for method in tenant.settings.payment_methods.clone() {
        messages.extend(tell(context, tenant, &method, now));
    }
    let gone: Vec<String> = tenant
        .methods
        .iter()
        .filter(|(name, method)| method.active && !offers(tenant, name))
        .map(|(name, _)| name.clone())
        .collect();
    for name in gone {
        messages.extend(delete(context, tenant, &name, now));
    }
    messages
}

/// Tells the shop that all methods are gone.
pub(crate) fn delete_all(
    context: &Context,
    tenant: &mut Tenant,
    now: Timestamp,
) -> Vec<NewMessage> {
    let names: Vec<String> = tenant.methods.keys().cloned().collect();
    names.into_iter().filter_map(|name| delete(context, tenant, &name, now)).collect()
}

fn offers(tenant: &Tenant, name: &str) -> bool {
    tenant.settings.payment_methods.iter().any(|method| method.name == name)
}

fn tell(
    context: &Context,
    tenant: &mut Tenant,
    method: &OfferedMethod,
    now: Timestamp,
) -> Option<NewMessage> {
    let base_url = &context.site.public_url;
    let name = method.name.as_str();
    let payload = MethodMessage::new(name, PROVIDER, base_url, method.strategy);
    let told = body(&payload).unwrap_or_default();
    let known = tenant.methods.get(name);
    let kind = match known {
        Some(method) if method.active && method.told == told => return None,
        Some(method) if method.active => MessageName::UpdatePaymentMethod,
        Some(_) | None => MessageName::AddPaymentMethod,
    };
    let told_at = later_than(known, now);
    let message = message(context, &tenant.id, kind, &key(name), &payload, told_at, Blocks::Yes);
    tenant.methods.insert(name.to_owned(), PaymentMethod { told, told_at, active: true });
    Some(message)
}

fn delete(
    context: &Context,
    tenant: &mut Tenant,
    name: &str,
    now: Timestamp,
) -> Option<NewMessage> {
    let known = tenant.methods.get(name).filter(|method| method.active)?;
    let told_at = later_than(Some(known), now);
    let payload = DeletePaymentMethod { name: name.to_owned(), provider_name: PROVIDER.to_owned() };
    let kind = MessageName::DeletePaymentMethod;
    let message = message(context, &tenant.id, kind, &key(name), &payload, told_at, Blocks::Yes);
    let told = body(&payload).unwrap_or_default();
    tenant.methods.insert(name.to_owned(), PaymentMethod { told, told_at, active: false });
    Some(message)
}

/// The shop ignores a method message that is not later than the last one (rule R24).
fn later_than(known: Option<&PaymentMethod>, now: Timestamp) -> Timestamp {
    match known {
        Some(method) => now.max(method.told_at + SignedDuration::from_micros(1)),
        None => now,
    }
}

fn key(name: &str) -> String {
    format!("payment-method:{name}")
}

/// Tells the shop whether the app is active, and which channels to poll.
pub(crate) fn app_config_updated(context: &Context, tenant: &Tenant) -> NewMessage {
    let active = match tenant.status {
        TenantStatus::Connected => true,
        TenantStatus::Disconnected => false,
    };
    let payload = AppConfigUpdated::new(
        &context.site.app_identifier,
        tenant.status.name(),
        active,
        &Channel::ALL,
    );
    let name = MessageName::AppConfigUpdated;
    let now = context.entropy.now();
    // The identifier's length is checked when the configuration is read.
    message(context, &tenant.id, name, APP_CONFIG_KEY, &payload.ok(), now, Blocks::Yes)
}
