// The Payment Element: a form for every method of the intent.

const EVENTS = ["ready", "change", "focus", "blur", "escape", "loaderror", "loaderstart"];

class PaymentElement {
  #elements;
  #options;
  #frame;
  #listeners = new Map();

  constructor(elements, options) {
    this.#elements = elements;
    this.#options = options;
  }

  // Into a node, or the first node a selector finds.
  mount(target) {
    const node = typeof target === "string" ? document.querySelector(target) : target;
    check(node instanceof Element, `The node to mount the Element into does not exist: ${target}`);
    this.unmount();
    const setUp = { ...this.#elements.setUp(), options: this.#options };
    this.#frame = new Frame(setUp, (type, content) => this.#emit(type, content));
    this.#frame.mount(node);
    this.#emit("loaderstart", {});
    return this;
  }

  unmount() {
    this.#frame?.remove();
    this.#frame = undefined;
    return this;
  }

  destroy() {
    this.unmount();
    this.#listeners.clear();
    this.#elements.forget(this);
  }

  update(options) {
    this.#options = { ...this.#options, ...options };
    this.#frame?.update({ options: this.#options });
    return this;
  }

  on(event, listener) {
    check(EVENTS.includes(event), `The Element has no event named ${event}.`);
    check(typeof listener === "function", `The listener of ${event} has to be a function.`);
    if (!this.#listeners.has(event)) this.#listeners.set(event, new Set());
    this.#listeners.get(event).add(listener);
    return this;
  }

  once(event, listener) {
    const first = (content) => {
      this.off(event, first);
      listener(content);
    };
    return this.on(event, first);
  }

  off(event, listener) {
    if (listener) this.#listeners.get(event)?.delete(listener);
    else this.#listeners.delete(event);
    return this;
  }

  focus() {
    this.#frame?.tell("focus");
  }

  blur() {
    this.#frame?.tell("blur");
  }

  clear() {
    this.#frame?.tell("clear");
  }

  // For Elements only: what the frame is asked, and told anew.
  get frame() {
    return this.#frame;
  }

  #emit(type, content) {
    for (const listener of [...(this.#listeners.get(type) ?? [])]) {
      listener({ elementType: "payment", ...content });
    }
  }
}

// Stripe names an element by this, too.
PaymentElement.__elementType = "payment";
