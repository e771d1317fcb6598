//! The shop's default order process, as a table: which state an item of an order goes to by what
//! (contract, shop, section 3).
//!
//! A result message is heard in two ways. It is an event, which moves the items it names if they
//! are in the state that waits for it, and has no effect otherwise. And it writes the order's one
//! status row, which conditions read again and again, for every item of the order.
//!
//! States that an item only passes through ("payment capture ready", "returned" and the like) have
//! no place of their own here: what they do is done when the item goes through them.

/// Where an item of an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemState {
    /// The order is saved; the payment could not be initialized yet.
    New,
    /// The shopper is at the payment page, or has left it.
    PaymentPending,
    /// The money is held.
    PaymentAuthorized,
    /// Paying did not work; the shopper may try again.
    PaymentAuthorizationFailed,
    /// CancelPayment was sent.
    CancellationPending,
    /// The payment is canceled.
    PaymentCancelled,
    /// The payment could not be canceled.
    CancellationFailed,
    /// CapturePayment was sent.
    CapturePending,
    /// The money is there.
    PaymentCaptured,
    /// More money is there than was asked for.
    PaymentOverpaid,
    /// The money could not be had.
    PaymentFailed,
    /// The goods have arrived.
    Delivered,
    /// All is done.
    Closed,
    /// RefundPayment was sent.
    RefundPending,
    /// The money was given back, as far as one knows today.
    RefundSucceeded,
    /// The money could not be given back.
    RefundFailed,
    /// The money was given back for good.
    PaymentRefunded,
}

/// The order's status row: the last result that was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaymentStatus {
    /// PaymentAuthorized.
    Authorized,
    /// PaymentAuthorizationFailed.
    AuthorizationFailed,
    /// PaymentCaptured.
    Captured,
    /// PaymentCaptureFailed.
    CaptureFailed,
    /// PaymentCanceled.
    Canceled,
    /// PaymentCancellationFailed.
    CancellationFailed,
    /// PaymentOverpaid.
    Overpaid,
    /// PaymentUnderpaid.
    Underpaid,
}

/// A result that the app tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResultMessage {
    /// PaymentAuthorized.
    Authorized,
    /// PaymentAuthorizationFailed.
    AuthorizationFailed,
    /// PaymentCaptured.
    Captured,
    /// PaymentCaptureFailed.
    CaptureFailed,
    /// PaymentRefunded.
    Refunded,
    /// PaymentRefundFailed.
    RefundFailed,
    /// PaymentCanceled.
    Canceled,
    /// PaymentCancellationFailed.
    CancellationFailed,
    /// PaymentOverpaid.
    Overpaid,
    /// PaymentUnderpaid.
    Underpaid,
}

/// What a person in the back office does with an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Ships it and captures its money.
    Ship,
    /// Cancels it.
    Cancel,
    /// Notes that it has arrived.
    Deliver,
    /// Takes it back and refunds it.
    Return,
    /// Notes that nothing more is to come.
    Close,
}

/// Which of the two ways moves an order where the process knows both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trigger {
    /// The message itself.
    #[default]
    Events,
    /// The status row.
    Conditions,
}

impl ItemState {
    /// All states.
    pub const ALL: [Self; 17] = [
        Self::New,
        Self::PaymentPending,
        Self::PaymentAuthorized,
        Self::PaymentAuthorizationFailed,
        Self::CancellationPending,
        Self::PaymentCancelled,
        Self::CancellationFailed,
        Self::CapturePending,
        Self::PaymentCaptured,
        Self::PaymentOverpaid,
        Self::PaymentFailed,
        Self::Delivered,
        Self::Closed,
        Self::RefundPending,
        Self::RefundSucceeded,
        Self::RefundFailed,
        Self::PaymentRefunded,
    ];

