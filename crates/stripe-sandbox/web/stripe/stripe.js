// `Stripe(publishableKey, options)`, as Stripe's own script defines it.

class StripeClient {
  constructor(publishableKey, { locale, stripeAccount } = {}) {
    this.publishableKey = publishableKey;
    this.stripeAccount = stripeAccount;
    this.locale = locale;
  }

  elements(options) {
    return new Elements(this, options);
  }

  // Pays what the Payment Element holds, or with a payment method made before. Goes to the return_url unless `redirect`
  // is 'if_required' and the method does without.
  async confirmPayment({ elements, clientSecret, confirmParams = {}, redirect = "always" } = {}) {
    check(elements || clientSecret, "confirmPayment() needs the elements, or a clientSecret.");
    check(["always", "if_required"].includes(redirect), "redirect is 'always' or 'if_required'.");
    checkReturnUrl(confirmParams.return_url, redirect);
    const secret = clientSecret ?? elements.clientSecret;
    checkClientSecret(secret, "confirmPayment()");
    const params = { ...confirmParams, return_url: confirmParams.return_url ?? location.href };

    const client = this.#client(elements?.setUp().locale);
    const confirmed = elements
      ? await elements.confirm(params)
      : await confirmIntent(client, secret, params);
    if (confirmed.error) return { error: confirmed.error };
    const { paymentIntent, error } = await settleNextAction(client, confirmed.object);
    if (error) return { error };
    return redirect === "always"
      ? leaveFor(params.return_url, paymentIntent)
      : { paymentIntent };
  }

  // The older way to pay by card, with a payment method made before.
  async confirmCardPayment(clientSecret, data = {}, { handleActions = true } = {}) {
    checkClientSecret(clientSecret, "confirmCardPayment()");
    check(
      data.payment_method === undefined || typeof data.payment_method === "string",
      "This stand-in for Stripe takes the id of a payment method only; for card fields use the Payment Element.",
    );
    const client = this.#client();
    const { object, error } = await confirmIntent(client, clientSecret, {
      ...data,
      return_url: data.return_url ?? location.href,
    });
    if (error) return { error };
    return handleActions ? settleNextAction(client, object) : { paymentIntent: object };
  }

  // Goes on where a confirmation made by the server left off.
  async handleNextAction({ clientSecret } = {}) {
    checkClientSecret(clientSecret, "handleNextAction()");
    const client = this.#client();
    const { paymentIntent, error } = await look(client, clientSecret);
    return error ? { error } : settleNextAction(client, paymentIntent);
  }

  async retrievePaymentIntent(clientSecret) {
    checkClientSecret(clientSecret, "retrievePaymentIntent()");
    return look(this.#client(), clientSecret);
  }

  // Wrappers of Stripe.js tell their names by these.
  registerAppInfo() {}
  _registerWrapper() {}

  #client(locale = this.locale) {
    const { publishableKey, stripeAccount } = this;
    return { api: ORIGIN, publishableKey, stripeAccount, words: wordsFor(locale) };
  }
}

function Stripe(publishableKey, options) {
  checkPublishableKey(publishableKey);
  return new StripeClient(publishableKey, options);
}

Stripe.version = "stripe-sandbox";
window.Stripe = Stripe;
