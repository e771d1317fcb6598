// The errors a promise of Stripe.js is resolved with. They are never thrown: a decline is an answer.

// A field that is not filled in as it has to be.
function validationError(words, code) {
  return { type: "validation_error", code, message: words[code] };
}

// No answer came: whether the call had an effect is unknown.
function connectionError(words) {
  return { type: "api_connection_error", message: words.api_connection_error };
}

// The error of the API, in the shopper's language where there are words for it.
function localizedError(words, error) {
  const message =
    words[error.decline_code] ??
    words[error.code] ??
    (error.type === "api_error" ? words.api_error : undefined) ??
    error.message;
  return { ...error, message };
}

// The last thing that went wrong with an intent that waits for another payment method.
function lastError(words, intent) {
  const error = intent.last_payment_error ?? {
    type: "invalid_request_error",
    code: "payment_intent_authentication_failure",
    message: words.payment_intent_authentication_failure,
  };
  return { ...localizedError(words, error), payment_intent: intent };
}
