// Mistakes of whoever wrote the page. Only these are thrown.

class IntegrationError extends Error {
  constructor(message) {
    super(message);
    this.name = "IntegrationError";
  }
}

function check(holds, message) {
  if (!holds) throw new IntegrationError(message);
}

function checkPublishableKey(key) {
  check(typeof key === "string" && key !== "", "Please call Stripe() with your publishable key. You used an empty string.");
  check(
    !/^[sr]k_/.test(key),
    "You should not use your secret key with Stripe.js. Please pass a publishable key instead.",
  );
}

function checkClientSecret(secret, where) {
  check(
    typeof secret === "string" && /^pi_[^_]+_secret_.+$/.test(secret),
    `${where}: the clientSecret of a PaymentIntent, such as pi_…_secret_…, is missing or malformed.`,
  );
}

// Where the shopper comes back to. Stripe insists on an absolute address.
function checkReturnUrl(url, redirect) {
  if (url === undefined && redirect === "if_required") return;
  check(
    typeof url === "string" && URL.canParse(url),
    "confirmParams.return_url has to be an absolute URL, unless redirect is 'if_required'.",
  );
}
