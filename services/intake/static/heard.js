// What scripts add; every page works without them.
import { createAll, Button, Checkboxes, ErrorSummary, Radios, SkipLink } from "./govuk-frontend.min.js";

for (const component of [Button, Checkboxes, ErrorSummary, Radios, SkipLink]) createAll(component);

// Leave at once, waiting for no answer of ours: the cookie shuts what is open here, the beacon has it forgotten. Our page
// is replaced in the history, and the whole tab goes even from a partner's frame, or where that is not allowed the frame.
const exit = document.querySelector("[data-exit] a");
const ESCAPE_TWICE_WITHIN = 2000; // milliseconds
const TOP_GONE_WITHIN = 500;
let escaped = 0;

function leave() {
  const framed = window.top !== window;
  document.documentElement.classList.add("heard-away");
  document.title = "";
  document.cookie = `__Host-left=1; Path=/; Secure; SameSite=${framed ? "None; Partitioned" : "Lax"}`;
  navigator.sendBeacon(exit.href + (framed ? "?framed" : ""));
  if (framed) setTimeout(() => window.location.replace(exit.dataset.exitTo), TOP_GONE_WITHIN);
  window.top.location.replace(exit.dataset.exitTo);
}

exit?.addEventListener("click", (event) => {
  event.preventDefault();
  leave();
});
if (exit) {
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.repeat || event.isComposing) return;
    const now = Date.now();
    if (now - escaped < ESCAPE_TWICE_WITHIN) leave();
    escaped = now;
  });
}

// Back after leaving, as far as the start page: leave again.
const [arrival] = performance.getEntriesByType("navigation");
if (exit && arrival?.type === "back_forward" && document.body.dataset.left) leave();

document.querySelector("[data-print]")?.addEventListener("click", () => window.print());
document.querySelector("[data-print]")?.removeAttribute("hidden");

// Said only where none of this runs.
document.querySelector("[data-no-scripts]")?.remove();
