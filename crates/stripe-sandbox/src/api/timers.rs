//! What happens by itself when its time has come.

use crate::api::intents::Stage;
use crate::api::next_actions;
use crate::api::requirements::{self, Outcome};
use crate::api::{account_links, accounts, captures, refunds};
use crate::desk::Desk;
use crate::objects::TimerAction;

/// Carries out a timer. Whether it still applies is looked up now: what it was set for may long be over.
pub(crate) fn fire(desk: &mut Desk<'_>, action: TimerAction) {
    match action {
        TimerAction::ExpireAuthorization { intent, charge } => {
            let intent = desk.objects.intents.get(&intent).cloned();
            let charge = desk.objects.charges.get(&charge).cloned();
            if let (Some(intent), Some(charge)) = (intent, charge)
                && intent.stage == Stage::RequiresCapture
                && intent.latest_charge.as_ref() == Some(&charge.id)
            {
                captures::expire(desk, intent, charge);
            }
        }
        TimerAction::SettleDebit { intent, charge, succeeds } => {
            let waits = desk.objects.intents.get(&intent).is_some_and(|intent| {
                intent.stage == Stage::Processing && intent.latest_charge.as_ref() == Some(&charge)
            });
            let outcome =
                if succeeds { next_actions::Outcome::Succeed } else { next_actions::Outcome::Fail };
            if waits && let Err(reason) = next_actions::settle(desk, &intent, outcome) {
                tracing::warn!(intent, reason, "a debit could not settle");
            }
        }
        TimerAction::SettleRefund { refund, succeeds } => refunds::settle(desk, &refund, succeeds),
        TimerAction::MissDeadline { deadline } => {
            let waiting = desk.objects.profile.clone().filter(|account| {
                account.requirements.current_deadline == Some(deadline)
                    && !account.requirements.currently_due.is_empty()
            });
            if let Some(mut account) = waiting {
                requirements::miss_deadline(&mut account);
                accounts::put_and_tell(desk, account);
            }
        }
        TimerAction::FinishVerification => {
            let waiting = desk.objects.profile.as_ref();
            if waiting.is_some_and(|account| !account.requirements.pending_verification.is_empty())
            {
                account_links::onboard(desk, Outcome::Complete);
            }
        }
    }
}
