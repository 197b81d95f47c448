// What scripts add; every page works without them.
import { createAll, Button, Checkboxes, ErrorSummary, Radios, SkipLink } from "./govuk-frontend.min.js";

for (const component of [Button, Checkboxes, ErrorSummary, Radios, SkipLink]) createAll(component);

// Leave: our page is replaced in the history, the whole tab goes even from a partner's frame, and the service forgets.
const exit = document.querySelector("[data-exit] a");
const ESCAPE_TWICE_WITHIN = 2000; // milliseconds
let escaped = 0;

function leave() {
  document.documentElement.classList.add("heard-away");
  document.title = "";
  if (window.top !== window) navigator.sendBeacon(exit.href);
  window.top.location.replace(exit.href);
}

exit?.addEventListener("click", (event) => {
  event.preventDefault();
  leave();
});
if (exit) {
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.repeat) return;
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
