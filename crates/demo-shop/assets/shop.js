// Keeps open pages up to date. Every page works without it.
"use strict";
document.documentElement.classList.add("script");

// What the shopper returns to within the payment frame belongs into the whole window.
if (window.top !== window.self) window.top.location.replace(window.location.href);

// Times in the reader's own zone.
function showTimes(root) {
  for (const time of root.querySelectorAll("time[data-clock], time[data-day]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    time.textContent = time.hasAttribute("data-clock")
      ? at.toLocaleTimeString("en-GB")
      : at.toLocaleString("en-GB", { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });
  }
}
showTimes(document);

for (const form of document.querySelectorAll("form[data-send-on-change]")) {
  form.addEventListener("change", () => form.requestSubmit());
}
// A second press of a button that is on its way does nothing.
document.addEventListener("submit", (event) => {
  if (!event.target.hasAttribute("data-once")) return;
  if (event.target.dataset.sent) event.preventDefault();
  event.target.dataset.sent = "yes";
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});
for (const dialog of document.querySelectorAll("dialog[data-modal]")) {
  dialog.close();
  dialog.showModal();
}

// Boxes that somebody has changed keep what she chose.
const chosen = new Map();
document.addEventListener("change", (event) => {
  if (event.target.type === "checkbox" && event.target.id) chosen.set(event.target.id, event.target.checked);
  showAmounts();
});
// What a button moves is written on it as long as all items are chosen.
function showAmounts() {
  const all = !document.querySelector("input[name=item]:not(:checked)");
  for (const amount of document.querySelectorAll("[data-all]")) amount.hidden = !all;
}
showAmounts();

function replace(part, fresh) {
  if (part.innerHTML === fresh.innerHTML && part.className === fresh.className) return;
  const open = [...part.querySelectorAll("details[open]")].map((details) => details.id);
  const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
  const scrolled = [...part.querySelectorAll("details[open] pre")].map((pre) => pre.scrollTop);
  part.innerHTML = fresh.innerHTML;
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  [...part.querySelectorAll("details[open] pre")].forEach((pre, index) => { pre.scrollTop = scrolled[index] ?? 0; });
  for (const [id, checked] of chosen) {
    const box = document.getElementById(id);
    if (box) box.checked = checked;
  }
  if (focused) document.getElementById(focused)?.focus();
}

async function refresh(address) {
  const answer = await fetch(address, { headers: { accept: "text/html" } });
  if (!answer.ok) return null;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  showTimes(fresh);
  for (const part of document.querySelectorAll("[data-live]")) {
    const newer = fresh.getElementById(part.id);
    if (newer) replace(part, newer);
  }
  showAmounts();
  return fresh.body.dataset.version;
}

async function follow(address) {
  let version = document.body.dataset.version;
  for (;;) {
    try {
      const answer = await fetch(`/live?after=${version}`);
      const newest = String((await answer.json()).version);
      if (newest !== version) version = (await refresh(address)) ?? newest;
    } catch {
      // The shop is gone or starts anew: look again in a while.
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
  }
}
if (document.body.dataset.address && document.querySelector("[data-live]")) follow(document.body.dataset.address);
