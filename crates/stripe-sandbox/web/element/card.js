// Card numbers, expiration dates and security codes.

const BRANDS = [
  { name: "Visa", start: /^4/ },
  { name: "Mastercard", start: /^(5[1-5]|2[2-7])/ },
  { name: "American Express", start: /^3[47]/, groups: [4, 6, 5], cvc: 4 },
  { name: "Diners Club", start: /^3(0[0-5]|[68])/, groups: [4, 6, 4] },
  { name: "Discover", start: /^(6011|64[4-9]|65)/ },
  { name: "JCB", start: /^35/ },
  { name: "UnionPay", start: /^62/ },
];

function brandOf(digits) {
  const brand = BRANDS.find(({ start }) => start.test(digits));
  return { name: "", groups: [4, 4, 4, 4], cvc: 3, ...brand };
}

function lengthOf(brand) {
  return brand.groups.reduce((sum, group) => sum + group, 0);
}

// `4242 4242 4242 4242`, or as the brand groups its digits.
function formatNumber(text) {
  const digits = digitsOf(text);
  const brand = brandOf(digits);
  return inGroups(digits.slice(0, lengthOf(brand)), brand.groups);
}

function numberProblem(text) {
  const digits = digitsOf(text);
  if (digits.length < lengthOf(brandOf(digits))) return "incomplete_number";
  return passesLuhn(digits) ? null : "invalid_number";
}

// `12 / 34`; also out of `12/2034`, typed or filled in by the browser.
function formatExpiry(text) {
  let digits = digitsOf(/^\s*\d\s*\//.test(text) || /^\s*[2-9]/.test(text) ? `0${text}` : text);
  if (/^\d\d20\d{1,2}$/.test(digits)) digits = digits.slice(0, 2) + digits.slice(4);
  digits = digits.slice(0, 4);
  return digits.length > 2 ? `${digits.slice(0, 2)} / ${digits.slice(2)}` : digits;
}

function expiryProblem(text, today = new Date()) {
  const digits = digitsOf(text);
  if (digits.length < 4) return "incomplete_expiry";
  const { month, year } = expiryOf(text);
  if (month < 1 || month > 12) return "invalid_expiry_month";
  if (year < today.getFullYear()) return "invalid_expiry_year_past";
  const past = year === today.getFullYear() && month < today.getMonth() + 1;
  return past ? "invalid_expiry_month_past" : null;
}

function expiryOf(text) {
  const digits = digitsOf(text);
  return { month: Number(digits.slice(0, 2)), year: 2000 + Number(digits.slice(2)) };
}

function cvcProblem(text, number) {
  const wanted = brandOf(digitsOf(number)).cvc;
  return digitsOf(text).length < wanted ? "incomplete_cvc" : null;
}

function digitsOf(text) {
  return text.replace(/\D/g, "");
}

function inGroups(text, groups) {
  const parts = [];
  let start = 0;
  for (const length of groups) {
    parts.push(text.slice(start, start + length));
    start += length;
  }
  return parts.filter((part) => part !== "").join(" ");
}

// The check digit every card number ends in.
function passesLuhn(digits) {
  const sum = [...digits].reverse().reduce((total, digit, position) => {
    const value = Number(digit) * (position % 2 === 0 ? 1 : 2);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}
