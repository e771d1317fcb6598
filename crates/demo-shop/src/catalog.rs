//! What the shop sells.

use crate::merchant::Merchant;
use crate::money::{Currency, Money};

/// A product.
#[derive(Debug)]
pub struct Product {
    /// Its number, which is also the name of its picture.
    pub sku: &'static str,
    /// Its name.
    pub name: &'static str,
    /// One sentence about it.
    pub about: &'static str,
    /// The reference of the merchant who sells it on a marketplace; the shop sells the others itself.
    seller: Option<&'static str>,
    /// Gross prices in minor units, in the order of [`Currency::ALL`].
    prices: [i64; 5],
    /// Its picture, an SVG document.
    pub picture: &'static str,
}

/// What shipping costs, in the order of [`Currency::ALL`].
const SHIPPING: [i64; 5] = [490, 550, 450, 500, 800];

/// The products.
pub const PRODUCTS: [Product; 6] = [
    Product {
        sku: "kettle",
        name: "Enamel kettle, 2 l",
        about: "Whistles softly, works on induction.",
        seller: None,
        prices: [9_999, 10_900, 8_900, 9_800, 16_800],
        picture: include_str!("../assets/pictures/kettle.svg"),
    },
    Product {
        sku: "strainer",
        name: "Tea strainer, steel",
        about: "Fine enough for rooibos.",
        seller: None,
        prices: [4_245, 4_600, 3_700, 4_150, 7_200],
        picture: include_str!("../assets/pictures/strainer.svg"),
    },
    Product {
        sku: "teapot",
        name: "Glass teapot, 1.2 l",
        about: "Watch it draw. Hand-blown in Lauscha.",
        seller: Some("MER000001"),
        prices: [6_400, 6_900, 5_600, 6_300, 10_900],
        picture: include_str!("../assets/pictures/teapot.svg"),
    },
    Product {
        sku: "cup",
        name: "Stoneware cup",
        about: "Thick walls, glazed by hand.",
        seller: Some("MER000001"),
        prices: [1_890, 2_050, 1_650, 1_850, 3_200],
        picture: include_str!("../assets/pictures/cup.svg"),
    },
    Product {
        sku: "tin",
        name: "Tea tin, 250 g",
        about: "Double lid, keeps the aroma in.",
        seller: Some("MER000002"),
        prices: [2_450, 2_650, 2_150, 2_400, 4_100],
        picture: include_str!("../assets/pictures/tin.svg"),
    },
    Product {
        sku: "spoon",
        name: "Brass caddy spoon",
        about: "One heap is one cup.",
        seller: Some("MER000002"),
        prices: [1_200, 1_300, 1_050, 1_180, 2_000],
        picture: include_str!("../assets/pictures/spoon.svg"),
    },
];

impl Product {
    /// The product with this number.
    #[must_use]
    pub fn find(sku: &str) -> Option<&'static Self> {
        PRODUCTS.iter().find(|product| product.sku == sku)
    }

    /// Who sells it on a marketplace, where it is not the shop itself.
    #[must_use]
    pub fn seller(&self) -> Option<&'static Merchant> {
        self.seller.and_then(Merchant::find)
    }

    /// Its gross price.
    #[must_use]
    pub fn price(&self, currency: Currency) -> Money {
        of(&self.prices, currency)
    }
}

/// What shipping costs, whatever is shipped.
#[must_use]
pub fn shipping(currency: Currency) -> Money {
    of(&SHIPPING, currency)
}

fn of(prices: &[i64; 5], currency: Currency) -> Money {
    let [eur, usd, gbp, chf, jpy] = *prices;
    let minor = match currency {
        Currency::Eur => eur,
        Currency::Usd => usd,
        Currency::Gbp => gbp,
        Currency::Chf => chf,
        Currency::Jpy => jpy,
    };
    Money { minor, currency }
}
