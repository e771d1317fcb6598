//! The cart, which lives in a cookie: what a shopper holds is her browser's business.

use std::fmt::Write as _;

use crate::catalog::{self, Product};
use crate::money::{Currency, Money};

/// The cookie of the cart. Cookies know no ports, so its name says whose it is.
pub const COOKIE: &str = "demo_shop_cart";
/// The largest quantity of one product.
pub const QUANTITY_MAX: u32 = 20;

/// What a shopper is about to buy.
#[derive(Clone, Debug, Default)]
pub struct Cart {
    /// The currency of its prices.
    pub currency: Currency,
    /// Products and how many of each, at least one.
    pub lines: Vec<Line>,
}

/// A product in the cart.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// What.
    pub product: &'static Product,
    /// How many.
    pub quantity: u32,
}

impl Cart {
    /// Reads the value of the cookie, as far as it makes sense.
    #[must_use]
    pub fn from_cookie(value: &str) -> Self {
        let mut parts = value.split('.');
        let currency = parts.next().and_then(Currency::from_code).unwrap_or_default();
        let mut cart = Self { currency, lines: Vec::new() };
        for part in parts {
            if let Some((sku, quantity)) = part.split_once('-')
                && let (Some(product), Ok(quantity)) = (Product::find(sku), quantity.parse())
            {
                cart.put(product, quantity);
            }
        }
        cart
    }

    /// The value of the cookie.
    #[must_use]
    pub fn to_cookie(&self) -> String {
        let mut value = self.currency.code().to_owned();
        for line in &self.lines {
            // Writing to a text does not fail.
            let _ = write!(value, ".{}-{}", line.product.sku, line.quantity);
        }
        value
    }

    /// Puts so many of a product into the cart; none takes it out.
    pub fn put(&mut self, product: &'static Product, quantity: u32) {
        let quantity = quantity.min(QUANTITY_MAX);
        let known = self.lines.iter_mut().find(|line| line.product.sku == product.sku);
        match known {
            Some(line) => line.quantity = quantity,
            None => self.lines.push(Line { product, quantity }),
        }
        self.lines.retain(|line| line.quantity > 0);
    }

    /// How many of a product are in it.
    #[must_use]
    pub fn quantity(&self, product: &Product) -> u32 {
        let line = self.lines.iter().find(|line| line.product.sku == product.sku);
        line.map_or(0, |line| line.quantity)
    }

    /// How many things are in it.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.lines.iter().map(|line| line.quantity).sum()
    }

    /// What shipping it costs.
    #[must_use]
    pub fn shipping(&self) -> Money {
        catalog::shipping(self.currency)
    }

    /// What is to be paid, shipping included.
    #[must_use]
    pub fn total(&self) -> Money {
        let items: i64 = self.lines.iter().map(|line| line.price(self.currency).minor).sum();
        Money { minor: items + self.shipping().minor, currency: self.currency }
    }
}

impl Line {
    /// The price of all of it.
    #[must_use]
    pub fn price(&self, currency: Currency) -> Money {
        let one = self.product.price(currency);
        Money { minor: one.minor * i64::from(self.quantity), currency }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cart_survives_its_cookie() {
        let mut cart = Cart { currency: Currency::Usd, lines: Vec::new() };
        cart.put(Product::find("kettle").unwrap(), 1);
        cart.put(Product::find("strainer").unwrap(), 2);
        let read = Cart::from_cookie(&cart.to_cookie());
        assert_eq!(read.to_cookie(), "USD.kettle-1.strainer-2");
        assert_eq!(read.total().to_string(), "$206.50");
    }

    #[test]
    fn what_makes_no_sense_is_left_out() {
        let cart = Cart::from_cookie("XYZ.kettle-0.nothing-1.cup-9999999999.tin-400.spoon");
        assert_eq!(cart.to_cookie(), "EUR.tin-20");
    }
}
