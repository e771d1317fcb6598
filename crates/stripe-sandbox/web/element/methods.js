// The methods of payment: their names, their order, what each asks for.

const METHOD_NAMES = {
  acss_debit: "Pre-authorized debit",
  affirm: "Affirm",
  afterpay_clearpay: "Afterpay",
  alipay: "Alipay",
  alma: "Alma",
  amazon_pay: "Amazon Pay",
  au_becs_debit: "BECS Direct Debit",
  bacs_debit: "Bacs Direct Debit",
  bancontact: "Bancontact",
  billie: "Billie",
  blik: "BLIK",
  card: { en: "Card", de: "Karte" },
  cashapp: "Cash App Pay",
  customer_balance: { en: "Bank transfer", de: "Überweisung" },
  eps: "EPS",
  grabpay: "GrabPay",
  ideal: "iDEAL",
  kakao_pay: "Kakao Pay",
  klarna: "Klarna",
  mobilepay: "MobilePay",
  naver_pay: "Naver Pay",
  p24: "Przelewy24",
  pay_by_bank: "Pay by Bank",
  payco: "PAYCO",
  paypal: "PayPal",
  revolut_pay: "Revolut Pay",
  samsung_pay: "Samsung Pay",
  satispay: "Satispay",
  sepa_debit: { en: "SEPA Direct Debit", de: "SEPA-Lastschrift" },
  swish: "Swish",
  twint: "TWINT",
  us_bank_account: "US bank account",
  wechat_pay: "WeChat Pay",
  zip: "Zip",
};

// The ones shown first, whatever order the intent names them in.
const FIRST = ["card", "sepa_debit", "ideal", "bancontact", "paypal", "klarna", "eps", "p24", "blik", "twint"];

// How many are shown before the shopper asks for more.
const VISIBLE_MAX = 5;

const DEBITS = ["acss_debit", "au_becs_debit", "bacs_debit", "us_bank_account"];

function methodName(type, words) {
  const name = Object.hasOwn(METHOD_NAMES, type) ? METHOD_NAMES[type] : type;
  return typeof name === "string" ? name : name[words.language] ?? name.en;
}

// Link is no method one chooses here, unless there is nothing else.
function methodsOf(intent, asked = []) {
  const types = intent.payment_method_types.filter((type) => type !== "link");
  if (types.length === 0) return intent.payment_method_types;
  const rank = (type) => {
    const [own, usual] = [asked.indexOf(type), FIRST.indexOf(type)];
    return own >= 0 ? own - asked.length : usual >= 0 ? usual : FIRST.length;
  };
  return types.sort((a, b) => rank(a) - rank(b));
}

function fieldsOf(type, words, options) {
  if (type === "card") return cardFields(words);
  if (type !== "sepa_debit") return [];
  const iban = new Field(
    {
      name: "iban",
      label: "IBAN",
      autocomplete: "off",
      placeholder: "DE00 0000 0000 0000 0000 00",
      format: formatIban,
      problem: ibanProblem,
    },
    words,
  );
  return [iban, ...billingFields(words, options)];
}

function cardFields(words) {
  const number = new Field(
    {
      name: "number",
      label: words.cardNumber,
      autocomplete: "cc-number",
      inputMode: "numeric",
      placeholder: "1234 1234 1234 1234",
      format: formatNumber,
      problem: numberProblem,
    },
    words,
  );
  const showBrand = () => (number.badge.textContent = brandOf(digitsOf(number.value)).name);
  number.input.addEventListener("input", showBrand);
  const expiry = new Field(
    {
      name: "expiry",
      label: words.expiry,
      autocomplete: "cc-exp",
      inputMode: "numeric",
      placeholder: words.expiryPlaceholder,
      half: true,
      format: formatExpiry,
      problem: expiryProblem,
    },
    words,
  );
  const cvc = new Field(
    {
      name: "cvc",
      label: words.cvc,
      autocomplete: "cc-csc",
      inputMode: "numeric",
      placeholder: "CVC",
      half: true,
      format: (text) => digitsOf(text).slice(0, brandOf(digitsOf(number.value)).cvc),
      problem: (text) => cvcProblem(text, number.value),
    },
    words,
  );
  return [number, expiry, cvc];
}

// What a debit needs to know about the shopper, unless the shop says that it tells it itself.
function billingFields(words, options) {
  const wanted = options.fields?.billingDetails ?? {};
  const known = options.defaultValues?.billingDetails ?? {};
  const asks = (name) => wanted !== "never" && wanted[name] !== "never";
  const name = {
    name: "name",
    label: words.name,
    autocomplete: "name",
    value: known.name,
    problem: (text) => (text.trim() === "" ? "incomplete_name" : null),
  };
  const email = {
    name: "email",
    label: words.email,
    type: "email",
    inputMode: "email",
    autocomplete: "email",
    value: known.email,
    problem: (text) =>
      text.trim() === "" ? "incomplete_email" : /^\S+@\S+\.\S+$/.test(text.trim()) ? null : "invalid_email",
  };
  return [name, email].filter((spec) => asks(spec.name)).map((spec) => new Field(spec, words));
}

function hintOf(type, words) {
  if (type === "card") return null;
  if (type === "sepa_debit") return words.sepaMandate;
  if (type === "customer_balance") return words.transferHint;
  return DEBITS.includes(type) ? words.debitHint : words.redirectHint;
}

// The `payment_method_data` of a filled-in method.
function methodData(type, fields) {
  const values = Object.fromEntries(fields.map((field) => [field.spec.name, field.value.trim()]));
  const data = { type, billing_details: { name: values.name, email: values.email } };
  if (type === "card") {
    const { month, year } = expiryOf(values.expiry);
    data.card = { number: digitsOf(values.number), exp_month: month, exp_year: year, cvc: values.cvc };
  }
  if (type === "sepa_debit") data.sepa_debit = { iban: compactIban(values.iban) };
  return data;
}
