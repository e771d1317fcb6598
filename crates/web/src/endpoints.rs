//! Every endpoint with who may call it. The router is made of this table, and the tests of who may
//! do what to whom go through it: an endpoint that they do not know fails them.

use axum::routing::{MethodRouter, delete, get, post};
use http::Method;

use crate::api::{
    cancel_pre_order_payment, configure, confirm_pre_order_payment, customer, disconnect, health,
    initialize_payment, merchant_onboarding, message_broker, message_channels, metrics,
    onboarding_return, pre_order_payment, transfers, webhooks,
};
use crate::glue::{payment_cancellations, payment_customers, payments};
use crate::page::{pay, redirect, report};
use crate::reference;
use crate::state::WebState;

/// Who may call an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// Anybody: it is public, or proves in its own way who calls, as a webhook's signature does.
    Open,
    /// The operator for any tenant, or a shop for its own.
    Catalog,
    /// A shop's back end, for its own tenant.
    Shop,
    /// A shop's back end, or a customer's browser from an origin of the shop.
    Browser,
}

impl Access {
    pub(crate) const ALL: [Self; 4] = [Self::Open, Self::Catalog, Self::Shop, Self::Browser];
}

/// An endpoint.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The one method.
    pub method: Method,
    /// The path, in the router's notation.
    pub path: String,
    /// Who may call it.
    pub access: Access,
    /// What it does.
    pub handler: MethodRouter<WebState>,
}

fn one(
    method: Method,
    path: &str,
    access: Access,
    handler: MethodRouter<WebState>,
) -> Vec<Endpoint> {
    vec![Endpoint { method, path: path.to_owned(), access, handler }]
}

/// A POST of the private API: shops call it under `/private`, its published name is without.
fn private(path: &str, access: Access, handler: MethodRouter<WebState>) -> Vec<Endpoint> {
    let under = format!("/private{path}");
    [one(Method::POST, path, access, handler.clone()), one(Method::POST, &under, access, handler)]
        .concat()
}

/// What a process answers that only works: for whoever starts and watches it.
pub fn watched() -> Vec<Endpoint> {
    use Access::Open;
    [
        one(Method::GET, "/health/live", Open, get(health::live)),
        one(Method::GET, "/health/ready", Open, get(health::ready)),
        one(Method::GET, "/metrics", Open, get(metrics::handle)),
    ]
    .concat()
}

/// All endpoints.
pub fn endpoints() -> Vec<Endpoint> {
    use Access::{Browser, Catalog, Open, Shop};
    let channel = "/message-channels/{channel}";
    [
        private("/configure", Catalog, post(configure::handle)),
        private("/disconnect", Catalog, post(disconnect::handle)),
        private("/initialize-payment", Shop, post(initialize_payment::handle)),
        private("/pre-order-payment", Shop, post(pre_order_payment::handle)),
        private("/confirm-pre-order-payment", Shop, post(confirm_pre_order_payment::handle)),
        private("/cancel-pre-order-payment", Shop, post(cancel_pre_order_payment::handle)),
        private("/customer", Shop, post(customer::handle)),
        private("/merchants/onboarding", Shop, post(merchant_onboarding::handle)),
        private("/payments/transfers", Shop, post(transfers::handle)),
        private("/payments", Browser, post(payments::handle)),
        private("/payment-cancellations", Browser, post(payment_cancellations::handle)),
        private("/payment-customers", Browser, post(payment_customers::handle)),
        one(Method::POST, channel, Shop, post(message_channels::send)),
        one(Method::GET, channel, Shop, get(message_channels::read)),
        one(Method::DELETE, channel, Shop, delete(message_channels::acknowledge)),
        one(Method::POST, "/webhook/message-broker", Shop, post(message_broker::handle)),
        one(Method::POST, "/webhooks", Open, post(webhooks::live)),
        one(Method::POST, "/webhooks/test", Open, post(webhooks::test)),
        one(Method::GET, "/app-payment", Open, get(pay::handle)),
        one(Method::GET, "/app-payment/redirect", Open, get(redirect::handle)),
        one(Method::POST, "/app-payment/csp-report", Open, post(report::handle)),
        one(Method::GET, "/merchants/onboarding/return", Open, get(onboarding_return::done)),
        one(Method::GET, "/merchants/onboarding/refresh", Open, get(onboarding_return::refresh)),
        watched(),
        one(Method::GET, "/docs", Open, get(reference::page::handle)),
        one(Method::GET, "/docs/style.css", Open, get(reference::page::style)),
        one(Method::GET, "/openapi.json", Open, get(reference::serve_openapi)),
        one(Method::GET, "/asyncapi.json", Open, get(reference::serve_asyncapi)),
    ]
    .concat()
}
