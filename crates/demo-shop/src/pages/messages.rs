//! `/messages`: the live list, and the fault dials.

use askama::Template;
use axum::response::Response;

use crate::pages::dials::Panel;
use crate::pages::view::Line;
use crate::pages::visit::{Frame, Section, Visit, page};

/// So many lines are shown; the shop keeps more.
const LINES_MAX: usize = 100;

#[derive(Template)]
#[template(path = "messages.html")]
struct MessagesPage {
    frame: Frame,
    lines: Vec<Line>,
    channels: Vec<&'static str>,
    trouble: Option<String>,
    panel: Panel,
}

pub(crate) async fn show(visit: Visit) -> Response {
    let panel = Panel::of(&visit.shop, "/messages").await;
    let (lines, channels, trouble) = visit.shop.read(|state| {
        let lines = state.journal.newest_first().take(LINES_MAX).map(Line::of).collect();
        let channels = state.polled_channels().into_iter().map(|channel| channel.name()).collect();
        (lines, channels, state.channel_trouble.clone())
    });
    let frame = visit.frame(Section::Messages, "Messages", "/messages");
    page(&MessagesPage { frame, lines, channels, trouble, panel })
}
