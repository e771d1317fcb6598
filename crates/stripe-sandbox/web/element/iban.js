// IBANs.

// How long an IBAN of a country is; elsewhere between the shortest and the longest there is.
const IBAN_LENGTHS = {
  AT: 20, BE: 16, BG: 22, CH: 21, CY: 28, CZ: 24, DE: 22, DK: 18, EE: 20, ES: 24, FI: 18, FR: 27,
  GB: 22, GR: 27, HR: 21, HU: 28, IE: 22, IT: 27, LI: 21, LT: 20, LU: 20, LV: 21, MC: 27, MT: 31,
  NL: 18, NO: 15, PL: 28, PT: 25, RO: 24, SE: 24, SI: 19, SK: 24, SM: 27,
};
const IBAN_LENGTH_MIN = 15;
const IBAN_LENGTH_MAX = 34;

function compactIban(text) {
  return text.replace(/[^0-9a-z]/gi, "").toUpperCase();
}

function formatIban(text) {
  return (compactIban(text).slice(0, IBAN_LENGTH_MAX).match(/.{1,4}/g) ?? []).join(" ");
}

function ibanProblem(text) {
  const iban = compactIban(text);
  const length = IBAN_LENGTHS[iban.slice(0, 2)];
  if (iban.length < (length ?? IBAN_LENGTH_MIN)) return "incomplete_iban";
  if (!/^[A-Z]{2}\d{2}/.test(iban) || (length && iban.length > length)) return "invalid_iban";
  // Letters count as two digits, the first four signs go to the end, and the whole leaves 1 when divided by 97.
  const digits = (iban.slice(4) + iban.slice(0, 4)).replace(/[A-Z]/g, (letter) => parseInt(letter, 36));
  const rest = [...digits].reduce((remainder, digit) => (remainder * 10 + Number(digit)) % 97, 0);
  return rest === 1 ? null : "invalid_iban";
}
