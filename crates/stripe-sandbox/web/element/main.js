// The frame with the form: it listens to the page around it, and to nobody else.

let page = null;
let setUp = null;
let client = null;
let intent = null;

const node = document.getElementById("form");
const form = new PaymentForm(node, () => {
  if (!intent) return;
  say("change", {
    empty: form.isEmpty,
    complete: form.isComplete,
    collapsed: false,
    value: { type: form.type },
  });
});

// A page without an origin of its own, such as a file, cannot be named.
function say(type, content = {}) {
  const target = page === "null" ? "*" : page;
  window.parent.postMessage({ stripeSandbox: type, ...content }, target);
}

// What the page around can say.
const HEARD = {
  setup: async ({ setUp: told }) => {
    prepare(told);
    if (await load()) say("ready");
  },
  update: ({ setUp: told }) => {
    const languageChanged = told.locale !== setUp.locale;
    const optionsChanged = JSON.stringify(told.options) !== JSON.stringify(setUp.options);
    prepare(told);
    if (intent && (languageChanged || optionsChanged)) show();
  },
  focus: () => intent && form.focus(),
  blur: () => document.activeElement?.blur(),
  clear: () => intent && form.clear(),
  refresh,
  submit,
  confirm: pay,
};

function prepare(told) {
  setUp = told;
  const words = wordsFor(told.locale);
  const { publishableKey, stripeAccount } = told;
  client = { api: "", publishableKey, stripeAccount, words };
  document.documentElement.lang = words.language;
  document.title = words.frameTitle;
  applyAppearance(told.appearance, told.surface);
}

function show() {
  form.show(intent, client.words, setUp.options ?? {});
}

// True when the form is there; a form that cannot be says why.
async function load() {
  const { object, error } = await retrieveIntent(client, setUp.clientSecret);
  const refusal = error ?? unpayable(object);
  if (refusal) {
    node.removeAttribute("aria-busy");
    say("loaderror", { error: refusal });
    return false;
  }
  intent = object;
  show();
  return true;
}

function unpayable(paymentIntent) {
  const payable = ["requires_payment_method", "requires_confirmation", "requires_action"];
  if (payable.includes(paymentIntent.status)) return null;
  return {
    type: "invalid_request_error",
    code: "payment_intent_unexpected_state",
    message: `This PaymentIntent cannot be paid any more: its status is ${paymentIntent.status}.`,
    payment_intent: paymentIntent,
  };
}

// The methods may change with the amount; what is typed stays as long as they do not.
async function refresh() {
  const { object, error } = await retrieveIntent(client, setUp.clientSecret);
  if (error) return { error };
  const methods = (one) => JSON.stringify(one?.payment_method_types);
  const changed = methods(intent) !== methods(object);
  intent = object;
  if (changed) show();
  return {};
}

function notReady() {
  return intent ? null : { error: connectionError(client.words) };
}

function submit() {
  const refusal = notReady();
  if (refusal) return refusal;
  const code = form.problem();
  return code
    ? { error: validationError(client.words, code) }
    : { selectedPaymentMethod: form.type };
}

// Confirms with what is typed. Several at once are the API's to sort out: an intent is paid once.
async function pay({ params }) {
  const { error } = submit();
  if (error) return { error };
  const { payment_method_data: told = {}, ...rest } = params;
  const data = form.data();
  const known = setUp.options?.defaultValues?.billingDetails;
  data.billing_details = { ...known, ...withoutGaps(data.billing_details), ...told.billing_details };
  const request = { ...rest, payment_method_data: { ...told, ...data } };
  return form.whileBusy(() => confirmIntent(client, setUp.clientSecret, request));
}

function withoutGaps(values) {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value));
}

window.addEventListener("message", async (event) => {
  if (event.source !== window.parent || (page !== null && event.origin !== page)) return;
  const { stripeSandbox: type, request, ...content } = event.data ?? {};
  if (!Object.hasOwn(HEARD, type) || (page === null && type !== "setup")) return;
  page = event.origin;
  const result = await HEARD[type](content);
  if (request !== undefined) say("answer", { request, result });
});

document.addEventListener("keydown", (event) => {
  if (!page) return;
  if (event.key === "Escape") say("escape");
  if (event.key === "Enter" && event.target instanceof HTMLInputElement) {
    event.preventDefault();
    say("enter");
  }
});
window.addEventListener("focus", () => page && say("focus"));
window.addEventListener("blur", () => page && say("blur"));

// The frame is as high as the form.
new ResizeObserver(() => {
  if (page && intent) say("height", { pixels: Math.ceil(node.getBoundingClientRect().height) });
}).observe(node);

if (window.parent !== window) window.parent.postMessage({ stripeSandbox: "hello" }, "*");
