// The frame with the payment form, seen from the shop's page.

// This script's own origin is that of the frame and of the API.
const ORIGIN = new URL(document.currentScript.src).origin;

// How long a frame that was loaded has to say so. One that was blocked never does.
const HELLO_MS_MAX = 3_000;

let framesMade = 0;

class Frame {
  #node = document.createElement("iframe");
  #requests = new Map();
  #requestsMade = 0;
  #setUp;
  #onEvent;
  #said = false;
  #listener = (event) => this.#receive(event);

  // `setUp` is what the frame is told first; `onEvent` hears everything it says later.
  constructor(setUp, onEvent) {
    this.#setUp = setUp;
    this.#onEvent = onEvent;
    framesMade += 1;
    this.#node.name = `__privateStripeFrame${framesMade}`;
    this.#node.title = setUp.words.frameTitle;
    this.#node.allow = "payment *";
    this.#node.src = `${ORIGIN}/elements/payment`;
    Object.assign(this.#node.style, {
      display: "block",
      // Room for the outline of a focused field.
      width: "calc(100% + 8px)",
      margin: "-4px",
      height: "260px",
      border: "0",
      colorScheme: isDark(setUp.appearance) ? "dark" : "light",
    });
    this.#node.addEventListener("load", () => {
      setTimeout(() => {
        if (!this.#said) this.#onEvent("loaderror", { error: connectionError(setUp.words) });
      }, HELLO_MS_MAX);
    });
    window.addEventListener("message", this.#listener);
  }

  mount(parent) {
    parent.replaceChildren(this.#node);
    this.#setUp.surface = surfaceOf(parent);
  }

  remove() {
    window.removeEventListener("message", this.#listener);
    this.#node.remove();
    for (const answer of this.#requests.values()) {
      answer({ error: connectionError(this.#setUp.words) });
    }
    this.#requests.clear();
  }

  // Tells the frame something that needs no answer.
  tell(type, content = {}) {
    if (this.#said) this.#post({ stripeSandbox: type, ...content });
  }

  // Asks the frame for something; resolves to its answer. A frame that never loaded has none.
  ask(type, content = {}) {
    if (!this.#said) return Promise.resolve({ error: connectionError(this.#setUp.words) });
    this.#requestsMade += 1;
    const request = this.#requestsMade;
    return new Promise((resolve) => {
      this.#requests.set(request, resolve);
      this.#post({ stripeSandbox: type, request, ...content });
    });
  }

  // What is set up anew, such as another appearance.
  update(changes) {
    const surface = surfaceOf(this.#node.parentElement);
    Object.assign(this.#setUp, changes, { surface });
    this.#node.title = this.#setUp.words.frameTitle;
    this.#node.style.colorScheme = isDark(this.#setUp.appearance) ? "dark" : "light";
    this.tell("update", { setUp: this.#sendable() });
  }

  #sendable() {
    const { words: _, ...setUp } = this.#setUp;
    // The frame gets plain data; a function in somebody's options is of no use to it.
    return JSON.parse(JSON.stringify(setUp));
  }

  #post(message) {
    this.#node.contentWindow?.postMessage(message, ORIGIN);
  }

  #receive(event) {
    if (event.origin !== ORIGIN || event.source !== this.#node.contentWindow) return;
    const { stripeSandbox: type, request, ...content } = event.data ?? {};
    if (type === "hello") {
      this.#said = true;
      this.#post({ stripeSandbox: "setup", setUp: this.#sendable() });
    } else if (type === "answer") {
      this.#requests.get(request)?.(content.result);
      this.#requests.delete(request);
    } else if (type === "height") {
      this.#node.style.height = `${content.pixels}px`;
    } else if (type === "enter") {
      this.#node.closest("form")?.requestSubmit();
    } else if (typeof type === "string") {
      this.#onEvent(type, content);
    }
  }
}

// The colour the frame stands on. The form shows it as its own, so that the contrast of its words can be measured.
function surfaceOf(node) {
  for (let at = node; at; at = at.parentElement) {
    const { backgroundColor, backgroundImage } = getComputedStyle(at);
    if (backgroundImage !== "none") return undefined;
    if (!/^rgba|\/|transparent/.test(backgroundColor)) return backgroundColor;
  }
  return undefined;
}

function isDark(appearance) {
  return appearance?.theme === "night";
}
