//! The payment page in English.

use super::Texts;

pub(super) const EN: Texts = Texts {
    pay_title: "Payment",
    order: "Order {}",
    your_order: "Your order",
    more_items: "{} more items",
    other_costs: "Shipping, taxes, discounts",
    total: "Total",
    test_mode: "Test mode: no money moves",
    how: "How would you like to pay?",
    loading: "The payment form is loading …",
    pay: "Pay {}",
    paying: "Your payment is being made …",
    secured: "Processed securely by Stripe",
    back: "Back to the shop",
    on: "Continue to the shop",
    again: "Try again",
    finish: "One step is missing: finish the payment that you began, or choose another way to \
        pay.",
    finish_button: "Finish the payment",
    insufficient_funds: "The payment was declined: there is not enough money in the account.",
    expired_card: "The payment was declined: the card has expired.",
    incorrect_cvc: "The payment was declined: the security code of the card is wrong.",
    not_confirmed: "The payment was not confirmed with your bank.",
    passing: "The payment could not be processed just now.",
    declined: "The payment was declined.",
    not_charged: "You were not charged. Try again, or choose another way to pay.",
    form_failed: "The payment form could not be loaded. Check your connection and try again.",
    unsure: "The connection broke, so it is not clear yet whether you have paid. Try again: you \
        never pay twice.",
    no_script: "To pay here, your browser has to run JavaScript. Allow it for this page and load the \
        page again.",
    processing_title: "Your payment is on its way",
    processing: "Your payment was accepted and is being settled. We tell your shop as soon as it is \
        settled; there is nothing left for you to do.",
    paid_title: "Your order is paid",
    paid: "You can go back to the shop now.",
    canceled_title: "This payment is closed",
    canceled: "It was canceled or has expired, and nothing will be charged. To pay for your order, \
        start again in the shop.",
    unknown_title: "There is no such payment",
    unknown: "The address is incomplete or out of date. Go back to the shop and choose how to pay \
        once more.",
    disconnected_title: "This shop does not take payments here now",
    disconnected: "You were not charged. Go back to the shop and choose another way to pay.",
    unreachable_title: "The payment service does not answer",
    unreachable: "It will be back in a moment. Trying again never charges you twice.",
    broken_title: "Something went wrong here",
    broken: "Try again in a moment. Trying again never charges you twice.",
};
