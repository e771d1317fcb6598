//! What a front end calls itself, as JSON:API.

use axum::body::Body;
use http::{Method, Request};
use http_body_util::BodyExt;
use jiff::SignedDuration;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::*;

struct Answer {
    status: u16,
    content_type: String,
    cache_control: Option<String>,
    body: Value,
}

/// Posts a resource and sees to it that the answer is JSON:API.
async fn post(app: &TestApp, kind: &str, attributes: Value) -> Answer {
    let body = json!({"data": {"type": kind, "attributes": attributes}});
    send(app, &format!("/{kind}"), "application/vnd.api+json", body.to_string()).await
}

async fn send(app: &TestApp, path: &str, content_type: &str, body: String) -> Answer {
    let mut request: Request<Body> = request(Method::POST, path, body);
    request.headers_mut().insert("content-type", content_type.parse().unwrap());
    request.headers_mut().insert("x-tenant-identifier", TENANT.parse().unwrap());
    let response = app.app.router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let header =
        |name: &str| parts.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let body = body.collect().await.unwrap().to_bytes();
    let answer = Answer {
        status: parts.status.as_u16(),
        content_type: header("content-type").unwrap(),
        cache_control: header("cache-control"),
        body: serde_json::from_slice(&body).unwrap(),
    };
    assert_eq!(answer.content_type, "application/vnd.api+json", "{}", answer.body);
    answer
}

fn cart(amount: i64, transaction: Option<&str>) -> Value {
    json!({
        "quote": {
            "currency": {"code": "EUR", "symbol": "€"}, "store": {"name": "DE"},
            "customer": {"customerReference": "DE--21", "email": "ada@example.test"},
            "items": [{"sku": "009"}],
        },
        "payment": {
            "paymentProviderName": "Stripe", "paymentMethodName": "Stripe", "amount": amount,
        },
        "preOrderPaymentData": transaction.map_or(json!([]), |id| json!({"transactionId": id})),
    })
}

async fn paid_for(app: &TestApp, amount: i64) -> String {
    let made = post(app, "payments", cart(amount, None)).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let data = &made.body["data"]["attributes"]["preOrderPaymentData"];
    data["transactionId"].as_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_front_end_makes_the_payment_of_a_cart_and_the_shop_confirms_it() {
    let app = TestApp::configured().await;
    let made = post(&app, "payments", cart(18_979, None)).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.cache_control.as_deref(), Some("no-store"));
    let attributes = &made.body["data"]["attributes"];
    let transaction = attributes["preOrderPaymentData"]["transactionId"].as_str().unwrap();
    let intent = app.intent(transaction).await;
    assert_eq!(
        made.body,
        json!({"data": {"type": "payments", "id": null, "attributes": {
            "isSuccessful": true, "error": null,
            "preOrderPaymentData": {
                "transactionId": transaction, "clientSecret": intent["client_secret"],
                "publishableKey": PUBLISHABLE_KEY,
            },
        }}})
    );
    assert_eq!((&intent["amount"], &intent["currency"]), (&json!(18_979), &json!("eur")));
    let customer = app.payment_with(transaction).await.checkout.customer.clone();
    assert_eq!(customer.email.as_deref(), Some("ada@example.test"));

    let again = post(&app, "payments", cart(20_000, Some(transaction))).await;
    assert_eq!(
        again.body["data"]["attributes"]["preOrderPaymentData"]["transactionId"],
        transaction
    );
    assert_eq!(app.money(transaction).amount, 20_000);

    app.pay(transaction, "pm_card_visa").await;
    let mut order = Order::new("DE--3");
    order.total = 20_000;
    app.confirmed(&order, transaction).await;
    assert_eq!(app.results().await, ["PaymentAuthorized[1001,1002] 20000"]);
}

#[tokio::test(start_paused = true)]
async fn a_front_end_gives_the_payment_of_a_cart_up() {
    let app = TestApp::configured().await;
    let transaction = paid_for(&app, 18_979).await;
    app.pay(&transaction, "pm_card_visa").await;
    let attributes = json!({
        "payment": {"paymentProviderName": "Stripe", "paymentMethodName": "Stripe"},
        "preOrderPaymentData": {"transactionId": transaction},
    });
    let canceled = post(&app, "payment-cancellations", attributes).await;
    assert_eq!(canceled.status, 201, "{}", canceled.body);
    assert_eq!(
        canceled.body,
        json!({"data": {"type": "payment-cancellations", "id": null, "attributes": {
            "isSuccessful": true, "error": null,
            "preOrderPaymentData": {"transactionId": transaction},
        }}})
    );
    assert_eq!(app.money(&transaction).status, "canceled");
}

