//! `/` and `/cart`: what there is to buy, and what somebody is about to buy.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;

use crate::cart::{Cart, QUANTITY_MAX};
use crate::catalog::{PRODUCTS, Product};
use crate::merchant::Merchant;
use crate::money::{Currency, Money};
use crate::pages::fields::Fields;
use crate::pages::visit::{Frame, Section, Visit, lead_to, page, say, with_cart};
use crate::shop::Shop;

#[derive(Template)]
#[template(path = "storefront.html")]
struct Storefront {
    frame: Frame,
    products: Vec<Shown>,
    currency: &'static str,
    currencies: [&'static str; 5],
}

struct Shown {
    product: &'static Product,
    /// Whom the shop sells it for.
    seller: Option<&'static Merchant>,
    price: Money,
}

#[derive(Template)]
#[template(path = "cart.html")]
struct CartPage {
    frame: Frame,
    lines: Vec<CartLine>,
    shipping: Money,
    total: Money,
    currency: &'static str,
    currencies: [&'static str; 5],
    quantity_max: u32,
}

pub(super) struct CartLine {
    pub(super) product: &'static Product,
    pub(super) quantity: u32,
    pub(super) one: Money,
    pub(super) all: Money,
}

pub(super) fn cart_lines(cart: &Cart) -> Vec<CartLine> {
    let line = |line: &crate::cart::Line| CartLine {
        product: line.product,
        quantity: line.quantity,
        one: line.product.price(cart.currency),
        all: line.price(cart.currency),
    };
    cart.lines.iter().map(line).collect()
}

pub(crate) async fn show(visit: Visit) -> Response {
    let currency = visit.cart.currency;
    let frame = visit.frame(Section::Shop, "For tea", "/");
    let shown = |product: &'static Product| Shown {
        product,
        seller: product.seller().filter(|_| frame.marketplace),
        price: product.price(currency),
    };
    let products = PRODUCTS.iter().map(shown).collect();
    let (currency, currencies) = (currency.code(), Currency::ALL.map(Currency::code));
    page(&Storefront { frame, products, currency, currencies })
}

pub(crate) async fn cart(visit: Visit) -> Response {
    let cart = visit.cart.clone();
    page(&CartPage {
        frame: visit.frame(Section::Cart, "Your cart", ""),
        lines: cart_lines(&cart),
        shipping: cart.shipping(),
        total: cart.total(),
        currency: cart.currency.code(),
        currencies: Currency::ALL.map(Currency::code),
        quantity_max: QUANTITY_MAX,
    })
}

/// Puts one more into the cart.
pub(crate) async fn add(State(shop): State<Shop>, visit: Visit, fields: Fields) -> Response {
    let Some(product) = Product::find(fields.text("sku")) else { return no_product(visit) };
    let mut cart = visit.cart;
    cart.put(product, cart.quantity(product) + 1);
    let text = format!("{} is in your cart.", product.name);
    with_cart(&cart, lead_to(&shop, "/", Ok(text)))
}

/// Changes how many there are of a product.
pub(crate) async fn set(visit: Visit, fields: Fields) -> Response {
    let Some(product) = Product::find(fields.text("sku")) else { return no_product(visit) };
    let mut cart = visit.cart;
    if let Ok(quantity) = fields.text("quantity").parse() {
        cart.put(product, quantity);
    }
    with_cart(&cart, Redirect::to("/cart").into_response())
}

/// Changes the currency of all prices.
pub(crate) async fn currency(visit: Visit, fields: Fields) -> Response {
    let mut cart = visit.cart;
    cart.currency = Currency::from_code(fields.text("currency")).unwrap_or(cart.currency);
    let back = if fields.text("back") == "cart" { "/cart" } else { "/" };
    with_cart(&cart, Redirect::to(back).into_response())
}

fn no_product(visit: Visit) -> Response {
    let text = "The shop has no such product.".to_owned();
    say(visit, Section::Shop, StatusCode::NOT_FOUND, "Nothing here", text)
}
