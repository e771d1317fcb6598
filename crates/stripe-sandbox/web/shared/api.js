// Calls of the API with a publishable key. They resolve to { object } or { error } and never reject.

// How long an answer is waited for.
const ANSWER_MS_MAX = 60_000;

// `client` is { api, publishableKey, stripeAccount, words }.
async function callApi(client, method, path, params) {
  const form = new URLSearchParams();
  addParams(form, "", params);
  const headers = { authorization: `Bearer ${client.publishableKey}` };
  if (client.stripeAccount) headers["stripe-account"] = client.stripeAccount;
  const inBody = method === "POST";
  const address = `${client.api}/v1/${path}${inBody ? "" : `?${form}`}`;
  try {
    const response = await fetch(address, {
      method,
      headers,
      body: inBody ? form : undefined,
      credentials: "omit",
      cache: "no-store",
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    });
    const answer = await response.json();
    if (response.ok) return { object: answer };
    return { error: localizedError(client.words, answer.error) };
  } catch {
    return { error: connectionError(client.words) };
  }
}

// Nested values become `a[b][c]`, as the API reads them.
function addParams(form, prefix, params) {
  for (const [name, value] of Object.entries(params ?? {})) {
    if (value === undefined || value === null) continue;
    const key = prefix ? `${prefix}[${name}]` : name;
    if (typeof value === "object") addParams(form, key, value);
    else form.append(key, String(value));
  }
}

// `pi_1_secret_2` holds the id it belongs to.
function intentIdOf(clientSecret) {
  return clientSecret.split("_secret_")[0];
}

function retrieveIntent(client, clientSecret) {
  const path = `payment_intents/${encodeURIComponent(intentIdOf(clientSecret))}`;
  return callApi(client, "GET", path, { client_secret: clientSecret });
}

// `params` is what the API takes, without the secret.
function confirmIntent(client, clientSecret, params) {
  const path = `payment_intents/${encodeURIComponent(intentIdOf(clientSecret))}/confirm`;
  return callApi(client, "POST", path, {
    ...params,
    client_secret: clientSecret,
    use_stripe_sdk: true,
  });
}
