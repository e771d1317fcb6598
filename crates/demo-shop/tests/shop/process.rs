//! The default order process, whole: each state by each message, status and action.

use std::fmt::Write;

use demo_shop::{Action, ItemState, PaymentStatus, ResultMessage, Trigger};

#[test]
fn every_state_by_every_message_status_and_action() {
    let mut text = String::new();
    for state in ItemState::ALL {
        let _ = writeln!(text, "{}", state.name());
        for message in ResultMessage::ALL {
            if let Some(to) = state.on_event(message) {
                let _ = writeln!(text, "  event {} → {}", message.name(), to.name());
            }
        }
        for status in statuses() {
            for (trigger, word) in [(Trigger::Events, "status"), (Trigger::Conditions, "condition")]
            {
                let to = state.on_status(status, trigger);
                // What holds in any case is said once.
                let is_said = trigger == Trigger::Conditions
                    && to == state.on_status(status, Trigger::Events);
                if let Some(to) = to.filter(|_| !is_said) {
                    let _ = writeln!(text, "  {word} {} → {}", status.name(), to.name());
                }
            }
        }
        for action in [Action::Ship, Action::Cancel, Action::Deliver, Action::Return, Action::Close]
        {
            if let Some(to) = state.on_action(action) {
                let _ = writeln!(text, "  {action:?} → {}", to.name());
            }
        }
        let _ = writeln!(text, "  after a week: {:?}", state.after_a_week());
    }
    insta::assert_snapshot!(text);
}

fn statuses() -> Vec<PaymentStatus> {
    ResultMessage::ALL.into_iter().filter_map(ResultMessage::status).collect()
}
