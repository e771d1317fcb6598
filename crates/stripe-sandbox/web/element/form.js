// The form: a choice of methods, and the fields of the chosen one.

class PaymentForm {
  #node;
  #words;
  #options;
  #fieldset;
  #methods = [];
  #chosen;
  #wasChanged;

  // `wasChanged` is called after everything the shopper does.
  constructor(node, wasChanged) {
    this.#node = node;
    this.#wasChanged = wasChanged;
    node.addEventListener("input", wasChanged);
    // A form of several fields without a button is not submitted by Enter; the shop's form around the frame is.
    node.addEventListener("submit", (event) => event.preventDefault());
  }

  // Shows the methods of an intent; what was typed into another form is gone.
  show(intent, words, options) {
    this.#words = words;
    this.#options = options;
    this.#methods = methodsOf(intent, options.paymentMethodOrder).map((type) => this.#method(type));
    this.#chosen = this.#methods[0];
    this.#fieldset = element("fieldset", { disabled: options.readOnly === true }, this.#contents());
    const standIn = element("p", { className: "stand-in", textContent: words.testMode });
    this.#node.replaceChildren(this.#fieldset, standIn);
    this.#node.removeAttribute("aria-busy");
    this.#reveal();
  }

  get type() {
    return this.#chosen.type;
  }

  get isEmpty() {
    return this.#chosen.fields.length > 0 && this.#chosen.fields.every((field) => field.value === "");
  }

  get isComplete() {
    return this.#chosen.fields.every((field) => field.problem() === null);
  }

  // The code of the first thing that is wrong, or null; every problem is shown.
  problem() {
    const wrong = this.#chosen.fields.filter((field) => field.problem() !== null);
    for (const field of wrong) field.showProblem();
    wrong[0]?.input.focus();
    return wrong[0]?.problem() ?? null;
  }

  data() {
    return methodData(this.#chosen.type, this.#chosen.fields);
  }

  clear() {
    for (const method of this.#methods) for (const field of method.fields) field.fill("");
    this.#wasChanged();
  }

  focus() {
    const target = this.#chosen.fields[0]?.input ?? this.#node.querySelector("input:checked, button");
    target?.focus();
  }

  // Nothing can be changed while a payment is under way; the shopper finds her place again afterwards.
  async whileBusy(work) {
    const place = document.activeElement;
    this.#fieldset.disabled = true;
    this.#node.setAttribute("aria-busy", "true");
    try {
      return await work();
    } finally {
      this.#fieldset.disabled = this.#options.readOnly === true;
      this.#node.removeAttribute("aria-busy");
      if (document.hasFocus()) place?.focus();
    }
  }

  #method(type) {
    const words = this.#words;
    const fields = fieldsOf(type, words, this.#options);
    const hint = hintOf(type, words);
    const parts = [element("div", { className: "fields" }, fields.map((field) => field.node))];
    if (hint) parts.push(element("p", { className: "hint", textContent: hint }));
    const values = testValues(type, fields, words, this.#wasChanged);
    if (values) parts.push(values);
    const panel = element("div", { className: "panel", id: `${type}-panel` }, parts);
    const radio = element("input", { type: "radio", name: "method", value: type, id: `${type}-tab` });
    const row = element("label", { className: "row", htmlFor: radio.id }, [
      radio,
      element("span", { textContent: methodName(type, words) }),
    ]);
    const method = { type, fields, panel, radio, row };
    radio.addEventListener("change", () => {
      this.#chosen = method;
      this.#reveal();
    });
    return method;
  }

  // A single method needs no choice.
  #contents() {
    const legend = element("legend", { textContent: this.#words.methods });
    if (this.#methods.length === 1) return [legend, this.#methods[0].panel];
    const layout = this.#options.layout?.type ?? this.#options.layout;
    const inTabs = layout !== "accordion";
    const rows = this.#methods.flatMap(({ row, panel }) => (inTabs ? [row] : [row, panel]));
    const more = this.#more();
    const list = element("div", { className: "rows" }, more ? [...rows, more] : rows);
    const panels = inTabs ? this.#methods.map(({ panel }) => panel) : [];
    const group = element("div", { className: inTabs ? "tabs" : "accordion" }, [list, ...panels]);
    return [legend, group];
  }

  #more() {
    const later = this.#methods.slice(VISIBLE_MAX);
    // One row more takes no more room than the button.
    if (later.length < 2) return null;
    for (const { row } of later) row.hidden = true;
    const more = element("button", {
      type: "button",
      className: "more",
      textContent: this.#words.moreMethods,
    });
    more.addEventListener("click", () => {
      for (const { row } of later) row.hidden = false;
      more.remove();
      later[0].radio.focus();
    });
    return more;
  }

  #reveal() {
    for (const method of this.#methods) {
      const chosen = method === this.#chosen;
      method.radio.checked = chosen;
      method.panel.hidden = !chosen;
    }
  }
}
