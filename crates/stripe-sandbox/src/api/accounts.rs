//! Connected accounts: those a platform made.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::amounts;
use crate::api::capabilities::{self, Capabilities, Capability, Status};
use crate::api::controllers::{Controller, Dashboard, Party};
use crate::api::requirements::{self, Requirements};
use crate::api::{account, balance, lists};
use crate::desk::Desk;
use crate::error::ApiError;
use crate::objects::TimerAction;
use crate::params::{Metadata, Params};

/// Parameters Stripe has that change nothing here: the onboarding page, not the call, tells what is asked for.
const WITHOUT_EFFECT: &[&str] = &[
    "account_token",
    "company",
    "documents",
    "external_account",
    "groups",
    "individual",
    "settings",
    "tos_acceptance",
];

const BUSINESS_TYPES: &[&str] = &["company", "government_entity", "individual", "non_profit"];

/// The fields of `business_profile`.
const PROFILE_FIELDS: &[&str] = &[
    "annual_revenue",
    "estimated_worker_count",
    "mcc",
    "minority_owned_business_designation",
    "monthly_estimated_revenue",
    "name",
    "product_description",
    "specified_commercial_transactions_act_url",
    "support_address",
    "support_email",
    "support_phone",
    "support_url",
    "url",
];

/// The reasons a platform may have, and what each is called on the account afterwards.
const REJECTIONS: &[(&str, &str)] = &[
    ("credit", "rejected.platform_other"),
    ("fraud_no_intent_to_fulfill", "rejected.platform_fraud"),
    ("fraud_other", "rejected.platform_fraud"),
    ("fraud_payment_method_casher", "rejected.platform_fraud"),
    ("fraud_payment_method_tester", "rejected.platform_fraud"),
    ("other", "rejected.platform_other"),
    ("terms_of_service", "rejected.platform_terms_of_service"),
];

/// The countries an account can be in, with the currency of each.
const COUNTRIES: &[(&str, &str)] = &[
    ("AT", "eur"),
    ("AU", "aud"),
    ("BE", "eur"),
    ("BG", "eur"),
    ("CA", "cad"),
    ("CH", "chf"),
    ("CY", "eur"),
    ("CZ", "czk"),
    ("DE", "eur"),
    ("DK", "dkk"),
    ("EE", "eur"),
    ("ES", "eur"),
    ("FI", "eur"),
    ("FR", "eur"),
    ("GB", "gbp"),
    ("GR", "eur"),
    ("HK", "hkd"),
    ("HR", "eur"),
    ("HU", "huf"),
    ("IE", "eur"),
    ("IT", "eur"),
    ("JP", "jpy"),
    ("LI", "chf"),
    ("LT", "eur"),
    ("LU", "eur"),
    ("LV", "eur"),
    ("MT", "eur"),
    ("MX", "mxn"),
    ("NL", "eur"),
    ("NO", "nok"),
    ("NZ", "nzd"),
    ("PL", "pln"),
    ("PT", "eur"),
    ("RO", "ron"),
    ("SE", "sek"),
    ("SG", "sgd"),
    ("SI", "eur"),
    ("SK", "eur"),
    ("US", "usd"),
];

/// A connected account. It is kept among its own objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) controller: Controller,
    created: i64,
    country: &'static str,
    pub(crate) default_currency: String,
    email: Option<String>,
    business_type: Option<&'static str>,
    business_profile: BTreeMap<&'static str, Value>,
    metadata: Metadata,
    pub(crate) capabilities: Capabilities,
    pub(crate) requirements: Requirements,
    pub(crate) details_submitted: bool,
    pub(crate) charges_enabled: bool,
    pub(crate) payouts_enabled: bool,
}

impl Account {
    /// Whether everything is known and nothing stands against it.
    pub(crate) fn is_in_order(&self) -> bool {
        self.details_submitted
            && self.charges_enabled
            && self.requirements.disabled_reason.is_none()
            && self.requirements.pending_verification.is_empty()
    }

    /// Switches charges and payouts on or off, and gives every requested capability a status.
    pub(crate) fn enable(&mut self, enabled: bool, capabilities: Status) {
        self.charges_enabled = enabled;
        self.payouts_enabled = enabled;
        for capability in self.capabilities.values_mut() {
            capability.status = capabilities;
        }
    }

    /// The name to greet the merchant with.
    pub(crate) fn display_name(&self) -> &str {
        let name = self.business_profile.get("name").and_then(Value::as_str);
        name.or(self.email.as_deref()).unwrap_or(&self.id)
    }

