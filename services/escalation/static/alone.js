/* A case on a page of its own, which nothing keeps up to date: its claim is kept for as long as the page is open. */
"use strict";
const NOT_RENEWED = "The connection is lost, or your session has ended. What you see may be old, and your claim runs out after two minutes. Show the case again.";
setInterval(async () => {
  if (!document.querySelector("[data-token]")) return;
  const answer = await fetch("/board/renewals", { method: "POST" }).catch(() => null);
  if (answer?.status !== 204) tell(NOT_RENEWED); // whoever is signed out is led to a page, which is no failure to fetch
  else for (const place of document.querySelectorAll("#lost, .wrong")) if (place.textContent === NOT_RENEWED) place.hidden = true;
}, 30000);

/* What was refused because the case has changed: it is shown as it is now once the dialog is left, which keeps what was written. */
let movedOn = false;
document.addEventListener("htmx:responseError", (event) => {
  if (!event.detail.xhr.responseText.includes("The case has moved on")) return;
  movedOn = true;
  changed();
});
document.addEventListener("htmx:afterSwap", () => { movedOn = false; });
casePane.addEventListener("close", () => {
  if (movedOn) htmx.ajax("GET", `/board/cases/${openCase().dataset.case}?again=true`, { target: "#case", swap: "innerHTML" });
}, true);
document.getElementById("unloaded").hidden = Boolean(window.htmx);
