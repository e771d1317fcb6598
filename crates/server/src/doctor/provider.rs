//! A tenant by Stripe: its keys, its webhook endpoints, its merchants. Nothing is changed there.

use app::Site;
use app::ports::{EndpointEvents, EndpointFault, PspError, RegisteredEndpoint, StoreError};
use app::tenant::{Access, BusinessModel, Credentials, Tenant, WebhookEndpoint};
use payment::MerchantStatus;
use store::DatabaseOperator;

use super::{Examination, Finding, Outside};

/// At most so many merchants of a tenant are asked about at Stripe.
pub const MERCHANTS_MAX: u32 = 50;

/// What repairs an endpoint, whatever is wrong with it.
const CONFIGURE: &str = "configure the tenant again, if only with \"{}\": that repairs or makes it";

impl Examination<'_> {
    pub(super) async fn provider(
        &self,
        store: &DatabaseOperator,
        outside: &Outside,
        tenant: &Tenant,
        credentials: &Credentials,
    ) -> Result<Vec<Finding>, StoreError> {
        let keys = check_keys(outside, tenant, credentials).await;
        let refused = keys.level != super::Level::Ok;
        let mut findings = vec![keys];
        // Everything else would be refused, too.
        if refused {
            return Ok(findings);
        }
        findings.push(charges(outside, tenant, credentials).await);
        findings.extend(match credentials.access {
            Access::Own(_) => self.endpoints(outside, tenant, credentials).await,
            Access::Platform => vec![platform_webhooks(outside, credentials)],
        });
        if tenant.settings.business_model == BusinessModel::Marketplace {
            findings.push(self.merchants(store, outside, tenant, credentials).await?);
        }
        Ok(findings)
    }

    async fn endpoints(
        &self,
        outside: &Outside,
        tenant: &Tenant,
        credentials: &Credentials,
    ) -> Vec<Finding> {
        let registered = match outside.psp.list_endpoints(credentials).await {
            Ok(registered) => registered,
            Err(error) => return vec![unasked("webhooks", &error)],
        };
        let site = Site {
            public_url: self.config.public_url(self.config.listen),
            app_identifier: self.config.app_identifier.clone(),
        };
        let mode = credentials.mode();
        let judge = |check, known: Option<&WebhookEndpoint>, wanted: &str, events| {
            endpoint(outside, check, known, wanted, events, &registered)
        };
        let url = site.webhook_url(mode, &tenant.id);
        let payments = EndpointEvents::Payments;
        let mut findings = vec![judge("webhooks", credentials.endpoint.as_ref(), &url, payments)];
        if tenant.settings.business_model == BusinessModel::Marketplace {
            let url = site.merchant_webhook_url(mode, &tenant.id);
            let known = credentials.merchant_endpoint.as_ref();
            let merchants = EndpointEvents::Merchants;
            findings.push(judge("merchant webhooks", known, &url, merchants));
        }
        findings
    }

    /// Merchants who cannot be paid out.
    async fn merchants(
        &self,
        store: &DatabaseOperator,
        outside: &Outside,
        tenant: &Tenant,
        credentials: &Credentials,
    ) -> Result<Finding, StoreError> {
        let check = "merchants";
        let merchants = store.merchant_accounts(&tenant.id, &tenant.account, MERCHANTS_MAX).await?;
        let mut wrong = Vec::new();
        for (reference, account) in &merchants.rows {
            match outside.psp.retrieve_account(credentials, account).await {
                Ok(view) => match view.facts.status(self.entropy.now()) {
                    MerchantStatus::Completed | MerchantStatus::Enabled => {}
                    MerchantStatus::Incomplete
                    | MerchantStatus::Pending
                    | MerchantStatus::Restricted
                    | MerchantStatus::RestrictedSoon
                    | MerchantStatus::Rejected => {
                        let status = view.facts.status(self.entropy.now()).name();
                        wrong.push(format!("{} is {status}", reference.as_str()));
                    }
                },
                Err(PspError::Refused(refusal)) => {
                    wrong.push(format!("{}: {}", reference.as_str(), refusal.message));
                }
                Err(error) => return Ok(unasked(check, &error)),
            }
        }
        let asked = merchants.rows.len();
        let of = if merchants.more { "the first " } else { "all " };
        Ok(match wrong.as_slice() {
            [] if asked == 0 => Finding::ok(check, "none is onboarded yet"),
            [] => Finding::ok(check, format!("{of}{asked} can take payouts")),
            wrong => Finding::warning(
                check,
                format!("payouts fail or soon will: {}", wrong.join("; ")),
                "let these merchants finish their onboarding in the shop's portal",
            ),
        })
    }
}

