//! `docs/state-machine.md` is drawn from the code: every edge and every cell in it is asked of the
//! machine. With `UPDATE_DOCS=1` the document is rewritten; `cargo xtask docs` does that.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use crate::cells::*;
use crate::common::*;
use payment::*;

const BEGIN: &str = "<!-- drawn from the code: begin -->";
const END: &str = "<!-- drawn from the code: end -->";

#[test]
fn the_state_machine_is_drawn_as_it_is() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/state-machine.md");
    let document = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = document.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let drawn = format!("{before}{BEGIN}\n\n{}{}{END}{after}", diagram(), tables());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, drawn).unwrap();
        return;
    }
    assert!(
        document == drawn,
        "docs/state-machine.md is not what the code does; `cargo xtask docs` redraws it"
    );
}

/// The status that each event leads to, with whatever call may be open meanwhile.
fn edges() -> BTreeMap<(Status, Status), BTreeSet<&'static str>> {
    let mut edges: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for status in Status::ALL {
        for (_, purpose) in open_calls(status) {
            for (_, event) in events() {
                let name = event.name();
                let payment = in_status(status);
                let payment = match purpose.clone() {
                    Some(purpose) => payment.plan(call(purpose)).unwrap(),
                    None => payment,
                };
                if let Ok(next) = payment.apply(event)
                    && next.payment.status != status
                {
                    edges.entry((status, next.payment.status)).or_default().insert(name);
                }
            }
        }
    }
    edges
}

fn diagram() -> String {
    let mut text = "```mermaid\nstateDiagram-v2\n    [*] --> new\n".to_owned();
    for ((from, to), events) in edges() {
        let events: Vec<_> = events.into_iter().collect();
        writeln!(text, "    {from} --> {to}: {}", events.join(", ")).unwrap();
    }
    text.push_str("```\n\n");
    text
}

fn tables() -> String {
    let mut text = String::new();
    for status in Status::ALL {
        writeln!(text, "### {status}\n\n| The shop commands | What happens |\n|---|---|").unwrap();
        for (name, command) in commands() {
            writeln!(text, "| {name} | {} |", answer(status, &command)).unwrap();
        }
        text.push('\n');
    }
    text
}

/// What becomes of a command, in words; the provider is asked first where it has to be.
fn answer(status: Status, command: &Command) -> String {
    let decide = |asked| in_status(status).decide(command, command_id(7), asked, refund_id(8));
    let (prefix, decision) = match decide(false) {
        Decision::Ask => ("the provider is asked; if nothing is new: ", decide(true)),
        other => ("", other),
    };
    let words = match decision {
        Decision::Ask | Decision::Resume => unreachable!("no call is open, and it was asked once"),
        Decision::Wait(why) => format!("waits: {why}"),
        Decision::Call(purpose) => match purpose {
            Purpose::Capture { amount, last: true, .. } => {
                format!("captures {amount} and releases the rest")
            }
            Purpose::Capture { amount, .. } => format!("captures {amount} and keeps the rest"),
            Purpose::Refund { amount, .. } => format!("refunds {amount}"),
            Purpose::Cancel { .. } => "cancels at the provider".to_owned(),
            Purpose::Create | Purpose::Update(_) | Purpose::Transfer(_) | Purpose::Reverse(_) => {
                unreachable!("no command asks for these")
            }
        },
        Decision::Answer(next, _) => {
            let results: Vec<_> = next
                .tell
                .into_iter()
                .filter(|message| matches!(message, Message::Result { .. }))
                .collect();
            match results.as_slice() {
                [] => "nothing: the one in flight answers".to_owned(),
                results => told(results),
            }
        }
    };
    format!("{prefix}{words}")
}
