// One labelled field with its error beneath.

class Field {
  // `spec`: name (also of the id), label, autocomplete, inputMode, placeholder, half, type, value, format(text),
  // problem(text) which gives the code of what is wrong, or null.
  constructor(spec, words) {
    this.spec = spec;
    this.words = words;
    this.input = element("input", {
      id: `Field-${spec.name}Input`,
      name: spec.name,
      type: spec.type ?? "text",
      inputMode: spec.inputMode ?? "text",
      autocomplete: spec.autocomplete,
      placeholder: spec.placeholder ?? "",
      value: spec.value ?? "",
      spellcheck: false,
      required: true,
    });
    this.error = element("p", { id: `Field-${spec.name}Error`, className: "error" });
    this.error.setAttribute("aria-live", "polite");
    this.badge = element("span", { className: "brand" });
    this.badge.setAttribute("aria-hidden", "true");
    const label = element("label", { className: "name", htmlFor: this.input.id, textContent: spec.label });
    const box = element("div", { className: "box" }, [this.input, this.badge]);
    this.node = element("div", { className: spec.half ? "field half" : "field" }, [label, box, this.error]);
    this.input.addEventListener("input", () => this.#typed());
    this.input.addEventListener("blur", () => {
      if (this.input.value !== "") this.showProblem();
    });
  }

  get value() {
    return this.input.value;
  }

  fill(value) {
    this.input.value = this.spec.format ? this.spec.format(value) : value;
    this.clearProblem();
  }

  problem() {
    return this.spec.problem(this.value);
  }

  showProblem() {
    const code = this.problem();
    if (!code) return this.clearProblem();
    this.error.textContent = this.words[code];
    this.input.setAttribute("aria-invalid", "true");
    this.input.setAttribute("aria-describedby", this.error.id);
  }

  clearProblem() {
    this.error.textContent = "";
    this.input.removeAttribute("aria-invalid");
    this.input.removeAttribute("aria-describedby");
  }

  // Puts the text into its form and the caret back behind the sign it stood behind.
  #typed() {
    this.clearProblem();
    const { format } = this.spec;
    if (!format) return;
    const signs = (text) => text.replace(/[^0-9a-z]/gi, "").length;
    const { value, selectionStart } = this.input;
    const formatted = format(value);
    if (formatted === value) return;
    this.input.value = formatted;
    if (selectionStart === value.length) return;
    const before = signs(value.slice(0, selectionStart));
    let caret = 0;
    while (signs(formatted.slice(0, caret)) < before) caret += 1;
    this.input.setSelectionRange(caret, caret);
  }
}

function element(name, properties = {}, children = []) {
  const node = Object.assign(document.createElement(name), properties);
  node.append(...children);
  return node;
}