    pub(crate) fn render(&self, default_currency: &str) -> Value {
        let profile: BTreeMap<&str, &Value> = PROFILE_FIELDS
            .iter()
            .map(|field| (*field, self.business_profile.get(field).unwrap_or(&Value::Null)))
            .collect();
        let capabilities: BTreeMap<&str, &str> = self
            .capabilities
            .iter()
            .map(|(name, Capability { status, .. })| (name.as_str(), status.name()))
            .collect();
        json!({
            "id": self.id,
            "object": "account",
            "business_profile": profile,
            "business_type": self.business_type,
            "capabilities": capabilities,
            "charges_enabled": self.charges_enabled,
            "controller": self.controller.render(),
            "country": self.country,
            "created": self.created,
            "default_currency": default_currency,
            "details_submitted": self.details_submitted,
            "email": self.email,
            "external_accounts": {
                "object": "list",
                "data": [],
                "has_more": false,
                "url": format!("/v1/accounts/{}/external_accounts", self.id),
            },
            "future_requirements": Requirements::default().render(),
            "metadata": self.metadata,
            "payouts_enabled": self.payouts_enabled,
            "requirements": self.requirements.render(),
            "settings": {
                "dashboard": { "display_name": self.business_profile.get("name"), "timezone": "Etc/UTC" },
                "payouts": { "debit_negative_balances": self.controller.platform_is_liable() },
            },
            "tos_acceptance": { "date": null },
            "type": self.controller.kind(),
        })
    }

    /// Reads what a creation and an update have in common.
    fn read(&mut self, desk: &Desk<'_>, params: &mut Params) -> Result<(), ApiError> {
        params.accept(WITHOUT_EFFECT);
        params.metadata(&mut self.metadata)?;
        if let Some(email) = params.text("email")? {
            self.email = Some(email).filter(|email| !email.is_empty());
        }
        if let Some(kind) = params.choice("business_type", BUSINESS_TYPES)? {
            self.business_type = Some(kind);
        }
        if let Some(currency) = params.filled("default_currency")? {
            self.default_currency =
                amounts::currency(&currency).map_err(|error| error.param("default_currency"))?;
        }
        if let Some(mut profile) = params.nested("business_profile")? {
            for field in PROFILE_FIELDS {
                if let Some(value) = profile.json(field) {
                    self.business_profile.insert(field, value);
                }
            }
            profile.finish()?;
        }
        capabilities::read(params, self, desk.second())
    }
}

/// The account of an id, where this platform made it.
pub(crate) fn find(desk: &mut Desk<'_>, id: &str) -> Result<Account, ApiError> {
    let made = desk.reaches(id).then(|| desk.at(id, |desk| desk.objects.profile.clone()));
    made.flatten().ok_or_else(|| ApiError::no_access(id))
}

/// Stores an account at its own desk and tells what changed.
pub(crate) fn put_and_tell(desk: &mut Desk<'_>, account: Account) {
    let before = desk.objects.profile.replace(account.clone());
    if before.as_ref() == Some(&account) {
        return;
    }
    for (name, capability) in &account.capabilities {
        let known = before.as_ref().and_then(|before| before.capabilities.get(name));
        if known.map(|known| known.status) != Some(capability.status) {
            desk.tell("capability.updated", capabilities::render(&account, name));
        }
    }
    schedule_deadline(desk, &account);
    let shown = account::show(desk);
    desk.tell("account.updated", shown);
}

/// What is due by a deadline is past due after it.
fn schedule_deadline(desk: &mut Desk<'_>, account: &Account) {
    if let Some(deadline) = account.requirements.current_deadline
        && let Ok(at) = jiff::Timestamp::from_second(deadline)
    {
        desk.objects.schedule(at, TimerAction::MissDeadline { deadline });
    }
}

pub(crate) fn create(desk: &mut Desk<'_>, mut params: Params) -> Result<Value, ApiError> {
    let controller = Controller::read(&mut params)?;
    let country = params.filled("country")?.unwrap_or_else(|| "DE".to_owned());
    let Some((country, currency)) = COUNTRIES.iter().find(|(code, _)| *code == country) else {
        return Err(ApiError::invalid(format!("Accounts in {country} are not supported."))
            .code("country_unsupported")
            .param("country"));
    };
    let mut account = Account {
        id: String::new(),
        controller,
        created: desk.second(),
        country,
        default_currency: (*currency).to_owned(),
        email: None,
        business_type: None,
        business_profile: BTreeMap::new(),
        metadata: Metadata::new(),
        capabilities: Capabilities::new(),
        requirements: Requirements::at_first(),
        details_submitted: false,
        charges_enabled: false,
        payouts_enabled: false,
    };
    account.read(desk, &mut params)?;
    params.finish()?;
    if !desk.settings.connect {
        return Err(ApiError::invalid(
            "You can only create new accounts once you have signed up for Connect, in the Dashboard under Connect.",
        )
        .executed());
    }
    // Where Stripe asks the merchant, it also requests what a merchant commonly needs.
    if account.controller.requirement_collection == Party::Stripe && account.capabilities.is_empty()
    {
        for name in ["card_payments", capabilities::TRANSFERS] {
            capabilities::set_requested(&mut account, name, Some(true), desk.second());
        }
    }
    account.id = desk.ids.next("acct");
    desk.connections.made(&account.id, desk.account);
    desk.objects.connected.put(&account.id, account.id.clone());
    let id = account.id.clone();
    Ok(desk.at(&id, |desk| {
        desk.objects.profile = Some(account);
        account::show(desk)
    }))
}