    /// The name that the process gives it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::PaymentPending => "payment pending",
            Self::PaymentAuthorized => "payment authorized",
            Self::PaymentAuthorizationFailed => "payment authorization failed",
            Self::CancellationPending => "payment cancellation pending",
            Self::PaymentCancelled => "payment cancelled",
            Self::CancellationFailed => "payment cancellation failed",
            Self::CapturePending => "payment capture pending",
            Self::PaymentCaptured => "payment captured",
            Self::PaymentOverpaid => "payment overpaid",
            Self::PaymentFailed => "payment failed",
            Self::Delivered => "delivered",
            Self::Closed => "closed",
            Self::RefundPending => "payment refund pending",
            Self::RefundSucceeded => "payment refund succeeded",
            Self::RefundFailed => "payment refund failed",
            Self::PaymentRefunded => "payment refunded",
        }
    }

    /// Where an event takes an item in this state; `None`: the event has no effect.
    #[must_use]
    pub fn on_event(self, message: ResultMessage) -> Option<Self> {
        look_up(self.events(), message)
    }

    fn events(self) -> &'static [(ResultMessage, Self)] {
        use ResultMessage as M;
        match self {
            Self::PaymentPending => &[
                (M::Authorized, Self::PaymentAuthorized),
                (M::AuthorizationFailed, Self::PaymentAuthorizationFailed),
            ],
            Self::CapturePending => &[
                (M::Captured, Self::PaymentCaptured),
                (M::CaptureFailed, Self::PaymentFailed),
                (M::Underpaid, Self::PaymentFailed),
            ],
            Self::CancellationPending => &[
                (M::Canceled, Self::PaymentCancelled),
                (M::CancellationFailed, Self::CancellationFailed),
            ],
            Self::RefundPending => {
                &[(M::Refunded, Self::RefundSucceeded), (M::RefundFailed, Self::RefundFailed)]
            }
            Self::RefundSucceeded => &[(M::RefundFailed, Self::RefundFailed)],
            Self::RefundFailed => &[(M::Refunded, Self::RefundSucceeded)],
            Self::New
            | Self::PaymentAuthorized
            | Self::PaymentAuthorizationFailed
            | Self::PaymentCancelled
            | Self::CancellationFailed
            | Self::PaymentCaptured
            | Self::PaymentOverpaid
            | Self::PaymentFailed
            | Self::Delivered
            | Self::Closed
            | Self::PaymentRefunded => &[],
        }
    }

    /// Where the status row takes an item in this state when conditions are checked.
    ///
    /// Some conditions are part of the process in any case; the others are those of a shop that
    /// hears by [`Trigger::Conditions`] instead of by events.
    #[must_use]
    pub fn on_status(self, row: PaymentStatus, trigger: Trigger) -> Option<Self> {
        let in_any_case = look_up(self.conditions(), row);
        match trigger {
            Trigger::Events => in_any_case,
            Trigger::Conditions => {
                in_any_case.or_else(|| look_up(self.conditions_instead_of_events(), row))
            }
        }
    }

    fn conditions(self) -> &'static [(PaymentStatus, Self)] {
        use PaymentStatus as P;
        match self {
            Self::PaymentPending => &[
                (P::Captured, Self::PaymentCaptured),
                (P::CaptureFailed, Self::PaymentFailed),
                (P::Canceled, Self::PaymentCancelled),
            ],
            Self::PaymentAuthorizationFailed => &[(P::Authorized, Self::PaymentAuthorized)],
            Self::PaymentAuthorized | Self::CapturePending => {
                &[(P::Captured, Self::PaymentCaptured), (P::Overpaid, Self::PaymentCaptured)]
            }
            Self::PaymentCaptured => &[(P::Overpaid, Self::PaymentOverpaid)],
            Self::New
            | Self::CancellationPending
            | Self::PaymentCancelled
            | Self::CancellationFailed
            | Self::PaymentOverpaid
            | Self::PaymentFailed
            | Self::Delivered
            | Self::Closed
            | Self::RefundPending
            | Self::RefundSucceeded
            | Self::RefundFailed
            | Self::PaymentRefunded => &[],
        }
    }

    fn conditions_instead_of_events(self) -> &'static [(PaymentStatus, Self)] {
        use PaymentStatus as P;
        match self {
            Self::PaymentPending => &[
                (P::Authorized, Self::PaymentAuthorized),
                (P::AuthorizationFailed, Self::PaymentAuthorizationFailed),
            ],
            Self::CapturePending => {
                &[(P::CaptureFailed, Self::PaymentFailed), (P::Underpaid, Self::PaymentFailed)]
            }
            Self::CancellationPending => &[
                (P::Canceled, Self::PaymentCancelled),
                (P::CancellationFailed, Self::CancellationFailed),
            ],
            Self::New
            | Self::PaymentAuthorized
            | Self::PaymentAuthorizationFailed
            | Self::PaymentCancelled
            | Self::CancellationFailed
            | Self::PaymentCaptured
            | Self::PaymentOverpaid
            | Self::PaymentFailed
            | Self::Delivered
            | Self::Closed
            | Self::RefundPending
            | Self::RefundSucceeded
            | Self::RefundFailed
            | Self::PaymentRefunded => &[],
        }
    }

    /// Where a person takes an item in this state; `None`: it cannot be done now.
    #[must_use]
    pub fn on_action(self, action: Action) -> Option<Self> {
        look_up(self.actions(), action)
    }

    fn actions(self) -> &'static [(Action, Self)] {
        match self {
            Self::PaymentAuthorized => {
                &[(Action::Ship, Self::CapturePending), (Action::Cancel, Self::CancellationPending)]
            }
            Self::PaymentFailed => &[(Action::Ship, Self::CapturePending)],
            Self::PaymentPending | Self::PaymentAuthorizationFailed | Self::CancellationFailed => {
                &[(Action::Cancel, Self::CancellationPending)]
            }
            Self::PaymentCaptured | Self::PaymentOverpaid => &[(Action::Deliver, Self::Delivered)],
            Self::Delivered => {
                &[(Action::Return, Self::RefundPending), (Action::Close, Self::Closed)]
            }
            Self::New
            | Self::CancellationPending
            | Self::PaymentCancelled
            | Self::CapturePending
            | Self::Closed
            | Self::RefundPending
            | Self::RefundSucceeded
            | Self::RefundFailed
            | Self::PaymentRefunded => &[],
        }
    }

    /// Where a week in this state takes an item.
    #[must_use]
    pub fn after_a_week(self) -> Week {
        match self {
            Self::PaymentPending | Self::PaymentAuthorized | Self::PaymentAuthorizationFailed => {
                Week::Act(Action::Cancel)
            }
            Self::RefundSucceeded => Week::Become(Self::PaymentRefunded),
            Self::New
            | Self::CancellationPending
            | Self::PaymentCancelled
            | Self::CancellationFailed
            | Self::CapturePending
            | Self::PaymentCaptured
            | Self::PaymentOverpaid
            | Self::PaymentFailed
            | Self::Delivered
            | Self::Closed
            | Self::RefundPending
            | Self::RefundFailed
            | Self::PaymentRefunded => Week::Nothing,
        }
    }
}

