//! Account links: a merchant's way to the onboarding page, once and for a few minutes.

use jiff::SignedDuration;
use serde_json::{Value, json};
use url::Url;

use crate::api::accounts;
use crate::api::attempts::later;
use crate::api::controllers::Party;
use crate::api::requirements::Outcome;
use crate::desk::Desk;
use crate::error::ApiError;
use crate::objects::TimerAction;
use crate::params::Params;

/// How long a link can be followed.
const EXPIRES_AFTER_SECONDS: i64 = 5 * 60;

/// How long Stripe looks at what it was told.
const VERIFIED_AFTER: SignedDuration = SignedDuration::from_secs(60);

/// Where a link stands.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stage {
    /// Nobody followed it.
    Fresh,
    /// Somebody sees the page; this secret is in its form.
    Open { visit: String },
    /// The page was answered.
    Spent,
}

/// An account link. It is kept among the objects of its account.
#[derive(Debug, Clone)]
pub(crate) struct AccountLink {
    expires_at: i64,
    pub(crate) refresh_url: Url,
    return_url: Url,
    stage: Stage,
}

/// What following a link leads to.
pub(crate) enum Followed {
    /// The page, with the secret for its form.
    Page { visit: String },
    /// Away, because the link is used up or too old.
    Away(Url),
}

fn read_url(params: &mut Params, name: &'static str) -> Result<Url, ApiError> {
    let text = params.required(name)?;
    match Url::parse(&text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(url),
        Ok(_) | Err(_) => Err(ApiError::invalid("Not a valid URL").code("url_invalid").param(name)),
    }
}

pub(crate) fn create(desk: &mut Desk<'_>, mut params: Params) -> Result<Value, ApiError> {
    let id = params.required("account")?;
    let purpose = params
        .choice("type", &["account_onboarding", "account_update"])?
        .ok_or_else(|| ApiError::missing("type"))?;
    let refresh_url = read_url(&mut params, "refresh_url")?;
    let return_url = read_url(&mut params, "return_url")?;
    params.accept(&["collect", "collection_options"]);
    params.finish()?;
    let account =
        accounts::find(desk, &id).map_err(|_| ApiError::no_such("account", &id, "account"))?;
    let platform_asks = account.controller.requirement_collection == Party::Application;
    if purpose == "account_update" && !platform_asks {
        return Err(ApiError::invalid(format!(
            "You cannot create account_update links for account {id}, because Stripe collects its requirements."
        ))
        .param("type")
        .executed());
    }
    let token = desk.ids.secret("account_link");
    let expires_at = desk.second() + EXPIRES_AFTER_SECONDS;
    let link = AccountLink { expires_at, refresh_url, return_url, stage: Stage::Fresh };
    desk.at(&id, |desk| desk.objects.account_links.insert(token.clone(), link));
    Ok(json!({
        "object": "account_link",
        "created": desk.second(),
        "expires_at": expires_at,
        "url": format!("{}/_sandbox/onboarding/{token}", desk.base_url.trim_end_matches('/')),
    }))
}

/// A merchant follows a link, at the desk of her account.
pub(crate) fn follow(desk: &mut Desk<'_>, token: &str) -> Option<Followed> {
    let visit = desk.ids.secret("visit");
    let second = desk.second();
    let link = desk.objects.account_links.get_mut(token)?;
    if link.stage != Stage::Fresh || second >= link.expires_at {
        return Some(Followed::Away(link.refresh_url.clone()));
    }
    link.stage = Stage::Open { visit: visit.clone() };
    Some(Followed::Page { visit })
}

/// She answers the page; where she goes from there.
pub(crate) fn answer(
    desk: &mut Desk<'_>,
    token: &str,
    visit: &str,
    outcome: Outcome,
) -> Option<Url> {
    let link = desk.objects.account_links.get_mut(token)?;
    // A second click, or a page that is not the one this link opened.
    if link.stage != (Stage::Open { visit: visit.to_owned() }) {
        return Some(link.refresh_url.clone());
    }
    link.stage = Stage::Spent;
    let back = link.return_url.clone();
    onboard(desk, outcome);
    Some(back)
}

/// Onboarding ends in some way, at the desk of the account; false when there is none to onboard.
pub(crate) fn onboard(desk: &mut Desk<'_>, outcome: Outcome) -> bool {
    let Some(mut account) = desk.objects.profile.clone() else {
        return false;
    };
    outcome.apply(&mut account, desk.second());
    accounts::put_and_tell(desk, account);
    if outcome == Outcome::Verify {
        let at = later(desk.now, VERIFIED_AFTER);
        desk.objects.schedule(at, TimerAction::FinishVerification);
    }
    true
}