pub(crate) fn retrieve(desk: &mut Desk<'_>, id: &str, params: Params) -> Result<Value, ApiError> {
    params.finish()?;
    if id != desk.account && !desk.reaches(id) {
        return Err(ApiError::no_access(id));
    }
    Ok(desk.at(id, |desk| account::show(desk)))
}

pub(crate) fn update(desk: &mut Desk<'_>, id: &str, mut params: Params) -> Result<Value, ApiError> {
    let mut account = find(desk, id)?;
    account.read(desk, &mut params)?;
    params.finish()?;
    Ok(desk.at(id, |desk| {
        put_and_tell(desk, account);
        account::show(desk)
    }))
}

pub(crate) fn delete(desk: &mut Desk<'_>, id: &str, params: Params) -> Result<Value, ApiError> {
    params.finish()?;
    let account = find(desk, id)?;
    if desk.livemode && !account.controller.platform_is_liable() {
        return Err(ApiError::invalid(format!(
            "Account {id} cannot be deleted: the platform does not answer for its balance."
        ))
        .executed());
    }
    check_empty(desk, id)?;
    desk.connections.revoke(id);
    desk.objects.connected.remove(id);
    Ok(json!({ "id": id, "object": "account", "deleted": true }))
}

pub(crate) fn reject(desk: &mut Desk<'_>, id: &str, mut params: Params) -> Result<Value, ApiError> {
    let mut account = find(desk, id)?;
    let reason = params.required("reason")?;
    params.finish()?;
    let Some((_, disabled_reason)) = REJECTIONS.iter().find(|(name, _)| *name == reason) else {
        let names: Vec<&str> = REJECTIONS.iter().map(|(name, _)| *name).collect();
        return Err(ApiError::invalid(format!(
            "Invalid reason: must be one of {}",
            names.join(", ")
        ))
        .param("reason"));
    };
    if !account.controller.platform_is_liable() {
        return Err(ApiError::invalid(format!(
            "Account {id} cannot be rejected: the platform does not answer for its balance."
        ))
        .executed());
    }
    check_empty(desk, id)?;
    requirements::reject(&mut account, disabled_reason);
    Ok(desk.at(id, |desk| {
        put_and_tell(desk, account);
        account::show(desk)
    }))
}

/// In live mode an account can only be given up once there is no money in it.
fn check_empty(desk: &mut Desk<'_>, id: &str) -> Result<(), ApiError> {
    let (livemode, second) = (desk.livemode, desk.second());
    let funds = desk.at(id, |desk| balance::funds(desk.objects, second));
    let is_empty = funds.values().all(|funds| *funds == balance::Funds::default());
    if livemode && !is_empty {
        return Err(ApiError::invalid(format!("Account {id} still has a balance.")).executed());
    }
    Ok(())
}

pub(crate) fn list(desk: &mut Desk<'_>, mut params: Params) -> Result<Value, ApiError> {
    let page = lists::Page::read(&mut params)?;
    params.finish()?;
    let ids: Vec<String> = desk.objects.connected.newest_first().cloned().collect();
    let accounts: Vec<(Account, Value)> = ids
        .iter()
        .filter_map(|id| {
            desk.at(id, |desk| Some((desk.objects.profile.clone()?, account::show(desk))))
        })
        .collect();
    let matching = accounts.iter().filter(|(account, _)| page.created.includes(account.created));
    page.cut("/v1/accounts", matching, |(account, _)| &account.id, |(_, shown)| shown.clone())
}

/// A link to the dashboard of an express account, for its merchant to follow once.
pub(crate) fn login_link(desk: &mut Desk<'_>, id: &str, params: Params) -> Result<Value, ApiError> {
    params.finish()?;
    let account = find(desk, id)?;
    match account.controller.dashboard {
        Dashboard::Express => {}
        Dashboard::Full | Dashboard::None => {
            return Err(ApiError::invalid(format!(
                "Cannot create a login link for the account {id}, which is not an Express account."
            ))
            .executed());
        }
    }
    if !account.details_submitted {
        return Err(ApiError::invalid(
            "Cannot create a login link for an account that has not completed onboarding.",
        )
        .executed());
    }
    let token = desk.ids.secret("login_link");
    let url = format!("{}/_sandbox/dashboard/{token}", desk.base_url.trim_end_matches('/'));
    desk.at(id, |desk| desk.objects.login_links.insert(token));
    Ok(json!({ "object": "login_link", "created": desk.second(), "url": url }))
}
