// What the shopper still has to do once an intent is confirmed.

// A promise for a page that is being left.
const LEAVING = new Promise(() => {});

// Resolves to { paymentIntent } or { error } when nothing is left to do in this page.
async function settleNextAction(client, intent) {
  const action = intent.status === "requires_action" ? intent.next_action : null;
  switch (action?.type) {
    case "use_stripe_sdk":
      return authenticate(client, intent, action.use_stripe_sdk.stripe_js);
    case "redirect_to_url":
      window.location.assign(action.redirect_to_url.url);
      return LEAVING;
    case "display_bank_transfer_instructions":
      await showInDialog(
        action.display_bank_transfer_instructions.hosted_instructions_url,
        client.words,
      );
      return look(client, intent.client_secret);
    default:
      return { paymentIntent: intent };
  }
}

async function authenticate(client, intent, address) {
  await showInDialog(address, client.words);
  const { paymentIntent, error } = await look(client, intent.client_secret);
  if (error) return { error };
  // One that still requires action was closed without an answer, and can be confirmed again.
  if (["requires_payment_method", "requires_action"].includes(paymentIntent.status)) {
    return { error: lastError(client.words, paymentIntent) };
  }
  return { paymentIntent };
}

async function look(client, clientSecret) {
  const { object, error } = await retrieveIntent(client, clientSecret);
  return error ? { error } : { paymentIntent: object };
}

// Goes to the return_url with what Stripe adds to it.
function leaveFor(returnUrl, intent) {
  const url = new URL(returnUrl);
  url.searchParams.set("payment_intent", intent.id);
  url.searchParams.set("payment_intent_client_secret", intent.client_secret);
  const paid = intent.status === "succeeded" || intent.status === "requires_capture";
  url.searchParams.set("redirect_status", paid ? "succeeded" : "pending");
  window.location.assign(url.href);
  return LEAVING;
}
