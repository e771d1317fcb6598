//! Who answers for a connected account: the `type` of old, or the `controller` that took its place.

use serde_json::{Value, json};

use crate::error::ApiError;
use crate::params::Params;

/// Who pays, or answers, or asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Party {
    Account,
    Application,
    Stripe,
}

impl Party {
    fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Application => "application",
            Self::Stripe => "stripe",
        }
    }

    fn named(name: &str) -> Self {
        match name {
            "account" => Self::Account,
            "application" => Self::Application,
            _ => Self::Stripe,
        }
    }
}

/// The dashboard the merchant has at Stripe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dashboard {
    Full,
    Express,
    None,
}

impl Dashboard {
    fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Express => "express",
            Self::None => "none",
        }
    }
}

/// Stripe's `controller` and `type`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Controller {
    /// `standard`, `express` or `custom`; `none` where a controller was given.
    kind: &'static str,
    fee_payer: &'static str,
    losses: Party,
    pub(crate) requirement_collection: Party,
    pub(crate) dashboard: Dashboard,
}

impl Controller {
    /// Stripe's `type`.
    pub(crate) fn kind(&self) -> &'static str {
        self.kind
    }

    /// Whether the platform answers for a negative balance, and so may reject the account.
    pub(crate) fn platform_is_liable(&self) -> bool {
        self.losses == Party::Application
    }

    pub(crate) fn render(&self) -> Value {
        json!({
            "fees": { "payer": self.fee_payer },
            "is_controller": true,
            "losses": { "payments": self.losses.name() },
            "requirement_collection": self.requirement_collection.name(),
            "stripe_dashboard": { "type": self.dashboard.name() },
            "type": "application",
        })
    }

    /// Reads `type`, or `controller`; a standard account where there is neither.
    pub(crate) fn read(params: &mut Params) -> Result<Self, ApiError> {
        let kind = params.choice("type", &["custom", "express", "standard"])?;
        let controller = params.nested("controller")?;
        match (kind, controller) {
            (Some(_), Some(_)) => Err(ApiError::invalid(
                "Give either type or controller, not both: they say the same.",
            )
            .param("controller")),
            (Some("express"), None) => Ok(Self {
                kind: "express",
                fee_payer: "application_express",
                losses: Party::Application,
                requirement_collection: Party::Stripe,
                dashboard: Dashboard::Express,
            }),
            (Some("custom"), None) => Ok(Self {
                kind: "custom",
                fee_payer: "application_custom",
                losses: Party::Application,
                requirement_collection: Party::Application,
                dashboard: Dashboard::None,
            }),
            (_, None) => Ok(Self { kind: "standard", ..Self::default() }),
            (None, Some(hash)) => Self::read_controller(hash),
        }
    }

    fn read_controller(mut hash: Params) -> Result<Self, ApiError> {
        let mut controller = Self::default();
        if let Some(mut fees) = hash.nested("fees")? {
            if let Some(payer) = fees.choice("payer", &["account", "application"])? {
                controller.fee_payer = payer;
            }
            fees.finish()?;
        }
        if let Some(mut losses) = hash.nested("losses")? {
            if let Some(payments) = losses.choice("payments", &["application", "stripe"])? {
                controller.losses = Party::named(payments);
            }
            losses.finish()?;
        }
        if let Some(party) = hash.choice("requirement_collection", &["application", "stripe"])? {
            controller.requirement_collection = Party::named(party);
        }
        if let Some(mut dashboard) = hash.nested("stripe_dashboard")? {
            controller.dashboard = match dashboard.choice("type", &["express", "full", "none"])? {
                Some("express") => Dashboard::Express,
                Some("none") => Dashboard::None,
                Some(_) | None => Dashboard::Full,
            };
            dashboard.finish()?;
        }
        hash.finish()?;
        controller.check()?;
        Ok(controller)
    }

    /// Who asks the merchant has to answer for her, and she has no dashboard of Stripe's to answer in.
    fn check(&self) -> Result<(), ApiError> {
        let collects = self.requirement_collection == Party::Application;
        if collects && (!self.platform_is_liable() || self.dashboard != Dashboard::None) {
            return Err(ApiError::invalid(
                "controller[requirement_collection]=application needs controller[losses][payments]=application and \
                 controller[stripe_dashboard][type]=none.",
            )
            .param("controller[requirement_collection]"));
        }
        Ok(())
    }
}

impl Default for Controller {
    fn default() -> Self {
        Self {
            kind: "none",
            fee_payer: Party::Account.name(),
            losses: Party::Stripe,
            requirement_collection: Party::Stripe,
            dashboard: Dashboard::Full,
        }
    }
}
