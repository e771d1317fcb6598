//! Disputes, as far as money is concerned: what a bank took back cannot be paid out (rule R19).

use crate::{Money, Payment, PspDisputeId};

/// What is known of a dispute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispute {
    /// The PSP's name of it.
    pub reference: PspDisputeId,
    /// How much is disputed.
    pub amount: Money,
    /// Where its money is.
    pub state: DisputeState,
}

/// Where the money of a dispute is. The order is that of its life: a late message never moves it
/// back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DisputeState {
    /// It is still ours.
    Opened,
    /// The bank has it.
    Withdrawn,
    /// It came back: the dispute was won.
    Reinstated,
}

impl DisputeState {
    /// The name under which it is stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Withdrawn => "withdrawn",
            Self::Reinstated => "reinstated",
        }
    }

    /// The state of that name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Opened, Self::Withdrawn, Self::Reinstated]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

impl Payment {
    /// Notes where the money of a dispute is.
    pub fn with_dispute(mut self, dispute: Option<Dispute>) -> Self {
        let Some(new) = dispute else { return self };
        match self.0.disputes.iter_mut().find(|known| known.reference == new.reference) {
            Some(known) => known.state = known.state.max(new.state),
            None => self.0.disputes.push(new),
        }
        self
    }

    /// What banks took back and have not given back.
    pub fn withdrawn(&self) -> Money {
        let withdrawn = |dispute: &&Dispute| dispute.state == DisputeState::Withdrawn;
        let zero = Money::zero(self.captured.currency());
        self.disputes
            .iter()
            .filter(withdrawn)
            .fold(zero, |sum, dispute| sum.plus(dispute.amount).unwrap_or(sum))
    }
}
