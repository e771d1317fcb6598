// The values to try, each a button that fills them in.

const TEST_CARDS = [
  ["4242424242424242", "testPaid"],
  ["4000000000003220", "test3ds"],
  ["4000000000000002", "testDeclined"],
  ["4000000000009995", "testFunds"],
  ["4000008400001629", "test3dsDeclined"],
];

const TEST_IBANS = [
  ["DE89370400440532013000", "testPaidAccount"],
  ["DE62370400440532013001", "testFailedAccount"],
];

// Nothing for methods without fields. `filled` is called after a click.
function testValues(type, fields, words, filled) {
  const [values, format] = {
    card: [TEST_CARDS, formatNumber],
    sepa_debit: [TEST_IBANS, formatIban],
  }[type] ?? [[], null];
  if (values.length === 0) return null;
  const items = values.map(([value, word]) => {
    const button = element("button", { type: "button" }, [
      element("span", { textContent: format(value) }),
      element("span", { textContent: words[word] }),
    ]);
    button.addEventListener("click", () => {
      fill(type, fields, value);
      filled();
    });
    return element("li", {}, [button]);
  });
  const title = type === "card" ? words.testCards : words.testAccounts;
  return element("details", { className: "test-cards" }, [
    element("summary", { textContent: title }),
    element("ul", {}, items),
  ]);
}

function fill(type, fields, value) {
  const year = String(new Date().getFullYear() + 3).slice(2);
  const others = type === "card" ? [`12${year}`, "123"] : ["Jenny Rosen", "jenny@example.com"];
  [value, ...others].forEach((text, position) => fields[position]?.fill(text));
  fields[0].input.dispatchEvent(new Event("input", { bubbles: true }));
}
