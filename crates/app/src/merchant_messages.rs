//! What a shop is told about the onboarding of merchants, and what merchants read in its portal.

use payment::MerchantStatus;
use protocol::MessageName;
use protocol::merchant::{
    AdditionalLink, LinkAttributes, MerchantAppOnboardingStatusChanged, OnboardingState,
    ReadyForMerchantAppOnboarding, StateTexts,
};
use url::Url;

use crate::context::Context;
use crate::merchant::Merchant;
use crate::messages::{Blocks, message};
use crate::ports::{After, MessageId, NewMessage};
use crate::tenant::{Language, Tenant};

/// The provider's name, as merchants know it.
const APP_NAME: &str = "Stripe";
/// Messages that invite merchants are delivered one after the other under this key.
const READY_KEY: &str = "merchant-onboarding";

/// Invites merchants. The shop keeps the invitation with the app's configuration, which it reads
/// from another channel: it shows once that message was delivered. `None` where the shop could not
/// store the address.
pub(crate) fn ready(
    context: &Context,
    tenant: &Tenant,
    app_config: MessageId,
) -> Option<NewMessage> {
    let settings = &tenant.settings;
    let payload = ReadyForMerchantAppOnboarding::new(
        &context.site.app_identifier,
        APP_NAME,
        &context.site.public_url,
        settings.onboarding_links.iter().map(|url| link(url)).collect(),
        states(settings.onboarding_language),
    );
    let payload = payload
        .inspect_err(|error| {
            tracing::error!(
                tenant = %tenant.id, %error,
                "merchants cannot be invited. Next: set a shorter public_url and configure again"
            );
        })
        .ok()?;
    let name = MessageName::ReadyForMerchantAppOnboarding;
    let now = context.entropy.now();
    let message = message(context, &tenant.id, name, READY_KEY, &payload, now, Blocks::Yes);
    Some(NewMessage { after: After::Message(app_config), ..message })
}

/// Tells where a merchant's onboarding stands now.
pub(crate) fn status_changed(
    context: &Context,
    merchant: &Merchant,
    status: MerchantStatus,
) -> NewMessage {
    let reference = merchant.reference.as_str();
    let app = &context.site.app_identifier;
    let payload = MerchantAppOnboardingStatusChanged::new(reference, app, status.name());
    let name = MessageName::MerchantAppOnboardingStatusChanged;
    let key = format!("merchant:{reference}");
    let now = context.entropy.now();
    // The identifier's length is checked when the configuration is read.
    message(context, &merchant.tenant, name, &key, &payload.ok(), now, Blocks::Yes)
}

/// A link is called by its host: that is what tells one from the other.
fn link(url: &str) -> AdditionalLink {
    let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
    AdditionalLink {
        label: host.unwrap_or_else(|| url.to_owned()),
        url: url.to_owned(),
        attributes: LinkAttributes { target: "_blank" },
    }
}

fn states(language: Language) -> Vec<OnboardingState> {
    let texts = match language {
        Language::English => english,
        Language::German => german,
    };
    let state = |status: MerchantStatus| {
        let [status_text, display_text, button_text, button_info] = texts(status);
        let attributes = StateTexts { status_text, display_text, button_text, button_info };
        OnboardingState { name: status.name(), attributes }
    };
    MerchantStatus::ALL.map(state).to_vec()
}

/// The status in a word, what it means, what the button says, what it does.
fn english(status: MerchantStatus) -> [&'static str; 4] {
    match status {
        MerchantStatus::Incomplete => [
            "Incomplete",
            "Stripe needs to know you before you can be paid out.",
            "Start onboarding",
            "You go on at Stripe and come back here when you are done.",
        ],
        MerchantStatus::Pending => [
            "Pending",
            "Stripe checks what you handed in. There is nothing for you to do.",
            "Open Stripe",
            "You see at Stripe what is being checked.",
        ],
        MerchantStatus::Enabled => [
            "Enabled",
            "You are paid out. Stripe will ask for more as your sales grow.",
            "Open Stripe",
            "You see your payouts at Stripe.",
        ],
        MerchantStatus::Completed => [
            "Completed",
            "You are paid out, and Stripe needs nothing more.",
            "Open Stripe",
            "You see your payouts at Stripe.",
        ],
        MerchantStatus::Restricted => [
            "Restricted",
            "Something is missing, and payouts may be stopped.",
            "Complete onboarding",
            "You hand in at Stripe what is missing.",
        ],
        MerchantStatus::RestrictedSoon => [
            "Restricted soon",
            "Something is missing. Hand it in before Stripe stops your payouts.",
            "Complete onboarding",
            "You hand in at Stripe what is missing.",
        ],
        MerchantStatus::Rejected => [
            "Rejected",
            "Stripe cannot work with you. Ask the marketplace what to do.",
            "Open Stripe",
            "You read at Stripe what is known.",
        ],
    }
}

fn german(status: MerchantStatus) -> [&'static str; 4] {
    match status {
        MerchantStatus::Incomplete => [
            "Unvollständig",
            "Stripe muss Sie kennen, bevor Sie Auszahlungen erhalten.",
            "Anmeldung beginnen",
            "Sie machen bei Stripe weiter und kommen danach hierher zurück.",
        ],
        MerchantStatus::Pending => [
            "In Prüfung",
            "Stripe prüft Ihre Angaben. Sie müssen nichts tun.",
            "Stripe öffnen",
            "Bei Stripe sehen Sie, was geprüft wird.",
        ],
        MerchantStatus::Enabled => [
            "Freigeschaltet",
            "Sie erhalten Auszahlungen. Mit steigendem Umsatz fragt Stripe nach mehr.",
            "Stripe öffnen",
            "Bei Stripe sehen Sie Ihre Auszahlungen.",
        ],
        MerchantStatus::Completed => [
            "Abgeschlossen",
            "Sie erhalten Auszahlungen, und Stripe braucht nichts weiter.",
            "Stripe öffnen",
            "Bei Stripe sehen Sie Ihre Auszahlungen.",
        ],
        MerchantStatus::Restricted => [
            "Eingeschränkt",
            "Es fehlt etwas, und Auszahlungen können gestoppt sein.",
            "Anmeldung vervollständigen",
            "Sie reichen bei Stripe nach, was fehlt.",
        ],
        MerchantStatus::RestrictedSoon => [
            "Bald eingeschränkt",
            "Es fehlt etwas. Reichen Sie es nach, bevor Stripe Ihre Auszahlungen stoppt.",
            "Anmeldung vervollständigen",
            "Sie reichen bei Stripe nach, was fehlt.",
        ],
        MerchantStatus::Rejected => [
            "Abgelehnt",
            "Stripe kann nicht mit Ihnen arbeiten. Fragen Sie den Marktplatz.",
            "Stripe öffnen",
            "Bei Stripe lesen Sie, was bekannt ist.",
        ],
    }
}
