// The page is over. Stripe.js, if it shows this page in a frame, closes it; what happened it asks the API.
if (window.parent !== window) window.parent.postMessage({ stripeSandbox: "done" }, "*");