async fn check_keys(outside: &Outside, tenant: &Tenant, credentials: &Credentials) -> Finding {
    let check = "keys";
    let again = "configure the tenant with a secretKey of its account and mode that works";
    let checked = match &credentials.access {
        Access::Own(pair) => outside.psp.check_keys(&pair.secret, credentials.mode()).await,
        Access::Platform => {
            let account = &credentials.account;
            outside.psp.check_platform(account).await.map(|()| account.clone())
        }
    };
    match checked {
        Ok(account) if account == tenant.account => {
            Finding::ok(check, format!("Stripe takes them, for {}", account.id))
        }
        Ok(account) => {
            let text =
                format!("they are of {}, and the tenant's is {}", account.id, tenant.account.id);
            Finding::problem(check, text, again)
        }
        Err(PspError::Refused(refusal)) => {
            Finding::problem(check, format!("Stripe refuses them: {}", refusal.message), again)
        }
        Err(error) => unasked(check, &error),
    }
}

/// Events of a tenant without keys of its own come to the endpoints of the operator's platform, which
/// are made by hand: what can be seen from here is whether their secrets are known.
fn platform_webhooks(outside: &Outside, credentials: &Credentials) -> Finding {
    let check = "webhooks";
    let mode = credentials.mode();
    let keys = outside.psp.platform().keys(mode);
    let of_platform = keys.map_or(0, |keys| keys.webhook_secrets.len());
    let secrets = of_platform + credentials.webhook_secrets.len();
    if secrets == 0 {
        let text = "the platform's endpoint has no signing secret here: its events are refused";
        let next = format!(
            "set `platform.{}.webhook_secrets` to that of the endpoint that you made in Stripe's \
             dashboard",
            mode.name()
        );
        return Finding::problem(check, text, next);
    }
    Finding::ok(check, format!("come to the platform's endpoint, with {secrets} signing secrets"))
}

/// Whether the account may take payments at all.
async fn charges(outside: &Outside, tenant: &Tenant, credentials: &Credentials) -> Finding {
    let check = "account";
    let id = &tenant.account.id;
    let next = "finish the account in Stripe's dashboard: it says what is missing";
    match outside.psp.retrieve_account(credentials, id).await {
        Ok(view) if !view.facts.charges_enabled => {
            Finding::problem(check, format!("{id} cannot take payments"), next)
        }
        Ok(view) if !view.facts.payouts_enabled => {
            Finding::warning(check, format!("{id} takes payments, and is not paid out"), next)
        }
        Ok(_) => Finding::ok(check, format!("{id} takes payments and is paid out")),
        // A restricted key need not be allowed to ask.
        Err(PspError::Refused(refusal)) => Finding::warning(
            check,
            format!("Stripe does not say how {id} stands: {}", refusal.message),
            "let the key read accounts, or look in Stripe's dashboard",
        ),
        Err(error) => unasked(check, &error),
    }
}

fn unasked(check: &'static str, error: &PspError) -> Finding {
    let next = "see whether Stripe is up and reached from here, and try again";
    Finding::problem(check, format!("Stripe could not be asked: {error}"), next)
}

fn endpoint(
    outside: &Outside,
    check: &'static str,
    known: Option<&WebhookEndpoint>,
    wanted: &str,
    events: EndpointEvents,
    registered: &[RegisteredEndpoint],
) -> Finding {
    let Some(known) = known.filter(|known| !known.given_up) else {
        return Finding::problem(check, "the app has registered no endpoint", CONFIGURE);
    };
    let Some(there) = registered.iter().find(|other| other.id == known.id) else {
        return Finding::problem(check, format!("{} is gone at Stripe", known.id), CONFIGURE);
    };
    if there.url != wanted {
        let text = format!("{} is sent to {}, and should be to {wanted}", there.id, there.url);
        let next =
            "restart the server, which moves it to `public_url`; or configure the tenant again";
        return Finding::problem(check, text, next);
    }
    let faults: Vec<String> =
        outside.psp.endpoint_faults(there, events).iter().map(described).collect();
    if faults.is_empty() {
        return Finding::ok(check, format!("{} is sent all it needs, to {wanted}", there.id));
    }
    Finding::problem(check, format!("{} {}", there.id, faults.join(" and ")), CONFIGURE)
}

fn described(fault: &EndpointFault) -> String {
    match fault {
        EndpointFault::Disabled => "is switched off".to_owned(),
        EndpointFault::Lacks(events) => format!("is not sent {}", events.join(", ")),
        EndpointFault::Version { found, wanted } => {
            let found = found.as_deref().unwrap_or("the account's default");
            format!("is told in API version {found} instead of {wanted}")
        }
    }
}
