//! `/merchants`: whom the marketplace sells for, and what each has got.

use askama::Template;
use axum::response::Response;

use crate::merchant::{COMMISSION_PERCENT, MERCHANTS, Merchant, Merchants, Sums};
use crate::pages::view::Standing;
use crate::pages::visit::{Frame, Section, Visit, page};

#[derive(Template)]
#[template(path = "merchants.html")]
struct MerchantsPage {
    frame: Frame,
    merchants: Vec<Row>,
    commission: i64,
}

struct Row {
    merchant: &'static Merchant,
    standing: Standing,
    sums: Vec<Sums>,
}

impl Row {
    fn of(known: &Merchants, merchant: &'static Merchant) -> Self {
        Self { merchant, standing: Standing::of(known, merchant), sums: known.sums(merchant) }
    }
}

pub(crate) async fn show(visit: Visit) -> Response {
    let row = |state: &crate::state::State| {
        MERCHANTS.iter().map(|merchant| Row::of(&state.merchants, merchant)).collect()
    };
    let merchants = visit.shop.read(row);
    let frame = visit.frame(Section::Merchants, "Merchants", "/merchants");
    page(&MerchantsPage { frame, merchants, commission: COMMISSION_PERCENT })
}
