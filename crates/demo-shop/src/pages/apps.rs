//! `/apps`: connects and disconnects the payment app.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};

use crate::apps::{Configuration, Disconnected, Question};
use crate::merchant::BusinessModel;
use crate::pages::fields::Fields;
use crate::pages::visit::{Frame, Section, Visit, lead_to, page_with};
use crate::shop::Shop;
use crate::state::Offer;
use crate::wire::incoming::AppPayload;

const TITLE: &str = "Kessel & Söhne";
const BUTTON_COLOR: &str = "#0a6b4f";
/// The app asks about open payments, then about merchants.
const QUESTIONS_MAX: usize = 2;

#[derive(Template)]
#[template(path = "apps.html")]
struct AppsPage {
    frame: Frame,
    app: Option<AppPayload>,
    offers: Vec<Offer>,
    tenant: String,
    form: Form,
    problems: Vec<String>,
    question: Option<Asked>,
    trouble: Option<String>,
}

/// The app's question, and which one it is, counted from 1.
struct Asked {
    question: Question,
    number: usize,
}

/// The form, without the secret key that somebody typed.
struct Form {
    model: &'static str,
    publishable_key: String,
    secret_key: String,
    title: String,
    button_color: String,
    shop_origins: String,
}

impl Form {
    /// What one click should send.
    fn offered(shop: &Shop) -> Self {
        let config = shop.config();
        Self {
            model: shop.read(|state| state.merchants.model.name()),
            publishable_key: config.keys.publishable.clone(),
            secret_key: config.keys.secret.expose_secret().to_owned(),
            title: TITLE.to_owned(),
            button_color: BUTTON_COLOR.to_owned(),
            shop_origins: config.address.clone(),
        }
    }

    fn sent(shop: &Shop, fields: &Fields) -> Self {
        Self {
            model: BusinessModel::from_name(fields.text("business_model")).name(),
            publishable_key: fields.text("publishable_key").to_owned(),
            title: fields.text("title").to_owned(),
            button_color: fields.text("button_color").to_owned(),
            shop_origins: fields.text("shop_origins").to_owned(),
            ..Self::offered(shop)
        }
    }
}

pub(crate) async fn show(visit: Visit) -> Response {
    let form = Form::offered(&visit.shop);
    render(visit, StatusCode::OK, form, Vec::new(), None)
}

/// Connects the app, or changes its configuration.
pub(crate) async fn configure(State(shop): State<Shop>, visit: Visit, fields: Fields) -> Response {
    let form = Form::sent(&shop, &fields);
    let configuration = Configuration {
        model: BusinessModel::from_name(form.model),
        publishable_key: form.publishable_key.clone(),
        secret_key: SecretString::from(fields.text("secret_key").to_owned()),
        title: form.title.clone(),
        button_color: form.button_color.clone(),
        shop_origins: form.shop_origins.split_whitespace().map(str::to_owned).collect(),
    };
    match shop.configure(&configuration).await {
        Ok(()) => {
            let text = "The app took the configuration. Its payment method arrives as a message.";
            lead_to(&shop, "/apps", Ok(text.to_owned()))
        }
        Err(problems) => render(visit, StatusCode::UNPROCESSABLE_ENTITY, form, problems, None),
    }
}

/// Disconnects the app. Where it asks first, the person is asked.
pub(crate) async fn disconnect(State(shop): State<Shop>, visit: Visit, fields: Fields) -> Response {
    let form = Form::offered(&shop);
    let confirmed = fields.text("confirmed").parse::<usize>().unwrap_or_default();
    let confirmed = confirmed.min(QUESTIONS_MAX);
    match shop.disconnect(confirmed).await {
        Ok(Disconnected::Done) => {
            let text = "The app is disconnected. Its payment method goes by a message.";
            lead_to(&shop, "/apps", Ok(text.to_owned()))
        }
        Ok(Disconnected::Asks(question)) => {
            let asked = Asked { question, number: confirmed + 1 };
            render(visit, StatusCode::CONFLICT, form, Vec::new(), Some(asked))
        }
        Err(problems) => render(visit, StatusCode::BAD_GATEWAY, form, problems, None),
    }
}

fn render(
    visit: Visit,
    status: StatusCode,
    form: Form,
    problems: Vec<String>,
    question: Option<Asked>,
) -> Response {
    let tenant = visit.shop.config().tenant.clone();
    let (app, offers, trouble) =
        visit.shop.read(|state| (state.app.clone(), state.offers(), state.channel_trouble.clone()));
    let frame = visit.frame(Section::Apps, "Apps", "/apps");
    page_with(status, &AppsPage { frame, app, offers, tenant, form, problems, question, trouble })
}
