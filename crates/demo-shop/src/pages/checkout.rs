//! `/checkout`: address, language, payment method, and the order is placed.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;

use crate::cart::Cart;
use crate::customer::{COUNTRIES, Country, Customer, LOCALES, Locale, TEXT_MAX};
use crate::money::Money;
use crate::order::Placed;
use crate::pages::fields::Fields;
use crate::pages::pay::send_to_payment;
use crate::pages::storefront::{CartLine, cart_lines};
use crate::pages::visit::{Frame, Section, Visit, page_with, with_cart};
use crate::shop::Shop;
use crate::state::Offer;

#[derive(Template)]
#[template(path = "checkout.html")]
struct CheckoutPage {
    frame: Frame,
    lines: Vec<CartLine>,
    shipping: Money,
    total: Money,
    texts: Vec<Text>,
    countries: &'static [Country],
    country: &'static str,
    locales: &'static [Locale],
    locale: &'static str,
    offers: Vec<Offer>,
    method: String,
    framed: bool,
    problems: Vec<String>,
}

/// A field with text.
struct Text {
    name: &'static str,
    label: &'static str,
    value: String,
    /// What a browser may fill it with.
    autocomplete: &'static str,
    kind: &'static str,
    wide: bool,
    wrong: bool,
}

/// What a form says, whether it is complete or not.
struct Entered {
    customer: Customer,
    locale: &'static Locale,
    method: String,
    framed: bool,
    problems: Vec<String>,
}

pub(crate) async fn show(visit: Visit) -> Response {
    if visit.cart.lines.is_empty() {
        return Redirect::to("/cart").into_response();
    }
    let entered = Entered {
        customer: Customer::example(),
        locale: &LOCALES[0],
        method: String::new(),
        framed: false,
        problems: Vec::new(),
    };
    render(visit, StatusCode::OK, entered)
}

/// Places the order and sends the shopper to the payment page.
pub(crate) async fn place(State(shop): State<Shop>, visit: Visit, fields: Fields) -> Response {
    if visit.cart.lines.is_empty() {
        return Redirect::to("/cart").into_response();
    }
    let entered = read(&fields);
    if !entered.problems.is_empty() {
        return render(visit, StatusCode::UNPROCESSABLE_ENTITY, entered);
    }
    let Entered { customer, locale, method, framed, .. } = entered;
    let cart = visit.cart;
    let reference = shop.change(|state, at| {
        let (currency, model) = (cart.currency, state.merchants.model);
        let placed = Placed { at, customer, locale, currency, method, framed, model };
        state.place(&cart, placed, || shop.entropy().new_id())
    });
    let empty = Cart { currency: cart.currency, lines: Vec::new() };
    with_cart(&empty, send_to_payment(&shop, &reference).await)
}

fn read(fields: &Fields) -> Entered {
    let example = Customer::example();
    let text = |name: &str| fields.text(name).chars().take(TEXT_MAX).collect::<String>();
    let customer = Customer {
        first_name: text("first_name"),
        last_name: text("last_name"),
        email: text("email"),
        street: text("street"),
        house: text("house"),
        zip: text("zip"),
        city: text("city"),
        country: Country::find(fields.text("country")).unwrap_or(example.country),
    };
    let mut problems = Vec::new();
    for field in texts(&customer) {
        if field.value.is_empty() {
            problems.push(format!("{}: please fill it in.", field.label));
        }
    }
    if !customer.email.is_empty() && !customer.email.contains('@') {
        problems.push("E-mail: an address has an @ in it.".to_owned());
    }
    let method = fields.text("method").to_owned();
    if method.is_empty() {
        problems.push("Payment: please choose a payment method.".to_owned());
    }
    let locale = Locale::find(fields.text("locale")).unwrap_or(&LOCALES[0]);
    Entered { customer, locale, method, framed: fields.text("show") == "frame", problems }
}

fn texts(customer: &Customer) -> Vec<Text> {
    let text = |name, label, value: &str, autocomplete| Text {
        name,
        label,
        value: value.to_owned(),
        autocomplete,
        kind: "text",
        wide: false,
        wrong: value.is_empty(),
    };
    let email = text("email", "E-mail", &customer.email, "email");
    let wrong = !customer.email.contains('@');
    vec![
        text("first_name", "First name", &customer.first_name, "given-name"),
        text("last_name", "Last name", &customer.last_name, "family-name"),
        Text { kind: "email", wide: true, wrong, ..email },
        text("street", "Street", &customer.street, "address-line1"),
        text("house", "House number", &customer.house, "address-line2"),
        text("zip", "Postal code", &customer.zip, "postal-code"),
        text("city", "City", &customer.city, "address-level2"),
    ]
}

fn render(visit: Visit, status: StatusCode, entered: Entered) -> Response {
    let cart = visit.cart.clone();
    let offers = visit.shop.read(crate::state::State::offers);
    let first = offers.first().map(|offer| offer.name.clone()).unwrap_or_default();
    let Entered { customer, locale, method, framed, problems } = entered;
    let checkout = CheckoutPage {
        frame: visit.frame(Section::Cart, "Checkout", ""),
        lines: cart_lines(&cart),
        shipping: cart.shipping(),
        total: cart.total(),
        texts: texts(&customer),
        countries: &COUNTRIES,
        country: customer.country.code,
        locales: &LOCALES,
        locale: locale.name,
        offers,
        method: if method.is_empty() { first } else { method },
        framed,
        problems,
    };
    page_with(status, &checkout)
}