fn look_up<T: PartialEq>(table: &[(T, ItemState)], by: T) -> Option<ItemState> {
    table.iter().find(|(known, _)| *known == by).map(|(_, to)| *to)
}

/// What a week does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Week {
    /// Nothing.
    Nothing,
    /// The item changes by itself.
    Become(ItemState),
    /// The shop does what a person could have done.
    Act(Action),
}

impl PaymentStatus {
    /// How the status row spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Authorized => "authorized",
            Self::AuthorizationFailed => "authorization_failed",
            Self::Captured => "captured",
            Self::CaptureFailed => "capture_failed",
            Self::Canceled => "canceled",
            Self::CancellationFailed => "cancellation_failed",
            Self::Overpaid => "overpaid",
            Self::Underpaid => "underpaid",
        }
    }
}

impl ResultMessage {
    /// All results.
    pub const ALL: [Self; 10] = [
        Self::Authorized,
        Self::AuthorizationFailed,
        Self::Captured,
        Self::CaptureFailed,
        Self::Refunded,
        Self::RefundFailed,
        Self::Canceled,
        Self::CancellationFailed,
        Self::Overpaid,
        Self::Underpaid,
    ];

    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Authorized => "PaymentAuthorized",
            Self::AuthorizationFailed => "PaymentAuthorizationFailed",
            Self::Captured => "PaymentCaptured",
            Self::CaptureFailed => "PaymentCaptureFailed",
            Self::Refunded => "PaymentRefunded",
            Self::RefundFailed => "PaymentRefundFailed",
            Self::Canceled => "PaymentCanceled",
            Self::CancellationFailed => "PaymentCancellationFailed",
            Self::Overpaid => "PaymentOverpaid",
            Self::Underpaid => "PaymentUnderpaid",
        }
    }

    /// What it writes into the order's status row; refunds write nothing.
    #[must_use]
    pub fn status(self) -> Option<PaymentStatus> {
        match self {
            Self::Authorized => Some(PaymentStatus::Authorized),
            Self::AuthorizationFailed => Some(PaymentStatus::AuthorizationFailed),
            Self::Captured => Some(PaymentStatus::Captured),
            Self::CaptureFailed => Some(PaymentStatus::CaptureFailed),
            Self::Canceled => Some(PaymentStatus::Canceled),
            Self::CancellationFailed => Some(PaymentStatus::CancellationFailed),
            Self::Overpaid => Some(PaymentStatus::Overpaid),
            Self::Underpaid => Some(PaymentStatus::Underpaid),
            Self::Refunded | Self::RefundFailed => None,
        }
    }

    /// Whether the message is an event of the process in a shop of this kind. Refunds have no
    /// status row, so they are events in any shop.
    #[must_use]
    pub fn is_event(self, trigger: Trigger) -> bool {
        match trigger {
            Trigger::Events => true,
            Trigger::Conditions => self.status().is_none(),
        }
    }
}

impl Trigger {
    /// The value in forms.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Conditions => "conditions",
        }
    }
}