#[tokio::test(start_paused = true)]
async fn a_front_end_asks_who_pays() {
    let app = TestApp::configured().await;
    let transaction = paid_for(&app, 18_979).await;
    let attributes = json!({
        "payment": {"paymentProviderName": "Stripe", "paymentMethodName": "Stripe"},
        "customerPaymentServiceProviderData": {"transactionId": transaction},
    });
    let unknown = post(&app, "payment-customers", attributes.clone()).await;
    assert_eq!(unknown.status, 422, "{}", unknown.body);

    let form = "payment_method=pm_card_visa&shipping[name]=Ada+Lovelace\
                &shipping[address][line1]=Example+Street+12&return_url=https%3A%2F%2Fshop.test";
    let path = format!("/v1/payment_intents/{transaction}/confirm");
    app.stripe(Method::POST, &path, form).await;
    let known = post(&app, "payment-customers", attributes).await;
    assert_eq!(known.status, 201, "{}", known.body);
    assert_eq!(known.body["data"]["id"], Value::Null);
    let shipping = &known.body["data"]["attributes"]["customer"]["shippingAddress"];
    assert_eq!(
        (&shipping["firstName"], &shipping["address1"]),
        (&json!("Ada"), &json!("Example Street 12"))
    );
}

#[tokio::test(start_paused = true)]
async fn what_fails_is_422_with_its_detail_and_names_the_front_ends_field() {
    let app = TestApp::configured().await;
    let mut nothing = cart(18_979, None);
    nothing["payment"]["amount"] = Value::Null;
    let mut no_currency = cart(18_979, None);
    no_currency["quote"]["currency"] = Value::Null;
    for (kind, attributes, detail) in [
        ("payments", nothing, "data.attributes.payment.amount: is missing"),
        ("payments", no_currency, "data.attributes.quote.currency.code: is missing"),
        ("payments", cart(10, None), "data.attributes.payment.amount: "),
        ("payments", json!("x"), "data.attributes: "),
        (
            "payment-cancellations",
            json!({"preOrderPaymentData": {"transactionId": "pi_unknown"}}),
            "preOrderPaymentData.transactionId: is not known",
        ),
        ("payment-cancellations", json!({}), "preOrderPaymentData.transactionId: is missing"),
        (
            "payment-customers",
            json!({}),
            "customerPaymentServiceProviderData.transactionId: is missing",
        ),
    ] {
        let answer = post(&app, kind, attributes).await;
        assert_eq!(answer.status, 422, "{kind} {detail}: {}", answer.body);
        let error = &answer.body["errors"][0];
        assert_eq!(error["status"], 422);
        assert!(error["detail"].as_str().unwrap().starts_with(detail), "{error}");
    }
    let other = json!({"data": {"type": "carts", "attributes": {}}}).to_string();
    let answer = send(&app, "/payments", "application/json", other).await;
    assert_eq!(answer.status, 422);
    assert_eq!(
        answer.body["errors"][0]["detail"],
        "data.type: is not \"payments\", as this path expects it"
    );
    let answer = send(&app, "/private/payments", "text/plain", "x".into()).await;
    assert_eq!(answer.status, 415);
    assert_eq!(app.sandbox.audit(), []);
}

#[tokio::test(start_paused = true)]
async fn a_customers_browser_pays_with_a_token_that_the_shop_has_signed() {
    let (app, shop, origin) = (TestApp::configured().await, Signer::new(), "https://shop.example");
    let keys = json!({"customerTokenKeys": shop.public_key(), "shopOrigins": [origin]});
    let (status, answer) = app.configure(keys).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["configuration"]["customerTokenKeys"], json!([shop.public_key().trim()]));
    let (door, token) = (app.front_door(), shop.token(&app, TENANT));
    let payments = || {
        let body = json!({"data": {"type": "payments", "attributes": cart(18_979, None)}});
        let mut request: Request<Body> = request(Method::POST, "/payments", body.to_string());
        request.headers_mut().insert("content-type", "application/json".parse().unwrap());
        request
    };
    let (status, headers, answer) = as_browser(&door, origin, &token, payments()).await;
    assert_eq!(status, 201, "{answer}");
    assert_eq!(headers["access-control-allow-origin"], origin);
    let data = &answer["data"]["attributes"]["preOrderPaymentData"];
    let transaction = data["transactionId"].as_str().unwrap();
    assert_eq!(app.payment_with(transaction).await.tenant.as_str(), TENANT);

    let (status, _, answer) =
        as_browser(&door, "https://elsewhere.example", &token, payments()).await;
    assert_eq!(status, 403, "{answer}");
    app.entropy.advance(SignedDuration::from_mins(17));
    let (status, _, answer) = as_browser(&door, origin, &token, payments()).await;
    assert_eq!(status, 401, "it has ended: {answer}");
    let next = shop.token(&app, TENANT);
    let (status, answer) = app.configure(json!({"customerTokenKeys": ""})).await;
    assert_eq!(status, 200, "{answer}");
    let (status, _, answer) = as_browser(&door, origin, &next, payments()).await;
    assert_eq!(status, 401, "its key is taken away: {answer}");
}

#[tokio::test(start_paused = true)]
async fn c69_a_private_key_is_refused_and_not_repeated() {
    let app = TestApp::configured().await;
    let private = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2Vw\n-----END PRIVATE KEY-----";
    let (status, answer) = app.configure(json!({"customerTokenKeys": [private]})).await;
    assert_eq!(status, 422, "{answer}");
    let told = answer["errors"][0]["message"].as_str().unwrap();
    assert!(told.starts_with("customerTokenKeys: has a private key"), "{told}");
    assert!(!told.contains("MC4CAQ"), "{told}");
}
