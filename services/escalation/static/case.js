/* What a case does wherever it is shown, on the board or on a page of its own: its forms, its keys, and what went wrong. */
"use strict";
const casePane = document.getElementById("case");
const openCase = () => casePane.querySelector("[data-case]");
const openDialog = () => document.querySelector("dialog[open]");
const isAgain = (event) => event.detail.pathInfo.requestPath.includes("again=true");

/* ---- its forms ---- */
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener) show(opener.dataset.dialog);
  if (event.target.closest("[data-leave]")) event.target.closest("dialog").close();
});
function show(name) {
  const dialog = document.getElementById("d-" + name);
  if (!dialog || dialog.open) return;
  dialog.showModal();
  const field = dialog.querySelector("textarea, select, input:not([type=hidden])");
  if (field) field.focus();
}
const fields = () => [...casePane.querySelectorAll("dialog :is(textarea, select, input:not([type=hidden]))")];
const isWritten = (field) => field.type === "checkbox" ? field.checked : field.value !== "";

/* ---- what went wrong, where whoever pressed can see it ---- */
const wrongPlace = () => document.querySelector("dialog[open] .wrong") || document.getElementById("lost");
function tell(words) {
  const place = wrongPlace();
  if (!place.hidden && place.textContent === words) return;
  place.textContent = words;
  place.hidden = false;
}
document.addEventListener("htmx:beforeRequest", (event) => { if (!isAgain(event)) wrongPlace().hidden = true; });
document.addEventListener("htmx:responseError", (event) => {
  let words = "That did not work. Try again.";
  try { const told = JSON.parse(event.detail.xhr.responseText); words = told.title + ". " + told.detail; } catch (_) { /* not a problem document */ }
  tell(words);
});
document.addEventListener("htmx:sendError", (event) => {
  if (!isAgain(event)) tell((event.detail.requestConfig.verb === "get" ? "No connection" : "Not kept: no connection") + ". Press again.");
});

/* ---- shown anew: whoever reads stays where they are, and what is half written stays written ---- */
let kept = null;
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target !== casePane) return;
  if (isAgain(event) && openDialog()) { event.detail.shouldSwap = false; changed(); return; }
  const at = document.activeElement, sent = event.detail.requestConfig.elt.closest("dialog");
  kept = {
    id: openCase()?.dataset.case, at: casePane.contains(at) ? at : null, top: casePane.scrollTop, y: scrollY,
    written: fields().filter((field) => isWritten(field) && field.closest("dialog") !== sent), did: did(event, sent),
  };
});
function changed() {
  for (const notice of casePane.querySelectorAll(".changed")) notice.hidden = false;
}
function did(event, dialog) {
  if (event.detail.requestConfig.verb === "get") return "";
  return dialog ? dialog.querySelector("h3").textContent + ": done." : "Claimed.";
}
const TELLING = ["name", "value", "href", "hx-post", "data-dialog"]; // the rest is anybody's: a textarea drawn larger has a style
const like = (one) => [one.closest("dialog")?.id, one.localName, ...TELLING.map((name) => one.getAttribute(name))].join("|");
const find = (old, among) => among.find((one) => like(one) === like(old));
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target !== casePane) return;
  const heading = casePane.querySelector("h2");
  if (heading) heading.tabIndex = -1;
  if (openCase()?.dataset.case === kept.id) for (const old of kept.written) {
    const field = find(old, fields());
    if (field) { field.value = old.value; field.checked = old.checked; }
  }
  if (!isAgain(event)) {
    document.getElementById("said").textContent = kept.did;
    if (heading) { heading.focus(); casePane.scrollTop = 0; }
    return;
  }
  if (kept.at) (find(kept.at, [...casePane.querySelectorAll(kept.at.localName)]) || heading)?.focus({ preventScroll: true });
  casePane.scrollTop = kept.top;
  scrollTo(scrollX, kept.y);
});

/* ---- keys; the board adds its own ---- */
const KEYS = { c: () => casePane.querySelector("[hx-post$='/claim']")?.click() };
for (const [key, name] of Object.entries({ m: "contact", w: "note", o: "override", t: "route", l: "link", x: "close", r: "release" }))
  KEYS[key] = () => show(name);
document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input, select, textarea");
  if (event.ctrlKey || event.metaKey || event.altKey || typing || openDialog()) return;
  if (!document.body.dataset.keys || !KEYS[event.key]) return;
  KEYS[event.key]();
  event.preventDefault();
});
