//! The panel of fault dials, and what its buttons do.

use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;

use crate::dials::{Dial, Dials};
use crate::pages::fields::Fields;
use crate::pages::visit::{Section, Visit, lead_to, say};
use crate::shop::Shop;

/// The panel as a page shows it.
pub(crate) struct Panel {
    /// Where its buttons lead back to.
    pub(crate) back: String,
    pub(crate) buttons: Vec<DialButton>,
    /// Why there is none.
    pub(crate) trouble: Option<String>,
    /// What is not as usual, in words; empty: nothing.
    pub(crate) unusual: Vec<String>,
}

pub(crate) struct DialButton {
    pub(crate) name: &'static str,
    pub(crate) text: &'static str,
    /// For a switch: whether it is on.
    pub(crate) switch: Option<bool>,
}

impl Panel {
    /// The panel as it is set now.
    pub(crate) async fn of(shop: &Shop, back: &str) -> Self {
        let back = back.to_owned();
        match shop.dials().await {
            Ok(dials) => {
                let buttons = Dial::ALL.into_iter().map(|dial| button(dial, &dials)).collect();
                Self { back, buttons, trouble: None, unusual: unusual(&dials) }
            }
            Err(why) => Self { back, buttons: Vec::new(), trouble: Some(why), unusual: Vec::new() },
        }
    }
}

fn button(dial: Dial, dials: &Dials) -> DialButton {
    let (text, switch) = match dial {
        Dial::Decline => ("Decline next", None),
        Dial::Slow => ("Slow answers", None),
        Dial::LoseAnswer => ("Lose one answer", None),
        Dial::Down => ("Stripe down", Some(dials.is_down)),
        Dial::Hold => ("Hold webhooks", Some(dials.holds)),
        Dial::Twice => ("Send all twice", Some(dials.twice)),
        Dial::Reverse => ("Reverse their order", Some(dials.reverse)),
        Dial::Week => ("Let a week pass", None),
        Dial::Reset => ("Back to normal", None),
    };
    DialButton { name: dial.name(), text, switch }
}

fn unusual(dials: &Dials) -> Vec<String> {
    let Dials { declines, slow, lost_answers, is_down, holds, held, twice, reverse, weeks } = dials;
    let mut said = Vec::new();
    if *is_down {
        said.push("Stripe is down".to_owned());
    }
    if *declines > 0 {
        said.push(format!("declines the next {}", counted(*declines, "payment")));
    }
    if *lost_answers > 0 {
        said.push(format!("loses the next {}", counted(*lost_answers, "answer")));
    }
    if *slow > 0 {
        said.push(format!("answers the next {} late", counted(*slow, "call")));
    }
    if *holds {
        said.push(format!("holds webhooks, {held} so far"));
    }
    if *twice {
        said.push("sends each webhook twice".to_owned());
    }
    if *reverse {
        said.push("newest webhook first (hold them, then let them go)".to_owned());
    }
    if *weeks > 0 {
        let weeks = u64::try_from(*weeks).unwrap_or_default();
        said.push(format!("{} ahead", counted(weeks, "week")));
    }
    said
}

fn counted(number: u64, of: &str) -> String {
    if number == 1 { format!("1 {of}") } else { format!("{number} {of}s") }
}

/// Somebody turned a dial.
pub(crate) async fn turn(
    State(shop): State<Shop>,
    visit: Visit,
    Path(name): Path<String>,
    fields: Fields,
) -> Response {
    let Some(dial) = Dial::from_name(&name) else {
        let text = "There is no such dial.".to_owned();
        return say(visit, Section::Messages, StatusCode::NOT_FOUND, "Nothing here", text);
    };
    let back = fields.text("back");
    let order =
        back.strip_prefix("/orders/").filter(|it| shop.read(|state| state.order(it).is_some()));
    let back = order.map_or("/messages".to_owned(), |order| format!("/orders/{order}"));
    let done = shop.turn(dial).await.map(str::to_owned);
    lead_to(&shop, &back, done)
}
