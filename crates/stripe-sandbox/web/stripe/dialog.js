// A page of the sandbox in a dialog over the shop's page. Styles are set one by one: the shop's content security policy
// need not allow any.

// Resolves when the page says that it is over, or the shopper closes it.
function showInDialog(address, words) {
  const dialog = document.createElement("dialog");
  const frame = document.createElement("iframe");
  const close = document.createElement("button");
  const url = new URL(address);
  url.searchParams.set("locale", words.language);

  dialog.setAttribute("aria-label", words.dialogTitle);
  frame.title = words.dialogTitle;
  frame.name = "__privateStripeFrameDialog";
  frame.src = url.href;
  close.type = "button";
  close.textContent = words.cancel;
  arrange(dialog, frame, close);
  dialog.append(frame, close);
  document.body.append(dialog);
  dialog.showModal();
  frame.focus();

  return new Promise((resolve) => {
    const end = () => {
      window.removeEventListener("message", listen);
      dialog.close();
      dialog.remove();
      resolve();
    };
    const listen = (event) => {
      const fromFrame = event.origin === url.origin && event.source === frame.contentWindow;
      if (fromFrame && event.data?.stripeSandbox === "done") end();
    };
    window.addEventListener("message", listen);
    close.addEventListener("click", end);
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      end();
    });
  });
}

function arrange(dialog, frame, close) {
  Object.assign(dialog.style, {
    position: "fixed",
    inset: "0",
    width: "100%",
    height: "100%",
    maxWidth: "none",
    maxHeight: "none",
    margin: "0",
    padding: "12px",
    boxSizing: "border-box",
    border: "0",
    display: "grid",
    gridTemplateRows: "minmax(0, 460px) auto",
    placeContent: "center",
    justifyItems: "center",
    gap: "12px",
    background: "rgb(16 20 28 / 0.72)",
  });
  Object.assign(frame.style, {
    width: "min(calc(100vw - 24px), 464px)",
    height: "100%",
    border: "0",
    borderRadius: "16px",
    colorScheme: "light dark",
  });
  Object.assign(close.style, {
    minHeight: "44px",
    padding: "0 20px",
    border: "1px solid #ffffff",
    borderRadius: "10px",
    background: "#14181f",
    color: "#ffffff",
    font: "600 16px/1 system-ui, sans-serif",
    cursor: "pointer",
  });
}
