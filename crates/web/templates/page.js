'use strict';
(() => {
  const LOAD_MS_MAX = 30000;
  const POLL_MS = [3000, 5000, 10000, 20000, 40000];
  const POLLS_MAX = 60;
  /** From here on there is nothing to pay any more; the app says where to go. */
  const OVER = ['succeeded', 'requires_capture', 'processing', 'canceled'];
  /** The reasons that have words of ours. Of the others Stripe's own, localized ones are shown. */
  const REASONS = {
    insufficient_funds: 'insufficientFunds',
    expired_card: 'expiredCard',
    incorrect_cvc: 'incorrectCvc',
    invalid_cvc: 'incorrectCvc',
    authentication_required: 'notConfirmed',
    payment_intent_authentication_failure: 'notConfirmed',
    processing_error: 'passing',
    issuer_not_available: 'passing',
    try_again_later: 'passing',
    reenter_transaction: 'passing',
    generic_decline: 'declined',
  };

  const by = (id) => document.getElementById(id);
  const data = JSON.parse(by('data').textContent);
  const texts = data.texts;

  // A page that comes out of the browser's memory may be paid meanwhile.
  addEventListener('pageshow', (event) => {
    if (event.persisted) location.reload();
  });

  /** Leaves the page, and the shop's frame around it. */
  const leave = (url) => {
    if (window.top !== window.self) {
      try {
        window.top.location.replace(url);
        return;
      } catch {
        // The frame may not leave by itself: in it, the next page has a link.
      }
    }
    location.replace(url);
  };

  const loadStripe = () => new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = data.stripeJs;
    script.onload = () => {
      try {
        const { locale, stripeAccount } = data;
        resolve(window.Stripe(data.publishableKey, { locale, stripeAccount }));
      } catch (error) {
        reject(error);
      }
    };
    script.onerror = reject;
    setTimeout(reject, LOAD_MS_MAX);
    document.head.append(script);
  });

  const cssValue = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const appearance = () => ({
    theme: matchMedia('(prefers-color-scheme: dark)').matches ? 'night' : 'stripe',
    labels: 'above',
    variables: {
      colorPrimary: cssValue('--edge'),
      colorBackground: cssValue('--surface'),
      colorText: cssValue('--ink'),
      colorTextSecondary: cssValue('--ink-2'),
      colorTextPlaceholder: cssValue('--ink-3'),
      colorDanger: cssValue('--bad'),
      fontFamily: cssValue('--font'),
      fontSizeBase: '16px',
      borderRadius: '10px',
    },
  });

  /** The form: one payment at a time, whoever presses what how often. */
  const pay = (() => {
    const form = by('payment-form');
    const button = by('pay');
    const finish = by('finish-button');
    let stripe;
    let elements;
    let state = 'loading';

    const say = (text, takesFocus) => {
      by('message').textContent = text;
      if (text && takesFocus) by('message').focus();
    };

    const enter = (next) => {
      state = next;
      form.dataset.state = next;
      by('status').textContent = next === 'working' ? texts.paying : '';
      for (const each of [button, finish]) {
        if (!each) continue;
        each.disabled = next === 'loading' || next === 'failed';
        each.setAttribute('aria-disabled', String(next === 'working'));
      }
    };

    const fail = () => {
      if (state !== 'loading') return;
      enter('failed');
      form.hidden = true;
      say(texts.formFailed);
      const again = document.createElement('a');
      again.className = 'button';
      again.id = 'again';
      again.href = location.href;
      again.textContent = texts.again;
      by('message').append(again);
    };

    /** Asks how the payment stands: in another tab it may be paid already. */
    const look = async () => {
      const { paymentIntent } = await stripe.retrievePaymentIntent(data.clientSecret);
      if (!paymentIntent) throw new Error('it is not known how the payment stands');
      if (OVER.includes(paymentIntent.status)) leave(data.returnUrl);
    };

    const declined = (error) => {
      const reason = REASONS[error.decline_code] || REASONS[error.code];
      if (reason) return `${texts[reason]} ${texts.notCharged}`;
      if (error.type === 'card_error') return `${error.message || texts.declined} ${texts.notCharged}`;
      return null;
    };

    const settle = async (result) => {
      const error = result.error;
      const intent = result.paymentIntent || (error && error.payment_intent);
      if (intent && OVER.includes(intent.status)) return leave(data.returnUrl);
      // Something is left to do, and the page, loaded anew, knows what.
      if (!error) return location.reload();
      const isMissing = error.type === 'validation_error';
      const words = isMissing ? error.message : declined(error);
      if (!words) await look();
      enter('open');
      // What is missing in a field is focused by the form itself.
      return say(words || `${texts.passing} ${texts.notCharged}`, !isMissing);
    };

    const work = async (action) => {
      if (state !== 'open') return;
      say('');
      enter('working');
      try {
        await settle(await action());
      } catch {
        enter('open');
        say(texts.unsure, true);
      }
    };

    const open = async () => {
      try {
        stripe = await loadStripe();
        elements = stripe.elements({
          clientSecret: data.clientSecret, locale: data.locale, appearance: appearance(),
        });
        const element = elements.create('payment', { layout: 'accordion' });
        element.on('ready', () => state === 'loading' && enter('open'));
        element.on('loaderror', fail);
        element.mount('#payment-element');
        // The form follows where the page goes dark or light while it is open.
        matchMedia('(prefers-color-scheme: dark)')
          .addEventListener('change', () => elements.update({ appearance: appearance() }));
      } catch {
        fail();
      }
    };

    const confirm = () => stripe.confirmPayment({
      elements, confirmParams: { return_url: data.returnUrl }, redirect: 'if_required',
    });
    const goOn = () => stripe.handleNextAction({ clientSecret: data.clientSecret });

    return () => {
      form.addEventListener('submit', (event) => {
        event.preventDefault();
        work(confirm);
      });
      if (finish) finish.addEventListener('click', () => work(goOn));
      document.addEventListener('visibilitychange', () => {
        if (!document.hidden && state === 'open') look().catch(() => {});
      });
      open();
    };
  })();

  /** The money is on its way: go on as soon as it is there. */
  const wait = async () => {
    const stripe = await loadStripe();
    for (let turn = 0; turn < POLLS_MAX; turn += 1) {
      await new Promise((next) => setTimeout(next, POLL_MS[Math.min(turn, POLL_MS.length - 1)]));
      const { paymentIntent } = await stripe.retrievePaymentIntent(data.clientSecret).catch(() => ({}));
      const status = paymentIntent ? paymentIntent.status : 'processing';
      if (status !== 'processing') return OVER.includes(status) ? leave(data.returnUrl) : location.reload();
    }
    return undefined;
  };

  if (data.state === 'payable') pay();
  if (data.state === 'processing') wait().catch(() => {});
  if (data.state === 'leaving') leave(data.leaveTo);
})();
