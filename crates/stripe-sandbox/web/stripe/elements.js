// One group of elements for one payment intent. The stand-in has one kind: `payment`.

class Elements {
  #stripe;
  #options;
  #payment = null;

  constructor(stripe, options = {}) {
    checkClientSecret(options.clientSecret, "elements()");
    this.#stripe = stripe;
    this.#options = options;
  }

  create(type, options = {}) {
    check(type === "payment", `This stand-in for Stripe has the 'payment' Element only, not '${type}'.`);
    check(!this.#payment, "Can only create one Element of type payment.");
    this.#payment = new PaymentElement(this, options);
    return this.#payment;
  }

  getElement(type) {
    return type === "payment" || type?.__elementType === "payment" ? this.#payment : null;
  }

  update(options = {}) {
    this.#options = { ...this.#options, ...options };
    this.#payment?.frame?.update(this.setUp());
  }

  // Looks whether the intent changed at the server, its amount for one.
  async fetchUpdates() {
    const { error } = await this.#frame().ask("refresh");
    return error ? { error } : {};
  }

  // Whether the form is filled in as it has to be.
  submit() {
    return this.#frame().ask("submit");
  }

  // For Stripe only: the frame pays, because it alone knows with what.
  confirm(params) {
    return this.#frame().ask("confirm", { params });
  }

  // For the Element only: what its frame is set up with.
  setUp() {
    const { publishableKey, stripeAccount, locale } = this.#stripe;
    const asked = this.#options.locale ?? locale;
    return {
      publishableKey,
      stripeAccount,
      clientSecret: this.#options.clientSecret,
      locale: asked,
      words: wordsFor(asked),
      appearance: this.#options.appearance,
    };
  }

  // For the Element only: it is gone, and another one may be made.
  forget(element) {
    if (this.#payment === element) this.#payment = null;
  }

  get clientSecret() {
    return this.#options.clientSecret;
  }

  #frame() {
    check(this.#payment?.frame, "The payment Element has to be mounted first.");
    return this.#payment.frame;
  }
}
