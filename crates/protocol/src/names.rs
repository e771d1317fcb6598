//! The names of channels and messages, and which message travels on which channel.
//!
//! A known name on another channel kills the shop's worker (contract, shop, section 0), so the
//! pairing is written down once, here.

/// A channel between the app and the shop (contract, shop, section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// Payment methods that come and go. App to shop.
    PaymentMethodCommands,
    /// What to do with a payment. Shop to app.
    PaymentCommands,
    /// What became of a payment. App to shop.
    PaymentEvents,
    /// The onboarding of merchants. App to shop.
    MerchantAppEvents,
    /// The state of the app itself. App to shop.
    AppEvents,
}

impl Channel {
    /// Every channel there is.
    pub const ALL: [Self; 5] = [
        Self::PaymentMethodCommands,
        Self::PaymentCommands,
        Self::PaymentEvents,
        Self::MerchantAppEvents,
        Self::AppEvents,
    ];

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PaymentMethodCommands => "payment-method-commands",
            Self::PaymentCommands => "payment-commands",
            Self::PaymentEvents => "payment-events",
            Self::MerchantAppEvents => "merchant-app-events",
            Self::AppEvents => "app-events",
        }
    }

    /// The channel of that name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.name() == name)
    }

    /// Whether the shop writes it and the app reads it.
    pub const fn is_incoming(self) -> bool {
        match self {
            Self::PaymentCommands => true,
            Self::PaymentMethodCommands
            | Self::PaymentEvents
            | Self::MerchantAppEvents
            | Self::AppEvents => false,
        }
    }
}

macro_rules! messages {
    ($($(#[$doc:meta])* $name:ident => $channel:ident,)*) => {
        /// A message of the shop's protocol (contract, shop, section 2).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum MessageName {
            $($(#[$doc])* $name,)*
        }

        impl MessageName {
            /// Every message there is.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name on the wire.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }

            /// The channel it travels on; it must never be seen on another one.
            pub const fn channel(self) -> Channel {
                match self {
                    $(Self::$name => Channel::$channel,)*
                }
            }
        }
    };
}

messages! {
    /// The shop has a new payment method.
    AddPaymentMethod => PaymentMethodCommands,
    /// A payment method changed.
    UpdatePaymentMethod => PaymentMethodCommands,
    /// A payment method is gone.
    DeletePaymentMethod => PaymentMethodCommands,
    /// Take the money.
    CapturePayment => PaymentCommands,
    /// Give it back.
    RefundPayment => PaymentCommands,
    /// Never take it.
    CancelPayment => PaymentCommands,
    /// The money is held.
    PaymentAuthorized => PaymentEvents,
    /// It will not be.
    PaymentAuthorizationFailed => PaymentEvents,
    /// The money is taken.
    PaymentCaptured => PaymentEvents,
    /// It could not be taken.
    PaymentCaptureFailed => PaymentEvents,
    /// The money was given back.
    PaymentRefunded => PaymentEvents,
    /// It could not be given back.
    PaymentRefundFailed => PaymentEvents,
    /// Nothing will be taken.
    PaymentCanceled => PaymentEvents,
    /// The cancel was refused.
    PaymentCancellationFailed => PaymentEvents,
    /// More came in than was asked for.
    PaymentOverpaid => PaymentEvents,
    /// Less came in than was asked for.
    PaymentUnderpaid => PaymentEvents,
    /// The payment exists at the payment service provider.
    PaymentCreated => PaymentEvents,
    /// Something about it that an operator of the shop wants to see.
    PaymentUpdated => PaymentEvents,
    /// Merchants may begin their onboarding.
    ReadyForMerchantAppOnboarding => MerchantAppEvents,
    /// A merchant's onboarding went on.
    MerchantAppOnboardingStatusChanged => MerchantAppEvents,
    /// The app was configured or disconnected.
    AppConfigUpdated => AppEvents,
}

impl MessageName {
    /// The message of that name, if there is one. Case counts, as it does for the shop.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|message| message.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_has_the_channel_of_the_contract() {
        let mut table = String::new();
        for message in MessageName::ALL {
            table.push_str(&format!("{} {}\n", message.channel().name(), message.name()));
        }
        insta::assert_snapshot!(table, @"
        payment-method-commands AddPaymentMethod
        payment-method-commands UpdatePaymentMethod
        payment-method-commands DeletePaymentMethod
        payment-commands CapturePayment
        payment-commands RefundPayment
        payment-commands CancelPayment
        payment-events PaymentAuthorized
        payment-events PaymentAuthorizationFailed
        payment-events PaymentCaptured
        payment-events PaymentCaptureFailed
        payment-events PaymentRefunded
        payment-events PaymentRefundFailed
        payment-events PaymentCanceled
        payment-events PaymentCancellationFailed
        payment-events PaymentOverpaid
        payment-events PaymentUnderpaid
        payment-events PaymentCreated
        payment-events PaymentUpdated
        merchant-app-events ReadyForMerchantAppOnboarding
        merchant-app-events MerchantAppOnboardingStatusChanged
        app-events AppConfigUpdated
        ");
    }

    #[test]
    fn names_are_read_back_as_written() {
        for message in MessageName::ALL {
            assert_eq!(MessageName::from_name(message.name()), Some(*message));
        }
        for channel in Channel::ALL {
            assert_eq!(Channel::from_name(channel.name()), Some(channel));
        }
        assert_eq!(MessageName::from_name("capturePayment"), None);
        assert_eq!(Channel::from_name("payments"), None);
    }

    #[test]
    fn commands_are_all_that_comes_in() {
        let incoming: Vec<_> = Channel::ALL.into_iter().filter(|c| c.is_incoming()).collect();
        assert_eq!(incoming, [Channel::PaymentCommands]);
    }
}
