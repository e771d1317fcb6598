//! Who pays: case 19, and the express checkout's customer.

use http::Method;
use serde_json::json;

use crate::initialize::message;
use crate::support::*;

const CUSTOMER: &str = "/private/customer";

#[tokio::test(start_paused = true)]
async fn c19_neither_customer_nor_provider_data() {
    let app = TestApp::configured().await;
    for body in [
        json!({}),
        json!({"customer": [], "customerPaymentServiceProviderData": []}),
        json!({"customer": null, "customerPaymentServiceProviderData": {"orderId": "pp_1"}}),
    ] {
        let (status, answer) = app.call(CUSTOMER, &body).await;
        assert_eq!(status, 400, "{body}: {answer}");
        let field = "customerPaymentServiceProviderData.transactionId";
        assert!(message(&answer).starts_with(field), "{answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn c19_a_customer_alone_comes_back_as_she_is() {
    let app = TestApp::configured().await;
    let body =
        json!({"customer": {"firstName": "Ada", "email": "ada@example.test", "idCustomer": 1}});
    let (status, answer) = app.call("/customer", &body).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["customer"]["firstName"], "Ada");
    assert_eq!(answer["customer"]["email"], "ada@example.test");
}

#[tokio::test(start_paused = true)]
async fn c19_name_and_addresses_come_from_the_shoppers_wallet() {
    let app = TestApp::configured().await;
    let order = Order::new("DE--3");
    let transaction = app.pre_order(&order).await;
    let asked = json!({
        "customerPaymentServiceProviderData": {"transactionId": transaction, "orderId": "pp_1"},
    });
    let (status, answer) = app.call(CUSTOMER, &asked).await;
    assert_eq!(status, 400, "{answer}");
    assert!(message(&answer).contains("does not know yet who pays"), "{answer}");

    let form = "payment_method_data[type]=card&payment_method_data[card][number]=4242424242424242\
                &payment_method_data[card][exp_month]=12&payment_method_data[card][exp_year]=2034\
                &payment_method_data[card][cvc]=123\
                &payment_method_data[billing_details][name]=Ada+Maria+Lovelace\
                &payment_method_data[billing_details][email]=ada@example.test\
                &payment_method_data[billing_details][phone]=%2B4930123\
                &payment_method_data[billing_details][address][line1]=Example+Street+12\
                &payment_method_data[billing_details][address][postal_code]=10115\
                &payment_method_data[billing_details][address][city]=Berlin\
                &payment_method_data[billing_details][address][country]=DE\
                &shipping[name]=Charles+Babbage&shipping[address][line1]=Dorset+Street+1\
                &shipping[address][line2]=Back+door&shipping[address][city]=London\
                &shipping[address][postal_code]=W1U+8EB&shipping[address][country]=GB\
                &return_url=https%3A%2F%2Fshop.test";
    let path = format!("/v1/payment_intents/{transaction}/confirm");
    let paid = app.stripe(Method::POST, &path, form).await;
    assert_eq!(paid["status"], "requires_capture", "{paid}");

    let (status, answer) = app.call(CUSTOMER, &asked).await;
    assert_eq!(status, 200, "{answer}");
    let address = |first: &str, last: &str, more: serde_json::Value| {
        let mut address = json!({
            "firstName": first, "lastName": last, "address1": null, "address2": null,
            "address3": null, "zipCode": null, "city": null, "state": null, "country": null,
            "iso2Code": null, "company": null, "phone": null,
        });
        for (key, value) in more.as_object().unwrap() {
            address[key] = value.clone();
        }
        address
    };
    assert_eq!(
        answer["customer"],
        json!({
            "firstName": "Ada Maria", "lastName": "Lovelace", "email": "ada@example.test",
            "phone": "+4930123", "company": null,
            "billingAddress": address("Ada Maria", "Lovelace", json!({
                "address1": "Example Street 12", "zipCode": "10115", "city": "Berlin",
                "country": "DE", "iso2Code": "DE", "phone": "+4930123",
            })),
            "shippingAddress": address("Charles", "Babbage", json!({
                "address1": "Dorset Street 1", "address2": "Back door", "zipCode": "W1U 8EB",
                "city": "London", "country": "GB", "iso2Code": "GB",
            })),
        })
    );
}

#[tokio::test(start_paused = true)]
async fn c19_what_the_wallet_does_not_say_is_as_the_shop_said() {
    let app = TestApp::configured().await;
    let transaction = app.paid_cart(&Order::new("DE--3"), "pm_card_visa").await;
    let body = json!({
        "customerPaymentServiceProviderData": {"transactionId": transaction},
        "customer": {"email": "known@example.test", "company": "Analytical Engines"},
    });
    let (status, answer) = app.call(CUSTOMER, &body).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["customer"]["email"], "known@example.test");
    assert_eq!(answer["customer"]["company"], "Analytical Engines");
}

#[tokio::test(start_paused = true)]
async fn c19_a_provider_that_does_not_answer_is_no_customer() {
    let app = TestApp::configured().await;
    let transaction = app.paid_cart(&Order::new("DE--3"), "pm_card_visa").await;
    let fault = stripe_sandbox::Fault {
        times: ALL_TRIES,
        ..stripe_sandbox::Fault::new(stripe_sandbox::FaultKind::LoseRequest)
    };
    app.sandbox.inject(fault.on("GET", UPDATE)).unwrap();
    let body = json!({"customerPaymentServiceProviderData": {"transactionId": transaction}});
    let (status, answer) = app.call(CUSTOMER, &body).await;
    assert_eq!(status, 400, "{answer}");
    assert!(message(&answer).ends_with("ask again"), "{answer}");
}
